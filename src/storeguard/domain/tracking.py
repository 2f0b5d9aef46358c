"""People followed from picture to picture, so that a visit knows how many came and went.

One camera's boxes, no faces and no appearance: whoever is near where somebody was is the same
person; whoever turns up while somebody is lost in the middle of the store is that one again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from storeguard.domain.occupancy import Box, Detection, overlap

LOST_AFTER_S = 3.0
"""Hidden behind a shelf for longer is lost; near the picture's edge it is gone."""

FORGOTTEN_AFTER_S = 20.0
"""So long somebody who was lost in the middle may turn up again, anywhere."""

SURE_AFTER_LOOKS = 2
"""One look may be a mistake."""

NEAR_HEIGHTS = 0.6
"""A step between two looks, in heights of the box; it grows with the time in between."""

LEAST_OVERLAP = 0.2
EDGE_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Track:
    """One person: the newest box in pixels, when last seen, and on how many looks."""

    box: Box
    last_s: float
    looks: int = 1
    is_at_edge: bool = False

    @property
    def is_sure(self) -> bool:
        return self.looks >= SURE_AFTER_LOOKS


@dataclass(frozen=True, slots=True)
class Headcount:
    """People of one camera since the visit began. `most` at the same time."""

    tracks: tuple[Track, ...] = ()
    came: int = 0
    went: int = 0
    most: int = 0

    @property
    def present(self) -> int:
        return self.came - self.went


NOBODY = Headcount()


def follow(
    count: Headcount, people: Sequence[Detection], size_wh: tuple[int, int], now_s: float
) -> Headcount:
    """Takes one look's people, boxes in pixels of a picture of this size."""
    count = _without_gone(count, now_s)
    left, found = list(people), []
    # The most recent first: who was lost long ago gets what nobody else claims.
    for track in sorted(count.tracks, key=lambda one: -one.last_s):
        person = _nearest(track, left, now_s)
        if person is not None:
            left.remove(person)
        found.append(track if person is None else _seen(track, person, size_wh, now_s))
    for person in left:
        found = _appeared(found, person, size_wh, now_s)
    return _counted(count, tuple(found), now_s)


def _without_gone(count: Headcount, now_s: float) -> Headcount:
    gone = [one for one in count.tracks if _is_gone(one, now_s)]
    kept = tuple(one for one in count.tracks if one not in gone)
    return replace(count, tracks=kept, went=count.went + sum(one.is_sure for one in gone))


def _is_gone(track: Track, now_s: float) -> bool:
    ends_at_once = track.is_at_edge or not track.is_sure
    return now_s - track.last_s > (LOST_AFTER_S if ends_at_once else FORGOTTEN_AFTER_S)


def _nearest(track: Track, people: Sequence[Detection], now_s: float) -> Detection | None:
    """Of those who can be this person, the closest."""
    close = [one for one in people if _can_be(track, one, now_s)]
    return min(close, key=lambda one: _distance(track.box, one.xyxy), default=None)


def _can_be(track: Track, person: Detection, now_s: float) -> bool:
    if overlap(Detection(track.box, 1.0), person) >= LEAST_OVERLAP:
        return True
    height = max(track.box[3] - track.box[1], person.xyxy[3] - person.xyxy[1])
    patience = 1 + min(1.0, now_s - track.last_s)
    return _distance(track.box, person.xyxy) <= NEAR_HEIGHTS * height * patience


def _appeared(
    tracks: list[Track], person: Detection, size_wh: tuple[int, int], now_s: float
) -> list[Track]:
    lost = [one for one in tracks if one.is_sure and now_s - one.last_s > LOST_AFTER_S]
    if not lost:
        return [*tracks, _seen(Track(person.xyxy, now_s, 0), person, size_wh, now_s)]
    again = max(lost, key=lambda one: one.last_s)
    return [_seen(one, person, size_wh, now_s) if one is again else one for one in tracks]


def _seen(track: Track, person: Detection, size_wh: tuple[int, int], now_s: float) -> Track:
    left, top, right, bottom = person.xyxy
    across, down = EDGE_SHARE * size_wh[0], EDGE_SHARE * size_wh[1]
    is_inside = left > across and right < size_wh[0] - across and top > down
    is_inside = is_inside and bottom < size_wh[1] - down
    return Track(person.xyxy, now_s, track.looks + 1, not is_inside)


def _counted(count: Headcount, tracks: tuple[Track, ...], now_s: float) -> Headcount:
    """Whoever is sure with this very look has come."""
    came = sum(one.looks == SURE_AFTER_LOOKS and one.last_s == now_s for one in tracks)
    count = replace(count, tracks=tracks, came=count.came + came)
    return replace(count, most=max(count.most, count.present))


def _distance(one: Box, other: Box) -> float:
    across = (one[0] + one[2] - other[0] - other[2]) / 2
    down = (one[1] + one[3] - other[1] - other[3]) / 2
    return float((across * across + down * down) ** 0.5)
