"""What one visitor took comes to rest, or is counted, when the next is inside: it stays his own.

A is a rail of milk (95 g) and jelly (190 g). Who takes two of milk swings it, so that it rests at
36 s and is counted at 46 s; he left at 30 s, and the store was empty at 35 s.
"""

import pytest
from tests.scenarios.conftest import TRACE_GOODS

MILK, BAR, JELLY, YOGURT = "바나나우유", "초코바", "젤리", "요구르트"
CLEAN = {"taken": {}, "paid": {}, "unpaid": {}, "surplus": {}, "uncertain": {}, "unverified": []}


@pytest.fixture
def mix(trace, monkeypatch):
    """Puts another product on the rail, too."""

    def put(name, grams, won):
        monkeypatch.setitem(TRACE_GOODS, name, ("A", 8, won, grams))
        trace.config = trace.config.replace(f"products: [{MILK}]", f"products: [{MILK}, {name}]")

    return put


@pytest.fixture
def first(trace, mix):
    """A first visitor, from 10 to 30 s, who takes milk from the swinging rail at last."""

    def come(count=2, *, paid=2, fades_s=3.0, other=(JELLY, 190.0, 3000)):
        mix(*other)
        trace.enter(10)
        if paid:
            trace.sell(28, MILK, paid)
        trace.take(29.5, MILK, count)
        trace.swing(29.5, "A", fades_s=fades_s)
        trace.leave(30)

    return come


@pytest.fixture
def second(trace):
    """Another, who stays until 60 s."""

    def come(at_s=36, product=None, *, takes_s=39, is_paid=True):
        trace.enter(at_s)
        if product is not None:
            trace.take(takes_s, product)
        if product is not None and is_paid:
            trace.sell(52, product)
        trace.leave(60)

    return come


@pytest.fixture
def outcomes(trace, told):
    """What became of each visit, and what the issues say is missing."""

    def run(ends_s=100):
        visits, missing = told(trace.write(ends_s=ends_s))
        return [{key: one[key] for key in CLEAN} for one in visits], missing

    return run


def bought(product, count=1):
    return {**CLEAN, "taken": {product: count}, "paid": {product: count}}


@pytest.mark.parametrize("at_s", [35.1, 36, 38, 42])
def test_who_has_paid_is_not_accused_since_somebody_else_came_in(first, second, outcomes, at_s):
    first()
    second(at_s)
    assert outcomes() == ([bought(MILK, 2), CLEAN], [])


def test_what_the_weight_leaves_open_stays_open_when_somebody_else_comes_in(
    first, second, outcomes
):
    first(1, paid=0, other=(YOGURT, 96.0, 1600))
    second()
    [one, other], missing = outcomes()
    assert (one["uncertain"], one["unpaid"]) == ({MILK: [0, 1], YOGURT: [0, 1]}, {})
    assert (other, missing) == (CLEAN, [])


def test_who_has_paid_for_one_of_two_is_heard_though_somebody_else_is_inside(
    first, second, outcomes
):
    first(1, paid=1, other=(YOGURT, 96.0, 1600))
    second()
    assert outcomes() == ([bought(MILK), CLEAN], [])


@pytest.mark.parametrize("fades_s", [3.0, 8.0])
@pytest.mark.parametrize("is_paid", [True, False])
def test_what_the_second_takes_elsewhere_meanwhile_is_counted_after_it(
    first, second, outcomes, fades_s, is_paid
):
    """However long the rail swings, and though the bar came to rest before it."""
    first(fades_s=fades_s)
    second(36, BAR, is_paid=is_paid)
    theft = {**CLEAN, "taken": {BAR: 1}, "unpaid": {BAR: 1}}
    expected = (bought(BAR), []) if is_paid else (theft, [{BAR: 1}])
    assert outcomes(120) == ([bought(MILK, 2), expected[0]], expected[1])


def test_what_the_second_takes_there_afterwards_is_his(first, second, outcomes):
    first()
    second(36, MILK, takes_s=48, is_paid=False)
    [one, other], missing = outcomes()
    assert (one, other["taken"], missing) == (bought(MILK, 2), {MILK: 1}, [{MILK: 1}])


@pytest.mark.parametrize("is_paid", [True, False])
def test_of_a_step_that_both_have_made_nobody_is_accused(first, second, outcomes, is_paid):
    """The second takes another while the rail swings still."""
    first(fades_s=8.0)
    second(36, MILK, is_paid=is_paid)
    visits, missing = outcomes(140)
    assert [(one["unpaid"], one["surplus"]) for one in visits] == [({}, {}), ({}, {})]
    assert all(MILK in one["unverified"] for one in visits)
    assert missing == []


def test_the_third_is_not_charged_with_it_either(trace, first, outcomes):
    first(fades_s=8.0)
    trace.enter(36)
    trace.leave(37)
    trace.enter(43)
    trace.take(45, BAR)
    trace.sell(50, BAR)
    trace.leave(60)
    assert outcomes(120) == ([bought(MILK, 2), CLEAN, bought(BAR)], [])


def test_it_is_told_alike_each_time(trace, first, second, replay):
    first()
    second(36, BAR)
    folder = trace.write(ends_s=100)
    once, twice = replay(folder), replay(folder)
    assert once.stdout == twice.stdout
    shares = [line for line in once.lines if line["event"] == "VisitReconciled"]
    assert [line["taken"] for line in shares] == [{MILK: 2}, {BAR: 1}]
