"""What the store sells."""

from collections.abc import Mapping
from dataclasses import dataclass

Stock = Mapping[str, int]
"""Product name → count."""

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
