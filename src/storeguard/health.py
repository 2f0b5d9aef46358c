"""Health is data: each part reports its last good round; pages, doctor and watchdog read it.

A part can be in trouble and alive: a fault that is known and tried again is no hang. A hang is
silence: neither a good round nor a fault until the next one is due.
"""

import errno
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from storeguard.clock import Clock
from storeguard.errors import FaultCode, code_of, masked

LONGEST_BACKOFF_S = 60.0
LONGEST_SILENCE_S = 30.0
"""What a loop or a worker may take for one round, on a slow card too."""

log = logging.getLogger("storeguard")


class Pulse:
    """Signs of life of one loop or thread. Safe in any thread.

    `longest_s`: from one sign to the next. A loop beats each round; a worker owes a sign only
    while it has a job, between `begin()` and `end()`.
    """

    def __init__(self, clock: Clock, longest_s: float) -> None:
        self.longest_s = longest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._expected_s: float | None = None
        """The next sign is expected from here on, and `longest_s` later it is overdue."""
        self._jobs = 0

    def beat(self, rest_s: float = 0.0) -> None:
        """Alive; `rest_s`: nothing is to be heard for so long, and that is meant."""
        with self._lock:
            self._expected_s = self._clock.now_s() + rest_s

    def begin(self) -> None:
        """A job has been handed over."""
        with self._lock:
            if not self._jobs:
                self._expected_s = self._clock.now_s()
            self._jobs += 1

    def end(self) -> None:
        """A job has come back; the next one in the queue has its own time."""
        with self._lock:
            self._jobs = max(0, self._jobs - 1)
            self._expected_s = self._clock.now_s() if self._jobs else None

    @property
    def is_busy(self) -> bool:
        return self._jobs > 0

    @contextmanager
    def job(self) -> Iterator[None]:
        self.begin()
        try:
            yield
        finally:
            self.end()

    def rest(self) -> None:
        """Nothing more is owed."""
        with self._lock:
            self._jobs, self._expected_s = 0, None

    def forgive(self, seconds: float) -> None:
        """Nobody could do anything for so long: the whole process stood still."""
        with self._lock:
            if self._expected_s is not None:
                self._expected_s += seconds

    def silent_s(self, now_s: float) -> float:
        """How long a sign has been owed; 0 while none is."""
        expected_s = self._expected_s
        return 0.0 if expected_s is None else max(0.0, now_s - expected_s)


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part now. `why` and `failed_since_s` are None while it is well.

    `why` is the device's own text; `code` the kind of fault, for the owner's sentence.
    """

    name: str
    last_ok_s: float | None
    failed_since_s: float | None
    why: str | None
    code: FaultCode = FaultCode.OTHER

    @property
    def is_ok(self) -> bool:
        return self.failed_since_s is None


OnEdge = Callable[[str, str | None, float], None]
"""Called at both ends of an outage: part, why (None: it is over), seconds that it lasted."""


class Part:
    """The health of one service or device. Logs both ends of an outage.

    With a pulse, each report is a sign of life too.
    """

    def __init__(self, name: str, clock: Clock, on_edge: OnEdge) -> None:
        self._name = name
        self._clock = clock
        self._on_edge = on_edge
        self._pulse: Pulse | None = None
        self.on_full: Callable[[], None] = lambda: None
        self._last_ok_s: float | None = None
        self._failed_since_s: float | None = None
        self._why: str | None = None
        self._code = FaultCode.OTHER
        self._tries = 0
        self._is_said = False

    def ok(self) -> None:
        now_s = self._clock.now_s()
        self._last_ok_s = now_s
        self.alive()
        if self._failed_since_s is None:
            return
        lasted_s = now_s - self._failed_since_s
        if not self._is_said:
            log.info("%s recovered after %.0f s (%d tries)", self._name, lasted_s, self._tries)
        self._failed_since_s, self._why, self._tries = None, None, 0
        self._code = FaultCode.OTHER
        self._on_edge(self._name, None, lasted_s)

    def failed(self, why: object, *, code: FaultCode | None = None, is_said: bool = False) -> None:
        """`code`: where `why` is no error that has its own.

        `is_said`: whoever failed has told the log already, and will when it is over.
        """
        if getattr(why, "errno", None) == errno.ENOSPC:
            self.on_full()
        self._is_said = is_said
        self._tries += 1
        self._why, self._code = masked(str(why)), code or code_of(why)
        self.alive(self.backoff_s())
        if self._failed_since_s is not None:
            return
        self._failed_since_s = self._clock.now_s()
        if not is_said:
            log.warning("%s failed: %s", self._name, f"{self._code} {self._why}".strip())
        self._on_edge(self._name, self._why, 0.0)

    def owes(self, pulse: Pulse) -> None:
        """From now on it has to report, or the pulse is overdue."""
        self._pulse = pulse
        pulse.beat()

    def alive(self, rest_s: float = 0.0) -> None:
        """Neither good nor bad, but not hanging; it will be silent for `rest_s`."""
        if self._pulse is not None:
            self._pulse.beat(rest_s)

    def ended(self) -> None:
        """It has no more to say, for example a file that has been played."""
        if self._pulse is not None:
            self._pulse.rest()

    def backoff_s(self) -> float:
        """1, 2, 4 … 60 s, by the failures in a row."""
        return min(LONGEST_BACKOFF_S, 2.0 ** min(max(0, self._tries - 1), 10))

    @property
    def has_reported(self) -> bool:
        return self._last_ok_s is not None or self._failed_since_s is not None

    @property
    def now(self) -> PartHealth:
        return PartHealth(self._name, self._last_ok_s, self._failed_since_s, self._why, self._code)


@dataclass(frozen=True, slots=True)
class Silence:
    """A loop or thread from which no sign has come for longer than it may take."""

    name: str
    silent_s: float


class Health:
    """All parts by name, in the order in which they appeared, and all pulses.

    `on_full` is called whenever a part reports that its disk is full.
    """

    def __init__(self, clock: Clock, on_edge: OnEdge = lambda *_: None) -> None:
        self._clock = clock
        self._on_edge = on_edge
        self._parts: dict[str, Part] = {}
        self._pulses: dict[str, Pulse] = {}
        self.on_full: Callable[[], None] = lambda: None

    def part(self, name: str, *, longest_s: float | None = None) -> Part:
        """With `longest_s` it owes a report at least so often, from now on."""
        if name not in self._parts:
            self._parts[name] = Part(name, self._clock, self._on_edge)
            self._parts[name].on_full = lambda: self.on_full()
        part = self._parts[name]
        if longest_s is not None:
            part.owes(self.pulse(name, longest_s))
        return part

    def pulse(self, name: str, longest_s: float = LONGEST_SILENCE_S) -> Pulse:
        """A loop or thread that has no health of its own."""
        if name not in self._pulses:
            self._pulses[name] = Pulse(self._clock, longest_s)
        return self._pulses[name]

    def snapshot(self) -> tuple[PartHealth, ...]:
        return tuple(part.now for part in tuple(self._parts.values()))

    @property
    def faults(self) -> tuple[PartHealth, ...]:
        return tuple(part for part in self.snapshot() if not part.is_ok)

    @property
    def has_begun(self) -> bool:
        """Has every part that owes reports given its first one?"""
        owing = [part for name, part in self._parts.items() if name in self._pulses]
        return bool(owing) and all(part.has_reported for part in owing)

    def overdue(self, now_s: float, pace: float = 1.0) -> tuple[Silence, ...]:
        """Whatever hangs, the longest silence first; `pace` < 1 shortens what is allowed."""
        silent = [
            Silence(name, pulse.silent_s(now_s))
            for name, pulse in tuple(self._pulses.items())
            if pulse.silent_s(now_s) > pulse.longest_s * pace
        ]
        return tuple(sorted(silent, key=lambda one: -one.silent_s))

    def forgive(self, seconds: float) -> None:
        """The whole process stood still for so long (stopped, or the machine slept)."""
        for pulse in tuple(self._pulses.values()):
            pulse.forgive(seconds)
