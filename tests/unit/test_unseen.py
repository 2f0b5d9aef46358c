"""A sale with nobody seen: only where the store was seen empty, without a break or a doubt."""

from dataclasses import replace

import pytest

from storeguard.domain.events import SaleMade
from storeguard.domain.occupancy import Presence
from storeguard.domain.unseen import LEAST_S, VERDICT_S, Seen, Waiting, waiting, was_empty

EMPTY = Seen(Presence.EMPTY, since_s=0.0, doubted_s=None, has_sight=True)
SALE = SaleMade(100.0, "sale-1", "우유", 1, source="kiosk")


@pytest.mark.parametrize(
    ("seen", "is_empty"),
    [
        (EMPTY, True),
        (replace(EMPTY, has_sight=False), False),
        (replace(EMPTY, presence=Presence.OCCUPIED), False),
        (replace(EMPTY, presence=Presence.UNKNOWN), False),
        (replace(EMPTY, since_s=None), False),
        (replace(EMPTY, since_s=50.0), True),
        (replace(EMPTY, since_s=50.1), False),
        (replace(EMPTY, doubted_s=49.9), True),
        (replace(EMPTY, doubted_s=50.0), False),
    ],
)
def test_empty_is_seen_and_without_a_doubt(seen, is_empty):
    assert was_empty(seen, 50.0) == is_empty


def test_the_sale_waits_for_what_the_grace_after_it_shows():
    expected = Waiting("sale-1", 70.0, 130.0 + VERDICT_S)
    assert waiting(SALE, 100.0, EMPTY, 30.0) == expected


def test_without_a_grace_somebody_may_still_be_slow():
    one = waiting(SALE, 100.0, EMPTY, 0.0)
    assert one is not None
    assert one.from_s == 100.0 - LEAST_S


@pytest.mark.parametrize(
    ("sale", "now_s", "seen"),
    [
        (replace(SALE, source="pos"), 100.0, EMPTY),
        (replace(SALE, count=-1), 100.0, EMPTY),
        (SALE, 100.1 + VERDICT_S, EMPTY),
        (SALE, 100.0, replace(EMPTY, since_s=90.0)),
    ],
)
def test_whoever_may_have_made_it_is_not_looked_for(sale, now_s, seen):
    assert waiting(sale, now_s, seen, 30.0) is None
