"""What a visit may owe, where the weight leaves open what has moved."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from storeguard.domain.answers import Count
from storeguard.domain.doubts import Doubt
from storeguard.domain.ledger import Awaiting, Mark, Movement, SaleLine, Visit
from storeguard.domain.promotions import Bonus
from storeguard.services.shelfdoubts import (
    doubted,
    doubts,
    named,
    overpaid,
    restless,
    unpaid_ranges,
)

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


# --- which step is behind a doubt ------------------------------------------------------------

WAS = Movement(9.0, 10.0, "A", MILK, -1, -95.0, 0.99)
UNSURE = Movement(12.0, 13.0, "B", BAR, -1, -80.0, 0.6)
GUEST = Movement(14.0, 15.0, "B", BAR, 1, 95.0, 0.6, is_foreign=True)


def doubts_of(*movements: Movement, step_s: float | None = 20.0, emptied_s: float | None = 30.0):
    """The weighing and the visit of an open count of the milk, which scale A carries.

    `step_s`: when that scale's last step began, None without one.
    """
    step = None if step_s is None else SimpleNamespace(scale="A", started_s=step_s, grams=-132.0)
    drift = SimpleNamespace(drift=SimpleNamespace(total_g=-40.0))
    carrier = SimpleNamespace(
        id="A", products=(SimpleNamespace(name=MILK),), step=step, weighing=drift
    )
    other = SimpleNamespace(id="B", products=(SimpleNamespace(name=BAR),), step=None)
    tally = SimpleNamespace(open_in=lambda _: {MILK: 0}, open_shares=lambda _: frozenset())
    drifts = SimpleNamespace(doubts=lambda *_: {})
    weighing = SimpleNamespace(channels=(carrier, other), tally=tally, drifts=drifts)
    found = Visit("v", 5.0, emptied_s=emptied_s, movements=movements)
    return weighing, found


def step_of(*movements: Movement, **more) -> tuple[str, float | None, float | None]:
    [doubt] = doubts(*doubts_of(*movements, **more), 40.0)
    assert (doubt.kind, doubt.product) == ("uncertain", MILK)
    return doubt.scale, doubt.at_s, doubt.grams


@pytest.mark.parametrize(
    ("movements", "step"),
    [
        ((WAS, replace(WAS, started_s=11.0, certainty=0.6)), ("A", 11.0, -95.0)),
        ((WAS, UNSURE), ("A", 9.0, -95.0)),
        ((WAS, GUEST), ("B", 14.0, 95.0)),
        ((replace(UNSURE, scale="A"),), ("A", 12.0, -80.0)),
        ((UNSURE,), ("A", 20.0, -132.0)),
    ],
    ids=["its own", "that of another shelf is none", "put elsewhere", "on its shelf", "the last"],
)
def test_the_step_behind_an_open_count_is_the_likeliest_of_the_visit(movements, step):
    assert step_of(*movements) == step


@pytest.mark.parametrize("step_s", [4.0, 31.0, None], ids=["before", "afterwards", "none"])
def test_a_step_of_another_visit_is_not_behind_it(step_s):
    assert step_of(step_s=step_s) == ("", None, None)


def test_while_somebody_is_inside_the_last_step_is_his():
    assert step_of(step_s=31.0, emptied_s=None) == ("A", 31.0, -132.0)


def test_a_share_that_is_open_and_a_zero_that_moved_are_doubts_too():
    weighing, found = doubts_of()
    weighing.tally = SimpleNamespace(open_in=lambda _: {}, open_shares=lambda _: {MILK})
    weighing.drifts = SimpleNamespace(doubts=lambda *_: {MILK: (-1, 0)})
    assert doubts(weighing, found, 40.0) == (
        Doubt("shared", MILK, "A", 20.0, -132.0),
        Doubt("drifted", MILK, "A", grams=-40.0),
    )


def test_products_of_a_scale_that_is_not_at_rest_are_restless():
    weighing, _ = doubts_of()
    still, moving = weighing.channels
    still.was_restless, moving.was_restless = lambda _: False, lambda at_s: at_s == 30.0
    assert restless(weighing, 30.0) == (Doubt("restless", BAR, "B"),)
