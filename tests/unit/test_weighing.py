"""Raw counts → grams → steps: only what has held between two rests is a step."""

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import cos, exp, inf, log, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.events import DeviceFailed, DeviceRecovered, LevelJumped, StepSettled
from storeguard.domain.scalerules import SATURATED, Reading, WeighingRules, band_g
from storeguard.domain.scalestate import Weighing, WeighingEvent
from storeguard.domain.weighing import advance, set_level

COUNTS_PER_G = 429.0
TARE_RAW = -84_000
BOTTLE_G = 95.0
BAG_G = 24.0
NOISE_G = 0.35
"""Sigma; about 2 g peak to peak, as a 10 kg cell has."""

Load = Callable[[float], float | None]


def rules(settle_for_s: float = 2.0, band: float = 3.0, counts: float = COUNTS_PER_G):
    return WeighingRules("A", TARE_RAW, counts, settle_for_s, band)


def raw_of(grams: float) -> int:
    return TARE_RAW + round(grams * COUNTS_PER_G)


def readings(load: Load, until_s: float, *, hz: float = 10.0, noise_g: float = NOISE_G, seed=0):
    """What a cell under `load` (grams by time; None fails) delivers."""
    rnd = random.Random(seed)
    times = (n / hz for n in range(int(until_s * hz)))
    return [
        Reading(t_s, None if (g := load(t_s)) is None else raw_of(g + rnd.gauss(0, noise_g)))
        for t_s in times
    ]


def weigh(
    samples: Sequence[Reading], given_rules: WeighingRules | None = None, *, batch: int = 1
) -> tuple[Weighing, list[WeighingEvent]]:
    state, events = Weighing(), []
    for start in range(0, len(samples), batch):
        state, new = advance(state, samples[start : start + batch], given_rules or rules())
        events += new
    return state, events


def grams_of(events: Iterable[WeighingEvent]) -> list[float]:
    return [event.grams for event in events if isinstance(event, StepSettled)]


def assert_step(event: WeighingEvent, grams: float, started_s: float, settled_by_s: float) -> None:
    assert isinstance(event, StepSettled)
    assert event.grams == pytest.approx(grams, abs=1.5)
    assert event.started_s == pytest.approx(started_s, abs=0.15)
    assert started_s + 1.5 < event.t_s <= settled_by_s


# --- what is a step


def test_no_readings_change_nothing():
    state = Weighing(level_g=5.0)
    assert advance(state, [], rules()) == (state, ())


def test_a_quiet_scale_has_a_level_and_no_steps():
    state, events = weigh(readings(lambda _: 950.0, 30))
    assert events == []
    assert state.is_settled
    assert state.level_g == pytest.approx(950.0, abs=1)


@pytest.mark.parametrize("hz", [10.0, 80.0])
@pytest.mark.parametrize("units", [1, -1, 2, -2, 5, -5, 10, -10, 100, -100])
def test_a_step_of_any_count_is_one_step_with_its_grams_and_its_start(hz, units):
    grams = units * BOTTLE_G
    samples = readings(lambda t: 10_000.0 + (grams if t >= 10 else 0), 20, hz=hz)
    state, [step] = weigh(samples)
    assert_step(step, grams, 10.0, settled_by_s=12.1)
    assert state.level_g == pytest.approx(10_000 + grams, abs=1.5)
    assert step.level_g == pytest.approx(state.level_g)


@given(
    st.lists(st.integers(-6, 6).filter(bool), min_size=1, max_size=5),
    st.sampled_from([10.0, 80.0]),
    st.integers(0, 2**16),
)
def test_every_step_of_a_sequence_is_found_once(units, hz, seed):
    starts = [10.0 + 6 * n for n in range(len(units))]

    def load(t_s: float) -> float:
        return 5000 + BAG_G * sum(u for u, at in zip(units, starts, strict=True) if t_s >= at)

    _, steps = weigh(readings(load, starts[-1] + 8, hz=hz, seed=seed), batch=7)
    assert len(steps) == len(units)
    for step, n, at in zip(steps, units, starts, strict=True):
        assert_step(step, n * BAG_G, at, settled_by_s=at + 2.6)


@pytest.mark.parametrize(
    ("first_g", "then_g", "beyond_g"),
    [
        (-BOTTLE_G, 110.0, BOTTLE_G),  # taken, and another put down
        (110.0, -BOTTLE_G, BOTTLE_G),
        (-BOTTLE_G, -110.0, 0.0),
        (15.0, 0.0, 0.0),
    ],
)
def test_a_step_knows_how_far_the_weight_was_beyond_both_levels(first_g, then_g, beyond_g):
    samples = readings(lambda t: 950.0 + first_g * (t >= 10) + then_g * (t >= 10.3), 20)
    _, [step] = weigh(samples)
    assert step.swung_g == pytest.approx(beyond_g, abs=2.0)


def test_where_a_reading_was_missed_or_readings_are_seldom_nobody_knows_how_far():
    def load(t_s: float) -> float:
        return 950.0 - BOTTLE_G * (t_s >= 10)

    missed = readings(lambda t: None if 10.2 <= t < 10.4 else load(t), 20)
    seldom = readings(load, 30, hz=3.0)
    assert [step.swung_g for samples in (missed, seldom) for step in weigh(samples)[1]] == [inf] * 2


def test_two_changes_within_the_settling_time_are_one_step():
    samples = readings(lambda t: 950.0 - 95 * (t >= 10) - 95 * (t >= 11.2), 20)
    _, [step] = weigh(samples)
    assert_step(step, -190.0, 10.0, settled_by_s=13.4)


def test_a_thing_lifted_and_put_back_is_no_step():
    _, events = weigh(readings(lambda t: 855.0 if 10 <= t < 11.5 else 950.0, 20))
    assert events == []


@pytest.mark.parametrize("off_g", [3.0, -3.0])
def test_a_change_no_larger_than_the_band_is_no_step(off_g):
    samples = readings(lambda t: 950.0 + (off_g if t >= 10 else 0), 30, noise_g=0.0)
    state, events = weigh(samples, rules(counts=COUNTS_PER_G, band=3.01))
    assert events == []
    assert state.is_settled


def test_an_upside_down_cell_counts_the_other_way_round():
    upside_down = WeighingRules("A", TARE_RAW, -COUNTS_PER_G, 2.0, 3.0)
    _, [step] = weigh(readings(lambda t: 950.0 - 95 * (t >= 10), 20), upside_down)
    assert step.grams == pytest.approx(95, abs=1.5)


# --- what is none


@pytest.mark.parametrize("spike_g", [5.0, -5.0, 400.0, -4000.0])
def test_a_single_spike_is_no_step(spike_g):
    spikes = {10.0, 13.5, 20.0}
    state, events = weigh(readings(lambda t: 950.0 + spike_g * (t in spikes), 30))
    assert events == []
    assert state.is_settled
    assert state.level_g == pytest.approx(950.0, abs=1)


@given(st.integers(0, 2**16), st.sampled_from([10.0, 80.0]), st.floats(-5000, 5000))
def test_spikes_up_to_a_tenth_of_the_samples_are_no_step(seed, hz, spike_g):
    rnd = random.Random(seed)
    hit = {n for start in range(0, 400, 20) for n in [start + rnd.randrange(20)]}
    samples = readings(lambda t: 950.0 + spike_g * (round(t * hz) in hit), 400 / hz, hz=hz)
    _, events = weigh(samples, batch=5)
    assert events == []


@pytest.mark.parametrize("burst", [2, 3, 10])
def test_a_burst_of_spikes_is_no_step(burst):
    rnd = random.Random(burst)
    samples = readings(
        lambda t: 950.0 + (rnd.uniform(-3000, 3000) if 10 <= t < 10 + burst / 10 else 0), 20
    )
    state, events = weigh(samples)
    assert events == []
    assert state.level_g == pytest.approx(950.0, abs=1)


@pytest.mark.parametrize("hz", [10.0, 80.0])
@pytest.mark.parametrize("press_g", [40.0, 300.0, 2500.0, -60.0])
def test_a_hand_that_presses_for_a_second_and_a_half_is_no_step(hz, press_g):
    samples = readings(lambda t: 950.0 + press_g * (10 <= t < 11.5), 20, hz=hz)
    _, events = weigh(samples)
    assert events == []


@given(st.integers(0, 2**16), st.floats(2.0, 10.0), st.floats(60.0, 900.0))
def test_a_trembling_hand_neither_makes_a_step_nor_blinds_the_scale(seed, for_s, press_g):
    """However long it trembles, it is not noise: the next bottle taken is still found."""
    rnd = random.Random(seed)

    def load(t_s: float) -> float:
        hand_g = rnd.uniform(0, press_g) if 10 <= t_s < 10 + for_s else 0.0
        return 950.0 + hand_g - (BOTTLE_G if t_s >= 30 else 0)

    _, events = weigh(readings(load, 40, seed=seed))
    assert [round(grams / BOTTLE_G) for grams in grams_of(events)] == [-1]
    assert_step(events[0], -BOTTLE_G, 30.0, settled_by_s=32.6)


def test_a_slamming_door_is_no_step():
    def load(t_s: float) -> float:
        ringing = 600.0 * (-0.7) ** round((t_s - 10) * 10) if 10 <= t_s < 12 else 0.0
        return 950.0 + ringing

    state, events = weigh(readings(load, 20))
    assert events == []
    assert state.is_settled


def test_a_bottle_taken_with_a_shaking_hand_is_one_step_from_its_first_touch():
    rnd = random.Random(3)

    def load(t_s: float) -> float:
        hand_g = rnd.uniform(-60, 250) if 10 <= t_s < 14 else 0.0
        return 950.0 + hand_g - (BOTTLE_G if t_s >= 12 else 0)

    _, [step] = weigh(readings(load, 25))
    assert_step(step, -BOTTLE_G, 10.0, settled_by_s=16.2)


def test_a_spike_just_before_and_just_after_a_step_does_not_hide_it():
    spikes = {9.8, 10.5, 11.7}
    samples = readings(lambda t: 950.0 - 95 * (t >= 10) + 800 * (t in spikes), 20)
    _, [step] = weigh(samples)
    assert step.grams == pytest.approx(-95, abs=1.5)
    assert 9.7 < step.started_s <= 10.0


def test_spikes_hold_no_step_up():
    """One word in twelve is garbage, in each settling time: the step is told in time."""

    def load(t_s: float) -> float:
        spike_g = 3000.0 if t_s > 20 and round(t_s * 10) % 12 == 5 else 0.0
        return 950.0 - 95.0 * (t_s >= 20) + spike_g

    _, [step] = weigh(readings(load, 60))
    assert_step(step, -95, 20, 24)


@pytest.mark.parametrize("seed", range(20))
def test_a_load_that_is_let_go_of_slowly_is_one_step_and_whole(seed):
    """By 2 g a second, for four: what a window shows that still goes down is no level."""

    def load(t_s: float) -> float:
        return 950.0 - 95.0 * (t_s >= 20) - min(8.0, 2.0 * max(0.0, t_s - 20))

    _, [step] = weigh(readings(load, 40, seed=seed))
    assert_step(step, -103, 20, 30)


def test_a_weight_that_still_creeps_has_not_settled():
    """Somebody leans on the shelf more and more: no step until it stands still."""
    samples = readings(lambda t: 950.0 + 2.0 * max(0, min(t, 20) - 10) ** 2, 19.9)
    _, events = weigh(samples)
    assert events == []


@pytest.mark.parametrize("rate", [0.15, 0.34, -0.34])
@pytest.mark.parametrize(
    ("hz", "settle_for_s", "noise_g"), [(80.0, 2.0, 0.2), (10.0, 4.0, 0.35), (10.0, 2.0, 0.05)]
)
def test_what_is_taken_as_the_zero_drifts_is_weighed_at_once_on_any_device(
    rate, hz, settle_for_s, noise_g
):
    """The air conditioning is on, and a bottle goes; what drifts after it is none of its step."""
    drift = rate * 50  # within the following 50 s
    samples = readings(
        lambda t: 950 + drift * min(1.0, max(0.0, t - 10) / 50) - BOTTLE_G * (t > 20),
        90,
        hz=hz,
        noise_g=noise_g,
    )
    _, [step] = weigh(samples, rules(settle_for_s), batch=20)
    assert step.grams == pytest.approx(-BOTTLE_G, abs=1.5 + abs(rate) * (settle_for_s + 1))
    assert step.t_s < 20 + settle_for_s + 2


# --- batches


mixed = st.tuples(st.floats(-400, 400), st.floats(0.1, 6.0), st.sampled_from(["ok", "bad", "full"]))


@given(st.lists(mixed, max_size=8), st.lists(st.integers(1, 60), min_size=1), st.integers(0, 999))
def test_how_samples_are_cut_into_batches_never_changes_anything(parts, cuts, seed):
    samples = trace_of(parts, seed)
    one_by_one = weigh(samples)
    state, events, start, n = Weighing(), [], 0, 0
    while start < len(samples):
        size = cuts[n % len(cuts)]
        state, new = advance(state, samples[start : start + size], rules())
        events += new
        start, n = start + size, n + 1
    assert (state, events) == one_by_one


def trace_of(parts: list[tuple[float, float, str]], seed: int) -> list[Reading]:
    """Plateaus of some grams for some seconds each, good, failing or saturated."""
    rnd = random.Random(seed)
    samples, t_s = [], 0.0
    for grams, for_s, kind in [(0.0, 5.0, "ok"), *parts, (0.0, 4.0, "ok")]:
        for _ in range(int(for_s * 10)):
            good = raw_of(950 + grams + rnd.gauss(0, NOISE_G))
            raw = {"ok": good, "bad": None, "full": 0x7FFFFF}[kind]
            samples.append(Reading(t_s, raw))
            t_s += 0.1
    return samples


@given(st.lists(mixed, max_size=8), st.integers(0, 999))
def test_steps_always_add_up_to_what_the_level_has_changed(parts, seed):
    state, events = weigh(trace_of(parts, seed))
    levels = [e.level_g for e in events if isinstance(e, StepSettled)]
    if levels:
        assert state.level_g == levels[-1]
        steps = [e for e in events if isinstance(e, StepSettled)]
        for before, step in pairwise(steps):
            assert step.level_g == pytest.approx(before.level_g + step.grams)
    faults = [type(e) for e in events if not isinstance(e, StepSettled | LevelJumped)]
    assert faults == [DeviceFailed, DeviceRecovered] * (len(faults) // 2) + (
        [DeviceFailed] if len(faults) % 2 else []
    )


# --- failures


def test_failed_readings_for_a_second_and_a_half_are_one_fault_and_one_recovery():
    samples = readings(lambda t: None if 10 <= t < 20 else 950.0, 30)
    state, [failed, recovered] = weigh(samples)
    assert isinstance(failed, DeviceFailed)
    assert failed.device == "A"
    assert failed.why == "no reading"
    assert failed.t_s == pytest.approx(11.5, abs=0.11)
    assert isinstance(recovered, DeviceRecovered)
    assert 21.5 < recovered.t_s <= 22.1
    assert recovered.failed_for_s == pytest.approx(recovered.t_s - 9.9)
    assert state.is_settled


def test_failed_readings_for_a_second_are_no_fault():
    state, events = weigh(readings(lambda t: None if 10 <= t < 11 else 950.0, 20))
    assert events == []
    assert state.is_settled


def test_a_failed_scale_is_not_settled_and_its_reason_is_told():
    samples = [*readings(lambda _: 950.0, 10)]
    samples += [Reading(10 + n, None, "no data for 1.0 s") for n in range(4)]
    state, [failed] = weigh(samples)
    assert not state.is_settled
    assert failed.why == "no data for 1.0 s"


@pytest.mark.parametrize("raw", sorted(SATURATED))
def test_a_saturated_cell_is_a_fault_that_says_so(raw):
    samples = readings(lambda _: 950.0, 10) + [Reading(10 + n / 10, raw) for n in range(30)]
    _, [failed] = weigh(samples)
    assert failed.why == f"saturated (raw {raw})"


def test_a_scale_that_is_dead_from_the_start_fails_once_and_then_weighs():
    state, [failed, recovered] = weigh(readings(lambda t: None if t < 30 else 950.0, 40))
    assert (type(failed), type(recovered)) == (DeviceFailed, DeviceRecovered)
    assert state.level_g == pytest.approx(950, abs=1)


def test_a_flickering_scale_fails_once_until_it_has_held():
    def load(t_s: float) -> float | None:
        return None if 10 <= t_s < 40 and t_s % 3 < 2 else 950.0

    _, events = weigh(readings(load, 50))
    assert [type(e) for e in events] == [DeviceFailed, DeviceRecovered]
    assert events[1].t_s > 40


def test_the_failure_lasted_since_the_last_good_reading_even_on_a_moving_scale():
    rnd = random.Random(1)

    def load(t_s: float) -> float | None:
        return None if 40 <= t_s < 50 else 950 + (rnd.uniform(0, 400) if 10 <= t_s < 40 else 0)

    _, [_, recovered] = weigh(readings(load, 60))
    assert recovered.failed_for_s == pytest.approx(recovered.t_s - 39.9)


def test_what_was_taken_during_a_failure_is_a_step_after_it():
    def load(t_s: float) -> float | None:
        return None if 10 <= t_s < 20 else 950.0 - (95 if t_s >= 15 else 0)

    _, [failed, recovered, step] = weigh(readings(load, 30))
    assert (type(failed), type(recovered)) == (DeviceFailed, DeviceRecovered)
    assert step.grams == pytest.approx(-95, abs=1.5)
    assert step.started_s == pytest.approx(9.9)
    assert step.t_s == recovered.t_s


def test_a_step_between_scattered_failed_readings_is_found():
    def load(t_s: float) -> float | None:
        return None if round(t_s * 10) % 3 == 0 else 950.0 - (95 if t_s >= 10 else 0)

    _, [step] = weigh(readings(load, 20))
    assert_step(step, -95, 10.1, settled_by_s=12.4)


# --- drift


@pytest.mark.parametrize(("off_g", "counted_g"), [(0.3, 0.0), (-0.3, 0.0), (0.9, 0.9)])
def test_what_the_first_reading_of_a_level_was_off_by_is_no_drift(off_g, counted_g):
    """Hundreds of steps a day would add up to a unit: no more than a reading's noise is let go."""

    def load(t_s: float) -> float:
        return 950.0 if t_s < 20 else 926.0 + (off_g if t_s > 22.1 else 0.0)

    state, [step] = weigh(readings(load, 60, noise_g=0.03))
    assert step.grams == pytest.approx(-24.0, abs=0.05)
    assert state.drift.total_g == pytest.approx(counted_g, abs=0.05)
    assert state.zero_g == pytest.approx(off_g, abs=0.05)


@pytest.mark.parametrize("grams", [2.6, -2.6])
def test_a_change_at_once_within_the_band_is_told_once_and_held(grams):
    state, events = weigh(readings(lambda t_s: 950 + (grams if t_s >= 20 else 0), 60))
    [jump] = events
    assert isinstance(jump, LevelJumped)
    assert jump.grams == pytest.approx(grams, abs=4 * jump.sigma_g)
    assert 17 <= jump.started_s <= 23
    assert jump.level_g == state.level_g == pytest.approx(950, abs=0.5)
    assert state.drift.held_g == pytest.approx(grams, abs=4 * jump.sigma_g)
    assert abs(state.drift.total_g) < 0.5


def test_a_change_at_once_that_stays_is_followed_after_a_minute():
    state, events = weigh(readings(lambda t_s: 950 - (2.6 if t_s >= 20 else 0), 120))
    assert [type(event) for event in events] == [LevelJumped]
    assert state.drift.held is None
    assert state.drift.total_g == pytest.approx(-2.6, abs=0.5)
    assert state.level_g == pytest.approx(950, abs=0.5)


@pytest.mark.parametrize("hand_g", [0.0, 60.0], ids=["seen going", "unseen"])
def test_a_hand_that_rests_lightly_and_goes_has_moved_nothing(hand_g):
    def load(t_s: float) -> float:
        return 950 - (2.6 if 20 <= t_s < 40 else 0) + (hand_g if 40 <= t_s < 41 else 0)

    state, events = weigh(readings(load, 60))
    assert [type(event) for event in events] == [LevelJumped, LevelJumped]
    assert events[1].grams == -events[0].grams
    assert state.drift.held is None
    assert abs(state.drift.total_g) < 0.7
    assert state.level_g == pytest.approx(950, abs=0.5)


def test_what_is_taken_as_a_resting_hand_goes_is_one_whole_step():
    def load(t_s: float) -> float:
        return 950 - (2.6 if 20 <= t_s < 40 else 0) - (24 if t_s >= 40 else 0)

    state, [jump, step] = weigh(readings(load, 60))
    assert_step(step, -24, 40, settled_by_s=42.5)
    assert step.leant_g == jump.grams
    assert step.touched_s == jump.started_s
    assert state.level_g == pytest.approx(926, abs=0.5)
    assert abs(state.drift.total_g) < 0.7


@pytest.mark.parametrize(("hand_g", "kind"), [(26.0, StepSettled), (2.4, LevelJumped)])
def test_the_zero_does_not_follow_a_hand_that_wanders(hand_g, kind):
    """Its weight is noisy, and another after ten seconds; it goes after twenty."""
    rnd = random.Random(2)

    def load(t_s: float) -> float:
        if not 20 <= t_s < 40:
            return 950.0
        return 950 + hand_g + (1.2 if t_s >= 30 else 0) + rnd.gauss(0, 0.9)

    state, events = weigh(readings(load, 60, noise_g=0.2))
    assert type(events[0]) is kind
    assert state.level_g == pytest.approx(950, abs=0.6)
    assert abs(state.drift.total_g) < 0.5


@pytest.mark.parametrize(("wobble_g", "is_shaken"), [(2.0, True), (0.0, False)])
def test_a_level_that_is_much_noisier_than_before_shakes(wobble_g, is_shaken):
    rnd = random.Random(3)

    def load(t_s: float) -> float:
        return 950 + (60 + rnd.gauss(0, wobble_g) if t_s >= 20 else 0)

    _, [step] = weigh(readings(load, 30, noise_g=0.2))
    assert step.is_shaken == is_shaken


def in_jerks(*jerks, hand_s=0.8):
    """Grams by time: until each (t_s, grams) a hand is at the plate, then it weighs that."""
    rnd = random.Random(5)

    def load(t_s: float) -> float:
        level_g = 950.0
        for at_s, grams in jerks:
            if at_s - hand_s <= t_s < at_s:
                return 950.0 + rnd.uniform(-400, 400)
            level_g = grams if t_s >= at_s else level_g
        return level_g

    return load


@pytest.mark.parametrize(
    ("jerks", "pauses"),
    [
        ([(21.0, 858.0)], []),
        ([(21.0, 858.0), (23.0, 866.0)], [-92.0]),
        ([(21.0, 858.0), (22.2, 866.0)], []),
        ([(21.0, 858.0), (23.0, 800.0), (25.0, 840.0)], [-92.0, -150.0]),
        ([(21.0, 950.0), (23.0, 866.0), (25.0, 866.0)], []),
        ([(21.0, 858.0), (23.0, 950.0), (25.0, 866.0)], []),
        ([(21.0 + 2 * n, 950.0 - 20 * n) for n in range(1, 6)], [-40.0, -60.0, -80.0]),
    ],
    ids=["one hand", "two", "two at once", "three", "where it was", "put back", "the last three"],
)
@pytest.mark.parametrize("hz", [10.0, 80.0])
def test_a_moment_between_two_hands_is_a_pause(jerks, pauses, hz):
    _, [step] = weigh(readings(in_jerks(*jerks), 40, hz=hz))
    assert step.pauses == pytest.approx(pauses, abs=1.0)


def test_pauses_are_no_later_steps():
    jerks = [(21.0, 858.0), (23.0, 866.0), (40.0, 800.0)]
    _, [first, second] = weigh(readings(in_jerks(*jerks), 60))
    assert (len(first.pauses), second.pauses) == (1, ())


def test_what_goes_with_a_hand_that_rested_shows_no_pause():
    """From which level it moved nobody knows: the hand's, or the one before."""

    def load(t_s: float) -> float:
        if not 20 <= t_s < 40:
            return 950.0 if t_s < 20 else (926.0 if t_s < 42 else 902.0)
        return 947.4

    _, [_, *steps] = weigh(readings(load, 60))
    assert [step.pauses for step in steps] == [()] * len(steps)


def test_a_slow_device_shows_no_pause():
    _, [step] = weigh(readings(in_jerks((21.0, 858.0), (23.0, 866.0)), 60, hz=2.0))
    assert step.pauses == ()


def test_noise_that_stays_is_the_scales_own():
    """A compressor has begun to hum: the zero is followed all the same."""

    def hum(t_s: float) -> float:
        return 926 - t_s / 60

    state, _ = weigh(
        readings(lambda _: 950.0, 20, noise_g=0.1)
        + [one._replace(t_s=one.t_s + 20) for one in readings(hum, 300, noise_g=0.5)]
    )
    assert state.zero_g == pytest.approx(-5.3, abs=0.7)


def test_a_unit_taken_from_under_a_hand_that_lifted_most_of_one_is_a_step():
    """5 g on a 10 kg cell: a trembling hand lifts 3.9 g of them, and goes with one."""
    rnd = random.Random(0)

    def load(t_s: float) -> float:
        lifted_g = 3.9 + rnd.gauss(0, 1.0) if 20 <= t_s < 40 else 0.0
        return 230 - lifted_g - (4.9 if t_s >= 40 else 0)

    state, events = weigh(readings(load, 60, noise_g=0.2), rules(band=2.0))
    assert [type(event) for event in events] == [LevelJumped, StepSettled]
    assert state.level_g == pytest.approx(225.1, abs=0.8)


def test_a_step_says_since_when_a_hand_was_there():
    """It comes at 20 s, trembles so lightly that the scale settles under it, and goes at 40 s with
    a unit."""
    rnd = random.Random(0)

    def load(t_s: float) -> float:
        lifted_g = 3.9 + rnd.gauss(0, 1.0) if 20 <= t_s < 40 else 0.0
        return 230 - lifted_g - (4.9 if t_s >= 40 else 0)

    _, [jump, step] = weigh(readings(load, 60, noise_g=0.2), rules(band=2.0))
    assert jump.is_handled
    assert 20 <= step.touched_s < 23 < step.started_s


def test_a_hand_that_goes_as_the_level_jumps_was_there_before_the_step():
    """It presses 4 g, a unit of 8.6 g goes from under it, and then the hand: each within what is
    quiet under such a hand, so that the step is seen only once it has gone."""
    rnd = random.Random(3)

    def load(t_s: float) -> float:
        pressed_g = 4.0 + rnd.gauss(0, 2.0) if 20 <= t_s < 40 else 0.0
        return 516 + pressed_g - (8.6 if t_s >= 23.5 else 0)

    _, events = weigh(readings(load, 60, noise_g=0.3))
    [step] = [event for event in events if isinstance(event, StepSettled)]
    assert step.grams == pytest.approx(-8.6, abs=0.5)
    assert 20 <= step.touched_s < 22 < step.started_s


def test_a_step_of_a_scale_that_was_quiet_before_began_where_it_moved():
    _, [first, second] = weigh(
        readings(lambda t_s: 950 - (24 if t_s >= 20 else 0) - (24 if t_s >= 40 else 0), 60)
    )
    assert first.touched_s == first.started_s
    assert second.touched_s == second.started_s


def test_a_held_jump_that_is_read_again_a_little_further_is_no_step():
    def load(t_s: float) -> float:
        resting_g = 0.0 if t_s < 20 else 2.8 if t_s < 30 else 3.15
        return 950 - resting_g + (60 if 30 <= t_s < 31 else 0)

    state, events = weigh(readings(load, 50, noise_g=0.1))
    assert [type(event) for event in events] == [LevelJumped]
    assert state.level_g == pytest.approx(950, abs=0.3)


@pytest.mark.parametrize("off_g", [-15.0, -14.2, -6.0])
@pytest.mark.parametrize("noise_g", [0.3, 0.6])
def test_what_is_left_at_the_edge_of_the_band_began_when_the_hand_was_there(off_g, noise_g):
    """One thing is put down and another taken that weighs 15 g more. Noise says again and again
    that it moves; when that is a step, or a jump, whoever did it may be out of the store."""

    def load(t_s: float) -> float:
        put_g = 524.0 if t_s >= 14 else 0.0
        hand_g = 534.0 if 20 <= t_s < 21.4 else 0.0
        return 26_000 + put_g + hand_g + (off_g if t_s >= 21.4 else 0)

    given_rules = WeighingRules("A", TARE_RAW, COUNTS_PER_G, 2.0, 15.0)
    _, [_, found] = weigh(readings(load, 40, noise_g=noise_g), given_rules)
    assert found.grams == pytest.approx(off_g, abs=1.0)
    assert found.started_s == pytest.approx(20.0, abs=0.2)


@pytest.mark.parametrize("noise_g", [0.05, 0.35, 0.6])
@pytest.mark.parametrize("taken_s", [19.0, 20.2, 24.5, 26.0])
def test_what_is_taken_beside_what_was_left_began_when_it_was(noise_g, taken_s):
    """2.2 g were left by a hand that has gone; the noise may have changed then."""
    rnd = random.Random(1)

    def load(t_s: float) -> float:
        hand_g = 300.0 if 16 <= t_s < 17.2 else 0.0
        noise = rnd.gauss(0, 0.25 if t_s < 16 else noise_g)
        left_g = 2.2 if t_s >= 17.2 else 0.0
        return 950 - 95 * (t_s >= 12) - 95 * (t_s >= taken_s) + hand_g + left_g + noise

    _, events = weigh(readings(load, 40, noise_g=0.0))
    assert events[-1].started_s == pytest.approx(taken_s, abs=0.2)


def test_where_the_level_is_back_nothing_has_begun():
    def load(t_s: float) -> float:
        put_g = 524.0 if t_s >= 14 else 0.0
        hand_g = 534.0 if 20 <= t_s < 21.4 or 24 <= t_s < 25.4 else 0.0
        off_g = -14.5 if 21.4 <= t_s < 25.4 else 0.0
        return 26_000 + put_g + hand_g + off_g - (90 if t_s >= 27.6 else 0)

    given_rules = WeighingRules("A", TARE_RAW, COUNTS_PER_G, 2.0, 15.0)
    _, events = weigh(readings(load, 40, noise_g=0.5), given_rules)
    assert [event.grams for event in events] == pytest.approx([524.0, -90.0], abs=1.0)
    assert events[-1].started_s == pytest.approx(27.6, abs=0.2)


def test_what_jumps_on_top_of_a_jump_past_the_band_is_a_step():
    def load(t_s: float) -> float:
        return 950 - (2.2 if t_s >= 20 else 0) - (2.2 if t_s >= 35 else 0)

    state, events = weigh(readings(load, 60, noise_g=0.2))
    assert [type(event) for event in events] == [LevelJumped, StepSettled]
    assert state.level_g == pytest.approx(945.6, abs=0.6)
    assert abs(state.drift.total_g) < 0.7


@pytest.mark.parametrize("rate", [0.12, -0.12])
@pytest.mark.parametrize("hz", [10.0, 1 / 0.75])
def test_slow_drift_is_no_step_and_swallows_no_item(rate, hz):
    """5 °C at 7 g/°C within five minutes; the bag taken then is found all the same."""

    def load(t_s: float) -> float:
        return 950.0 + rate * min(t_s, 300) - (BAG_G if t_s >= 310 else 0)

    state, [step] = weigh(readings(load, 330, hz=hz))
    assert step.grams == pytest.approx(-BAG_G, abs=1.5)
    assert 310 <= step.started_s < 311
    assert state.level_g == pytest.approx(950 - BAG_G, abs=2)
    assert state.zero_g == pytest.approx(rate * 300, abs=1.5)


@pytest.mark.parametrize("rate", [0.2, -0.2])
def test_an_item_taken_while_the_cell_drifts_is_found(rate):
    def load(t_s: float) -> float:
        return 950.0 + rate * t_s - (BAG_G if t_s >= 100 else 0)

    _, [step] = weigh(readings(load, 200))
    assert step.grams == pytest.approx(-BAG_G, abs=2)


@given(st.floats(1.0, 200.0), st.floats(100.0, 30_000.0), st.integers(0, 999))
def test_the_lightest_item_on_a_scale_is_never_taken_for_drift_or_noise(unit_g, capacity_g, seed):
    """Even where the cell is noisier than promised: either found, or the scale never rests."""
    band = band_g(capacity_g, unit_g)
    samples = readings(
        lambda t: 20 * unit_g - (unit_g if t >= 20 else 0), 60, noise_g=band / 4, seed=seed
    )
    _, events = weigh(samples, rules(band=band))
    assert [round(g / unit_g) for g in grams_of(events)] == [-1]


def test_a_cell_noisier_than_promised_gets_a_wider_band():
    samples = readings(lambda t: 950 - 95 * (t >= 30), 60, noise_g=1.3)
    _, [step] = weigh(samples)
    assert step.grams == pytest.approx(-95, abs=4)


def test_a_cell_noisier_than_promised_is_at_rest_all_the_same():
    """One sample in 26 is beyond the band of its capacity: each would unsettle it for 2 s."""
    state, rested = Weighing(), 0
    for sample in readings(lambda _: 950.0, 120, noise_g=1.45):
        state, events = advance(state, [sample], rules())
        assert events == ()
        rested += state.is_settled
    assert rested > 1150


def test_a_cell_that_only_shakes_never_settles():
    state, events = weigh(readings(lambda _: 950.0, 60, noise_g=40.0))
    assert events == []
    assert not state.is_settled


# --- hanging goods

RAIL_G = 12 * 80.0


def swinging(t_s: float, from_s: float, *, hz: float, share: float, fades_s: float) -> float:
    """What a rail weighs more than it does, as a share, at a time after a touch."""
    since_s = t_s - from_s
    return -share * exp(-since_s / fades_s) * cos(2 * pi * hz * since_s) if since_s >= 0 else 0.0


@pytest.mark.parametrize("sample_hz", [10.0, 80.0])
@pytest.mark.parametrize("hz", [1.9, 2.5, 3.3, 4.1])
@pytest.mark.parametrize(("share", "fades_s"), [(0.03, 4.5), (0.12, 2.0), (0.25, 4.5)])
@pytest.mark.parametrize("gone_g", [0.0, 80.0, 160.0])
def test_a_swinging_rail_says_nothing_until_it_has_come_to_rest(
    sample_hz, hz, share, fades_s, gone_g
):
    """It swings by up to three bags; what was taken off it meanwhile is one step, and right."""

    def load(t_s: float) -> float:
        grams = RAIL_G - (gone_g if t_s >= 20 else 0)
        return grams * (1 + swinging(t_s, 20.0, hz=hz, share=share, fades_s=fades_s))

    samples = readings(load, 70, hz=sample_hz)
    state, events = weigh(samples)
    assert grams_of(events) == [pytest.approx(-gone_g, abs=2)] * (gone_g > 0)
    assert state.is_settled
    assert state.level_g == pytest.approx(RAIL_G - gone_g, abs=2)
    # Its band may be wider by its noise, twice at most.
    rests_s = 20 + fades_s * log(share * state.level_g / (2 * rules().band_g))
    assert all(event.t_s > rests_s for event in events)


@pytest.mark.parametrize("hz", [1.9, 3.3])
def test_bags_taken_one_after_the_other_off_a_swinging_rail_add_up(hz):
    """The next hand comes before the rail rests: the second touch begins a swing of its own."""

    def load(t_s: float) -> float:
        grams = RAIL_G - 80.0 * (t_s >= 20) - 80.0 * (t_s >= 22.3) + 80.0 * (t_s >= 31)
        swings = (swinging(t_s, at, hz=hz, share=0.1, fades_s=3) for at in (20.0, 22.3, 31.0))
        return grams * (1 + sum(swings))

    state, events = weigh(readings(load, 80))
    assert sum(grams_of(events)) == pytest.approx(-80.0, abs=3)
    assert state.level_g == pytest.approx(RAIL_G - 80.0, abs=2)


def test_a_rail_in_a_draught_never_settles():
    def load(t_s: float) -> float:
        return RAIL_G * (1 + 0.01 * cos(2 * pi * 2.2 * t_s) * (t_s >= 20))

    state, events = weigh(readings(load, 300))
    assert events == []
    assert not state.is_settled
    assert state.level_g == pytest.approx(RAIL_G, abs=1)


# --- slow devices


@pytest.mark.parametrize("every_s", [0.75, 1.0])
def test_a_slow_device_settles_and_steps(every_s):
    samples = readings(lambda t: 950.0 - (95 if t >= 20 else 0), 40, hz=1 / every_s)
    _, [step] = weigh(samples)
    assert step.grams == pytest.approx(-95, abs=1.5)
    assert 20 <= step.started_s <= 20 + every_s
    assert step.t_s <= 20 + 4 * every_s


@pytest.mark.parametrize("seed", range(4))
def test_a_slow_device_whose_few_samples_agree_by_chance_drifts_all_the_same(seed):
    """Within a hundredth of a gram at first; after a spike the noise that the cell has: no hand."""

    def load(t_s: float) -> float:
        spike_g = 500.0 * (25 <= t_s < 26)
        return 950 + 0.12 * max(0.0, min(t_s, 80) - 30) + spike_g

    alike = [Reading(n / 2, raw_of(950) + n % 2) for n in range(5)]
    state, events = weigh([*alike, *readings(load, 100, hz=2.0, seed=seed)[5:]])
    assert events == []
    assert state.drift.total_g == pytest.approx(6, abs=1)


def test_the_ancestors_trace_shows_eleven_states_and_not_seventeen():
    """Bottles of 95 g at 0.75 s a reading: plateaus of minutes, transients of one reading.

    Rounding every reading to whole bottles, as the ancestor did, shows more states than
    were there.
    """
    plateaus = [5, 4, 3, 4, 2, 1, 2, 3, 5, 6, 5]
    transients = {60: 3.4, 170: 1.6, 300: 0.4}

    def load(t_s: float) -> float:
        bottles = plateaus[min(int(t_s // 60), len(plateaus) - 1)]
        glitch = next((b for at, b in transients.items() if 0 <= t_s - at - 20 < 0.7), None)
        return BOTTLE_G * (bottles if glitch is None else glitch)

    samples = readings(load, 60 * len(plateaus), hz=1 / 0.75)
    rounded = [round((s.raw - TARE_RAW) / COUNTS_PER_G / BOTTLE_G) for s in samples]
    assert 1 + sum(a != b for a, b in pairwise(rounded)) == 17
    state, events = weigh(samples)
    states = [plateaus[0]]
    for grams in grams_of(events):
        states.append(states[-1] + round(grams / BOTTLE_G))
    assert states == plateaus
    assert state.level_g == pytest.approx(plateaus[-1] * BOTTLE_G, abs=2)


# --- construction and the owner's word


@pytest.mark.parametrize(
    ("counts", "settle_for_s", "message"),
    [(0.0, 2.0, "counts_per_g must not be 0"), (429.0, 0.0, "settle_for_s must be > 0, got 0")],
)
def test_impossible_rules_are_refused(counts, settle_for_s, message):
    with pytest.raises(ValueError, match=message):
        WeighingRules("A", 0, counts, settle_for_s, 3.0)


@pytest.mark.parametrize(
    ("capacity_g", "lightest_g", "expected_g"),
    [(10_000, None, 3.0), (10_000, 95.0, 3.0), (10_000, 5.0, 2.0), (20_000, 24.0, 6.0)],
)
def test_the_band_comes_from_the_cell_and_stays_below_the_lightest_item(
    capacity_g, lightest_g, expected_g
):
    assert band_g(capacity_g, lightest_g) == pytest.approx(expected_g)


def test_the_owners_word_moves_the_zero_and_causes_no_step():
    quiet, _ = weigh(readings(lambda _: 950.0, 10))
    told = set_level(quiet, 855.0)
    assert told.level_g == 855.0
    later = [Reading(s.t_s + 10, s.raw) for s in readings(lambda _: 950.0, 10)]
    state, events = advance(told, later, rules())
    assert events == ()
    assert state.level_g == 855.0


def test_the_owners_word_before_the_first_level_changes_nothing():
    assert set_level(Weighing(), 855.0) == Weighing()


def test_a_remembered_zero_is_taken_off_the_first_level():
    state, _ = advance(Weighing(zero_g=20.0), readings(lambda _: 970.0, 10), rules())
    assert state.level_g == pytest.approx(950, abs=1)


def test_a_device_that_reports_its_failure_once_a_second_is_faulty_within_two_seconds():
    good = [Reading(i / 10, 950 * 429) for i in range(100)]
    _, [failed] = weigh([*good, *(Reading(9.9 + s, None, "no data") for s in (1.0, 2.0, 3.0))])
    assert isinstance(failed, DeviceFailed)
    assert failed.t_s - good[-1].t_s <= 2.0
