"""What a scale shows between two hands: one thing has gone, the other has not come yet.

Who puts something down where he has just taken something else lets go of the plate for a moment,
often for too short a time to be a step of its own. The level of that moment is what one of the two
weighs, so it tells a swap from a single unit that weighs as much as both.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from itertools import product as combinations_of
from typing import NamedTuple

from storeguard.domain.belief import Lot
from storeguard.domain.explaining import (
    CELLS_DIFFER,
    MANY,
    PUT_BACK,
    Explanation,
    Scene,
    part_of,
)
from storeguard.domain.lattice import Units
from storeguard.domain.spread import density, weight_var

UNEXPLAINED = math.log(3000.0 / 0.2)
"""One hand in five keeps so still that it seems to be none, and weighs anything up to 3 kg."""

SEEN = math.log(2.0)
"""Of two hands, one after the other, every second lets go for long enough."""

MOST_OF_A_KIND, MOST_MOVES = 8, 2
"""More units at once are no single grabs; of more things than two the order is anybody's guess."""

MOST_TOO_MANY = 2
"""Units that were taken beyond those that left in the end, and put back at once."""


class Moved(NamedTuple):
    """What moved in all. `found`: goods, of the scale's own, of its `guests` and out of `hands`;
    None: nothing that is a product. `object_g`: what lay there and is no product; with `is_gone`
    it has gone with them, else it may have been lifted meanwhile. `came_g`: one that has come.
    """

    found: Explanation | None
    object_g: float | None
    is_gone: bool
    guests: Sequence[Lot]
    hands: Sequence[Lot]
    came_g: float | None = None


class Level(NamedTuple):
    """A level on the way, from the old one: grams, their variance, and what it costs in nats."""

    grams: float
    var: float = 0.0
    cost: float = 0.0


def cost(pauses: Sequence[float], moved: Moved, scene: Scene) -> float:
    """How badly what moved explains the levels on the way, in nats."""
    levels = list(_levels(moved, scene))
    return sum(_cost(pause_g, levels, scene) for pause_g in pauses)


def _cost(pause_g: float, levels: Sequence[Level], scene: Scene) -> float:
    """Each level is as likely as any other: what has many explains each of them less well."""
    sigma_var = scene.sigma_g**2
    fits = [density(pause_g - one.grams, one.var + sigma_var) - one.cost for one in levels]
    if not fits:
        return UNEXPLAINED
    best = max(fits)
    mean = best + math.log(sum(math.exp(fit - best) for fit in fits) / len(fits))
    return min(UNEXPLAINED, SEEN - mean)


def _levels(moved: Moved, scene: Scene) -> Iterator[Level]:
    """What may have been seen: any part of what moved, and what was undone at once."""
    found, lifted_g = moved.found, moved.object_g
    if lifted_g is not None and not moved.is_gone:
        yield Level(-lifted_g)
    if found is None:
        return
    beside = list(_beside(found, moved, scene))
    kinds = sum(n != 0 for n in found.own)
    if kinds + len(beside) <= MOST_MOVES:
        yield from _between(found, beside, scene)
    else:
        yield _anywhere(found, beside, scene)
    if not kinds:
        yield from _one_by_one(found, moved, scene)
    if kinds == 1 and not beside and max(found.own) <= 0:
        yield from _undone(found, scene)


def _between(found: Explanation, beside: Sequence[Level], scene: Scene) -> Iterator[Level]:
    """Any part of what moved, but not nothing and not all of it."""
    every = tuple(abs(n) for n in found.own)
    ends = {(0, (0,) * len(every)), (len(beside), every)}
    steps = (sorted({*range(min(n, MOST_OF_A_KIND) + 1), n}) for n in every)
    for counts in combinations_of(*steps):
        own = _own(counts, found, scene)
        if counts == every:
            own = Level(found.rest_g, found.beside_var)  # as it was measured
        for size in range(len(beside) + 1):
            if (size, counts) not in ends:
                yield from (_sum((own, *some)) for some in combinations(beside, size))


def _anywhere(found: Explanation, beside: Sequence[Level], scene: Scene) -> Level:
    """As wide as all that moved."""
    own_g = sum(abs(n) * one.unit_weight_g for n, one in zip(found.own, scene.own, strict=True))
    return Level(0.0, (own_g + sum(abs(one.grams) for one in beside)) ** 2)


def _undone(found: Explanation, scene: Scene) -> Iterator[Level]:
    """More units of the kind were taken, and put back before the scale came to rest."""
    for more in range(1, MOST_TOO_MANY + 1):
        counts = tuple(abs(n) + more if n else 0 for n in found.own)
        grams, var, _ = _own(counts, found, scene)
        yield Level(grams, var, PUT_BACK + MANY * math.log(more))


def _one_by_one(found: Explanation, moved: Moved, scene: Scene) -> Iterator[Level]:
    """Some units of what was taken, or put down, at once."""
    for lot, sign, units in _lots(found, moved):
        for some in range(1, units):
            grams, var = part_of(lot, some, scene.products[lot.product])
            yield Level(sign * grams, var)


def _beside(found: Explanation, moved: Moved, scene: Scene) -> Iterator[Level]:
    """What moved beside the own stock, each thing by itself."""
    if moved.object_g is not None and moved.is_gone:
        yield Level(-moved.object_g)
    if moved.came_g is not None:
        yield Level(moved.came_g)
    if len(found.puts) + len(found.leaves) == 1:
        yield Level(found.beside_g, found.beside_var)
        return
    for lot, sign, units in _lots(found, moved):
        grams, var = part_of(lot, units, scene.products[lot.product])
        yield Level(sign * grams, var + (CELLS_DIFFER * grams) ** 2)


def _lots(found: Explanation, moved: Moved) -> Iterator[tuple[Lot, int, int]]:
    """Each lot that was put down (1) or has left (-1), and how many units of it."""
    yield from ((moved.hands[i], 1, units) for i, units in found.puts)
    yield from ((moved.guests[i], -1, units) for i, units in found.leaves)


def _own(counts: Units, found: Explanation, scene: Scene) -> Level:
    levels = []
    for k, n, one in zip(counts, found.own, scene.own, strict=True):
        levels.append(Level(math.copysign(k, n) * one.unit_weight_g, weight_var(one, k)))
    return _sum(levels)


def _sum(levels: Sequence[Level]) -> Level:
    return Level(sum(one.grams for one in levels), sum(one.var for one in levels))
