"""Restock mode's rules: whose a movement is, what the kiosk book follows, what is asked."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain import restock
from storeguard.domain.ledger import Mark, Movement, SaleLine, Visit
from storeguard.domain.product import Product
from storeguard.domain.reconcile import judge, reconciled
from storeguard.domain.restock import (
    IDLE_FOR_S,
    LEFT_WITHIN_S,
    LONGEST_S,
    MARKED_WITHIN_S,
    Question,
    Session,
    accused,
    followed,
    share,
    towards,
    undeclined,
)

MILK, BAR = "바나나우유", "메로나"
PRODUCTS = (Product(MILK, 1500, 95.0), Product(BAR, 1200, 80.0))
ALWAYS = (Mark("owner", -math.inf, math.inf),)
LATE = (Mark("staff", 50.0, math.inf),)


def moved(product, units, at_s):
    return Movement(at_s, at_s + 2, "A", product, units, 0.0, 0.99)


def visit(*movements, paid=(), marks=ALWAYS, shelf=None, **more):
    sales = tuple(SaleLine(60.0, f"s{i}", name, n) for i, (name, n) in enumerate(paid))
    return Visit(
        "v1", 0.0, movements=movements, sales=sales, marks=marks, shelf=shelf or {}, **more
    )


def ended(one, shelf):
    return Visit(
        one.id,
        one.started_s,
        last_seen_s=100.0,
        emptied_s=105.0,
        movements=one.movements,
        sales=one.sales,
        marks=one.marks,
        shelf=shelf,
    )


# ---- sessions


def test_it_reaches_back_over_a_visit_that_began_not_long_ago():
    begun = restock.begin("owner", MARKED_WITHIN_S, (Visit("v1", 0.0),))
    assert begun.from_s == 0.0
    assert restock.begin("owner", MARKED_WITHIN_S + 1, (Visit("v1", 0.0),)).from_s > 0.0
    assert restock.begin("owner", 5.0, ()).from_s == 5.0


@pytest.mark.parametrize(
    ("ago_s", "is_theirs"), [(LEFT_WITHIN_S, True), (LEFT_WITHIN_S + 1, False)]
)
def test_it_reaches_no_visit_that_is_long_over(ago_s, is_theirs):
    left = Visit("v1", 0.0, last_seen_s=20.0, emptied_s=25.0)
    begun = restock.begin("owner", 25.0 + ago_s, (left,))
    assert (begun.mark_of(left) is not None) is is_theirs


def test_only_the_newest_visit_is_reached():
    thief = Visit("v1", 0.0, last_seen_s=20.0, emptied_s=25.0)
    begun = restock.begin("staff", 40.0, (thief, Visit("v2", 30.0)))
    assert begun.mark_of(thief) is None
    assert begun.mark_of(Visit("v2", 30.0)) == Mark("staff", -math.inf, math.inf)


def test_a_mark_from_before_a_restart_stays_beside_those_of_now():
    before, now = Mark("owner", -math.inf, 20.0), Mark("staff", 30.0, math.inf)
    visit = replace(Visit("v1", 0.0), marks=(before,))
    assert restock.marked(visit, ()).marks == (before,)
    session = Session("staff", 30.0, 30.0, 30.0)
    assert restock.marked(visit, (session,)).marks == (before, now)
    assert restock.marked(replace(visit, marks=(now,)), (session,)).marks == (now,)


def test_a_session_that_ended_before_the_visit_is_not_its():
    session = restock.end(Session("owner", 0.0, 0.0, 0.0), 10.0)
    assert session.mark_of(Visit("v1", 10.0)) is None
    assert session.mark_of(Visit("v1", 9.0)) == Mark("owner", -math.inf, 10.0)


def test_it_covers_what_began_between_its_reach_and_its_end():
    session = restock.end(restock.begin("owner", 100.0, (Visit("v1", 40.0),)), 200.0)
    assert [t_s for t_s in (39.0, 40.0, 200.0, 201.0) if session.covers(t_s)] == [40.0, 200.0]
    assert restock.begin("owner", 100.0, ()).covers(1e6)


def test_it_ends_half_an_hour_after_the_last_step():
    session = restock.step_seen(Session("owner", 0.0, 0.0, 0.0), 100.0)
    assert session.due_s == 100.0 + IDLE_FOR_S
    assert restock.advance(session, 99.0 + IDLE_FOR_S).is_on
    assert restock.advance(session, 101.0 + IDLE_FOR_S).ended_s == 100.0 + IDLE_FOR_S


def test_it_ends_although_customers_keep_the_shelves_moving():
    session = Session("owner", 0.0, 0.0, LONGEST_S - 1)
    assert restock.advance(session, LONGEST_S).ended_s == session.due_s == LONGEST_S


def test_what_has_ended_stays_as_it_ended():
    over = restock.end(Session("owner", 0.0, 0.0, 0.0), 10.0)
    assert restock.end(over, 20.0) == restock.step_seen(over, 20.0) == over
    assert restock.advance(over, 10 * IDLE_FOR_S) == over


def test_who_is_one_of_three():
    assert restock.as_who("cleaner") == "cleaner"
    with pytest.raises(ValueError, match="owner, cleaner, staff, got 'thief'"):
        restock.as_who("thief")


def test_customers_keep_what_the_marks_do_not_cover():
    early, late = moved(MILK, -1, 10.0), moved(MILK, -2, 60.0)
    one = restock.marked(visit(early, late, marks=()), [Session("owner", 50.0, 50.0, 50.0)])
    assert restock.without_theirs(one).movements == (early,)
    assert one.theirs == {MILK: 2}


# ---- shares


@pytest.mark.parametrize(
    ("movements", "paid", "marks", "written_off", "brought", "owed"),
    [
        ([], [], ALWAYS, {}, {}, {MILK: 0}),
        ([(-2, 60)], [], ALWAYS, {MILK: 2}, {}, {MILK: 0}),
        ([(-2, 60)], [1], ALWAYS, {MILK: 1}, {}, {MILK: 0}),
        ([(-2, 60)], [3], ALWAYS, {}, {}, {MILK: -1}),
        ([(10, 60)], [], ALWAYS, {}, {MILK: 10}, {MILK: 0}),
        ([(-2, 10), (10, 60)], [], LATE, {}, {MILK: 10}, {MILK: 2}),
        ([(-2, 10), (-3, 60)], [2], LATE, {MILK: 3}, {}, {MILK: 0}),
        ([(-2, 10), (-3, 60)], [3], LATE, {MILK: 2}, {}, {MILK: 0}),
        ([(3, 10), (-2, 60)], [], LATE, {MILK: 2}, {}, {MILK: -3}),
        ([(-2, 10)], [], (), {}, {}, {MILK: 2}),
    ],
)
def test_a_payment_is_first_for_what_customers_took(
    movements, paid, marks, written_off, brought, owed
):
    one = visit(
        *(moved(MILK, units, at_s) for units, at_s in movements),
        paid=[(MILK, n) for n in paid],
        marks=marks,
    )
    parts = share(one, [MILK])
    assert (parts.written_off, parts.brought, parts.owed) == (written_off, brought, owed)


@pytest.mark.parametrize(
    ("wanted", "gap", "change"),
    [(3, 5, 3), (3, 2, 2), (3, -1, 0), (-3, -5, -3), (-3, -2, -2), (-3, 1, 0), (0, 4, 0)],
)
def test_the_kiosk_book_goes_no_further_than_the_shelf(wanted, gap, change):
    assert towards(wanted, gap) == change


def test_both_books_follow_while_the_visit_goes_on():
    one = visit(moved(MILK, 10, 60.0), moved(BAR, -2, 60.0), shelf={MILK: 15, BAR: 3})
    assert followed(one, {MILK: 5, BAR: 5}) == {MILK: 10, BAR: -2}
    assert followed(one, {MILK: 15, BAR: 3}) == {}


def test_what_is_not_sure_is_not_followed_yet():
    one = visit(
        moved(MILK, 10, 60.0),
        moved(BAR, -2, 60.0),
        shelf={MILK: 15, BAR: 3},
        unverified=frozenset({MILK}),
        uncertain={BAR: (1, 3)},
    )
    assert followed(one, {MILK: 5, BAR: 5}) == {}


def test_the_judgement_of_a_marked_visit_accuses_nobody_and_tells_the_price():
    one = ended(visit(moved(MILK, -2, 60.0), moved(BAR, 4, 60.0)), {MILK: 3, BAR: 9})
    found = judge(one, PRODUCTS, {MILK: 5, BAR: 5}, 115.0)
    assert found.unpaid == found.unannounced == {}
    assert (found.by, found.written_off, found.written_off_won) == ("owner", {MILK: 2}, 3000)
    assert found.kiosk_changes == {MILK: -2, BAR: 4}
    assert found.surplus == {BAR: 4}


def test_a_surplus_of_nobody_known_is_asked_about_but_not_an_overpayment():
    one = ended(
        visit(moved(MILK, 10, 60.0), moved(BAR, -1, 60.0), paid=[(BAR, 3)], marks=()),
        {MILK: 15, BAR: 4},
    )
    found = judge(one, PRODUCTS, {MILK: 5, BAR: 2}, 115.0)
    assert found.surplus == {MILK: 10, BAR: 2}
    assert found.kiosk_changes == {MILK: 10, BAR: 2}
    assert found.unannounced == {MILK: 10}


def test_an_announced_delivery_is_not_asked_about():
    one = ended(visit(moved(MILK, 10, 60.0), marks=()), {MILK: 15})
    assert judge(one, PRODUCTS, {MILK: 15}, 115.0).unannounced == {}


@given(
    st.lists(st.tuples(st.integers(-5, 8), st.sampled_from((10.0, 60.0))), max_size=6),
    st.integers(0, 6),
    st.sampled_from(((), LATE, ALWAYS)),
)
def test_units_are_conserved_whoever_moved_them(movements, paid, marks):
    """Books that agreed before the visit agree after it, the issue included."""
    one = visit(
        *(moved(MILK, units, at_s) for units, at_s in movements),
        paid=[(MILK, paid)] if paid else [],
        marks=marks,
    )
    shelf = 100 - one.net_taken[MILK]
    found = judge(ended(one, {MILK: shelf}), PRODUCTS, {MILK: 100 - paid}, 115.0)
    kiosk = 100 - paid + found.kiosk_changes.get(MILK, 0) - found.unpaid.get(MILK, 0)
    assert kiosk == shelf
    assert not (marks == ALWAYS and found.unpaid)


# ---- questions


def question(name="q", product=MILK, count=10, **more):
    return Question(name, product, count, "2026-11-20T13:20:00+00:00", count, **more)


def test_an_issue_takes_the_oldest_raise_out_first():
    before = (question("a", count=3), question("b", BAR), question("c"))
    after = accused(before, {MILK: 5})
    assert [one.left for one in after] == [0, 10, 8]


def test_an_answered_question_is_left_alone():
    before = (question(is_delivery=True, is_booked=True),)
    assert accused(before, {MILK: 5}) == before


@pytest.mark.parametrize(
    ("surplus", "declined", "raised", "stays"),
    [
        ({}, {}, {}, {}),
        ({MILK: 3}, {}, {MILK: 3}, {}),
        ({MILK: 3}, {MILK: 3}, {}, {MILK: 3}),
        ({MILK: 5}, {MILK: 3}, {MILK: 2}, {MILK: 3}),
        ({MILK: 1}, {MILK: 3}, {}, {MILK: 1}),
        ({}, {MILK: 3}, {}, {}),
    ],
)
def test_what_the_owner_declined_is_not_raised_again(surplus, declined, raised, stays):
    assert undeclined(surplus, declined) == (raised, stays)


def test_the_event_says_what_the_judgement_says():
    one = ended(visit(moved(MILK, -2, 60.0), moved(BAR, 4, 60.0)), {MILK: 3, BAR: 9})
    said = reconciled(one, judge(one, PRODUCTS, {MILK: 5, BAR: 5}, 115.0), 115.0)
    assert (said.t_s, said.visit_id, said.visit_ended_s) == (115.0, "v1", 100.0)
    assert (said.by, said.written_off, said.written_off_won) == ("owner", {MILK: 2}, 3000)
    assert (said.taken, said.surplus, said.unpaid) == ({MILK: 2}, {BAR: 4}, {})
