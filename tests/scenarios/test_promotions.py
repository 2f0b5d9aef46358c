"""Promotions (행사) in a whole store: honest customers are left alone, a thief is not."""

import json

import pytest
from click.testing import CliRunner
from tests.scenarios.promoted import BAR, MILK, PROMOTIONS, declare, shop_for, stock_of, visit_to

from storeguard.books.proposals import Answers, AnswersFile
from storeguard.cli import main

TODAY, YESTERDAY = "2026-11-20", "2026-11-19"


# --- declared


@pytest.mark.parametrize(("taken", "recorded"), [(1, 1), (2, 1), (2, 2), (3, 2), (4, 2)])
def test_an_honest_one_plus_one_customer_is_not_accused(trace, replay, tmp_path, taken, recorded):
    trace.declare("우유 1+1", "1+1", MILK)
    visit_to(trace, {MILK: taken}, {MILK: recorded})
    lines = replay(trace.write(), "--out", tmp_path / "out").lines
    [visit] = [line for line in lines if line["event"] == "VisitReconciled"]
    assert (visit["unpaid"], visit["taken"]) == ({}, {MILK: taken})
    assert visit.get("promoted", {}) == ({MILK: taken - recorded} if taken > recorded else {})
    assert not [line for line in lines if line["event"] == "IssueSealed"]
    kiosk, shelf = stock_of(tmp_path / "out")
    assert kiosk[MILK] == shelf[MILK] == 5 - taken


def test_a_thief_beyond_the_promotion_is_reported_for_the_rest(trace, told):
    trace.declare("우유 1+1", "1+1", MILK)
    visit_to(trace, {MILK: 3}, {MILK: 1})
    [visit], missing = told(trace.write())
    assert missing == [{MILK: 1}]
    assert visit["promoted"] == {MILK: 1}


def test_one_plus_one_on_one_product_excuses_no_other(trace, told):
    trace.declare("우유 1+1", "1+1", MILK)
    visit_to(trace, {BAR: 2}, {BAR: 1})
    assert told(trace.write())[1] == [{BAR: 1}]


@pytest.mark.parametrize(
    ("starts", "ends", "missing"),
    [
        ("", YESTERDAY, [{MILK: 1}]),
        ("2026-11-21", "", [{MILK: 1}]),
        ("", TODAY, []),
        (TODAY, "2026-11-30", []),
    ],
)
def test_a_promotion_counts_from_its_first_to_its_last_day(trace, told, starts, ends, missing):
    trace.declare("우유 1+1", "1+1", MILK, starts, ends)
    visit_to(trace, {MILK: 2}, {MILK: 1})
    assert told(trace.write())[1] == missing


def test_what_was_taken_before_midnight_of_the_last_day_may_be_paid_after_it(trace, told):
    trace.config = trace.config.replace("22:20:00", "23:59:45")
    trace.declare("우유 1+1", "1+1", MILK, "", TODAY)
    visit_to(trace, {MILK: 2}, {MILK: 1})
    assert told(trace.write())[1] == []


def test_two_plus_one_may_be_mixed(trace, told):
    trace.declare("골라담기", "2+1", f"{MILK}, {BAR}")
    visit_to(trace, {MILK: 1, BAR: 2}, {MILK: 1, BAR: 1})
    [visit], missing = told(trace.write())
    assert (missing, visit["promoted"]) == ([], {BAR: 1})


def test_a_set_that_the_kiosk_sells_as_one_line_pays_for_its_parts(trace, replay, tmp_path):
    trace.declare("세트A", "세트 3,000원", f"{MILK} + {BAR}*2", won=3000)
    visit_to(trace, {MILK: 1, BAR: 2}, {"세트A": 1})
    lines = replay(trace.write(), "--out", tmp_path / "out").lines
    [visit] = [line for line in lines if line["event"] == "VisitReconciled"]
    assert (visit["unpaid"], visit["promoted"]) == ({}, {MILK: 1, BAR: 2})
    kiosk, shelf = stock_of(tmp_path / "out")
    assert {MILK: 4, BAR: 10}.items() <= kiosk.items()
    assert {MILK: 4, BAR: 10}.items() <= shelf.items()


def test_a_set_needs_no_row_in_the_book_and_costs_what_its_line_says(make_store):
    store = make_store(kiosk={"oversell": "refuse"})
    declare(store, PROMOTIONS + f'세트A,"세트 2,500원",{MILK}/{BAR},,\n')
    store.start()
    store.enter()
    store.take(MILK)
    store.take(BAR)
    assert store.pay("세트A").total_won == 2500
    store.leave()
    store.be_judged()
    assert store.missing == []
    assert store.kiosk[MILK] == store.shelf[MILK] == 5
    assert "세트A" not in store.csv("inventory_store.csv")


def test_a_set_pays_for_no_more_than_its_parts(trace, told):
    trace.declare("세트A", "세트", f"{MILK}, {BAR}", won=2500)
    visit_to(trace, {MILK: 2, BAR: 1}, {"세트A": 1})
    assert told(trace.write())[1] == [{MILK: 1}]


def test_ten_for_a_price_in_any_mix(trace, told):
    trace.declare("10개", "10개 10,000원", f"{MILK}/{BAR}", won=10000)
    visit_to(trace, {MILK: 3, BAR: 7}, {"10개": 1})
    visit_to(trace, {BAR: 1}, {}, from_s=60)
    assert told(trace.write(ends_s=110))[1] == [{BAR: 1}]


def test_a_refund_takes_the_free_unit_back(trace, told):
    trace.declare("우유 1+1", "1+1", MILK)
    visit_to(trace, {MILK: 2}, {MILK: 1})
    trace.sell(22, MILK, -1)
    assert told(trace.write())[1] == [{MILK: 2}]


def test_the_next_customers_payment_is_his_own_while_the_first_ones_grace_runs(trace, told):
    trace.declare("우유 1+1", "1+1", MILK)
    visit_to(trace, {MILK: 2}, {MILK: 1})
    visit_to(trace, {MILK: 2}, {MILK: 1}, from_s=31)
    visits, missing = told(trace.write(ends_s=90))
    assert missing == []
    assert [visit["paid"] for visit in visits] == [{MILK: 1}, {MILK: 1}]


def test_in_a_store_that_is_never_empty_a_free_unit_is_not_reported(trace, told):
    trace.config += "visits: {max_visit_s: 60}\n"
    trace.declare("우유 1+1", "1+1", MILK)
    trace.enter(10)
    trace.take(14, MILK, 2)
    trace.sell(20, MILK)
    trace.leave(420)
    assert told(trace.write(ends_s=450))[1] == []


# --- the owner's file


def test_a_promotion_is_in_force_two_seconds_after_it_was_saved(make_store):
    store = make_store(outside=True)
    store.start()
    declare(store, PROMOTIONS + f"우유 1+1,1+1,{MILK},,\n")
    store.advance(2)
    shop_for(store, 2, 1)
    assert store.missing == []
    assert store.kiosk[MILK] == store.shelf[MILK] == 4


def test_a_malformed_file_leaves_the_last_good_one_in_force_over_a_restart_too(make_store):
    store = make_store(outside=True)
    declare(store, PROMOTIONS + f"우유 1+1,1+1,{MILK},,\n")
    store.start()
    declare(store, PROMOTIONS + f"우유 1+1,하나 더,{MILK},,\n")
    store.advance(2)
    [fault] = [part for part in store.app.health.faults if part.name == "promotions"]
    assert "promotions.csv:2 행사" in (fault.why or "")
    assert "'하나 더'" in (fault.why or "")
    shop_for(store, 2, 1)
    store.stop()
    store.start()
    shop_for(store, 2, 1)
    assert store.missing == []
    declare(store, PROMOTIONS)
    store.advance(2)
    assert [part for part in store.app.health.faults if part.name == "promotions"] == []
    shop_for(store, 2, 1)
    assert store.missing == [{MILK: 1}]


def test_a_promotion_that_was_deleted_is_over_but_not_while_excel_saves(make_store):
    store = make_store(outside=True)
    text = PROMOTIONS + f"우유 1+1,1+1,{MILK},,\n"
    declare(store, text)
    store.start()
    file = store.folder / "inventory" / "promotions.csv"
    file.unlink()
    store.advance(5)
    assert len(store.app.promotions._file.promotions) == 1
    declare(store, text)
    store.advance(2)
    shop_for(store, 2, 1)
    assert store.missing == []
    file.unlink()
    store.advance(12)
    shop_for(store, 2, 1)
    assert store.missing == [{MILK: 1}]


def test_a_recorded_trace_has_its_promotions(make_store, tmp_path):
    store = make_store()
    declare(store, PROMOTIONS + f"우유 1+1,1+1,{MILK},,\n")
    store.start(record_to=tmp_path / "trace")
    store.stop()
    recorded = tmp_path / "trace" / "inventory" / "promotions.csv"
    assert recorded.read_text(encoding="utf-8") == PROMOTIONS + f"우유 1+1,1+1,{MILK},,\n"


# --- the commands


def test_a_question_can_only_be_answered_when_it_was_asked(tmp_path):
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "inventory_store.csv").write_text(
        f"상품명, 개수, 가격, 무게\n{MILK},5,1500,95\n", encoding="utf-8"
    )
    (tmp_path / "config.yaml").write_text("store: {id: s, name: 가게}\n", encoding="utf-8")
    (tmp_path / "state").mkdir()
    options = ["--config", str(tmp_path / "config.yaml")]
    result = CliRunner().invoke(main, ["promotions", "reject", "우유 1+1", *options])
    assert result.exit_code == 1
    assert "no proposed promotion; proposed: none" in result.stderr
    AnswersFile(tmp_path / "state").save(Answers(asked=("우유 1+1",)))
    result = CliRunner().invoke(main, ["promotions", "reject", "우유 1+1", *options])
    assert result.exit_code == 0
    assert AnswersFile(tmp_path / "state").load() == Answers(rejected=("우유 1+1",))


def test_promotions_are_listed_and_checked(tmp_path):
    """Declared, proposed and rejected ones; a mistake is named with its place."""
    folder = tmp_path / "inventory"
    folder.mkdir()
    (folder / "inventory_store.csv").write_text(
        f"상품명, 개수, 가격, 무게\n{MILK},5,1500,95\n{BAR},5,1200,52\n", encoding="utf-8"
    )
    (tmp_path / "config.yaml").write_text("store: {id: s, name: 가게}\n", encoding="utf-8")
    (tmp_path / "state").mkdir()
    file = folder / "promotions.csv"
    rows = f'우유,1+1,{MILK},2026-11-01,\n세트A,"세트 2,500원",{MILK}+{BAR}*2,,\n'
    file.write_text(PROMOTIONS + rows + f"10개,10개,{BAR},,\n", encoding="utf-8")
    answers = Answers((f"{BAR} 2+1", "여름 세트"), (f"{BAR} 1+1",))
    AnswersFile(tmp_path / "state").save(answers)
    options = ["--config", str(tmp_path / "config.yaml")]
    said = CliRunner().invoke(main, ["promotions", "list", "--json", *options]).stdout
    rows = [json.loads(line) for line in said.splitlines()]
    assert [(row["name"], row["state"], row["promotion"], row["products"]) for row in rows] == [
        ("우유", "declared", "1+1", [MILK]),
        ("세트A", "declared", "세트 2,500원", [MILK, f"{BAR}*2"]),
        ("10개", "declared", "10개", [BAR]),
        (f"{BAR} 2+1", "proposed", "2+1", [BAR]),
        ("여름 세트", "proposed", "세트", []),
        (f"{BAR} 1+1", "rejected", "1+1", [BAR]),
    ]
    assert rows[0]["starts"] == "2026-11-01"
    table = CliRunner().invoke(main, ["promotions", "list", *options]).stdout
    assert "2026-11-01 ~" in table
    assert CliRunner().invoke(main, ["books", "check", *options]).exit_code == 0
    file.write_text(PROMOTIONS + "우유,1+1,딸기우유,,\n", encoding="utf-8")
    checked = CliRunner().invoke(main, ["books", "check", *options])
    assert checked.exit_code == 1
    assert "promotions.csv:2 상품: I816 '딸기우유'" in checked.stderr
