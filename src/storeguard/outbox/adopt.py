"""Folders that somebody else puts into issue_data/: adopted once they hold still.

A foreign folder has no issue.json; adopting it means writing one. Whether it is ready is a
rule over what was seen (`advance`); looking (`look`) and adopting (`adopt`) touch the disk.
"""

import hashlib
import re
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storeguard import durable
from storeguard.domain.issue import (
    MANIFEST,
    Issue,
    IssueLine,
    IssueStore,
    issue_id,
    read_sentence,
)
from storeguard.domain.notice import Place, Telling
from storeguard.errors import OutboxFault
from storeguard.outbox.folder import EXTRA, read_manifest, unwritable, write_manifest

QUIET_FOR_S = 2.0
UNKNOWN_CERTAINTY = 0.5
LARGEST_TEXT_BYTES = 64 * 1024
LONGEST_SENTENCE = 200
LARGEST_COUNT = 9_999
WHY = {"ko": ("다른 프로그램이 넣은 폴더",), "en": ("put there by another program",)}

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a foreign folder, as it was seen."""

    name: str
    bytes: int
    changed_ns: int
    is_file: bool = True


Signature = tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """A foreign folder, and since when it has looked like this."""

    signature: Signature
    since_s: float
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Advance:
    """`ready`: names to adopt now. `strange`: name → why it is left alone, each said once."""

    state: Mapping[str, Watched]
    ready: tuple[str, ...]
    strange: Mapping[str, str]


def advance(state: Mapping[str, Watched], seen: Mapping[str, Signature], now_s: float) -> Advance:
    """Takes one look at the foreign folders. A folder is judged when quiet for QUIET_FOR_S.

    A folder that was named as strange and changes later is looked at afresh, but not named
    again.
    """
    watched: dict[str, Watched] = {}
    ready: list[str] = []
    strange: dict[str, str] = {}
    for name, signature in seen.items():
        folder = _watched(state.get(name), signature, now_s)
        if now_s - folder.since_s >= QUIET_FOR_S:
            problem = why_not(signature)
            if problem is None:
                ready.append(name)
            elif not folder.is_named:
                strange[name] = problem
                folder = Watched(signature, folder.since_s, is_named=True)
        watched[name] = folder
    return Advance(watched, tuple(ready), strange)


def why_not(signature: Signature) -> str | None:
    """Why a folder is no issue, or None when it has one txt, one jpg, and else only mp4."""
    suffixes = [_suffix(entry.name) for entry in signature]
    texts, pictures = suffixes.count("txt"), suffixes.count("jpg")
    for entry, suffix in zip(signature, suffixes, strict=True):
        if suffix not in ("txt", "jpg", "mp4") or not entry.is_file:
            return f"holds {entry.name!r}; expected one txt, one jpg, and mp4 files only"
        if entry.bytes == 0:
            return f"{entry.name!r} is empty"
    if texts != 1 or pictures != 1:
        return f"has {texts} txt and {pictures} jpg; expected exactly one of each"
    return None


def look(root: Path, known: Collection[str] = ()) -> dict[str, Signature]:
    """Name → signature of the folders that are no issues; `known` issues are not looked at."""
    try:
        folders = [f for f in root.iterdir() if not f.name.startswith(".") and f.name not in known]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise OutboxFault(f"{root}: cannot be read: {error.strerror}") from error
    return {folder.name: _looked_at(folder) for folder in folders if _is_foreign(folder)}


def adopt(
    root: Path,
    name: str,
    *,
    store: IssueStore,
    number: int,
    sealed_at: datetime,
    is_clock_synced: bool,
    telling_of: Callable[[frozenset[Place]], Telling],
    fsync: bool = True,
) -> Path:
    """Makes the folder an issue and returns it; a name unfit for a URL is changed first.

    Lines come from the sentences of its text, with loss, shelf and kiosk 0. Raises
    OutboxFault; adopting again goes on where it stopped.
    """
    try:
        folder = _renamed(root, name, fsync=fsync)
        names = _in_order([entry.name for entry in _signature(folder)])
        if fsync:
            for evidence in names:
                durable.fsync_file(folder / evidence)
        lines = _lines(folder / names[0])
        issue = Issue(
            id=folder.name,
            number=number,
            store=store,
            sealed_at=sealed_at,
            is_clock_synced=is_clock_synced,
            visit_started_at=None,
            visit_ended_at=None,
            lines=lines,
            why=dict(WHY),
            telling=telling_of(places_of(line.product for line in lines)),
        )
        write_manifest(folder, issue, names, fsync=fsync)
    except OSError as error:
        raise unwritable(root / name, error) from error
    return folder


def places_of(products: Iterable[str]) -> frozenset[Place]:
    """A foreign folder says nothing about scales."""
    return frozenset((product, "") for product in products)


def safe_name(name: str, taken: Collection[str]) -> str:
    """`name` if it is fit for every file system and a URL, otherwise one made of it."""
    if _SAFE.fullmatch(name) and not name.endswith("."):
        return name
    made = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:80].strip("._-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return issue_id(made or f"adopted-{digest}", taken)


def _watched(before: Watched | None, signature: Signature, now_s: float) -> Watched:
    if before is None:
        return Watched(signature, now_s)
    if before.signature == signature:
        return before
    return Watched(signature, now_s, before.is_named)


def _suffix(name: str) -> str:
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    return "jpg" if suffix == "jpeg" else suffix


def _is_foreign(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    if not (folder / MANIFEST).exists():
        return True
    try:
        read_manifest(folder)
    except OutboxFault:
        return True
    return False


def _signature(folder: Path) -> Signature:
    paths = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    # Of an issue whose manifest was damaged: it stays there, undelivered.
    return tuple(_entry(path) for path in paths if not (path.name == EXTRA and path.is_dir()))


def _looked_at(folder: Path) -> Signature:
    try:
        return _signature(folder)
    except OSError as error:  # gone meanwhile, or not ours to read: as a thing that is no file
        return (Entry(f"({error.strerror})", 0, 0, is_file=False),)


def _entry(path: Path) -> Entry:
    found = path.lstat()
    return Entry(path.name, found.st_size, found.st_mtime_ns, stat.S_ISREG(found.st_mode))


def _in_order(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: (("txt", "jpg", "mp4").index(_suffix(name)), name))


def _renamed(root: Path, name: str, *, fsync: bool) -> Path:
    safe = safe_name(name, {path.name for path in root.iterdir()})
    if safe != name:
        durable.publish_folder(root / name, root / safe, fsync=fsync)
    return root / safe


def _lines(path: Path) -> tuple[IssueLine, ...]:
    with path.open("rb") as file:
        content = file.read(LARGEST_TEXT_BYTES)
    counts: dict[str, int] = {}
    sentences = (line for line in _decoded(content).splitlines() if len(line) <= LONGEST_SENTENCE)
    for product, count in filter(None, map(read_sentence, sentences)):
        if 0 < count <= LARGEST_COUNT:
            counts[product] = counts.get(product, 0) + count
    return tuple(
        IssueLine(product, 0, 0, count, 0, UNKNOWN_CERTAINTY) for product, count in counts.items()
    )


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp949", errors="replace")
