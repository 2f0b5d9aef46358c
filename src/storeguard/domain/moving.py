"""Units that have moved: what lies where, what is in hand, and what each thing is known to weigh.

A step weighs what moved all over again. So what was put down is known from then on as exactly as
this scale shows it, however roughly it was known in hand: one of two that were taken at once.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from storeguard.domain.belief import Load, Lot
from storeguard.domain.explaining import REACH_SIGMAS, Explanation, Scene, part_of
from storeguard.domain.product import Product
from storeguard.domain.spread import weight_var


class Known(NamedTuple):
    """What something weighs, and its variance."""

    grams: float
    var: float


class Lots(NamedTuple):
    """After something moved: own units of a scale, guests on it, and what is in hand."""

    own: tuple[int, ...]
    guests: tuple[Lot, ...]
    hands: tuple[Lot, ...]


def moved(
    found: Explanation,
    load: Load,
    held: Sequence[Lot],
    scene: Scene,
    pauses: Sequence[float] = (),
) -> Lots:
    """What was found, done. `pauses`: grams at which the scale kept still on the way."""
    own, hands, guests = list(load.own), list(held), list(load.guests)
    names = [product.name for product in scene.own]
    weights = _Weights(found, load, held, scene)
    came, left = [], []
    for i, units in found.puts:
        lot, hands[i] = _split(hands[i], units, weights.of(hands[i], units, 1))
        if lot.product in names:
            own[names.index(lot.product)] += units
        else:
            came.append(lot._replace(paid_s=None))
    for i, units in found.leaves:
        lot, guests[i] = _split(guests[i], units, weights.of(guests[i], units, -1))
        left.append(lot._replace(since_s=scene.now_s))
    left += _grabs(found, scene, pauses) or _taken(found, weights, scene)
    counts = tuple(here + n for here, n in zip(own, found.own, strict=True))
    return Lots(counts, _some([*guests, *came]), _some([*hands, *left]))


class _Weights:
    """What moved together has been weighed together: what that differs by from what was expected
    is shared out by how unsure each one's weight was (the linear update of independent normals).
    """

    def __init__(self, found: Explanation, load: Load, held: Sequence[Lot], scene: Scene) -> None:
        self._scene = scene
        self._is_one = len(found.puts) + len(found.leaves) == 1
        self._found = found
        moving = [(held[i], units, 1) for i, units in found.puts]
        moving += [(load.guests[i], units, -1) for i, units in found.leaves]
        pairs = list(zip(found.own, scene.own, strict=True))
        own_g = sum(n * one.unit_weight_g for n, one in pairs)
        self.off_g = found.rest_g - own_g
        self.var = sum(weight_var(one, n) for n, one in pairs)
        self.var += sum(self._before(*one).var for one in moving)

    def of(self, lot: Lot, units: int, sign: int) -> Known:
        """So many units of a lot that was put down (`sign` 1) or has left (-1)."""
        before = self._before(lot, units, sign)
        share = before.var / (self.var + self._scene.sigma_g**2)
        return Known(before.grams + sign * share * self.off_g, before.var * (1 - share))

    def _before(self, lot: Lot, units: int, sign: int) -> Known:
        if self._is_one:  # it may have been found to be another of its kind than the lot's
            return Known(sign * self._found.beside_g, self._found.beside_var)
        return Known(*part_of(lot, units, self._scene.products[lot.product]))


def _split(lot: Lot, units: int, known: Known) -> tuple[Lot, Lot]:
    """So many units of a lot, and the rest of it: what all weigh together is known."""
    sd_g = math.sqrt(known.var)
    part = lot._replace(units=units, grams=known.grams, sd_g=sd_g)
    rest_g = lot.grams - known.grams
    return part, lot._replace(
        units=lot.units - units, grams=rest_g, sd_g=math.hypot(lot.sd_g, sd_g)
    )


def _some(lots: Sequence[Lot]) -> tuple[Lot, ...]:
    return tuple(lot for lot in lots if lot.units)


def _taken(found: Explanation, weights: _Weights, scene: Scene) -> Iterator[Lot]:
    """A lot a product of the own stock that left. The owner's unit weight is no more than a hint,
    so a product that left by itself weighs what was measured."""
    for n, one in zip(found.own, scene.own, strict=True):
        if n < 0:
            var = weight_var(one, n)
            share = var / weights.var
            grams = -n * one.unit_weight_g - share * weights.off_g
            sd_g = math.hypot(scene.sigma_g, math.sqrt(var * (1 - share)))
            yield Lot(one.name, -n, grams, sd_g, scene.now_s)


def _grabs(found: Explanation, scene: Scene, pauses: Sequence[float]) -> list[Lot]:
    """Units of one product that left one after the other, where the scale kept still between:
    what each grab weighs is known. Empty where the pauses say nothing of that kind."""
    gone = [(-n, one) for n, one in zip(found.own, scene.own, strict=True) if n]
    if len(gone) != 1 or gone[0][0] < 2 or found.puts or found.leaves:
        return []
    units, product = gone[0]
    levels = [(0, 0.0), *((_units(g, product), g) for g in pauses), (units, found.rest_g)]
    lots = []
    for (before, from_g), (after, to_g) in pairwise(levels):
        grams, many = from_g - to_g, after - before
        var = weight_var(product, many) + 2 * scene.sigma_g**2
        if many <= 0 or abs(grams - many * product.unit_weight_g) > REACH_SIGMAS * math.sqrt(var):
            return []
        sd_g = math.sqrt(2) * scene.sigma_g
        lots.append(Lot(product.name, many, grams, sd_g, scene.now_s))
    return lots if len(lots) > 1 else []


def _units(level_g: float, product: Product) -> int:
    return round(-level_g / product.unit_weight_g)
