"""Each detector network that is here: milliseconds a picture, and AP50 for person on coco_mini.

Both on the same pictures in one run, so that the default is chosen by measurement. `ap50_low`
and `ap50_high` are the middle 95 % of bootstraps over the pictures: the sample is small.
`background` learns an empty store from a video and has no answer on single pictures.
Needs STOREGUARD_MODELS and STOREGUARD_DATASETS.

    python bench/detectors.py [--pictures N] [--threads N]
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from _report import report
from storeguard import config
from storeguard.domain.occupancy import Detection, overlap
from storeguard.errors import ModelFault, StoreguardError
from storeguard.ports import Detector, Frame, Image
from storeguard.vision.detectors.choice import make_detector

NETWORKS = (
    ("onnx", "yolo11n_dequantised_640.onnx"),
    ("onnx", "yolo11n_dequantised_320.onnx"),
    ("onnx", "yolox_nano.onnx"),
    ("openvino", "yolo11n_int8_openvino_model"),
    ("openvino", "person-detection-retail-0013"),
)
PERSON = 1
LEAST_CONFIDENCE = 0.05
SAME_IOU = 0.5
BOOTSTRAPS = 300

Boxes = list[tuple[float, float, float, float]]
Matched = list[tuple[float, bool]]
"""Confidence and: is it a person?"""


def main() -> int:
    wanted = _arguments()
    pictures = _pictures(wanted.pictures)
    for backend, file in NETWORKS:
        model = str(Path(os.environ["STOREGUARD_MODELS"]) / file)
        settings = config.Detector(backend=backend, model=model, confidence=LEAST_CONFIDENCE)
        try:
            detector = make_detector(settings, threads=wanted.threads)
        except (ModelFault, StoreguardError, ImportError) as fault:
            print(f"detectors {backend}: not measured: {fault}", file=sys.stderr)
            continue
        _measure(detector, pictures)
    return 0


def _measure(detector: Detector, pictures: Sequence[tuple[Image, Boxes, Boxes]]) -> None:
    took_ms, matched, people = [], [], []
    for image, boxes, crowds in pictures:
        began = time.perf_counter_ns()
        found = detector.people(Frame(0.0, image))
        took_ms.append((time.perf_counter_ns() - began) / 1e6)
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
        detector=detector.name,
        input_px=max(getattr(detector, "layout").input_wh),  # noqa: B009 - networks have one
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
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
