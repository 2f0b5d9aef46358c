"""The live daemon on a disk that is full, read-only or failing.

`unshare --mount python sick_disk.py ROOM STORY`; the stories are the functions of STORIES, and
each says as JSON what was seen. `ROOM --probe` tells whether this machine can.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from full_disk import fill_bytes, small_disk
from live import Daemon, acted, counts, lay_out, wait_for
from power import Disk, command

from storeguard.outbox.diskspace import BALLAST

MIB = 1024 * 1024
CLIP_BYTES = 200_000


@contextmanager
def guarded(folder: Path, *before: str):
    """Runs until the block ends; `before` runs the daemon (strace)."""
    daemon = acted(folder, *before)
    try:
        daemon.until("guards '")
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
        daemon.end()


def fill(place: Path) -> None:
    ballast = place / "filler"
    ballast.mkdir(exist_ok=True)
    fill_bytes(ballast, 0)


def is_alive(daemon: Daemon) -> bool:
    return daemon.process.poll() is None


def rob(daemon: Daemon, product: str) -> None:
    for deed in ("enter", f"take {product} 2", "leave"):
        daemon.act(deed)


def say(**seen: object) -> None:
    json.dump(seen, sys.stdout)


# --- stories ---------------------------------------------------------------------------------


def robbed_at_zero(room: Path) -> None:
    """Somebody fills the last byte while a thief is inside."""
    with small_disk(room, 16) as disk:
        folder = lay_out(disk / "shop")
        with guarded(folder) as daemon:
            ballast = folder / "state" / BALLAST
            daemon.act("enter")
            had_ballast = ballast.exists()
            fill(disk)
            daemon.act("take 바나나우유 2")
            daemon.act("take 초코바 1")
            daemon.sell("초코바", 1)
            daemon.act("leave")
            daemon.until("issue .*: missing 바나나우유 2")
            [issue] = (folder / "issue_data").glob("2*")
            wait_for(lambda: counts(folder) == {"바나나우유": 4, "초코바": 49}, lambda: daemon.log)
            say(
                had_ballast=had_ballast,
                took_s=_seconds_to_seal(issue),
                has_picture=bool(list(issue.glob("*.jpg"))),
                times_said=daemon.log.count("D302"),
                is_alive=is_alive(daemon),
            )


def _seconds_to_seal(issue: Path) -> float:
    """From the last person seen; two of them are the waits that the shop is set to."""
    manifest = json.loads((issue / "issue.json").read_bytes())
    ended, sealed = manifest["visit"]["ended_at"], manifest["sealed_at"]
    return (datetime.fromisoformat(sealed) - datetime.fromisoformat(ended)).total_seconds()


def started_full(room: Path) -> None:
    """It was stopped; meanwhile the disk was filled to its last byte, the ballast gone too."""
    with small_disk(room, 16) as disk:
        folder = lay_out(disk / "shop")
        _with_old_clips(folder, 20)
        began_full_s = _start_on_full(disk, folder)
        with guarded(folder) as daemon:
            rob(daemon, "바나나우유")
            daemon.until("issue .*: missing 바나나우유 2")
            left = len(list((folder / "record").glob("old*")))
            say(ready_s=round(began_full_s, 1), clips_left=left, is_alive=is_alive(daemon))


def started_full_with_nothing_to_delete(room: Path) -> None:
    """Without old clips and ballast only the owner can make room; it guards all the same."""
    with small_disk(room, 16) as disk:
        folder = lay_out(disk / "shop")
        _with_old_clips(folder, 0)
        _take_ballast(disk, folder)
        with guarded(folder) as daemon:
            daemon.until("D302")
            daemon.act("enter")
            daemon.act("take 바나나우유 2")
            daemon.until("weighing failed: D302")
            shutil.rmtree(disk / "filler")
            daemon.act("leave")
            daemon.until("issue .*: missing 바나나우유 2")
            say(is_alive=is_alive(daemon))


def _with_old_clips(folder: Path, count: int) -> None:
    """An earlier run has seen clips that nobody needs."""
    (folder / "record").mkdir()
    for number in range(count):
        (folder / "record" / f"old-{number:02}.mp4").write_bytes(bytes(CLIP_BYTES))
    with guarded(folder) as daemon:
        if count:
            wait_for((folder / "state" / "ages.json").exists, lambda: daemon.log)


def _take_ballast(disk: Path, folder: Path) -> None:
    for file in (folder / "state" / BALLAST).glob("*"):
        file.unlink()
    shutil.rmtree(folder / "state" / BALLAST, ignore_errors=True)
    fill(disk)


def _start_on_full(disk: Path, folder: Path) -> float:
    _take_ballast(disk, folder)
    began_s = time.monotonic()
    with guarded(folder):
        return time.monotonic() - began_s


def failing(room: Path) -> None:
    """EIO of every call from one instant on; then a new card with what was on the old one."""
    _breaks(room, lambda disk: disk.cut())


def read_only(room: Path) -> None:
    """The kernel found the file system damaged and made it read-only."""
    _breaks(room, lambda disk: command("mount", "-o", "remount,abort", disk.place))


def _breaks(room: Path, breaks) -> None:
    disk = Disk(room, "errors=remount-ro")
    with disk.mounted() as place:
        folder = lay_out(place / "shop")
        os.sync()  # the owner wrote these files long ago
        with guarded(folder) as daemon:
            daemon.act("enter")
            daemon.act("take 바나나우유 2")
            daemon.until("shelf: 바나나우유 6 -> 4")
            url = _url(folder)
            breaks(disk)
            daemon.act("leave")
            time.sleep(12)
            was_alive, shown = is_alive(daemon), _page(url)
            code, _ = daemon.end(signal.SIGTERM)
            log = daemon.log
    with disk.mounted(), guarded(folder) as daemon:
        daemon.until("issue .*: missing 바나나우유 2")
        say(was_alive=was_alive, shown=shown, code=code, log=log, books=counts(folder))


def _page(url: str) -> int | str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except OSError as error:
        return str(error)


def _url(folder: Path) -> str:
    return json.loads((folder / "state" / "daemon.json").read_bytes())["url"]


def slow(room: Path) -> None:
    """Every fsync takes 2 s; the pages are asked all the while."""
    folder = lay_out(room / "shop")
    with guarded(folder) as daemon, _slowed(daemon):
        url, answers_s = _url(folder), []
        for deed in ("enter", "take 바나나우유 2", "leave"):
            daemon.act(deed)
        while "issue " not in daemon.log:
            began_s = time.monotonic()
            with urllib.request.urlopen(url, timeout=20) as answer:
                answer.read()
            answers_s.append(time.monotonic() - began_s)
            time.sleep(0.05)
        answers_s.sort()
        say(asked=len(answers_s), longest_s=round(answers_s[-1], 2), is_alive=is_alive(daemon))


@contextmanager
def _slowed(daemon: Daemon):
    calls = ("-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_enter=2000000")
    attached = ("-f", "-o", "/dev/null", "-p", str(daemon.process.pid))
    strace = subprocess.Popen(["strace", *calls, *attached], stderr=subprocess.PIPE, text=True)
    try:
        assert "attached" in strace.stderr.readline()
        yield
    finally:
        strace.terminate()
        strace.communicate()


STORIES = {
    story.__name__: story
    for story in (
        robbed_at_zero,
        started_full,
        started_full_with_nothing_to_delete,
        failing,
        read_only,
        slow,
    )
}

if __name__ == "__main__":
    room = Path(sys.argv[1])
    if sys.argv[2] == "--probe":
        with Disk(room, "errors=remount-ro").mounted():
            pass
    else:
        STORIES[sys.argv[2]](room)
