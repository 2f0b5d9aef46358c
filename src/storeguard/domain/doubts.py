"""Why a visit's counts are not known: which scale did not say, when, and of what."""

from dataclasses import dataclass
from typing import Literal

OfCount = Literal["uncertain", "drifted"]
"""A step that the weight leaves open; a zero that was followed further than a unit allows."""

OfHeap = Literal["bulk_failed", "bulk_restless", "bulk_shared", "bulk_fetched", "bulk_lifted"]
"""Of a whole freezer, which stands in place of a product: what left it was not checked, or may be
what somebody had left there, or is more than anybody carries."""

OfScale = Literal["failed", "restless", "shared", "no_sales"] | OfHeap
"""A scale that failed, or never came to rest; a step that may have been an earlier visit's; sales
that nobody has told."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Of one product. `at_s`: when the step began or the scale failed, where that is known.

    `grams`: of the step, or of the zero's move. `scale`: '' where it is of none.
    """

    kind: OfCount | OfScale
    product: str
    scale: str = ""
    at_s: float | None = None
    grams: float | None = None
