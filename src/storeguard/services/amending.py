"""What comes when its visit has been judged: a late payment, money given back."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from storeguard.clock import Clock
from storeguard.domain.events import IssueAmended
from storeguard.domain.ledger import Debt, Visit
from storeguard.ports import Books
from storeguard.services.bus import Bus
from storeguard.services.posting import post
from storeguard.services.restocking import Restocking


class AmendRecord(Protocol):
    """Where payments of sealed issues are remembered (the journal). Blocks."""

    def amend(self, issue_id: str, product: str, count: int, sale_id: str) -> None: ...


class Amends:
    """Event handlers, which must not block, leave here what `write_down` makes durable."""

    def __init__(
        self, books: Books, restocking: Restocking, record: AmendRecord, bus: Bus, clock: Clock
    ) -> None:
        self._shelf = books.shelf
        self._kiosk = books.kiosk
        self._restocking = restocking
        self._record = record
        self._bus = bus
        self._clock = clock
        self._paid: list[tuple[Debt, int, str, int]] = []
        self._refunded: list[tuple[str, int, str]] = []

    @property
    def is_pending(self) -> bool:
        return bool(self._paid or self._refunded)

    def paid(
        self, debts: Iterable[tuple[Debt, int]], sale_id: str, *, is_off_the_book: bool
    ) -> None:
        """Debts of sealed issues, and units of each. `is_off_the_book`: by the sale itself too."""
        self._paid += [
            (debt, units, sale_id, units if is_off_the_book else 0) for debt, units in debts
        ]

    def refunded(self, product: str, units: int, sale_id: str) -> None:
        """The kiosk book was raised by these units when their visit was judged."""
        if units:
            self._refunded.append((product, units, sale_id))

    async def write_down(self, visits: Sequence[Visit]) -> None:
        """`visits`: those that are not judged yet."""
        while self._refunded:
            product, units, sale_id = self._refunded[0]
            key, why = f"refund:{sale_id}:{product}", "given back, and counted already"
            await post(self._kiosk, {product: -units}, why=why, key=key)
            self._refunded.pop(0)
        while self._paid:
            debt, count, sale_id, kiosk_change = self._paid[0]
            await self._amend(debt, count, sale_id, min(kiosk_change, self._lacking(debt, visits)))
            self._paid.pop(0)

    async def _amend(self, debt: Debt, count: int, sale_id: str, raised: int) -> None:
        """The issue had already taken these units off the kiosk book; the sale did it again."""
        if raised > 0:
            key = f"late:{debt.issue_id}:{debt.product}:{sale_id}"
            why = f"payment for issue {debt.issue_id}"
            await post(self._kiosk, {debt.product: raised}, why=why, key=key)
        await asyncio.to_thread(self._record.amend, debt.issue_id, debt.product, count, sale_id)
        now_s = self._clock.now_s()
        self._bus.publish(IssueAmended(now_s, debt.issue_id, debt.product, count, sale_id))

    def _lacking(self, debt: Debt, visits: Sequence[Visit]) -> int:
        """Units that the kiosk book is below the shelf, open visits left aside."""
        product = debt.product
        taken = sum(visit.net_taken[product] for visit in visits)
        paid = sum(visit.paid[product] for visit in visits)
        shelf = self._shelf.counts.get(product, 0) + taken
        return shelf - self._restocking.unfollowed(self._kiosk.counts)[product] - paid
