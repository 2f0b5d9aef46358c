"""The monthly review of the access log. Implements web.reviewdesk.ReviewDesk."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from storeguard.books.decisions import Access, AccessLog
from storeguard.clock import Clock
from storeguard.domain import reviewing
from storeguard.domain.reviewing import REVIEWED, Look
from storeguard.web.reviewdesk import AccessRow, MonthPage, OddRow

SHOWN = 500


class ReviewDesk:
    """`log`: the one that is written to: only it knows the last line's hash."""

    def __init__(self, log: AccessLog, clock: Clock, timezone: str) -> None:
        self._log = log
        self._clock = clock
        self._zone = ZoneInfo(timezone)
        self._owed: tuple[str, str | None] | None = None
        """Of which month it was found, and what was: a month that is over changes no more."""

    def due(self) -> str | None:
        today = self._today()
        this = reviewing.label_of(today)
        if self._owed is None or self._owed[0] != this:
            looks = list(self._looks())
            reviewed = {look.thing for look in looks if look.what == REVIEWED}
            self._owed = (this, reviewing.is_owed(today, _logged(looks), reviewed))
        return self._owed[1]

    def months(self) -> Sequence[str]:
        """Those that have anything, and this one, the newest first."""
        here = {reviewing.label_of(self._today())}
        return sorted(_logged(self._looks()) | here, reverse=True)

    def month(self, label: str, owners: Collection[str]) -> MonthPage:
        looks = list(self._looks())
        found, months = reviewing.review(label, looks, owners), _logged(looks)
        this, reviewed = reviewing.label_of(self._today()), found.reviewed
        return MonthPage(
            label,
            max((one for one in months if one < label), default=None),
            min((one for one in months | {this} if one > label), default=None),
            label < this,
            None if reviewed is None else (f"{reviewed.at:%Y-%m-%d %H:%M}", reviewed.who),
            tuple(OddRow(kind, _row(look)) for kind, look in found.odd[:SHOWN]),
            found.done,
            tuple(_row(look) for look in found.looks[:SHOWN]),
            len(found.looks),
        )

    def note(self, label: str, who: str) -> bool:
        is_over = label < reviewing.label_of(self._today())
        if not is_over or label not in _logged(self._looks()):
            return False
        at = self._clock.utc().isoformat(timespec="seconds")
        self._log.note(Access(at, who, REVIEWED, label))
        self._owed = None
        return True

    def _looks(self) -> Iterator[Look]:
        """A time that somebody has made unreadable counts as that of the line before."""
        at = datetime.min.replace(tzinfo=UTC)
        for access, is_whole in self._log.everything():
            try:
                at = datetime.fromisoformat(access.at).astimezone(self._zone)
            except ValueError:
                is_whole = False
            yield Look(at, access.who, access.what, access.thing, access.why, is_whole)

    def _today(self) -> datetime:
        return self._clock.utc().astimezone(self._zone)


def _logged(looks: Collection[Look] | Iterator[Look]) -> set[str]:
    """A review alone makes no month that has to be reviewed."""
    return {reviewing.label_of(look.at) for look in looks if look.what != REVIEWED}


def _row(look: Look) -> AccessRow:
    return AccessRow(f"{look.at:%m-%d %H:%M:%S}", look.who, look.what, look.thing, look.why)
