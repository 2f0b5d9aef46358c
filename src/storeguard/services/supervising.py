"""Faults and deliveries → journal, written down off the loop's thread."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Protocol

from storeguard.clock import Clock
from storeguard.domain.events import (
    DeviceFailed,
    DeviceRecovered,
    Event,
    IssueDelivered,
    NoticeConfirmed,
)
from storeguard.errors import JournalFault
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.services.bus import Bus

ROUND_S = 5.0
"""What the journal has refused is tried again so often; what is new is written down at once."""


class OutageRecord(Protocol):
    """Where faults and deliveries are remembered (the journal). Blocks."""

    def record_fault(self, device: str, why: str, started_utc: datetime) -> None: ...
    def close_fault(self, device: str, ended_utc: datetime) -> None: ...
    def record_delivery(self, issue_id: str, state: str, at_utc: datetime, detail: str) -> None: ...


class SupervisingService:
    """Notes both ends of each outage, and how far each issue has come."""

    def __init__(
        self, record: OutageRecord, bus: Bus, clock: Clock, *, cameras: frozenset[str]
    ) -> None:
        self._record = record
        self._bus = bus
        self._clock = clock
        self._cameras = cameras
        self._pending: deque[Callable[[], None]] = deque()
        self._is_new = asyncio.Event()
        self._writing = threading.Lock()
        bus.subscribe(self._on_event)

    def on_edge(self, part: str, why: str | None, lasted_s: float) -> None:
        """A part has failed (`why`) or recovered. Scales announce their faults themselves."""
        now = self._clock.utc()
        if why is None:
            self._later(partial(self._record.close_fault, part, now))
        else:
            self._later(partial(self._record.record_fault, part, why, now))
        device = part.removesuffix(" sight")
        if device not in self._cameras:
            return
        now_s = self._clock.now_s()
        if why is None:
            self._bus.publish(DeviceRecovered(now_s, device, lasted_s))
        else:
            self._bus.publish(DeviceFailed(now_s, device, why))

    def _on_event(self, event: Event) -> None:
        match event:
            case IssueDelivered(id=issue_id):
                state, detail = "uploaded", ""
            case NoticeConfirmed(id=issue_id, text=detail):
                state = "confirmed"
            case _:
                return
        now = self._clock.utc()
        self._later(partial(self._record.record_delivery, issue_id, state, now, detail))

    def _later(self, record: Callable[[], None]) -> None:
        self._pending.append(record)
        self._is_new.set()

    async def run(self, health: Health | None = None) -> None:
        """`health`: to say there that it is alive; it needs `on_edge`, so it is made later."""
        part = (health or Health(self._clock)).part("supervising", longest_s=LONGEST_SILENCE_S)
        try:
            while True:
                await self._run_once()
                part.ok()
                await self._rest()
        finally:
            self._write_down()  # here, not in a worker: the loop is on its way out

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ROUND_S):
                await self._is_new.wait()
        self._is_new.clear()

    async def _run_once(self) -> None:
        if self._pending:
            await asyncio.to_thread(self._write_down)

    def _write_down(self) -> None:
        """What the journal does not take now stays for the next round.

        At the end a worker may be at it still: the loop has left it alone.
        """
        with self._writing, contextlib.suppress(JournalFault):
            while self._pending:
                self._pending[0]()
                self._pending.popleft()
