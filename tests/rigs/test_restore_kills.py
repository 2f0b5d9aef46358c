"""A restore that is killed at any file syscall leaves the old store or the new one, whole.

The restore runs in a fork of this process, so that a kill costs milliseconds: strace attaches to
it and kills it at one syscall. What then lies there is taken up as the next start does.
"""

import ctypes
import itertools
import os
import re
import shutil
import signal
import subprocess
from datetime import UTC, datetime

import pytest

from storeguard import config as cfg
from storeguard import restoring
from storeguard.books import journalfile
from storeguard.books.journal import Journal, Sale
from storeguard.clock import SystemClock
from storeguard.errors import StoreguardError
from storeguard.lock import FolderLock
from storeguard.recovery import prepare_folders
from storeguard.upkeep import backup
from storeguard.upkeep.restore import restore

CHANGING = (
    "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,"
    "mkdir,mkdirat,rmdir,ftruncate,fchmod,chmod,chown,fchown"
)
CALL = re.compile(r"^(?:\d+\s+)?(\w+)\(.*?(?:= |$)")
ALLOW_ANY = ctypes.c_ulong(-1)
PR_SET_PTRACER = 0x59616D61

SAMPLE = 12
"""The suite takes one point in so many, the whole rig each."""

OLD, NEW = "지금", "그때"
STORE = "gangnam-1"


def lay_out(base, word, sales):
    """A store whose every file tells `word`, and whose journal has that many sales."""
    for name in ("inventory", "state", "issue_data", "record"):
        (base / name).mkdir(parents=True, exist_ok=True)
    row = f"상품명, 개수, 가격, 무게\n{word},3,1500,95\n"
    for name, text in {
        "config.yaml": f"store: {{id: {STORE}, name: {word}}}\n",
        "event.txt": word,
        "inventory/inventory_store.csv": row,
        "inventory/inventory_weight.csv": row,
        "inventory/store_log.txt": word,
        "state/scales.json": f'{{"zero_g": {{"{word}": 1}}}}',
    }.items():
        (base / name).write_text(text, encoding="utf-8")
    journal = Journal.in_folder(base / "state")
    journal.open()
    for n in range(sales):
        at = datetime(2026, 11, 20, tzinfo=UTC)
        journal.record_sale(Sale(f"{word}{n}", f"{word}{n}", word, 1, 1500, at, "kiosk"))
    return journal


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The old store, with a -wal that holds sales, and the backup of another day."""
    room = tmp_path_factory.mktemp("restore")
    then, now = room / "then", room / "now"
    journal = lay_out(then, NEW, 3)
    issue = then / "issue_data" / "i1"
    issue.mkdir()
    manifest = (
        '{"schema": 1, "id": "i1", "sealed_at": "2026-11-20T13:21:04+00:00", "number": 1, '
        f'"loss_won": 0, "store": {{"id": "{STORE}"}}, "lines": [], "files": []}}'
    )
    (issue / "issue.json").write_text(manifest, encoding="utf-8")
    (issue / "content.txt").write_text("사건", encoding="utf-8")
    backup.make(then / "config.yaml", room / "shop.zip", SystemClock(), with_issues=True)
    journal.close()
    journal = lay_out(now, OLD, 5)
    shutil.copytree(now, room / "old")  # as a kill leaves it: what was sold is in the -wal
    journal.close()
    return room


def work(base, archive):
    restore(archive, base / "config.yaml", SystemClock())


class Traced:
    """One restore in a fork under strace; `inject` as strace takes it."""

    def __init__(self, prepared, base, inject=None):
        shutil.copytree(prepared / "old", base)
        self._log = base.with_suffix(".log")
        ours, theirs = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            self._in_child(base, prepared / "shop.zip", ours[0], theirs[1])
        command = ["strace", "-f", "-qq", "-o", str(self._log), "-e", f"trace={CHANGING}"]
        command += ["-e", f"inject={inject}"] if inject else []
        tracer = subprocess.Popen([*command, "-p", str(child)], stderr=subprocess.PIPE)
        while tracer.poll() is None and not self._is_attached(child):
            pass
        os.close(theirs[1])
        os.write(ours[1], b"go")
        _, status = os.waitpid(child, 0)
        said = tracer.communicate(timeout=60)[1]
        self.said = os.read(theirs[0], 4000)
        for descriptor in (*ours, theirs[0]):
            os.close(descriptor)
        self.was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert self.was_killed or os.WIFEXITED(status), (status, said)
        self.code = os.waitstatus_to_exitcode(status)

    @staticmethod
    def _in_child(base, archive, go, out):
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ALLOW_ANY, 0, 0, 0)
        try:
            os.read(go, 2)
            work(base, archive)
            os._exit(0)
        except (OSError, StoreguardError) as error:
            os.write(out, str(error).encode())
            os._exit(1)
        finally:
            os._exit(2)

    @staticmethod
    def _is_attached(child):
        with open(f"/proc/{child}/status") as file:
            return "TracerPid:\t0\n" not in file.read()

    def calls(self):
        found = filter(None, map(CALL.match, self._log.read_text(errors="replace").splitlines()))
        seen = {}
        for name in (match[1] for match in found):
            seen[name] = seen.get(name, 0) + 1
            yield name, seen[name]


def words_of(base):
    """Which store each part of what lies there is of, after the next start's first steps."""
    config = cfg.load(base / "config.yaml")
    folders = cfg.Folders.of(config, base)
    lock = FolderLock(folders.state)
    prepare_folders(folders, lock, STORE)
    try:
        journal = journalfile.open_journal(folders.state)
        sold = {(sale.product, len(journal.recent_sales())) for sale in journal.recent_sales()}
        journal.close()
    finally:
        lock.release()
    config = cfg.load(base / "config.yaml")
    texts = [
        (base / name).read_text(encoding="utf-8")
        for name in (
            "event.txt",
            "inventory/inventory_store.csv",
            "inventory/inventory_weight.csv",
            "inventory/store_log.txt",
            "state/scales.json",
        )
    ]
    words = {next(word for word in (OLD, NEW) if word in text) for text in texts}
    assert sold in ({(OLD, 5)}, {(NEW, 3)}), sold
    has_issue = (base / "issue_data" / "i1" / "issue.json").exists()
    return {*words, config.store.name, *(word for word, _ in sold), NEW if has_issue else OLD}


@pytest.fixture
def points(prepared, tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    dry = Traced(prepared, tmp_path / "dry")
    if dry.code != 0:
        pytest.skip(f"strace cannot attach here: {dry.said!r}")
    assert words_of(tmp_path / "dry") == {NEW}
    points = list(dry.calls())
    assert len(points) > 100
    return points


def kill_at(points, prepared, tmp_path):
    outcomes = []
    for number, (call, nth) in enumerate(points):
        base = tmp_path / f"kill-{number}"
        killed = Traced(prepared, base, f"{call}:signal=SIGKILL:when={nth}")
        if killed.was_killed:  # a point may move by one between two runs, past the last one too
            outcomes.append((f"{call} {nth}", *sorted(words_of(base))))
        if number % 10 == 0:
            work(base, prepared / "shop.zip")
            assert words_of(base) == {NEW}
        assert not list(base.rglob(f"{restoring.INCOMING}/*")), call
        shutil.rmtree(base)
    print(f"restore killed: {len(outcomes)} points")
    assert len(outcomes) > 0.9 * len(points)
    assert [outcome for outcome in outcomes if len(outcome) != 2] == []
    assert {outcome[1] for outcome in outcomes} == {OLD, NEW}


def fail_at(points, code, prepared, tmp_path):
    for number, (call, nth) in enumerate(points):
        base = tmp_path / f"fail-{number}"
        failed = Traced(prepared, base, f"{call}:error={code}:when={nth}")
        assert failed.code in (0, 1), (call, nth)
        assert b"\n" not in failed.said
        assert len(words_of(base)) == 1, (call, nth)
        shutil.rmtree(base)


def test_killed_at_file_syscalls_it_is_the_old_store_or_the_new(prepared, tmp_path, points):
    """And a restore after that makes it the new one."""
    kill_at(points[:: SAMPLE // 2], prepared, tmp_path)


def test_an_error_of_file_syscalls_is_one_line_and_mixes_nothing(prepared, tmp_path, points):
    """The stores are not mixed; where the plan was made already, the next start finishes it."""
    fail_at(points[::SAMPLE], "ENOSPC", prepared, tmp_path)


@pytest.mark.slow
def test_killed_at_every_file_syscall_it_is_the_old_store_or_the_new(prepared, tmp_path, points):
    kill_at(points, prepared, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("code", ["ENOSPC", "EIO"])
def test_an_error_of_every_file_syscall_mixes_nothing(prepared, tmp_path, points, code):
    fail_at(points, code, prepared, tmp_path)


def test_the_rig_sees_a_restore_that_writes_over_the_old_files(prepared, tmp_path):
    """The control: file by file in place, as one would with unzip, a kill mixes two stores."""
    import zipfile

    mixed = 0
    for killed_after in range(1, 7):
        base = tmp_path / f"control-{killed_after}"
        shutil.copytree(prepared / "old", base)
        with zipfile.ZipFile(prepared / "shop.zip") as file:
            for name in itertools.islice(file.namelist(), killed_after):
                file.extract(name, base)
        try:
            mixed += len(words_of(base)) != 1
        except AssertionError:  # the journal with the other one's -wal
            mixed += 1
    assert mixed > 3
