"""What a visit may owe, where the weight leaves open what has moved."""

from collections import Counter
from types import SimpleNamespace

from storeguard.domain.answers import Count
from storeguard.domain.ledger import Movement, SaleLine, Visit
from storeguard.services.shelfdoubts import unpaid_ranges

MILK, BAR = "바나나우유", "초코바"


def visit(taken: dict[str, int], paid: dict[str, int]) -> Visit:
    movements = (Movement(9.0, 10.0, "A", name, -units, 0.0, 1.0) for name, units in taken.items())
    sales = (SaleLine(20.0, f"s-{name}", name, count) for name, count in paid.items())
    return Visit("v", 5.0, movements=tuple(movements), sales=tuple(sales))


def ranges(
    found: Visit, moves: dict[str, Count], told: dict[str, int]
) -> dict[str, tuple[int, int]]:
    tally = SimpleNamespace(open_in=lambda _: moves, told_in=lambda _: Counter(told))
    drifts = SimpleNamespace(doubts=lambda *_: {})
    return unpaid_ranges(SimpleNamespace(tally=tally, drifts=drifts), found, 30.0)


def test_one_or_two_have_left_and_one_was_paid():
    moves = {MILK: Count(-1, 0.8, -2, -1, False)}
    assert ranges(visit({MILK: 1}, {MILK: 1}), moves, {MILK: -1}) == {MILK: (0, 1)}


def test_what_was_not_told_because_it_may_be_an_earlier_visitors_is_in_the_range():
    """One bottle, or four bars; neither is booked on the visit yet."""
    moves = {MILK: Count(-1, 0.6, -1, 0, False), BAR: Count(0, 0.6, -4, 0, False)}
    assert ranges(visit({}, {}), moves, {}) == {MILK: (0, 1), BAR: (0, 4)}


def test_what_may_be_too_much_is_owed_by_nobody():
    moves = {MILK: Count(1, 0.8, 0, 1, False)}
    assert ranges(visit({MILK: -1}, {}), moves, {MILK: 1}) == {MILK: (0, 0)}
