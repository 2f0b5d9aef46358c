"""What moved on the shelves, and in which order."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Movement:
    """Units of a product that left a scale (negative) or came (positive), and when it began.

    `is_foreign`: the scale is not the product's own. `moved_s`: for how long weight moved.
    """

    started_s: float
    settled_s: float
    scale: str
    product: str
    units: int
    grams: float
    certainty: float
    is_foreign: bool = False
    moved_s: float = 0.0

    @property
    def counts_s(self) -> float:
        """From when on it counts: goods are back once they lie there, and gone once touched.

        So what was taken on one scale is never put down on another before.
        """
        return self.started_s + (self.moved_s if self.units > 0 else 0.0)
