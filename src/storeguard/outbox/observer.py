"""The watchdog thread on issue_data/: says at once that a folder has appeared.

It is a hint only; what is there is found by looking at the disk, at start and on a timer.
"""

import os
from collections.abc import Callable
from pathlib import Path

from watchdog.events import DirCreatedEvent, DirMovedEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from storeguard.errors import OutboxFault

STOP_WITHIN_S = 5.0


class IssueObserver:
    """Calls `on_folder(path)` from its own thread for each folder that appears.

    Names that start with '.' are ours and not reported. `start()` raises OutboxFault where
    the system grants no watch; `stop()` joins the thread and may be called twice.
    """

    def __init__(self, root: Path, on_folder: Callable[[Path], None]) -> None:
        self._root = root
        self._on_folder = on_folder
        self._observer: BaseObserver | None = None

    def start(self) -> None:
        observer = Observer()
        # Not recursive: only then does a rename into the folder come as one created folder.
        observer.schedule(_Appeared(self._on_folder), str(self._root), recursive=False)
        try:
            observer.start()
        except OSError as error:
            raise OutboxFault(
                f"{self._root}: cannot be watched: {error.strerror}; new folders are found by the "
                "timer instead, or raise fs.inotify.max_user_watches"
            ) from error
        self._observer = observer

    def stop(self) -> None:
        observer, self._observer = self._observer, None
        if observer is None:
            return
        observer.stop()
        observer.join(STOP_WITHIN_S)
        if observer.is_alive():
            raise OutboxFault(f"{self._root}: the watching thread did not end in {STOP_WITHIN_S} s")


class _Appeared(FileSystemEventHandler):
    def __init__(self, on_folder: Callable[[Path], None]) -> None:
        self._on_folder = on_folder

    def on_created(self, event: object) -> None:
        if isinstance(event, DirCreatedEvent):
            self._report(event.src_path)

    def on_moved(self, event: object) -> None:
        if isinstance(event, DirMovedEvent):
            self._report(event.dest_path)

    def _report(self, path: str | bytes) -> None:
        folder = Path(os.fsdecode(path))
        if not folder.name.startswith("."):
            self._on_folder(folder)
