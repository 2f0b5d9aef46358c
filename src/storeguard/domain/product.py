"""What the store sells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Stock = Mapping[str, int]
"""Product name → count."""

OnScales = Mapping[str, "tuple[Product, ...]"]
"""Scale id → the products that lie on it; a scale without goods is left out."""


def positive(counts: Stock) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count > 0}


UNIT_SPREAD = 0.03
"""Spread of one unit's weight when the owner gives none: 0.5 to 3 % in shops."""


@dataclass(frozen=True, slots=True)
class Product:
    """A row of the inventory. Prices in won, weights in grams.

    `tolerance_g` is the spread of one unit; None takes 3 % of the unit weight.
    A product whose `unit_weight_g` is 0 is sold, but cannot be weighed.
    """

    name: str
    price_won: int
    unit_weight_g: float
    scale: str | None = None
    barcode: str | None = None
    tolerance_g: float | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name must not be empty")
        if self.price_won < 0:
            raise ValueError(f"price_won must be >= 0, got {self.price_won}")
        if self.unit_weight_g < 0:
            raise ValueError(f"unit_weight_g must be >= 0, got {self.unit_weight_g}")
        if self.tolerance_g is not None and self.tolerance_g < 0:
            raise ValueError(f"tolerance_g must be >= 0, got {self.tolerance_g}")

    @property
    def spread_g(self) -> float:
        """Spread of one unit, the owner's or the usual one."""
        return self.unit_weight_g * UNIT_SPREAD if self.tolerance_g is None else self.tolerance_g

    @property
    def is_weighable(self) -> bool:
        return self.unit_weight_g > 0


@dataclass(frozen=True, slots=True)
class SoldLine:
    """Units of one product at the price of that moment, won a unit."""

    product: str
    count: int
    price_won: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which products lie on which scale. `problems` stop the start, `remarks` do not."""

    by_scale: OnScales
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def assign(scales: Mapping[str, Sequence[str]], products: Sequence[Product]) -> Assignment:
    """Joins the configuration (scale id → product names) with the CSV's 선반 column."""
    by_name = {product.name: product for product in products}
    wanted = {scale: list(dict.fromkeys(names)) for scale, names in scales.items()}
    problems = []
    for product in products:
        problem = _take_from_csv(wanted, product)
        if problem:
            problems.append(problem)
    by_scale: dict[str, tuple[Product, ...]] = {}
    for scale, names in wanted.items():
        problems += [
            _unknown_product(scale, name, by_name) for name in names if name not in by_name
        ]
        known = tuple(by_name[name] for name in names if name in by_name)
        if known:
            by_scale[scale] = known
    problems += _spread_out(wanted)
    return Assignment(by_scale, tuple(problems), tuple(_remarks(by_scale, products)))


def _take_from_csv(wanted: dict[str, list[str]], product: Product) -> str | None:
    if product.scale is None:
        return None
    if product.scale not in wanted:
        known = ", ".join(wanted) or "none"
        return (
            f"product '{product.name}': 선반 '{product.scale}' is no scale of the configuration; "
            f"known: {known}"
        )
    elsewhere = [s for s, names in wanted.items() if product.name in names and s != product.scale]
    if elsewhere:
        return (
            f"product '{product.name}': the configuration puts it on scale '{elsewhere[0]}', the "
            f"CSV's 선반 says '{product.scale}'; correct one of them"
        )
    if product.name not in wanted[product.scale]:
        wanted[product.scale].append(product.name)
    return None


def _unknown_product(scale: str, name: str, by_name: Mapping[str, Product]) -> str:
    known = ", ".join(by_name) or "none"
    return (
        f"scale '{scale}': product '{name}' is not in the inventory; add its row to "
        f"inventory_store.csv or correct scales[].products (known: {known})"
    )


def _spread_out(wanted: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A product has one scale of its own: what lies elsewhere has been put down there."""
    own: dict[str, list[str]] = {}
    for scale, names in wanted.items():
        for name in names:
            own.setdefault(name, []).append(scale)
    for name, scales in own.items():
        if len(scales) > 1:
            listed = "', '".join(scales)
            yield (
                f"product '{name}': is on the scales '{listed}', but is counted on one; give the "
                f"goods of each scale a row and a name of their own"
            )


def _remarks(by_scale: OnScales, products: Sequence[Product]) -> Iterator[str]:
    weighed = {product.name for each in by_scale.values() for product in each}
    for product in products:
        if product.name not in weighed:
            yield f"product '{product.name}' is on no scale: it is sold, but not guarded"
        elif not product.is_weighable:
            yield f"product '{product.name}' has no unit weight (무게 0): it cannot be counted"
