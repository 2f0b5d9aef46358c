"""Sealed issues → bucket → receipt. Disk is the queue: whatever has no receipt is still to do.

Oldest first, and text and picture of all issues before any clip; a clip on its way is put off
when an issue is sealed meanwhile, and sent anew after its message. After a fault of the network
or the service nothing is tried before its time, whatever is sealed meanwhile; a fault of one
issue alone does not hold up the others.
"""

import asyncio
import itertools
import logging
import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from storeguard.clock import Clock
from storeguard.domain.delivery import (
    DeliveryState,
    Stage,
    ask_again_after_s,
    next_attempt_s,
)
from storeguard.domain.events import IssueDelivered, IssueSealed, NoticeConfirmed
from storeguard.errors import FaultCode, OutboxFault, UploadConflict, UploadFault
from storeguard.health import Health
from storeguard.outbox import adopt
from storeguard.outbox.delivery import PutOff, ask_again, deliver, fetch_receipt, has_more
from storeguard.outbox.folder import sealed_issues
from storeguard.outbox.progress import progress_of, state_of
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


@dataclass(slots=True)
class _Awaited:
    """A receipt that has not come yet; monotonic seconds."""

    due_s: float
    ask_again_s: float
    wait_s: float = FIRST_RECEIPT_S


class UploadingService:
    """Delivers one issue after the other, oldest first, and waits for their receipts.

    `digests`: the folder of messages about several issues, delivered after the issues.
    `adopt_folder` is None where the books are not there to number a foreign folder.
    `is_text_only`: no picture and no clip leaves the store.
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
        is_text_only: bool = False,
    ) -> None:
        self._root = root
        self._store_id = store_id
        self._objects = objects
        self._bus = bus
        self._clock = clock
        self._health = health
        self._adopt_folder = adopt_folder
        self._is_text_only = is_text_only
        self._roots = (root,) if digests is None else (root, digests)
        self._wake = asyncio.Event()
        self._watched: Mapping[str, adopt.Watched] = {}
        self._known: frozenset[str] = frozenset()
        self._states: dict[str, DeliveryState] = {}
        self._receipts: dict[str, _Awaited] = {}
        self._failures = 0
        self._held_until_s = 0.0
        self._is_stopping = False
        self._lane = threading.local()
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
        """Bytes are on their way; called in any thread. Raises PutOff in the one of a clip.

        What others send to the same bucket is no sign of life of the uploader.
        """
        if not getattr(self._lane, "is_ours", False):
            return
        self._part.alive()
        if getattr(self._lane, "stage", None) is Stage.ALL and self._is_to_pause(Stage.ALL):
            raise PutOff

    async def _sleep(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            pass

    @property
    def is_holding(self) -> bool:
        """Nothing is tried now, because the last attempt has failed."""
        return self._clock.now_s() < self._held_until_s

    async def _run_once(self) -> float:
        """One look at all folders; returns how long nothing will be due."""
        part = self._part
        wait_s, held_s = RESCAN_S, self._held_until_s - self._clock.now_s()
        try:
            if self._adopt_folder is not None:
                wait_s = await self._adopt(self._adopt_folder)
            if self._objects is not None and held_s > 0:  # a hint must not make us hammer
                return min(wait_s, held_s)
            if self._objects is not None:
                wait_s = min(wait_s, await self._deliver_all(self._objects))
        except (OutboxFault, UploadConflict) as fault:
            part.failed(fault)
            return part.backoff_s()
        except UploadFault as fault:
            self._failures += 1
            part.failed(fault)
            wait_s = next_attempt_s(fault, self._failures, random.random)
            self._held_until_s = self._clock.now_s() + wait_s
            return min(wait_s, RESCAN_S)
        self._failures = 0
        self._say_of_receipts()
        return wait_s

    def _say_of_receipts(self) -> None:
        """All is well, unless the notifier has been asked again and still does not answer."""
        unanswered = sum(state is DeliveryState.ASKED for state in self._states.values())
        if unanswered:
            why = f"{unanswered} issues have no receipt of the notifier; it is asked again"
            self._part.failed(why, code=FaultCode.NO_RECEIPT)
        else:
            self._part.ok()

    def _has_got_through(self) -> None:
        """Whatever failed before, the way is open; called in the worker."""
        self._failures = 0

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
        self._forget(self._known)
        trouble: OutboxFault | UploadConflict | None = None
        for stage, folder in itertools.product(Stage, folders):
            if await self._is_done(folder, stage):
                continue
            try:
                await self._deliver(folder, objects, stage)
            except (OutboxFault, UploadConflict) as fault:
                trouble = trouble or fault
            if stage is Stage.ALL and self._wake.is_set():
                return 0.0  # text and picture of what has just come go before the next clip
        if trouble is not None:
            raise trouble
        due_s = [awaited.due_s for awaited in self._receipts.values()]
        return max(0.0, min(due_s, default=self._clock.now_s() + RESCAN_S) - self._clock.now_s())

    def _forget(self, known: frozenset[str]) -> None:
        """What retention has deleted."""
        for name in self._states.keys() - known:
            del self._states[name]
            self._receipts.pop(name, None)

    async def _is_done(self, folder: Path, stage: Stage) -> bool:
        is_confirmed = self._states.get(folder.name) is DeliveryState.CONFIRMED
        return is_confirmed and not await self._has_more(folder, stage)

    async def _has_more(self, folder: Path, stage: Stage) -> bool:
        """What was added to an issue after its manifest had gone goes when all messages have."""
        if self._is_text_only or stage is Stage.MESSAGE:
            return False
        return await asyncio.to_thread(has_more, folder)

    async def _deliver(self, folder: Path, objects: ObjectStore, stage: Stage) -> None:
        name = folder.name
        state = self._states.get(name)
        self._part.alive()
        if state is None:
            state = await asyncio.to_thread(state_of, folder)
        was_sent = state.is_sent
        is_due = not was_sent and not (stage is Stage.MESSAGE and state is DeliveryState.READABLE)
        if is_due or (was_sent and await self._has_more(folder, stage)):
            state = await self._in_worker(lambda: self._sent(folder, objects, stage))
            if state is DeliveryState.UPLOADED and not was_sent:
                self._bus.publish(IssueDelivered(self._clock.now_s(), name))
        self._states[name] = state
        if state in (DeliveryState.UPLOADED, DeliveryState.ASKED):
            await self._ask_for_receipt(folder, objects)

    def _sent(self, folder: Path, objects: ObjectStore, stage: Stage) -> DeliveryState:
        """In the worker: as far as this stage goes, or until something new has come."""
        self._lane.stage = stage
        try:
            return deliver(
                folder,
                self._store_id,
                objects,
                stage=stage,
                is_stopping=lambda: self._is_to_pause(stage),
                on_sent=self._has_got_through,
                is_text_only=self._is_text_only,
            )
        finally:
            self._lane.stage = None

    def _is_to_pause(self, stage: Stage) -> bool:
        return self._is_stopping or (stage is Stage.ALL and self._wake.is_set())

    async def _ask_for_receipt(self, folder: Path, objects: ObjectStore) -> None:
        """Asks soon at first, then ever more rarely; then the notifier is told of it anew."""
        name, now_s = folder.name, self._clock.now_s()
        if name not in self._receipts:
            progress = await asyncio.to_thread(progress_of, folder)
            asked = progress.asked if progress else 0
            self._receipts[name] = _Awaited(now_s, now_s + ask_again_after_s(asked))
        awaited = self._receipts[name]
        if now_s < awaited.due_s:
            return
        receipt = await self._in_worker(lambda: fetch_receipt(folder, objects))
        if receipt is None:
            await self._go_on_waiting(folder, objects, awaited)
            return
        self._states[name] = DeliveryState.CONFIRMED
        del self._receipts[name]
        if receipt.differing:
            log.error("%s: not in the bucket as sealed: %s", name, ", ".join(receipt.differing))
        self._bus.publish(NoticeConfirmed(self._clock.now_s(), name, receipt.text))

    async def _go_on_waiting(self, folder: Path, objects: ObjectStore, awaited: "_Awaited") -> None:
        if self._clock.now_s() >= awaited.ask_again_s:
            at = self._clock.utc()
            asked = await self._in_worker(lambda: ask_again(folder, objects, at))
            log.warning("%s: no receipt, the notifier is asked again (%d)", folder.name, asked)
            self._states[folder.name] = DeliveryState.ASKED
            awaited.wait_s = FIRST_RECEIPT_S
            awaited.ask_again_s = self._clock.now_s() + ask_again_after_s(asked)
        awaited.due_s = self._clock.now_s() + awaited.wait_s
        awaited.wait_s = min(LONGEST_RECEIPT_S, awaited.wait_s * 1.3)

    async def _in_worker(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._ours, work)

    def _ours(self, work: Callable[[], T]) -> T:
        self._lane.is_ours = True
        try:
            return work()
        finally:
            self._lane.is_ours = False
