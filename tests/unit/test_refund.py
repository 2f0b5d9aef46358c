"""A sale that is taken back: once, as a whole, and its goods are in the kiosk book again."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from storeguard.clock import SystemClock
from storeguard.domain.events import SaleMade
from storeguard.domain.product import Product, SoldLine
from storeguard.errors import SaleRefused
from storeguard.services.bus import Bus
from storeguard.services.selling import Desk


class Book:
    name = "kiosk"

    def __init__(self) -> None:
        self.products = (Product("바나나우유", 1500, 265.0), Product("초코바", 1200, 52.0))
        self.counts = {"바나나우유": 5, "초코바": 5}
        self.keys: set[str] = set()

    async def add(self, changes: Any, *, why: str, key: str | None = None) -> bool:
        if key in self.keys:
            return False
        self.keys.add(str(key))
        for name, count in changes.items():
            self.counts[name] += count
        return True


class Record:
    def __init__(self) -> None:
        self.known: dict[str, Any] = {}

    def find(self, key: str) -> Any:
        return self.known.get(key)

    def record(self, key: str, lines: Sequence[SoldLine], off: Any, source: str) -> None:
        self.known[key] = (lines, off)


def test_a_refund_gives_the_goods_back_once_and_only_of_a_real_sale():
    async def shop() -> None:
        book, bus, told = Book(), Bus(), []
        bus.subscribe(told.append)
        desk = Desk(book, Record(), bus, SystemClock(), oversell="allow", language="ko")  # type: ignore[arg-type]
        await desk.sell([("바나나우유", 2), ("초코바", 1)], "sale-0001", "api")
        first = await desk.refund("sale-0001", "api")
        again = await desk.refund("sale-0001", "api")
        assert book.counts == {"바나나우유": 5, "초코바": 5}
        assert (first.total_won, first.is_repeated) == (-4200, False)
        assert (again.total_won, again.is_repeated) == (-4200, True)
        counts = [event.count for event in told if isinstance(event, SaleMade)]
        assert counts == [2, 1, -2, -1]
        for unknown in ("sale-0002", first.sale_id):
            with pytest.raises(SaleRefused, match="그런 결제가 없습니다"):
                await desk.refund(unknown, "api")

    asyncio.run(shop())
