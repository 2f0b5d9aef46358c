"""What cameras have in common: a thread with deadlines, and a distrust of what they deliver."""

import asyncio
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from storeguard.errors import CameraFault, CameraStuck, CameraTimeout, FaultCode

T = TypeVar("T")

FROZEN_AFTER_S = 60.0
"""A sensor has noise: no two of its pictures are alike, let alone those of a minute."""

SLOW_S = 6.0
"""Two pictures in a row that are waited for longer: somebody may come and go in between."""

FLAT_LEVELS = 3.0
"""Standard deviation of a picture that shows nothing (dark, covered): its noise is clipped."""


class DeviceThread:
    """The one thread in which a camera's driver is called; inline under a SimLoop.

    `timeout` makes the error of a job that gives no answer within `timeout_s`.
    """

    def __init__(
        self, name: str, timeout_s: float, timeout: Callable[[str], CameraTimeout]
    ) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._timeout = timeout
        self._worker = ThreadPoolExecutor(1, name)
        self._last: asyncio.Future[None] | None = None

    async def run(self, job: Callable[[], T], what: str = "gives no answer") -> T:
        loop = asyncio.get_running_loop()
        return await self.soon(loop.run_in_executor(self._worker, job), what)

    async def soon(self, coming: "asyncio.Future[T]", what: str) -> T:
        """What is coming, if it comes in time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await coming
        except TimeoutError:
            raise self._timeout(what) from None

    def run_to_the_end(self, job: Callable[[], None]) -> "Future[None]":
        """The thread's only job; `end` waits for it."""
        running = self._worker.submit(job)
        self._last = asyncio.wrap_future(running)
        self._last.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._worker.shutdown(wait=False)  # takes no other job
        return running

    async def end(self, release: Callable[[], None], timeout_s: float) -> None:
        """Waits for the last job, `release` if there is none yet; a bug in it is raised.

        Raises CameraStuck when it does not end; may be called again then.
        """
        if self._last is None:
            loop = asyncio.get_running_loop()
            self._last = loop.run_in_executor(self._worker, release)
            self._worker.shutdown(wait=False)  # takes no other job
        done, _ = await asyncio.wait((self._last,), timeout=timeout_s)
        if not done:
            raise CameraStuck(
                f"{self._name}: still blocked in the driver after {timeout_s:g} s; its thread is "
                "left behind; unplug the camera or restart storeguard"
            )
        self._worker.shutdown(wait=True)
        if not isinstance(self._last.exception(), CameraFault):
            self._last.result()


class Scrutiny:
    """Judges each picture of a sensor: is it one, did it come in time, is it a new one?

    One a camera, kept when the camera is opened again: what was frozen is so until it changes.
    """

    def __init__(self) -> None:
        self._waits_s: deque[float] = deque(maxlen=2)
        self._fingerprint: int | None = None
        self._alike_since_s = 0.0

    def begin(self) -> None:
        """The camera has been opened."""
        self._waits_s.clear()

    def fault_of(self, image: Any, waited_s: float, now_s: float) -> tuple[str, FaultCode] | None:
        """What is wrong with the picture, or None. `waited_s`: what it took the camera."""
        if image is None or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            shape = None if image is None else image.shape
            what = f"delivers garbage: shape {shape}, expected (height, width, 3)"
            return what, FaultCode.CAMERA_GONE
        self._waits_s.append(waited_s)
        if sum(self._waits_s) > SLOW_S:
            took_s = sum(self._waits_s)
            what = f"is too slow to watch: {took_s:.1f} s for {len(self._waits_s)} pictures"
            return what, FaultCode.CAMERA_SLOW
        return self._frozen(image, now_s)

    def _frozen(self, image: Any, now_s: float) -> tuple[str, FaultCode] | None:
        # Every fourth row: 0.2 ms at 1280x720, and noise is everywhere.
        fingerprint = zlib.crc32(np.ascontiguousarray(image[::4]).data)
        if fingerprint != self._fingerprint:
            self._fingerprint, self._alike_since_s = fingerprint, now_s
        alike_s = now_s - self._alike_since_s
        if alike_s < FROZEN_AFTER_S or image[::8, ::8].std() < FLAT_LEVELS:
            return None
        what = f"is frozen: its pictures have been the same for {alike_s:.0f} s"
        return what, FaultCode.CAMERA_FROZEN
