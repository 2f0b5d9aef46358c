"""What must outlive kills, full disks and power cuts, as writers of version 1, 2, 3…

A protocol is made on a folder: `prepare()` lays version 0 down, `ready(n)` and `write(n)` follow
it, and `newest()` judges what is found there afterwards: a version, or None for anything broken.

`way` is how it is written: OURS, the ANCESTOR's, or ours without some of the fsyncs, by which
a rig proves that it would see them missing. Started as a program, it writes version 1 once;
all of it runs without site-packages, so that a start under strace takes 0.1 s and not 2.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import types
from datetime import UTC, datetime
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2] / "src"))
    # The ports name numpy's types and use nothing of it.
    sys.modules["numpy"] = types.SimpleNamespace(uint8=int)
    sys.modules["numpy.typing"] = types.SimpleNamespace(NDArray=list)

from storeguard import durable
from storeguard.books.ownerfile import OwnerFile
from storeguard.domain.issue import EvidenceFile, Issue, IssueLine, IssueStore, manifest
from storeguard.outbox import folder

OURS, ANCESTOR = "ours", "ancestor"
NO_FSYNC, NO_FOLDER_FSYNC = "no-fsync", "no-folder-fsync"
RACED = "raced"
"""Ours, while the owner saves the book at the instant at which we swap ours in."""

BEGIN = "/no/such/folder/BEGIN"
"""Unlinked by the program just before it writes: what a trace shows from there on is counted."""

AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
LINES = (IssueLine("바나나우유", shelf=4, kiosk=5, missing=1, loss=1500, certainty=1.0),)
PICTURE_BYTES = 40_000
SAVED = "the-owner-has-saved"
OWNERS_ROW = "주인,1,1,1\n"


def book_lines(version: int) -> list[str]:
    """Every line tells the version; the next one is longer, so that a full disk matters."""
    rows = 400 + 200 * (version % 5)
    return ["상품명, 개수, 가격, 무게\n", *(f"상품{n},{version},1500,95\n" for n in range(rows))]


def book_text(version: int) -> bytes:
    return "".join(book_lines(version)).encode()


OWNERS_SAVE = book_text(0) + OWNERS_ROW.encode()


def version_of(content: bytes) -> int | None:
    try:
        version = int(content.decode().splitlines()[1].split(",")[1])
    except (ValueError, IndexError):
        return None
    return version if content == book_text(version) else None


class Written:
    """What most protocols need not do."""

    def ready(self, version: int) -> None:
        """Prepares what is no part of the write."""

    def close(self) -> None:
        """May be called twice."""

    def shown(self) -> int | None:
        """The newest version as it lies there, without a restart that repairs."""
        return self.newest()


class Book(Written):
    """The inventory CSV, exchanged as OwnerFile does it; the ancestor wrote over it."""

    def __init__(self, here: Path, way: str) -> None:
        self._path = here / "inventory_store.csv"
        self._file = OwnerFile(self._path)
        self._way = way

    def prepare(self) -> None:
        self._path.write_bytes(book_text(0))

    def write(self, version: int) -> None:
        if self._way == ANCESTOR:
            self._write_in_place(version)
            return
        replaced = self._file.replace(book_text(version), book_text(version - 1))
        if not replaced.done and self._way != RACED:
            raise RuntimeError(f"version {version} was not written: {replaced}")

    def close(self) -> None:
        self._file.close()

    def newest(self) -> int | None:
        return version_of(self._path.read_bytes()) if self._path.exists() else None

    def _write_in_place(self, version: int) -> None:
        with self._path.open("w", encoding="utf-8") as file:
            file.writelines(book_lines(version))

    def save_as_owner(self) -> None:
        """Excel's way; the empty file tells that it was done."""
        copy = self._path.with_name("7A3F01BC")
        copy.write_bytes(OWNERS_SAVE)
        copy.rename(self._path)
        self._path.with_name(SAVED).touch()

    def is_owners_save_lost(self) -> bool:
        """Neither at its place, nor beside it under a temporary name."""
        files = list(self._path.parent.iterdir())
        was_saved = self._path.with_name(SAVED) in files
        return was_saved and OWNERS_SAVE not in [path.read_bytes() for path in files]


def issue_of(version: int) -> Issue:
    name = f"{version:06}"
    return Issue(name, version, STORE, AT, True, AT, AT, LINES, {"ko": ("선반 A에서",)})


def is_whole(sealed: Path) -> bool:
    """As a reader sees an issue: a manifest, and every file that it lists, with its hash."""
    try:
        files = json.loads((sealed / "issue.json").read_bytes())["files"]
        seen = [listed(sealed / file["name"]) | {"name": file["name"]} for file in files]
        return bool(files) and files == seen
    except (OSError, ValueError):
        return False


def listed(path: Path) -> dict[str, object]:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"name": path.name, "bytes": len(content), "sha256": digest}


class Sealing(Written):
    """An issue with a picture and a clip, which nobody has fsynced; the version counts issues."""

    def __init__(self, here: Path, way: str) -> None:
        self._root, self._record = here / "issue_data", here / "record"
        self._way = way

    def prepare(self) -> None:
        self._root.mkdir()
        self._record.mkdir()

    def ready(self, version: int) -> None:
        for kind in ("jpg", "mp4"):
            content = f"{version}.{kind} ".encode() * (PICTURE_BYTES // 8)
            (self._record / f"{version}.{kind}").write_bytes(content)

    def write(self, version: int) -> None:
        issue = issue_of(version)
        picture, clip = (self._record / f"{version}.{kind}" for kind in ("jpg", "mp4"))
        if self._way == ANCESTOR:
            self._fill_in_place(self._root / issue.id, picture, clip)
        else:
            folder.seal(self._root, issue, picture, [clip], picture_time_label="2026")

    def newest(self) -> int | None:
        names = {path.name for path in self._root.iterdir() if not path.name.startswith(".")}
        if not all(is_whole(self._root / name) for name in names):
            return None
        version = 0
        while f"{version + 1:06}" in names:
            version += 1
        return version

    def _fill_in_place(self, final: Path, *evidence: Path) -> None:
        final.mkdir(exist_ok=True)
        for source in evidence:
            shutil.copyfile(source, final / source.name)
        (final / "content.txt").write_text("바나나우유1개 도난 발생\n" * 300, encoding="utf-8")
        files = [
            {
                "name": path.name,
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for path in sorted(final.iterdir())
            for content in [path.read_bytes()]
        ]
        (final / "issue.json").write_text(json.dumps({"files": files}))


class Accepting:
    """A bucket that takes everything."""

    def put(self, key: str, content: bytes, *, content_type: str) -> None:
        """Keeps nothing."""


class Delivery(Written):
    """What of an issue is in the bucket; the version counts its files."""

    files = 250

    def __init__(self, here: Path, way: str) -> None:
        # Here, because it costs every start of the others a quarter more.
        from storeguard.outbox import delivery, progress

        self._deliver = delivery.deliver
        self._folder = here / "issue"
        self._uploaded = self._folder / progress.UPLOADED
        self._way = way

    def prepare(self) -> None:
        self._folder.mkdir()
        names = [f"{n:03}.jpg" for n in range(self.files)]
        for name in names:
            (self._folder / name).write_bytes(b"x")
        digest = hashlib.sha256(b"x").hexdigest()
        files = [EvidenceFile(name, 1, digest) for name in names]
        content = json.dumps(manifest(issue_of(1), files))
        (self._folder / "issue.json").write_text(content)

    def write(self, version: int) -> None:
        if self._way == ANCESTOR:
            self._write_in_place(version)
            return
        stops = iter((False, True))  # asked before each file: one a version
        self._deliver(self._folder, "s", Accepting(), is_stopping=lambda: next(stops))

    def newest(self) -> int | None:
        try:
            content = json.loads(self._uploaded.read_bytes())
            return len(content["files"]) + len(content["damaged"])
        except FileNotFoundError:
            return 0
        except ValueError:
            return None

    def _write_in_place(self, version: int) -> None:
        names = (f"{n:03}.jpg" for n in range(version))
        content = {"prefix": "s/1", "files": dict.fromkeys(names, "x" * 64), "damaged": {}}
        with self._uploaded.open("w", encoding="utf-8") as file:
            json.dump(content, file)


PROTOCOLS = {"book": Book, "issue": Sealing, "delivery": Delivery}


def cripple(way: str) -> None:
    """Takes away from this process, for good, what `way` says is left out."""
    if way == NO_FSYNC:
        os.fsync = lambda descriptor: None
    elif way == NO_FOLDER_FSYNC:
        durable.fsync_folder = lambda path: None


def race(book: Book) -> None:
    """The owner's save lands between our last look and our swap."""
    swap = durable.exchange

    def late(temporary: Path, path: Path) -> bool:
        durable.exchange = swap
        book.save_as_owner()
        return swap(temporary, path)

    durable.exchange = late


def write_once(name: str, way: str, here: Path) -> None:
    """Version 1, after the same in `warm/`, so that nothing is imported while it is written."""
    Delivery.files = 3
    for place in (here / "warm", here):
        place.mkdir(exist_ok=True)
        protocol = PROTOCOLS[name](place, way)
        protocol.prepare()
        protocol.ready(1)
        if place == here:
            shutil.rmtree(here / "warm")
            if way == RACED:
                race(protocol)
            with contextlib.suppress(OSError):
                os.unlink(BEGIN)
        protocol.write(1)


def main() -> int:
    logging.basicConfig(format="%(message)s")
    name, way, here = sys.argv[1:]
    try:
        write_once(name, way, Path(here))
    except OSError as error:
        with contextlib.suppress(OSError):
            os.write(2, f"{error}".encode())
        return 1
    return 0


if __name__ == "__main__":
    os._exit(main())
