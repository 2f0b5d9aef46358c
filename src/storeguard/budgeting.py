"""The error budgets of the configured scales, and what `check-config` says of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from storeguard import config as cfg
from storeguard.books.journalfile import units_sold
from storeguard.domain.budget import Budget, Cell, Clash, Reach, budget, guarded_share
from storeguard.domain.product import OnScales, Product


def budgets(
    config: cfg.Config,
    on_scales: OnScales,
    counts: Mapping[str, int],
    noise_g: Mapping[str, float] | None = None,
) -> tuple[Budget, ...]:
    """One a scale with goods. `noise_g`: scale → sigma, where it has been seen."""
    seen = noise_g or {}
    return tuple(
        budget(_cell(config, scale, seen.get(scale.id)), on_scales[scale.id], counts)
        for scale in config.scales
        if any(product.is_weighable for product in on_scales.get(scale.id, ()))
    )


def _cell(config: cfg.Config, scale: cfg.Scale, noise_g: float | None) -> Cell:
    settle_for_s, rate_hz = config.visits.settle_for_s, scale.sample_rate_hz
    return Cell(scale.id, scale.capacity_g, settle_for_s, rate_hz, noise_g)


@dataclass(frozen=True, slots=True)
class Guarded:
    """The share, 0..1, of a value whose every unit is counted: of the `sales`, or of the `stock`
    while nothing has been sold."""

    share: float
    of: Literal["sales", "stock"]


def guarded(
    found: Sequence[Budget], products: Sequence[Product], state: Path, counts: Mapping[str, int]
) -> Guarded | None:
    """None where there is nothing to guard. `counts`: the stock; `state`: the journal's folder."""
    share = guarded_share(found, products, units_sold(state))
    if share is not None:
        return Guarded(share, "sales")
    share = guarded_share(found, products, counts)
    return None if share is None else Guarded(share, "stock")


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
    }


def lines(found: Sequence[Budget], guarded: Guarded | None) -> Iterator[str]:
    """What each scale can tell, a line each, and the share of the value that is guarded."""
    for one in found:
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
    if guarded is not None:
        yield f"guarded: {guarded.share:.0%} of the value of the {guarded.of}"


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


def _units(count: int, product: Product) -> str:
    times = f"{count} x " if count > 1 else ""
    return f"{times}{product.name} ({product.unit_weight_g:g} g)"


def _of_product(one: Budget, reach: Reach) -> Iterator[str]:
    scale, product = one.cell.scale, reach.product
    named = f"scale '{scale}': {product.name} ({product.unit_weight_g:g} g)"
    if not reach.is_countable:
        yield f"{named}: too light for cells of {one.cell.capacity_g:,.0f} g: it is not counted"
    elif reach.hides:
        yield (
            f"{named}: {one.cell.drift_a_day_g:.0f} g of drift a day (7 g/°C on 10 kg, ±2.5 °C) "
            "are more than a third of one: it will be called uncertain at times and ask for its "
            "zero; smaller cells or an even temperature help"
        )
