"""A foreign kiosk whose export comes hours late: its customers are pending, not guilty."""

import json
from datetime import datetime, timedelta

import pytest

from storeguard.shopview import ShopView

DAY_S, HOUR_S = 600, 25


@pytest.fixture
def shop(make_store, monkeypatch):
    """With days of ten minutes, for each second of a store's is simulated."""
    monkeypatch.setattr("storeguard.domain.awaiting.AWAITED_FOR_S", DAY_S)
    monkeypatch.setattr("storeguard.services.awaiting.AWAITED_FOR_S", DAY_S)
    monkeypatch.setattr("storeguard.services.comparing.COMPARED_EVERY_S", HOUR_S)
    store = make_store()
    store.start()
    store.app.sales.declare("pos")
    store.advance(1)
    return store


def export(store, *sales, until=None):
    """The export of `pos` has come in: (product, count, sold at), complete until now."""
    for n, (product, count, sold_at) in enumerate(sales):
        key = f"pos-{sold_at}-{n}"
        store._run(store.app.desk.report_sale([(product, count)], key, "pos", sold_at))
    store.app.sales.complete_until("pos", until or store.clock.utc())


def shopping(store, product, count=1):
    """Comes, takes, pays at the foreign kiosk; returns when that was."""
    store.enter()
    store.take(product, count)
    at = store.clock.utc()
    store.leave()
    store.be_judged()
    return at


def states(store):
    return [row.state for row in ShopView(store.app)._open_visits()]


def test_a_visit_is_pending_until_the_export_comes_and_clean_then(shop):
    at = shopping(shop, "바나나우유", 2)
    shop.advance(3 * HOUR_S)
    assert (shop.visits, shop.issues, states(shop)) == ([], (), ["awaiting"])
    assert shop.records(".mp4")
    export(shop, ("바나나우유", 2, at))
    shop.advance(5)
    [visit] = shop.visits
    assert (visit.paid, visit.unpaid) == ({"바나나우유": 2}, {})
    assert shop.issues == ()
    assert shop.kiosk == shop.shelf
    assert shop.records(".mp4") == []


def test_what_the_export_does_not_hold_is_an_issue_once_it_has_come(shop):
    first = shopping(shop, "바나나우유", 2)
    shopping(shop, "콜라")
    third = shopping(shop, "초코바", 3)
    export(shop, ("바나나우유", 1, first), ("초코바", 3, third))
    shop.advance(5)
    assert shop.missing == [{"바나나우유": 1}, {"콜라": 1}]
    assert [visit.paid for visit in shop.visits] == [{"바나나우유": 1}, {}, {"초코바": 3}]
    assert shop.kiosk == shop.shelf


def test_a_restockers_visit_waits_like_any_other_and_is_theirs(shop):
    """It ended the daemon: where his share began was no instant that could be written down."""
    shop.enter("owner")
    shop._run(shop.app.restocking.start("owner"))
    shop.advance(shop.world.restock("초코바", 4))
    shop.take("콜라")
    shop._run(shop.app.restocking.stop())
    shop.leave()
    shop.be_judged()
    assert states(shop) == ["awaiting"]
    shop.stop()
    shop.start()
    export(shop)
    shop.advance(5)
    [visit] = shop.visits
    assert (visit.by, visit.surplus, visit.written_off) == ("owner", {"초코바": 4}, {"콜라": 1})
    assert shop.issues == ()
    assert shop.kiosk == shop.shelf


def test_restock_mode_that_is_started_outside_covers_no_customer_who_left_before(shop):
    shopping(shop, "콜라")
    shop.advance(150)
    shop._run(shop.app.restocking.start("owner"))
    shop.enter("owner")
    shop.advance(shop.world.restock("초코바", 4))
    shop.leave()
    shop._run(shop.app.restocking.stop())
    shop.be_judged()
    export(shop)
    shop.advance(5)
    assert shop.missing == [{"콜라": 1}]
    assert [visit.by for visit in shop.visits] == ["", "owner"]


def test_an_export_judges_only_the_visits_that_it_covers(shop):
    first = shopping(shop, "바나나우유")
    shop.advance(90)
    shopping(shop, "콜라")
    export(shop, ("바나나우유", 1, first), until=first + timedelta(seconds=60))
    shop.advance(5)
    assert [visit.paid for visit in shop.visits] == [{"바나나우유": 1}]
    assert states(shop) == ["awaiting"]
    assert shop.issues == ()


def test_without_an_export_for_a_day_it_is_unverified_and_the_owner_is_told(shop):
    shopping(shop, "바나나우유", 2)
    shop.advance(DAY_S + 10)
    [visit] = shop.visits
    assert (visit.unpaid, visit.unverified) == ({}, {"바나나우유"})
    assert [(one.kind, one.product) for one in visit.reasons] == [("no_sales", "바나나우유")]
    assert shop.issues == ()
    assert [fault.name for fault in shop.app.health.faults] == ["sales pos"]
    assert "none since" in shop.app.health.faults[0].why
    export(shop)
    shop.advance(HOUR_S + 5)
    assert shop.app.health.faults == ()


def test_waiting_outlives_a_restart_and_nobody_is_guilty_at_the_start(shop):
    at = shopping(shop, "바나나우유", 2)
    missing = shopping(shop, "콜라")
    shop.cut_power()
    shop.start()
    shop.advance(2 * HOUR_S)
    assert (shop.visits, shop.issues, states(shop)) == ([], (), ["awaiting", "awaiting"])
    shop.app.sales.declare("pos")
    export(shop, ("바나나우유", 2, at))
    shop.advance(5)
    assert missing > at
    assert [visit.paid for visit in shop.visits] == [{"바나나우유": 2}, {}]
    assert shop.missing == [{"콜라": 1}]
    [issue] = shop.issues
    assert list(issue.glob("*.jpg"))
    assert shop.kiosk == shop.shelf


def test_why_a_visit_is_not_verified_outlives_a_restart(shop):
    """The scale failed in the visit, which was judged after the restart."""
    shop.enter()
    shop.world.unplug("A")
    failed_at = shop.clock.utc()
    shop.advance(4)
    shop.leave()
    shop.be_judged()
    shop.world.plug("A")
    shop.cut_power()
    shop.start()
    shop.advance(HOUR_S)
    shop.app.sales.declare("pos")
    export(shop)
    shop.advance(5)
    [visit] = shop.app.journal.recent_visits(9)
    [why] = visit.judgement["reasons"]
    assert (why["kind"], why["product"], why["scale"]) == ("failed", "바나나우유", "A")
    assert abs(datetime.fromisoformat(why["at"]) - failed_at) < timedelta(seconds=3)


def test_what_went_while_it_was_off_is_told_once_the_sales_of_that_time_are_known(shop):
    shop.stop()
    shop.world.take("초코바", 2)
    shop.world.take("콜라", 1)
    shop.advance(60)
    at = shop.clock.utc()
    shop.advance(60)
    shop.start()
    shop.advance(2 * HOUR_S)
    assert shop.issues == ()
    export(shop, ("초코바", 1, at))
    shop.advance(HOUR_S + 5)
    assert shop.missing == [{"초코바": 1, "콜라": 1}]
    assert shop.kiosk == shop.shelf


def test_a_payment_at_our_own_kiosk_is_not_his_who_waits(shop):
    shopping(shop, "콜라")
    shop.enter()
    shop.take("콜라")
    shop.pay("콜라")
    shop.leave()
    shop.be_judged()
    export(shop)
    shop.advance(5)
    assert [visit.unpaid for visit in shop.visits] == [{"콜라": 1}, {}]
    assert shop.kiosk == shop.shelf


def test_a_late_sale_is_told_once_however_often_it_is_exported(shop):
    at = shopping(shop, "바나나우유")
    export(shop, ("바나나우유", 1, at))
    export(shop, ("바나나우유", 1, at))
    shop.advance(5)
    assert shop.visits[0].paid == {"바나나우유": 1}
    assert shop.kiosk["바나나우유"] == 5


def test_a_source_that_is_withdrawn_holds_nobody_up(shop):
    shopping(shop, "바나나우유")
    shop.app.sales.withdraw("pos")
    shop.advance(2)
    assert shop.missing == [{"바나나우유": 1}]


def test_damaged_memory_of_waiting_visits_is_kept_aside(shop):
    shopping(shop, "바나나우유")
    shop.stop()
    path = shop.folder / "state" / "waiting.json"
    assert json.loads(path.read_text(encoding="utf-8"))["visits"]
    path.write_text("{", encoding="utf-8")
    path.with_name("waiting.json.last-good").write_text("{}", encoding="utf-8")
    shop.start()
    assert list(path.parent.glob("waiting.json.corrupt-*"))
