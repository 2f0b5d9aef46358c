"""Somebody walks in and stands motionless for ten minutes: does the store stay occupied?

A clip is played up to a picture with somebody, which then stays, with a sensor's noise; once with
the surest and once with the middling person of the clip. A real network; the gate closes on who
does not move, and a slow beat has to keep him. Then the store is empty, and has to become so.

Needs STOREGUARD_MEDIA and STOREGUARD_MODELS.

    python bench/motionless.py [--minutes N]
"""

import argparse
from collections.abc import Iterator

import cv2
import numpy as np

from _report import report
from gate import EMPTY_FOR_S, FPS, _clip
from storeguard import config
from storeguard.observing import Watch
from storeguard.ports import Detector, Frame, Image
from storeguard.vision.sighting import detector_for, sight_with

CLIP = "people/one-by-one-person-detection.mp4"
EMPTY_CLIP = "empty/intel_one_by_one_head_empty.mp4"
NOISE = 3.0
SETTLED_AFTER_S = 30.0
EMPTY_AFTER_S = 60.0
MOST_S = 60.0

Pictures = list[tuple[float, Image]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    settings = config.Detector()
    detector = detector_for(settings)
    clip = _clip(CLIP, MOST_S)
    sureness = [(_surest(detector, t_s, image), i) for i, (t_s, image) in enumerate(clip)]
    there = sorted(one for one in sureness if one[0] >= settings.confidence)
    chosen = {"surest": there[-1], "middling": there[len(there) // 2]}
    kept = [_stands(detector, settings, clip, who, *chosen[who], minutes) for who in chosen]
    return 0 if all(kept) else 1


def _stands(
    detector: Detector,
    settings: config.Detector,
    clip: Pictures,
    who: str,
    confidence: float,
    at: int,
    minutes: float,
) -> bool:
    sight = sight_with(detector, settings, ())
    looks = _counted(sight)
    watch = Watch(sight, FPS, EMPTY_FOR_S)
    for t_s, image in clip[: at + 1]:
        watch.line(Frame(t_s, image))
    began_s, walked = clip[at][0], looks[0]
    lines = [
        watch.line(Frame(t_s, image)) for t_s, image in _held(clip[at][1], began_s, 60 * minutes)
    ]
    asked = looks[0] - walked
    settled = [line for line in lines if line["t_s"] >= began_s + SETTLED_AFTER_S]
    is_open = sum(line["gate"] for line in settled)
    empty_s = _empty_after_s(watch, began_s + 60 * minutes)
    occupied = sum(line["occupied"] is True for line in lines)
    report(
        "motionless",
        clip=CLIP,
        who=who,
        confidence=round(confidence, 2),
        minutes=minutes,
        pictures=len(lines),
        occupied=occupied,
        looks_a_minute=round(asked / minutes, 1),
        gate_open_after_30_s=is_open,
        empty_after_s=empty_s,
    )
    return occupied == len(lines) and empty_s is not None


def _counted(sight) -> list[int]:
    """How often the detector was asked."""
    asked, look = [0], sight.look

    def counting(frame: Frame):
        found = look(frame)
        asked[0] += found.looked
        return found

    sight.look = counting
    return asked


def _held(image: Image, began_s: float, seconds: float) -> Iterator[tuple[float, Image]]:
    random = np.random.default_rng(1)
    noise = [random.normal(0, NOISE, image.shape).astype(np.int16) for _ in range(7)]
    for n in range(1, round(seconds * FPS) + 1):
        yield began_s + n / FPS, cv2.add(image, noise[n % 7], dtype=cv2.CV_8U)


def _empty_after_s(watch: Watch, left_s: float) -> float | None:
    """The last person seen has gone from one picture to the next."""
    [(_, empty), *_] = _clip(EMPTY_CLIP, 0.0)
    for t_s, image in _held(empty, left_s, EMPTY_AFTER_S):
        if watch.line(Frame(t_s, image))["occupied"] is False:
            return round(t_s - left_s, 1)
    return None


def _surest(detector: Detector, t_s: float, image: Image) -> float:
    found = detector.people(Frame(t_s, image))
    return max((person.confidence for person in found), default=0.0)


if __name__ == "__main__":
    raise SystemExit(main())
