"""The clips of a visit: H.264 without sound, recorded while the camera goes on watching.

Pictures are encoded in one thread and finished clips published in a second, so that a
slow disk at the end of a clip does not hold up the next one.
"""

import asyncio
import errno
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storeguard.health import Pulse
from storeguard.ports import Frame
from storeguard.vision.clipfile import (
    DISK_ERRORS,
    Clip,
    ClipUnplayable,
    ClipWriter,
    begin_clip,
    publish_clip,
    reserve,
)

QUEUED_FRAMES = 10
"""A second of pictures at 10 a second; 28 MB at 1280x720."""

EARLIEST = 0.25
"""A picture may come this part of an interval before it is due: cameras jitter."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What came of one visit: `dropped` pictures found the encoder too slow.

    `fault` says why clips are missing or end early; None when none is.
    """

    clips: tuple[Clip, ...] = ()
    dropped: int = 0
    fault: str | None = None


@dataclass(slots=True)
class _Visit:
    """One visit's state; after `stop` the encoder and the publisher still work on it."""

    due_s: float
    writer: ClipWriter | None = None
    on_file: Callable[[Path], None] = lambda _: None
    clips: list[Clip] = field(default_factory=list)
    dropped: int = 0
    fault: str | None = None
    done: "Future[Recording]" = field(default_factory=Future)

    def failed(self, why: str) -> None:
        self.fault = self.fault or why

    def surface(self, job: "Future[None]") -> None:
        """A bug in a worker reaches whoever awaits the recording."""
        bug = job.exception()
        if bug is not None and not self.done.done():
            self.done.set_exception(bug)


class _Inline(Executor):
    """Runs each job at once: for replay, where time stands still meanwhile."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class ClipRecorder:
    """Records visits into `folder`, a clip every `clip_s`.

    `size_px`: room for the picture, which keeps its shape. `fps`: most pictures a second
    that are recorded; each keeps its own time. `label`: names a clip by the time of its
    first picture. `threaded=False` does all work in the caller (replay). `queued_frames`:
    how many pictures may wait for the encoder. `pulses`: of the encoder and the publisher.
    `has_room`: asked for each picture; a clip ends where the disk has no room for more.
    """

    def __init__(
        self,
        folder: Path,
        size_px: tuple[int, int],
        fps: float,
        clip_s: float,
        label: Callable[[float], str],
        *,
        threaded: bool = True,
        queued_frames: int = QUEUED_FRAMES,
        pulses: tuple[Pulse, Pulse] | None = None,
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        self._folder = folder
        self._size_px = size_px
        self._fps = fps
        self._clip_s = clip_s
        self._label = label
        self._has_room = has_room
        self._encoder = _worker("clip-encoder") if threaded else _Inline()
        self._publisher = _worker("clip-publisher") if threaded else _Inline()
        workers: tuple[Executor, Executor] = (self._encoder, self._publisher)
        self._pulses = dict(zip(workers, pulses or (), strict=False))
        self._room = threading.BoundedSemaphore(queued_frames)
        self._visit: _Visit | None = None
        self._is_closed = False

    @property
    def is_recording(self) -> bool:
        return self._visit is not None

    def start(self, t_s: float, on_file: Callable[[Path], None] = lambda _: None) -> None:
        """A visit begins; pictures from before `t_s` are left out.

        `on_file` is told each clip's path before there is anything, in the encoder's thread.
        """
        if self._visit is not None:
            raise RuntimeError("the recorder is recording already; stop() ends a visit")
        self._visit = _Visit(due_s=t_s, on_file=on_file)

    def clips_so_far(self) -> tuple[Clip, ...]:
        """The clips of the running visit that are finished and durable. In any thread."""
        return () if self._visit is None else tuple(self._visit.clips)

    def add(self, frame: Frame) -> None:
        """Queues a picture, or counts it as dropped; never waits. Its pixels are kept, not copied.

        Nothing happens between visits and for a frame without a picture.
        """
        visit = self._visit
        if visit is None or frame.image is None or not self._is_due(visit, frame.t_s):
            return
        if not self._room.acquire(blocking=False):
            visit.dropped += 1
            return
        self._submit(self._encoder, visit, self._encode, frame)

    def stop(self, t_s: float) -> "asyncio.Future[Recording]":
        """The visit has ended at `t_s`: to be awaited for its clips, which are durable then.

        The next visit may start at once, whether this is awaited or not.
        """
        visit, self._visit = self._visit or _Visit(due_s=t_s), None
        self._submit(self._encoder, visit, self._end, t_s)
        # Shielded: whoever stops waiting does not stop the publishing.
        return asyncio.shield(asyncio.wrap_future(visit.done))

    async def close(self, t_s: float, timeout_s: float = 3.0) -> Recording:
        """Ends a running visit and the threads; a disk that hangs is left after `timeout_s`."""
        if self._is_closed:
            return Recording()
        self._is_closed = True
        try:
            async with asyncio.timeout(timeout_s):
                recording = await self.stop(t_s)
        except TimeoutError:
            self._shut_down(wait=False)
            return Recording(fault=f"{self._folder}: no answer for {timeout_s:g} s; see the disk")
        self._shut_down(wait=True)
        return recording

    def _shut_down(self, *, wait: bool) -> None:
        self._encoder.shutdown(wait=wait)
        self._publisher.shutdown(wait=wait)

    def _submit(
        self, worker: Executor, visit: _Visit, job: Callable[..., None], *args: object
    ) -> None:
        if visit.done.done():
            visit.done.result()  # raises the bug of an earlier job
        pulse = self._pulses.get(worker)
        if pulse is not None:
            pulse.begin()
        done = worker.submit(job, visit, *args)
        done.add_done_callback(visit.surface)
        if pulse is not None:
            done.add_done_callback(lambda _: pulse.end())

    def _is_due(self, visit: _Visit, t_s: float) -> bool:
        interval_s = 1 / self._fps
        if t_s < visit.due_s - EARLIEST * interval_s:
            return False
        visit.due_s = max(visit.due_s, t_s - interval_s) + interval_s
        return True

    # --- in the encoder's thread ---

    def _encode(self, visit: _Visit, frame: Frame) -> None:
        try:
            if visit.fault is None:
                self._write(visit, frame)
        except DISK_ERRORS as error:
            self._give_up(visit, error)
        finally:
            self._room.release()

    def _write(self, visit: _Visit, frame: Frame) -> None:
        if not self._has_room():
            raise OSError(errno.ENOSPC, "no space left; clips pause")
        if visit.writer is not None and frame.t_s - visit.writer.started_s >= self._clip_s:
            self._finish(visit, frame.t_s)
        if visit.writer is None:
            visit.writer = self._begin(visit, frame)
        visit.writer.write(frame)

    def _begin(self, visit: _Visit, frame: Frame) -> ClipWriter:
        part = reserve(self._folder, self._label(frame.t_s))
        visit.on_file(part.with_suffix(""))
        try:
            return begin_clip(part, frame, self._size_px, self._fps)
        except DISK_ERRORS:
            with suppress(*DISK_ERRORS):
                part.unlink()
            raise

    def _end(self, visit: _Visit, t_s: float) -> None:
        try:
            self._finish(visit, t_s)
        except DISK_ERRORS as error:
            self._give_up(visit, error)
        # One publishing thread: this runs after all clips of the visit.
        self._submit(self._publisher, visit, _conclude)

    def _finish(self, visit: _Visit, t_s: float) -> None:
        writer = visit.writer
        if writer is not None:
            ended_s = writer.close(t_s)
            visit.writer = None
            self._submit(self._publisher, visit, _publish, writer, ended_s)

    def _give_up(self, visit: _Visit, error: Exception) -> None:
        """No more clips of this visit; what is on the disk is still published."""
        writer, visit.writer = visit.writer, None
        visit.failed(f"{self._folder}: recording failed: {error}; check the space and the card")
        if writer is not None:
            writer.abandon()
            self._submit(self._publisher, visit, _publish, writer, writer.last_s)


def _worker(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)


# --- in the publisher's thread ---


def _publish(visit: _Visit, writer: ClipWriter, ended_s: float) -> None:
    part, path = writer.part, writer.part.with_suffix("")
    try:
        frames, duration_s = publish_clip(part, path)
    except (*DISK_ERRORS, ClipUnplayable) as error:
        # Its space is worth more to the books than half a clip.
        with suppress(*DISK_ERRORS):
            part.unlink()
        visit.failed(f"{path}: the clip is lost: {error}; check the space and the card")
    else:
        ended_s = min(ended_s, writer.started_s + duration_s)
        visit.clips.append(Clip(path, writer.started_s, ended_s, frames))


def _conclude(visit: _Visit) -> None:
    visit.done.set_result(Recording(tuple(visit.clips), visit.dropped, visit.fault))
