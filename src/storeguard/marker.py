"""A file in every data folder that says whose it is.

An unmounted disk leaves an empty folder behind, into which a daemon would write until the root
is full; a swapped disk or a copied folder mixes two stores up. So each data folder carries
`.storeguard-store`, and the state folder's one also names the folders that had theirs.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from storeguard import durable
from storeguard.config import Folders
from storeguard.errors import ForeignFolder
from storeguard.lock import make_folder
from storeguard.statefile import read_json, set_aside

MARKER = ".storeguard-store"

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class Marker:
    """`marked`: the folders that had a marker of this store, as absolute paths.

    `store_id` is None in one that cannot be read.
    """

    store_id: str | None
    marked: frozenset[str] = frozenset()

    def as_json(self) -> bytes:
        content = {"store": self.store_id, "marked": sorted(self.marked)}
        return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def check(folders: Folders, store_id: str) -> None:
    """Raises ForeignFolder for another store's folder, or one that has lost its marker.

    A damaged marker says at least that its disk is there. Changes nothing.
    """
    remembered = _read(folders.state)
    found = {folder: _read(folder) for folder in _data_folders(folders)}
    foreign = [
        (folder, marker)
        for folder, marker in [(folders.state, remembered), *found.items()]
        if marker is not None and marker.store_id not in (None, store_id)
    ]
    if foreign:
        raise ForeignFolder(_not_ours(foreign, store_id))
    marked = remembered.marked if remembered else frozenset()
    gone = [folder for folder, marker in found.items() if marker is None and str(folder) in marked]
    if gone:
        raise ForeignFolder(_unmarked(gone, folders.state / MARKER))


def settle(folders: Folders, store_id: str, *, fsync: bool = True) -> None:
    """Makes the folders and the markers that are still missing. Only after `check`."""
    marked = []
    for folder in _data_folders(folders):
        make_folder(folder)
        if _has_room(folder, Marker(store_id), fsync=fsync):
            marked.append(str(folder))
    # Last: what it names has its marker already, whenever the power goes.
    _put(folders.state, Marker(store_id, frozenset(marked)), fsync=fsync)


def _has_room(folder: Path, marker: Marker, *, fsync: bool) -> bool:
    """Marks the folder; a disk that refuses keeps no store from guarding."""
    try:
        _put(folder, marker, fsync=fsync)
    except OSError as error:
        log.warning("%s: not marked as this store's: %s; see the disk", folder, error.strerror)
        return False
    return True


def store_of(folder: Path) -> str | None:
    """The id of the store that the folder belongs to; None when it does not say."""
    marker = _read(folder)
    return None if marker is None else marker.store_id


def _data_folders(folders: Folders) -> Iterator[Path]:
    yield from (folders.inventory, folders.record, folders.issue_data)


def _put(folder: Path, marker: Marker, *, fsync: bool) -> None:
    found = _read(folder)
    if found is not None and found.store_id is None:
        set_aside(folder / MARKER, "it names no store", "the folder is marked anew")
    if found != marker:
        durable.publish(folder / MARKER, marker.as_json(), fsync=fsync)


def _read(folder: Path) -> Marker | None:
    path = folder / MARKER
    try:
        content = read_json(path)
        return Marker(str(content["store"]), frozenset(map(str, content["marked"])))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ForeignFolder(
            f"D309 {path}: cannot be read: {error.strerror}; check the disk and its mount"
        ) from error
    except (ValueError, TypeError, KeyError):
        return Marker(None)


def _not_ours(foreign: Iterable[tuple[Path, Marker]], store_id: str) -> str:
    found = ", ".join(f"{folder} (store '{marker.store_id}')" for folder, marker in foreign)
    return (
        f"D310 {found}: belongs to another store, the configuration says '{store_id}'; connect "
        f"the right disk or correct store.id, or, to take it over, remove {MARKER} there "
        "(다른 매장의 저장소입니다.)"
    )


def _unmarked(gone: Iterable[Path], remembers: Path) -> str:
    found = ", ".join(map(str, gone))
    return (
        f"D309 {found}: has no {MARKER}, but had one before; mount its disk and start again, or, "
        f"if it was emptied on purpose, remove {remembers} (저장 디스크가 연결되지 않음.)"
    )
