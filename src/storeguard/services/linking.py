"""Signs of life to the cloud, and the owner's decisions back from it."""

import asyncio
import json
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from storeguard.clock import Clock, utc_at
from storeguard.domain.delivery import next_attempt_s
from storeguard.domain.issue import IssueStore
from storeguard.errors import JournalFault, OutboxFault, UploadFault
from storeguard.health import Health, PartHealth
from storeguard.outbox.decisions import apply, decisions_in
from storeguard.outbox.folder import sealed_issues
from storeguard.outbox.progress import state_of
from storeguard.ports import ObjectStore

BEAT_S = 300.0
DECISIONS_S = 60.0
ROUND_S = 5.0
MOST_FAULTS, LONGEST_TITLE = 10, 60
"""What the cloud takes of them."""

LONGEST_REQUEST_S = 50.0

log = logging.getLogger("storeguard")


class LinkingService:
    """`<store>/hb.json` every five minutes, `decisions/<store>.json` every minute.

    It is silent while the uploader waits after a fault (`is_holding`): two that try make twice
    as many attempts. `on_seen`: id of an issue or a notice that the owner has looked at, and who;
    it is called in the worker, and may be called again. `title_of`: a part in the owner's words.
    """

    def __init__(
        self,
        root: Path,
        store: IssueStore,
        objects: ObjectStore,
        clock: Clock,
        health: Health,
        *,
        version: str,
        guards: bool,
        is_holding: Callable[[], bool],
        cameras: frozenset[str],
        title_of: Callable[[PartHealth], str],
        on_seen: Callable[[str, str], object],
        blind_s: Callable[[datetime], Mapping[str, int]] = lambda _: {},
    ) -> None:
        self._root = root
        self._store = store
        self._objects = objects
        self._clock = clock
        self._health = health
        self._about = {"version": version, "guards": guards}
        self._is_holding = is_holding
        self._cameras = cameras
        self._title_of = title_of
        self._on_seen = on_seen
        self._blind_s = blind_s
        self._fetched = b""
        self._beat_due_s = self._decisions_due_s = clock.now_s()
        self._held_until_s = clock.now_s()
        self._failures = 0
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="linking")

    async def run(self) -> None:
        part = self._health.part("heartbeat", longest_s=LONGEST_REQUEST_S)
        try:
            while True:
                part.alive()
                await self._run_once()
                await asyncio.sleep(ROUND_S)
        finally:
            self._worker.shutdown(wait=False, cancel_futures=True)

    async def _run_once(self) -> None:
        now_s, part = self._clock.now_s(), self._health.part("heartbeat")
        if self._is_holding() or now_s < self._held_until_s:
            return
        try:
            if now_s >= self._beat_due_s:
                await self._in_worker(self._beat)
                self._beat_due_s = now_s + BEAT_S
            if now_s >= self._decisions_due_s:
                await self._in_worker(self._fetch)
                self._decisions_due_s = now_s + DECISIONS_S
        except UploadFault as fault:
            self._failures += 1
            self._held_until_s = now_s + next_attempt_s(fault, self._failures, random.random)
            part.failed(fault)
        except OutboxFault as fault:
            part.failed(fault)
            self._held_until_s = now_s + part.backoff_s()
        else:
            self._failures = 0
            part.ok()

    def _beat(self) -> None:
        faults = self._health.faults
        said = {
            "schema": 1,
            "store": asdict(self._store),
            "at": self._clock.utc().isoformat(),
            "every_s": int(BEAT_S),
            **self._about,
            "faults": [self._fault(part) for part in faults[:MOST_FAULTS]],
            "blind_since": self._blind_since(faults),
            "blind_s": self._blind_times(),
            "waiting": self._waiting(),
        }
        content = json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"
        key = f"{self._store.id}/hb.json"
        self._objects.put(key, content, content_type="application/json", is_replacing=True)

    def _fault(self, part: PartHealth) -> dict[str, Any]:
        return {
            "part": part.name,
            "code": part.code.value,
            "title": self._title_of(part)[:LONGEST_TITLE],
            "since": self._label(part.failed_since_s),
        }

    def _blind_since(self, faults: Sequence[PartHealth]) -> str | None:
        """Since when some camera has shown nobody."""
        since_s = [
            part.failed_since_s
            for part in faults
            if part.name.removesuffix(" sight") in self._cameras and part.failed_since_s is not None
        ]
        return self._label(min(since_s, default=None))

    def _blind_times(self) -> Mapping[str, int]:
        """What the journal cannot tell now is no reason to be silent."""
        try:
            return self._blind_s(self._clock.utc())
        except JournalFault as fault:
            log.warning("blind times are not told: %s", fault)
            return {}

    def _label(self, since_s: float | None) -> str | None:
        return None if since_s is None else utc_at(self._clock, since_s).isoformat()

    def _waiting(self) -> int:
        """Issues that are not wholly in the bucket."""
        folders = sealed_issues(self._root)
        return sum(not state_of(folder).is_sent for folder in folders)

    def _fetch(self) -> None:
        content = self._objects.get(f"decisions/{self._store.id}.json")
        if content is None or content == self._fetched:
            return
        said = decisions_in(content)
        for decision in said.decisions:
            if apply(self._root, decision):
                log.info("%s: %s by %s", decision.id, decision.decision, decision.by)
            self._on_seen(decision.id, decision.by)
        for issue_id in said.opened:
            self._on_seen(issue_id, "")
        self._fetched = content

    async def _in_worker(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._worker, work)
