"""One process a folder."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from storeguard.errors import AlreadyRunning, StoreguardError
from storeguard.lock import FolderLock, make_folder, refuse_second


def test_of_two_that_start_at_once_exactly_one_wins_two_hundred_times(tmp_path):
    def start(lock):
        try:
            lock.acquire()
        except AlreadyRunning:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        for _ in range(200):
            locks = FolderLock(tmp_path), FolderLock(tmp_path)
            assert sorted(pool.map(start, locks)) == [False, True]
            for lock in locks:
                lock.release()


def test_the_loser_reads_who_holds_it_and_writes_nothing(tmp_path):
    lock = FolderLock(tmp_path)
    lock.acquire()
    before = (tmp_path / "lock").stat().st_mtime_ns
    for refused in (FolderLock(tmp_path).acquire, lambda: refuse_second(tmp_path)):
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}") as caught:
            refused()
        assert caught.value.holder == f"process {os.getpid()}"
    assert (tmp_path / "lock").stat().st_mtime_ns == before
    lock.release()
    lock.release()
    refuse_second(tmp_path)


def test_asking_first_makes_nothing(tmp_path):
    refuse_second(tmp_path)
    refuse_second(tmp_path / "state")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreguardError, match="/file") as caught:
            make_folder(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(StoreguardError, match="cannot be locked"):
        FolderLock(tmp_path / "file").acquire()
