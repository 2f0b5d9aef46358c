"""A month of the access log: odd things first, and whether anybody has gone through it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from storeguard.domain.reviewing import REVIEWED, Look, is_owed, month_before, oddities, review

OWNERS = ("owner",)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SEEN = Look(NOON, "owner", "view", "issue-7")


@pytest.mark.parametrize(
    ("look", "odd"),
    [
        (SEEN, ()),
        (replace(SEEN, is_whole=False, what="export_plain"), ("broken",)),
        (replace(SEEN, what="export_plain"), ("plain",)),
        (replace(SEEN, what="login_refused", who="?"), ("refused",)),
        (replace(SEEN, who="minji"), ("other",)),
        (replace(SEEN, what="export"), ("export",)),
        (replace(SEEN, what="viewing_export"), ("export",)),
        (replace(SEEN, what="delete"), ("removal",)),
        (replace(SEEN, at=NOON.replace(hour=23)), ("night",)),
        (replace(SEEN, at=NOON.replace(hour=5, minute=59)), ("night",)),
        (replace(SEEN, at=NOON.replace(hour=6)), ()),
        (replace(SEEN, what="confirm", at=NOON.replace(hour=2)), ()),
    ],
)
def test_what_a_review_would_ask_about(look, odd):
    assert oddities(look, OWNERS) == odd


def test_a_month_has_its_own_lines_odd_ones_first_and_who_went_through_it():
    export = replace(SEEN, what="export", at=NOON.replace(day=3))
    foreign = replace(SEEN, who="minji", at=NOON.replace(day=25))
    other_month = replace(SEEN, at=datetime(2026, 10, 31, 12, tzinfo=UTC))
    other_review = Look(NOON, "owner", REVIEWED, "2026-10")
    done = Look(datetime(2026, 12, 2, 9, tzinfo=UTC), "owner", REVIEWED, "2026-11")
    looks = (other_month, export, SEEN, SEEN, other_review, foreign, done)
    month = review("2026-11", looks, OWNERS)
    assert month.looks == (foreign, other_review, SEEN, SEEN, export)
    assert month.odd == (("other", foreign), ("export", export))
    assert month.done == (
        ("minji", "view", 1),
        ("owner", "view", 2),
        ("owner", "export", 1),
        ("owner", REVIEWED, 1),
    )
    assert month.reviewed == done
    assert review("2026-11", looks[:-1], OWNERS).reviewed is None


@pytest.mark.parametrize(
    ("label", "before"), [("2026-11", "2026-10"), ("2026-10", "2026-09"), ("2026-01", "2025-12")]
)
def test_the_month_before(label, before):
    assert month_before(label) == before


@pytest.mark.parametrize(
    ("logged", "reviewed", "owed"),
    [
        ({"2026-10"}, set(), "2026-10"),
        ({"2026-10"}, {"2026-10"}, None),
        ({"2026-09", "2026-11"}, set(), None),
    ],
)
def test_the_last_month_is_owed_where_it_has_anything(logged, reviewed, owed):
    assert is_owed(NOON, logged, reviewed) == owed
