"""A cup that is left beside what was taken, and fetched in a later visit: what is whose."""

import pytest
from tests.scenarios.conftest import TRACE_GOODS

MILK, BAR = "바나나우유", "초코바"


@pytest.fixture
def left_cup(trace):
    """First visit, 10 to 25 s: bottles are taken, and a cup is put down before the scale rests."""

    def leave(cup_g=30, *, taken=1, paid=1):
        trace.enter(10)
        trace.take(15, MILK, taken)
        trace.lay(16, "A", cup_g)
        if paid:
            trace.sell(22, MILK, paid)
        trace.leave(25)
        return trace

    return leave


@pytest.fixture
def fetched(replay):
    """What is told of the visit from 150 s on, what is missing then, and the last shelf count."""

    def run(trace, product=MILK):
        trace.leave(170)
        lines = replay(trace.write(ends_s=210)).lines
        told = [line for line in lines if line["event"] == "VisitReconciled"]
        issues = [line for line in lines if line["event"] == "IssueSealed"]
        changes = [one for one in lines if one["event"] == "StockChanged"]
        counted = [one for one in changes if one["product"] == product]
        assert counted[-1]["certain"]
        return told[-1], [one["lines"] for one in issues], counted[-1]["after"]

    return run


def shares(visit):
    names = ("taken", "paid", "unpaid", "surplus", "uncertain")
    return {name: visit[name] for name in names if visit[name]}


@pytest.mark.parametrize("cup_g", [20, 30, 50, 60, 80, 120, 250])
def test_who_fetches_a_cup_has_not_taken_what_went_when_it_was_left(left_cup, fetched, cup_g):
    trace = left_cup(cup_g)
    trace.enter(150)
    trace.lay(160, "A", -cup_g)
    visit, issues, count = fetched(trace)
    assert (shares(visit), issues, count) == ({}, [], 4)


@pytest.mark.parametrize("cup_g", [30, 250])
def test_nor_have_two_that_went_then(left_cup, fetched, cup_g):
    trace = left_cup(cup_g, taken=2, paid=2)
    trace.enter(150)
    trace.lay(160, "A", -cup_g)
    visit, issues, count = fetched(trace)
    assert (shares(visit), issues, count) == ({}, [], 3)


def test_a_cup_that_stays_for_a_visit_more_is_still_the_first_ones(left_cup, fetched):
    trace = left_cup(120)
    trace.enter(80)
    trace.leave(90)
    trace.enter(150)
    trace.lay(160, "A", -120)
    visit, issues, count = fetched(trace)
    assert (shares(visit), issues, count) == ({}, [], 4)


def test_nor_has_a_hand_on_it_taken_what_went_then(left_cup, fetched):
    trace = left_cup()
    trace.enter(150)
    trace.press(155, 163, "A", 200)
    trace.lay(160, "A", -30)
    visit, issues, count = fetched(trace)
    assert (shares(visit), issues, count) == ({}, [], 4)


@pytest.mark.parametrize("bottle_at_s", [160, 165])
@pytest.mark.parametrize("is_paid", [True, False])
def test_who_takes_a_bottle_with_a_cup_owes_that_one_alone(left_cup, fetched, bottle_at_s, is_paid):
    trace = left_cup()
    trace.enter(150)
    trace.lay(160, "A", -30)
    trace.take(bottle_at_s, MILK)
    if is_paid:
        trace.sell(168, MILK)
    visit, issues, count = fetched(trace)
    assert shares(visit) == {"taken": {MILK: 1}, "paid" if is_paid else "unpaid": {MILK: 1}}
    assert [line["missing"] for [line] in issues] == ([] if is_paid else [1])
    assert count == 3


def test_what_was_stolen_beside_a_cup_is_a_difference_of_the_books_and_not_the_next_ones(
    left_cup, replay
):
    trace = left_cup(paid=0)
    trace.enter(150)
    trace.lay(160, "A", -30)
    trace.leave(170)
    lines = replay(trace.write(ends_s=3700)).lines
    [issue] = [line for line in lines if line["event"] == "IssueSealed"]
    [line] = issue["lines"]
    assert "visit_started_t_s" not in issue
    assert (line["product"], line["missing"], line["certainty"]) == (MILK, 1, 0.8)


@pytest.mark.parametrize("cup_g", [80, 120])
def test_what_may_have_gone_with_either_step_is_nobodys_for_certain(left_cup, fetched, cup_g):
    """Alone it would be a thing of 15 g less, or 25 g more, and a bottle stolen with it."""
    trace = left_cup(cup_g, paid=0)
    trace.enter(150)
    trace.lay(160, "A", -cup_g)
    visit, issues, count = fetched(trace)
    assert (shares(visit), issues, count) == ({"uncertain": {MILK: [0, 1]}}, [], 4)


@pytest.mark.parametrize("paid", [0, 1])
@pytest.mark.parametrize("cup_g", [30, 70])
def test_among_several_products_the_fetcher_has_taken_none_for_certain(
    trace, fetched, monkeypatch, cup_g, paid
):
    """One of each went; who paid for both leaves no doubt."""
    monkeypatch.setitem(TRACE_GOODS, BAR, ("A", 12, 1200, 52.0))
    monkeypatch.setitem(TRACE_GOODS, "메로나", ("B", 5, 1000, 80.0))
    trace.config = trace.config.replace(f"[{MILK}]", f"[{MILK}, {BAR}]").replace(
        "id: B, products: [초코바]", "id: B, products: [메로나]"
    )
    trace.enter(10)
    trace.take(15, MILK)
    trace.take(15.5, BAR)
    trace.lay(16.4, "A", cup_g)
    for name in (MILK, BAR)[: 2 * paid]:
        trace.sell(20, name)
    trace.leave(25)
    trace.enter(150)
    trace.lay(160, "A", -cup_g)
    visit, issues, count = fetched(trace, BAR)
    assert (visit["taken"], visit["unpaid"], issues, count) == ({}, {}, [], 11)
    assert not (paid and visit["uncertain"])


@pytest.mark.parametrize("bag_g", [30, 444])
def test_a_bottle_that_goes_with_a_thing_which_came_alone_is_the_fetchers(trace, fetched, bag_g):
    trace.enter(10)
    trace.lay(16, "A", bag_g)
    trace.leave(25)
    trace.enter(150)
    trace.lay(160, "A", -bag_g - 95)
    visit, [[line]], count = fetched(trace)
    assert (visit["unpaid"], line["missing"], count) == ({MILK: 1}, 1, 4)


def test_who_takes_his_own_cup_along_has_taken_what_went_beside_it(trace, told):
    trace.enter(10)
    trace.take(15, MILK)
    trace.lay(16, "A", 30)
    trace.lay(24, "A", -30)
    trace.leave(30)
    [visit], missing = told(trace.write(ends_s=60))
    assert (visit["taken"], missing) == ({MILK: 1}, [{MILK: 1}])
