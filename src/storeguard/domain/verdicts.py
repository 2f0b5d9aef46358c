"""At least one reason for each verdict of a visit: what is missing, noted, open, not checked."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from storeguard.domain.amounts import amount_won
from storeguard.domain.doubts import Doubt, OfHeap
from storeguard.domain.ledger import Visit
from storeguard.domain.movement import Movement
from storeguard.domain.naming import others
from storeguard.domain.product import Stock
from storeguard.domain.promotions import Grant
from storeguard.domain.reasons import Allowed, Noted, Open, Reason

OF_COUNT = ("uncertain", "drifted")
OF_SCALE = ("failed", "restless", "shared", "no_sales", *get_args(OfHeap))


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a visit came to, as in Judgement; `paid_as`: product → under which names it was paid.

    `came`: of the surplus, what ours have brought, or anybody before others of the kind were taken.
    `perhaps_paid`: product → names under which it may have been paid; `refunded`: units that seem
    unpaid only because money was given back. `left_won`: of an amount, what fits nothing.
    """

    unpaid: Stock
    surplus: Stock
    misplaced: Stock
    mixed_up: Stock
    uncertain: Mapping[str, tuple[int, int]]
    written_off: Stock
    came: Stock = field(default_factory=dict)
    grants: Sequence[Grant] = ()
    by_amount: Stock = field(default_factory=dict)
    left_won: int = 0
    paid_as: Collection[str] = ()
    perhaps_paid: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refunded: Collection[str] = ()


def reasons_of(visit: Visit, found: Verdicts, now_s: float) -> tuple[Reason, ...]:
    """In the order in which an owner asks: what is missing, what may be, what was only noted."""
    return (
        *_unpaid(visit, found.unpaid, now_s),
        *_uncertain(visit, found),
        *_unverified(visit),
        *_allowances(found.grants),
        *_mixed_up(found),
        *_misplaced(visit, found.misplaced),
        *_surplus(visit, found),
        *(Reason("written_off", name, count) for name, count in found.written_off.items()),
        *_amounts(visit, found),
    )


def _unpaid(visit: Visit, unpaid: Stock, now_s: float) -> Iterator[Reason]:
    for moved in visit.movements:
        if moved.product in unpaid and moved.units < 0:
            yield Reason("taken", moved.product, -moved.units, moved)
    for name, count in unpaid.items():
        yield Reason("unpaid", name, count, until_s=now_s)
    for name, count in unpaid.items():
        if name in visit.named and (instead := others(visit, name)):
            yield Reason("named", name, count, others=instead)
    for sale in visit.yielded:
        if sale.product in unpaid:
            yield Reason("contested", sale.product, sale.count, until_s=sale.t_s)


def _uncertain(visit: Visit, found: Verdicts) -> Iterator[Reason]:
    """What a doubtful name says of a product need not be said once more."""
    is_said = {name for name in found.unpaid if name in visit.named and others(visit, name)}
    for name, bounds in found.uncertain.items():
        if name in is_said:
            continue
        count = bounds[1]
        if name in found.perhaps_paid:
            instead = found.perhaps_paid[name]
            yield Reason("perhaps_paid", name, count, others=instead, bounds=bounds)
        if name in found.refunded:
            until_s = max(sale.t_s for sale in visit.sales if sale.product == name)
            yield Reason("refund", name, count, until_s=until_s, bounds=bounds)
        if name in visit.uncertain:
            yield _of_count(visit, name, bounds)


def _of_count(visit: Visit, name: str, bounds: tuple[int, int]) -> Reason:
    doubt = _doubt(visit, name, OF_COUNT)
    if doubt is None or (doubt.kind == "uncertain" and doubt.at_s is None):
        return Reason("unclear", name, bounds[1], bounds=bounds)
    if doubt.kind == "drifted":
        return Reason("drifted", name, bounds[1], doubt=doubt, bounds=bounds)
    instead = _of_one_step(visit, doubt)
    kind: Open = "either" if instead else "uncertain"
    return Reason(kind, name, bounds[1], others=instead, doubt=doubt, bounds=bounds)


def _of_one_step(visit: Visit, doubt: Doubt) -> tuple[str, ...]:
    """What else the step may have been."""
    step = doubt.kind, doubt.scale, doubt.at_s
    found = {one.product for one in visit.doubts if (one.kind, one.scale, one.at_s) == step}
    return tuple(sorted(found - {doubt.product}))


def _unverified(visit: Visit) -> Iterator[Reason]:
    for name in sorted(visit.unverified):
        doubt = _doubt(visit, name, OF_SCALE)
        if doubt is None or (doubt.kind == "shared" and doubt.at_s is None):
            yield Reason("unverified", name, 0)
        else:
            yield Reason(doubt.kind, name, 0, doubt=doubt)


def _doubt(visit: Visit, name: str, kinds: Collection[str]) -> Doubt | None:
    return next((o for o in visit.doubts if o.product == name and o.kind in kinds), None)


def _allowances(grants: Sequence[Grant]) -> Iterator[Reason]:
    for one in grants:
        kind: Allowed = "proposed" if one.is_proposed else "promoted"
        yield Reason(kind, one.product, one.count, promotion=one.promotion.name)


def _mixed_up(found: Verdicts) -> Iterator[Reason]:
    for name, count in found.mixed_up.items():
        yield Reason("mixed_up", name, count, others=tuple(sorted(found.paid_as)))


def _misplaced(visit: Visit, misplaced: Stock) -> Iterator[Reason]:
    """Where it lies now, and from where it came."""
    for name in misplaced:
        arrivals = [m for m in visit.movements if m.product == name and m.is_foreign]
        for scale in sorted({one.scale for one in arrivals}):
            count = sum(one.units for one in arrivals if one.scale == scale)
            if count > 0:
                arrival = _last(m for m in arrivals if m.scale == scale and m.units > 0)
                origin = _origin(visit, arrival)
                kind: Noted = "misplaced" if origin else "put_elsewhere"
                yield Reason(kind, name, count, arrival, origin=origin)


def _origin(visit: Visit, arrival: Movement) -> Movement | None:
    """With which it had left another scale before."""
    left = [
        one
        for one in visit.movements
        if one.product == arrival.product
        and one.units < 0
        and one.scale != arrival.scale
        and one.counts_s <= arrival.counts_s
    ]
    return _last(left) if left else None


def _surplus(visit: Visit, found: Verdicts) -> Iterator[Reason]:
    """What has come onto a shelf; the rest was paid for beyond what has left."""
    taken = visit.net_taken
    for name, count in found.surplus.items():
        came = min(count, max(0, -taken[name], found.came.get(name, 0)))
        if came:
            last = _last(m for m in visit.movements if m.product == name and m.units > 0)
            yield Reason("brought", name, came, last)
        if count > came:
            yield Reason("overpaid", name, count - came)


def _last(movements: Iterable[Movement]) -> Movement:
    return max(movements, key=lambda one: (one.started_s, one.scale))


def _amounts(visit: Visit, found: Verdicts) -> Iterator[Reason]:
    """What an amount has paid for; what is left of it fits nothing, or was too much."""
    for name, count in found.by_amount.items():
        yield Reason("by_amount", name, count, won=amount_won(visit))
    if found.left_won:
        kind: Allowed = "amount_unmatched" if found.unpaid else "amount_over"
        yield Reason(kind, "", 0, won=found.left_won)
