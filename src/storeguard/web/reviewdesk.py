"""What the monthly review of the access log needs, as values and a Protocol."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from storeguard.domain.reviewing import Oddity


@dataclass(frozen=True, slots=True)
class AccessRow:
    """Who did what, when, to which thing and why."""

    at: str
    who: str
    what: str
    thing: str
    why: str


@dataclass(frozen=True, slots=True)
class OddRow:
    kind: Oddity
    row: AccessRow


@dataclass(frozen=True, slots=True)
class MonthPage:
    """`earlier`, `later`: the months beside it that have anything. `is_over`: it can be noted as
    reviewed. `reviewed`: when and by whom; `count` of all lines, of which `rows` are the newest.
    """

    label: str
    earlier: str | None
    later: str | None
    is_over: bool
    reviewed: tuple[str, str] | None
    odd: tuple[OddRow, ...]
    done: tuple[tuple[str, str, int], ...]
    rows: tuple[AccessRow, ...]
    count: int


class ReviewDesk(Protocol):
    """Everything blocks."""

    def due(self) -> str | None:
        """Last month, where nobody has gone through it yet."""

    def months(self) -> Sequence[str]: ...
    def month(self, label: str, owners: Collection[str]) -> MonthPage: ...
    def note(self, label: str, who: str) -> bool:
        """Notes that it was gone through. False: it is not over yet, or has nothing."""
