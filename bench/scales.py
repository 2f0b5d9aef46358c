"""What the rules of one scale cost, and how right they are on the hard weights of real cells.

`cost`: samples a second of one core through domain/weighing, for one product a scale, with 1, 6
and 12 scales fed in turn. `step`: milliseconds that counting a settled step takes, by the number
of products on its scale and of scales; nine visits in ten take one or two units, one takes and
puts back. `count`: how often the count is right after a step has settled, by weighing and counting
together, up to 60 items of 95 g as far as cells of 5, 10 and 20 kg carry them: 7 g/°C on each
10 kg with air conditioning, hands, spikes, failed readings, units that differ, and an owner who
has rounded what they weigh. `freezer`: losses of two and more typical items, any of a chest
freezer's products, on 200 kg cells with frost, defrost, hands and lid, beside what was paid for or
not, and the false losses of visits that took nothing or paid.

    python bench/scales.py [--steps N] [--visits N]
"""

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from _report import report
from _shop_weights import Air, Cell, Grams, Raws, draw_cell, measured_g, owners_g, words
from storeguard.domain import bulk
from storeguard.domain.belief import Belief, entered
from storeguard.domain.bulk import Moved, Typical
from storeguard.domain.counting import Weighed, weigh
from storeguard.domain.drift import DriftRules
from storeguard.domain.events import LevelJumped, StepSettled
from storeguard.domain.firstlevel import first_weighed
from storeguard.domain.jumping import jumped
from storeguard.domain.product import Product
from storeguard.domain.scalerules import Reading, WeighingRules, band_g
from storeguard.domain.scalestate import Weighing
from storeguard.domain.weighing import advance

LEAST_SAMPLES_PER_S, LEAST_RIGHT, LEAST_FOUND = 100_000.0, 0.999, 0.95
RATE_HZ, BATCH, BOTTLE_G, MOST_ITEMS = 10.0, 5, 95.0, 60
EVERY_S, FREEZER_G = 25.0, 60_000.0
CAPACITIES_G, FILLED, TRIES = (5_000.0, 10_000.0, 20_000.0), 0.9, 3
LEAST_SPREAD, MOST_SPREAD = 0.005, 0.03
ICE_CREAMS, LIGHTEST_G, HEAVIEST_G, A_VISIT_S = 6, 45.0, 160.0, 240.0
GOODS_G = (95.0, 143.0, 211.0, 330.0, 517.0, 790.0)
FROST_G_PER_S, DEFROST_G, DEFROST_TAU_S = 150.0 / 86_400, 200.0, 600.0


def main() -> int:
    wanted = _arguments()
    counts = (_counts(capacity_g, wanted.steps) for capacity_g in CAPACITIES_G)
    lines = [*_costs(), *_step_costs(), *counts, _freezers(wanted.visits)]
    for line in lines:
        report("scales", **line)
    return 0 if all(line["is_kept"] for line in lines) else 1


def _costs() -> list[dict[str, Any]]:
    """Quiet scales with a step now and then, as most of a day is."""
    lines = []
    for scales in (1, 6, 12):
        chance = np.random.default_rng(scales)
        times = np.arange(0.0, 2400.0 / scales, 1 / RATE_HZ)
        fed = []
        for _ in range(scales):
            cell = draw_cell(10_000.0, chance)
            grams = 5_000.0 - BOTTLE_G * np.floor(times / 120)
            fed.append(_batches(times, words(grams, cell, chance, RATE_HZ)))
        given = WeighingRules("A", cell.tare_raw, cell.counts_per_g, 2.0, band_g(10_000.0, 95.0))
        states, began_s = [Weighing()] * scales, time.process_time()
        for round_ in zip(*fed, strict=True):
            states = [advance(s, b, given)[0] for s, b in zip(states, round_, strict=True)]
        took_s = time.process_time() - began_s
        speed = round(scales * len(times) / took_s)
        is_kept = scales > 1 or speed >= LEAST_SAMPLES_PER_S
        lines.append({"kind": "cost", "scales": scales, "samples_per_s": speed, "is_kept": is_kept})
    return lines


def _step_costs() -> list[dict[str, Any]]:
    """By products on one scale, and by scales that carry one or three each."""
    lines = []
    sizes = [(1, n) for n in (1, 2, 3, 4, 6)] + [(m, n) for m in (6, 12) for n in (1, 3)]
    for scales, products in sizes:
        took_ms = np.array(_steps_ms(scales, products, visits=100))
        found = {"n": len(took_ms), "median_ms": round(float(np.median(took_ms)), 3)}
        found |= {"p95_ms": round(float(np.quantile(took_ms, 0.95)), 3), "is_kept": True}
        lines.append({"kind": "step", "scales": scales, "products": products, **found})
    return lines


def _steps_ms(scales: int, products: int, visits: int) -> list[float]:
    """Of scales with so many products each, filled up every ten visits."""
    chance = np.random.default_rng([scales, products])
    goods = {
        f"{at}": tuple(Product(f"{at} {grams:g}", 1000, grams) for grams in GOODS_G[:products])
        for at in range(scales)
    }
    band, now_s, took_ms = band_g(10_000.0, GOODS_G[0]), 0.0, []
    for visit in range(visits):
        if visit % 10 == 0:
            level_g = dict.fromkeys(goods, 20 * sum(GOODS_G[:products]))
            belief = _filled(goods, level_g, band, now_s)
        belief, scale = entered(belief), f"{chance.integers(scales)}"
        taken_g = -GOODS_G[chance.integers(products)] * chance.integers(1, 3)
        for grams in (taken_g, -taken_g) if visit % 10 == 9 else (taken_g,):
            now_s += 60
            level_g[scale] += grams * (1 + chance.normal(0, 0.005))
            step = Weighed(scale, level_g[scale], band, now_s, 0.3, now_s - 2, 0.5)
            began_s = time.process_time()
            belief = weigh(belief, step)
            took_ms.append(1000 * (time.process_time() - began_s))
    return took_ms


def _filled(
    goods: dict[str, tuple[Product, ...]], level_g: dict[str, float], band: float, now_s: float
) -> Belief:
    belief = Belief(goods)
    for scale, own in goods.items():
        booked = {one.name: 20 for one in own}
        belief = first_weighed(belief, Weighed(scale, level_g[scale], band, now_s), booked, {})
    return belief


def _batches(times: Grams, raws: Raws) -> list[list[Reading]]:
    readings = [Reading(t, raw) for t, raw in zip(times.tolist(), raws, strict=True)]
    return [readings[at : at + BATCH] for at in range(0, len(readings), BATCH)]


def _counts(capacity_g: float, steps: int) -> dict[str, Any]:
    """Of several shops that share the steps."""
    each = steps // (TRIES * len(CAPACITIES_G))
    right = sum(_right(capacity_g, each, seed) for seed in range(TRIES)) / (TRIES * each)
    line = {"kind": "count", "capacity_g": capacity_g, "n": TRIES * each, "right": round(right, 5)}
    return line | {"limit": LEAST_RIGHT, "is_kept": right >= LEAST_RIGHT}


def _right(capacity_g: float, steps: int, seed: int) -> int:
    """After how many of the steps just so many items are counted as lie there."""
    chance = np.random.default_rng([round(capacity_g), seed])
    cell = draw_cell(capacity_g, chance, worst=True)
    most = min(MOST_ITEMS, int(FILLED * capacity_g / BOTTLE_G))
    lies_g, moved_g, present = _moves(2 * most // 3, most, steps, chance)
    at_s = 60.0 + EVERY_S * np.arange(steps)
    times = np.arange(0.0, at_s[-1] + 60.0, 1 / RATE_HZ)
    grams = lies_g + _steps(times, at_s, moved_g) + _hands(times, at_s, chance, 600.0)
    air = Air.day(float(times[-1]), chance, conditioned=True)
    raws = words(measured_g(times, grams, cell, air), cell, chance, RATE_HZ)
    bottle = Product("병", 1000, owners_g(BOTTLE_G, seed))
    told = _told(times, raws, cell, bottle, 2 * most // 3, at_s + EVERY_S - 2)
    return sum(a == b for a, b in zip(told, present, strict=True))


def _moves(
    items: int, most: int, steps: int, chance: np.random.Generator
) -> tuple[float, Grams, list[int]]:
    """What lies there first, grams that come or go with each step, and how many lie there then."""
    spread = chance.uniform(LEAST_SPREAD, MOST_SPREAD)
    lies = [BOTTLE_G * (1 + chance.normal(0, spread)) for _ in range(items)]
    first_g, moved_g, present = sum(lies), [], []
    for _ in range(steps):
        least, largest = max(-3, -len(lies)), min(3, most - len(lies))
        units = int(chance.choice([n for n in range(least, largest + 1) if n]))
        gone = [lies.pop(chance.integers(len(lies))) for _ in range(-units)]
        come = [BOTTLE_G * (1 + chance.normal(0, spread)) for _ in range(units)]
        lies += come
        moved_g.append(sum(come) - sum(gone))
        present.append(len(lies))
    return first_g, np.array(moved_g), present


def _told(
    times: Grams, raws: Raws, cell: Cell, bottle: Product, booked: int, asked_s: Grams
) -> Iterator[int]:
    """The count at each instant that is asked for; a visitor leaves, and another comes in."""
    band, drift = band_g(cell.capacity_g, bottle.unit_weight_g), DriftRules.of(cell.capacity_g)
    given = WeighingRules("A", cell.tare_raw, cell.counts_per_g, 2.0, band, drift=drift)
    state, belief, waiting = Weighing(), Belief({"A": (bottle,)}), iter(asked_s)
    ask_s, is_counted = next(waiting), False
    for batch in _batches(times, raws):
        state, events = advance(state, batch, given)
        if not is_counted and state.level_g is not None:
            first = Weighed("A", state.level_g, band, batch[-1].t_s, state.noise_g)
            belief = first_weighed(belief, first, {bottle.name: booked}, {})
            is_counted = True
        for event in events:
            if isinstance(event, StepSettled | LevelJumped):
                belief = _counted(belief, event, band)
        if batch[-1].t_s >= ask_s:
            yield belief.likeliest.loads["A"].own[0]
            belief, ask_s = entered(belief), next(waiting, math.inf)


def _counted(belief: Belief, event: StepSettled | LevelJumped, band: float) -> Belief:
    moved_s = event.t_s - 2.0 - event.started_s
    level = ("A", event.level_g, band, event.t_s, event.sigma_g, event.started_s, moved_s)
    if isinstance(event, LevelJumped):
        step = Weighed(*level, leant_g=event.leant_g, is_shaken=event.is_handled)
        return jumped(belief, step, event.grams)
    step = Weighed(
        *level,
        leant_g=event.leant_g,
        is_shaken=event.is_shaken,
        pauses=event.pauses,
        touched_s=event.touched_s,
    )
    return weigh(belief, step)


def _freezers(visits: int) -> dict[str, Any]:
    """Of several freezers that share the visits."""
    sums = np.sum([_freezer(visits // TRIES, seed) for seed in range(TRIES)], axis=0)
    stolen, found, honest, false, nobody = (int(one) for one in sums)
    share = found / stolen
    line = {"kind": "freezer", "n": stolen + honest, "stolen": stolen, "found": round(share, 4)}
    line |= {"false": false, "honest": honest, "steps_of_nobody": nobody}
    return line | {"is_kept": share >= LEAST_FOUND and false == 0}


def _freezer(visits: int, seed: int) -> tuple[int, int, int, int, int]:
    """Every third visit steals, every third pays for what it takes, every third looks.

    Visits that stole, those of which that was told, honest ones, those told as a loss, and steps
    of nobody.
    """
    chance = np.random.default_rng([11, seed])
    cell = draw_cell(200_000.0, chance, worst=True)
    goods, written = _ice_creams(chance, seed)
    typical = bulk.Typical.of(written, dict.fromkeys((one.name for one in written), 100))
    assert typical is not None
    at_s = 120.0 + A_VISIT_S * np.arange(visits)
    times = np.arange(0.0, at_s[-1] + A_VISIT_S, 1 / RATE_HZ)
    drawn = [_drawn(visit % 3, goods, typical, chance) for visit in range(visits)]
    taken_g = np.array([_weigh(goods, taken, chance) for taken, _ in drawn])
    grams = FREEZER_G - _steps(times, at_s, taken_g) + _frost_and_hum(times)
    grams += _hands(times, at_s, chance, 4000.0, for_s=12.0)
    air = Air.day(float(times[-1]), chance, conditioned=True)
    raws = words(measured_g(times, grams, cell, air), cell, chance, RATE_HZ)
    given = bulk.rules(200_000.0)
    steps = _settled(times, raws, cell, bulk.SETTLE_FOR_S, bulk.band_g(200_000.0), given)
    told = []
    for at, (_, paid) in zip(at_s, drawn, strict=True):
        mine = [s for s in steps if at - 30 <= s.started_s <= at + A_VISIT_S - 40]
        moved = [Moved(s.started_s, s.t_s, s.grams, s.sigma_g) for s in mine]
        loss = bulk.judge(moved, [(written[i], paid.count(i)) for i in set(paid)], typical)
        told.append(loss is not None and loss.grams > 0)
    stolen = np.array([len(taken) > len(paid) for taken, paid in drawn])
    nobody = [s for s in steps if not any(at - 30 <= s.started_s <= at + 60 for at in at_s)]
    found, false = int(np.sum(told & stolen)), int(np.sum(told & ~stolen))
    return int(stolen.sum()), found, int((~stolen).sum()), false, len(nobody)


def _ice_creams(chance: np.random.Generator, seed: int) -> tuple[Grams, list[Product]]:
    """What a unit of each weighs, and what the owner has put down."""
    goods = chance.uniform(LIGHTEST_G, HEAVIEST_G, ICE_CREAMS)
    wons = 100 * chance.integers(7, 30, ICE_CREAMS)
    written = [
        Product(f"{at}", int(won), owners_g(float(grams), seed))
        for at, (grams, won) in enumerate(zip(goods, wons, strict=True))
    ]
    return goods, written


def _drawn(
    kind: int, goods: Grams, typical: Typical, chance: np.random.Generator
) -> tuple[list[int], list[int]]:
    """What a visit takes and what it pays, by product. Who steals, takes two typical ones or more,
    and every other time pays for one beside them."""
    if kind == 2:
        return [], []
    paid = [int(one) for one in chance.integers(ICE_CREAMS, size=chance.integers(1, 4))]
    if kind == 1:
        return paid, paid
    stolen = [int(one) for one in chance.integers(ICE_CREAMS, size=chance.integers(2, 6))]
    while goods[stolen].sum() < 2 * typical.unit_g:
        stolen.append(int(chance.integers(ICE_CREAMS)))
    paid = paid[: chance.integers(0, 2)]
    return stolen + paid, paid


def _weigh(goods: Grams, taken: Sequence[int], chance: np.random.Generator) -> float:
    spread = chance.normal(1.0, 0.02, len(taken))
    return float((goods[list(taken)] * spread).sum()) if taken else 0.0


def _frost_and_hum(times: Grams) -> Grams:
    grams = FROST_G_PER_S * times
    for begins_s in np.arange(1800.0, times[-1], 14_400.0):
        since_s = np.clip(times - begins_s, 0.0, None)
        grams -= DEFROST_G * (1 - np.exp(-since_s / DEFROST_TAU_S))
    return grams + 8.0 * np.sin(2 * math.pi * 1.3 * times) * ((times // 600) % 3 == 0)


def _settled(
    times: Grams, raws: Raws, cell: Cell, settle_s: float, band: float, drift: DriftRules
) -> list[StepSettled]:
    given = WeighingRules("A", cell.tare_raw, cell.counts_per_g, settle_s, band, drift=drift)
    state, found = Weighing(), []
    for batch in _batches(times, raws):
        state, events = advance(state, batch, given)
        found += [event for event in events if isinstance(event, StepSettled)]
    return found


def _steps(times: Grams, at_s: Grams, grams: Grams) -> Grams:
    total = np.concatenate([[0.0], np.cumsum(grams)])
    return np.asarray(total[np.searchsorted(at_s, times, side="right")])


def _hands(
    times: Grams, at_s: Grams, chance: np.random.Generator, most_g: float, for_s: float = 1.5
) -> Grams:
    near = np.searchsorted(at_s, times + for_s / 2)
    since = times - at_s[np.clip(near - 1, 0, len(at_s) - 1)]
    is_touched = (near > 0) & (np.abs(since) <= for_s / 2)
    return np.where(is_touched, chance.uniform(-0.2 * most_g, most_g, len(times)), 0.0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--visits", type=int, default=1500)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
