"""Sealed issues → bucket → receipt. Disk is the queue: whatever has no receipt is still to do."""

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from storeguard.clock import Clock
from storeguard.domain.events import IssueDelivered, IssueSealed, NoticeConfirmed
from storeguard.errors import OutboxFault, UploadFault
from storeguard.health import Health
from storeguard.outbox import adopt
from storeguard.outbox.delivery import (
    DeliveryState,
    deliver,
    fetch_receipt,
    next_attempt_s,
    state_of,
)
from storeguard.outbox.folder import sealed_issues
from storeguard.ports import ObjectStore
from storeguard.services.bus import Bus

RESCAN_S = 30.0
"""Should a hint of the observer be lost, the timer finds the folder."""

LONGEST_REQUEST_S = 50.0
"""No byte moves for so long at most: eight addresses tried for 5 s each, or 30 s of silence."""

ADOPTION_ROUND_S = 0.5
FIRST_RECEIPT_S = 0.3
LONGEST_RECEIPT_S = 60.0

T = TypeVar("T")
log = logging.getLogger("storeguard")


class UploadingService:
    """Delivers one issue after the other, oldest first, and waits for their receipts.

    `digests`: the folder of messages about several issues, delivered after the issues.
    `adopt_folder` is None where the books are not there to number a foreign folder.
    `objects` is None where no bucket is configured: issues stay here, and that is said once.
    """

    def __init__(
        self,
        root: Path,
        store_id: str,
        objects: ObjectStore | None,
        bus: Bus,
        clock: Clock,
        health: Health,
        *,
        adopt_folder: Callable[[str], IssueSealed] | None,
        digests: Path | None = None,
    ) -> None:
        self._root = root
        self._store_id = store_id
        self._objects = objects
        self._bus = bus
        self._clock = clock
        self._health = health
        self._adopt_folder = adopt_folder
        self._roots = (root,) if digests is None else (root, digests)
        self._wake = asyncio.Event()
        self._watched: Mapping[str, adopt.Watched] = {}
        self._known: frozenset[str] = frozenset()
        self._states: dict[str, DeliveryState] = {}
        self._receipt_waits_s: dict[str, float] = {}
        self._receipt_due_s: dict[str, float] = {}
        self._failures = 0
        self._is_stopping = False
        self._part = health.part("uploading")
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="uploading")

    def hand_over(self, _folder: Path | None = None) -> None:
        """A folder has appeared; called in the loop's thread."""
        self._wake.set()

    async def run(self) -> None:
        """Delivers until it is cancelled; a file on its way may end in its own time."""
        if self._objects is None:
            log.warning("no bucket configured (upload.bucket): issues stay in %s", self._root)
        try:
            self._part = self._health.part("uploading", longest_s=LONGEST_REQUEST_S)
            while True:
                self._wake.clear()
                self._part.alive()
                wait_s = await self._run_once()
                self._part.alive(wait_s)
                await self._sleep(wait_s)
        finally:
            self._is_stopping = True
            self._part.ended()
            self._worker.shutdown(wait=False, cancel_futures=True)

    def is_moving(self) -> None:
        """Bytes are on their way; called in any thread."""
        self._part.alive()

    async def _sleep(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _run_once(self) -> float:
        """One look at all folders; returns how long nothing will be due."""
        part = self._part
        try:
            wait_s = RESCAN_S
            if self._adopt_folder is not None:
                wait_s = await self._adopt(self._adopt_folder)
            if self._objects is not None:
                wait_s = min(wait_s, await self._deliver_all(self._objects))
        except UploadFault as fault:
            self._failures += 1
            part.failed(fault)
            return next_attempt_s(fault, self._failures, random.random)
        except OutboxFault as fault:
            part.failed(fault)
            return part.backoff_s()
        self._failures = 0
        part.ok()
        return wait_s

    async def _adopt(self, adopt_folder: Callable[[str], IssueSealed]) -> float:
        seen = await asyncio.to_thread(adopt.look, self._root, self._known)
        advance = adopt.advance(self._watched, seen, self._clock.now_s())
        self._watched = advance.state
        for name, why in advance.strange.items():
            log.warning("%s is no issue and is left alone: %s", self._root / name, why)
        for name in advance.ready:
            self._bus.publish(await asyncio.to_thread(adopt_folder, name))
        is_waiting = any(not watched.is_named for watched in self._watched.values())
        return ADOPTION_ROUND_S if is_waiting else RESCAN_S

    async def _deliver_all(self, objects: ObjectStore) -> float:
        sealed = [await asyncio.to_thread(sealed_issues, root) for root in self._roots]
        folders = tuple(itertools.chain.from_iterable(sealed))
        self._known = frozenset(folder.name for folder in folders)
        for folder in folders:
            if self._states.get(folder.name) is not DeliveryState.CONFIRMED:
                await self._deliver(folder, objects)
        due_s = [t_s for name, t_s in self._receipt_due_s.items() if name in self._known]
        return max(0.0, min(due_s, default=self._clock.now_s() + RESCAN_S) - self._clock.now_s())

    async def _deliver(self, folder: Path, objects: ObjectStore) -> None:
        name = folder.name
        state = self._states.get(name)
        self._part.alive()
        if state is None:
            state = await asyncio.to_thread(state_of, folder)
        if state in (DeliveryState.PENDING, DeliveryState.UPLOADING):
            state = await self._in_worker(
                lambda: deliver(
                    folder, self._store_id, objects, is_stopping=lambda: self._is_stopping
                )
            )
            if state is DeliveryState.UPLOADED:
                self._bus.publish(IssueDelivered(self._clock.now_s(), name))
        self._states[name] = state
        if state is DeliveryState.UPLOADED:
            await self._ask_for_receipt(folder, objects)

    async def _ask_for_receipt(self, folder: Path, objects: ObjectStore) -> None:
        """Asks soon at first, then ever more rarely."""
        name, now_s = folder.name, self._clock.now_s()
        wait_s = self._receipt_waits_s.get(name, FIRST_RECEIPT_S)
        if now_s < self._receipt_due_s.get(name, now_s):
            return
        receipt = await self._in_worker(lambda: fetch_receipt(folder, objects))
        if receipt is None:
            self._receipt_waits_s[name] = min(LONGEST_RECEIPT_S, wait_s * 1.3)
            self._receipt_due_s[name] = self._clock.now_s() + wait_s
            return
        self._states[name] = DeliveryState.CONFIRMED
        self._receipt_due_s.pop(name, None)
        self._receipt_waits_s.pop(name, None)
        if receipt.differing:
            log.error("%s: not in the bucket as sealed: %s", name, ", ".join(receipt.differing))
        self._bus.publish(NoticeConfirmed(self._clock.now_s(), name, receipt.text))

    async def _in_worker(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)
