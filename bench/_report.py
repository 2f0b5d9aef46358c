"""One JSON line a bench, on stdout: what was measured, on which machine, at which commit."""

import json
import math
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def report(bench: str, figures: Sequence[float] = (), **more: Any) -> None:
    """Prints the line. `figures` become n, median, p95 and max; `more` stands beside them."""
    line: dict[str, Any] = {"bench": bench, "machine": machine(), "commit": commit()}
    if figures:
        line |= {
            "n": len(figures),
            "median": round(statistics.median(figures), 3),
            "p95": round(percentile(figures, 95), 3),
            "max": round(max(figures), 3),
        }
    print(json.dumps(line | more, ensure_ascii=False), flush=True)


def percentile(figures: Sequence[float], percent: float) -> float:
    """The smallest figure that `percent` of all do not exceed."""
    ordered = sorted(figures)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def machine() -> str:
    """Cores, processor and Python, for example `2 x Intel Xeon, Linux x86_64, Python 3.11.7`."""
    cores = len(os.sched_getaffinity(0))
    kind = f"{platform.system()} {platform.machine()}"
    return f"{cores} x {_processor()}, {kind}, Python {platform.python_version()}"


def commit() -> str:
    """The short commit; `+` where the working tree differs from it."""
    shown = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "src", "bench")
    return f"{shown or 'unknown'}{'+' if changed else ''}"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def _processor() -> str:
    """A Pi names its board in the device tree, a PC its processor in cpuinfo."""
    board = Path("/proc/device-tree/model")
    if board.exists():
        return board.read_text().strip("\0\n")
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown processor")
