"""What a check says, and what it is given."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from storeguard import config as cfg
from storeguard.clock import Clock
from storeguard.devices.machine import Machine

Say = Callable[..., str]
"""Key and values of a text → the text in the store's language."""


class State(Enum):
    """`SKIP`: not looked at, because there is nothing to look at or it is not possible now."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: `check` names it for programs, `what` for people; `do` is the next step."""

    check: str
    state: State
    what: str
    measured: str
    do: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "state": self.state.value,
            "what": self.what,
            "measured": self.measured,
            "do": self.do,
        }


@dataclass(frozen=True, slots=True)
class Topic:
    """What one line is about; makes its findings."""

    check: str
    what: str

    def ok(self, measured: str) -> Finding:
        return Finding(self.check, State.OK, self.what, measured)

    def warn(self, measured: str, do: str) -> Finding:
        return Finding(self.check, State.WARN, self.what, measured, do)

    def fail(self, measured: str, do: str) -> Finding:
        return Finding(self.check, State.FAIL, self.what, measured, do)

    def skip(self, measured: str, do: str = "") -> Finding:
        return Finding(self.check, State.SKIP, self.what, measured, do)


def taken_apart(message: str) -> tuple[str, str]:
    """One of our one-line errors as what is wrong and, where it names one, the command to run."""
    what, _, step = message.partition("; ")
    _, found, command = step.partition("run: ")
    return what, command if found else ""


@dataclass(frozen=True, slots=True)
class Check:
    """`look` is given up after `deadline_s`; `topics` are those that it will speak of."""

    topics: tuple[Topic, ...]
    look: Callable[[], Iterable[Finding]]
    deadline_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Site:
    """The installation that is looked at."""

    config: cfg.Config
    base: Path
    folders: cfg.Folders
    machine: Machine
    clock: Clock
    say: Say

    def topic(self, name: str, part: str = "") -> Topic:
        """The topic of `doctor.<name>`; `part` is the device or folder."""
        what = self.say(f"doctor.{name}", part=part) if part else self.say(f"doctor.{name}")
        return Topic(f"{name}.{part}" if part else name, what)
