"""Whose step it was: shares of a product that an earlier visit left unclear."""

from dataclasses import replace

from storeguard.domain.answers import Count
from storeguard.domain.events import StockChanged
from storeguard.services.visitshare import VisitShare

MILK, BAR = "바나나우유", "초코바"


def step(before, after, at_s=10.0):
    return StockChanged(at_s, MILK, "A", before, after, certain=False, started_s=at_s)


def moved(units, low=None):
    is_certain = low is None
    return Count(units, 1.0 if is_certain else 0.8, units if is_certain else low, units, is_certain)


def doubted():
    return VisitShare(5.0, doubted=frozenset({MILK}))


def test_a_step_of_a_product_that_was_clear_is_the_visits():
    share = VisitShare(5.0)
    assert share.book(step(6, 4), None).moved == -2
    assert share.booked[MILK] == -2


def test_of_a_doubted_product_what_has_moved_since_the_visit_began_is_its_own():
    """The step says too that an earlier visit took one more than was believed."""
    assert doubted().book(step(6, 3), moved(-2)).moved == -2


def test_a_share_that_is_open_is_withheld_and_told_once_it_is_known():
    share = doubted()
    told = share.book(step(6, 4), moved(-2, low=-3))
    assert told.moved is None
    assert set(share.withheld) == {MILK}
    assert share.caught_up({MILK: moved(-2, low=-3)}) == []
    assert share.caught_up({}) == []
    assert share.caught_up({MILK: moved(-2)}) == [(told, -2)]
    assert share.caught_up({MILK: moved(-2)}) == []
    assert share.book(step(4, 3, 20.0), moved(-3)).moved == -1


def test_a_step_that_turns_out_to_be_an_earlier_visits_is_nobodys_now():
    share = doubted()
    share.book(step(6, 5), moved(-1, low=-1))
    assert share.caught_up({MILK: moved(0)}) == []
    assert share.withheld == {}


def test_the_next_step_with_a_known_share_carries_what_was_withheld():
    share = doubted()
    share.book(step(6, 4), moved(-2, low=-3))
    assert share.book(step(4, 3, 20.0), moved(-3)).moved == -3
    assert share.withheld == {}


def test_a_change_that_corrects_what_lay_there_before_makes_a_product_doubted():
    share = VisitShare(5.0)
    share.doubt({MILK: -2}, {MILK: -2})
    assert share.doubted == frozenset()
    share.doubt({MILK: -2}, {MILK: -1})
    assert share.doubted == {MILK}


def test_what_has_moved_though_no_book_changed_is_unsaid():
    """The milk was believed to have left with an earlier visit, and the bar with this one."""
    share = VisitShare(5.0)
    share.book(replace(step(6, 5), product=BAR), None)
    moves = {BAR: moved(0), MILK: moved(-1)}
    assert share.unsaid(moves, ()) == []
    share.doubt({}, {BAR: 0, MILK: -1})
    assert share.unsaid(moves, ()) == [MILK, BAR]
    assert share.unsaid(moves, {BAR}) == [MILK]
    share.withheld[MILK] = step(6, 6)
    assert share.unsaid(moves, {BAR}) == []
    assert share.caught_up(moves) == [(step(6, 6), -1)]
