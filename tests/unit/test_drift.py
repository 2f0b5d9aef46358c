"""What a zero may follow is bounded: a second, an hour, and in all; the rest was goods."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storeguard.domain import drift
from storeguard.domain.drift import Drift, DriftRules
from storeguard.domain.events import DeviceFailed, DeviceRecovered, StepSettled
from storeguard.domain.scalerules import Reading, WeighingRules, band_g
from storeguard.domain.scalestate import Weighing
from storeguard.domain.weighing import advance, set_level

COUNTS_PER_G = 100.0
HOUR_S, DAY_S = 3600.0, 86_400.0
BAG_G, BOTTLE_G = 24.0, 95.0
A_BATCH = 500


def rules(capacity_g: float = 10_000.0, unit_g: float = BAG_G) -> WeighingRules:
    band = band_g(capacity_g, unit_g)
    return WeighingRules("A", 0, COUNTS_PER_G, 2.0, band, drift=DriftRules.of(capacity_g))


def weigh(load, until_s: float, given: WeighingRules, *, every_s: float = 0.5, seed: int = 0):
    """State and steps of a cell with 0.3 g of noise under `load`."""
    rnd = random.Random(seed)
    times = [n * every_s for n in range(int(until_s / every_s))]
    samples = [Reading(t, round((load(t) + rnd.gauss(0, 0.3)) * COUNTS_PER_G)) for t in times]
    state, events = Weighing(), ()
    for first in range(0, len(samples), A_BATCH):
        state, new = advance(state, samples[first : first + A_BATCH], given)
        events += new
    return state, events


def steps(events) -> list[StepSettled]:
    return [event for event in events if isinstance(event, StepSettled)]


# --- real drift


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("tau_s", [100.0, 300.0, 900.0])
def test_five_degrees_within_minutes_are_no_step(sign, tau_s):
    """The air conditioning comes on: 35 g on a cell of 7 g/°C."""

    def load(t_s: float) -> float:
        return 2400 + sign * 35 * (1 - math.exp(-max(0.0, t_s - 60) / tau_s))

    state, events = weigh(load, 5000, rules())
    assert events == ()
    assert state.drift.total_g == pytest.approx(sign * 35, abs=1)
    assert state.zero_g == pytest.approx(state.drift.total_g)


def test_a_day_of_seven_grams_a_degree_is_no_step_and_one_bag_taken_then_is_one():
    def load(t_s: float) -> float:
        day_g = 17.5 * math.sin(2 * math.pi * t_s / DAY_S)
        return 2400 + day_g - (BAG_G if t_s >= 20 * HOUR_S else 0)

    state, events = weigh(load, DAY_S, rules(), every_s=2.0)
    [step] = events
    assert step.grams == pytest.approx(-BAG_G, abs=4 * step.sigma_g)
    assert abs(state.drift.total_g) < 1


def test_creep_after_a_delivery_is_drift_and_small():
    """0.03 % in half an hour of 8 kg that were put down."""

    def load(t_s: float) -> float:
        since_s = max(0.0, t_s - 60)
        return 8000 * (t_s >= 60) + 2.4 * (1 - math.exp(-since_s / 600))

    state, events = weigh(load, HOUR_S, rules())
    assert [round(s.grams / 100) for s in steps(events)] == [80]
    assert state.drift.total_g == pytest.approx(2.4, abs=0.5)


# --- goods that go slowly


@pytest.mark.parametrize("for_s", [120.0, 300.0, 900.0, 2400.0])
@pytest.mark.parametrize("unit_g", [60.0, BOTTLE_G, 265.0])
def test_goods_slid_away_within_the_hour_are_steps_that_add_up_to_them(unit_g, for_s):
    def load(t_s: float) -> float:
        return 20 * unit_g - unit_g * min(1.0, max(0.0, (t_s - 1200) / for_s))

    state, events = weigh(load, 1200 + for_s + 1200, rules(unit_g=unit_g))
    found = steps(events)
    assert sum(step.grams for step in found) == pytest.approx(-unit_g, abs=3 + unit_g / 25)
    assert state.level_g == pytest.approx(19 * unit_g, abs=3 + unit_g / 25)
    assert abs(state.drift.total_g) < 3 + unit_g / 25
    assert 1100 <= found[0].started_s <= 1300


@settings(max_examples=25)
@given(st.floats(0.2, 30.0), st.integers(0, 99))
def test_a_bag_slid_away_at_any_speed_is_never_gone_without_a_word(seconds_a_gram, seed):
    """Either it is in the level, or the drift passes the third of it that makes the doubt."""

    def load(t_s: float) -> float:
        return 20 * BAG_G - min(BAG_G, max(0.0, (t_s - 60) / seconds_a_gram))

    state, _ = weigh(load, 60 + BAG_G * seconds_a_gram + 30, rules(), seed=seed)
    assert state.level_g is not None
    gone_g = 20 * BAG_G - state.level_g
    assert gone_g - state.drift.total_g - state.drift.held_g == pytest.approx(BAG_G, abs=2)
    assert drift.is_in_doubt(state.drift, BAG_G, DriftRules(), was=False) or gone_g > BAG_G / 3


# --- months


@pytest.mark.parametrize("capacity_g", [5_000.0, 10_000.0, 20_000.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_zero_that_shifts_for_months_is_never_goods_and_one_item_taken_then_is(capacity_g, sign):
    """3 g a day: two bottles by the end of the season, and no hour in which any of it went."""

    def load(t_s: float) -> float:
        taken_g = BOTTLE_G if t_s >= 79.5 * DAY_S else 0.0
        return 1900 + sign * 3 * t_s / DAY_S - taken_g

    given = rules(capacity_g, unit_g=BOTTLE_G)
    state, events = weigh(load, 80 * DAY_S, given, every_s=150.0)
    [step] = events
    assert step.grams == pytest.approx(-BOTTLE_G, abs=4 * step.sigma_g)
    assert state.level_g == pytest.approx(1900 - BOTTLE_G, abs=1)
    assert state.drift.total_g == pytest.approx(sign * 240, abs=1)
    assert drift.is_in_doubt(state.drift, 2000.0, given.drift, was=False)


@pytest.mark.parametrize("g_an_hour", [28.0, -28.0, 42.0, -42.0])
def test_a_warm_day_moves_a_zero_by_units_and_none_of_them_is_gone(g_an_hour):
    """Each hour within its bound, for six of them."""
    state, events = weigh(
        lambda t_s: 6000 + g_an_hour * t_s / HOUR_S, 6 * HOUR_S, rules(unit_g=BOTTLE_G), every_s=2.0
    )
    assert events == ()
    assert state.level_g == pytest.approx(6000, abs=1)
    assert state.drift.total_g == pytest.approx(6 * g_an_hour, abs=1)


def test_what_is_slid_away_after_a_long_drift_is_no_more_than_that():
    """140 g of drift within four hours, and then a bottle within ten minutes."""

    def load(t_s: float) -> float:
        slid_g = BOTTLE_G * min(1.0, max(0.0, (t_s - 4.5 * HOUR_S) / 600))
        return 6000 - 35 * min(4.0, t_s / HOUR_S) - slid_g

    state, events = weigh(load, 5.5 * HOUR_S, rules(unit_g=BOTTLE_G), every_s=2.0)
    assert sum(step.grams for step in steps(events)) == pytest.approx(-BOTTLE_G, abs=8)
    assert state.drift.total_g == pytest.approx(-140, abs=8)
    assert min(step.started_s for step in steps(events)) > 4 * HOUR_S


def test_a_cell_for_twice_the_load_may_drift_twice_as_far():
    assert DriftRules.of(20_000.0).per_hour_g == pytest.approx(90)
    assert DriftRules.of(3_000.0) == DriftRules()


# --- the rules by themselves


def test_nothing_is_a_slide_between_two_notes():
    noted = Drift(0.0, ((0.0, 0.0),))
    later = drift.follow(noted, 30.0, -200.0, 3600.0, DriftRules())
    assert later.total_g == -200
    assert drift.slide(later, 30.0, 3.0, DriftRules()) == (later, None)


def test_the_natural_drift_before_a_slide_is_no_part_of_it():
    notes = [(60.0 * n, 0.1 * n) for n in range(30)]
    notes += [(1800.0 + 60.0 * n, 3.0 - 10.0 * n) for n in range(6)]
    state, found = drift.slide(Drift(-47.0, tuple(notes)), 2100.0, 3.0, DriftRules())
    assert found is not None
    assert found.since_s == pytest.approx(1740, abs=61)
    assert found.grams == pytest.approx(-50, abs=0.2)
    assert state.total_g == pytest.approx(3.0, abs=0.2)


def test_notes_older_than_an_hour_are_forgotten():
    state = Drift()
    for minute in range(200):
        state = drift.follow(state, 60.0 * minute, 0.1, 60.0, DriftRules())
    assert len(state.past) == 61


def test_a_zero_that_turns_round_begins_its_push_anew():
    state = drift.follow(Drift(), 1.0, 5.0, 1.0, DriftRules())
    assert state.pushed == (0.0, 0.0)
    state = drift.follow(state, 2.0, -5.0, 1.0, DriftRules())
    assert state.pushed == (1.0, pytest.approx(0.35))


def test_a_step_against_the_drift_takes_nothing_out_of_it():
    pushed = Drift(2.0, ((0.0, 0.0),), None, (0.0, 0.0))
    assert drift.step_began(pushed, 9.0, -5.0, 1.0)[1] is None
    state, begun = drift.step_began(pushed, 9.0, 5.0, 1.0)
    assert (begun.grams, state.total_g, state.pushed) == (2.0, 0.0, None)


def is_in_doubt(total_g: float, unit_g: float, *, was: bool) -> bool:
    return drift.is_in_doubt(Drift(total_g), unit_g, DriftRules(), was=was)


def test_the_doubt_stays_until_the_residual_is_well_below_what_made_it():
    assert is_in_doubt(-8.1, BAG_G, was=False)
    assert not is_in_doubt(7.9, BAG_G, was=False)
    assert is_in_doubt(7.0, BAG_G, was=True)
    assert not is_in_doubt(5.9, BAG_G, was=True)


@pytest.mark.parametrize("unit_g", [301.0, 1500.0, 10_000.0])
def test_past_what_a_cell_moves_in_all_the_heaviest_unit_is_in_doubt(unit_g):
    assert is_in_doubt(-100.1, unit_g, was=False)
    assert not is_in_doubt(99.9, unit_g, was=False)
    assert is_in_doubt(76.0, unit_g, was=True)
    assert not is_in_doubt(-74.0, unit_g, was=True)


def test_the_owners_word_ends_the_drift():
    state, _ = weigh(lambda t: 2400 + min(t, 100) * 0.1, 200, rules())
    assert state.drift.total_g == pytest.approx(10, abs=1)
    assert set_level(state, 2400.0).drift.total_g == 0


# --- a word that never changes


def test_a_cell_that_says_the_same_word_for_half_a_minute_is_stuck_and_trusted_when_it_flickers():
    rnd = random.Random(1)

    def raw(t_s: float) -> int:
        return 240_000 if 60 <= t_s < 200 else 240_000 + round(rnd.gauss(0, 30))

    samples = [Reading(n / 10, raw(n / 10)) for n in range(3000)]
    state, [failed, recovered] = advance(Weighing(), samples, rules())
    assert isinstance(failed, DeviceFailed)
    assert (failed.code, failed.t_s) == ("W102", pytest.approx(90, abs=3))
    assert isinstance(recovered, DeviceRecovered)
    assert recovered.t_s == pytest.approx(202, abs=2)
    assert state.is_settled


def test_made_up_readings_without_any_noise_are_not_stuck():
    samples = [Reading(n / 10, 240_000) for n in range(3000)]
    assert advance(Weighing(), samples, rules())[1] == ()


# --- how unsure a step is


@pytest.mark.parametrize("noise_g", [0.1, 0.5, 1.0])
def test_a_steps_sigma_is_what_its_grams_scatter_by(noise_g):
    off = []
    for seed in range(30):
        rnd = random.Random(seed)
        samples = [
            Reading(n / 10, round((1000 - 95 * (n > 100) + rnd.gauss(0, noise_g)) * COUNTS_PER_G))
            for n in range(150)
        ]
        _, [step] = advance(Weighing(), samples, rules())
        off.append((step.grams + 95) / step.sigma_g)
    assert 0.5 < math.sqrt(sum(o * o for o in off) / len(off)) < 1.4
