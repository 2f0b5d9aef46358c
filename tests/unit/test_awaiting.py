"""Sales that are told late: a visit is pending until they have come, and never guilty before."""

from dataclasses import replace
from math import inf

import pytest

from storeguard.domain.awaiting import (
    AWAITED_FOR_S,
    Found,
    Sales,
    postpone,
    resumed,
    ripe,
    sales_of,
    waiting_units,
    without_sales,
)
from storeguard.domain.ledger import Awaiting, Ledger, Movement, SaleLine, Visit, add_sale
from storeguard.domain.reconcile import Discrepancy

MILK, BAR = "바나나우유", "메로나"
GRACE_S = 10.0


def movement(product: str, units: int) -> Movement:
    return Movement(50.0, 52.0, "A", product, units, 0.0, 0.99)


def visit(name: str = "v1", started_s: float = 0.0, **more) -> Visit:
    """100 s long, took two milks; empty 5 s later."""
    return Visit(
        name,
        started_s,
        last_seen_s=started_s + 100,
        emptied_s=started_s + 105,
        movements=(movement(MILK, -2),),
        **more,
    )


def waiting(name: str = "v1", started_s: float = 0.0, **more) -> Visit:
    since = Awaiting(started_s + 111, len(more.get("sales", ())))
    return visit(name, started_s, awaiting=since, **more)


@pytest.mark.parametrize(
    ("now_s", "complete_until_s", "expected"),
    [
        (111.0, inf, Sales.KNOWN),
        (111.0, 110.0, Sales.KNOWN),  # the grace is covered too
        (111.0, 109.9, Sales.AWAITED),
        (111.0, -inf, Sales.AWAITED),
        (100.0 + AWAITED_FOR_S - 0.1, 109.9, Sales.AWAITED),
        (100.0 + AWAITED_FOR_S, 109.9, Sales.MISSING),
        (100.0 + AWAITED_FOR_S, 110.0, Sales.KNOWN),
    ],
)
def test_a_visit_waits_until_every_source_has_told_its_grace_and_no_longer_than_a_day(
    now_s, complete_until_s, expected
):
    assert sales_of(visit(), now_s, GRACE_S, complete_until_s) is expected


def test_a_postponed_visit_keeps_its_shelves_and_its_place():
    first, second = visit(), visit("v2", 200.0)
    complete = replace(first, shelf={MILK: 4})
    ledger = postpone(Ledger((first, second)), complete, 111.0)
    assert ledger.visits == (replace(complete, awaiting=Awaiting(111.0, 0)), second)


def test_what_was_paid_while_it_waited_is_no_longer_uncertain():
    early, late = SaleLine(60.0, "s1", MILK, 1), SaleLine(61.0, "s2", MILK, 1)
    doubt = {MILK: (0, 2), BAR: (1, 1)}
    one = waiting(sales=(early,), uncertain=doubt, overpaid={MILK: 0, BAR: 1})
    one = resumed(replace(one, sales=(early, late)))
    assert one.uncertain == {MILK: (0, 1), BAR: (1, 1)}
    assert one.overpaid == {MILK: 1, BAR: 1}


def test_without_sales_what_seems_unpaid_is_unverified_and_nothing_else():
    one = visit(unverified=frozenset({"x"}))
    one = replace(one, movements=(*one.movements, movement(BAR, 3)))
    assert without_sales(one).unverified == {"x", MILK}


def test_without_sales_nothing_is_known_of_a_scale_that_has_recovered_either():
    assert without_sales(visit(sound_since={MILK: 20.0})).sound_since == {}


def test_without_sales_what_a_delivery_hides_is_unverified_too():
    brought = Movement(20.0, 28.0, "A", BAR, 10, 800.0, 0.99, moved_s=6.0)
    taken = Movement(400.0, 402.0, "A", BAR, -3, -240.0, 0.99)
    one = replace(visit(), movements=(brought, taken))
    assert without_sales(one).unverified == {BAR}


def test_waiting_visits_explain_what_they_have_moved_and_not_paid():
    paid = waiting("v2", 200.0, sales=(SaleLine(260.0, "s", MILK, 1),))
    brought = replace(waiting("v3", 400.0), movements=(movement(BAR, 3),))
    assert waiting_units((waiting(), paid, brought, visit("v4", 600.0))) == {MILK: 3, BAR: -3}


# --- a late sale


def test_a_sale_that_is_told_late_is_his_who_was_inside_then():
    ledger = Ledger((waiting(), waiting("v2", 200.0), visit("v3", 400.0)))
    ledger = add_sale(ledger, SaleLine(260.0, "s", BAR, 1))
    assert [v.paid[BAR] for v in ledger.visits] == [0, 1, 0]


def test_a_sale_of_now_is_not_his_who_left_hours_ago():
    inside = replace(visit("v2", 9000.0), last_seen_s=None, emptied_s=None)
    ledger = add_sale(Ledger((waiting(), inside)), SaleLine(9050.0, "s", MILK, 1))
    assert [v.paid[MILK] for v in ledger.visits] == [0, 1]


def test_a_late_sale_in_the_grace_pays_the_one_who_left():
    ledger = Ledger((waiting(), visit("v2", 108.0)))
    ledger = add_sale(ledger, SaleLine(109.0, "s", MILK, 2))
    assert [v.paid[MILK] for v in ledger.visits] == [2, 0]


def test_who_pays_later_with_nobody_inside_pays_the_visit_that_waits():
    ledger = add_sale(Ledger((waiting(),)), SaleLine(400.0, "s", MILK, 3))
    assert ledger.visits[0].paid[MILK] == 2
    assert [sale.count for sale in ledger.prepaid] == [1]


# --- the comparison of the books


def test_a_difference_is_told_once_no_late_sale_can_explain_it():
    missing = (Discrepancy(MILK, 4, 6, 0.8),)
    told, found = ripe({}, missing, 100.0, 50.0)
    assert (told, found) == ((), {MILK: Found(2, 100.0)})
    more = (Discrepancy(MILK, 3, 6, 0.8), Discrepancy(BAR, 0, 1, 0.8))
    told, found = ripe(found, more, 200.0, 100.0)
    assert told == (Discrepancy(MILK, 3, 5, 0.8),)
    assert found == {BAR: Found(1, 200.0)}
    assert ripe(found, (), 300.0, 250.0) == ((), {})


def test_with_all_sales_known_a_difference_is_told_at_once():
    missing = (Discrepancy(MILK, 4, 6, 0.8),)
    assert ripe({}, missing, 100.0, inf) == (missing, {})
