"""A breach: what is to be done, and until when it has to be told.

The Korean privacy act, article 34: within 72 hours of learning of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["card", "key", "intrusion"]
KINDS: tuple[Kind, ...] = ("card", "key", "intrusion")
"""The card or the device is gone; a key of the cloud has got out; somebody may have been in."""

TOLD_WITHIN = timedelta(hours=72)

STEPS: Mapping[Kind, tuple[str, ...]] = {
    "card": ("police", "cloud", "channels", "pos", "restore", "sign_out", "passwords"),
    "key": ("cloud", "new_key", "status"),
    "intrusion": (
        *("unplug", "keep", "sign_out", "passwords", "cloud"),
        *("channels", "pos", "wifi", "review"),
    ),
}
"""In the order in which they are done: what goes on harming first."""

NEEDS: Mapping[str, str] = {"cloud": "cloud", "channels": "channels", "pos": "pos"}
"""A step → what of the store it takes back; without that there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Span:
    """How many, and from when to when (local dates; empty where they have none)."""

    count: int
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Breach:
    """`learnt_at`: when the owner learnt of it; the hours count from there. `exposed`: what was
    there to be taken when this was written down; it is kept, for it changes meanwhile."""

    id: str
    kind: Kind
    learnt_at: datetime
    by: str
    note: str = ""
    exposed: Mapping[str, Span] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    closed_at: datetime | None = None
    closed_by: str = ""
    outcome: str = ""

    @property
    def due_at(self) -> datetime:
        return self.learnt_at + TOLD_WITHIN

    def hours_left(self, now: datetime) -> int:
        """Whole hours, below 0 once they are over."""
        return (self.due_at - now) // timedelta(hours=1)


def steps_for(kind: Kind, has: Mapping[str, bool]) -> tuple[str, ...]:
    """`has`: cloud, channels, pos."""
    return tuple(step for step in STEPS[kind] if step not in NEEDS or has[NEEDS[step]])
