"""Payments that name no product: whose they are, and what they pay for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.amounts import (
    MARGIN_WON,
    add_payment,
    covered,
    owed_won,
    pay_debts,
    still_late,
    worth_won,
)
from storeguard.domain.ledger import LATE_FOR_S, Debt, Ledger, Movement, SaleLine, Visit
from storeguard.domain.product import Product
from storeguard.domain.reconcile import judge

MILK, BAR, SODA, FREE = "바나나우유", "메로나", "사이다", "증정품"
PRODUCTS = (
    Product(MILK, 1500, 95.0),
    Product(BAR, 1200, 80.0),
    Product(SODA, 1800, 350.0),
    Product(FREE, 0, 20.0),
)
PRICES = {product.name: product.price_won for product in PRODUCTS}


def movement(product: str, units: int, at_s: float = 50.0) -> Movement:
    return Movement(at_s, at_s + 2, f"scale-{product}", product, units, 0.0, 0.99)


def amount(won: int, at_s: float = 60.0) -> SaleLine:
    return SaleLine(at_s, f"amount-{at_s}", "", 0, won)


def visit(taken: dict[str, int], *won: int, name: str = "v1", ended: bool = True) -> Visit:
    """Took these and paid these amounts."""
    return Visit(
        name,
        0.0,
        last_seen_s=100.0 if ended else None,
        emptied_s=105.0 if ended else None,
        movements=tuple(movement(product, -count) for product, count in taken.items()),
        sales=tuple(amount(one) for one in won),
        shelf=dict.fromkeys(PRICES, 10),
    )


# --- what an amount pays for


@pytest.mark.parametrize(
    ("owed", "won", "paid"),
    [
        ({MILK: 2, BAR: 1}, 4200, {MILK: 2, BAR: 1}),
        ({MILK: 2, BAR: 1}, 4200 - MARGIN_WON, {MILK: 2, BAR: 1}),
        ({MILK: 2, BAR: 1}, 9000, {MILK: 2, BAR: 1}),
        ({MILK: 2, BAR: 1}, 4200 - MARGIN_WON - 1, {MILK: 2}),
        ({MILK: 1, BAR: 1, SODA: 1}, 2700, {MILK: 1, BAR: 1}),  # the exact sum
        ({MILK: 1, BAR: 1, SODA: 1}, 3150, {SODA: 1, BAR: 1}),  # the nearest below
        ({MILK: 1, BAR: 5}, 6000, {BAR: 5}),
        ({MILK: 1, BAR: 1}, 1000, {}),
        ({MILK: 1, FREE: 2}, 1500, {MILK: 1, FREE: 2}),
        ({MILK: 2, FREE: 2}, 1500, {MILK: 1}),
        ({MILK: 1}, 0, {}),
        ({}, 1500, {}),
    ],
)
def test_an_amount_pays_all_that_is_owed_or_what_is_worth_the_most(owed, won, paid):
    assert covered(owed, PRICES, won) == paid


@given(
    st.dictionaries(st.sampled_from((MILK, BAR, SODA, FREE)), st.integers(0, 6)),
    st.integers(0, 40_000),
)
def test_no_other_choice_of_units_is_worth_more_of_the_amount(owed, won):
    paid = covered(owed, PRICES, won)
    assert all(0 < count <= owed[name] for name, count in paid.items())
    assert worth_won(paid, PRICES) <= won + MARGIN_WON
    sums = {0}
    for name, count in owed.items():
        sums = {s + n * PRICES[name] for s in sums for n in range(count + 1)}
    assert worth_won(paid, PRICES) >= max((s for s in sums if s <= won), default=0)


# --- whose it is


def test_an_amount_is_the_oldest_ended_visits_that_owes_about_so_much():
    first, second = visit({MILK: 3}), replace(visit({MILK: 1}, name="v2", ended=False))
    ledger, paid = add_payment(Ledger((first, second)), amount(4450, 112.0), PRODUCTS)
    assert paid == ()
    assert [owed_won(v, PRICES) for v in ledger.visits] == [50, 1500]


def test_an_amount_that_nobody_owes_is_the_customers_inside():
    first, second = visit({MILK: 3}), visit({}, name="v2", ended=False)
    ledger, _ = add_payment(Ledger((first, second)), amount(1800, 112.0), PRODUCTS)
    assert [owed_won(v, PRICES) for v in ledger.visits] == [4500, -1800]


@pytest.mark.parametrize(
    ("leaver", "inside", "won", "owed"),
    [
        ({MILK: 3}, {}, 4300, [200, 0]),  # a coupon
        ({MILK: 3}, {}, 4900, [-400, 0]),
        ({MILK: 3}, {}, 4049, [4500, -4049]),  # too far off
        ({MILK: 3}, {SODA: 1, BAR: 2}, 4300, [4500, -100]),  # it fits the one inside
        ({MILK: 3}, {MILK: 1, SODA: 1, BAR: 1}, 4350, [150, 4500]),
        ({MILK: 3}, {SODA: 2, BAR: 1}, 4635, [-135, 4800]),  # nearer to the first
        ({SODA: 2, BAR: 1}, {MILK: 3}, 4640, [4800, -140]),  # nearer to the second
        ({}, {SODA: 1}, 500, [0, 1300]),
    ],
)
def test_an_amount_that_nearly_fits_is_whose_debt_it_is_nearest_to(leaver, inside, won, owed):
    visits = (visit(leaver), visit(inside, name="v2", ended=False))
    ledger, _ = add_payment(Ledger(visits), amount(won, 112.0), PRODUCTS)
    assert [owed_won(v, PRICES) for v in ledger.visits] == owed


def test_an_amount_told_late_is_of_who_was_inside_then_and_not_now():
    first, second = visit({MILK: 3}), replace(visit({}, name="v2", ended=False), started_s=500.0)
    ledger, _ = add_payment(Ledger((first, second)), amount(1500, 90.0), PRODUCTS)
    assert [owed_won(v, PRICES) for v in ledger.visits] == [3000, 0]


def test_who_has_paid_already_is_not_paid_for_again():
    first, second = visit({MILK: 1}, 1500), visit({MILK: 1}, name="v2")
    ledger, _ = add_payment(Ledger((first, second)), amount(1500, 112.0), PRODUCTS)
    assert [owed_won(v, PRICES) for v in ledger.visits] == [0, 0]


def test_with_nobody_inside_it_pays_an_issue_then_any_visit_then_the_next_one():
    debts = (Debt("issue-1", 50.0, MILK, 1), Debt("issue-1", 50.0, BAR, 1))
    owing = visit({SODA: 1})
    ledger, paid = add_payment(Ledger((owing,), debts=debts), amount(2700, 112.0), PRODUCTS)
    assert paid == tuple((debt, 1) for debt in debts)
    assert ledger.debts == ()
    ledger, paid = add_payment(ledger, amount(500, 113.0), PRODUCTS)
    assert (paid, owed_won(ledger.visits[0], PRICES)) == ((), 1300)
    ledger, _ = add_payment(Ledger((visit({}),)), amount(500, 113.0), PRODUCTS)
    assert ledger.prepaid == (amount(500, 113.0),)


def test_a_sale_with_a_product_is_booked_as_ever():
    sale = SaleLine(112.0, "s", MILK, 1)
    ledger, _ = add_payment(Ledger((visit({MILK: 1}),)), sale, PRODUCTS)
    assert ledger.visits[0].owes(MILK) == 0


def test_an_issue_is_paid_by_about_what_it_is_owed_and_only_while_it_is_fresh():
    old, other = Debt("issue-1", 0.0, MILK, 1), Debt("issue-2", LATE_FOR_S, MILK, 2)
    free = Debt("issue-3", LATE_FOR_S, FREE, 1)
    ledger = Ledger(debts=(old, free, other))
    now_s = LATE_FOR_S + 1
    assert pay_debts(ledger, 1500, PRICES, now_s) == (ledger, ())
    assert pay_debts(ledger, 50, PRICES, now_s) == (ledger, ())
    paid, settled = pay_debts(ledger, 2950, PRICES, now_s)
    assert (paid.debts, settled) == ((old, free), ((other, 2),))


# --- the judgement


def judged(one: Visit, kiosk=None):
    return judge(one, PRODUCTS, kiosk or dict.fromkeys(PRICES, 12), 115.0)


def test_what_an_amount_pays_for_is_paid_and_leaves_the_kiosk_book():
    found = judged(visit({MILK: 2, BAR: 1}, 4200))
    assert (found.unpaid, found.loss_won) == ({}, 0)
    assert found.paid == found.taken == {MILK: 2, BAR: 1}
    assert found.kiosk_changes == {MILK: -2, BAR: -1}
    assert (found.amount_won, found.amount_left_won) == (4200, 0)
    assert [(r.kind, r.product, r.count, r.won) for r in found.reasons] == [
        ("by_amount", BAR, 1, 4200),
        ("by_amount", MILK, 2, 4200),
    ]


def test_what_it_does_not_cover_stays_unpaid_and_the_rest_is_noted():
    found = judged(visit({MILK: 1, SODA: 1}, 1000, 900))
    assert (found.unpaid, found.paid) == ({MILK: 1}, {SODA: 1})
    assert (found.loss_won, found.amount_left_won) == (1500, 100)
    assert [(r.kind, r.won) for r in found.reasons if r.kind.startswith("amount")] == [
        ("amount_unmatched", 100)
    ]


def test_an_over_payment_is_noted_and_accuses_nobody():
    found = judged(visit({MILK: 1}, 5000))
    assert (found.unpaid, found.discrepancies) == ({}, ())
    assert [(r.kind, r.won) for r in found.reasons[-1:]] == [("amount_over", 3500)]


def test_products_on_a_scale_in_doubt_take_no_part():
    one = replace(visit({MILK: 1, BAR: 1}, 1200), unverified=frozenset({BAR}))
    assert judged(one).unpaid == {MILK: 1}


# --- a visit that goes on


def test_what_an_amount_has_paid_is_not_overdue():
    one = visit({MILK: 2, BAR: 1}, 3000, ended=False)
    late = {MILK: (movement(MILK, -1), movement(MILK, -1)), BAR: (movement(BAR, -1),)}
    assert still_late(late, one, PRODUCTS) == {BAR: late[BAR]}
    assert still_late(late, visit({MILK: 2, BAR: 1}, ended=False), PRODUCTS) == late
