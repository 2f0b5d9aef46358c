"""What one unit of a product really weighs, learnt from single steps; offered, never applied.

Each confirmed step of one unit is one weighing of one unit: mean and spread follow by Welford's
way, without keeping the weighings. A step far off what has been seen is left out: it was two
small things, or another product. Or the product comes in another packing: what is left out is a
`rival` of what is known, as far as it agrees among itself, and takes its place once it is enough.
Where the owner writes another weight that the weighings do not bear out, they were of another
product under the same name: they are forgotten.
"""

import math
from dataclasses import dataclass, replace

from storeguard.domain.product import Product

FEWEST = 20
"""Fewer weighings say little about the spread."""

FAR_SIGMAS = 4.0
FEWEST_TO_REJECT = 8
FAR_PER_UNIT = 0.25
"""Until there are so many, what is so far off the written weight is left out; later it is still
no packing of the product."""

AGAINST = 2
"""A weighing that fits what is known takes so many from its rival: two in three have to be of the
new packing. While the old one is sold beside it, or where a hand or another thing comes between
now and then, nothing is replaced."""

AGREE_PER_UNIT = 0.04
"""So near to each other weigh those of one packing: its spread is not known yet, 1 % is usual."""

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

    `written_g`: what the inventory said meanwhile; 0 where that was not noted. `rival`: what was
    too far from these to be taken and agrees among itself, less what spoke against it.
    """

    n: int = 0
    mean_g: float = 0.0
    m2: float = 0.0
    written_g: float = 0.0
    rival: "Learnt | None" = None

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
    if not (_is_far(known, grams, written_g) or _is_of_rival(known, grams)):
        taken = _taken(known, grams, sigma_g)
        return replace(taken, written_g=written_g, rival=_less(known.rival, AGAINST))
    if _is_no_unit(grams, written_g):
        return known
    rival = _rival(known, grams, sigma_g, AGREE_PER_UNIT * written_g)
    if rival.n >= FEWEST:
        return replace(rival, written_g=written_g)
    return replace(known, rival=rival)


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


def _taken(known: Learnt, grams: float, sigma_g: float) -> Learnt:
    n = min(known.n + 1, MOST)
    kept = known.m2 * (n - 1) / known.n if known.n >= MOST else known.m2
    off_g = grams - known.mean_g
    mean_g = known.mean_g + off_g / n
    m2 = max(0.0, kept + off_g * (grams - mean_g) - sigma_g**2 * (n > 1))
    return replace(known, n=n, mean_g=mean_g, m2=m2)


def _rival(known: Learnt, grams: float, sigma_g: float, near_g: float) -> Learnt:
    """What the weighing makes of the rival: one more, one less, or it is the first of another."""
    rival = known.rival
    if rival is not None:
        if abs(grams - rival.mean_g) <= max(FAR_SIGMAS * known.spread_g, near_g):
            return _taken(rival, grams, sigma_g)
        rival = _less(rival, 1)
    return rival or Learnt(1, grams)


def _is_of_rival(known: Learnt, grams: float) -> bool:
    """The lighter half of a heavier packing is not taken for the old one, which would follow it
    halfway, over years."""
    rival = known.rival
    return rival is not None and abs(grams - rival.mean_g) < abs(grams - known.mean_g)


def _less(rival: Learnt | None, weighings: int) -> Learnt | None:
    """Of the same mean and spread, but of fewer; None where nothing is left."""
    if rival is None or rival.n <= weighings:
        return None
    n = rival.n - weighings
    return replace(rival, n=n, m2=rival.spread_g**2 * (n - 1))


def _is_far(known: Learnt, grams: float, written_g: float) -> bool:
    if known.n < FEWEST_TO_REJECT:
        return _is_no_unit(grams, written_g)
    least_g = OFF_PER_UNIT * written_g
    return abs(grams - known.mean_g) > FAR_SIGMAS * max(known.spread_g, least_g)


def _is_no_unit(grams: float, written_g: float) -> bool:
    return abs(grams - written_g) > FAR_PER_UNIT * written_g
