"""A recorded trace, played back as devices."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from storeguard.clock import Clock
from storeguard.devices.opencv import video_frames
from storeguard.domain.occupancy import Detection
from storeguard.domain.resting import STUCK_AFTER_S
from storeguard.domain.scalerules import SATURATED
from storeguard.errors import CameraBlind, CameraEnded
from storeguard.ports import Frame, Image, Reading

BEAT_S = 1.0
"""Between rows of people.csv a picture comes so often."""

JUST_BEFORE_S = 1e-5
"""A row's people hold until the very moment of the next row. More than the resolution of the
simulated clock: timers of that moment must not fire with it."""

DENSE, DENSE_S, LOOKS_BACK_S = 9, 1.5, 5.0
AGREEING, AGREE_JUMPS = 3, 8
"""A trace may be cut off in a spike, a burst, or the garbage after an overrun: held on to is the
last of so many words in a row that differ by no more than the noise, which is so many times the
usual difference between two. A trace of fewer words ends as it says."""

NO_ROW = "the trace has no row of this scale"
SOMEWHERE = (0.25, 0.25, 0.75, 0.75)


class ReplayScale:
    """Plays a scale's readings; after the last one it goes on showing where it was.

    Give or take a count: a cell that says the very same word for long is taken for a dead one,
    which a trace must not end in, unless it has.
    """

    def __init__(
        self, scale_id: str, readings: Sequence[Reading], clock: Clock, sample_rate_hz: float
    ) -> None:
        self.id = scale_id
        self._readings = readings or (Reading(0.0, None, NO_ROW),)
        self._clock = clock
        self._period_s = 1 / sample_rate_hz
        self._next = 0
        self._held_s = self._readings[-1].t_s
        self._last = _last_sound(self._readings)
        self._ends_stuck = _ends_stuck(self._readings)

    def start(self) -> None:
        """Nothing to start: the clock plays."""

    def drain(self) -> Sequence[Reading]:
        now_s = self._clock.now_s()
        first = self._next
        if first >= len(self._readings):
            return self._hold(now_s)
        # A round's few readings are nearer than any bisection of a day's.
        while self._next < len(self._readings) and self._readings[self._next].t_s <= now_s:
            self._next += 1
        return self._readings[first : self._next]

    def _hold(self, now_s: float) -> Sequence[Reading]:
        due = int((now_s - self._held_s) / self._period_s)
        held = [self._held(self._held_s + i * self._period_s, i) for i in range(1, due + 1)]
        self._held_s += due * self._period_s
        return held

    def _held(self, t_s: float, number: int) -> Reading:
        last = self._last
        if last.raw is None or last.raw in SATURATED or self._ends_stuck:
            return last._replace(t_s=t_s)
        return last._replace(t_s=t_s, raw=last.raw - number % 2)

    async def close(self) -> None:
        """Nothing to close."""


def _last_sound(readings: Sequence[Reading]) -> Reading:
    """What is held on to after the last reading."""
    last = readings[-1]
    first = bisect_right(readings, last.t_s - LOOKS_BACK_S, key=lambda one: one.t_s)
    recent = [(one.t_s, one.raw) for one in readings[first:] if one.raw is not None]
    if sum(last.t_s - t_s <= DENSE_S for t_s, _ in recent) < DENSE:
        return last
    words = [raw for _, raw in recent]
    noise = AGREE_JUMPS * median(abs(b - a) for a, b in pairwise(words)) + 1
    for end in range(len(words), AGREEING - 1, -1):
        row = words[end - AGREEING : end]
        if max(row) - min(row) <= noise:
            return last._replace(raw=row[-1], why="")
    return last


def _ends_stuck(readings: Sequence[Reading]) -> bool:
    """Has it said one word until the end for so long that a cell with noise is taken for stuck?"""
    last = readings[-1]
    for one in reversed(readings):
        if one.raw not in (last.raw, None):
            return False
        if last.t_s - one.t_s >= STUCK_AFTER_S:
            return True
    return False


class ReplayPeople:
    """A camera without pictures: it shows that time goes by."""

    def __init__(
        self, camera_id: str, people: Sequence[tuple[float, int | None]], clock: Clock
    ) -> None:
        self.id = camera_id
        self._times = [t_s for t_s, _ in people]
        self._clock = clock
        self._next_s = 0.0

    async def open(self) -> None:
        """Nothing to open."""

    async def frame(self) -> Frame:
        """A frame each BEAT_S, and one just before and one at each row."""
        t_s = self._next_s
        await asyncio.sleep(max(0.0, t_s - self._clock.now_s()))
        self._next_s = self._after(t_s)
        return Frame(t_s, None)

    def _after(self, t_s: float) -> float:
        beat_s = t_s + BEAT_S
        row = bisect_right(self._times, t_s)
        if row == len(self._times):
            return beat_s
        row_s = self._times[row]
        before_s = row_s - JUST_BEFORE_S
        return min(beat_s, before_s if before_s > t_s else row_s)

    async def close(self) -> None:
        """Nothing to close."""


class ReplayDetector:
    """Reads off people.csv how many people there are; where they stand is made up."""

    name = "replay"

    def __init__(self, people: Sequence[tuple[float, int | None]]) -> None:
        self._people = people
        self._times = [t_s for t_s, _ in people]

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        row = bisect_right(self._times, frame.t_s) - 1
        people = self._people[row][1] if row >= 0 else 0
        if people is None:
            raise CameraBlind("the trace says that nobody could be seen")
        return (Detection(SOMEWHERE, 1.0),) * people

    def close(self) -> None:
        """Nothing to close."""


class ReplayVideo:
    """A video file on the trace's clock; after its last frame it goes on showing that one."""

    def __init__(self, camera_id: str, path: Path, clock: Clock) -> None:
        """Expects a video that `check_video` has found to have a picture."""
        self.id = camera_id
        self._path = path
        self._clock = clock
        self._frames: Iterator[tuple[float, Image]] | None = None
        self._last: Frame | None = None
        self.ended = asyncio.Event()

    async def open(self) -> None:
        if self._frames is None:
            self._frames = iter(video_frames(self._path))

    async def frame(self) -> Frame:
        assert self._frames is not None
        found = None if self.ended.is_set() else next(self._frames, None)
        if found is not None:
            self._last = Frame(*found)
        elif self._last is None:
            raise CameraEnded(f"{self._path}: there is no picture in this video")
        else:
            self.ended.set()
            self._last = Frame(self._last.t_s + BEAT_S, self._last.image)
        await asyncio.sleep(max(0.0, self._last.t_s - self._clock.now_s()))
        return self._last

    async def close(self) -> None:
        self._frames = None
