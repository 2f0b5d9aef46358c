"""Cameras that fail: when the service goes on by itself, and when it asks for a new process."""

import asyncio
from dataclasses import replace

import av
import numpy as np
import pytest

from storeguard.clock import LoopClock, SimLoop, SystemClock, run_simulated
from storeguard.domain.events import StoreEmptied, StoreOccupied
from storeguard.domain.occupancy import Detection
from storeguard.errors import CameraFault, CameraStuck, FaultCode, RestartNeeded
from storeguard.health import Health
from storeguard.ports import Frame
from storeguard.services.bus import Bus
from storeguard.services.evidence import EvidenceRoom
from storeguard.services.eye import GIVE_UP_AFTER_S, PROVEN_AFTER_S, Eye
from storeguard.services.watching import WatchingService
from storeguard.vision.recorder import ClipRecorder
from storeguard.vision.sight import Sight
from storeguard.vision.view import ViewFault

IMAGE = np.full((180, 320, 3), 90, np.uint8)
SMALL = np.full((90, 160, 3), 90, np.uint8)
GONE = CameraFault("camera 'door': has gone; check the cable")
STUCK = CameraStuck("camera 'door': still blocked in the driver")
LONG_S = 2 * 3600


class ScriptedCamera:
    """Ten pictures a second until `well_until_s`, then `fault`, up to `well_from_s`.

    `pictures_each_time`: how many it delivers whenever it is opened while it is not well.
    """

    id = "door"

    def __init__(self, clock, well_until_s, *, fault=GONE, well_from_s=None, pictures_each_time=0):
        self._clock = clock
        self._well_until_s = well_until_s
        self._well_from_s = float("inf") if well_from_s is None else well_from_s
        self._fault = fault
        self._each_time = pictures_each_time
        self._left = 0
        self.opened = 0
        self.is_closed = True

    @property
    def is_well(self):
        return not self._well_until_s <= self._clock.now_s() < self._well_from_s

    async def open(self):
        self.opened += 1
        self.is_closed = False
        self._left = self._each_time
        if not self.is_well and not self._left:
            raise self._fault

    async def frame(self):
        await asyncio.sleep(0.1)
        if not self.is_well:
            self._left -= 1
            if self._left < 0:
                raise self._fault
        return Frame(self._clock.now_s(), IMAGE, SMALL)

    async def close(self):
        self.is_closed = True


class Finder:
    """Sees one person in the left upper quarter of whatever it is shown, or nobody."""

    name = "finder"

    def __init__(self, people=0):
        self.count = people
        self.shown = []

    def people(self, frame):
        height, width = frame.image.shape[:2]
        self.shown.append((width, height))
        return (Detection((0, 0, width / 2, height / 2), 0.9),) * self.count

    def close(self):
        """Nothing to end."""


class Watched:
    """The service over one camera, on simulated time."""

    def __init__(self, loop, *scripted, people=0, folder=None, **script):
        self.clock = LoopClock(loop, SystemClock().utc())
        self.edges = []
        self.bus = Bus()
        self.camera = ScriptedCamera(self.clock, *scripted, **script)
        self.eye = Eye(self.camera, Sight(Finder(people)), 5.0)
        if folder is not None:
            label = "{:09.3f}".format
            self.eye.recorder = ClipRecorder(folder, (320, 180), 10.0, 30.0, label, threaded=False)
        self.health = Health(self.clock, lambda part, why, _s: self.edges.append((part, why)))
        self.evidence = EvidenceRoom()
        self.service = WatchingService(
            [self.eye], self.bus, self.clock, self.health, self.evidence, empty_for_s=5
        )

    async def run_for(self, seconds):
        """Raises what the service raises."""
        async with asyncio.timeout(seconds):
            await self.service.run()

    @property
    def outages(self):
        return [why for part, why in self.edges if part == "door"]


def watched_for(seconds, *scripted, **script):
    async def main(loop: SimLoop):
        watched = Watched(loop, *scripted, **script)
        with pytest.raises(TimeoutError):
            await watched.run_for(seconds)
        assert watched.camera.is_closed
        return watched

    return run_simulated(main)


def restart_of(*scripted, **script):
    """The restart that was asked for, and when."""

    async def main(loop: SimLoop):
        watched = Watched(loop, *scripted, **script)
        with pytest.raises(RestartNeeded) as caught:
            await watched.run_for(LONG_S)
        assert watched.camera.is_closed
        return str(caught.value), loop.time()

    return run_simulated(main)


def test_a_camera_that_comes_back_in_time_needs_no_restart():
    watched = watched_for(1000, 200, well_from_s=200 + GIVE_UP_AFTER_S - 70)
    assert watched.outages == [str(GONE), None]


@pytest.mark.parametrize("fault", [GONE, STUCK])
def test_a_camera_that_never_worked_is_tried_for_ever_and_asks_for_no_restart(fault):
    watched = watched_for(LONG_S, 0, fault=fault)
    assert watched.outages == [str(fault)]
    assert watched.camera.opened > LONG_S / 60
    assert watched.service.people is None


@pytest.mark.parametrize("fault", [GONE, STUCK])
def test_a_camera_that_broke_soon_after_the_start_asks_for_no_restart(fault):
    """Whatever is broken for good must not restart the store again and again."""
    watched_for(LONG_S, PROVEN_AFTER_S - 20, fault=fault)


def test_a_camera_that_worked_and_stays_away_asks_for_a_restart_after_five_minutes():
    said, at_s = restart_of(200)
    assert 500 <= at_s <= 560
    assert "camera 'door' has worked and cannot be opened again" in said
    assert "so that a new process tries; last: camera 'door': has gone; check the cable" in said


def test_a_driver_that_blocks_asks_for_a_restart_at_once():
    said, at_s = restart_of(200, fault=STUCK)
    assert at_s == pytest.approx(200, abs=0.2)
    assert "still blocked in the driver" in said


def test_pictures_now_and_then_are_no_recovery():
    """One outage in the log, the back-off grows, and in the end a new process has to help."""

    async def main(loop: SimLoop):
        watched = Watched(loop, 200, pictures_each_time=2)
        with pytest.raises(RestartNeeded):
            await watched.run_for(LONG_S)
        assert watched.outages == [str(GONE)]
        assert watched.camera.opened < 15
        assert 500 <= loop.time() <= 560

    run_simulated(main)


def test_the_clip_of_a_visit_in_progress_is_closed_and_plays(tmp_path):
    async def main(loop: SimLoop):
        watched = Watched(loop, 200, fault=STUCK, people=1, folder=tmp_path)
        occupied = []
        watched.bus.subscribe(lambda event: occupied.append(isinstance(event, StoreOccupied)))
        with pytest.raises(RestartNeeded):
            await watched.run_for(LONG_S)
        assert any(occupied)

    run_simulated(main)
    clips = sorted(tmp_path.iterdir())
    assert [clip.suffix for clip in clips] == [".mp4"] * 7
    assert sum(seconds_of(clip) for clip in clips) == pytest.approx(200, abs=2)


def seconds_of(clip):
    with av.open(str(clip)) as container:
        assert len(container.streams) == 1
        times_s = [frame.time for frame in container.decode(video=0)]
    return times_s[-1] + 0.1


def test_boxes_found_on_the_small_picture_are_pixels_of_the_full_one():
    watched = watched_for(1, 10, people=1)
    assert set(watched.eye.sight.detector.shown) == {(160, 90)}
    [person] = watched.eye.detections
    assert person.xyxy == (0, 0, 160, 90)


def test_a_verdict_that_comes_after_the_camera_has_gone_is_not_sight():
    async def main(loop: SimLoop):
        watched = Watched(loop, 1.0)
        pending = []

        def later(_executor, job, *args):
            pending.append((loop.create_future(), job, args))
            return pending[-1][0]

        loop.run_in_executor = later
        running = asyncio.ensure_future(watched.service.run())
        await asyncio.sleep(2)
        for future, job, args in pending:
            if not future.done():
                future.set_result(job(*args))
        await asyncio.sleep(0)
        assert watched.service.people is None
        running.cancel()
        await asyncio.wait([running])

    run_simulated(main)


def test_a_bug_beside_the_restart_is_not_hidden():
    async def main(loop: SimLoop):
        watched = Watched(loop, 200, fault=ZeroDivisionError())
        with pytest.raises(ExceptionGroup) as caught:
            await watched.run_for(LONG_S)
        assert caught.group_contains(ZeroDivisionError)

    run_simulated(main)


def test_a_camera_that_was_turned_makes_the_visit_unverified_and_nobody_seen_no_empty_store():
    """Who is seen on the wrong view is there; that nobody is seen on it says nothing."""
    turned = ViewFault(FaultCode.CAMERA_MOVED, "the camera shows another view", is_blind=False)

    async def main(loop: SimLoop):
        watched = Watched(loop, 1000, people=1)
        look = watched.eye.sight.look
        watched.eye.sight.look = lambda frame: replace(
            look(frame), trouble=turned if loop.time() > 20 else None
        )
        emptied = []
        watched.bus.subscribe(lambda e: emptied.append(e) if isinstance(e, StoreEmptied) else None)
        running = asyncio.ensure_future(watched.service.run())
        await asyncio.sleep(30)
        assert watched.service.people == 1
        watched.eye.sight.detector.count = 0
        await asyncio.sleep(30)
        assert (watched.service.people, emptied) == (None, [])
        watched.eye.sight.look = look
        await asyncio.sleep(10)
        [visit] = emptied
        assert visit.unseen_s == pytest.approx(40, abs=1)
        edges = [(part, why) for part, why in watched.edges if part == "door sight"]
        assert edges == [("door sight", turned.why), ("door sight", None)]
        running.cancel()
        await asyncio.wait([running])

    run_simulated(main)


def test_a_verdict_that_takes_longer_than_its_deadline_is_none_and_the_late_one_counts_again():
    """The detector's thread goes on; nobody is taken for gone meanwhile."""

    async def main(loop: SimLoop):
        watched = Watched(loop, 1000, people=1)
        await_looks, in_time = [], loop.run_in_executor

        def later(_executor, job, *args):
            await_looks.append((loop.create_future(), job, args))
            return await_looks[-1][0]

        running = asyncio.ensure_future(watched.service.run())
        await asyncio.sleep(5)
        assert watched.service.people == 1
        loop.run_in_executor = later
        await asyncio.sleep(watched.eye.deadline_s - 1)
        assert watched.service.people == 1
        await asyncio.sleep(2)
        assert watched.service.people is None
        part = watched.health.part("door sight").now
        assert part.code is FaultCode.DETECTOR_SLOW
        assert "no verdict within 10 s" in part.why
        assert len(await_looks) == 1
        loop.run_in_executor = in_time
        [(future, job, args)] = await_looks
        future.set_result(job(*args))
        await asyncio.sleep(1)
        assert watched.service.people == 1
        assert [why for part, why in watched.edges if part == "door sight"][-1] is None
        running.cancel()
        await asyncio.wait([running])

    run_simulated(main)
