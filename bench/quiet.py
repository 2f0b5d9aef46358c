"""Long stretches with nobody there: a day, a week, a month of drift, and one item that is taken.

Each trace is one scale of 24 g bags on a cell of 7 g/°C in a shop of ±2.5 °C a day (and one whose
air conditioning comes and goes by 5 °C within minutes), with failed readings, spikes and bursts,
replayed by the real program. In half of them one bag is taken at night with nobody seen. What is
counted must be that and nothing else; what the owner is told on the way is told here too. In a
`season` the shop warms by 20 °C from its beginning to its end (over five hours at least: no hour
may move further than a zero does). A `stuck` cell says one word for five minutes, up to three units
away from its level, and must be called faulty. A `slid` trace slides one item away within a minute
to half a day: it must be counted or called uncertain, never be gone without a word.

`--of rules` asks the rules of the scale alone, a month within a minute: no step but the bag's. Its
`freezer` is a heap of 60 kg on 200 kg cells in the same air, with frost, defrosts and a compressor;
`false` are losses that a visit at the time of each step would be told, once with two items taken.

    python bench/quiet.py [--of program|rules] [--kind NAME ...] [--days N ...] [--seeds N]
        [--rate HZ]
"""

import argparse
import math
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from _report import report
from _shop_weights import DAY_S, Air, Cell, draw_cell, measured_g, words
from storeguard.domain import bulk
from storeguard.domain.bulk import Moved, Typical
from storeguard.domain.drift import DriftRules
from storeguard.domain.events import DeviceFailed, StepSettled
from storeguard.domain.scalerules import Reading, WeighingRules, band_g
from storeguard.domain.scalestate import Weighing
from storeguard.domain.weighing import advance
from storeguard.replaying import replay

UNITS, LEADS_S, STEADY_S = 40, 120.0, 1200.0
KINDS = ("night", "conditioned", "season", "stuck")
SEASON_C = 20.0
STUCK_S, STUCK_UNITS = 300.0, 3.0
SLIDES = ((24.0, 60.0), (24.0, 600.0), (24.0, 7200.0), (95.0, 120.0), (95.0, 1800.0))
SLIDES += ((95.0, 14_400.0), (265.0, 3600.0), (265.0, 43_200.0))
HEAP_G, BAR_G, HUM_G = 60_000.0, 75.0, 8.0
FROST_G_PER_S = 150.0 / DAY_S
DEFROST_G, DEFROST_TAU_S, DEFROSTS_EVERY_S = 200.0, 600.0, 6 * 3600.0
A_BATCH = 40


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
    if wanted.of == "rules":
        kinds = [one for one in (*KINDS, "freezer") if one in wanted.kind]
        kept = [_ruled(days, kind, wanted) for days in wanted.days for kind in kinds]
        return 0 if all(kept) else 1
    kinds = [one for one in KINDS if one in wanted.kind]
    kept = [_line(days, kind, wanted) for days in wanted.days for kind in kinds]
    if "slid" in wanted.kind:
        kept.append(_slides(wanted))
    return 0 if all(kept) else 1


def _line(days: float, kind: str, wanted: argparse.Namespace) -> bool:
    sums, began_s = Counter[str](), time.perf_counter()
    for seed in range(wanted.seeds):
        for taken in (False, True):
            sums.update(_judged(Stretch(kind, days, seed, taken=taken), wanted.rate))
    is_kept: bool = sums["right"] == 2 * wanted.seeds
    report("quiet", kind=kind, days=days, **_figures(sums, began_s), is_kept=is_kept)
    return is_kept


def _ruled(days: float, kind: str, wanted: argparse.Namespace) -> bool:
    """A line of the rules alone."""
    sums, began_s = Counter[str](), time.perf_counter()
    judged = _heap if kind == "freezer" else _plate
    for seed in range(wanted.seeds):
        for taken in (False, True):
            sums.update(judged(Stretch(kind, days, seed, taken=taken), wanted.rate))
    names = ("n", "right", "steps", "false", "faults")
    found: dict[str, Any] = {name: sums[name] for name in names}
    is_kept = sums["right"] == sums["n"] and sums["false"] == 0
    took_s = round(time.perf_counter() - began_s)
    about: dict[str, Any] = {"of": "rules", "kind": kind, "days": days}
    report("quiet", **about, **found, took_s=took_s, is_kept=is_kept)
    return is_kept


def _plate(stretch: Stretch, rate_hz: float) -> Counter[str]:
    """`right`: one step of a unit where one was taken, and none else."""
    cell, raws = _readings(stretch, rate_hz)
    band = band_g(cell.capacity_g, stretch.unit_g)
    drifts = DriftRules.of(cell.capacity_g)
    rules = WeighingRules("A", cell.tare_raw, cell.counts_per_g, 2.0, band, drift=drifts)
    found = list(_events(raws, rate_hz, rules))
    steps = [round(one.grams / stretch.unit_g) for one in found if isinstance(one, StepSettled)]
    faults = sum(isinstance(one, DeviceFailed) for one in found)
    is_right = steps == [-1] * stretch.taken
    return Counter(n=1, right=is_right, steps=len(steps), faults=faults)


def _heap(stretch: Stretch, rate_hz: float) -> Counter[str]:
    """`right`: the loss of two items is told where they were taken; `false`: any other."""
    chance = np.random.default_rng([stretch.seed, stretch.taken])
    cell = draw_cell(200_000.0, chance, worst=True)
    times = np.arange(0.0, stretch.days * DAY_S, 1 / rate_hz)
    grams = HEAP_G + FROST_G_PER_S * times
    for begins_s in np.arange(1800.0, times[-1], DEFROSTS_EVERY_S):
        since_s = np.clip(times - begins_s, 0.0, None)
        grams -= DEFROST_G * (1 - np.exp(-since_s / DEFROST_TAU_S))
    at_s = chance.uniform(0.3, 0.9) * times[-1] if stretch.taken else math.inf
    grams -= 2 * BAR_G * (times >= at_s)
    grams += HUM_G * np.sin(2 * math.pi * 1.3 * times) * ((times // 600) % 3 == 0)
    air = Air.day(times[-1], chance, conditioned=True)
    raws = words(measured_g(times, grams, cell, air), cell, chance, rate_hz)
    settle_s, band = bulk.SETTLE_FOR_S, bulk.band_g(cell.capacity_g)
    drifts = bulk.rules(cell.capacity_g)
    rules = WeighingRules("A", cell.tare_raw, cell.counts_per_g, settle_s, band, drift=drifts)
    found = [one for one in _events(raws, rate_hz, rules) if isinstance(one, StepSettled)]
    told = [one for one in found if _is_told(one)]
    is_theirs = [bool(abs(one.started_s - at_s) < 10.0) for one in told]
    right = sum(is_theirs) == stretch.taken
    return Counter(n=1, right=right, steps=len(found), false=is_theirs.count(False))


def _is_told(step: StepSettled) -> bool:
    moved = [Moved(step.started_s, step.t_s, step.grams, step.sigma_g)]
    loss = bulk.judge(moved, [], Typical(BAR_G, 13.0))
    return loss is not None and loss.grams > 0


def _events(raws: list[int | None], rate_hz: float, rules: WeighingRules) -> Iterator[Any]:
    state = Weighing()
    for first in range(0, len(raws), A_BATCH):
        some = enumerate(raws[first : first + A_BATCH], start=first)
        readings = [Reading(number / rate_hz, raw) for number, raw in some]
        state, events = advance(state, readings, rules)
        yield from events


def _slides(wanted: argparse.Namespace) -> bool:
    sums, began_s = Counter[str](), time.perf_counter()
    for unit_g, for_s in SLIDES:
        for seed in range(wanted.seeds):
            days = (for_s + 3 * STEADY_S) / DAY_S
            stretch = Stretch("slid", days, seed, unit_g, taken=True, slid_for_s=for_s)
            sums.update(_judged(stretch, wanted.rate))
    is_kept = sums["silent"] == 0
    report("quiet", kind="slid", **_figures(sums, began_s), is_kept=is_kept)
    return is_kept


def _figures(sums: Counter[str], began_s: float) -> dict[str, Any]:
    names = ("right", "counted", "doubted", "silent", "false_counts", "issues", "faults")
    found: dict[str, Any] = {name: sums[name] for name in names}
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
        right=counts == wanted and (stretch.kind != "stuck" or events["DeviceFailed"] > 0),
        counted=net == -1,
        doubted=is_doubted,
        silent=stretch.taken and net != -1 and not is_doubted,
        false_counts=len(counts) - (net == -1) if counts != wanted else 0,
        issues=events["IssueSealed"],
        faults=events["DeviceFailed"],
        store_s=round(stretch.days * DAY_S),
    )


def _readings(stretch: Stretch, rate_hz: float) -> tuple[Cell, list[int | None]]:
    """What the cell under one plate of bags delivers."""
    chance = np.random.default_rng([stretch.seed, round(stretch.days * 100), stretch.taken])
    cell = draw_cell(10_000.0, chance, worst=True)
    times = np.arange(0.0, stretch.days * DAY_S, 1 / rate_hz)
    air = Air.day(times[-1], chance, conditioned=stretch.kind == "conditioned")
    if stretch.kind == "slid":
        air = Air(air.times_s, 0.0 * air.degrees)
    if stretch.kind == "season":
        air = Air(air.times_s, air.degrees + SEASON_C * air.times_s / times[-1])
    grams = measured_g(times, UNITS * stretch.unit_g - _gone(times, stretch, chance), cell, air)
    raws = words(grams, cell, chance, rate_hz)
    return cell, _stuck(raws, stretch, cell, chance, rate_hz) if stretch.kind == "stuck" else raws


def _stuck(
    raws: list[int | None],
    stretch: Stretch,
    cell: Cell,
    chance: np.random.Generator,
    rate_hz: float,
) -> list[int | None]:
    """The same, with a while in which every good word is the same one."""
    first = round(chance.uniform(0.1, 0.9) * (len(raws) - STUCK_S * rate_hz))
    until = first + round(STUCK_S * rate_hz)
    shown_g = (UNITS + chance.uniform(-STUCK_UNITS, STUCK_UNITS)) * stretch.unit_g
    word = round(cell.tare_raw + cell.counts_per_g * shown_g)
    stuck = [None if raw is None else word for raw in raws[first:until]]
    return [*raws[:first], *stuck, *raws[until:]]


def _write(trace: Path, stretch: Stretch, rate_hz: float) -> None:
    cell, raws = _readings(stretch, rate_hz)
    (trace / "inventory").mkdir(parents=True)
    (trace / "config.yaml").write_text(_config(cell, rate_hz), encoding="utf-8")
    (trace / "people.csv").write_text("t_s,people\n0,0\n", encoding="utf-8")
    (trace / "sales.csv").write_text("t_s,product,count\n", encoding="utf-8")
    row = f"사탕,{UNITS},1000,{stretch.unit_g:g}\n"
    book = trace / "inventory" / "inventory_store.csv"
    book.write_text("상품명, 개수, 가격, 무게\n" + row, encoding="utf-8")
    with (trace / "scales.csv").open("w", encoding="utf-8") as file:
        file.writelines(_rows(rate_hz, raws))


def _rows(rate_hz: float, raws: list[int | None]) -> Iterator[str]:
    yield "t_s,scale,raw\n"
    for number, raw in enumerate(raws):
        yield f"{number / rate_hz:.2f},A,{'' if raw is None else raw}\n"


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
    parser.add_argument("--of", choices=("program", "rules"), default="program")
    kinds = (*KINDS, "slid", "freezer")
    parser.add_argument("--kind", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--days", type=float, nargs="+", default=[1.0, 7.0, 30.0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rate", type=float, default=2.0)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
