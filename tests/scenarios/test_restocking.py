"""Restock mode and marked visits: both books follow the shelf, and nobody is accused."""

import json

import pytest

from storeguard.books.deliveries import RestockFile
from storeguard.domain import events as ev
from storeguard.domain.restock import IDLE_FOR_S, MARKED_WITHIN_S
from storeguard.services.restocking import REQUEST

MILK, BAR, COLA = "바나나우유", "초코바", "콜라"


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


def test_who_starts_it_long_after_the_visit_began_answers_for_what_follows_only(store):
    store.enter("customer")
    store.take(MILK, 2)
    store.advance(MARKED_WITHIN_S)
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


def test_what_is_brought_in_restock_mode_hides_no_theft_before_it(store):
    store.enter("thief")
    store.take(MILK, 2)
    store.advance(MARKED_WITHIN_S)
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


def test_it_ends_by_itself_after_half_an_hour_without_a_step(store):
    store.enter("owner")
    start(store)
    shelve(store, MILK, 1)
    store.leave()
    store.be_judged()
    store.advance(IDLE_FOR_S)
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


def test_half_an_hour_without_power_ends_it(store):
    store.enter("owner")
    start(store)
    store.cut_power()
    store.advance(IDLE_FOR_S)
    store.start()
    assert store.app.restocking.mode.who is None


def test_the_command_speaks_through_the_state_folder(store):
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
def test_a_request_that_is_not_understood_changes_nothing_and_goes(store, content):
    request = store.folder / "state" / REQUEST
    request.write_text(content, encoding="utf-8")
    store.advance(1)
    assert not request.exists()
    assert store.app.restocking.mode.who is None


def test_a_never_empty_store_reports_nothing_that_the_staff_moved(make_store):
    store = make_store(visits={"max_visit_s": 300.0})
    store.start()
    store.enter("customer")
    store.enter("staff")
    start(store, "staff")
    store.take(MILK, 2, by="staff")
    store.leave("staff")
    store.advance(900)
    assert store.issues == ()
    assert store.kiosk[MILK] == 4
