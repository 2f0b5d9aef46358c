"""Cameras → visits: judges pictures, records while somebody is inside, keeps the best ones."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from storeguard.clock import Clock
from storeguard.domain import occupancy
from storeguard.domain.events import Event, StepSettled, StoreEmptied, StoreOccupied
from storeguard.domain.occupancy import Occupancy, Sighting
from storeguard.domain.tracking import NOBODY, follow
from storeguard.errors import CameraEnded, DeviceFault, FaultCode, RestartNeeded
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.ports import Frame
from storeguard.services.bus import Bus
from storeguard.services.evidence import EvidenceRoom
from storeguard.services.eye import Eye, Unseen
from storeguard.vision.sight import Look

CAMERALESS_EMPTY_FOR_S = 60.0
"""Without any camera a visit ends when the shelves have been still for so long.

Also when all cameras have failed for so long; one that shows darkness has not. One of several
that has failed for so long is not waited for either: what it cannot see is said of each visit.
"""

LONGEST_WAIT_S = 45.0
"""Between two tries to open a camera: with its opening it is back within 60 s of being well."""

UNVERIFIED_FROM_S = 2.0
"""A visit of which so much could not be seen is not verified: somebody comes and goes in less."""

log = logging.getLogger(__name__)

OnSighting = Callable[[Sighting], None]


@dataclass(frozen=True, slots=True)
class UnverifiedVisit:
    started_s: float
    unseen_s: float


class WatchingService:
    """Loops over the frames of every camera and keeps the store's occupancy."""

    def __init__(
        self,
        eyes: Sequence[Eye],
        bus: Bus,
        clock: Clock,
        health: Health,
        evidence: EvidenceRoom,
        *,
        empty_for_s: float,
        executor: Executor | None = None,
        on_sighting: OnSighting | None = None,
    ) -> None:
        self.eyes = tuple(eyes)
        self.occupancy = Occupancy()
        self.changed_s: float | None = None
        self._visit_started_s = 0.0
        self._stepped_s = float("-inf")
        self.is_touched: Callable[[float], bool] = lambda _: False
        """Has a scale begun to move since an instant, and not come to rest? Who knows says so."""
        self.blind_since_s: float | None = None
        self.unseen = Unseen()
        self.unverified: UnverifiedVisit | None = None
        """The last visit, where it is not verified."""
        self._bus = bus
        self._clock = clock
        self._health = health
        self._evidence = evidence
        self._empty_for_s = empty_for_s if eyes else max(empty_for_s, CAMERALESS_EMPTY_FOR_S)
        self._executor = executor
        self._on_sighting = on_sighting
        bus.subscribe(self._on_event)

    async def run(self) -> None:
        """Watches until it is cancelled; cameras and recorders are closed on the way out."""
        try:
            async with asyncio.TaskGroup() as group:
                for eye in self.eyes:
                    group.create_task(self._watch(eye, group), name=f"watching {eye.camera.id}")
                if self.eyes:
                    group.create_task(self._watch_the_scales(), name="watching the scales")
                else:
                    group.create_task(self._watch_nothing(), name="watching nothing")
        except ExceptionGroup as several:
            raise _restart_in(several) or several from None
        finally:
            for eye in self.eyes:
                await eye.camera.close()
                if eye.recorder is not None:
                    await eye.recorder.close(self._clock.now_s())
            await self._evidence.finish()

    async def _watch(self, eye: Eye, group: asyncio.TaskGroup) -> None:
        part = self._health.part(eye.camera.id, longest_s=LONGEST_SILENCE_S)
        while True:
            try:
                await eye.camera.open()
                eye.has_opened(self._clock.now_s())
                while True:
                    is_well = await self._run_once(eye, group)
                    part.alive()
                    if is_well:
                        part.ok()
            except CameraEnded as ended:
                part.failed(ended)
                part.ended()
                self._sighted(eye, None)
                return
            except DeviceFault as fault:
                part.failed(fault)
                self._sighted(eye, None)
                eye.has_failed(fault, self._clock.now_s())
                await eye.camera.close()
                await asyncio.sleep(min(part.backoff_s(), LONGEST_WAIT_S))

    async def _run_once(self, eye: Eye, group: asyncio.TaskGroup) -> bool:
        """Takes one picture; returns whether the camera counts as well."""
        frame = await eye.camera.frame()
        is_well = eye.has_seen(frame, self._clock.now_s())
        self._health.part("watching").ok()
        if eye.recorder is not None:
            eye.recorder.add(frame)
        if eye.is_due(frame):
            eye.judged_s = frame.t_s
            eye.judging = group.create_task(self._judge(eye, frame))
            await asyncio.sleep(0)
        return is_well

    async def _judge(self, eye: Eye, frame: Frame) -> None:
        part = self._health.part(f"{eye.camera.id} sight")
        try:
            look = await self._looked(eye, frame)
        except DeviceFault as fault:
            part.failed(fault)
            eye.detections = ()
            self._sighted(eye, None, frame.t_s)
            return
        if part.now.last_ok_s is None:
            log.debug("%s: first picture judged", eye.camera.id)
        if look.trouble is None:
            part.ok()
        else:
            part.failed(look.trouble.why, code=look.trouble.code)
        eye.verdict_took_s = self._clock.now_s() - frame.t_s
        eye.detections = look.people
        if look.looked and frame.image is not None:
            size_wh = (frame.image.shape[1], frame.image.shape[0])
            eye.headcount = follow(eye.headcount, look.people, size_wh, frame.t_s)
        eye.is_astray = look.trouble is not None
        self._sighted(eye, look.known_people, frame.t_s, look.confidence)
        if eye.keeper is not None and look.looked and look.people:
            with self._health.pulse(f"{eye.camera.id} pictures").job():
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(None, eye.keeper.consider, frame, look.people)

    async def _looked(self, eye: Eye, frame: Frame) -> Look:
        """In the worker thread, which goes on when the deadline is over: its next picture waits."""
        loop = asyncio.get_running_loop()
        with self._health.pulse(f"{eye.camera.id} detector").job():
            coming = loop.run_in_executor(self._executor, eye.sight.look, frame)
            await asyncio.wait((coming,), timeout=eye.deadline_s)
            if not coming.done():
                part = self._health.part(f"{eye.camera.id} sight")
                part.failed(_too_slow(eye), code=FaultCode.DETECTOR_SLOW)
                self._sighted(eye, None, frame.t_s)
            return await coming

    async def _watch_nothing(self) -> None:
        """No camera: steps open visits, and stillness ends them."""
        part = self._health.part("watching", longest_s=LONGEST_SILENCE_S)
        while True:
            now_s = self._clock.now_s()
            if not self.is_touched(now_s - CAMERALESS_EMPTY_FOR_S):
                self._advance(Sighting(now_s, 0))
            part.ok()
            await asyncio.sleep(1.0)

    async def _watch_the_scales(self) -> None:
        """All cameras have failed: the store goes on as one that has none."""
        while True:
            await asyncio.sleep(1.0)
            now_s = self._clock.now_s()
            long_ago_s = now_s - CAMERALESS_EMPTY_FOR_S
            is_touched = self._stepped_s > long_ago_s or self.is_touched(long_ago_s)
            if self.is_sightless and not is_touched:
                self._take(Sighting(now_s, 0))

    @property
    def is_sightless(self) -> bool:
        """No camera has delivered anything for a while."""
        return all(self._is_lost(eye) for eye in self.eyes)

    def _is_lost(self, eye: Eye) -> bool:
        long_ago_s = self._clock.now_s() - CAMERALESS_EMPTY_FOR_S
        return eye.lost_s is not None and eye.lost_s <= long_ago_s

    def _sighted(
        self, eye: Eye, people: int | None, t_s: float | None = None, confidence: float = 1.0
    ) -> None:
        # Of a camera that has failed a picture now and then shows who is there, not that nobody is.
        eye.people = people if people or eye.lost_s is None else None
        eye.is_doubtful = eye.is_doubtful and not people
        is_unseen = any(one.is_astray or one.people is None for one in self.eyes)
        self.unseen.take(is_unseen, self._clock.now_s() if t_s is None else t_s)
        if self.people is None and self.is_sightless:
            return
        eye.confidence = confidence if people else 0.0
        surest = max((one.confidence for one in self.eyes if one.people), default=1.0)
        self._advance(Sighting(self._clock.now_s() if t_s is None else t_s, self.people, surest))

    @property
    def people(self) -> int | None:
        """People seen by any camera; None while none is seen and a camera is blind."""
        seen = sum(eye.people or 0 for eye in self.eyes)
        there = [eye for eye in self.eyes if not self._is_lost(eye)]
        is_blind = not there or any(eye.people is None for eye in there)
        return None if is_blind and seen == 0 else seen

    def _advance(self, sighting: Sighting) -> None:
        if sighting.people is None:
            self.blind_since_s = self.blind_since_s or sighting.t_s
        else:
            self.blind_since_s = None
        self._take(sighting)

    def _take(self, sighting: Sighting) -> None:
        if self._on_sighting is not None:
            self._on_sighting(sighting)
        self._apply(occupancy.advance(self.occupancy, sighting, self._empty_for_s))

    def _apply(self, advance: occupancy.Advance) -> None:
        before = self.occupancy.presence
        self.occupancy, events = advance
        if self.occupancy.presence is not before:
            self.changed_s = self._clock.now_s()
        for event in events:
            if isinstance(event, StoreOccupied):
                self._start_visit(event)
                self._start_recording(event.t_s)
                self._bus.publish(event)
            else:
                self._stop_recording(event)
                self._bus.publish(self._end_visit(event))

    def _start_visit(self, event: StoreOccupied) -> None:
        self.unseen.begin(event.t_s)
        for eye in self.eyes:
            eye.headcount = NOBODY
            eye.is_doubtful = event.by_step and eye.people == 0

    def _end_visit(self, event: StoreEmptied) -> StoreEmptied:
        """The event with what is known of the people, and of what could not be seen."""
        unseen_s = self.unseen.ended(event.t_s)
        came = max((eye.headcount.came for eye in self.eyes), default=0)
        most = max((eye.headcount.most for eye in self.eyes), default=0)
        is_verified = unseen_s < UNVERIFIED_FROM_S
        self.unverified = None if is_verified else UnverifiedVisit(self._visit_started_s, unseen_s)
        unseen_s = 0.0 if is_verified else unseen_s
        return replace(event, came=came, most=most, unseen_s=unseen_s)

    def _start_recording(self, started_s: float) -> None:
        self._visit_started_s = started_s
        records = self._evidence.open(started_s)
        for eye in self.eyes:
            if eye.recorder is not None:
                records.so_far.append(eye.recorder.start(started_s, records.clip_files.append))
                if eye.newest is not None:
                    eye.recorder.add(eye.newest)
            if eye.new_keeper is not None:
                eye.keeper = eye.new_keeper()
                records.keepers.append(eye.keeper)

    def _stop_recording(self, event: StoreEmptied) -> None:
        records = self._evidence.open(self._visit_started_s)
        for eye in self.eyes:
            eye.keeper = None
            if eye.recorder is not None:
                records.recordings.append(
                    asyncio.ensure_future(eye.recorder.stop(event.t_s, event.last_seen_s))
                )

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StepSettled):
            self._stepped_s = self._clock.now_s()
            if event.is_slight:
                return
            now_s = max(event.t_s, event.started_s)
            self._apply(occupancy.witness_step(self.occupancy, event.started_s, now_s))


def _too_slow(eye: Eye) -> str:
    return (
        f"{eye.sight.detector.name}: no verdict within {eye.deadline_s:g} s; "
        "check the cooling, or take a smaller network: detector.model"
    )


def _restart_in(several: ExceptionGroup[Exception]) -> RestartNeeded | None:
    """The restart that is asked for, if nothing else has gone wrong beside it."""
    asked, others = several.split(RestartNeeded)
    if asked is None or others is not None:
        return None
    first = asked.exceptions[0]
    assert isinstance(first, RestartNeeded)
    return first
