"""What the daemon's log says of events: a line each, for the person who reads it."""

import logging
from collections.abc import Mapping
from functools import partial

from storeguard.clock import Clock, utc_at
from storeguard.domain import events as ev
from storeguard.domain.loss import BY_PROMOTION
from storeguard.domain.reasons import stored
from storeguard.messages.reasons import sentences

LANGUAGE = "en"
"""The log is the engineer's."""

log = logging.getLogger("storeguard")


class Narrator:
    """Faults are not told here: health logs both ends of them.

    What is judged is told with its reasons, in the sentences of the notice and the pages.
    """

    def __init__(self, clock: Clock, timezone: str) -> None:
        self._clock = clock
        self._timezone = timezone

    def narrate(self, event: ev.Event) -> None:
        """Logs the event."""
        said = line(event)
        if said is not None:
            level = logging.WARNING if isinstance(event, ev.IssueSealed) else logging.INFO
            log.log(level, " ".join((said, *self._why(event))))

    def _why(self, event: ev.Event) -> tuple[str, ...]:
        if not isinstance(event, ev.VisitReconciled | ev.IssueSealed):
            return ()
        said = stored(event.reasons, partial(utc_at, self._clock))
        return tuple(f"| {one}" for one in sentences(LANGUAGE, said, self._timezone))


def line(event: ev.Event) -> str | None:
    """The event in one line; None for one that is told elsewhere."""
    match event:
        case ev.StoreOccupied():
            return "visit: a shelf moved, nobody was seen" if event.by_step else "visit: begins"
        case ev.StoreEmptied():
            return _ended(event)
        case ev.StockChanged():
            doubt = "" if event.certain else ", not certain"
            return f"shelf: {event.product} {event.before} -> {event.after} ({event.scale}{doubt})"
        case ev.SaleMade():
            return f"sale: {event.product} {event.count}"
        case ev.VisitReconciled():
            return _visit(event)
        case ev.BookEdited():
            changes = ", ".join(f"{name} {a} -> {b}" for name, (a, b) in event.counts.items())
            return f"{event.book} book: edited by hand: {changes or 'no counts'}"
        case _:
            return _issue(event)


def _ended(event: ev.StoreEmptied) -> str:
    people = f"; {event.came} came, {event.most} at once" if event.came else ""
    unseen = f"; not verified: could not see for {event.unseen_s:.0f} s" if event.unseen_s else ""
    return f"visit: ends, the store is empty{people}{unseen}; judged when the grace is over"


def _issue(event: ev.Event) -> str | None:
    match event:
        case ev.IssueSealed():
            loss = sum(line.loss for line in event.lines)
            missing = _counts({line.product: line.missing for line in event.lines})
            kind = "provisional issue" if event.provisional else "issue"
            return f"{kind} {event.id}: missing {missing}, {loss:,} won"
        case ev.IssueConfirmed():
            return f"issue {event.id}: confirmed, the store is empty"
        case ev.IssueWithdrawn():
            return f"issue {event.id}: withdrawn, everything was paid or put back"
        case ev.IssueAmended() if event.sale_id.startswith(BY_PROMOTION):
            name = event.sale_id.removeprefix(BY_PROMOTION)
            return f"issue {event.id}: {event.product} {event.count} taken back, fits '{name}'"
        case ev.IssueAmended():
            return f"issue {event.id}: {event.product} {event.count} was paid afterwards"
        case ev.IssueDelivered():
            return f"issue {event.id}: uploaded"
        case ev.NoticeConfirmed(text=""):
            return f"issue {event.id}: delivered; the owner hears of it in a digest"
        case ev.NoticeConfirmed():
            return f"issue {event.id}: the owner was told: {' / '.join(event.text.splitlines())}"
        case _:
            return None


def _visit(event: ev.VisitReconciled) -> str:
    lasted_s = event.visit_ended_s - event.visit_started_s
    found = {
        "taken": _counts(event.taken),
        "paid": _counts(event.paid),
        "not paid": _counts(event.unpaid),
        f"written off, {event.written_off_won:,} won:": _counts(event.written_off),
        "more than before": _counts(event.surplus),
        "misplaced": _counts(event.misplaced),
        "mixed up": _counts(event.mixed_up),
        "uncertain": ", ".join(f"{n} {_range(*r)}" for n, r in event.uncertain.items()),
        "not verified": ", ".join(sorted(event.unverified)),
    }
    said = "; ".join(f"{what} {counts}" for what, counts in found.items() if counts)
    whose = f" ({event.by})" if event.by else ""
    return f"visit{whose}: judged, {lasted_s:.0f} s: {said or 'nothing taken'}"


def _range(low: int, high: int) -> str:
    return f"{low} to {high}" if high else "(none that is known to be missing)"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{product} {count}" for product, count in counts.items())
