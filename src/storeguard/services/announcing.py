"""Seals what is said beside issues and digests: faults, tests, what came of an issue."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from storeguard.clock import Clock
from storeguard.domain.issue import IssueStore
from storeguard.domain.telling import Kind, Notice
from storeguard.outbox.digest import Said, seal_said
from storeguard.services.telling import TellingService


class Announcer:
    """What is sealed goes by SMS and is told on the channels, by one id. Raises OutboxFault."""

    def __init__(
        self,
        root: Path,
        store: IssueStore,
        clock: Clock,
        telling: TellingService,
        *,
        is_clock_synced: Callable[[], bool],
        on_sealed: Callable[[], None],
        fsync: bool = True,
    ) -> None:
        self._root = root
        self._store = store
        self._clock = clock
        self._telling = telling
        self._is_clock_synced = is_clock_synced
        self._on_sealed = on_sealed
        self._fsync = fsync

    async def seal(
        self,
        kind: Kind,
        said: str,
        *,
        notice_id: str | None = None,
        about: Mapping[str, Any] | None = None,
        lines: Sequence[Mapping[str, Any]] = (),
        to: str = "owner",
        reason: str = "",
        is_silent: bool = False,
    ) -> bool:
        """Durable when it returns; False when this id has been sealed before.

        `is_silent`: only the cloud's sums need it, no message goes out.
        """
        now = self._clock.utc()
        is_new = await asyncio.to_thread(
            seal_said,
            self._root,
            notice_id or f"{kind}-{now:%Y%m%dT%H%M%S.%f}",
            Said(str(kind), said, about, lines, to, reason, is_silent),
            store=self._store,
            sealed_at=now,
            is_clock_synced=self._is_clock_synced(),
            fsync=self._fsync,
        )
        if is_new:
            self._on_sealed()
        return is_new

    async def put(self, notice: Notice) -> bool:
        """On the channels only."""
        return await self._telling.put(notice)
