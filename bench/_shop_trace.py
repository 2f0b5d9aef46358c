"""Writes what happened in the little shop as a trace (design: "Trace"), and cuts traces."""

import json
import math
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from _shop_weights import Air, dressed, owners_g
from _shop_world import Goods, Plate, Sale, Shop

TARE_RAW, COUNTS_PER_G = 84_000, 100.0
SAMPLE_RATE_HZ, QUIET_RATE_HZ = 10, 2
"""Before anybody comes readings are fewer: the zero moves slowly, and a trace is played sooner."""

QUIET_END_S = 20.0
"""After the last thing that happens the scales are read for so long."""

Grams = npt.NDArray[np.float64]


def write_trace(
    folder: Path,
    shop: Shop,
    counts: dict[str, int],
    grace_s: float,
    ends_s: float,
    seed: int,
    *,
    is_hard: bool = False,
    quiet_s: float = 0.0,
) -> dict[str, tuple[Grams, Grams]]:
    """Writes the whole trace; returns times and grams a scale, as they stand in it.

    `counts` is the stock at the start by product name; `is_hard`: as real cells deliver it;
    `quiet_s`: so long nobody comes.
    """
    (folder / "inventory").mkdir(parents=True)
    noise = np.random.default_rng(seed)
    times_s = _times_s(quiet_s, ends_s + QUIET_END_S)
    weights = {
        scale: (times_s, _grams(plate, times_s, noise)) for scale, plate in shop.plates.items()
    }
    texts = {
        "config.yaml": _config(shop.goods, grace_s),
        "inventory/inventory_store.csv": _inventory(shop.goods, counts),
        "people.csv": _rows("t_s,people", _one_a_moment(shop.seen)),
        "sales.csv": sales_csv(shop.sales),
        **late_csvs(shop.sales, shop.silent),
        **_owners_csvs(shop),
        "scales.csv": _scales(weights),
    }
    if is_hard:
        air = Air.day(float(times_s[-1]), noise, conditioned=True)
        texts["scales.csv"] = _hard_scales(weights, shop.goods, air, seed)
        written = [replace(one, unit_g=owners_g(one.unit_g, seed)) for one in shop.goods]
        texts["inventory/inventory_store.csv"] = _inventory(written, counts)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return weights


def _owners_csvs(shop: Shop) -> dict[str, str]:
    """What the owner has done and declared; tables with nothing in them are left out."""
    texts = {
        "edits.csv": ("t_s,book,product,count", shop.edits),
        "restock.csv": ("t_s,mode,who", shop.restock),
        "inventory/promotions.csv": ("행사명,행사,상품", [(one,) for one in shop.promotions]),
    }
    return {name: _rows(header, rows) for name, (header, rows) in texts.items() if rows}


def _times_s(quiet_s: float, ends_s: float) -> Grams:
    slow = np.arange(0.0, quiet_s, 1 / QUIET_RATE_HZ)
    return np.concatenate([slow, np.arange(quiet_s, ends_s, 1 / SAMPLE_RATE_HZ)])


def _grams(plate: Plate, times_s: Grams, noise: np.random.Generator) -> Grams:
    """The weight on the plate: goods that came and went, hands, the cell's noise."""
    ends_g = sum(item.grams for item in plate.items)
    before_g = ends_g - sum(change_g for _, change_g in plate.changes)
    change_at = np.searchsorted(times_s, [t_s for t_s, _ in plate.changes])
    moved = np.zeros(len(times_s) + 1)
    np.add.at(moved, change_at, [change_g for _, change_g in plate.changes])
    load_g = before_g + np.cumsum(moved[:-1])
    grams = load_g + noise.normal(0.0, plate.goods.noise_g, len(times_s))
    for swing in plate.swings:
        since_s = times_s[times_s >= swing.from_s] - swing.from_s
        share = (
            swing.share * np.exp(-since_s / swing.fades_s) * np.cos(math.tau * swing.hz * since_s)
        )
        grams[times_s >= swing.from_s] -= share * load_g[times_s >= swing.from_s]
    for strain in plate.strains:
        first, last = np.searchsorted(times_s, (strain.from_s, strain.until_s))
        grams[first:last] += noise.normal(strain.mean_g, strain.wobble_g, last - first)
    return grams


def _scales(weights: dict[str, tuple[Grams, Grams]]) -> str:
    lines = ["t_s,scale,raw\n"]
    columns = [
        (TARE_RAW + COUNTS_PER_G * grams).round().astype(int).clip(-0x7FFFFF, 0x7FFFFE).tolist()
        for _, grams in weights.values()
    ]
    times_s = next(iter(weights.values()))[0].round(2).tolist()
    for t_s, *raws in zip(times_s, *columns, strict=True):
        lines += [f"{t_s},{scale},{raw}\n" for scale, raw in zip(weights, raws, strict=True)]
    return "".join(lines)


def _hard_scales(
    weights: dict[str, tuple[Grams, Grams]], goods: Sequence[Goods], air: Air, seed: int
) -> str:
    """Cells of the worst drift, with creep, spikes and failures, in one shop's air."""
    columns = [
        dressed(*weights[one.scale], one.capacity_g, COUNTS_PER_G, seed + at, air, worst=True)
        for at, one in enumerate(goods)
    ]
    times_s = next(iter(weights.values()))[0].round(2).tolist()
    rows = zip(times_s, *columns, strict=True)
    return "t_s,scale,raw\n" + "".join(
        f"{t_s},{one.scale},{'' if raw is None else raw}\n"
        for t_s, *raws in rows
        for one, raw in zip(goods, raws, strict=True)
    )


def sales_csv(sales: list[Sale], earlier_by_s: float = 0.0) -> str:
    at_once = (s for s in sales if s.told_s is None)
    rows = ((s.t_s - earlier_by_s, s.name, s.count) for s in at_once)
    return _rows("t_s,product,count", sorted(rows, key=lambda row: row[0]))


def late_csvs(
    sales: list[Sale], silent: tuple[float, float] | None, earlier_by_s: float = 0.0
) -> dict[str, str]:
    """What a silent kiosk tells in the end, and until when it had told everything."""
    if silent is None:
        return {}
    from_s, until_s = (max(0.0, t_s - earlier_by_s) for t_s in silent)
    late = [(s.t_s - earlier_by_s, s.name, s.count, until_s) for s in sales if s.told_s is not None]
    return {
        "late_sales.csv": _rows("t_s,product,count,told_t_s", late),
        "sales_complete.csv": _rows("t_s,until_t_s", [(from_s, from_s), (until_s, "")]),
    }


def _one_a_moment(seen: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Two who come in at the same moment are one row."""
    return list(dict(seen).items())


def _rows(header: str, rows: Iterable[tuple[object, ...]]) -> str:
    return "\n".join([header, *(",".join(_cell(cell) for cell in row) for row in rows)]) + "\n"


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _config(goods: list[Goods], grace_s: float) -> str:
    calibration = f"{{tare_raw: {TARE_RAW}, counts_per_g: {COUNTS_PER_G}}}"
    scales = "".join(
        f"  - {{id: {one.scale}, products: [{one.name}], capacity_g: {one.capacity_g:.0f}, "
        f"calibration: {calibration}}}\n"
        for one in goods
    )
    return (
        "store: {id: bench-1, name: 벤치}\nscales:\n" + scales + "cameras: [{id: door}]\n"
        f"visits: {{payment_grace_s: {grace_s:.1f}}}\n"
        'started_at: "2026-11-20T10:00:00+09:00"\n'
    )


def _inventory(goods: list[Goods], counts: dict[str, int]) -> str:
    rows = (f"{one.name},{counts[one.name]},{one.price_won},{one.unit_g:g}" for one in goods)
    return "\n".join(["상품명, 개수, 가격, 무게", *rows]) + "\n"


def cut_trace(
    source: Path,
    target: Path,
    from_s: float,
    until_s: float,
    counts: dict[str, int],
    sales: list[Sale],
) -> None:
    """A shorter trace that begins at an empty moment, with the counts of that moment.

    `sales` are those of the people who come in after it.
    """
    shutil.copytree(source / "inventory", target / "inventory")
    (target / "config.yaml").write_bytes((source / "config.yaml").read_bytes())
    (target / "sales.csv").write_text(sales_csv(sales, from_s), encoding="utf-8")
    for name in ("scales.csv", "people.csv", "edits.csv", "restock.csv"):
        if (source / name).exists():
            (target / name).write_text(_window(source / name, from_s, until_s), encoding="utf-8")
    header, *rows = (source / "inventory" / "inventory_store.csv").read_text("utf-8").splitlines()
    cells = (row.split(",") for row in rows)
    changed = [",".join([cell[0], str(counts[cell[0]]), *cell[2:]]) for cell in cells]
    path = target / "inventory" / "inventory_store.csv"
    path.write_text("\n".join([header, *changed]) + "\n", encoding="utf-8")


def _window(path: Path, from_s: float, until_s: float) -> str:
    header, *rows = path.read_text("utf-8").splitlines()
    kept = []
    for row in rows:
        t_s, rest = row.split(",", 1)
        if from_s <= float(t_s) <= until_s:
            kept.append(f"{float(t_s) - from_s:.2f},{rest}")
    if path.name == "people.csv":
        kept.insert(0, "0,0")
    return "\n".join([header, *kept]) + "\n"


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
