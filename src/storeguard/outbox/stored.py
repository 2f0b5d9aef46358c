"""What lies in record/ and issue_data/, as the rule of retention sees it; and its deletion.

The evidence of an issue is linked into its folder: one file under two names. Such a twin in
record/ goes with the issue's own name, or nothing would come back. Everything here blocks.
"""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from storeguard import durable
from storeguard.domain.retention import Item, Kind
from storeguard.errors import OutboxFault
from storeguard.outbox.delivery import DeliveryState, state_of
from storeguard.outbox.folder import INCOMING, sealed_issues

HELD = ".held"
"""A file in an issue's folder: somebody (police, insurance) wants it, it is not deleted.

JSON with `reason` and `until`, a date; without a date, or not to be read, it holds for good.
"""

EVIDENCE = (".mp4", ".jpg")
PART_SUFFIX = ".part"
BLOCK_BYTES = 512

Inode = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stored:
    """An item and every name under which its blocks are kept."""

    item: Item
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    inode: Inode
    links: int
    bytes: int


def look(
    record: Path,
    issue_data: Path,
    pinned: Callable[[], Collection[Path]],
    now: datetime | None = None,
    held: Callable[[], Collection[Path]] = frozenset,
) -> list[Stored]:
    """Everything that may ever be deleted; ages are 0 here. Raises OSError.

    `held`: clips in record/ that somebody has asked for; they grow old, and do not go.

    `now`: None where nobody knows the time, and no hold ends.

    `pinned` is asked after the files have been listed, so that none is missed that a visit
    has begun meanwhile.
    """
    loose = {file.inode: file for file in _files(record) if file.path.suffix in EVIDENCE}
    kept, asked_for = frozenset(pinned()), frozenset(held())
    found: list[Stored] = []
    for folder in sealed_issues(issue_data):
        found += _issue(folder, loose, kept, now, asked_for)
    twins = {path for stored in found for path in stored.paths}
    left = (file for file in loose.values() if file.path not in twins)
    return [*(_loose(file, kept, asked_for) for file in left), *found]


def delete(stored: Stored, issue_data: Path) -> None:
    """An issue disappears as a whole, before its files go one by one. Raises OSError."""
    if stored.item.kind is Kind.ISSUE:
        _delete_folder(issue_data / stored.item.name, issue_data)
    for path in stored.paths:
        path.unlink(missing_ok=True)


def _delete_folder(folder: Path, root: Path) -> None:
    # What is left of it by a power cut is swept at the next start; half an issue in its
    # place would be adopted as a stranger's, and the owner told again.
    leaving = root / INCOMING / folder.name
    leaving.parent.mkdir(exist_ok=True)
    if leaving.exists():
        shutil.rmtree(leaving)
    durable.publish_folder(folder, leaving, fsync=False)
    durable.fsync_folder(root)
    shutil.rmtree(leaving)


def _loose(file: _File, pinned: Collection[Path], held: Collection[Path]) -> Stored:
    is_recording = file.path.with_name(file.path.name + PART_SUFFIX).exists()
    item = Item(
        f"{file.path.parent.name}/{file.path.name}",
        Kind.LOOSE,
        age_s=0.0,
        bytes=file.bytes if file.links == 1 else 0,
        is_held=file.path in held,
        is_pinned=is_recording or file.path in pinned,
    )
    return Stored(item, (file.path,))


def is_held(folder: Path, now: datetime | None) -> bool:
    """Its last day is over when it is over everywhere on earth."""
    try:
        until = date.fromisoformat(json.loads((folder / HELD).read_bytes())["until"])
    except FileNotFoundError:
        return False
    except (OSError, ValueError, TypeError, KeyError):
        return True
    return now is None or now.astimezone(UTC).date() <= until + timedelta(days=1)


def _issue(
    folder: Path,
    loose: Mapping[Inode, _File],
    pinned: Collection[Path],
    now: datetime | None,
    held: Collection[Path],
) -> Iterator[Stored]:
    files = [file for place in (folder, *_subfolders(folder)) for file in _files(place)]
    twins = {file.path: loose[file.inode].path for file in files if file.inode in loose}
    state = _state(folder)
    whole = Item(
        folder.name,
        Kind.ISSUE,
        age_s=0.0,
        bytes=sum(file.bytes for file in files),
        files=len(files) + 1,
        is_sent=state.is_sent,
        is_confirmed=state is DeliveryState.CONFIRMED,
        is_held=is_held(folder, now) or any(path in held for path in twins.values()),
        is_pinned=any(path in pinned for path in twins.values()),
    )
    yield Stored(whole, tuple(twins.values()))
    for file in files:
        if file.path.suffix == ".mp4":
            yield Stored(
                replace(
                    whole,
                    name=f"{folder.name}/{file.path.relative_to(folder)}",
                    kind=Kind.CLIP,
                    bytes=file.bytes,
                    files=1,
                    issue=folder.name,
                ),
                (file.path, *filter(None, [twins.get(file.path)])),
            )


def _state(folder: Path) -> DeliveryState:
    """What cannot be read counts as not sent."""
    try:
        return state_of(folder)
    except OutboxFault:
        return DeliveryState.PENDING


def _subfolders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]


def _files(folder: Path) -> Iterator[_File]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # deleted meanwhile
                continue
            inode = (found.st_dev, found.st_ino)
            size_bytes = found.st_blocks * BLOCK_BYTES
            yield _File(Path(entry.path), inode, found.st_nlink, size_bytes)


def remove(root: Path, issue_id: str) -> None:
    """An issue that its owner deletes, as a whole; nothing where it is gone. Raises OSError."""
    if (root / issue_id).is_dir():
        _delete_folder(root / issue_id, root)
