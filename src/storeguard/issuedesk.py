"""The owner's work on issues: the album, one issue, decisions, exports. Implements IssueDesk."""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from storeguard import durable
from storeguard.books import album
from storeguard.books.decisions import OPEN, VERDICTS, Access, AccessLog, Decision, DecisionsFile
from storeguard.books.journal import IssueRecord, Journal
from storeguard.clock import Clock
from storeguard.domain import loss
from storeguard.domain.issue import IssueStore
from storeguard.errors import OutboxFault, StoreguardError
from storeguard.exporting import Export, zipped
from storeguard.outbox.folder import settled
from storeguard.outbox.later import shown_clips, whole_manifest
from storeguard.outbox.stored import HELD, remove
from storeguard.ports import Book
from storeguard.services.posting import post
from storeguard.web.desks import (
    A_PAGE,
    STATES,
    AccessRow,
    Action,
    AlbumPage,
    IssueCard,
    IssueDetail,
    State,
    StepRow,
    Wish,
)


class IssueDesk:
    """See web.desks.IssueDesk. One owner's action at a time."""

    def __init__(
        self,
        root: Path,
        state: Path,
        store: IssueStore,
        journal: Journal,
        kiosk: Book,
        clock: Clock,
    ) -> None:
        self._root = root
        self._store = store
        self._journal = journal
        self._kiosk = kiosk
        self._clock = clock
        self._zone = ZoneInfo(store.timezone)
        self._decisions = DecisionsFile(state)
        album.follow(journal, self._decisions.verdicts())
        self.log = AccessLog(state)
        self._turn = asyncio.Lock()

    # --- what is seen --------------------------------------------------------------------

    def album(self, wish: Wish) -> AlbumPage:
        verdict = wish.state if wish.state in (OPEN, *VERDICTS) else None
        offset, beside = (wish.page - 1) * A_PAGE, (wish.older_than, wish.newer_than)
        wanted = album.Wanted(A_PAGE, offset, wish.product, verdict, *beside)
        found, count = album.issues(self._journal, wanted)
        cards = tuple(self._card(one) for one in found)
        return AlbumPage(cards, count, wish.page, max(1, math.ceil(count / A_PAGE)))

    def issue(self, issue_id: str) -> IssueDetail | None:
        record = album.issue(self._journal, issue_id)
        if record is None:
            return None
        said, decision = self._manifest(issue_id), self._decisions.of(issue_id)
        names = [file["name"] for file in said.get("files", ())]
        return IssueDetail(
            card=self._card(record),
            visit=self._visit(said),
            lines=_lines(record, said),
            why=tuple(said.get("why", {}).get(self._store.language, ())),
            steps=tuple(self._step(step) for step in said.get("steps", ())),
            sales=self._sales(said),
            clips=shown_clips(said),
            curves=tuple(name for name in names if name.endswith(".svg")),
            has_files=bool(said),
            reason=decision.reason,
            by=decision.by,
            held_until=self._held_until(decision),
            is_undone=decision.is_undone,
            can_be_undone=bool(self._taken(record)) and not decision.is_undone,
            files=tuple((f["name"], f["bytes"], f["sha256"]) for f in said.get("files", ())),
        )

    def _card(self, record: IssueRecord) -> IssueCard:
        said, decision = self._manifest(record.id), self._decisions.of(record.id)
        names = [file["name"] for file in said.get("files", ())]
        lines = _lines(record, said)
        certainties = [float(line.get("certainty", 0)) for line in lines]
        return IssueCard(
            record.id,
            said.get("number"),
            self._local(record.at_utc),
            {line["product"]: line["missing"] for line in lines},
            loss.left_won(lines, record.amendments),
            _state(decision, record, self._stand(record, said)),
            min(certainties, default=0.0),
            next((name for name in names if name.endswith(".jpg") and "/" not in name), None),
            is_held=self._held_until(decision) is not None,
        )

    def _stand(self, record: IssueRecord, said: Mapping[str, Any]) -> loss.Stand:
        return loss.stand_of(
            record.lines,
            record.amendments,
            is_provisional=said.get("provisional", False),
            is_settled=settled(self._root / record.id) is not None,
        )

    def _held_until(self, decision: Decision) -> str | None:
        """A hold ends by itself when its last day is over."""
        today = f"{self._clock.utc().astimezone(self._zone):%Y-%m-%d}"
        is_over = decision.held_until is not None and decision.held_until < today
        return None if is_over else decision.held_until

    def _manifest(self, issue_id: str) -> Mapping[str, Any]:
        """Nothing once the folder has been deleted: the journal knows it for good."""
        try:
            return whole_manifest(self._root / issue_id)
        except OutboxFault:
            return {}

    def _visit(self, said: Mapping[str, Any]) -> str | None:
        visit = said.get("visit")
        if visit is None:
            return None
        labels = [self._local(datetime.fromisoformat(at)) for at in visit.values() if at]
        return " ~ ".join((labels[0], *(label[6:] for label in labels[1:])))

    def _step(self, step: Mapping[str, Any]) -> StepRow:
        at = self._local(datetime.fromisoformat(step["at"]))[6:]
        return StepRow(at, step["scale"], step["grams"], step.get("clip"), step["clip_offset_s"])

    def _sales(self, said: Mapping[str, Any]) -> tuple[tuple[str, str, int, int], ...]:
        visit = said.get("visit")
        if visit is None:
            return ()
        start = datetime.fromisoformat(visit["started_at"])
        end = datetime.fromisoformat(said["sealed_at"])  # until it was judged, the grace included
        found = album.sales_between(self._journal, start, end)
        return tuple((self._local(s.at_utc)[6:], s.product, s.count, s.won) for s in found)

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%m-%d %H:%M:%S}"

    # --- what is done --------------------------------------------------------------------

    async def act(
        self, issue_id: str, action: Action, *, who: str, reason: str = "", until: str = ""
    ) -> bool:
        """False for no such issue. Written down before it is done."""
        async with self._turn:
            record = await asyncio.to_thread(album.issue, self._journal, issue_id)
            if record is None:
                return False
            await asyncio.to_thread(self.looked, who, action, issue_id, reason)
            if action == "undo":
                await self._undo(record)
            await asyncio.to_thread(self._decide, issue_id, action, who, reason, until)
            verdict = self._decisions.of(issue_id).verdict or "open"
            await asyncio.to_thread(album.decide, self._journal, issue_id, verdict)
            return True

    async def _undo(self, record: IssueRecord) -> None:
        """Gives the kiosk book back what the issue took from it; once, however often pressed."""
        if await asyncio.to_thread(self._is_being_checked, record):
            raise StoreguardError(f"{record.id}: has corrected no book yet; wait for its outcome")
        units = await asyncio.to_thread(self._taken, record)
        await post(self._kiosk, units, why=f"undone {record.id}", key=f"undo:{record.id}")

    def _is_being_checked(self, record: IssueRecord) -> bool:
        return self._stand(record, self._manifest(record.id)) == "checking"

    def _taken(self, record: IssueRecord) -> Mapping[str, int]:
        """Product → units that the kiosk book is lower by: neither paid nor put back since.

        A provisional issue takes none before the store is empty.
        """
        if self._is_being_checked(record):
            return {}
        found = loss.left(record.lines, record.amendments)
        return {line["product"]: line["missing"] for line in found}

    def _decide(self, issue_id: str, action: Action, who: str, reason: str, until: str) -> None:
        known, now = self._decisions.of(issue_id), self._clock.utc().isoformat(timespec="seconds")
        mark = self._root / issue_id / HELD
        if action == "hold":
            said = {"reason": reason, "until": until}
            durable.publish(mark, json.dumps(said, ensure_ascii=False).encode())
            self._decisions.note(issue_id, replace(known, held_until=until, reason=reason))
        elif action == "release":
            mark.unlink(missing_ok=True)
            self._decisions.note(issue_id, replace(known, held_until=None))
        elif action == "undo":
            self._decisions.note(issue_id, replace(known, is_undone=True))
        elif action == "reopen":
            self._decisions.note(issue_id, replace(known, verdict=None, reason=""))
        else:
            self._close(issue_id, action, replace(known, at=now, by=who, reason=reason))

    def _close(self, issue_id: str, action: Action, decision: Decision) -> None:
        verdicts: dict[Action, Any] = {"confirm": "confirmed", "dismiss": "dismissed"}
        if action == "delete":
            if held_until := self._held_until(decision):
                raise StoreguardError(f"{issue_id}: is held until {held_until}")
            remove(self._root, issue_id)
        verdict = verdicts.get(action, "deleted")
        self._decisions.note(issue_id, replace(decision, verdict=verdict))

    # --- what goes out -------------------------------------------------------------------

    def export(self, issue_id: str, *, who: str, reason: str) -> bytes | None:
        """A zip. Without a reason nobody can be known in it. None: no such issue, or no files."""
        detail = self.issue(issue_id)
        if detail is None or not detail.has_files:
            return None
        self.looked(who, "export_plain" if reason else "export", issue_id, reason)
        export = Export(
            self._root / issue_id,
            self._store,
            detail,
            tuple(self.accesses(1000, issue_id)),
            self._clock.utc().astimezone(self._zone),
            is_plain=bool(reason),
        )
        return zipped(export)

    def looked(self, who: str, what: str, thing: str, why: str = "") -> None:
        at = self._clock.utc().isoformat(timespec="seconds")
        self.log.note(Access(at, who, what, thing, why))

    def accesses(self, limit: int, thing: str | None = None) -> Sequence[AccessRow]:
        return [
            AccessRow(
                self._local(datetime.fromisoformat(one.at)), one.who, one.what, one.thing, one.why
            )
            for one in self.log.newest(limit, thing)
        ]


def _lines(record: IssueRecord, said: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The manifest's say more than an older journal's."""
    lines: tuple[Mapping[str, Any], ...] = tuple(said.get("lines", ())) or record.lines
    unknown = {"shelf": "–", "kiosk": "–"}
    return tuple({**unknown, **line} for line in lines)


def _state(decision: Decision, record: IssueRecord, stand: loss.Stand) -> State:
    """The owner's word where he has given one, and how the issue stands where he has not."""
    verdict = decision.verdict or record.verdict  # of an old one only the journal knows
    known: State = next((one for one in STATES if one == verdict), "open")
    return stand if known == "open" else known
