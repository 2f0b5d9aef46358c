"""What is known of one scale, and what is told of it: the state that `weighing` goes through."""

from typing import NamedTuple

from storeguard.domain.drift import Drift
from storeguard.domain.events import DeviceFailed, DeviceRecovered, LevelJumped, StepSettled
from storeguard.domain.scalerules import WeighingRules
from storeguard.domain.settling import Samples, median_sigma_g

NOISE_BANDS = 4.0
"""A cell noisier than its capacity promises gets a band of so many sigma."""

WIDEST_BAND = 2.0
"""But no more than so many times its own: a trembling hand is no noise, and the lightest item
on the scale weighs at least 2.5 bands."""


class Weighing(NamedTuple):
    """What is known of one scale; a tuple, for one is made of each batch of readings.

    `level_g` is the settled net weight (gross less `zero_g`), None until the first one.
    `zero_g` follows the drift of the quiet scale, so the level stands still meanwhile; `drift`
    says how far it has. `moving_since_s` is None while quiet. `window` holds the last settling
    time: (t_s, gross g). `is_barred`: only `admit` lets a scale that has failed recover.
    `same_since_s`: it has said the same word since then. `calm_g`: its noise with nobody at it.
    `pauses`: gross levels at which it has kept still for a moment since it began to move.
    `touched_s`: since when somebody may be at it; it may have settled since, as noisy as a hand.
    `beside_s`: since when it began to move to where it rests: beside its level, within the band.
    `swing`: the least and most, gross, since it began to move; boundless if a reading was missed.
    """

    level_g: float | None = None
    zero_g: float = 0.0
    noise_g: float = 0.0
    moving_since_s: float | None = None
    window: Samples = ()
    tracked_s: float = 0.0
    failing_since_s: float | None = None
    is_failed: bool = False
    is_barred: bool = False
    drift: Drift = Drift()
    same_since_s: float | None = None
    calm_g: float = 0.0
    pauses: tuple[float, ...] = ()
    touched_s: float | None = None
    beside_s: float | None = None
    swing: tuple[float, float] | None = None

    @property
    def is_settled(self) -> bool:
        return self.level_g is not None and self.moving_since_s is None and not self.is_failed

    @property
    def unsure_g(self) -> float:
        """One sigma of the difference of two settled levels."""
        return 2 * median_sigma_g(self.noise_g, len(self.window))

    def off_g(self, gross_g: float) -> float:
        """How far off the level."""
        assert self.level_g is not None
        return gross_g - self.zero_g - self.level_g

    def net_g(self, gross_g: float) -> float:
        """How far off what is expected: the level, and a jump that is held."""
        return self.off_g(gross_g) - self.drift.held_g


WeighingEvent = StepSettled | LevelJumped | DeviceFailed | DeviceRecovered
Advance = tuple[Weighing, tuple[WeighingEvent, ...]]


def band_of(noise_g: float, rules: WeighingRules) -> float:
    """Half width of what is quiet on a scale that is so noisy."""
    noisy_g, band_g = NOISE_BANDS * noise_g, rules.band_g
    return band_g if noisy_g <= band_g else min(noisy_g, WIDEST_BAND * band_g)
