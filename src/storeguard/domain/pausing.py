"""What a scale shows between two hands: one thing has gone, the other has not come yet.

Who puts something down where he has just taken something else lets go of the plate for a moment,
often for too short a time to be a step of its own. The level of that moment is what one of the two
weighs, so it tells a swap from a single unit that weighs as much as both.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import product as combinations_of
from typing import NamedTuple

from storeguard.domain.belief import Lot
from storeguard.domain.explaining import Explanation, Scene, bias_g, density, part_of

UNEXPLAINED = math.log(3000.0)
"""A hand that keeps so still that it seems to be none weighs anything up to 3 kg."""

SEEN = math.log(2.0)
"""Of two hands, one after the other, every second lets go for long enough."""

MOST_OF_A_KIND, MOST_MOVES = 8, 2
"""More units at once are no single grabs, and with more things there is a part for any level."""


class Moved(NamedTuple):
    """What moved in all. `found`: goods, of the scale's own, of its `guests` and out of `hands`;
    None: nothing that is a product. `gone_g`: what is no product and has gone with them.
    """

    found: Explanation | None
    gone_g: float | None
    guests: Sequence[Lot]
    hands: Sequence[Lot]


class Part(NamedTuple):
    """What may have moved by itself: grams, and their variance."""

    grams: float
    var: float


def cost(pauses: Sequence[float], moved: Moved, scene: Scene) -> float:
    """How badly what moved explains the levels on the way, in nats."""
    between = list(_between(moved.found, moved, scene)) if moved.found else []
    return sum(_cost(pause_g, between, scene) for pause_g in pauses)


def _cost(pause_g: float, between: Sequence[Part], scene: Scene) -> float:
    fits = (density(pause_g - one.grams, one.var + scene.sigma_g**2) for one in between)
    return min(UNEXPLAINED, SEEN - max(fits, default=-math.inf))


def _between(found: Explanation, moved: Moved, scene: Scene) -> Iterator[Part]:
    """The levels on the way: any part of what moved, but not nothing and not all of it."""
    every = tuple(abs(n) for n in found.own)
    specials = list(_specials(found, moved, scene))
    if len(specials) + sum(n > 0 for n in every) > MOST_MOVES:
        return
    ends = {((0,) * len(every), 0), (every, len(specials))}
    for counts in combinations_of(*(range(min(n, MOST_OF_A_KIND) + 1) for n in every)):
        own = Part(found.rest_g, 0.0) if counts == every else _own(found, counts, scene)
        for first in range(len(specials) + 1):
            if (counts, first) not in ends:
                yield _sum([own, *specials[:first]])


def _specials(found: Explanation, moved: Moved, scene: Scene) -> Iterator[Part]:
    if moved.gone_g is not None:
        yield Part(-moved.gone_g, 0.0)
    for lots, sign, units_of in ((moved.hands, 1, found.puts), (moved.guests, -1, found.leaves)):
        for i, units in units_of:
            grams, var = part_of(lots[i], units, scene.products[lots[i].product])
            yield Part(sign * grams, var)


def _own(found: Explanation, counts: Sequence[int], scene: Scene) -> Part:
    parts = []
    for k, n, one in zip(counts, found.own, scene.own, strict=True):
        var = k * one.spread_g**2 + (k * bias_g(one)) ** 2
        parts.append(Part(math.copysign(k, n) * one.unit_weight_g, var))
    return _sum(parts)


def _sum(parts: Sequence[Part]) -> Part:
    return Part(sum(one.grams for one in parts), sum(one.var for one in parts))
