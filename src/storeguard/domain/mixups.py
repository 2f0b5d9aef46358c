"""Paid as something else: mixed up at the kiosk, or swapped on the shelves before."""

import math
from collections import Counter
from collections.abc import Mapping

from storeguard.domain.amounts import worth_won
from storeguard.domain.drift import JUMP_PER_RATE, JUMP_S, DriftRules
from storeguard.domain.explaining import SIGMAS
from storeguard.domain.product import Product, positive

NEARLY_SAME_WON = 0.1
"""Prices that differ by no more than this share may have been mixed up at the kiosk."""

UNSEEN_G = JUMP_PER_RATE * JUMP_S * DriftRules().per_s_g
"""A swap that changes a scale's load by less cannot be told from what its zero drifts."""

Changes = dict[str, int]


def mixed_up(
    owed: Mapping[str, int], overpaid: Counter[str], prices: Mapping[str, int]
) -> tuple[Changes, Changes]:
    """Pairs units owed with units over-paid of nearly the same price (design rule 9).

    `overpaid`: product → units paid beyond what was taken; what was brought besides pays for
    nothing. First all of them together, for one bar code may have been scanned for five kinds of
    ice cream; then product by product. Returns product → units that were taken but paid as another
    product, and the change that puts each product's kiosk count right.
    """
    under = positive(owed)
    over = {n: min(-count, overpaid[n]) for n, count in owed.items() if count < 0 < overpaid[n]}
    is_covered = _covers(worth_won(over, prices), worth_won(under, prices))
    if sum(under.values()) == sum(over.values()) and is_covered:
        return under, _changes(under, over)
    mixed: Counter[str] = Counter()
    replaced: Counter[str] = Counter()
    for name, count in under.items():
        for other in sorted(over, key=lambda o: abs(prices.get(o, 0) - prices.get(name, 0))):
            units = min(count - mixed[name], over[other] - replaced[other])
            if units > 0 and _covers(prices.get(other, 0), prices.get(name, 0)):
                mixed[name] += units
                replaced[other] += units
    return dict(mixed), _changes(mixed, replaced)


def _changes(mixed: Mapping[str, int], replaced: Mapping[str, int]) -> dict[str, int]:
    return {name: -count for name, count in mixed.items()} | dict(replaced)


def _covers(paid_won: int, owed_won: int) -> bool:
    """Nearly the same won; whoever paid more has stolen nothing."""
    return owed_won - paid_won <= NEARLY_SAME_WON * max(paid_won, owed_won)


def swapped_unseen(
    owed: Mapping[str, int], overpaid: Counter[str], products: Mapping[str, Product]
) -> tuple[Changes, Changes]:
    """Units owed and units over-paid that no scale can tell apart by their weight.

    An earlier customer may have put the one in the other's place as he took that: such a swap
    moves no scale. Both books are put right, and what left is uncertain: nobody is accused.
    """
    over = {n: min(-count, overpaid[n]) for n, count in owed.items() if count < 0 < overpaid[n]}
    swapped: Counter[str] = Counter()
    replaced: Counter[str] = Counter()
    for name, count in positive(owed).items():
        for other in sorted(over):
            units = min(count - swapped[name], over[other] - replaced[other])
            if units > 0 and _weigh_the_same(products.get(name), products.get(other)):
                swapped[name] += units
                replaced[other] += units
    return dict(swapped), _changes(swapped, replaced)


def perhaps_paid(
    owed: Mapping[str, int],
    over: Mapping[str, int],
    products: Mapping[str, Product],
) -> Changes:
    """Units owed that a payment for another product may have been for, whose count is in doubt.

    `over`: product in doubt → units paid beyond what is known to have left. Whether they left
    nobody can say, so neither the books change nor is anybody accused.
    """
    paid = Counter(over)
    both = Counter(positive(owed))
    both.subtract(paid)
    mixed, changes = mixed_up(both, paid, {n: p.price_won for n, p in products.items()})
    both.update(changes)
    swapped, _ = swapped_unseen(both, paid, products)
    return dict(Counter(mixed) + Counter(swapped))


def _weigh_the_same(one: Product | None, other: Product | None) -> bool:
    """Within three sigma of the spread of one unit of each, and of what no scale has seen."""
    if one is None or other is None:
        return False
    off_g = abs(one.unit_weight_g - other.unit_weight_g)
    return off_g <= UNSEEN_G + SIGMAS * math.hypot(one.spread_g, other.spread_g)
