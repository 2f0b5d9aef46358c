"""A book's versions of the last 24 hours, in memory and in the journal."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from storeguard.books.journal import Change, Journal, VersionRecord
from storeguard.books.merge import Version
from storeguard.books.rows import BookFile, Layout, Rows, counts_changed, from_json, to_json
from storeguard.books.textlog import TextLog
from storeguard.clock import Clock
from storeguard.errors import JournalDamaged

KEPT = timedelta(hours=24)
WHOLE_EVERY = 256
"""Versions between two that hold the whole book; the others hold the counts that changed."""

WHOLE_AFTER = timedelta(hours=6)

log = logging.getLogger(__name__)


class History:
    """The versions of one book; each is in the journal before it is in force. Blocks."""

    def __init__(self, book: str, journal: Journal, clock: Clock, changes: TextLog | None) -> None:
        self._book = book
        self._journal = journal
        self._clock = clock
        self._changes = changes
        self._versions: list[Version] = []
        self._layout: Layout | None = None
        self._on_disk = 0
        self._whole_at = (0, datetime.min.replace(tzinfo=UTC))

    @property
    def versions(self) -> tuple[Version, ...]:
        """Oldest first, the version in force last."""
        return tuple(self._versions)

    @property
    def rows(self) -> Rows:
        return self._versions[-1].rows if self._versions else ()

    def is_applied(self, key: str | None) -> bool:
        return key is not None and self._journal.is_applied(self._book, key)

    def load(self) -> Layout | None:
        """Takes up the journal's versions; None when it has none. Raises JournalDamaged."""
        for record in self._journal.versions(self._book):
            try:
                self._take_up(record)
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                raise JournalDamaged(
                    f"{self._book} book: version {record.version} cannot be read ({error!r}); "
                    "see storeguard restore"
                ) from error
        return self._layout

    def begin(self, book: BookFile) -> None:
        """Version 1 is the owner's file as it stands."""
        self.commit(book.rows, book.layout, why="begin")
        self.put_on_disk()

    def commit(
        self,
        rows: Rows,
        layout: Layout,
        *,
        why: str,
        saved: Rows | None = None,
        key: str | None = None,
    ) -> None:
        """Makes a new version, durable when this returns. `saved`: the owner's file behind it."""
        now_utc = self._clock.utc()
        number = self._versions[-1].number + 1 if self._versions else 1
        version = Version(number, now_utc, rows, saved, unread=True)
        changes = self._changed(version, why)
        self._journal.add_version(self._record(version, layout), changes, key)
        self._versions.append(version)
        self._layout = layout
        if self._whole_at[0] == number:
            self._forget(now_utc)
        self._write(changes)

    def retype(self, rows: Rows) -> None:
        """The same rows, as the owner has typed them now."""
        self._versions[-1] = replace(self._versions[-1], rows=rows)

    def put_on_disk(self) -> None:
        """The CSV shows the version in force: from now on somebody may open it."""
        self._on_disk = self._versions[-1].number
        self._mark(self._on_disk, unread=False)

    def was_not_read(self) -> None:
        """Nobody has opened the version that the CSV shows, or has shown until now."""
        self._mark(self._on_disk, unread=True)

    def _mark(self, number: int, *, unread: bool) -> None:
        at = number - self._versions[0].number
        if at >= 0:
            self._versions[at] = replace(self._versions[at], unread=unread)

    def _record(self, version: Version, layout: Layout) -> VersionRecord:
        counts = self._counts_alone(version, layout)
        whole = None if counts is not None else _whole(version, layout)
        if whole is not None:
            self._whole_at = (version.number, version.at_utc)
        edited = version.saved is not None
        return VersionRecord(self._book, version.number, version.at_utc, edited, whole, counts)

    def _counts_alone(self, version: Version, layout: Layout) -> Mapping[str, int] | None:
        """The counts that changed, when that is all that did and a whole one is not due."""
        if not self._versions or layout != self._layout or version.saved is not None:
            return None
        if self._is_whole_due(version) or len(version.rows) != len(self.rows):
            return None
        pairs = list(zip(self.rows, version.rows, strict=True))
        if any(old.with_count(new.count) != new for old, new in pairs):
            return None
        return {new.name: new.count for old, new in pairs if old.count != new.count}

    def _is_whole_due(self, version: Version) -> bool:
        number, at_utc = self._whole_at
        is_many = version.number - number >= WHOLE_EVERY
        return is_many or not timedelta() <= version.at_utc - at_utc < WHOLE_AFTER

    def _take_up(self, record: VersionRecord) -> None:
        saved: Rows | None = None
        if record.rows is not None:
            self._layout = _layout(record.rows["layout"])
            rows = from_json(record.rows["rows"])
            saved = _saved(record, rows)
            self._whole_at = (record.version, record.at_utc)
        else:
            counts = record.counts or {}
            rows = tuple(row.with_count(counts.get(row.name, row.count)) for row in self.rows)
        self._versions.append(Version(record.version, record.at_utc, rows, saved))

    def _changed(self, version: Version, why: str) -> list[Change]:
        changed = counts_changed(self.rows, version.rows) if self._versions else {}
        return [
            Change(version.at_utc, self._book, name, before, after, why)
            for name, (before, after) in changed.items()
        ]

    def _forget(self, now_utc: datetime) -> None:
        """Drops what is older than 24 h, except what was in force then or is on disk."""
        old = [v.number for v in self._versions if v.at_utc <= now_utc - KEPT]
        first = min(old[-1], self._on_disk) if old and self._on_disk else 0
        keep = [v for v in self._versions if v.number >= first]
        if len(keep) < len(self._versions):
            self._versions = keep
            self._journal.prune_versions(self._book, keep[0].at_utc)

    def _write(self, changes: list[Change]) -> None:
        if self._changes is None or not changes:
            return
        counts = {change.product: (change.before, change.after) for change in changes}
        try:
            self._changes.changed(changes[0].at_utc, counts)
        except OSError as error:  # the journal has it; a sale is not lost for its log line
            log.warning("%s book: the text log cannot be written: %s", self._book, error)


def _whole(version: Version, layout: Layout) -> dict[str, Any]:
    whole = {"layout": _layout_json(layout), "rows": to_json(version.rows)}
    if version.saved is not None and version.saved != version.rows:
        whole["saved"] = to_json(version.saved)
    return whole


def _saved(record: VersionRecord, rows: Rows) -> Rows | None:
    assert record.rows is not None
    if not record.edited:
        return None
    return from_json(record.rows["saved"]) if "saved" in record.rows else rows


def _layout_json(layout: Layout) -> list[Any]:
    header, *rest = (getattr(layout, name) for name in Layout.__slots__)
    return [[*header], *rest]


def _layout(cells: list[Any]) -> Layout:
    header, *rest = cells
    return Layout(tuple(header), *rest)
