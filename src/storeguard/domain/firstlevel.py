"""The first level of a scale after a start: what the book says, unless the weight differs.

What lies there was weighed before the stop, and the zero was remembered at which it weighed what
the book says. So neither the spread of its units nor the owner's rounding of their weights is in
the difference: that is known as well as a step is, but for what the zero has drifted by while
nobody followed it. Before the first zero, both add up.

What is there beside what is booked is stock, most likely, if nobody is inside: goods are brought in
whole units, and the book is raised. But whoever is inside may have put it there, and what was in
doubt before the stop is in doubt still. Then a thing of that weight is as likely, and the book is
left as it is, until the thing is fetched, or stays when its bringer has gone.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from storeguard.domain.belief import Belief, Hypothesis, Load, Lot, settled
from storeguard.domain.counting import Way, Weighed, gone, scene_of, ways_of, worth
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


KEEPS_BOOK = math.log(1.2)
"""Of two answers that are as likely nobody wants the book changed, and changed back."""


def first_weighed(
    belief: Belief,
    weighed: Weighed,
    booked: Mapping[str, int],
    guests: Mapping[str, int],
    *,
    has_zero: bool = True,
    drift_g: float = 0.0,
    may_be_thing: bool = False,
    booked_thing_g: float = 0.0,
) -> Belief:
    """The nearest level is believed without more: the cell's zero may have drifted while the
    power was off. `has_zero`: it is remembered for what lay there; `drift_g`: the most that it may
    have drifted by since. `may_be_thing`: somebody is inside, or something lay there before, so
    that what is there beside what is booked may be no product. `booked_thing_g`: what is booked
    as goods, and perhaps was none.
    """
    load, spread_g = _as_booked(belief, weighed, booked, guests)
    off_g, least_g = weighed.level_g - load.base_g, lightest_g(belief.goods[weighed.scale])
    in_all_g = math.hypot(weighed.sigma_g, spread_g)
    is_spread = not has_zero and len(load.own) > 1 and abs(off_g) <= 2 * in_all_g
    is_near = abs(off_g) <= NEAREST * least_g
    # Of what was fetched meanwhile nothing is left.
    thing_g = booked_thing_g if is_near or off_g > 0 else 0.0
    untouched = _with_load(belief, weighed.scale, load._replace(base_g=weighed.level_g))
    if not thing_g and (is_spread or is_near):
        return untouched
    if has_zero:
        zero_g = math.hypot(ZERO_PER_UNIT * least_g, drift_g / DRIFT_SIGMAS)
        sigma_g = math.hypot(weighed.sigma_g, zero_g)
        fit = UNTOUCHED + density(off_g, sigma_g**2)
    else:
        sigma_g = min(in_all_g, max(weighed.sigma_g, least_g / 4))
        fit = _rounded(off_g, load.base_g, spread_g)
    found = [replace(one, log_p=one.log_p + fit) for one in untouched.hypotheses]
    weighed = replace(weighed, pauses=(thing_g,) if thing_g else ())
    even = fit if thing_g or (may_be_thing and off_g > 0) else None
    bare = _with_load(belief, weighed.scale, load)
    found += _moved(belief, bare, weighed, sigma_g, even)
    return settled(belief, found)


def _as_booked(
    belief: Belief, weighed: Weighed, booked: Mapping[str, int], guests: Mapping[str, int]
) -> tuple[Load, float]:
    """What lies there by the book, and one sigma of what all of that weighs."""
    goods = belief.goods[weighed.scale]
    own = tuple(booked.get(one.name, 0) for one in goods)
    lots = tuple(_nominal(belief.product(name), n, weighed.now_s) for name, n in guests.items())
    here = [*zip(goods, own, strict=True)]
    here += [(belief.product(one.product), one.units) for one in lots]
    goods_g = sum(n * one.unit_weight_g for one, n in here)
    return Load(own, lots, goods_g), math.sqrt(sum(weight_var(one, n) for one, n in here))


def _rounded(off_g: float, goods_g: float, spread_g: float) -> float:
    """In nats, that the owner has rounded so much; where nothing was booked, nothing was."""
    if not goods_g:
        return -math.inf
    rounded_g = math.hypot(ROUNDED * goods_g, spread_g)
    return BOOK_IS_RIGHT + ROUNDED_SHARE + density(off_g, rounded_g**2)


def _moved(
    belief: Belief, bare: Belief, weighed: Weighed, sigma_g: float, even: float | None
) -> Iterator[Hypothesis]:
    """Something has come or gone while the power was off, in nobody's hands. `bare`: with the
    scale as it was booked, whatever it weighs. `even`: a thing lies there as likely as goods, and
    as that nothing has moved, which is so likely; None: it does as rarely as ever."""
    scene = replace(scene_of(belief, weighed, sigma_g), is_restocked=True)
    for one in bare.hypotheses:
        ways = list(ways_of(one, weighed, scene))
        if even is not None:
            ways = _evened(ways, one.log_p + even, weighed)
        for way in worth(ways):
            new = _on_unknown(gone(way, weighed, scene), weighed.scale, sigma_g)
            yield replace(new, hands=one.hands, opened=_opened(belief, one, new))


def _on_unknown(one: Hypothesis, scale: str, sigma_g: float) -> Hypothesis:
    """What a thing lies on is known to no more than that."""
    load = one.loads[scale]
    if load.object_g is None:
        return one
    return replace(one, loads={**one.loads, scale: load._replace(base_sd_g=sigma_g)})


def _evened(ways: list[Way], untouched: float, weighed: Weighed) -> list[Way]:
    """With a thing as likely as all goods, but for a little that keeps the book as it is: one that
    is booked as units has taken their place, any other is all that is there beside the booked."""
    goods = [untouched, *(way.log_p for way in ways if way.object_g is None)]
    is_thing = [
        way.object_g is not None and (way.found is not None) == bool(weighed.pauses) for way in ways
    ]
    things = [way.log_p for way, is_one in zip(ways, is_thing, strict=True) if is_one]
    if not things:
        return ways
    keeps = -KEEPS_BOOK if weighed.pauses else KEEPS_BOOK
    more = _together(goods) - _together(things) + keeps
    return [
        way._replace(log_p=way.log_p + more * is_one)
        for way, is_one in zip(ways, is_thing, strict=True)
    ]


def _together(log_ps: list[float]) -> float:
    best = max(log_ps)
    return best + math.log(sum(math.exp(log_p - best) for log_p in log_ps))


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
