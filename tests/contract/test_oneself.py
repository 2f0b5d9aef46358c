"""Real clips with several people, a real network: of each picture only who is marked can be seen.

Judged by another, larger network, which takes no part in it.
"""

import io
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from storeguard import config
from storeguard.domain.following import Mark, followed, inside
from storeguard.domain.occupancy import Box, Detection, overlap
from storeguard.ports import Detector, Frame, Image
from storeguard.vision.coarse import coarse
from storeguard.vision.detectors.onnx import load
from storeguard.vision.oneself import looked_through, stills, write_oneself
from storeguard.vision.sighting import finder_of

MOST_PICTURES = 67
OWN = 0.25
"""Of the reference's box inside the asker's: a hand that it takes for somebody is the asker's."""

SEEN = 0.5
"""So much of the fine detail on a place nine pixels wide: what is under it can be made out."""

DETAIL_LEVELS = 15.0
"""Less is the noise of a flat wall."""


def folder(variable: str) -> Path:
    found = os.environ.get(variable)
    if not found:
        pytest.skip(f"{variable} is not set")
    return Path(found)


def pictures(source: Any) -> Iterator[tuple[float, Image]]:
    with av.open(source) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == MOST_PICTURES:
                return
            yield frame.time or 0.0, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def as_clip(source: Path, target: Path) -> Path:
    """As the recorder writes them: H.264, even sizes."""
    with av.open(str(target), "w", format="mp4") as made:
        stream = made.add_stream("libx264", rate=10, options={"crf": "12", "preset": "veryfast"})
        for number, (_, image) in enumerate(pictures(str(source))):
            height, width = (side // 2 * 2 for side in image.shape[:2])
            if number == 0:
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            even = np.ascontiguousarray(image[:height, :width])
            frame = av.VideoFrame.from_ndarray(even, format="bgr24")
            frame.pts = number
            made.mux(stream.encode(frame))
        made.mux(stream.encode())
    return target


@cache
def finder() -> Detector:
    network = folder("STOREGUARD_MODELS") / "yolox_nano.onnx"
    make = finder_of(config.Detector(backend="onnx", model=str(network)))
    assert make is not None
    return make()


@cache
def reference() -> Detector:
    path = folder("STOREGUARD_MODELS") / "yolo11n_dequantised_640.onnx"
    return load(path, confidence=0.4, threads=1)


def detail(shown: Image, original: Image) -> np.ndarray:
    """Per pixel, which part of what the original has beyond coarse blocks is left around it."""
    blocks = coarse(original).astype(np.float32)
    was, left = original - blocks, shown - blocks
    shared = cv2.blur((was * left).mean(axis=2), (9, 9))
    return shared / (cv2.blur((was * was).mean(axis=2), (9, 9)) + DETAIL_LEVELS**2)


def others(image: Image, t_s: float, asker: Box | None) -> list[Detection]:
    """Everybody whom the reference finds but the asker."""
    found = reference().people(Frame(t_s, image))
    if asker is None:
        return list(found)
    own = max(found, key=lambda one: overlap(Detection(asker, 1.0), one), default=None)
    return [
        one
        for one in found
        if one is not own and (inside(asker, one.xyxy) < OWN or one.confidence > 0.6)
    ]


def part(image: np.ndarray, box: Box) -> np.ndarray:
    left, top, right, bottom = (max(0, round(side)) for side in box)
    return image[top:bottom, left:right]


@pytest.mark.parametrize(
    ("source", "least_shown"),
    [("store/store-aisle-detection.gif", 30), ("people/vtest.mp4", 20)],
)
def test_of_several_people_only_the_marked_one_is_seen_in_any_picture(
    tmp_path: Path, source: str, least_shown: int
):
    clip = as_clip(folder("STOREGUARD_MEDIA") / source, tmp_path / "clip.mp4")
    looks = looked_through(clip, finder())
    made = stills(clip, finder())
    # The one who is followed longest: the owner marks whoever asks.
    marks = {box: Mark(still.t_s, box) for still in made for box in still.people}
    tracks = [followed(looks, [mark]) for mark in marks.values()]
    boxes = max(tracks, key=lambda track: area_shown(track))
    written = io.BytesIO()
    write_oneself(clip, written, boxes)
    written.seek(0)
    shown = [image for _, image in pictures(written)]
    assert len(shown) == len(boxes)
    is_seen = 0
    for (t_s, original), image, box in zip(pictures(str(clip)), shown, boxes, strict=True):
        seen = detail(image, original)
        for one in others(original, t_s, box):
            assert part(seen, one.xyxy).max(initial=0) < SEEN, (t_s, one, box)
        if box is None:
            assert seen.max() < SEEN, t_s
        else:
            is_seen += part(seen, box).max() > SEEN
    assert is_seen >= least_shown
    assert is_seen == sum(box is not None for box in boxes)
    if out := os.environ.get("STOREGUARD_SHOTS"):
        for number in range(0, len(shown), 12):
            cv2.imwrite(f"{out}/{Path(source).stem}-{number:03}.png", shown[number])


def area_shown(track: tuple[Box | None, ...]) -> float:
    """A person near by, not a speck far away."""
    return sum((box[2] - box[0]) * (box[3] - box[1]) for box in track if box is not None)
