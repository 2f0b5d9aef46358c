"""What storeguard replaces, fed with the same traces: books compared on every empty frame.

The ancestor counted `int(grams / unit)`; the other baseline rounds. Both take the difference to
the kiosk's book for a theft, and set that book to the shelf.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from _shop_trace import Grams
from _shop_world import Shop

FRAME_S = 1.0

Rule = Callable[[Grams], Grams]
Line = dict[str, Any]


def ancestor(ratio: Grams) -> Grams:
    """`int()` cuts towards zero."""
    return np.trunc(ratio)


def rounding(ratio: Grams) -> Grams:
    return np.round(ratio)


def naive_answers(shop: Shop, weights: dict[str, tuple[Grams, Grams]], rule: Rule) -> list[Line]:
    """Issues as `replay --json` would print them; what is on the shelf at first is believed."""
    lines: list[Line] = []
    for plate in shop.plates.values():
        times_s, grams = weights[plate.goods.scale]
        frames_s = np.arange(0.0, times_s[-1], FRAME_S)
        frames_s = frames_s[_people_at(shop, frames_s) == 0]
        shelf = rule(grams[np.searchsorted(times_s, frames_s)] / plate.goods.unit_g)
        missing = np.diff(-shelf - _sold_at(shop, plate.goods.name, frames_s))
        for at in np.flatnonzero(missing):
            lines.append(_issue(shop, float(frames_s[at + 1]), plate.goods.name, int(missing[at])))
    return sorted(lines, key=lambda line: line["t_s"])


def _people_at(shop: Shop, frames_s: Grams) -> Grams:
    times_s, people = (np.array(column) for column in zip(*shop.seen, strict=True))
    return people[np.searchsorted(times_s, frames_s, side="right") - 1]


def _sold_at(shop: Shop, name: str, frames_s: Grams) -> Grams:
    sales = sorted((sale.known_s, sale.count) for sale in shop.sales if sale.name == name)
    sums = np.cumsum([0.0] + [count for _, count in sales])
    return sums[np.searchsorted([t_s for t_s, _ in sales], frames_s, side="right")]


def _issue(shop: Shop, t_s: float, name: str, missing: int) -> Line:
    started_s = max((one.entered_s for one in shop.people if one.entered_s <= t_s), default=None)
    return {
        "t_s": t_s,
        "event": "IssueSealed",
        "id": f"{name} at {t_s}",
        **({} if started_s is None else {"visit_started_t_s": started_s}),
        "lines": [{"product": name, "missing": missing}],
    }
