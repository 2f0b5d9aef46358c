"""A cell that has shown noise and says one word only: that is no level, and a fault in the end."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storeguard.domain.events import DeviceFailed, DeviceRecovered, LevelJumped, StepSettled
from storeguard.domain.scalerules import Reading, WeighingRules
from storeguard.domain.scalestate import Weighing
from storeguard.domain.weighing import advance

COUNTS_PER_G, LOAD_G, UNIT_G = 400.0, 950.0, 95.0
STUCK_S, FREE_S, ENDS_S = 60.0, 150.0, 200.0


def rules(counts_per_g: float = COUNTS_PER_G) -> WeighingRules:
    return WeighingRules("A", 2000, counts_per_g, 2.0, 3.0)


def raw_of(grams: float, counts_per_g: float = COUNTS_PER_G) -> int:
    return 2000 + round(grams * counts_per_g)


def readings(raw_at, *, hz=10.0, until_s=ENDS_S, noise_g=0.3, counts_per_g=COUNTS_PER_G, seed=0):
    """`raw_at`: a word, grams under noise (a float), or None for a failed reading, by time."""
    rnd = random.Random(seed)
    for n in range(int(until_s * hz)):
        said = raw_at(n / hz)
        if isinstance(said, float):
            said = raw_of(said + rnd.gauss(0, noise_g), counts_per_g)
        yield Reading(n / hz, said)


def weigh(samples, given_rules=None, cuts=(1,)):
    state, events, rest, n = Weighing(), [], list(samples), 0
    while rest:
        some, rest = rest[: cuts[n % len(cuts)]], rest[cuts[n % len(cuts)] :]
        state, new = advance(state, some, given_rules or rules())
        events, n = events + list(new), n + 1
    return state, events


def stuck_at(word, *, then_g=LOAD_G, among=None):
    """Sticks from 60 to 150 s; `among`: what comes instead of the word, by time."""

    def raw_at(t_s):
        if not STUCK_S <= t_s < FREE_S:
            return LOAD_G if t_s < STUCK_S else then_g
        return word if among is None else among(t_s)

    return raw_at


def assert_stuck(events, *, then_g=LOAD_G):
    """One fault after half a minute, one recovery, and a step only where goods moved."""
    failed, recovered, *steps = events
    assert isinstance(failed, DeviceFailed)
    assert (failed.code, failed.t_s) == ("W102", pytest.approx(STUCK_S + 30, abs=5))
    assert isinstance(recovered, DeviceRecovered)
    assert recovered.t_s == pytest.approx(FREE_S + 2, abs=2.5)
    moved_g = [then_g - LOAD_G] if then_g != LOAD_G else []
    assert [step.grams for step in steps] == pytest.approx(moved_g, abs=1.5)


@pytest.mark.parametrize("hz", [80.0, 10.0, 2.0, 1.0, 1 / 0.75])
@pytest.mark.parametrize("word", [0, -1, raw_of(760.0), raw_of(2400.0), raw_of(LOAD_G + 5)])
@pytest.mark.parametrize("then_g", [LOAD_G, LOAD_G - UNIT_G])
def test_a_cell_that_sticks_at_any_word_has_no_level_until_it_flickers_again(hz, word, then_g):
    state, events = weigh(readings(stuck_at(word, then_g=then_g), hz=hz))
    assert_stuck(events, then_g=then_g)
    assert state.level_g == pytest.approx(then_g, abs=1.5)


@pytest.mark.parametrize("other", [None, 0x7FFFFF, raw_of(2000.0), raw_of(300.0)])
@pytest.mark.parametrize("every", [10, 37, 150])
def test_what_comes_among_the_words_frees_no_stuck_cell(other, every):
    """A failed reading, or one that is garbled, in each second, or few of them."""

    def among(t_s):
        return other if round(t_s * 10) % every == 7 else raw_of(760.0)

    assert_stuck(weigh(readings(stuck_at(0, among=among)))[1])


def test_a_cell_that_goes_from_one_word_to_another_has_been_stuck_at_neither_for_long():
    def among(t_s):
        return raw_of(760.0) if t_s < STUCK_S + 20 else raw_of(500.0)

    _, [failed, _] = weigh(readings(stuck_at(0, among=among)))
    assert failed.t_s == pytest.approx(STUCK_S + 50, abs=3)
    assert failed.why.startswith("the same word for 30 s")


@pytest.mark.parametrize("noisy", range(1, 12))
@pytest.mark.parametrize("off_g", [0.4, -0.4, 1.5])
def test_what_it_showed_before_it_stuck_is_remembered_where_it_settles_upon_it(noisy, off_g):
    """A bottle is put down, and the cell sticks there after a few words of noise."""
    word, put_s = raw_of(LOAD_G + UNIT_G), STUCK_S
    rnd = random.Random(noisy)

    def raw_at(t_s):
        number = round((t_s - put_s) * 10)
        if t_s < put_s:
            return LOAD_G
        return raw_of(LOAD_G + UNIT_G + off_g + rnd.gauss(0, 0.1)) if number < noisy else word

    _, events = weigh(readings(raw_at))
    [failed] = [event for event in events if not isinstance(event, StepSettled)]
    assert (failed.code, failed.t_s) == ("W102", pytest.approx(put_s + 30, abs=4))


@pytest.mark.parametrize("stuck_s", [40.0 + n / 10 for n in range(20)])
def test_a_cell_that_sticks_under_a_trembling_hand_is_stuck(stuck_s):
    rnd = random.Random(1)

    def raw_at(t_s):
        hand_g = 2.0 + rnd.gauss(0, 1.0) if 20 <= t_s < stuck_s else 0.0
        return LOAD_G + hand_g if t_s < stuck_s else raw_of(LOAD_G + 1.0)

    _, events = weigh(readings(raw_at, noise_g=0.2))
    [failed] = [event for event in events if not isinstance(event, LevelJumped)]
    assert (failed.code, failed.t_s) == ("W102", pytest.approx(stuck_s + 30, abs=4))


# --- what is no stuck cell


@given(
    st.lists(st.integers(-3, 3).filter(bool), min_size=1, max_size=4),
    st.sampled_from([1 / 0.75, 1.0, 2.0, 10.0]),
    st.sampled_from([0.7, 1.0, 2.0]),
    st.integers(0, 2**16),
)
def test_words_that_are_alike_by_chance_delay_a_step_and_lose_none(units, hz, sigma, seed):
    """A cell of a count of noise or two: three words of it are often the same."""
    starts = [20.0 + 30 * n for n in range(len(units))]

    def raw_at(t_s):
        moved = sum(u for u, at in zip(units, starts, strict=True) if t_s >= at)
        return 10_000 + UNIT_G * moved

    coarse = rules(counts_per_g=2.0)
    how = {"hz": hz, "noise_g": sigma / 2.0, "counts_per_g": 2.0, "seed": seed}
    _, events = weigh(readings(raw_at, until_s=starts[-1] + 30, **how), coarse)
    assert [round(step.grams / UNIT_G) for step in events] == units
    for step, at_s in zip(events, starts, strict=True):
        assert step.t_s < at_s + 12


def test_a_slow_device_is_not_stuck_after_three_words():
    """One each twenty seconds, and three of them alike."""
    words = {40: raw_of(LOAD_G), 41: raw_of(LOAD_G), 42: raw_of(LOAD_G)}
    samples = readings(lambda t_s: words.get(round(t_s / 20), LOAD_G), hz=0.05, until_s=2000)
    assert weigh(samples)[1] == []


def test_made_up_readings_without_any_noise_have_levels():
    """They never flicker, wherever they go."""
    _, [taken, put] = weigh(
        readings(lambda t_s: raw_of(LOAD_G - UNIT_G if 60 <= t_s < 120 else LOAD_G))
    )
    assert (taken.grams, put.grams) == (-UNIT_G, UNIT_G)


part = st.tuples(
    st.floats(0.3, 45.0), st.floats(-400, 400), st.sampled_from(["stuck", "ok", "bad"])
)


@settings(max_examples=40)
@given(
    st.lists(part, max_size=6), st.lists(st.integers(1, 90), min_size=1), st.sampled_from([1, 10])
)
def test_how_readings_are_cut_into_batches_never_changes_anything(parts, cuts, hz):
    trace = [(10.0, 0.0, "ok"), *parts, (5.0, 0.0, "ok")]
    ends = [sum(one[0] for one in trace[: n + 1]) for n in range(len(trace))]

    def raw_at(t_s):
        _, off_g, kind = next(one for one, end_s in zip(trace, ends, strict=True) if t_s < end_s)
        return {"stuck": raw_of(LOAD_G + off_g), "ok": LOAD_G + off_g, "bad": None}[kind]

    samples = list(readings(raw_at, hz=hz, until_s=ends[-1]))
    assert weigh(samples, cuts=cuts) == weigh(samples)
