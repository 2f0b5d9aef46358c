"""Cameras → visits: judges pictures, records while somebody is inside, keeps the best ones."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from storeguard.clock import Clock
from storeguard.domain import occupancy
from storeguard.domain.events import Event, StepSettled, StoreEmptied, StoreOccupied
from storeguard.domain.occupancy import Detection, Occupancy, Polygon, Sighting
from storeguard.errors import CameraEnded, DeviceFault
from storeguard.health import Health
from storeguard.ports import Camera, Detector, Frame
from storeguard.services.bus import Bus
from storeguard.services.evidence import EvidenceRoom
from storeguard.vision.pictures import PictureKeeper
from storeguard.vision.recorder import ClipRecorder

CAMERALESS_EMPTY_FOR_S = 60.0
"""Without any camera a visit ends when the shelves have been still for so long."""

log = logging.getLogger(__name__)

OnSighting = Callable[[Sighting], None]


@dataclass(slots=True)
class Eye:
    """One camera with everything that works on its pictures."""

    camera: Camera
    detector: Detector
    watch_fps: float
    ignore_areas: Sequence[Polygon] = ()
    recorder: ClipRecorder | None = None
    new_keeper: Callable[[], PictureKeeper] | None = None
    keeper: PictureKeeper | None = None
    newest: Frame | None = None
    detections: tuple[Detection, ...] = ()
    people: int | None = None
    judged_s: float = float("-inf")
    judging: "asyncio.Task[None] | None" = field(default=None, repr=False)

    def is_due(self, frame: Frame) -> bool:
        """Judging skips pictures rather than falling behind them."""
        is_busy = self.judging is not None and not self.judging.done()
        if frame.image is None:
            return not is_busy
        # A camera's beat jitters: a picture 5 % early is the one that was meant.
        return not is_busy and frame.t_s - self.judged_s >= 0.95 / self.watch_fps


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
        self.blind_since_s: float | None = None
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
                if not self.eyes:
                    group.create_task(self._watch_nothing(), name="watching nothing")
        finally:
            for eye in self.eyes:
                await eye.camera.close()
                if eye.recorder is not None:
                    await eye.recorder.close(self._clock.now_s())
            await self._evidence.finish()

    async def _watch(self, eye: Eye, group: asyncio.TaskGroup) -> None:
        part = self._health.part(eye.camera.id)
        while True:
            try:
                await eye.camera.open()
                while True:
                    await self._run_once(eye, group)
                    part.ok()
            except CameraEnded as ended:
                part.failed(ended)
                self._sighted(eye, None)
                return
            except DeviceFault as fault:
                part.failed(fault)
                self._sighted(eye, None)
                await eye.camera.close()
                await asyncio.sleep(part.backoff_s())

    async def _run_once(self, eye: Eye, group: asyncio.TaskGroup) -> None:
        frame = await eye.camera.frame()
        eye.newest = frame
        self._health.part("watching").ok()
        if eye.recorder is not None and eye.recorder.is_recording:
            eye.recorder.add(frame)
        if eye.is_due(frame):
            eye.judged_s = frame.t_s
            eye.judging = group.create_task(self._judge(eye, frame))
            await asyncio.sleep(0)

    async def _judge(self, eye: Eye, frame: Frame) -> None:
        part = self._health.part(f"{eye.camera.id} sight")
        loop = asyncio.get_running_loop()
        try:
            people = await loop.run_in_executor(self._executor, eye.detector.people, frame)
        except DeviceFault as fault:
            part.failed(fault)
            eye.detections = ()
            self._sighted(eye, None, frame.t_s)
            return
        if part.now.last_ok_s is None:
            log.debug("%s: first picture judged", eye.camera.id)
        part.ok()
        if frame.image is not None and eye.ignore_areas:
            height, width = frame.image.shape[:2]
            people = occupancy.outside(people, eye.ignore_areas, (width, height))
        eye.detections = people
        self._sighted(eye, len(people), frame.t_s)
        if eye.keeper is not None and people:
            await loop.run_in_executor(None, eye.keeper.consider, frame, people)

    async def _watch_nothing(self) -> None:
        """No camera: steps open visits, and stillness ends them."""
        while True:
            self._advance(Sighting(self._clock.now_s(), 0))
            await asyncio.sleep(1.0)

    def _sighted(self, eye: Eye, people: int | None, t_s: float | None = None) -> None:
        eye.people = people
        self._advance(Sighting(self._clock.now_s() if t_s is None else t_s, self.people))

    @property
    def people(self) -> int | None:
        """People seen by any camera; None while none is seen and a camera is blind."""
        seen = sum(eye.people or 0 for eye in self.eyes)
        is_blind = any(eye.people is None for eye in self.eyes)
        return None if is_blind and seen == 0 else seen

    def _advance(self, sighting: Sighting) -> None:
        if sighting.people is None:
            self.blind_since_s = self.blind_since_s or sighting.t_s
        else:
            self.blind_since_s = None
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
                self._start_recording(event.t_s)
            else:
                self._stop_recording(event)
            self._bus.publish(event)

    def _start_recording(self, started_s: float) -> None:
        self._visit_started_s = started_s
        records = self._evidence.open(started_s)
        for eye in self.eyes:
            if eye.recorder is not None:
                eye.recorder.start(started_s, records.clip_files.append)
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
                records.recordings.append(asyncio.ensure_future(eye.recorder.stop(event.t_s)))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StepSettled):
            now_s = max(event.t_s, event.started_s)
            self._apply(occupancy.witness_step(self.occupancy, event.started_s, now_s))
