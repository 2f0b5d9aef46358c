"""Requests to see recordings of oneself: found, blurred, given out, answered.

Implements web.viewingdesk.ViewingDesk.
"""

import asyncio
import hashlib
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from storeguard.books.viewings import ANSWERED_WITHIN, OUTCOMES, Outcome, Viewing, ViewingsFile
from storeguard.clock import Clock
from storeguard.domain.issue import IssueStore
from storeguard.exporting import GivenClip, clips_zipped
from storeguard.messages import text
from storeguard.outbox.folder import sealed_issues
from storeguard.vision.footage import Footage, Footages
from storeguard.web.desks import Action, IssueDetail
from storeguard.web.viewingdesk import (
    ClipRow,
    ViewingDetail,
    ViewingRow,
    ViewingState,
    ViewingWish,
)

KEY_SIGNS = 12
MINUTE = timedelta(minutes=1)


class Evidence(Protocol):
    """What is needed of the issues' desk."""

    def issue(self, issue_id: str) -> IssueDetail | None: ...
    def looked(self, who: str, what: str, thing: str, why: str = "") -> None: ...
    async def act(
        self, issue_id: str, action: Action, *, who: str, reason: str = "", until: str = ""
    ) -> bool: ...


@dataclass(frozen=True, slots=True)
class Places:
    """Where clips lie: loose ones, and those of issues."""

    record: Path
    issue_data: Path

    def clips(self) -> Iterator[Path]:
        """An issue's own first, so that it is known by that name."""
        for folder in sealed_issues(self.issue_data):
            yield from sorted(folder.glob("*.mp4"))
        yield from sorted(self.record.glob("*.mp4"))


class ViewingDesk:
    """See web.viewingdesk.ViewingDesk."""

    def __init__(
        self, places: Places, state: Path, store: IssueStore, issues: Evidence, clock: Clock
    ) -> None:
        self._places = places
        self._store = store
        self._issues = issues
        self._clock = clock
        self._zone = ZoneInfo(store.timezone)
        self._file = ViewingsFile(state)
        self._footages = Footages()
        self._turn = threading.Lock()

    # --- what is seen --------------------------------------------------------------------

    def requests(self) -> Sequence[ViewingRow]:
        """Those that wait first, by their due date; then the newest."""
        found = self._file.all()[::-1]
        waiting = sorted((one for one in found if one.outcome is None), key=lambda one: one.due_on)
        return [self._row(one) for one in (*waiting, *(one for one in found if one.outcome))]

    def waiting(self) -> Sequence[ViewingRow]:
        return [row for row in self.requests() if row.state in ("open", "late")]

    def detail(self, viewing_id: str) -> ViewingDetail | None:
        viewing = self._file.of(viewing_id)
        if viewing is None:
            return None
        clips = [self._clip_row(one) for one in self._found(viewing)]
        return ViewingDetail(self._row(viewing), tuple(clips))

    def clip(self, viewing_id: str, key: str) -> Path | None:
        viewing = self._file.of(viewing_id)
        found = () if viewing is None else self._found(viewing)
        return next((one.path for one in found if self._key(one) == key), None)

    def _found(self, viewing: Viewing) -> list[Footage]:
        return self._footages.between(self._places.clips(), viewing.start, viewing.end)

    def _key(self, found: Footage) -> str:
        """By its path: the place in the list changes when a clip is deleted."""
        name = f"{found.path.parent.name}/{found.path.name}"
        return hashlib.sha256(name.encode()).hexdigest()[:KEY_SIGNS]

    def _clip_row(self, found: Footage) -> ClipRow:
        issue = None if found.path.parent == self._places.record else found.path.parent.name
        at = f"{self._local(found.started_at)} ~ {self._local(found.ended_at)[6:]}"
        return ClipRow(self._key(found), found.camera, at, issue, found.is_exact)

    def _row(self, viewing: Viewing) -> ViewingRow:
        closed = f"{viewing.closed_on} {viewing.closed_by}" if viewing.closed_on else ""
        end = (viewing.end - MINUTE).astimezone(self._zone)  # as it was typed
        return ViewingRow(
            viewing.id,
            viewing.who,
            viewing.contact,
            str(viewing.asked_on),
            str(viewing.due_on),
            f"{viewing.start.astimezone(self._zone):%Y-%m-%d %H:%M} ~ {end:%H:%M}",
            self._state(viewing),
            viewing.reason,
            closed,
        )

    def _state(self, viewing: Viewing) -> ViewingState:
        if viewing.outcome is not None:
            return viewing.outcome
        return "late" if self._today() > viewing.due_on else "open"

    def _today(self) -> date:
        return self._clock.utc().astimezone(self._zone).date()

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%m-%d %H:%M:%S}"

    # --- what is done --------------------------------------------------------------------

    async def ask(self, wish: ViewingWish, by: str) -> str:
        viewing = await asyncio.to_thread(self._noted_alone, wish, by)
        for issue_id in await asyncio.to_thread(self._issues_of, viewing):
            await self._hold(issue_id, viewing, by)
        return viewing.id

    def _noted_alone(self, wish: ViewingWish, by: str) -> Viewing:
        """Two at once are two requests."""
        with self._turn:
            return self._noted(wish, by)

    def _noted(self, wish: ViewingWish, by: str) -> Viewing:
        today = self._today()
        asked_on = wish.asked_on or today
        start = datetime.combine(wish.day, wish.start, self._zone)
        end = datetime.combine(wish.day, wish.end, self._zone)
        end += timedelta(days=int(end < start)) + MINUTE  # up to the end of that minute
        if not wish.who or wish.day > today or asked_on > today:
            raise ValueError("nobody asks, or for a day that is still to come")
        viewing = Viewing(
            self._file.free_id(asked_on),
            wish.who,
            wish.contact,
            asked_on,
            asked_on + ANSWERED_WITHIN,
            start,
            end,
        )
        self._issues.looked(by, "viewing", viewing.id, wish.who)
        self._file.save(viewing, today)
        return viewing

    def _issues_of(self, viewing: Viewing) -> list[str]:
        rows = [self._clip_row(one) for one in self._found(viewing)]
        return sorted({row.where for row in rows if row.where is not None})

    async def _hold(self, issue_id: str, viewing: Viewing, by: str) -> None:
        """Evidence that somebody has asked for is not deleted for its age before the answer."""
        detail, until = await asyncio.to_thread(self._issues.issue, issue_id), str(viewing.due_on)
        if detail is not None and (detail.held_until or "") < until:
            reason = text(self._store.language, "viewing.held", id=viewing.id)
            await self._issues.act(issue_id, "hold", who=by, reason=reason, until=until)

    def export(
        self, viewing_id: str, keys: Collection[str], alone: Collection[str], *, by: str
    ) -> bytes | None:
        viewing = self._file.of(viewing_id)
        found = [] if viewing is None else self._found(viewing)
        given = [
            GivenClip(one.path, self._clip_row(one), is_plain=self._key(one) in alone)
            for one in found
            if self._key(one) in keys
        ]
        if viewing is None or not given:
            return None
        plain = sum(one.is_plain for one in given)
        why = f"{viewing.who}: {len(given)} ({plain} as recorded)"
        self._issues.looked(by, "viewing_export", viewing.id, why)
        made_at = self._clock.utc().astimezone(self._zone)
        return clips_zipped(self._store, self._row(viewing), given, made_at)

    def close(self, viewing_id: str, outcome: str, reason: str, *, by: str) -> bool:
        """False: no such request, or it is closed already."""
        with self._turn:
            return self._close(viewing_id, outcome, reason, by)

    def _close(self, viewing_id: str, outcome: str, reason: str, by: str) -> bool:
        viewing = self._file.of(viewing_id)
        known: Outcome | None = next((one for one in OUTCOMES if one == outcome), None)
        if viewing is None or known is None or viewing.outcome is not None:
            return False
        self._issues.looked(by, f"viewing_{known}", viewing_id, reason)
        today = self._today()
        closed = replace(viewing, outcome=known, reason=reason, closed_on=today, closed_by=by)
        self._file.save(closed, today)
        return True
