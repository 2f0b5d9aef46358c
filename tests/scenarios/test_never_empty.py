"""A busy shop is not empty for hours: what is overdue is reported provisionally."""

from datetime import timedelta

import pytest
from tests.scenarios.conftest import STARTED_AT

from storeguard.domain.arriving import RESTS_FOR_S
from storeguard.domain.doubts import Doubt
from storeguard.domain.failing import mark_unverified
from storeguard.domain.overdue import SHORTEST_PATIENCE_S
from storeguard.outbox.folder import settled
from storeguard.services import shelfdoubts
from storeguard.services.delays import LEARNED_EVERY_S
from storeguard.services.provisional import SETTLED_AFTER_S

MILK, BAR, COLA = "바나나우유", "초코바", "콜라"
MAX_VISIT_S = 60.0
PATIENCE_S = 40.0
LONG = MAX_VISIT_S + PATIENCE_S


@pytest.fixture
def busy(make_store, monkeypatch):
    """A shop with somebody always inside, to whom nothing is missing yet."""
    monkeypatch.setattr("storeguard.domain.overdue.USUAL_PATIENCE_S", PATIENCE_S)
    store = make_store(visits={"max_visit_s": MAX_VISIT_S})
    store.start()
    store.enter("somebody who stays")
    return store


def kinds(store):
    names = ("IssueSealed", "IssueConfirmed", "IssueWithdrawn", "IssueAmended")
    return [type(e).__name__ for e in store.events if type(e).__name__ in names]


def test_what_is_not_paid_for_long_is_reported_while_somebody_is_inside(busy):
    busy.take("바나나우유", by="somebody who stays")
    busy.advance(LONG)
    [issue] = busy.issues
    manifest = busy.manifest(issue)
    assert manifest["provisional"]
    assert manifest["visit"]["ended_at"] is None
    assert busy.missing == [{"바나나우유": 1}]
    assert any("아직 매장에" in sentence for sentence in manifest["why"]["ko"])
    assert "확인 중" in (issue / "content.txt").read_text(encoding="utf-8")
    assert list(issue.glob("clip-*.mp4"))
    assert busy.kiosk["바나나우유"] == 6  # corrected once it is confirmed
    assert kinds(busy) == ["IssueSealed"]


def test_the_empty_store_confirms_it(busy):
    busy.take("바나나우유", by="somebody who stays")
    busy.advance(LONG)
    busy.leave("somebody who stays")
    busy.be_judged()
    assert kinds(busy) == ["IssueSealed", "IssueConfirmed"]
    assert busy.kiosk == busy.shelf
    assert settled(busy.issues[0]) == {"바나나우유": 1}
    assert busy.csv("../event.txt").count("도난 발생") == 1
    [visit] = busy.visits
    assert visit.unpaid == {"바나나우유": 1}


def test_a_payment_after_all_withdraws_it(busy):
    busy.take("바나나우유", by="somebody who stays")
    busy.advance(LONG)
    busy.pay("바나나우유")
    busy.leave("somebody who stays")
    busy.be_judged()
    assert kinds(busy) == ["IssueSealed", "IssueWithdrawn"]
    assert settled(busy.issues[0]) == {}
    assert busy.kiosk == busy.shelf
    assert not (busy.folder / "event.txt").exists()


def test_one_of_two_paid_after_all_amends_it(busy):
    busy.take("바나나우유", 2, by="somebody who stays")
    busy.advance(LONG)
    busy.pay("바나나우유")
    busy.leave("somebody who stays")
    busy.be_judged()
    assert kinds(busy) == ["IssueSealed", "IssueAmended", "IssueConfirmed"]
    assert busy.kiosk == busy.shelf


def test_what_goes_missing_later_is_an_issue_of_its_own_and_no_unit_in_two(busy):
    busy.take("바나나우유", by="somebody who stays")
    busy.advance(LONG)
    busy.take("초코바", by="somebody who stays")
    busy.leave("somebody who stays")
    busy.be_judged()
    assert busy.missing == [{"바나나우유": 1}, {"초코바": 1}]
    assert kinds(busy) == ["IssueSealed", "IssueConfirmed", "IssueSealed"]
    assert busy.kiosk == busy.shelf


def test_it_is_reported_once(busy):
    busy.take("바나나우유", by="somebody who stays")
    busy.advance(2 * LONG)
    assert len(busy.issues) == 1
    busy.take("바나나우유", by="somebody who stays")
    busy.advance(LONG)
    assert busy.missing == [{"바나나우유": 1}, {"바나나우유": 1}]


def test_whoever_pays_in_time_is_not_reported(busy):
    for _ in range(3):
        busy.enter("customer")
        busy.take("콜라", by="customer")
        busy.advance(20)
        busy.pay("콜라")
        busy.leave("customer")
        busy.advance(PATIENCE_S)
    assert busy.issues == ()


def test_somebody_elses_payment_hides_nothing(busy):
    busy.take("콜라", by="somebody who stays")
    for _ in range(4):
        busy.advance(PATIENCE_S / 2)
        busy.enter("customer")
        busy.take("콜라", by="customer")
        busy.pay("콜라")
        busy.leave("customer")
    assert busy.missing == [{"콜라": 1}]


def test_a_short_visit_waits_for_its_end(make_store):
    store = make_store(visits={"max_visit_s": 3600.0})
    store.start()
    store.enter()
    store.take("바나나우유")
    store.advance(LONG + 300)
    assert store.issues == ()


def test_after_a_power_cut_the_start_settles_it_and_no_unit_is_told_twice(busy):
    busy.take("바나나우유", by="somebody who stays")
    busy.advance(LONG)
    busy.world.leave("somebody who stays")
    busy.cut_power()
    busy.start()
    busy.advance(30)
    assert busy.missing == [{"바나나우유": 1}]
    assert kinds(busy) == ["IssueConfirmed"]
    assert busy.kiosk == busy.shelf


def test_what_is_stolen_behind_a_delivery_is_found_and_stands(busy):
    """The masking case without a gap: in the end both books agree, and ten are missing."""
    deliver(busy, MILK, 10)
    busy.advance(RESTS_FOR_S)
    busy.enter("thief")
    busy.take(MILK, 10, by="thief")
    busy.leave("thief")
    busy.advance(LONG)
    assert busy.missing == [{MILK: 10}]
    busy.leave("somebody who stays")
    busy.be_judged()
    assert kinds(busy) == ["IssueSealed", "IssueConfirmed"]
    [visit] = busy.visits
    assert (visit.unpaid, visit.surplus) == ({MILK: 10}, {MILK: 10})
    assert busy.kiosk == busy.shelf
    [question] = busy.app.questions.open
    assert (question.count, question.left) == (10, 0)
    busy._run(busy.app.questions.answer(question.id, is_delivery=False))
    assert busy.kiosk == busy.shelf


def test_goods_of_an_earlier_delivery_that_are_stolen_leave_no_question_twice(busy):
    """What a provisional issue has taken out of the kiosk book no answer takes out again."""
    steal_what_was_delivered(busy)
    busy.leave()
    busy.be_judged()
    assert kinds(busy) == ["IssueSealed", "IssueConfirmed"]
    [question] = busy.app.questions.open
    assert question.left == 0


def test_nor_after_a_power_cut(busy):
    steal_what_was_delivered(busy)
    busy.world.leave("thief")
    busy.cut_power()
    busy.start()
    busy.advance(30)
    assert kinds(busy) == ["IssueConfirmed"]
    [question] = busy.app.questions.open
    assert question.left == 0
    assert busy.kiosk == busy.shelf


def test_what_is_put_back_with_others_after_all_is_withdrawn(busy):
    busy.take(MILK, 3, by="somebody who stays")
    busy.advance(LONG)
    busy.put_back(MILK, 3, by="somebody who stays")
    deliver(busy, MILK, 2)
    busy.leave("somebody who stays")
    busy.be_judged()
    assert kinds(busy) == ["IssueSealed", "IssueWithdrawn"]
    assert busy.visits[0].unpaid == {}
    assert busy.kiosk == busy.shelf


@pytest.mark.parametrize("grams", [265.0, 530.0, 2385.0])
def test_a_bag_that_weighs_like_bottles_and_is_taken_along_accuses_nobody(busy, grams):
    busy.world.put_thing("A", "bag", grams)
    busy.advance(LONG)
    busy.take(MILK, by="somebody who stays")
    busy.pay(MILK)
    busy.world.lift_thing("A", "bag")
    busy.advance(LONG)
    busy.leave("somebody who stays")
    busy.be_judged()
    assert kinds(busy) == []
    assert busy.visits[0].unpaid == {}
    assert busy.kiosk == busy.shelf


def test_an_open_basket_holds_it_back(busy):
    busy.take(MILK, by="somebody who stays")
    for _ in range(30):
        busy.app.desk.basket_open(True)
        busy.advance(10)
    assert busy.issues == ()
    busy.app.desk.basket_open(False)
    busy.advance(10)
    assert busy.missing == [{MILK: 1}]


def test_a_kiosk_that_exports_its_sales_late_is_waited_for_and_no_longer(busy):
    """Its sales are never complete until now, but until a moment ago."""
    busy.app.sales.declare("pos")
    busy.advance(MAX_VISIT_S)
    busy.take(MILK, by="somebody who stays")
    busy.take(COLA, by="somebody who stays")
    taken_at = busy.clock.utc()
    busy.advance(3 * PATIENCE_S)
    assert busy.issues == ()  # nothing has been told since
    busy._run(busy.app.desk.report_sale([(COLA, 1)], "pos-1", "pos", taken_at))
    for told_s in (PATIENCE_S / 2, PATIENCE_S - 10):
        busy.app.sales.complete_until("pos", taken_at + timedelta(seconds=told_s))
        busy.advance(10)
        assert busy.issues == ()
    told_at = taken_at + timedelta(seconds=PATIENCE_S + 1)
    busy.app.sales.complete_until("pos", told_at)
    busy.advance(10)
    assert busy.missing == [{MILK: 1}]
    [why] = [one for one in busy.manifest(busy.issues[0])["why"]["ko"] if "아직 매장에" in one]
    assert f"{told_at.astimezone(STARTED_AT.tzinfo):%H:%M:%S}" in why


@pytest.fixture
def prompt(make_store, monkeypatch):
    """A shop that is never empty, whose customers pay soon; six payments are enough to say so."""
    monkeypatch.setattr("storeguard.domain.overdue.FEWEST_DELAYS", 6)
    monkeypatch.setattr("storeguard.services.delays.SAVED_EVERY_S", 10.0)
    store = make_store(visits={"max_visit_s": MAX_VISIT_S})
    store.start()
    store.enter("somebody who stays")
    store.advance(MAX_VISIT_S)
    for _ in range(6):
        store.take(BAR, by="somebody who stays")
        store.pay(BAR)
    return store


def test_how_long_people_take_to_pay_is_learned_in_a_store_that_is_never_empty(prompt):
    prompt.take(MILK, by="somebody who stays")
    prompt.advance(SHORTEST_PATIENCE_S + SETTLED_AFTER_S)
    assert prompt.missing == [{MILK: 1}]


def test_what_was_learned_outlives_a_restart(prompt):
    prompt.advance(SETTLED_AFTER_S + LEARNED_EVERY_S)
    prompt.cut_power()
    prompt.start()
    prompt.enter("another")
    prompt.advance(MAX_VISIT_S)
    prompt.take(MILK, by="another")
    prompt.advance(SHORTEST_PATIENCE_S + 15)
    assert prompt.missing == [{MILK: 1}]


def out_for_a_while(store):
    """Scale A, with the milk."""
    store.world.unplug("A")
    store.advance(20)
    store.world.plug("A")
    store.advance(20)


def test_a_scale_that_was_out_hides_nothing_that_went_long_after(busy):
    out_for_a_while(busy)
    busy.take(MILK, by="somebody who stays")
    busy.advance(LONG)
    assert busy.missing == [{MILK: 1}]
    busy.leave("somebody who stays")
    busy.be_judged()
    assert kinds(busy) == ["IssueSealed", "IssueConfirmed"]
    [visit] = busy.visits
    assert (visit.unpaid, visit.unverified) == ({}, {MILK})
    assert busy.kiosk == busy.shelf


def test_what_went_while_a_scale_was_out_accuses_nobody_nor_what_went_later(busy):
    """Whose payment comes later nobody knows."""
    busy.world.unplug("A")
    busy.advance(10)
    busy.take(MILK, by="somebody who stays")
    busy.advance(10)
    busy.world.plug("A")
    busy.advance(20)
    busy.take(MILK, by="somebody who stays")
    busy.advance(LONG)
    assert busy.issues == ()


@pytest.mark.parametrize("how", ["put back", "paid", "paid as another", "by an amount"])
def test_what_turns_up_after_all_of_a_scale_that_was_out_is_withdrawn(busy, how):
    out_for_a_while(busy)
    busy.take(MILK, by="somebody who stays")
    busy.advance(LONG)
    if how == "put back":
        busy.put_back(MILK, by="somebody who stays")
    elif how == "by an amount":
        busy._run(busy.app.desk.pay_amount(1500, "transfer", "bank"))
    else:
        busy.pay(MILK if how == "paid" else COLA)
    busy.leave("somebody who stays")
    busy.be_judged()
    assert kinds(busy) == ["IssueSealed", "IssueWithdrawn"]


@pytest.mark.parametrize("is_back_s", [None, 10, 60])
@pytest.mark.parametrize("is_put_back", [False, True])
def test_an_issue_whose_scale_fails_afterwards_is_settled_by_the_shelf(
    busy, is_put_back, is_back_s
):
    """Before the store is empty, after the visit was judged, or after a restart."""
    busy.take(MILK, by="somebody who stays")
    busy.advance(LONG)
    busy.world.unplug("A")
    busy.advance(10)
    if is_put_back:
        busy.put_back(MILK, by="somebody who stays")
    if is_back_s == 10:
        busy.world.plug("A")
    busy.advance(10)
    busy.leave("somebody who stays")
    busy.be_judged()
    if is_back_s is None:
        busy.stop()
        busy.start()
    if is_back_s != 10:
        assert kinds(busy) == ["IssueSealed"]
        busy.advance(60)
        busy.world.plug("A")
    busy.advance(30)
    assert kinds(busy) == ["IssueSealed", "IssueWithdrawn" if is_put_back else "IssueConfirmed"]
    assert busy.kiosk[MILK] == busy.shelf[MILK] == (6 if is_put_back else 5)


def test_what_is_missing_for_certain_of_a_count_in_doubt_leaves_the_kiosk_book_once(
    busy, monkeypatch
):
    """Its scale has failed since, and one or two are gone by its weight: one is confirmed."""
    busy.take(MILK, by="somebody who stays")
    busy.advance(LONG)
    ledger = busy.app.reconciling.ledger
    failed = Doubt("failed", MILK, "A", busy.app.clock.now_s())
    busy.app.reconciling.ledger = mark_unverified(ledger, [failed], failed.at_s)
    monkeypatch.setattr(shelfdoubts, "unpaid_ranges", lambda *_: {MILK: (1, 2)})
    busy.leave("somebody who stays")
    busy.be_judged()
    assert kinds(busy) == ["IssueSealed", "IssueConfirmed"]
    assert busy.kiosk[MILK] == busy.shelf[MILK]


def steal_what_was_delivered(busy):
    """In two visits, the second of which goes on."""
    busy.leave("somebody who stays")
    busy.be_judged()
    busy.enter("driver")
    deliver(busy, MILK, 10)
    busy.leave()
    busy.be_judged()
    busy.enter("thief")
    busy.take(MILK, 10, by="thief")
    busy.advance(LONG)


def deliver(store, product, count):
    store.advance(store.world.restock(product, count))
    store.advance(3)
