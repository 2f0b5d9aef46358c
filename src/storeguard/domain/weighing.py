"""Raw counts → grams → steps: what a scale says once hands are off it.

A scale is *quiet* while its samples stay within a band around its level, and *moving* from
the first sample outside it until a whole settling time has held again. Whatever happens in
between (a hand, a door slam, a spike) causes no step of its own: only the difference between
two settled levels does.

The band comes from the cell: a 10 kg cell shows 1.2 to 2.4 g peak to peak, a 20 kg cell 2.4
to 4.8 g, so 0.03 % of the capacity to either side is half as wide again as the noise.
"""

import math
from collections.abc import Sequence
from itertools import islice
from statistics import median

from storeguard.domain import drift, resting
from storeguard.domain.events import DeviceFailed, DeviceRecovered
from storeguard.domain.scalerules import SATURATED, Reading, WeighingRules
from storeguard.domain.scalestate import Advance, Weighing, WeighingEvent, band_of
from storeguard.domain.settling import (
    FEWEST_SAMPLES,
    Samples,
    is_steady,
    sigma_g,
)
from storeguard.errors import FaultCode

FAULT_AFTER_S = 1.5
"""No good reading for so long, and failed ones instead: the scale is faulty. A device says once a
second that it has none, so this is seen within 2 s."""

HELD_SIGMAS = 3.0
"""Of two readings of the same level."""

BESIDE_BANDS = 1.5
"""What has rested beside its level, and is no further off, has not moved since. The lightest item
weighs 2.5 bands."""

OFF_AFTER_S = 10.0
"""A scale that rests far below nothing for so long: its shelf is off. Until then somebody may
be lifting it to clean under it."""


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
    zero_g = state.zero_g + state.level_g - level_g
    return state._replace(zero_g=zero_g, level_g=level_g, drift=drift.told(state.drift))


def bar(state: Weighing, t_s: float) -> Weighing:
    """Its readings are sound, but not those of its goods: it has failed until it is admitted."""
    since_s = t_s if state.moving_since_s is None else state.moving_since_s
    return state._replace(
        level_g=None,
        is_failed=True,
        is_barred=True,
        failing_since_s=t_s,
        moving_since_s=since_s,
    )


def admit(state: Weighing) -> Weighing:
    return state._replace(is_barred=False)


def resting_g(state: Weighing, rules: WeighingRules) -> float | None:
    """What lies on it now, of a scale that has failed too; None while it moves or says nothing."""
    if not _holds(state.window, rules):
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
    band, zero_g = band_of(state.noise_g, rules), state.zero_g
    level_g = state.level_g + state.drift.held_g
    grams = []
    until_s = state.tracked_s + resting.TRACK_EVERY_S
    tare_raw, counts_per_g = rules.tare_raw, rules.counts_per_g
    for t_s, raw, _, _ in islice(readings, start, None):
        if raw is None or raw in SATURATED or t_s >= until_s:
            break
        gross_g = (raw - tare_raw) / counts_per_g
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
        state = state._replace(failing_since_s=None)
    if state.is_settled:
        if abs(state.net_g(gross_g)) <= band_of(state.noise_g, rules):
            return resting.follow(state, reading.t_s, rules)
        touched_s = reading.t_s if state.touched_s is None else state.touched_s
        return state._replace(
            moving_since_s=reading.t_s, pauses=(), touched_s=touched_s, swing=(gross_g, gross_g)
        ), ()
    return _try_to_settle(_swung(state, gross_g), reading.t_s, rules)


def _swung(state: Weighing, gross_g: float) -> Weighing:
    if state.swing is None or state.swing[0] <= gross_g <= state.swing[1]:
        return state
    low_g, high_g = state.swing
    return state._replace(swing=(min(low_g, gross_g), max(high_g, gross_g)))


def _remember(state: Weighing, samples: Samples, rules: WeighingRules) -> Weighing:
    window = state.window + samples
    oldest_s = window[-1][0] - rules.settle_for_s
    first = 0
    while window[first][0] <= oldest_s:
        first += 1
    # A slow device still needs the fewest samples that can show a hold.
    window = window[min(first, max(0, len(window) - FEWEST_SAMPLES)) :]
    # Spelled out: `_replace` takes three times as long, and each batch comes through here.
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
        state.drift,
        state.same_since_s,
        state.calm_g,
        state.pauses,
        state.touched_s,
        state.beside_s,
        state.swing,
    )


def _failed_reading(state: Weighing, failed: DeviceFailed) -> Advance:
    t_s, since_s = failed.t_s, state.failing_since_s
    if since_s is None:
        since_s = state.window[-1][0] if state.window else t_s
    state = state._replace(failing_since_s=since_s, swing=(-math.inf, math.inf))
    if state.is_failed:
        return state._replace(window=()), ()
    if t_s - since_s < FAULT_AFTER_S:
        return state, ()
    moving_since_s = since_s if state.moving_since_s is None else state.moving_since_s
    state = state._replace(is_failed=True, window=(), moving_since_s=moving_since_s)
    return state, (failed,)


def _try_to_recover(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    """A scale is trusted again once it has held still, no reading bad, for a settling time."""
    if state.is_barred or not _holds(state.window, rules) or _is_off(state, rules):
        return state, ()
    if resting.is_lifeless(state, rules):
        return state, ()
    assert state.failing_since_s is not None
    recovered = DeviceRecovered(t_s, rules.scale, t_s - state.failing_since_s)
    state = state._replace(is_failed=False, failing_since_s=None, same_since_s=None)
    state, steps = _try_to_settle(state, t_s, rules)
    return state, (recovered, *steps)


def _try_to_settle(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    if resting.is_lifeless(state, rules):
        return resting.stand_still(state, t_s, rules)
    if state.same_since_s is not None:
        state = state._replace(same_since_s=None)
    if not _holds(state.window, rules):
        if state.moving_since_s is None:
            return state._replace(moving_since_s=t_s), ()
        return resting.with_pause(state, rules), ()
    if _is_off(state, rules):
        return _wait_for_the_shelf(state, t_s, rules)
    gross_g = median(g for _, g in state.window)
    before, started_s = state, state.moving_since_s
    noise_g = resting.noise_of(state, rules)
    calm_g = min(noise_g, state.calm_g or noise_g)
    state = state._replace(
        moving_since_s=None, noise_g=noise_g, calm_g=calm_g, tracked_s=t_s, pauses=(), swing=None
    )
    state = resting.with_touch(state)
    if before.level_g is None:
        released = drift.hold(state.drift, t_s, 0.0)
        return state._replace(level_g=gross_g - state.zero_g, drift=released), ()
    assert started_s is not None
    off_g = state.off_g(gross_g)
    if before.beside_s is not None and abs(off_g) <= BESIDE_BANDS * band_of(noise_g, rules):
        started_s = before.beside_s
    if abs(off_g) <= band_of(noise_g, rules):
        return resting.rest_near(state, t_s, off_g, started_s, rules)
    if state.drift.held is not None and _is_held(state, gross_g, rules):
        return state, ()
    return resting.step(state, t_s, off_g, started_s, before, rules)


def _is_held(state: Weighing, gross_g: float, rules: WeighingRules) -> bool:
    """Is it where the jump that is held has left it? No further off than it can be read."""
    read_g = max(drift.REFINED_PER_BAND * rules.band_g, HELD_SIGMAS * state.unsure_g)
    return abs(state.net_g(gross_g)) <= read_g


def _is_off(state: Weighing, rules: WeighingRules) -> bool:
    """Does it rest far below nothing, and did not before? One that did has never been tared."""
    limit_g = rules.off_below_g
    if state.level_g is None or state.level_g < limit_g:
        return False
    return median(g for _, g in state.window) - state.zero_g < limit_g


def _wait_for_the_shelf(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    """What has no load has no weight to settle; after a while it is a fault."""
    since_s = t_s if state.moving_since_s is None else state.moving_since_s
    state = state._replace(moving_since_s=since_s)
    if t_s - since_s < OFF_AFTER_S:
        return state, ()
    net_g = median(g for _, g in state.window) - state.zero_g
    why = f"the weight is {net_g:.0f} g: is its shelf off? put it back, or tare the empty scale"
    failed = DeviceFailed(t_s, rules.scale, why, FaultCode.SCALE_NEGATIVE)
    return state._replace(is_failed=True, failing_since_s=since_s), (failed,)


def _holds(window: Samples, rules: WeighingRules) -> bool:
    """Has the weight held for the settling time, and not crept either?"""
    band_g = band_of(sigma_g(window), rules)
    return is_steady(window, rules.settle_for_s, band_g, rules.drift.per_s_g)
