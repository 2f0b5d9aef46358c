"""Requests to see recordings of oneself, kept in the state folder. Blocks.

The Korean privacy act, article 35, gives everybody that right; its decree, 41(4), ten days.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from storeguard.books.recordfile import RecordFile
from storeguard.domain.following import Mark

Outcome = Literal["answered", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("answered", "refused")

ANSWERED_WITHIN = timedelta(days=10)
FORGOTTEN_AFTER = timedelta(days=366)
"""As long as the access log is kept for; a name is not kept for good."""

MOST_KEPT = 400


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


class ViewingsFile(RecordFile[Viewing]):
    """`state/viewings.json`."""

    def __init__(self, state: Path, *, fsync: bool = True) -> None:
        without = "requests to see recordings are not known; ask who is waiting for an answer"
        path = state / "viewings.json"
        super().__init__(path, _viewing, without=without, most=MOST_KEPT, fsync=fsync)

    def save(self, viewing: Viewing, today: date) -> None:
        """Adds it or puts it in its place, and forgets what was closed long ago."""
        self.put(viewing, (one.id for one in self.all() if _is_forgotten(one, today)))


def _is_forgotten(viewing: Viewing, today: date) -> bool:
    return viewing.closed_on is not None and today - viewing.closed_on > FORGOTTEN_AFTER


def _viewing(said: dict[str, Any]) -> Viewing:
    if said["outcome"] is not None and said["outcome"] not in OUTCOMES:
        raise ValueError(f"outcome is {said['outcome']!r}; known: {', '.join(OUTCOMES)}")
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
