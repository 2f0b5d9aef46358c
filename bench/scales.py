"""What the rules of one scale cost, and how right they are on the hard weights of real cells.

`cost`: samples a second of one core through domain/weighing, for one product a scale, with 1, 6
and 12 scales fed in turn. `step`: milliseconds that counting a settled step takes, by the number
of products on its scale; nine visits in ten take one or two units, one takes and puts back.
`count`: the share of settled steps whose units are right, up to 60
items of 95 g on a cell of 7 g/°C with air conditioning, hands, spikes and failed readings.
`freezer`: losses of two typical items out of a chest freezer on 200 kg cells with frost, defrost,
hands and lid, and the false losses of visits that took nothing or paid.

    python bench/scales.py [--steps N] [--visits N]
"""

import argparse
import math
import time
from typing import Any

import numpy as np

from _report import report
from _shop_weights import Air, Grams, draw_cell, measured_g, words
from storeguard.domain import bulk
from storeguard.domain.belief import Belief, entered
from storeguard.domain.bulk import Moved, Typical
from storeguard.domain.counting import Weighed, first_weighed, weigh
from storeguard.domain.drift import DriftRules
from storeguard.domain.events import StepSettled
from storeguard.domain.product import Product
from storeguard.domain.scalerules import Reading, WeighingRules, band_g
from storeguard.domain.scalestate import Weighing
from storeguard.domain.weighing import advance

LEAST_SAMPLES_PER_S, LEAST_RIGHT, LEAST_FOUND = 100_000.0, 0.999, 0.95
RATE_HZ, BATCH, BOTTLE_G, MOST_ITEMS = 10.0, 5, 95.0, 60
EVERY_S, FREEZER_G = 25.0, 60_000.0
BAR = Product("메로나", 1000, 75.0)
GOODS_G = (95.0, 143.0, 211.0, 330.0, 517.0, 790.0)
FROST_G_PER_S, DEFROST_G, DEFROST_TAU_S = 150.0 / 86_400, 200.0, 600.0


def main() -> int:
    wanted = _arguments()
    lines = [*_costs(), *_step_costs(), _counts(wanted.steps), _freezer(wanted.visits)]
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
    lines = []
    for products in (1, 2, 3, 4, 6):
        took_ms = np.array(_steps_ms(products, visits=100))
        found = {"n": len(took_ms), "median_ms": round(float(np.median(took_ms)), 3)}
        found |= {"p95_ms": round(float(np.quantile(took_ms, 0.95)), 3), "is_kept": True}
        lines.append({"kind": "step", "products": products, **found})
    return lines


def _steps_ms(products: int, visits: int) -> list[float]:
    """Of one scale with so many products, filled up every ten visits."""
    chance = np.random.default_rng(products)
    goods = tuple(Product(f"{grams:g}", 1000, grams) for grams in GOODS_G[:products])
    band, now_s, took_ms = band_g(10_000.0, goods[0].unit_weight_g), 0.0, []
    for visit in range(visits):
        if visit % 10 == 0:
            belief = Belief({"A": goods})
            level_g = 20 * sum(one.unit_weight_g for one in goods)
            booked = {one.name: 20 for one in goods}
            belief = first_weighed(belief, Weighed("A", level_g, band, now_s), booked, {})
        belief = entered(belief)
        taken_g = -goods[chance.integers(products)].unit_weight_g * chance.integers(1, 3)
        for grams in (taken_g, -taken_g) if visit % 10 == 9 else (taken_g,):
            now_s, level_g = now_s + 60, level_g + grams * (1 + chance.normal(0, 0.005))
            step = Weighed("A", level_g, band, now_s, 0.3, now_s - 2, 0.5)
            began_s = time.process_time()
            belief = weigh(belief, step)
            took_ms.append(1000 * (time.process_time() - began_s))
    return took_ms


def _batches(times: Grams, raws: list[int | None]) -> list[list[Reading]]:
    readings = [Reading(t, raw) for t, raw in zip(times.tolist(), raws, strict=True)]
    return [readings[at : at + BATCH] for at in range(0, len(readings), BATCH)]


def _counts(steps: int) -> dict[str, Any]:
    chance = np.random.default_rng(7)
    cell = draw_cell(10_000.0, chance, worst=True)
    at_s = 60.0 + EVERY_S * np.arange(steps)
    times = np.arange(0.0, at_s[-1] + 60.0, 1 / RATE_HZ)
    present, units = 40, []
    for _ in range(steps):
        least, most = max(-3, -present), min(3, MOST_ITEMS - present)
        moved = int(chance.choice([n for n in range(least, most + 1) if n]))
        present += moved
        units.append(moved)
    spread = chance.normal(0.0, 0.01 * BOTTLE_G, steps) * np.sqrt(np.abs(units))
    grams = 40 * BOTTLE_G + _steps(times, at_s, BOTTLE_G * np.array(units) + spread)
    grams += _hands(times, at_s, chance, 600.0)
    air = Air.day(float(times[-1]), chance, conditioned=True)
    raws = words(measured_g(times, grams, cell, air), cell, chance, RATE_HZ)
    found = _settled(times, raws, cell, 2.0, band_g(10_000.0, BOTTLE_G), DriftRules.of(10_000.0))
    told = [round(_between(found, at, at + EVERY_S) / BOTTLE_G) for at in at_s]
    right = sum(a == b for a, b in zip(told, units, strict=True)) / steps
    line = {"kind": "count", "n": steps, "right": round(right, 5), "limit": LEAST_RIGHT}
    return line | {"is_kept": right >= LEAST_RIGHT}


def _freezer(visits: int) -> dict[str, Any]:
    """Every third visit takes two bars unpaid, every third pays for two, every third looks."""
    chance = np.random.default_rng(11)
    cell = draw_cell(200_000.0, chance, worst=True)
    every_s = 240.0
    at_s = 120.0 + every_s * np.arange(visits)
    times = np.arange(0.0, at_s[-1] + every_s, 1 / RATE_HZ)
    kinds = np.arange(visits) % 3
    taken = np.where(kinds < 2, 2 * BAR.unit_weight_g * (1 + chance.normal(0, 0.02, visits)), 0.0)
    grams = FREEZER_G - _steps(times, at_s, taken) + FROST_G_PER_S * times
    for begins_s in np.arange(1800.0, times[-1], 14_400.0):
        since_s = np.clip(times - begins_s, 0.0, None)
        grams -= DEFROST_G * (1 - np.exp(-since_s / DEFROST_TAU_S))
    hum = 8.0 * np.sin(2 * math.pi * 1.3 * times) * ((times // 600) % 3 == 0)
    grams += hum + _hands(times, at_s, chance, 4000.0, for_s=12.0)
    air = Air.day(float(times[-1]), chance, conditioned=True)
    raws = words(measured_g(times, grams, cell, air), cell, chance, RATE_HZ)
    given = bulk.rules(200_000.0)
    found = _settled(times, raws, cell, bulk.SETTLE_FOR_S, bulk.band_g(200_000.0), given)
    losses = []
    for at, kind in zip(at_s, kinds, strict=True):
        mine = [s for s in found if at - 30 <= s.started_s <= at + every_s - 40]
        moved = [Moved(s.started_s, s.t_s, s.grams, s.sigma_g) for s in mine]
        loss = bulk.judge(moved, [(BAR, 2)] if kind == 1 else [], Typical(75.0, 13.0))
        losses.append(loss is not None and loss.grams > 0)
    stolen = [one for one, kind in zip(losses, kinds, strict=True) if kind == 0]
    false = sum(one for one, kind in zip(losses, kinds, strict=True) if kind)
    share = sum(stolen) / len(stolen)
    nobody = [s for s in found if not any(at - 30 <= s.started_s <= at + 60 for at in at_s)]
    line = {"kind": "freezer", "n": visits, "stolen": len(stolen), "found": round(share, 4)}
    line |= {"false": false, "honest": visits - len(stolen), "steps_of_nobody": len(nobody)}
    return line | {"is_kept": share >= LEAST_FOUND and false == 0}


def _settled(
    times: Grams, raws: list[int | None], cell: Any, settle_s: float, band: float, drift: DriftRules
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


def _between(found: list[StepSettled], from_s: float, until_s: float) -> float:
    return sum(step.grams for step in found if from_s <= step.t_s < until_s)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--visits", type=int, default=1500)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
