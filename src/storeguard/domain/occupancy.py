"""Person detections → visits: when is the store empty, when occupied, when unknown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from storeguard.domain.events import StoreEmptied, StoreOccupied

FEWEST_EMPTY_PICTURES = 3
"""One person-free picture is no empty store, however long ago the last person was."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A person on a frame. xyxy: left, top, right, bottom in pixels; confidence 0..1."""

    xyxy: tuple[float, float, float, float]
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


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one picture said. `people` is None when nobody could be seen on it (dark, blind)."""

    t_s: float
    people: int | None


Advance = tuple[Occupancy, tuple[StoreOccupied | StoreEmptied, ...]]


def advance(state: Occupancy, sighting: Sighting, empty_for_s: float) -> Advance:
    """Takes one picture's verdict.

    The store is empty after FEWEST_EMPTY_PICTURES person-free pictures in a row that span
    at least `empty_for_s`. A picture without sight breaks the run: an empty store becomes
    unknown, an occupied one stays occupied.
    """
    if sighting.people is None:
        is_empty = state.presence is Presence.EMPTY
        presence = Presence.UNKNOWN if is_empty else state.presence
        return replace(state, presence=presence, empty_since_s=None, empty_pictures=0), ()
    if sighting.people > 0:
        return _occupied(state, sighting.t_s, by_step=False)
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


def _contains(area: Polygon, point: tuple[float, float]) -> bool:
    """Even-odd rule: a ray to the right crosses the outline an odd number of times."""
    x, y = point
    is_inside = False
    for (x1, y1), (x2, y2) in zip(area, (*area[1:], area[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            is_inside = not is_inside
    return is_inside


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
