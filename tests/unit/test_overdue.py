"""Payments are matched with what was taken shortly before; what stays over is overdue."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.arriving import RESTS_FOR_S
from storeguard.domain.ledger import Debt, Mark, Movement, SaleLine, Visit
from storeguard.domain.overdue import (
    FEWEST_DELAYS,
    LONGEST_PATIENCE_S,
    SHORTEST_PATIENCE_S,
    USUAL_PATIENCE_S,
    delays_s,
    left_to_the_shelf,
    matched,
    overdue,
    patience_of,
)

MILK, CHOC = "바나나우유", "초코바"
PATIENCE_S = 100.0


def visit(*happened, unverified=(), uncertain=None):
    """(t_s, product, units): negative is taken, positive put back; or (t_s, "pay", product, n)."""
    movements, sales = [], []
    for what in happened:
        if what[1] == "pay":
            sales.append(SaleLine(what[0], f"s{what[0]}", what[2], what[3]))
        else:
            t_s, product, units = what
            movements.append(Movement(t_s, t_s + 2, "A", product, units, units * 95.0, 1.0))
    return Visit(
        "v",
        0.0,
        movements=tuple(movements),
        sales=tuple(sales),
        unverified=frozenset(unverified),
        uncertain=uncertain or {},
    )


def late(found):
    return {product: [m.started_s for m in movements] for product, movements in found.items()}


@pytest.mark.parametrize(
    ("happened", "now_s", "expected"),
    [
        ((), 500, {}),
        (((10, MILK, -1),), 100, {}),
        (((10, MILK, -1),), 113, {MILK: [10]}),
        (((10, MILK, -2),), 113, {MILK: [10, 10]}),
        (((10, MILK, -1), (50, "pay", MILK, 1)), 500, {}),
        (((10, MILK, -1), (50, "pay", CHOC, 1)), 500, {MILK: [10]}),
        (((10, MILK, -1), (30, MILK, 1)), 500, {}),
        (((10, MILK, -1), (20, CHOC, -1), (50, "pay", CHOC, 1)), 500, {MILK: [10]}),
        (((5, "pay", MILK, 1), (10, MILK, -1)), 500, {}),
        # Somebody else pays for what he took himself: the old unit stays unpaid.
        (((10, MILK, -1), (200, MILK, -1), (230, "pay", MILK, 1)), 500, {MILK: [10]}),
        (((10, MILK, -1), (60, MILK, -1), (90, "pay", MILK, 1)), 130, {MILK: [10]}),
        # Nothing fresh is unpaid: a late payment is for the old one.
        (((10, MILK, -1), (230, "pay", MILK, 1)), 500, {}),
        (((10, MILK, -1), (20, "pay", MILK, 1), (30, "pay", MILK, -1)), 500, {MILK: [10]}),
        (((5, "pay", MILK, 1), (6, "pay", MILK, -1), (10, MILK, -1)), 500, {MILK: [10]}),
        (((5, "pay", MILK, -1),), 500, {}),
        # A paid bottle is put back and another taken.
        (((10, MILK, -1), (20, "pay", MILK, 1), (30, MILK, 1), (40, MILK, -1)), 500, {}),
        # A bag that is taken along, or something from it.
        (((10, MILK, 3), (40, MILK, -1)), 500, {}),
    ],
)
def test_what_is_overdue(happened, now_s, expected):
    assert late(overdue(visit(*happened), now_s, PATIENCE_S)) == expected


@pytest.mark.parametrize(("lain_s", "is_told"), [(RESTS_FOR_S, False), (RESTS_FOR_S + 1, True)])
def test_what_goes_from_goods_that_were_brought_one_by_one_is_overdue(lain_s, is_told):
    came = Movement(10.0, 16.0, "A", MILK, 3, 285.0, 1.0, moved_s=4.0)
    went_s = 10.0 + lain_s
    went = Movement(went_s, went_s + 2, "A", MILK, -1, -95.0, 1.0)
    found = late(overdue(replace(visit(), movements=(came, went)), 1000.0, PATIENCE_S))
    assert found == ({MILK: [went_s]} if is_told else {})


@pytest.mark.parametrize("more", [{"unverified": (MILK,)}, {"uncertain": {MILK: (0, 1)}}])
def test_what_is_in_doubt_is_left_to_the_end(more):
    assert overdue(visit((10, MILK, -1), **more), 500, PATIENCE_S) == {}


EVENTS = st.lists(
    st.tuples(st.integers(0, 600), st.sampled_from(["take", "back", "pay"]), st.integers(1, 3)),
    max_size=25,
)


@given(EVENTS)
def test_no_more_is_unpaid_than_the_sums_say_plus_what_was_paid_for_nothing(events):
    happened = [
        (t_s, "pay", MILK, n) if what == "pay" else (t_s, MILK, n if what == "back" else -n)
        for t_s, what, n in events
    ]
    one = visit(*happened)
    units = matched(one, MILK, PATIENCE_S)
    unpaid = sum(not unit.is_paid for unit in units)
    assert unpaid >= one.owed(MILK)
    assert sum(unit.is_paid for unit in units) <= sum(sale.count for sale in one.sales)
    assert len(overdue(one, 10_000, PATIENCE_S).get(MILK, ())) == unpaid


def test_delays_are_those_of_what_was_paid_after_it_was_taken():
    one = visit(
        (10, MILK, -1), (20, CHOC, -2), (31, "pay", MILK, 1), (40, "pay", CHOC, 1), (5, CHOC, 1)
    )
    assert sorted(delays_s(one)) == [20.0, 21.0]
    assert delays_s(visit((5, "pay", MILK, 1), (10, MILK, -1))) == ()


def test_only_payments_until_then_teach_a_delay():
    one = visit((10, MILK, -1), (20, CHOC, -1), (31, "pay", MILK, 1), (50, "pay", CHOC, 1))
    assert delays_s(one, 40.0) == (21.0,)


def test_what_was_unpaid_for_longer_than_anybody_waits_teaches_nothing():
    paid_s = 10 + LONGEST_PATIENCE_S
    assert delays_s(visit((10, MILK, -1), (paid_s, "pay", MILK, 1))) == (LONGEST_PATIENCE_S,)
    assert delays_s(visit((10, MILK, -1), (paid_s + 1, "pay", MILK, 1))) == ()


def test_what_the_owner_has_moved_is_nobodys_debt():
    one = visit((10, MILK, -3), (200, MILK, -1))
    one = replace(one, marks=(Mark("owner", 0.0, 100.0),))
    assert [unit.movement.started_s for unit in matched(one, MILK, PATIENCE_S)] == [200]


@pytest.mark.parametrize(
    ("delays", "expected"),
    [
        ([], USUAL_PATIENCE_S),
        ([20.0] * (FEWEST_DELAYS - 1), USUAL_PATIENCE_S),
        ([20.0] * 200, SHORTEST_PATIENCE_S),
        ([100.0] * 200, 150.0),
        ([5000.0] * 200, LONGEST_PATIENCE_S),
    ],
)
def test_patience_is_learned_from_the_slowest_and_bounded(delays, expected):
    assert patience_of(delays) == expected


# --- goods that were brought and bought while the visit went on


@pytest.mark.parametrize(("paid_s", "is_late"), [(390, False), (70, True)])
def test_a_payment_for_fresh_goods_pays_for_nothing_that_is_taken_long_after(paid_s, is_late):
    brought = ((10, MILK, 4), (14, MILK, 2), (60, MILK, -2))
    bought = ((paid_s, "pay", MILK, 2), (400, MILK, -2))
    found = overdue(visit(*brought, *bought), 2000.0, PATIENCE_S)
    assert late(found) == ({MILK: [400, 400]} if is_late else {})


# --- issues that only the shelf can settle


REPORTED = (Debt("a", 50.0, MILK, 1), Debt("b", 50.0, CHOC, 1))


@pytest.mark.parametrize(
    ("happened", "sound_since", "expected"),
    [
        ([], {}, {"a"}),
        ([], {MILK: 60.0}, {"a"}),
        ([], {MILK: 40.0}, set()),
        ([(55, "pay", CHOC, 1)], {}, set()),
    ],
    ids=["out", "back since", "back before", "paid too much of another"],
)
def test_what_a_scale_that_failed_since_had_reported_is_left_to_the_shelf(
    happened, sound_since, expected
):
    seen = replace(visit(*happened, unverified=[MILK]), sound_since=sound_since)
    assert left_to_the_shelf(seen, REPORTED) == expected


def test_nothing_is_left_to_the_shelf_where_an_amount_may_have_paid_for_it():
    seen = replace(visit(unverified=[MILK]), sales=(SaleLine(60.0, "s", "", 0, 1500),))
    assert left_to_the_shelf(seen, REPORTED) == frozenset()
