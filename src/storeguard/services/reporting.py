"""The morning's mail about the day before: figures, and charts that every mail program draws.

Charts are tables with coloured cells: no picture is attached, so that text-only stores get them
too, and none that a mail program would hide at first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import Protocol

from storeguard.clock import Clock
from storeguard.domain.daily import Day
from storeguard.domain.issue import IssueStore
from storeguard.domain.telling import Kind, Notice
from storeguard.messages import text
from storeguard.services.letters import ACCENT, INK, LINE, QUIET, page
from storeguard.services.reminding import report_id

BAR_PX, MOST_ROWS = 72, 6
WARN = "#b4432f"
WEEKDAYS = {"ko": "월화수목금토일", "en": "MTWTFSS"}


class Days(Protocol):
    """Where a day is remembered (books/daily.py). Blocks; raises JournalFault."""

    def day(self, day: date, now: datetime) -> Day: ...


class Reporter:
    """Makes the notice about one day."""

    def __init__(self, days: Days, store: IssueStore, clock: Clock) -> None:
        self._days = days
        self._store = store
        self._clock = clock

    async def __call__(self, day: date) -> Notice:
        now = self._clock.utc()
        return report(await asyncio.to_thread(self._days.day, day, now), self._store, now)


def report(day: Day, store: IssueStore, now: datetime) -> Notice:
    language = store.language
    said = text(language, "report.subject", day=day.day.isoformat())
    charts = _charts(language, day) + _said(_unseen(language, day))
    html = page(said, store.name, _tiles(language, day), charts, _foot(language))
    subject = text(language, "notice.subject", store=store.name, said=said)
    return Notice(
        report_id(day.day), Kind.REPORT, now, subject, _plain(language, day), html, issues=()
    )


def _figures(language: str, day: Day) -> list[tuple[str, str, str]]:
    """Title, value, colour."""

    def won(amount: int) -> str:
        return text(language, "report.won", won=f"{amount:,}")

    none = text(language, "report.none")
    minutes = text(language, "report.minutes", minutes=day.blind_min)
    return [
        (
            text(language, "report.visits"),
            text(language, "report.visits_of", count=day.visits),
            INK,
        ),
        (text(language, "report.sales"), won(day.sales_won), ACCENT),
        (
            text(language, "report.losses"),
            won(day.loss_won) if day.missing else none,
            WARN if day.missing else INK,
        ),
        (
            text(language, "report.blind"),
            minutes if day.blind_min else none,
            WARN if day.blind_min else INK,
        ),
    ]


def _plain(language: str, day: Day) -> str:
    lines = [f"{title}: {value}" for title, value, _ in _figures(language, day)]
    for key, found in (("report.products", day.sold), ("report.missing", day.missing)):
        if found:
            listed = ", ".join(f"{product} {count}" for product, count in _first(found).items())
            lines.append(f"{text(language, key)}: {listed}")
    return "\n".join([*lines, *_unseen(language, day)])


def _unseen(language: str, day: Day) -> list[str]:
    """A sentence, on days that have any: a tile would make it look like an alarm."""
    if not day.unseen:
        return []
    return [text(language, "report.unseen", count=day.unseen, won=f"{day.unseen_won:,}")]


def _tiles(language: str, day: Day) -> str:
    cells = "".join(
        f'<td width="50%" style="padding:{pad}"><table role="presentation" width="100%" '
        f'style="background:#f5f7f8;border-radius:8px"><tr><td style="padding:12px 14px">'
        f'<div style="font-size:12px;color:{QUIET}">{escape(title)}</div>'
        f'<div style="font-size:20px;font-weight:700;color:{colour};white-space:nowrap">'
        f"{escape(value)}</div></td></tr></table></td>" + ("</tr><tr>" if i == 1 else "")
        for i, (title, value, colour) in enumerate(_figures(language, day))
        for pad in ("4px 0 4px 6px" if i % 2 else "4px 6px 4px 0",)
    )
    return (
        '<table role="presentation" width="100%" style="margin-top:14px;'
        f'border-collapse:collapse"><tr>{cells}</tr></table>'
    )


def _charts(language: str, day: Day) -> str:
    names = WEEKDAYS.get(language, WEEKDAYS["ko"])
    days = [(names[at.weekday()], won) for at, won in day.sales_by_day]
    hours = [(str(hour) if hour % 3 == 0 else "", n) for hour, n in enumerate(day.visits_by_hour)]
    compared = text(language, "report.compared", won=f"{day.week_before_won:,}")
    parts = [
        _titled(text(language, "report.by_hour"), _columns(hours, ACCENT)),
        _titled(text(language, "report.by_day"), _columns(days, ACCENT), compared),
        _rows(text(language, "report.products"), day.sold, ACCENT),
        _rows(text(language, "report.missing"), day.missing, WARN),
        _rows(
            text(language, "report.faults"),
            day.outages_min,
            QUIET,
            text(language, "report.minutes", minutes="{}"),
        ),
    ]
    return "".join(parts)


def _said(sentences: Sequence[str]) -> str:
    style = f"margin-top:22px;font-size:14px;color:{INK}"
    return "".join(f'<div style="{style}">{escape(one)}</div>' for one in sentences)


def _titled(title: str, chart: str, beside: str = "") -> str:
    return (
        f'<div style="margin-top:22px;font-size:14px;font-weight:700;color:{INK}">'
        f'{escape(title)} <span style="font-weight:400;color:{QUIET};font-size:12px">'
        f"{escape(beside)}</span></div>{chart}"
    )


def _columns(values: Sequence[tuple[str, int]], colour: str) -> str:
    """Columns of up to BAR_PX; one without a value is a thin line."""
    most = max((value for _, value in values), default=0) or 1
    bars = "".join(
        f'<td valign="bottom" height="{BAR_PX + 4}" style="padding:0 1px">'
        f'<div style="height:{max(1, round(BAR_PX * value / most))}px;line-height:1px;'
        f'font-size:1px;background:{colour if value else LINE};border-radius:2px 2px 0 0" '
        f'title="{value:,}">&nbsp;</div></td>'
        for _, value in values
    )
    labels = "".join(
        f'<td align="center" style="font-size:10px;color:{QUIET};padding-top:3px">'
        f"{escape(label)}</td>"
        for label, _ in values
    )
    return (
        '<table role="presentation" width="100%" cellspacing="0" style="margin-top:8px;'
        f'table-layout:fixed;border-collapse:collapse"><tr>{bars}</tr><tr>{labels}</tr></table>'
    )


def _rows(title: str, values: Mapping[str, int], colour: str, form: str = "{}") -> str:
    """A bar a row, longest first; nothing for nothing."""
    if not values:
        return ""
    most = max(values.values())
    rows = "".join(
        f'<tr><td style="font-size:13px;color:{INK};padding:5px 10px 5px 0;width:42%">'
        f'{escape(name)}</td><td style="padding:5px 0"><div style="width:'
        f"{max(2, round(100 * value / most))}%;height:10px;background:{colour};"
        'border-radius:3px;font-size:1px">&nbsp;</div></td>'
        f'<td align="right" style="font-size:13px;color:{INK};padding-left:10px;'
        f'white-space:nowrap;width:1%">{escape(form.format(f"{value:,}"))}</td></tr>'
        for name, value in _first(values).items()
    )
    table = f'<table role="presentation" width="100%" style="margin-top:4px">{rows}</table>'
    return _titled(title, table)


def _first(values: Mapping[str, int]) -> dict[str, int]:
    return dict(list(values.items())[:MOST_ROWS])


def _foot(language: str) -> str:
    said = escape(text(language, "report.foot"))
    return f'<div style="margin-top:24px;font-size:12px;color:{QUIET}">{said}</div>'
