"""How many people are told of: what `domain/bodies.py` takes for a part of somebody.

truth   of the people that are annotated on coco_mini, those whom it would take for another's part
found   the same pictures, a network's boxes: by how much the number is off, with it and without
hands   a clip of one person whose arms come into the picture: pictures on which the sight tells of
        several, with it and without

Needs STOREGUARD_DATASETS, STOREGUARD_MEDIA and STOREGUARD_MODELS.

    python bench/bodies.py [--model NAME]
"""

import argparse
from collections.abc import Iterator, Sequence

from _report import report
from detectors import _pictures as annotated
from gate import _clip as pictures_of
from storeguard import config
from storeguard.domain.bodies import one_box_each
from storeguard.domain.occupancy import Detection
from storeguard.ports import Detector, Frame
from storeguard.vision.sighting import detector_for, sight_with

ONE_PERSON = "store/bottle-detection.mp4"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="yolo11n")
    settings = config.Detector(model=parser.parse_args().model)
    detector = detector_for(settings)
    return 0 if all((_annotated(detector, settings), _hands(detector, settings))) else 1


def _annotated(detector: Detector, settings: config.Detector) -> bool:
    people = lost = 0
    off_with, off_without = [], []
    for image, boxes, crowds in annotated(1_000_000):
        if crowds:  # whom nobody has counted
            continue
        size_wh = (image.shape[1], image.shape[0])
        truth = [Detection(box, _area(box)) for box in boxes]
        people, lost = people + len(truth), lost + len(truth) - len(one_box_each(truth, size_wh))
        found = [
            one
            for one in detector.people(Frame(0.0, image))
            if one.confidence >= settings.confidence
        ]
        off_without.append(len(found) - len(truth))
        off_with.append(len(one_box_each(found, size_wh)) - len(truth))
    report("bodies truth", people=people, taken_for_a_part=lost, limit=0)
    report(
        "bodies found",
        detector=detector.name,
        pictures=len(off_with),
        too_many=[_above(off_without), _above(off_with)],
        too_few=[-_below(off_without), -_below(off_with)],
    )
    return lost == 0


def _hands(detector: Detector, settings: config.Detector) -> bool:
    without, with_it = [], []
    for boxes, told in _looks(detector, settings):
        without.append(boxes)
        with_it.append(told)
    report(
        "bodies hands",
        clip=ONE_PERSON,
        pictures=len(with_it),
        with_somebody=[sum(map(bool, without)), sum(map(bool, with_it))],
        with_several=[sum(n > 1 for n in without), sum(n > 1 for n in with_it)],
        most=[max(without), max(with_it)],
    )
    return sum(map(bool, without)) == sum(map(bool, with_it))


def _looks(detector: Detector, settings: config.Detector) -> Iterator[tuple[int, int]]:
    """Boxes that the sight keeps, and people that it tells of, a picture."""
    sight = sight_with(detector, settings, ())
    for t_s, image in pictures_of(ONE_PERSON):
        told = sight.look(Frame(t_s, image)).people
        yield len(sight._people), len(told)


def _above(off: Sequence[int]) -> int:
    return sum(one for one in off if one > 0)


def _below(off: Sequence[int]) -> int:
    return sum(one for one in off if one < 0)


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


if __name__ == "__main__":
    raise SystemExit(main())
