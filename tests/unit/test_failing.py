"""A scale that fails while visits go on, and weighs again: from then on its steps are known."""

from dataclasses import replace

import pytest

from storeguard.domain.doubts import Doubt
from storeguard.domain.failing import mark_recovered, mark_unverified
from storeguard.domain.ledger import Ledger, Movement, SaleLine, Visit
from storeguard.domain.overdue import known_since_recovery, overdue

MILK, BAR = "바나나우유", "초코바"
PATIENCE_S = 100.0
FAILED = Doubt("failed", MILK, "A", 50.0)


def taken(t_s, units=1, product=MILK):
    return Movement(t_s, t_s + 2, "A", product, -units, -95.0 * units, 1.0)


def failed_and_recovered(*movements, **more):
    """The milk's scale was out from 50 to 70 s."""
    ledger = Ledger((Visit("v", 0.0, movements=movements, **more),))
    ledger = mark_unverified(ledger, [FAILED], 50.0)
    ledger = mark_recovered(ledger, (MILK, BAR), 70.0)
    return ledger.visits[0]


def late(visit):
    return {name: len(moved) for name, moved in overdue(visit, 500.0, PATIENCE_S).items()}


def test_only_what_has_failed_and_recovered_is_sound_again():
    assert failed_and_recovered().sound_since == {MILK: 70.0}


def test_the_visit_of_now_alone_is_sound_again():
    over = Visit("v1", 0.0, last_seen_s=55.0, emptied_s=60.0)
    ledger = Ledger((over, Visit("v2", 65.0)))
    ledger = mark_recovered(mark_unverified(ledger, [FAILED], 50.0), (MILK,), 70.0)
    assert [visit.sound_since for visit in ledger.visits] == [{}, {MILK: 70.0}]
    assert mark_recovered(Ledger((over,)), (MILK,), 70.0) == Ledger((over,))


def test_another_failure_ends_it():
    ledger = mark_unverified(Ledger((failed_and_recovered(),)), [FAILED], 90.0)
    assert ledger.visits[0].sound_since == {}


def test_the_failure_of_another_scale_does_not():
    bar = Doubt("failed", BAR, "B", 90.0)
    ledger = mark_unverified(Ledger((failed_and_recovered(),)), [bar], 90.0)
    assert ledger.visits[0].sound_since == {MILK: 70.0}


def test_what_was_taken_long_after_is_overdue():
    assert late(failed_and_recovered(taken(80))) == {MILK: 1}


def test_nothing_is_while_something_of_before_is_open():
    assert late(failed_and_recovered(taken(60), taken(80))) == {}
    assert late(failed_and_recovered(taken(30), taken(80))) == {}


def test_a_scale_that_is_still_out_tells_nothing():
    one = replace(failed_and_recovered(taken(80)), sound_since={})
    assert (late(one), known_since_recovery(one)) == ({}, {})


def test_in_the_end_only_of_such_scales_something_is_known_beside_the_judgement():
    one = failed_and_recovered(taken(80, 2), taken(80, 1, BAR))
    assert known_since_recovery(one) == {MILK: 2}


@pytest.mark.parametrize("paid", [SaleLine(90.0, "s", BAR, 1), SaleLine(90.0, "s", "", 0, 1500)])
def test_nor_is_it_where_a_payment_for_something_else_may_have_been_for_it(paid):
    assert known_since_recovery(failed_and_recovered(taken(80), sales=(paid,))) == {}
