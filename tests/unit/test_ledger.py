"""Which visit a movement and a payment belong to; none is lost, none counted twice."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain import ledger as ledgers
from storeguard.domain.doubts import Doubt
from storeguard.domain.failing import mark_unverified
from storeguard.domain.ledger import (
    LATE_FOR_S,
    LONGEST_WAIT_S,
    PREPAID_FOR_S,
    Awaiting,
    Debt,
    Ledger,
    Movement,
    SaleLine,
    Visit,
    add_movement,
    add_sale,
    began_by,
    close_visit,
    due,
    end_visit,
    open_visit,
    rename_visit,
    settle_debts,
)
from storeguard.domain.prepaid import is_expecting, lapsed
from storeguard.domain.refunds import add_refund

MILK, BAR = "바나나우유", "메로나"


def take(units: int, at_s: float, product: str = MILK, scale: str = "A") -> Movement:
    """`units` leave the scale; negative ones come."""
    return Movement(at_s, at_s + 2, scale, product, -units, -95.0 * units, 0.99)


def sale(count: int, at_s: float, product: str = MILK) -> SaleLine:
    return SaleLine(at_s, f"sale-{at_s}", product, count)


def two_visits(*, ended_owes: int = 0) -> Ledger:
    """v1 from 0 to 100 (emptied at 105), v2 inside since 110."""
    ledger = open_visit(Ledger(), "v1", 0.0, by_step=False)
    if ended_owes:
        ledger = add_movement(ledger, take(ended_owes, 50.0))
    ledger = end_visit(ledger, 100.0, 105.0)
    return open_visit(ledger, "v2", 110.0, by_step=False)


def visit(ledger: Ledger, visit_id: str) -> Visit:
    [found] = [v for v in ledger.visits if v.id == visit_id]
    return found


# --- visits


def test_the_current_visit_is_the_one_that_has_not_ended():
    ledger = open_visit(Ledger(), "v1", 3.0, by_step=True)
    assert ledger.current == Visit("v1", 3.0, by_step=True)
    ended = end_visit(ledger, 8.0, 13.0)
    assert ended.current is None
    assert (ended.visits[0].last_seen_s, ended.visits[0].emptied_s) == (8.0, 13.0)
    assert Ledger().current is None


def test_an_end_without_a_visit_changes_nothing():
    assert end_visit(Ledger(), 1.0, 6.0) == Ledger()
    ended = end_visit(open_visit(Ledger(), "v1", 0.0, by_step=False), 1.0, 6.0)
    assert end_visit(ended, 2.0, 7.0) == ended


def test_a_judged_visit_leaves_the_ledger():
    ledger = two_visits()
    assert [v.id for v in close_visit(ledger, ledger.visits[0]).visits] == ["v2"]


# --- movements


@pytest.mark.parametrize(
    ("began_s", "owner"),
    [
        (-2.0, "v1"),  # the door moved the air before the camera saw anybody
        (0.0, "v1"),
        (50.0, "v1"),
        (100.0, "v1"),
        (103.0, "v1"),  # nobody is seen any more, but the store is not empty yet
        (105.0, "v1"),
        (107.0, "v2"),  # after the end of the first: never its
        (110.0, "v2"),
        (130.0, "v2"),
    ],
)
def test_a_movement_belongs_to_the_visit_in_which_it_began(began_s, owner):
    ledger = add_movement(two_visits(), take(1, began_s))
    assert [v.id for v in ledger.visits if v.movements] == [owner]


def test_a_movement_after_every_visit_belongs_to_the_last():
    ended = end_visit(two_visits(), 120.0, 125.0)
    ledger = add_movement(ended, take(1, 130.0))
    assert [v.id for v in ledger.visits if v.movements] == ["v2"]


def test_a_movement_without_any_visit_is_left_to_the_comparison_of_the_books():
    assert add_movement(Ledger(), take(1, 5.0)) == Ledger()


def test_taken_and_put_back_is_not_taken():
    ledger = open_visit(Ledger(), "v1", 0.0, by_step=False)
    for movement in (take(3, 10.0), take(-1, 20.0), take(-4, 30.0, BAR)):
        ledger = add_movement(ledger, movement)
    assert ledger.visits[0].net_taken == Counter({MILK: 2, BAR: -4})
    assert ledger.visits[0].owes(MILK) == 2
    assert ledger.visits[0].owes(BAR) == 0


# --- sales


def test_a_payment_belongs_to_the_customer_inside():
    ledger = add_sale(open_visit(Ledger(), "v1", 0.0, by_step=False), sale(2, 9.0))
    assert ledger.visits[0].paid == Counter({MILK: 2})


def test_a_payment_in_grace_is_the_first_customers_while_the_next_is_inside():
    ledger = add_sale(two_visits(ended_owes=1), sale(1, 112.0))
    assert visit(ledger, "v1").paid == Counter({MILK: 1})
    assert visit(ledger, "v2").sales == ()


def test_what_the_first_customer_does_not_owe_is_the_next_ones():
    ledger = add_sale(two_visits(ended_owes=1), sale(3, 112.0))
    assert visit(ledger, "v1").paid == Counter({MILK: 1})
    assert visit(ledger, "v2").paid == Counter({MILK: 2})


def test_another_product_is_not_the_first_customers():
    ledger = add_sale(two_visits(ended_owes=1), sale(1, 112.0, BAR))
    assert visit(ledger, "v2").paid == Counter({BAR: 1})


def test_the_oldest_visit_that_owes_is_paid_first():
    ledger = end_visit(add_movement(two_visits(ended_owes=1), take(1, 115.0)), 120.0, 125.0)
    ledger = add_sale(ledger, sale(1, 126.0))
    assert (visit(ledger, "v1").owes(MILK), visit(ledger, "v2").owes(MILK)) == (0, 1)
    ledger = add_sale(ledger, sale(1, 127.0))
    assert visit(ledger, "v2").owes(MILK) == 0


def test_one_line_is_one_customers():
    """Who has two in hand has paid the line of two, though somebody has left with one."""
    ledger = add_movement(two_visits(ended_owes=1), take(2, 111.0))
    ledger = add_sale(ledger, sale(2, 114.0))
    assert [visit(ledger, v).paid[MILK] for v in ("v1", "v2")] == [0, 2]


def test_a_line_that_nobody_owes_alone_is_shared_out():
    ledger = end_visit(add_movement(two_visits(ended_owes=1), take(1, 111.0)), 120.0, 125.0)
    ledger = add_sale(ledger, sale(2, 126.0))
    assert [visit(ledger, v).paid[MILK] for v in ("v1", "v2")] == [1, 1]


def test_a_payment_after_the_grace_is_not_his_who_has_left():
    """He may not be judged yet, for somebody is filling a basket."""
    ledger = add_movement(replace(two_visits(ended_owes=1), grace_s=10.0), take(1, 111.0))
    assert visit(add_sale(ledger, sale(1, 110.0)), "v1").paid[MILK] == 1
    assert visit(add_sale(ledger, sale(1, 110.1)), "v2").paid[MILK] == 1


def test_a_payment_long_before_somebody_came_is_not_his():
    ledger = end_visit(add_movement(two_visits(), take(1, 115.0)), 120.0, 125.0)
    late, early = sale(1, 110.0 - PREPAID_FOR_S), sale(1, 109.0 - PREPAID_FOR_S)
    assert visit(add_sale(ledger, late), "v2").paid[MILK] == 1
    assert ledgers.takes(ledger, visit(ledger, "v2"), early.t_s) is False


def test_of_two_who_owe_the_later_one_remembers_the_payment_that_the_earlier_got():
    ledger = add_movement(two_visits(ended_owes=1), take(1, 111.0))
    ledger = add_sale(ledger, sale(1, 114.0))
    assert visit(ledger, "v1").yielded == ()
    assert visit(ledger, "v2").yielded == (sale(1, 114.0),)
    ledger = add_sale(ledger, sale(1, 115.0))
    assert visit(ledger, "v2").paid[MILK] == 1


def test_who_pays_before_he_takes_remembers_the_payment_that_the_earlier_visit_got():
    ledger = add_sale(two_visits(ended_owes=1), sale(1, 114.0))
    assert visit(ledger, "v1").paid[MILK] == 1
    assert visit(ledger, "v2").yielded == (sale(1, 114.0),)


@pytest.mark.parametrize(("waits_s", "may_be"), [(30.0, True), (PREPAID_FOR_S + 1, False)])
def test_whoever_comes_soon_remembers_the_payment_that_a_leavers_visit_got(waits_s, may_be):
    """Nobody was seen as it was made: he may have paid before he came into the picture."""
    ledger = end_visit(Ledger((Visit("v1", 100.0),)), 110.0, 115.0)
    ledger = add_sale(add_movement(ledger, take(1, 105.0)), sale(1, 120.0))
    assert visit(ledger, "v1").paid[MILK] == 1
    ledger = open_visit(ledger, "v2", 120.0 + waits_s, by_step=False)
    assert visit(ledger, "v2").yielded == ((sale(1, 120.0),) if may_be else ())


@pytest.mark.parametrize(("waits_s", "belongs"), [(30.0, True), (PREPAID_FOR_S + 1, False)])
def test_a_prepaid_sale_is_the_next_visits_if_that_comes_soon(waits_s, belongs):
    ledger = add_sale(Ledger(), sale(1, 100.0))
    assert ledger.prepaid == (sale(1, 100.0),)
    ledger = open_visit(ledger, "v1", 100.0 + waits_s, by_step=False)
    assert ledger.prepaid == ()
    assert ledger.visits[0].paid == Counter({MILK: 1} if belongs else {})


# --- payments after the issue


def pay_late(ledger: Ledger, now_s: float):
    """As the keeper does in each round; returns what was paid, debt by debt."""
    ledger, late = lapsed(ledger, now_s)
    paid = []
    for line in late:
        ledger, settled = settle_debts(ledger, line.product, line.count, line.t_s)
        paid += settled
    return ledger, tuple(paid)


def test_a_payment_for_which_nobody_comes_pays_the_sealed_issue():
    debt = Debt("issue-1", 100.0, MILK, 2)
    ledger = add_sale(Ledger(debts=(debt,)), sale(1, 160.0))
    assert is_expecting(ledger, 160.0 + PREPAID_FOR_S)
    assert pay_late(ledger, 160.0 + PREPAID_FOR_S) == (ledger, ())
    ledger, paid = pay_late(ledger, 161.0 + PREPAID_FOR_S)
    assert not is_expecting(ledger, 161.0 + PREPAID_FOR_S)
    assert paid == ((debt, 1),)
    assert (ledger.debts, ledger.prepaid) == ((replace(debt, count=1),), ())


def test_who_pays_before_he_is_seen_is_not_the_one_who_left_without_paying():
    debt = Debt("issue-1", 100.0, MILK, 1)
    ledger = add_sale(Ledger(debts=(debt,)), sale(1, 160.0))
    ledger = open_visit(ledger, "v1", 200.0, by_step=False)
    ledger, paid = pay_late(ledger, 400.0)
    assert paid == ()
    assert (ledger.debts, ledger.visits[0].paid) == ((debt,), Counter({MILK: 1}))


def test_a_late_payment_pays_the_oldest_debt_first_and_the_rest_nobodys():
    debts = tuple(Debt(f"issue-{n}", 100.0 + n, MILK, 1) for n in (1, 2))
    other = Debt("issue-3", 103.0, BAR, 1)
    ledger, paid = pay_late(add_sale(Ledger(debts=(*debts, other)), sale(3, 160.0)), 300.0)
    assert paid == ((debts[0], 1), (debts[1], 1))
    assert (ledger.debts, ledger.prepaid) == ((other,), ())


def test_who_waits_for_his_sales_gets_no_more_than_the_debts_leave():
    awaiting = replace(visit(two_visits(ended_owes=2), "v1"), awaiting=Awaiting(106.0, 0))
    ledger = Ledger((awaiting,), debts=(Debt("issue-1", 50.0, MILK, 1),), grace_s=5.0)
    ledger = add_sale(ledger, sale(2, 300.0))
    assert (ledger.visits[0].paid[MILK], ledger.prepaid) == (1, (sale(1, 300.0),))


def test_a_debt_of_long_ago_keeps_nothing_from_who_waits_for_his_sales():
    awaiting = replace(visit(two_visits(ended_owes=2), "v1"), awaiting=Awaiting(106.0, 0))
    stale = Debt("issue-1", 299.0 - LATE_FOR_S, MILK, 2)
    ledger = add_sale(Ledger((awaiting,), debts=(stale,), grace_s=5.0), sale(2, 300.0))
    assert (ledger.visits[0].paid[MILK], ledger.prepaid) == (2, ())


def test_who_is_inside_pays_his_own_before_anybodys_debt():
    debt = Debt("issue-1", 100.0, MILK, 1)
    ledger = add_sale(replace(two_visits(), debts=(debt,)), sale(1, 115.0))
    assert ledger.debts == (debt,)
    assert visit(ledger, "v2").paid == Counter({MILK: 1})


def test_a_debt_is_forgotten_after_half_an_hour():
    debt = Debt("issue-1", 100.0, MILK, 1)
    ledger = Ledger(debts=(debt,))
    assert settle_debts(ledger, MILK, 1, 100.0 + LATE_FOR_S)[1] == ((debt, 1),)
    assert settle_debts(ledger, MILK, 1, 101.0 + LATE_FOR_S) == (Ledger(), ())


def test_a_refund_pays_no_debt():
    ledger = Ledger(debts=(Debt("issue-1", 100.0, MILK, 1),))
    assert settle_debts(ledger, MILK, -1, 160.0) == (ledger, ())
    refunded, _ = add_refund(ledger, sale(-1, 160.0))
    assert refunded.debts == ledger.debts


# --- faults


def test_a_failed_scale_concerns_every_visit_that_was_not_over():
    ledger = mark_unverified(two_visits(), [Doubt("failed", MILK, "A", 108.0)], 108.0)
    assert visit(ledger, "v1").unverified == frozenset()
    assert visit(ledger, "v2").unverified == {MILK}
    milk, bar = Doubt("failed", MILK, "A", 105.0), Doubt("failed", BAR, "B", 99.0)
    ledger = mark_unverified(two_visits(), [milk], 105.0)
    ledger = mark_unverified(ledger, [bar], 99.0)
    assert visit(ledger, "v1").unverified == {MILK, BAR}
    assert visit(ledger, "v1").doubts == (milk, bar)


# --- when it is judged


@pytest.mark.parametrize(
    ("now_s", "is_settled", "is_basket_open", "expected"),
    [
        (109.9, True, False, False),
        (110.0, True, False, False),
        (110.1, True, False, True),
        (110.1, False, False, False),
        (110.1, True, True, False),
        (104.9 + LONGEST_WAIT_S, False, True, False),
        (105.0 + LONGEST_WAIT_S, False, True, True),
    ],
)
def test_a_visit_is_judged_once_everything_is_at_rest(now_s, is_settled, is_basket_open, expected):
    ended = two_visits().visits[0]
    found = due(ended, now_s, 10.0, is_settled=is_settled, is_basket_open=is_basket_open)
    assert found is expected


def test_a_visit_that_goes_on_is_never_judged():
    current = two_visits().visits[1]
    assert not due(current, 1e6, 10.0, is_settled=True, is_basket_open=False)


def test_no_grace_is_longer_than_the_longest_wait_would_cut():
    ended = two_visits().visits[0]
    late_s = 105.0 + LONGEST_WAIT_S
    assert not due(ended, late_s, 600.0, is_settled=True, is_basket_open=False)


# --- conservation


steps = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.none()),
        st.tuples(st.just("empty"), st.none()),
        st.tuples(st.just("take"), st.integers(-3, 5)),
        st.tuples(st.just("sell"), st.integers(-2, 5)),
        st.tuples(st.just("debt"), st.integers(1, 3)),
        st.tuples(st.just("nobody comes"), st.none()),
    ),
    max_size=40,
)


def booked_now(ledger, line):
    if line.count < 0:
        return add_refund(ledger, line)[0]
    return add_sale(ledger, line)


@given(steps, st.lists(st.sampled_from([MILK, BAR]), min_size=1, max_size=40))
def test_every_unit_moved_or_paid_is_booked_exactly_once(happenings, products):
    ledger = Ledger()
    moved, sold, late = Counter(), Counter(), Counter()
    for n, (kind, count) in enumerate(happenings):
        now_s, product = float(n), products[n % len(products)]
        if kind == "open" and ledger.current is None:
            ledger = open_visit(ledger, f"v{n}", now_s, by_step=False)
        elif kind == "empty":
            ledger = end_visit(ledger, now_s - 0.5, now_s)
        elif kind == "take" and ledger.visits:
            ledger = add_movement(ledger, take(count, now_s, product))
            moved[product] += count
        elif kind == "debt":
            ledger = replace(ledger, debts=(*ledger.debts, Debt(f"i{n}", now_s, product, count)))
        elif kind == "sell":
            owed = {v.id: v.owes(product) for v in ledger.visits if v.emptied_s is not None}
            ledger = booked_now(ledger, sale(count, now_s, product))
            sold[product] += count
            for v in ledger.visits:  # more than it owes is never put on a visit that is over
                gained = owed.get(v.id, 0) - v.owes(product)
                if count > 0 and v.id in owed:
                    assert 0 <= gained <= owed[v.id]
        elif kind == "nobody comes":
            waiting = ledger.prepaid
            ledger, paid = pay_late(ledger, now_s + PREPAID_FOR_S + 1.0)
            assert all(0 < units <= debt.count for debt, units in paid)
            late.update(line.product for line in waiting for _ in range(line.count))
        assert all(debt.count > 0 for debt in ledger.debts)
    booked = late.copy()
    for line in ledger.prepaid:
        booked[line.product] += line.count
    for v in ledger.visits:
        booked.update(v.paid)
    assert {k: n for k, n in booked.items() if n} == {k: n for k, n in sold.items() if n}
    net = Counter()
    for v in ledger.visits:
        net.update(v.net_taken)
    assert {k: n for k, n in net.items() if n} == {k: n for k, n in moved.items() if n}


def test_only_the_visit_whose_label_is_taken_gets_another_one():
    ledger = open_visit(Ledger(), "a", 0.0, by_step=False)
    ledger = open_visit(end_visit(ledger, 1.0, 2.0), "b", 3.0, by_step=False)
    renamed = rename_visit(ledger, "a", "a-2")
    assert [(visit.id, visit.started_s) for visit in renamed.visits] == [("a-2", 0.0), ("b", 3.0)]


def test_what_began_after_the_visit_is_a_later_visitors():
    going_on = Visit("v", 0.0)
    over = replace(going_on, last_seen_s=95.0, emptied_s=100.0)
    assert began_by(going_on, 1000.0)
    assert began_by(over, 100.0)
    assert not began_by(over, 100.1)
