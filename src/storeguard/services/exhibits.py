"""What an issue shows beside its clips and its picture: each step at a glance.

Made as soon as a visit is over, while its payment grace runs, in one thread of lower priority and
into memory: an honest visit writes nothing, and the sealing of an issue waits for hardly
anything. Nothing here may stop an issue: what cannot be made is named in it.
"""

import asyncio
import logging
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import cv2

from storeguard import allocator
from storeguard.domain.events import (
    Event,
    SaleMade,
    StepSettled,
    StoreEmptied,
    StoreOccupied,
    VisitReconciled,
)
from storeguard.outbox.curve import Curve, curve_svg
from storeguard.ports import Reading
from storeguard.services.bus import Bus
from storeguard.services.evidence import EvidenceRoom
from storeguard.vision.clipfile import DISK_ERRORS, Clip, ClipUnplayable
from storeguard.vision.moments import Mark, Moment, boxed_jpeg, contact_sheet, moment_of
from storeguard.vision.pictures import KeptPicture, nearness

MOST_STEPS = 6
"""More make an issue that takes long to send; each is still in the clips."""

WITHIN_S, SHORTLY_S = 1.0, 0.4
"""So long an issue waits for what is not made yet: right after its visit, and where the grace has
left time enough, so that a machine that is too slow delays no message."""

TIME_ENOUGH_S = 3.0

READINGS_S = 90.0
BEFORE_S, AFTER_S = 10.0, 8.0
EVERY_S = 0.09
MOST_CURVES, MOST_KNOWN = 200, 500
"""Of visits that are not judged; a curve is 20 kB."""

LOW_PRIORITY = 1
"""Hardly: more would starve it on a busy machine, and the issue would go without."""

EXPECTED = (*DISK_ERRORS, ClipUnplayable, ValueError, cv2.error)

MP4, JPG = ".mp4", ".jpg"
SHEET = "contact-sheet.jpg"
TOO_LATE, NO_CLIP = "not ready in time", "no clip of this visit"

Key = tuple[str, float]
"""Of a step: its scale, and when it began."""

log = logging.getLogger("storeguard")


class Cell(Protocol):
    """What makes grams of raw counts."""

    @property
    def tare_raw(self) -> int: ...
    @property
    def counts_per_g(self) -> float: ...


class WeightTrails:
    """The newest grams of every scale, and what was around each step of the last visits."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self._cells = dict(cells)
        self._trails: dict[str, deque[tuple[float, float]]] = {name: deque() for name in cells}
        self._due: list[StepSettled] = []
        self._curves: dict[Key, Curve] = {}

    def calibrated(self, scale: str, cell: Cell) -> None:
        """From now on; what lies behind was weighed with the old one."""
        self._cells[scale] = cell
        self._trails[scale].clear()

    def on_readings(self, scale: str, readings: Sequence[Reading]) -> None:
        cell, trail = self._cells[scale], self._trails[scale]
        tare_raw, counts_per_g = cell.tare_raw, cell.counts_per_g
        due_s = trail[-1][0] + EVERY_S if trail else -math.inf
        for t_s, raw, _, _ in readings:
            if raw is not None and t_s >= due_s:
                trail.append((t_s, (raw - tare_raw) / counts_per_g))
                due_s = t_s + EVERY_S
        while trail and trail[-1][0] - trail[0][0] > READINGS_S:
            trail.popleft()
        if self._due and trail:
            self._keep(scale, trail[-1][0])

    def on_step(self, step: StepSettled) -> None:
        self._due.append(step)

    def around(self, step: StepSettled) -> Curve:
        """As far as it is known by now."""
        return self._curves.get(_key(step)) or self._cut(step)

    def forget(self, steps: Iterable[StepSettled]) -> None:
        """Their visit has been judged."""
        for step in steps:
            self._curves.pop(_key(step), None)
            if step in self._due:
                self._due.remove(step)

    def _keep(self, scale: str, now_s: float) -> None:
        ripe = [s for s in self._due if s.scale == scale and now_s >= s.t_s + AFTER_S]
        for step in ripe:
            self._due.remove(step)
            self._curves[_key(step)] = self._cut(step)
        for key in list(self._curves)[:-MOST_CURVES]:
            del self._curves[key]

    def _cut(self, step: StepSettled) -> Curve:
        from_s, until_s = step.started_s - BEFORE_S, step.t_s + AFTER_S
        points = tuple(p for p in self._trails.get(step.scale, ()) if from_s <= p[0] <= until_s)
        return Curve(step.scale, points, step.started_s, step.t_s, step.grams)


Made = Moment | bytes | str
"""A clip, a picture, or why there is none."""


@dataclass(slots=True)
class _Visit:
    started_s: float
    sold: int = 0
    steps: list[StepSettled] = field(default_factory=list)
    made: dict[tuple[Key | None, str], Made] = field(default_factory=dict)
    """By step and kind; the contact sheet is of no step."""
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Exhibits:
    """File name → content, and file name → why there is none. `at_s`: the step in a clip."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    at_s: Mapping[str, float] = field(default_factory=dict)


class ExhibitRoom:
    """Makes the exhibits of each visit. `clock`: monotonic seconds → time of day, HH:MM:SS.

    `title`: of a visit's contact sheet by its start: which store, and when; ASCII.
    """

    def __init__(
        self,
        evidence: EvidenceRoom,
        trails: WeightTrails,
        bus: Bus,
        clock: Callable[[float], str],
        *,
        title: Callable[[float], str],
        executor: Executor | None = None,
    ) -> None:
        self._evidence = evidence
        self._trails = trails
        self._clock = clock
        self._title = title
        self._executor = executor
        self._visits: deque[_Visit] = deque(maxlen=MOST_KNOWN)
        self._ended: list[_Visit] = []
        self._has_ended = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        bus.subscribe(self._on_event)

    async def run(self) -> None:
        """Prepares whatever may become an issue, until it is cancelled."""
        try:
            while True:
                await self._run_once()
                await self._has_ended.wait()
                self._has_ended.clear()
        finally:
            if self._executor is not None:
                self._executor.shutdown(cancel_futures=True)

    async def _run_once(self) -> None:
        while self._ended:
            visit = self._ended.pop(0)
            taken = [step for step in visit.steps if step.grams < 0]
            if visit.sold < len(taken):
                await self._make(visit, taken[:MOST_STEPS])

    async def of(
        self,
        visit_started_s: float,
        unpaid: Sequence[tuple[Key, str]],
        *,
        within_s: float = WITHIN_S,
    ) -> Exhibits:
        """Of the unpaid steps (key, title of the curve), `step-1.*` first; after `within_s` what
        there is."""
        visit = self._visit(visit_started_s)
        wanted = unpaid[:MOST_STEPS]
        steps = {(step.scale, step.started_s): step for step in visit.steps}
        known = [(steps[key], title) for key, title in wanted if key in steps]
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._make(visit, [step for step, _ in known])
        return self._named(visit, known, left_out=len(unpaid) - len(wanted))

    def steps_of(self, visit_started_s: float) -> tuple[StepSettled, ...]:
        """All steps of a visit, of every scale."""
        return tuple(self._visit(visit_started_s).steps)

    def _visit(self, started_s: float) -> _Visit:
        found = (visit for visit in self._visits if visit.started_s == started_s)
        return next(found, _Visit(started_s))

    async def _make(self, visit: _Visit, steps: Sequence[StepSettled]) -> None:
        """What is quick comes first: an issue may not wait for the rest."""
        async with self._one_at_a_time:
            clips = await self._evidence.clips_of(visit.started_s)
            pictures = self._evidence.pictures_of(visit.started_s)
            marks = [_mark(step) for step in visit.steps]
            title = self._title(visit.started_s)
            for step in steps:
                await self._one(visit, (_key(step), JPG), partial(_picture, pictures, step))
            if pictures:
                sheet = partial(contact_sheet, pictures, marks, title, self._clock)
                await self._one(visit, (None, JPG), sheet)
            for step in steps if clips else ():
                await self._one(visit, (_key(step), MP4), partial(_moment, clips, _mark(step)))
            if visit.is_over and not clips:  # no camera records: that is no fault
                visit.made |= {(_key(step), MP4): NO_CLIP for step in steps}

    async def _one(
        self, visit: _Visit, what: tuple[Key | None, str], make: Callable[[], Made]
    ) -> None:
        if what not in visit.made:
            loop = asyncio.get_running_loop()
            visit.made[what] = await loop.run_in_executor(self._executor, _tried, make)

    def _named(
        self, visit: _Visit, steps: Sequence[tuple[StepSettled, str]], *, left_out: int
    ) -> Exhibits:
        made: dict[str, Made] = {}
        for number, (step, title) in enumerate(steps, 1):
            for kind in (MP4, JPG):
                made[f"step-{number}{kind}"] = visit.made.get((_key(step), kind), TOO_LATE)
            made[f"step-{number}.svg"] = self._curve(step, title)
        made[SHEET] = visit.made.get((None, JPG), "no picture of this visit")
        if left_out:
            made["further steps"] = f"{left_out} more are in the clips only"
        moments = {name: one for name, one in made.items() if isinstance(one, Moment)}
        files = {name: one for name, one in made.items() if isinstance(one, bytes)}
        return Exhibits(
            files | {name: one.mp4 for name, one in moments.items()},
            {name: one for name, one in made.items() if isinstance(one, str)},
            {name.removesuffix(MP4): one.at_s for name, one in moments.items()},
        )

    def _curve(self, step: StepSettled, title: str) -> Made:
        try:
            return curve_svg(self._trails.around(step), title, self._clock).encode()
        except ValueError as error:
            return str(error)

    def _on_event(self, event: Event) -> None:
        match event:
            case StoreOccupied(t_s=t_s):
                self._visits.append(_Visit(t_s))
            case StepSettled():
                self._trails.on_step(event)
                if (visit := self._began_in(event.started_s)) is not None:
                    visit.steps.append(event)
            case SaleMade(count=count) if self._visits:
                self._visits[-1].sold += max(0, count)
            case StoreEmptied() if self._visits:
                self._visits[-1].is_over = True
                self._ended.append(self._visits[-1])
                self._has_ended.set()
            case VisitReconciled(visit_started_s=started_s):
                self._forget(started_s)
            case _:
                pass

    def _forget(self, started_s: float) -> None:
        self._trails.forget(self._visit(started_s).steps)
        left = [visit for visit in self._visits if visit.started_s != started_s]
        self._visits.clear()
        self._visits.extend(left)
        self._ended = [visit for visit in self._ended if visit in left]

    def _began_in(self, t_s: float) -> _Visit | None:
        """A step that settles after its visit belongs to it all the same."""
        begun = [visit for visit in self._visits if visit.started_s <= t_s]
        return begun[-1] if begun else self._visits[0] if self._visits else None


def low_priority() -> None:
    """The calling thread gives way to whatever else wants the processor."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOW_PRIORITY)


# --- in the worker's thread ---


def _tried(make: Callable[[], Made]) -> Made:
    try:
        return make()
    except EXPECTED as error:
        log.warning("exhibits: %s; the issue goes without it", error)
        return str(error)


def _picture(pictures: Sequence[KeptPicture], step: StepSettled) -> Made:
    near_s = step.started_s
    best = max(pictures, key=lambda picture: nearness(picture, near_s), default=None)
    return "nobody was seen" if best is None else boxed_jpeg(best)


def _moment(clips: Sequence[Clip], mark: Mark) -> Made:
    """The memory of its two codecs goes back at once: the next visit may be hours away."""
    try:
        return moment_of(clips, mark)
    finally:
        allocator.give_back()


def _mark(step: StepSettled) -> Mark:
    return Mark(step.started_s, f"{step.scale}  {step.grams:+,.0f} g")


def _key(step: StepSettled) -> Key:
    return step.scale, step.started_s
