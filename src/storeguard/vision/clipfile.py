"""One clip on disk: recorded fragmented, published as faststart mp4, repaired after a kill.

An ordinary mp4 has its index at the end, so that a killed one cannot be read. A fragmented
one plays up to its last fragment; when the clip ends, its packets are copied into a
faststart mp4, which a browser plays at once.

Everything here blocks. Foreign errors that may leave a function are in DISK_ERRORS.
"""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.frame import PictureType
from av.video.stream import VideoStream

from storeguard import durable
from storeguard.errors import StoreguardError
from storeguard.ports import Frame, Image

TIME_BASE = Fraction(1, 90_000)
KEY_EVERY_S = 1.0
"""A fragment ends at each key picture: this much is lost when the process is killed."""

LAST_PICTURE_S = 1.0
"""How long a clip's last picture may stand: after a camera fault nothing is shown for hours."""

PART_SUFFIX = ".part"
ENCODER_THREADS = 2
"""Leaves cores of a Pi to the detector."""

# superfast: half the size of ultrafast for a quarter more CPU. zerolatency: no picture waits
# in the encoder, so a killed clip lacks none and no B-frames shift the times.
ENCODER = {"preset": "superfast", "crf": "26", "tune": "zerolatency", "forced-idr": "1"}
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
BT601 = {"color_range": 1, "colorspace": 5, "color_primaries": 5, "color_trc": 6}
"""What cv2.COLOR_BGR2YUV_I420 makes; untagged, players take HD pictures for BT.709."""

BOXES = (b"ftyp", b"moov", b"moof", b"mdat", b"mfra")

DISK_ERRORS = (OSError, av.FFmpegError)


class ClipUnplayable(StoreguardError, ValueError):
    """There is no picture in a file that was recorded."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished mp4. Times are monotonic seconds, of its first picture and its end."""

    path: Path
    started_s: float
    ended_s: float
    frames: int


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a killed process left. Times of `clips` count from each clip's own start."""

    clips: tuple[Clip, ...] = ()
    removed: tuple[Path, ...] = ()
    faults: tuple[str, ...] = ()


def begin_clip(part: Path, frame: Frame, size_px: tuple[int, int], fps: float) -> "ClipWriter":
    """Opens the reserved file for a recording that will begin with `frame`."""
    assert frame.image is not None
    height, width = frame.image.shape[:2]
    container = av.open(str(part), "w", format="mp4", options=FRAGMENTED)
    rate = Fraction(fps).limit_denominator(1000)
    stream = container.add_stream("libx264", rate=rate, options=ENCODER)
    _set_up(stream, fitted_px((width, height), size_px))
    return ClipWriter(part, container, stream, frame.t_s)


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


class ClipWriter:
    """A clip that is being recorded; `begin_clip` makes it."""

    def __init__(
        self, part: Path, container: OutputContainer, stream: VideoStream, started_s: float
    ) -> None:
        self.part = part
        self.started_s = started_s
        self.last_s = started_s
        self._container = container
        self._stream = stream
        self._last_pts = -1
        self._key_due_s = started_s
        # A packet's duration is known only when the next picture comes.
        self._held: Packet[VideoStream] | None = None

    def write(self, frame: Frame) -> None:
        """Adds a picture at its own time; one that is not later than the last is left out."""
        assert frame.image is not None
        pts = self._pts(frame.t_s)
        if pts <= self._last_pts:
            return
        # A clip keeps its size, also when the camera comes back with another one.
        image = letterboxed(frame.image, (self._stream.width, self._stream.height))
        picture = av.VideoFrame.from_ndarray(_i420(image), "yuv420p")
        picture.pts, picture.time_base = pts, TIME_BASE
        picture.pict_type = self._pict_type(frame.t_s)
        for packet in self._stream.encode(picture):
            self._mux(packet)
        self._last_pts, self.last_s = pts, frame.t_s

    def close(self, ended_s: float) -> float:
        """Ends the file; its last picture stands until `ended_s`, or a second. Returns the end."""
        ended_s = min(max(ended_s, self.last_s), self.last_s + LAST_PICTURE_S)
        try:
            for packet in self._stream.encode(None):
                self._mux(packet)
            self._release(max(1, self._pts(ended_s) - self._last_pts))
        finally:
            self._container.close()
        return ended_s

    def abandon(self) -> None:
        """Closes the file after a fault, as far as the disk lets it."""
        with suppress(*DISK_ERRORS):
            self._container.close()

    def _pts(self, t_s: float) -> int:
        return round((t_s - self.started_s) / TIME_BASE)

    def _pict_type(self, t_s: float) -> PictureType:
        if t_s < self._key_due_s:
            return PictureType.NONE
        self._key_due_s = t_s + KEY_EVERY_S
        return PictureType.I

    def _mux(self, packet: "Packet[VideoStream]") -> None:
        if self._held is not None and packet.pts is not None and self._held.pts is not None:
            self._release(packet.pts - self._held.pts)
        self._held = packet

    def _release(self, duration: int) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.duration = duration
            self._container.mux(held)


def publish_clip(part: Path, path: Path) -> tuple[int, float]:
    """Copies the recorded packets into a faststart mp4 at `path` and removes `part`.

    Returns the pictures in it and their seconds. Raises DISK_ERRORS or ClipUnplayable; `part`
    is left then.
    """
    temporary = durable.temporary_beside(path)
    try:
        frames, duration_s = _copy(part, temporary)
        durable.publish_file(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    part.unlink()
    return frames, duration_s


def repair(folder: Path) -> Repaired:
    """Publishes what a killed process left in mid-recording; what does not play is removed.

    Before the first recording, and only for the holder of the folder's lock.
    Where the disk itself fails, the part is left for the next start and a fault says so.
    """
    clips, removed, faults = [], [], []
    for part in sorted(folder.glob(f"*.mp4{PART_SUFFIX}")):
        path = part.with_suffix("")
        try:
            _cut_off_damage(part)
            frames, duration_s = publish_clip(part, path)
            clips.append(Clip(path, 0.0, duration_s, frames))
        except ClipUnplayable:
            part.unlink()
            removed.append(part)
        except DISK_ERRORS as error:
            faults.append(f"{part}: the clip cannot be repaired now: {error}; free space first")
    return Repaired(tuple(clips), tuple(removed), tuple(faults))


def drop_clips(clips: Iterable[Clip]) -> int:
    """Deletes the clips of a clean visit; returns how many files there were."""
    found = [clip.path for clip in clips if clip.path.exists()]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def reserve(folder: Path, label: str) -> Path:
    """Creates the first free `<label>[-2…].mp4.part`: two cameras, or a clock set back."""
    for serial in itertools.count(1):
        path = folder / (f"{label}.mp4" if serial == 1 else f"{label}-{serial}.mp4")
        part = path.with_name(path.name + PART_SUFFIX)
        if not path.exists():
            with suppress(FileExistsError):
                part.touch(exist_ok=False)
                return part
    raise AssertionError("unreachable")


def _set_up(stream: VideoStream, size_px: tuple[int, int]) -> None:
    stream.width, stream.height = size_px
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = TIME_BASE
    context.thread_count = ENCODER_THREADS
    context.gop_size = 10_000  # key pictures are set by time, not by number
    for name, value in BT601.items():
        setattr(context, name, value)


def _i420(image: Image) -> Image:
    return cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False)


def _cut_off_damage(part: Path) -> None:
    """Ends the file before a box that a kill has cut, or the zeros of a power cut.

    ffmpeg refuses the whole file for half an index; half a picture at the end is no matter.
    """
    size = part.stat().st_size
    with part.open("rb+") as file:
        at = 0
        while (box := _box(file, at)) and (at + box[0] <= size or box[1] == b"mdat"):
            at += box[0]
        if at < size:
            file.truncate(at)


def _box(file: BinaryIO, at: int) -> tuple[int, bytes] | None:
    """Length and type of the mp4 box at `at`; None where there is none of ours."""
    file.seek(at)
    head = file.read(8)
    length, kind = int.from_bytes(head[:4], "big"), head[4:]
    return (length, kind) if kind in BOXES and length >= len(head) else None


def _copy(part: Path, temporary: Path) -> tuple[int, float]:
    frames, end_s = 0, 0.0
    with (
        _opened(part) as source,
        av.open(str(temporary), "w", format="mp4", options={"movflags": "faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in _whole_packets(source):
            assert packet.pts is not None
            frames += 1
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            packet.stream = stream
            target.mux(packet)
    if not frames:
        raise ClipUnplayable(f"{part}: there is no picture in it")
    return frames, end_s


def _opened(part: Path) -> InputContainer:
    try:
        source = av.open(str(part), format="mp4")
    except (av.InvalidDataError, av.EOFError) as error:
        raise ClipUnplayable(f"{part}: not an mp4: {error}") from error
    # A cut in the header leaves a stream of which nothing is known.
    if not any(stream.codec_context for stream in source.streams.video):
        source.close()
        raise ClipUnplayable(f"{part}: there is no video in it")
    return source


def _whole_packets(source: InputContainer) -> "Iterator[Packet[VideoStream]]":
    """All packets up to the first that a kill has cut."""
    with suppress(av.InvalidDataError):
        for packet in source.demux(source.streams.video[0]):
            if not _is_whole(packet):
                return
            yield packet


def _is_whole(packet: "Packet[VideoStream]") -> bool:
    """H.264 data never ends with a zero byte; a power cut leaves zeros. None is ffmpeg's end."""
    return packet.dts is not None and not packet.is_corrupt and bytes(packet)[-1:] != b"\0"
