"""Bytes written to the card on a quiet day: nobody comes, the scales drift with the warmth.

The daemon's own services on simulated time, with every fsync, on an ext4 file system of their
own: a loop device on a tmpfs, in a mount namespace that ends with this program. Counted are the
sectors that this device was asked to write, so that the journal of ext4 and half-filled pages
are in the figure; the daemon's log goes to the system's journal and is not. `--hours` are
extrapolated to a day, without the start. There is no camera: one that sees nobody writes
nothing. Needs root, for the mount. At most 50 MB a day.

    python bench/card_writes.py [--hours N]
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from math import pi, sin
from pathlib import Path

from _report import report
from storeguard import config as cfg
from storeguard import hardware
from storeguard.app import Store
from storeguard.clock import Clock, LoopClock, SimLoop, run_simulated
from storeguard.devices.sim.scale import SIM_CALIBRATION, SimScale
from storeguard.devices.sim.world import World
from storeguard.domain.product import OnScales
from storeguard.mode import Mode
from storeguard.recovery import KIOSK_CSV

MOST_MB = 50.0
MB = 1_000_000
SECTOR_BYTES = 512
IMAGE_MB = 700
INSIDE = "STOREGUARD_BENCH_INSIDE"
WARMTH_G = 10.0
"""A cell that drifts 2 g a degree, between night and day; up and down once in 24 h."""

SETTLED_S = 600.0
"""The start is not counted: it comes once a month."""

GOODS = {f"상품{n}": 50 + 40 * n for n in range(6)}
INVENTORY = "상품명, 개수, 가격, 무게\n" + "".join(f"{p},20,1500,{g}\n" for p, g in GOODS.items())
MODE = Mode(fsync=True, threads=False, outside=True)


class WarmScale(SimScale):
    """Its drift follows the day."""

    def drain(self) -> tuple[object, ...]:  # type: ignore[override]
        hours = self._clock.now_s() / 3600
        swing_g = WARMTH_G / 2 * sin(2 * pi * hours / 24)
        self._drift_g_per_h = swing_g / hours if hours else 0.0
        return tuple(super().drain())


def main() -> int:
    hours = _arguments().hours
    if os.geteuid() != 0:
        print("card_writes: needs root, for a file system of its own", file=sys.stderr)
        return 1
    if INSIDE not in os.environ:
        inside = {**os.environ, INSIDE: "1"}
        return subprocess.run(
            ["unshare", "--mount", sys.executable, *sys.argv], env=inside
        ).returncode
    with tempfile.TemporaryDirectory(prefix="storeguard-bench-") as room:
        card = _card(Path(room))
        try:
            written = run_simulated(lambda loop: _quiet(loop, card, hours))
        finally:
            _command("umount", "--lazy", card)
            _command("umount", "--lazy", room)
    mb_a_day = written / MB * 24 / hours
    report(
        "bytes written to the card on a quiet day",
        mb_a_day=round(mb_a_day, 2),
        limit_mb=MOST_MB,
        hours=hours,
        scales=len(GOODS),
        method="sectors written to an ext4 loop device, simulated time",
    )
    return 0 if mb_a_day <= MOST_MB else 1


def _card(room: Path) -> Path:
    _command("mount", "-t", "tmpfs", "-o", f"size={IMAGE_MB + 50}m", "bench", room)
    image, card = room / "card.img", room / "card"
    card.mkdir()
    with image.open("wb") as file:
        file.truncate(IMAGE_MB * MB)
    _command("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
    _command("mount", "-t", "ext4", "-o", "loop,noatime", image, card)
    return card


async def _quiet(loop: SimLoop, card: Path, hours: float) -> int:
    """The bytes written in that time, after the start has settled."""
    folder = card / "shop"
    (folder / "inventory").mkdir(parents=True)
    (folder / "inventory" / KIOSK_CSV).write_text(INVENTORY, encoding="utf-8")
    clock = LoopClock(loop, datetime(2026, 11, 20, tzinfo=UTC))
    store = Store(_config(), folder, clock, _hardware, mode=MODE)
    stop = asyncio.Event()
    await store.open()
    running = asyncio.create_task(store.run(stop))
    await asyncio.sleep(SETTLED_S)
    before = _written_bytes(card)
    await asyncio.wait([running], timeout=3600 * hours)
    written = _written_bytes(card) - before
    stop.set()
    await running
    await store.close()
    return written


def _config() -> cfg.Config:
    scales = [cfg.Scale(id=f"S{n}", products=(p,), backend="sim") for n, p in enumerate(GOODS)]
    return cfg.Config(scales=tuple(scales), detector=cfg.Detector(backend="sim"))


def _hardware(
    config: cfg.Config, products: OnScales, counts: Mapping[str, int], clock: Clock
) -> hardware.Hardware:
    world = World(products, counts, clock)
    scales = tuple(WarmScale(scale, world, clock) for scale in config.scales)
    return hardware.Hardware(scales, (), {scale.id: SIM_CALIBRATION for scale in scales})


def _written_bytes(card: Path) -> int:
    os.sync()
    device = card.stat().st_dev
    stat = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text()
    return int(stat.split()[6]) * SECTOR_BYTES


def _command(*arguments: object) -> None:
    subprocess.run([*map(str, arguments)], check=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=6.0)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
