"""Person detections → visits: when is the store empty, when occupied, when unknown."""

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
    person or by a picture that shows nothing.
    """

    presence: Presence = Presence.UNKNOWN
    last_seen_s: float | None = None
    empty_since_s: float | None = None
    empty_pictures: int = 0


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one picture said. `people` is None when nobody could be seen on it (dark, blind)."""

    t_s: float
    people: int | None


Advance = tuple[Occupancy, tuple[StoreOccupied | StoreEmptied, ...]]


def advance(state: Occupancy, sighting: Sighting, empty_for_s: float) -> Advance:
    """Takes one picture's verdict.

    The store is empty after FEWEST_EMPTY_PICTURES person-free pictures in a row that span
    at least `empty_for_s`. A picture without sight breaks the run and decides nothing.
    """
    if sighting.people is None:
        return replace(state, empty_since_s=None, empty_pictures=0), ()
    if sighting.people > 0:
        return _occupied(state, sighting.t_s, by_step=False)
    since_s = sighting.t_s if state.empty_since_s is None else state.empty_since_s
    state = replace(state, empty_since_s=since_s, empty_pictures=state.empty_pictures + 1)
    if state.presence is Presence.EMPTY or not _is_empty(state, sighting.t_s, empty_for_s):
        return state, ()
    return _emptied(state, sighting.t_s)


def witness_step(state: Occupancy, started_s: float, now_s: float) -> Advance:
    """A scale's step while nobody is seen: somebody is there, whatever the camera says."""
    if state.presence is Presence.OCCUPIED:
        return state, ()
    occupied, events = _occupied(state, started_s, by_step=True)
    return replace(occupied, last_seen_s=now_s), events


def _occupied(state: Occupancy, t_s: float, *, by_step: bool) -> Advance:
    events = () if state.presence is Presence.OCCUPIED else (StoreOccupied(t_s, by_step),)
    return Occupancy(Presence.OCCUPIED, last_seen_s=t_s), events


def _is_empty(state: Occupancy, now_s: float, empty_for_s: float) -> bool:
    assert state.empty_since_s is not None
    return (
        state.empty_pictures >= FEWEST_EMPTY_PICTURES and now_s - state.empty_since_s >= empty_for_s
    )


def _emptied(state: Occupancy, now_s: float) -> Advance:
    was_occupied = state.presence is Presence.OCCUPIED
    assert state.last_seen_s is not None or not was_occupied
    events = (StoreEmptied(now_s, state.last_seen_s),) if was_occupied else ()  # type: ignore[arg-type]
    return replace(state, presence=Presence.EMPTY), events
