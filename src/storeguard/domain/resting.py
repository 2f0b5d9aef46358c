"""A scale at rest: its zero drifts, a hand rests on it, its level jumps a little or steps."""

import math
from collections.abc import Sequence
from statistics import median

from storeguard.domain import drift
from storeguard.domain.drift import Drift
from storeguard.domain.events import DeviceFailed, LevelJumped, StepSettled
from storeguard.domain.scalerules import WeighingRules
from storeguard.domain.scalestate import Advance, Weighing, band_of
from storeguard.domain.settling import gap_s, is_frozen, median_sigma_g, pause_g, sigma_g
from storeguard.errors import FaultCode

STUCK_AFTER_S, FEWEST_ALIKE = 30.0, 10
"""A cell that has shown noise says the same word for so long, and so often: it does not weigh any
more. Three words of a slow device may be alike by chance."""

TRACK_EVERY_S = 1.0

HANDLED, CALMED_PER_S = 2.0, 1.02
"""Twice as noisy as with nobody at it is a scale with a hand on it, which wanders; where
the noise stays it is the scale's own, within a minute: so much more is believed each second."""

SHAKEN, SHAKEN_PER_BAND = 4.0, 1 / 3
"""So much noisier is no scale by chance. `calm_g` is the least of many estimates from a window of
some twenty samples, so it may be far too low: a third of the band is more than any good cell's."""

PAUSE_SIGMAS, PAUSE_PER_BAND, MOST_PAUSES = 4.0, 0.25, 3
"""How still a scale is that no hand touches, and how many pauses of one step are remembered."""

FEW_SAMPLES, PROMISED_PER_BAND = 8, 1 / 8
"""So few may agree by chance, and the next ones look like a hand, or like a jump: they are taken to
be no quieter than the noise that the band allows for."""

SLOW_S = 0.25
"""Between two samples of a slow device one thing may have come and another have gone, unseen."""

DRIFT_G_PER_S = 0.01
"""35 g in an hour, the most that is drift: what it may add to a step while that lasts."""


def follow(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    """Once a second: the zero follows what has drifted, unless a hand is there."""
    elapsed_s = t_s - state.tracked_s
    if elapsed_s < TRACK_EVERY_S:
        return state, ()
    if is_frozen(state.window):
        return stand_still(state, t_s, rules)
    state = _with_noise_of_now(state, rules)
    if drift.is_too_early(state.drift, t_s) or _is_handled(state):
        return state._replace(tracked_s=t_s, same_since_s=None), ()
    off_g = state.net_g(median(g for _, g in state.window))
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
    followed, slid = drift.slide(followed, t_s, band_of(state.noise_g, rules), rules.drift)
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
        touched_s=None if followed.held is None else state.touched_s,
        beside_s=None if followed.pushed is None else state.beside_s,
    )
    return (state, ()) if slid is None else _slid(state, t_s, slid, rules)


def _touched(state: Weighing) -> float:
    """Since when somebody is at it; what is held since a jump may be a hand that is quite still."""
    held_s = math.inf if state.drift.held is None else state.drift.held.since_s
    return held_s if state.touched_s is None else min(held_s, state.touched_s)


def _is_handled(state: Weighing) -> bool:
    return state.noise_g > HANDLED * state.calm_g


def is_shaken(state: Weighing, rules: WeighingRules) -> bool:
    """Is it so noisy that a hand lies on it, or that it swings?"""
    return state.noise_g > SHAKEN * state.calm_g and is_noisy(state, rules)


def is_noisy(state: Weighing, rules: WeighingRules) -> bool:
    """Is it noisier than any good cell with nobody at it?"""
    return state.noise_g > SHAKEN_PER_BAND * rules.band_g


def _with_noise_of_now(state: Weighing, rules: WeighingRules) -> Weighing:
    """A hand that has gone without a step has left no noise; a hum that stays is the scale's."""
    calm_g = min(state.noise_g, CALMED_PER_S * state.calm_g)
    if _is_handled(state):
        return state._replace(noise_g=noise_of(state, rules), calm_g=calm_g)
    return state if calm_g == state.calm_g else state._replace(calm_g=calm_g)


def with_touch(state: Weighing) -> Weighing:
    """Where it is as quiet as with nobody there, nobody is; a jump that is held may be a hand."""
    is_over = not _is_handled(state) and state.drift.held is None
    return state._replace(touched_s=None) if is_over and state.touched_s is not None else state


def _jump(
    state: Weighing, followed: Drift, t_s: float, left_g: float, rules: WeighingRules
) -> drift.Slide | None:
    """A change at once that began a moment ago. `state` is of before the zero followed."""
    if followed.pushed is None:
        return None
    elapsed_s = t_s - state.tracked_s
    return drift.jumped(followed, t_s, elapsed_s, left_g, state.unsure_g, rules.drift)


def _jumped(
    state: Weighing, followed: Drift, t_s: float, jump: drift.Slide, rules: WeighingRules
) -> Advance:
    """What jumped is held; on top of what is held already it may be a step."""
    zero_g = state.zero_g + followed.total_g - state.drift.total_g
    state = state._replace(zero_g=zero_g, drift=followed)
    since_s = jump.since_s if state.beside_s is None else state.beside_s
    whole = drift.Slide(since_s, jump.grams + state.drift.held_g)
    if abs(whole.grams) <= band_of(state.noise_g, rules):
        return _hold(state, t_s, whole, rules)
    back = drift.hold(followed, since_s, state.drift.held_g)
    state = state._replace(zero_g=zero_g + back.total_g - followed.total_g, drift=back)
    return step(state, t_s, whole.grams, whole.since_s, state._replace(pauses=()), rules)


def _slid(state: Weighing, t_s: float, slid: drift.Slide, rules: WeighingRules) -> Advance:
    """More has gone than drift can: it was goods, slid away too slowly to be seen moving."""
    assert state.level_g is not None
    level_g = state.level_g + slid.grams
    state = state._replace(zero_g=state.zero_g - slid.grams, level_g=level_g)
    unsure_g = math.hypot(state.noise_g, DRIFT_G_PER_S * (t_s - slid.since_s))
    levels = (level_g, state.noise_g, unsure_g)
    touched_s = min(_touched(state), slid.since_s)
    at = (t_s, rules.scale, slid.since_s)
    return state, (StepSettled(*at, slid.grams, *levels, touched_s=touched_s),)


def stand_still(state: Weighing, t_s: float, rules: WeighingRules) -> Advance:
    """The same word again and again: of a cell that has shown noise this is a fault in the end."""
    since_s = state.window[0][0] if state.same_since_s is None else state.same_since_s
    state = state._replace(tracked_s=t_s, same_since_s=since_s)
    stuck_after_s = max(STUCK_AFTER_S, FEWEST_ALIKE * gap_s(state.window))
    if not has_flickered(state, rules) or t_s - since_s < stuck_after_s:
        return state, ()
    why = f"the same word for {t_s - since_s:.0f} s: check the wires DT and SCK"
    failed = DeviceFailed(t_s, rules.scale, why, FaultCode.SCALE_STUCK)
    moving_since_s = since_s if state.moving_since_s is None else state.moving_since_s
    state = state._replace(is_failed=True, failing_since_s=since_s, moving_since_s=moving_since_s)
    return state, (failed,)


def is_lifeless(state: Weighing, rules: WeighingRules) -> bool:
    """Does a cell that has shown noise say one word only? Wherever that is, it is no level."""
    return has_flickered(state, rules) and is_frozen(state.window)


def has_flickered(state: Weighing, rules: WeighingRules) -> bool:
    """A cell is never as still as a word; made-up readings may be."""
    return _is_flicker(state.noise_g, rules)


def _is_flicker(noise_g: float, rules: WeighingRules) -> bool:
    return noise_g * abs(rules.counts_per_g) >= 1.0


def noise_of(state: Weighing, rules: WeighingRules) -> float:
    """What its window shows. Where most words are alike that is none: a cell that has shown noise
    may be about to stick, and keeps what it had with nobody at it."""
    noise_g = sigma_g(state.window)
    if not _is_flicker(noise_g, rules):
        return state.calm_g if has_flickered(state, rules) else noise_g
    is_few = len(state.window) < FEW_SAMPLES
    return max(noise_g, PROMISED_PER_BAND * rules.band_g) if is_few else noise_g


def rest_near(
    state: Weighing, t_s: float, off_g: float, started_s: float, rules: WeighingRules
) -> Advance:
    """Back at the level, or so near that nothing can have been taken: a hand may rest there."""
    if not drift.is_jump(off_g - state.drift.held_g, state.unsure_g, rules.drift):
        return state._replace(beside_s=None), ()
    if drift.is_ramp(state.drift, t_s):
        return state._replace(beside_s=started_s), ()
    return _hold(state, t_s, drift.Slide(started_s, off_g), rules)


def _hold(state: Weighing, t_s: float, jump: drift.Slide, rules: WeighingRules) -> Advance:
    """The zero does not follow it; the end of one that was held is a jump back."""
    is_over = not drift.is_jump(jump.grams, state.unsure_g, rules.drift)
    held = drift.hold(state.drift, jump.since_s, 0.0 if is_over else jump.grams)
    zero_g = state.zero_g + held.total_g - state.drift.total_g
    leant_g = state.drift.held_g
    grams = (0.0 if is_over else jump.grams) - leant_g
    state = state._replace(zero_g=zero_g, drift=held, tracked_s=t_s, beside_s=None)
    assert state.level_g is not None
    levels = (state.level_g, state.noise_g, state.unsure_g)
    at, rest = (t_s, rules.scale, jump.since_s), (_is_handled(state), leant_g)
    return state, (LevelJumped(*at, grams, *levels, *rest),)


def _swung_g(before: Weighing, grams: float) -> float:
    """How far it has been beyond both its old level and the new one, `grams` from that.

    Of what never moved out of its band that is nothing; of a slow device nobody knows.
    """
    if before.swing is None:
        return 0.0
    if gap_s(before.window) > SLOW_S:
        return math.inf
    assert before.level_g is not None
    old_g = before.zero_g + before.level_g
    low_g, high_g = before.swing
    return max(0.0, min(old_g, old_g + grams) - low_g, high_g - max(old_g, old_g + grams))


def with_pause(state: Weighing, rules: WeighingRules) -> Weighing:
    """Notes a moment in which a scale that moves kept still, between two hands.

    Where that was at the old level, all that was before it has been undone.
    """
    still_g = _still_g(state.noise_g, rules)
    found_g = pause_g(state.window, still_g)
    if found_g is None or state.level_g is None:
        return state
    if _is_near(found_g, (state.zero_g + state.level_g,), still_g):
        return state._replace(pauses=())
    if _is_near(found_g, state.pauses[-1:], still_g):
        return state._replace(pauses=(*state.pauses[:-1], found_g))
    return state._replace(pauses=(*state.pauses, found_g)[-MOST_PAUSES - 1 :])


def _still_g(noise_g: float, rules: WeighingRules) -> float:
    return max(PAUSE_SIGMAS * noise_g, PAUSE_PER_BAND * rules.band_g)


def _pauses(
    state: Weighing, grams: float, gross_g: Sequence[float], noise_g: float, rules: WeighingRules
) -> tuple[float, ...]:
    """Those on the way, from the old level. None where a jump was held: which level is the old?"""
    if state.drift.held is not None:
        return ()
    still_g = _still_g(noise_g, rules)
    found = (one - state.zero_g - (state.level_g or 0.0) for one in gross_g)
    return tuple(one for one in found if not _is_near(one, (0.0, grams), still_g))[-MOST_PAUSES:]


def _is_near(gross_g: float, others: Sequence[float], within_g: float) -> bool:
    return any(abs(gross_g - one) <= within_g for one in others)


def step(
    state: Weighing,
    t_s: float,
    grams: float,
    started_s: float,
    before: Weighing,
    rules: WeighingRules,
) -> Advance:
    """The step, with what the zero had begun to follow of it, and how unsure its grams are.

    `before`: the scale before it settled.
    """
    pauses = _pauses(state, grams, before.pauses, before.noise_g, rules)
    swung_g = _swung_g(before, grams)
    noise_g = median_sigma_g(max(before.noise_g, state.noise_g), len(state.window))
    leant_g = state.drift.held_g
    followed, begun = drift.step_began(state.drift, t_s, grams, 3 * noise_g)
    state = state._replace(drift=followed, beside_s=None)
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
    levels = (grams, level_g, state.noise_g, unsure_g, leant_g)
    touched_s = min(_touched(before), started_s)
    settled = StepSettled(*at, *levels, is_shaken(state, rules), pauses, touched_s, swung_g)
    return with_touch(state), (settled,)
