"""Requests to see recordings of oneself: found, blurred, given out, answered.

Implements web.viewingdesk.ViewingDesk.
"""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from storeguard.books.viewings import ANSWERED_WITHIN, OUTCOMES, Outcome, Viewing, ViewingsFile
from storeguard.clock import Clock
from storeguard.domain.following import Mark
from storeguard.domain.issue import IssueStore
from storeguard.domain.occupancy import Box
from storeguard.messages import text
from storeguard.outbox.folder import sealed_issues
from storeguard.ports import Detector
from storeguard.viewingexport import Exporter, GivenClip, Order
from storeguard.vision.footage import Footage, Footages
from storeguard.vision.oneself import Still
from storeguard.web.desks import Action, IssueDetail
from storeguard.web.viewingdesk import (
    Begun,
    ClipRow,
    StillRow,
    ViewingDetail,
    ViewingRow,
    ViewingState,
    ViewingWish,
)

KEY_SIGNS = 12
MOST_STILLS = 4
"""Clips whose stills are kept: half a megabyte each."""

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
        self,
        places: Places,
        state: Path,
        store: IssueStore,
        issues: Evidence,
        clock: Clock,
        finder: Callable[[], Detector] | None = None,
    ) -> None:
        """`finder` makes what finds people on clips; None where there is no network."""
        self._places = places
        self._store = store
        self._issues = issues
        self._clock = clock
        self._zone = ZoneInfo(store.timezone)
        self._file = ViewingsFile(state)
        self._footages = Footages()
        self._turn = threading.Lock()
        self._exporter = Exporter(state, store, clock, finder)
        self._stills: dict[Path, tuple[Still, ...]] = {}

    async def run(self) -> None:
        """Until it is cancelled: what is exported does not lie about for long."""
        await self._exporter.run()

    def shut(self) -> None:
        """Ends the exporter's thread, where nobody has run it."""
        self._exporter.close()

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
        clips = [self._clip_row(one, viewing) for one in self._found(viewing)]
        export = self._exporter.row(viewing_id)
        can_follow = self._exporter.can_follow
        return ViewingDetail(self._row(viewing), tuple(clips), export, can_follow)

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

    def _clip_row(self, found: Footage, viewing: Viewing) -> ClipRow:
        issue = None if found.path.parent == self._places.record else found.path.parent.name
        at = f"{self._local(found.started_at)} ~ {self._local(found.ended_at)[6:]}"
        key = self._key(found)
        marks = len(viewing.marks_of(key))
        return ClipRow(key, found.camera, at, issue, found.is_exact, marks)

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
        rows = [self._clip_row(one, viewing) for one in self._found(viewing)]
        return sorted({row.where for row in rows if row.where is not None})

    async def _hold(self, issue_id: str, viewing: Viewing, by: str) -> None:
        """Evidence that somebody has asked for is not deleted for its age before the answer."""
        detail, until = await asyncio.to_thread(self._issues.issue, issue_id), str(viewing.due_on)
        if detail is not None and (detail.held_until or "") < until:
            reason = text(self._store.language, "viewing.held", id=viewing.id)
            await self._issues.act(issue_id, "hold", who=by, reason=reason, until=until)

    # --- who it is, and what is given out ---------------------------------------------------

    def stills(self, viewing_id: str, key: str) -> Sequence[StillRow] | None:
        viewing, path = self._file.of(viewing_id), self.clip(viewing_id, key)
        found = None if viewing is None or path is None else self._stills_of(path)
        if viewing is None or found is None:
            return None
        marks = {mark.t_s: mark.box for mark in viewing.marks_of(key)}
        return [_still_row(still, marks.get(still.t_s)) for still in found]

    def _stills_of(self, path: Path) -> tuple[Still, ...] | None:
        """Of a few clips they are kept: the page asks for each picture by itself."""
        if path not in self._stills:
            found = self._exporter.stills(path)
            if not found:
                return found
            kept = [*self._stills.items()][1 - MOST_STILLS :]
            self._stills = {**dict(kept), path: found}
        return self._stills[path]

    def mark(self, viewing_id: str, key: str, chosen: Mapping[int, int]) -> bool:
        stills = self.stills(viewing_id, key) or ()
        try:
            marks = [
                (key, Mark(stills[still].t_s, stills[still].people[person]))
                for still, person in chosen.items()
            ]
        except IndexError:
            return False
        with self._turn:
            viewing = self._file.of(viewing_id)
            if viewing is None or not stills or viewing.outcome is not None:
                return False
            others = (one for one in viewing.marks if one[0] != key)
            self._file.save(replace(viewing, marks=(*others, *marks)), self._today())
        return True

    def export(self, viewing_id: str, keys: Collection[str], alone: Collection[str]) -> Begun:
        viewing = self._file.of(viewing_id)
        found = [] if viewing is None else self._found(viewing)
        keyed = ((self._key(one), one) for one in found)
        given = tuple(
            GivenClip(one.path, self._clip_row(one, viewing), key in alone, viewing.marks_of(key))
            for key, one in keyed
            if viewing is not None and key in keys
        )
        if viewing is None or not given:
            return "none"
        made_at = self._clock.utc().astimezone(self._zone)
        order = Order(self._row(viewing), given, made_at)
        return "begun" if self._exporter.begin(order) else "busy"

    def exported(self, viewing_id: str, by: str) -> Path | None:
        ready, viewing = self._exporter.ready(viewing_id), self._file.of(viewing_id)
        if ready is None or viewing is None:
            return None
        path, order = ready
        plain = sum(one.is_plain for one in order.clips)
        shown = sum(bool(one.marks) and not one.is_plain for one in order.clips)
        why = f"{viewing.who}: {len(order.clips)} ({plain} as recorded, {shown} with the person)"
        self._issues.looked(by, "viewing_export", viewing.id, why)
        return path

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
        self._file.save(replace(closed, marks=()), today)
        self._exporter.forget(viewing_id)
        return True


def _still_row(still: Still, marked: Box | None) -> StillRow:
    chosen = still.people.index(marked) if marked in still.people else None
    return StillRow(still.t_s, still.jpeg, still.size_wh, still.people, chosen)
