"""What visitors hold: goods that have left a scale and may come back to any."""

from collections import Counter

from storeguard.domain.product import Product


class Hands:
    """What the visitors of now have taken and not put back: product → units.

    `version` changes whenever that does.
    """

    def __init__(self) -> None:
        self._units: Counter[str] = Counter()
        self.version = 0

    def of(self, product: Product) -> int:
        return max(0, self._units[product.name])

    def moved(self, name: str, change: int) -> None:
        """Units that came onto a scale (positive) or left one."""
        self._units[name] -= change
        self.version += 1

    def clear(self) -> None:
        """Whoever comes in has nothing in hand."""
        self._units.clear()
        self.version += 1
