"""Bank transfers and terminals that tell no products: a visit is settled by won."""

import os
from zoneinfo import ZoneInfo

from storeguard import config as cfg
from storeguard.domain import events as ev
from storeguard.posconfig import PosColumns


def transfer(store, won, key="transfer-1"):
    return store._run(store.app.desk.pay_amount(won, key, "bank"))


def test_a_transfer_settles_a_visit_and_the_kiosk_book_follows(store):
    store.enter()
    store.take("바나나우유", 2)
    store.take("초코바")
    transfer(store, 4200)
    assert store.kiosk == {"바나나우유": 6, "초코바": 12, "콜라": 8}
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert (visit.unpaid, visit.loss_won, visit.amount_won) == ({}, 0, 4200)
    assert visit.paid == {"바나나우유": 2, "초코바": 1}
    assert store.issues == ()
    assert store.kiosk == store.shelf == {"바나나우유": 4, "초코바": 11, "콜라": 8}


def test_what_a_transfer_does_not_cover_is_an_issue_that_says_so(store):
    store.enter()
    store.take("바나나우유", 2)
    transfer(store, 1500)
    store.leave()
    store.be_judged()
    assert store.missing == [{"바나나우유": 1}]
    assert store.visits[0].loss_won == 1500
    [issue] = store.issues
    sentences = " ".join(store.manifest(issue)["why"]["ko"])
    assert "상품을 밝히지 않은 결제 1,500원으로 바나나우유 1개를 계산했습니다." in sentences
    assert store.kiosk == store.shelf


def test_a_transfer_that_comes_after_the_issue_amends_it(store):
    store.enter()
    store.take("콜라", 2)
    store.leave()
    store.be_judged()
    transfer(store, 3600)
    store.advance(1)
    assert [(a.product, a.count) for a in store.told(ev.IssueAmended)] == [("콜라", 2)]
    assert store.kiosk["콜라"] == store.shelf["콜라"] == 6


def test_who_comes_back_and_pays_an_amount_amends_the_issue(store):
    store.enter()
    store.take("콜라", 2)
    store.leave()
    store.be_judged()
    store.enter()
    transfer(store, 3600)
    store.leave()
    store.be_judged()
    assert [(a.product, a.count) for a in store.told(ev.IssueAmended)] == [("콜라", 2)]
    assert store.kiosk["콜라"] == store.shelf["콜라"] == 6


def test_the_same_amount_twice_is_paid_once(store):
    store.enter()
    store.take("바나나우유", 2)
    assert not transfer(store, 1500).is_repeated
    assert transfer(store, 1500).is_repeated
    store.leave()
    store.be_judged()
    assert store.missing == [{"바나나우유": 1}]


def test_a_power_cut_before_the_judgement_accuses_nobody_who_has_paid_an_amount(store):
    """Two bars for 2,400 won, one of two bottles: the rest is found at the start, once."""
    store.enter()
    store.take("초코바", 2)
    store.take("콜라")
    transfer(store, 2400)
    store.leave()
    store.cut_power()
    for missing in ([{"콜라": 1}], [{"콜라": 1}]):
        store.start()
        store.advance(60)
        assert store.missing == missing
        assert store.kiosk == store.shelf
        store.stop()


def test_a_transfer_somewhat_short_is_the_leavers_and_not_the_next_customers(make_store):
    """A coupon took 200 won off; the next one is inside already, and pays for her own."""
    store = make_store(visits={"payment_grace_s": 60.0})
    store.start()
    store.enter("leaver")
    store.take("바나나우유", 2)
    store.take("콜라")
    store.leave("leaver")
    store.advance(7)
    store.enter("next")
    transfer(store, 4600)
    store.take("초코바")
    store.pay("초코바")
    store.leave("next")
    store.be_judged()
    store.advance(60)
    leaver, follower = store.visits
    assert (leaver.amount_won, follower.amount_won) == (4600, 0)
    assert (follower.unpaid, follower.amount_left_won) == ({}, 0)
    assert leaver.loss_won <= 1800


def test_a_banks_export_in_the_watched_folder_settles_the_visit_that_paid(make_store):
    """Told late, and once more in the next export; the one before paid nothing."""
    columns = PosColumns(time="거래일시", amount="입금액")
    pos = cfg.Pos(folder="bank", columns=columns, margin_s=0)
    store = make_store(outside=True, pos=pos)
    store.start()
    shop_and_pay_elsewhere(store, "바나나우유", "콜라")
    paid_at = shop_and_pay_elsewhere(store, "바나나우유", "콜라")
    store.advance(60)
    assert (store.visits, store.issues) == ([], ())
    rows = f'거래일시,입금액,출금액\n{paid_at},"3,300",0\n{paid_at},0,9000\n'
    for name in ("first.csv", "second.csv"):
        put_export(store, name, rows)
        store.advance(10)
    assert [(visit.unpaid, visit.amount_won) for visit in store.visits] == [
        ({"바나나우유": 1, "콜라": 1}, 0),
        ({}, 3300),
    ]
    assert store.kiosk == store.shelf


def shop_and_pay_elsewhere(store, *products):
    """Returns when they paid, as the bank writes it."""
    store.enter()
    for product in products:
        store.take(product)
    paid_at = store.clock.utc()
    store.leave()
    store.be_judged()
    return f"{paid_at.astimezone(ZoneInfo('Asia/Seoul')):%Y-%m-%d %H:%M:%S}"


def put_export(store, name, rows):
    path = store.folder / "bank" / name
    path.write_text(rows, encoding="utf-8")
    now = store.clock.utc().timestamp()
    os.utime(path, (now, now))
