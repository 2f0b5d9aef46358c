"""More on the shelf than booked: never stolen, and never a cover for the next theft."""

import pytest

from storeguard.domain import events as ev
from storeguard.domain.arriving import RESTS_FOR_S

A_WHILE_S = RESTS_FOR_S + 3.0


def test_an_unannounced_delivery_raises_the_kiosk_book(store):
    store.enter("driver")
    store.advance(store.world.restock("바나나우유", 3))
    store.advance(3)
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert visit.surplus == {"바나나우유": 3}
    assert visit.unpaid == {}
    assert store.issues == ()
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 9


def test_a_theft_after_an_unannounced_delivery_is_found(store):
    store.enter("driver")
    store.advance(store.world.restock("바나나우유", 3))
    store.advance(3)
    store.leave()
    store.be_judged()
    store.enter("thief")
    store.take("바나나우유", 2)
    store.leave()
    store.be_judged()
    assert store.missing == [{"바나나우유": 2}]
    [sealed] = store.told(ev.IssueSealed)
    assert [(n.shelf, n.kiosk) for n in sealed.lines] == [(7, 9)]


def test_a_theft_while_the_driver_is_inside_is_found(store):
    store.enter("driver")
    store.enter("thief")
    store.advance(store.world.restock("바나나우유", 10))
    store.advance(A_WHILE_S)
    store.take("바나나우유", 4, by="thief")
    store.leave("thief")
    store.leave("driver")
    store.be_judged()
    assert store.missing == [{"바나나우유": 4}]
    [question] = store.app.questions.open
    assert (question.count, question.left) == (10, 6)
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 12


def test_of_an_announced_delivery_a_theft_while_the_driver_is_inside_is_found(make_store):
    store = make_store(outside=True)
    store.start()
    edit(store, "inventory_store.csv", "바나나우유,6,", "바나나우유,16,")
    store.advance(2)
    store.enter("driver")
    store.advance(store.world.restock("바나나우유", 10))
    store.advance(A_WHILE_S)
    store.take("바나나우유", 4, by="driver")
    store.leave()
    store.be_judged()
    assert store.missing == [{"바나나우유": 4}]
    assert store.app.questions.open == ()
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 12


def test_who_buys_while_the_driver_is_inside_and_pays_after_leaving_owes_nothing(make_store):
    """The next customer is inside already, and owes the same product; he does not pay his."""
    store = make_store(visits={"payment_grace_s": 60.0})
    store.start()
    store.enter("driver")
    store.advance(store.world.restock("바나나우유", 10))
    store.advance(A_WHILE_S)
    store.take("바나나우유", 3)
    store.leave()
    store.advance(7)
    store.enter("next")
    store.pay("바나나우유", 3)
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    store.be_judged()
    assert [visit.unpaid for visit in store.visits] == [{}, {"바나나우유": 1}]
    assert store.missing == [{"바나나우유": 1}]
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 12


@pytest.mark.parametrize("waits_s", [A_WHILE_S, 60.0])
def test_who_pays_for_goods_of_a_delivery_pays_no_earlier_debt(store, waits_s):
    """The sums say three too many were paid: they are goods that the driver has brought."""
    store.enter("thief")
    store.take("초코바", 2)
    store.leave()
    store.be_judged()
    store.enter("driver")
    store.advance(store.world.restock("초코바", 10))
    store.advance(waits_s)
    store.take("초코바", 3)
    store.pay("초코바", 3)
    store.leave()
    store.be_judged()
    assert store.missing == [{"초코바": 2}]
    assert store.told(ev.IssueAmended) == []
    assert store.kiosk["초코바"] == store.shelf["초코바"] == 17


def test_an_announced_delivery_is_not_booked_twice(make_store):
    store = make_store(outside=True)
    store.start()
    edit(store, "inventory_store.csv", "바나나우유,6,", "바나나우유,9,")
    store.advance(2)
    assert store.kiosk["바나나우유"] == 9
    store.enter("driver")
    store.advance(store.world.restock("바나나우유", 3))
    store.advance(3)
    store.leave()
    store.be_judged()
    assert store.issues == ()
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 9


def test_an_announced_delivery_that_has_not_come_yet_is_not_missing(make_store):
    store = make_store(outside=True)
    store.start()
    edit(store, "inventory_store.csv", "콜라,8,", "콜라,20,")
    store.advance(2)
    store.enter()
    store.take("콜라")
    store.pay("콜라")
    store.leave()
    store.be_judged()
    assert store.issues == ()
    assert (store.shelf["콜라"], store.kiosk["콜라"]) == (7, 19)


def test_an_announced_delivery_is_not_missing_after_a_restart_either(make_store):
    store = make_store(outside=True)
    store.start()
    path = store.folder / "inventory" / "inventory_store.csv"
    path.write_text(path.read_text("utf-8").replace("콜라,8,", "콜라,20,"), encoding="utf-8")
    store.advance(3)
    store.stop()
    store.start()
    assert store.issues == ()
    assert store.kiosk["콜라"] == 20
    store.enter("owner")
    store.advance(store.world.restock("콜라", 12) + 3)
    store.leave()
    store.be_judged()
    assert store.issues == ()
    assert store.kiosk["콜라"] == store.shelf["콜라"] == 20


def test_an_announced_delivery_that_came_while_the_daemon_was_off_hides_no_theft(make_store):
    store = make_store(outside=True)
    store.start()
    edit(store, "inventory_store.csv", "콜라,8,", "콜라,20,")
    store.advance(3)
    store.stop()
    store.advance(store.world.restock("콜라", 12) + 1)
    store.start()
    assert store.issues == ()
    store.stop()
    store.advance(store.world.take("콜라", 2) + 1)
    store.start()
    assert store.missing == [{"콜라": 2}]


@pytest.mark.parametrize("is_restocking", [False, True])
def test_a_delivery_right_after_the_start_hides_nothing_that_went_before_it(store, is_restocking):
    """Whoever switches the power on again fills the shelves before he goes."""
    store.stop()
    store.advance(store.world.take("콜라", 2) + 1)
    store.advance(store.world.enter("driver"))
    store.start()
    if is_restocking:
        store._run(store.app.restocking.start("staff"))
        store.advance(1)
    store.advance(store.world.restock("콜라", 10) + 3)
    store.leave()
    store.be_judged()
    assert store.missing == [{"콜라": 2}]
    assert store.kiosk["콜라"] == store.shelf["콜라"] == 16


def test_a_delivery_announced_while_the_daemon_was_off_is_not_missing(make_store):
    store = make_store(outside=True)
    store.start()
    store.stop()
    path = store.folder / "inventory" / "inventory_store.csv"
    path.write_text(path.read_text("utf-8").replace("콜라,8,", "콜라,20,"), encoding="utf-8")
    store.start()
    assert store.issues == ()
    assert store.kiosk["콜라"] == 20


def test_a_shelf_count_corrected_while_the_daemon_was_off_sets_the_zero(make_store):
    store = make_store(outside=True)
    store.start()
    store.stop()
    path = store.folder / "inventory" / "inventory_weight.csv"
    path.write_text(path.read_text("utf-8").replace("콜라,8,", "콜라,7,"), encoding="utf-8")
    for _ in range(3):
        store.start()
        assert store.shelf["콜라"] == 7
        store.stop()


def test_who_pays_for_more_than_was_taken_leaves_a_surplus(store):
    store.enter()
    store.take("콜라")
    store.pay("콜라", 3)
    store.leave()
    store.be_judged()
    assert store.visits[0].surplus == {"콜라": 2}
    assert store.issues == ()
    assert store.kiosk["콜라"] == store.shelf["콜라"] == 7


def test_who_brings_something_back_leaves_a_surplus(store):
    store.enter("thief")
    store.take("초코바")
    store.leave()
    store.be_judged()
    store.enter("thief")
    store.world.restock("초코바", 1)
    store.advance(4)
    store.leave()
    store.be_judged()
    assert store.visits[1].surplus == {"초코바": 1}
    assert store.kiosk["초코바"] == store.shelf["초코바"] == 12


def test_an_owner_who_corrects_the_shelf_count_sets_the_zero(make_store):
    store = make_store(outside=True)
    store.start()
    for csv in ("inventory_weight.csv", "inventory_store.csv"):
        edit(store, csv, "바나나우유,6,", "바나나우유,5,")
    store.advance(3)
    assert store.shelf["바나나우유"] == store.kiosk["바나나우유"] == 5
    store.stop()
    store.start()
    store.enter()
    store.take("바나나우유", 2)
    store.pay("바나나우유", 2)
    store.leave()
    store.be_judged()
    assert store.shelf["바나나우유"] == store.kiosk["바나나우유"] == 3
    assert store.issues == ()


def edit(store, csv, before, after):
    path = store.folder / "inventory" / csv
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_a_product_that_can_be_weighed_from_now_on_undoes_nothing_of_a_visit(make_store):
    """Its weight is written while a customer is inside who has taken a bottle and takes a bar."""
    store = make_store(outside=True)
    csv = store.folder / "inventory" / "inventory_store.csv"
    csv.write_text(csv.read_text("utf-8").replace("콜라,8,1800,370", "콜라,8,1800,0"), "utf-8")
    store.start()
    store.enter()
    store.take("바나나우유")
    edit(store, "inventory_store.csv", "콜라,8,1800,0", "콜라,8,1800,370")
    store.advance(5)
    store.take("초코바")
    store.leave()
    store.be_judged()
    assert store.missing == [{"바나나우유": 1, "초코바": 1}]
