"""A run of readings as figures: what came, how much it scatters, where it goes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import fmean, median

from storeguard.domain.scalerules import SATURATED, Reading

SATURATED_WORD = "saturated"
"""In the reason of a failed reading: every backend says it of an amplifier at its end."""

JUMP_PER_SIGMA = 0.954
"""Median of |N(0, sigma·√2)|: what lies between two neighbours, in sigma."""

MOST_POINTS = 120
"""For the slope, whose cost grows with the square; more points become medians of neighbours."""


@dataclass(frozen=True, slots=True)
class Series:
    """Readings sorted out. `times_s` and `raws` are the good ones; `why` the usual failure."""

    times_s: tuple[float, ...]
    raws: tuple[int, ...]
    failed: int
    saturated: int
    why: str

    @property
    def readings(self) -> int:
        return len(self.raws) + self.failed + self.saturated

    @property
    def rate_hz(self) -> float:
        """Good readings a second; 0 where fewer than two came."""
        if len(self.times_s) < 2 or self.times_s[-1] <= self.times_s[0]:
            return 0.0
        return (len(self.times_s) - 1) / (self.times_s[-1] - self.times_s[0])


def sorted_out(readings: Sequence[Reading]) -> Series:
    """Which are good, which failed, which were saturated."""
    good = [r for r in readings if r.raw is not None and r.raw not in SATURATED]
    bad = [r for r in readings if r.raw is None or r.raw in SATURATED]
    saturated = sum(is_saturated(reading) for reading in bad)
    reasons = Counter(reading.why for reading in bad if reading.why)
    why = reasons.most_common(1)[0][0] if reasons else ""
    times_s = tuple(reading.t_s for reading in good)
    raws = tuple(reading.raw for reading in good if reading.raw is not None)
    return Series(times_s, raws, len(bad) - saturated, saturated, why)


def is_saturated(reading: Reading) -> bool:
    """Has the amplifier reached its end? Backends say so as a failed reading."""
    return reading.raw in SATURATED or (reading.raw is None and SATURATED_WORD in reading.why)


def noise(raws: Sequence[float]) -> float:
    """Sigma from the median jump between neighbours: steps and ramps do not show in it."""
    jumps = [abs(b - a) for a, b in pairwise(raws)]
    return median(jumps) / JUMP_PER_SIGMA if jumps else 0.0


def rms(raws: Sequence[float]) -> float:
    """Spread about the mean; 0 of nothing."""
    middle = fmean(raws) if raws else 0.0
    return fmean((raw - middle) ** 2 for raw in raws) ** 0.5 if raws else 0.0


def slope_per_s(times_s: Sequence[float], raws: Sequence[float]) -> float:
    """The median of the slopes between all pairs (Theil and Sen): spikes do not tilt it."""
    points = _thinned(list(zip(times_s, raws, strict=True)))
    slopes = [(b - a) / (tb - ta) for (ta, a), (tb, b) in combinations(points, 2) if tb > ta]
    return median(slopes) if slopes else 0.0


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    size = -(-len(points) // MOST_POINTS)
    if size <= 1:
        return points
    groups = (points[i : i + size] for i in range(0, len(points), size))
    return [(median(t for t, _ in group), median(raw for _, raw in group)) for group in groups]
