"""What missing goods cost, by line, issue and day; what was paid after all costs nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from storeguard.domain.issue import IssueLine
from storeguard.domain.product import Stock


def outstanding_won(lines: Sequence[IssueLine], paid: Stock, confirmed: Stock | None = None) -> int:
    """What an issue comes to now.

    `paid`: product → units paid since; `confirmed`: what a provisional issue came to, where
    the store is empty by now.
    """
    return sum(_outstanding_won(line, paid, confirmed) for line in lines)


def _outstanding_won(line: IssueLine, paid: Stock, confirmed: Stock | None) -> int:
    missing = line.missing if confirmed is None else confirmed.get(line.product, 0)
    left = max(0, missing - paid.get(line.product, 0))
    return line.loss * left // line.missing


def by_day(losses: Iterable[tuple[date, int]]) -> Mapping[date, int]:
    """Local day → won, the days in their order."""
    summed: dict[date, int] = {}
    for day, won in sorted(losses):
        summed[day] = summed.get(day, 0) + won
    return summed
