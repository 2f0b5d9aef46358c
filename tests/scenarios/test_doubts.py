"""What could not be seen or weighed for sure is said so, and accuses nobody."""

import pytest
from tests.scenarios.conftest import TRACE_GOODS

from storeguard.domain import events as ev
from storeguard.domain.occupancy import Presence
from storeguard.errors import FaultCode, JournalFault
from storeguard.services import comparing
from storeguard.services.remarking import remarks


def test_a_scale_that_fails_in_mid_visit_decides_nothing(store):
    store.enter()
    store.take("초코바")
    store.world.unplug("A")
    store.advance(4)
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert visit.unverified == {"바나나우유"}
    assert visit.unpaid == {"초코바": 1}
    assert store.missing == [{"초코바": 1}]
    assert store.records(".mp4") != []


def test_the_owner_hears_of_a_faulty_scale_once(store):
    store.world.unplug("A")
    store.advance(60)
    assert [fault.device for fault in store.told(ev.DeviceFailed)] == ["A"]
    assert [fault["device"] for fault in store.app.journal.open_faults()] == ["A"]
    store.world.plug("A")
    store.advance(5)
    [recovered] = store.told(ev.DeviceRecovered)
    assert recovered.device == "A"
    assert recovered.failed_for_s == pytest.approx(60, abs=3)
    assert store.app.journal.open_faults() == ()


def test_what_went_from_a_faulty_scale_is_not_laid_on_the_next_customer(store):
    store.enter("thief")
    store.world.unplug("A")
    store.advance(4)
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    store.enter("next")
    store.advance(2)
    store.world.plug("A")
    store.advance(6)
    store.leave()
    store.be_judged()
    assert store.shelf["바나나우유"] == 5
    assert [visit.unpaid for visit in store.visits] == [{}, {}]
    assert store.issues == ()


def test_a_step_with_nobody_seen_opens_a_visit(store):
    store.advance(store.world.take("바나나우유"))
    store.be_judged()
    assert [event.by_step for event in store.told(ev.StoreOccupied)] == [True]
    assert store.missing == [{"바나나우유": 1}]
    [sealed] = store.told(ev.IssueSealed)
    assert sealed.lines[0].certainty == pytest.approx(0.9)
    [issue] = store.issues
    assert "사진 없음" in (issue / "content.txt").read_text(encoding="utf-8")
    assert list(issue.glob("*.jpg")) == []


def test_a_thief_with_the_lens_covered_is_found_by_the_weight(store):
    store.world.cover("door")
    store.enter()
    store.take("콜라", 2)
    store.leave()
    store.world.uncover("door")
    store.be_judged()
    store.advance(5)
    assert store.missing == [{"콜라": 2}]


def test_darkness_is_never_empty(store):
    store.enter()
    store.take("콜라")
    store.world.lights(False)
    store.leave()
    store.advance(60)
    assert store.told(ev.StoreEmptied) == []
    assert store.app.watching.occupancy.presence is Presence.OCCUPIED
    assert [fault.device for fault in store.told(ev.DeviceFailed)] == ["door"]
    store.world.lights(True)
    store.be_judged()
    assert store.missing == [{"콜라": 1}]


def test_a_visit_in_the_dark_is_not_verified_and_says_so_until_one_is_seen(store):
    store.enter()
    store.world.lights(False)
    store.advance(20)
    store.world.lights(True)
    store.leave()
    store.be_judged()
    [emptied] = store.told(ev.StoreEmptied)
    assert emptied.unseen_s == pytest.approx(20, abs=3)
    assert codes(store) == [FaultCode.VISIT_UNSEEN]
    store.enter()
    store.leave()
    store.be_judged()
    assert store.told(ev.StoreEmptied)[-1].unseen_s == 0
    assert codes(store) == []


def test_goods_that_move_with_nobody_seen_make_the_camera_doubtful_until_it_sees_somebody(store):
    store.advance(store.world.take("바나나우유"))
    store.be_judged()
    assert FaultCode.CAMERA_DOUBTFUL in codes(store)
    store.enter()
    assert FaultCode.CAMERA_DOUBTFUL not in codes(store)


def codes(store):
    watching, weighing = store.app.watching, store.app.weighing
    said = remarks(weighing, watching, store.loop.time(), is_clock_synced=True)
    return [remark.code for remark in said]


def test_an_empty_store_that_gets_dark_is_unknown(store):
    assert store.app.watching.occupancy.presence is Presence.EMPTY
    store.world.lights(False)
    store.advance(10)
    assert store.app.watching.occupancy.presence is Presence.UNKNOWN
    store.world.lights(True)
    store.advance(10)
    assert store.app.watching.occupancy.presence is Presence.EMPTY
    assert store.visits == []


def test_a_camera_that_is_pulled_out_and_put_back_goes_on_watching(store):
    store.enter()
    store.take("콜라")
    store.world.unplug("door")
    store.advance(30)
    assert store.told(ev.StoreEmptied) == []
    store.world.plug("door")
    store.advance(20)
    store.pay("콜라")
    store.leave()
    store.be_judged()
    assert [fault.device for fault in store.told(ev.DeviceFailed)] == ["door"]
    assert [back.device for back in store.told(ev.DeviceRecovered)] == ["door"]
    assert store.visits[-1].unpaid == {}
    assert store.issues == ()


@pytest.mark.parametrize(
    ("taken", "unpaid", "unclear"), [(1, 0, (0, 1)), (2, 1, (1, 2))], ids=["half", "one and a half"]
)
def test_of_a_weight_between_units_the_least_is_missing_and_the_rest_uncertain(
    store, taken, unpaid, unclear
):
    store.enter()
    store.world.take("바나나우유", taken)
    store.world.put_thing("A", "a half-empty bottle", 132.0)
    store.advance(5)
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert visit.uncertain == {"바나나우유": unclear}
    assert visit.unpaid == ({"바나나우유": unpaid} if unpaid else {})
    assert store.missing == ([visit.unpaid] if unpaid else [])
    assert store.records(".mp4") != []


def test_an_uncertain_weight_is_certain_again_once_its_cause_is_gone(store):
    store.enter("first")
    store.world.put_thing("A", "an umbrella", 132.0)
    store.advance(5)
    store.leave()
    store.be_judged()
    assert store.visits[0].uncertain != {}
    store.enter("second")
    store.world.lift_thing("A", "an umbrella")
    store.advance(4)
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    assert store.visits[1].uncertain == {}
    assert store.missing == [{"바나나우유": 1}]


def test_without_a_camera_the_scales_alone_make_visits(make_store):
    store = make_store(camera=False)
    store.start(settle=False)
    store.advance(70)
    store.world.take("초코바", 2)
    store.advance(80)
    assert store.missing == [{"초코바": 2}]


@pytest.mark.parametrize("taken_s", [65.2, 65.7, 66.2, 66.7, 67.2])
def test_without_a_camera_nobody_is_judged_while_a_hand_is_on_the_shelf(trace, replay, taken_s):
    """The next customer has begun to take when the minute after the last step is over."""
    trace.config = trace.config.replace("cameras:\n  - {id: door}\n", "")
    trace.take(5, "바나나우유")
    trace.sell(8, "바나나우유")
    trace.take(taken_s, "초코바")
    trace.sell(75.5, "초코바")
    folder = trace.write(ends_s=100)
    (folder / "people.csv").unlink()
    lines = replay(folder).lines
    assert [line for line in lines if line["event"] == "IssueSealed"] == []
    visits = [line for line in lines if line["event"] == "VisitReconciled"]
    assert sum(visit["paid"].get("초코바", 0) for visit in visits) == 1


# --- what a doubtful visit was excused of ----------------------------------------------------


@pytest.fixture
def compared(trace, replay, monkeypatch):
    """All lines of a trace in which the books are compared every 20 s."""
    monkeypatch.setattr(comparing, "COMPARED_EVERY_S", 20.0)
    return lambda ends_s: replay(trace.write(ends_s)).lines


def issues_of(lines):
    return [line["lines"] for line in lines if line["event"] == "IssueSealed"]


@pytest.mark.parametrize(("taken", "missing"), [(2, 0), (3, 1)])
def test_a_free_unit_beside_a_cup_is_not_missing_once_the_cup_is_gone(
    trace, compared, taken, missing
):
    trace.declare("우유 하나 더", "1+1", "바나나우유")
    trace.enter(10)
    trace.take(15, "바나나우유", taken)
    trace.sell(20, "바나나우유", 1)
    trace.lay(22, "A", 60.0)
    trace.leave(30)
    trace.enter(60)
    trace.lay(68, "A", -60.0)
    trace.leave(75)
    told = [(line["product"], line["missing"]) for [line] in issues_of(compared(140))]
    assert told == [("바나나우유", 1)] * missing


def test_a_journal_that_refuses_for_a_moment_loses_no_excuse(trace, compared, monkeypatch):
    post, refused = comparing.post, []

    async def refuses_once(book, changes, *, why, key):
        if "doubt" in why and not refused:
            refused.append(why)
            raise JournalFault("journal: cannot be written")
        return await post(book, changes, why=why, key=key)

    monkeypatch.setattr(comparing, "post", refuses_once)
    trace.declare("우유 하나 더", "1+1", "바나나우유")
    trace.enter(10)
    trace.take(15, "바나나우유", 2)
    trace.sell(20, "바나나우유", 1)
    trace.lay(22, "A", 60.0)
    trace.leave(30)
    trace.enter(60)
    trace.lay(68, "A", -60.0)
    trace.leave(75)
    assert issues_of(compared(140)) == []
    assert refused


def test_what_may_have_been_paid_as_another_is_not_missing_later(trace, compared, monkeypatch):
    """Something lies on the bars, so that nobody knows whether one of them has gone."""
    monkeypatch.setitem(TRACE_GOODS, "초코바", ("B", 12, 1500, 52.0))
    trace.enter(10)
    trace.take(15, "바나나우유")
    trace.lay(17, "B", 25.0)
    trace.sell(20, "초코바")
    trace.leave(25)
    assert issues_of(compared(140)) == []


def test_what_was_paid_as_another_that_has_gone_too_is_missing_later(trace, compared, monkeypatch):
    """Both are gone and one was paid: the thing on the bars' plate hid it for a while."""
    monkeypatch.setitem(TRACE_GOODS, "초코바", ("B", 12, 1500, 52.0))
    trace.enter(10)
    trace.take(15, "바나나우유")
    trace.take(17, "초코바")
    trace.lay(17, "B", 25.0)
    trace.sell(20, "초코바")
    trace.leave(25)
    trace.enter(60)
    trace.lay(68, "B", -25.0)
    trace.leave(75)
    [[line]] = issues_of(compared(140))
    assert (line["product"], line["missing"]) == ("바나나우유", 1)


def test_what_was_paid_as_a_product_whose_scale_is_out_accuses_nobody(trace, compared, monkeypatch):
    monkeypatch.setitem(TRACE_GOODS, "초코바", ("B", 12, 1500, 52.0))
    trace.fail(5, 50, "A")
    trace.enter(10)
    trace.take(15, "초코바")
    trace.sell(20, "바나나우유")
    trace.leave(25)
    lines = compared(140)
    [visit] = [line for line in lines if line["event"] == "VisitReconciled"]
    assert (visit["unpaid"], visit["uncertain"]) == ({}, {"초코바": [0, 1]})
    assert issues_of(lines) == []
