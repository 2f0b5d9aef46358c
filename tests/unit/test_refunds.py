"""Whose money it is that was given back."""

from collections import Counter

import pytest

from storeguard.domain.ledger import (
    LATE_FOR_S,
    Credit,
    Ledger,
    Movement,
    SaleLine,
    Visit,
    end_visit,
    open_visit,
)
from storeguard.domain.product import Product
from storeguard.domain.reconcile import judge
from storeguard.domain.refunds import PAID_TWICE_FOR_S, add_refund, remember, settle_put_back

MILK, BAR = "바나나우유", "메로나"


def visit(visit_id, *, taken=0, paid=0, since_s=0.0, until_s=None):
    moved = (Movement(since_s + 1, since_s + 3, "A", MILK, -taken, 0.0, 1.0),) if taken else ()
    sales = (SaleLine(since_s + 4, f"{visit_id} paid", MILK, paid),) if paid else ()
    emptied_s = None if until_s is None else until_s + 5
    return Visit(
        visit_id, since_s, last_seen_s=until_s, emptied_s=emptied_s, movements=moved, sales=sales
    )


def refunded(ledger, t_s, units=1, product=MILK):
    ledger, credited = add_refund(ledger, SaleLine(t_s, "refund", product, -units))
    return ledger, credited, [one.paid[MILK] for one in ledger.visits]


def two(first, second):
    """The first has left at 20 s, the second is inside since 30 s; a minute's grace."""
    return Ledger((first, second), grace_s=60.0)


def test_it_is_his_who_put_something_back_though_another_is_inside():
    ledger = two(visit("v1", taken=1, paid=2, until_s=20.0), visit("v2", taken=1, since_s=30.0))
    assert refunded(ledger, 40.0) == (refunded(ledger, 40.0)[0], 0, [1, 0])


def test_it_is_his_who_is_inside_and_has_paid():
    ledger = two(
        visit("v1", taken=1, paid=1, until_s=20.0), visit("v2", taken=1, paid=1, since_s=30.0)
    )
    assert refunded(ledger, 40.0)[1:] == (0, [1, 0])


def test_it_is_his_who_has_paid_and_left_if_nobody_inside_has():
    ledger = two(visit("v1", taken=2, paid=2, until_s=20.0), visit("v2", since_s=30.0))
    assert refunded(ledger, 40.0)[1:] == (0, [1, 0])
    assert refunded(ledger, 90.0)[1:] == (0, [2, -1]), "the grace is over"


def test_what_a_judged_visit_paid_twice_is_given_back_to_it_and_to_nobody_inside():
    """The kiosk book is lowered again: the visit's surplus had raised it."""
    ledger = remember(Ledger((visit("v2", taken=1, paid=1, since_s=30.0),)), MILK, 1, 0, 25.0)
    after, credited, paid = refunded(ledger, 40.0)
    assert (credited, paid, after.credits) == (1, [1], ())


def test_what_was_put_back_before_hides_no_refund_of_goods_that_are_kept():
    """Ten were delivered; whoever pays two, keeps them and gets one back owes one."""
    ledger = remember(Ledger((visit("v2", taken=2, paid=2, since_s=30.0),)), MILK, 0, 10, 25.0)
    assert refunded(ledger, 40.0)[1:] == (0, [1])


def test_the_newest_credit_is_used_first_and_no_other_products():
    ledger = Ledger()
    for t_s, product in ((1.0, MILK), (2.0, BAR), (3.0, MILK)):
        ledger = remember(ledger, product, 0, 2, t_s)
    after, credited, _ = refunded(ledger, 10.0, units=3)
    assert credited == 3
    assert after.credits == (Credit(1.0, MILK, 1), Credit(2.0, BAR, 2))


@pytest.mark.parametrize(
    ("twice", "rest", "for_s"),
    [(1, 0, PAID_TWICE_FOR_S), (0, 1, LATE_FOR_S)],
    ids=["who was charged twice asks days later", "what was put back is refunded soon"],
)
def test_a_credit_is_forgotten(twice, rest, for_s):
    ledger = remember(Ledger(), MILK, twice, rest, 0.0)
    assert refunded(ledger, for_s)[1] == 1
    assert refunded(ledger, for_s + 1)[1] == 0
    assert remember(ledger, BAR, 0, 0, for_s + 1).credits == ()


@pytest.mark.parametrize(("waits_s", "paid"), [(60.0, -1), (LATE_FOR_S + 1, 0)])
def test_with_nobody_inside_it_waits_for_what_is_put_back(waits_s, paid):
    """It is no customer's debt who has put nothing back."""
    ledger, _, _ = refunded(Ledger(), 0.0)
    assert ledger.prepaid == (SaleLine(0.0, "refund", MILK, -1),)
    ledger = open_visit(ledger, "v1", waits_s, by_step=False)
    assert ledger.visits[0].sales == ()
    brought = visit("v1", taken=-2, since_s=waits_s, until_s=waits_s + 9)
    ledger = settle_put_back(Ledger((brought,), prepaid=ledger.prepaid), "v1")
    assert ledger.visits[0].paid[MILK] == paid
    assert [line.count for line in ledger.prepaid] == []


def test_who_puts_nothing_back_leaves_the_refund_to_the_next():
    amount = SaleLine(1.0, "transfer", "", 0, 5000)
    waiting = (SaleLine(0.0, "refund", MILK, -2), SaleLine(0.0, "sale", BAR, 1), amount)
    ledger = settle_put_back(Ledger((visit("v1", taken=1),), prepaid=waiting), "v1")
    assert ledger == Ledger((visit("v1", taken=1),), prepaid=waiting)
    ledger = settle_put_back(Ledger((visit("v1", taken=-1),), prepaid=waiting), "v1")
    assert [line.count for line in ledger.prepaid] == [-1, 1, 0]


def test_a_refund_that_nothing_explains_is_uncertain_and_accuses_nobody():
    """Somebody is inside, has paid nothing and put nothing back."""
    ledger = open_visit(Ledger(), "v1", 0.0, by_step=False)
    ledger, credited, paid = refunded(ledger, 10.0)
    assert (credited, paid) == (0, [-1])
    [ended] = end_visit(ledger, 20.0, 25.0).visits
    found = judge(
        Visit(**{f: getattr(ended, f) for f in ended.__slots__} | {"shelf": {MILK: 5}}),
        (Product(MILK, 1500, 95.0),),
        Counter({MILK: 6}),
        35.0,
    )
    assert (found.unpaid, found.uncertain, found.paid) == ({}, {MILK: (0, 1)}, {MILK: -1})


def test_goods_taken_beside_such_a_refund_are_still_unpaid():
    one = visit("v1", taken=2, paid=-1, until_s=20.0)
    found = judge(one, (Product(MILK, 1500, 95.0),), {MILK: 6}, 35.0)
    assert (found.unpaid, found.uncertain) == ({MILK: 2}, {MILK: (2, 3)})
