"""What somebody has left on a freezer, and comes back for: weight that no goods explain.

A bag on the lid makes a visit heavier than its sales say, and the visit that fetches it lighter by
as much. So does a delivery that nobody announced: what goes later is excused only where it weighs
what came, once, and within a day; and it is told as not checked, not as nothing. What weighs
anything else is a theft, however much had come before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot

from storeguard.domain.bulk import SIGMAS, Loss, Typical

LEFT_FOR_S = 86_400.0
"""Who forgets a bag comes back for it within a day."""

SAME_SHARE, SAME_ITEMS = 0.1, 0.5
"""Dew, frost, and one light item taken with it; never as much as a tenth of what came."""


@dataclass(frozen=True, slots=True)
class Left:
    """By whose visit, when that began, and what; `fetched_by`: in which visit it has gone."""

    visit_id: str
    t_s: float
    grams: float
    sigma_g: float
    fetched_by: str = ""


def noted(lefts: Sequence[Left], left: Left, now_s: float) -> tuple[Left, ...]:
    """With one more, without those that nobody fetches any more. A visit leaves one sum."""
    kept = (one for one in lefts if now_s - one.t_s <= LEFT_FOR_S)
    return (*(one for one in kept if one.visit_id != left.visit_id), left)


def fetched(
    lefts: Sequence[Left], visit_id: str, loss: Loss, typical: Typical, now_s: float
) -> Left | None:
    """Which of them the visit may have taken away: the nearest by weight; None: that was goods."""
    may_be = [
        one
        for one in lefts
        if one.fetched_by in ("", visit_id) and now_s - one.t_s <= LEFT_FOR_S
        if one.visit_id != visit_id and _is_same(one, loss, typical)
    ]
    return min(may_be, key=lambda one: abs(one.grams - loss.grams), default=None)


def gone(lefts: Sequence[Left], left: Left, visit_id: str) -> tuple[Left, ...]:
    """The visit has fetched it: it excuses no other, and the same one whenever it is asked."""
    return tuple(replace(one, fetched_by=visit_id) if one is left else one for one in lefts)


def _is_same(left: Left, loss: Loss, typical: Typical) -> bool:
    noise_g = SIGMAS * hypot(left.sigma_g, loss.sigma_g)
    same_g = max(noise_g, min(SAME_ITEMS * typical.unit_g, SAME_SHARE * left.grams))
    return abs(left.grams - loss.grams) <= same_g
