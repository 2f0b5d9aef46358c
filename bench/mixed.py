"""Several products on one scale: drawn visits, replayed, against what really moved.

A line for two and for three products a scale, with weights that are apart (any two grabs of up
to three units differ by `APART` deviations) and as they come; `separable` are the scales on which
the error budget of `check-config` finds no two products, or grabs, or sums of products, alike;
`guarded` are the products of which it promises a single unit. Written without a look at the
counting: units weigh what they weigh, hands press. `--weights hard`: each cell drifts by 7 g/°C in
a shop with air conditioning, creeps, has spikes, bursts and readings that fail, and the owner has
rounded what a unit weighs; `clean`: cells are noisy and no more. `outside`: products called
uncertain of which less or more was stolen than the range that is told; kept, too. `--separable`
replays only what was drawn with such a scale: of three products as they come it is one in nine.

    python bench/mixed.py [--visits N] [--seed S] [--weights clean|hard] [--separable] [--keep DIR]
"""

import argparse
import itertools
import json
import math
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from _report import report
from _shop_weights import DAY_S, TARE_RAW, Air, dressed, owners_g
from storeguard.domain.budget import Cell, budget
from storeguard.domain.product import Product
from storeguard.replaying import replay

VISITS = 400
VISITS_A_TRACE, STOCK, SCALES = 16, 40, "ABC"
APART = 4.0
RATE_HZ, COUNTS_PER_G, SETTLE_FOR_S = 10, 400.0, 2.0
CAPACITIES_G, FILLED = (10_000.0, 20_000.0), 0.8
LEAST_RECALL = LEAST_PRECISION = 0.98
LEAST_CERTAIN = 0.9
Raws = list[int | None]


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    scale: str
    unit_g: float
    spread: float
    won: int


@dataclass(slots=True)
class Truth:
    """One visit: product → units."""

    started_s: float
    taken: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)


Unit = tuple[Kind, float]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One scale. `stock`: units of each of its products at the start, as the cell carries them."""

    kinds: Sequence[Kind]

    @property
    def capacity_g(self) -> float:
        return next((c for c in CAPACITIES_G if self._fits(c) >= STOCK), CAPACITIES_G[-1])

    @property
    def stock(self) -> int:
        return min(STOCK, self._fits(self.capacity_g))

    def _fits(self, capacity_g: float) -> int:
        return int(FILLED * capacity_g / sum(one.unit_g for one in self.kinds))


def shelves(kinds: Sequence[Kind]) -> dict[str, Shelf]:
    return {scale: Shelf([one for one in kinds if one.scale == scale]) for scale in SCALES}


class Shop:
    """Draws what happens; `moves` are (scale, time, grams), `hands` (scale, from, until, grams)."""

    def __init__(self, kinds: Sequence[Kind], chance: random.Random) -> None:
        self.kinds, self.chance = kinds, chance
        self.plates: dict[str, list[Unit]] = {scale: [] for scale in SCALES}
        self.shelves = shelves(kinds)
        for kind in kinds:
            stock = self.shelves[kind.scale].stock
            self.plates[kind.scale] += [self._unit(kind) for _ in range(stock)]
        self.start_g = {s: sum(g for _, g in units) for s, units in self.plates.items()}
        self.noise_g = {scale: chance.uniform(0.2, 0.7) for scale in SCALES}
        self.moves: list[tuple[str, float, float]] = []
        self.hands: list[tuple[str, float, float, float]] = []
        self.people: list[tuple[float, int]] = [(0.0, 0)]
        self.sales: list[tuple[float, str, int]] = []
        self.truths: list[Truth] = []
        self.now_s = 12.0

    def _unit(self, kind: Kind) -> Unit:
        return kind, kind.unit_g * (1 + kind.spread * self.chance.gauss(0, 1))

    def visit(self) -> None:
        truth, bag = Truth(self.now_s), list[Unit]()
        self.people.append((self.now_s, 1))
        for _ in range(self.chance.randint(1, 4)):
            self._pause()
            self._take(bag, truth)
            if bag and self.chance.random() < 0.3:
                self._pause()
                self._put(bag, truth)
        if self.chance.random() < 0.08:
            self._bag()
        self._pay(truth)
        self._pause()
        self.people.append((self.now_s, 0))
        self.truths.append(truth)
        self.now_s += self.chance.uniform(22.0, 40.0)

    def _pause(self) -> None:
        self.now_s += self.chance.uniform(3.2, 8.0)

    def _take(self, bag: list[Unit], truth: Truth) -> None:
        scale = self.chance.choice(SCALES)
        own = [one for one in self.kinds if one.scale == scale]
        wanted = [self.chance.choice(own)] * self.chance.choice((1, 1, 1, 2, 3))
        if self.chance.random() < 0.1:
            wanted = [self.chance.choice(own) for _ in range(2)]
        got = []
        for kind in wanted:
            found = [unit for unit in self.plates[scale] if unit[0] is kind]
            if found:
                got.append(self.chance.choice(found))
                self.plates[scale].remove(got[-1])
        bag += got
        truth.taken.update(kind.name for kind, _ in got)
        self._move(scale, -sum(grams for _, grams in got))

    def _put(self, bag: list[Unit], truth: Truth) -> None:
        """Back where it was, now and then on another scale."""
        unit = self.chance.choice(bag)
        is_home = self.chance.random() < 0.75
        scale = unit[0].scale if is_home else self.chance.choice(SCALES)
        bag.remove(unit)
        self.plates[scale].append(unit)
        truth.taken[unit[0].name] -= 1
        self._move(scale, unit[1])

    def _bag(self) -> None:
        scale, grams = self.chance.choice(SCALES), self.chance.uniform(150.0, 2500.0)
        self._pause()
        self._move(scale, grams)
        self._pause()
        self._move(scale, -grams)

    def _pay(self, truth: Truth) -> None:
        is_thief = self.chance.random() < 0.25
        self.now_s += 3.0
        for name, count in (+truth.taken).items():
            paid = self.chance.randint(0, count) if is_thief else count
            if paid:
                truth.paid[name] += paid
                self.sales.append((self.now_s, name, paid))

    def _move(self, scale: str, grams: float) -> None:
        press_g = self.chance.uniform(-60.0, 300.0)
        until_s = self.now_s + self.chance.uniform(0.1, 0.5)
        self.hands.append((scale, self.now_s - self.chance.uniform(0.2, 0.8), until_s, press_g))
        self.moves.append((scale, self.now_s, grams))


def draw_kinds(per_scale: int, chance: random.Random, *, is_apart: bool) -> list[Kind]:
    kinds: list[Kind] = []
    for scale in SCALES:
        while True:
            drawn = [_kind(scale, i, chance) for i in range(per_scale)]
            if not is_apart or _are_apart(drawn):
                break
        kinds += drawn
    return kinds


def _kind(scale: str, number: int, chance: random.Random) -> Kind:
    unit_g = round(math.exp(chance.uniform(math.log(20), math.log(600))), chance.choice((0, 1)))
    spread = chance.uniform(0.005, 0.03)
    return Kind(f"상품{scale}{number + 1}", scale, unit_g, spread, 100 * chance.randint(5, 30))


def _are_apart(kinds: Sequence[Kind]) -> bool:
    """Do any two grabs of up to three units differ by more than they spread?"""
    grabs = [g for n in (1, 2, 3) for g in itertools.combinations_with_replacement(kinds, n)]
    for a, b in itertools.combinations(grabs, 2):
        sigma_g = math.sqrt(sum((one.spread * one.unit_g) ** 2 for one in (*a, *b)) + 1.0)
        off_g = abs(sum(one.unit_g for one in a) - sum(one.unit_g for one in b))
        if off_g < APART * sigma_g:
            return False
    return True


def as_written(kinds: Sequence[Kind], seed: int) -> list[Kind]:
    """As the owner has put them down."""
    return [replace(one, unit_g=owners_g(one.unit_g, seed)) for one in kinds]


def write(shop: Shop, written: Sequence[Kind], raws: dict[str, Raws], folder: Path) -> None:
    (folder / "inventory").mkdir(parents=True)
    rows = [f"{k.name},{shop.shelves[k.scale].stock},{k.won},{k.unit_g:g}" for k in written]
    scales = "".join(
        f"  - {{id: {s}, products: [{', '.join(k.name for k in written if k.scale == s)}], "
        f"calibration: {{tare_raw: {TARE_RAW}, counts_per_g: {COUNTS_PER_G}}}, "
        f"capacity_g: {shelf.capacity_g}}}\n"
        for s, shelf in shop.shelves.items()
    )
    texts = {
        "config.yaml": f"store: {{id: mixed, name: 섞인 선반}}\nscales:\n{scales}",
        "inventory/inventory_store.csv": _table("상품명, 개수, 가격, 무게", rows),
        "people.csv": _table("t_s,people", (f"{t:.2f},{n}" for t, n in shop.people)),
        "sales.csv": _table("t_s,product,count", (f"{t:.2f},{p},{n}" for t, p, n in shop.sales)),
        "scales.csv": _table("t_s,scale,raw", _readings(raws)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _table(header: str, rows: Any) -> str:
    return "\n".join([header, *rows, ""])


def _readings(raws: dict[str, Raws]) -> Iterator[str]:
    for sample, words in enumerate(zip(*raws.values(), strict=True)):
        for scale, raw in zip(raws, words, strict=True):
            yield f"{sample / RATE_HZ},{scale},{'' if raw is None else raw}"


def clean(shop: Shop, weights: dict[str, np.ndarray]) -> dict[str, Raws]:
    """Of cells that are noisy, and no more."""
    chance = np.random.default_rng(shop.chance.getrandbits(32))
    found: dict[str, Raws] = {}
    for scale, grams in weights.items():
        noisy = grams + chance.normal(0.0, shop.noise_g[scale], len(grams))
        found[scale] = np.rint(TARE_RAW + COUNTS_PER_G * noisy).astype(int).tolist()
    return found


def hard(shop: Shop, weights: dict[str, np.ndarray]) -> dict[str, Raws]:
    """Of real cells, the worst, in the air of one shop, at some time of its day."""
    seed, begins_s = shop.chance.getrandbits(32), shop.chance.uniform(0.0, DAY_S / 4)
    times_s = np.arange(len(weights[SCALES[0]])) / RATE_HZ
    ends_s = begins_s + float(times_s[-1])
    day = Air.day(ends_s, np.random.default_rng(seed), conditioned=True)
    air = Air(day.times_s - begins_s, day.degrees)
    found: dict[str, Raws] = {}
    for at, (scale, grams) in enumerate(weights.items()):
        capacity_g = shop.shelves[scale].capacity_g
        found[scale] = dressed(times_s, grams, capacity_g, COUNTS_PER_G, seed + at, air, worst=True)
    return found


def loads_g(shop: Shop) -> dict[str, np.ndarray]:
    """What weighs on each scale at each sample: units, and hands that press and tremble."""
    times_s = np.arange(round((shop.now_s + 20.0) * RATE_HZ)) / RATE_HZ
    chance = np.random.default_rng(shop.chance.getrandbits(32))
    found = {}
    for scale in SCALES:
        grams = np.full(len(times_s), shop.start_g[scale])
        for _, at_s, change_g in (one for one in shop.moves if one[0] == scale):
            grams[times_s >= at_s] += change_g
        for _, from_s, until_s, press_g in (one for one in shop.hands if one[0] == scale):
            first, last = np.searchsorted(times_s, (from_s, until_s))
            grams[first:last] += chance.normal(press_g, abs(press_g) / 5, last - first)
        found[scale] = grams
    return found


def promised(shop: Shop, written: Sequence[Kind]) -> tuple[frozenset[str], frozenset[str]]:
    """By what the owner has written: the products of scales on which nothing is alike, and those
    of which a single unit is guarded."""
    separable: set[str] = set()
    guarded: set[str] = set()
    for scale in SCALES:
        own = [one for one in written if one.scale == scale]
        products = [Product(one.name, one.won, one.unit_g) for one in own]
        cell = Cell(scale, shop.shelves[scale].capacity_g, SETTLE_FOR_S, RATE_HZ)
        found = budget(cell, products, {one.name: shop.shelves[scale].stock for one in own})
        separable |= {one.name for one in own if not (found.clashes or found.sums)}
        guarded |= {one.name for one in own if found.guards(one.name)}
    return frozenset(separable), frozenset(guarded)


def judge(
    truths: Sequence[Truth],
    lines: Sequence[dict[str, Any]],
    apart: frozenset[str],
    guarded: frozenset[str],
) -> Counter[str]:
    """Sums over products that moved or were told to have moved, in each visit."""
    told = {line["visit_started_t_s"]: line for line in lines if line["event"] == "VisitReconciled"}
    sums: Counter[str] = Counter(visits=len(truths))
    for truth in truths:
        line = told.get(round(truth.started_s, 3)) or min(
            told.values(), key=lambda one: abs(one["visit_started_t_s"] - truth.started_s)
        )
        unclear = {**line["uncertain"], **dict.fromkeys(line["unverified"])}
        sums["uncertain_visits"] += bool(unclear)
        sums["false_visits"] += _false_units(truth, line) > 0
        touched = +truth.taken + Counter(line["taken"]) + Counter(dict.fromkeys(unclear, 1))
        for name in touched:
            _judge_one(sums, name, truth, line, is_open=name in unclear)
            sums["separable"] += name in apart
            sums["separable_certain"] += name in apart and name not in unclear
            sums["guarded"] += name in guarded
            sums["guarded_certain"] += name in guarded and name not in unclear
    return sums


def _false_units(truth: Truth, line: dict[str, Any]) -> int:
    unpaid = truth.taken - truth.paid
    return sum(max(0, n - unpaid[name]) for name, n in line["unpaid"].items())


def _judge_one(
    sums: Counter[str], name: str, truth: Truth, line: dict[str, Any], *, is_open: bool
) -> None:
    sums["asked"] += 1
    sums["certain"] += not is_open
    stolen = max(0, truth.taken[name] - truth.paid[name])
    sums["stolen_open"] += stolen if is_open else 0
    if is_open:
        bounds = line["uncertain"].get(name)
        sums["outside"] += bounds is not None and not bounds[0] <= stolen <= bounds[1]
        return
    for key, true in (("taken", max(0, truth.taken[name])), ("unpaid", stolen)):
        found = line[key].get(name, 0)
        sums[f"{key}_true"] += true
        sums[f"{key}_told"] += found
        sums[f"{key}_right"] += min(true, found)


def _open(per_scale: int, seed: int, number: int, *, is_apart: bool) -> Shop:
    chance = random.Random(f"{per_scale} {is_apart} {seed} {number}")
    return Shop(draw_kinds(per_scale, chance, is_apart=is_apart), chance)


def _written(shop: Shop, wanted: argparse.Namespace) -> Sequence[Kind]:
    return as_written(shop.kinds, wanted.seed) if wanted.weights == "hard" else shop.kinds


def _numbers(per_scale: int, wanted: argparse.Namespace, *, is_apart: bool) -> Iterator[int]:
    """Of the traces that are replayed."""
    for number in itertools.count():
        shop = _open(per_scale, wanted.seed, number, is_apart=is_apart)
        if not wanted.separable or promised(shop, _written(shop, wanted))[0]:
            yield number


def run_one(per_scale: int, wanted: argparse.Namespace, number: int, *, is_apart: bool) -> Any:
    seed, keep, is_hard = wanted.seed, wanted.keep, wanted.weights == "hard"
    shop = _open(per_scale, seed, number, is_apart=is_apart)
    for _ in range(VISITS_A_TRACE):
        shop.visit()
    with tempfile.TemporaryDirectory(prefix="storeguard-mixed-") as folder:
        trace, lines = Path(folder) / "trace", list[dict[str, Any]]()
        written = _written(shop, wanted)
        write(shop, written, (hard if is_hard else clean)(shop, loads_g(shop)), trace)
        replay(trace, Path(folder) / "out", lines.append)
        sums = judge(shop.truths, lines, *promised(shop, written))
        is_wrong = sums["taken_told"] + sums["taken_true"] > 2 * sums["taken_right"]
        if keep is not None and (is_wrong or sums["outside"]):
            target = keep / f"{per_scale}-{'apart' if is_apart else 'any'}-{seed}-{number}"
            shutil.copytree(trace, target, dirs_exist_ok=True)
            said = [
                {"started_s": t.started_s, "taken": t.taken, "paid": t.paid} for t in shop.truths
            ]
            (target / "truth.json").write_text(json.dumps(said, ensure_ascii=False), "utf-8")
    return sums


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def run(per_scale: int, wanted: argparse.Namespace, *, is_apart: bool) -> bool:
    began_s, sums = time.perf_counter(), Counter[str]()
    one = partial(run_one, per_scale, wanted, is_apart=is_apart)
    drawn = _numbers(per_scale, wanted, is_apart=is_apart)
    numbers = itertools.islice(drawn, math.ceil(wanted.visits / VISITS_A_TRACE))
    with ProcessPoolExecutor(2) as pool:
        for found in pool.map(one, numbers):
            sums.update(found)
    figures = {
        "products_a_scale": per_scale,
        "weights": "apart" if is_apart else "any",
        "cells": wanted.weights,
        "drawn": "separable" if wanted.separable else "all",
        "n": sums["visits"],
        "recall": _share(sums["taken_right"], sums["taken_true"]),
        "precision": _share(sums["taken_right"], sums["taken_told"]),
        "unpaid_recall": _share(sums["unpaid_right"], sums["unpaid_true"]),
        "unpaid_precision": _share(sums["unpaid_right"], sums["unpaid_told"]),
        "certain": _share(sums["certain"], sums["asked"]),
        "separable": sums["separable"],
        "separable_certain": _share(sums["separable_certain"], sums["separable"]),
        "guarded": sums["guarded"],
        "guarded_certain": _share(sums["guarded_certain"], sums["guarded"]),
        "uncertain_visits": _share(sums["uncertain_visits"], sums["visits"]),
        "false_visits": sums["false_visits"],
        "stolen_open": sums["stolen_open"],
        "outside": sums["outside"],
        "seed": wanted.seed,
        "took_s": round(time.perf_counter() - began_s),
    }
    is_kept = min(figures["recall"], figures["precision"]) >= LEAST_RECALL
    is_kept &= not is_apart or figures["certain"] >= LEAST_CERTAIN
    is_kept &= figures["separable_certain"] >= LEAST_CERTAIN
    report("mixed", **figures, is_kept=is_kept)
    return bool(is_kept)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=int, default=VISITS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights", choices=("clean", "hard"), default="hard")
    parser.add_argument("--separable", action="store_true")
    parser.add_argument("--keep", type=Path)
    wanted = parser.parse_args()
    cases = itertools.product((2, 3), (True, False))
    are_kept = [run(n, wanted, is_apart=apart) for n, apart in cases]
    return 0 if all(are_kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
