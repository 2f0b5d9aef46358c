"""What there is on the device for somebody to take: counted, not guessed. Blocks."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, func, select

from storeguard.books import tables as t
from storeguard.books.accounts import AccountFiles
from storeguard.books.journal import Journal
from storeguard.books.viewings import ViewingsFile
from storeguard.config import Config, Folders
from storeguard.domain.breach import Span
from storeguard.outbox.folder import sealed_issues

DAY = re.compile(r"(20\d\d-[01]\d-[0-3]\d)_")
CLIPS, PICTURES = (".mp4",), (".jpg", ".jpeg")


def exposed(config: Config, folders: Folders, journal: Journal) -> Mapping[str, Span]:
    """Kind of data → how much of it; nothing for what there is none of."""
    zone = ZoneInfo(config.store.timezone)
    roots = (folders.record, folders.issue_data)
    numbers = [config.law.phone, config.law.manager]
    found = {
        "clips": _span(_days(roots, CLIPS, zone)),
        "pictures": _span(_days(roots, PICTURES, zone)),
        "issues": _span(_day(one, zone) for one in sealed_issues(folders.issue_data)),
        "visits": _rows(journal, t.visits.c.started_utc, zone),
        "sales": _rows(journal, t.sales.c.at_utc, zone),
        "accounts": Span(len(AccountFiles(folders.state).accounts())),
        "requests": _span(str(one.asked_on) for one in ViewingsFile(folders.state).all()),
        "contacts": Span(sum(bool(number) for number in numbers)),
    }
    return {key: span for key, span in found.items() if span.count}


def _days(roots: Iterable[Path], suffixes: tuple[str, ...], zone: ZoneInfo) -> Iterator[str]:
    for root in roots:
        for path in root.rglob("*"):
            if path.suffix.lower() in suffixes:
                yield _day(path, zone)


def _day(path: Path, zone: ZoneInfo) -> str:
    """As its name, or its folder's, has it: the time of a file changes when it is copied."""
    for part in (path.name, path.parent.name, path.parent.parent.name):
        if (found := DAY.search(part)) is not None:
            return found[1]
    try:
        return f"{datetime.fromtimestamp(path.stat().st_mtime, zone):%Y-%m-%d}"
    except FileNotFoundError:  # the cleaner was quicker; it was there
        return ""


def _span(days: Iterable[str]) -> Span:
    all_days = list(days)
    known = sorted(day for day in all_days if day)
    return Span(len(all_days), known[0], known[-1]) if known else Span(len(all_days))


def _rows(journal: Journal, at: "Column[datetime]", zone: ZoneInfo) -> Span:
    wanted: Any = select(
        func.count().label("n"), func.min(at).label("first"), func.max(at).label("last")
    )
    [row] = journal.rows(wanted)
    if not row["n"]:
        return Span(0)
    first_day, last_day = (f"{row[key].astimezone(zone):%Y-%m-%d}" for key in ("first", "last"))
    return Span(int(row["n"]), first_day, last_day)
