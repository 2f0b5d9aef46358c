"""Readings of an empty and a loaded scale → its zero and its counts a gram, with their error.

The line goes through the zero; heavy loads weigh more in it, so that the error of placing one
unit averages out over five. What the stated error holds: the noise of the levels or, if it is
larger, what they leave unexplained; the zero's move meanwhile; the spread of the units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median

from storeguard.domain.scalerules import Reading
from storeguard.domain.series import noise, sorted_out

FULL_SCALE = 0x800000
FEWEST_SAMPLES = 8
SPAN_SHARE = 0.8
"""Of the holding time; the fence-post and the device's own delay are missing."""

LEAST_NOISE = 0.3
"""Counts: what rounding to whole counts leaves of no noise at all."""
STEADY_SIGMAS = 2.0
STEADY_COUNTS = 2.0
"""As far may the halves of a steady series be apart, in its own noise or in counts."""
CALM = 5.0
"""So much noisier than the empty scale: a hand trembles on it."""

UNMOVED_SIGMAS = 6.0
LEAST_LOAD_SIGMAS = 20.0
"""A lighter load than that makes an error of several per cent with a single reading."""
RETURN_SIGMAS = 5.0
RETURN_SHARE = 0.01
"""Of the largest load: cells creep by 0.05 % of it in a minute, a forgotten unit is 20 %."""
UNEVEN_SHARE = 0.1
"""Of a load: so far may it lie off the line; one unit miscounted of five is more."""
PLAUSIBLE = (0.01, 1.2)
"""The capacity in shares of the amplifier's range at gain 128; usual are 0.2 to 0.6."""


class Refusal(StrEnum):
    """Why a series of loads makes no calibration."""

    DID_NOT_MOVE = "did_not_move"
    TOO_LIGHT = "too_light"
    NOT_BACK = "not_back"
    UNEVEN = "uneven"
    IMPLAUSIBLE = "implausible"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Refused:
    """`got` and `expected` are in counts; those of the last two reasons in counts a gram."""

    why: Refusal
    got: float
    expected: float


@dataclass(frozen=True, slots=True)
class Level:
    """A scale at rest, in counts. `error` is that of `raw`, `noise` that of one reading."""

    raw: float
    noise: float
    error: float


@dataclass(frozen=True, slots=True)
class Load:
    """What lies on the scale by now. `units` is 0 for a weight whose grams are exact."""

    grams: float
    level: Level
    units: int = 0

    def __post_init__(self) -> None:
        if self.grams <= 0:
            raise ValueError(f"grams must be > 0, got {self.grams}")


@dataclass(frozen=True, slots=True)
class Calibrated:
    """`error_percent` is the standard error of `counts_per_g`; `zero_return_g` is signed."""

    tare_raw: int
    counts_per_g: float
    error_percent: float
    zero_return_g: float
    noise_g: float


def steady_level(
    readings: Sequence[Reading], hold_s: float, calm: float | None = None
) -> Level | None:
    """The level of the last `hold_s`, or None while the scale is not at rest.

    `calm` is the noise of the untouched scale, in counts, where it is known.
    """
    recent = [r for r in readings if r.t_s > readings[-1].t_s - hold_s]
    series = sorted_out(recent)
    if series.failed or series.saturated or len(series.raws) < FEWEST_SAMPLES:
        return None
    if series.times_s[-1] - series.times_s[0] < SPAN_SHARE * hold_s:
        return None
    sigma = max(LEAST_NOISE, noise(series.raws))
    half = len(series.raws) // 2
    apart = abs(median(series.raws[:half]) - median(series.raws[half:]))
    is_calm = calm is None or sigma <= CALM * max(calm, LEAST_NOISE)
    if not is_calm or apart > max(STEADY_COUNTS, STEADY_SIGMAS * sigma):
        return None
    return Level(_trimmed_mean(series.raws), sigma, sigma / len(series.raws) ** 0.5)


def _trimmed_mean(raws: Sequence[int]) -> float:
    few = len(raws) // 10
    return fmean(sorted(raws)[few : len(raws) - few])


def unfit(empty: Level, load: Load) -> Refused | None:
    """What can be said against a load as soon as it lies there."""
    moved = abs(load.level.raw - empty.raw)
    unseen = UNMOVED_SIGMAS * (load.level.error + empty.error)
    if moved <= unseen:
        return Refused(Refusal.DID_NOT_MOVE, moved, unseen)
    noisy = LEAST_LOAD_SIGMAS * max(load.level.noise, empty.noise)
    return Refused(Refusal.TOO_LIGHT, moved, noisy) if moved < noisy else None


def calibrate(
    empty: Level,
    loads: Sequence[Load],
    back: Level,
    *,
    capacity_g: float,
    gain: int,
    spread_g: float = 0.0,
    before: float | None = None,
) -> Calibrated | Refused:
    """Loads in the order of their growing; `spread_g` is that of one unit.

    `before` is the counts a gram until now, if any: its sign must not turn by itself.
    Raises ValueError without a load.
    """
    if not loads:
        raise ValueError("a calibration needs a load")
    fit = _Fit(empty, tuple(loads), back)
    refused = (
        next(filter(None, (unfit(empty, load) for load in loads)), None)
        or fit.not_back()
        or fit.uneven()
        or _implausible(fit.slope, capacity_g, gain)
        or _reversed(fit.slope, before)
    )
    return refused or Calibrated(
        round(back.raw),
        fit.slope,
        100 * fit.error(spread_g) / abs(fit.slope),
        fit.returned / fit.slope,
        max(empty.noise, back.noise) / abs(fit.slope),
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    """The line through the zero, by least squares."""

    empty: Level
    loads: tuple[Load, ...]
    back: Level

    @property
    def zero(self) -> float:
        """Halfway between the two empties: a drift is shared by all."""
        return (self.empty.raw + self.back.raw) / 2

    @property
    def returned(self) -> float:
        return self.back.raw - self.empty.raw

    @property
    def _squares(self) -> float:
        return sum(load.grams**2 for load in self.loads)

    @property
    def _grams(self) -> float:
        return sum(load.grams for load in self.loads)

    @property
    def slope(self) -> float:
        """Counts a gram."""
        moved = sum(load.grams * (load.level.raw - self.zero) for load in self.loads)
        return moved / self._squares

    def _residual(self, load: Load) -> float:
        return load.level.raw - self.zero - self.slope * load.grams

    def not_back(self) -> Refused | None:
        largest = max(abs(load.level.raw - self.empty.raw) for load in self.loads)
        noisy = RETURN_SIGMAS * max(self.empty.noise, self.back.noise)
        allowed = max(noisy, RETURN_SHARE * largest)
        got = abs(self.returned)
        return Refused(Refusal.NOT_BACK, got, allowed) if got > allowed else None

    def uneven(self) -> Refused | None:
        off = [(abs(self._residual(load)), self._allowed(load)) for load in self.loads]
        got, allowed = max(off, key=lambda pair: pair[0] - pair[1])
        return Refused(Refusal.UNEVEN, got, allowed) if got > allowed else None

    def _allowed(self, load: Load) -> float:
        return UNEVEN_SHARE * abs(self.slope) * load.grams

    def error(self, spread_g: float) -> float:
        """Standard error of the slope, counts a gram."""
        levels = max(self._noise_error(), self._misfit_error())
        zero = abs(self.returned) / 12**0.5 * self._grams / self._squares
        return float((levels**2 + zero**2 + self._units_error(spread_g) ** 2) ** 0.5)

    def _noise_error(self) -> float:
        loaded = sum((load.grams * load.level.error) ** 2 for load in self.loads)
        zero = (self.empty.error**2 + self.back.error**2) / 4
        return float((loaded + self._grams**2 * zero) ** 0.5 / self._squares)

    def _misfit_error(self) -> float:
        """Nothing is left unexplained by a line through one load."""
        freedom = len(self.loads) - 1
        left = sum(self._residual(load) ** 2 for load in self.loads)
        return float((left / freedom / self._squares) ** 0.5) if freedom else 0.0

    def _units_error(self, spread_g: float) -> float:
        """Units that lie there already are in every later load, with the same error."""
        shared = sum(
            a.grams * b.grams * min(a.units, b.units) for a in self.loads for b in self.loads
        )
        return float(abs(self.slope) * spread_g * shared**0.5 / self._squares)


def _implausible(slope: float, capacity_g: float, gain: int) -> Refused | None:
    """A kilogram typed for a gram, or a capacity that is not this cell's."""
    low, high = (share * FULL_SCALE * gain / 128 / capacity_g for share in PLAUSIBLE)
    got = abs(slope)
    if low <= got <= high:
        return None
    return Refused(Refusal.IMPLAUSIBLE, got, low if got < low else high)


def _reversed(slope: float, before: float | None) -> Refused | None:
    """The weight lay there when the scale should have been empty, and was gone afterwards."""
    if before is None or slope * before > 0:
        return None
    return Refused(Refusal.REVERSED, slope, before)
