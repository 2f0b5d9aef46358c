"""Raw counts → grams → steps: what a scale says once hands are off it.

A scale is *quiet* while its samples stay within a band around its level, and *moving* from
the first sample outside it until a whole settling time has held again. Whatever happens in
between (a hand, a door slam, a spike) causes no step of its own: only the difference between
two settled levels does.

The band comes from the cell: a 10 kg cell shows 1.2 to 2.4 g peak to peak, a 20 kg cell 2.4
to 4.8 g, so 0.03 % of the capacity to either side is half as wide again as the noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from statistics import median
from typing import NamedTuple

from storeguard.domain.events import DeviceFailed, DeviceRecovered, StepSettled
from storeguard.errors import FaultCode

BAND_PER_CAPACITY = 0.0003
LARGEST_BAND_PER_UNIT = 0.4
"""A wider band would hide the lightest item in the noise."""

TRIMMED = 0.1
"""Share of a settling window that may be spikes, at either end."""

FEWEST_SAMPLES = 3
SPAN_SHARE = 0.9
"""A window of 2 s at 10 samples/s spans 1.9 s: the fence-post is missing."""

NOISE_BANDS = 4.0
"""A cell noisier than its capacity promises gets a band of so many sigma."""

WIDEST_BAND = 2.0
"""But no more than so many times its own: a trembling hand is no noise, and the lightest item
on the scale weighs at least 2.5 bands."""

SATURATED = frozenset({0x7FFFFF, -0x800000})

FAULT_AFTER_S = 1.5
"""No good reading for so long, and failed ones instead: the scale is faulty. A device says once a
second that it has none, so this is seen within 2 s."""

OFF_AFTER_S = 10.0
"""A scale that rests far below nothing for so long: its shelf is off. Until then somebody may
be lifting it to clean under it."""

OFF_PER_CAPACITY = 0.01
"""Far below nothing: 100 g on a 10 kg cell. A shelf plate weighs more, no drift is as large."""

TRACK_EVERY_S = 1.0
LARGEST_DRIFT_G_PER_S = 0.25
"""5 °C within two minutes at 7 g/°C; nobody takes goods that slowly."""


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


@dataclass(frozen=True, slots=True)
class Weighing:
    """What is known of one scale.

    `level_g` is the settled net weight (gross less `zero_g`), None until the first one.
    `zero_g` follows the drift of the quiet scale, so the level stands still meanwhile.
    `moving_since_s` is None while quiet. `window` holds the last settling time: (t_s, gross g).
    `is_barred`: only `admit` lets a scale that has failed recover.
    """

    level_g: float | None = None
    zero_g: float = 0.0
    noise_g: float = 0.0
    moving_since_s: float | None = None
    window: tuple[tuple[float, float], ...] = ()
    tracked_s: float = 0.0
    failing_since_s: float | None = None
    is_failed: bool = False
    is_barred: bool = False

    @property
    def is_settled(self) -> bool:
        return self.level_g is not None and self.moving_since_s is None and not self.is_failed


WeighingEvent = StepSettled | DeviceFailed | DeviceRecovered
Advance = tuple[Weighing, tuple[WeighingEvent, ...]]


def advance(state: Weighing, readings: Sequence[Reading], rules: WeighingRules) -> Advance:
    """Takes readings in the order of their time; how they are cut into batches does not matter."""
    events: list[WeighingEvent] = []
    taken = 0
    while taken < len(readings):
        state, count = _advance_quiet(state, readings, taken, rules)
        taken += count
        if taken < len(readings):
            state, new = _advance_one(state, readings[taken], rules)
            events += new
            taken += 1
    return state, tuple(events)


def set_level(state: Weighing, level_g: float) -> Weighing:
    """The owner says what is on the scale: its zero is moved so that it shows `level_g`."""
    if state.level_g is None:
        return state
    return replace(state, zero_g=state.zero_g + state.level_g - level_g, level_g=level_g)


def bar(state: Weighing, t_s: float) -> Weighing:
    """Its readings are sound, but not those of its goods: it has failed until it is admitted."""
    since_s = t_s if state.moving_since_s is None else state.moving_since_s
    return replace(
        state,
        level_g=None,
        is_failed=True,
        is_barred=True,
        failing_since_s=t_s,
        moving_since_s=since_s,
    )


def admit(state: Weighing) -> Weighing:
    return replace(state, is_barred=False)


def resting_g(state: Weighing, rules: WeighingRules) -> float | None:
    """What lies on it now, of a scale that has failed too; None while it moves or says nothing."""
    if not _is_steady(state.window, rules):
        return None
    return median(g for _, g in state.window) - state.zero_g


def _advance_quiet(
    state: Weighing, readings: Sequence[Reading], start: int, rules: WeighingRules
) -> tuple[Weighing, int]:
    """The usual case at a fraction of the cost: takes the good samples from `start` within the
    band, as many as precede the next look at the drift, and returns how many."""
    if not state.is_settled or state.failing_since_s is not None:
        return state, 0
    assert state.level_g is not None
    band, level_g, zero_g = _band(state.noise_g, rules), state.level_g, state.zero_g
    grams = []
    for t_s, raw, _, _ in islice(readings, start, None):
        if raw is None or raw in SATURATED or t_s - state.tracked_s >= TRACK_EVERY_S:
            break
        gross_g = (raw - rules.tare_raw) / rules.counts_per_g
        if abs(gross_g - zero_g - level_g) > band:
            break
        grams.append((t_s, gross_g))
    return (_remember(state, tuple(grams), rules) if grams else state), len(grams)


def _advance_one(state: Weighing, reading: Reading, rules: WeighingRules) -> Advance:
    if reading.raw is None:
        silent = DeviceFailed(reading.t_s, rules.scale, reading.why or "no reading", reading.code)
        return _failed_reading(state, silent)
    if reading.raw in SATURATED:
        why, code = f"saturated (raw {reading.raw})", FaultCode.SCALE_SATURATED
        return _failed_reading(state, DeviceFailed(reading.t_s, rules.scale, why, code))
    gross_g = (reading.raw - rules.tare_raw) / rules.counts_per_g
    state = _remember(state, ((reading.t_s, gross_g),), rules)
    if state.is_failed:
        return _try_to_recover(state, reading.t_s, rules)
    if state.failing_since_s is not None:
        state = replace(state, failing_since_s=None)
    if state.is_settled:
        if abs(_net(state, gross_g)) <= _band(state.noise_g, rules):
            return _follow_drift(state, reading.t_s), ()
        return replace(state, moving_since_s=reading.t_s), ()
    return _try_to_settle(state, reading.t_s, rules)


def _net(state: Weighing, gross_g: float) -> float:
    assert state.level_g is not None
    return gross_g - state.zero_g - state.level_g


def _band(noise_g: float, rules: WeighingRules) -> float:
    return max(rules.band_g, min(NOISE_BANDS * noise_g, WIDEST_BAND * rules.band_g))


def _remember(
    state: Weighing, samples: tuple[tuple[float, float], ...], rules: WeighingRules
) -> Weighing:
    window = state.window + samples
    oldest_s = window[-1][0] - rules.settle_for_s
    first = next(i for i, (t_s, _) in enumerate(window) if t_s > oldest_s)
    # A slow device still needs the fewest samples that can show a hold.
    window = window[min(first, max(0, len(window) - FEWEST_SAMPLES)) :]
    # Spelled out: `replace` takes three times as long, and each batch comes through here.
    return Weighing(
        state.level_g,
        state.zero_g,
        state.noise_g,
        state.moving_since_s,
        window,
        state.tracked_s,
        state.failing_since_s,
        state.is_failed,
        state.is_barred,
    )


def _failed_reading(state: Weighing, failed: DeviceFailed) -> Advance:
    t_s, since_s = failed.t_s, state.failing_since_s
    if since_s is None:
        since_s = state.window[-1][0] if state.window else t_s
    state = replace(state, failing_since_s=since_s)
    if state.is_failed:
        return replace(state, window=()), ()
    if t_s - since_s < FAULT_AFTER_S:
        return state, ()
    moving_since_s = since_s if state.moving_since_s is None else state.moving_since_s
    state = replace(state, is_failed=True, window=(), moving_since_s=moving_since_s)
    return state, (failed,)


def _try_to_recover(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    """A scale is trusted again once it has held still, no reading bad, for a settling time."""
    if state.is_barred or not _is_steady(state.window, rules) or _is_off(state, rules):
        return state, ()
    assert state.failing_since_s is not None
    recovered = DeviceRecovered(t_s, rules.scale, t_s - state.failing_since_s)
    state = replace(state, is_failed=False, failing_since_s=None)
    state, steps = _try_to_settle(state, t_s, rules)
    return state, (recovered, *steps)


def _try_to_settle(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    if not _is_steady(state.window, rules):
        if state.moving_since_s is None:
            return replace(state, moving_since_s=t_s), ()
        return state, ()
    if _is_off(state, rules):
        return _wait_for_the_shelf(state, t_s, rules)
    gross_g = median(g for _, g in state.window)
    before_g, started_s = state.level_g, state.moving_since_s
    noise_g = _sigma([g for _, g in state.window])
    state = replace(state, moving_since_s=None, noise_g=noise_g, tracked_s=t_s)
    if before_g is None:
        return replace(state, level_g=gross_g - state.zero_g), ()
    grams = _net(state, gross_g)
    if abs(grams) <= _band(noise_g, rules):
        return state, ()
    state = replace(state, level_g=before_g + grams)
    assert started_s is not None
    step = StepSettled(t_s, rules.scale, started_s, grams, before_g + grams, noise_g)
    return state, (step,)


def _is_off(state: Weighing, rules: WeighingRules) -> bool:
    """Does it rest far below nothing, and did not before? One that did has never been tared."""
    limit_g = rules.off_below_g
    if state.level_g is None or state.level_g < limit_g:
        return False
    return median(g for _, g in state.window) - state.zero_g < limit_g


def _wait_for_the_shelf(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    """What has no load has no weight to settle; after a while it is a fault."""
    since_s = t_s if state.moving_since_s is None else state.moving_since_s
    state = replace(state, moving_since_s=since_s)
    if t_s - since_s < OFF_AFTER_S:
        return state, ()
    net_g = median(g for _, g in state.window) - state.zero_g
    why = f"the weight is {net_g:.0f} g: is its shelf off? put it back, or tare the empty scale"
    failed = DeviceFailed(t_s, rules.scale, why, FaultCode.SCALE_NEGATIVE)
    return replace(state, is_failed=True, failing_since_s=since_s), (failed,)


def _is_steady(window: tuple[tuple[float, float], ...], rules: WeighingRules) -> bool:
    """Has the weight held for the settling time, spikes aside, and not crept either?"""
    if len(window) < FEWEST_SAMPLES:
        return False
    if window[-1][0] - window[0][0] < rules.settle_for_s * SPAN_SHARE - _gap_s(window):
        return False
    grams = [g for _, g in window]
    middle = median(grams)
    band = _band(_sigma(grams), rules)
    if any(abs(g - middle) > band for g in grams[-2:]):
        return False
    trimmed = sorted(grams)
    spikes = int(len(grams) * TRIMMED)
    if trimmed[-1 - spikes] - middle > band or middle - trimmed[spikes] > band:
        return False
    half = len(grams) // 2
    return abs(median(grams[:half]) - median(grams[half:])) <= band / 2


def _gap_s(window: tuple[tuple[float, float], ...]) -> float:
    """The mean time between two samples: a window cannot span more than it has fence-posts."""
    return (window[-1][0] - window[0][0]) / (len(window) - 1)


def _sigma(grams: list[float]) -> float:
    """Noise from the median jump between neighbours: steps and ramps do not show in it."""
    jumps = [abs(b - a) for a, b in pairwise(grams)]
    return median(jumps) / 0.954  # median |N(0, sigma·√2)|


def _follow_drift(state: Weighing, t_s: float) -> Weighing:
    elapsed_s = t_s - state.tracked_s
    if elapsed_s < TRACK_EVERY_S:
        return state
    off_g = _net(state, median(g for _, g in state.window))
    most_g = LARGEST_DRIFT_G_PER_S * elapsed_s
    moved_g = max(-most_g, min(most_g, off_g))
    return replace(state, zero_g=state.zero_g + moved_g, tracked_s=t_s)
