"""`run --record DIR`, then `replay DIR`: the same visits, the same issues."""

import pytest

from storeguard.domain import events as ev
from storeguard.replaying import event_line


def test_a_recorded_day_is_replayed_as_it_was(make_store, replay, tmp_path):
    store = make_store(outside=True)
    store.start(record_to=tmp_path / "recorded")
    an_honest_customer(store)
    a_thief(store)
    a_delivery_and_a_faulty_scale(store)
    store.stop()
    said = [line for event in store.events if (line := event_line(event)) is not None]
    result = replay(tmp_path / "recorded")
    assert result.exit_code == 0
    assert what(result.lines) == what(said)
    for replayed, recorded in zip(result.lines, said, strict=True):
        # A picture a second stands for what five a second have shown.
        assert replayed["t_s"] == pytest.approx(recorded["t_s"], abs=1.1)
    [sealed] = [line for line in result.lines if line["event"] == "IssueSealed"]
    [issue] = store.told(ev.IssueSealed)
    assert sealed["lines"] == [event_line(issue)["lines"][0]]


def test_a_recording_that_starts_in_mid_visit_is_replayed(make_store, replay, tmp_path):
    store = make_store()
    store.start()
    store.enter("early")
    store.stop()
    store.start(record_to=tmp_path / "recorded", settle=False)
    store.advance(5)
    store.take("콜라")
    store.leave()
    store.be_judged()
    store.stop()
    result = replay(tmp_path / "recorded")
    assert result.lines[0]["event"] == "StoreOccupied"
    [visit] = [line for line in result.lines if line["event"] == "VisitReconciled"]
    assert visit["unpaid"] == {"콜라": 1}


def test_an_owner_edit_is_recorded(make_store, replay, tmp_path):
    store = make_store(outside=True)
    store.start(record_to=tmp_path / "recorded")
    csv = store.folder / "inventory" / "inventory_store.csv"
    csv.write_text(csv.read_text("utf-8").replace("콜라,8,", "콜라,20,"), encoding="utf-8")
    store.advance(3)
    store.stop()
    edits = (tmp_path / "recorded" / "edits.csv").read_text(encoding="utf-8").splitlines()
    assert edits[0] == "t_s,book,product,count"
    assert edits[1].endswith(",kiosk,콜라,20")
    assert replay(tmp_path / "recorded", "--out", tmp_path / "out").exit_code == 0
    replayed = (tmp_path / "out" / "inventory" / "inventory_store.csv").read_text("utf-8")
    assert "콜라,20," in replayed


def an_honest_customer(store):
    store.enter()
    store.take("바나나우유", 2)
    store.pay("바나나우유", 2)
    store.leave()
    store.be_judged()


def a_thief(store):
    store.enter()
    store.take("초코바", 3)
    store.pay("초코바")
    store.leave()
    store.be_judged()


def a_delivery_and_a_faulty_scale(store):
    store.enter()
    store.advance(store.world.restock("콜라", 4))
    store.world.unplug("A")
    store.advance(4)
    store.leave()
    store.be_judged()


def what(lines):
    """The lines without times and names made of times."""
    volatile = ("t_s", "id", "visit_started_t_s", "visit_ended_t_s", "why", "failed_for_s")
    return [{k: v for k, v in line.items() if k not in volatile} for line in lines]
