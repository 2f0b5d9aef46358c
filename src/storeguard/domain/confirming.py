"""What comes of provisional issues once it is known what is unpaid in the end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from storeguard.domain.ledger import Debt
from storeguard.domain.product import Stock, positive


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of a provisional issue: product → units still unpaid, and units that are not."""

    issue_id: str
    confirmed: Stock
    withdrawn: Stock


def settle_provisional(
    provisional: Sequence[Debt], unpaid: Stock
) -> tuple[tuple[Settlement, ...], dict[str, int]]:
    """Each issue's share of what is unpaid in the end, the oldest first, and the rest of it."""
    left = Counter(unpaid)
    found: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for debt in provisional:
        confirmed, withdrawn = found.setdefault(debt.issue_id, (Counter(), Counter()))
        share = min(debt.count, left[debt.product])
        left[debt.product] -= share
        confirmed[debt.product] += share
        withdrawn[debt.product] += debt.count - share
    settled = (Settlement(i, positive(yes), positive(no)) for i, (yes, no) in found.items())
    return tuple(settled), positive(left)
