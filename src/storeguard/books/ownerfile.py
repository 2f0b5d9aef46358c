"""A file that its owner may replace at any moment, with Excel, over a share.

We never write over a save that we have not read: our text is swapped in atomically, and
what comes out is looked at. All of it blocks.
"""

import contextlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storeguard import durable

_MOST_BYTES = 2 * 1024 * 1024
"""More is refused by the reader anyway; enough to tell it from what we know."""

_BEFORE_NS = 1_000_000_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What lies there. Another `inode` is another save, whatever it says."""

    content: bytes
    inode: int


@dataclass(frozen=True, slots=True)
class Replaced:
    """`done`, or what was found instead of the known text and is still there: `found`.

    Neither: there is no file. `is_unread`: nobody has read what we had written before.
    `overtaken`: saves that were replaced by a newer one while we held them, oldest first;
    they exist nowhere else any more.
    """

    done: bool = False
    found: Seen | None = None
    is_unread: bool = False
    overtaken: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Leftover:
    """A temporary file that a killed writer has left: ours, or a save that was swapped out."""

    path: Path
    content: bytes

    def is_of(self, ours: Sequence[bytes]) -> bool:
        """Whole, or cut short by the kill: a text of ours is no news."""
        return any(text.startswith(self.content) for text in ours)


class OwnerFile:
    """One path; remembers whether anybody has opened what we wrote there last."""

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        self.path = path
        self._fsync = fsync
        self._ours: int | None = None

    def look(self) -> Seen | None:
        """The file as it is now; None when there is none. Leaves no trace of our reading."""
        return _seen(self.path)

    def leftovers(self, ours: Sequence[bytes]) -> tuple[Leftover, ...]:
        """Saves that a killed writer had swapped out; its own texts, `ours`, are removed."""
        found = tuple(_leftover(path) for path in durable.leftovers_of(self.path))
        unread = tuple(one for one in found if not one.is_of(ours))
        for leftover in found:
            if leftover not in unread:
                leftover.path.unlink(missing_ok=True)
        return unread

    def put_away(self, leftover: Leftover, *, is_merged: bool) -> None:
        """Removes it, or leaves it beside the file under a name that a person finds."""
        if is_merged:
            leftover.path.unlink(missing_ok=True)
            return
        kept = durable.aside_name(self.path, "unmerged")
        durable.rename(leftover.path, kept)
        self._sync_folder()
        log.warning("%s: that save is kept as %s", self.path, kept)

    def settle(self) -> None:
        """Makes the owner's save durable, as far as we may, as one of ours would be."""
        if self._fsync:
            with contextlib.suppress(OSError):
                durable.fsync_file(self.path)
                durable.fsync_folder(self.path.parent)

    def is_unread(self) -> bool:
        """Whether we know that nobody has read what we wrote there last."""
        return self._ours is not None and _is_untouched(self._ours)

    def close(self) -> None:
        """Forgets what we wrote last; may be called twice."""
        _close(self._ours)
        self._ours = None

    def replace(self, content: bytes, known: bytes) -> Replaced:
        """Puts `content` in the place of `known`; leaves anything else where it is."""
        seen = self.look()
        if seen is None or seen.content != known:
            return Replaced(found=seen)
        temporary = durable.stage(self.path, content, fsync=self._fsync)
        written = temporary.stat().st_ino
        ours = _watched(temporary)
        try:
            self._take_after(temporary)
            replaced = self._swap(temporary, content, known)
            if replaced.done:
                replaced = Replaced(done=True, is_unread=self.is_unread())
                self.close()
                self._ours, ours = ours, None
            return replaced
        except FileNotFoundError:
            return Replaced()
        except OSError:
            self._put_back(temporary, disposable=(written, seen.inode))
            raise
        finally:
            temporary.unlink(missing_ok=True)
            _close(ours)

    def restore(self, content: bytes) -> bool:
        """Writes the file that has vanished. False: it has come back meanwhile."""
        temporary = durable.stage(self.path, content, fsync=self._fsync)
        try:
            durable.place(temporary, self.path)
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        self._sync_folder()
        self.close()
        return True

    def _take_after(self, temporary: Path) -> None:
        """Gives our copy the mode and, where we may, the owner of the file that it replaces."""
        old = self.path.stat()
        temporary.chmod(old.st_mode & 0o777)
        if (old.st_uid, old.st_gid) != (os.getuid(), os.getgid()):
            with contextlib.suppress(PermissionError):
                os.chown(temporary, old.st_uid, old.st_gid)

    def _swap(self, temporary: Path, content: bytes, known: bytes) -> Replaced:
        if not durable.exchange(temporary, self.path):
            return self._replace_if_known(temporary, known)
        found = _seen(temporary)
        assert found is not None
        if found.content == known:
            self._sync_folder()
            return Replaced(done=True)
        return self._give_back(temporary, content, found)

    def _give_back(self, temporary: Path, content: bytes, found: Seen) -> Replaced:
        """Returns an unread save to its place, unless a newer one lies there by now."""
        overtaken: list[bytes] = []
        laid_down = content
        while True:
            try:
                durable.exchange(temporary, self.path)
            except FileNotFoundError:
                return Replaced(overtaken=(*overtaken, found.content))
            newer = _seen(temporary)
            assert newer is not None
            if newer.content == laid_down:
                return Replaced(found=found, overtaken=tuple(overtaken))
            overtaken.append(found.content)
            laid_down, found = found.content, newer

    def _put_back(self, temporary: Path, *, disposable: tuple[int, ...]) -> None:
        """Halfway through, what we hold may be a save that nobody has read."""
        if temporary.stat().st_ino not in disposable:
            durable.exchange(temporary, self.path)

    def _replace_if_known(self, temporary: Path, known: bytes) -> Replaced:
        """Without an atomic swap: the gap between looking and replacing is as small as can be."""
        seen = self.look()
        if seen is None or seen.content != known:
            return Replaced(found=seen)
        temporary.replace(self.path)
        self._sync_folder()
        return Replaced(done=True)

    def _sync_folder(self) -> None:
        if self._fsync:
            durable.fsync_folder(self.path.parent)


def _leftover(path: Path) -> Leftover:
    with path.open("rb") as file:
        return Leftover(path, file.read(_MOST_BYTES))


def _watched(path: Path) -> int | None:
    """A descriptor that tells later whether others have read the file; None if it cannot.

    An access time before the last change is what the kernel replaces on the next reading,
    also under `relatime`; under `noatime` never.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOATIME)
    except PermissionError:
        return None
    _touch_back(descriptor)
    path.read_bytes()
    if _is_untouched(descriptor):
        os.close(descriptor)
        return None
    _touch_back(descriptor)
    return descriptor


def _touch_back(descriptor: int) -> None:
    changed_ns = os.fstat(descriptor).st_mtime_ns
    os.utime(descriptor, ns=(changed_ns - _BEFORE_NS, changed_ns))


def _is_untouched(descriptor: int) -> bool:
    status = os.fstat(descriptor)
    return status.st_mtime_ns - status.st_atime_ns == _BEFORE_NS


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _seen(path: Path) -> Seen | None:
    try:
        descriptor = _open_unnoticed(path)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return Seen(file.read(_MOST_BYTES), os.fstat(descriptor).st_ino)


def _open_unnoticed(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOATIME)
    except PermissionError:  # not our file
        return os.open(path, os.O_RDONLY)
