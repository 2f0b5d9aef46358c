"""The disk that the store lives on: how full it is, its reserve, and what is deleted from it.

Nothing here trusts the wall clock: a Raspberry Pi has no battery, and after a jump of 400 days
everything would look old. A file's age is the time that the daemon has run since it first saw
it, which is at most its true age. Everything here blocks.
"""

import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from storeguard import durable
from storeguard.domain import retention
from storeguard.domain.retention import AS_THE_LAW, Keeping, Kind, Plan, Space
from storeguard.outbox import stored
from storeguard.outbox.stored import Stored
from storeguard.statefile import StateFile

BALLAST = "ballast"
BALLAST_BYTES = 64 * 1024 * 1024
BALLAST_SHARE = 8
"""On a small disk the reserve is this part of it."""

BALLAST_FILES = 16
"""Beside blocks a file system may run out of inodes: a sealed issue needs six."""

CLIP_BYTES_A_SECOND = 250_000
"""What 1280x720 takes at 10 pictures a second when much moves (bench/recorder.py: half of it)."""

NEEDED_SHARE = 10
"""No more than this part of a small disk is kept free."""

NEEDED_FILES = 500
SAVED_EVERY_S = 3600.0

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class Volume:
    """A file system, as it says; files are inodes, 0 in all where it does not count them."""

    total_bytes: int
    free_bytes: int
    total_files: int
    free_files: int
    is_read_only: bool = False


def volume_of(folder: Path) -> Volume:
    """What an ordinary user has. Raises OSError."""
    found = os.statvfs(folder)
    return Volume(
        found.f_blocks * found.f_frsize,
        found.f_bavail * found.f_frsize,
        found.f_files,
        found.f_favail,
        bool(found.f_flag & os.ST_RDONLY),
    )


class Ballast:
    """Space that belongs to nobody until the disk is full; then to books and issues."""

    def __init__(self, state: Path, volume_of: Callable[[Path], Volume] = volume_of) -> None:
        self._folder = state / BALLAST
        self._state = state
        self._volume_of = volume_of

    @property
    def is_there(self) -> bool:
        return self._folder.exists()

    def size_bytes(self, volume: Volume) -> int:
        return min(BALLAST_BYTES, volume.total_bytes // BALLAST_SHARE)

    def is_needed(self) -> bool:
        """Is the disk so full that the next write may fail?"""
        volume = self._volume_of(self._state)
        is_out_of_files = volume.total_files > 0 and volume.free_files < BALLAST_FILES // 2
        return is_out_of_files or volume.free_bytes < self.size_bytes(volume) // 4

    def give_back(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def make(self) -> None:
        """Where there is room for it twice; nothing happens else. Raises OSError."""
        volume = self._volume_of(self._state)
        size_bytes = self.size_bytes(volume)
        has_files = not volume.total_files or volume.free_files >= 2 * BALLAST_FILES
        if self.is_there or volume.free_bytes < 2 * size_bytes or not has_files:
            return
        try:
            self._folder.mkdir()
            for number in range(BALLAST_FILES):
                durable.reserve(self._folder / f"{number}", size_bytes if number == 0 else 0)
        except OSError:
            self.give_back()
            raise


class Ages:
    """How long each thing has been here, in seconds that the daemon has run."""

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        without = "the age of all evidence counts anew from today"
        self._file = StateFile(path, _ages, without=without, fsync=fsync)
        self._lived_s = 0.0
        self._born_s: dict[str, float] = {}
        self._now_s: float | None = None
        self._saved: tuple[float, frozenset[str]] = (0.0, frozenset())

    def load(self) -> None:
        self._lived_s, self._born_s = self._file.load() or (0.0, {})
        self._saved = (self._lived_s, frozenset(self._born_s))

    @property
    def known(self) -> frozenset[str]:
        return frozenset(self._born_s)

    def age_s(self, name: str) -> float:
        return self._lived_s - self._born_s.get(name, self._lived_s)

    def pass_time(self, now_s: float) -> None:
        """`now_s` is monotonic; its first value only begins the counting."""
        if self._now_s is not None:
            self._lived_s += now_s - self._now_s
        self._now_s = now_s

    def keep_only(self, names: Iterable[str]) -> None:
        """What is new is born now, what is gone is forgotten."""
        self._born_s = {name: self._born_s.get(name, self._lived_s) for name in names}

    def save(self) -> None:
        """Once an hour and when something is new: not every round wears the card."""
        names = frozenset(self._born_s)
        if names <= self._saved[1] and self._lived_s - self._saved[0] < SAVED_EVERY_S:
            return
        born_s = {name: round(s) for name, s in self._born_s.items()}
        self._file.save({"lived_s": round(self._lived_s), "born_s": born_s})
        self._saved = (self._lived_s, names)


def _ages(content: Any) -> tuple[float, dict[str, float]]:
    born_s = {str(name): float(s) for name, s in content["born_s"].items()}
    return float(content["lived_s"]), born_s


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What one round did. `has_room`: clips may be recorded; `volume`: afterwards."""

    plan: Plan
    volume: Volume
    has_room: bool


class Cleaner:
    """Deletes what retention allows and keeps the ballast. One thread at a time.

    `pinned`: evidence of visits that are still to be judged; `held`: loose clips that somebody has
    asked for. `cameras`: how many record.
    `keeping`: how long, and how much of each kind. `utc`: when holds end; None: never.
    """

    def __init__(
        self,
        record: Path,
        issue_data: Path,
        state: Path,
        *,
        pinned: Callable[[], Collection[Path]],
        is_clock_trusted: Callable[[], bool],
        cameras: int = 1,
        keeping: Keeping = AS_THE_LAW,
        utc: Callable[[], datetime] | None = None,
        held: Callable[[], Collection[Path]] = frozenset,
        volume_of: Callable[[Path], Volume] = volume_of,
        fsync: bool = True,
    ) -> None:
        self.ballast = Ballast(state, volume_of)
        self._record = record
        self._issue_data = issue_data
        self._pinned = pinned
        self._is_clock_trusted = is_clock_trusted
        self._hour_bytes = 3600 * CLIP_BYTES_A_SECOND * max(1, cameras)
        self._keeping = keeping
        self._utc = utc
        self._held = held
        self._volume_of = volume_of
        self._ages = Ages(state / "ages.json", fsync=fsync)

    def load(self) -> None:
        self._ages.load()

    def is_read_only(self) -> bool:
        """A kernel that finds the file system damaged makes it so."""
        return self._volume_of(self._record).is_read_only

    def first_aid(self) -> None:
        """Before anything else may write: makes room, if there is none, for a start.

        Whose evidence is whose is not known yet: only what an earlier run has seen as
        nobody's goes.
        """
        if not self.ballast.is_needed():
            return
        self.ballast.give_back()
        self.load()
        known = self._ages.known
        found = [one for one in self._aged() if (one.item.issue or one.item.name) in known]
        if self.ballast.is_needed():
            self._delete(found, self._plan(found, is_clock_trusted=False))

    def clean(self, now_s: float) -> Cleaned:
        """One round. Raises OSError; the next one begins anew."""
        self._ages.pass_time(now_s)
        if self.ballast.is_needed():
            self.ballast.give_back()
        found = self._aged()
        free = [one.item for one in found if not one.item.is_pinned]
        self._ages.keep_only(item.name for item in free if item.kind is not Kind.CLIP)
        plan = self._plan(found, is_clock_trusted=self._is_clock_trusted())
        self._delete(found, plan)
        self.ballast.make()
        self._ages.save()
        return Cleaned(plan, self._volume_of(self._record), self.ballast.is_there)

    def _plan(self, found: Iterable[Stored], *, is_clock_trusted: bool) -> Plan:
        items = [one.item for one in found]
        return retention.plan(
            items, self._space(), is_clock_trusted=is_clock_trusted, keeping=self._keeping
        )

    def _aged(self) -> list[Stored]:
        is_known = self._utc is not None and self._is_clock_trusted()
        now = self._utc() if self._utc is not None and is_known else None
        found = stored.look(self._record, self._issue_data, self._pinned, now, self._held)
        return [
            replace(one, item=replace(one.item, age_s=self._ages.age_s(one.item.name)))
            for one in found
        ]

    def _space(self) -> Space:
        volume = self._volume_of(self._record)
        needed_bytes = min(self._hour_bytes, volume.total_bytes // NEEDED_SHARE)
        if not self.ballast.is_there:
            needed_bytes += 2 * self.ballast.size_bytes(volume)
        needed_files = min(NEEDED_FILES, volume.total_files // NEEDED_SHARE)
        return Space(volume.free_bytes, needed_bytes, volume.free_files, needed_files)

    def _delete(self, found: Iterable[Stored], plan: Plan) -> None:
        by_name = {one.item.name: one for one in found}
        for item in (*plan.by_age, *plan.over_share, *plan.for_space):
            stored.delete(by_name[item.name], self._issue_data)
