"""A clip of which one person is shown, and nobody else: who is on it, and how it is written.

Blocks, for long: for a thread of its own. One picture is in memory at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame

from storeguard.domain.following import LEAST_CONFIDENCE, Looked
from storeguard.domain.occupancy import Box, Detection
from storeguard.errors import CameraBlind
from storeguard.ports import Detector, Frame, Image
from storeguard.vision.coarse import coarse_but_for, write_clip

STILLS = 8
STILL_PX = 960
QUALITY = 80


@dataclass(frozen=True, slots=True)
class Still:
    """One picture of a clip with the people on it, left to right; boxes in the clip's pixels."""

    t_s: float
    jpeg: bytes
    size_wh: tuple[int, int]
    people: tuple[Box, ...]


def looked_through(
    path: Path, detector: Detector, on_look: Callable[[int], object] = lambda _: None
) -> tuple[Looked, ...]:
    """Who is on each picture. Raises ValueError for no clip, DetectorFault; and what `on_look`,
    which gets each picture's number, raises."""
    looks = []
    try:
        with av.open(str(path)) as source:
            for number, frame in enumerate(source.decode(video=0)):
                on_look(number)
                looks.append(Looked(frame.time or 0.0, _people(detector, frame)))
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"{path.name}: is no clip: {error}") from error
    return tuple(looks)


def write_oneself(
    path: Path,
    target: BinaryIO,
    boxes: Sequence[Box | None],
    on_look: Callable[[int], object] = lambda _: None,
) -> None:
    """The clip, coarse but for its picture's box; all of a picture that has none."""

    def shown(number: int, image: Image) -> Image:
        on_look(number)
        return coarse_but_for(image, boxes[number] if number < len(boxes) else None)

    write_clip(path, target, shown)


def stills(path: Path, detector: Detector, most: int = STILLS) -> tuple[Still, ...]:
    """Pictures from all over the clip, those with people. Raises ValueError, DetectorFault."""
    found: list[Still] = []
    try:
        with av.open(str(path)) as source:
            lasts_s = (source.duration or 0) / av.time_base
            for number in range(most):
                frame = _at(source, lasts_s * (number + 0.5) / most)
                still = None if frame is None else _still(frame, detector)
                if still is not None and still.t_s not in {one.t_s for one in found}:
                    found.append(still)
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"{path.name}: is no clip: {error}") from error
    return tuple(found)


def _at(source: av.container.InputContainer, t_s: float) -> VideoFrame | None:
    """The first picture from then on: key pictures lie a second apart."""
    source.seek(round(t_s * av.time_base), backward=True)
    frames: Iterator[VideoFrame] = source.decode(video=0)
    return next((frame for frame in frames if (frame.time or 0.0) >= t_s), None)


def _still(frame: VideoFrame, detector: Detector) -> Still | None:
    people = _people(detector, frame) or ()
    sure = [_plain(one.xyxy) for one in people if one.confidence >= LEAST_CONFIDENCE]
    if not sure:
        return None
    image = frame.to_ndarray(format="bgr24")
    scale = min(1.0, STILL_PX / frame.width)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    return Still(frame.time or 0.0, jpeg, (frame.width, frame.height), tuple(sorted(sure)))


def _plain(box: Box) -> Box:
    """Without a library's own numbers: it is written down."""
    left, top, right, bottom = (float(side) for side in box)
    return left, top, right, bottom


def _people(detector: Detector, frame: VideoFrame) -> tuple[Detection, ...] | None:
    image = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    try:
        return detector.people(Frame(frame.time or 0.0, image))
    except CameraBlind:
        return None
