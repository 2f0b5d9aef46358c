"""Who owes what in the order of time, where goods were brought in the same visit."""

import pytest

from storeguard.domain.arriving import RESTS_FOR_S
from storeguard.domain.balance import PREPAID_FOR_S, Balance, balance
from storeguard.domain.movement import Movement

SOON_S = 20.0
LATE_S = 10.0 + RESTS_FOR_S + PREPAID_FOR_S


def moved(t_s, units):
    return Movement(t_s, t_s + 2.5, "A", "바나나우유", units, units * 95.0, 0.99, False, 0.5)


BROUGHT = (moved(10, 4), moved(14, 2))


@pytest.mark.parametrize(
    ("movements", "sales", "expected"),
    [
        # What came and went, of goods that stay, owes nothing and is paid all the same.
        ([*BROUGHT, moved(SOON_S, -2)], [], Balance()),
        ([*BROUGHT, moved(SOON_S, -2)], [(30, 2)], Balance()),
        ([*BROUGHT, moved(SOON_S, -2)], [(30, 3)], Balance(overpaid=1)),
        ([*BROUGHT, moved(SOON_S, -2), moved(LATE_S, -2)], [(30, 2)], Balance(unpaid=2)),
        # Other goods that were taken soon after the payment may be what it was for.
        (
            [*BROUGHT, moved(SOON_S, -2), moved(LATE_S, -3)],
            [(LATE_S - PREPAID_FOR_S, 2)],
            Balance(unpaid=1),
        ),
        # A debt comes first.
        ([moved(5, -1), *BROUGHT, moved(SOON_S, -2)], [(30, 2)], Balance()),
        # A bag that weighs like goods pays for nothing, and nothing is paid for it.
        ([moved(10, 2), moved(SOON_S, -2)], [(30, 1)], Balance(overpaid=1)),
    ],
)
def test_a_payment_for_fresh_goods_pays_for_no_others(movements, sales, expected):
    assert balance(movements, sales) == expected
