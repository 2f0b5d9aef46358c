"""Rule 14: one notice an issue, repeats grouped by a cool-down, the rest in a daily digest."""

from datetime import UTC, date, datetime

import pytest

from storeguard.domain.notice import (
    COOL_DOWN_S,
    MOST_A_DAY,
    Stake,
    Telling,
    Threshold,
    Told,
    Waiting,
    due,
    tell,
    telling_of,
)

TODAY, TOMORROW = date(2026, 11, 20), date(2026, 11, 21)
MILK, CHOC = ("바나나우유", "A"), ("초코바", "B")
EVENING = datetime(2026, 11, 20, 22, 21, tzinfo=UTC)


def told_of(*places, at_s=0.0, times=1):
    told = Told()
    for _ in range(times):
        told = tell(told, places, at_s, TODAY)
    return told


@pytest.mark.parametrize(
    ("places", "now_s", "expected"),
    [
        ((), 1.0, Telling.OWN),
        ((MILK,), 1.0, Telling.COOL_DOWN),
        ((MILK,), COOL_DOWN_S - 0.1, Telling.COOL_DOWN),
        ((MILK,), COOL_DOWN_S, Telling.OWN),
        ((CHOC,), 1.0, Telling.OWN),
        ((MILK, CHOC), 1.0, Telling.OWN),
        ((("바나나우유", "B"),), 1.0, Telling.OWN),
    ],
)
def test_only_the_same_product_on_the_same_scale_is_a_repeat(places, now_s, expected):
    assert telling_of(told_of(MILK), places, now_s, TODAY) is expected


def test_the_first_issue_has_a_message_of_its_own():
    assert telling_of(Told(), (MILK,), 0.0, TODAY) is Telling.OWN


def test_the_rest_of_a_full_day_waits_and_the_next_day_starts_anew():
    full = told_of(CHOC, times=MOST_A_DAY)
    assert telling_of(full, (MILK,), 9999.0, TODAY) is Telling.DAILY_DIGEST
    assert telling_of(full, (MILK,), 9999.0, TOMORROW) is Telling.OWN
    assert tell(full, (MILK,), 9999.0, TOMORROW).count == 1


def test_what_has_cooled_down_is_forgotten():
    told = tell(told_of(MILK), (CHOC,), COOL_DOWN_S, TODAY)
    assert told.at_s == {CHOC: COOL_DOWN_S}
    assert told.count == 2


def waiting(issue_id, telling=Telling.COOL_DOWN, *places, day=TODAY):
    return Waiting(issue_id, telling, frozenset(places or (MILK,)), day)


def test_repeats_are_told_together_once_their_place_has_cooled_down():
    repeats = (waiting("1"), waiting("2"))
    assert due(repeats, told_of(MILK), COOL_DOWN_S - 1, EVENING) == ()
    assert due(repeats, told_of(MILK), COOL_DOWN_S, EVENING) == (repeats,)


def test_a_repeat_of_two_products_waits_for_both():
    told = tell(told_of(MILK), (CHOC,), 60.0, TODAY)
    both = waiting("1", Telling.COOL_DOWN, MILK, CHOC)
    assert due((both,), told, COOL_DOWN_S, EVENING) == ()
    assert due((both,), told, COOL_DOWN_S + 60, EVENING) == ((both,),)


def test_on_a_full_day_repeats_wait_for_the_morning_too():
    full = told_of(CHOC, times=MOST_A_DAY)
    rest = (waiting("1"), waiting("2", Telling.DAILY_DIGEST))
    assert due(rest, full, 9999.0, EVENING) == ()
    assert due(rest, full, 9999.0, datetime(2026, 11, 21, 9, tzinfo=UTC)) == (rest,)


def test_the_daily_digest_comes_in_the_morning_not_at_midnight():
    rest = waiting("1", Telling.DAILY_DIGEST)
    full = told_of(CHOC, times=MOST_A_DAY)
    assert due((rest,), full, 9999.0, datetime(2026, 11, 21, 8, 59, tzinfo=UTC)) == ()
    assert due((rest,), full, 9999.0, datetime(2026, 11, 21, 9, tzinfo=UTC)) == ((rest,),)


def test_after_a_restart_nothing_cools_down_and_repeats_are_told_at_once():
    repeat = waiting("1")
    assert due((repeat,), Told(), 0.0, EVENING) == ((repeat,),)


def test_nothing_waits_nothing_is_due():
    assert due((), Told(), 0.0, EVENING) == ()


@pytest.mark.parametrize(
    ("stakes", "is_below"),
    [
        ([], False),  # an adopted folder: nobody has weighed it
        ([Stake(3000, 0.9)], False),
        ([Stake(2999, 0.9)], True),
        ([Stake(1500, 0.9), Stake(1500, 0.5)], False),
        ([Stake(1500, 0.9), Stake(9000, 0.49)], True),  # what is not sure counts for nothing
        ([Stake(9000, 0.49)], True),
    ],
)
def test_an_issue_below_the_owners_threshold_is_not_worth_a_message(stakes, is_below):
    assert Threshold(min_won=3000, min_certainty=0.5).is_below(stakes) is is_below


def test_without_a_threshold_in_won_goods_without_a_price_are_told_too():
    assert not Threshold().is_below([Stake(0, 0.9)])
    assert Threshold().is_below([Stake(0, 0.4)])


def test_what_is_below_the_threshold_is_told_next_morning():
    waiting = Waiting("1", Telling.BELOW_THRESHOLD, frozenset({MILK}), TODAY)
    assert due([waiting], Told(), 1e6, EVENING) == ()
    morning = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert due([waiting], Told(), 1e6, morning) == ((waiting,),)


def test_what_happened_in_quiet_hours_is_told_as_soon_as_it_is_asked_for():
    """The service does not ask while they last."""
    one = waiting("1", Telling.QUIET_HOURS)
    assert due([one], told_of(MILK), 0.0, EVENING) == ((one,),)
