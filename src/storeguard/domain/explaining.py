"""One weight difference → which units of which products moved, and how sure that is.

A scale's own product comes and goes; a product *in hand* (taken in this visit) may be put down
on a foreign scale, and such a *guest* may leave it again. Each answer is weighed by how well
it fits (a normal density in grams) and by how usual it is; something that is no product at all
(a bag, an elbow) is an answer too, and fits every weight a little.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from storeguard.domain.product import Product

BIAS = 0.005
"""A product's mean weight differs so much from what the owner wrote."""

SIGMAS = 3.0
LARGEST_RESIDUAL_PER_UNIT = 0.4
"""Beyond, two counts explain the weight nearly as well as each other."""

MOST_FOREIGN = 3
"""Units of a foreign product that one step may move: more in one hand is a bag."""

MOST_TOGETHER = 2
"""Units of the scale's own product that move in one step with a foreign one. With more, light
goods make up any weight."""

PUT_BACK, DELIVERED, MISPLACED, GUEST_LEAVES, TOGETHER = 5.0, 1000.0, 30.0, 2.0, 20.0
"""So many times rarer than taking a unit of the scale's own product; TOGETHER is for two
products that move in one step. Judgement, not measured: customers put back one item in five to
ten, and misplace far fewer."""

OBJECT_COST = math.log(5000.0 / 0.003)
"""Three changes in a thousand are no product at all, of any weight up to 5 kg."""

SURE = 0.9
CONSIDERED = 0.02
"""An answer with a smaller share is left out of the ranges of an uncertain one."""


@dataclass(frozen=True, slots=True)
class Part:
    """A product that may have moved: on the scale (so many may leave) or in hand (may come)."""

    product: Product
    here: int
    in_hand: int
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Product → units that came (positive) or left, the likeliest; empty for no product.

    `share`: of all answers that were weighed, 0..1. `ranges`: product → least and most units
    among those that cannot be ruled out, where the answer is not certain.
    """

    units: Mapping[str, int]
    residual_g: float
    share: float
    is_certain: bool
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def moves_alone(difference_g: float, foreign: Sequence[Part], band_g: float) -> bool:
    """Could one of the foreign products by itself be the whole difference?"""
    return any(
        _fits((n,), difference_g, (part,), band_g)
        for part in foreign
        for n in range(-min(part.here, MOST_FOREIGN), min(part.in_hand, MOST_FOREIGN) + 1)
        if n
    )


Units = tuple[int, ...]
"""Units of each part, in the order of the parts."""


def explain(difference_g: float, parts: Sequence[Part], band_g: float) -> Answer:
    """The likeliest answer.

    `parts`: the scale's own product first, then the foreign ones; `band_g`: half the width of
    what is quiet. Raises ValueError without a part.
    """
    weighed = dict(
        _weighed(units, difference_g, parts, band_g) for units in _candidates(difference_g, parts)
    )
    least = min([*weighed.values(), OBJECT_COST])
    total = sum(math.exp(least - cost) for cost in [*weighed.values(), OBJECT_COST])
    shares = {units: math.exp(least - cost) / total for units, cost in weighed.items()}
    best = max(shares, key=lambda units: shares[units])
    is_certain = _fits(best, difference_g, parts, band_g) and shares[best] >= SURE
    return Answer(
        {part.product.name: n for part, n in zip(parts, best, strict=True) if n},
        _residual(best, difference_g, parts),
        shares[best],
        is_certain,
        {} if is_certain else _ranges(shares, parts),
    )


def _candidates(difference_g: float, parts: Sequence[Part]) -> Iterator[Units]:
    """For nothing foreign and each foreign change, the nearest counts of the scale's own."""
    own, *foreign = parts
    for moved in _foreign_changes(foreign):
        rest_g = difference_g - sum(
            n * part.product.unit_weight_g for n, part in zip(moved, foreign, strict=True)
        )
        nearest = math.floor(rest_g / own.product.unit_weight_g)
        for n in {0, max(-own.here, nearest), max(-own.here, nearest + 1)}:
            if abs(n) <= MOST_TOGETHER or not any(moved):
                yield (n, *moved)


def _foreign_changes(foreign: Sequence[Part]) -> Iterator[Units]:
    """Of one foreign product at a time: two at once are told apart by nobody."""
    yield (0,) * len(foreign)
    for i, part in enumerate(foreign):
        for n in range(-min(part.here, MOST_FOREIGN), min(part.in_hand, MOST_FOREIGN) + 1):
            if n:
                yield tuple(n if j == i else 0 for j in range(len(foreign)))


def _weighed(
    units: Units, difference_g: float, parts: Sequence[Part], band_g: float
) -> tuple[Units, float]:
    sigma_g = _allowed_g(units, parts, band_g) / SIGMAS
    off = _residual(units, difference_g, parts) / sigma_g
    rarity = sum(_rarity(n, part) for n, part in zip(units, parts, strict=True))
    rarity += math.log(TOGETHER) if sum(map(bool, units)) > 1 else 0.0
    return units, off**2 / 2 + math.log(sigma_g * math.sqrt(2 * math.pi)) + rarity


def _rarity(n: int, part: Part) -> float:
    """In nats, against one unit of the scale's own product that leaves."""
    if n == 0:
        return 0.0
    how_many = math.log((1 + abs(n)) / 2)
    if n < 0:
        return how_many + (0.0 if part.is_own else math.log(GUEST_LEAVES))
    if not part.is_own:
        return how_many + math.log(MISPLACED)
    return how_many + math.log(PUT_BACK if n <= part.in_hand else DELIVERED)


def _residual(units: Units, difference_g: float, parts: Sequence[Part]) -> float:
    moved_g = sum(n * part.product.unit_weight_g for n, part in zip(units, parts, strict=True))
    return difference_g - moved_g


def _allowed_g(units: Units, parts: Sequence[Part], band_g: float) -> float:
    """Half the scale's band, three times the units' spread, and the bias of their weights."""
    pairs = [(abs(n), part.product) for n, part in zip(units, parts, strict=True)]
    spread_g = SIGMAS * math.sqrt(sum(n * product.spread_g**2 for n, product in pairs))
    bias_g = BIAS * sum(n * product.unit_weight_g for n, product in pairs)
    return band_g / 2 + spread_g + bias_g


def _fits(units: Units, difference_g: float, parts: Sequence[Part], band_g: float) -> bool:
    lightest_g = min(
        (p.product.unit_weight_g for n, p in zip(units, parts, strict=True) if n), default=math.inf
    )
    most_g = min(_allowed_g(units, parts, band_g), LARGEST_RESIDUAL_PER_UNIT * lightest_g)
    return abs(_residual(units, difference_g, parts)) <= most_g


def _ranges(shares: Mapping[Units, float], parts: Sequence[Part]) -> dict[str, tuple[int, int]]:
    likely = [units for units, share in shares.items() if share >= CONSIDERED]
    likely = likely or [max(shares, key=lambda units: shares[units])]
    found = {}
    for i, part in enumerate(parts):
        counts = [units[i] for units in likely]
        if any(counts) or part.is_own:
            found[part.product.name] = (min(counts), max(counts))
    return found
