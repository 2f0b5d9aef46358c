"""What every scale and every camera promises, held by the simulated ones."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from storeguard import config
from storeguard.clock import LoopClock, SimLoop, run_simulated
from storeguard.devices.sim.camera import SimCamera
from storeguard.devices.sim.detector import SimDetector
from storeguard.devices.sim.scale import SIM_CALIBRATION, SimScale
from storeguard.devices.sim.world import World
from storeguard.domain.product import Product
from storeguard.errors import CameraFault, CameraTimeout
from storeguard.ports import Camera, Detector, Reading, Scale

MILK = Product("바나나우유", 1500, 95.0)


class Rig:
    """One scale and one camera of one world."""

    def __init__(self, loop: SimLoop, **scale_keys: Any) -> None:
        self.clock = LoopClock(loop, datetime(2026, 11, 20, tzinfo=UTC))
        self.world = World({"A": (MILK,)}, {"바나나우유": 5}, self.clock)
        scale = config.Scale(id="A", backend="sim", **scale_keys)
        camera = config.Camera(id="door", backend="sim", record_size_px=(320, 180))
        self.scale: Scale = SimScale(scale, self.world, self.clock)
        self.camera: Camera = SimCamera(camera, self.world, self.clock)
        self.detector: Detector = SimDetector(self.world)


def on_rig(act: Callable[[Rig], Coroutine[Any, Any, Any]], **scale_keys: Any) -> Any:
    async def main(loop: SimLoop) -> Any:
        return await act(Rig(loop, **scale_keys))

    return run_simulated(main)


def grams(reading: Reading) -> float:
    assert reading.raw is not None
    return (reading.raw - SIM_CALIBRATION.tare_raw) / SIM_CALIBRATION.counts_per_g


@pytest.mark.parametrize("rate_hz", [10.0, 80.0])
def test_a_scale_delivers_at_its_rate_with_rising_times(rate_hz: float) -> None:
    async def act(rig: Rig) -> None:
        rig.scale.start()
        assert rig.scale.drain() == ()
        await asyncio.sleep(60)
        readings = rig.scale.drain()
        assert len(readings) == 60 * rate_hz
        assert all(a.t_s < b.t_s for a, b in pairwise(readings))
        assert readings[-1].t_s <= rig.clock.now_s() + 1e-6
        assert rig.scale.drain() == ()

    on_rig(act, sample_rate_hz=rate_hz)


def test_a_quiet_scale_has_the_noise_of_a_real_one() -> None:
    async def act(rig: Rig) -> None:
        rig.scale.start()
        await asyncio.sleep(10)
        weights = [grams(reading) for reading in rig.scale.drain()]
        assert np.mean(weights) == pytest.approx(5 * 95, abs=5 * MILK.spread_g)
        assert 1.0 <= np.ptp(weights) <= 2.0

    on_rig(act)


def test_how_often_a_scale_is_drained_changes_no_value() -> None:
    async def readings(rig: Rig, drains: int) -> list[Reading]:
        collected: list[Reading] = []
        rig.scale.start()
        await asyncio.sleep(0.55)
        rig.world.take("바나나우유", 1)
        for _ in range(drains):
            await asyncio.sleep(12 / drains)
            collected += rig.scale.drain()
        return collected

    def taken(drains: int) -> list[Reading]:
        collected: list[Reading] = on_rig(lambda rig: readings(rig, drains))
        return collected

    assert taken(drains=48) == taken(drains=1)


def test_the_configured_calibration_is_the_cells() -> None:
    async def act(rig: Rig) -> None:
        rig.scale.start()
        await asyncio.sleep(1)
        raws = [reading.raw or 0 for reading in rig.scale.drain()]
        assert np.mean(raws) == pytest.approx(1000 - 200 * 475, abs=200 * 5 * MILK.spread_g)

    on_rig(act, calibration=config.Calibration(tare_raw=1000, counts_per_g=-200.0))


def test_an_unplugged_scale_says_so_once_a_second_and_comes_back() -> None:
    async def act(rig: Rig) -> None:
        rig.scale.start()
        await asyncio.sleep(2)
        rig.world.unplug("A")
        await asyncio.sleep(5)
        rig.world.plug("A")
        await asyncio.sleep(2)
        readings = rig.scale.drain()
        failed = [reading for reading in readings if reading.raw is None]
        assert 5 <= len(failed) <= 6
        assert all("unplugged" in reading.why for reading in failed)
        assert failed[0].t_s == pytest.approx(2, abs=0.11)
        assert all(b.t_s - a.t_s == pytest.approx(1) for a, b in pairwise(failed))
        assert sum(reading.raw is not None for reading in readings) >= 38

    on_rig(act)


def test_a_saturated_scale_delivers_no_value() -> None:
    async def act(rig: Rig) -> None:
        rig.world.saturate("A")
        rig.scale.start()
        await asyncio.sleep(3)
        readings = rig.scale.drain()
        assert len(readings) == 3
        assert all(r.raw is None and "saturated at 0x7fffff" in r.why for r in readings)
        rig.world.saturate("A", on=False)
        await asyncio.sleep(1)
        assert all(reading.raw is not None for reading in rig.scale.drain())

    on_rig(act)


def test_a_scale_is_silent_before_start_and_after_close_and_closes_twice() -> None:
    async def act(rig: Rig) -> None:
        await asyncio.sleep(1)
        assert rig.scale.drain() == ()
        rig.scale.start()
        await asyncio.sleep(1)
        await rig.scale.close()
        await rig.scale.close()
        assert rig.scale.drain() == ()
        assert rig.scale.id == "A"

    on_rig(act)


def test_a_camera_delivers_new_frames_at_its_rate() -> None:
    async def act(rig: Rig) -> None:
        await rig.camera.open()
        frames = [await rig.camera.frame() for _ in range(20)]
        assert [round(b.t_s - a.t_s, 6) for a, b in pairwise(frames)] == [0.1] * 19
        images = [frame.image for frame in frames if frame.image is not None]
        assert all(image.shape == (180, 320, 3) and image.dtype == np.uint8 for image in images)
        assert all((a != b).any() for a, b in pairwise(images))

    on_rig(act)


def test_a_slow_reader_gets_the_present_and_no_stale_frame() -> None:
    async def act(rig: Rig) -> None:
        await rig.camera.open()
        await rig.camera.frame()
        await asyncio.sleep(5)
        assert (await rig.camera.frame()).t_s == pytest.approx(5.1)

    on_rig(act)


def test_an_unplugged_camera_times_out_within_its_deadline_and_reopens_when_plugged() -> None:
    async def act(rig: Rig) -> None:
        await rig.camera.open()
        rig.world.unplug("door")
        with pytest.raises(CameraTimeout, match="check its cable"):
            await rig.camera.frame()
        assert rig.clock.now_s() == pytest.approx(3.0, abs=0.2)
        with pytest.raises(CameraFault, match="plug it in"):
            await rig.camera.open()
        rig.world.plug("door")
        await rig.camera.open()
        assert (await rig.camera.frame()).t_s > 3

    on_rig(act)


def test_a_camera_that_is_plugged_in_again_in_time_goes_on() -> None:
    async def act(rig: Rig) -> None:
        await rig.camera.open()
        rig.world.unplug("door")
        waiting = asyncio.create_task(rig.camera.frame())
        await asyncio.sleep(1)
        rig.world.plug("door")
        assert (await waiting).t_s == pytest.approx(1.1, abs=0.11)

    on_rig(act)


def test_a_camera_closes_twice_and_then_delivers_nothing() -> None:
    async def act(rig: Rig) -> None:
        with pytest.raises(CameraFault, match="not open"):
            await rig.camera.frame()
        await rig.camera.open()
        await rig.camera.close()
        await rig.camera.close()
        with pytest.raises(CameraFault, match="not open"):
            await rig.camera.frame()
        assert rig.camera.id == "door"

    on_rig(act)


def test_the_sim_detector_has_a_name_and_closes() -> None:
    async def act(rig: Rig) -> None:
        assert rig.detector.name == "sim"
        rig.detector.close()

    on_rig(act)
