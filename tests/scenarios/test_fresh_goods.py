"""Goods are brought, bought and stolen while somebody is inside all the time."""

import pytest
from tests.scenarios.conftest import TRACE_GOODS

MILK, BAR = "바나나우유", "초코바"


@pytest.fixture
def judged(trace, replay):
    """The one visit, which ends at that time, and its issues."""

    def run(ends_s):
        trace.leave(ends_s)
        lines = replay(trace.write(ends_s + 30)).lines
        [visit] = [line for line in lines if line["event"] == "VisitReconciled"]
        return visit, [line for line in lines if line["event"] == "IssueSealed"]

    return run


def deliver(trace, from_s, handfuls):
    """Two bottles every four seconds."""
    trace.enter(from_s)
    for at in range(handfuls):
        trace.take(from_s + 5 + 4 * at, MILK, -2)


@pytest.mark.parametrize("bought_s", [100, 400])
def test_who_buys_fresh_goods_pays_for_no_later_theft(trace, judged, bought_s):
    deliver(trace, 10, 6)
    trace.enter(50, 2)
    trace.take(bought_s, MILK, 2)
    trace.sell(bought_s + 10, MILK, 2)
    trace.take(540, MILK, 2)
    visit, issues = judged(550)
    assert visit["unpaid"] == {MILK: 2}
    assert len(issues) == 1


def test_a_theft_behind_fresh_goods_is_reported_while_somebody_is_inside(trace, judged):
    trace.config += "visits: {max_visit_s: 300}\n"
    deliver(trace, 10, 6)
    trace.enter(50, 2)
    trace.take(100, MILK, 2)
    trace.sell(110, MILK, 2)
    trace.take(540, MILK, 2)
    visit, [issue] = judged(900)
    assert issue["provisional"]
    assert visit["unpaid"] == {MILK: 2}


def test_who_pays_for_fresh_goods_just_before_he_takes_others_owes_nothing(trace, judged):
    """The first two may have been the driver's, who took them along again."""
    deliver(trace, 10, 6)
    trace.enter(50, 2)
    trace.take(60, MILK, 2)
    trace.sell(350, MILK, 2)
    trace.take(420, MILK, 2)
    visit, issues = judged(450)
    assert (visit["unpaid"], issues) == ({}, [])


@pytest.mark.parametrize("bought_s", [40, 400])
def test_goods_that_were_bought_beside_a_delivery_excuse_no_theft_of_others(
    trace, judged, monkeypatch, bought_s
):
    """Their price is nearly the same: the one is no mix-up of the other, for that was taken."""
    monkeypatch.setitem(TRACE_GOODS, BAR, ("B", 12, 1500, 52.0))
    deliver(trace, 10, 3)
    trace.enter(35, 2)
    trace.take(bought_s, MILK)
    trace.sell(bought_s + 10, MILK)
    trace.take(bought_s + 20, BAR)
    visit, issues = judged(bought_s + 30)
    assert (visit["unpaid"], visit["mixed_up"]) == ({BAR: 1}, {})
    assert len(issues) == 1


def test_who_mixes_up_two_goods_beside_a_bag_is_not_accused(trace, judged, monkeypatch):
    """The bag weighs like two bottles, and is taken along."""
    monkeypatch.setitem(TRACE_GOODS, BAR, ("B", 12, 1500, 52.0))
    trace.enter(10)
    trace.lay(15, "A", 190.0)
    trace.take(22, BAR)
    trace.lay(30, "A", -190.0)
    trace.sell(36, MILK)
    visit, issues = judged(42)
    assert (visit["unpaid"], visit["mixed_up"], issues) == ({}, {BAR: 1}, [])
