"""The error budgets of the configured scales, and what `check-config` says of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from storeguard import config as cfg
from storeguard.books.journalfile import units_sold
from storeguard.domain import bulk
from storeguard.domain.budget import (
    MOST_SUMS,
    Budget,
    Cell,
    Clash,
    Handful,
    Heap,
    Reach,
    Sum,
    budget,
    guarded_share,
    heap,
    share_by_grams,
)
from storeguard.domain.product import OnScales, Product, Stock
from storeguard.goods import Goods

Noise = Mapping[str, float]
"""Scale → sigma in grams, where it has been seen."""


@dataclass(frozen=True, slots=True)
class Found:
    """What every scale with goods can tell: those that count, and the freezers."""

    scales: tuple[Budget, ...] = ()
    freezers: tuple[Heap, ...] = ()


def found(config: cfg.Config, goods: Goods, counts: Stock, noise_g: Noise | None = None) -> Found:
    """`counts`: the stock."""
    scales = budgets(config, goods.by_scale, counts, noise_g)
    return Found(scales, heaps(config, goods.bulk, counts, noise_g))


def budgets(
    config: cfg.Config,
    on_scales: OnScales,
    counts: Stock,
    noise_g: Noise | None = None,
) -> tuple[Budget, ...]:
    """One a scale with goods. `noise_g`: scale → sigma, where it has been seen."""
    seen = noise_g or {}
    return tuple(
        budget(_cell(config, scale, seen.get(scale.id)), on_scales[scale.id], counts)
        for scale in config.scales
        if any(product.is_weighable for product in on_scales.get(scale.id, ()))
    )


def heaps(
    config: cfg.Config, bulky: OnScales, counts: Stock, noise_g: Noise | None = None
) -> tuple[Heap, ...]:
    """One a freezer whose goods have weights."""
    seen = noise_g or {}
    found = (
        heap(_cell(config, scale, seen.get(scale.id)), bulky[scale.id], counts)
        for scale in config.scales
        if scale.id in bulky
    )
    return tuple(one for one in found if one is not None)


def _cell(config: cfg.Config, scale: cfg.Scale, noise_g: float | None) -> Cell:
    settle_for_s, rate_hz = config.visits.settle_for_s, scale.sample_rate_hz
    if scale.kind == "bulk":
        settle_for_s = max(settle_for_s, bulk.SETTLE_FOR_S)
    return Cell(scale.id, scale.capacity_g, settle_for_s, rate_hz, noise_g)


@dataclass(frozen=True, slots=True)
class Guarded:
    """The share, 0..1, of a value of which a single unit that goes is counted: of the `sales`, or
    of the `stock` while nothing has been sold.

    That several products taken at once may weigh the same as others takes nothing from it, as
    long as the counting still tells the single unit. `by_grams`: the share beside it that lies in
    freezers, which promise less.
    """

    share: float
    of: Literal["sales", "stock"]
    by_grams: float = 0.0


def guarded(
    found: Found, products: Sequence[Product], state: Path, counts: Stock
) -> Guarded | None:
    """None where there is nothing to guard. `counts`: the stock; `state`: the journal's folder."""
    sold = units_sold(state)
    return _guarded(found, products, sold, "sales") or _guarded(found, products, counts, "stock")


def _guarded(
    found: Found, products: Sequence[Product], units: Stock, of: Literal["sales", "stock"]
) -> Guarded | None:
    share = guarded_share(found.scales, products, units)
    by_grams = share_by_grams(found.freezers, products, units)
    return None if share is None or by_grams is None else Guarded(share, of, by_grams)


def all_as_json(found: Found, guarded: Guarded | None) -> dict[str, Any]:
    """Shares 0..1, and what each scale and each freezer can tell."""
    return {
        "guarded_share": guarded and guarded.share,
        "guarded_of": guarded and guarded.of,
        "by_grams_share": guarded and guarded.by_grams,
        "scales": [as_json(one) for one in found.scales],
        "freezers": [heap_as_json(one) for one in found.freezers],
    }


def as_json(one: Budget) -> dict[str, Any]:
    """Grams, and units of each product."""
    return {
        "scale": one.cell.scale,
        "noise_g": round(one.cell.noise_sigma_g, 2),
        "noise_seen": one.cell.noise_g is not None,
        "drift_a_day_g": round(one.cell.drift_a_day_g, 1),
        "resolves_g": round(one.resolves_g, 1),
        "products": [
            {
                "product": reach.product.name,
                "most_at_once": reach.at_once,
                "most_afresh": reach.afresh,
                "is_guarded": one.guards(reach.product.name),
            }
            for reach in one.reaches
        ],
        "alike": [
            {
                "products": {clash.one.name: clash.units, clash.other.name: clash.other_units},
                "differ_g": round(clash.differ_g, 1),
                "needs_g": round(clash.needs_g, 1),
            }
            for clash in one.clashes
        ],
        "sums": [
            {
                "one": {product.name: count for product, count in each.one},
                "other": {product.name: count for product, count in each.other},
                "differ_g": round(each.differ_g, 1),
                "needs_g": round(each.needs_g, 1),
            }
            for each in one.sums
        ],
    }


def heap_as_json(one: Heap) -> dict[str, Any]:
    """Grams, won, and about how many units."""
    return {
        "scale": one.cell.scale,
        "noise_g": round(one.cell.noise_sigma_g, 2),
        "noise_seen": one.cell.noise_g is not None,
        "products": [product.name for product in one.products],
        "least_g": round(one.least_g, 1),
        "least_items": one.items,
        "least_won": one.won,
        "unseen_g_per_s": round(one.unseen_g_per_s, 1),
        "unseen_g_per_hour": round(one.unseen_g_per_hour),
    }


def lines(found: Found, guarded: Guarded | None) -> Iterator[str]:
    """What each scale can tell, a line each, and the share of the value that is guarded."""
    for one in found.scales:
        cell, seen = one.cell, "seen" if one.cell.noise_g is not None else "assumed"
        reach = ", ".join(
            f"{each.product.name} {each.at_once} at once ({each.afresh} afresh)"
            for each in one.reaches
        )
        yield (
            f"scale '{cell.scale}': noise {cell.noise_sigma_g:.2f} g ({seen}), drift up to "
            f"±{cell.drift_a_day_g:.0f} g a day (assumed), resolves {one.resolves_g:.1f} g; "
            f"counts {reach}"
        )
    for each in found.freezers:
        yield _freezer(each)
    if guarded is not None:
        weaker = f", {guarded.by_grams:.0%} more in freezers, by grams and won only"
        more = weaker if found.freezers else ""
        yield f"guarded: {guarded.share:.0%} of the value of the {guarded.of}{more}"


def _freezer(one: Heap) -> str:
    seen = "seen" if one.cell.noise_g is not None else "assumed"
    return (
        f"scale '{one.cell.scale}': noise {one.cell.noise_sigma_g:.2f} g ({seen}); a freezer is "
        f"told by grams and won, not by product: from {one.least_g:.0f} g on, about {one.items} "
        f"items, {one.won:,} won; what leaves slower than {one.unseen_g_per_s:.0f} g a second, up "
        f"to {one.unseen_g_per_hour:,.0f} g an hour, passes for frost and drift and is not seen"
    )


def remarks(found: Sequence[Budget]) -> Iterator[str]:
    """What the owner should know before the first visit, in English as all of `check-config`."""
    for one in found:
        yield from _of_scale(one)


def _of_scale(one: Budget) -> Iterator[str]:
    scale = one.cell.scale
    if one.is_overloaded:
        yield (
            f"scale '{scale}': its goods weigh {one.loaded_g:,.0f} g, more than its cells carry "
            f"({one.cell.capacity_g:,.0f} g)"
        )
    for clash in _worst(one.clashes):
        yield f"scale '{scale}': {_clash(clash)}"
    if one.sums:
        yield f"scale '{scale}': {_sum(one.sums)}"
    for reach in one.reaches:
        yield from _of_product(one, reach)


def _worst(clashes: Sequence[Clash]) -> Iterator[Clash]:
    """Single units that are alike make every other pair of these products needless to say."""
    said = set()
    for clash in sorted(clashes, key=lambda one: one.units + one.other_units):
        pair = (clash.one.name, clash.other.name)
        if pair not in said:
            said.add(pair)
            yield clash


def _clash(clash: Clash) -> str:
    one, other = (_units(clash.units, clash.one), _units(clash.other_units, clash.other))
    if clash.units == clash.other_units == 1:
        return (
            f"{one} and {other} cannot share it: the smallest difference that 99.9 % of steps "
            f"resolve is {clash.needs_g:.1f} g; put one of them on another scale"
        )
    return (
        f"{one} weigh much the same as {other} (differ by {clash.differ_g:.1f} g, "
        f"{clash.needs_g:.1f} g is needed): such a step is uncertain"
    )


def _sum(sums: Sequence[Sum]) -> str:
    """One line: the likeliest, and how many there are; a list of all of them nobody reads."""
    first, more = sums[0], len(sums) - 1
    least = "at least " if len(sums) >= MOST_SUMS else ""
    rest = f"; {least}{more} more such sums: check-config --json" if more else ""
    return (
        f"{_handful(first.one)} and, taken at once, {_handful(first.other)} weigh much the same "
        f"(differ by {first.differ_g:.1f} g, {first.needs_g:.1f} g is needed): such a step may be "
        f"uncertain{rest}"
    )


def _handful(handful: Handful) -> str:
    return " + ".join(_units(count, product) for product, count in handful)


def _units(count: int, product: Product) -> str:
    times = f"{count} x " if count > 1 else ""
    return f"{times}{product.name} ({product.unit_weight_g:g} g)"


def _of_product(one: Budget, reach: Reach) -> Iterator[str]:
    scale, product = one.cell.scale, reach.product
    named = f"scale '{scale}': {product.name} ({product.unit_weight_g:g} g)"
    if not reach.is_countable:
        yield f"{named}: too light for cells of {one.cell.capacity_g:,.0f} g: it is not counted"
        return
    if not (reach.at_once or one.is_alike(product.name)):
        yield (
            f"{named}: even one of it may be called uncertain beside its neighbours, so it is not "
            "in the guarded share"
        )
    if reach.hides:
        helps = "an even temperature helps"
        if not one.cell.is_smallest:
            helps = "smaller cells or an even temperature help"
        yield (
            f"{named}: {one.cell.drift_a_day_g:.0f} g of drift a day (7 g/°C on 10 kg, ±2.5 °C) "
            "are more than a third of one: it will be called uncertain at times and ask for its "
            f"zero; {helps}"
        )
