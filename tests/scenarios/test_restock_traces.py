"""Restock mode in traces: it is recorded, and played back."""

import pytest

from storeguard.devices.traces import TraceRestock, load_trace

MILK, BAR = "바나나우유", "초코바"
HEADER = "t_s,mode,who\n"


def of(lines, event):
    return [line for line in lines if line["event"] == event]


@pytest.fixture
def owners(trace):
    """From 10 to 30 s somebody brings four bottles and takes two bars, which nobody pays."""
    trace.enter(10)
    trace.take(15, MILK, -4)
    trace.take(22, BAR, 2)
    trace.leave(30)
    return trace.write()


def kiosk_book(out):
    return (out / "inventory" / "inventory_store.csv").read_text("utf-8")


def test_what_the_owner_takes_in_restock_mode_is_no_issue(trace, owners, replay, tmp_path):
    trace.put("restock.csv", f"{HEADER}12,on,owner\n28,off,\n")
    result = replay(owners, "--out", tmp_path / "out")
    assert result.exit_code == 0
    [visit] = of(result.lines, "VisitReconciled")
    assert (visit["taken"], visit["unpaid"], visit["surplus"]) == ({BAR: 2}, {}, {MILK: 4})
    assert of(result.lines, "IssueSealed") == []
    assert f"{BAR},10," in kiosk_book(tmp_path / "out")


def test_without_it_the_same_is_a_customers(owners, replay):
    [issue] = of(replay(owners).lines, "IssueSealed")
    assert [(line["product"], line["missing"]) for line in issue["lines"]] == [(BAR, 2)]


def test_once_it_is_off_the_next_visit_is_a_customers(trace, replay):
    """Who does not come back into it answers for what is taken."""
    for at_s in (10, 60):
        trace.enter(at_s)
        trace.take(at_s + 5, BAR)
        trace.leave(at_s + 15)
    folder = trace.write(ends_s=90)
    trace.put("restock.csv", f"{HEADER}12,on,cleaner\n40,off,\n")
    [issue] = of(replay(folder).lines, "IssueSealed")
    assert issue["visit_started_t_s"] == 60


def test_a_trace_runs_until_its_last_row_of_restock_mode(trace, owners):
    trace.put("restock.csv", f"{HEADER}500,on,staff\n")
    assert load_trace(owners).ends_s == 500


@pytest.mark.parametrize(
    "row", ["12,maybe,owner", "12,on,", "12,on,thief", "12,off,owner", "x,on,owner", "-1,off,"]
)
def test_what_cannot_be_is_named_with_its_line(trace, owners, replay, row):
    trace.put("restock.csv", f"{HEADER}{row}\n")
    result = replay(owners)
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert f"restock.csv:2: got '{row}', expected seconds from the start" in line
    assert "on or off, owner, cleaner, staff (off: empty)" in line


def test_a_recorded_delivery_is_played_back_as_it_was(make_store, replay, tmp_path):
    store = make_store()
    folder = tmp_path / "recorded"
    store.start(record_to=folder)
    store.enter("owner")
    store._run(store.app.restocking.start("owner"))
    store.advance(store.world.restock(MILK, 4))
    store.advance(3)
    store.take(BAR, 3)
    store.leave()
    store.be_judged()
    store._run(store.app.restocking.stop())
    store.enter()
    store.take(BAR)
    store.leave()
    store.be_judged()
    store.stop()
    assert [row.who for row in load_trace(folder).restock] == ["owner", None]
    lines = replay(folder).lines
    assert [visit["taken"] for visit in of(lines, "VisitReconciled")] == [{BAR: 3}, {BAR: 1}]
    [issue] = of(lines, "IssueSealed")
    [missing] = store.missing
    assert {line["product"]: line["missing"] for line in issue["lines"]} == missing == {BAR: 1}


def test_a_recording_that_begins_in_restock_mode_says_so(make_store, replay, tmp_path):
    """It has been on since before the restart; who takes then is the owner."""
    store = make_store()
    store.start()
    store._run(store.app.restocking.start("owner"))
    store.stop()
    store.start(record_to=tmp_path / "recorded")
    store.enter("owner")
    store.take(BAR, 2)
    store.leave()
    store.be_judged()
    store.stop()
    [row] = load_trace(tmp_path / "recorded").restock
    assert isinstance(row, TraceRestock)
    assert row.who == "owner"
    result = replay(tmp_path / "recorded")
    assert of(result.lines, "IssueSealed") == [] == list(store.issues)
