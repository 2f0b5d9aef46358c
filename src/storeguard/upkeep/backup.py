"""One file with what a store would miss: configuration, books, logs, state, on wish its issues.

A zip with `manifest.json` last: versions, the store, when it was made, and the sha256 of every
member. It is taken beside a running daemon: the journal by SQLite's own backup, every other file
as it lies there whole. Never taken: credentials, the passwords inside addresses of the
configuration, locks, addresses of running processes, what was kept aside as damaged.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storeguard import __version__, durable
from storeguard.books import journalfile
from storeguard.clock import Clock
from storeguard.config import Folders, load
from storeguard.errors import StoreguardError, masked
from storeguard.outbox.folder import sealed_issues
from storeguard.upkeep.archive import (
    BOOK_FILES,
    CHUNK_BYTES,
    CONFIG,
    EVENT_LOG,
    FORMAT,
    INVENTORY,
    ISSUES,
    JOURNAL,
    MANIFEST,
    STATE,
    Backup,
    Member,
    is_state_taken,
)

PRIVATE_MODE = 0o600
STORED = frozenset({".mp4", ".jpg", ".jpeg"})
"""What is compressed already."""


@dataclass(frozen=True, slots=True)
class Made:
    """`masked`: how many lines of the configuration had a password, which is left out."""

    backup: Backup
    path: Path
    bytes: int
    masked: int


def make(config_path: Path, path: Path, clock: Clock, *, with_issues: bool = False) -> Made:
    """Writes the backup to `path`, whole or not at all. Raises StoreguardError, OSError."""
    config = load(config_path)
    folders = Folders.of(config, config_path.parent)
    text = config_path.read_bytes().decode("utf-8-sig")
    made_at = clock.utc().isoformat()  # before: what comes after this may not be in it
    with durable.publishing(path, mode=PRIVATE_MODE) as file, zipfile.ZipFile(file, "w") as archive:
        journal, files = _fill(archive, folders, text, with_issues=with_issues)
        backup = Backup(
            FORMAT, __version__, config.store.id, journal, made_at, with_issues, tuple(files)
        )
        content = json.dumps(backup.as_json(), ensure_ascii=False, indent=1).encode()
        archive.writestr(MANIFEST, content, zipfile.ZIP_DEFLATED)
    masks = sum(line != masked(line) for line in text.splitlines())
    return Made(backup, path, path.stat().st_size, masks)


def _fill(
    archive: zipfile.ZipFile, folders: Folders, text: str, *, with_issues: bool
) -> tuple[str | None, list[Member]]:
    """Everything but the manifest; the journal's version and the members."""
    files = [_put_bytes(archive, CONFIG, masked(text).encode())]
    version = None
    # First the journal: CSVs and logs that are newer than it are what the next start expects.
    if (folders.state / journalfile.FILE).exists():
        version, journal = _put_journal(archive, folders.state)
        files.append(journal)
    sources = [*_books(folders), *_state(folders.state)]
    if with_issues:
        sources += _issues(folders.issue_data)
    for name, source in sources:
        with _opened(source) as file:
            if file is not None:
                files.append(_put(archive, name, file))
    return version, files


def _put_journal(archive: zipfile.ZipFile, state: Path) -> tuple[str | None, Member]:
    copy = durable.temporary_beside(state / journalfile.FILE)
    try:
        version = journalfile.snapshot(state, copy)
        with copy.open("rb") as file:
            return version, _put(archive, JOURNAL, file)
    finally:
        copy.unlink(missing_ok=True)


def _books(folders: Folders) -> Iterator[tuple[str, Path]]:
    for name in BOOK_FILES:
        yield INVENTORY + name, folders.inventory / name
    yield EVENT_LOG, folders.event_log


def _state(state: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(state.rglob("*")):
        inner = path.relative_to(state)
        if is_state_taken(inner.parts) and _is_plain(path):
            yield STATE + inner.as_posix(), path


def _issues(root: Path) -> list[tuple[str, Path]]:
    """Sealed issues, with how far their delivery is; what is being sealed comes next time."""
    found = []
    for folder in sealed_issues(root):
        for path in sorted(folder.rglob("*")):
            inner = path.relative_to(root)
            if _is_plain(path) and not path.name.endswith(durable.TEMPORARY_SUFFIX):
                found.append((ISSUES + inner.as_posix(), path))
    return found


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO | None]:
    """None where the file is not there (any more)."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise StoreguardError(
            f"{path}: cannot be read: {error.strerror}; no backup is made; run it as the user "
            "that the folder belongs to"
        ) from error
    with file:
        yield file


def _put_bytes(archive: zipfile.ZipFile, name: str, content: bytes) -> Member:
    archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return Member(name, len(content), hashlib.sha256(content).hexdigest())


def _put(archive: zipfile.ZipFile, name: str, file: BinaryIO) -> Member:
    """What the file says now; its reader holds what a writer replaces meanwhile."""
    info = zipfile.ZipInfo(name)
    is_stored = Path(name).suffix.lower() in STORED
    info.compress_type = zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=True) as member:
        while chunk := file.read(CHUNK_BYTES):
            member.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return Member(name, size, digest.hexdigest())
