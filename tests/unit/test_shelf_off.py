"""A weight far below nothing: the shelf is off, and the scale is out until it is back."""

from itertools import islice, repeat

import pytest

from storeguard.domain import weighing
from storeguard.domain.events import DeviceFailed, DeviceRecovered, StepSettled
from storeguard.domain.scalerules import Reading, WeighingRules, off_below_g
from storeguard.domain.scalestate import Weighing
from storeguard.domain.weighing import advance
from storeguard.errors import FaultCode

COUNTS_PER_G = 429.0
RULES = WeighingRules("A", 0, COUNTS_PER_G, 2.0, 3.0, off_below_g=-100.0)
GOODS_G, PLATE_G = 950.0, 420.0


def weigh(*lasting, rules=RULES, batch=1):
    """(seconds, grams) one after the other, 10 readings a second."""
    grams = [g for seconds, level in lasting for g in repeat(level, round(seconds * 10))]
    readings = [Reading(n / 10, round(g * COUNTS_PER_G)) for n, g in enumerate(grams)]
    state, events, rest = Weighing(), [], iter(readings)
    while some := tuple(islice(rest, batch)):
        state, new = advance(state, some, rules)
        events += new
    return state, events


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_a_shelf_that_is_lifted_off_is_a_fault_that_says_so(batch):
    state, events = weigh((5, GOODS_G), (20, -PLATE_G), batch=batch)
    [failed] = events
    assert isinstance(failed, DeviceFailed)
    assert failed.code is FaultCode.SCALE_NEGATIVE
    assert "-420 g" in failed.why
    assert failed.t_s == pytest.approx(15, abs=0.2)
    assert state.is_failed
    assert state.level_g == pytest.approx(GOODS_G, abs=1)


def test_it_is_trusted_again_when_the_shelf_is_back():
    state, events = weigh((5, GOODS_G), (30, -PLATE_G), (5, GOODS_G))
    assert [type(event) for event in events] == [DeviceFailed, DeviceRecovered]
    assert state.is_settled


def test_what_was_taken_meanwhile_is_a_step():
    _, events = weigh((5, GOODS_G), (30, -PLATE_G), (5, GOODS_G - 95))
    assert [type(event) for event in events] == [DeviceFailed, DeviceRecovered, StepSettled]
    assert events[-1].grams == pytest.approx(-95, abs=1)


def test_lifting_it_for_a_moment_to_clean_is_nothing():
    state, events = weigh((5, GOODS_G), (8, -PLATE_G), (5, GOODS_G))
    assert events == []
    assert state.is_settled


def test_a_scale_that_was_never_tared_counts_on_wherever_its_zero_is():
    state, events = weigh((5, -5000.0), (20, -5095.0))
    assert [type(event) for event in events] == [StepSettled]
    assert state.is_settled


def test_a_little_less_than_nothing_is_no_shelf_that_is_off():
    _, events = weigh((5, 0.0), (20, -95.0))
    assert [type(event) for event in events] == [StepSettled]


@pytest.mark.parametrize(
    ("capacity_g", "unit_g", "below_g"),
    [(10_000, 95.0, -142.5), (20_000, 24.0, -200), (10_000, None, -100), (5000, 500.0, -750)],
)
def test_far_below_is_more_than_a_drift_and_more_than_a_unit(capacity_g, unit_g, below_g):
    assert off_below_g(capacity_g, unit_g) == pytest.approx(below_g)


def test_a_barred_scale_stays_out_however_still_it_is_until_it_is_admitted():
    state, _ = weigh((5, GOODS_G))
    state = weighing.bar(state, 5.0)
    still = [Reading(5 + n / 10, round(GOODS_G * COUNTS_PER_G)) for n in range(50)]
    state, events = advance(state, still, RULES)
    assert (state.is_failed, state.is_settled, events) == (True, False, ())
    assert weighing.resting_g(state, RULES) == pytest.approx(GOODS_G, abs=1)
    more = [Reading(10 + n / 10, round(GOODS_G * COUNTS_PER_G)) for n in range(50)]
    state, events = advance(weighing.admit(state), more, RULES)
    assert [type(event) for event in events] == [DeviceRecovered]
    assert state.is_settled


def test_a_scale_that_moves_is_barred_since_it_began_to_move():
    state, _ = weigh((5, GOODS_G), (0.5, 0.0))
    assert weighing.bar(state, 9.0).moving_since_s == pytest.approx(5, abs=0.1)
    assert weighing.resting_g(state, RULES) is None
