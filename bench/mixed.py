"""Several products on one scale: drawn visits, replayed, against what really moved.

A line for two and for three products a scale, with weights that are apart (any two grabs of up
to three units differ by `APART` deviations) and as they come; `separable` are the scales on which
the error budget of `check-config` finds no two products, or grabs, alike. Written without a look
at the counting: units weigh what they weigh, hands press, cells are noisy. `outside`: products
called uncertain of which less or more was stolen than the range that is told; kept, too.

    python bench/mixed.py [--visits N] [--seed S] [--keep DIR]
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
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from _report import report
from storeguard.domain.budget import Cell, budget
from storeguard.domain.product import Product
from storeguard.replaying import replay

VISITS = 400
VISITS_A_TRACE, STOCK, SCALES = 16, 40, "ABC"
APART = 4.0
RATE_HZ, COUNTS_PER_G, CAPACITY_G, SETTLE_FOR_S = 10, 400.0, 10_000.0, 2.0
LEAST_RECALL = LEAST_PRECISION = 0.98
LEAST_CERTAIN = 0.9


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


class Shop:
    """Draws what happens; `moves` are (scale, time, grams), `hands` (scale, from, until, grams)."""

    def __init__(self, kinds: Sequence[Kind], chance: random.Random) -> None:
        self.kinds, self.chance = kinds, chance
        self.plates: dict[str, list[Unit]] = {scale: [] for scale in SCALES}
        for kind in kinds:
            self.plates[kind.scale] += [self._unit(kind) for _ in range(STOCK)]
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


def write(shop: Shop, folder: Path) -> None:
    (folder / "inventory").mkdir(parents=True)
    rows = [f"{k.name},{STOCK},{k.won},{k.unit_g:g}" for k in shop.kinds]
    scales = "".join(
        f"  - {{id: {s}, products: [{', '.join(k.name for k in shop.kinds if k.scale == s)}], "
        f"calibration: {{tare_raw: 0, counts_per_g: {COUNTS_PER_G}}}, capacity_g: {CAPACITY_G}}}\n"
        for s in SCALES
    )
    texts = {
        "config.yaml": f"store: {{id: mixed, name: 섞인 선반}}\nscales:\n{scales}",
        "inventory/inventory_store.csv": _table("상품명, 개수, 가격, 무게", rows),
        "people.csv": _table("t_s,people", (f"{t:.2f},{n}" for t, n in shop.people)),
        "sales.csv": _table("t_s,product,count", (f"{t:.2f},{p},{n}" for t, p, n in shop.sales)),
        "scales.csv": _table("t_s,scale,raw", _readings(shop)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _table(header: str, rows: Any) -> str:
    return "\n".join([header, *rows, ""])


def _readings(shop: Shop) -> Iterator[str]:
    grams, moves = dict(shop.start_g), sorted(shop.moves, key=lambda one: one[1])
    hands = sorted(shop.hands, key=lambda one: one[1])
    pressing: list[tuple[str, float, float, float]] = []
    for sample in range(round((shop.now_s + 20.0) * RATE_HZ)):
        t_s = sample / RATE_HZ
        while moves and moves[0][1] <= t_s:
            scale, _, change_g = moves.pop(0)
            grams[scale] += change_g
        while hands and hands[0][1] <= t_s:
            pressing.append(hands.pop(0))
        pressing = [one for one in pressing if one[2] > t_s]
        for scale, load_g in grams.items():
            more_g = sum(one[3] for one in pressing if one[0] == scale)
            noise_g = shop.chance.gauss(0, shop.noise_g[scale] + abs(more_g) / 5)
            yield f"{t_s},{scale},{round(COUNTS_PER_G * (load_g + more_g + noise_g))}"


def separable(kinds: Sequence[Kind]) -> frozenset[str]:
    """The products of scales without a clash, by what the owner has written."""
    found: set[str] = set()
    for scale in SCALES:
        own = [one for one in kinds if one.scale == scale]
        products = [Product(one.name, one.won, one.unit_g) for one in own]
        cell = Cell(scale, CAPACITY_G, SETTLE_FOR_S, RATE_HZ)
        if not budget(cell, products, {one.name: STOCK for one in own}).clashes:
            found |= {one.name for one in own}
    return frozenset(found)


def judge(
    truths: Sequence[Truth], lines: Sequence[dict[str, Any]], apart: frozenset[str]
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


def run_one(per_scale: int, seed: int, keep: Path | None, number: int, *, is_apart: bool) -> Any:
    chance = random.Random(f"{per_scale} {is_apart} {seed} {number}")
    shop = Shop(draw_kinds(per_scale, chance, is_apart=is_apart), chance)
    for _ in range(VISITS_A_TRACE):
        shop.visit()
    with tempfile.TemporaryDirectory(prefix="storeguard-mixed-") as folder:
        trace, lines = Path(folder) / "trace", list[dict[str, Any]]()
        write(shop, trace)
        replay(trace, Path(folder) / "out", lines.append)
        sums = judge(shop.truths, lines, separable(shop.kinds))
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
    one = partial(run_one, per_scale, wanted.seed, wanted.keep, is_apart=is_apart)
    with ProcessPoolExecutor(2) as pool:
        for found in pool.map(one, range(math.ceil(wanted.visits / VISITS_A_TRACE))):
            sums.update(found)
    figures = {
        "products_a_scale": per_scale,
        "weights": "apart" if is_apart else "any",
        "n": sums["visits"],
        "recall": _share(sums["taken_right"], sums["taken_true"]),
        "precision": _share(sums["taken_right"], sums["taken_told"]),
        "unpaid_recall": _share(sums["unpaid_right"], sums["unpaid_true"]),
        "unpaid_precision": _share(sums["unpaid_right"], sums["unpaid_told"]),
        "certain": _share(sums["certain"], sums["asked"]),
        "separable": sums["separable"],
        "separable_certain": _share(sums["separable_certain"], sums["separable"]),
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
    parser.add_argument("--keep", type=Path)
    wanted = parser.parse_args()
    cases = itertools.product((2, 3), (True, False))
    are_kept = [run(n, wanted, is_apart=apart) for n, apart in cases]
    return 0 if all(are_kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
