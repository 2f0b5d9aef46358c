"""What shows a step at a glance: the seconds around it, who was there, the visit on one sheet.

Everything here blocks and writes nothing: what comes of it is kept in memory until an issue
wants it. Letters drawn into pictures are ASCII, for OpenCV has no others.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import av
import cv2
import numpy as np

from storeguard.ports import Frame, Image
from storeguard.vision.clipfile import Clip, ClipUnplayable, memory_clip
from storeguard.vision.encoding import Encoder, fitted_px, letterboxed
from storeguard.vision.pictures import KeptPicture, annotate

AROUND_S = 4.0
"""Before the step, and after it."""

ROOM_PX = (640, 360)
MOST_FPS = 10.0
JOINT_S = 0.05
"""Clips that follow each other so closely are one camera's."""

FLASH_S = 1.5
"""So long the step is marked."""

AMBER, PALE, DARK = (40, 176, 255), (236, 236, 236), (38, 34, 30)
FONT = cv2.FONT_HERSHEY_DUPLEX

TILE_PX = (400, 225)
COLUMNS, MOST_TILES = 4, 12
GAP_PX, HEAD_PX, FOOT_PX = 8, 44, 26
SHEET_QUALITY = 85


@dataclass(frozen=True, slots=True)
class Moment:
    """A clip around a step, as an mp4 in memory. `at_s`: the step in it, from its start."""

    mp4: bytes
    at_s: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A step: when, and in few letters what."""

    t_s: float
    caption: str


def moment_of(clips: Sequence[Clip], mark: Mark) -> Moment:
    """The seconds around the step, its instant marked. Raises ClipUnplayable, DISK_ERRORS."""
    frames = _frames(clips, mark.t_s - AROUND_S, mark.t_s + AROUND_S)
    first = next(frames, None)
    if first is None or first.image is None:
        raise ClipUnplayable("no clip shows that time")
    size_px = fitted_px((first.image.shape[1], first.image.shape[0]), ROOM_PX)
    encoder = Encoder(size_px, MOST_FPS)
    try:
        return _encoded(encoder, first, frames, mark)
    finally:
        encoder.close()


def _encoded(encoder: Encoder, first: Frame, rest: Iterator[Frame], mark: Mark) -> Moment:
    writer, buffer = memory_clip(encoder.template, first.t_s)
    last_s = first.t_s
    for frame in (first, *rest):
        assert frame.image is not None
        drawn = _marked(letterboxed(frame.image, encoder.size_px), frame.t_s, first.t_s, mark)
        packet = encoder.encode(Frame(frame.t_s, drawn))
        if packet is not None:
            writer.write(packet)
            last_s = packet.t_s
    writer.close(last_s + 1 / MOST_FPS)
    return Moment(buffer.getvalue(), round(max(0.0, mark.t_s - first.t_s), 2))


def _frames(clips: Sequence[Clip], from_s: float, until_s: float) -> Iterator[Frame]:
    """The pictures between the two instants, out of the clips of one camera."""
    due_s = from_s
    for clip in _chain(clips, (from_s + until_s) / 2):
        if clip.ended_s < from_s or clip.started_s > until_s:
            continue
        for frame in _decoded(clip, from_s):
            if frame.t_s > until_s:
                break
            if frame.t_s >= due_s:
                due_s = frame.t_s + 0.75 / MOST_FPS
                yield frame


def _chain(clips: Sequence[Clip], at_s: float) -> list[Clip]:
    """The clip that shows the instant, and those before and after it that join on."""
    shown = next((clip for clip in clips if clip.started_s <= at_s <= clip.ended_s), None)
    if shown is None:
        return []
    before = [clip for clip in clips if abs(clip.ended_s - shown.started_s) <= JOINT_S]
    after = [clip for clip in clips if abs(clip.started_s - shown.ended_s) <= JOINT_S]
    return [*before[:1], shown, *after[:1]]


def _decoded(clip: Clip, from_s: float) -> Iterator[Frame]:
    with av.open(str(clip.path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1  # more hold more pictures, and nobody waits
        offset_s = max(0.0, from_s - clip.started_s)
        container.seek(round(offset_s / (stream.time_base or 1)), stream=stream)
        for picture in container.decode(stream):
            t_s = clip.started_s + float(picture.time or 0.0)
            if t_s >= from_s:
                width, height = fitted_px((picture.width, picture.height), ROOM_PX)
                small = picture.reformat(width=width, height=height, format="bgr24")
                yield Frame(t_s, np.asarray(small.to_ndarray(), np.uint8))


def _marked(image: Image, t_s: float, from_s: float, mark: Mark) -> Image:
    """A line of time at the top with the step on it; a frame while the step is new."""
    drawn = image.copy()
    height, width = drawn.shape[:2]
    bar = max(4, height // 60)
    is_new = mark.t_s <= t_s < mark.t_s + FLASH_S
    whole_s = mark.t_s + AROUND_S - from_s
    cursor, tick = (round(width * (at - from_s) / whole_s) for at in (t_s, mark.t_s))
    cv2.rectangle(drawn, (0, 0), (width, bar), DARK, cv2.FILLED)
    cv2.rectangle(drawn, (0, 0), (cursor, bar), PALE, cv2.FILLED)
    cv2.rectangle(drawn, (tick - bar // 2, 0), (tick + bar // 2, 2 * bar), AMBER, cv2.FILLED)
    if is_new:
        cv2.rectangle(drawn, (0, 0), (width - 1, height - 1), AMBER, bar)
    wait_s = t_s - mark.t_s
    text = mark.caption if is_new else f"{mark.caption}   {wait_s:+.1f} s"
    _pill(drawn, text, (2 * bar, 3 * bar), AMBER if is_new else PALE, height / 720)
    return drawn


def contact_sheet(
    pictures: Sequence[KeptPicture],
    marks: Sequence[Mark],
    title: str,
    clock: Callable[[float], str],
) -> bytes:
    """A JPEG of the visit: those nearest to the steps, and others at even distances.

    `clock`: monotonic seconds → time of day. Raises ClipUnplayable where there is no picture.
    """
    found = (_tile(picture, marks, clock) for picture in chosen(pictures, marks))
    tiles = [tile for tile in found if tile is not None]
    if not tiles:
        raise ClipUnplayable("no picture of this visit")
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    cell = (TILE_PX[0] + GAP_PX, TILE_PX[1] + FOOT_PX + GAP_PX)
    sheet = np.full((HEAD_PX + rows * cell[1], GAP_PX + columns * cell[0], 3), DARK, np.uint8)
    cv2.putText(sheet, title, (GAP_PX + 4, 29), FONT, 0.6, PALE, 1, cv2.LINE_AA)
    for number, tile in enumerate(tiles):
        left, top = GAP_PX + number % columns * cell[0], HEAD_PX + number // columns * cell[1]
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    _, jpeg = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, SHEET_QUALITY])
    return jpeg.tobytes()


def chosen(pictures: Sequence[KeptPicture], marks: Sequence[Mark]) -> list[KeptPicture]:
    """At most MOST_TILES, in order of time: the first, the last, one a step, then evenly."""
    if len(pictures) <= MOST_TILES:
        return list(pictures)
    steps = {_nearest(pictures, mark) for mark in marks}
    wanted = [pictures[0], pictures[-1], *(picture for picture in pictures if picture in steps)]
    every = (len(pictures) - 1) / (MOST_TILES - 1)
    wanted += [pictures[round(i * every)] for i in range(MOST_TILES)]
    return sorted(list(dict.fromkeys(wanted))[:MOST_TILES], key=lambda picture: picture.t_s)


def boxed_jpeg(picture: KeptPicture) -> bytes:
    """A copy of the picture with a box around each person. Raises ClipUnplayable if it is gone."""
    image = cv2.imread(str(picture.path))
    if image is None:
        raise ClipUnplayable(f"{picture.path}: is gone")
    drawn = annotate(np.asarray(image, np.uint8), picture.people)
    _, jpeg = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, SHEET_QUALITY])
    return jpeg.tobytes()


def _nearest(pictures: Iterable[KeptPicture], mark: Mark) -> KeptPicture:
    return min(pictures, key=lambda picture: abs(picture.t_s - mark.t_s))


def _tile(
    picture: KeptPicture, marks: Sequence[Mark], clock: Callable[[float], str]
) -> Image | None:
    """The picture with its time below; framed where a step is nearest to it."""
    image = cv2.imread(str(picture.path))
    if image is None:
        return None
    near = [mark for mark in marks if abs(mark.t_s - picture.t_s) <= 1.0]
    drawn = np.asarray(image, np.uint8)
    if near:
        drawn = annotate(drawn, picture.people)
    scale = min(TILE_PX[0] / drawn.shape[1], TILE_PX[1] / drawn.shape[0])
    size = round(drawn.shape[1] * scale), round(drawn.shape[0] * scale)
    tile = np.full((TILE_PX[1] + FOOT_PX, TILE_PX[0], 3), DARK, np.uint8)
    left, top = (TILE_PX[0] - size[0]) // 2, (TILE_PX[1] - size[1]) // 2
    resized = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)
    tile[top : top + size[1], left : left + size[0]] = resized
    color = AMBER if near else PALE
    if near:
        cv2.rectangle(tile, (1, 1), (TILE_PX[0] - 2, TILE_PX[1] - 2), AMBER, 3)
    text = "   ".join([clock(picture.t_s), *(mark.caption for mark in near[:2])])
    cv2.putText(tile, text, (4, TILE_PX[1] + 18), FONT, 0.48, color, 1, cv2.LINE_AA)
    return tile


def _pill(
    image: Image, text: str, at: tuple[int, int], color: tuple[int, int, int], scale: float
) -> None:
    """Dark letters on a plate; `at`: its left upper corner."""
    size, pad = max(0.4, 0.8 * scale), round(10 * scale) + 2
    (width, height), base = cv2.getTextSize(text, FONT, size, 1)
    corner = (at[0] + width + 2 * pad, at[1] + height + base + 2 * pad)
    cv2.rectangle(image, at, corner, color, cv2.FILLED)
    origin = (at[0] + pad, at[1] + pad + height)
    cv2.putText(image, text, origin, FONT, size, DARK, 1, cv2.LINE_AA)
