"""The Raspberry Pi's own camera, through picamera2: a small stream to watch, a full one to record.

picamera2 delivers from a thread of its own and tells when a picture is there; our thread only
makes its calls, each of which may hang with the driver. Facts about it that shape this file:
- A capture that waits stands in front of the command to stop: it is flushed before closing.
- A request that is not released takes its buffers along; after six the camera stands still.
- libcamera's "RGB888" is B, G, R in memory, as OpenCV has it.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from storeguard.clock import Clock
from storeguard.devices.live import DeviceThread, Scrutiny
from storeguard.errors import CameraFault, CameraStuck, CameraTimeout
from storeguard.ports import Frame, Image

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 3.0

WATCH_WIDTH_PX = 640
"""What the usual networks take; also a width whose rows are not padded on any Pi."""

SENSOR_FPS = 30.0
"""Not the rate of our pictures: it bounds the exposure, and with it the blur of who walks by,
to 33 ms. At 10 a second the automatic would expose for 100 ms in the evening."""

FPS = 10.0
"""Pictures a second that are asked for, unless told: as many as are recorded."""

EARLY = 0.75
"""Part of an interval after which the next picture is asked for: it comes with the next beat."""

DRIVER_ERRORS = (RuntimeError, OSError, ValueError, LookupError, AttributeError)
"""What picamera2 and libcamera raise, the last where a camera has gone in mid-call."""

TELL_WHICH = "list the cameras with: rpicam-hello --list-cameras"
CHECK_CABLE = "check the flat cable at both ends, with the power off"

APT = "sudo apt-get install python3-picamera2"


@dataclass(frozen=True, slots=True)
class _Given:
    """What a sensor is made from. `number`: of the camera, from 0; `name` is for messages."""

    name: str
    number: int
    clock: Clock
    record_size_px: tuple[int, int]
    timeout_s: float

    def fault(self, what: str, next_step: str = CHECK_CABLE) -> CameraFault:
        return CameraFault(f"{self.name}: Raspberry Pi camera {self.number} {what}; {next_step}")

    def timeout(self, what: str) -> CameraTimeout:
        return CameraTimeout(str(self.fault(f"{what} for {self.timeout_s:g} s")))

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except CameraFault:
            raise
        except DRIVER_ERRORS as error:
            cause = _first_cause(error)
            if "busy" in cause.lower() or "in use" in cause.lower():
                next_step = "end that program; this tells which: sudo fuser -v /dev/media*"
                raise self.fault("is in use by another program", next_step) from error
            raise self.fault(f"{doing}: {cause}") from error


@dataclass(frozen=True, slots=True)
class _Asked:
    """A picture that has been asked for and is waited for."""

    job: Any
    arrived: asyncio.Event
    asked_s: float


class PiCamera:
    """A camera on the Pi's own connector, by number as `rpicam-hello --list-cameras` has it.

    `Frame.image` has `record_size_px`, `Frame.small` is at most 640 wide and shows the same.
    `close()` says so when the driver still blocks after `close_timeout_s`; `open()` raises
    CameraStuck until it ends.
    """

    def __init__(
        self,
        camera_id: str,
        number: int,
        clock: Clock,
        *,
        record_size_px: tuple[int, int],
        fps: float = FPS,
        timeout_s: float = TIMEOUT_S,
        close_timeout_s: float = CLOSE_TIMEOUT_S,
    ) -> None:
        self._id = camera_id
        self._fps = fps
        self._clock = clock
        self._given = _Given(f"camera '{camera_id}'", number, clock, record_size_px, timeout_s)
        self._close_timeout_s = close_timeout_s
        self._scrutiny = Scrutiny()
        self._sensor: _Sensor | None = None
        self._asked: _Asked | None = None
        self._due_s = 0.0

    @property
    def id(self) -> str:
        return self._id

    async def open(self) -> None:
        await self._end()
        self._thread = DeviceThread(self._given.name, self._given.timeout_s, self._given.timeout)
        self._sensor = _Sensor(self._given)
        await self._thread.run(self._sensor.open, "does not open")
        self._scrutiny.begin()

    async def frame(self) -> Frame:
        if self._sensor is None:
            raise CameraFault(f"{self._given.name} is not open; call open() first")
        await asyncio.sleep(max(0.0, self._due_s - self._clock.now_s()))
        asked = self._asked = self._asked or await self._ask(self._sensor)
        arrival = asyncio.ensure_future(asked.arrived.wait())
        await self._thread.soon(arrival, "delivers no new picture")
        self._asked = None
        sensor, now_s = self._sensor, self._clock.now_s()
        self._due_s = now_s + EARLY / self._fps
        image, small = await self._thread.run(lambda: sensor.take(asked.job))
        wrong = self._scrutiny.fault_of(small, now_s - asked.asked_s, now_s)
        if wrong is not None:
            what, code = wrong
            raise self._given.fault(what).coded(code)
        return Frame(now_s, image, small)

    async def close(self) -> None:
        try:
            await self._end()
        except CameraStuck as stuck:  # closing goes on: the other devices want it too
            log.warning(stuck)

    async def _ask(self, sensor: "_Sensor") -> _Asked:
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()

        def tell(_: object) -> None:
            """In picamera2's thread."""
            if not loop.is_closed():
                loop.call_soon_threadsafe(arrived.set)

        asked_s = self._clock.now_s()
        return _Asked(await self._thread.run(lambda: sensor.ask(tell)), arrived, asked_s)

    async def _end(self) -> None:
        """A sensor that is stuck stays, to be waited for again."""
        if self._sensor is not None:
            await self._thread.end(self._sensor.close, self._close_timeout_s)
            self._sensor = self._asked = None


class _Sensor:
    """picamera2's camera; all of it blocks, and is called in the device's thread."""

    def __init__(self, given: _Given) -> None:
        self._given = given
        self._camera: Any = None

    def open(self) -> None:
        Picamera2, ColorSpace = _libraries(self._given)  # noqa: N806 - their names
        with self._given.translated("cannot be opened"):
            _require_connected(self._given, Picamera2.global_camera_info())
            self._camera = _acquired(Picamera2, self._given.number)
            self._camera.configure(self._configuration(ColorSpace))
            self._camera.start()

    def ask(self, tell: Callable[[object], None]) -> Any:
        """Asks for the next picture; `tell` is called in another thread when it is there."""
        with self._given.translated("failed"):
            return self._opened().capture_request(wait=False, signal_function=tell)

    def take(self, job: Any) -> tuple[Image, Image]:
        """The picture that has arrived, in full and small."""
        with self._given.translated("failed"):
            request = job.get_result(timeout=0)
            try:
                image, small = request.make_array("main"), request.make_array("lores")
            finally:
                request.release()
            return self._whole(image, "main"), self._bgr(small)

    def close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            with self._given.translated("cannot be closed"):
                camera.cancel_all_and_flush()
                camera.close()

    def _opened(self) -> Any:
        if self._camera is None:
            raise CameraFault(f"{self._given.name} is not open; call open() first")
        return self._camera

    def _configuration(self, ColorSpace: Any) -> Any:  # noqa: N803 - libcamera's name
        camera = self._camera
        full_wh = camera.sensor_resolution
        return camera.create_video_configuration(
            main={"size": self._given.record_size_px, "format": "RGB888"},
            # YUV420 is the only small stream that a Pi before the 5 has.
            lores={"size": watch_size_px(self._given.record_size_px), "format": "YUV420"},
            raw=None,
            # Left to itself it takes the sensor's mode nearest to our size, which on the
            # Camera Module 3 sees the middle only. Half its pixels are the whole view on all.
            sensor={"output_size": (full_wh[0] // 2, full_wh[1] // 2)},
            # BT.601, which is what cv2 takes YUV for; HD would come in BT.709.
            colour_space=ColorSpace.Smpte170m(),
            # A picture that was kept would be an old one.
            queue=False,
            controls=_controls(camera.camera_controls),
        )

    def _whole(self, image: Any, stream: str) -> Any:
        """The array, if it is what the stream promised."""
        config = self._opened().camera_configuration()[stream]
        width, height = config["size"]
        is_yuv = config["format"] == "YUV420"
        expected = (height * 3 // 2, config["stride"]) if is_yuv else (height, width, 3)
        if image.shape != expected or image.dtype != np.uint8:
            got = f"{image.dtype} {image.shape}"
            raise self._given.fault(f"delivers garbage: {got}, expected uint8 {expected}")
        return image

    def _bgr(self, lores: Any) -> Image:
        """I420 as picamera2 has it: rows are padded, those of U and V to half the stride.

        So it is converted with its padding, which is cut off afterwards.
        """
        width = self._opened().camera_configuration()["lores"]["size"][0]
        padded = cv2.cvtColor(self._whole(lores, "lores"), cv2.COLOR_YUV2BGR_I420)
        return np.ascontiguousarray(padded[:, :width], dtype=np.uint8)


def watch_size_px(record_size_px: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the small stream: even, in the shape of the full one, never larger."""
    width, height = record_size_px
    small = min(WATCH_WIDTH_PX, width // 2 * 2)
    return small, min(height // 2 * 2, max(2, round(height * small / width / 2) * 2))


def _controls(advertised: Any) -> dict[str, Any]:
    """Short exposures, of those controls that the camera has: a strange one is refused."""
    frame_us = round(1e6 / SENSOR_FPS)
    wanted = {
        "FrameDurationLimits": (frame_us, frame_us),
        "AeExposureMode": 1,  # libcamera's "short": rather noise than blur
    }
    return {name: value for name, value in wanted.items() if name in advertised}


def _libraries(given: _Given) -> tuple[Any, Any]:
    # libcamera's own lines on stderr say less than ours, many times; read when it is imported.
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:FATAL")
    logging.getLogger("picamera2").setLevel(logging.CRITICAL)
    try:
        from libcamera import ColorSpace
        from picamera2 import Picamera2
    except ImportError as error:
        raise CameraFault(
            f"{given.name}: picamera2 cannot be imported ({error}); it is no package of pip's: "
            f"run: {APT}, and make the environment with: python3 -m venv --system-site-packages"
        ) from error
    except ValueError as error:  # apt's simplejpeg was built for numpy 1
        raise CameraFault(
            f"{given.name}: picamera2 does not fit the installed numpy ({error}); "
            "run in this environment: pip install --ignore-installed simplejpeg"
        ) from error
    return Picamera2, ColorSpace


def _require_connected(given: _Given, cameras: list[dict[str, Any]]) -> None:
    """USB cameras are in the list too, behind the others."""
    ours = [camera for camera in cameras if "/usb" not in camera["Id"]]
    if not ours:
        raise given.fault("is not connected: none is", f"{CHECK_CABLE}; {TELL_WHICH}")
    if given.number >= len(ours):
        models = ", ".join(f"{i} ({camera['Model']})" for i, camera in enumerate(ours))
        raise given.fault(f"is not connected, but {models}", "correct 'source' of this camera")


def _acquired(Picamera2: Any, number: int) -> Any:  # noqa: N803 - its name
    """Picamera2(number), which leaves a pipe open when it fails: one more with each try."""
    camera = Picamera2.__new__(Picamera2)
    try:
        camera.__init__(number)
    except DRIVER_ERRORS:
        with suppress(AttributeError, OSError):
            camera.notifymeread.close()
            os.close(camera.notifyme_w)
        raise
    return camera


def _first_cause(error: BaseException) -> str:
    """picamera2 puts "did not complete" on top of what libcamera said."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
