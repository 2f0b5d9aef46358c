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

RATIOS = ((1, 1), (2, 1), (3, 1))
"""Bought and free units of the promotions that are looked for in the visits."""

FEWEST_VISITS = 5
"""So many visits have to fit before a promotion is proposed: one who takes two and pays one,
and comes back to do it again, is still reported."""

MOST_VISITS = 20
STEADY = 0.9
"""Of a product's last visits that could have used it, so many have: where honest customers
buy two and pay two, no thief makes a pattern."""


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
    added. What it has sold is paid for on any day: the dates only say when it is offered.
    """

    name: str
    products: tuple[str, ...]
    count: int
    price_won: int | None = None
    period: Period = ALWAYS

    def __post_init__(self) -> None:
        _check_products(self.name, self.products)
        if self.count < 2:
            raise ValueError(f"{self.name}: count must be >= 2, got {self.count}")

    def is_on(self, _day: date) -> bool:
        return True

    def gives(self, wanted: Stock, recorded: Stock) -> Given:
        units = self.count * recorded.get(self.name, 0)
        return Given(_first(wanted, self.products, units), {})

    def unpaid(self, wanted: Stock) -> int:
        """Lines of this name that would pay for what is wanted; only whole ones."""
        return sum(wanted.get(product, 0) for product in self.products) // self.count

    @property
    def rank(self) -> tuple[float, ...]:
        return (0, len(self.products))


@dataclass(frozen=True, slots=True)
class Package:
    """A fixed set: product and units each, for a price. Sold by its name, as a Bundle is."""

    name: str
    contents: tuple[tuple[str, int], ...]
    price_won: int | None = None
    period: Period = ALWAYS

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
        units = {p: min(wanted.get(p, 0), sold * count) for p, count in self.contents}
        return Given({p: count for p, count in units.items() if count > 0}, {})

    def unpaid(self, wanted: Stock) -> int:
        """Lines of this name that would pay for what is wanted; only whole ones."""
        return min(max(0, wanted.get(p, 0)) // count for p, count in self.contents)

    @property
    def rank(self) -> tuple[float, ...]:
        return (0, 0)


Promotion = Bonus | Bundle | Package


@dataclass(frozen=True, slots=True)
class Grant:
    """Units of a product that were taken beyond what was recorded, and what allows them."""

    promotion: Promotion
    product: str
    count: int

    @property
    def is_proposed(self) -> bool:
        return isinstance(self.promotion, Bonus) and self.promotion.is_proposed


def granted(wanted: Stock, recorded: Stock, promotions: Iterable[Promotion]) -> tuple[Grant, ...]:
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


@dataclass(frozen=True, slots=True)
class Observed:
    """A product in a judged visit: units taken, and units that the kiosk recorded."""

    product: str
    taken: int
    recorded: int


def proposed(
    history: Sequence[Observed], declared: Sequence[Promotion], rejected: Sequence[str] = ()
) -> tuple[Bonus, ...]:
    """Promotions that the visits look like and nobody has declared; `history`: oldest first.

    Only of single products. `declared` are those in force, `rejected` the names of those that
    the owner knows to be none.
    """
    known = {product for promotion in declared for product in promotion.products}
    found = []
    for product in sorted({seen.product for seen in history} - known):
        last = [seen for seen in history if seen.product == product][-MOST_VISITS:]
        bonus = _pattern(product, last)
        if bonus is not None and bonus.name not in rejected:
            found.append(bonus)
    return tuple(found)


def _pattern(product: str, visits: Sequence[Observed]) -> Bonus | None:
    for buy, free in RATIOS:
        fits = [fit for fit in (_fit(seen, buy, free) for seen in visits) if fit is not None]
        if sum(fits) >= FEWEST_VISITS and sum(fits) >= STEADY * len(fits):
            name = f"{product} {buy}+{free}"
            return Bonus(name, (product,), buy, free, is_proposed=True)
    return None


def _fit(seen: Observed, buy: int, free: int) -> bool | None:
    """Did the visit use exactly such a promotion? None where it could not have."""
    if seen.recorded <= 0 or (seen.taken <= seen.recorded and seen.taken < buy + free):
        return None
    times, rest = divmod(seen.recorded, buy)
    return rest == 0 and seen.taken == seen.recorded + times * free


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
