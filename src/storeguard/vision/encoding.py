"""Pictures → H.264: one packet a picture, kept in memory until a visit wants them.

The encoder runs on while nobody is there, so that a clip can begin seconds before the visit:
a still shop costs it little, and the last seconds are a megabyte of packets, not 200 of pixels.
Privacy masks and the time are burnt in here: there is no packet without them.
"""

import io
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import PictureType
from av.video.stream import VideoStream

from storeguard.domain.occupancy import Polygon
from storeguard.ports import Frame, Image

TIME_BASE = Fraction(1, 90_000)
KEY_EVERY_S = 1.0
"""A fragment ends at each key picture: this much is lost when the process is killed."""

ENCODER_THREADS = 2
"""Leaves cores of a Pi to the detector."""

# superfast: half the size of ultrafast for a quarter more CPU. zerolatency: no picture waits
# in the encoder, so a killed clip lacks none and no B-frames shift the times.
ENCODER = {"preset": "superfast", "crf": "26", "tune": "zerolatency", "forced-idr": "1"}
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
BT601 = {"color_range": 1, "colorspace": 5, "color_primaries": 5, "color_trc": 6}
"""What cv2.COLOR_BGR2YUV_I420 makes; untagged, players take HD pictures for BT.709."""

BLACK, WHITE, NO_COLOUR = 16, 235, 128
"""In limited range, as BT.601 has it."""

STAMP_HEIGHT = 28
"""The burnt-in time takes this part of the picture's height."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One picture as H.264. A player can begin at a key picture."""

    t_s: float
    data: bytes
    is_key: bool


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is burnt into each picture. `stamp`: monotonic seconds → text, ASCII."""

    masks: Sequence[Polygon] = ()
    stamp: Callable[[float], str] | None = None


NOTHING = Overlay()


def fitted_px(source_px: tuple[int, int], room_px: tuple[int, int]) -> tuple[int, int]:
    """Even width and height inside `room_px` in the source's shape; never enlarged."""
    scale = min(1.0, room_px[0] / source_px[0], room_px[1] / source_px[1])
    width, height = (max(2, round(side * scale / 2) * 2) for side in source_px)
    return min(width, room_px[0] // 2 * 2), min(height, room_px[1] // 2 * 2)


def letterboxed(image: Image, size_px: tuple[int, int]) -> Image:
    """The whole image on a canvas of `size_px`, in its own shape, with black bars."""
    height, width = image.shape[:2]
    if (width, height) == size_px:
        return image
    scale = min(size_px[0] / width, size_px[1] / height)
    inner = (_inner_px(width * scale, size_px[0]), _inner_px(height * scale, size_px[1]))
    left, top = (size_px[0] - inner[0]) // 2, (size_px[1] - inner[1]) // 2
    canvas = np.zeros((size_px[1], size_px[0], 3), np.uint8)
    resized = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
    canvas[top : top + inner[1], left : left + inner[0]] = resized
    return canvas


def _inner_px(side: float, room: int) -> int:
    """A bar of one or two pixels is a rounding, not a shape: the side is filled."""
    return room if side > room - 2.5 else max(1, round(side))


def veiled(image: Image, masks: Sequence[Polygon]) -> Image:
    """A copy with the masked areas black; the image itself where there are none."""
    if not masks:
        return image
    height, width = image.shape[:2]
    covered = np.ascontiguousarray(image).copy()
    cv2.fillPoly(covered, _corners(masks, width, height), (0, 0, 0))
    return covered


class Encoder:
    """Frames of one camera → packets, in `size_px` from the first to the last.

    Its stream is never written: it is what the streams of all clips are made after.
    """

    def __init__(self, size_px: tuple[int, int], fps: float, overlay: Overlay = NOTHING) -> None:
        self.size_px = size_px
        self._overlay = overlay
        self._container: OutputContainer = av.open(
            io.BytesIO(), "w", format="mp4", options=FRAGMENTED
        )
        rate = Fraction(fps).limit_denominator(1000)
        self._stream = self._container.add_stream("libx264", rate=rate, options=ENCODER)
        _set_up(self._stream, size_px)
        self._container.start_encoding()
        self._began_s: float | None = None
        self._last_pts = -1
        self._key_due_s = float("-inf")

    @property
    def template(self) -> VideoStream:
        return self._stream

    def encode(self, frame: Frame, *, wants_key: bool = False) -> Encoded | None:
        """None for a picture that is not later than the last one. Raises av.FFmpegError."""
        assert frame.image is not None
        if self._began_s is None:
            self._began_s = frame.t_s
        pts = round((frame.t_s - self._began_s) / TIME_BASE)
        if pts <= self._last_pts:
            return None
        planes = i420(letterboxed(veiled(frame.image, self._overlay.masks), self.size_px))
        if self._overlay.stamp is not None:
            _burn_in(planes, self._overlay.stamp(frame.t_s))
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts, picture.time_base = pts, TIME_BASE
        picture.pict_type = self._pict_type(frame.t_s, wants_key=wants_key)
        [packet] = self._stream.encode(picture)  # zerolatency: one in, one out
        self._last_pts = pts
        return Encoded(frame.t_s, bytes(packet), packet.is_keyframe)

    def close(self) -> None:
        """Frees its threads."""
        self._container.close()

    def _pict_type(self, t_s: float, *, wants_key: bool) -> PictureType:
        if t_s < self._key_due_s and not wants_key:
            return PictureType.NONE
        self._key_due_s = t_s + KEY_EVERY_S
        return PictureType.I


class PreRoll:
    """The newest packets of a camera, from a key picture on that is at least `length_s` old."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._packets: deque[Encoded] = deque()

    def add(self, packet: Encoded) -> None:
        self._packets.append(packet)
        self._trim(packet.t_s - self._length_s)

    def since(self, t_s: float) -> tuple[Encoded, ...]:
        """From the last key picture at or before `t_s` on, or from the first there is."""
        packets = tuple(self._packets)
        keys = [i for i, packet in enumerate(packets) if packet.is_key]
        before = [i for i in keys if packets[i].t_s <= t_s]
        start = before[-1] if before else keys[0] if keys else len(packets)
        return packets[start:]

    def clear(self) -> None:
        self._packets.clear()

    @property
    def bytes(self) -> int:
        return sum(len(packet.data) for packet in self._packets)

    def _trim(self, oldest_s: float) -> None:
        """Whole groups only: what follows a key picture is nothing without it."""
        while (second := self._second_key()) is not None and second.t_s <= oldest_s:
            self._packets.popleft()
            while not self._packets[0].is_key:
                self._packets.popleft()

    def _second_key(self) -> Encoded | None:
        keys = (packet for i, packet in enumerate(self._packets) if packet.is_key and i > 0)
        return next(keys, None)


def timed(
    packet: Encoded, started_s: float, duration_s: float, stream: VideoStream
) -> "Packet[Stream]":
    """The packet for a clip that began at `started_s`."""
    made = Packet(packet.data)
    made.stream = stream
    made.time_base = TIME_BASE
    made.pts = made.dts = ticks(packet.t_s - started_s)
    made.duration = max(1, ticks(duration_s))
    made.is_keyframe = packet.is_key
    return made


def ticks(seconds: float) -> int:
    return round(seconds / TIME_BASE)


def i420(image: Image) -> Image:
    """Shape (height * 3 / 2, width): the planes Y, U, V below each other; sides are even."""
    return cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False)


def _burn_in(planes: Image, text: str) -> None:
    """The text in a darkened strip at the lower right, in place."""
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    luma = planes[:height]
    strip_px = max(12, height // STAMP_HEIGHT) // 2 * 2
    scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, round(strip_px * 0.5), 1)
    (text_px, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    left = max(0, width - text_px - strip_px) // 2 * 2
    top = height - strip_px
    luma[top:, left:] = BLACK + luma[top:, left:] // 4
    at = (left + strip_px // 2, height - round(strip_px * 0.26))
    thick = max(1, strip_px // 18)
    cv2.putText(luma, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, WHITE, thick, cv2.LINE_AA)
    for plane in _chroma(planes, height, width):
        plane[top // 2 :, left // 2 :] = NO_COLOUR


def _chroma(planes: Image, height: int, width: int) -> Iterable[Image]:
    """Views of U and V, each of half the sides."""
    flat, size = planes.reshape(-1), height * width
    for start in (size, size + size // 4):
        yield flat[start : start + size // 4].reshape(height // 2, width // 2)


def _corners(
    masks: Sequence[Polygon], width: int, height: int
) -> "list[np.ndarray[tuple[int, ...], np.dtype[np.int32]]]":
    return [
        np.array([(round(x * width), round(y * height)) for x, y in mask], np.int32)
        for mask in masks
    ]


def _set_up(stream: VideoStream, size_px: tuple[int, int]) -> None:
    stream.width, stream.height = size_px
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = TIME_BASE
    context.thread_count = ENCODER_THREADS
    context.gop_size = 10_000  # key pictures are set by time, not by number
    for name, value in BT601.items():
        setattr(context, name, value)


def lead_s(pre_roll_s: float) -> float:
    """A visit's first clip begins at most so long before it: with the key picture before the
    pre-roll, which is late by up to one picture."""
    return pre_roll_s + 2 * KEY_EVERY_S if pre_roll_s else 0.0
