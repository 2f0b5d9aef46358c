"""A day of visits on simulated time: is memory flat, is a file left open, does the disk hold?

The real daemon's services over the simulated store, camera and recorder included, on a clock that
jumps. Of five visits three are honest, one is a theft, one is in doubt (a scale is unplugged), so
that clips are deleted, sealed and kept. The slope of the resident memory is taken over the second
half of the run, per simulated hour; clips of doubtful visits have a share of the disk.

    python bench/long_day.py [--minutes N]
"""

import argparse
import asyncio
import ctypes
import gc
import os
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np

from _report import report
from storeguard import allocator, hardware
from storeguard import config as cfg
from storeguard.app import Store
from storeguard.clock import Clock, LoopClock, SimLoop
from storeguard.devices.sim.world import World
from storeguard.domain import events as ev
from storeguard.domain.product import OnScales
from storeguard.mode import Mode
from storeguard.recovery import KIOSK_CSV

STARTED_AT = datetime.fromisoformat("2026-11-20T08:00:00+09:00")
INVENTORY = (
    "상품명, 개수, 가격, 무게\n바나나우유,60,1500,95\n초코바,60,1200,52\n컵라면,60,1800,65\n"
)
SCALES = {"A": "바나나우유", "B": "초코바", "C": "컵라면"}
EVERY_S = 60.0
FEWEST = 5
MOST_SLOPE_MB = 1.0
CLIPS_GB = 0.002
CLEANED_EVERY_S = 300.0


class Day:
    """The store, its customers, and what is measured after each visit."""

    def __init__(self, folder: Path, loop: SimLoop) -> None:
        self._folder = folder
        self._clock = LoopClock(loop, STARTED_AT)
        self.visits = 0
        self.issues = 0
        self.memory: list[tuple[float, float]] = []
        self.files: list[int] = []
        self.loose_bytes: list[int] = []

    async def run(self, minutes: float) -> None:
        (self._folder / "inventory").mkdir()
        (self._folder / "inventory" / KIOSK_CSV).write_text(INVENTORY, encoding="utf-8")
        mode = Mode(fsync=False, threads=False)
        self._store = Store(_config(), self._folder, self._clock, self._hardware, mode=mode)
        self._store.bus.subscribe(self._on_event)
        stop = asyncio.Event()
        await self._store.open()
        running = asyncio.create_task(self._store.run(stop))
        try:
            await asyncio.sleep(10)
            number = 0
            while self._clock.now_s() < 60 * minutes:
                number += 1
                await self._restock()
                await self._visit(number)
                await asyncio.sleep(max(0.0, number * EVERY_S - self._clock.now_s()))
                self._measure()
        finally:
            stop.set()
            await running
            await self._store.close()

    def _hardware(
        self, config: cfg.Config, products: OnScales, counts: Mapping[str, int], clock: Clock
    ) -> hardware.Hardware:
        self._world = World(products, counts, clock)
        return hardware.from_config(
            config, products, counts, clock, base=self._folder, world=self._world
        )

    async def _restock(self) -> None:
        """The staff fill up what is nearly sold out."""
        for product in SCALES.values():
            if self._world.count(product) < FEWEST:
                await self._store.restocking.start("staff")
                await asyncio.sleep(self._world.enter("staff"))
                await asyncio.sleep(self._world.restock(product, 50, by="staff") + 3)
                await asyncio.sleep(self._world.leave("staff"))
                await asyncio.sleep(self._store.config.visits.payment_grace_s + 5)
                await self._store.restocking.stop()

    async def _visit(self, number: int) -> None:
        world, product = self._world, list(SCALES.values())[number % 3]
        await asyncio.sleep(world.enter())
        await asyncio.sleep(world.take(product) + 3)
        if number % 5 == 4:
            world.unplug("A")
            await asyncio.sleep(3)
            world.plug("A")
        if number % 5 != 0:
            await self._store.desk.sell([(product, 1)], f"sale-{number}", "kiosk")
        await asyncio.sleep(world.leave())
        await asyncio.sleep(self._store.config.visits.payment_grace_s + 5)

    def _measure(self) -> None:
        """What the allocator holds for later is given back first: it is no leak."""
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        megabytes = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        self.memory.append((self._clock.now_s() / 3600, megabytes))
        self.files.append(len(list(Path("/proc/self/fd").iterdir())))
        loose = [p.stat() for p in (self._folder / "record").iterdir() if p.suffix == ".mp4"]
        self.loose_bytes.append(sum(s.st_blocks * 512 for s in loose if s.st_nlink == 1))

    def _on_event(self, event: ev.Event) -> None:
        self.visits += isinstance(event, ev.VisitReconciled)
        self.issues += isinstance(event, ev.IssueSealed)


def _config() -> cfg.Config:
    return cfg.Config(
        scales=tuple(
            cfg.Scale(id=scale, products=(product,), backend="sim")
            for scale, product in SCALES.items()
        ),
        cameras=(cfg.Camera(id="door", backend="sim", record_size_px=(320, 180)),),
        detector=cfg.Detector(backend="sim"),
        retention=cfg.Retention(clips_gb=CLIPS_GB),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1440.0, help="simulated")
    minutes = parser.parse_args().minutes
    allocator.keep_little()  # as `run` does
    loop = SimLoop()
    with tempfile.TemporaryDirectory() as folder:
        day = Day(Path(folder), loop)
        try:
            loop.run_until_complete(day.run(minutes))
        finally:
            loop.close()
    second_half = day.memory[len(day.memory) // 2 :]
    hours, megabytes = zip(*second_half, strict=True)
    slope_mb = float(np.polyfit(hours, megabytes, 1)[0])
    # Doubtful visits come faster than the cleaner's rounds: one round's may be over the share.
    share = int(CLIPS_GB * 1e9)
    a_round = max(np.diff([0, *day.loose_bytes])) * CLEANED_EVERY_S / EVERY_S
    is_within = max(day.loose_bytes) <= share + a_round
    is_closed = day.files[-1] <= day.files[len(day.files) // 2]
    report(
        "long-day",
        minutes=minutes,
        visits=day.visits,
        issues=day.issues,
        memory_mb=[round(day.memory[0][1]), round(day.memory[-1][1])],
        slope_mb_per_h=round(slope_mb, 2),
        bar=MOST_SLOPE_MB,
        open_files=[day.files[0], day.files[-1]],
        loose_clip_mb=round(max(day.loose_bytes) / 1e6, 2),
        share_mb=share / 1e6,
    )
    return 0 if slope_mb < MOST_SLOPE_MB and is_within and is_closed else 1


if __name__ == "__main__":
    raise SystemExit(main())
