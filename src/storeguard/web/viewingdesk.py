"""What the page of viewing requests needs, as values and a Protocol."""

from collections.abc import Collection, Mapping, Sequence
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
    marks: int = 0
    """Pictures on which somebody has said who asks."""


ExportState = Literal["working", "done", "failed", "full"]
Begun = Literal["begun", "busy", "none"]
"""An export: it is being made; another one is; no such request, or none of those clips."""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A zip that is made, or ready. `shares`: clip → percent of its pictures that show who asks;
    only of those in which the person was followed."""

    state: ExportState
    percent: int = 0
    shares: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class StillRow:
    """A picture of a clip. `people`: boxes in pixels of `size_wh`; `chosen`: which of them asks."""

    t_s: float
    jpeg: bytes
    size_wh: tuple[int, int]
    people: tuple[tuple[float, float, float, float], ...]
    chosen: int | None = None


@dataclass(frozen=True, slots=True)
class ViewingDetail:
    """`clips`: what is kept of the span now. `can_follow`: there is a network that finds people."""

    row: ViewingRow
    clips: tuple[ClipRow, ...]
    export: ExportRow | None = None
    can_follow: bool = False


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
    def stills(self, viewing_id: str, key: str) -> Sequence[StillRow] | None:
        """Of the clip, those with people; looks for them with the network. None: no such clip, no
        network, or an export is being made."""

    def mark(self, viewing_id: str, key: str, chosen: Mapping[int, int]) -> bool:
        """Still → person on it, by their places in `stills`, who asks; in place of what was
        marked before. False: no such clip or person."""

    def export(self, viewing_id: str, keys: Collection[str], alone: Collection[str]) -> Begun:
        """Begins a zip of those clips; where somebody else is in one (not `alone`), it shows
        nobody but whoever is marked, and nobody at all without a mark."""

    def exported(self, viewing_id: str, by: str) -> Path | None:
        """The zip that is ready."""

    def close(self, viewing_id: str, outcome: str, reason: str, *, by: str) -> bool: ...
