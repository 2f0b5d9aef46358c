"""Stops, power cuts and disks that refuse: nothing is lost, nothing is told twice."""

import av
import pytest

from storeguard.domain import events as ev
from storeguard.errors import AlreadyRunning, OutboxFault
from storeguard.outbox import folder as outbox
from storeguard.services.filing import FilingService


class PowerCutError(BaseException):
    """Nothing in the process may catch this."""


def test_what_went_while_the_daemon_was_off_is_an_issue_without_a_visit(store):
    store.stop()
    store.world.take("초코바", 2)
    store.advance(3600)
    store.events.clear()
    store.start()
    [sealed] = store.told(ev.IssueSealed)
    assert sealed.visit_started_s is None
    assert [(n.product, n.shelf, n.kiosk, n.missing) for n in sealed.lines] == [
        ("초코바", 10, 12, 2)
    ]
    [change] = store.told(ev.StockChanged)
    assert (change.before, change.after, change.is_first) == (12, 10, True)
    assert store.visits == []
    [issue] = store.issues
    assert store.manifest(issue)["visit"] is None
    assert store.kiosk["초코바"] == store.shelf["초코바"] == 10


def test_what_was_brought_while_the_daemon_was_off_raises_the_kiosk_book(store):
    store.stop()
    store.world.restock("콜라", 4)
    store.advance(60)
    store.start()
    assert store.issues == ()
    assert store.kiosk["콜라"] == store.shelf["콜라"] == 12


def test_a_restart_with_goods_on_the_shelf_keeps_the_count(store):
    store.enter()
    store.take("바나나우유", 2)
    store.pay("바나나우유", 2)
    store.leave()
    store.be_judged()
    for _ in range(3):
        store.stop()
        store.events.clear()
        store.start()
        assert store.told(ev.StockChanged) == []
        assert store.shelf["바나나우유"] == store.kiosk["바나나우유"] == 4
    assert store.issues == ()


def test_an_issue_is_not_found_again_after_a_restart(store):
    store.enter()
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    store.stop()
    store.start()
    assert store.missing == [{"바나나우유": 1}]


@pytest.mark.parametrize("ends", ["stop", "cut_power"])
def test_a_visit_cut_short_becomes_an_issue_at_the_next_start(store, ends):
    store.enter()
    store.take("바나나우유", 2)
    store.advance(3)
    getattr(store, ends)()
    assert store.issues == ()
    store.world.leave()
    store.advance(60)
    store.start()
    assert store.missing == [{"바나나우유": 2}]
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 4
    [issue] = store.issues
    assert len(list(issue.glob("*.jpg"))) == 1
    [clip] = issue.glob("clip-*.mp4")
    assert seconds_of(clip) > 4


def test_a_sale_before_the_power_cut_is_not_lost(store):
    store.enter()
    store.take("바나나우유", 2)
    store.pay("바나나우유", 2)
    store.cut_power()
    store.world.leave()
    store.advance(60)
    store.start()
    assert store.issues == ()
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 4


def test_goods_taken_right_before_the_power_cut_are_found(store):
    store.enter()
    store.advance(store.world.take("초코바"))
    store.cut_power()
    assert store.csv("inventory_weight.csv").count("초코바,12") == 1
    store.world.leave()
    store.advance(60)
    store.start()
    assert store.missing == [{"초코바": 1}]


def test_who_is_still_inside_after_the_power_cut_is_judged_alone(store):
    store.enter()
    store.take("콜라")
    store.cut_power()
    store.advance(30)
    store.start()
    store.take("초코바")
    store.pay("초코바")
    store.leave()
    store.be_judged()
    assert store.visits[-1].unpaid == {}
    assert store.missing == [{"콜라": 1}]


def test_an_interrupted_visit_is_settled_by_one_start(store):
    store.enter()
    store.take("콜라")
    store.cut_power()
    store.world.leave()
    store.advance(60)
    store.start()
    assert store.app.journal.open_visits() == ()
    store.enter("unsure")
    store.world.put_thing("A", "an umbrella", 132.0)
    store.advance(4)
    store.leave()
    store.be_judged()
    kept = store.records(".mp4")
    store.stop()
    store.start()
    assert store.records(".mp4") == kept
    assert store.missing == [{"콜라": 1}]


def test_clips_of_a_clean_visit_cut_short_are_deleted_at_the_next_start(store):
    store.enter()
    store.advance(5)
    store.cut_power()
    assert store.records(".mp4.part") != []
    store.world.leave()
    store.advance(60)
    store.start()
    assert store.records() == []


def test_power_goes_between_sealing_and_correcting(store, monkeypatch):
    store.enter()
    store.take("바나나우유", 2)
    store.leave()
    with monkeypatch.context() as patch:
        patch.setattr(FilingService, "correct", cut)
        store.advance_to_the_cut(PowerCutError)
    assert len(store.issues) == 1
    assert "바나나우유,6" in store.csv("inventory_store.csv")
    for _ in range(2):
        store.start()
        assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 4
        assert store.missing == [{"바나나우유": 2}]
        store.stop()
    event_log = (store.folder / "event.txt").read_text(encoding="utf-8")
    assert event_log.count("바나나우유2개 도난 발생") == 1


def test_power_goes_between_correcting_and_writing_down(store, monkeypatch):
    store.enter()
    store.take("바나나우유", 2)
    store.leave()
    with monkeypatch.context() as patch:
        patch.setattr(FilingService, "_write_down", cut)
        store.advance_to_the_cut(PowerCutError)
    store.start()
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 4
    assert store.missing == [{"바나나우유": 2}]
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    assert [store.manifest(issue)["number"] for issue in store.issues] == [1, 2]


def test_a_disk_that_refuses_the_issue_is_tried_again(store, monkeypatch):
    real, calls = outbox.seal, []

    def refuses_twice(*args, **kwargs):
        calls.append(args)
        if len(calls) <= 2:
            raise OutboxFault("issue_data: cannot be written: Read-only file system")
        return real(*args, **kwargs)

    monkeypatch.setattr(outbox, "seal", refuses_twice)
    store.enter()
    store.take("바나나우유")
    store.leave()
    store.advance(11)
    assert store.visits == []
    assert [part.name for part in store.app.health.faults] == ["reconciling"]
    assert store.kiosk["바나나우유"] == 6
    store.advance(5)
    assert len(calls) == 3
    assert store.app.health.faults == ()
    assert len(store.visits) == len(store.told(ev.IssueSealed)) == 1
    assert store.missing == [{"바나나우유": 1}]
    assert store.kiosk["바나나우유"] == 5


def test_a_visit_is_watched_while_the_disk_refuses_the_issue_of_another(store, monkeypatch):
    real, is_full = outbox.seal, [True]

    def refuses(*args, **kwargs):
        if is_full[0]:
            raise OutboxFault("issue_data: cannot be written: No space left on device")
        return real(*args, **kwargs)

    monkeypatch.setattr(outbox, "seal", refuses)
    for product in ("콜라", "초코바"):
        store.enter()
        store.take(product)
        store.leave()
        store.be_judged()
    is_full[0] = False
    store.advance(60)
    assert [visit.unpaid for visit in store.visits] == [{"콜라": 1}, {"초코바": 1}]
    assert store.missing == [{"콜라": 1}, {"초코바": 1}]


def test_a_second_daemon_in_the_same_folder_touches_nothing(store, make_store):
    before = contents(store.folder)
    second = make_store()
    second.folder = store.folder
    with pytest.raises(AlreadyRunning):
        second.start()
    assert contents(store.folder) == before


def cut(*_args, **_kwargs):
    raise PowerCutError


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def seconds_of(clip):
    with av.open(str(clip)) as video:
        return float(video.duration / av.time_base)


@pytest.mark.parametrize("does", ["pays", "puts it back", "pays one of two"])
def test_what_a_customer_had_in_hand_as_it_started_is_his_to_pay_or_to_put_back(store, does):
    """He took it while the daemon was off; a delivery would have left the gap open."""
    store.stop()
    store.advance(store.world.enter("customer"))
    store.advance(store.world.take("콜라", 2 if "two" in does else 1) + 1)
    store.start()
    if does == "puts it back":
        store.put_back("콜라")
    else:
        store.pay("콜라")
    store.leave()
    store.be_judged()
    assert store.missing == ([{"콜라": 1}] if "two" in does else [])
    assert store.kiosk["콜라"] == store.shelf["콜라"]
    assert store.told(ev.VisitReconciled)
