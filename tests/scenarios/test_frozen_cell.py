"""A cell that says one word for ever: nothing is counted of it, and nobody is accused."""

import pytest


def of(lines, kind):
    return [line for line in lines if line["event"] == kind]


def test_a_cell_that_sticks_at_another_weight_with_nobody_there_is_a_fault_and_no_issue(
    trace, replay
):
    """It shows two bottles too few for ever; the trace ends so, which frees it no more."""
    trace.stick(20, 120, "A", 3 * 95.0)
    [failed] = replay(trace.write(ends_s=120)).lines
    assert (failed["event"], failed["device"]) == ("DeviceFailed", "A")
    assert failed["why"].startswith("the same word for 30 s")
    assert failed["t_s"] == pytest.approx(50, abs=1)


def test_a_dead_data_line_has_taken_no_goods(trace, replay):
    trace.stick(20, 120, "B", 1200 / -380.5)  # every word 0
    [failed] = replay(trace.write(ends_s=120)).lines
    assert failed["event"] == "DeviceFailed"


def test_a_visit_in_which_a_cell_sticks_is_unverified_and_the_next_is_counted(trace, replay):
    """Two bottles seem to go as the cell sticks; one taken once it weighs again has gone."""
    trace.enter(20)
    trace.stick(25, 100, "A", 3 * 95.0)
    trace.take(28, "초코바")
    trace.leave(32)
    trace.enter(130)
    trace.take(135, "바나나우유")
    trace.leave(140)
    lines = replay(trace.write(ends_s=180)).lines
    first, second = of(lines, "VisitReconciled")
    assert (first["unverified"], first["unpaid"]) == (["바나나우유"], {"초코바": 1})
    assert (second["unverified"], second["unpaid"]) == ([], {"바나나우유": 1})
    assert [one["why"][:13] for one in of(lines, "DeviceFailed")] == ["the same word"]
    [recovered] = of(lines, "DeviceRecovered")
    assert recovered["t_s"] == pytest.approx(102, abs=1)
    counts = [(one["product"], one["before"], one["after"]) for one in of(lines, "StockChanged")]
    assert counts == [("초코바", 12, 11), ("바나나우유", 5, 4)]
    assert [[one["product"] for one in issue["lines"]] for issue in of(lines, "IssueSealed")] == [
        ["초코바"],
        ["바나나우유"],
    ]


def test_a_trace_without_noise_is_weighed_to_its_end_and_beyond(trace, replay):
    """Made-up words: whoever leaves as the trace ends is judged all the same."""
    trace.enter(20)
    trace.stick(0, 40, "A", 5 * 95.0)
    trace.stick(40, 120, "A", 3 * 95.0)
    trace.leave(118)
    [visit] = of(replay(trace.write(ends_s=120)).lines, "VisitReconciled")
    assert visit["unpaid"] == {"바나나우유": 2}
