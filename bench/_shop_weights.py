"""What a real load cell makes of the true weight on it: nothing here knows storeguard.

Published figures: a cell with an HX711 shows 14 to 15 noise-free bits (1.2 to 2.4 g peak to peak
on 10 kg, 2.4 to 4.8 g on 20 kg); its zero moves by 1 to 7 g/°C on 10 kg, either way, with the
cell's own thermal lag; it creeps by 0.03 % of a new load in half an hour; a shop's temperature
swings by ±2.5 °C a day, and the air conditioning moves it by 5 °C within minutes. A reading
fails now and then, a spike hits single words or a burst of them, and after a pulse that was too
long the next four words are garbage. Grams, seconds, °C.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Grams = npt.NDArray[np.float64]
Raws = list[int | None]

PEAK_SIGMAS = 6.6
NOISE_PEAK_PER_CAPACITY = (0.00012, 0.00024)
DRIFT_PER_DEGREE = (0.0001, 0.0007)
CREEP_SHARE, CREEP_TAU_S = 0.0003, 600.0
CREPT_BY_THEN = 1 - math.exp(-1800 / CREEP_TAU_S)
DAY_S, DAY_C = 86_400.0, 2.5
CONDITIONING_C, CONDITIONING_TAU_S = 5.0, (120.0, 420.0)
CONDITIONED_EVERY_S = (2_400.0, 9_000.0)
LAG_S = 240.0
FAILED_SHARE, SPIKE_SHARE = 0.002, 0.0004
BURSTS_AN_HOUR, BURST_WORDS = 2.0, (2, 12)
OVERRUNS_AN_HOUR, GARBAGE_WORDS = 1.0, 4
TARE_RAW, FULL_SCALE = 84_000, 0x7FFFFE
DRIFT_MOST = DRIFT_PER_DEGREE[1]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell with its own faults. `per_degree_g` may be negative."""

    capacity_g: float
    noise_g: float
    per_degree_g: float
    tare_raw: int
    counts_per_g: float


@dataclass(frozen=True, slots=True)
class Air:
    """The shop's temperature against that of the calibration, for every cell the same."""

    times_s: Grams
    degrees: Grams

    @classmethod
    def day(
        cls, until_s: float, chance: np.random.Generator, *, day_c: float = DAY_C, conditioned: bool
    ) -> "Air":
        times = np.arange(0.0, until_s + 60.0, min(20.0, max(1.0, until_s / 20_000)))
        phase = chance.uniform(0, 2 * math.pi)
        degrees = day_c * (np.sin(2 * math.pi * times / DAY_S + phase) - math.sin(phase))
        if conditioned:
            degrees = degrees + _conditioning(times, chance)
        return cls(times, degrees)

    def at(self, times_s: Grams) -> Grams:
        return np.interp(times_s, self.times_s, self.degrees)


def draw_cell(capacity_g: float, chance: np.random.Generator, *, worst: bool = False) -> Cell:
    """`worst`: the largest drift of the published figures."""
    peak_g = capacity_g * chance.uniform(*NOISE_PEAK_PER_CAPACITY)
    share = DRIFT_MOST if worst else chance.uniform(*DRIFT_PER_DEGREE)
    per_degree_g = share * capacity_g * chance.choice((-1.0, 1.0))
    counts_per_g = 0.5 * FULL_SCALE / capacity_g
    return Cell(capacity_g, peak_g / PEAK_SIGMAS, per_degree_g, TARE_RAW, counts_per_g)


def measured_g(times_s: Grams, grams: Grams, cell: Cell, air: Air) -> Grams:
    """The true weight with creep and the zero's way through the temperatures, without noise."""
    zero_g = cell.per_degree_g * _lagged(air.at(times_s), times_s, LAG_S)
    creep_g = CREEP_SHARE / CREPT_BY_THEN * _lagged(grams - grams[0], times_s, CREEP_TAU_S)
    return grams + creep_g + zero_g - zero_g[0]


def words(grams: Grams, cell: Cell, chance: np.random.Generator, rate_hz: float) -> Raws:
    """What the chip delivers: noise, rounding, spikes, bursts, garbage, and readings that fail."""
    noisy = grams + chance.normal(0.0, cell.noise_g, len(grams))
    raws = np.rint(cell.tare_raw + cell.counts_per_g * noisy)
    count = len(raws)
    hit = chance.random(count) < SPIKE_SHARE
    hours = count / rate_hz / 3600
    for _ in range(chance.poisson(BURSTS_AN_HOUR * hours)):
        first = int(chance.integers(count))
        hit[first : first + int(chance.integers(*BURST_WORDS))] = True
    for _ in range(chance.poisson(OVERRUNS_AN_HOUR * hours)):
        first = int(chance.integers(count))
        hit[first : first + GARBAGE_WORDS] = True
    spikes = int(hit.sum())
    raws[hit] += cell.counts_per_g * cell.capacity_g * chance.uniform(-0.6, 0.6, spikes)
    found = raws.clip(-FULL_SCALE, FULL_SCALE).astype(int).tolist()
    for at in np.flatnonzero(chance.random(count) < FAILED_SHARE).tolist():
        found[at] = None
    return found


def _conditioning(times_s: Grams, chance: np.random.Generator) -> Grams:
    """It comes on and goes off again: 5 °C down within minutes, and up again."""
    wanted = np.zeros(len(times_s))
    t_s, is_on = chance.uniform(*CONDITIONED_EVERY_S), False
    while t_s < times_s[-1]:
        is_on = not is_on
        wanted[times_s >= t_s] = -CONDITIONING_C if is_on else 0.0
        t_s += chance.uniform(*CONDITIONED_EVERY_S)
    return _lagged(wanted, times_s, chance.uniform(*CONDITIONING_TAU_S))


def _lagged(values: Grams, times_s: Grams, tau_s: float) -> Grams:
    """A first-order lag, worked out twenty times in its own time."""
    coarse = np.arange(times_s[0], times_s[-1] + tau_s / 20, tau_s / 20)
    keep, now, found = math.exp(-1 / 20), float(values[0]), []
    for value in np.interp(coarse, times_s, values).tolist():
        now = keep * now + (1 - keep) * value
        found.append(now)
    return np.interp(times_s, coarse, found)


def dressed(
    times_s: Grams,
    grams: Grams,
    capacity_g: float,
    counts_per_g: float,
    seed: int,
    air: Air,
    *,
    worst: bool = False,
) -> Raws:
    """What a drawn cell of that capacity makes of a plate's true weight."""
    chance = np.random.default_rng(seed)
    drawn = draw_cell(capacity_g, chance, worst=worst)
    cell = Cell(capacity_g, drawn.noise_g, drawn.per_degree_g, drawn.tare_raw, counts_per_g)
    rate_hz = len(times_s) / (times_s[-1] - times_s[0])
    return words(measured_g(times_s, grams, cell, air), cell, chance, float(rate_hz))


def owners_g(unit_g: float, seed: int) -> float:
    """What the owner has put down for it: read off a kitchen scale, rounded."""
    off = 1 + np.random.default_rng([seed, round(unit_g * 10)]).uniform(-0.004, 0.004)
    return round(unit_g * off, 0 if unit_g >= 100 else 1)
