"""How the last starts have ended, so that no fault makes the daemon start for ever.

A start has failed when it ends, by an error or by the watchdog, before everything has run well
for GOOD_AFTER_S. After LIMIT failed starts in a row the next one is made in safe mode. When
safe mode ends in good order, one normal start is tried; should that fail, the next start is in
safe mode again. Times are monotonic and belong to one boot: a clock that jumps changes nothing,
and after a power cut everything is tried anew.

With `RestartSec=5` five starts that fail at once take half a minute. One that hangs takes up to
four minutes until the watchdog ends it (vigil.STARTS_WITHIN_S): WINDOW_S holds five of those.

Safe mode itself may be what kills the process: each time it does, it does with less (`depth`).
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from storeguard.clock import Clock
from storeguard.errors import masked
from storeguard.statefile import StateFile

LIMIT = 5
WINDOW_S = 1800.0
DEEPEST = 2
GOOD_AFTER_S = 60.0
LONGEST_WHY = 500

KILLED = "ended without a word: hung and was ended by the watchdog, or was killed; see the log"

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Stage(Enum):
    """Where the starts of this boot have come to."""

    NORMAL = "normal"
    SAFE = "safe"
    TRIED = "tried"
    """A normal start after safe mode has begun, and has not run well yet."""
    TRYING = "trying"
    """Safe mode has ended so that the next start tries to be normal."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed start."""

    at_s: float
    why: str


@dataclass(frozen=True, slots=True)
class Starts:
    """`began_s`: of a start that has neither ended nor run well yet.

    `depth`: how much safe mode has to do without, see safemode.
    """

    boot: str
    stage: Stage = Stage.NORMAL
    failures: tuple[Failure, ...] = ()
    began_s: float | None = None
    depth: int = 0


def begun(before: Starts, boot: str, now_s: float) -> Starts:
    """A start begins; its stage is SAFE when it must be made in safe mode."""
    if before.boot != boot:
        return Starts(boot, began_s=now_s)
    if before.stage is Stage.SAFE:
        is_killed = before.began_s is not None
        return replace(before, began_s=now_s, depth=min(DEEPEST, before.depth + is_killed))
    state = before if before.began_s is None else failed(before, now_s, KILLED)
    if state.stage is Stage.TRYING:
        return replace(state, stage=Stage.TRIED, began_s=now_s)
    recent = [one for one in state.failures if now_s - one.at_s <= WINDOW_S]
    if state.stage is Stage.NORMAL and len(recent) < LIMIT:
        return replace(state, failures=tuple(recent), began_s=now_s)
    return replace(state, stage=Stage.SAFE, began_s=now_s)


def failed(state: Starts, now_s: float, why: str) -> Starts:
    """The start has ended by an error; one that had run well before is no failed start."""
    if state.began_s is None:
        return state
    failures = (*state.failures, Failure(now_s, why[:LONGEST_WHY]))[-LIMIT:]
    return replace(state, failures=failures, began_s=None)


def ended(state: Starts) -> Starts:
    """The start, or safe mode, has ended in good order."""
    stage = Stage.NORMAL if state.stage is Stage.NORMAL else Stage.TRYING
    return replace(state, stage=stage, began_s=None, depth=0)


def grown_good(state: Starts) -> Starts:
    """Everything has run well for GOOD_AFTER_S: what was before is forgiven."""
    return Starts(state.boot)


class StartsFile:
    """The state of `starts.json`. Blocks.

    Where it cannot be written, nothing could be counted: such a start is made in safe mode.
    """

    def __init__(self, path: Path, clock: Clock, boot: str) -> None:
        self._clock = clock
        self._boot = boot
        self._file = StateFile(path, _read, without="failed starts are counted anew")
        self._state = Starts(boot)

    @property
    def depth(self) -> int:
        return self._state.depth

    @property
    def failures(self) -> tuple[Failure, ...]:
        return self._state.failures

    def begin(self) -> bool:
        """Counts a start; is it to be made in safe mode?"""
        now_s = self._clock.now_s()
        try:
            self._file.path.parent.mkdir(parents=True, exist_ok=True)
            self._state = begun(self._file.load() or self._state, self._boot, now_s)
            self._file.save(_said(self._state))
        except OSError as error:
            why = f"{self._file.path}: cannot be written: {error.strerror}; check the disk"
            self._state = Starts(self._boot, Stage.SAFE, (Failure(now_s, why),))
        return self._state.stage is Stage.SAFE

    @contextmanager
    def counted(self) -> Iterator[None]:
        """A start that ends with an error has failed."""
        try:
            yield
        except BaseException as error:
            why = masked(str(error)) or type(error).__name__
            self._save(failed(self._state, self._clock.now_s(), why))
            raise
        self._save(ended(self._state))

    def grow_good(self) -> None:
        self._save(grown_good(self._state))

    def _save(self, state: Starts) -> None:
        if state != self._state:
            self._state = state
            # What cannot be written now is found by the next start as one that did not end.
            with suppress(OSError):
                self._file.save(_said(state))


def boot_id() -> str:
    """The kernel's name of this boot; one name for all where it has none."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"


def _said(state: Starts) -> dict[str, Any]:
    return asdict(state) | {"stage": state.stage.value}


def _read(said: Any) -> Starts:
    failures = tuple(Failure(float(one["at_s"]), str(one["why"])) for one in said["failures"])
    began_s = None if said["began_s"] is None else float(said["began_s"])
    return Starts(str(said["boot"]), Stage(said["stage"]), failures, began_s, int(said["depth"]))
