"""Restock mode and marked visits: both books follow the shelf, and nobody is accused."""

import json

import pytest

from storeguard.books.deliveries import RestockFile
from storeguard.domain import events as ev
from storeguard.domain import restock
from storeguard.domain.restock import IDLE_FOR_S
from storeguard.services import comparing
from storeguard.services.restocking import REQUEST

MILK, BAR, COLA = "바나나우유", "초코바", "콜라"
SOON_S = 240.0
"""In place of the hour and the half hour that the store waits by itself."""


NEAR_S = 60.0


@pytest.fixture
def marked_within_a_minute(monkeypatch):
    """In place of ten: so long after a visit began its restocker has been there all the time."""
    monkeypatch.setattr(restock, "MARKED_WITHIN_S", NEAR_S)


def start(store, who="owner"):
    return store._run(store.app.restocking.start(who))


def stop(store):
    return store._run(store.app.restocking.stop())


def shelve(store, product, count):
    store.advance(store.world.restock(product, count))
    store.advance(3)


def test_what_is_brought_and_taken_in_restock_mode_is_in_both_books_at_once(store):
    store.enter("owner")
    start(store)
    shelve(store, MILK, 4)
    assert store.kiosk[MILK] == store.shelf[MILK] == 10
    store.take(BAR, 3)
    assert store.kiosk[BAR] == store.shelf[BAR] == 9
    assert store.visits == []
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert (visit.by, visit.written_off, visit.written_off_won) == ("owner", {BAR: 3}, 3600)
    assert (visit.surplus, visit.unpaid) == ({MILK: 4}, {})
    assert store.issues == ()
    assert store.kiosk == store.shelf
    assert store.app.questions.open == ()


def test_it_is_noted_in_the_journal_and_in_both_text_logs(store):
    store.enter("cleaner")
    start(store, "cleaner")
    store.take(BAR, 2)
    store.leave()
    store.be_judged()
    [row] = store.app.journal.recent_visits(1)
    assert row.judgement["by"] == "cleaner"
    assert row.judgement["written_off"] == {BAR: 2}
    assert row.judgement["written_off_won"] == 2400
    for log in ("store_log.txt", "weight_log.txt"):
        assert "상품명 : 초코바\n개수 변경 ( 12 -> 10 )" in store.csv(log)


def test_a_visit_that_is_marked_afterwards_is_theirs_from_its_beginning(store):
    store.enter("owner")
    store.take(COLA, 2)
    start(store)
    assert (store.kiosk[COLA], store.shelf[COLA]) == (8, 6)
    store.leave()
    store.be_judged()
    assert store.issues == ()
    assert store.visits[0].written_off == {COLA: 2}
    assert store.kiosk[COLA] == 6


def test_a_visit_that_is_marked_after_it_ended_but_before_its_judgement_is_theirs(make_store):
    store = make_store(visits={"payment_grace_s": 60.0})
    store.start()
    store.enter("owner")
    store.take(COLA, 2)
    store.leave()
    store.advance(15)
    assert store.told(ev.StoreEmptied)
    start(store)
    stop(store)
    store.be_judged()
    assert store.issues == ()
    assert store.visits[0].by == "owner"


@pytest.mark.usefixtures("marked_within_a_minute")
def test_who_starts_it_long_after_the_visit_began_answers_for_what_follows_only(store):
    store.enter("customer")
    store.take(MILK, 2)
    store.advance(NEAR_S)
    store.enter("owner")
    start(store)
    store.take(COLA, 3, by="owner")
    store.leave("owner")
    store.leave("customer")
    store.be_judged()
    assert store.missing == [{MILK: 2}]
    assert store.visits[0].written_off == {COLA: 3}
    assert store.kiosk == store.shelf


def test_the_staff_that_comes_after_a_thief_does_not_answer_for_him(make_store):
    store = make_store(visits={"payment_grace_s": 60.0})
    store.start()
    store.enter("thief")
    store.take(MILK, 2)
    store.leave()
    store.advance(15)
    store.enter("staff")
    start(store, "staff")
    shelve(store, MILK, 10)
    store.leave()
    store.be_judged()
    assert store.missing == [{MILK: 2}]
    assert [visit.by for visit in store.visits] == ["", "staff"]
    assert store.kiosk[MILK] == store.shelf[MILK] == 14


@pytest.mark.usefixtures("marked_within_a_minute")
def test_what_is_brought_in_restock_mode_hides_no_theft_before_it(store):
    store.enter("thief")
    store.take(MILK, 2)
    store.advance(NEAR_S)
    store.enter("staff")
    start(store, "staff")
    shelve(store, MILK, 10)
    store.leave("staff")
    store.leave("thief")
    store.be_judged()
    assert store.missing == [{MILK: 2}]
    assert store.kiosk[MILK] == store.shelf[MILK] == 14


def test_what_is_taken_after_the_stop_is_not_theirs(store):
    store.enter("owner")
    start(store)
    shelve(store, MILK, 4)
    stop(store)
    store.enter("thief")
    store.take(MILK, 1, by="thief")
    store.leave("thief")
    store.leave("owner")
    store.be_judged()
    assert store.missing == [{MILK: 1}]
    assert store.kiosk[MILK] == store.shelf[MILK] == 9


def test_an_owner_who_pays_for_his_own_is_not_charged_twice(store):
    store.enter("owner")
    start(store)
    store.take(COLA, 2)
    store.pay(COLA)
    store.advance(1)
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert visit.written_off == {COLA: 1}
    assert store.kiosk[COLA] == store.shelf[COLA] == 6


def test_a_customer_who_pays_while_the_staff_restocks_is_an_ordinary_sale(store):
    store.enter("staff")
    start(store, "staff")
    shelve(store, MILK, 4)
    store.enter("customer")
    store.take(BAR, 2, by="customer")
    store.pay(BAR, 2)
    store.leave("customer")
    store.leave("staff")
    store.be_judged()
    assert store.visits[0].written_off == {}
    assert store.issues == ()
    assert store.kiosk == store.shelf


def test_an_announced_delivery_is_booked_once_in_restock_mode_too(make_store):
    store = make_store(outside=True)
    store.start()
    path = store.folder / "inventory" / "inventory_store.csv"
    path.write_text(path.read_text("utf-8").replace("콜라,8,", "콜라,18,"), encoding="utf-8")
    store.advance(3)
    store.enter("owner")
    start(store)
    shelve(store, COLA, 10)
    store.leave()
    store.be_judged()
    assert store.kiosk[COLA] == store.shelf[COLA] == 18
    assert store.issues == ()


def test_it_ends_by_itself_after_a_while_without_a_step(store, monkeypatch):
    monkeypatch.setattr(restock, "IDLE_FOR_S", SOON_S)  # half an hour
    store.enter("owner")
    start(store)
    shelve(store, MILK, 1)
    store.leave()
    store.be_judged()
    store.advance(SOON_S)
    assert store.app.restocking.mode.who is None
    store.enter("thief")
    store.take(MILK, 2)
    store.leave()
    store.be_judged()
    assert store.missing == [{MILK: 2}]


def test_it_stays_on_over_a_restart_and_nothing_is_booked_twice(store):
    store.enter("owner")
    start(store)
    shelve(store, MILK, 4)
    store.take(BAR, 3)
    store.cut_power()
    store.start()
    assert store.app.restocking.mode.who == "owner"
    assert store.issues == ()
    assert (store.kiosk[MILK], store.kiosk[BAR]) == (10, 9)
    store.take(COLA)
    store.leave()
    store.be_judged()
    assert store.issues == ()
    assert store.kiosk == store.shelf


def test_what_stands_there_before_the_first_reading_after_a_restart_is_brought_too(store):
    start(store)
    store.stop()
    store.advance(store.world.enter("owner"))
    store.advance(store.world.restock(MILK, 3))
    store.start()
    assert store.kiosk[MILK] == store.shelf[MILK] == 9
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert (visit.by, visit.surplus) == ("owner", {MILK: 3})
    assert store.kiosk[MILK] == store.shelf[MILK] == 9
    assert store.app.questions.open == ()


def test_what_is_gone_at_the_first_reading_after_a_restart_is_nobodys_to_write_off(store):
    start(store)
    store.stop()
    store.advance(store.world.enter("owner"))
    store.advance(store.world.take(MILK, 2))
    store.start()
    assert (store.kiosk[MILK], store.shelf[MILK]) == (6, 4)
    store.leave()
    store.be_judged()
    assert [visit.written_off for visit in store.visits] == [{}]


def test_half_an_hour_without_power_ends_it(store):
    store.enter("owner")
    start(store)
    store.cut_power()
    store.advance(IDLE_FOR_S)
    store.start()
    assert store.app.restocking.mode.who is None


@pytest.fixture
def whole_store(make_store):
    """One that looks for requests too."""
    store = make_store(outside=True)
    store.start()
    return store


def test_the_command_speaks_through_the_state_folder(whole_store):
    store = whole_store
    state = store.folder / "state"
    store.enter("cleaner")
    for said, who in (({"do": "start", "who": "cleaner"}, "cleaner"), ({"do": "stop"}, None)):
        (state / REQUEST).write_text(json.dumps(said), encoding="utf-8")
        store.advance(1)
        assert not (state / REQUEST).exists()
        assert store.app.restocking.mode.who == who
        kept = RestockFile(state / "restock.json").load()
        assert (kept and kept.who) == who


@pytest.mark.parametrize("content", ["", "{", "[]", '{"do": "start", "who": "thief"}'])
def test_a_request_that_is_not_understood_changes_nothing_and_goes(whole_store, content):
    store = whole_store
    request = store.folder / "state" / REQUEST
    request.write_text(content, encoding="utf-8")
    store.advance(1)
    assert not request.exists()
    assert store.app.restocking.mode.who is None


def test_a_never_empty_store_reports_nothing_that_the_staff_moved(make_store):
    store = make_store(visits={"max_visit_s": 60.0})
    store.start()
    store.enter("customer")
    store.enter("staff")
    start(store, "staff")
    store.take(MILK, 2, by="staff")
    store.leave("staff")
    store.advance(360)
    assert store.issues == ()
    assert store.kiosk[MILK] == 4


# --- what nobody announced ---------------------------------------------------------------


def deliver(store, product, count):
    store.enter("driver")
    shelve(store, product, count)
    store.leave()
    store.be_judged()


def answer(store, is_delivery):
    [question] = store.app.questions.open
    return store._run(store.app.questions.answer(question.id, is_delivery=is_delivery))


def test_an_unannounced_delivery_is_asked_about_once(store):
    deliver(store, MILK, 10)
    [question] = store.app.questions.open
    assert (question.product, question.count) == (MILK, 10)
    assert question.seen_at.startswith("2026-11-20T13:20:")
    answer(store, True)
    assert store.app.questions.open == ()
    assert store.kiosk[MILK] == store.shelf[MILK] == 16


def test_no_delivery_takes_the_raise_back_out_once(store, monkeypatch):
    monkeypatch.setattr(comparing, "COMPARED_EVERY_S", SOON_S)
    deliver(store, MILK, 10)
    [question] = store.app.questions.open
    for is_delivery in (False, False, True):
        store._run(store.app.questions.answer(question.id, is_delivery=is_delivery))
    assert (store.kiosk[MILK], store.shelf[MILK]) == (6, 16)
    store.advance(2 * SOON_S)
    assert (store.kiosk[MILK], store.shelf[MILK]) == (6, 16)
    assert store.issues == ()


def test_a_declined_surplus_is_forgotten_once_the_owner_has_counted(make_store, monkeypatch):
    monkeypatch.setattr(comparing, "COMPARED_EVERY_S", SOON_S)
    store = make_store(outside=True)
    store.start()
    deliver(store, COLA, 4)
    answer(store, False)
    edit(store, "inventory_weight.csv", "콜라,12,", "콜라,9,")
    store.advance(2 * SOON_S)
    assert store.kiosk[COLA] == store.shelf[COLA] == 9
    deliver(store, COLA, 4)
    assert store.kiosk[COLA] == 13
    assert store.issues == ()


def test_questions_and_answers_outlive_a_power_cut(store):
    deliver(store, MILK, 10)
    store.cut_power()
    store.start()
    answer(store, False)
    assert store.kiosk[MILK] == 6
    store.cut_power()
    store.start()
    assert store.app.questions.open == ()
    assert store.kiosk[MILK] == 6


def test_an_answer_that_a_power_cut_left_unbooked_is_booked_at_the_start(store):
    deliver(store, MILK, 10)
    store.stop()
    path = store.folder / "state" / "questions.json"
    said = json.loads(path.read_text("utf-8"))
    said["questions"][0]["is_delivery"] = False
    said["declined"] = {MILK: 10}
    path.write_text(json.dumps(said), encoding="utf-8")
    for _ in range(2):
        store.start()
        assert (store.kiosk[MILK], store.shelf[MILK]) == (6, 16)
        store.stop()


@pytest.mark.parametrize("is_delivery", [True, False, None])
def test_a_theft_behind_an_unannounced_delivery_is_always_found(store, is_delivery):
    """The masking case: ten come unannounced, then ten go."""
    deliver(store, MILK, 10)
    if is_delivery is not None:
        answer(store, is_delivery)
    store.enter("thief")
    store.take(MILK, 10)
    store.leave()
    store.be_judged()
    assert store.missing == [{MILK: 10}]


def test_a_theft_in_the_visit_after_the_delivery_began_is_found(make_store):
    """The thief is in before the driver's visit has been judged."""
    store = make_store(visits={"payment_grace_s": 60.0})
    store.start()
    store.enter("driver")
    shelve(store, MILK, 10)
    store.leave()
    store.advance(10)
    store.enter("thief")
    store.take(MILK, 10)
    store.leave()
    store.be_judged()
    assert store.missing == [{MILK: 10}]
    assert store.kiosk[MILK] == store.shelf[MILK] == 6


def test_what_an_issue_has_taken_out_is_not_taken_out_again(store):
    deliver(store, MILK, 10)
    store.enter("thief")
    store.take(MILK, 10)
    store.leave()
    store.be_judged()
    assert answer(store, False).left == 0
    assert store.kiosk[MILK] == store.shelf[MILK] == 6


# --- edits in the middle of a visit --------------------------------------------------------


def edit(store, csv, before, after):
    path = store.folder / "inventory" / csv
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("when", ["before the first", "in between", "after the last"])
def test_ten_that_are_entered_while_they_are_shelved_are_ten(make_store, when):
    store = make_store(outside=True)
    store.start()
    store.enter("owner")
    for half, moment in enumerate(("before the first", "in between", "after the last")):
        if when == moment:
            edit(store, "inventory_store.csv", "콜라,8,", "콜라,18,")
            store.advance(2)
        if half < 2:
            shelve(store, COLA, 5)
    store.leave()
    store.be_judged()
    assert store.issues == ()
    assert store.kiosk[COLA] == store.shelf[COLA] == 18
    assert store.app.questions.open == ()


def test_ten_that_are_entered_during_the_grace_are_ten(make_store):
    store = make_store(outside=True, visits={"payment_grace_s": 60.0})
    store.start()
    store.enter("owner")
    shelve(store, COLA, 10)
    store.leave()
    store.advance(15)
    edit(store, "inventory_store.csv", "콜라,8,", "콜라,18,")
    store.be_judged()
    assert store.issues == ()
    assert store.kiosk[COLA] == store.shelf[COLA] == 18


def test_a_count_that_is_corrected_during_a_visit_loses_and_accuses_nothing(make_store):
    """Stock-taking: there are seven, the customer takes two of them and pays."""
    store = make_store(outside=True)
    store.start()
    store.enter("owner")
    store.enter("customer")
    edit(store, "inventory_weight.csv", "콜라,8,", "콜라,7,")
    edit(store, "inventory_store.csv", "콜라,8,", "콜라,7,")
    store.advance(2)
    store.take(COLA, 2, by="customer")
    store.pay(COLA, 2)
    store.leave("customer")
    store.leave("owner")
    store.be_judged()
    [visit] = store.visits
    assert (visit.taken, visit.unpaid, visit.surplus) == ({COLA: 2}, {}, {})
    assert store.kiosk[COLA] == store.shelf[COLA] == 5
    assert store.issues == ()


def test_a_count_that_is_corrected_after_a_taking_still_finds_the_theft(make_store):
    """The owner's file is from before the taking: his edit is a difference to it."""
    store = make_store(outside=True)
    store.start()
    store.enter("thief")
    files = {
        name: (store.folder / "inventory" / name).read_text("utf-8")
        for name in ("inventory_weight.csv", "inventory_store.csv")
    }
    store.take(COLA, 2)
    store.take(BAR)
    for name, text in files.items():
        (store.folder / "inventory" / name).write_text(
            text.replace("콜라,8,", "콜라,9,"), encoding="utf-8"
        )
    store.advance(3)
    store.leave()
    store.be_judged()
    assert store.missing == [{COLA: 2, BAR: 1}]
    assert store.kiosk == store.shelf == {MILK: 6, BAR: 11, COLA: 7}


def test_an_edit_while_the_hand_is_on_the_shelf_loses_no_unit(make_store):
    store = make_store(outside=True)
    store.start()
    store.enter("customer")
    store.world.take(COLA, 2)
    edit(store, "inventory_weight.csv", "콜라,8,", "콜라,9,")
    edit(store, "inventory_store.csv", "콜라,8,", "콜라,9,")
    store.advance(5)
    store.pay(COLA, 2)
    store.leave()
    store.be_judged()
    assert store.issues == ()
    assert store.kiosk[COLA] == store.shelf[COLA] == 7


def test_both_books_edited_while_ten_are_shelved_in_restock_mode(make_store):
    store = make_store(outside=True)
    store.start()
    store.enter("owner")
    start(store)
    shelve(store, COLA, 4)
    edit(store, "inventory_store.csv", "바나나우유,6,", "바나나우유,5,")
    edit(store, "inventory_weight.csv", "바나나우유,6,", "바나나우유,5,")
    store.advance(2)
    shelve(store, COLA, 6)
    store.leave()
    store.be_judged()
    assert store.issues == ()
    assert store.kiosk == store.shelf == {MILK: 5, BAR: 12, COLA: 18}
