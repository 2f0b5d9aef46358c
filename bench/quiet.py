"""Long stretches with nobody there: a day, a week, a month of drift, and one item that is taken.

Each trace is one scale of 24 g bags on a cell of 7 g/°C in a shop of ±2.5 °C a day (and one whose
air conditioning comes and goes by 5 °C within minutes), with failed readings, spikes and bursts,
replayed by the real program. In half of them one bag is taken at night with nobody seen. What is
counted must be that and nothing else; what the owner is told on the way is told here too. A
`slid` trace slides one item away within a minute to half a day: it must be counted or called
uncertain, never be gone without a word.

    python bench/quiet.py [--days N ...] [--seeds N] [--rate HZ]
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from _report import report
from _shop_weights import DAY_S, Air, draw_cell, measured_g, words
from storeguard.replaying import replay

UNITS, LEADS_S, STEADY_S = 40, 120.0, 1200.0
KINDS = ("night", "conditioned")
SLIDES = ((24.0, 60.0), (24.0, 600.0), (24.0, 7200.0), (95.0, 120.0), (95.0, 1800.0))
SLIDES += ((95.0, 14_400.0), (265.0, 3600.0), (265.0, 43_200.0))


@dataclass(frozen=True, slots=True)
class Stretch:
    kind: str
    days: float
    seed: int
    unit_g: float = 24.0
    taken: bool = False
    slid_for_s: float = 0.0


def main() -> int:
    wanted = _arguments()
    lines = [_line(days, kind, wanted) for days in wanted.days for kind in KINDS]
    lines.append(_slides(wanted))
    for line in lines:
        report("quiet", **line)
    return 0 if all(line["is_kept"] for line in lines) else 1


def _line(days: float, kind: str, wanted: argparse.Namespace) -> dict[str, Any]:
    sums, began_s = Counter[str](), time.perf_counter()
    for seed in range(wanted.seeds):
        for taken in (False, True):
            sums.update(_judged(Stretch(kind, days, seed, taken=taken), wanted.rate))
    is_kept = sums["right"] == 2 * wanted.seeds
    return {
        "kind": kind,
        "days": days,
        **_figures(sums, began_s),
        "is_kept": is_kept,
    }


def _slides(wanted: argparse.Namespace) -> dict[str, Any]:
    sums, began_s = Counter[str](), time.perf_counter()
    for unit_g, for_s in SLIDES:
        for seed in range(wanted.seeds):
            days = (for_s + 3 * STEADY_S) / DAY_S
            stretch = Stretch("slid", days, seed, unit_g, taken=True, slid_for_s=for_s)
            sums.update(_judged(stretch, wanted.rate))
    is_kept = sums["silent"] == 0
    return {"kind": "slid", **_figures(sums, began_s), "is_kept": is_kept}


def _figures(sums: Counter[str], began_s: float) -> dict[str, Any]:
    names = ("right", "counted", "doubted", "silent", "false_counts", "issues", "faults")
    found = {name: sums[name] for name in names}
    took_s = time.perf_counter() - began_s
    return {"n": sums["n"], **found, "speed": round(sums["store_s"] / took_s), "took_s": took_s}


def _judged(stretch: Stretch, rate_hz: float) -> Counter[str]:
    """What the replay says: `right` is one count down where one was taken, and no other."""
    with tempfile.TemporaryDirectory(prefix="storeguard-quiet-") as folder:
        trace = Path(folder, "trace")
        _write(trace, stretch, rate_hz)
        lines: list[dict[str, Any]] = []
        replay(trace, Path(folder, "out"), lines.append)
    counts = [(e["before"], e["after"]) for e in lines if e["event"] == "StockChanged"]
    events = Counter(e["event"] for e in lines)
    is_doubted = any(not e.get("certain", True) for e in lines if e["event"] == "ZeroMoved")
    is_doubted |= any(e["uncertain"] for e in lines if e["event"] == "VisitReconciled")
    wanted = [(UNITS, UNITS - 1)] if stretch.taken else []
    net = counts[-1][1] - UNITS if counts else 0
    return Counter(
        n=1,
        right=counts == wanted,
        counted=net == -1,
        doubted=is_doubted,
        silent=stretch.taken and net != -1 and not is_doubted,
        false_counts=len(counts) - (net == -1) if counts != wanted else 0,
        issues=events["IssueSealed"],
        faults=events["DeviceFailed"],
        store_s=round(stretch.days * DAY_S),
    )


def _write(trace: Path, stretch: Stretch, rate_hz: float) -> None:
    chance = np.random.default_rng([stretch.seed, round(stretch.days * 100), stretch.taken])
    cell = draw_cell(10_000.0, chance, worst=True)
    times = np.arange(0.0, stretch.days * DAY_S, 1 / rate_hz)
    air = Air.day(times[-1], chance, conditioned=stretch.kind == "conditioned")
    if stretch.kind == "slid":
        air = Air(air.times_s, 0.0 * air.degrees)
    grams = UNITS * stretch.unit_g - _gone(times, stretch, chance)
    raws = words(measured_g(times, grams, cell, air), cell, chance, rate_hz)
    (trace / "inventory").mkdir(parents=True)
    (trace / "config.yaml").write_text(_config(cell, rate_hz), encoding="utf-8")
    (trace / "people.csv").write_text("t_s,people\n0,0\n", encoding="utf-8")
    (trace / "sales.csv").write_text("t_s,product,count\n", encoding="utf-8")
    row = f"사탕,{UNITS},1000,{stretch.unit_g:g}\n"
    book = trace / "inventory" / "inventory_store.csv"
    book.write_text("상품명, 개수, 가격, 무게\n" + row, encoding="utf-8")
    with (trace / "scales.csv").open("w", encoding="utf-8") as file:
        file.writelines(_rows(times, raws))


def _rows(times: Any, raws: list[int | None]) -> Iterator[str]:
    yield "t_s,scale,raw\n"
    for t_s, raw in zip(times.tolist(), raws, strict=True):
        yield f"{t_s:.2f},A,{'' if raw is None else raw}\n"


def _gone(times: Any, stretch: Stretch, chance: np.random.Generator) -> Any:
    """One unit that is lifted, by a hand of a second, or slid away."""
    if not stretch.taken:
        return np.zeros(len(times))
    gram = stretch.unit_g * (1 + 0.01 * chance.normal())
    if stretch.slid_for_s:
        return gram * np.clip((times - STEADY_S) / stretch.slid_for_s, 0.0, 1.0)
    at_s = chance.uniform(0.3, 0.9) * times[-1]
    pressed = (times >= at_s - 1.0) & (times < at_s)
    return gram * (times >= at_s) - pressed * chance.uniform(20, 300, len(times))


def _config(cell: Any, rate_hz: float) -> str:
    return (
        "store: {id: bench-1, name: 벤치}\nscales:\n"
        f"  - {{id: A, products: [사탕], capacity_g: {cell.capacity_g:.0f}, "
        f"sample_rate_hz: {rate_hz:g}, calibration: {{tare_raw: {cell.tare_raw}, "
        f"counts_per_g: {cell.counts_per_g:.4f}}}}}\ncameras: [{{id: door}}]\n"
        'started_at: "2026-11-20T10:00:00+09:00"\n'
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=float, nargs="+", default=[1.0, 7.0, 30.0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rate", type=float, default=2.0)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
