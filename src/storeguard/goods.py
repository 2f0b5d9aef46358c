"""What lies where: counted products on plates, and heaps of them in freezers (`kind: bulk`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from storeguard.config import Config
from storeguard.domain.product import OnScales, Product, assign


@dataclass(frozen=True, slots=True)
class Goods:
    """`by_scale` is counted, `bulk` is judged by grams. `problems` stop the start."""

    by_scale: OnScales
    bulk: OnScales
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def goods_of(config: Config, products: Sequence[Product]) -> Goods:
    """Joins the configuration with the CSV's 선반 column."""
    heaps = {scale.id: scale.products for scale in config.scales if scale.kind == "bulk"}
    named = {name: scale for scale, names in heaps.items() for name in names}
    heaped = {
        one.name: heap
        for one in products
        if (heap := named.get(one.name, one.scale)) is not None and heap in heaps
    }
    counted = [one for one in products if one.name not in heaped]
    plates = {scale.id: scale.products for scale in config.scales if scale.kind != "bulk"}
    fit = assign(plates, counted)
    problems = (*fit.problems, *_unknown(named, products), *_disagreeing(named, products))
    bulk = {
        scale: tuple(replace(one, scale=None) for one in products if heaped.get(one.name) == scale)
        for scale in heaps
    }
    return Goods(fit.by_scale, bulk, problems, fit.remarks)


def still_carried(
    config: Config, kiosk: Sequence[Product], shelf: Sequence[Product]
) -> tuple[Product, ...]:
    """What the configuration puts on a scale and the kiosk book has no row for any more, as the
    shelf book knows it: no row that its owner has deleted keeps a shop from being guarded."""
    known = {one.name for one in kiosk}
    named = {name for scale in config.scales for name in scale.products}
    return tuple(one for one in shelf if one.name in named - known)


def _unknown(named: dict[str, str], products: Sequence[Product]) -> Iterator[str]:
    known = {one.name for one in products}
    for name, scale in named.items():
        if name not in known:
            yield (
                f"scale '{scale}': product '{name}' is not in the inventory; add its row to "
                "inventory_store.csv or correct scales[].products"
            )


def _disagreeing(named: dict[str, str], products: Sequence[Product]) -> Iterator[str]:
    for one in products:
        where = named.get(one.name)
        if where is not None and one.scale is not None and one.scale != where:
            yield (
                f"product '{one.name}': the configuration puts it on scale '{where}', the CSV's "
                f"선반 says '{one.scale}'; correct one of them"
            )
