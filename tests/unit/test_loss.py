"""What missing goods cost: by issue and by day, without what was paid or put back after all."""

from datetime import date

import pytest

from storeguard.domain import loss

MILK, BAR = "바나나우유", "메로나"
LINES = (
    {"product": MILK, "missing": 2, "loss": 3000},
    {"product": BAR, "missing": 3, "loss": 3600},
)


def paid(product, count, sale_id="late"):
    return {"product": product, "count": count, "sale_id": sale_id}


def back(product, count):
    return paid(product, count, loss.TAKEN_BACK)


@pytest.mark.parametrize(
    ("amendments", "won"),
    [
        ([], 6600),
        ([paid(MILK, 1)], 5100),
        ([paid(MILK, 1), paid(MILK, 1), paid(BAR, 3)], 0),
        ([paid(MILK, 9)], 3600),  # more than was missing pays for nothing else
        ([back(MILK, 2), back(BAR, 2)], 1200),  # a provisional issue, confirmed in part
        ([back(MILK, 2), back(BAR, 1), paid(BAR, 1)], 1200),
        ([back(MILK, 2), back(BAR, 3)], 0),  # withdrawn
    ],
)
def test_an_issue_costs_what_is_still_not_paid(amendments, won):
    assert loss.left_won(LINES, amendments) == won
    assert sum(line["loss"] for line in loss.left(LINES, amendments)) == won


def test_what_is_left_is_said_line_by_line():
    [line] = loss.left(LINES, [paid(MILK, 2), paid(BAR, 1)])
    assert line == {"product": BAR, "missing": 2, "loss": 2400}


def test_an_old_journals_line_has_no_won():
    assert loss.left_won([{"product": MILK, "missing": 1}], []) == 0


def test_what_is_not_confirmed_is_taken_back():
    assert loss.taken_back(LINES, {MILK: 2, BAR: 1}) == (back(BAR, 2),)
    assert loss.taken_back(LINES, {}) == (back(MILK, 2), back(BAR, 3))
    assert loss.taken_back(LINES, {MILK: 2, BAR: 3}) == ()
    assert loss.of_units(LINES, {BAR: 1}) == [{"product": BAR, "missing": 1, "loss": 1200}]


@pytest.mark.parametrize(
    ("amendments", "is_provisional", "is_settled", "stand"),
    [
        ([], False, False, "open"),
        ([paid(MILK, 2), paid(BAR, 2)], False, False, "open"),
        ([paid(MILK, 2), paid(BAR, 3)], False, False, "paid"),
        ([], True, False, "checking"),
        ([], True, True, "settled"),
        ([back(MILK, 2)], True, True, "settled"),  # put back in part, and nothing was paid
        ([back(MILK, 2), back(BAR, 3)], True, True, "withdrawn"),
        ([back(MILK, 2), back(BAR, 3)], False, False, "withdrawn"),  # its folder has gone
        ([back(MILK, 2), paid(BAR, 3)], True, True, "paid"),
    ],
)
def test_how_an_issue_stands(amendments, is_provisional, is_settled, stand):
    found = loss.stand_of(LINES, amendments, is_provisional=is_provisional, is_settled=is_settled)
    assert found == stand


def test_the_losses_of_a_day_are_summed():
    friday, saturday = date(2026, 11, 20), date(2026, 11, 21)
    assert loss.by_day([(saturday, 500), (friday, 1500), (saturday, 700)]) == {
        friday: 1500,
        saturday: 1200,
    }
    assert loss.by_day([]) == {}


def test_what_a_promotion_explains_is_withdrawn_until_the_owner_says_that_it_is_none():
    lines, name = [{"product": MILK, "missing": 1, "loss": 1500}], f"{MILK} 1+1"
    explained, undone = (
        paid(MILK, count, f"{mark}{name}")
        for count, mark in ((1, loss.BY_PROMOTION), (-1, loss.NO_PROMOTION))
    )
    assert (loss.left_won(lines, [explained]), loss.stand_of(lines, [explained])) == (
        0,
        "withdrawn",
    )
    both = [explained, undone]
    assert loss.late(both) == ()
    assert (loss.left_won(lines, both), loss.stand_of(lines, both)) == (1500, "open")
