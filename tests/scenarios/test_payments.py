"""When a payment counts, for whom, and what the desk refuses."""

import pytest

from storeguard.domain import events as ev
from storeguard.domain.ledger import PREPAID_FOR_S
from storeguard.errors import SaleRefused


def test_a_payment_in_the_grace_is_the_leavers_while_the_next_customer_is_inside(store):
    store.enter("first")
    store.take("바나나우유")
    store.leave()
    store.advance(6)
    store.enter("second")
    store.pay("바나나우유")
    store.take("바나나우유")
    store.advance(2)
    [first] = store.visits
    assert first.paid == {"바나나우유": 1}
    assert first.unpaid == {}
    store.leave()
    store.be_judged()
    _, second = store.visits
    assert second.unpaid == {"바나나우유": 1}
    assert store.missing == [{"바나나우유": 1}]
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 4


def test_the_grace_runs_on_while_the_next_customer_is_inside(store):
    store.enter("thief")
    store.take("초코바")
    store.leave()
    store.advance(6)
    store.enter("next")
    store.advance(6)
    assert store.missing == [{"초코바": 1}]
    store.take("초코바", 2)
    store.pay("초코바", 2)
    store.leave()
    store.be_judged()
    assert store.missing == [{"초코바": 1}]
    assert store.kiosk["초코바"] == store.shelf["초코바"] == 9


def test_a_late_payment_amends_the_issue_and_is_not_taken_off_the_book_twice(store):
    store.enter()
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    [issue] = store.issues
    assert store.kiosk["바나나우유"] == 5
    store.pay("바나나우유", key="late")
    store.advance(PREPAID_FOR_S + 2)  # nobody comes for it
    [amended] = store.told(ev.IssueAmended)
    assert (amended.id, amended.product, amended.count) == (issue.name, "바나나우유", 1)
    assert amended.sale_id == "late"
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 5
    [record] = store.app.journal.recent_issues()
    assert record.amendments == ({"product": "바나나우유", "count": 1, "sale_id": "late"},)


def test_who_pays_before_he_is_seen_is_not_accused_for_an_earlier_theft(store):
    store.enter("thief")
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    store.pay("바나나우유")
    store.advance(60)
    store.enter("has paid")
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    store.advance(PREPAID_FOR_S)
    assert [one.unpaid for one in store.visits] == [{"바나나우유": 1}, {}]
    assert len(store.issues) == 1
    assert store.told(ev.IssueAmended) == []
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 4


def test_a_payment_while_the_issue_is_being_sealed_amends_it(store, monkeypatch):
    seal = store.app.filing.file

    async def slowly(case):
        sealed = await seal(case)
        await store.app.desk.sell([("바나나우유", 1)], "at the last moment", "kiosk")
        return sealed

    monkeypatch.setattr(store.app.filing, "file", slowly)
    store.enter()
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    [amended] = store.told(ev.IssueAmended)
    assert amended.sale_id == "at the last moment"
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 5


def test_who_comes_back_to_pay_amends_the_issue(store):
    store.enter("forgetful")
    store.take("바나나우유", 2)
    store.leave()
    store.be_judged()
    store.enter("forgetful")
    store.pay("바나나우유", 2)
    store.leave()
    store.be_judged()
    assert [(a.product, a.count) for a in store.told(ev.IssueAmended)] == [("바나나우유", 2)]
    assert store.missing == [{"바나나우유": 2}]
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 4


def test_who_comes_back_to_pay_two_visits_late_amends_the_issue(store):
    """Another customer has been in meanwhile, and has bought the same."""
    store.enter("forgetful")
    store.take("바나나우유", 2)
    store.leave()
    store.be_judged()
    store.enter("honest")
    store.take("바나나우유")
    store.pay("바나나우유")
    store.leave()
    store.be_judged()
    store.enter("forgetful")
    store.pay("바나나우유", 2)
    store.leave()
    store.be_judged()
    [issue] = store.issues
    [amended] = store.told(ev.IssueAmended)
    assert (amended.id, amended.product, amended.count) == (issue.name, "바나나우유", 2)
    assert store.missing == [{"바나나우유": 2}]
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 3


def test_a_late_payment_of_one_of_two_leaves_one_owed(store):
    store.enter()
    store.take("콜라", 2)
    store.leave()
    store.be_judged()
    store.pay("콜라")
    store.advance(1)
    store.pay("콜라")
    store.advance(1)
    store.pay("콜라")
    assert store.told(ev.IssueAmended) == []
    store.advance(PREPAID_FOR_S + 2)
    assert [a.count for a in store.told(ev.IssueAmended)] == [1, 1]


def test_who_pays_before_taking_is_not_accused(store):
    store.enter()
    store.pay("초코바")
    store.take("초코바")
    store.leave()
    store.be_judged()
    assert store.visits[0].unpaid == {}
    assert store.issues == ()


def test_as_many_paid_as_taken_of_another_product_at_nearly_the_same_price(make_store):
    store = make_store()
    csv = store.folder / "inventory" / "inventory_store.csv"
    csv.write_text(csv.read_text(encoding="utf-8").replace("1800", "1450"), encoding="utf-8")
    store.start()
    store.enter()
    store.take("바나나우유")
    store.pay("콜라")
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert visit.mixed_up == {"바나나우유": 1}
    assert visit.unpaid == visit.surplus == {}
    assert store.issues == ()
    assert store.kiosk == store.shelf


def test_the_same_sale_twice_is_sold_once(store):
    store.enter()
    store.take("콜라")
    first = store.pay("콜라", key="basket-7")
    again = store.pay("콜라", key="basket-7")
    assert (first.is_repeated, again.is_repeated) == (False, True)
    assert again.lines == first.lines
    assert store.kiosk["콜라"] == 7
    assert len(store.told(ev.SaleMade)) == 1


def test_a_key_is_remembered_over_a_restart(store):
    store.enter()
    store.take("콜라")
    store.pay("콜라", key="basket-7")
    store.leave()
    store.be_judged()
    store.stop()
    store.start()
    assert store.pay("콜라", key="basket-7").is_repeated
    assert store.kiosk["콜라"] == 7


def test_more_than_the_book_has_is_sold_while_the_goods_are_in_the_hand(store):
    store.enter()
    store.world.restock("바나나우유", 3)
    store.advance(5)
    store.take("바나나우유", 8)
    store.pay("바나나우유", 8)
    store.leave()
    store.be_judged()
    assert store.visits[0].unpaid == {}
    assert store.issues == ()
    assert store.kiosk["바나나우유"] == store.shelf["바나나우유"] == 1


def test_an_owner_may_refuse_to_oversell(make_store):
    store = make_store(kiosk={"oversell": "refuse"})
    store.start()
    with pytest.raises(SaleRefused, match="바나나우유 6개 남음"):
        store.pay("바나나우유", 7)
    assert store.kiosk["바나나우유"] == 6
    assert store.told(ev.SaleMade) == []


def test_an_open_basket_delays_the_judgement(store):
    store.enter()
    store.take("콜라")
    store.app.desk.basket_open(True)
    store.leave()
    store.advance(25)
    assert store.visits == []
    store.pay("콜라")
    store.advance(1)
    assert store.visits[0].unpaid == {}
    assert store.issues == ()


def test_a_basket_that_nobody_closes_delays_no_longer_than_two_minutes(store):
    store.enter()
    store.take("콜라")
    store.leave()
    for _ in range(11):
        store.app.desk.basket_open(True)
        store.advance(10)
        assert store.visits == []
    store.app.desk.basket_open(True)
    store.advance(20)
    assert store.missing == [{"콜라": 1}]


def test_a_kiosk_that_fell_silent_with_a_basket_is_waited_for_a_minute(store):
    store.enter()
    store.take("콜라")
    store.app.desk.basket_open(True)
    store.leave()
    store.advance(40)
    assert store.visits == []
    store.advance(25)
    assert store.missing == [{"콜라": 1}]


def test_where_two_owe_the_same_the_earlier_is_paid_and_the_issue_names_the_doubt(make_store):
    """Design rule 11 as it stands; the owner is told that it is one of the two, and has both."""
    store = make_store(visits={"payment_grace_s": 60.0})
    store.start()
    store.enter()
    store.take("초코바")
    store.leave()
    store.advance(store.config.visits.empty_for_s + 1)
    store.enter("next")
    store.take("초코바")
    store.pay("초코바")
    store.leave("next")
    store.be_judged()
    store.be_judged()
    first, second = store.visits
    assert (first.paid, first.unpaid) == ({"초코바": 1}, {})
    assert (second.paid, second.unpaid) == ({}, {"초코바": 1})
    [issue] = store.issues
    manifest = store.manifest(issue)
    assert manifest["lines"][0]["certainty"] == 0.5
    assert any("먼저 나간 손님" in why for why in manifest["why"]["ko"])
    assert store.records(".mp4"), "the clips of the one who was cleared are kept"
