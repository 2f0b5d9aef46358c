"""A published file is there whole and for good, or it is not there."""

import errno
import hashlib
import os
import random
import select
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from storeguard import durable
from storeguard.durable import (
    TEMPORARY_SUFFIX,
    append,
    exchange,
    place,
    publish,
    publish_file,
    publish_folder,
    stage,
    sweep,
    temporary_beside,
)

KILLS = int(os.environ.get("STOREGUARD_KILLS", "300"))
MANY_KILLS = max(KILLS, 10_000)


@pytest.fixture
def calls(monkeypatch):
    """What is asked of the kernel, in order: fsyncs of files and folders, and renames."""
    seen: list[tuple[str, str]] = []
    real_fsync, real_replace, real_rename = os.fsync, os.replace, os.rename

    def fsync(descriptor: int) -> None:
        seen.append(("fsync", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        real_fsync(descriptor)

    def replace(source, target, **more) -> None:
        seen.append(("replace", Path(target).name))
        real_replace(source, target, **more)

    def rename(source, target, **more) -> None:
        seen.append(("rename", Path(target).name))
        real_rename(source, target, **more)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "rename", rename)
    return seen


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- one file


def test_a_file_is_synced_then_renamed_then_its_folder_synced(tmp_path, calls):
    publish(tmp_path / "a.csv", b"new")
    assert (tmp_path / "a.csv").read_bytes() == b"new"
    [(first, temporary), *others] = calls
    assert (first, temporary.endswith(TEMPORARY_SUFFIX)) == ("fsync", True)
    assert others == [("replace", "a.csv"), ("fsync", tmp_path.name)]
    assert names(tmp_path) == {"a.csv"}


def test_without_fsync_nothing_is_synced_but_the_rename_remains(tmp_path, calls):
    publish(tmp_path / "a.csv", b"new", fsync=False)
    append(tmp_path / "log.txt", b"x", fsync=False)
    assert calls == [("replace", "a.csv")]


def test_a_published_file_has_the_mode_that_was_asked_for(tmp_path):
    publish(tmp_path / "secret", b"", mode=0o600)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_failing_half_way_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, broken):
    publish(tmp_path / "a.csv", b"old")
    monkeypatch.setattr(os, broken, refuse)
    with pytest.raises(OSError, match="Input/output error"):
        publish(tmp_path / "a.csv", b"new")
    assert (tmp_path / "a.csv").read_bytes() == b"old"
    assert names(tmp_path) == {"a.csv"}


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    publish(tmp_path / "a.csv", b"old")
    real_fdopen = os.fdopen

    def full(*given, **more):
        file = real_fdopen(*given, **more)
        os.truncate(file.fileno(), 0)
        file.close()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path / "a.csv", b"new")
    assert (tmp_path / "a.csv").read_bytes() == b"old"
    assert names(tmp_path) == {"a.csv"}


def test_a_folder_that_cannot_be_synced_is_not_acknowledged(tmp_path, monkeypatch):
    monkeypatch.setattr(durable, "fsync_folder", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        publish(tmp_path / "a.csv", b"new")


def test_a_missing_folder_is_an_error_and_is_not_made(tmp_path):
    with pytest.raises(FileNotFoundError):
        publish(tmp_path / "gone" / "a.csv", b"new")
    assert names(tmp_path) == set()


def test_two_writers_never_share_a_temporary_name(tmp_path):
    made = {temporary_beside(tmp_path / "a.csv") for _ in range(100)}
    assert len(made) == 100
    assert {path.parent for path in made} == {tmp_path}


def test_a_video_that_a_library_wrote_is_synced_before_it_gets_its_name(tmp_path, calls):
    finished = tmp_path / ".part"
    finished.write_bytes(b"video")
    publish_file(finished, tmp_path / "clip.mp4")
    assert calls == [("fsync", ".part"), ("replace", "clip.mp4"), ("fsync", tmp_path.name)]
    assert (tmp_path / "clip.mp4").read_bytes() == b"video"


# --- logs


def test_a_log_grows_and_its_folder_is_synced_once(tmp_path, calls):
    log = tmp_path / "log.txt"
    append(log, b"one\n")
    append(log, b"two\n")
    assert log.read_bytes() == b"one\ntwo\n"
    assert calls == [("fsync", "log.txt"), ("fsync", tmp_path.name), ("fsync", "log.txt")]


def test_a_log_line_that_is_not_synced_is_not_acknowledged(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        append(tmp_path / "log.txt", b"one\n")


# --- folders


def staged_folder(parent: Path) -> Path:
    staged = parent / ".incoming"
    (staged / "extra").mkdir(parents=True)
    (staged / "content.txt").write_bytes(b"1")
    (staged / "extra" / "more.jpg").write_bytes(b"2")
    return staged


def test_a_folder_appears_after_everything_in_it_is_synced(tmp_path, calls):
    publish_folder(staged_folder(tmp_path), tmp_path / "issue")
    at = calls.index(("rename", "issue"))
    assert set(calls[:at]) == {
        ("fsync", name) for name in ("content.txt", "more.jpg", "extra", ".incoming")
    }
    assert calls[at + 1 :] == [("fsync", tmp_path.name)]
    assert (tmp_path / "issue" / "extra" / "more.jpg").read_bytes() == b"2"
    assert names(tmp_path) == {"issue"}


def test_a_replays_folder_appears_without_any_fsync(tmp_path, calls):
    publish_folder(staged_folder(tmp_path), tmp_path / "issue", fsync=False)
    assert calls == [("rename", "issue")]


def test_a_folder_never_replaces_another(tmp_path):
    (tmp_path / "issue").mkdir()
    with pytest.raises(FileExistsError, match="already there"):
        publish_folder(staged_folder(tmp_path), tmp_path / "issue")
    assert names(tmp_path) == {"issue", ".incoming"}


def test_a_folder_that_cannot_be_synced_does_not_appear(tmp_path, monkeypatch):
    staged = staged_folder(tmp_path)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        publish_folder(staged, tmp_path / "issue")
    assert names(tmp_path) == {".incoming"}


def test_a_staged_folder_that_is_gone_is_heard(tmp_path):
    with pytest.raises(FileNotFoundError):
        publish_folder(tmp_path / ".incoming", tmp_path / "issue")


# --- names that may be taken


def test_a_staged_file_gets_a_name_that_is_free(tmp_path):
    temporary = stage(tmp_path / "a.csv", b"new")
    place(temporary, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"new"
    assert names(tmp_path) == {"a.csv"}


@pytest.mark.parametrize("has_links", [True, False])
def test_a_staged_file_never_takes_a_name_from_another(tmp_path, monkeypatch, has_links):
    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a.csv").write_bytes(b"the owner's")
    temporary = stage(tmp_path / "a.csv", b"new")
    with pytest.raises(FileExistsError):
        place(temporary, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"the owner's"
    assert temporary.exists()


def test_where_there_are_no_hard_links_a_free_name_is_taken_by_a_rename(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse)
    temporary = stage(tmp_path / "a.csv", b"new")
    place(temporary, tmp_path / "a.csv")
    assert names(tmp_path) == {"a.csv"}


def test_two_files_swap_so_that_neither_is_lost(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(b"1")
    theirs.write_bytes(b"2")
    if not exchange(ours, theirs):
        pytest.skip("this file system cannot exchange two files")
    assert (ours.read_bytes(), theirs.read_bytes()) == (b"2", b"1")


def test_a_swap_with_a_missing_file_changes_nothing(tmp_path):
    ours = tmp_path / "ours"
    ours.write_bytes(b"1")
    with pytest.raises(FileNotFoundError):
        exchange(ours, tmp_path / "gone")
    assert ours.read_bytes() == b"1"


class OldKernel:
    """A C library without renameat2, or one whose kernel refuses it."""

    def __init__(self, code: int | None) -> None:
        if code is not None:
            self.renameat2 = lambda *_: durable.ctypes.set_errno(code) or -1


@pytest.mark.parametrize("code", [None, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
def test_a_kernel_that_cannot_swap_says_so(tmp_path, monkeypatch, code):
    monkeypatch.setattr(durable.ctypes, "CDLL", lambda *_, **__: OldKernel(code))
    assert exchange(tmp_path / "a", tmp_path / "b") is False


# --- what killed writers leave behind


def test_sweeping_removes_what_killed_writers_left_and_nothing_else(tmp_path):
    stage(tmp_path / "a.csv", b"half")
    stage(tmp_path / "b.csv", b"half")
    for name in ("a.csv", ".hidden", f"no-dot{TEMPORARY_SUFFIX}"):
        (tmp_path / name).write_bytes(b"whole")
    assert sweep([tmp_path, tmp_path / "gone"]) == 2
    assert names(tmp_path) == {"a.csv", ".hidden", f"no-dot{TEMPORARY_SUFFIX}"}
    assert sweep([tmp_path]) == 0


# --- P1: old or new, never broken, when the process dies

LINES = 400


def content(version: int) -> bytes:
    """A whole file says so itself: a version, a body, and the body's hash."""
    body = "".join(f"상품{line},{version},1500,95\n" for line in range(LINES)).encode()
    return b"%d\n%s\n" % (version, hashlib.sha256(body).hexdigest().encode()) + body


def version_of(path: Path) -> int | None:
    """None: broken."""
    head, _, rest = path.read_bytes().partition(b"\n")
    digest, _, body = rest.partition(b"\n")
    is_whole = head.isdigit() and hashlib.sha256(body).hexdigest().encode() == digest
    return int(head) if is_whole else None


def in_place(path: Path, new: bytes) -> None:
    """The ancestor's way."""
    with path.open("wb") as file:
        file.write(new)


def kill_while_writing(write: Callable[[Path, bytes], None], path: Path, wait_s: float) -> int:
    """Forks a writer, kills it after `wait_s`; returns the last version it acknowledged."""
    before = version_of(path) or 0
    read_end, write_end = os.pipe()
    writer = os.fork()
    if writer == 0:
        try:
            for version in range(before + 1, before + 100_000):
                write(path, content(version))
                os.write(write_end, b"%d\n" % version)
        finally:
            os._exit(1)
    os.close(write_end)
    select.select([read_end], [], [], 5)  # it has begun: the first version is acknowledged
    select.select([], [], [], wait_s)
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    with os.fdopen(read_end, "rb") as acknowledged:
        said = acknowledged.read().split(b"\n")
    return int(said[-2]) if len(said) > 1 else before


def kill_often(write: Callable[[Path, bytes], None], folder: Path, kills: int) -> tuple[int, int]:
    """How many of `kills` left a broken file, and how many an older one than acknowledged."""
    path, rnd = folder / "inventory.csv", random.Random(1)
    broken = lost = 0
    for _ in range(kills):
        path.write_bytes(content(0))
        acknowledged = kill_while_writing(write, path, rnd.uniform(0, 0.004))
        found = version_of(path)
        broken += found is None
        lost += found is not None and found < acknowledged
        sweep([folder])
    return broken, lost


def test_killed_at_any_moment_a_file_is_old_or_new_and_nothing_acknowledged_is_lost(tmp_path):
    assert kill_often(publish, tmp_path, KILLS) == (0, 0)


@pytest.mark.slow
def test_ten_thousand_kills_break_nothing(tmp_path):
    assert kill_often(publish, tmp_path, MANY_KILLS) == (0, 0)


def test_the_ancestors_way_fails_the_same_rig(tmp_path):
    broken, _ = kill_often(in_place, tmp_path, 200)
    assert broken > 0


def test_a_killed_log_holds_every_acknowledged_line_whole(tmp_path):
    log, rnd = tmp_path / "log.txt", random.Random(2)
    for _ in range(40):
        log.unlink(missing_ok=True)
        counter = tmp_path / "counter"
        counter.write_bytes(content(0))

        def write(path: Path, new: bytes) -> None:
            append(log, new.partition(b"\n")[0] + b"\n")
            publish(path, new, fsync=False)

        acknowledged = kill_while_writing(write, counter, rnd.uniform(0, 0.004))
        lines = log.read_bytes().split(b"\n")
        assert lines[:acknowledged] == [b"%d" % n for n in range(1, acknowledged + 1)]
