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
from typing import NamedTuple

from storeguard.domain import drift
from storeguard.domain.drift import Drift
from storeguard.domain.events import DeviceFailed, DeviceRecovered, LevelJumped, StepSettled
from storeguard.domain.scalerules import SATURATED, Reading, WeighingRules
from storeguard.domain.settling import (
    FEWEST_SAMPLES,
    Samples,
    is_frozen,
    is_steady,
    median_sigma_g,
    sigma_g,
)
from storeguard.errors import FaultCode

NOISE_BANDS = 4.0
"""A cell noisier than its capacity promises gets a band of so many sigma."""

WIDEST_BAND = 2.0
"""But no more than so many times its own: a trembling hand is no noise, and the lightest item
on the scale weighs at least 2.5 bands."""

FAULT_AFTER_S = 1.5
"""No good reading for so long, and failed ones instead: the scale is faulty. A device says once a
second that it has none, so this is seen within 2 s."""

OFF_AFTER_S = 10.0
"""A scale that rests far below nothing for so long: its shelf is off. Until then somebody may
be lifting it to clean under it."""

STUCK_AFTER_S = 30.0
"""A cell that has shown noise says the same word for so long: it does not weigh any more."""

TRACK_EVERY_S = 1.0

HANDLED, CALMED_PER_S = 2.0, 1.02
"""Twice as noisy as with nobody at it is a scale with a hand on it, which wanders; where
the noise stays it is the scale's own, within a minute: so much more is believed each second."""

DRIFT_G_PER_S = 0.01
"""35 g in an hour, the most that is drift: what it may add to a step while that lasts."""


class Weighing(NamedTuple):
    """What is known of one scale; a tuple, for one is made of each batch of readings.

    `level_g` is the settled net weight (gross less `zero_g`), None until the first one.
    `zero_g` follows the drift of the quiet scale, so the level stands still meanwhile; `drift`
    says how far it has. `moving_since_s` is None while quiet. `window` holds the last settling
    time: (t_s, gross g). `is_barred`: only `admit` lets a scale that has failed recover.
    `same_since_s`: it has said the same word since then. `calm_g`: its noise with nobody at it.
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

    @property
    def is_settled(self) -> bool:
        return self.level_g is not None and self.moving_since_s is None and not self.is_failed


WeighingEvent = StepSettled | LevelJumped | DeviceFailed | DeviceRecovered
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
    band, zero_g = _band(state.noise_g, rules), state.zero_g
    level_g = state.level_g + state.drift.held_g
    grams = []
    until_s = state.tracked_s + TRACK_EVERY_S
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
        if abs(_net(state, gross_g)) <= _band(state.noise_g, rules):
            return _follow_drift(state, reading.t_s, rules)
        return state._replace(moving_since_s=reading.t_s), ()
    return _try_to_settle(state, reading.t_s, rules)


def _net(state: Weighing, gross_g: float) -> float:
    """Off what is expected: the level, and a jump that is held."""
    return _off(state, gross_g) - state.drift.held_g


def _off(state: Weighing, gross_g: float) -> float:
    assert state.level_g is not None
    return gross_g - state.zero_g - state.level_g


def _band(noise_g: float, rules: WeighingRules) -> float:
    return max(rules.band_g, min(NOISE_BANDS * noise_g, WIDEST_BAND * rules.band_g))


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
    )


def _failed_reading(state: Weighing, failed: DeviceFailed) -> Advance:
    t_s, since_s = failed.t_s, state.failing_since_s
    if since_s is None:
        since_s = state.window[-1][0] if state.window else t_s
    state = state._replace(failing_since_s=since_s)
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
    if _has_flickered(state, rules) and is_frozen(state.window):
        return state, ()
    assert state.failing_since_s is not None
    recovered = DeviceRecovered(t_s, rules.scale, t_s - state.failing_since_s)
    state = state._replace(is_failed=False, failing_since_s=None, same_since_s=None)
    state, steps = _try_to_settle(state, t_s, rules)
    return state, (recovered, *steps)


def _try_to_settle(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    if not _holds(state.window, rules):
        if state.moving_since_s is None:
            return state._replace(moving_since_s=t_s), ()
        return state, ()
    if _is_off(state, rules):
        return _wait_for_the_shelf(state, t_s, rules)
    gross_g = median(g for _, g in state.window)
    before, started_s = state, state.moving_since_s
    noise_g = sigma_g(state.window)
    calm_g = min(noise_g, state.calm_g or noise_g)
    state = state._replace(moving_since_s=None, noise_g=noise_g, calm_g=calm_g, tracked_s=t_s)
    if before.level_g is None:
        released = drift.hold(state.drift, t_s, 0.0)
        return state._replace(level_g=gross_g - state.zero_g, drift=released), ()
    assert started_s is not None
    off_g = _off(state, gross_g)
    if abs(off_g) <= _band(noise_g, rules):
        return _settled_near(state, t_s, off_g, started_s, rules)
    if state.drift.held is not None and not _is_jump(state, _net(state, gross_g), rules):
        return state, ()
    return _step(state, t_s, off_g, started_s, before.noise_g, rules)


def _settled_near(
    state: Weighing, t_s: float, off_g: float, started_s: float, rules: WeighingRules
) -> Advance:
    """Back at the level, or so near that nothing can have been taken: a hand may rest there."""
    if not _is_jump(state, off_g - state.drift.held_g, rules):
        return state, ()
    return _hold(state, t_s, drift.Slide(started_s, off_g), rules)


def _is_jump(state: Weighing, grams: float, rules: WeighingRules) -> bool:
    return drift.is_jump(grams, _unsure_g(state), rules.drift)


def _unsure_g(state: Weighing) -> float:
    """One sigma of the difference of two settled levels."""
    return 2 * median_sigma_g(state.noise_g, len(state.window))


def _hold(state: Weighing, t_s: float, jump: drift.Slide, rules: WeighingRules) -> Advance:
    """The zero does not follow it; where it is the end of another, nothing has happened."""
    is_over = not _is_jump(state, jump.grams, rules)
    held = drift.hold(state.drift, jump.since_s, 0.0 if is_over else jump.grams)
    zero_g = state.zero_g + held.total_g - state.drift.total_g
    grams = jump.grams - state.drift.held_g
    state = state._replace(zero_g=zero_g, drift=held, tracked_s=t_s)
    if is_over:
        return state, ()
    assert state.level_g is not None
    levels = (state.level_g, state.noise_g, _unsure_g(state))
    return state, (LevelJumped(t_s, rules.scale, jump.since_s, grams, *levels),)


def _step(
    state: Weighing,
    t_s: float,
    grams: float,
    started_s: float,
    noise_before_g: float,
    rules: WeighingRules,
) -> Advance:
    """The step, with what the zero had begun to follow of it, and how unsure its grams are."""
    noise_g = median_sigma_g(max(noise_before_g, state.noise_g), len(state.window))
    leant_g = state.drift.held_g
    followed, begun = drift.step_began(state.drift, t_s, grams, 3 * noise_g)
    state = state._replace(drift=followed)
    if begun is not None:
        state = state._replace(zero_g=state.zero_g - begun.grams)
        grams, started_s = grams + begun.grams, min(started_s, begun.since_s)
    assert state.level_g is not None
    level_g = state.level_g + grams
    state = state._replace(level_g=level_g)
    unsure_g = math.hypot(
        median_sigma_g(state.noise_g, len(state.window)),
        noise_g,
        DRIFT_G_PER_S * min(t_s - started_s, drift.REMEMBERED_S),
        1 / abs(rules.counts_per_g),
    )
    at = (t_s, rules.scale, started_s)
    return state, (StepSettled(*at, grams, level_g, state.noise_g, unsure_g, leant_g),)


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
    return is_steady(window, rules.settle_for_s, _band(sigma_g(window), rules))


def _follow_drift(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    elapsed_s = t_s - state.tracked_s
    if elapsed_s < TRACK_EVERY_S:
        return state, ()
    if is_frozen(state.window):
        return _stand_still(state, t_s, rules)
    state = _with_noise_of_now(state)
    if drift.is_too_early(state.drift, t_s) or state.noise_g > HANDLED * state.calm_g:
        return state._replace(tracked_s=t_s, same_since_s=None), ()
    off_g = _net(state, median(g for _, g in state.window))
    if drift.is_refined(state.drift, t_s, elapsed_s, off_g, rules.band_g):
        zero_g = state.zero_g + off_g
        return state._replace(zero_g=zero_g, tracked_s=t_s, same_since_s=None), ()
    followed = drift.follow(state.drift, t_s, off_g, elapsed_s, rules.drift)
    left_g = off_g - (followed.total_g - state.drift.total_g)
    jump = _jump(state, followed, t_s, left_g, rules)
    if jump is not None:
        return _jumped(state, followed, t_s, jump, rules)
    followed = drift.ease(followed, t_s, elapsed_s, rules.drift)
    moved_g = followed.total_g - state.drift.total_g
    followed, slid = drift.slide(followed, t_s, _band(state.noise_g, rules), rules.drift)
    state = Weighing(  # spelled out, as in `_remember`: once a second of each scale
        state.level_g,
        state.zero_g + moved_g,
        state.noise_g,
        state.moving_since_s,
        state.window,
        t_s,
        state.failing_since_s,
        state.is_failed,
        state.is_barred,
        followed,
        None,
        state.calm_g,
    )
    return (state, ()) if slid is None else _slid(state, t_s, slid, rules)


def _with_noise_of_now(state: Weighing) -> Weighing:
    """A hand that has gone without a step has left no noise; a hum that stays is the scale's."""
    calm_g = min(state.noise_g, CALMED_PER_S * state.calm_g)
    if state.noise_g <= HANDLED * state.calm_g:
        return state if calm_g == state.calm_g else state._replace(calm_g=calm_g)
    return state._replace(noise_g=sigma_g(state.window), calm_g=calm_g)


def _jump(
    state: Weighing, followed: Drift, t_s: float, left_g: float, rules: WeighingRules
) -> drift.Slide | None:
    """A change at once that began a moment ago. `state` is of before the zero followed."""
    if followed.pushed is None:
        return None
    elapsed_s = t_s - state.tracked_s
    return drift.jumped(followed, t_s, elapsed_s, left_g, _unsure_g(state), rules.drift)


def _jumped(
    state: Weighing, followed: Drift, t_s: float, jump: drift.Slide, rules: WeighingRules
) -> Advance:
    """What jumped is held; on top of what is held already it may be a step."""
    zero_g = state.zero_g + followed.total_g - state.drift.total_g
    state = state._replace(zero_g=zero_g, drift=followed)
    whole = drift.Slide(jump.since_s, jump.grams + state.drift.held_g)
    if abs(whole.grams) <= _band(state.noise_g, rules):
        return _hold(state, t_s, whole, rules)
    back = drift.hold(followed, jump.since_s, state.drift.held_g)
    state = state._replace(zero_g=zero_g + back.total_g - followed.total_g, drift=back)
    return _step(state, t_s, whole.grams, whole.since_s, state.noise_g, rules)


def _slid(state: Weighing, t_s: float, slid: drift.Slide, rules: WeighingRules) -> Advance:
    """More has gone than drift can: it was goods, slid away too slowly to be seen moving."""
    assert state.level_g is not None
    level_g = state.level_g + slid.grams
    state = state._replace(zero_g=state.zero_g - slid.grams, level_g=level_g)
    unsure_g = math.hypot(state.noise_g, DRIFT_G_PER_S * (t_s - slid.since_s))
    step = StepSettled(t_s, rules.scale, slid.since_s, slid.grams, level_g, state.noise_g, unsure_g)
    return state, (step,)


def _stand_still(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    """The same word again and again: of a cell that has shown noise this is a fault in the end."""
    since_s = state.window[0][0] if state.same_since_s is None else state.same_since_s
    state = state._replace(tracked_s=t_s, same_since_s=since_s)
    if not _has_flickered(state, rules) or t_s - since_s < STUCK_AFTER_S:
        return state, ()
    why = f"the same word for {t_s - since_s:.0f} s: check the wires DT and SCK"
    failed = DeviceFailed(t_s, rules.scale, why, FaultCode.SCALE_STUCK)
    state = state._replace(is_failed=True, failing_since_s=since_s, moving_since_s=since_s)
    return state, (failed,)


def _has_flickered(state: Weighing, rules: WeighingRules) -> bool:
    """A cell is never as still as a word; made-up readings may be."""
    return state.noise_g * abs(rules.counts_per_g) >= 1.0
