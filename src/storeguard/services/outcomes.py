"""What came of an issue once it was sealed: confirmed, withdrawn, paid late. Told once, briefly.

What is still to be told is found on disk: the journal's amendments and what a provisional issue
came to, less what was sealed about it. Events only say of which issue there is news.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from storeguard.clock import Clock
from storeguard.domain import events as ev
from storeguard.domain import loss
from storeguard.domain.issue import IssueStore
from storeguard.domain.loss import Amendment
from storeguard.domain.notice import Telling
from storeguard.domain.product import Stock
from storeguard.domain.telling import Kind
from storeguard.errors import JournalFault, OutboxFault
from storeguard.messages import text
from storeguard.outbox.digest import DIGEST
from storeguard.outbox.folder import read_manifest, sealed_issues, settled
from storeguard.services.announcing import Announcer
from storeguard.services.bus import Bus
from storeguard.services.noticing import telling_in

TOLD_FOR = timedelta(days=2)
"""A start looks so far back for what a stop has kept from being told."""

SETTLED = frozenset({Kind.CONFIRMED, Kind.WITHDRAWN})
PAID, PUT_BACK = "paid", "put_back"

Manifest = Mapping[str, Any]


class AmendmentRecord(Protocol):
    """Where is remembered what was paid or put back (the journal). Blocks; raises JournalFault."""

    def amendments(self, issue_id: str) -> Sequence[Amendment]: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """One message about an issue. `is_silent`: for the cloud's sums, the owner needs no word."""

    id: str
    kind: Kind
    about: Manifest
    lines: Sequence[loss.Line]
    is_silent: bool


class Outcomes:
    """`tell` says what is due; in the owner's quiet hours it waits."""

    def __init__(
        self,
        issue_root: Path,
        digests: Path,
        announcer: Announcer,
        store: IssueStore,
        record: AmendmentRecord,
        bus: Bus,
        clock: Clock,
        *,
        is_quiet: Callable[[], bool],
    ) -> None:
        self._issue_root = issue_root
        self._digests = digests
        self._announcer = announcer
        self._store = store
        self._record = record
        self._clock = clock
        self._is_quiet = is_quiet
        self._why = _Whereabouts()
        self._news: dict[str, None] = {}
        self._has_looked = False
        bus.subscribe(self._on_event)

    def _on_event(self, event: ev.Event) -> None:
        self._why.see(event)
        if isinstance(event, ev.IssueAmended | ev.IssueConfirmed | ev.IssueWithdrawn):
            self._news[event.id] = None

    async def tell(self) -> None:
        """Raises OutboxFault and JournalFault: what was not told then is told by the next call."""
        if not self._has_looked:
            self._news |= dict.fromkeys(await asyncio.to_thread(self._of_late))
            self._has_looked = True
        if self._is_quiet():
            return
        while self._news:
            issue_id = next(iter(self._news))
            del self._news[issue_id]
            try:
                await self._tell_of(issue_id)
            except (OutboxFault, JournalFault):
                self._news[issue_id] = None
                raise

    def has_left(self, issue_id: str) -> bool:
        """Is anything of it still neither paid nor put back? True for an unknown one. Blocks."""
        folder = self._issue_root / issue_id
        lines = read_manifest(folder)["lines"] if folder.is_dir() else ()
        return not lines or bool(loss.left(lines, self._record.amendments(issue_id)))

    def _of_late(self) -> list[str]:
        since = self._clock.utc() - TOLD_FOR
        the_day_before = since.date() - timedelta(days=1)  # ids have the store's own day
        found = sealed_issues(self._issue_root, the_day_before)
        manifests = (read_manifest(folder) for folder in found)
        return [one["id"] for one in manifests if datetime.fromisoformat(one["sealed_at"]) >= since]

    async def _tell_of(self, issue_id: str) -> None:
        for outcome in await asyncio.to_thread(self._due, issue_id):
            why = self._why.of(issue_id) if outcome.kind is Kind.WITHDRAWN else ""
            await self._announcer.seal(
                outcome.kind,
                _said(self._store.language, outcome, why),
                notice_id=outcome.id,
                about=outcome.about,
                lines=outcome.lines,
                reason=why,
                is_silent=outcome.is_silent,
            )
            if outcome.kind in SETTLED:
                self._why.forget(issue_id)

    def _due(self, issue_id: str) -> list[Outcome]:
        """Nothing for an issue that the owner has deleted."""
        folder = self._issue_root / issue_id
        if not folder.is_dir():
            return []
        manifest, amendments = read_manifest(folder), self._record.amendments(issue_id)
        is_provisional = manifest.get("provisional", False)
        confirmed = settled(folder) if is_provisional else None
        if confirmed is None and (is_provisional or not amendments):
            return []
        sealed = [read_manifest(one) for one in sealed_issues(self._digests)]
        about = [one for one in sealed if one.get("amends") == issue_id]
        told = _told(manifest, sealed)
        due = _settlement(manifest, confirmed, about, told) if confirmed is not None else ()
        return [*due, *_late(manifest, amendments, about, told)]


def _settlement(
    manifest: Manifest, confirmed: Stock, about: Sequence[Manifest], told: Stock
) -> Iterator[Outcome]:
    """Who was told 확인 중 hears what it came to; whom a digest has told a fact, only of less."""
    if any(one["notice"] in SETTLED for one in about):
        return
    kind = Kind.CONFIRMED if confirmed else Kind.WITHDRAWN
    lines = loss.of_units(manifest["lines"], confirmed) if confirmed else manifest["lines"]
    is_awaited = telling_in(manifest) is Telling.OWN
    is_silent = not (is_awaited or _is_less(confirmed, told))
    yield Outcome(f"settled-{manifest['id']}", kind, manifest, lines, is_silent)


def _late(
    manifest: Manifest, amendments: Sequence[Amendment], about: Sequence[Manifest], told: Stock
) -> Iterator[Outcome]:
    """What was paid since the last word about it, all products together."""
    said = [one for one in about if one["notice"] == Kind.AMENDED]
    paid = loss.units(loss.late(amendments))
    paid.subtract(_counts(line for one in said for line in one["lines"]))
    lines = loss.of_units(manifest["lines"], paid)
    if lines:
        left = _counts(loss.left(manifest["lines"], amendments))
        known = {one["id"] for one in about}
        ids = (f"amended-{manifest['id']}-{n}" for n in range(1, len(known) + 2))
        free = next(one for one in ids if one not in known)
        yield Outcome(free, Kind.AMENDED, manifest, lines, is_silent=not _is_less(left, told))


def _told(manifest: Manifest, sealed: Sequence[Manifest]) -> Stock:
    """Product → units that the owner has been told to be missing; none: he was told nothing."""
    whole = _counts(manifest["lines"])
    if telling_in(manifest) is Telling.OWN:
        return whole
    digests = (one for one in sealed if one.get("notice") == DIGEST)
    digest = next((one for one in digests if manifest["id"] in one["issues"]), None)
    return {} if digest is None else digest.get("told", {}).get(manifest["id"], whole)


def _is_less(now: Stock, told: Stock) -> bool:
    return any(count > now.get(product, 0) for product, count in told.items())


def _counts(lines: Any) -> dict[str, int]:
    return dict(
        loss.units({"product": line["product"], "count": line["missing"]} for line in lines)
    )


def _said(language: str, outcome: Outcome, why: str) -> str:
    kind, number = outcome.kind, outcome.about["number"]
    item = "notice.paid_item" if kind is Kind.AMENDED else "notice.item"
    items = ", ".join(
        text(language, item, product=line["product"], count=line["missing"])
        for line in outcome.lines
    )
    won = sum(line["loss"] for line in outcome.lines)
    lost = text(language, "notice.won", won=f"{won:,}") if won else ""
    key = f"notice.{kind}" + (f".{why}" if why else "")
    values = {"won": lost} if kind is Kind.CONFIRMED else {}
    return text(language, key, items=items, number=number, **values)


class _Whereabouts:
    """What has happened to the products of provisional issues since these were sealed.

    What was seen before a restart is not known: then it is only said that all is well.
    """

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, set[str]]] = {}

    def see(self, event: ev.Event) -> None:
        match event:
            case ev.IssueSealed(provisional=True):
                self._seen[event.id] = {line.product: set() for line in event.lines}
            case ev.SaleMade() if event.count > 0:
                self._note(PAID, event.product)
            case ev.AmountPaid():
                self._note(PAID)
            case ev.StockChanged() if event.after > event.before:
                self._note(PUT_BACK, event.product)

    def _note(self, what: str, product: str | None = None) -> None:
        for products in self._seen.values():
            for name, seen in products.items():
                if product in (None, name):
                    seen.add(what)

    def of(self, issue_id: str) -> str:
        """`paid` or `put_back` where it is certain of all of it, else nothing."""
        found = {frozenset(seen) for seen in self._seen.get(issue_id, {}).values()}
        one = found.pop() if len(found) == 1 else frozenset()
        return next(iter(one)) if len(one) == 1 else ""

    def forget(self, issue_id: str) -> None:
        self._seen.pop(issue_id, None)
