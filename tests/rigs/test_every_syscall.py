"""P3: killed at every file syscall of a write, and each failed: old or new, never broken."""

import asyncio
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from storeguard import durable
from storeguard.books import csvfile
from storeguard.books.book import CsvBook
from storeguard.books.history import History
from storeguard.books.journal import Journal
from storeguard.clock import SystemClock

PROGRAM = Path(__file__).with_name("protocols.py")
FILE_CALLS = (
    "openat read write close fsync mkdir mkdirat rename renameat renameat2 link linkat unlink"
    " unlinkat chmod fchmodat utimensat getdents64 sendfile"
)
"""Not stat and lseek: killed there, the disk is as it is at the next call."""

TRACE = "trace=" + ",".join(f"?{call}" for call in FILE_CALLS.split())
CALL = re.compile(r"^\d+\s+(\w+)\(")
PROTOCOLS = ("book", "issue", "delivery")


@dataclass(frozen=True)
class Outcome:
    """What is found after a fault: version 0 or 1, or None when it is broken."""

    point: str
    found: int | None
    exit_status: int
    said: str
    is_owners_save_lost: bool


class Sweep:
    """Runs one write under strace again and again, with one fault injected at a time."""

    def __init__(self, protocols, base, name, way="ours"):
        self._protocols, self._base = protocols, base
        self._name, self._way = name, way

    def syscalls(self):
        """(name, how often that name was called so far) for every call of the write."""
        log = self._base / "strace.log"
        self._run("compile", "-o", "/dev/null")
        self._run("dry", "-o", str(log))
        seen, write, is_in_write = {}, [], False
        for call in filter(None, map(CALL.match, log.read_text().splitlines())):
            name = call[1]
            seen[name] = seen.get(name, 0) + 1
            if is_in_write:
                write.append((name, seen[name]))
            is_in_write = is_in_write or self._protocols.BEGIN in call.string
        return write

    def outcomes(self, faults):
        points = self.syscalls()
        assert points
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(lambda fault: self._outcome(*fault), faults(points)))

    def _outcome(self, call, number, fault):
        label = re.sub(r"\W", "-", f"{call}-{number}-{fault}")
        ended = self._run(label, "-o", "/dev/null", "-e", f"inject={call}:{fault}:when={number}")
        protocol = self._protocols.PROTOCOLS[self._name](self._base / label, self._way)
        is_lost = self._way == self._protocols.RACED and protocol.is_owners_save_lost()
        said = ended.stderr.decode()
        point = f"{call} {number} {fault}"
        return Outcome(point, protocol.newest(), ended.returncode, said, is_lost)

    def _run(self, label, *options):
        here = self._base / label
        here.mkdir()
        compiled = f"pycache_prefix={self._base / 'compiled'}"
        python = [sys.executable, "-S", "-E", "-X", compiled, PROGRAM, self._name, self._way, here]
        strace = ["strace", "-f", "-e", TRACE, *options]
        return subprocess.run([*strace, *python], capture_output=True, timeout=60, check=False)


def kills(points):
    return [(*point, "signal=SIGKILL") for point in points]


def failures(points):
    """But for the end of listing a folder, which nobody can hear of."""
    before = [None, *(name for name, _ in points)]
    return [
        (name, number, f"error={error}")
        for (name, number), last in zip(points, before, strict=False)
        if (last, name) != ("getdents64", "close")
        for error in (("EIO",) if name in ("read", "close") else ("ENOSPC", "EIO", "EROFS"))
    ]


def tell(title, outcomes):
    broken = sum(outcome.found is None for outcome in outcomes)
    print(f"{title}: {len(outcomes)} faults, {broken} broken")


@pytest.fixture
def sweep(protocols, tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    return lambda *what: Sweep(protocols, tmp_path, *what)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_killed_at_any_file_syscall_it_is_old_or_new(sweep, protocol):
    """100 % of the points; afterwards the next start writes it again or sees it."""
    outcomes = sweep(protocol).outcomes(kills)
    tell(f"{protocol} killed", outcomes)
    assert [o.point for o in outcomes if o.found is None] == []
    assert {o.found for o in outcomes} == {0, 1}
    assert all(o.exit_status != 0 for o in outcomes)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_error_of_any_file_syscall_is_told_in_one_line_and_breaks_nothing(sweep, protocol):
    """ENOSPC, EIO and EROFS at every point: nothing broken, no silent success.

    Only a delivery goes on without evidence that cannot be read; its log says which.
    """
    outcomes = sweep(protocol).outcomes(failures)
    tell(f"{protocol} failed", outcomes)
    assert [o.point for o in outcomes if o.found is None] == []
    assert [o.point for o in outcomes if not o.said or "\n" in o.said.strip()] == []
    assert protocol == "delivery" or all(o.exit_status != 0 for o in outcomes)


def test_an_error_of_any_file_syscall_leaves_the_owners_save(sweep):
    """The owner saves while we swap ours in: what comes out is put back, or at least kept."""
    outcomes = sweep("book", "raced").outcomes(failures)
    assert [o.point for o in outcomes if o.is_owners_save_lost] == []


def test_killed_at_any_file_syscall_the_owners_save_is_merged_at_the_next_start(sweep, tmp_path):
    """Between our swap and our look it lies under a temporary name that a start would sweep."""
    raced = sweep("book", "raced")
    outcomes = raced.outcomes(kills)
    folders = [f for f in tmp_path.iterdir() if (f / raced._protocols.SAVED).exists()]
    assert len(outcomes) > len(folders) > 3
    lost = [f.name for f in folders if not is_owners_row_there(f, raced._protocols)]
    assert lost == []


def is_owners_row_there(folder, protocols):
    """After the start that follows; the journal knows our versions 0 and 1, as it would."""
    path, state = folder / "inventory_store.csv", folder / "state"
    journal = Journal.in_folder(state, fsync=False)
    journal.open()
    history = History("kiosk", journal, SystemClock(), None)
    for version in (0, 1):
        book = csvfile.read(protocols.book_text(version), path.name)
        history.commit(book.rows, book.layout, why="test")
    durable.sweep([folder], but=[path])
    book = CsvBook("kiosk", path, journal, SystemClock(), fsync=False)
    asyncio.run(started(book))
    journal.close()
    is_shown = protocols.OWNERS_ROW.encode() in path.read_bytes()
    return "주인" in book.counts and is_shown and not durable.leftovers_of(path)


async def started(book):
    await book.load()
    await book.poll(SystemClock().now_s() + 1)
    await book.close()


@pytest.mark.parametrize(
    ("protocol", "order"),
    [
        ("book", ["fsync", "renameat2", "fsync"]),
        # Four files and their folder before it appears, issue_data/ after it has.
        ("issue", ["rename", "rename", *["fsync"] * 5, "rename", "fsync"]),
        ("delivery", ["fsync", "rename", "fsync"]),
    ],
)
def test_every_file_is_fsynced_before_it_appears_and_its_folder_after(sweep, protocol, order):
    calls = [name for name, _ in sweep(protocol).syscalls()]
    assert [name for name in calls if name == "fsync" or name.startswith("rename")] == order


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_ancestors_way_is_broken_where_it_is_killed(sweep, protocol):
    outcomes = sweep(protocol, "ancestor").outcomes(lambda points: kills(points)[:24])
    tell(f"{protocol} killed, the ancestor's way", outcomes)
    assert sum(o.found is None for o in outcomes) > len(outcomes) // 4
