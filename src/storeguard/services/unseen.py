"""Sales made while nobody was seen → journal, pages and the morning's report."""

import asyncio
from datetime import datetime
from typing import Protocol

from storeguard.clock import Clock
from storeguard.domain import unseen as rules
from storeguard.domain.events import Event, SaleMade, SaleUnseen
from storeguard.domain.unseen import Seen, Waiting
from storeguard.errors import JournalFault
from storeguard.health import Health
from storeguard.services.bus import Bus
from storeguard.services.watching import WatchingService


class UnseenRecord(Protocol):
    """Where such sales are remembered (the journal). Blocks; raises JournalFault."""

    def note(self, sale_id: str, at: datetime) -> None: ...


class UnseenSales:
    """Looks at each sale twice: when it is made, and once its grace is over.

    A sale whose grace a restart cuts short is not noted: nobody has looked on meanwhile.
    """

    def __init__(
        self,
        watching: WatchingService,
        record: UnseenRecord,
        bus: Bus,
        clock: Clock,
        health: Health,
        *,
        grace_s: float,
    ) -> None:
        self._watching = watching
        self._record = record
        self._bus = bus
        self._clock = clock
        self._health = health
        self._grace_s = grace_s
        self._waiting: dict[str, Waiting] = {}
        self._unseen: dict[str, datetime] = {}
        self._has_news = asyncio.Event()
        bus.subscribe(self._on_event)

    async def run(self) -> None:
        part = self._health.part("unseen sales")
        while True:
            try:
                await self._run_once()
                part.ok()
                await self._rest()
            except JournalFault as fault:
                part.failed(fault)
                await asyncio.sleep(part.backoff_s())

    async def _rest(self) -> None:
        """Until the next sale is due; without any, until there is one."""
        self._has_news.clear()
        if not self._waiting:
            await self._has_news.wait()
            return
        due_s = min(one.due_s for one in self._waiting.values())
        await asyncio.sleep(max(0.0, due_s - self._clock.now_s()))

    async def _run_once(self) -> None:
        now_s, seen = self._clock.now_s(), self._seen()
        for one in [one for one in self._waiting.values() if one.due_s <= now_s]:
            del self._waiting[one.sale_id]
            if rules.was_empty(seen, one.from_s):
                self._unseen[one.sale_id] = self._clock.utc()
        for sale_id, at in tuple(self._unseen.items()):
            await asyncio.to_thread(self._record.note, sale_id, at)
            del self._unseen[sale_id]
            self._bus.publish(SaleUnseen(self._clock.now_s(), sale_id))

    def _seen(self) -> Seen:
        watching = self._watching
        return Seen(
            watching.occupancy.presence,
            watching.changed_s,
            watching.occupancy.doubted_s,
            bool(watching.eyes) and not watching.is_sightless,
        )

    def _on_event(self, event: Event) -> None:
        if not isinstance(event, SaleMade) or event.sale_id in self._waiting:
            return
        one = rules.waiting(event, self._clock.now_s(), self._seen(), self._grace_s)
        if one is not None:
            self._waiting[one.sale_id] = one
            self._has_news.set()
