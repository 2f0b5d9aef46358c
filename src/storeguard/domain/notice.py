"""Which issues get a message of their own, and which are told together (design rule 14).

An issue below the owner's threshold has none: the next morning's digest tells it.

The first issue of a product on a scale is told at once. While it cools down, repeats of the
same product on the same scale wait, and are told together when it has; above MOST_A_DAY
messages the rest of the day waits for the digest of the next morning.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import Enum

COOL_DOWN_S = 180.0
"""Long enough for one person's second grab or a scale that flutters, short enough that the
owner hears of a second customer while he may still be there."""

MOST_A_DAY = 20
"""Messages of one day (reliability T16): nobody reads the twenty-first, and each costs money."""

DIGEST_HOUR = 9
"""Local hour of the daily digest: nobody wants it at midnight."""

Place = tuple[str, str]
"""Product and scale; the scale is empty where it is not known (an adopted folder)."""


class Telling(Enum):
    """How the owner hears of an issue."""

    OWN = "own"
    COOL_DOWN = "cool_down"
    DAILY_DIGEST = "daily_digest"
    BELOW_THRESHOLD = "below_threshold"
    QUIET_HOURS = "quiet_hours"


@dataclass(frozen=True, slots=True)
class Stake:
    """One line of an issue: what it is worth, and how sure it is (0..1)."""

    won: int
    certainty: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """What the owner wants to be told of at once."""

    min_won: int = 0
    min_certainty: float = 0.5

    def is_below(self, stakes: Collection[Stake]) -> bool:
        """Are the lines that are sure enough worth too little, or is there none of them?

        An issue whose lines nobody has weighed (an adopted folder) is told at once.
        """
        sure = [one.won for one in stakes if one.certainty >= self.min_certainty]
        return bool(stakes) and (not sure or sum(sure) < self.min_won)


@dataclass(frozen=True, slots=True)
class Told:
    """What the owner has been told. `at_s`: place → monotonic; `count`: messages on `day`."""

    at_s: Mapping[Place, float] = field(default_factory=dict)
    day: date = date.min
    count: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sealed issue that has no message of its own. `day`: the local one of its sealing."""

    issue_id: str
    telling: Telling
    places: frozenset[Place]
    day: date


def telling_of(told: Told, places: Iterable[Place], now_s: float, day: date) -> Telling:
    """How an issue over these places is to be told now."""
    if _count_of(told, day) >= MOST_A_DAY:
        return Telling.DAILY_DIGEST
    is_repeat = [_is_cooling(told, place, now_s) for place in places]
    return Telling.COOL_DOWN if is_repeat and all(is_repeat) else Telling.OWN


def tell(told: Told, places: Iterable[Place], now_s: float, day: date) -> Told:
    """After a message about these places: they cool down from now on."""
    cooling = {p: t_s for p, t_s in told.at_s.items() if now_s - t_s < COOL_DOWN_S}
    at_s = cooling | dict.fromkeys(places, now_s)
    return replace(told, at_s=at_s, day=day, count=_count_of(told, day) + 1)


def due(
    waiting: Iterable[Waiting], told: Told, now_s: float, local: datetime
) -> tuple[tuple[Waiting, ...], ...]:
    """The groups of issues to be told now, one message each.

    Not to be called in the owner's quiet hours: what happened in them is told when they are over.
    Repeats wait until the last of their places has cooled down, and for the next morning when
    the day has had its messages. `local` is the store's wall clock.
    """
    groups: dict[Telling, list[Waiting]] = {telling: [] for telling in Telling}
    is_full = _count_of(told, local.date()) >= MOST_A_DAY
    for issue in waiting:
        is_of_yesterday = issue.day < local.date()
        if is_of_yesterday and local.hour >= DIGEST_HOUR:
            groups[Telling.DAILY_DIGEST].append(issue)
        elif issue.telling is Telling.QUIET_HOURS:
            groups[Telling.QUIET_HOURS].append(issue)
        elif issue.telling is Telling.COOL_DOWN and not is_full and _has_cooled(told, issue, now_s):
            groups[Telling.COOL_DOWN].append(issue)
    return tuple(tuple(group) for group in groups.values() if group)


def _count_of(told: Told, day: date) -> int:
    return told.count if told.day == day else 0


def _has_cooled(told: Told, issue: Waiting, now_s: float) -> bool:
    return not any(_is_cooling(told, place, now_s) for place in issue.places)


def _is_cooling(told: Told, place: Place, now_s: float) -> bool:
    at_s = told.at_s.get(place)
    return at_s is not None and now_s - at_s < COOL_DOWN_S
