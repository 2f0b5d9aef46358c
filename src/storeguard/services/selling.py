"""The desk: the only writer of the kiosk book's sales, for the page, the command and replay."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from storeguard.clock import Clock
from storeguard.domain.events import AmountPaid, SaleMade
from storeguard.domain.pricing import Discount, FreeUnit, discounts, still_free
from storeguard.domain.product import SoldLine
from storeguard.domain.promotions import Promotion
from storeguard.errors import FaultCode, SaleRefused, code_of
from storeguard.messages import text
from storeguard.ports import Book
from storeguard.services.bus import Bus

MOST_A_LINE = 99
MOST_WON = 10_000_000
BASKET_FORGOTTEN_S = 60.0
"""The kiosk repeats that a basket is open; one that falls silent has lost its power."""

ROOM_TRIES, ROOM_EVERY_S = 6, 0.5
"""A disk that is full has room again within a second or two: the cleaner gives its reserve back."""

log = logging.getLogger("storeguard")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sold:
    """One paid basket. `is_repeated`: its key had been paid before, nothing was sold now."""

    sale_id: str
    lines: tuple[SoldLine, ...]
    discounts: tuple[Discount, ...] = ()
    is_repeated: bool = False

    @property
    def total_won(self) -> int:
        return total_won(self.lines, self.discounts)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a basket would cost now, and what may be added without paying more."""

    discounts: tuple[Discount, ...]
    total_won: int
    free: tuple[FreeUnit, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """Won that was paid without naming a product; `is_repeated` as in Sold."""

    sale_id: str
    won: int
    is_repeated: bool = False


REFUND = "refund-"
"""Before the id of the sale that is taken back."""


class SaleRecord(Protocol):
    """Where sales are remembered (the journal). Blocks."""

    def find(self, key: str) -> tuple[Sequence[SoldLine], Sequence[Discount]] | None:
        """The sale with this key, None when there is none; its discounts without their units."""

    def record(
        self, key: str, lines: Sequence[SoldLine], off: Sequence[Discount], source: str
    ) -> None: ...

    def find_amount(self, key: str) -> int | None:
        """The won of the amount with this key, None when there is none."""

    def record_amount(self, key: str, won: int, source: str) -> None: ...


class Desk:
    """Takes sales one at a time; each is durable before it is acknowledged or published.

    `sets`: name → won of what is sold by the name of a promotion and stands in no book;
    `promotions`: what stands on the board today.
    """

    def __init__(
        self,
        kiosk: Book,
        record: SaleRecord,
        bus: Bus,
        clock: Clock,
        *,
        oversell: Literal["allow", "refuse"],
        language: str,
        sets: Callable[[], Mapping[str, int]] = dict,
        promotions: Callable[[], Sequence[Promotion]] = tuple,
    ) -> None:
        self._kiosk = kiosk
        self._record = record
        self._bus = bus
        self._clock = clock
        self.oversell = oversell
        self._language = language
        self._sets = sets
        self._promotions = promotions
        self._turn = asyncio.Lock()
        self._basket_opened_s: float | None = None

    async def sell(
        self,
        basket: Sequence[tuple[str, int]],
        key: str,
        source: str,
        *,
        shown_won: int | None = None,
    ) -> Sold:
        """Sells a basket. The same key again gives the same receipt and sells nothing.

        Raises SaleRefused with a text for the customer: no basket, unknown product, a count
        outside 1..99, sold out where the owner refuses overselling, or another total than
        `shown_won`, what the customer has seen.
        """
        async with self._turn:
            earlier = await self.paid(key)
            if earlier is not None:
                return earlier
            lines = self._checked(_summed(basket))
            off = self._discounts(lines)
            self.refuse_another_total(shown_won, total_won(lines, off))
            await self._take(lines, key, source, off=off)
            self.basket_open(False)
            return Sold(key, lines, off)

    def quote(self, basket: Sequence[tuple[str, int]]) -> Quote:
        """What `sell` would ask. Raises SaleRefused as it does."""
        summed = _summed(basket)
        lines = self._checked(summed)
        off = self._discounts(lines)
        return Quote(off, total_won(lines, off), still_free(summed, off, self._promotions()))

    async def pay_amount(self, won: int, key: str, source: str) -> Received:
        """Takes won for goods that nobody names; the kiosk book follows when the visit is judged.

        The same key again takes nothing. Raises SaleRefused for less than 1 or over 10 million.
        """
        received = await self._receive(won, key, source, self._clock.now_s())
        if not received.is_repeated:
            self.basket_open(False)
        return received

    async def report_amount(self, won: int, key: str, source: str, paid_at: datetime) -> Received:
        """As `pay_amount`, of a bank or a terminal that tells it late."""
        return await self._receive(won, key, source, self._then_s(paid_at))

    async def _receive(self, won: int, key: str, source: str, paid_s: float) -> Received:
        if not 1 <= won <= MOST_WON:
            raise SaleRefused(text(self._language, "sale.amount", most=f"{MOST_WON:,}"))
        async with self._turn:
            earlier = await asyncio.to_thread(self._record.find_amount, key)
            if earlier is not None:
                return Received(key, earlier, is_repeated=True)
            await _given_room(
                lambda: asyncio.to_thread(self._record.record_amount, key, won, source)
            )
            self._bus.publish(AmountPaid(paid_s, key, won))
            return Received(key, won)

    async def received(self, key: str) -> int | None:
        """The won of the amount with this key; 0 where they have paid a sale."""
        return await asyncio.to_thread(self._record.find_amount, key)

    async def note_settled(self, key: str, source: str) -> None:
        """What this amount has paid is a sale: it is not to be counted a second time."""
        await asyncio.to_thread(self._record.record_amount, key, 0, source)

    async def refund(self, sale_id: str, source: str) -> Sold:
        """Takes a whole sale back, once: its goods are in the kiosk book again.

        A second call gives the first one's receipt. Raises SaleRefused for no such sale.
        """
        key = f"{REFUND}{sale_id}"
        async with self._turn:
            sold = await asyncio.to_thread(self._record.find, sale_id)
            if sold is None or sale_id.startswith(REFUND):
                raise SaleRefused(text(self._language, "sale.no_such"))
            earlier = await self.paid(key)
            if earlier is not None:
                return earlier
            lines, off = sold
            back = tuple(replace(line, count=-line.count) for line in lines)
            back_off = tuple(replace(one, won=-one.won) for one in off)
            await self._take(back, key, source, off=back_off)
            return Sold(key, back, back_off)

    async def replay_sale(self, product: str, count: int, key: str) -> None:
        """A sale out of a trace: it has happened, so it is never refused; negative is a refund."""
        async with self._turn:
            await self._take(self._priced([(product, count)]), key, "replay")

    async def report_sale(
        self, basket: Sequence[tuple[str, int]], key: str, source: str, sold_at: datetime
    ) -> Sold:
        """A sale that another maker's kiosk has made and tells late; negative is a refund.

        It has happened: only an unknown product is refused. The same key again sells nothing.
        """
        async with self._turn:
            earlier = await self.paid(key)
            if earlier is not None:
                return earlier
            lines = self._priced(tuple(_summed(basket).items()))
            await self._take(lines, key, source, self._then_s(sold_at))
            return Sold(key, lines)

    def _then_s(self, at: datetime) -> float:
        """The monotonic instant of what is told late; never later than now."""
        ago_s = (self._clock.utc() - at).total_seconds()
        return self._clock.now_s() - max(0.0, ago_s)

    async def paid(self, key: str) -> Sold | None:
        """The sale with this key."""
        found = await asyncio.to_thread(self._record.find, key)
        if found is None:
            return None
        lines, off = found
        return Sold(key, tuple(lines), tuple(off), is_repeated=True)

    def _discounts(self, lines: Sequence[SoldLine]) -> tuple[Discount, ...]:
        basket = {line.product: line.count for line in lines}
        prices = {line.product: line.price_won for line in lines}
        return discounts(basket, prices, self._promotions())

    def refuse_another_total(self, shown_won: int | None, won: int) -> None:
        """Raises SaleRefused where the customer was shown something else."""
        if shown_won is not None and shown_won != won:
            said = text(self._language, "sale.total", shown=f"{shown_won:,}", now=f"{won:,}")
            raise SaleRefused(said)

    async def _take(
        self,
        lines: Sequence[SoldLine],
        key: str,
        source: str,
        sold_s: float | None = None,
        off: Sequence[Discount] = (),
    ) -> None:
        booked = self._kiosk.counts
        changes = {line.product: -line.count for line in lines if line.product in booked}
        self._note_oversold(changes)
        why, once = f"sale {key}", f"sale:{key}"
        await _given_room(lambda: self._kiosk.add(changes, why=why, key=once))
        await _given_room(lambda: asyncio.to_thread(self._record.record, key, lines, off, source))
        at_s = self._clock.now_s() if sold_s is None else sold_s
        for line in lines:
            promoted = sum(one.units.get(line.product, 0) for one in off)
            self._bus.publish(SaleMade(at_s, key, line.product, line.count, promoted, source))

    def _checked(self, basket: Mapping[str, int]) -> tuple[SoldLine, ...]:
        if not basket:
            raise SaleRefused(text(self._language, "sale.empty"))
        for count in basket.values():
            if not 1 <= count <= MOST_A_LINE:
                raise SaleRefused(text(self._language, "sale.count"))
        lines = self._priced(tuple(basket.items()))
        for line in lines:
            left = self._kiosk.counts.get(line.product, line.count)
            if self.oversell == "refuse" and line.count > left:
                said = text(self._language, "sale.sold_out", product=line.product, left=left)
                raise SaleRefused(said)
        return lines

    def _priced(self, basket: Sequence[tuple[str, int]]) -> tuple[SoldLine, ...]:
        own = {product.name: product.price_won for product in self._kiosk.products}
        prices = {**self._sets(), **own}
        for name, _ in basket:
            if name not in prices:
                known = ", ".join(prices) or "-"
                raise SaleRefused(text(self._language, "sale.unknown", product=name, known=known))
        return tuple(SoldLine(name, count, prices[name]) for name, count in basket)

    def _note_oversold(self, changes: Mapping[str, int]) -> None:
        for name, change in changes.items():
            left = self._kiosk.counts.get(name, 0)
            if left + change < 0 > change:
                log.warning("sold %d of '%s', but the kiosk book had %d", -change, name, left)

    def basket_open(self, is_open: bool) -> None:
        """The kiosk says that somebody is filling a basket, or no longer."""
        self._basket_opened_s = self._clock.now_s() if is_open else None

    @property
    def is_basket_open(self) -> bool:
        """Is somebody filling a basket, or a payment just being written down?"""
        if self._turn.locked():
            return True
        opened_s = self._basket_opened_s
        return opened_s is not None and self._clock.now_s() - opened_s < BASKET_FORGOTTEN_S


def total_won(lines: Sequence[SoldLine], off: Sequence[Discount]) -> int:
    return sum(line.price_won * line.count for line in lines) - sum(one.won for one in off)


def _summed(basket: Sequence[tuple[str, int]]) -> dict[str, int]:
    summed: dict[str, int] = {}
    for name, count in basket:
        summed[name] = summed.get(name, 0) + count
    return summed


async def _given_room(write: Callable[[], Awaitable[T]]) -> T:
    """A customer does not pay twice because the disk was full for a moment.

    `write` may be called again after it has failed.
    """
    for _ in range(ROOM_TRIES):
        try:
            return await write()
        except OSError as error:
            if code_of(error) is not FaultCode.DISK_FULL:
                raise
        await asyncio.sleep(ROOM_EVERY_S)
    return await write()
