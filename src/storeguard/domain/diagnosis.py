"""Readings of a scale that nobody touches → what an installer has to do about it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from storeguard.domain.scalerules import Reading, band_g
from storeguard.domain.scalestate import NOISE_BANDS, WIDEST_BAND
from storeguard.domain.series import Series, noise, rms, slope_per_s, sorted_out

FULL_SCALE = 0x800000
USUAL_SHARE_AT_CAPACITY = 0.5
"""Of the amplifier's range; taken where the scale has no calibration yet."""

FEWEST_GOOD = 8
SLOWEST, FASTEST = 0.85, 1.2
"""Of the nominal rate: the chip's oscillator is off by up to a tenth."""
FAILED_SOME, FAILED_MANY = 0.005, 0.05
NEAR_LIMIT = 0.9
"""Of the amplifier's range: the next item saturates it."""
DRIFT_PER_CAPACITY_S = 1e-5
"""0.1 g a second on 10 kg: a hundred times the creep that a cell is allowed."""
DRIFT_SIGMAS = 6.0
TRIMMED = 0.05
RESTLESS_SIGMAS = 10.0
"""Nine in ten of white noise lie within 3.3 sigma: beyond this, something has moved."""
SPIKE_SIGMAS = 10.0
SPIKES_MANY = 0.01
SMALLEST_STEP = 1.0
"""Counts; a cell at rest moves by more, so a series without any is no cell."""


class Finding(StrEnum):
    """What is remarkable about a run, worst first."""

    NO_READING = "no_reading"
    SATURATED = "saturated"
    FROZEN = "frozen"
    FAILING = "failing"
    TOO_SLOW = "too_slow"
    TOO_FAST = "too_fast"
    RESTLESS = "restless"
    NOISY = "noisy"
    UNIT_TOO_LIGHT = "unit_too_light"
    DRIFTING = "drifting"
    NEAR_LIMIT = "near_limit"
    DROPOUTS = "dropouts"
    SOMEWHAT_NOISY = "somewhat_noisy"
    SPIKES = "spikes"
    UNCALIBRATED = "uncalibrated"


REMARKS = frozenset(
    {Finding.DROPOUTS, Finding.SOMEWHAT_NOISY, Finding.SPIKES, Finding.UNCALIBRATED}
)
"""The scale can be used all the same."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What the configuration says of a scale. `counts_per_g` is None until it is calibrated."""

    sample_rate_hz: float
    capacity_g: float
    lightest_unit_g: float | None = None
    tare_raw: int = 0
    counts_per_g: float | None = None

    @property
    def scale(self) -> float:
        """Counts a gram, without sign; a guess where there is no calibration."""
        if self.counts_per_g is None:
            return FULL_SCALE * USUAL_SHARE_AT_CAPACITY / self.capacity_g
        return abs(self.counts_per_g)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The figures of one run; those in grams are None without a calibration.

    `drift_*` is what a steady slope would make over the whole run. `why` is the device's own
    word for its failed readings.
    """

    span_s: float
    readings: int
    rate_hz: float
    nominal_hz: float
    failed_share: float
    saturated: int
    raw: float | None
    rms_counts: float
    peak_counts: float
    drift_counts: float
    grams: float | None
    rms_g: float | None
    peak_g: float | None
    drift_g: float | None
    findings: tuple[Finding, ...]
    why: str

    @property
    def is_sound(self) -> bool:
        return REMARKS.issuperset(self.findings)


def diagnose(readings: Sequence[Reading], cell: Cell) -> Diagnosis:
    """Judges one run over an untouched scale, empty or not."""
    series = sorted_out(readings)
    span_s = readings[-1].t_s - readings[0].t_s if readings else 0.0
    slope = slope_per_s(series.times_s, series.raws)
    drift_counts = slope * span_s
    raw = median(series.raws) if series.raws else None
    spread, peak = rms(series.raws), _peak(series)
    return Diagnosis(
        span_s,
        series.readings,
        series.rate_hz,
        cell.sample_rate_hz,
        series.failed / series.readings if readings else 0.0,
        series.saturated,
        raw,
        spread,
        peak,
        drift_counts,
        None if raw is None else _grams(raw - cell.tare_raw, cell),
        _grams(spread, cell, signed=False),
        _grams(peak, cell, signed=False),
        _grams(drift_counts, cell),
        tuple(_findings(series, cell, slope, span_s)),
        series.why,
    )


def _peak(series: Series) -> float:
    return max(series.raws) - min(series.raws) if series.raws else 0.0


def _grams(counts: float, cell: Cell, *, signed: bool = True) -> float | None:
    if cell.counts_per_g is None:
        return None
    return counts / (cell.counts_per_g if signed else cell.scale)


def _findings(series: Series, cell: Cell, slope: float, span_s: float) -> Iterator[Finding]:
    if series.saturated:
        yield Finding.SATURATED
    if len(series.raws) < FEWEST_GOOD:
        if not series.saturated:
            yield Finding.NO_READING
    else:
        yield from _of_the_words(series, cell)
        yield from _of_the_weight(series, cell, slope, span_s)
    if cell.counts_per_g is None:
        yield Finding.UNCALIBRATED


def _of_the_words(series: Series, cell: Cell) -> Iterator[Finding]:
    failed = series.failed / series.readings
    if failed > FAILED_MANY:
        yield Finding.FAILING
    elif failed > FAILED_SOME:
        yield Finding.DROPOUTS
    if series.rate_hz < SLOWEST * cell.sample_rate_hz and failed <= FAILED_MANY:
        yield Finding.TOO_SLOW
    if series.rate_hz > FASTEST * cell.sample_rate_hz:
        yield Finding.TOO_FAST


def _of_the_weight(series: Series, cell: Cell, slope: float, span_s: float) -> Iterator[Finding]:
    if _peak(series) < SMALLEST_STEP:
        yield Finding.FROZEN
        return
    sigma = noise(series.raws)
    if _has_moved(series, sigma, slope):
        yield Finding.RESTLESS
    elif _drifts(series, sigma, slope, cell, span_s):
        yield Finding.DRIFTING
    yield from _of_the_noise(series, sigma, cell)
    if abs(median(series.raws)) > NEAR_LIMIT * FULL_SCALE:
        yield Finding.NEAR_LIMIT


def _has_moved(series: Series, sigma: float, slope: float) -> bool:
    """A load came or went: more lies off the straight line than noise and spikes explain."""
    pairs = zip(series.times_s, series.raws, strict=True)
    off = sorted(raw - slope * t_s for t_s, raw in pairs)
    few = int(len(off) * TRIMMED)
    return off[-1 - few] - off[few] > RESTLESS_SIGMAS * max(sigma, SMALLEST_STEP)


def _drifts(series: Series, sigma: float, slope: float, cell: Cell, span_s: float) -> bool:
    by_chance = DRIFT_SIGMAS * max(sigma, SMALLEST_STEP) * math.sqrt(12 / len(series.raws))
    allowed = DRIFT_PER_CAPACITY_S * cell.capacity_g * cell.scale * span_s
    return abs(slope) * span_s > max(by_chance, allowed)


def _of_the_noise(series: Series, sigma: float, cell: Cell) -> Iterator[Finding]:
    """A cell that is as quiet as such cells are is told from one whose wires pick something up."""
    band = band_g(cell.capacity_g, cell.lightest_unit_g) * cell.scale
    if NOISE_BANDS * sigma > WIDEST_BAND * band:
        is_quiet = NOISE_BANDS * sigma <= band_g(cell.capacity_g, None) * cell.scale
        yield Finding.UNIT_TOO_LIGHT if is_quiet else Finding.NOISY
    elif NOISE_BANDS * sigma > band:
        yield Finding.SOMEWHAT_NOISY
    if _spikes(series.raws, sigma) > SPIKES_MANY * len(series.raws):
        yield Finding.SPIKES


def _spikes(raws: Sequence[int], sigma: float) -> int:
    """How many stand out from both neighbours, to the same side."""
    far = SPIKE_SIGMAS * max(sigma, SMALLEST_STEP)
    threes = zip(raws, raws[1:], raws[2:], strict=False)
    out = ((raw - before, raw - after) for before, raw, after in threes)
    return sum(min(a, b) > far or max(a, b) < -far for a, b in out)
