"""The answer to a request to see oneself: a zip on the disk, made in a thread of its own.

Of a clip with others in it the person who asked is shown where somebody has marked them, and
nobody else; a detector of its own, at low priority, takes its time for that.
"""

import asyncio
import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from storeguard import allocator, durable
from storeguard.clock import Clock
from storeguard.domain.following import Mark, followed
from storeguard.domain.issue import IssueStore
from storeguard.domain.occupancy import Box
from storeguard.errors import StoreguardError
from storeguard.exporting import SUMMARY, Content, page_alone, zip_into
from storeguard.outbox.diskspace import volume_of
from storeguard.ports import Detector
from storeguard.services.exhibits import low_priority
from storeguard.vision.oneself import Still, looked_through, stills, write_oneself
from storeguard.web.viewingdesk import ClipRow, ExportRow, ViewingRow

ONLY_US = 0o600
KEPT_FOR_S = 24 * 3600.0
"""A zip that waits to be fetched; it can be made again."""

ROUND_S = 60.0
SPARED_BYTES = 500_000_000
"""Of the disk, whatever an export takes: evidence goes before answers."""

SHOWN_BY = 0.5
"""Part of the work on a clip until it is known where the person is."""

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class GivenClip:
    """A clip for somebody who is in it. `is_plain`: nobody else is; `marks`: who it is."""

    path: Path
    row: ClipRow
    is_plain: bool
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """What a zip is made of; `made_at` is the store's time."""

    viewing: ViewingRow
    clips: tuple[GivenClip, ...]
    made_at: datetime


class _Stopped(Exception):
    """The process ends, or nobody wants it any more."""


class Exporter:
    """One zip at a time. `finder` makes the detector; None where there is no network."""

    def __init__(
        self, state: Path, store: IssueStore, clock: Clock, finder: Callable[[], Detector] | None
    ) -> None:
        self._folder = state
        self._store = store
        self._clock = clock
        self._finder = finder
        self._worker = ThreadPoolExecutor(1, "viewings", low_priority)
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._row: ExportRow | None = None
        self._order: Order | None = None
        self._ready_s = 0.0

    @property
    def can_follow(self) -> bool:
        return self._finder is not None

    @property
    def is_working(self) -> bool:
        return self._row is not None and self._row.state == "working"

    async def run(self) -> None:
        """Removes what nobody has fetched; ends the thread."""
        try:
            await asyncio.to_thread(self._remove_but, None)
            while True:
                await asyncio.sleep(ROUND_S)
                await asyncio.to_thread(self._forget_old)
        finally:
            self.close()

    def close(self) -> None:
        """What is being made is given up at the next picture."""
        self._stopping.set()
        self._worker.shutdown(wait=False, cancel_futures=True)

    # --- from any thread -------------------------------------------------------------------

    def stills(self, path: Path) -> tuple[Still, ...] | None:
        """None where there is no network, or it is at work."""
        if self._finder is None or self.is_working or self._stopping.is_set():
            return None
        return self._worker.submit(self._stills, path, self._finder).result()

    def begin(self, order: Order) -> bool:
        """False while another one is made."""
        with self._turn:
            if self.is_working or self._stopping.is_set():
                return False
            self._row, self._order = ExportRow("working"), order
        self._worker.submit(self._make, order)
        return True

    def row(self, viewing_id: str) -> ExportRow | None:
        is_its = self._order is not None and self._order.viewing.id == viewing_id
        return self._row if is_its else None

    def ready(self, viewing_id: str) -> tuple[Path, Order] | None:
        row, order = self.row(viewing_id), self._order
        is_ready = row is not None and row.state == "done" and order is not None
        return (self._path(viewing_id), order) if is_ready and order is not None else None

    def forget(self, viewing_id: str) -> None:
        """The request is closed."""
        if self.row(viewing_id) is not None and not self.is_working:
            self._row = self._order = None
            self._path(viewing_id).unlink(missing_ok=True)

    def _forget_old(self) -> None:
        is_old = self._clock.now_s() - self._ready_s > KEPT_FOR_S
        if self._order is not None and not self.is_working and is_old:
            self.forget(self._order.viewing.id)

    def _path(self, viewing_id: str) -> Path:
        return self._folder / f"viewing-{viewing_id}.zip"

    def _remove_but(self, kept: Path | None) -> None:
        for path in self._folder.glob("viewing-*.zip"):
            if path != kept:
                path.unlink(missing_ok=True)

    # --- in the worker's thread --------------------------------------------------------------

    def _stills(self, path: Path, finder: Callable[[], Detector]) -> tuple[Still, ...]:
        try:
            with closing(finder()) as detector:
                return stills(path, detector)
        except (ValueError, StoreguardError) as error:
            log.warning("%s: nobody can be marked in it: %s", path, error)
            return ()
        finally:
            allocator.give_back()

    def _make(self, order: Order) -> None:
        path = self._path(order.viewing.id)
        self._remove_but(None)
        try:
            self._require_room(order)
            with durable.publishing(path, mode=ONLY_US) as file:
                zip_into(file, self._members(order))
            self._say(state="done", percent=100)
        except _Stopped:
            return
        except (OSError, StoreguardError) as error:
            is_full = isinstance(error, _Full)
            log.warning("viewing %s: no zip was made: %s", order.viewing.id, error)
            self._say(state="full" if is_full else "failed")
        except Exception:  # nobody waits for the future: it would be lost, and the page wait on
            log.exception("viewing %s: no zip was made", order.viewing.id)
            self._say(state="failed")
        finally:
            self._ready_s = self._clock.now_s()
            allocator.give_back()

    def _require_room(self, order: Order) -> None:
        """For the zip and one more clip, each as large as what was recorded."""
        needed = 2 * sum(one.path.stat().st_size for one in order.clips) + SPARED_BYTES
        if (free := volume_of(self._folder).free_bytes) < needed:
            raise _Full(f"{free} bytes are free, {needed} are needed")

    def _members(self, order: Order) -> Iterator[tuple[str, Content]]:
        listed: list[tuple[GivenClip, str | None, int | None]] = []
        for number, one in enumerate(order.clips, 1):
            name = f"clips/{number:02}-{one.row.camera or 'camera'}.mp4"
            with tempfile.TemporaryFile(dir=self._folder) as made:
                share = self._clip(one, made, number - 1, len(order.clips))
                listed.append((one, name if share is not None else None, share))
                if share is not None:
                    yield name, made
        said = {
            "row": order.viewing,
            "clips": listed,
            "made_at": f"{order.made_at:%Y-%m-%d %H:%M:%S %Z}",
        }
        yield SUMMARY, page_alone(self._store, "viewing_summary.html", said).encode()

    def _clip(self, one: GivenClip, made: BinaryIO, before: int, clips: int) -> int | None:
        """Percent of its pictures that show the person; None: it cannot be blurred and stays."""

        def on_look(part: float) -> None:
            if self._stopping.is_set():
                raise _Stopped
            self._say(percent=int(100 * (before + part) / clips))

        try:
            if one.is_plain:
                with one.path.open("rb") as source:
                    shutil.copyfileobj(source, made)
                return 100
            if not one.marks or self._finder is None:
                write_oneself(one.path, made, (), lambda _: on_look(SHOWN_BY))
                return 0
            return self._followed(one, made, on_look)
        except ValueError as error:
            log.warning("%s: cannot be blurred, so it is left out: %s", one.path, error)
            return None

    def _followed(self, one: GivenClip, made: BinaryIO, on_look: Callable[[float], None]) -> int:
        assert self._finder is not None
        with closing(self._finder()) as detector:
            looks = looked_through(one.path, detector, lambda _: on_look(0))
        boxes: tuple[Box | None, ...] = followed(looks, one.marks)
        write_oneself(one.path, made, boxes, lambda _: on_look(SHOWN_BY))
        share = round(100 * sum(box is not None for box in boxes) / max(1, len(boxes)))
        assert self._row is not None
        self._say(shares=(*self._row.shares, (one.row.key, share)))
        return share

    def _say(self, **changed: object) -> None:
        assert self._row is not None
        self._row = replace(self._row, **changed)  # type: ignore[arg-type]


class _Full(OSError):
    """The disk has no room to spare."""
