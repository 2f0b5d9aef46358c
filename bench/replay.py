"""Replay of a generated trace: six scales at 10 samples/s, people and sales, against the wall.

`speed` is store time by replay time, in one process: loading the trace and building the store
are included, the interpreter's start, the imports and the making of the trace are not. The
median run must reach 1,000. What the replay finds is checked against what was generated.

`weighing_samples_per_s`: domain/weighing alone on one core, fed as the replay feeds it.

    python bench/replay.py [--hours H] [--rounds N]
"""

import argparse
import collections
import os
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from _report import report
from storeguard.devices.traces import load_trace
from storeguard.domain import scalerules, scalestate, weighing
from storeguard.mode import REPLAY
from storeguard.replaying import replay

LEAST_SPEED = 1_000.0
LEAST_SAMPLES_PER_S = 100_000.0

SCALES = ("A", "B", "C", "D", "E", "F")
UNITS_G = (95, 52, 265, 370, 120, 210)
STOCK = 120
SAMPLE_RATE_HZ = 10
TARE_RAW, COUNTS_PER_G, NOISE_G = 84_000, 429.0, 0.25
VISIT_EVERY_S = (120.0, 260.0)


@dataclass
class Day:
    """What is generated: weights as changes, people, sales, and what is never paid for."""

    changes: list[list[tuple[float, float]]] = field(default_factory=lambda: [[] for _ in SCALES])
    hands: list[list[tuple[float, float]]] = field(default_factory=lambda: [[] for _ in SCALES])
    people: list[str] = field(default_factory=lambda: ["t_s,people", "0,0"])
    sales: list[str] = field(default_factory=lambda: ["t_s,product,count"])
    visits: int = 0
    unpaid: int = 0


def main() -> int:
    wanted = _arguments()
    with tempfile.TemporaryDirectory(prefix="storeguard-bench-") as folder:
        trace = Path(folder, "trace")
        day = _make_trace(trace, wanted.hours * 3600.0)
        runs = [_run(trace, Path(folder, f"out-{i}"), day) for i in range(wanted.rounds)]
        samples_per_s = _weighing_speed(trace)
    speed = statistics.median(run["speed"] for run in runs)
    is_fast = speed >= LEAST_SPEED and samples_per_s >= LEAST_SAMPLES_PER_S
    report(
        "replay against real time",
        [run["took_s"] for run in runs],
        unit="s",
        store_hours=wanted.hours,
        samples=sum(1 for _ in SCALES) * int(wanted.hours * 3600 * SAMPLE_RATE_HZ),
        visits=day.visits,
        speed=round(speed),
        speed_limit=LEAST_SPEED,
        cpu_speed=round(statistics.median(run["cpu_speed"] for run in runs)),
        is_right=all(run["is_right"] for run in runs),
        weighing_samples_per_s=round(samples_per_s),
        weighing_limit=LEAST_SAMPLES_PER_S,
        load=[round(load, 1) for load in os.getloadavg()],
    )
    return 0 if is_fast and all(run["is_right"] for run in runs) else 1


def _run(trace: Path, out: Path, day: Day) -> dict[str, Any]:
    events: list[dict[str, Any]] = []
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    replayed = replay(trace, out, events.append)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    return {
        "took_s": took_s,
        "speed": replayed.sim_s / took_s,
        "cpu_speed": replayed.sim_s / cpu_s,
        "is_right": _is_right(events, day),
    }


def _is_right(events: list[dict[str, Any]], day: Day) -> bool:
    """Every visit once, and just what was not paid for in the issues."""
    found = collections.Counter(event["event"] for event in events)
    lines = [n for e in events if e["event"] == "IssueSealed" for n in e["lines"]]
    missing = sum(line["missing"] for line in lines)
    return found["VisitReconciled"] == day.visits and missing == day.unpaid


def _weighing_speed(trace: Path) -> float:
    """Samples a second of one scale, in batches as the replay's round drains them."""
    readings = load_trace(trace).readings[SCALES[0]]
    band_g = scalerules.band_g(10_000.0, UNITS_G[0])
    rules = scalerules.WeighingRules(SCALES[0], TARE_RAW, COUNTS_PER_G, 2.0, band_g)
    # 0.25 s at 10 samples/s: two and three readings in turns.
    each = max(1, round(REPLAY.weighing_round_s * SAMPLE_RATE_HZ))
    batches = [readings[at : at + each] for at in range(0, len(readings), each)]
    state = scalestate.Weighing()
    began_s = time.process_time()
    for batch in batches:
        state, _ = weighing.advance(state, batch, rules)
    return len(readings) / (time.process_time() - began_s)


# --- the trace ---------------------------------------------------------------------------


def _make_trace(folder: Path, ends_s: float) -> Day:
    (folder / "inventory").mkdir(parents=True)
    day = _visits(ends_s)
    rows = "".join(f"상품{s},{STOCK},1500,{g}\n" for s, g in zip(SCALES, UNITS_G, strict=True))
    files = {
        "config.yaml": _config(),
        "inventory/inventory_store.csv": "상품명, 개수, 가격, 무게\n" + rows,
        "people.csv": "\n".join(day.people) + "\n",
        "sales.csv": "\n".join(day.sales) + "\n",
        "scales.csv": _scales(day, ends_s),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return day


def _config() -> str:
    calibration = f"{{tare_raw: {TARE_RAW}, counts_per_g: {COUNTS_PER_G}}}"
    scales = "".join(
        f"  - {{id: {s}, products: [상품{s}], capacity_g: {50_000 if g > 80 else 10_000}, "
        f"calibration: {calibration}}}\n"
        for s, g in zip(SCALES, UNITS_G, strict=True)
    )
    return (
        "store: {id: bench-1, name: 벤치}\nscales:\n" + scales + "cameras: [{id: door}]\n"
        'started_at: "2026-11-20T10:00:00+09:00"\n'
    )


def _visits(ends_s: float) -> Day:
    chance, day = random.Random(1), Day()
    t_s = 60.0
    while t_s < ends_s - 60.0:
        t_s = _visit(day, chance, t_s) + chance.uniform(*VISIT_EVERY_S)
    return day


def _visit(day: Day, chance: random.Random, enters_s: float) -> float:
    """Somebody takes one to three things; one visit in eight leaves one of them unpaid."""
    day.visits += 1
    day.people.append(f"{enters_s:.2f},1")
    t_s, taken = enters_s, []
    for _ in range(chance.randint(1, 3)):
        t_s += chance.uniform(5.0, 12.0)
        scale = chance.randrange(len(SCALES))
        day.hands[scale].append((t_s - 1.0, t_s + 0.4))
        day.changes[scale].append((t_s, -float(UNITS_G[scale])))
        taken.append(scale)
    if chance.random() < 1 / 8:
        taken.pop()
        day.unpaid += 1
    t_s += 6.0
    for scale in taken:
        t_s += 2.0
        day.sales.append(f"{t_s:.2f},상품{SCALES[scale]},1")
    day.people.append(f"{t_s + 5.0:.2f},0")
    return t_s + 5.0


def _scales(day: Day, ends_s: float) -> str:
    noise = np.random.default_rng(1)
    times_s = np.arange(0.0, ends_s, 1 / SAMPLE_RATE_HZ)
    columns = []
    for at, unit_g in enumerate(UNITS_G):
        grams = STOCK * unit_g + noise.normal(0.0, NOISE_G, len(times_s))
        for t_s, change_g in day.changes[at]:
            grams[times_s >= t_s] += change_g
        for from_s, until_s in day.hands[at]:
            is_pressed = (times_s >= from_s) & (times_s < until_s)
            grams[is_pressed] += noise.uniform(100.0, 800.0, int(is_pressed.sum()))
        columns.append((TARE_RAW + COUNTS_PER_G * grams).round().astype(int).tolist())
    lines = ["t_s,scale,raw\n"]
    for t_s, *raws in zip(times_s.round(2).tolist(), *columns, strict=True):
        lines += [f"{t_s},{s},{raw}\n" for s, raw in zip(SCALES, raws, strict=True)]
    return "".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
