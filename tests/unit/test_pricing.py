"""What a basket costs under promotions: never more than its sum, and each unit counts once."""

import asyncio
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.clock import SystemClock
from storeguard.domain.events import SaleMade
from storeguard.domain.ledger import Movement, SaleLine, Visit
from storeguard.domain.pricing import Discount, FreeUnit, discounts, on_the_board, still_free
from storeguard.domain.product import Product
from storeguard.domain.promotions import Bonus, Bundle, Package, Period
from storeguard.domain.reconcile import judge
from storeguard.errors import SaleRefused
from storeguard.services.bus import Bus
from storeguard.services.selling import Desk

MILK, BAR, CONE = "바나나우유", "메로나", "부라보콘"
PRICES = {MILK: 1500, BAR: 800, CONE: 2000}
ONE_AND_ONE = Bonus("우유 1+1", (MILK,), 1, 1)
TWO_AND_ONE = Bonus("아이스 2+1", (BAR, CONE), 2, 1)
TEN = Bundle("아이스 10개", (BAR, CONE), 10, 7000)
SET = Package("간식 세트", ((MILK, 1), (BAR, 2)), 2500)


@pytest.mark.parametrize(
    ("basket", "promotions", "off"),
    [
        ({MILK: 1}, [ONE_AND_ONE], {}),
        ({MILK: 2}, [ONE_AND_ONE], {"우유 1+1": 1500}),
        ({MILK: 5}, [ONE_AND_ONE], {"우유 1+1": 3000}),
        ({BAR: 2, CONE: 1}, [TWO_AND_ONE], {"아이스 2+1": 800}),
        ({BAR: 3, CONE: 3}, [TWO_AND_ONE], {"아이스 2+1": 2800}),  # the dearest go together
        ({BAR: 10}, [TEN], {"아이스 10개": 1000}),
        ({BAR: 8, CONE: 2}, [TEN], {"아이스 10개": 3400}),
        ({BAR: 9}, [TEN], {}),
        ({MILK: 2, BAR: 4}, [SET], {"간식 세트": 1200}),
        ({MILK: 1, BAR: 1}, [SET], {}),
        ({MILK: 2, BAR: 2}, [SET, ONE_AND_ONE], {"우유 1+1": 1500}),  # the bigger saving
        ({MILK: 1}, [TWO_AND_ONE], {}),
        ({BAR: 10}, [Bundle("값 없음", (BAR,), 10)], {}),
        ({MILK: 1, BAR: 2}, [Package("비싼 세트", ((MILK, 1), (BAR, 2)), 9000)], {}),
    ],
)
def test_the_promotion_that_saves_the_most_is_taken(basket, promotions, off):
    assert {one.name: one.won for one in discounts(basket, PRICES, promotions)} == off


def test_what_is_still_free_is_said():
    applied = discounts({MILK: 3}, PRICES, [ONE_AND_ONE, SET])
    assert applied == (Discount("우유 1+1", 1500, {MILK: 2}),)
    assert still_free({MILK: 3}, applied, [ONE_AND_ONE, SET]) == (FreeUnit("우유 1+1", (MILK,), 1),)
    assert still_free({MILK: 2}, discounts({MILK: 2}, PRICES, [ONE_AND_ONE]), [ONE_AND_ONE]) == ()


def test_a_set_is_offered_on_its_days_only():
    day = date(2026, 11, 20)
    ended = Bundle("지난 묶음", (BAR,), 3, 2000, Period(None, date(2026, 11, 19)))
    assert on_the_board([ended, ONE_AND_ONE], day) == (ONE_AND_ONE,)


@given(
    st.dictionaries(st.sampled_from([MILK, BAR, CONE]), st.integers(1, 99)),
    st.lists(st.sampled_from([ONE_AND_ONE, TWO_AND_ONE, TEN, SET]), unique=True),
)
def test_no_unit_counts_twice_and_nobody_pays_less_than_nothing(basket, promotions):
    found = discounts(basket, PRICES, promotions)
    used = sum((Counter(one.units) for one in found), Counter())
    assert all(used[product] <= basket[product] for product in used)
    assert all(one.won > 0 for one in found)
    assert sum(one.won for one in found) <= sum(PRICES[p] * n for p, n in basket.items())


@pytest.mark.parametrize(("promoted", "missing"), [(2, {MILK: 2}), (0, {})])
def test_who_was_given_the_free_unit_at_the_kiosk_may_take_no_other(promoted, missing):
    gone = Movement(12.0, 14.0, "A", MILK, -4, -1060.0, 1.0)
    paid = SaleLine(20.0, "s1", MILK, 2, promoted=promoted)
    visit = Visit(
        "v1",
        10.0,
        last_seen_s=30.0,
        emptied_s=35.0,
        movements=(gone,),
        sales=(paid,),
        shelf={MILK: 1},
        promotions=(ONE_AND_ONE,),
    )
    assert judge(visit, (Product(MILK, 1500, 265.0),), {MILK: 3}, 60.0).unpaid == missing


class Book:
    name = "kiosk"
    products = (Product(MILK, 1500, 265.0), Product(BAR, 800, 80.0))

    def __init__(self) -> None:
        self.counts = {MILK: 9, BAR: 9}

    async def add(self, changes: Any, *, why: str, key: str | None = None) -> bool:
        self.counts = {name: n + changes.get(name, 0) for name, n in self.counts.items()}
        return True


class Record(dict[str, Any]):
    def find(self, key: str) -> Any:
        return self.get(key)

    def record(self, key: str, lines: Any, off: Any, source: str) -> None:
        self[key] = (lines, off)


@pytest.fixture
def desk() -> tuple[Desk, list[Any]]:
    bus, told = Bus(), []
    bus.subscribe(told.append)
    promotions = (ONE_AND_ONE,)
    return (
        Desk(
            Book(),  # type: ignore[arg-type]
            Record(),
            bus,
            SystemClock(),
            oversell="allow",
            language="ko",
            promotions=lambda: promotions,
        ),
        told,
    )


def test_the_desk_asks_what_it_has_quoted_and_takes_back_what_was_paid(desk):
    till, told = desk
    basket = [(MILK, 3), (BAR, 1)]
    quoted = till.quote(basket)
    assert (quoted.total_won, quoted.free) == (3800, (FreeUnit("우유 1+1", (MILK,), 1),))

    async def pay() -> None:
        sold = await till.sell(basket, "sale-0001", "kiosk", shown_won=3800)
        again = await till.sell(basket, "sale-0001", "kiosk", shown_won=1)
        assert (sold.total_won, again.total_won, again.is_repeated) == (3800, 3800, True)
        assert (await till.refund("sale-0001", "api")).total_won == -3800

    asyncio.run(pay())
    promoted = [(e.product, e.count, e.promoted) for e in told if isinstance(e, SaleMade)]
    assert promoted[:2] == [(MILK, 3, 2), (BAR, 1, 0)]


def test_another_total_than_the_customer_saw_is_not_sold(desk):
    till, told = desk
    with pytest.raises(SaleRefused, match=r"3,000원에서 1,500원으로"):
        asyncio.run(till.sell([(MILK, 2)], "sale-0001", "kiosk", shown_won=3000))
    assert told == []
