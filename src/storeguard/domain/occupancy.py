"""Person detections → visits: when is the store empty, when occupied, when unknown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from storeguard.domain.events import StoreEmptied, StoreOccupied

FEWEST_EMPTY_PICTURES = 3
"""One person-free picture is no empty store, however long ago the last person was."""

SURE = 0.6
"""From this confidence on one picture is enough to open a visit; below it the median of three."""

DOUBTED_FOR_S = 1.5
"""So long a picture that is not sure waits for another one that shows somebody, too."""

STAYS_SHARE = 0.6
"""Of the least confidence: enough for somebody who is where somebody was."""

SAME_PLACE_IOU = 0.3


Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A person on a frame. Confidence 0..1."""

    xyxy: Box
    confidence: float


class Presence(Enum):
    UNKNOWN = "unknown"
    EMPTY = "empty"
    OCCUPIED = "occupied"


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What is known about people in the store.

    `empty_since_s` starts the run of person-free pictures that has not been broken by a
    person or by a picture that shows nothing. `emptied_s` is when the last visit ended.
    """

    presence: Presence = Presence.UNKNOWN
    last_seen_s: float | None = None
    empty_since_s: float | None = None
    empty_pictures: int = 0
    emptied_s: float | None = None
    doubted_s: float | None = None
    """When somebody was seen of whom the detector was not sure; nobody has been since."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one picture said. `people` is None when nobody could be seen on it (dark, blind).

    `confidence` 0..1: that of the surest person.
    """

    t_s: float
    people: int | None
    confidence: float = 1.0


Advance = tuple[Occupancy, tuple[StoreOccupied | StoreEmptied, ...]]


def advance(state: Occupancy, sighting: Sighting, empty_for_s: float) -> Advance:
    """Takes one picture's verdict.

    The store is empty after FEWEST_EMPTY_PICTURES person-free pictures in a row that span
    at least `empty_for_s`. A picture without sight breaks the run: an empty store becomes
    unknown, an occupied one stays occupied. A visit opens with a sure picture, or with the
    second of three that shows somebody: their median confidence, and its time is the first's.
    """
    if sighting.people is None:
        is_empty = state.presence is Presence.EMPTY
        presence = Presence.UNKNOWN if is_empty else state.presence
        return replace(state, presence=presence, empty_since_s=None, empty_pictures=0), ()
    if sighting.people > 0:
        return _seen(state, sighting)
    since_s = sighting.t_s if state.empty_since_s is None else state.empty_since_s
    state = replace(state, empty_since_s=since_s, empty_pictures=state.empty_pictures + 1)
    if state.presence is Presence.EMPTY or not _is_empty(state, sighting.t_s, empty_for_s):
        return state, ()
    return _emptied(state, sighting.t_s)


def witness_step(state: Occupancy, started_s: float, now_s: float) -> Advance:
    """A scale's step while nobody is seen: somebody is there, whatever the camera says.

    A step that only comes to rest after the visit in which it began is no witness.
    """
    if state.presence is not Presence.OCCUPIED:
        if state.emptied_s is not None and started_s <= state.emptied_s:
            return state, ()
        _, events = _occupied(state, started_s, by_step=True)
        return Occupancy(Presence.OCCUPIED, last_seen_s=now_s), events
    assert state.last_seen_s is not None
    if started_s <= state.last_seen_s:
        return state, ()
    return Occupancy(Presence.OCCUPIED, last_seen_s=now_s), ()


Polygon = tuple[tuple[float, float], ...]
"""Corners, 0..1 of the picture's width and height."""


def outside(
    people: Sequence[Detection], areas: Sequence[Polygon], size_wh: tuple[int, int]
) -> tuple[Detection, ...]:
    """People whose feet (the middle of the box's lower edge) are in none of the areas."""
    width, height = size_wh

    def is_ignored(person: Detection) -> bool:
        left, _, right, bottom = person.xyxy
        foot = ((left + right) / 2 / width, bottom / height)
        return any(_contains(area, foot) for area in areas)

    return tuple(person for person in people if not is_ignored(person))


def scaled(
    people: Sequence[Detection], from_wh: tuple[int, int], to_wh: tuple[int, int]
) -> tuple[Detection, ...]:
    """The same people on a picture of the same view and another size, in pixels."""
    x, y = to_wh[0] / from_wh[0], to_wh[1] / from_wh[1]
    return tuple(
        Detection((left * x, top * y, right * x, bottom * y), person.confidence)
        for person in people
        for left, top, right, bottom in (person.xyxy,)
    )


def moved(people: Sequence[Detection], by_px: tuple[int, int]) -> tuple[Detection, ...]:
    """The same people on the picture from which a part was cut, whose corner lies at `by_px`."""
    x, y = by_px
    return tuple(
        Detection((left + x, top + y, right + x, bottom + y), person.confidence)
        for person in people
        for left, top, right, bottom in (person.xyxy,)
    )


def kept(
    found: Sequence[Detection], before: Sequence[Detection], confidence: float
) -> tuple[Detection, ...]:
    """Whoever is sure enough to appear, or still where somebody was `before`."""
    least = STAYS_SHARE * confidence
    return tuple(
        person
        for person in found
        if person.confidence >= confidence
        or (person.confidence >= least and is_where(person, before))
    )


def is_where(person: Detection, before: Sequence[Detection]) -> bool:
    """Was somebody in the person's place before?"""
    return any(_is_same_place(person, one) for one in before)


def overlap(one: Detection, other: Detection) -> float:
    """Intersection over union of the boxes, 0..1."""
    left, top = max(one.xyxy[0], other.xyxy[0]), max(one.xyxy[1], other.xyxy[1])
    right, bottom = min(one.xyxy[2], other.xyxy[2]), min(one.xyxy[3], other.xyxy[3])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    either = _area(one) + _area(other) - shared
    return shared / either if either > 0 else 0.0


def _area(person: Detection) -> float:
    left, top, right, bottom = person.xyxy
    return (right - left) * (bottom - top)


def _is_same_place(person: Detection, other: Detection) -> bool:
    return overlap(person, other) >= SAME_PLACE_IOU


def _contains(area: Polygon, point: tuple[float, float]) -> bool:
    """Even-odd rule: a ray to the right crosses the outline an odd number of times."""
    x, y = point
    is_inside = False
    for (x1, y1), (x2, y2) in zip(area, (*area[1:], area[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            is_inside = not is_inside
    return is_inside


def _seen(state: Occupancy, sighting: Sighting) -> Advance:
    if state.presence is Presence.OCCUPIED or sighting.confidence >= SURE:
        return _occupied(state, sighting.t_s, by_step=False)
    first_s = state.doubted_s
    if first_s is None or sighting.t_s - first_s > DOUBTED_FOR_S:
        return replace(state, doubted_s=sighting.t_s), ()
    state, events = _occupied(state, first_s, by_step=False)
    return replace(state, last_seen_s=sighting.t_s), events


def _occupied(state: Occupancy, t_s: float, *, by_step: bool) -> Advance:
    events = () if state.presence is Presence.OCCUPIED else (StoreOccupied(t_s, by_step),)
    return Occupancy(Presence.OCCUPIED, last_seen_s=t_s), events


def _is_empty(state: Occupancy, now_s: float, empty_for_s: float) -> bool:
    assert state.empty_since_s is not None
    return (
        state.empty_pictures >= FEWEST_EMPTY_PICTURES and now_s - state.empty_since_s >= empty_for_s
    )


def _emptied(state: Occupancy, now_s: float) -> Advance:
    empty = replace(state, presence=Presence.EMPTY)
    if state.last_seen_s is None:  # the first look after a start: no visit has ended
        return empty, ()
    empty = replace(empty, last_seen_s=None, emptied_s=now_s)
    return empty, (StoreEmptied(now_s, state.last_seen_s),)
