"""What the page of a breach needs, as values and a Protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from storeguard.domain.breach import Kind


@dataclass(frozen=True, slots=True)
class BreachRow:
    """All times are labels of the store's. `hours_left` is below 0 once it should be told."""

    id: str
    kind: Kind
    learnt: str
    due: str
    hours_left: int
    note: str = ""
    closed: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class BreachStep:
    """`how`: the exact command, or what is to be pressed."""

    key: str
    what: str
    how: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class BreachDetail:
    """`exposed`: sentences; `notice` and `report`: texts to be copied, of several lines."""

    row: BreachRow
    steps: tuple[BreachStep, ...]
    exposed: tuple[str, ...]
    notice: str
    report: str


class BreachDesk(Protocol):
    """Everything blocks but `waiting`; what is done is written down in the access log first."""

    def waiting(self) -> Sequence[BreachRow]:
        """Those that are not closed, the most urgent first."""

    def breaches(self) -> Sequence[BreachRow]: ...
    def now(self) -> str:
        """What a form's date and time begin with."""

    def detail(self, breach_id: str) -> BreachDetail | None: ...
    def begin(self, kind: Kind, learnt: datetime, note: str, *, by: str) -> str:
        """Its id. `learnt` is the store's own time; raises ValueError where it is still to come."""

    def step(self, breach_id: str, step: str, *, is_done: bool, by: str) -> bool: ...
    def close(self, breach_id: str, outcome: str, *, by: str) -> bool: ...
