"""What a basket costs under the promotions of the day.

A unit counts for one promotion only. What saves the customer the most is applied first, and as
often as its units are there; of units at different prices the dearest are taken together and the
cheapest of them are the free ones.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from storeguard.domain.product import Stock, positive
from storeguard.domain.promotions import Bonus, Package, Promotion


@dataclass(frozen=True, slots=True)
class Discount:
    """Won that a promotion takes off a basket, and the units (bought and free) that it used."""

    name: str
    won: int
    units: Stock


@dataclass(frozen=True, slots=True)
class FreeUnit:
    """A promotion of which the basket has what is to be bought, and not yet what is free."""

    name: str
    products: tuple[str, ...]
    count: int


def discounts(
    basket: Stock, prices: Stock, promotions: Iterable[Promotion]
) -> tuple[Discount, ...]:
    """Of the promotions that stand on the shop's board today; the biggest first."""
    left, found = Counter(positive(basket)), Counter[str]()
    used: dict[str, Counter[str]] = {}
    fitting = [one for one in promotions if any(left[product] for product in one.products)]
    while True:
        saving_won, name, units = _best(left, prices, fitting)
        if saving_won <= 0:
            break
        times = min(left[product] // count for product, count in units.items())
        taken = Counter({product: count * times for product, count in units.items()})
        left -= taken
        found[name] += saving_won * times
        used.setdefault(name, Counter()).update(taken)
    return tuple(Discount(name, won, dict(used[name])) for name, won in found.most_common())


def still_free(
    basket: Stock, applied: Sequence[Discount], promotions: Iterable[Promotion]
) -> tuple[FreeUnit, ...]:
    """What the customer may add without paying more."""
    left = Counter(positive(basket))
    for one in applied:
        left -= Counter(one.units)
    return tuple(
        FreeUnit(one.name, one.products, one.buy + one.free - rest)
        for one in promotions
        if isinstance(one, Bonus) and (rest := sum(left[p] for p in one.products)) >= one.buy
    )


def _best(
    left: Stock, prices: Stock, promotions: Iterable[Promotion]
) -> tuple[int, str, dict[str, int]]:
    """The biggest saving of one application, 0 without any; of equals the first on the board."""
    best: tuple[int, str, dict[str, int]] = (0, "", {})
    for promotion in promotions:
        units = _units(promotion, left, prices)
        saving_won = _saving_won(promotion, units, prices)
        if saving_won > best[0]:
            best = (saving_won, promotion.name, units)
    return best


def _units(promotion: Promotion, left: Stock, prices: Stock) -> dict[str, int]:
    """What one application takes; nothing where the basket has too little."""
    if isinstance(promotion, Package):
        has_all = all(left.get(product, 0) >= count for product, count in promotion.contents)
        return dict(promotion.contents) if has_all else {}
    together = promotion.buy + promotion.free if isinstance(promotion, Bonus) else promotion.count
    units: dict[str, int] = {}
    for product in sorted(promotion.products, key=lambda name: -prices.get(name, 0)):
        count = min(left.get(product, 0), together - sum(units.values()))
        if count > 0:
            units[product] = count
    return units if sum(units.values()) == together else {}


def _saving_won(promotion: Promotion, units: Stock, prices: Stock) -> int:
    if isinstance(promotion, Bonus):
        cheapest = sorted(prices.get(name, 0) for name in Counter(units).elements())
        return sum(cheapest[: promotion.free])
    worth_won = sum(prices.get(name, 0) * count for name, count in units.items())
    return 0 if promotion.price_won is None else worth_won - promotion.price_won


def on_the_board(promotions: Iterable[Promotion], today: date) -> tuple[Promotion, ...]:
    """Those offered today: a set that was sold is paid for on any day, but not sold on any."""
    return tuple(one for one in promotions if one.period.has(today))
