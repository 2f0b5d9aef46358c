"""A payment while nobody was seen is noted and told; one that anybody may have made is not."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from storeguard.books.daily import DayRecords
from storeguard.books.unseensales import UnseenSales
from storeguard.clock import utc_at
from storeguard.domain import events as ev
from storeguard.domain.issue import IssueStore
from storeguard.domain.occupancy import Presence
from storeguard.domain.unseen import Seen, waiting, was_empty
from storeguard.pastdesk import PastDesk
from storeguard.services.reporting import report
from storeguard.shopview import ShopView

DAY = date(2026, 11, 20)
QUIET_S = 30


def noted(store):
    return UnseenSales(store.app.journal).since(store.clock.utc() - timedelta(days=1))


def test_a_sale_while_nobody_is_seen_is_noted_shown_and_told(store):
    store.advance(QUIET_S)
    store.pay("바나나우유", 2, key="from-nowhere")
    store.advance(5)
    assert noted(store) == []
    store.advance(QUIET_S)
    [sale] = noted(store)
    assert (sale.sale_id, sale.source, sale.won) == ("from-nowhere", "kiosk", 3000)
    assert dict(sale.items) == {"바나나우유": 2}
    [told] = store.told(ev.SaleUnseen)
    assert told.sale_id == "from-nowhere"
    [row] = PastDesk(store.app.journal, store.clock, "Asia/Seoul").unseen_sales(30)
    assert (row.source, row.won, dict(row.items)) == ("kiosk", 3000, {"바나나우유": 2})
    view = ShopView(store.app)
    assert view._read_disk().unseen_today == 1
    day = DayRecords(store.app.journal, "Asia/Seoul", frozenset({"door"})).day(
        DAY, store.clock.utc()
    )
    assert (day.unseen, day.unseen_won) == (1, 3000)
    shop = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
    mail = report(day, shop, store.clock.utc())
    for said in (mail.text, mail.html):
        assert "1건(3,000원)" in said
        assert "도난" not in said
        assert "절도" not in said
    assert list(store.issues) == []


def test_a_customers_sale_is_not_noted(store):
    store.advance(QUIET_S)
    store.enter()
    store.take("바나나우유")
    store.pay("바나나우유")
    store.leave()
    store.advance(60)
    assert noted(store) == []


def test_who_comes_or_goes_within_the_grace_may_have_paid(store):
    store.advance(QUIET_S)
    store.pay("콜라")  # and is seen a moment later
    store.advance(3)
    store.enter()
    store.leave()
    store.advance(8)
    store.pay("콜라")  # on the way out
    store.advance(60)
    assert len(store.visits) == 1
    assert noted(store) == []


def test_while_the_camera_is_blind_nothing_is_noted(store):
    store.advance(QUIET_S)
    store.world.unplug("door")
    store.advance(5)
    store.pay("콜라")
    store.advance(5)
    store.pay("콜라")
    store.advance(300)  # without any picture the scales alone say that it is empty
    store.pay("콜라")
    store.advance(60)
    assert noted(store) == []


def test_a_camera_that_goes_blind_after_the_sale_proves_nothing(store):
    store.advance(QUIET_S)
    store.pay("콜라")
    store.advance(2)
    store.world.unplug("door")
    store.advance(60)
    assert noted(store) == []


def test_a_store_without_a_camera_notes_nothing(make_store):
    store = make_store(camera=False)
    store.start()
    store.advance(120)
    assert store.app.watching.occupancy.presence is Presence.EMPTY
    store.pay("콜라")
    store.advance(60)
    assert noted(store) == []


def test_what_another_kiosk_tells_late_is_not_noted(store):
    store.advance(QUIET_S)
    sold_at = utc_at(store.clock, store.clock.now_s() - 15)
    store._run(store.app.desk.report_sale([("콜라", 1)], "pos-1", "pos", sold_at))
    store._run(store.app.desk.report_sale([("콜라", 1)], "pos-2", "api", sold_at))
    store.advance(60)
    assert noted(store) == []


def test_a_refund_and_a_sale_sent_twice_are_noted_once(store):
    store.advance(QUIET_S)
    store.pay("콜라", key="twice")
    store.pay("콜라", key="twice")
    store.advance(QUIET_S)
    store._run(store.app.desk.refund("twice", "api"))
    store.pay("콜라", key="twice")
    store.advance(QUIET_S)
    assert [one.sale_id for one in noted(store)] == ["twice"]


EMPTY = Seen(Presence.EMPTY, 100.0, None, True)


@pytest.mark.parametrize(
    ("seen", "is_known"),
    [
        (EMPTY, True),
        (Seen(Presence.UNKNOWN, 100.0, None, True), False),
        (Seen(Presence.OCCUPIED, 100.0, None, True), False),
        (Seen(Presence.EMPTY, None, None, True), False),
        (Seen(Presence.EMPTY, 191.0, None, True), False),
        (Seen(Presence.EMPTY, 100.0, 195.0, True), False),
        (Seen(Presence.EMPTY, 100.0, 150.0, True), True),
        (Seen(Presence.EMPTY, 100.0, None, False), False),
    ],
)
def test_only_what_was_seen_empty_all_the_time_was_empty(seen, is_known):
    assert was_empty(seen, 190.0) is is_known


def test_the_grace_is_never_shorter_than_ten_seconds():
    sale = ev.SaleMade(200.0, "s", "콜라", 1, source="kiosk")
    assert waiting(sale, 200.0, EMPTY, 0.0) == waiting(sale, 200.0, EMPTY, 10.0)
    assert waiting(sale, 203.0, EMPTY, 10.0) is None
    for other in ("pos", "replay", "command", ""):
        assert waiting(ev.SaleMade(200.0, "s", "콜라", 1, source=other), 200.0, EMPTY, 10) is None


def test_what_was_not_seen_empty_before_is_not_looked_at_again():
    sale = ev.SaleMade(200.0, "s", "콜라", 1, source="kiosk")
    assert waiting(sale, 200.0, EMPTY, 10.0) is not None
    assert waiting(sale, 200.0, replace(EMPTY, has_sight=False), 10.0) is None
    assert waiting(sale, 200.0, replace(EMPTY, since_s=195.0), 10.0) is None
