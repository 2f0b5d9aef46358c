"""What the owner is told of an issue after its first letter: once, briefly, or not at all."""

from datetime import datetime

import pytest

from storeguard import config as cfg
from storeguard.cloud.manifest import parsed
from storeguard.domain import notice
from storeguard.domain.issue import MANIFEST
from storeguard.messages import text
from storeguard.outbox.folder import sealed_issues

MAX_VISIT_S = 60.0
PATIENCE_S = 40.0
MILK, COLA = "바나나우유", "콜라"
CHECKING = "재고 불일치 확인 중: 바나나우유 1 (-1,500원) 22:21 #1"


class Hook:
    """A channel that keeps what it gets."""

    def __init__(self):
        self.letters = []

    def send(self, letter):
        self.letters.append(letter)

    @property
    def said(self):
        return [letter.subject.removeprefix("[강남 1호점] ") for letter in self.letters]


@pytest.fixture
def hook(monkeypatch):
    monkeypatch.setattr("storeguard.domain.overdue.USUAL_PATIENCE_S", PATIENCE_S)
    one = Hook()
    monkeypatch.setattr("storeguard.outreach.open_channel", lambda *_: one)
    return one


def shop(make_store, *, started_at=None, **notices):
    channels = (cfg.Channel(id="hook"), cfg.Channel(id="family", to="second"))
    more = {} if started_at is None else {"started_at": datetime.fromisoformat(started_at)}
    visits = {"max_visit_s": MAX_VISIT_S}
    notices = {"channels": channels, **notices}
    store = make_store(outside=True, visits=visits, notices=notices, **more)
    store.start()
    return store


def come(store, *goods):
    """Somebody takes them, and stays until they are reported."""
    store.enter("somebody")
    for product, count in goods:
        store.take(product, count, by="somebody")
    store.advance(MAX_VISIT_S + PATIENCE_S)


def go(store, seconds=30):
    store.leave("somebody")
    store.be_judged()
    store.advance(seconds)


def steal(store, *products):
    store.enter()
    for product in products:
        store.take(product)
    store.leave()
    store.be_judged()


def sealed(store):
    """What is sealed beside the issues; the notifier in the cloud understands all of it."""
    folders = sealed_issues(store.folder / "state" / "digests")
    keys = {one: f"gangnam-1/2026/11/{one.name}/issue.json" for one in folders}
    read = [parsed((one / MANIFEST).read_bytes(), keys[one]) for one in folders]
    assert [problem for _, problem in read if problem] == []
    return [manifest for manifest, _ in read]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("stays", "재고 불일치 확정: 바나나우유 1 (-1,500원) #1"),
        ("paid", "재고 불일치 취소: 바나나우유 1 #1 (결제됨)"),
        ("amount", "재고 불일치 취소: 바나나우유 1 #1 (결제됨)"),
        ("put back", "재고 불일치 취소: 바나나우유 1 #1 (제자리에 돌아옴)"),
        ("either", "재고 불일치 취소: 바나나우유 1 #1 (결제되었거나 제자리에 돌아옴)"),
    ],
)
def test_who_was_told_that_it_is_being_checked_hears_once_what_it_came_to(
    make_store, hook, outcome, said
):
    store = shop(make_store)
    come(store, (MILK, 1))
    assert hook.said == [CHECKING]
    if outcome == "paid":
        store.pay(MILK)
    if outcome == "amount":
        store._run(store.app.desk.pay_amount(1500, "transfer", "bank"))
    if outcome in ("put back", "either"):
        store.put_back(MILK, by="somebody")
    if outcome == "either":
        store.take(MILK, by="somebody")
        store.pay(MILK)
    go(store)
    assert hook.said[1:] == [said]
    store.stop()
    store.start()
    store.advance(60)
    assert len(hook.letters) == 2


def test_what_is_left_of_it_is_confirmed_and_nothing_called_paid(make_store, hook):
    store = shop(make_store)
    come(store, (MILK, 2), (COLA, 2))
    store.put_back(MILK, by="somebody")
    store.put_back(COLA, by="somebody")
    go(store)
    assert hook.said[1:] == ["재고 불일치 확정: 바나나우유 1, 콜라 1 (-3,300원) #1"]
    [outcome] = sealed(store)
    assert (outcome["notice"], outcome["loss_won"]) == ("confirmed", 3300)
    assert "바나나우유 1개 (선반" in hook.letters[1].text
    store.pay(MILK)
    store.advance(150)
    assert hook.said[2:] == ["결제 확인됨: 바나나우유 1개, 재고 불일치 #1"]


def test_what_was_withdrawn_has_no_lines_of_what_is_missing(make_store, hook):
    store = shop(make_store)
    come(store, (MILK, 1))
    store.pay(MILK)
    go(store)
    assert "판매 재고" not in hook.letters[1].text
    assert "손실" not in hook.letters[1].text
    [outcome] = sealed(store)
    assert (outcome["notice"], outcome["reason"]) == ("withdrawn", "paid")


@pytest.mark.parametrize("is_provisional", [True, False])
def test_nobody_else_is_told_of_what_nobody_owes_any_more(make_store, hook, is_provisional):
    store = shop(make_store, escalate_after_min=5)
    if is_provisional:
        come(store, (MILK, 1))
        store.pay(MILK)
        go(store)
    else:
        steal(store, MILK)
        store.pay(MILK)
        store.advance(150)
    store.advance(400)
    assert len(hook.letters) == 2
    assert not any("아직 아무도" in said for said in hook.said)


def test_in_quiet_hours_it_waits_and_a_power_cut_loses_it_not(make_store, hook):
    store = shop(make_store, quiet_hours=("22:22", "22:26"))
    come(store, (MILK, 1))
    assert hook.said == [CHECKING]
    store.advance(25)
    go(store)
    assert len(hook.letters) == 1
    store.cut_power()
    store.start()
    assert len(hook.letters) == 1
    store.advance(260)
    assert hook.said[1:] == ["재고 불일치 확정: 바나나우유 1 (-1,500원) #1"]


@pytest.mark.parametrize("is_amount", [True, False])
def test_all_that_one_late_payment_pays_is_told(make_store, hook, is_amount):
    store = shop(make_store)
    steal(store, MILK, COLA)
    if is_amount:
        store._run(store.app.desk.pay_amount(3300, "transfer", "bank"))
    else:
        store._run(store.app.desk.sell([(MILK, 1), (COLA, 1)], "basket", "kiosk"))
    store.advance(200)
    assert hook.said[1:] == ["결제 확인됨: 바나나우유 1개, 콜라 1개, 재고 불일치 #1"]
    store.stop()
    store.start()
    store.advance(60)
    assert len(hook.letters) == 2


def test_each_of_two_late_payments_is_told(make_store, hook):
    store = shop(make_store)
    steal(store, MILK, COLA)
    for product in (MILK, COLA):
        store.pay(product)
        store.advance(150)
    assert hook.said[1:] == [
        "결제 확인됨: 바나나우유 1개, 재고 불일치 #1",
        "결제 확인됨: 콜라 1개, 재고 불일치 #1",
    ]


@pytest.fixture
def evening(make_store, hook, monkeypatch):
    """A quarter to midnight; what is worth little is told at midnight."""
    monkeypatch.setattr(notice, "DIGEST_HOUR", 0)
    return shop(make_store, started_at="2026-11-20T23:45:00+09:00", min_won=9000)


def test_what_was_paid_before_it_was_told_is_never_told(evening, hook):
    steal(evening, MILK)
    evening.pay(MILK)
    evening.advance(1100)
    assert hook.letters == []
    [for_the_cloud] = sealed(evening)
    assert (for_the_cloud["notice"], for_the_cloud["silent"]) == ("amended", True)
    assert (for_the_cloud["amends"], for_the_cloud["loss_won"]) == (evening.issues[0].name, 1500)


def test_a_digest_tells_what_is_left_and_its_payment_is_told_after_it(evening, hook):
    steal(evening, MILK, COLA)
    evening.pay(MILK)
    evening.advance(1100)
    assert hook.said == ["재고 불일치 1건 더: 콜라 1 (-1,800원) #1"]
    evening.pay(COLA)
    evening.advance(150)
    assert hook.said[1:] == ["결제 확인됨: 콜라 1개, 재고 불일치 #1"]


def test_what_the_digest_knew_already_is_not_told_after_it(evening, hook, monkeypatch):
    """The payment is noted, and the digest is sealed before anybody has looked what is due."""
    steal(evening, MILK, COLA)
    with monkeypatch.context() as deaf:
        deaf.setattr("storeguard.services.outcomes.Outcomes.tell", never)
        evening.pay(MILK)
        evening.advance(1100)
        evening.stop()
    evening.start()
    evening.advance(60)
    assert hook.said == ["재고 불일치 1건 더: 콜라 1 (-1,800원) #1"]
    assert [one.get("silent", False) for one in sealed(evening)] == [False, True]


async def never(_):
    return


@pytest.mark.parametrize(
    ("is_paid", "said"), [(True, ["재고 불일치 취소: 바나나우유 1 #1 (결제됨)"]), (False, [])]
)
def test_what_a_digest_has_told_as_a_fact_is_withdrawn_but_not_confirmed(
    make_store, hook, is_paid, said
):
    store = shop(make_store, quiet_hours=("22:00", "22:23"))
    come(store, (MILK, 1))
    assert hook.letters == []
    store.advance(100)
    assert hook.said == ["재고 불일치 1건 더: 바나나우유 1 (-1,500원) #1"]
    if is_paid:
        store.pay(MILK)
    go(store)
    assert hook.said[1:] == said


def test_it_is_said_in_english_too():
    values = {"items": "Milk 1", "number": 1}
    assert text("en", "notice.withdrawn.paid", **values).endswith("Milk 1 #1 (paid)")
    assert text("en", "notice.withdrawn.put_back", **values).endswith("(put back)")
    assert text("en", "notice.withdrawn", **values).endswith("(paid or put back)")
    assert "still missing" in text("en", "notice.confirmed", won="", **values)
