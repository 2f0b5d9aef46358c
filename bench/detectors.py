"""Each backend that is installed: milliseconds a picture, and AP50 for person on coco_mini.

The same YOLO11n at 640 and 320 px in each runtime, and the networks that only one of them has,
all on the same pictures in one run, so that the default is chosen by measurement. `ap50_low`
and `ap50_high` are the middle 95 % of bootstraps over the pictures: the sample is small.
`cpu_ms` is the processor time of all threads, which a busy machine changes little.
`background` learns an empty store from a video and has no answer on single pictures.
What is not installed is said on stderr: `make test-yolo` makes .venv-yolo, which has all of them.
Needs STOREGUARD_MODELS and STOREGUARD_DATASETS.

    .venv-yolo/bin/python bench/detectors.py [--pictures N] [--threads N] [--backend NAME]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from _networks import PACKAGES, Found, networks, prepare
from _report import report
from storeguard import config
from storeguard.domain.occupancy import Detection, overlap
from storeguard.errors import StoreguardError
from storeguard.ports import Detector, Frame, Image
from storeguard.vision.detectors.choice import make_detector

PERSON = 1
LEAST_CONFIDENCE = 0.05
SAME_IOU = 0.5
BOOTSTRAPS = 300

Boxes = list[tuple[float, float, float, float]]
Matched = list[tuple[float, bool]]
"""Confidence and: is it a person?"""
Pictures = list[tuple[Image, Boxes, Boxes]]


def main() -> int:
    wanted = _arguments()
    pictures = _pictures(wanted.pictures)
    with tempfile.TemporaryDirectory() as folder:
        for found in networks(Path(os.environ["STOREGUARD_MODELS"]), Path(folder)):
            if wanted.backend in (None, found.backend):
                _try(found, pictures, wanted.threads)
    return 0


def _try(found: Found, pictures: Pictures, threads: int | None) -> None:
    """A backend that is not here, or cannot do it, keeps the others from nothing."""
    try:
        if found.path is None:
            raise ImportError(found.why_not)
        prepare(found.backend)
        settings = config.Detector(
            backend=found.backend, model=str(found.path), confidence=LEAST_CONFIDENCE
        )
        with closing(make_detector(settings, threads=threads)) as detector:
            _measure(found.label, detector, pictures)
    except (StoreguardError, ImportError) as fault:
        print(f"{found.backend}, {found.label}: not measured: {fault}", file=sys.stderr)


def _measure(label: str, detector: Detector, pictures: Pictures) -> None:
    took_ms, cpu_ms, matched, people = [], [], [], []
    for image, boxes, crowds in pictures:
        began, cpu_began = time.perf_counter_ns(), time.process_time_ns()
        found = detector.people(Frame(0.0, image))
        took_ms.append((time.perf_counter_ns() - began) / 1e6)
        cpu_ms.append((time.process_time_ns() - cpu_began) / 1e6)
        matched.append(_matched(found, boxes, crowds))
        people.append(len(boxes))
    rng = np.random.default_rng(1)
    draws = rng.integers(0, len(pictures), (BOOTSTRAPS, len(pictures)))
    spread = [_ap(matched, people, draw) for draw in draws]
    low, high = np.percentile(spread, [2.5, 97.5])
    report(
        "detectors",
        took_ms,
        unit="ms",
        cpu_ms=round(statistics.median(cpu_ms), 1),
        detector=detector.name,
        network=label,
        ap50=round(_ap(matched, people, range(len(pictures))), 3),
        ap50_low=round(float(low), 3),
        ap50_high=round(float(high), 3),
        people=sum(people),
    )


def _matched(found: Sequence[Detection], boxes: Boxes, crowds: Boxes) -> Matched:
    """Each found person, best first, with whether it is one that nobody else has claimed."""
    left, told = list(boxes), []
    for person in sorted(found, key=lambda one: -one.confidence):
        best = max(left, key=lambda box: overlap(person, Detection(box, 1.0)), default=None)
        if best is not None and overlap(person, Detection(best, 1.0)) >= SAME_IOU:
            left.remove(best)
            told.append((person.confidence, True))
        elif not any(_lies_in(person, crowd) for crowd in crowds):
            told.append((person.confidence, False))
    return told


def _lies_in(person: Detection, crowd: tuple[float, float, float, float]) -> bool:
    """In an area of people whom nobody has counted: neither right nor wrong."""
    left, top, right, bottom = person.xyxy
    across = max(0.0, min(right, crowd[2]) - max(left, crowd[0]))
    down = max(0.0, min(bottom, crowd[3]) - max(top, crowd[1]))
    return across * down >= SAME_IOU * (right - left) * (bottom - top)


def _ap(matched: Sequence[Matched], people: Sequence[int], chosen: Sequence[int]) -> float:
    """Area under the curve of precision over recall, as COCO has it for one IoU."""
    told = sorted((one for i in chosen for one in matched[i]), key=lambda one: -one[0])
    total = sum(people[i] for i in chosen)
    if not told or not total:
        return 0.0
    right = np.cumsum([is_right for _, is_right in told])
    precision = right / np.arange(1, len(told) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    recall = right / total
    at = np.searchsorted(recall, np.linspace(0, 1, 101))
    return float(np.mean([precision[i] if i < len(precision) else 0.0 for i in at]))


def _pictures(most: int) -> list[tuple[Image, Boxes, Boxes]]:
    """Pictures with boxes of people, and areas of crowds, in pixels."""
    folder, found = Path(os.environ["STOREGUARD_DATASETS"]) / "coco_mini", []
    for part in ("val2017", "train2017"):
        said = json.loads((folder / "annotations" / f"instances_{part}.json").read_text())
        for picture in said["images"]:
            path = folder / part / picture["file_name"]
            mine = [
                one
                for one in said["annotations"]
                if one["image_id"] == picture["id"] and one["category_id"] == PERSON
            ]
            if mine and path.exists():
                image = cv2.imread(str(path))
                boxes = [_corners(one["bbox"]) for one in mine if not one["iscrowd"]]
                crowds = [_corners(one["bbox"]) for one in mine if one["iscrowd"]]
                found.append((image, boxes, crowds))
    return found[:most]


def _corners(bbox: Sequence[float]) -> tuple[float, float, float, float]:
    x, y, width, height = bbox
    return x, y, x + width, y + height


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--backend", choices=list(PACKAGES))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
