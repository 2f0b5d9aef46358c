"""Cameras that OpenCV reads: video files, USB cameras, RTSP and HTTP streams.

A live source is read without pause in a thread of its own, so that the newest picture is
new; a file is read on demand, at the pace of its own times or as fast as it is asked.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from storeguard.captures import Capture, OpenCapture, Source, is_live, open_capture
from storeguard.clock import Clock
from storeguard.devices.live import DeviceThread, Scrutiny
from storeguard.errors import CameraEnded, CameraFault, CameraStuck, CameraTimeout
from storeguard.ports import Frame, Image

log = logging.getLogger(__name__)

Pace = Literal["real", "fast"]

LATE_S = 0.1
"""A file's picture that is later than this is skipped."""

CATCH_UP_S = 1.0
"""Skipping ends after this time: a decoder slower than the video still shows something."""


def video_frames(
    path: Path, open_capture: OpenCapture = open_capture
) -> Iterator[tuple[float, Image]]:
    """All pictures of a video file in order, with the file's own seconds.

    Raises CameraFault when the file is missing or has no picture that can be read.
    """
    video = _VideoFile(path, open_capture)
    video.open()
    try:
        while (t_s := video.grab()) is not None:
            yield t_s, video.image()
    finally:
        video.close()


@dataclass(frozen=True, slots=True)
class _Given:
    """What a reader is made from; `name` is for messages and the thread."""

    name: str
    source: Source
    clock: Clock
    is_fast: bool
    timeout_s: float
    open_capture: OpenCapture
    scrutiny: Scrutiny = field(default_factory=Scrutiny)

    def fault(self, what: str) -> CameraFault:
        return CameraFault(f"{self.name}: {_spoken(self.source)} {what}; {_next_step(self.source)}")

    def timeout(self, what: str) -> CameraTimeout:
        where, how = f"{self.name}: {_spoken(self.source)}", _next_step(self.source)
        return CameraTimeout(f"{where} {what} for {self.timeout_s:g} s; {how}")


class OpenCvCamera:
    """A camera over cv2.VideoCapture.

    `source`: USB index (also as text), `/dev/video…`, URL, or a file (GIFs too). For a file
    `pace="real"` plays it on the clock from the moment it was opened and skips what is
    late; `pace="fast"` gives every picture at once, `t_s` is the file's time. `close()` says
    so when the device still blocks after `close_timeout_s`; `open()` is refused until it ends.
    """

    def __init__(
        self,
        camera_id: str,
        source: Source,
        clock: Clock,
        *,
        pace: Pace = "real",
        timeout_s: float = 5.0,
        close_timeout_s: float = 3.0,
        open_capture: OpenCapture = open_capture,
    ) -> None:
        self._id = camera_id
        source = int(source) if isinstance(source, str) and source.isdigit() else source
        name, is_fast = f"camera '{camera_id}'", pace == "fast"
        self._given = _Given(name, source, clock, is_fast, timeout_s, open_capture)
        self._close_timeout_s = close_timeout_s
        self._reader: _Live | _Played | None = None

    @property
    def id(self) -> str:
        return self._id

    async def open(self) -> None:
        await self._end_reader()
        self._reader = (_Live if is_live(self._given.source) else _Played)(self._given)
        await self._reader.open()

    async def frame(self) -> Frame:
        if self._reader is None:
            raise CameraFault(f"{self._given.name} is not open; call open() first")
        return await self._reader.frame()

    async def close(self) -> None:
        try:
            await self._end_reader()
        except CameraStuck as stuck:  # closing goes on: the other devices want it too
            log.warning(stuck)

    async def _end_reader(self) -> None:
        """One that is stuck stays, to be waited for again."""
        if self._reader is not None:
            await self._reader.close(self._close_timeout_s)
            self._reader = None


class _Played:
    """A file, read on demand in one worker thread; inline under a SimLoop."""

    def __init__(self, given: _Given) -> None:
        self._given = given
        self._clock = given.clock
        self._video = _VideoFile(Path(str(given.source)), given.open_capture, given.name)
        self._thread = DeviceThread(given.name, given.timeout_s, given.timeout)
        self._opened_s = 0.0
        self._shown = 0
        self._is_closing = False

    async def open(self) -> None:
        await self._thread.run(self._video.open)
        self._opened_s = self._clock.now_s()

    async def frame(self) -> Frame:
        frame = await self._thread.run(self._next)
        self._shown += 1
        await asyncio.sleep(0 if self._given.is_fast else max(0.0, frame.t_s - self._clock.now_s()))
        return frame

    async def close(self, timeout_s: float) -> None:
        self._is_closing = True
        await self._thread.end(self._video.close, timeout_s)

    def _next(self) -> Frame:
        t_s = self._grab()
        if self._given.is_fast:
            return Frame(t_s, self._video.image())
        patience_s = self._clock.now_s() + CATCH_UP_S
        while self._shown and self._is_late(t_s, patience_s):
            t_s = self._grab()
        return Frame(self._opened_s + t_s, self._video.image())

    def _grab(self) -> float:
        t_s = None if self._is_closing else self._video.grab()
        if t_s is None:
            raise CameraEnded(f"{self._given.name}: {self._video.path} has been played to its end")
        return t_s

    def _is_late(self, t_s: float, patience_s: float) -> bool:
        now_s = self._clock.now_s()
        return self._opened_s + t_s < now_s - LATE_S and now_s < patience_s


class _Live:
    """A device or stream: one thread reads without pause, one slot holds the newest picture."""

    def __init__(self, given: _Given) -> None:
        self._given = given
        self._is_closing = threading.Event()
        self._slot_lock = threading.Lock()
        self._slot: Frame | None = None
        self._running: Future[None] | None = None
        self._thread = DeviceThread(given.name, given.timeout_s, given.timeout)

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._running = self._thread.run_to_the_end(self._watch)
        self._running.add_done_callback(lambda _: self._tell())
        await self._wait("does not open")
        self._raise_if_ended()

    async def frame(self) -> Frame:
        while True:
            # Cleared before the slot is looked at: what comes in between is told again.
            self._news.clear()
            self._raise_if_ended()
            with self._slot_lock:
                frame, self._slot = self._slot, None
            if frame is not None:
                return frame
            await self._wait("delivers no new picture")

    async def close(self, timeout_s: float) -> None:
        self._is_closing.set()
        await self._thread.end(lambda: None, timeout_s)

    async def _wait(self, what: str) -> None:
        await self._thread.soon(asyncio.ensure_future(self._news.wait()), what)

    def _raise_if_ended(self) -> None:
        """The reader's fault, or its bug."""
        if self._running is not None and self._running.done():
            self._running.result()
            raise self._given.fault("has been closed")

    # --- in the reader's thread ---

    def _watch(self) -> None:
        capture = self._given.open_capture(self._given.source, self._given.timeout_s)
        try:
            if not capture.isOpened():
                raise self._given.fault("cannot be opened")
            self._given.scrutiny.begin()
            self._tell()
            while not self._is_closing.is_set():
                self._show(capture)
        except cv2.error as error:
            raise self._given.fault(f"failed: {error}") from error
        finally:
            capture.release()

    def _show(self, capture: Capture) -> None:
        asked_s = self._given.clock.now_s()
        is_read, image = capture.read()
        if self._is_closing.is_set():
            return
        if not is_read:
            raise self._given.fault("has stopped delivering pictures")
        now_s = self._given.clock.now_s()
        wrong = self._given.scrutiny.fault_of(image, now_s - asked_s, now_s)
        if wrong is not None:
            what, code = wrong
            raise self._given.fault(what).coded(code)
        with self._slot_lock:
            self._slot = Frame(now_s, _as_image(image))
        self._tell()

    def _tell(self) -> None:
        if not self._loop.is_closed() and not self._news.is_set():
            self._loop.call_soon_threadsafe(self._news.set)


class _VideoFile:
    """The pictures of a file, in order; blocks."""

    def __init__(self, path: Path, open_capture: OpenCapture, name: str = "video") -> None:
        self.path = path
        self._name = name
        self._open_capture = open_capture
        self._capture: Capture | None = None
        self._last_s: float | None = None

    def open(self) -> None:
        if not self.path.is_file():
            raise CameraFault(f"{self._name}: there is no file {self.path}; check the path")
        self._capture = self._open_capture(self.path, 0.0)
        if not self._capture.isOpened():
            self.close()
            raise self._unreadable()

    def grab(self) -> float | None:
        """Goes on to the next picture: its time in the file, or None after the last."""
        capture = self._opened()
        if not capture.grab():
            if self._last_s is None:
                raise self._unreadable()
            return None
        self._last_s = self._time_s(capture)
        return self._last_s

    def image(self) -> Image:
        is_read, image = self._opened().retrieve()
        if not is_read:
            raise self._unreadable()
        return _as_image(image)

    def close(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _opened(self) -> Capture:
        if self._capture is None:
            raise CameraFault(f"{self._name}: {self.path} is not open; call open() first")
        return self._capture

    def _time_s(self, capture: Capture) -> float:
        """The file's own time, or the nominal one where a file has none: it always grows."""
        t_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self._last_s is None or t_s > self._last_s:
            return t_s
        fps = capture.get(cv2.CAP_PROP_FPS)
        return self._last_s + 1 / (fps if fps > 0 else 25.0)

    def _unreadable(self) -> CameraFault:
        return CameraFault(
            f"{self._name}: {self.path} has no picture that can be read; expected a video such "
            "as mp4 or GIF; play it with ffplay to see what is wrong"
        )


def _spoken(source: Source) -> str:
    """The source for messages; never with the password of a URL."""
    if isinstance(source, int):
        return f"USB camera {source}"
    return re.sub(r"//[^/\s]*@", "//***@", str(source))


def _next_step(source: Source) -> str:
    what = "the cable" if is_live(source) else "the disk"
    if "://" in str(source):
        what = "the address and the network"
    return f"check {what}"


def _as_image(image: Any) -> Image:
    return np.asarray(image, dtype=np.uint8)
