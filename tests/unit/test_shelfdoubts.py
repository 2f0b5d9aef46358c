"""What a visit may owe, where the weight leaves open what has moved."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from storeguard.domain.answers import Count
from storeguard.domain.ledger import Awaiting, Mark, Movement, SaleLine, Visit
from storeguard.domain.promotions import Bonus
from storeguard.services.shelfdoubts import doubted, named, overpaid, unpaid_ranges

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


def test_what_an_earlier_visit_may_have_moved_is_not_known_whatever_has_recovered():
    tally = SimpleNamespace(open_shares=lambda _: frozenset({MILK}))
    one = replace(visit({}, {}), unverified=frozenset({BAR}), sound_since={MILK: 9.0, BAR: 9.0})
    found = doubted(SimpleNamespace(tally=tally), one)
    assert (found.unverified, found.sound_since) == ({MILK, BAR}, {BAR: 9.0})


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


def test_what_has_left_and_is_not_told_yet_is_not_paid_too_often():
    """Of a milk that was paid two may have left, or one, or none; nothing of it is booked."""
    for high, over in ((-2, 0), (-1, 0), (0, 1)):
        moves = {MILK: Count(-1, 0.8, -2, high, False)}
        tally = SimpleNamespace(open_in=lambda _, m=moves: m, told_in=lambda _: Counter())
        found = overpaid(SimpleNamespace(tally=tally), visit({}, {MILK: 1}))
        assert found == {MILK: over}


# --- one of two has gone, and nobody knows which ---------------------------------------------

GUM = "껌"
LIKELY = {
    MILK: Count(-1, 0.8, -1, 0, False, ((0.8, -1), (0.2, 0))),
    BAR: Count(0, 0.8, -1, 0, False, ((0.8, 0), (0.2, -1))),
}


def named_in(
    found: Visit, *, shares=frozenset(), faulty=frozenset(), unknown=(), drifted=(), heard=()
) -> Visit:
    tally = SimpleNamespace(
        open_in=lambda _: LIKELY,
        told_in=lambda _: Counter(),
        open_shares=lambda _: shares,
        heard_in=lambda _: Counter(heard),
    )
    drifts = SimpleNamespace(doubts=lambda *_: dict.fromkeys(drifted, (-1, 1)))
    weighing = SimpleNamespace(tally=tally, drifts=drifts)
    ranges = unpaid_ranges(weighing, found, 30.0)
    found = replace(found, uncertain=ranges, unverified=shares | faulty, emptied_s=30.0)
    return named(weighing, found, {*faulty, *unknown})


def test_the_likelier_of_two_is_named_also_where_an_earlier_visits_share_is_open():
    for shares in (frozenset(), frozenset({MILK}), frozenset({MILK, BAR})):
        found = named_in(visit({}, {}), shares=shares)
        assert found.uncertain == {MILK: (1, 1), BAR: (0, 1)}
        assert found.named == {MILK: 0.8}
        assert found.unverified == shares - {MILK}


@pytest.mark.parametrize(
    "why",
    [
        {"faulty": frozenset({BAR})},
        {"shares": frozenset({BAR}), "faulty": frozenset({BAR})},
        {"drifted": (MILK,)},
        {"unknown": (BAR,)},
        {"heard": (BAR,)},
    ],
    ids=["failed", "failed besides", "drifted", "paid elsewhere", "paid by somebody meanwhile"],
)
def test_nobody_is_named_where_not_the_weight_alone_leaves_it_open(why):
    assert named_in(visit({}, {}), **why).named == {}


@pytest.mark.parametrize(
    "but",
    [
        {"awaiting": Awaiting(30.0, 0)},
        {"marks": (Mark("owner", 0.0, 99.0),)},
        {"sales": (SaleLine(20.0, "s", "", 0, won=1000),)},
        {"promotions": (Bonus("1+1", (BAR,), 1, 1),)},
    ],
    ids=["sales are to come", "restocks", "paid an amount", "a promotion gives one of the two"],
)
def test_nobody_is_named_who(but):
    assert named_in(replace(visit({}, {}), **but)).named == {}
