"""Discrepancies → a sealed issue, then the kiosk book: in this order, so that a power cut
between the two costs a correction that the next start repeats, never the issue."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from storeguard.clock import Clock, local_label, utc_at
from storeguard.domain import issue as issues
from storeguard.domain.events import IssueSealed, SealedLine
from storeguard.domain.issue import Issue, IssueLine, IssueStep, IssueStore
from storeguard.domain.ledger import Movement, Visit
from storeguard.domain.notice import Place, Stake, Telling
from storeguard.domain.product import Product
from storeguard.domain.reasons import Reason, steps_behind, stored
from storeguard.domain.reconcile import Discrepancy
from storeguard.errors import OutboxFault
from storeguard.messages import reasons as wording
from storeguard.messages import text
from storeguard.outbox import adopt
from storeguard.outbox import folder as outbox
from storeguard.outbox.folder import EXTRA
from storeguard.ports import Book
from storeguard.services.evidence import Evidence, EvidenceRoom
from storeguard.services.exhibits import (
    SHORTLY_S,
    TIME_ENOUGH_S,
    WITHIN_S,
    ExhibitRoom,
    Exhibits,
    Key,
)
from storeguard.services.placing import Placed, place
from storeguard.services.posting import post
from storeguard.vision.clipfile import Clip

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class Case:
    """What an issue is made of. `visit` is None for goods that went while nobody watched."""

    key: str
    visit: Visit | None
    discrepancies: tuple[Discrepancy, ...]
    reasons: tuple[Reason, ...] = ()
    leftovers: tuple[Path, ...] = field(default_factory=tuple)
    is_provisional: bool = False


class IssueRecord(Protocol):
    """Where issues are remembered beside their folders (the journal). Blocks."""

    def next_number(self) -> int: ...

    def record(self, issue: Issue, visit_id: str | None) -> None: ...

    def settle(self, issue_id: str, confirmed: Mapping[str, int]) -> None: ...

    def record_folder(self, manifest: Mapping[str, Any]) -> bool:
        """False when it is recorded already."""


class NoticePolicy(Protocol):
    """How the owner hears of issues; what cools down or is worth little waits for a digest."""

    def telling_of(self, places: Iterable[Place], stakes: Collection[Stake] = ()) -> Telling: ...

    def sealed(self, manifest: Mapping[str, Any], places: Iterable[Place]) -> None: ...


REMEMBERED = 64
"""Cases that were filed: whoever files one again, after a fault in what follows, files it once."""


class FilingService:
    """Seals one issue at a time. Raises OutboxFault when the disk refuses: call it again."""

    def __init__(
        self,
        root: Path,
        store: IssueStore,
        kiosk: Book,
        clock: Clock,
        evidence: EvidenceRoom,
        record: IssueRecord,
        notices: NoticePolicy,
        *,
        is_clock_synced: Callable[[], bool],
        log_event: Callable[[Mapping[str, int]], None],
        exhibits: ExhibitRoom | None = None,
        has_room: Callable[[], bool] = lambda: True,
        fsync: bool = True,
    ) -> None:
        self._exhibits = exhibits
        self._has_room = has_room
        self._root = root
        self._store = store
        self._kiosk = kiosk
        self._clock = clock
        self._evidence = evidence
        self._record = record
        self._notices = notices
        self._is_clock_synced = is_clock_synced
        self._log_event = log_event
        self._fsync = fsync
        self._ids: dict[str, str] = {}
        self._filed: dict[str, IssueSealed] = {}

    async def file(self, case: Case) -> IssueSealed:
        """Seals, corrects, records; the event is the caller's to publish.

        A second call for the same case, after a fault here or in what follows, repeats nothing.
        """
        if case.key in self._filed:
            return self._filed[case.key]
        evidence = await self._collect(case)
        shown = await self._shown(case)
        placed = await asyncio.to_thread(self._place, case, shown)
        issue, manifest = await asyncio.to_thread(self._sealed, case, evidence, placed)
        if not case.is_provisional:
            await self.correct(issue.id, _booked(case))
        await asyncio.to_thread(self._write_down, issue, case)
        self._notices.sealed(manifest, _places(case))
        del self._ids[case.key]
        while len(self._filed) >= REMEMBERED:
            del self._filed[next(iter(self._filed))]
        self._filed[case.key] = IssueSealed(
            self._clock.now_s(),
            issue.id,
            case.visit.started_s if case.visit else None,
            tuple(
                SealedLine(n.product, n.shelf, n.kiosk, n.missing, n.loss, n.certainty)
                for n in issue.lines
            ),
            case.is_provisional,
            case.reasons,
        )
        return self._filed[case.key]

    async def settle(self, issue_id: str, confirmed: Mapping[str, int]) -> None:
        """The store is empty: what a provisional issue says stands for so many units.

        A second call, after a fault or a power cut, repeats nothing.
        """
        folder = self._root / issue_id
        is_new = await asyncio.to_thread(outbox.settle, folder, confirmed, fsync=self._fsync)
        await asyncio.to_thread(self._record.settle, issue_id, confirmed)
        await self.correct(issue_id, confirmed)
        if is_new and confirmed:
            await asyncio.to_thread(self._log_event, confirmed)

    async def take_up(self, manifest: Mapping[str, Any]) -> None:
        """Does for a sealed folder what a power cut after the sealing has left undone."""
        missing = {line["product"]: line["missing"] for line in manifest["lines"]}
        # An adopted folder says nothing about our books.
        is_ours = any(line["kiosk"] or line["shelf"] for line in manifest["lines"])
        is_ours = is_ours and not manifest.get("provisional", False)
        if is_ours and await self.correct(manifest["id"], missing):
            log.info("issue %s: the kiosk book is corrected now", manifest["id"])
        is_new = await asyncio.to_thread(self._record.record_folder, manifest)
        if is_ours and is_new:
            await asyncio.to_thread(self._log_event, missing)

    def adopt(self, name: str) -> IssueSealed:
        """Makes an issue of a folder that somebody else has put there. Blocks."""
        folder = adopt.adopt(
            self._root,
            name,
            store=self._store,
            number=self._record.next_number(),
            sealed_at=self._clock.utc(),
            is_clock_synced=self._is_clock_synced(),
            telling_of=self._notices.telling_of,
            fsync=self._fsync,
        )
        manifest = outbox.read_manifest(folder)
        self._record.record_folder(manifest)
        self._notices.sealed(
            manifest, adopt.places_of(line["product"] for line in manifest["lines"])
        )
        lines = tuple(SealedLine(**line) for line in manifest["lines"])
        return IssueSealed(self._clock.now_s(), folder.name, None, lines)

    async def correct(self, issue_id: str, missing: Mapping[str, int]) -> bool:
        """Sets the kiosk book to what the shelf has; once an issue, however often it is called."""
        changes = {product: -count for product, count in missing.items()}
        return await post(self._kiosk, changes, why=f"issue {issue_id}", key=f"issue:{issue_id}")

    async def _collect(self, case: Case) -> Evidence:
        if case.visit is None:
            return Evidence()
        if case.is_provisional:
            times_s = [step.started_s for step in steps_behind(case.reasons)]
            return await self._evidence.collect_so_far(case.visit.started_s, times_s)
        near_s = next((step.started_s for step in steps_behind(case.reasons)), None)
        return await self._evidence.collect(case.visit.started_s, near_s)

    async def _shown(self, case: Case) -> Exhibits:
        if case.visit is None or self._exhibits is None:
            return Exhibits()
        if not self._has_room():  # the last bytes are the books' and the issue's own
            return Exhibits(missing={EXTRA: "the disk is full"})
        language = self._store.language
        unpaid = [
            ((m.scale, m.started_s), text(language, "exhibit.curve", scale=m.scale, what=m.product))
            for m in _unpaid_movements(case)
        ]
        emptied_s, now_s = case.visit.emptied_s, self._clock.now_s()
        had_time = emptied_s is not None and now_s - emptied_s >= TIME_ENOUGH_S
        within_s = SHORTLY_S if had_time else WITHIN_S
        return await self._exhibits.of(case.visit.started_s, unpaid, within_s=within_s)

    def _place(self, case: Case, shown: Exhibits) -> Placed:
        """Beside the folder that will be sealed; a disk that refuses costs these files only."""
        return place(self._root / outbox.INCOMING / f"{self._id_of(case.key)}.{EXTRA}", shown)

    def _issue(self, case: Case, evidence: Evidence, placed: Placed) -> Issue:
        prices = {p.name: p for p in self._kiosk.products}
        visit, store = case.visit, self._store
        lines = tuple(_line(found, prices) for found in case.discrepancies)
        reasons = stored(case.reasons, partial(utc_at, self._clock))
        return Issue(
            id=self._id_of(case.key),
            number=self._record.next_number(),
            store=store,
            sealed_at=self._clock.utc(),
            is_clock_synced=self._is_clock_synced(),
            visit_started_at=utc_at(self._clock, visit.started_s) if visit else None,
            visit_ended_at=self._ended_at(visit),
            lines=lines,
            why={
                language: wording.sentences(language, reasons, store.timezone)
                for language in ("ko", "en")
            },
            reasons=tuple(reasons),
            steps=tuple(self._steps(case, evidence.clips, placed)),
            evidence_missing=dict(placed.missing),
            unfinished={} if case.is_provisional else _unfinished(evidence.clips),
            telling=self._notices.telling_of(
                _places(case), [Stake(line.loss, line.certainty) for line in lines]
            ),
            is_provisional=case.is_provisional,
        )

    def _ended_at(self, visit: Visit | None) -> datetime | None:
        if visit is None or visit.last_seen_s is None:
            return None
        return utc_at(self._clock, visit.last_seen_s)

    def _id_of(self, case_key: str) -> str:
        if case_key not in self._ids:
            taken = self._taken()
            label = local_label(self._clock.utc(), self._store.timezone)
            self._ids[case_key] = issues.issue_id(label, taken)
        return self._ids[case_key]

    def _taken(self) -> set[str]:
        try:
            return {path.name for path in self._root.iterdir()}
        except FileNotFoundError:  # somebody has removed issue_data: sealing makes it again
            return set()
        except OSError as error:
            raise outbox.unwritable(self._root, error) from error

    def _steps(self, case: Case, clips: Sequence[Clip], placed: Placed) -> Iterator[IssueStep]:
        """All steps of the visit, by time; those behind the issue have exhibits of their own."""
        unpaid = {_key(m): n for n, m in enumerate(_unpaid_movements(case), 1)}
        steps = {_key(m): _Step(m.grams, m.product) for m in _movements(case)}
        if self._exhibits is not None and case.visit is not None:
            for step in self._exhibits.steps_of(case.visit.started_s):
                steps.setdefault((step.scale, step.started_s), _Step(step.grams, None))
        for key in sorted(steps, key=lambda key: key[1]):
            number, (scale, started_s) = unpaid.get(key), key
            clip, offset_s = _shown_in(clips, started_s)
            names = placed.names(f"step-{number}") if number else {}
            yield IssueStep(
                scale,
                utc_at(self._clock, started_s),
                round(steps[key].grams, 1),
                clip,
                offset_s,
                steps[key].product,
                is_unpaid=number is not None,
                shown=names,
                shown_at_s=placed.at_s.get(f"step-{number}") if "clip" in names else None,
            )

    def _sealed(
        self, case: Case, evidence: Evidence, placed: Placed
    ) -> tuple[Issue, dict[str, Any]]:
        """The issue and its manifest; without the exhibits where the disk holds not both."""
        try:
            issue = self._issue(case, evidence, placed)
            return issue, self._seal(issue, case, evidence, placed.paths)
        except OutboxFault as fault:
            if not placed.paths:
                raise
            outbox.sweep_staged(placed.paths)
            return self._sealed(case, evidence, placed.left_out(str(fault)))

    def _seal(
        self, issue: Issue, case: Case, evidence: Evidence, extra: Sequence[Path]
    ) -> dict[str, Any]:
        """The manifest as it is on disk: of an earlier attempt, if that had come so far."""
        clips = [clip.path for clip in evidence.clips]
        clips += [path for path in case.leftovers if path.suffix == ".mp4"]
        pictures = [evidence.picture.path] if evidence.picture else []
        pictures += [path for path in case.leftovers if path.suffix == ".jpg"]
        picture = pictures[0] if pictures else None
        folder = outbox.seal(
            self._root,
            issue,
            picture,
            clips,
            extra,
            picture_time_label=picture.stem if picture else None,
            fsync=self._fsync,
        )
        outbox.sweep_staged(extra)
        return outbox.read_manifest(folder)

    def _write_down(self, issue: Issue, case: Case) -> None:
        self._record.record(issue, case.visit.id if case.visit else None)
        if not case.is_provisional:
            self._log_event({line.product: line.missing for line in issue.lines})


@dataclass(frozen=True, slots=True)
class _Step:
    grams: float
    product: str | None


def _key(movement: Movement) -> Key:
    return movement.scale, movement.started_s


def _unpaid_movements(case: Case) -> tuple[Movement, ...]:
    """Those behind the issue, each step once."""
    return tuple({_key(step): step for step in steps_behind(case.reasons)}.values())


def _movements(case: Case) -> tuple[Movement, ...]:
    return (*(case.visit.movements if case.visit else ()), *_unpaid_movements(case))


def _shown_in(clips: Sequence[Clip], t_s: float) -> tuple[str | None, float | None]:
    """The first clip that shows the instant, and how far into it."""
    for i, clip in enumerate(clips, 1):
        if clip.started_s <= t_s <= clip.ended_s:
            return f"clip-{i}.mp4", round(t_s - clip.started_s, 2)
    return None, None


def _unfinished(clips: Sequence[Clip]) -> dict[str, str]:
    named = enumerate(clips, 1)
    return {f"clip-{i}.mp4": clip.copy_of.name for i, clip in named if clip.copy_of is not None}


def _booked(case: Case) -> dict[str, int]:
    """A freezer's grams are of no row."""
    return {one.product: one.missing for one in case.discrepancies if one.loss_won is None}


def _places(case: Case) -> frozenset[Place]:
    """Where each missing product stood; a scale that nobody saw move is ''."""
    scales: dict[str, set[str]] = {found.product: set() for found in case.discrepancies}
    for step in steps_behind(case.reasons):
        if step.product in scales:
            scales[step.product].add(step.scale)
    return frozenset(
        (product, scale) for product, found in scales.items() for scale in found or {""}
    )


def _line(found: Discrepancy, products: Mapping[str, Product]) -> IssueLine:
    price_won = products[found.product].price_won if found.product in products else 0
    return IssueLine(
        found.product,
        found.shelf,
        found.kiosk,
        found.missing,
        found.missing * price_won if found.loss_won is None else found.loss_won,
        round(found.certainty, 3),
    )
