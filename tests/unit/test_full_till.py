"""A sale on a disk that is full for a moment: it waits for the reserve, and is booked once."""

import asyncio
import errno
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from storeguard.clock import LoopClock, SimLoop, run_simulated
from storeguard.domain.events import AmountPaid, SaleMade
from storeguard.domain.product import Product, SoldLine
from storeguard.errors import JournalFault
from storeguard.services.bus import Bus
from storeguard.services.selling import Desk

STARTED_AT = datetime(2026, 11, 20, tzinfo=UTC)


def fault(code: int) -> JournalFault:
    made = JournalFault("journal: refused")
    made.errno = code
    return made


class Disk:
    """Refuses that many writes."""

    def __init__(self, refusals: int, code: int = errno.ENOSPC) -> None:
        self.refusals, self._code = refusals, code

    def write(self) -> None:
        if self.refusals > 0:
            self.refusals -= 1
            raise fault(self._code)


class Book:
    """The key is kept before the file is written, as the journal's is before the CSV's."""

    def __init__(self, disk: Disk) -> None:
        self.products = (Product("초코바", 1200, 52.0),)
        self.counts = {"초코바": 5}
        self._disk, self._keys = disk, set[str]()

    async def add(self, changes: Any, *, why: str, key: str | None = None) -> bool:
        if key not in self._keys:
            self._keys.add(str(key))
            self.counts["초코바"] += changes["초코바"]
        self._disk.write()
        return True


class Record:
    def __init__(self, disk: Disk) -> None:
        self.known: dict[str, Any] = {}
        self._disk = disk

    def find(self, key: str) -> Any:
        return self.known.get(key)

    find_amount = find

    def record(self, key: str, lines: Sequence[SoldLine], off: Any, source: str) -> None:
        self._disk.write()
        self.known[key] = (lines, off)

    def record_amount(self, key: str, won: int, source: str) -> None:
        self._disk.write()
        self.known[key] = won


class Till:
    def __init__(self, loop: SimLoop, disk: Disk) -> None:
        self.book, self.told = Book(disk), list[Any]()
        self.clock, bus = LoopClock(loop, STARTED_AT), Bus()
        bus.subscribe(self.told.append)
        self.desk = Desk(
            self.book,  # type: ignore[arg-type]
            Record(disk),
            bus,
            self.clock,
            oversell="allow",
            language="ko",
        )


@pytest.mark.parametrize("refusals", [1, 2, 5])
def test_a_sale_that_finds_the_disk_full_is_booked_once_when_there_is_room(refusals: int) -> None:
    async def shop(loop: SimLoop) -> None:
        till = Till(loop, Disk(refusals))
        await till.desk.sell([("초코바", 2)], "sale-0001", "kiosk")
        assert till.book.counts == {"초코바": 3}
        assert [(e.product, e.count) for e in till.told if isinstance(e, SaleMade)] == [
            ("초코바", 2)
        ]

    run_simulated(shop)


def test_an_amount_waits_for_room_too() -> None:
    async def shop(loop: SimLoop) -> None:
        till = Till(loop, Disk(2))
        await till.desk.pay_amount(3000, "won-0001", "kiosk")
        assert [e.won for e in till.told if isinstance(e, AmountPaid)] == [3000]

    run_simulated(shop)


def test_a_disk_that_stays_full_is_told_and_the_same_key_is_booked_once_later() -> None:
    async def shop(loop: SimLoop) -> None:
        disk = Disk(1000)
        till = Till(loop, disk)
        with pytest.raises(JournalFault):
            await till.desk.sell([("초코바", 2)], "sale-0001", "kiosk")
        assert till.told == []
        disk.refusals = 0
        await till.desk.sell([("초코바", 2)], "sale-0001", "kiosk")
        assert till.book.counts == {"초코바": 3}

    run_simulated(shop)


def test_another_error_of_the_disk_is_told_at_once() -> None:
    async def shop(loop: SimLoop) -> None:
        till = Till(loop, Disk(1, errno.EIO))
        began_s = till.clock.now_s()
        with pytest.raises(JournalFault):
            await till.desk.sell([("초코바", 2)], "sale-0001", "kiosk")
        assert till.clock.now_s() == began_s

    run_simulated(shop)


def test_nobody_else_is_held_up_for_longer_than_a_few_seconds() -> None:
    async def shop(loop: SimLoop) -> None:
        till = Till(loop, Disk(1000))
        began_s = till.clock.now_s()
        asked = [till.desk.sell([("초코바", 1)], f"sale-000{n}", "kiosk") for n in range(2)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in found] == [JournalFault, JournalFault]
        assert till.clock.now_s() - began_s <= 8

    run_simulated(shop)
