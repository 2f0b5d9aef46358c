"""Start of `storeguard run` to the first reading weighed and the first picture judged.

A fresh process each time, the page cache warm, simulated devices, the `onnx` detector. The
figure is the later of the two moments, as the daemon's own log tells them; p95 must be at most
3 s. The first start in a new folder, which also makes the database, stands beside it.
Needs STOREGUARD_MODELS.

    python bench/start.py [--network NAME] [--n N]
"""

import argparse
import contextlib
import os
import queue
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from _report import percentile, report

LONGEST_START_S = 3.0
GIVE_UP_S = 60.0

MARKS = {"open": " guards '", "reading": "first reading", "picture": "first picture judged"}
"""What the daemon logs at each moment."""

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


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the process's creation: store open, first reading, first picture."""

    open_s: float
    reading_s: float
    picture_s: float

    @property
    def whole_s(self) -> float:
        return max(self.reading_s, self.picture_s)


def main() -> int:
    wanted = _arguments()
    with _folder(wanted.network) as folder:
        first = _start(folder)
        starts = [_start(folder) for _ in range(wanted.n)]
    whole_s = [start.whole_s for start in starts]
    report(
        "start of run",
        whole_s,
        unit="s",
        limit_s=LONGEST_START_S,
        network=wanted.network,
        median_until_open=_median(start.open_s for start in starts),
        median_until_reading=_median(start.reading_s for start in starts),
        median_until_picture=_median(start.picture_s for start in starts),
        first_start_in_new_folder=round(first.whole_s, 3),
        load=[round(load, 1) for load in os.getloadavg()],
    )
    return 0 if percentile(whole_s, 95) <= LONGEST_START_S else 1


@contextlib.contextmanager
def _folder(network: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="storeguard-bench-"))
    try:
        (folder / "inventory").mkdir()
        (folder / "inventory" / "inventory_store.csv").write_text(INVENTORY, encoding="utf-8")
        (folder / "config.yaml").write_text(CONFIG.format(network=network), encoding="utf-8")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> Start:
    """Starts the daemon, waits for all three marks, ends it."""
    began_s = time.monotonic()
    program = Path(sys.executable).with_name("storeguard")
    command = [str(program), "--debug", "run", "--config", str(folder / "config.yaml")]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    lines: queue.Queue[tuple[float, str]] = queue.Queue()
    reader = threading.Thread(target=_read, args=(child, lines))
    reader.start()
    try:
        found = _marks(lines)
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait()
        reader.join()
    return Start(*(found[name] - began_s for name in MARKS))


def _read(child: "subprocess.Popen[str]", lines: "queue.Queue[tuple[float, str]]") -> None:
    assert child.stderr is not None
    with child.stderr:
        for line in child.stderr:
            lines.put((time.monotonic(), line))
    lines.put((time.monotonic(), ""))


def _marks(lines: "queue.Queue[tuple[float, str]]") -> dict[str, float]:
    found: dict[str, float] = {}
    said = ""
    while len(found) < len(MARKS):
        at_s, line = lines.get(timeout=GIVE_UP_S)
        if not line:
            raise SystemExit(f"storeguard run has ended before it began:\n{said}")
        said += line
        for name, mark in MARKS.items():
            if mark in line:
                found.setdefault(name, at_s)
    return found


def _median(seconds: Iterator[float]) -> float:
    return round(statistics.median(list(seconds)), 3)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="yolo11n")
    parser.add_argument("--n", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
