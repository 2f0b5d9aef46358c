"""Health is data: each part reports its last good round; pages, doctor and watchdog read it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from storeguard.clock import Clock
from storeguard.errors import masked

LONGEST_BACKOFF_S = 60.0

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part now. `why` and `failed_since_s` are None while it is well."""

    name: str
    last_ok_s: float | None
    failed_since_s: float | None
    why: str | None

    @property
    def is_ok(self) -> bool:
        return self.failed_since_s is None


OnEdge = Callable[[str, str | None, float], None]
"""Called at both ends of an outage: part, why (None: it is over), seconds that it lasted."""


class Part:
    """The health of one service or device. Logs both ends of an outage."""

    def __init__(self, name: str, clock: Clock, on_edge: OnEdge) -> None:
        self._name = name
        self._clock = clock
        self._on_edge = on_edge
        self._last_ok_s: float | None = None
        self._failed_since_s: float | None = None
        self._why: str | None = None
        self._tries = 0
        self._is_said = False

    def ok(self) -> None:
        now_s = self._clock.now_s()
        self._last_ok_s = now_s
        if self._failed_since_s is None:
            return
        lasted_s = now_s - self._failed_since_s
        if not self._is_said:
            log.info("%s recovered after %.0f s (%d tries)", self._name, lasted_s, self._tries)
        self._failed_since_s, self._why, self._tries = None, None, 0
        self._on_edge(self._name, None, lasted_s)

    def failed(self, why: object, *, is_said: bool = False) -> None:
        """`is_said`: whoever failed has told the log already, and will when it is over."""
        self._is_said = is_said
        self._tries += 1
        self._why = masked(str(why))
        if self._failed_since_s is not None:
            return
        self._failed_since_s = self._clock.now_s()
        if not is_said:
            log.warning("%s failed: %s", self._name, self._why)
        self._on_edge(self._name, self._why, 0.0)

    def backoff_s(self) -> float:
        """1, 2, 4 … 60 s, by the failures in a row."""
        return min(LONGEST_BACKOFF_S, 2.0 ** min(max(0, self._tries - 1), 10))

    @property
    def now(self) -> PartHealth:
        return PartHealth(self._name, self._last_ok_s, self._failed_since_s, self._why)


class Health:
    """All parts by name, in the order in which they appeared."""

    def __init__(self, clock: Clock, on_edge: OnEdge = lambda *_: None) -> None:
        self._clock = clock
        self._on_edge = on_edge
        self._parts: dict[str, Part] = {}

    def part(self, name: str) -> Part:
        if name not in self._parts:
            self._parts[name] = Part(name, self._clock, self._on_edge)
        return self._parts[name]

    def snapshot(self) -> tuple[PartHealth, ...]:
        return tuple(part.now for part in self._parts.values())

    @property
    def faults(self) -> tuple[PartHealth, ...]:
        return tuple(part for part in self.snapshot() if not part.is_ok)
