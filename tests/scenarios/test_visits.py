"""Whole visits: who took what, who paid, and what the owner finds afterwards."""

import pytest

from storeguard.domain import events as ev


def test_an_honest_customer_leaves_no_trace(store):
    store.enter()
    store.take("바나나우유", 2)
    store.pay("바나나우유", 2)
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert visit.taken == visit.paid == {"바나나우유": 2}
    assert visit.unpaid == visit.surplus == visit.uncertain == {}
    assert store.issues == ()
    assert store.shelf["바나나우유"] == store.kiosk["바나나우유"] == 4


def test_what_a_thief_took_becomes_one_issue(store):
    store.enter()
    store.take("초코바", 2)
    store.leave()
    store.be_judged()
    assert store.missing == [{"초코바": 2}]
    [sealed] = store.told(ev.IssueSealed)
    [line] = sealed.lines
    assert (line.shelf, line.kiosk, line.missing, line.loss) == (10, 12, 2, 2400)
    assert sealed.visit_started_s == store.visits[0].visit_started_s
    assert store.kiosk["초코바"] == store.shelf["초코바"] == 10


def test_one_visit_with_a_payment_and_an_unpaid_item(store):
    store.enter()
    store.take("콜라")
    store.take("바나나우유")
    store.pay("콜라")
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert visit.taken == {"콜라": 1, "바나나우유": 1}
    assert visit.unpaid == {"바나나우유": 1}
    assert store.missing == [{"바나나우유": 1}]


def test_two_products_unpaid_in_one_visit_are_two_lines_of_one_issue(store):
    store.enter()
    store.take("콜라", 2)
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    assert store.missing == [{"바나나우유": 1, "콜라": 2}]


def test_three_in_one_grab_are_three(store):
    store.enter()
    store.take("초코바", 3)
    store.leave()
    store.be_judged()
    [change] = store.told(ev.StockChanged)
    assert (change.before, change.after, change.certain) == (12, 9, True)
    assert store.missing == [{"초코바": 3}]


def test_a_thief_who_empties_the_scale_is_counted(store):
    store.enter()
    store.take("바나나우유", 6)
    store.leave()
    store.be_judged()
    assert store.shelf["바나나우유"] == 0
    assert store.missing == [{"바나나우유": 6}]


def test_what_is_put_back_is_not_missing(store):
    store.enter()
    store.take("바나나우유", 2)
    store.put_back("바나나우유", 2)
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert visit.taken == visit.unpaid == visit.surplus == {}
    assert store.issues == ()
    assert store.shelf["바나나우유"] == 6


def test_one_of_two_is_put_back_and_the_other_is_paid(store):
    store.enter()
    store.take("바나나우유", 2)
    store.put_back("바나나우유")
    store.pay("바나나우유")
    store.leave()
    store.be_judged()
    assert store.visits[0].taken == {"바나나우유": 1}
    assert store.issues == ()


def test_a_hand_that_presses_on_the_shelf_changes_no_count(store):
    store.enter()
    store.world.press("A", 530.0)
    store.advance(6)
    store.world.release("A")
    store.advance(3)
    store.leave()
    store.be_judged()
    assert store.told(ev.StockChanged) == []
    assert store.issues == ()


def test_two_customers_at_once_are_one_visit_and_settle_together(store):
    store.enter("mother")
    store.enter("son")
    store.take("콜라", by="son")
    store.take("초코바", by="mother")
    store.leave("son")
    store.advance(20)
    assert store.visits == []
    store.pay("콜라")
    store.pay("초코바")
    store.leave("mother")
    store.be_judged()
    [visit] = store.visits
    assert visit.paid == {"콜라": 1, "초코바": 1}
    assert store.issues == ()


def test_a_visit_in_which_nothing_happens_is_clean(store):
    store.enter()
    store.advance(5)
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert visit.taken == visit.paid == visit.unpaid == {}
    assert store.issues == ()


def test_a_person_hidden_for_a_moment_stays_in_one_visit(store):
    store.enter()
    store.leave()
    store.advance(3)
    store.enter()
    store.leave()
    store.be_judged()
    assert len(store.visits) == 1


def test_a_thief_after_an_honest_customer_is_the_only_one_accused(store):
    store.enter("honest")
    store.take("콜라")
    store.pay("콜라")
    store.leave()
    store.be_judged()
    store.enter("thief")
    store.take("콜라")
    store.leave()
    store.be_judged()
    honest, thief = store.visits
    assert honest.unpaid == {}
    assert thief.unpaid == {"콜라": 1}
    [sealed] = store.told(ev.IssueSealed)
    assert sealed.visit_started_s == thief.visit_started_s


@pytest.mark.parametrize("paid_s", [26, 29])
def test_who_pays_before_he_takes_is_not_accused_for_certain_though_a_thief_has_just_left(
    trace, replay, paid_s
):
    """In the thief's grace nobody can say whose payment it is: both visits are to be looked at."""
    trace.enter(10)
    trace.take(13, "초코바")
    trace.leave(20)
    trace.enter(28)
    trace.sell(paid_s, "초코바")
    trace.take(32, "초코바")
    trace.leave(40)
    result = replay(trace.write(ends_s=90))
    [sealed] = (line for line in result.lines if line["event"] == "IssueSealed")
    [line] = sealed["lines"]
    assert (line["product"], line["missing"], line["certainty"]) == ("초코바", 1, 0.5)
