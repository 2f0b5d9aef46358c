"""Goods on rails, a cell a rail: they swing after a touch, and count when they have come to rest.

B is the rail: twelve bars, 624 g, which swing by more than one of them weighs.
"""

import pytest


def told(played, event):
    return [line for line in played.lines if line["event"] == event]


def counts(played):
    return [(c["product"], c["before"], c["after"]) for c in told(played, "StockChanged")]


def test_a_rail_that_is_touched_and_swings_when_everybody_has_left_counts_nothing(trace, replay):
    trace.enter(10)
    trace.swing(14, "B", share=0.15)
    trace.swing(20, "B", share=0.25, fades_s=4.5)
    trace.leave(21)
    played = replay(trace.write(ends_s=90))
    assert counts(played) == []
    assert told(played, "IssueSealed") == []
    [visit] = told(played, "VisitReconciled")
    assert (visit["taken"], visit["uncertain"], visit["unverified"]) == ({}, {}, [])


def test_a_bag_taken_off_a_swinging_rail_is_missed_once_it_rests(trace, replay):
    """The second is taken while the rail still swings from the first; one is paid."""
    trace.enter(10)
    for at_s in (14, 17):
        trace.take(at_s, "초코바")
        trace.swing(at_s, "B", share=0.2, fades_s=4.0)
    trace.sell(18, "초코바")
    trace.leave(19)
    played = replay(trace.write(ends_s=90))
    assert counts(played) == [("초코바", 12, 10)]
    [change] = told(played, "StockChanged")
    assert change["certain"]
    assert change["t_s"] > 17 + 4.0 * 3, "0.2 of 624 g fade below 3 g in 15 s"
    [issue] = told(played, "IssueSealed")
    [line] = issue["lines"]
    assert (line["product"], line["missing"]) == ("초코바", 1)
    [visit] = told(played, "VisitReconciled")
    assert (visit["taken"], visit["paid"], visit["unpaid"]) == (
        {"초코바": 2},
        {"초코바": 1},
        {"초코바": 1},
    )


def test_a_rail_in_a_draught_is_unverified_and_keeps_no_other_scale_from_being_judged(
    trace, replay
):
    trace.swing(5, "B", share=0.02, fades_s=1e9)
    trace.enter(20)
    trace.take(25, "바나나우유")
    trace.leave(32)
    played = replay(trace.write(ends_s=400))
    [issue] = told(played, "IssueSealed")
    assert [line["product"] for line in issue["lines"]] == ["바나나우유"]
    [visit] = told(played, "VisitReconciled")
    assert visit["unverified"] == ["초코바"]
    assert counts(played) == [("바나나우유", 5, 4)]


@pytest.mark.parametrize(("share", "fades_s"), [(0.05, 1.5), (0.2, 3.0), (0.3, 4.5)])
def test_what_swings_as_it_comes_to_rest_is_no_hand(trace, replay, share, fades_s):
    """A bar that is 4 g too light: the rail trembles still when it settles, and no more later."""
    trace.enter(10)
    trace.lay(14, "B", -48.0)
    trace.swing(14, "B", share=share, fades_s=fades_s)
    trace.leave(50)
    [change] = told(replay(trace.write(ends_s=100)), "StockChanged")
    assert (change["after"] - change["before"], change["certain"]) == (-1, True)
