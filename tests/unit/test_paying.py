"""An outside terminal: what it confirms is sold once; what fits no basket is kept as won."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from storeguard.clock import SystemClock
from storeguard.domain.events import AmountPaid, SaleMade
from storeguard.domain.product import Product
from storeguard.errors import SaleRefused
from storeguard.services.bus import Bus
from storeguard.services.paying import ASKED_AGAIN_S, KEPT_S, Terminal
from storeguard.services.selling import Desk

MILK, BAR = "바나나우유", "메로나"
BASKET = [(MILK, 2)]


class Book:
    name = "kiosk"
    products = (Product(MILK, 1500, 265.0), Product(BAR, 800, 80.0))

    def __init__(self) -> None:
        self.counts = {MILK: 9, BAR: 9}

    async def add(self, changes: Any, *, why: str, key: str | None = None) -> bool:
        self.counts = {name: n + changes.get(name, 0) for name, n in self.counts.items()}
        return True


class Record(dict[str, Any]):
    def find_amount(self, key: str) -> int | None:
        found = self.get(f"won {key}")
        return None if found is None else int(found)

    def record_amount(self, key: str, won: int, source: str) -> None:
        self[f"won {key}"] = won

    def find(self, key: str) -> Any:
        return self.get(key)

    def record(self, key: str, lines: Any, off: Any, source: str) -> None:
        self[key] = (lines, off)


class SetClock(SystemClock):
    t_s = 0.0

    def now_s(self) -> float:
        return self.t_s


class Shop:
    def __init__(self) -> None:
        self.clock, self.bus = SetClock(), Bus()
        self.sold: list[tuple[str, int]] = []
        self.amounts: list[int] = []
        self.bus.subscribe(self._note)
        self.book = Book()
        self.desk = Desk(
            self.book,  # type: ignore[arg-type]
            Record(),
            self.bus,
            self.clock,
            oversell="refuse",
            language="ko",
        )
        self.terminal = Terminal(self.desk, self.clock, language="ko")

    def _note(self, event: Any) -> None:
        if isinstance(event, SaleMade):
            self.sold.append((event.product, event.count))
        elif isinstance(event, AmountPaid):
            self.amounts.append(event.won)


def in_shop(act: Callable[[Shop], Awaitable[None]]) -> None:
    async def run() -> None:
        await act(Shop())

    asyncio.run(run())


def test_a_confirmed_basket_is_sold_once_however_often_it_is_confirmed():
    async def act(shop: Shop) -> None:
        assert await shop.terminal.ask(BASKET, "key-0001", 3000) == 3000
        receipts = await asyncio.gather(
            *(shop.terminal.confirm("key-0001", 3000) for _ in range(5))
        )
        assert [one.sale_id for one in receipts] == ["key-0001"] * 5
        assert (shop.sold, shop.amounts, shop.terminal.open) == ([(MILK, 2)], [], ())
        sold = await shop.terminal.ask(BASKET, "key-0001", 3000)
        assert not isinstance(sold, int)
        assert sold.is_repeated

    in_shop(act)


@pytest.mark.parametrize("won", [1500, 3001])
def test_another_amount_than_the_basket_costs_is_kept_as_an_amount(won: int):
    async def act(shop: Shop) -> None:
        await shop.terminal.ask(BASKET, "key-0001", None)
        await shop.terminal.confirm("key-0001", won)
        assert (shop.sold, shop.amounts) == ([], [won])

    in_shop(act)


def test_a_basket_that_is_sold_out_by_now_has_its_money_kept():
    async def act(shop: Shop) -> None:
        await shop.terminal.ask(BASKET, "key-0001", None)
        shop.book.counts[MILK] = 1
        await shop.terminal.confirm("key-0001", 3000)
        assert (shop.sold, shop.amounts, shop.terminal.open) == ([], [3000], ())

    in_shop(act)


def test_a_transfer_pays_the_one_basket_that_costs_so_much_and_only_once():
    async def act(shop: Shop) -> None:
        await shop.terminal.ask(BASKET, "key-0001", None)
        for is_repeated in (False, True):
            received = await shop.terminal.receive(3000, "transfer-1", "api")
            assert received.is_repeated is is_repeated
        assert (shop.sold, shop.amounts) == ([(MILK, 2)], [])
        await shop.terminal.receive(3000, "transfer-2", "api")
        assert shop.amounts == [3000], "no basket waits: the visit's ledger finds what it paid"

    in_shop(act)


def test_a_transfer_that_fits_two_baskets_is_left_to_the_visits_ledger():
    async def act(shop: Shop) -> None:
        for key in ("key-0001", "key-0002"):
            await shop.terminal.ask(BASKET, key, None)
        await shop.terminal.receive(3000, "transfer-1", "api")
        assert (shop.sold, shop.amounts) == ([], [3000])

    in_shop(act)


def test_a_kiosk_that_fell_silent_waits_for_nobody_but_its_key_still_sells():
    async def act(shop: Shop) -> None:
        await shop.terminal.ask(BASKET, "key-0001", None)
        shop.clock.t_s += ASKED_AGAIN_S + 1
        assert shop.terminal.open == ()
        await shop.terminal.receive(3000, "transfer-1", "api")
        await shop.terminal.confirm("key-0001", 3000)
        assert (shop.sold, shop.amounts) == ([(MILK, 2)], [3000])
        await shop.terminal.ask(BASKET, "key-0002", None)
        shop.clock.t_s += KEPT_S + 1
        assert shop.terminal.open == ()
        await shop.terminal.confirm("key-0002", 3000)
        assert shop.amounts == [3000, 3000]

    in_shop(act)


def test_a_declined_payment_is_told_once_and_may_be_tried_again():
    async def act(shop: Shop) -> None:
        assert not shop.terminal.drop("key-0001")
        await shop.terminal.ask(BASKET, "key-0001", None)
        assert shop.terminal.drop("key-0001", is_declined=True)
        with pytest.raises(SaleRefused, match="단말기에서"):
            await shop.terminal.ask(BASKET, "key-0001", None)
        assert await shop.terminal.ask(BASKET, "key-0001", None) == 3000
        with pytest.raises(SaleRefused, match="바뀌었습니다"):
            await shop.terminal.ask(BASKET, "key-0003", 1)

    in_shop(act)
