"""What one unit of a product really weighs, learnt from single steps; offered, never applied.

Each confirmed step of one unit is one weighing of one unit: mean and spread follow by Welford's
way, without keeping the weighings. A step far off what has been seen is left out: it was two
small things, or another product.
"""

import math
from dataclasses import dataclass

FEWEST = 20
"""Fewer weighings say little about the spread."""

FAR_SIGMAS = 4.0
FEWEST_TO_REJECT = 8
FAR_PER_UNIT = 0.25
"""Until there are so many, what is so far off the written weight is left out."""

OFF_PER_UNIT = 0.005
"""Nearer to the written weight nothing is gained by another one."""

SURE_SIGMAS = 3.0
MOST = 2_000
"""Older weighings fade: a product that is made lighter is found within months."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """Grams over `n` weighings; `m2` is the sum of squared deviations."""

    n: int = 0
    mean_g: float = 0.0
    m2: float = 0.0

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


def learn(known: Learnt, grams: float, written_g: float, sigma_g: float = 0.0) -> Learnt:
    """Takes one weighing. `sigma_g`: the scale's own error in it, taken off the spread."""
    if _is_far(known, grams, written_g):
        return known
    n = min(known.n + 1, MOST)
    kept = known.m2 * (n - 1) / known.n if known.n >= MOST else known.m2
    off_g = grams - known.mean_g
    mean_g = known.mean_g + off_g / n
    return Learnt(n, mean_g, max(0.0, kept + off_g * (grams - mean_g) - sigma_g**2 * (n > 1)))


def offer(product: str, known: Learnt, written_g: float) -> Offer | None:
    """What the owner may write instead; None where what is written is right or little is known."""
    if known.n < FEWEST:
        return None
    off_g = abs(known.mean_g - written_g)
    unsure_g = SURE_SIGMAS * known.spread_g / math.sqrt(known.n)
    if off_g <= max(unsure_g, OFF_PER_UNIT * written_g):
        return None
    return Offer(
        product, written_g, round(known.mean_g, 1), round(max(known.spread_g, 0.1), 1), known.n
    )


def _is_far(known: Learnt, grams: float, written_g: float) -> bool:
    if known.n < FEWEST_TO_REJECT:
        return abs(grams - written_g) > FAR_PER_UNIT * written_g
    least_g = OFF_PER_UNIT * written_g
    return abs(grams - known.mean_g) > FAR_SIGMAS * max(known.spread_g, least_g)
