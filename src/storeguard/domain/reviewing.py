"""One month of the access log, as its owner goes through it: what is odd comes first.

Odd is no reproach: it is what a review would ask about.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Oddity = Literal["broken", "plain", "refused", "other", "export", "night", "removal"]
ODDITIES: tuple[Oddity, ...] = (
    "broken",
    "plain",
    "refused",
    "other",
    "export",
    "night",
    "removal",
)
"""A line that was changed, or before which one is missing; given out with faces; a refused
sign-in; by a name that is no owner's; given out blurred; at night; taken away for good."""

REVIEWED, REFUSED = "reviewed", "login_refused"

PLAIN = frozenset({"export_plain"})
EXPORTS = frozenset({"export", "viewing_export"})
REMOVALS = frozenset({"delete", "account_removed"})
LOOKS = frozenset({"view", "play"})

NIGHT_FROM_H, NIGHT_UNTIL_H = 23, 6


@dataclass(frozen=True, slots=True)
class Look:
    """A line of the log. `at` is local; `is_whole`: as it was written, and none is missing."""

    at: datetime
    who: str
    what: str
    thing: str
    why: str = ""
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Month:
    """`done`: (who, what, how often), most first; `odd`: in the order of ODDITIES, then of time.

    `reviewed`: when and by whom, the last time; `looks`: newest first.
    """

    label: str
    done: tuple[tuple[str, str, int], ...]
    odd: tuple[tuple[Oddity, Look], ...]
    looks: tuple[Look, ...]
    reviewed: Look | None


def label_of(moment: datetime) -> str:
    return f"{moment:%Y-%m}"


def month_before(label: str) -> str:
    year, month = (int(part) for part in label.split("-"))
    return f"{year - 1}-12" if month == 1 else f"{year}-{month - 1:02}"


def is_owed(today: datetime, logged: Collection[str], reviewed: Collection[str]) -> str | None:
    """The month before this one, where it has anything and nobody has gone through it."""
    last = month_before(label_of(today))
    return last if last in logged and last not in reviewed else None


def review(label: str, looks: Iterable[Look], owners: Collection[str]) -> Month:
    """`looks`: all there are, oldest first; a review may be noted in any later month."""
    found, reviewed = [], None
    for look in looks:
        if look.what == REVIEWED and look.thing == label:
            reviewed = look
        if label_of(look.at) == label:
            found.append(look)
    done = Counter((look.who, look.what) for look in found)
    odd = [(kind, look) for look in found for kind in oddities(look, owners)]
    odd.sort(key=lambda one: (ODDITIES.index(one[0]), one[1].at))
    most = sorted(done.items(), key=lambda one: (one[0][0], -one[1], one[0][1]))
    counts = tuple((who, what, count) for (who, what), count in most)
    return Month(label, counts, tuple(odd), tuple(found[::-1]), reviewed)


def oddities(look: Look, owners: Collection[str]) -> tuple[Oddity, ...]:
    """The first that fits, for a line that is whole; a broken one is that above all."""
    if not look.is_whole:
        return ("broken",)
    if look.what in PLAIN:
        return ("plain",)
    if look.what == REFUSED:
        return ("refused",)
    if look.who not in owners:
        return ("other",)
    if look.what in EXPORTS:
        return ("export",)
    if look.what in REMOVALS:
        return ("removal",)
    return ("night",) if look.what in LOOKS and _is_night(look.at) else ()


def _is_night(at: datetime) -> bool:
    return at.hour >= NIGHT_FROM_H or at.hour < NIGHT_UNTIL_H
