"""What a scale delivers, and what is constant for it: how wide its noise is, how far it drifts."""

from dataclasses import dataclass, field
from typing import NamedTuple

from storeguard.domain.drift import DriftRules
from storeguard.errors import FaultCode

BAND_PER_CAPACITY = 0.0003
LARGEST_BAND_PER_UNIT = 0.4
"""A wider band would hide the lightest item in the noise."""

LOWEST_RAW, HIGHEST_RAW = -0x800000, 0x7FFFFF
SATURATED = frozenset({LOWEST_RAW, HIGHEST_RAW})

OFF_PER_CAPACITY = 0.01
"""Far below nothing: 100 g on a 10 kg cell. A shelf plate weighs more, no drift is as large."""


class Reading(NamedTuple):
    """One word of a scale: when, signed 24-bit counts or None where it failed, and why."""

    t_s: float
    raw: int | None
    why: str = ""
    code: FaultCode = FaultCode.OTHER


@dataclass(frozen=True, slots=True)
class WeighingRules:
    """What is constant for one scale. A level below `off_below_g` is no load, but a lack of one."""

    scale: str
    tare_raw: int
    counts_per_g: float
    settle_for_s: float
    band_g: float
    off_below_g: float = float("-inf")
    drift: DriftRules = field(default_factory=DriftRules)

    def __post_init__(self) -> None:
        if self.counts_per_g == 0:
            raise ValueError("counts_per_g must not be 0")
        if self.settle_for_s <= 0:
            raise ValueError(f"settle_for_s must be > 0, got {self.settle_for_s}")


def band_g(capacity_g: float, lightest_unit_g: float | None) -> float:
    """Half width of what counts as quiet; kept below the lightest unit on the scale."""
    band = capacity_g * BAND_PER_CAPACITY
    return band if lightest_unit_g is None else min(band, lightest_unit_g * LARGEST_BAND_PER_UNIT)


def off_below_g(capacity_g: float, unit_g: float | None) -> float:
    """One unit too many that was taken is no shelf that is off."""
    return -max(capacity_g * OFF_PER_CAPACITY, 1.5 * (unit_g or 0.0))
