"""What the backend `picamera` has of its own: two streams, a driver that stalls, its messages."""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest

from storeguard import config as cfg
from storeguard import hardware
from storeguard.clock import LoopClock, SimLoop, SystemClock, run_simulated
from storeguard.devices.picamera import PiCamera, watch_size_px
from storeguard.devices.sim.picamera2_module import ColourSpace, SimPicamera2, installed
from storeguard.errors import CameraFault, CameraStuck, CameraTimeout
from storeguard.ports import Image

SIZE_WH = (1280, 720)
BLUE, GREEN, RED = (200, 40, 30), (30, 180, 60), (40, 30, 190)
"""B, G, R."""

Law = Callable[[SimPicamera2, PiCamera, SimLoop], Awaitable[None]]


def simulated(law: Law, *, size_wh: tuple[int, int] = (320, 180)) -> None:
    """The law on simulated time, over a camera that is well at first."""

    async def main(loop: SimLoop) -> None:
        with installed(SimPicamera2(loop)) as pi:
            clock = LoopClock(loop, SystemClock().utc())
            camera = PiCamera("door", 0, clock, record_size_px=size_wh)
            try:
                await law(pi, camera, loop)
            finally:
                await camera.close()

    run_simulated(main)


def fault_of_opening(break_it: Callable[[SimPicamera2], None], *, number: int = 0) -> str:
    async def main(loop: SimLoop) -> str:
        with installed(SimPicamera2(loop)) as pi:
            break_it(pi)
            camera = PiCamera("door", number, SystemClock(), record_size_px=(320, 180))
            with pytest.raises(CameraFault) as caught:
                await camera.open()
            await camera.close()
            return str(caught.value)

    return run_simulated(main)


MOST_PICTURES = 2_000


async def watch(camera: PiCamera) -> None:
    """Reads until something goes wrong, or seems never to."""
    for _ in range(MOST_PICTURES):
        await camera.frame()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    assert not left, f"threads left behind: {left}"


# --- two streams of one view ---


def three_colours(size_wh: tuple[int, int], _t_s: float) -> Image:
    """Thirds from left to right."""
    image = np.empty((size_wh[1], size_wh[0], 3), np.uint8)
    third = size_wh[0] // 3
    image[:, :third], image[:, third : 2 * third], image[:, 2 * third :] = BLUE, GREEN, RED
    return image


@pytest.mark.parametrize("size_wh", [(1280, 720), (1920, 1080), (600, 400), (98, 74)])
def test_both_pictures_show_the_same_in_true_colours(size_wh: tuple[int, int]) -> None:
    """The widths 600 and 98 have rows that are padded to 64 bytes."""

    async def law(pi: SimPicamera2, camera: PiCamera, _loop: SimLoop) -> None:
        pi.picture = three_colours
        await camera.open()
        frame = await camera.frame()
        assert frame.image is not None
        assert frame.small is not None
        assert frame.image.shape == (size_wh[1], size_wh[0], 3)
        assert frame.small.shape == (*reversed(watch_size_px(size_wh)), 3)
        assert frame.small.flags.c_contiguous
        for image in (frame.image, frame.small):
            middle, width = image.shape[0] // 2, image.shape[1]
            for at, colour in ((1 / 6, BLUE), (1 / 2, GREEN), (5 / 6, RED), (0.995, RED)):
                assert image[middle, int(at * width)].tolist() == pytest.approx(colour, abs=6)

    simulated(law, size_wh=size_wh)


@pytest.mark.parametrize(
    ("full", "small"),
    [
        ((1280, 720), (640, 360)),
        ((1920, 1080), (640, 360)),
        ((1296, 972), (640, 480)),
        ((640, 480), (640, 480)),
        ((321, 241), (320, 240)),
        ((100, 2000), (100, 2000)),
        ((2000, 2), (640, 2)),
    ],
)
def test_the_small_picture_is_even_of_the_same_shape_and_never_larger(
    full: tuple[int, int], small: tuple[int, int]
) -> None:
    assert watch_size_px(full) == small


def test_the_camera_sees_everything_and_does_not_blur() -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, _loop: SimLoop) -> None:
        await camera.open()
        config = pi.cameras[0].camera_configuration()
        assert config["sensor"] == {"output_size": (2304, 1296)}
        assert config["controls"] == {"FrameDurationLimits": (33333, 33333), "AeExposureMode": 1}
        assert config["colour_space"] is ColourSpace.SMPTE170M
        assert config["queue"] is False
        assert config["raw"] is None

    simulated(law)


def test_pictures_come_ten_a_second_and_every_buffer_goes_back() -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, _loop: SimLoop) -> None:
        await camera.open()
        frames = [await camera.frame() for _ in range(50)]
        gaps_s = [after.t_s - before.t_s for before, after in pairwise(frames)]
        assert gaps_s == pytest.approx([0.1] * 49, abs=0.002)
        assert pi.cameras[0].free == 6

    simulated(law)


# --- a camera that is not there: what to do, in one line ---


def test_without_picamera2_the_line_for_apt_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def hide(_pi: SimPicamera2) -> None:
        monkeypatch.setitem(sys.modules, "picamera2", None)

    said = fault_of_opening(hide)
    assert said.startswith("camera 'door': picamera2 cannot be imported (")
    assert "run: sudo apt-get install python3-picamera2" in said
    assert "python3 -m venv --system-site-packages" in said


def test_a_numpy_that_apts_packages_do_not_fit_is_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Broken(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise ValueError("numpy.dtype size changed, may indicate binary incompatibility")

    def break_it(_pi: SimPicamera2) -> None:
        monkeypatch.setitem(sys.modules, "picamera2", Broken("picamera2"))

    said = fault_of_opening(break_it)
    assert "numpy.dtype size changed" in said
    assert said.endswith("pip install --ignore-installed simplejpeg")


def test_no_camera_is_told_from_the_wrong_number() -> None:
    assert fault_of_opening(lambda pi: pi.models.clear()) == (
        "camera 'door': Raspberry Pi camera 0 is not connected: none is; check the flat cable at "
        "both ends, with the power off; list the cameras with: rpicam-hello --list-cameras"
    )
    said = fault_of_opening(lambda pi: pi.models.append("usb"), number=1)
    assert said == (
        "camera 'door': Raspberry Pi camera 1 is not connected, but 0 (imx708); "
        "correct 'source' of this camera"
    )


def test_a_camera_in_use_says_how_to_find_who_uses_it() -> None:
    said = fault_of_opening(lambda pi: setattr(pi, "is_in_use", True))
    assert said == (
        "camera 'door': Raspberry Pi camera 0 is in use by another program; end that program; "
        "this tells which: sudo fuser -v /dev/media*"
    )


def test_trying_again_for_hours_leaves_no_files_open() -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, _loop: SimLoop) -> None:
        pi.is_in_use = True
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(30):
            with pytest.raises(CameraFault, match="in use"):
                await camera.open()
        assert len(os.listdir("/proc/self/fd")) <= before + 2

    simulated(law)


def test_a_camera_that_fails_to_start_is_released_again() -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, _loop: SimLoop) -> None:
        pi.error = RuntimeError("Failed to start camera: Input/output error\nand so on")
        with pytest.raises(CameraFault, match="cannot be opened: Failed to start camera: Input/"):
            await camera.open()
        await camera.close()
        pi.be_well()
        await camera.open()
        await camera.frame()
        assert [one.is_open for one in pi.cameras] == [False, True]

    simulated(law)


def test_the_number_of_a_camera_is_checked_before_anything_runs() -> None:
    config = cfg.Config(cameras=(cfg.Camera(id="door", backend="picamera", source="/dev/video0"),))
    [problem] = hardware.unusable(config)
    assert problem == (
        "cameras[0].source: '/dev/video0' is no camera's number; expected 0, 1, … for "
        "'picamera', or backend: opencv for devices, URLs and files"
    )


# --- a camera that fails later ---


def test_a_silent_stall_is_noticed_in_ten_seconds_and_closing_does_not_wait_for_it() -> None:
    """A capture that waits would stand in front of the command to stop."""

    async def law(pi: SimPicamera2, camera: PiCamera, loop: SimLoop) -> None:
        await camera.open()
        await camera.frame()
        pi.is_stalled, stalled_s = True, loop.time()
        with pytest.raises(CameraTimeout, match="camera 0 delivers no new picture for 10 s; check"):
            await camera.frame()
        assert loop.time() - stalled_s == pytest.approx(10, abs=0.2)
        await camera.close()
        assert not pi.cameras[0].is_open
        pi.be_well()
        await camera.open()
        await camera.frame()

    simulated(law)


def test_a_picture_that_comes_late_after_all_costs_no_buffer() -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, _loop: SimLoop) -> None:
        await camera.open()
        pi.is_stalled = True
        for _ in range(8):
            with pytest.raises(CameraTimeout):
                await camera.frame()
        pi.be_well()
        with pytest.raises(CameraFault, match="too slow"):
            await camera.frame()
        assert pi.cameras[0].free == 6

    simulated(law)


def test_a_frozen_picture_is_noticed_after_a_minute_and_stays_frozen_until_it_changes() -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, loop: SimLoop) -> None:
        await camera.open()
        await camera.frame()
        kept = pi.picture((320, 180), 0.0)
        pi.picture, frozen_s = lambda _size, _t_s: kept, loop.time()
        with pytest.raises(CameraFault, match="is frozen: its pictures have been the same for 60"):
            await watch(camera)
        assert loop.time() - frozen_s == pytest.approx(60, abs=0.5)
        for _ in range(2):
            await camera.open()
            with pytest.raises(CameraFault, match="is frozen"):
                await camera.frame()
        pi.picture = SimPicamera2(loop).picture
        await camera.open()
        await camera.frame()

    simulated(law)


def test_a_dark_night_is_not_taken_for_a_frozen_picture() -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, loop: SimLoop) -> None:
        black = np.zeros((180, 320, 3), np.uint8)
        black[90, 160] = 255  # a hot pixel
        pi.picture = lambda _size, _t_s: black
        await camera.open()
        while loop.time() < 150:
            await camera.frame()

    simulated(law)


@pytest.mark.parametrize("every_s", [3.5, 5.0, 9.0])
def test_a_camera_that_has_become_slow_is_noticed_in_time(every_s: float) -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, loop: SimLoop) -> None:
        await camera.open()
        for _ in range(5):
            await camera.frame()
        pi.every_s, slow_s = every_s, loop.time()
        with pytest.raises(CameraFault, match="is too slow to watch"):
            await watch(camera)
        assert loop.time() - slow_s < 15

    simulated(law)


def test_one_hiccup_is_no_fault() -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, loop: SimLoop) -> None:
        await camera.open()
        for _ in range(3):
            await camera.frame()
            pi.is_stalled, stalled_s = True, loop.time()
            loop.call_later(5.0, pi.be_well)
            await camera.frame()
            assert loop.time() - stalled_s > 5

    simulated(law)


@pytest.mark.parametrize("shape", [(180, 320), (10, 10, 3), (0, 0, 3), (180, 320, 4)])
def test_garbage_is_a_fault_and_its_buffer_goes_back(shape: tuple[int, ...]) -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, _loop: SimLoop) -> None:
        await camera.open()
        pi.garbled = shape
        with pytest.raises(CameraFault, match="delivers garbage: uint8"):
            await camera.frame()
        assert pi.cameras[0].free == 6

    simulated(law)


@pytest.mark.parametrize("error", [RuntimeError("gone"), OSError(5, "gone"), KeyError("gone")])
def test_what_the_driver_raises_is_a_fault(error: Exception) -> None:
    async def law(pi: SimPicamera2, camera: PiCamera, _loop: SimLoop) -> None:
        await camera.open()
        await camera.frame()
        pi.error = error
        with pytest.raises(CameraFault, match=r"camera 0 failed: .*gone"):
            await camera.frame()

    simulated(law)


def test_a_camera_that_blocks_in_stop_is_left_aloud_and_cannot_be_opened_until_it_returns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        with installed(SimPicamera2(asyncio.get_running_loop())) as pi:
            clock = SystemClock()
            camera = PiCamera("door", 0, clock, record_size_px=(64, 48), close_timeout_s=0.3)
            await camera.open()
            await camera.frame()
            pi.returns.clear()
            await camera.close()
            with pytest.raises(CameraStuck, match=r"still blocked in the driver after 0\.3 s"):
                await camera.open()
            pi.be_well()
            await camera.open()
            await camera.frame()
            await camera.close()

    asyncio.run(main())
    [record] = caplog.records
    assert "camera 'door': still blocked in the driver" in record.getMessage()
