"""One person followed through a clip, so that the person alone can be shown.

In doubt nobody is shown: where the person is lost or may have been mistaken for another, and where
somebody else's box touches theirs. A crossing ends the following; another mark after it goes on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storeguard.domain.occupancy import Box, Detection, overlap

LEAST_OVERLAP = 0.3
"""Of a person's boxes on two pictures in a row."""

LEAST_CONFIDENCE = 0.3
"""Of a box that is taken for the person; others count from the detector's least on."""

CROSSED_OVERLAP = 0.25
"""Two who cover each other so much may change places unseen."""

OWN_PART = 0.8
"""Of an unsure box: so much of it in the person's own is a coat or a leg, not somebody else. It
hides for a moment, as all doubts do, and does not end the following."""

LOST_AFTER_S = 0.45
AROUND_S = 0.35
"""Somebody seen so long before or after a picture is on it, whether found there or not."""

MARGIN = 0.06
"""Of another's box: an arm may reach out of it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Who is on one picture of a clip; `people` None: nobody could have been seen."""

    t_s: float
    people: tuple[Detection, ...] | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody said: this is the person, on the picture at `t_s`."""

    t_s: float
    box: Box


def followed(looks: Sequence[Looked], marks: Sequence[Mark]) -> tuple[Box | None, ...]:
    """For each picture the box in which the person, and nobody else, is to be seen.

    Marks that do not agree about a picture show nobody on it.
    """
    found: list[set[Detection]] = [set() for _ in looks]
    for mark in marks if looks else ():
        for number, person in _track(looks, mark):
            found[number].add(person)
    own = [next(iter(those)) if len(those) == 1 else None for those in found]
    return tuple(
        None if person is None or _is_touched(looks, own, number) else person.xyxy
        for number, person in enumerate(own)
    )


def _track(looks: Sequence[Looked], mark: Mark) -> Iterator[tuple[int, Detection]]:
    """From the marked picture to the end and back to the beginning, as far as it is sure."""
    start = min(range(len(looks)), key=lambda n: abs(looks[n].t_s - mark.t_s))
    person = _nearest(Detection(mark.box, 1.0), looks[start].people or ())
    if person is None:
        return
    yield start, person
    for numbers in (range(start + 1, len(looks)), range(start - 1, -1, -1)):
        yield from _one_way(looks, numbers, person, looks[start].t_s)


def _one_way(
    looks: Sequence[Looked], numbers: Sequence[int], person: Detection, last_s: float
) -> Iterator[tuple[int, Detection]]:
    for number in numbers:
        look = looks[number]
        people = look.people or ()
        found = _nearest(person, people)
        if abs(look.t_s - last_s) > LOST_AFTER_S or _may_be_another(person, found, people):
            return
        if found is not None:
            person, last_s = found, look.t_s
            yield number, found


def _nearest(person: Detection, people: Sequence[Detection]) -> Detection | None:
    sure = [one for one in people if one.confidence >= LEAST_CONFIDENCE]
    best = max(sure, key=lambda one: overlap(person, one), default=None)
    return best if best is not None and overlap(person, best) >= LEAST_OVERLAP else None


def _may_be_another(
    person: Detection, found: Detection | None, people: Sequence[Detection]
) -> bool:
    """Somebody else is where the person was, or is."""
    where = (person,) if found is None else (person, found)
    return any(
        overlap(place, one) >= CROSSED_OVERLAP and not _is_part(place, one)
        for one in people
        if one is not found
        for place in where
    )


def _is_part(person: Detection, one: Detection) -> bool:
    """Of the person's own, as far as one can see."""
    return one.confidence < LEAST_CONFIDENCE and inside(person.xyxy, one.xyxy) >= OWN_PART


def inside(box: Box, other: Box) -> float:
    """Which part of the other box is in this one, 0..1."""
    across = min(box[2], other[2]) - max(box[0], other[0])
    down = min(box[3], other[3]) - max(box[1], other[1])
    area = (other[2] - other[0]) * (other[3] - other[1])
    return max(0.0, across) * max(0.0, down) / area if area > 0 else 0.0


def _is_touched(looks: Sequence[Looked], own: Sequence[Detection | None], number: int) -> bool:
    """Is anybody else in the person's box, or about that time?"""
    person, at_s = own[number], looks[number].t_s
    assert person is not None
    return any(
        looks[n].people is None
        or any(_touches(person, one) for one in looks[n].people or () if one is not own[n])
        for n in _around(looks, number, at_s)
    )


def _around(looks: Sequence[Looked], number: int, at_s: float) -> Iterator[int]:
    for numbers in (range(number, len(looks)), range(number - 1, -1, -1)):
        for n in numbers:
            if abs(looks[n].t_s - at_s) > AROUND_S:
                break
            yield n


def _touches(person: Detection, other: Detection) -> bool:
    left, top, right, bottom = other.xyxy
    across, down = MARGIN * (right - left), MARGIN * (bottom - top)
    wide = (left - across, top - down, right + across, bottom + down)
    return min(person.xyxy[2], wide[2]) > max(person.xyxy[0], wide[0]) and min(
        person.xyxy[3], wide[3]
    ) > max(person.xyxy[1], wide[1])
