"""Requests to see recordings of oneself, kept in the state folder. Blocks.

The Korean privacy act, article 35, gives everybody that right; its decree, 41(4), ten days.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from storeguard.domain.following import Mark
from storeguard.errors import StoreguardError
from storeguard.statefile import StateFile

Outcome = Literal["answered", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("answered", "refused")

ANSWERED_WITHIN = timedelta(days=10)
FORGOTTEN_AFTER = timedelta(days=366)
"""As long as the access log is kept for; a name is not kept for good."""

MOST_KEPT = 400
ONLY_US = 0o600


@dataclass(frozen=True, slots=True)
class Viewing:
    """`who` asked on `asked_on` for what was recorded from `start` to `end` (aware).

    `outcome` None: it waits for an answer until the end of `due_on`.
    """

    id: str
    who: str
    contact: str
    asked_on: date
    due_on: date
    start: datetime
    end: datetime
    outcome: Outcome | None = None
    reason: str = ""
    closed_on: date | None = None
    closed_by: str = ""
    marks: tuple[tuple[str, Mark], ...] = ()
    """Clip's key, and where on it somebody has said who asks. Forgotten with the answer."""

    def marks_of(self, key: str) -> tuple[Mark, ...]:
        return tuple(mark for clip, mark in self.marks if clip == key)


class ViewingsFile:
    """`state/viewings.json`, oldest first."""

    def __init__(self, state: Path, *, fsync: bool = True) -> None:
        without = "requests to see recordings are not known; ask who is waiting for an answer"
        self._file = StateFile(
            state / "viewings.json", _viewings, without=without, fsync=fsync, mode=ONLY_US
        )
        self._known: dict[str, Viewing] = {one.id: one for one in self._file.load() or ()}

    def all(self) -> tuple[Viewing, ...]:
        return tuple(self._known.values())

    def of(self, viewing_id: str) -> Viewing | None:
        return self._known.get(viewing_id)

    def free_id(self, asked_on: date) -> str:
        numbers = (f"{asked_on.isoformat()}-{number}" for number in range(1, MOST_KEPT + 2))
        return next(one for one in numbers if one not in self._known)

    def save(self, viewing: Viewing, today: date) -> None:
        """Adds it or puts it in its place, and forgets what was closed long ago."""
        known = [one for one in self._known.values() if not _is_forgotten(one, today)]
        kept = {one.id: one for one in known} | {viewing.id: viewing}
        if len(kept) > MOST_KEPT:
            raise StoreguardError(f"{self._file.path}: {MOST_KEPT} requests are kept, no more fit")
        try:
            self._file.save([_said(one) for one in kept.values()])
        except OSError as error:
            raise StoreguardError(
                f"{self._file.path}: cannot be written: {error.strerror}; see the disk"
            ) from error
        self._known = kept


def _is_forgotten(viewing: Viewing, today: date) -> bool:
    return viewing.closed_on is not None and today - viewing.closed_on > FORGOTTEN_AFTER


def _said(viewing: Viewing) -> dict[str, Any]:
    return {
        key: value.isoformat() if isinstance(value, date) else value
        for key, value in asdict(viewing).items()
    }


def _viewings(content: Sequence[dict[str, Any]]) -> tuple[Viewing, ...]:
    found = tuple(_viewing(said) for said in content)
    for one in found:
        if one.outcome is not None and one.outcome not in OUTCOMES:
            raise ValueError(f"outcome is {one.outcome!r}; known: {', '.join(OUTCOMES)}")
    return found


def _viewing(said: dict[str, Any]) -> Viewing:
    closed_on = said["closed_on"]
    read = {
        "asked_on": date.fromisoformat(said["asked_on"]),
        "due_on": date.fromisoformat(said["due_on"]),
        "start": datetime.fromisoformat(said["start"]),
        "end": datetime.fromisoformat(said["end"]),
        "closed_on": None if closed_on is None else date.fromisoformat(closed_on),
    }
    marks = tuple((str(key), _mark(one)) for key, one in said.get("marks", ()))
    return Viewing(**{**said, **read, "marks": marks})


def _mark(said: dict[str, Any]) -> Mark:
    left, top, right, bottom = (float(side) for side in said["box"])
    return Mark(float(said["t_s"]), (left, top, right, bottom))
