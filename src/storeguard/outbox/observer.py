"""The watchdog thread on issue_data/: says at once that a folder has appeared.

It is a hint only; what is there is found by looking at the disk, at start and on a timer.
That it still listens is proven by opening a hidden file: the kernel tells it of that too, and
nothing is written for it.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileOpenedEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from storeguard import durable
from storeguard.errors import OutboxFault
from storeguard.health import Pulse

STOP_WITHIN_S = 5.0
PROBE = ".observed"
PROBE_EVERY_S = 5.0


class IssueObserver:
    """Calls `on_folder(path)` from its own thread for each folder that appears.

    Names that start with '.' are ours and not reported. `start()` raises OutboxFault where
    the system grants no watch; `stop()` joins the thread and may be called twice. `pulse`
    owes a sign from each probe of `prove()` until the thread has seen it.
    """

    def __init__(
        self, root: Path, on_folder: Callable[[Path], None], pulse: Pulse | None = None
    ) -> None:
        self._root = root
        self._on_folder = on_folder
        self._pulse = pulse
        self._observer: BaseObserver | None = None

    def start(self) -> None:
        observer = Observer()
        handler = _Appeared(self._on_folder, self._proven)
        try:
            # Not recursive: only then does a rename into the folder come as one created folder.
            observer.schedule(handler, str(self._root), recursive=False)
            observer.start()
        except OSError as error:
            raise OutboxFault(
                f"{self._root}: cannot be watched: {error.strerror}; new folders are found by the "
                "timer instead, or raise fs.inotify.max_user_watches"
            ) from error
        self._observer = observer

    async def prove(self) -> None:
        """Asks the thread for a sign of life again and again, until it is cancelled."""
        while True:
            await asyncio.to_thread(self._probe)
            await asyncio.sleep(PROBE_EVERY_S)

    def _probe(self) -> None:
        """A folder that was removed is watched anew when it is there again."""
        if self._pulse is None or self._pulse.is_busy:
            return
        probe = self._root / PROBE
        self._pulse.begin()
        try:
            probe.open("rb").close()
        except FileNotFoundError:
            self._pulse.rest()
            self._begin_anew(probe)
        except OSError:  # a disk that cannot be read is the outbox's fault to tell
            self._pulse.rest()

    def _begin_anew(self, probe: Path) -> None:
        with contextlib.suppress(OSError):
            durable.publish(probe, b"", fsync=False)
            self.stop()
            self.start()

    def _proven(self) -> None:
        if self._pulse is not None:
            self._pulse.end()

    def stop(self) -> None:
        observer, self._observer = self._observer, None
        if observer is None:
            return
        observer.stop()
        observer.join(STOP_WITHIN_S)
        if observer.is_alive():
            raise OutboxFault(f"{self._root}: the watching thread did not end in {STOP_WITHIN_S} s")


class _Appeared(FileSystemEventHandler):
    def __init__(self, on_folder: Callable[[Path], None], on_probe: Callable[[], None]) -> None:
        self._on_folder = on_folder
        self._on_probe = on_probe

    def on_created(self, event: object) -> None:
        if isinstance(event, DirCreatedEvent):
            self._report(event.src_path)

    def on_moved(self, event: object) -> None:
        if isinstance(event, DirMovedEvent):
            self._report(event.dest_path)

    def on_opened(self, event: object) -> None:
        if isinstance(event, FileOpenedEvent) and os.fsdecode(event.src_path).endswith(PROBE):
            self._on_probe()

    def _report(self, path: str | bytes) -> None:
        folder = Path(os.fsdecode(path))
        if not folder.name.startswith("."):
            self._on_folder(folder)
