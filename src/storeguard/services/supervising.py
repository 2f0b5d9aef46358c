"""Faults → journal: both ends of each outage, written down off the loop's thread."""

import asyncio
import contextlib
from collections import deque
from datetime import datetime
from typing import Protocol

from storeguard.clock import Clock
from storeguard.domain.events import DeviceFailed, DeviceRecovered
from storeguard.errors import JournalFault
from storeguard.services.bus import Bus

ROUND_S = 0.5


class FaultRecord(Protocol):
    """Where faults are remembered (the journal). Blocks."""

    def record_fault(self, device: str, why: str, started_utc: datetime) -> None: ...
    def close_fault(self, device: str, ended_utc: datetime) -> None: ...


class SupervisingService:
    """Takes the edges of every part's health."""

    def __init__(
        self, record: FaultRecord, bus: Bus, clock: Clock, *, cameras: frozenset[str]
    ) -> None:
        self._record = record
        self._bus = bus
        self._clock = clock
        self._cameras = cameras
        self._edges: deque[tuple[str, str | None, datetime]] = deque()

    def on_edge(self, part: str, why: str | None, lasted_s: float) -> None:
        """A part has failed (`why`) or recovered. Scales announce their faults themselves."""
        self._edges.append((part, why, self._clock.utc()))
        device = part.removesuffix(" sight")
        if device not in self._cameras:
            return
        now_s = self._clock.now_s()
        if why is None:
            self._bus.publish(DeviceRecovered(now_s, device, lasted_s))
        else:
            self._bus.publish(DeviceFailed(now_s, device, why))

    async def run(self) -> None:
        try:
            while True:
                await self._run_once()
                await asyncio.sleep(ROUND_S)
        finally:
            self._write_down()  # here, not in a worker: the loop is on its way out

    async def _run_once(self) -> None:
        if self._edges:
            await asyncio.to_thread(self._write_down)

    def _write_down(self) -> None:
        """What the journal does not take now stays for the next round."""
        with contextlib.suppress(JournalFault):
            self._write_edges()

    def _write_edges(self) -> None:
        while self._edges:
            part, why, at = self._edges[0]
            if why is None:
                self._record.close_fault(part, at)
            else:
                self._record.record_fault(part, why, at)
            self._edges.popleft()
