"""What one unit of a product really weighs, learnt from single steps; offered, never applied.

Each confirmed step of one unit is one weighing of one unit: mean and spread follow by Welford's
way, without keeping the weighings. A step far off what has been seen is left out: it was two
small things, or another product. Where the owner writes another weight that the weighings do not
bear out, they were of another product under the same name: they are forgotten.
"""

import math
from dataclasses import dataclass, replace

from storeguard.domain.product import Product

FEWEST = 20
"""Fewer weighings say little about the spread."""

FAR_SIGMAS = 4.0
FEWEST_TO_REJECT = 8
FAR_PER_UNIT = 0.25
"""Until there are so many, what is so far off the written weight is left out."""

OFF_PER_UNIT = 0.005
"""Nearer to the written weight nothing is gained by another one."""

SURE_SIGMAS = 3.0
WIDE_PER_SPREAD = 1.5
"""Units that scatter so much wider than what is written make counts uncertain in vain. A narrower
spread alone is no reason to ask: every product would have one."""

FINE_BELOW_G = 20.0
"""A lighter unit is offered to a hundredth of a gram: a tenth would be more than it is off by."""

MOST = 2_000
"""Older weighings fade: a product that is made lighter is found within months."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """Grams over `n` weighings; `m2` is the sum of squared deviations.

    `written_g`: what the inventory said meanwhile; 0 where that was not noted.
    """

    n: int = 0
    mean_g: float = 0.0
    m2: float = 0.0
    written_g: float = 0.0

    @property
    def spread_g(self) -> float:
        return math.sqrt(self.m2 / (self.n - 1)) if self.n > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Offer:
    """A unit weight and a tolerance that fit what was weighed better than what is written."""

    product: str
    written_g: float
    unit_g: float
    tolerance_g: float
    weighings: int


@dataclass(frozen=True, slots=True)
class Declined:
    """What the owner did not want to write instead of `written_g`."""

    written_g: float
    unit_g: float
    tolerance_g: float


def learn(known: Learnt, grams: float, written_g: float, sigma_g: float = 0.0) -> Learnt:
    """Takes one weighing. `sigma_g`: the scale's own error in it, taken off the spread."""
    known = _still(known, written_g)
    if _is_far(known, grams, written_g):
        return known
    n = min(known.n + 1, MOST)
    kept = known.m2 * (n - 1) / known.n if known.n >= MOST else known.m2
    off_g = grams - known.mean_g
    mean_g = known.mean_g + off_g / n
    m2 = max(0.0, kept + off_g * (grams - mean_g) - sigma_g**2 * (n > 1))
    return Learnt(n, mean_g, m2, written_g)


def offer(product: Product, known: Learnt) -> Offer | None:
    """What the owner may write instead; None where what is written is right or little is known."""
    written_g = product.unit_weight_g
    known = _still(known, written_g)
    if known.n < FEWEST:
        return None
    is_wide = known.spread_g > WIDE_PER_SPREAD * product.spread_g
    unit_g = round(known.mean_g, 2 if known.mean_g < FINE_BELOW_G else 1)
    is_off = unit_g != written_g and abs(known.mean_g - written_g) > _unsure_g(known, written_g)
    if not (is_off or is_wide):
        return None
    return Offer(product.name, written_g, unit_g, round(max(known.spread_g, 0.1), 1), known.n)


def is_declined(offered: Offer, declined: Declined | None) -> bool:
    """Has the owner said no to this already? Not to a weight or a spread that differ from it."""
    if declined is None or offered.written_g != declined.written_g:
        return False
    is_same = abs(offered.unit_g - declined.unit_g) <= OFF_PER_UNIT * offered.written_g
    return is_same and offered.tolerance_g <= WIDE_PER_SPREAD * declined.tolerance_g


def _unsure_g(known: Learnt, written_g: float) -> float:
    """So far from the written weight the mean may be without saying anything against it."""
    return max(SURE_SIGMAS * known.spread_g / math.sqrt(known.n), OFF_PER_UNIT * written_g)


def _still(known: Learnt, written_g: float) -> Learnt:
    """What is known, under the weight that is written now; nothing if the owner knows better."""
    if not known.n or known.written_g in (0.0, written_g):
        return known
    if abs(known.mean_g - written_g) <= _unsure_g(known, written_g):
        return replace(known, written_g=written_g)
    return Learnt()


def _is_far(known: Learnt, grams: float, written_g: float) -> bool:
    if known.n < FEWEST_TO_REJECT:
        return abs(grams - written_g) > FAR_PER_UNIT * written_g
    least_g = OFF_PER_UNIT * written_g
    return abs(grams - known.mean_g) > FAR_SIGMAS * max(known.spread_g, least_g)
