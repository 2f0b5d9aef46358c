"""A kiosk that tells nothing for an hour, in traces: visits are pending, nobody is guilty."""

import pytest

from storeguard.devices.traces import load_trace

MILK, BAR = "바나나우유", "초코바"


def of(lines, event):
    return [line for line in lines if line["event"] == event]


@pytest.fixture
def silent(trace):
    """Silent from 30 s to 200 s: one pays before, one meanwhile, one does not."""
    for at_s, product in ((5, BAR), (40, MILK), (80, BAR)):
        trace.enter(at_s)
        trace.take(at_s + 3, product)
        trace.leave(at_s + 10)
    trace.sell(12, BAR)
    trace.sell_late(47, MILK, told_s=200)
    trace.complete(30, 30)
    trace.complete(200)
    return trace


def test_visits_of_the_silent_time_are_judged_once_its_sales_are_told(silent, replay):
    lines = replay(silent.write(ends_s=220)).lines
    first, second, third = of(lines, "VisitReconciled")
    assert first["t_s"] < 30
    assert 200 <= second["t_s"] < 201
    assert (second["paid"], second["unpaid"]) == ({MILK: 1}, {})
    assert (third["paid"], third["unpaid"]) == ({}, {BAR: 1})
    [issue] = of(lines, "IssueSealed")
    assert issue["visit_started_t_s"] == third["visit_started_t_s"] == 80


def test_without_a_word_that_sales_are_late_the_payment_amends_the_issue(silent, replay):
    """The same, but nobody has said that the kiosk was silent."""
    silent._late["sales_complete.csv"].clear()
    lines = replay(silent.write(ends_s=220)).lines
    sealed = [issue["visit_started_t_s"] for issue in of(lines, "IssueSealed")]
    assert sealed == [40, 80]
    [amended] = of(lines, "IssueAmended")
    assert (amended["product"], amended["count"]) == (MILK, 1)


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("late_sales.csv", f"50,{MILK},1,40", "late_sales.csv:2: got '50,바나나우유,1,40'"),
        ("late_sales.csv", "50,없음,1,60", "없음"),
        ("sales_complete.csv", "50,60", "sales_complete.csv:2: got '50,60'"),
    ],
)
def test_what_cannot_be_is_named_with_its_line(trace, replay, name, row, expected):
    folder = trace.of_a_thief()
    header = {"late_sales.csv": "t_s,product,count,told_t_s", "sales_complete.csv": "t_s,until_t_s"}
    (folder / name).write_text(f"{header[name]}\n{row}\n", encoding="utf-8")
    result = replay(folder)
    assert result.exit_code == 1
    assert expected in result.stderr


def test_a_recorded_day_has_what_its_sources_told_late(make_store, tmp_path, replay):
    """Played again, the same visit waits and is clean."""
    store = make_store()
    folder = tmp_path / "recorded"
    store.start(record_to=folder)
    store.app.sales.declare("pos")
    store.enter()
    store.take(BAR)
    sold_at = store.clock.utc()
    store.leave()
    store.advance(60)
    assert store.visits == []
    store._run(store.app.desk.report_sale([(BAR, 1)], "late-1", "pos", sold_at))
    store.app.sales.complete_until("pos", store.clock.utc())
    store.advance(3)
    store.app.sales.withdraw("pos")
    store.advance(3)
    [told] = store.visits
    store.stop()
    trace = load_trace(folder)
    assert [(sale.product, sale.count) for sale in trace.late_sales] == [(BAR, 1)]
    assert trace.sales == ()
    assert trace.complete[0].until_s is not None
    assert trace.complete[-1].until_s is None
    [again] = of(replay(folder).lines, "VisitReconciled")
    assert (again["paid"], again["unpaid"]) == (dict(told.paid), {}) == ({BAR: 1}, {})
