"""Every notice on every channel of the owner, once; what is on disk is still to do.

What was sealed for the SMS (issues, digests, faults) becomes a notice of the same id; each
channel takes its own in its own time, oldest first, and one that fails keeps no other waiting.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from storeguard.clock import Clock
from storeguard.domain.delivery import next_attempt_s
from storeguard.domain.notice import Telling
from storeguard.domain.telling import Kind, Leg, Notice, To, wants
from storeguard.errors import (
    ChannelFault,
    ChannelRefused,
    OutboxFault,
    UploadRefused,
    UploadTransient,
)
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.outbox.folder import read_manifest, sealed_issues
from storeguard.ports import Channel, Letter
from storeguard.services.letters import of_manifest
from storeguard.services.noticing import telling_in

ROUND_S = 20.0
"""A look at the disk, should nobody have said that something is new; under every time limit."""

SWEEP_EVERY_S = 3600.0
NOT_OLDER = timedelta(days=14)
LONGEST_SEND_S = 120.0

T = TypeVar("T")
log = logging.getLogger("storeguard")


class Box(Protocol):
    """Where notices and their way on each channel are kept (outbox/noticebox.py). Blocks."""

    def since(self, now: datetime) -> datetime: ...
    def has(self, notice_id: str) -> bool: ...
    def put(self, notice: Notice) -> bool: ...
    def notices(self) -> tuple[Notice, ...]: ...
    def leg(self, notice_id: str, channel: str) -> Leg: ...
    def record(self, notice_id: str, channel: str, leg: Leg) -> None: ...
    def acknowledge(self, notice_id: str, by: str, at: datetime) -> bool: ...
    def acknowledged(self, notice_id: str) -> Mapping[str, Any] | None: ...
    def sweep(self, now: datetime) -> None: ...


@dataclass(slots=True)
class Way:
    """One configured channel; `open` makes it with the first notice, and raises ChannelFault."""

    id: str
    open: Callable[[], Channel]
    to: To = "owner"
    tells: tuple[str, ...] = ("issues", "faults", "reports", "tests")
    has_picture: bool = True
    channel: Channel | None = None
    failures: int = 0
    due_s: float = 0.0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: set[str] = field(default_factory=set)
    """Ids that need no look any more."""


class TellingService:
    """`roots`: folders of sealed manifests (issues, digests)."""

    def __init__(
        self,
        roots: Sequence[Path],
        box: Box,
        ways: Sequence[Way],
        clock: Clock,
        health: Health,
        *,
        is_text_only: bool = False,
    ) -> None:
        self._roots = tuple(roots)
        self._box = box
        self._ways = tuple(ways)
        self._clock = clock
        self._health = health
        self._is_text_only = is_text_only
        self._known: set[str] = set()
        self._notices: tuple[Notice, ...] = ()
        self._is_stale = True
        self._news = asyncio.Event()
        self._swept_s = -SWEEP_EVERY_S
        self._worker = ThreadPoolExecutor(max(1, len(self._ways)), thread_name_prefix="telling")

    def hand_over(self) -> None:
        """Something was sealed; called in the loop's thread."""
        self._is_stale = True
        self._news.set()

    async def put(self, notice: Notice) -> bool:
        """A notice that no manifest stands for; durable when it returns. Raises OutboxFault."""
        is_new = await asyncio.to_thread(self._box.put, notice)
        self.hand_over()
        return is_new

    async def acknowledge(self, notice_id: str, by: str) -> bool:
        """The owner has answered a test, or has seen a notice; False for one that is not here."""
        return await asyncio.to_thread(self._box.acknowledge, notice_id, by, self._clock.utc())

    async def opened(self, issue_id: str, by: str = "console") -> bool:
        """The owner has looked at this issue: nobody else need be told."""
        return await self.acknowledge(issue_id, by)

    async def run(self) -> None:
        """Until it is cancelled; a letter on its way may end in its own time."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._collecting(), name="telling")
                for way in self._ways:
                    group.create_task(self._sending(way), name=f"channel {way.id}")
        finally:
            self._worker.shutdown(wait=False, cancel_futures=True)

    async def _collecting(self) -> None:
        part = self._health.part("telling", longest_s=LONGEST_SILENCE_S)
        while True:
            self._news.clear()
            try:
                await self.collect()
            except OutboxFault as fault:
                part.failed(fault)
            else:
                part.ok()
            with suppress(TimeoutError):
                async with asyncio.timeout(ROUND_S):
                    await self._news.wait()

    async def collect(self) -> None:
        """Makes notices of what was sealed since the last look."""
        if now_over := self._clock.now_s() - self._swept_s >= SWEEP_EVERY_S:
            self._swept_s = self._clock.now_s()
            await asyncio.to_thread(self._box.sweep, self._clock.utc())
        made = await asyncio.to_thread(self._make)
        if made or self._is_stale or now_over:
            self._is_stale = False
            self._notices = await asyncio.to_thread(self._box.notices)
            for way in self._ways:
                way.news.set()

    def _make(self) -> int:
        """Notices of new manifests; returns how many. Blocks."""
        folders = [f for root in self._roots for f in sealed_issues(root)]
        fresh = [folder for folder in folders if folder.name not in self._known]
        made = 0
        since = max(self._box.since(self._clock.utc()), self._clock.utc() - NOT_OLDER)
        for folder in fresh:
            manifest = read_manifest(folder)
            kind = _kind_of(manifest)
            is_new = datetime.fromisoformat(manifest["sealed_at"]) >= since
            if kind is not None and is_new and not self._box.has(manifest["id"]):
                notice = of_manifest(manifest, folder, kind, is_text_only=self._is_text_only)
                made += self._box.put(notice)
            self._known.add(folder.name)
        return made

    async def _sending(self, way: Way) -> None:
        part = self._health.part(f"channel {way.id}", longest_s=LONGEST_SEND_S)
        while True:
            part.alive()
            way.news.clear()
            if self._clock.now_s() >= way.due_s and (await self.send_due(way)):
                part.ok()
            wait_s = way.due_s - self._clock.now_s()
            if wait_s > 0:  # news must not make us hammer
                await asyncio.sleep(min(wait_s, LONGEST_SEND_S / 2))
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(ROUND_S):
                    await way.news.wait()

    async def send_due(self, way: Way) -> bool:
        """Sends what the channel still owes, oldest first; False when it has failed."""
        part = self._health.part(f"channel {way.id}")
        for notice in self._notices:
            if notice.id in way.over or not wants(way.tells, way.to, notice):
                continue
            try:
                await self._send(way, notice)
            except (ChannelFault, OutboxFault, ImportError) as fault:
                way.failures += 1
                way.due_s = self._clock.now_s() + _wait_s(fault, way.failures)
                part.failed(fault)
                return False
            way.failures = 0
        return True

    async def _send(self, way: Way, notice: Notice) -> None:
        leg = await asyncio.to_thread(self._box.leg, notice.id, way.id)
        if not leg.is_over:
            leg = leg.begun(self._clock.utc())
            # On disk before it goes: whoever comes after a power cut knows that it may be out.
            await asyncio.to_thread(self._box.record, notice.id, way.id, leg)
            try:
                await self._in_worker(lambda: self._post(way, notice))
            except (ChannelFault, ImportError) as fault:
                failed = leg.failed(str(fault), self._clock.utc(), notice.made_at)
                await asyncio.to_thread(self._box.record, notice.id, way.id, failed)
                if not failed.is_over:
                    raise
                log.error("%s: given up on channel '%s': %s", notice.id, way.id, fault)
            else:
                sent = leg.sent(self._clock.utc())
                await asyncio.to_thread(self._box.record, notice.id, way.id, sent)
                log.info("%s: told by channel '%s'", notice.id, way.id)
        way.over.add(notice.id)

    def _post(self, way: Way, notice: Notice) -> None:
        way.channel = way.channel or way.open()
        way.channel.send(letter_of(notice, has_picture=way.has_picture and not self._is_text_only))

    async def _in_worker(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)


def letter_of(notice: Notice, *, has_picture: bool) -> Letter:
    """`has_picture` False: nothing but words, whatever the notice has."""
    picture = Path(notice.picture) if has_picture and notice.picture else None
    shown = (picture,) if picture is not None and picture.is_file() else ()
    html = notice.html if shown or "cid:" not in notice.html else _without_picture(notice.html)
    return Letter(notice.id, notice.subject, notice.text, html, shown)


def _without_picture(html: str) -> str:
    before, _, rest = html.partition("<img ")
    return before + rest.partition(">")[2]


def _wait_s(fault: Exception, failures: int) -> float:
    kind = UploadRefused if isinstance(fault, (ChannelRefused, ImportError)) else UploadTransient
    return next_attempt_s(kind, failures, random.random)


def _kind_of(manifest: Mapping[str, Any]) -> Kind | None:
    """None for an issue that a digest will tell, and for what only the cloud need know."""
    if manifest.get("silent"):
        return None
    said = manifest.get("notice", "own")
    if said in frozenset(Kind):
        return Kind(said)
    return Kind.ISSUE if telling_in(manifest) is Telling.OWN else None
