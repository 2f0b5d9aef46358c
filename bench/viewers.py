"""Weighing while 50 browsers follow the shop live: the time between two looks at a scale.

Windows without and with viewers alternate, so that what else the machine does falls on both. While
they watch, a change is announced every 0.3 s, the most that the pages announce, and each viewer
asks for the new data every time.

Usage: python bench/viewers.py [--viewers 50] [--pairs 4] [--window-s 15]. Limit: the median of the
looks' jitter (how far a look is from the usual interval) grows by no more than 10 %, or by 1 ms.
The viewers run on this machine too: p95 says as much of its cores as of the daemon.
"""

import argparse
import asyncio
import functools
import itertools
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from _report import ROOT, report
from storeguard import config as cfg
from storeguard import daemon, hardware
from storeguard.app import Store
from storeguard.clock import SystemClock

MOST_GROWTH, LEAST_MS = 0.10, 1.0
ANNOUNCED_EVERY_S = 0.3
VIEWER = """
import http.client, sys, threading
def watch(netloc):
    events, data = http.client.HTTPConnection(netloc), http.client.HTTPConnection(netloc)
    events.request("GET", "/events")
    answer = events.getresponse()
    while line := answer.fp.readline():
        if line.startswith(b"event: changed"):
            data.request("GET", "/api/v1/products")
            data.getresponse().read()
for _ in range(int(sys.argv[2])):
    threading.Thread(target=watch, args=(sys.argv[1],), daemon=True).start()
sys.stdin.read()
"""


class Looked:
    """A scale that notes when it was looked at."""

    def __init__(self, scale: Any, looks_s: list[float]) -> None:
        self._scale = scale
        self._looks_s = looks_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scale, name)

    def drain(self) -> Any:
        self._looks_s.append(time.perf_counter())
        return self._scale.drain()


def laid_out(folder: Path) -> cfg.Config:
    text = re.sub(r"port: \d+", "port: 0", (ROOT / "config.yaml").read_text(encoding="utf-8"))
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "inventory", folder / "inventory")
    return cfg.load(folder / "config.yaml")


async def measure(
    folder: Path, viewers: int, pairs: int, window_s: float
) -> tuple[list[list[float]], list[float]]:
    """Jitter of the looks in ms, and the daemon's share of a core: without viewers, with them."""
    looks_s: list[float] = []
    shares: list[list[float]] = [[], []]

    def make(*arguments: Any) -> hardware.Hardware:
        made = hardware.from_config(*arguments, base=folder)
        first, *others = made.scales
        return replace(made, scales=(Looked(first, looks_s), *others))

    store = Store(laid_out(folder), folder, SystemClock(), make)
    await store.open()
    view, pages = daemon.serve(store)
    assert pages is not None
    stop = asyncio.Event()
    running = asyncio.create_task(store.run(stop, daemon.page_loops(store, view, pages)))
    try:
        await asyncio.sleep(5)
        jitters_ms: list[list[float]] = [[], []]
        for _ in range(pairs):
            jitters_ms[0] += await window(looks_s, shares[0], window_s)
            url, look = pages.url, (looks_s, shares[1], window_s)
            jitters_ms[1] += await watched(view, url, viewers, look)
        return jitters_ms, [round(statistics.mean(each), 3) for each in shares]
    finally:
        stop.set()
        await running
        await store.close()


async def watched(
    view: Any, url: str, viewers: int, look: tuple[list[float], list[float], float]
) -> list[float]:
    command = [sys.executable, "-c", VIEWER, urlsplit(url).netloc, str(viewers)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE)
    announcing = asyncio.create_task(announce(view))
    try:
        while view._changes.subscribers < viewers:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.1)
        return await window(*look)
    finally:
        announcing.cancel()
        process.terminate()
        await process.wait()


async def announce(view: Any) -> None:
    while True:
        view._changes.announce()
        await asyncio.sleep(ANNOUNCED_EVERY_S)


async def window(looks_s: list[float], shares: list[float], window_s: float) -> list[float]:
    looks_s.clear()
    began_s, used_s = time.perf_counter(), time.process_time()
    await asyncio.sleep(window_s)
    shares.append((time.process_time() - used_s) / (time.perf_counter() - began_s))
    intervals_s = [b - a for a, b in itertools.pairwise(looks_s)]
    usual_s = statistics.median(intervals_s)
    return [abs(one - usual_s) * 1000 for one in intervals_s]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--window-s", type=float, default=15.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = functools.partial(measure, Path(name))
        jitters, shares = asyncio.run(work(given.viewers, given.pairs, given.window_s))
    (alone, together), numbers = jitters, (0, given.viewers)
    for viewers, jitters_ms, share in zip(numbers, jitters, shares, strict=True):
        facts = {"viewers": viewers, "core_share": share, "most_growth": MOST_GROWTH}
        report("viewers", jitters_ms, unit="ms", **facts)
    before_ms, after_ms = statistics.median(alone), statistics.median(together)
    return 0 if after_ms - before_ms <= max(LEAST_MS, before_ms * MOST_GROWTH) else 1


if __name__ == "__main__":
    sys.exit(main())
