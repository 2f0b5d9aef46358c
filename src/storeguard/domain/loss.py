"""What missing goods cost now: what was paid, or put back, after all costs nothing.

Lines and amendments are as manifests and the journal have them: `product`, `missing`, `loss`;
`product`, `count`, `sale_id`. An amendment without a sale is what the empty store took back of
a provisional issue, or what a promotion explains that is proposed by now.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from storeguard.domain.product import Stock

Line = Mapping[str, Any]
Amendment = Mapping[str, Any]

TAKEN_BACK = ""
"""`sale_id` of such an amendment."""

BY_PROMOTION, NO_PROMOTION = "promotion:", "no-promotion:"
"""Before the promotion's name, as `sale_id`: it explains these units; the owner says it is none."""

Stand = Literal["open", "checking", "settled", "paid", "withdrawn"]
"""How an issue stands: sealed, and not all of it is paid; provisional, nobody knows yet;
provisional and confirmed by the empty store; all of it was paid, the last of it late; withdrawn,
all of it was paid or put back in its own visit, or is explained by a promotion."""


def left(lines: Iterable[Line], amendments: Iterable[Amendment]) -> list[dict[str, Any]]:
    """The lines that still stand, `missing` and `loss` (won) as they are now."""
    amended = units(amendments)
    return _lines((line, line["missing"] - amended[line["product"]]) for line in lines)


def left_won(lines: Iterable[Line], amendments: Iterable[Amendment]) -> int:
    """What an issue comes to now."""
    return sum(line["loss"] for line in left(lines, amendments))


def of_units(lines: Iterable[Line], counts: Stock) -> list[dict[str, Any]]:
    """The lines of so many units of each product, with what these cost; zeros left out."""
    return _lines((line, counts.get(line["product"], 0)) for line in lines)


def units(amendments: Iterable[Amendment]) -> Counter[str]:
    """Product → units that were paid or put back."""
    counts: Counter[str] = Counter()
    for one in amendments:
        counts[one["product"]] += one["count"]
    return counts


def taken_back(lines: Iterable[Line], confirmed: Stock) -> tuple[dict[str, Any], ...]:
    """The amendments of a provisional issue of which the empty store has confirmed so much."""
    return tuple(
        {"product": line["product"], "count": count, "sale_id": TAKEN_BACK}
        for line in lines
        if (count := line["missing"] - confirmed.get(line["product"], 0)) > 0
    )


def late(amendments: Iterable[Amendment]) -> tuple[Amendment, ...]:
    """What was paid once the issue was sealed for good."""
    return tuple(one for one in amendments if not _is_taken_back(one["sale_id"]))


def _is_taken_back(sale_id: str) -> bool:
    return sale_id == TAKEN_BACK or sale_id.startswith((BY_PROMOTION, NO_PROMOTION))


def stand_of(
    lines: Sequence[Line],
    amendments: Sequence[Amendment],
    *,
    is_provisional: bool = False,
    is_settled: bool = False,
) -> Stand:
    """`is_provisional`: sealed as such; `is_settled`: the store has become empty since."""
    if is_provisional and not is_settled:
        return "checking"
    if amendments and not left(lines, amendments):
        return "paid" if late(amendments) else "withdrawn"
    return "settled" if is_provisional else "open"


def by_day(losses: Iterable[tuple[date, int]]) -> Mapping[date, int]:
    """Local day → won, the days in their order."""
    summed: dict[date, int] = {}
    for day, won in sorted(losses):
        summed[day] = summed.get(day, 0) + won
    return summed


def _lines(counted: Iterable[tuple[Line, int]]) -> list[dict[str, Any]]:
    """Each line with so many units of its own, and their share of its loss."""
    return [
        {**line, "missing": count, "loss": line.get("loss", 0) * count // line["missing"]}
        for line, count in counted
        if count > 0
    ]
