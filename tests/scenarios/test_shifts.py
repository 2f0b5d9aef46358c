"""A plate whose level is another by a little, though nothing moved: nobody is accused of it."""

import pytest
from tests.scenarios.conftest import TRACE_GOODS

MILK, BAR = "바나나우유", "초코바"
MILK_G = 95.0


@pytest.fixture
def told(trace, replay):
    """All lines of an event, of the trace as it is by now."""
    lines = []

    def of(event, ends_s=60):
        if not lines:
            lines.extend(replay(trace.write(ends_s)).lines)
        return [line for line in lines if line["event"] == event]

    return of


def weigh(monkeypatch, grams):
    """The bars beside the milk weigh so much."""
    scale, count, won, _ = TRACE_GOODS[BAR]
    monkeypatch.setitem(TRACE_GOODS, BAR, (scale, count, won, grams))


def buy_milk(trace, *, is_paid=True):
    trace.enter(10)
    trace.take(15, MILK)
    if is_paid:
        trace.sell(30, MILK)


@pytest.mark.parametrize(
    ("bar_g", "shift_g"),
    [(51.0, -7.3), (88.0, 8.0)],  # milk put down for two bars, for one
)
def test_a_plate_that_is_lighter_or_heavier_by_a_little_is_no_exchange(
    trace, told, monkeypatch, bar_g, shift_g
):
    weigh(monkeypatch, bar_g)
    buy_milk(trace)
    trace.lay(22, "B", shift_g)
    trace.leave(36)
    [visit] = told("VisitReconciled")
    assert (visit["taken"], visit["misplaced"], visit["uncertain"]) == ({MILK: 1}, {}, {})
    assert told("IssueSealed") == []


def test_what_shifts_back_in_the_next_visit_accuses_nobody(trace, told, monkeypatch):
    weigh(monkeypatch, 88.0)
    buy_milk(trace)
    trace.lay(22, "B", 8.0)
    trace.leave(36)
    trace.enter(80)
    trace.lay(90, "B", -8.0)
    trace.leave(100)
    first, second = told("VisitReconciled", ends_s=140)
    assert (first["taken"], second["taken"]) == ({MILK: 1}, {})
    assert told("IssueSealed") == []


@pytest.mark.parametrize("shift_g", [-5.0, -6.0])
def test_a_theft_beside_a_plate_that_shifts_is_told_by_its_name(trace, told, monkeypatch, shift_g):
    weigh(monkeypatch, 20.0)
    buy_milk(trace, is_paid=False)
    trace.lay(22, "B", shift_g)
    trace.leave(36)
    [issue] = told("IssueSealed")
    assert [(line["product"], line["missing"]) for line in issue["lines"]] == [(MILK, 1)]


def test_a_plate_that_sticks_after_a_hand_has_pressed_it_accuses_nobody(trace, told, monkeypatch):
    weigh(monkeypatch, 51.0)
    buy_milk(trace)
    trace.press(21.5, 22, "B", 150.0)
    trace.lay(22, "B", -7.3)
    trace.leave(36)
    [visit] = told("VisitReconciled")
    assert visit["unpaid"] == {}
    assert told("IssueSealed") == []


@pytest.mark.parametrize("seconds", [0.2, 0.5, -0.5])
def test_a_thing_put_down_for_another_is_one_where_the_weight_shows_it(
    trace, told, monkeypatch, seconds
):
    weigh(monkeypatch, 88.0)
    buy_milk(trace, is_paid=False)
    trace.take(22, BAR)
    trace.put_on(22 + seconds, "B", MILK)
    trace.leave(36)
    [visit] = told("VisitReconciled")
    assert (visit["taken"], visit["misplaced"]) == ({BAR: 1}, {MILK: 1})
    [issue] = told("IssueSealed")
    [line] = issue["lines"]
    assert (line["product"], line["missing"]) == (BAR, 1)
    assert line["certainty"] >= 0.95


@pytest.mark.parametrize(("grams", "is_somebody"), [(5.0, False), (-5.0, False), (-24.0, True)])
def test_a_step_that_no_unit_can_be_part_of_opens_no_visit(trace, told, grams, is_somebody):
    trace.lay(30, "B", grams)
    assert bool(told("StoreOccupied")) is is_somebody
