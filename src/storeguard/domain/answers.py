"""What a belief says of each product: how many units, how sure, and within which bounds."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType

from storeguard.domain.belief import CONSIDERED, LEAST_HIDING, SURE, Belief, Hypothesis


@dataclass(frozen=True, slots=True)
class Count:
    """Units of one product on all scales. `certainty` is the probability of `count`.

    `low`, `high`: least and most that cannot be ruled out; both are `count` where it is certain.
    `ways`: else the probability of each hypothesis, in their order, and the most by it.
    """

    count: int
    certainty: float
    low: int
    high: int
    is_certain: bool
    ways: tuple[tuple[float, int], ...] = ()


Changes = Mapping[tuple[str, str], int]
"""(Scale, product) → units that have come; negative have left."""


def changes(
    had: Belief, has: Belief, first: str = "", booked: Mapping[str, int] = MappingProxyType({})
) -> Changes:
    """From the likeliest answer of one belief to that of another.

    `first`: a scale that is counted for the first time, and what the book has there.
    """
    found: dict[tuple[str, str], int] = {}
    for scale, load in has.likeliest.loads.items():
        change = has.units(scale, load)
        known = booked if scale == first else has.units(scale, had.likeliest.loads[scale])
        change.subtract(known)
        found |= {(scale, name): units for name, units in change.items() if units}
    return found


def by_product(found: Changes) -> dict[str, int]:
    """Product → units on all scales together; zeros left out."""
    changes: Counter[str] = Counter()
    for (_, name), units in found.items():
        changes[name] += units
    return {name: units for name, units in changes.items() if units}


def moved(belief: Belief, one: Hypothesis) -> Counter[str]:
    """Units that have come since the visit began; negative have left."""
    change = belief.totals(one)
    change.subtract(one.opened)
    return change


def counts(belief: Belief) -> dict[str, Count]:
    """Of every product whose own scale is counted: what is in force, and how sure."""
    weighed = [(one, belief.totals(one)) for one in belief.hypotheses]
    return {
        name: _count(belief, weighed, name, scale, belief.hidden(scale, name))
        for name, scale in _homes(belief)
    }


def moves(belief: Belief, touched: Collection[str]) -> dict[str, Count]:
    """The same for what has come and gone since the visit began.

    What hides a scale hides nothing of a visit that has not `touched` it, or that came after it.
    What lies there may be units that were said to have left.
    """
    weighed = [(one, moved(belief, one)) for one in belief.hypotheses]
    return {
        name: _count(
            *(belief, weighed, name, scale, belief.hidden(scale, name, in_visit=True)),
            may_be_back=True,
        )
        if scale in touched
        else _count(belief, weighed, name, "", 0.0)
        for name, scale in _homes(belief)
    }


def _homes(belief: Belief) -> Iterator[tuple[str, str]]:
    for scale in belief.likeliest.loads:
        for one in belief.goods[scale]:
            yield one.name, scale


def _count(
    belief: Belief,
    weighed: Sequence[tuple[Hypothesis, Mapping[str, int]]],
    name: str,
    scale: str,
    hidden: float,
    *,
    may_be_back: bool = False,
) -> Count:
    """`scale`: the product's own, where it matters what `hidden` there, with which probability.
    `may_be_back`: of units that have left, what lies there may be some."""
    count = weighed[0][1][name]
    share = sum(math.exp(one.log_p) for one, units in weighed if units[name] == count)
    certainty = max(0.0, min(1.0, share, 1 - hidden))
    if certainty >= SURE:
        return Count(count, certainty, count, count, True)
    bounds = []
    for one, units in weighed:
        least, most = _beneath(belief, one, name, scale)
        back = _back(belief, one, name, scale) if may_be_back else 0
        high = units[name] - least
        bounds.append((math.exp(one.log_p), units[name] - most, max(high, min(0, high + back))))
    low = without_tail(sorted((low, p) for p, low, _ in bounds))
    high = without_tail(sorted(((high, p) for p, _, high in bounds), reverse=True))
    return Count(count, certainty, low, high, False, tuple((p, most) for p, _, most in bounds))


def _back(belief: Belief, one: Hypothesis, name: str, scale: str) -> int:
    """Most units that what has come in this visit, and is no product, may be for all it weighs."""
    load = one.loads.get(scale)
    if load is None or load.is_left or load.object_g is None or load.object_g <= 0:
        return 0
    return math.ceil(load.object_g / belief.product(name).unit_weight_g - LEAST_HIDING)


def without_tail(ordered: Sequence[tuple[int, float]]) -> int:
    """The first count at which what lies before it can not be left out any more."""
    tails = accumulate(p for _, p in ordered)
    return next(
        units for (units, _), tail in zip(ordered, tails, strict=True) if tail >= CONSIDERED
    )


def _beneath(belief: Belief, one: Hypothesis, name: str, scale: str) -> tuple[int, int]:
    """Least and most further units that may have gone: the level has fallen, by no whole units."""
    lacking_g = -(one.loads[scale].object_g or 0.0) if scale in one.loads else 0.0
    if lacking_g <= 0:
        return 0, 0
    units = lacking_g / belief.product(name).unit_weight_g
    is_alone = len(belief.goods[scale]) == 1
    return math.floor(units) if is_alone else 0, math.ceil(units)
