"""What the scales say of a visit's goods: counts that are known, and ranges where they are not."""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Literal

from storeguard.domain import naming
from storeguard.domain.answers import Count
from storeguard.domain.belief import SURE
from storeguard.domain.doubts import Doubt
from storeguard.domain.ledger import Visit
from storeguard.services.weighing import Channel, WeighingService

OfStep = Literal["uncertain", "shared"]


def weighed_counts(weighing: WeighingService, booked: Mapping[str, int]) -> dict[str, int]:
    """The shelf book's counts of the products that a scale has counted."""
    return {
        product.name: booked.get(product.name, 0)
        for channel in weighing.channels
        if channel.is_counted
        for product in channel.products
    }


def unpaid_ranges(
    weighing: WeighingService, visit: Visit, now_s: float
) -> dict[str, tuple[int, int]]:
    """Product → least and most units that may be unpaid, where the weight is not clear."""
    ranges, told = {}, weighing.tally.told_in(visit)
    for name, count in weighing.tally.open_in(visit).items():
        owed = visit.owed(name) + told[name]
        ranges[name] = (owed - count.high, owed - count.low)
    for name, (least, most) in drifted(weighing, visit, now_s).items():
        low, high = ranges.get(name) or (visit.owed(name), visit.owed(name))
        ranges[name] = (low - most, high - least)
    return {name: (max(0, low), max(0, high)) for name, (low, high) in ranges.items()}


def drifted(weighing: WeighingService, visit: Visit, now_s: float) -> dict[str, tuple[int, int]]:
    """As `DriftWatch.doubts`, of the time of the visit."""
    until_s = visit.emptied_s if visit.emptied_s is not None else now_s
    return weighing.drifts.doubts(visit.started_s, until_s)


def doubts(weighing: WeighingService, visit: Visit, now_s: float) -> tuple[Doubt, ...]:
    """Why counts of the visit are open: the step behind each, and the zeros that have moved."""
    tally = weighing.tally
    return (
        *(_of_step(weighing, visit, "uncertain", name) for name in sorted(tally.open_in(visit))),
        *(_of_step(weighing, visit, "shared", name) for name in sorted(tally.open_shares(visit))),
        *(_of_zero(weighing, name) for name in sorted(drifted(weighing, visit, now_s))),
    )


def restless(weighing: WeighingService, emptied_s: float) -> tuple[Doubt, ...]:
    """Products whose scale has not come to rest since the visit."""
    return tuple(
        Doubt("restless", product.name, channel.id)
        for channel in weighing.channels
        if channel.was_restless(emptied_s)
        for product in channel.products
    )


def _of_step(weighing: WeighingService, visit: Visit, kind: OfStep, name: str) -> Doubt:
    """The newest step of the visit that may be behind it; none that was seen is none."""
    own = {channel.id: channel for channel in _carriers(weighing, name)}
    unsure = [one for one in visit.movements if one.certainty < SURE]
    for steps in (
        [one for one in unsure if one.product == name],
        [one for one in unsure if one.scale in own or one.is_foreign],
        [one for one in visit.movements if one.product == name],
    ):
        if steps:
            last = max(steps, key=lambda one: (one.started_s, one.scale))
            return Doubt(kind, name, last.scale, last.started_s, last.grams)
    until_s = math.inf if visit.emptied_s is None else visit.emptied_s
    for step in (one.step for one in own.values() if one.step is not None):
        if visit.started_s <= step.started_s <= until_s:
            return Doubt(kind, name, step.scale, step.started_s, step.grams)
    return Doubt(kind, name)


def _of_zero(weighing: WeighingService, name: str) -> Doubt:
    moved = {one.id: one.weighing.drift.total_g for one in _carriers(weighing, name)}
    scale = max(moved, key=lambda one: abs(moved[one]))
    return Doubt("drifted", name, scale, grams=moved[scale])


def _carriers(weighing: WeighingService, name: str) -> list[Channel]:
    return [one for one in weighing.channels if any(p.name == name for p in one.products)]


def overpaid(weighing: WeighingService, visit: Visit) -> dict[str, int]:
    """Product → most units that may have been paid beyond what has left, where that is open.

    What the visit has moved of it may not be booked yet, for it may be an earlier one's.
    """
    told, moves = weighing.tally.told_in(visit), weighing.tally.open_in(visit)
    return {
        name: max(0, count.high - visit.owed(name) - told[name]) for name, count in moves.items()
    }


def doubted(weighing: WeighingService, visit: Visit) -> Visit:
    """The visit with its open shares: what an earlier one may have moved is unverified."""
    shares = weighing.tally.open_shares(visit)
    sound = {name: t_s for name, t_s in visit.sound_since.items() if name not in shares}
    return replace(visit, unverified=visit.unverified | shares, sound_since=sound)


def named(weighing: WeighingService, visit: Visit, unknown: Collection[str]) -> Visit:
    """The visit with a name for what is unpaid for certain, though not of which of its products.

    What of a step was an earlier visit's may be open, too: the sum is this one's all the same.
    `unknown`: products whose scale has failed, or that somebody else may have been taken to have
    paid for. Not a visit whose sales are to come still, or an amount of which may have paid for
    either, nor one of which nobody knows what customers took.
    """
    is_open = visit.awaiting is not None or visit.emptied_s is None or visit.marks
    if is_open or any(sale.won for sale in visit.sales):
        return visit
    counts = _nameable(weighing, visit, unknown)
    shares, told = weighing.tally.open_shares(visit), weighing.tally.told_in(visit)
    owed = {name: visit.owed(name) + told[name] for name in counts}
    least = {name: 0 if name in shares else visit.uncertain[name][0] for name in counts}
    found = naming.named(counts, owed, least)
    ranges = {
        name: (found.least[name], max(found.least[name], visit.uncertain[name][1]))
        for name in found.certainty
    }
    return replace(
        visit,
        uncertain={**visit.uncertain, **ranges},
        unverified=visit.unverified - ranges.keys(),
        named=found.certainty,
    )


def _nameable(
    weighing: WeighingService, visit: Visit, unknown: Collection[str]
) -> dict[str, Count]:
    """Open counts of products which nothing but the weight leaves open."""
    tally = weighing.tally
    heard, paid = tally.heard_in(visit), visit.paid
    others = {
        *unknown,
        *(visit.unverified - tally.open_shares(visit)),
        *drifted(weighing, visit, visit.started_s),
        *(product for one in visit.promotions for product in one.products),
        *(name for name in heard if heard[name] > paid[name]),
    }
    return {
        name: count
        for name, count in tally.open_in(visit).items()
        if name in visit.uncertain and name not in others
    }
