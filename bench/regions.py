"""One square around all that moves, a square each, or all squares on one picture?

On the pictures of clips with people on which the gate is open, what the sight could ask the
detector: the `whole` picture, one `square` around all motion and people (what sight.py does), a
square around each group of them in turn (`each`: what a batch would compute), or these squares
side by side on one picture of the network's size (`mosaic`). People whom the larger network finds
on the whole picture are those to be found; the smaller network on these small clips stands for
the larger one on a camera's 1280 px. Beside the clips both cameras of a shop as one wide picture:
people far apart. `recall` of them; `false` finds a picture that the larger
network has nowhere, at any confidence; `cpu_ms` a picture.

batch   what a batch saves: OpenVINO, the same pictures in batches of 1, 2 and 4 (where it is
        installed; the exported networks themselves take one picture at a time)

Needs STOREGUARD_MEDIA and STOREGUARD_MODELS.

    python bench/regions.py [--most-s N] [--clip NAME]
"""

import argparse
import importlib.util
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from _report import report
from gate import _clip
from storeguard import config
from storeguard.domain.occupancy import Detection, moved, overlap
from storeguard.ports import Detector, Frame, Image
from storeguard.vision.detectors.choice import make_detector
from storeguard.vision.gate import Box, MotionGate, small_luma
from storeguard.vision.sight import WHOLE, region_around

CLIPS = (
    "people/vtest.mp4",
    "people/one-by-one-person-detection.mp4",
    "people/people-detection.gif",
    "people/worker-zone-detection.gif",
    "store/store-aisle-detection.gif",
    "store/cps-test-01-nodepth-cam1.mp4",
    "store/cps-test-01-nodepth-cam7.mp4",
)
PAIR = "store/cps-test-01-nodepth-cam1.mp4 | store/cps-test-01-nodepth-cam7.mp4"
SIDE_PX, REFERENCE_PX = 320, 640
CONFIDENCE, LOWEST, SAME_IOU = 0.4, 0.1, 0.45
MOST_GROUPS = 4
BATCHES = (1, 2, 4)

Found = tuple[Detection, ...]
Ask = Callable[[Image, Sequence[Box]], Found]


@dataclass(slots=True)
class Score:
    wanted: int = 0
    hits: int = 0
    false: int = 0
    pictures: int = 0
    calls: int = 0
    cpu_ms: list[float] = field(default_factory=list)

    def take(self, found: Found, people: Found, anybody: Found, cpu_ms: float) -> None:
        self.pictures += 1
        self.cpu_ms.append(cpu_ms)
        self.wanted += len(people)
        self.hits += sum(any(overlap(one, f) >= SAME_IOU for f in found) for one in people)
        self.false += sum(all(overlap(f, one) < 0.3 for one in anybody) for f in found)


class Asking:
    """The four ways, over one small network. Counts its runs."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.calls = 0

    def ways(self) -> dict[str, Ask]:
        return {
            "whole": lambda image, _: self._people(image),
            "square": self._square,
            "each": self._each,
            "mosaic": self._mosaic,
        }

    def _people(self, image: Image) -> Found:
        self.calls += 1
        return self._detector.people(Frame(0.0, np.ascontiguousarray(image)))

    def _cut(self, image: Image, region: Box) -> Found:
        (x, y), part = cut(image, region)
        return moved(self._people(part), (x, y))

    def _square(self, image: Image, boxes: Sequence[Box]) -> Found:
        return self._cut(image, region_around(boxes, size_wh(image), SIDE_PX))

    def _each(self, image: Image, boxes: Sequence[Box]) -> Found:
        regions = regions_of(boxes, image, SIDE_PX)
        if WHOLE in regions:
            return self._people(image)
        return merged([one for region in regions for one in self._cut(image, region)])

    def _mosaic(self, image: Image, boxes: Sequence[Box]) -> Found:
        """Each square gets a quarter of the canvas, or all of it if there is one."""
        regions = regions_of(boxes, image, SIDE_PX // 2)
        if WHOLE in regions or len(regions) == 1:
            return self._square(image, boxes)
        side = SIDE_PX // 2
        canvas, places = np.full((SIDE_PX, SIDE_PX, 3), 114, np.uint8), []
        for number, region in enumerate(regions):
            (x, y), part = cut(image, region)
            left, top = number % 2 * side, number // 2 * side
            scale = side / max(part.shape[:2])
            small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            small = small[:side, :side]
            canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
            places.append((left, top, scale, x, y))
        found = self._people(canvas)
        return merged([back for one in found if (back := _back(one, places, side)) is not None])


def _back(
    found: Detection, places: Sequence[tuple[int, int, float, int, int]], side: int
) -> Detection | None:
    """From the canvas into the picture; None for what lies across two squares."""
    x, y = (found.xyxy[0] + found.xyxy[2]) / 2, (found.xyxy[1] + found.xyxy[3]) / 2
    for left, top, scale, at_x, at_y in places:
        if left <= x < left + side and top <= y < top + side:
            a, b, c, d = found.xyxy
            a, c = max(a, left), min(c, left + side)
            b, d = max(b, top), min(d, top + side)
            inside = (a - left) / scale + at_x, (b - top) / scale + at_y
            other = (c - left) / scale + at_x, (d - top) / scale + at_y
            return Detection((*inside, *other), found.confidence)
    return None


def regions_of(boxes: Sequence[Box], image: Image, least_px: int) -> list[Box]:
    """A square a group; groups whose squares touch are one. WHOLE where there are too many."""
    groups = [[box] for box in boxes]
    while True:
        squares = [region_around(group, size_wh(image), least_px) for group in groups]
        pair = next(
            (
                (i, j)
                for i in range(len(groups))
                for j in range(i + 1, len(groups))
                if _touch(squares[i], squares[j])
            ),
            None,
        )
        if pair is None:
            return squares if len(squares) <= MOST_GROUPS else [WHOLE]
        groups[pair[0]] += groups.pop(pair[1])


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def merged(found: Sequence[Detection]) -> Found:
    kept: list[Detection] = []
    for one in sorted(found, key=lambda one: -one.confidence):
        if all(overlap(one, other) < 0.6 for other in kept):
            kept.append(one)
    return tuple(kept)


def cut(image: Image, region: Box) -> tuple[tuple[int, int], Image]:
    width, height = size_wh(image)
    x, y = int(region[0] * width), int(region[1] * height)
    return (x, y), image[y : int(region[3] * height), x : int(region[2] * width)]


def size_wh(image: Image) -> tuple[int, int]:
    return image.shape[1], image.shape[0]


def main() -> int:
    wanted = _arguments()
    small, large = _network(SIDE_PX, CONFIDENCE), _network(REFERENCE_PX, LOWEST)
    asking = Asking(small)
    ways = asking.ways()
    totals = {name: Score() for name in ways}
    several = {name: Score() for name in ways}
    apart = Counter()
    for clip in (*CLIPS, PAIR):
        if wanted.clip is None or wanted.clip in clip:
            for image, boxes, people, anybody in _open_pictures(clip, large, wanted.most_s):
                regions = regions_of(boxes, image, SIDE_PX // 2)
                is_several = len(regions) > 1
                kind = "pair" if clip == PAIR else "clips"
                apart[f"{kind}, {'whole' if WHOLE in regions else len(regions)}"] += 1
                for name, ask in ways.items():
                    before, began_s = asking.calls, time.process_time()
                    found = ask(image, boxes)
                    cpu_ms = (time.process_time() - began_s) * 1e3
                    for score in (totals[name], several[name])[: 1 + is_several]:
                        score.take(found, people, anybody, cpu_ms)
                        score.calls += asking.calls - before
    _report("regions", small.name, totals)
    _report("regions, where there are several", small.name, several)
    report("regions, squares that do not touch", pictures=dict(sorted(apart.items())))
    _batches()
    return 0


def _open_pictures(clip: str, large: Detector, most_s: float):
    """Pictures on which something moves, the boxes to be asked about, and who is there."""
    gate, before = MotionGate(), ()
    for t_s, image in _pair(most_s) if clip == PAIR else _clip(clip, most_s):
        motion = gate.examine(small_luma(image), t_s)
        if motion.boxes:
            anybody = _everybody(large, image, t_s)
            people = tuple(one for one in anybody if one.confidence >= CONFIDENCE)
            width, height = size_wh(image)
            lately = [
                (p.xyxy[0] / width, p.xyxy[1] / height, p.xyxy[2] / width, p.xyxy[3] / height)
                for p in before
            ]
            yield image, (*motion.boxes, *lately), people, anybody
            before = people


def _pair(most_s: float) -> list[tuple[float, Image]]:
    """Both cameras of the shop side by side: one wide picture with people far apart."""
    both = zip(*(_clip(clip, most_s) for clip in PAIR.split(" | ")), strict=False)
    return [(t_s, np.hstack((left, right))) for (t_s, left), (_, right) in both]


def _everybody(large: Detector, image: Image, t_s: float) -> Found:
    """Of a wide picture each half is looked at for itself."""
    width, height = size_wh(image)
    if width < 2.5 * height:
        return large.people(Frame(t_s, image))
    halves = (image[:, : width // 2], image[:, width // 2 :])
    left, right = (large.people(Frame(t_s, np.ascontiguousarray(half))) for half in halves)
    return (*left, *moved(right, (width // 2, 0)))


def _report(title: str, detector: str, scores: dict[str, Score]) -> None:
    for name, score in scores.items():
        if score.pictures:
            report(
                title,
                way=name,
                detector=detector,
                pictures=score.pictures,
                people=score.wanted,
                recall=round(score.hits / max(1, score.wanted), 4),
                false=round(score.false / score.pictures, 4),
                runs=round(score.calls / score.pictures, 2),
                cpu_ms=round(statistics.mean(score.cpu_ms), 1),
            )


def _batches() -> None:
    if importlib.util.find_spec("openvino") is None:
        print("batch: not measured: openvino is not installed here", file=sys.stderr)
        return
    import openvino

    models = Path(os.environ["STOREGUARD_MODELS"])
    core = openvino.Core()
    for name in ("person-detection-retail-0013",):
        for batch in BATCHES:
            model = core.read_model(next((models / name).glob("*.xml")))
            shape = [batch, *list(model.input(0).shape)[1:]]
            model.reshape(shape)
            options = {"INFERENCE_NUM_THREADS": "1", "INFERENCE_PRECISION_HINT": "f32"}
            request = core.compile_model(model, "CPU", options).create_infer_request()
            blob = np.random.default_rng(1).random(shape, np.float32)
            request.infer({0: blob})
            took = []
            for _ in range(20):
                began_s = time.process_time()
                request.infer({0: blob})
                took.append((time.process_time() - began_s) * 1e3 / batch)
            median = round(statistics.median(took), 2)
            report("batch", network=name, batch=batch, cpu_ms_a_picture=median)


def _network(side_px: int, confidence: float) -> Detector:
    path = Path(os.environ["STOREGUARD_MODELS"]) / f"yolo11n_dequantised_{side_px}.onnx"
    settings = config.Detector(backend="onnx", model=str(path), confidence=confidence)
    return make_detector(settings, threads=1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most-s", type=float, default=30.0, help="of each clip")
    parser.add_argument("--clip", help="only clips whose name has this in it")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
