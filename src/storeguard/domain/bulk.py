"""A chest freezer on a scale of its own: grams and won, not products.

What lies in a freezer is one heap of a hundred kilograms on summed cells. Frost that grows and
water that runs off at a defrost are slow: they are drift, never steps. Compressors, lids and
leaning customers come to rest again, or are a step that the sales explain. What is left of a
visit, its steps less what was sold out of this freezer, is missing *grams*, worth about so many
typical items: never a product, and never one single light item. The cells' noise (24 to 48 g
peak to peak on 200 kg) and the wrapper's frost decide what can be seen; see `least_g`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from storeguard.domain.drift import DriftRules
from storeguard.domain.events import StepSettled
from storeguard.domain.product import UNIT_SPREAD, Product

SETTLE_FOR_S = 4.0
"""Longer than for a plate: twice the samples halve the noise of such large cells."""

NOISE_BANDS_PER_CAPACITY = 0.00015
"""Half the width of what is quiet: 30 g on 200 kg, four times its noise."""

RAMP_G_PER_S, RAMP_G_PER_HOUR = 3.0, 1_500.0
"""A defrost loses 100 to 300 g within 20 to 30 minutes; frost gains 50 to 200 g a day. Faster than
either are the cells themselves: at 7 g/°C on each 10 kg the air conditioning's 5 °C are 700 g on
200 kg, through the cells' own lag of minutes up to 2.9 g a second."""

LONG_S, ROOM_G = 60.0, 700.0
"""What has been on the move for longer than hands are may be the cells themselves: their zero is
followed by nobody meanwhile. ROOM_G: the 5 °C, on 200 kg."""

MOST_CARRIED_G = 40_000.0
"""Nobody carries that much out in one visit: the freezer itself has been lifted, or moved."""

LEAST_ITEMS = 1.5
SIGMAS = 3.0
MOST_CERTAIN = 0.9
"""What no product answers for is never told as sure as a count."""

SHARED_CERTAINTY = 0.5
"""Several visits went by before the freezer came to rest: it is one of them."""

ROUND_G, ROUND_WON = 10, 100


def rules(capacity_g: float) -> DriftRules:
    """Ramps are followed without an end: frost of months is no loss, and hides none of a visit."""
    share = max(1.0, capacity_g / 200_000.0)
    return DriftRules(RAMP_G_PER_S * share, RAMP_G_PER_HOUR * share, math.inf)


def band_g(capacity_g: float) -> float:
    """Half width of what counts as quiet."""
    return capacity_g * NOISE_BANDS_PER_CAPACITY


@dataclass(frozen=True, slots=True)
class Moved:
    """One step of a bulk scale: grams that came (positive) or left, and how unsure they are.

    `still_s`: when it had come to rest, which was seen at `t_s`.
    """

    started_s: float
    t_s: float
    grams: float
    sigma_g: float
    still_s: float = -math.inf

    @property
    def is_long(self) -> bool:
        """Longer than hands are at it?"""
        return self.still_s - self.started_s > LONG_S

    def touches(self, from_s: float, until_s: float) -> bool:
        """Did it begin, or go on, between the two instants?"""
        return self.started_s <= until_s and max(self.started_s, self.still_s) >= from_s


def still_s(step: StepSettled, settle_for_s: float) -> float:
    """When a step was over.

    Of goods that slid away nobody saw anything move: then, and where a reading was missed, only
    its beginning counts, else everybody of an hour might have been at it.
    """
    if math.isinf(step.swung_g):
        return step.started_s
    return max(step.started_s, step.t_s - settle_for_s)


def unsure_g(sigma_g: float, moved_for_s: float, per_s_g: float) -> float:
    """One sigma of a step that took so long; `per_s_g`: how fast the zero may go meanwhile."""
    if moved_for_s <= LONG_S:
        return sigma_g
    zero_g = min(per_s_g * moved_for_s, ROOM_G * per_s_g / RAMP_G_PER_S)
    return math.hypot(sigma_g, zero_g / SIGMAS)


@dataclass(frozen=True, slots=True)
class Loss:
    """What a visit has left unexplained; negative where it is heavier than the sales say.

    `items` typical ones, worth `won`; `certainty` that at least one item is missing, 0..1.
    """

    grams: float
    sigma_g: float
    items: int
    won: int
    certainty: float

    @property
    def is_too_much(self) -> bool:
        """For goods that somebody has taken."""
        return self.grams > MOST_CARRIED_G


@dataclass(frozen=True, slots=True)
class Typical:
    """An item of this freezer: the median weight, and what a gram of its goods costs."""

    unit_g: float
    won_per_g: float

    @classmethod
    def of(cls, products: Sequence[Product], counts: Mapping[str, int]) -> "Typical | None":
        """Weighed by what is booked; None where no product has a weight."""
        weighed = [one for one in products if one.is_weighable]
        if not weighed:
            return None
        booked = {one.name: max(1, counts.get(one.name, 0)) for one in weighed}
        grams = sum(one.unit_weight_g * booked[one.name] for one in weighed)
        won = sum(one.price_won * booked[one.name] for one in weighed)
        return cls(median(one.unit_weight_g for one in weighed), won / grams)


def least_g(typical: Typical, sigma_g: float) -> float:
    """The smallest loss that is told."""
    return max(LEAST_ITEMS * typical.unit_g, SIGMAS * sigma_g)


def judge(
    moved: Iterable[Moved], sold: Iterable[tuple[Product, int]], typical: Typical
) -> Loss | None:
    """What is missing, or too much, beyond what noise and spread can be; None for neither."""
    moved, sold = tuple(moved), tuple(sold)
    gone_g = -sum(step.grams for step in moved)
    sold_g = sum(count * product.unit_weight_g for product, count in sold)
    var = sum(step.sigma_g**2 for step in moved)
    var += sum(abs(n) * one.spread_g**2 + (n * one.unit_weight_g * 0.005) ** 2 for one, n in sold)
    grams, sigma_g = gone_g - sold_g, math.sqrt(var)
    if abs(grams) < least_g(typical, sigma_g):
        return None
    items, won = worth(abs(grams), typical)
    spread_g = math.hypot(sigma_g, UNIT_SPREAD * typical.unit_g * math.sqrt(items))
    sure = _normal((abs(grams) - typical.unit_g / 2) / max(spread_g, 1.0))
    return Loss(grams, sigma_g, items, won, round(min(MOST_CERTAIN, sure), 3))


def worth(grams: float, typical: Typical) -> tuple[int, int]:
    """About how many typical items weigh so much, and what they cost, in round won."""
    won = round(grams * typical.won_per_g / ROUND_WON) * ROUND_WON
    return max(1, round(grams / typical.unit_g)), won


def _normal(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def rounded_g(loss: Loss) -> int:
    """As a person says it: 약 230 g."""
    return round(abs(loss.grams) / ROUND_G) * ROUND_G
