"""What explains missing units of a visit whose counts were in doubt, until the counts are known."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Excuse(NamedTuple):
    """So many units may have been given away; or paid as one of `others`, which lie there then."""

    product: str
    units: int
    others: tuple[str, ...] = ()


def explained(
    found: Mapping[str, int], excuses: Iterable[Excuse]
) -> tuple[dict[str, int], tuple[Excuse, ...]]:
    """`found`: product whose count is certain → units missing, negative is a surplus.

    Returns the units that are missing for a reason, and the excuses that are still open.
    """
    left, gone, open_still = Counter(found), Counter[str](), []
    for one in excuses:
        if not {one.product, *one.others} <= found.keys():
            open_still.append(one)
            continue
        instead = sum(max(0, -left[other]) for other in one.others)
        units = max(0, min(one.units, left[one.product], instead if one.others else one.units))
        gone[one.product] += units
        left[one.product] -= units
        for other in one.others:
            used = min(units, max(0, -left[other]))
            left[other] += used
            units -= used
    return {name: count for name, count in gone.items() if count}, tuple(open_still)
