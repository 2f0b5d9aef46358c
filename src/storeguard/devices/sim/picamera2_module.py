"""Stand-ins for the modules `picamera2` and `libcamera`, whose camera shows simulated pictures.

They refuse what the real ones refuse: cameras that are not there or in use, odd and oversized
streams, controls that are not advertised, captures without a started camera. The camera's own
thread is an event loop's timer, so that it runs on simulated time too. Not modelled: the one
finished request that `queue=True` keeps, raw streams, other formats than the two used here.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from storeguard.ports import Image

Picture = Callable[[tuple[int, int], float], Image]
"""Width and height, seconds → a new BGR picture."""

SENSOR_PX = (4608, 2592)
STRIDE_ALIGN = 64
"""Bytes, on a Raspberry Pi 4; planes of U and V have half of it."""
ADVERTISED = ("FrameDurationLimits", "AeExposureMode", "ExposureTime")


class ColourSpace(Enum):
    SMPTE170M = "BT.601"
    REC709 = "BT.709"


class _LibcameraColorSpace:
    Smpte170m = staticmethod(lambda: ColourSpace.SMPTE170M)
    Rec709 = staticmethod(lambda: ColourSpace.REC709)


class _Libcamera(ModuleType):
    ColorSpace = _LibcameraColorSpace


def noise(size_wh: tuple[int, int], t_s: float) -> Image:
    """A lit wall, as a sensor sees it: never twice the same."""
    seed = np.random.default_rng(round(t_s * 1e6))
    shape = (size_wh[1], size_wh[0], 3)
    shade = np.linspace(60, 200, size_wh[0]).astype(np.uint8)[None, :, None]
    return np.asarray(shade + seed.integers(0, 8, shape, np.uint8), np.uint8)


class SimPicamera2(ModuleType):
    """The module, and the knobs of what goes wrong with its cameras.

    `models`: what is connected. `is_in_use`: another process has the camera. `is_stalled`: no
    picture comes, and nothing is said. `is_frozen`: the same one comes again and again.
    `every_s`: how slowly they come, None for the configured rate. `garbled`: every array has
    this shape. `error`: raised by the next calls. `returns`: cleared, `close()` hangs until
    it is set again. `cameras`: all that were ever opened. `shown`: the newest picture.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        picture: Picture = noise,
        *,
        models: Sequence[str] = ("imx708",),
    ) -> None:
        super().__init__("picamera2")
        self.loop = loop
        self.picture = picture
        self.models = list(models)
        self.is_in_use = False
        self.is_stalled = False
        self.is_frozen = False
        self.every_s: float | None = None
        self.garbled: tuple[int, ...] | None = None
        self.error: Exception | None = None
        self.returns = threading.Event()
        self.returns.set()
        self.cameras: list[SimPiCamera] = []
        self.shown: tuple[Image, NDArray[np.uint8]] | None = None
        self.Picamera2 = type("Picamera2", (SimPiCamera,), {"_module": self})

    def be_well(self) -> None:
        """Ends everything that goes wrong."""
        self.is_in_use = self.is_stalled = self.is_frozen = False
        self.every_s = self.garbled = self.error = None
        self.returns.set()


@dataclass
class _Job:
    """A capture that waits for its picture."""

    signal: Callable[["_Job"], None] | None
    future: "Future[SimRequest]"

    def get_result(self, timeout: float | None = None) -> "SimRequest":
        return self.future.result(timeout)

    def give(self, request: "SimRequest") -> None:
        self.future.set_result(request)
        if self.signal is not None:
            self.signal(self)


class SimPiCamera:
    """One camera of the module; `free` buffers are those that nobody holds."""

    _module: SimPicamera2

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        return [
            {"Model": model, "Id": _device_path(model, number), "Num": number}
            for number, model in enumerate(cls._module.models)
        ]

    def __init__(self, camera_num: int = 0) -> None:
        module = self._module
        # The real one has this pipe too, and forgets it when what follows fails.
        self._notifyme_r, self.notifyme_w = os.pipe()
        self.notifymeread = os.fdopen(self._notifyme_r, "rb")
        self.global_camera_info()[camera_num]
        try:
            self._acquire()
        except RuntimeError:
            raise RuntimeError("Camera __init__ sequence did not complete.")  # noqa: B904 - as there
        self.sensor_resolution = SENSOR_PX
        self.camera_controls = dict.fromkeys(ADVERTISED, (0, 1, 0))
        self.config: dict[str, Any] | None = None
        self.is_open, self.started = True, False
        self.free = 0
        self._jobs: list[_Job] = []
        self._lock = threading.Lock()
        module.cameras.append(self)

    def _acquire(self) -> None:
        is_ours = any(camera.is_open for camera in self._module.cameras)
        if self._module.is_in_use or is_ours:
            raise RuntimeError("Failed to acquire camera: Device or resource busy")

    # --- configuring ---

    def create_video_configuration(
        self,
        main: dict[str, Any] | None = None,
        lores: dict[str, Any] | None = None,
        raw: dict[str, Any] | None = None,
        colour_space: ColourSpace | None = None,
        buffer_count: int = 6,
        controls: dict[str, Any] | None = None,
        queue: bool = True,
        sensor: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        main = {"format": "XBGR8888", "size": (1280, 720)} | (main or {})
        if colour_space is None:
            is_hd = main["size"][0] >= 1280 and main["size"][1] >= 720
            colour_space = ColourSpace.REC709 if is_hd else ColourSpace.SMPTE170M
        small = None if lores is None else {"format": "YUV420", "size": main["size"]} | lores
        return {
            "main": _aligned(main),
            "lores": small and _aligned(small),
            "raw": raw,
            "colour_space": colour_space,
            "buffer_count": buffer_count,
            "controls": {"FrameDurationLimits": (33333, 33333)} | (controls or {}),
            "queue": queue,
            "sensor": sensor,
        }

    def configure(self, config: dict[str, Any]) -> None:
        if self.started:
            raise RuntimeError("Camera must be stopped before configuring")
        self._raise_error()
        _check(config)
        for name in config["controls"]:
            if name not in ADVERTISED:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        self.config = config | {
            stream: config[stream] | {"stride": _stride(config[stream])}
            for stream in ("main", "lores")
        }
        self.free = config["buffer_count"]

    def camera_configuration(self) -> dict[str, Any]:
        assert self.config is not None
        return self.config

    # --- running ---

    def start(self) -> None:
        if self.config is None:
            raise RuntimeError("Camera has not been configured")
        self._raise_error()
        self.started = True
        self._module.loop.call_soon_threadsafe(self._beat)

    def capture_request(
        self, wait: bool | None = None, signal_function: Callable[[_Job], None] | None = None
    ) -> Any:
        self._raise_error()
        job = _Job(signal_function, Future())
        with self._lock:
            self._jobs.append(job)
        is_waited_for = signal_function is None if wait is None else wait
        return job.get_result() if is_waited_for else job

    def cancel_all_and_flush(self) -> None:
        with self._lock:
            jobs, self._jobs = self._jobs, []
        for job in jobs:
            job.future.set_exception(CancelledError())

    def close(self) -> None:
        """Hangs where the real one does: with the driver, or behind a capture that waits."""
        if not self.is_open:
            return
        if self._jobs:
            self._module.returns.clear()
        self._module.returns.wait()
        self.started = self.is_open = False
        self.notifymeread.close()
        os.close(self.notifyme_w)

    def _raise_error(self) -> None:
        if self._module.error is not None:
            raise self._module.error

    # --- in the camera's own thread: the loop's timers ---

    def _beat(self) -> None:
        if not self.started or self._module.loop.is_closed():
            return
        assert self.config is not None
        every_s = self._module.every_s or self.config["controls"]["FrameDurationLimits"][0] / 1e6
        self._module.loop.call_later(every_s, self._beat)
        if self._module.is_stalled or not self.free:
            return
        with self._lock:
            job = self._jobs.pop(0) if self._jobs else None
        if job is not None:
            self.free -= 1
            job.give(SimRequest(self, self._expose()))

    def _expose(self) -> dict[str, Any]:
        assert self.config is not None
        if self._module.shown is None or not self._module.is_frozen:
            main, lores = self.config["main"], self.config["lores"]
            image = self._module.picture(main["size"], self._module.loop.time())
            self._module.shown = _in_memory(image, main["format"]), _i420(image, lores)
        arrays: dict[str, Any] = dict(zip(("main", "lores"), self._module.shown, strict=True))
        if self._module.garbled is not None:
            return {name: np.zeros(self._module.garbled, np.uint8) for name in arrays}
        return arrays


class SimRequest:
    """A finished picture in all streams; its buffer is the camera's again after `release()`."""

    def __init__(self, camera: SimPiCamera, arrays: dict[str, Any]) -> None:
        self._camera = camera
        self._arrays: dict[str, Any] | None = arrays

    def make_array(self, name: str) -> Any:
        if self._arrays is None:
            raise RuntimeError("CompletedRequest: used after its release")
        if name not in self._arrays:
            raise RuntimeError(f"Stream {name!r} is not defined")
        return self._arrays[name].copy()

    def release(self) -> None:
        if self._arrays is None:
            raise RuntimeError("CompletedRequest: lock now has negative ref_count")
        self._arrays = None
        self._camera.free += 1


def _device_path(model: str, number: int) -> str:
    if model.startswith("usb"):
        return f"/base/scb/pcie@7d500000/pci@0,0/usb@0,0-1.{number}:1.0-046d:0825"
    return f"/base/soc/i2c0mux/i2c@{number}/{model}@1a"


def _aligned(stream: dict[str, Any]) -> dict[str, Any]:
    width, height = stream["size"]
    return stream | {"size": (width - width % 2, height - height % 2)}


def _check(config: dict[str, Any]) -> None:
    if not isinstance(config["colour_space"], ColourSpace):
        raise RuntimeError("Colour space has incorrect type")
    main, lores = config["main"], config["lores"]
    if main["format"] not in ("RGB888", "BGR888"):
        raise RuntimeError(f"Bad format {main['format']} in stream main")
    if lores["format"] != "YUV420":
        raise RuntimeError("lores stream must be YUV")
    for stream in (main, lores):
        if type(stream["size"]) is not tuple:
            raise RuntimeError("size in stream should be (width, height)")
    if any(small > full for small, full in zip(lores["size"], main["size"], strict=True)):
        raise RuntimeError("lores stream dimensions may not exceed main stream")


def _stride(stream: dict[str, Any]) -> int:
    """Bytes a row: whole units of the hardware."""
    row: int = stream["size"][0] * (1 if stream["format"] == "YUV420" else 3)
    return -(-row // STRIDE_ALIGN) * STRIDE_ALIGN


def _in_memory(image: Image, name: str) -> Image:
    """The names are those of little-endian words: RGB888 is B, G, R."""
    return image if name == "RGB888" else np.ascontiguousarray(image[:, :, ::-1])


def _i420(image: Image, stream: dict[str, Any]) -> NDArray[np.uint8]:
    """(height * 3 / 2, stride): the planes Y, U, V, each row padded with bytes of no meaning."""
    (width, height), stride = stream["size"], stream["stride"]
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    packed = cv2.cvtColor(small, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    luma, chroma = packed[: width * height], packed[width * height :]
    rows = [_padded(luma.reshape(height, width), stride)]
    rows += [_padded(plane, stride // 2) for plane in chroma.reshape(2, height // 2, width // 2)]
    return np.concatenate([plane.reshape(-1) for plane in rows]).reshape(-1, stride)


def _padded(plane: Any, stride: int) -> NDArray[np.uint8]:
    return np.pad(plane, ((0, 0), (0, stride - plane.shape[1])), constant_values=171)


@contextmanager
def installed(module: SimPicamera2) -> Iterator[SimPicamera2]:
    """`import picamera2` and `libcamera` find these; afterwards sys.modules is as it was."""
    ours: dict[str, ModuleType] = {"picamera2": module, "libcamera": _Libcamera("libcamera")}
    before = {name: sys.modules.pop(name) for name in ours if name in sys.modules}
    sys.modules.update(ours)
    try:
        yield module
    finally:
        for name in ours:
            sys.modules.pop(name, None)
        sys.modules.update(before)
