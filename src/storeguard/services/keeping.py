"""The bus → the ledger: who came, what moved, who paid, which scale cannot be trusted."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Protocol

from storeguard.domain import amounts, failing, prepaid, refunds
from storeguard.domain import ledger as ledgers
from storeguard.domain.doubts import Doubt
from storeguard.domain.events import (
    AmountPaid,
    DeviceFailed,
    DeviceRecovered,
    Event,
    SaleMade,
    ShareKnown,
    StepSettled,
    StockChanged,
    StoreEmptied,
    StoreOccupied,
)
from storeguard.domain.issue import issue_id
from storeguard.domain.ledger import Ledger, Movement, SaleLine, Visit
from storeguard.domain.reconcile import Judgement
from storeguard.ports import Book
from storeguard.services.amending import AmendRecord, Amends
from storeguard.services.bus import Bus
from storeguard.services.restocking import Restocking
from storeguard.services.weighing import Channel, WeighingService


class VisitRecord(AmendRecord, Protocol):
    """Where visits are remembered (the journal). Blocks."""

    def open(self, visit: Visit, taken: Collection[str]) -> str:
        """Returns the id that it got: its own, unless an earlier visit or `taken` has that."""

    def close(self, visit: Visit, judgement: Judgement) -> None: ...
    def step(self, step: StepSettled, visit_id: str | None) -> None: ...


class LedgerKeeper:
    """Keeps the ledger of the visits that are not judged yet.

    Event handlers must not block: what the journal is to hold waits for `write_down`.
    """

    def __init__(
        self,
        ledger: Ledger,
        weighing: WeighingService,
        kiosk: Book,
        restocking: Restocking,
        amends: Amends,
        record: VisitRecord,
        bus: Bus,
        *,
        new_visit_id: Callable[[float], str],
    ) -> None:
        self.ledger = ledger
        self.amends = amends
        self.has_news = asyncio.Event()
        self._weighing = weighing
        self._kiosk = kiosk
        self._restocking = restocking
        self._record = record
        self._new_visit_id = new_visit_id
        self._opened: list[Visit] = []
        self._steps: list[tuple[StepSettled, str | None]] = []
        bus.subscribe(self._on_event)

    async def write_down(self) -> None:
        """The journal's share of what the handlers have decided."""
        while self._opened:
            await self._write_down_visit(self._opened[0])
            self._opened.pop(0)
        while self._steps:
            await asyncio.to_thread(self._record.step, *self._steps[0])
            self._steps.pop(0)

    async def _write_down_visit(self, visit: Visit) -> None:
        others = frozenset(other.id for other in self.ledger.visits) - {visit.id}
        new_id = await asyncio.to_thread(self._record.open, visit, others)
        self.ledger = ledgers.rename_visit(self.ledger, visit.id, new_id)
        self._steps = [(step, new_id if of == visit.id else of) for step, of in self._steps]

    def _on_event(self, event: Event) -> None:
        self.has_news.set()
        if isinstance(event, StoreOccupied):
            self._on_occupied(event)
        elif isinstance(event, StoreEmptied):
            self.ledger = ledgers.end_visit(self.ledger, event.last_seen_s, event.t_s)
        elif isinstance(event, StockChanged):
            self._on_stock_changed(event)
        elif isinstance(event, ShareKnown):
            self._book(event.step, event.units)
        elif isinstance(event, StepSettled):
            visit = self.ledger.current
            self._steps.append((event, visit.id if visit else None))
        elif isinstance(event, SaleMade):
            self._on_sale(event)
        elif isinstance(event, AmountPaid):
            self.book_sale(SaleLine(event.t_s, event.sale_id, "", 0, event.won))
        elif isinstance(event, DeviceFailed):
            self._on_failed(event)
        elif isinstance(event, DeviceRecovered):
            self._on_recovered(event)

    def _on_occupied(self, event: StoreOccupied) -> None:
        label = self._new_visit_id(event.t_s)
        visit_id = issue_id(label, {visit.id for visit in self.ledger.visits})
        self.ledger = ledgers.open_visit(self.ledger, visit_id, event.t_s, by_step=event.by_step)
        self._opened.append(self.ledger.visits[-1])
        failed = [c for c in self._weighing.channels if c.weighing.is_failed]
        for channel in failed:
            self._distrust(channel, event.t_s)

    def _on_stock_changed(self, event: StockChanged) -> None:
        units = self._units_of_this_step(event)
        if units and (not event.is_first or self._is_brought(event, units)):
            self._book(event, units)

    def _book(self, event: StockChanged, units: int) -> None:
        movement = Movement(
            event.started_s,
            event.t_s,
            event.scale,
            event.product,
            units,
            event.grams,
            event.certainty,
            event.is_foreign,
            event.moved_s,
        )
        self.ledger = ledgers.add_movement(self.ledger, movement)

    def _is_brought(self, event: StockChanged, units: int) -> bool:
        """Does the first count after a start show what restock mode, on since before, put there?

        What is gone then has gone unseen: nobody's to write off.
        """
        return units > 0 and self._restocking.was_on(event.started_s)

    def _units_of_this_step(self, event: StockChanged) -> int | None:
        """What the visit has moved, of a change that may include what an earlier one left unclear.

        That visit has been judged, as uncertain; its share is no later visitor's. None where the
        shares cannot be told apart yet; `ShareKnown` tells when they can.
        """
        visit = ledgers.visit_of(self.ledger, event.started_s)
        unclear_s = event.unclear_since_s
        if visit is None or unclear_s is None or unclear_s >= visit.started_s:
            return event.after - event.before
        return event.moved

    def _on_sale(self, event: SaleMade) -> None:
        self.book_sale(
            SaleLine(event.t_s, event.sale_id, event.product, event.count, promoted=event.promoted)
        )

    def book_sale(self, sale: SaleLine) -> None:
        if sale.count < 0:
            self.ledger, units = refunds.add_refund(self.ledger, sale)
            self.amends.refunded(sale.product, units, sale.sale_id)
            return
        self.ledger, paid = amounts.add_payment(self.ledger, sale, self._kiosk.products)
        # An amount has taken nothing off the kiosk book.
        self.amends.paid(paid, sale.sale_id, is_off_the_book=False)

    def settle_prepaid(self, now_s: float) -> None:
        """Payments that no visitor has come for are somebody's who left without paying."""
        self.ledger, late = prepaid.lapsed(self.ledger, now_s)
        for sale in late:
            self._settle(sale)

    def book_late(self, sale: SaleLine) -> None:
        """A payment of a visit whose issue was being sealed meanwhile."""
        left = sale.count - self._settle(sale)
        if left or sale.won:
            self.book_sale(replace(sale, count=left))

    def _settle(self, sale: SaleLine) -> int:
        """The units with which it has paid sealed issues."""
        settled = ledgers.settle_debts(self.ledger, sale.product, sale.count, sale.t_s)
        self.ledger, paid = settled
        self.amends.paid(paid, sale.sale_id, is_off_the_book=True)
        return sum(units for _, units in paid)

    def _on_failed(self, event: DeviceFailed) -> None:
        for channel in self._weighing.channels:
            if channel.id == event.device:
                self._distrust(channel, event.t_s)

    def _on_recovered(self, event: DeviceRecovered) -> None:
        for channel in self._weighing.channels:
            if channel.id == event.device:
                products = [product.name for product in channel.products]
                self.ledger = failing.mark_recovered(self.ledger, products, event.t_s)

    def _distrust(self, channel: Channel, since_s: float) -> None:
        """It may have been failing for a while before that was certain, or before the visit."""
        failing_s = channel.weighing.failing_since_s
        at_s = since_s if failing_s is None else min(since_s, failing_s)
        doubts = [Doubt("failed", one.name, channel.id, at_s) for one in channel.products]
        if doubts:
            self.ledger = failing.mark_unverified(self.ledger, doubts, since_s)
