"""How a notice gets through one channel: waiting, sending, sent; and what is never told twice.

A channel that dies between sending and writing it down leaves SENDING: whether the owner has it
is then not known, and it is sent once more under the same id. Twice at most, never not at all.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Literal

GIVEN_UP_AFTER = timedelta(days=14)
"""What could not be told for so long is told on the page only: a week offline is twice in it."""

KEPT_FOR = timedelta(days=40)

To = Literal["owner", "second"]


class Kind(StrEnum):
    """What a notice is about; also `notice` of a manifest that is sealed for the SMS."""

    ISSUE = "issue"
    DIGEST = "digest"
    DAY_IS_FULL = "day_is_full"
    FAULT = "fault"
    RECOVERED = "fault_over"
    AMENDED = "amended"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    TEST = "test"
    ESCALATION = "escalated"
    REPORT = "report"


TOPICS: dict[Kind, str] = {
    Kind.ISSUE: "issues",
    Kind.DIGEST: "issues",
    Kind.DAY_IS_FULL: "issues",
    Kind.AMENDED: "issues",
    Kind.CONFIRMED: "issues",
    Kind.WITHDRAWN: "issues",
    Kind.ESCALATION: "issues",
    Kind.FAULT: "faults",
    Kind.RECOVERED: "faults",
    Kind.TEST: "tests",
    Kind.REPORT: "reports",
}
"""Kind → which of a channel's `tells` it belongs to."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message, whatever the channel. `picture`: a path, empty without one.

    `html` is for channels that show it (e-mail); `text` says the same in plain words. `issues`
    are the ids that it is about.
    """

    id: str
    kind: Kind
    made_at: datetime
    subject: str
    text: str
    html: str = ""
    picture: str = ""
    to: To = "owner"
    issues: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise ValueError(f"made_at of {self.id} has no UTC offset")


class Phase(Enum):
    """How far a notice has come on one channel."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Leg:
    """One notice on one channel. `why`: what the last trouble was; `at`: of the last change."""

    phase: Phase = Phase.WAITING
    tries: int = 0
    why: str = ""
    at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.phase in (Phase.SENT, Phase.GIVEN_UP)

    def begun(self, now: datetime) -> "Leg":
        """About to be sent; this is on disk before it is."""
        if self.is_over:
            raise ValueError(f"is {self.phase.value} and must not be sent again")
        return Leg(Phase.SENDING, self.tries + 1, self.why, now)

    def sent(self, now: datetime) -> "Leg":
        return replace(self, phase=Phase.SENT, why="", at=now)

    def failed(self, why: str, now: datetime, made_at: datetime) -> "Leg":
        is_late = now - made_at > GIVEN_UP_AFTER
        phase = Phase.GIVEN_UP if is_late else Phase.WAITING
        return replace(self, phase=phase, why=why, at=now)


def wants(tells: tuple[str, ...], to: To, notice: Notice) -> bool:
    """Does a channel that tells these topics to this person carry the notice?"""
    return notice.to == to and TOPICS[notice.kind] in tells
