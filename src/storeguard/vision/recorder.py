"""The clips of a visit: H.264 without sound, recorded while the camera goes on watching.

Pictures are encoded in one thread, with or without a visit, and finished clips published in a
second, so that a slow disk at the end of a clip does not hold up the next one. A visit's first
clip begins with the encoded seconds before it, its last one ends after it.
"""

import asyncio
import errno
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av

from storeguard.health import Pulse
from storeguard.ports import Frame
from storeguard.vision.clipfile import (
    DISK_ERRORS,
    NOTHING_SAID,
    Clip,
    ClipUnplayable,
    ClipWriter,
    begin_clip,
    publish_clip,
    reserve,
)
from storeguard.vision.encoding import NOTHING, Encoded, Encoder, Overlay, PreRoll, fitted_px

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


@dataclass(frozen=True, slots=True)
class SoFar:
    """What there is of a visit at an instant. `clips` are finished and durable.

    `parts`: file and first picture's time of each clip that is not finished. `goes_on`: it is
    still being recorded, so that waiting for its end takes as long as the camera wants.
    """

    clips: tuple[Clip, ...] = ()
    parts: tuple[tuple[Path, float], ...] = ()
    goes_on: bool = False


@dataclass(slots=True)
class _Visit:
    """One visit's state; after `stop` the encoder and the publisher still work on it."""

    started_s: float
    on_file: Callable[[Path], None] = lambda _: None
    writer: ClipWriter | None = None
    unfinished: list[ClipWriter] = field(default_factory=list)
    is_over: bool = False
    clips: list[Clip] = field(default_factory=list)
    dropped: int = 0
    fault: str | None = None
    done: "Future[Recording]" = field(default_factory=Future)
    ending: asyncio.TimerHandle | None = None

    def so_far(self) -> SoFar:
        """In any thread."""
        parts = tuple((writer.part, writer.started_s) for writer in tuple(self.unfinished))
        return SoFar(tuple(self.clips), parts, goes_on=not self.is_over)

    def failed(self, why: str) -> None:
        self.fault = self.fault or why

    def surface(self, bug: BaseException) -> None:
        """A bug in a worker reaches whoever awaits the recording."""
        if not self.done.done():
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
    first picture. `pre_roll_s`: so much of what was before a visit begins its first clip; with
    0 nothing is encoded between visits. `post_roll_s`: so long after the last person the visit's
    last clip goes on. `overlay`: burnt into every picture. `about`: a clip's metadata by its
    first picture's time.

    `threaded=False` does all work in the caller (replay). `queued_frames`: how many pictures
    may wait for the encoder. `pulses`: of the encoder and the publisher. `has_room`: asked for
    each picture; a clip ends where the disk has no room for more.
    """

    def __init__(
        self,
        folder: Path,
        size_px: tuple[int, int],
        fps: float,
        clip_s: float,
        label: Callable[[float], str],
        *,
        pre_roll_s: float = 0.0,
        post_roll_s: float = 0.0,
        overlay: Overlay = NOTHING,
        about: Callable[[float], Mapping[str, str]] = lambda _: NOTHING_SAID,
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
        self._pre_roll_s = pre_roll_s
        self._post_roll_s = post_roll_s
        self._overlay = overlay
        self._about = about
        self._has_room = has_room
        self._encoding = _worker("clip-encoder") if threaded else _Inline()
        self._publishing = _worker("clip-publisher") if threaded else _Inline()
        workers: tuple[Executor, Executor] = (self._encoding, self._publishing)
        self._pulses = dict(zip(workers, pulses or (), strict=False))
        self._room = threading.BoundedSemaphore(queued_frames)
        self._due_s = float("-inf")
        self._visit: _Visit | None = None
        self._open: list[_Visit] = []
        """Whose recording is not finished: of the last one too, while its post-roll runs."""
        self._bug: BaseException | None = None
        self._is_closed = False
        self._encoder: Encoder | None = None
        self._source_px = (0, 0)
        self._pre_roll = PreRoll(pre_roll_s)
        self._written: list[_Visit] = []

    @property
    def is_recording(self) -> bool:
        return self._visit is not None

    def start(
        self, t_s: float, on_file: Callable[[Path], None] = lambda _: None
    ) -> Callable[[], SoFar]:
        """A visit begins; pictures from before `t_s` are left out, but for the pre-roll.

        `on_file` is told each clip's path before there is anything, in the encoder's thread.
        Returns what can be asked, in any thread, what there is of this visit so far.
        """
        if self._visit is not None:
            raise RuntimeError("the recorder is recording already; stop() ends a visit")
        self._visit = _Visit(t_s, on_file)
        self._open = [*(visit for visit in self._open if not visit.done.done()), self._visit]
        if not self._pre_roll_s:
            self._due_s = t_s
        self._submit(self._encoding, self._begin_visit, self._visit)
        return self._visit.so_far

    def add(self, frame: Frame) -> None:
        """Queues a picture, or counts it as dropped; never waits. Its pixels are kept, not copied.

        Nothing happens for a frame without a picture, nor between visits without a pre-roll.
        """
        if self._bug is not None:
            raise self._bug
        rolling = [visit for visit in self._open if visit is self._visit or visit.ending]
        is_wanted = bool(self._pre_roll_s) or bool(rolling)
        if not is_wanted or self._is_closed or frame.image is None or not self._is_due(frame.t_s):
            return
        if not self._room.acquire(blocking=False):
            for visit in rolling:
                visit.dropped += 1
            return
        self._submit(self._encoding, self._encode, frame)

    def stop(self, t_s: float, last_seen_s: float | None = None) -> "asyncio.Future[Recording]":
        """The visit has ended at `t_s`: to be awaited for its clips, which are durable then.

        The post-roll, if it is not over by `t_s`, comes first. The next visit may start at once,
        whether this is awaited or not.
        """
        visit, self._visit = self._visit or _Visit(t_s), None
        until_s = t_s if last_seen_s is None else max(t_s, last_seen_s + self._post_roll_s)
        if until_s > t_s:
            loop = asyncio.get_running_loop()
            visit.ending = loop.call_later(until_s - t_s, self._end_visit, visit, until_s)
        else:
            self._end_visit(visit, t_s)
        # Shielded: whoever stops waiting does not stop the publishing.
        return asyncio.shield(asyncio.wrap_future(visit.done))

    async def close(self, t_s: float, timeout_s: float = 3.0) -> Recording:
        """Ends a running visit and the threads; a disk that hangs is left after `timeout_s`."""
        if self._is_closed:
            return Recording()
        self._is_closed = True
        for visit in self._open:
            if visit.ending is not None:
                self._end_visit(visit, t_s)
        try:
            async with asyncio.timeout(timeout_s):
                recording = await self.stop(t_s)
        except TimeoutError:
            self._shut_down(wait=False)
            return Recording(fault=f"{self._folder}: no answer for {timeout_s:g} s; see the disk")
        self._shut_down(wait=True)
        if self._encoder is not None:
            self._encoder.close()
        return recording

    def _end_visit(self, visit: _Visit, t_s: float) -> None:
        if visit.ending is not None:
            visit.ending.cancel()
            visit.ending = None
        visit.is_over = True
        self._submit(self._encoding, self._end, visit, t_s)

    def _shut_down(self, *, wait: bool) -> None:
        self._encoding.shutdown(wait=wait)
        self._publishing.shutdown(wait=wait)

    def _submit(self, worker: Executor, job: Callable[..., None], *args: object) -> None:
        pulse = self._pulses.get(worker)
        if pulse is not None:
            pulse.begin()
        done = worker.submit(job, *args)
        done.add_done_callback(self._surface)
        if pulse is not None:
            done.add_done_callback(lambda _: pulse.end())

    def _surface(self, job: "Future[None]") -> None:
        """A bug in a worker ends all recordings, and is raised at the next picture if need be."""
        bug = job.exception()
        if bug is None:
            return
        waiting = [visit for visit in self._open if not visit.done.done()]
        for visit in waiting:
            visit.surface(bug)
        self._bug = None if waiting else bug

    def _is_due(self, t_s: float) -> bool:
        interval_s = 1 / self._fps
        if t_s < self._due_s - EARLIEST * interval_s:
            return False
        self._due_s = max(self._due_s, t_s - interval_s) + interval_s
        return True

    # --- in the encoder's thread ---

    def _begin_visit(self, visit: _Visit) -> None:
        self._written.append(visit)
        if self._pre_roll_s:
            for packet in self._pre_roll.since(visit.started_s - self._pre_roll_s):
                self._put(visit, packet)

    def _encode(self, frame: Frame) -> None:
        try:
            packet = self._encoded(frame)
        except av.FFmpegError as error:
            self._encoder = None
            for visit in tuple(self._written):
                self._give_up(visit, error)
            return
        finally:
            self._room.release()
        if packet is None:
            return
        if self._pre_roll_s:
            self._pre_roll.add(packet)
        for visit in tuple(self._written):
            self._put(visit, packet)

    def _encoded(self, frame: Frame) -> Encoded | None:
        """A clip keeps its size, also when the camera comes back with another one."""
        assert frame.image is not None
        source_px = frame.image.shape[1], frame.image.shape[0]
        if self._encoder is None or (source_px != self._source_px and not self._written):
            self._source_px = source_px
            self._pre_roll.clear()
            if self._encoder is not None:
                self._encoder.close()
            self._encoder = Encoder(fitted_px(source_px, self._size_px), self._fps, self._overlay)
        wants_key = any(self._is_full(visit, frame.t_s) for visit in self._written)
        return self._encoder.encode(frame, wants_key=wants_key)

    def _is_full(self, visit: _Visit, t_s: float) -> bool:
        """A clip of this visit begins with the next key picture."""
        return visit.writer is None or t_s - visit.writer.started_s >= self._clip_s

    def _put(self, visit: _Visit, packet: Encoded) -> None:
        try:
            if visit.fault is None:
                self._write(visit, packet)
        except DISK_ERRORS as error:
            self._give_up(visit, error)

    def _write(self, visit: _Visit, packet: Encoded) -> None:
        if not self._has_room():
            raise OSError(errno.ENOSPC, "no space left; clips pause")
        if packet.is_key and self._is_full(visit, packet.t_s):
            self._finish(visit, packet.t_s)
            visit.writer = self._begin(visit, packet.t_s)
            visit.unfinished.append(visit.writer)
        if visit.writer is not None:
            visit.writer.write(packet)

    def _begin(self, visit: _Visit, t_s: float) -> ClipWriter:
        assert self._encoder is not None
        part = reserve(self._folder, self._label(t_s))
        visit.on_file(part.with_suffix(""))
        try:
            return begin_clip(part, self._encoder.template, t_s, self._about(t_s))
        except DISK_ERRORS:
            with suppress(*DISK_ERRORS):
                part.unlink()
            raise

    def _end(self, visit: _Visit, t_s: float) -> None:
        if visit in self._written:
            self._written.remove(visit)
        try:
            self._finish(visit, t_s)
        except DISK_ERRORS as error:
            self._give_up(visit, error)
        # One publishing thread: this runs after all clips of the visit.
        self._submit(self._publishing, _conclude, visit)

    def _finish(self, visit: _Visit, t_s: float) -> None:
        writer = visit.writer
        if writer is not None:
            ended_s = writer.close(t_s)
            visit.writer = None
            self._submit(self._publishing, _publish, visit, writer, ended_s)

    def _give_up(self, visit: _Visit, error: Exception) -> None:
        """No more clips of this visit; what is on the disk is still published."""
        writer, visit.writer = visit.writer, None
        visit.failed(f"{self._folder}: recording failed: {error}; check the space and the card")
        if writer is not None:
            writer.abandon()
            self._submit(self._publishing, _publish, visit, writer, writer.last_s)


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
    finally:
        visit.unfinished.remove(writer)


def _conclude(visit: _Visit) -> None:
    if not visit.done.done():
        visit.done.set_result(Recording(tuple(visit.clips), visit.dropped, visit.fault))
