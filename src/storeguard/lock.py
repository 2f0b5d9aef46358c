"""One daemon a folder: a lock that ends with the process, however it ends."""

import fcntl
import os
from pathlib import Path

from storeguard.errors import AlreadyRunning, StoreguardError


def make_folder(folder: Path) -> None:
    """Makes a folder of the configuration, or says in one line why it cannot be had."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreguardError(
            f"{folder}: is a file, expected a folder; move it away, or see paths in the "
            "configuration"
        ) from None
    except OSError as error:
        raise StoreguardError(
            f"{folder}: the folder cannot be made: {error.strerror}; see paths in the "
            "configuration and the rights of this user"
        ) from error


def refuse_second(state: Path) -> None:
    """Raises AlreadyRunning when another process holds the lock now; makes and changes nothing."""
    try:
        descriptor = os.open(state / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # none has run here, or the lock's holder-to-be will say what is wrong
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunning(state, _holder(descriptor)) from None
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"


class FolderLock:
    """Holds `lock` in the state folder; its text is the holder's process id."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises AlreadyRunning at once when another process holds it; nothing is written then."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            running = AlreadyRunning(self._path.parent, _holder(descriptor))
            os.close(descriptor)
            raise running from None
        except OSError as error:
            os.close(descriptor)
            raise self._unusable(error) from error
        self._descriptor = descriptor

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> StoreguardError:
        return StoreguardError(
            f"{self._path}: cannot be locked: {error.strerror}; check the disk, and run as the "
            "user that the folder belongs to"
        )

    def release(self) -> None:
        """May be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
