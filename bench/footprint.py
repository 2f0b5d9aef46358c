"""Resident memory of `storeguard run` with simulated devices and the `onnx` detector.

Two children a network, both read from /proc after `--seconds`: `storeguard run` itself, in
whose simulated store nobody acts (`idle`), and the same store, pages and loops with a thief
who comes three times, so that steps settle, visits of 1280x720 are recorded and issues sealed.
The figures are the second one's VmRSS, a network each; `peak` is its VmHWM. Limit: 300 MB, and
no torch in either process. Needs STOREGUARD_MODELS.

    python bench/footprint.py [--network NAME ...] [--seconds S]
"""

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _report import report

LARGEST_MB = 300.0
NETWORKS = ("yolox-nano", "yolo11n")
VISITS, BEFORE_S, BETWEEN_S = 3, 5.0, 8.0

CONFIG = """\
store: {{id: bench-1, name: 벤치}}
scales:
  - {{id: A, products: [바나나우유], backend: sim}}
  - {{id: B, products: [초코바], backend: sim}}
  - {{id: C, products: [콜라], backend: sim}}
cameras: [{{id: door, backend: sim}}]
detector: {{backend: onnx, model: {network}}}
web: {{port: 0}}
"""
INVENTORY = "상품명, 개수, 가격, 무게\n바나나우유,6,1500,265\n초코바,12,1200,52\n콜라,8,1800,370\n"


def main() -> int:
    wanted = _arguments()
    if wanted.act is not None:
        return _act(wanted.act)
    networks = {name: _measure(name, wanted.seconds) for name in wanted.network or NETWORKS}
    largest = [found["rss"] for found in networks.values()]
    report(
        "footprint of run",
        largest,
        unit="MB",
        limit_mb=LARGEST_MB,
        networks=networks,
        after_s=wanted.seconds,
        load=[round(load, 1) for load in os.getloadavg()],
    )
    return 0 if all(_is_well(found) for found in networks.values()) else 1


def _is_well(found: Mapping[str, Any]) -> bool:
    was_used = found["clips"] > 0 and found["issues"] > 0
    return was_used and found["rss"] <= LARGEST_MB and not found["has_torch"]


def _measure(network: str, seconds: float) -> dict[str, Any]:
    program = str(Path(sys.executable).with_name("storeguard"))
    idle = _watch(network, seconds, [program, "run", "--config"])
    acting = _watch(network, seconds, [sys.executable, str(Path(__file__).resolve()), "--act"])
    return {
        "rss": acting["VmRSS"],
        "peak": acting["VmHWM"],
        "anonymous": acting["RssAnon"],
        "idle": idle["VmRSS"],
        "idle_peak": idle["VmHWM"],
        "clips": acting["clips"],
        "issues": acting["issues"],
        "has_torch": idle["has_torch"] or acting["has_torch"],
    }


def _watch(network: str, seconds: float, command: Sequence[str]) -> dict[str, Any]:
    """Starts the command on a new store and looks at it after `seconds`."""
    folder = Path(tempfile.mkdtemp(prefix="storeguard-bench-"))
    try:
        (folder / "inventory").mkdir()
        (folder / "inventory" / "inventory_store.csv").write_text(INVENTORY, encoding="utf-8")
        (folder / "config.yaml").write_text(CONFIG.format(network=network), encoding="utf-8")
        return _of_child([*command, str(folder / "config.yaml")], folder, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _of_child(command: Sequence[str], folder: Path, seconds: float) -> dict[str, Any]:
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        time.sleep(seconds)
        if child.poll() is not None:
            raise SystemExit(f"{command[0]} has ended early, exit code {child.returncode}")
        found = _memory_mb(child.pid)
        found["has_torch"] = "torch" in Path(f"/proc/{child.pid}/maps").read_text()
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait()
    found["clips"] = len(list(folder.glob("record/*.mp4")))
    found["issues"] = len(list(folder.glob("issue_data/*/issue.json")))
    return found


def _memory_mb(pid: int) -> dict[str, Any]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    values = {line.split(":")[0]: line.split()[1] for line in lines if line.endswith(" kB")}
    return {name: round(int(values[name]) / 1024, 1) for name in ("VmRSS", "VmHWM", "RssAnon")}


def _act(path: Path) -> int:
    """`storeguard run`, with a world in which somebody acts."""
    # Imported here: the watching process needs none of it, and the child all of it.
    import storeguard.cli  # noqa: F401
    from storeguard import config as cfg
    from storeguard import daemon, hardware
    from storeguard.devices.sim.actors import thief
    from storeguard.devices.sim.world import World

    async def play(world: World) -> None:
        await asyncio.sleep(BEFORE_S)
        for product in ("초코바", "바나나우유", "콜라")[:VISITS]:
            await thief(world, {product: 1})
            await asyncio.sleep(BETWEEN_S)

    acting: list[asyncio.Task[None]] = []

    def make(config: Any, products: Any, counts: Any, clock: Any) -> hardware.Hardware:
        world = World(products, counts, clock)
        acting.append(asyncio.get_running_loop().create_task(play(world)))
        return hardware.from_config(config, products, counts, clock, base=path.parent, world=world)

    return daemon.run_daemon(cfg.load(path), path.parent, make_hardware=make)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", action="append", choices=NETWORKS)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--act", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
