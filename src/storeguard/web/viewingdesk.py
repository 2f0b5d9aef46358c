"""What the page of viewing requests needs, as values and a Protocol."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Literal, Protocol

ViewingState = Literal["open", "late", "answered", "refused"]
"""Waits for an answer; its day is over; shown or given; not shown, for a reason."""


@dataclass(frozen=True, slots=True)
class ViewingRow:
    """A request; all dates and times are labels of the store's time."""

    id: str
    who: str
    contact: str
    asked_on: str
    due_on: str
    span: str
    state: ViewingState
    reason: str = ""
    closed: str = ""


@dataclass(frozen=True, slots=True)
class ClipRow:
    """A clip that shows the span. `key` names it in addresses and forms; `where`: its issue.

    `is_exact` False: its time is the file's, not the recording's.
    """

    key: str
    camera: str
    at: str
    where: str | None
    is_exact: bool


@dataclass(frozen=True, slots=True)
class ViewingDetail:
    """`clips`: what is kept of the span now."""

    row: ViewingRow
    clips: tuple[ClipRow, ...]


@dataclass(frozen=True, slots=True)
class ViewingWish:
    """What somebody asks for. An end before the start is on the next day."""

    who: str
    contact: str
    day: date
    start: time
    end: time
    asked_on: date | None = None


class ViewingDesk(Protocol):
    """Everything blocks but `waiting` and `ask`; what is shown or given is written down first."""

    def waiting(self) -> Sequence[ViewingRow]: ...
    def requests(self) -> Sequence[ViewingRow]: ...
    def detail(self, viewing_id: str) -> ViewingDetail | None: ...
    async def ask(self, wish: ViewingWish, by: str) -> str:
        """Its id. Issues of the span are held until the answer is due. Raises ValueError for a
        day that is still to come."""

    def clip(self, viewing_id: str, key: str) -> Path | None: ...
    def export(
        self, viewing_id: str, keys: Collection[str], alone: Collection[str], *, by: str
    ) -> bytes | None:
        """A zip of those clips, blurred but where nobody else is in them (`alone`). None: no such
        request, or none of those clips is kept."""

    def close(self, viewing_id: str, outcome: str, reason: str, *, by: str) -> bool: ...
