"""What is put on a shelf and taken again: goods, or a thing that its owner takes along again."""

import pytest

from storeguard.domain.arriving import (
    HANDFULS_WITHIN_S,
    LIES_FOR_S,
    RESTS_FOR_S,
    goods_moved,
)
from storeguard.domain.ledger import Movement, SaleLine, Visit
from storeguard.domain.overdue import matched

MILK = "바나나우유"
SLOW_S = 3.0
LATE_S = 10.0 + RESTS_FOR_S + 30.0


def moved(t_s, units, *, moved_s=0.5, certainty=0.99, grams=None, is_foreign=False):
    weight = units * 95.0 if grams is None else grams
    return Movement(
        t_s, t_s + moved_s + 2, "A", MILK, units, weight, certainty, is_foreign, moved_s
    )


def slow(t_s, units):
    """One unit after the other."""
    return moved(t_s, units, moved_s=SLOW_S)


def left(*movements):
    return [(one.started_s, one.units) for one in goods_moved(movements)]


@pytest.mark.parametrize(
    ("movements", "expected"),
    [
        ((), []),
        ((moved(10, -2), moved(40, 2)), [(10, -2), (40, 2)]),
        # A bag, alone or while things are taken, or with one of them in it.
        ((moved(10, 3), moved(500, -3)), []),
        ((moved(10, 3), moved(20, -1), moved(50, -3)), [(50, -1)]),
        ((moved(10, 3), moved(20, -1), moved(30, 1), moved(50, -4)), [(50, -1)]),
        # It goes as one thing is put back; two bags go one after the other.
        ((moved(10, 11), moved(15, -2), moved(30, -10)), [(30, -1)]),
        ((slow(10, 45), moved(20, -22), moved(25, -1), moved(30, -23)), [(30, -1)]),
        # One is brought back and another taken for it.
        ((moved(10, 1), moved(15, -1)), []),
        # Nobody's bag lies there for so long.
        ((moved(10, 3), moved(11 + LIES_FOR_S, -3)), [(10, 3), (11 + LIES_FOR_S, -3)]),
        # What came in one grab may be a bag, from which some is taken.
        ((moved(10, 10), moved(LATE_S, -4)), [(10, 6)]),
        # One after the other, or handful after handful, come goods.
        ((slow(10, 10), slow(LATE_S, -10)), [(10, 10), (LATE_S, -10)]),
        (
            (slow(10, 10), slow(LATE_S, -6), moved(LATE_S + 5, -4)),
            [(10, 10), (LATE_S, -6), (LATE_S + 5, -4)],
        ),
        ((moved(10, 5), moved(15, 5), moved(LATE_S, -5)), [(10, 5), (15, 5), (LATE_S, -5)]),
        (
            (moved(10, 2), moved(10.1 + HANDFULS_WITHIN_S, 3), moved(200, -3)),
            [(10, 2)],
        ),
        # All that came goes at once, however it came: a hand that leant there.
        ((slow(10, 3), moved(LATE_S, -3)), []),
        ((moved(10, 2), moved(15, 3), moved(LATE_S, -5)), []),
        # So does what a hand took as it leant, while it may still have been there.
        ((slow(10, 4), slow(14, -6)), [(14, -2)]),
        ((slow(10, 4), slow(10 + RESTS_FOR_S, -6)), [(10 + RESTS_FOR_S, -2)]),
        ((slow(10, 4), slow(10.1 + RESTS_FOR_S, -6)), [(10, 4), (10.1 + RESTS_FOR_S, -6)]),
        # Two things of two people, one put down after the other was taken away.
        ((moved(10, 2), moved(15, -2), moved(20, 3), moved(25, -3)), []),
        # What is taken first and put back beyond that has come from outside, for the rest of it.
        ((moved(10, -2), moved(20, 5), moved(50, -3)), [(10, -2), (20, 2)]),
    ],
)
def test_what_only_came_to_go_is_left_out(movements, expected):
    assert left(*movements) == expected


@pytest.mark.parametrize(
    "doubt", [{"certainty": 0.85}, {"grams": -950.0}, {"grams": 0.0}, {"is_foreign": True}]
)
def test_what_is_not_goods_for_certain_hides_no_theft_and_accuses_nobody(doubt):
    """A belief that has changed is booked as a movement that no weight has made."""
    assert left(moved(10, 10, moved_s=SLOW_S, **doubt), slow(LATE_S, -4)) == [(10, 6)]
    doubtful = moved(LATE_S, -4, moved_s=SLOW_S, **{**doubt, "grams": 95.0})
    assert left(slow(10, 10), doubtful) == [(10, 6)]


def test_what_was_taken_on_one_scale_is_never_put_down_on_another_before():
    """A hand leant there already when the unit came."""
    leant_on = moved(8, 1, moved_s=4.0)
    assert left(leant_on, moved(10, -1)) == [(10, -1), (8, 1)]


def visit(*happened):
    movements = [one for one in happened if isinstance(one, Movement)]
    sales = [SaleLine(t_s, "s", MILK, n) for t_s, n in (o for o in happened if type(o) is tuple)]
    return Visit("v", 0.0, movements=tuple(movements), sales=tuple(sales))


@pytest.mark.parametrize(
    ("happened", "unpaid", "overpaid"),
    [
        ((slow(10, 10), slow(LATE_S, -10)), 10, 0),
        ((slow(10, 10), slow(LATE_S, -10), (LATE_S + 20, 10)), 0, 0),
        ((slow(10, 10), slow(LATE_S, -3), (LATE_S + 20, 3)), 0, 0),
        ((slow(10, 10), slow(LATE_S, -3), (LATE_S + 20, 4)), 0, 1),
        ((slow(10, -4), slow(50, 10)), 0, 0),
        ((slow(10, 10), slow(LATE_S, -4), slow(LATE_S + 30, 4)), 0, 0),
        ((slow(10, 10), slow(LATE_S, -4), slow(LATE_S + 30, 2)), 2, 0),
        (((5, 2), slow(10, -2)), 0, 0),
        ((slow(10, -2), (20, 2), slow(30, 2)), 0, 2),
        ((slow(10, -2), (20, 2), slow(30, 2), (40, -2)), 0, 0),
        ((slow(10, -2), (20, 2), (25, -1)), 1, 0),
        # Who gives back what he bought another day gets his money for it, not for another's.
        ((slow(10, 1), slow(LATE_S, -2), (LATE_S + 10, 2), (LATE_S + 20, -1)), 0, 0),
        (((5, -1),), 0, 0),
    ],
)
def test_who_owes_what_in_the_order_of_time(happened, unpaid, overpaid):
    found = visit(*happened).balance(MILK)
    assert (found.unpaid, found.overpaid) == (unpaid, overpaid)
    hands = matched(visit(*happened), MILK, 100.0)
    assert sum(not unit.is_paid for unit in hands) == unpaid


def test_what_a_delivery_hides_is_owed_while_the_visit_waits():
    one = visit(slow(10, 10), slow(LATE_S, -3))
    assert (one.owed(MILK), one.owes(MILK), one.unpaid(MILK)) == (-7, 3, 3)
