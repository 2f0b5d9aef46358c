"""Decides how the owner hears of each issue, and seals the digests when they are due."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from storeguard.clock import Clock, local_label
from storeguard.domain import notice
from storeguard.domain.issue import IssueStore
from storeguard.domain.loss import Amendment, left
from storeguard.domain.notice import Place, Stake, Telling, Threshold, Told, Waiting
from storeguard.domain.reminding import is_quiet
from storeguard.errors import JournalFault, OutboxFault
from storeguard.health import Health
from storeguard.outbox.digest import DAY_IS_FULL, DIGEST, digests_in, seal_digest
from storeguard.outbox.folder import sweep_incoming

ROUND_S = 5.0

log = logging.getLogger("storeguard")
Manifest = Mapping[str, Any]


class NoticingService:
    """The notice policy with its memory.

    What waits is in the manifests (`notice`) and what was told in the digests, both on disk;
    what cools down is in memory only: after a restart a repeat is told at once. `amendments` of
    an issue: what was paid or put back since; it blocks and raises JournalFault.
    """

    def __init__(
        self,
        root: Path,
        store: IssueStore,
        clock: Clock,
        health: Health,
        *,
        is_clock_synced: Callable[[], bool],
        threshold: Threshold,
        amendments: Callable[[str], Sequence[Amendment]],
        quiet_hours: tuple[str, str] | None = None,
        on_digest: Callable[[], None] = lambda: None,
        fsync: bool = True,
    ) -> None:
        self._root = root
        self._store = store
        self._clock = clock
        self._health = health
        self._is_clock_synced = is_clock_synced
        self.threshold = threshold
        self._amendments = amendments
        self._quiet_hours = quiet_hours
        self._on_digest = on_digest
        self._fsync = fsync
        self._zone = ZoneInfo(store.timezone)
        self._told = Told()
        self._waiting: dict[str, Waiting] = {}
        self._manifests: dict[str, Manifest] = {}
        self._full_day: date | None = None

    def telling_of(self, places: Iterable[Place], stakes: Collection[Stake] = ()) -> Telling:
        """How an issue over these places is to be told if it is sealed now.

        `stakes` are its lines; none for a folder that somebody else has put there.
        """
        if self.threshold.is_below(stakes):
            return Telling.BELOW_THRESHOLD
        if self._is_quiet:
            return Telling.QUIET_HOURS
        return notice.telling_of(self._told, places, self._clock.now_s(), self._local.date())

    def sealed(self, manifest: Manifest, places: Iterable[Place]) -> None:
        """An issue was sealed, with its telling as `notice` in the manifest."""
        if telling_in(manifest) is Telling.OWN:
            self._tell(places)
        else:
            self._wait_for(manifest, frozenset(places))

    def take_up(self, manifests: Iterable[Manifest]) -> None:
        """At start: which issues still wait, and what today has had of messages. Blocks."""
        sweep_incoming(self._root)
        digests = digests_in(self._root)
        told = {issue for digest in digests for issue in digest["issues"] if _tells(digest)}
        for manifest in manifests:
            if telling_in(manifest) is not Telling.OWN and manifest["id"] not in told:
                self._wait_for(manifest, frozenset())
            elif telling_in(manifest) is Telling.OWN and self._is_of_today(manifest):
                self._tell(())
        for digest in filter(self._is_of_today, digests):
            if _tells(digest):
                self._tell(())
            else:
                self._full_day = self._local.date()

    async def run(self) -> None:
        while True:
            await self._run_once()
            await asyncio.sleep(ROUND_S)

    async def _run_once(self) -> None:
        part = self._health.part("noticing")
        if self._is_quiet:
            part.ok()
            return
        try:
            await self._say_that_the_day_is_full()
            groups = notice.due(
                self._waiting.values(), self._told, self._clock.now_s(), self._local
            )
            for group in groups:
                await self._tell_together(group)
        except (OutboxFault, JournalFault) as fault:
            part.failed(fault)
        else:
            part.ok()

    async def _tell_together(self, group: tuple[Waiting, ...]) -> None:
        found = [(one, await asyncio.to_thread(self._as_it_is_now, one)) for one in group]
        still = [(one, manifest) for one, manifest in found if manifest is not None]
        if still:
            await self._seal([manifest for _, manifest in still], DIGEST)
            self._tell(place for one, _ in still for place in one.places)
        for issue in group:
            del self._waiting[issue.issue_id], self._manifests[issue.issue_id]

    def _as_it_is_now(self, issue: Waiting) -> Manifest | None:
        """Without what was paid or put back while it waited; None where nothing is left. Blocks."""
        manifest = self._manifests[issue.issue_id]
        amendments = self._amendments(issue.issue_id)
        if not amendments:
            return manifest
        lines = left(manifest["lines"], amendments)
        told = {line["product"]: line["missing"] for line in lines}
        won = sum(line["loss"] for line in lines)
        return {**manifest, "lines": lines, "loss_won": won, "told": told} if lines else None

    async def _say_that_the_day_is_full(self) -> None:
        today = self._local.date()
        first = next((w for w in self._waiting.values() if _is_beyond(w, today)), None)
        if first is not None and self._full_day != today:
            await self._seal([self._manifests[first.issue_id]], DAY_IS_FULL)
            self._full_day = today

    async def _seal(self, issues: list[Manifest], kind: str) -> None:
        sealed_at = self._clock.utc()
        folder = await asyncio.to_thread(
            seal_digest,
            self._root,
            issues,
            kind,
            store=self._store,
            label=local_label(sealed_at, self._store.timezone),
            sealed_at=sealed_at,
            is_clock_synced=self._is_clock_synced(),
            fsync=self._fsync,
        )
        log.info("%s: one message about %d issues", folder.name, len(issues))
        self._on_digest()

    def _tell(self, places: Iterable[Place]) -> None:
        now_s, day = self._clock.now_s(), self._local.date()
        self._told = notice.tell(self._told, places, now_s, day)

    def _wait_for(self, manifest: Manifest, places: frozenset[Place]) -> None:
        issue_id, day = manifest["id"], self._day_of(manifest)
        self._manifests[issue_id] = manifest
        self._waiting[issue_id] = Waiting(issue_id, telling_in(manifest), places, day)

    @property
    def _is_quiet(self) -> bool:
        return is_quiet(self._local, self._quiet_hours)

    @property
    def _local(self) -> datetime:
        return self._clock.utc().astimezone(self._zone)

    def _day_of(self, manifest: Manifest) -> date:
        return datetime.fromisoformat(manifest["sealed_at"]).astimezone(self._zone).date()

    def _is_of_today(self, manifest: Manifest) -> bool:
        return self._day_of(manifest) == self._local.date()


def telling_in(manifest: Manifest) -> Telling:
    """How the manifest says that it is told; one that says nothing has its own message."""
    try:
        return Telling(manifest.get("notice", "own"))
    except ValueError:
        return Telling.OWN


def _tells(digest: Manifest) -> bool:
    return bool(digest["notice"] == DIGEST)


def _is_beyond(waiting: Waiting, today: date) -> bool:
    return waiting.telling is Telling.DAILY_DIGEST and waiting.day == today
