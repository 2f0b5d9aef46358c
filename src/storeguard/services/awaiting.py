"""The sources of sales that tell late, and the visits that wait for them."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import Protocol

from storeguard.clock import Clock, local_label, utc_at
from storeguard.domain import awaiting
from storeguard.domain.awaiting import AWAITED_FOR_S, Found, Sales
from storeguard.domain.ledger import Visit
from storeguard.domain.reconcile import Discrepancy
from storeguard.health import Health

log = logging.getLogger("storeguard")


class WaitingMemory(Protocol):
    """Where sources and waiting visits outlive a restart. Blocks; raises JournalFault."""

    def load(self) -> tuple[Mapping[str, datetime], tuple[Visit, ...]]: ...
    def save(self, complete: Mapping[str, datetime], visits: Sequence[Visit]) -> None: ...


class SalesSources:
    """Says until when the sales are complete. Without a declared source they always are.

    A bridge to another maker's kiosk calls `declare` at each start, then `complete_until` after
    each export that it has brought in, once its sales are with the desk.
    """

    def __init__(
        self,
        memory: WaitingMemory,
        clock: Clock,
        health: Health,
        *,
        grace_s: float,
        leftovers: Sequence[Path] = (),
        lead_s: float = 0.0,
        timezone: str = "UTC",
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._health = health
        self._grace_s = grace_s
        self._leftovers = tuple(leftovers)
        self._lead_s = lead_s
        self._timezone = timezone
        complete, self.waiting = memory.load()
        self._complete = dict(complete)
        self._restored = frozenset(visit.id for visit in self.waiting)
        self._saved: object = (complete, self.waiting)
        self._found: Mapping[str, Found] = {}

    def declare(self, name: str, until: datetime | None = None) -> None:
        """There is such a source; a new one is complete until now, for it has sold nothing.

        `until`: or until then, an aware time.
        """
        self._complete.setdefault(name, until or self._clock.utc())

    def complete_until(self, name: str, at: datetime) -> None:
        """It has told every sale before `at`, an aware time. Raises KeyError before `declare`."""
        self._complete[name] = max(at, self._complete[name])

    def withdraw(self, name: str) -> None:
        """The source is gone: nothing waits for it any more."""
        self._complete.pop(name, None)

    @property
    def complete_until_s(self) -> float:
        """Of the source that is furthest behind, monotonic; infinite without any."""
        if not self._complete:
            return inf
        behind = self._clock.utc() - min(self._complete.values())
        return self._clock.now_s() - behind.total_seconds()

    def of(self, visit: Visit) -> Sales:
        """What is known of an ended visit's sales."""
        now_s = self._clock.now_s()
        return awaiting.sales_of(visit, now_s, self._grace_s, self.complete_until_s)

    def resumed(self, visit: Visit) -> Visit:
        """A visit that has waited, as it is to be judged; unverified if its sales never came."""
        visit = awaiting.resumed(visit)
        if self.of(visit) is not Sales.MISSING:
            return visit
        log.warning("visit %s: its sales have not come within a day; it is unverified", visit.id)
        return awaiting.without_sales(visit)

    def ripe(self, missing: Sequence[Discrepancy]) -> tuple[Discrepancy, ...]:
        """Of what the books differ by, what no late sale can explain any more."""
        now_s, until_s = self._clock.now_s(), self.complete_until_s
        told, self._found = awaiting.ripe(self._found, missing, now_s, until_s)
        return told

    def leftovers(self, visit: Visit) -> tuple[Path, ...]:
        """Clips and pictures of a visit that waited over a restart."""
        if visit.id not in self._restored or visit.emptied_s is None:
            return ()
        began_s = visit.started_s - self._lead_s - 1
        first, last = (self._label(t_s) for t_s in (began_s, visit.emptied_s))
        return tuple(file for file in self._leftovers if first <= file.name <= last)

    async def discard(self, visit: Visit) -> None:
        """The visit was clean: what a restart has left of it goes too."""
        for file in self.leftovers(visit):
            await asyncio.to_thread(file.unlink, missing_ok=True)

    async def write_down(self, visits: Sequence[Visit]) -> None:
        """Sources and waiting visits outlive a restart; a source that is a day late is a fault."""
        waiting = tuple(visit for visit in visits if visit.awaiting is not None)
        now = (dict(self._complete), waiting)
        if now != self._saved:
            await asyncio.to_thread(self._memory.save, *now)
            self._saved = now
        for name, at in self._complete.items():
            self._report(name, at)

    def _report(self, name: str, at: datetime) -> None:
        part = self._health.part(f"sales {name}")
        if self._clock.utc() - at > timedelta(seconds=AWAITED_FOR_S):
            part.failed(f"sales of '{name}': none since {at.isoformat()}; look at its export")
        else:
            part.ok()

    def _label(self, t_s: float) -> str:
        return local_label(utc_at(self._clock, t_s), self._timezone)
