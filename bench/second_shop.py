"""A second simulator of a shop, which shares no line with `shop.py`: what the first cannot find.

Scales deliver 1 to 80 readings a second, weights change in ramps with a hand on the plate, counts
are coarse, a compressor hums, the owner's unit weights are wrong, cells are calibrated apart, what
is put down *weighs anew* (another corner, another unit), and people put down one thing where they
have just taken another. Each kind changes one thing of the plain shop; `all` changes all. The
configuration is the default one. A line a kind:

    python bench/second_shop.py [--visits N] [--seed S] [--kind NAME ...] [--keep DIR]
"""

import argparse
import json
import math
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from _report import report
from storeguard.replaying import replay

VISITS, VISITS_A_TRACE = 400, 20
SCALES, STOCK, COUNTS_PER_G, TARE_RAW = "ABCD", 30, 100.0, 50_000
GAP_S, LEAD_S = (24.0, 45.0), 15.0
LEAST_RECALL, MOST_UNCERTAIN = 0.995, 0.01

Unit = tuple["Kind", float]
Move = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Ways:
    """How the cells are, and how people behave.

    `owner_off`: of unit weights, one sigma; `cells_off`: of a cell's calibration; `anew`: of what
    is put down. `in_turn`: how often one thing is put down where another was just taken; `browses`:
    how often what is taken is put back for another, or one of two, before the scale comes to rest.
    """

    rate_hz: float = 10.0
    noise_g: float = 0.3
    hum_g: float = 0.0
    counts_per_g: float = COUNTS_PER_G
    owner_off: float = 0.0
    cells_off: float = 0.0
    anew: float = 0.0
    a_scale: int = 1
    ramp_s: tuple[float, float] = (0.1, 0.3)
    puts_back: float = 0.15
    misplaces: float = 0.03
    in_turn: float = 0.0
    browses: float = 0.0


PLAIN = Ways()
KINDS = {
    "plain": PLAIN,
    "1 Hz": replace(PLAIN, rate_hz=1.0),
    "5 Hz": replace(PLAIN, rate_hz=5.0),
    "80 Hz": replace(PLAIN, rate_hz=80.0),
    "no noise": replace(PLAIN, noise_g=0.0),
    "noise of 1.5 g": replace(PLAIN, noise_g=1.5),
    "hum": replace(PLAIN, hum_g=1.0),
    "coarse counts": replace(PLAIN, counts_per_g=2.0),
    "owner is 4 % off": replace(PLAIN, owner_off=0.04),
    "cells 0.3 % apart": replace(PLAIN, cells_off=0.003, misplaces=0.15),
    "slow ramps": replace(PLAIN, ramp_s=(0.3, 1.2)),
    "weighs anew": replace(PLAIN, anew=0.01, puts_back=0.4),
    "misplaced": replace(PLAIN, misplaces=0.25, anew=0.003),
    "in turn": replace(PLAIN, in_turn=0.15),
    "browses": replace(PLAIN, browses=0.3),
    "two a scale": replace(PLAIN, a_scale=2),
    "three a scale": replace(PLAIN, a_scale=3),
    "all": Ways(20.0, 0.5, 0.5, 10.0, 0.02, 0.002, 0.005, 1, (0.1, 0.8), 0.2, 0.1, 0.03, 0.1),
}


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    scale: str
    true_g: float
    told_g: float
    spread: float


@dataclass(slots=True)
class Visit:
    """Product → units, as they were when all was done."""

    started_s: float
    taken: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)

    @property
    def stolen(self) -> Counter[str]:
        return self.taken - self.paid


class Shop:
    """`moves`: scale → (from, until, grams) of each change; `hands` likewise, while they press."""

    def __init__(self, ways: Ways, chance: random.Random) -> None:
        self.ways, self.chance, self.now_s = ways, chance, LEAD_S
        self.kinds = [self._kind(s, n) for s in SCALES for n in range(ways.a_scale)]
        self.plates = {s: list[Unit]() for s in SCALES}
        for kind in self.kinds:
            self.plates[kind.scale] += [(kind, self._weighed(kind)) for _ in range(STOCK)]
        self.gain = {s: 1 + ways.cells_off * chance.gauss(0, 1) for s in SCALES}
        self.begin_g = {s: sum(g for _, g in plate) for s, plate in self.plates.items()}
        self.moves = {s: list[Move]() for s in SCALES}
        self.hands = {s: list[Move]() for s in SCALES}
        self.people: list[tuple[float, int]] = [(0.0, 0)]
        self.sales: list[tuple[float, str, int]] = []
        self.visits: list[Visit] = []

    def _kind(self, scale: str, number: int) -> Kind:
        true_g = math.exp(self.chance.uniform(math.log(12.0), math.log(900.0)))
        told_g = true_g * (1 + self.ways.owner_off * self.chance.gauss(0, 1))
        told_g = round(told_g, 0 if told_g > 60 else 1)
        return Kind(f"물건{scale}{number}", scale, true_g, told_g, self.chance.uniform(0.002, 0.02))

    def _weighed(self, kind: Kind) -> float:
        return kind.true_g * (1 + kind.spread * self.chance.gauss(0, 1))

    def visit(self) -> None:
        visit, bag = Visit(self.now_s), list[Unit]()
        self.people.append((self.now_s, 1))
        self._walk()
        for _ in range(self.chance.randint(1, 4)):
            self._act(visit, bag)
            self._walk()
        self._pay(visit)
        self._walk()
        self.people.append((self.now_s, 0))
        self.visits.append(visit)
        self.now_s += self.chance.uniform(*GAP_S)

    def _walk(self) -> None:
        self.now_s += self.chance.uniform(3.5, 8.0)

    def _act(self, visit: Visit, bag: list[Unit]) -> None:
        scale = self.chance.choice(SCALES)
        if bag and self.chance.random() < self.ways.puts_back:
            self._put(visit, bag, bag[-1][0].scale)
        elif bag and self.chance.random() < self.ways.misplaces:
            self._put(visit, bag, scale)
        else:
            self._take(visit, bag, scale)
            if self.chance.random() < self.ways.browses:
                self._browse(visit, bag, scale)
            if len(bag) > 1 and self.chance.random() < self.ways.in_turn:
                self.now_s += self.chance.uniform(1.2, 3.0)
                self._put(visit, bag[:1], scale, bag)

    def _take(self, visit: Visit, bag: list[Unit], scale: str) -> None:
        kind = self.chance.choice([one for one in self.kinds if one.scale == scale])
        here = [unit for unit in self.plates[scale] if unit[0] is kind]
        units = self.chance.sample(here, min(len(here), self.chance.choice((1, 1, 1, 2, 3))))
        for unit in units:
            self.plates[scale].remove(unit)
            bag.append(unit)
            visit.taken[kind.name] += 1
        self._move(visit, scale, -sum(grams for _, grams in units), f"{len(units)} {kind.name}")

    def _browse(self, visit: Visit, bag: list[Unit], scale: str) -> None:
        """Puts back what was taken last, and mostly takes another, each within 3 s."""
        self.now_s += self.chance.uniform(1.2, 3.0)
        self._put(visit, bag, scale)
        if self.chance.random() < 0.7:
            self.now_s += self.chance.uniform(1.2, 3.0)
            self._take(visit, bag, scale)

    def _put(
        self, visit: Visit, some: list[Unit], scale: str, bag: list[Unit] | None = None
    ) -> None:
        unit = some[-1]
        (some if bag is None else bag).remove(unit)
        kind, grams = unit[0], unit[1] * (1 + self.ways.anew * self.chance.gauss(0, 1))
        self.plates[scale].append((kind, grams))
        visit.taken[kind.name] -= 1
        self._move(visit, scale, grams, kind.name)

    def _move(self, visit: Visit, scale: str, grams: float, what: str) -> None:
        takes_s = self.chance.uniform(*self.ways.ramp_s)
        press_g = self.chance.gauss(0, 120.0)
        self.hands[scale].append((self.now_s - 0.3, self.now_s + takes_s, press_g))
        self.moves[scale].append((self.now_s, self.now_s + takes_s, grams))
        visit.story.append(f"{self.now_s:.2f} {scale} {grams:+.1f} g {what}")

    def _pay(self, visit: Visit) -> None:
        is_thief = self.chance.random() < 0.25
        for name, count in (+visit.taken).items():
            self.now_s += 1.5
            paid = self.chance.randint(0, count) if is_thief else count
            visit.paid[name] += paid
            if paid:
                self.sales.append((self.now_s, name, paid))


def raws(shop: Shop, scale: str, chance: np.random.Generator) -> list[tuple[float, int]]:
    """What the cell under a plate delivers."""
    ways = shop.ways
    times = np.arange(0.0, shop.now_s + 20.0, 1 / ways.rate_hz)
    grams = np.full(len(times), shop.begin_g[scale])
    for from_s, until_s, change_g in shop.moves[scale]:
        grams += change_g * np.clip((times - from_s) / (until_s - from_s), 0.0, 1.0)
    for from_s, until_s, press_g in shop.hands[scale]:
        pressed = (times >= from_s) & (times < until_s)
        grams += pressed * chance.normal(press_g, 30.0, len(times))
    grams = grams * shop.gain[scale] + chance.normal(0.0, ways.noise_g, len(times))
    grams += ways.hum_g * np.sin(2 * math.pi * 1.7 * times) * ((times // 90) % 2)
    counts = np.round(grams * ways.counts_per_g).astype(int) + TARE_RAW
    return list(zip(times.round(3).tolist(), counts.tolist(), strict=True))


def write(shop: Shop, folder: Path, seed: int) -> None:
    (folder / "inventory").mkdir(parents=True)
    ways, chance = shop.ways, np.random.default_rng(seed)
    scales = "".join(
        f"  - {{id: {s}, products: [{', '.join(k.name for k in shop.kinds if k.scale == s)}], "
        f"sample_rate_hz: {ways.rate_hz:g}, calibration: "
        f"{{tare_raw: {TARE_RAW}, counts_per_g: {ways.counts_per_g:g}}}}}\n"
        for s in SCALES
    )
    rows = [f"{k.name},{STOCK},1000,{k.told_g:g}" for k in shop.kinds]
    read = sorted((t_s, s, raw) for s in SCALES for t_s, raw in raws(shop, s, chance))
    texts = {
        "config.yaml": f"store: {{id: second, name: 둘째 가게}}\nscales:\n{scales}",
        "inventory/inventory_store.csv": _table("상품명, 개수, 가격, 무게", rows),
        "people.csv": _table("t_s,people", (f"{t:.2f},{n}" for t, n in shop.people)),
        "sales.csv": _table("t_s,product,count", (f"{t:.2f},{p},{n}" for t, p, n in shop.sales)),
        "scales.csv": _table("t_s,scale,raw", (f"{t},{s},{raw}" for t, s, raw in read)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _table(header: str, rows: Any) -> str:
    return "\n".join([header, *rows, ""])


def judge(visits: Sequence[Visit], lines: Sequence[dict[str, Any]]) -> tuple[Counter[str], bool]:
    """Sums, and whether anything was told wrong."""
    told = [line for line in lines if line["event"] == "VisitReconciled"]
    sums = Counter(visits=len(visits), told=len(told))
    lines_of = {round(one["visit_started_t_s"]): one for one in told}
    for visit in visits:
        near = (lines_of.get(round(visit.started_s) + late_s) for late_s in (0, 1, -1))
        line = next((one for one in near if one is not None), None)
        if line is None:
            sums["lost"] += 1
            continue
        unpaid, stolen = Counter(line["unpaid"]), visit.stolen
        unclear = {*line["uncertain"], *line["unverified"]}
        sums["honest"] += not stolen
        sums["false_visits"] += bool(unpaid - stolen)
        sums["uncertain_visits"] += bool(unclear)
        sums["stolen"] += stolen.total()
        sums["accused"] += unpaid.total()
        sums["found"] += (stolen & unpaid).total()
        sums["missed_as_uncertain"] += sum((stolen - unpaid)[name] for name in unclear)
    is_wrong = (
        sums["false_visits"] > 0 or sums["found"] + sums["missed_as_uncertain"] < sums["stolen"]
    )
    return sums, is_wrong or sums["lost"] > 0


def run_one(name: str, wanted: argparse.Namespace, number: int) -> Counter[str]:
    chance = random.Random(f"{name} {wanted.seed} {number}")
    shop = Shop(KINDS[name], chance)
    for _ in range(VISITS_A_TRACE):
        shop.visit()
    with tempfile.TemporaryDirectory(prefix="storeguard-second-") as folder:
        trace, lines = Path(folder, "trace"), list[dict[str, Any]]()
        write(shop, trace, chance.getrandbits(32))
        replay(trace, Path(folder, "out"), lines.append)
        sums, is_wrong = judge(shop.visits, lines)
        if wanted.keep is not None and is_wrong:
            target = wanted.keep / f"{name.replace(' ', '-')}-{wanted.seed}-{number}"
            shutil.copytree(trace, target, dirs_exist_ok=True)
            said = json.dumps([asdict(one) for one in shop.visits], ensure_ascii=False, indent=1)
            (target / "truth.json").write_text(said, encoding="utf-8")
    return sums


def run(name: str, wanted: argparse.Namespace) -> bool:
    began_s, sums = time.perf_counter(), Counter[str]()
    with ProcessPoolExecutor(2) as pool:
        traces = range(math.ceil(wanted.visits / VISITS_A_TRACE))
        for found in pool.map(partial(run_one, name, wanted), traces):
            sums.update(found)
    recall = _share(sums["found"], sums["stolen"])
    uncertain = sums["uncertain_visits"] / max(1, sums["visits"])
    is_kept = sums["false_visits"] == sums["lost"] == 0 and sums["told"] == sums["visits"]
    if KINDS[name].a_scale == 1:  # else weights may be sums of each other
        is_kept &= recall >= LEAST_RECALL and uncertain <= MOST_UNCERTAIN
    counts = {key: sums[key] for key in _counts()}
    figures = {"recall": recall, "uncertain_share": round(uncertain, 5)}
    took_s = round(time.perf_counter() - began_s)
    about = {"kind": name, "n": sums["visits"], "seed": wanted.seed}
    report("second_shop", **about, **counts, **figures, took_s=took_s, is_kept=is_kept)
    return is_kept


def _counts() -> Iterator[str]:
    yield from ("honest", "told", "stolen", "found", "accused", "false_visits")
    yield from ("missed_as_uncertain", "uncertain_visits")


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=int, default=VISITS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS), metavar="NAME")
    parser.add_argument("--keep", type=Path)
    wanted = parser.parse_args()
    are_kept = [run(name, wanted) for name in wanted.kind]
    return 0 if all(are_kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
