"""What a customer may take for what the kiosk has recorded: 1+1, ten for a price, sets.

Some kiosks record the free unit of a 1+1, some do not; some sell a set as one line. So there
is a range: from the units as recorded up to those that the promotion allows for them. What
was taken within it is not missing.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from storeguard.domain.product import Stock

GENEROUS = 2.0
"""The parts of a set cost no more than so many times its price: no offer is better than half."""


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, both included; None is open."""

    starts: date | None = None
    ends: date | None = None

    def __post_init__(self) -> None:
        if self.starts and self.ends and self.ends < self.starts:
            raise ValueError(f"ends {self.ends} must not be before starts {self.starts}")

    def has(self, day: date) -> bool:
        return (self.starts or day) <= day <= (self.ends or day)


ALWAYS = Period()


@dataclass(frozen=True, slots=True)
class Given:
    """Product → units that may be taken beyond what was recorded, and units used up for it."""

    units: Stock
    used: Stock


NOTHING = Given({}, {})


@dataclass(frozen=True, slots=True)
class Bonus:
    """`free` units for every `buy` that are paid, of one product or mixed over several.

    `is_proposed`: seen in the visits, not declared by the owner.
    """

    name: str
    products: tuple[str, ...]
    buy: int
    free: int
    period: Period = ALWAYS
    is_proposed: bool = False

    def __post_init__(self) -> None:
        _check_products(self.name, self.products)
        if self.buy < 1 or self.free < 1:
            raise ValueError(f"{self.name}: buy and free must be >= 1, got {self.buy}+{self.free}")

    def is_on(self, day: date) -> bool:
        return self.period.has(day)

    def gives(self, wanted: Stock, recorded: Stock) -> Given:
        bought = sum(recorded.get(product, 0) for product in self.products)
        lacking = sum(wanted.get(product, 0) for product in self.products)
        times = min(math.ceil(lacking / self.free), bought // self.buy)
        return Given(
            _first(wanted, self.products, times * self.free),
            _first(recorded, self.products, times * self.buy),
        )

    def unpaid(self, wanted: Stock) -> int:
        """The kiosk does not sell it by its name."""
        return 0

    @property
    def rank(self) -> tuple[float, ...]:
        """The surest first: declared, generous, and for few products."""
        return (1, self.is_proposed, -self.free / self.buy, len(self.products))


@dataclass(frozen=True, slots=True)
class Bundle:
    """`count` units of the products, which may be mixed, for a price.

    The kiosk sells it as one line of this name; where it records the units, nothing is to be
    added. What it has sold is paid for on any day: the dates only say when it is offered. Where it
    is only proposed, it explains whole ones, or all that is wanted, or nothing.
    """

    name: str
    products: tuple[str, ...]
    count: int
    price_won: int | None = None
    period: Period = ALWAYS
    is_proposed: bool = False

    def __post_init__(self) -> None:
        _check_products(self.name, self.products)
        if self.count < 2:
            raise ValueError(f"{self.name}: count must be >= 2, got {self.count}")

    def is_on(self, _day: date) -> bool:
        return True

    def gives(self, wanted: Stock, recorded: Stock) -> Given:
        sold = recorded.get(self.name, 0)
        units = _first(wanted, self.products, self.count * sold)
        if self.is_proposed and self.unpaid(wanted) < sold and units != wanted:
            return NOTHING
        return Given(units, {self.name: sold})

    def unpaid(self, wanted: Stock) -> int:
        """Lines of this name that would pay for what is wanted; only whole ones."""
        return sum(wanted.get(product, 0) for product in self.products) // self.count

    @property
    def rank(self) -> tuple[float, ...]:
        return (0, self.is_proposed, len(self.products))


@dataclass(frozen=True, slots=True)
class Package:
    """A fixed set: product and units each, for a price. Sold by its name, as a Bundle is."""

    name: str
    contents: tuple[tuple[str, int], ...]
    price_won: int | None = None
    period: Period = ALWAYS
    is_proposed: bool = False

    def __post_init__(self) -> None:
        _check_products(self.name, self.products)
        if any(count < 1 for _, count in self.contents):
            raise ValueError(f"{self.name}: units must be >= 1, got {self.contents}")

    @property
    def products(self) -> tuple[str, ...]:
        return tuple(product for product, _ in self.contents)

    def is_on(self, _day: date) -> bool:
        return True

    def gives(self, wanted: Stock, recorded: Stock) -> Given:
        sold = recorded.get(self.name, 0)
        share = {p: min(wanted.get(p, 0), sold * count) for p, count in self.contents}
        units = {p: count for p, count in share.items() if count > 0}
        if self.is_proposed and self.unpaid(wanted) < sold and units != wanted:
            return NOTHING
        return Given(units, {self.name: sold})

    def unpaid(self, wanted: Stock) -> int:
        """Lines of this name that would pay for what is wanted; only whole ones."""
        return min(max(0, wanted.get(p, 0)) // count for p, count in self.contents)

    @property
    def rank(self) -> tuple[float, ...]:
        return (0, self.is_proposed, 0)


@dataclass(frozen=True, slots=True)
class MaybeSet:
    """Sold by its name and weighed nowhere: perhaps a set, of which nobody has said what is in it.

    Two or more units that went unpaid in the same visit, and are worth about its price, may be
    its parts. `prices`: product → won a unit.
    """

    name: str
    price_won: int
    prices: tuple[tuple[str, int], ...]

    @property
    def products(self) -> tuple[str, ...]:
        """Nobody knows which."""
        return ()

    @property
    def is_proposed(self) -> bool:
        return True

    def gives(self, wanted: Stock, recorded: Stock) -> Given:
        sold = recorded.get(self.name, 0)
        if sold < 1 or not self.may_be(wanted, sold):
            return NOTHING
        return Given(wanted, {self.name: sold})

    def unpaid(self, wanted: Stock) -> int:
        """The kiosk sells it by its name, too."""
        return int(self.may_be(wanted))

    def may_be(self, units: Stock, sold: int = 1) -> bool:
        """Are the units worth about so many of it? A set never costs more than its parts."""
        prices = dict(self.prices)
        worth_won = sum(prices.get(name, 0) * count for name, count in units.items())
        asked_won = self.price_won * sold
        is_more = sum(units.values()) >= 2 * sold
        return is_more and 0 < asked_won <= worth_won <= GENEROUS * asked_won

    @property
    def rank(self) -> tuple[float, ...]:
        return (2,)


Promotion = Bonus | Bundle | Package
Offer = Promotion | MaybeSet
"""What may explain a visit: declared, proposed, or not even known to be a promotion."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Units of a product that were taken beyond what was recorded, and what allows them."""

    promotion: Offer
    product: str
    count: int

    @property
    def is_proposed(self) -> bool:
        return self.promotion.is_proposed


def granted(wanted: Stock, recorded: Stock, promotions: Iterable[Offer]) -> tuple[Grant, ...]:
    """How the promotions explain what was taken beyond what the kiosk recorded.

    `wanted`: units taken less units recorded, as far as positive, the more important product
    first; `recorded`: the kiosk's lines, less refunds, names of sets too. A paid unit counts
    for one promotion only.
    """
    lacking = {product: count for product, count in wanted.items() if count > 0}
    unused = {product: count for product, count in recorded.items() if count > 0}
    grants: list[Grant] = []
    for promotion in sorted(promotions, key=lambda one: one.rank):
        given = promotion.gives(lacking, unused)
        lacking = _less(lacking, given.units)
        unused = _less(unused, given.used)
        grants += [Grant(promotion, product, n) for product, n in given.units.items()]
    return tuple(grants)


def units_of(grants: Iterable[Grant]) -> Counter[str]:
    """Product → units, over all promotions."""
    units: Counter[str] = Counter()
    for grant in grants:
        units[grant.product] += grant.count
    return units


def in_force(promotions: Iterable[Promotion], day: date) -> tuple[Promotion, ...]:
    return tuple(promotion for promotion in promotions if promotion.is_on(day))


def set_prices(promotions: Iterable[Promotion]) -> dict[str, int]:
    """Name → won of what is sold by its name, where the owner has said what it costs."""
    sets = (one for one in promotions if isinstance(one, Bundle | Package))
    return {one.name: one.price_won for one in sets if one.price_won is not None}


def _check_products(name: str, products: tuple[str, ...]) -> None:
    if not name or not products or not all(products):
        raise ValueError(f"a promotion needs a name and products, got {name!r}, {products}")
    if len(set(products)) < len(products):
        raise ValueError(f"{name}: a product stands in it twice: {', '.join(products)}")


def _first(counts: Stock, products: Sequence[str], units: int) -> dict[str, int]:
    """The first so many units, in the order of the counts."""
    share = {}
    for product in (name for name in counts if name in products):
        n = min(units, counts[product])
        if n > 0:
            share[product] = n
            units -= n
    return share


def _less(counts: Mapping[str, int], taken: Mapping[str, int]) -> dict[str, int]:
    rest = {product: count - taken.get(product, 0) for product, count in counts.items()}
    return {product: count for product, count in rest.items() if count > 0}
