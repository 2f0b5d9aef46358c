"""P15: the live daemon while its wall clock jumps: nothing crashes, clashes or goes too early.

A Raspberry Pi has no clock battery: it boots in the past and is set by the network whenever that
comes up. The jumps are libfaketime's; the monotonic clock stays the machine's.
"""

import contextlib
import importlib.util
import itertools
import json
import math
import os
import random
import sqlite3
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

LIBRARIES = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
NAMED_JUMPS = ["-10d", "+400d", "-50y", "-60y", "-16m", "+16m", "+0"]
"""In faketime's words, all counted from the true time; -60y is before 1970."""

DEEDS = 3
"""Of a robber: `enter`, `take`, `leave`."""

SLEEP = """\
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""
"""libfaketime 0.9.10 fakes the deadline of a monotonic `clock_nanosleep` whatever it is told: what
`time.sleep` (Python 3.11) asks for is EINVAL or years off. `select` waits for so long, not until.
Only watchdog sleeps so in the daemon, for half of a rename that comes alone."""

OLD_FILES = 40
SEED = 20261120


def _live():
    path = Path(__file__).with_name("live.py")
    spec = importlib.util.spec_from_file_location("live", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class JumpingShop:
    """A daemon whose clock is set by `jump`; it may be stopped and started again."""

    def __init__(self, base):
        self._live = _live()
        self.folder = self._live.lay_out(base / "shop")
        self._offset = base / "offset"
        self._site = base / "site"
        self._site.mkdir()
        (self._site / "sitecustomize.py").write_text(SLEEP)
        self.robberies = 0
        self.jump("+0")
        (self.folder / "record").mkdir()
        for number in range(OLD_FILES):
            (self.folder / "record" / f"2026-11-19_{number:02}.mp4").write_bytes(b"x" * 4096)

    def jump(self, offset):
        # Renamed into place: libfaketime reads it at every call.
        fresh = self._offset.with_suffix(".new")
        fresh.write_text(offset)
        fresh.replace(self._offset)

    @property
    def environment(self):
        return {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "PYTHONPATH": os.pathsep.join(
                filter(None, (str(self._site), os.environ.get("PYTHONPATH")))
            ),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    @contextlib.contextmanager
    def running(self):
        daemon = self._live.acted(self.folder, **self.environment)
        try:
            daemon.until("guards '")
            yield daemon
            assert daemon.process.poll() is None, daemon.log
            assert daemon.end()[0] == 0, daemon.log
            assert "Traceback" not in daemon.log
            assert " failed: " not in daemon.log
        finally:
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.end()

    def rob(self, daemon, between=lambda: None):
        """`between` comes between any two deeds; the issue is waited for."""
        sealed = daemon.log.count("WARNING:storeguard:issue ")
        for deed in ("enter", "take 초코바 1", "leave"):
            daemon.act(deed)
            between()
        daemon.until("WARNING:storeguard:issue ", sealed + 1)
        self.robberies += 1

    @property
    def manifests(self):
        found = (self.folder / "issue_data").glob("*/issue.json")
        return [json.loads(path.read_bytes()) for path in found]

    def judge(self):
        """What must be so after any jumps."""
        ids = [manifest["id"] for manifest in self.manifests]
        assert len(ids) == len(set(ids)) == self.robberies
        assert all(_lasts_s(m["visit"]) >= 0 for m in self.manifests if m["visit"])
        assert {m["time_quality"] for m in self.manifests} <= {"synced", "unsynced"}
        database = self.folder / "state" / "storeguard.db"
        with contextlib.closing(sqlite3.connect(database)) as journal:
            visits = journal.execute("select id, started_utc, ended_utc from visits").fetchall()
            faults = journal.execute("select device, started_utc, ended_utc from faults").fetchall()
        assert len(visits) >= self.robberies
        assert [row for row in visits + faults if row[2] is not None and row[2] < row[1]] == []
        counts = self._live.counts(self.folder)
        assert counts["초코바"] == 50 - self.robberies
        assert len(list((self.folder / "record").glob("2026-11-19_*"))) == OLD_FILES


def _lasts_s(visit):
    started, ended = (datetime.fromisoformat(visit[key]) for key in ("started_at", "ended_at"))
    return (ended - started).total_seconds()


@pytest.fixture
def shop(tmp_path):
    if not LIBRARIES:
        pytest.skip("libfaketime is not installed: apt-get install libfaketime")
    return JumpingShop(tmp_path)


@pytest.mark.parametrize("offset", NAMED_JUMPS)
def test_a_sleep_under_the_faked_clock_is_as_long_as_it_says(shop, offset):
    """Else a thread of watchdog dies in this rig, which no machine's own clock does to it."""
    shop.jump(offset)
    slept = "import time; t = time.monotonic(); time.sleep(0.2); print(time.monotonic() - t)"
    command, env = [sys.executable, "-c", slept], os.environ | shop.environment
    said = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert float(said.stdout) >= 0.2


def test_each_named_jump_within_a_visit_loses_and_doubles_nothing(shop):
    with shop.running() as daemon:
        jumps = iter(NAMED_JUMPS)
        for _ in range(math.ceil(len(NAMED_JUMPS) / DEEDS)):
            shop.rob(daemon, lambda: shop.jump(next(jumps, "+0")))
    shop.judge()


@pytest.mark.parametrize("offset", ["+400d", "-60y"])
def test_a_start_in_another_time_deletes_nothing_early(shop, offset):
    """The cleaner's first round comes at the start."""
    with shop.running() as daemon:
        shop.rob(daemon)
    shop.jump(offset)
    with shop.running() as daemon:
        shop.rob(daemon)
        ages = shop.folder / "state" / "ages.json"
        assert len(json.loads(ages.read_bytes())["born_s"]) >= OLD_FILES
    shop.judge()


def test_a_rule_by_file_times_would_have_deleted_everything(shop):
    """The control: the same folder, as `find -mtime` sees it after the same jump."""
    shop.jump("+400d")
    find = ["find", str(shop.folder / "record"), "-name", "*.mp4", "-mtime", "+30"]
    environment = {**os.environ, **shop.environment}
    found = subprocess.run(find, env=environment, capture_output=True, text=True, check=True)
    assert len(found.stdout.splitlines()) == OLD_FILES


def _random_jumps(shop, jumps):
    chance, left = random.Random(SEED), itertools.count(1)
    made = 0

    def jump():
        nonlocal made
        made = next(left)
        offset_s = chance.choice([1, -1]) * 10 ** chance.uniform(-3, 9.1)
        shop.jump(f"{offset_s:+.6f}")
        time.sleep(chance.uniform(0, 0.3))

    with shop.running() as daemon:
        while made < jumps:
            shop.rob(daemon, lambda: [jump() for _ in range(3)])
    print(f"random jumps: {made}, {shop.robberies} issues, 0 lost, 0 clashes")
    shop.judge()


def test_random_jumps_lose_and_double_nothing(shop):
    _random_jumps(shop, 20)


@pytest.mark.slow
def test_two_hundred_random_jumps_lose_and_double_nothing(shop):
    _random_jumps(shop, 200)
