"""The first level of a scale after a start: what the book says, unless the weight differs.

What lies there was weighed before the stop, and the zero was remembered at which it weighed what
the book says. So neither the spread of its units nor the owner's rounding of their weights is in
the difference: that is known as well as a step is, but for what the zero has drifted by while
nobody followed it. Before the first zero, both add up.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from storeguard.domain.belief import Belief, Hypothesis, Load, Lot, settled
from storeguard.domain.counting import Weighed, gone, scene_of, ways_of, worth
from storeguard.domain.product import Product
from storeguard.domain.shifting import lightest_g
from storeguard.domain.spread import density, weight_var

NEAREST = 0.45
"""A first level so near to the booked one, in lightest units, is the booked one."""

ROUNDED, ROUNDED_SHARE = 0.015, math.log(0.3)
"""Three owners in ten round unit weights as roughly as that (one sigma), which a full shelf adds
up: 50 units of 98.5 g at 100 g are 49 and a half."""

BOOK_IS_RIGHT = math.log(20.0)
"""Until a zero is known, of how much rarer each other count is than the booked one."""

ZERO_PER_UNIT = 0.1 / math.sqrt(3)
"""One sigma: the zero is remembered to a tenth of the lightest unit to either side."""

DRIFT_SIGMAS = 3.0
"""The most that a zero drifts, in sigmas."""

UNTOUCHED = math.log(5.0)
"""So much more often than a unit went while the power was off, the level is another though nothing
went."""


def first_weighed(
    belief: Belief,
    weighed: Weighed,
    booked: Mapping[str, int],
    guests: Mapping[str, int],
    *,
    has_zero: bool = True,
    drift_g: float = 0.0,
) -> Belief:
    """The nearest level is believed without more: the cell's zero may have drifted while the
    power was off. `has_zero`: it is remembered for what lay there; `drift_g`: the most that it may
    have drifted by since.
    """
    goods = belief.goods[weighed.scale]
    own = tuple(booked.get(one.name, 0) for one in goods)
    lots = tuple(_nominal(belief.product(name), n, weighed.now_s) for name, n in guests.items())
    here = [
        *zip(goods, own, strict=True),
        *((belief.product(one.product), one.units) for one in lots),
    ]
    load = Load(own, lots, sum(n * p.unit_weight_g for p, n in here))
    as_booked = _with_load(belief, weighed.scale, load._replace(base_g=weighed.level_g))
    off_g, least_g = weighed.level_g - load.base_g, lightest_g(goods)
    spread_g = math.sqrt(sum(weight_var(p, n) for p, n in here))
    in_all_g = math.hypot(weighed.sigma_g, spread_g)
    is_spread = not has_zero and len(own) > 1 and abs(off_g) <= 2 * in_all_g
    if is_spread or abs(off_g) <= NEAREST * least_g:
        return as_booked
    if has_zero:
        zero_g = math.hypot(ZERO_PER_UNIT * least_g, drift_g / DRIFT_SIGMAS)
        sigma_g = math.hypot(weighed.sigma_g, zero_g)
        untouched = UNTOUCHED + density(off_g, sigma_g**2)
    else:
        sigma_g = min(in_all_g, max(weighed.sigma_g, least_g / 4))
        untouched = _rounded(off_g, load.base_g, spread_g)
    found = [replace(one, log_p=one.log_p + untouched) for one in as_booked.hypotheses]
    bare = _with_load(belief, weighed.scale, load)
    return settled(belief, [*found, *_moved(belief, bare, weighed, sigma_g)])


def _rounded(off_g: float, goods_g: float, spread_g: float) -> float:
    """In nats, that the owner has rounded so much; where nothing was booked, nothing was."""
    if not goods_g:
        return -math.inf
    rounded_g = math.hypot(ROUNDED * goods_g, spread_g)
    return BOOK_IS_RIGHT + ROUNDED_SHARE + density(off_g, rounded_g**2)


def _moved(belief: Belief, bare: Belief, weighed: Weighed, sigma_g: float) -> Iterator[Hypothesis]:
    """Something has come or gone while the power was off, in nobody's hands. `bare`: with the
    scale as it was booked, whatever it weighs."""
    scene = replace(scene_of(belief, weighed, sigma_g), is_restocked=True)
    for one in bare.hypotheses:
        for way in worth(list(ways_of(one, weighed, scene))):
            new = gone(way, weighed, scene)
            yield replace(new, hands=one.hands, opened=_opened(belief, one, new))


def _nominal(product: Product, units: int, now_s: float) -> Lot:
    sd_g = math.sqrt(units) * product.spread_g
    return Lot(product.name, units, units * product.unit_weight_g, sd_g, now_s)


def _with_load(belief: Belief, scale: str, load: Load) -> Belief:
    changed = []
    for one in belief.hypotheses:
        new = replace(one, loads={**one.loads, scale: load})
        changed.append(replace(new, opened=_opened(belief, one, new)))
    return settled(belief, changed)


def _opened(belief: Belief, before: Hypothesis, after: Hypothesis) -> Mapping[str, int]:
    """What lies on a scale that is counted for the first time was there before this visit."""
    had, has = belief.totals(before), belief.totals(after)
    return {name: before.opened.get(name, 0) + has[name] - had[name] for name in {**had, **has}}
