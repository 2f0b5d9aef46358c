"""Promotions that nobody has declared: nobody stays accused, the owner is asked."""

import json

import pytest
from tests.scenarios.conftest import TRACE_GOODS
from tests.scenarios.promoted import BAR, MILK, PROMOTIONS, declare, shop_for, stock_of, visit_to
from tests.scenarios.test_telling import Pocket

from storeguard import config as cfg
from storeguard.books import album
from storeguard.books.proposals import Answers, AnswersFile
from storeguard.domain import events as ev
from storeguard.domain.loss import units
from storeguard.domain.patterns import FEWEST_VISITS
from storeguard.outbox.decisions import DECISION
from storeguard.services.promoting import REJECTED
from storeguard.shopview import ShopView


def set_shop(make_store, won=2500, **settings):
    """Its kiosk sells a set that is in no promotions.csv."""
    store = make_store(outside=True, **settings)
    book = store.folder / "inventory" / "inventory_store.csv"
    book.write_text(book.read_text() + f"세트A,99,{won},0\n")
    store.start()
    return store


def pairs(trace, visits, paid=1):
    """So many visits, one after the other, that take two bars each."""
    for n in range(visits):
        visit_to(trace, {BAR: 2}, {BAR: paid} if paid else {}, from_s=10 + 40 * n)
    return trace.write(ends_s=10 + 40 * visits + 20)


def test_a_pattern_that_nobody_declared_is_reported_three_times_taken_back_and_then_no_more(
    trace, replay
):
    lines = replay(pairs(trace, FEWEST_VISITS + 1)).lines
    sealed, amended, visits = (
        [line for line in lines if line["event"] == kind]
        for kind in ("IssueSealed", "IssueAmended", "VisitReconciled")
    )
    assert FEWEST_VISITS == 3
    assert [issue["lines"][0]["missing"] for issue in sealed] == [1] * FEWEST_VISITS
    found = {(one["id"], one["product"], one["count"]) for one in amended}
    assert found == {(issue["id"], BAR, 1) for issue in sealed}
    assert len(amended) == FEWEST_VISITS
    assert visits[-1]["proposed"] == {BAR: 1}
    assert visits[-1]["unpaid"] == {}


@pytest.mark.parametrize("taken", [3, 4])
def test_buy_one_get_two_or_three_is_a_pattern_too(trace, told, monkeypatch, taken):
    monkeypatch.setitem(TRACE_GOODS, BAR, ("B", 30, 1200, 52.0))
    for n in range(FEWEST_VISITS + 1):
        visit_to(trace, {BAR: taken}, {BAR: 1}, from_s=10 + 40 * n)
    visits, missing = told(trace.write(ends_s=190))
    assert missing == [{BAR: taken - 1}] * FEWEST_VISITS
    assert visits[-1]["proposed"] == {BAR: taken - 1}


def test_who_always_takes_one_more_makes_no_promotion_where_others_pay_for_all(trace, told):
    """One honest pair among them, and they are all accused."""
    for n, paid in enumerate((1, 2, 1, 1, 1)):
        visit_to(trace, {BAR: 2}, {BAR: paid}, from_s=10 + 40 * n)
    visits, missing = told(trace.write(ends_s=230))
    assert missing == [{BAR: 1}] * 4
    assert not any("proposed" in visit for visit in visits)


def test_a_set_that_nobody_declared_is_uncertain_from_its_first_sale_on(trace, replay, tmp_path):
    trace._sets.append("세트A,99,2500,0")
    for n in range(3):
        visit_to(trace, {MILK: 1, BAR: 1}, {"세트A": 1}, from_s=10 + 40 * n)
    lines = replay(trace.write(ends_s=150), "--out", tmp_path / "out").lines
    visits = [line for line in lines if line["event"] == "VisitReconciled"]
    assert [visit["unpaid"] for visit in visits] == [{}] * 3
    assert [visit["proposed"] for visit in visits] == [{MILK: 1, BAR: 1}] * 3
    assert not [line for line in lines if line["event"] == "IssueSealed"]
    kiosk, shelf = stock_of(tmp_path / "out")
    assert {MILK: 2, BAR: 9}.items() <= kiosk.items()
    assert {MILK: 2, BAR: 9}.items() <= shelf.items()


@pytest.mark.parametrize(
    ("taken", "missing"),
    [
        ({MILK: 1}, [{MILK: 1}]),  # one unit is no set
        ({MILK: 3, BAR: 1}, [{MILK: 3, BAR: 1}]),  # worth more than twice the set
        ({BAR: 2}, [{BAR: 2}]),  # worth less
    ],
)
def test_goods_of_another_worth_are_no_set(trace, told, taken, missing):
    trace._sets.append("세트A,99,2500,0")
    visit_to(trace, taken, {"세트A": 1})
    assert told(trace.write())[1] == missing


def test_goods_that_are_sold_by_themselves_hide_no_theft(trace, told):
    """Coffee out of a machine is on no scale, and is no set."""
    trace._sets.append("커피,99,2500,0")
    visit_to(trace, {MILK: 1}, {"커피": 1, MILK: 1})
    visit_to(trace, {MILK: 1, BAR: 1}, {"커피": 1}, from_s=50)
    assert told(trace.write(ends_s=100))[1] == [{MILK: 1, BAR: 1}]


def test_a_set_of_unknown_parts_that_a_leaver_pays_is_not_the_next_customers(make_store):
    store = set_shop(make_store, visits={"payment_grace_s": 60.0})
    store.enter("leaver")
    store.take(MILK)
    store.take(BAR)
    store.leave("leaver")
    store.advance(7)
    store.enter("next")
    store.pay("세트A")
    store.take(MILK)
    store.pay(MILK)
    store.leave("next")
    store.be_judged()
    store.advance(60)
    assert [visit.paid for visit in store.visits] == [{"세트A": 1}, {MILK: 1}]
    assert store.missing == []


def test_an_ended_promotion_is_no_pattern_of_its_own_making(trace, told):
    """What was free by the owner's word is no evidence once that word has gone."""
    trace.config = trace.config.replace("22:20:00", "23:56:40")
    trace.declare("초코 1+1", "1+1", BAR, "", "2026-11-20")
    _, missing = told(pairs(trace, 6))
    assert missing == [{BAR: 1}]


def test_the_owner_is_asked_and_his_no_is_remembered(make_store):
    store = many_bottles(make_store(outside=True))
    for _ in range(FEWEST_VISITS):
        shop_for(store, 2, 1)
    assert store.missing == [{MILK: 1}] * FEWEST_VISITS
    [question] = store.app.promotions.questions
    assert (question.name, question.buy, question.free) == (f"{MILK} 1+1", 1, 1)
    shop_for(store, 2, 1)
    [remark] = [row for row in ShopView(store.app).snapshot().remarks if "1+1" in row.why]
    assert f"storeguard promotions reject '{MILK} 1+1'" in remark.why
    assert len(store.missing) == FEWEST_VISITS
    assert store.kiosk[MILK] == store.shelf[MILK]
    assert store.records(".mp4"), "who fits a pattern is not judged, but may be looked at"
    answer(store, question.name)
    shop_for(store, 2, 1)
    store.stop()
    store.start()
    assert store.app.promotions.questions == ()
    shop_for(store, 2, 1)
    assert store.missing == [{MILK: 1}] * (FEWEST_VISITS + 2)


def test_the_question_is_kept_over_a_restart_and_answered_by_declaring_it(make_store):
    store = many_bottles(make_store(outside=True))
    for _ in range(FEWEST_VISITS):
        shop_for(store, 2, 1)
    store.stop()
    store.start()
    assert [one.name for one in store.app.promotions.questions] == [f"{MILK} 1+1"]
    declare(store, PROMOTIONS + f"우유 행사,1+1,{MILK},,\n")
    store.advance(2)
    assert store.app.promotions.questions == ()
    shop_for(store, 2, 1)
    assert store.visits[-1].promoted == {MILK: 1}


def answer(store, name):
    """As `promotions reject` does while the daemon runs."""
    mark = store.folder / "state" / REJECTED
    mark.write_text(name, encoding="utf-8")
    store.advance(2)
    assert not mark.exists()


# --- what a proposal takes back


def many_bottles(store):
    stock = store.folder / "inventory" / "inventory_store.csv"
    stock.write_text(stock.read_text().replace(f"{MILK},6", f"{MILK},30"))
    store.start()
    return store


def taken_back(store):
    """Issue → units that are not missing any more, by the journal."""
    issues = store.app.journal.recent_issues()
    found = {issue.id: units(issue.amendments) for issue in issues}
    return [found[name] for name in sorted(found)]


def test_a_proposal_takes_earlier_issues_back_but_not_what_the_owner_has_confirmed(make_store):
    store = many_bottles(make_store(outside=True))
    for _ in range(FEWEST_VISITS - 1):
        shop_for(store, 2, 1)
    first, second = (folder.name for folder in store.issues)
    album.decide(store.app.journal, first, "confirmed")
    (store.folder / "issue_data" / second / DECISION).write_text(
        json.dumps({"id": second, "decision": "confirm", "at": "2026-11-20T13:30:00Z", "by": ""})
    )
    shop_for(store, 2, 1)
    assert taken_back(store) == [{}, {}, {MILK: 1}]
    assert len(store.told(ev.IssueAmended)) == 1


def test_issues_stand_again_once_the_owner_says_that_it_is_no_promotion(make_store):
    store = many_bottles(make_store(outside=True))
    for _ in range(FEWEST_VISITS):
        shop_for(store, 2, 1)
    view = ShopView(store.app)
    assert taken_back(store) == [{MILK: 1}] * FEWEST_VISITS
    assert view._read_disk().loss_today_won == 0
    assert {row.stand for row in view._read_disk().issues} == {"withdrawn"}
    [remark] = [row for row in view.snapshot().remarks if "1+1" in row.why]
    assert "앞선 재고 불일치 3건은 거두었습니다" in remark.why
    answer(store, f"{MILK} 1+1")
    store.advance(30)
    assert taken_back(store) == [{MILK: 0}] * FEWEST_VISITS
    assert view._read_disk().loss_today_won == 1500 * FEWEST_VISITS
    assert {row.stand for row in view._read_disk().issues} == {"open"}


def test_an_answer_that_was_given_while_the_daemon_was_off_counts_at_the_start(make_store):
    store = many_bottles(make_store(outside=True))
    for _ in range(FEWEST_VISITS):
        shop_for(store, 2, 1)
    store.stop()
    AnswersFile(store.folder / "state").save(Answers(rejected=(f"{MILK} 1+1",)))
    for _ in range(2):
        store.start()
        assert taken_back(store) == [{MILK: 0}] * FEWEST_VISITS
        store.stop()


def test_what_was_taken_back_is_no_debt_that_a_later_payment_settles(make_store):
    store = many_bottles(make_store(outside=True))
    for _ in range(FEWEST_VISITS):
        shop_for(store, 2, 1)
    store.enter()
    store.pay(MILK, 2)
    store.leave()
    store.be_judged()
    assert taken_back(store) == [{MILK: 1}] * FEWEST_VISITS
    assert store.kiosk[MILK] == store.shelf[MILK]


def test_the_owner_hears_of_a_proposal_once_and_of_no_payment(make_store, monkeypatch):
    pocket = Pocket("hook")
    monkeypatch.setattr("storeguard.outreach.open_channel", lambda *_: pocket)
    notices = {"channels": (cfg.Channel(id="hook"),)}
    store = many_bottles(make_store(outside=True, notices=notices))
    for _ in range(FEWEST_VISITS + 2):
        shop_for(store, 2, 1)
    store.advance(30)
    [letter] = asked(pocket)
    assert letter.subject == f"[강남 1호점] 행사인지 확인해 주세요: {MILK} 1+1"
    assert "3건은 거두었습니다" in letter.text
    store.stop()
    store.start()
    shop_for(store, 2, 1)
    store.advance(30)
    assert asked(pocket) == [letter]
    assert not [one for one in pocket.letters if "결제 확인됨" in one.subject]


def asked(pocket):
    return [letter for letter in pocket.letters if "행사" in letter.subject]


def test_a_set_is_asked_about_with_its_likely_parts_until_it_is_answered(make_store):
    store = set_shop(make_store)
    for _ in range(2):
        buy_the_set(store)
    assert store.missing == []
    [question] = store.app.promotions.questions
    assert question.contents == ((MILK, 1), (BAR, 1))
    [remark] = [row for row in ShopView(store.app).snapshot().remarks if "세트A" in row.why]
    assert f"{MILK} + {BAR}" in remark.why
    assert [row.state for row in ShopView(store.app)._read_disk().visits] == ["unsure"] * 2
    store.enter()
    store.take(BAR)  # and leaves the bottle
    store.pay("세트A")
    store.leave()
    store.be_judged()
    assert store.missing == []
    answer(store, "세트A")
    buy_the_set(store)
    assert store.missing == [{MILK: 1, BAR: 1}]


def test_a_set_of_another_price_is_taken_back_once_it_is_steady(make_store):
    """It costs less than half of what its parts do."""
    store = set_shop(make_store, won=1000)
    for _ in range(FEWEST_VISITS):
        buy_the_set(store)
    assert store.missing == [{MILK: 1, BAR: 1}] * FEWEST_VISITS
    assert taken_back(store) == [{MILK: 1, BAR: 1}] * FEWEST_VISITS
    buy_the_set(store)
    assert len(store.missing) == FEWEST_VISITS
    assert store.visits[-1].proposed == {MILK: 1, BAR: 1}


def buy_the_set(store):
    store.enter()
    store.take(MILK)
    store.take(BAR)
    store.pay("세트A")
    store.leave()
    store.be_judged()
