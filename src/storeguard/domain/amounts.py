"""Payments that tell won but no product: a bank transfer, a terminal that knows no goods.

Such an amount settles a visit by its worth. What it paid for is found when the visit is judged:
all that is owed where that is worth about as much, else the units that are worth the most of
what the amount covers. What stays over is noted, never held against anybody.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from storeguard.domain.ledger import (
    LATE_FOR_S,
    Debt,
    Ledger,
    Movement,
    SaleLine,
    Visit,
    add_sale,
    book,
    inside,
    takes,
)
from storeguard.domain.product import Product, Stock

MARGIN_WON = 100
"""An amount that misses what is owed by no more is meant for it: no product costs so little."""

NEAR_SHARE = 0.1
"""Of what is owed: an amount that misses it by no more is meant for it too, where it fits nobody
else. A coupon, points or rounding take off no more."""

PaidDebts = tuple[tuple[Debt, int], ...]


def prices_of(products: Sequence[Product]) -> Stock:
    """Product → won a unit."""
    return {product.name: product.price_won for product in products}


def worth_won(units: Stock, prices: Stock) -> int:
    return sum(prices.get(name, 0) * count for name, count in units.items())


def covered(owed: Stock, prices: Stock, won: int) -> dict[str, int]:
    """The units that an amount pays: all of them, else those worth the most of what it covers.

    Of several choices that are worth the same it takes the dearest products first. `owed` holds
    no negative counts.
    """
    if won <= 0:
        return {}
    if worth_won(owed, prices) <= won + MARGIN_WON:
        return {name: count for name, count in owed.items() if count}
    sums: dict[int, tuple[tuple[str, int], ...]] = {0: ()}
    for name in sorted(owed, key=lambda n: (-prices.get(n, 0), n)):
        price_won = prices.get(name, 0)
        for sum_won, chosen in tuple(sums.items()) if price_won else ():
            most = min(owed[name], (won - sum_won) // price_won)
            for count in range(1, most + 1):
                sums.setdefault(sum_won + count * price_won, (*chosen, (name, count)))
    return dict(sums[max(sums)])


def amount_won(visit: Visit) -> int:
    """All that was paid in this visit without naming a product."""
    return sum(sale.won for sale in visit.sales)


def owed_won(visit: Visit, prices: Stock) -> int:
    """What a visit still owes; below 0 where more was paid than taken."""
    units = {name: visit.owes(name) for name in visit.net_taken}
    return worth_won(units, prices) - amount_won(visit)


def add_payment(
    ledger: Ledger, sale: SaleLine, products: Sequence[Product]
) -> tuple[Ledger, PaidDebts]:
    """Books a sale, or an amount; returns also the debts of sealed issues that an amount pays.

    An amount is the oldest ended visit's that owes it (about), else the visit's of whoever was
    inside, unless it is nearly what an ended one owes; else a sealed issue's that is owed
    it, the oldest visit's that owes anything, the next visit's.
    """
    if not sale.won:
        return add_sale(ledger, sale), ()
    prices = prices_of(products)
    visit = _payer(ledger, sale, prices)
    if visit is not None:
        return book(ledger, visit, sale), ()
    ledger, paid = pay_debts(ledger, sale.won, prices, sale.t_s)
    if paid:
        return ledger, paid
    owing = next((v for v in ledger.visits if owed_won(v, prices) > 0), None)
    if owing is not None:
        return book(ledger, owing, sale), ()
    return replace(ledger, prepaid=(*ledger.prepaid, sale)), ()


def _payer(ledger: Ledger, sale: SaleLine, prices: Stock) -> Visit | None:
    """Whose debt it fits, the oldest first; else whose it nearly is; else whoever was inside."""
    leavers = [visit for visit in ledger.visits if takes(ledger, visit, sale.t_s)]
    visit_now = inside(ledger, sale.t_s)
    payers = leavers if visit_now is None else [*leavers, visit_now]
    off_won = {visit.id: _off_won(visit, sale.won, prices) for visit in payers}
    fitting = next((visit for visit in payers if off_won[visit.id] <= MARGIN_WON), None)
    if fitting is not None:
        return fitting
    near = (v for v in payers if off_won[v.id] <= NEAR_SHARE * owed_won(v, prices))
    return min(near, key=lambda visit: off_won[visit.id], default=visit_now)


def _off_won(visit: Visit, won: int, prices: Stock) -> float:
    """By how much the amount misses what the visit owes; one that owes nothing it never meets."""
    owed = owed_won(visit, prices)
    return abs(owed - won) if owed > 0 else math.inf


def pay_debts(ledger: Ledger, won: int, prices: Stock, now_s: float) -> tuple[Ledger, PaidDebts]:
    """Pays the oldest sealed issue that is owed about so much, and all of it; else nothing."""
    owed: dict[str, Counter[str]] = {}
    for debt in ledger.debts:
        if now_s - debt.t_s <= LATE_FOR_S:
            owed.setdefault(debt.issue_id, Counter())[debt.product] += debt.count
    for issue_id, units in owed.items():
        worth = worth_won(units, prices)
        if worth > 0 and abs(worth - won) <= MARGIN_WON:
            paid = tuple((debt, debt.count) for debt in ledger.debts if debt.issue_id == issue_id)
            kept = tuple(debt for debt in ledger.debts if debt.issue_id != issue_id)
            return replace(ledger, debts=kept), paid
    return ledger, ()


def still_late(
    late: Mapping[str, tuple[Movement, ...]], visit: Visit, products: Sequence[Product]
) -> dict[str, tuple[Movement, ...]]:
    """Of units that are overdue, those that no amount of a visit that still goes on has paid."""
    owed = {name: visit.owes(name) for name in visit.net_taken}
    paid = covered(owed, prices_of(products), amount_won(visit))
    left = {name: moved[paid.get(name, 0) :] for name, moved in late.items()}
    return {name: moved for name, moved in left.items() if moved}
