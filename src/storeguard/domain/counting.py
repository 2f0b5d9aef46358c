"""Settled levels → item counts, with certainty.

Counting is relative: an *anchor* is the last level whose count was certain, and a new level
is compared with it. So drift and the owner's rounding of unit weights do not add up over a
full shelf, and a bag that is put down and taken away again leaves the count as it was.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from storeguard.domain.explaining import (
    BIAS,
    LARGEST_RESIDUAL_PER_UNIT,
    SIGMAS,
    Answer,
    Part,
    explain,
    moves_alone,
)
from storeguard.domain.product import Product

LEAST_CERTAINTY = 0.75
"""Of 130 sweets of 16 g at once, 129 and 131 are nearly as likely: a leaning child, perhaps."""


@dataclass(frozen=True, slots=True)
class CountEstimate:
    """`change` units nearest to a weight difference; `residual_g` is what they leave unexplained.

    `low` and `high` bound the change where it is not certain. `certainty` is the share of the
    nearest integer among its neighbours, 0..1.
    """

    change: int
    residual_g: float
    is_certain: bool
    low: int
    high: int
    certainty: float


def estimate_change(difference_g: float, product: Product, band_g: float) -> CountEstimate:
    """Nearest integer within the stated tolerance, otherwise uncertain.

    The tolerance is half the scale's band, three times the units' spread (which adds up with
    the root of their number) and the bias of the unit weight (which adds up with the number).
    """
    unit_g = product.unit_weight_g
    ratio = difference_g / unit_g
    change = math.floor(ratio + 0.5)
    residual_g = difference_g - change * unit_g
    allowed_g = allowed_residual_g(change, product, band_g)
    spread_g = _spread_g(change, product, band_g)
    certainty = _share_of_nearest(abs(residual_g), unit_g, spread_g / SIGMAS)
    is_certain = abs(residual_g) <= allowed_g and certainty >= LEAST_CERTAINTY
    low, high = (change, change) if is_certain else (math.floor(ratio), math.ceil(ratio))
    return CountEstimate(change, residual_g, is_certain, low, high, certainty)


def allowed_residual_g(change: int, product: Product, band_g: float) -> float:
    most_g = LARGEST_RESIDUAL_PER_UNIT * product.unit_weight_g
    return min(most_g, _spread_g(change, product, band_g))


def _spread_g(change: int, product: Product, band_g: float) -> float:
    """Three sigma of what so many units weigh, with the scale's noise and the owner's rounding."""
    units = max(1, abs(change))
    spread_g = SIGMAS * product.spread_g * math.sqrt(units)
    return band_g / 2 + spread_g + BIAS * product.unit_weight_g * units


def _share_of_nearest(off_g: float, unit_g: float, sigma_g: float) -> float:
    """Of the nearest integer and its two neighbours."""

    def weight(residual_g: float) -> float:
        return math.exp(min((off_g**2 - residual_g**2) / (2 * sigma_g**2), 50.0))

    return 1 / (1 + weight(unit_g - off_g) + weight(unit_g + off_g))


REMEMBERED = 6
"""Earlier contents that a scale may return to: a bag that is lifted, a hand that lets go."""


@dataclass(frozen=True, slots=True)
class Content:
    """What was certain at an earlier level."""

    level_g: float
    count: int
    guests: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ScaleCount:
    """The count of a one-product scale.

    `count` is in force; the anchor is the level at which it was last certain. `guests` are
    units of other products that were put down here. While `is_certain` is False, `low` and
    `high` bound what is really there, and `doubts` the guests that may have come or gone.
    """

    count: int
    anchor_g: float
    is_certain: bool = True
    low: int = 0
    high: int = 0
    certainty: float = 1.0
    guests: Mapping[str, int] = field(default_factory=dict)
    doubts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    earlier: tuple[Content, ...] = ()

    @property
    def content(self) -> Content:
        return Content(self.anchor_g, self.count, self.guests)


def first_count(
    level_g: float,
    booked: int,
    product: Product,
    band_g: float,
    guests: Mapping[Product, int] | None = None,
) -> ScaleCount:
    """The count after a start: the nearest integer if it is clear, else what the book says.

    The anchor of an unclear count is what the booked units would weigh: once whatever made
    it unclear is gone, the count is certain again, and until then it is not. `guests` lay
    here when it was last looked at.
    """
    guests = guests or {}
    named = {guest.name: n for guest, n in guests.items()}
    found = estimate_change(level_g - goods_g(0, product, guests), product, band_g)
    if found.change == booked:
        return ScaleCount(booked, level_g, guests=named)
    if not found.is_certain or found.change < 0:
        low, high = max(0, found.low), max(0, found.high)
        booked_g = goods_g(booked, product, guests)
        return ScaleCount(booked, booked_g, False, low, high, found.certainty, named)
    return ScaleCount(found.change, level_g, certainty=found.certainty, guests=named)


def goods_g(count: int, product: Product, guests: Mapping[Product, int]) -> float:
    """What the units of the scale's own product and its guests weigh together."""
    guests_g = sum(n * guest.unit_weight_g for guest, n in guests.items())
    return count * product.unit_weight_g + guests_g


def recount(
    state: ScaleCount,
    level_g: float,
    product: Product,
    band_g: float,
    foreign: Sequence[Part] = (),
    in_hand: int = 0,
) -> ScaleCount:
    """The count at a new settled level; what is in force stays where it is not clear.

    A level that was certain earlier in this visit has what it had then: whatever was put down
    is gone again.
    `foreign`: the guests that may leave and what is in hand and may come; `in_hand`: units of
    the scale's own product that may be put back.
    """
    known = (state.content, *reversed(state.earlier))
    again = next((c for c in known if abs(level_g - c.level_g) <= band_g / 2), None)
    if again is not None and not moves_alone(level_g - state.anchor_g, foreign, band_g):
        found = ScaleCount(again.count, level_g, guests=again.guests)
    else:
        found = _recount(state, level_g, product, band_g, foreign, in_hand)
    if not found.is_certain:
        return found
    return replace(found, earlier=(*state.earlier, state.content)[-REMEMBERED:])


def _recount(
    state: ScaleCount,
    level_g: float,
    product: Product,
    band_g: float,
    foreign: Sequence[Part],
    in_hand: int,
) -> ScaleCount:
    if foreign:
        own = Part(product, state.count, in_hand, is_own=True)
        answer = explain(level_g - state.anchor_g, (own, *foreign), band_g)
        return _answered(state, level_g, product.name, answer)
    found = estimate_change(level_g - state.anchor_g, product, band_g)
    if found.is_certain and state.count + found.change >= 0:
        return ScaleCount(
            state.count + found.change, level_g, certainty=found.certainty, guests=state.guests
        )
    low, high = (max(0, state.count + bound) for bound in (found.low, found.high))
    return replace(
        state, is_certain=False, low=low, high=high, certainty=found.certainty, doubts={}
    )


def _answered(state: ScaleCount, level_g: float, own: str, answer: Answer) -> ScaleCount:
    if answer.is_certain:
        moved = {name: n for name, n in answer.units.items() if name != own}
        count = state.count + answer.units.get(own, 0)
        guests = _changed(state.guests, moved)
        return ScaleCount(count, level_g, certainty=answer.share, guests=guests)
    low, high = (max(0, state.count + bound) for bound in answer.ranges[own])
    return replace(
        state,
        is_certain=False,
        low=low,
        high=high,
        certainty=answer.share,
        doubts={name: bounds for name, bounds in answer.ranges.items() if name != own},
    )


def _changed(guests: Mapping[str, int], moved: Mapping[str, int]) -> dict[str, int]:
    counts = {name: guests.get(name, 0) + moved.get(name, 0) for name in {**guests, **moved}}
    return {name: count for name, count in counts.items() if count > 0}


def forgetful(state: ScaleCount) -> ScaleCount:
    """A new visit begins: what earlier visitors put down and lifted again says nothing now."""
    return replace(state, earlier=())


def set_count(level_g: float, count: int, guests: Mapping[str, int] | None = None) -> ScaleCount:
    """The owner says how many there are at this level."""
    return ScaleCount(count, level_g, guests=guests or {})
