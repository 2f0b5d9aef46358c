"""A scale of the simulated store: the world's load through an HX711's eyes."""

import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from storeguard import config
from storeguard.clock import Clock
from storeguard.devices.sim.timeline import HISTORY_S
from storeguard.devices.sim.world import World
from storeguard.errors import FaultCode
from storeguard.ports import Reading

SIM_CALIBRATION = config.Calibration(tare_raw=84_000, counts_per_g=429.0)
"""What a simulated cell is, where the configuration does not say."""

NOISE_G = 0.25
"""Sigma; 1.2 to 1.8 g peak to peak, as an HX711 on a 10 kg cell."""
FAILURE_EVERY_S = 1.0
RAW_MIN, RAW_MAX = -0x800000, 0x7FFFFF


class SimScale:
    """Samples the world's load at the configured rate, whenever it is asked.

    Readings that are due are made in `drain`, with their own times; how often it is called
    changes no value. One that waits longer than `HISTORY_S` has lost what is older.
    """

    def __init__(
        self,
        config: config.Scale,
        world: World,
        clock: Clock,
        seed: int = 0,
        *,
        noise_g: float = NOISE_G,
        drift_g_per_h: float = 0.0,
    ) -> None:
        self._config = config
        self._calibration = config.calibration or SIM_CALIBRATION
        self._world = world
        self._clock = clock
        self._rng = np.random.default_rng([seed, zlib.crc32(config.id.encode())])
        self._noise_g = noise_g
        self._drift_g_per_h = drift_g_per_h
        self._started_s: float | None = None
        self._samples = 0
        self._failed_s: float | None = None

    @property
    def id(self) -> str:
        return self._config.id

    def start(self) -> None:
        self._started_s = self._clock.now_s()
        self._samples = 0
        self._failed_s = None

    async def close(self) -> None:
        self._started_s = None

    def drain(self) -> Sequence[Reading]:
        if self._started_s is None:
            return ()
        rate_hz = self._config.sample_rate_hz
        due = int((self._clock.now_s() - self._started_s) * rate_hz + 1e-6)
        first = max(self._samples, due - int(HISTORY_S * rate_hz))
        if due <= first:
            return ()
        times_s = [self._started_s + n / rate_hz for n in range(first + 1, due + 1)]
        self._samples = due
        return tuple(self._readings(times_s))

    def _readings(self, times_s: Sequence[float]) -> Iterator[Reading]:
        noises = self._rng.standard_normal(len(times_s)).tolist()
        for t_s, noise in zip(times_s, noises, strict=True):
            raw, is_out = self._raw(t_s, noise), self._world.was_unplugged(self.id, t_s)
            if not is_out and RAW_MIN < raw < RAW_MAX:
                self._failed_s = None
                yield Reading(t_s, raw)
            elif self._failed_s is None or t_s - self._failed_s >= FAILURE_EVERY_S - 1e-6:
                self._failed_s = t_s
                yield Reading(t_s, None, *self._why(is_out, raw))

    def _raw(self, t_s: float, noise: float) -> int:
        """One number at a time: a reading or two are due at once, and arrays of two are slow."""
        assert self._started_s is not None
        if self._world.was_saturated(self.id, t_s):
            return RAW_MAX
        drift_g = self._drift_g_per_h * (t_s - self._started_s) / 3600
        grams = self._world.load_g(self.id, t_s) + drift_g + self._noise_g * noise
        raw = round(self._calibration.tare_raw + grams * self._calibration.counts_per_g)
        return max(RAW_MIN, min(RAW_MAX, raw))

    def _why(self, is_out: bool, raw: int) -> tuple[str, FaultCode]:
        name = f"scale {self.id!r}"
        if is_out:
            why = f"{name}: no data from the simulated cell; it is unplugged"
            return why, FaultCode.SCALE_SILENT
        why = f"{name}: saturated at {raw:#x}; check the cell's wiring and load"
        return why, FaultCode.SCALE_SATURATED
