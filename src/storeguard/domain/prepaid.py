"""Sales that were made before anybody was seen: they wait for their visitor."""

from dataclasses import replace

from storeguard.domain.balance import PREPAID_FOR_S
from storeguard.domain.ledger import Ledger, SaleLine


def is_expecting(ledger: Ledger, now_s: float) -> bool:
    """Has somebody paid for what he may still come for?"""
    return any(one.count >= 0 and now_s - one.t_s <= PREPAID_FOR_S for one in ledger.prepaid)


def lapsed(ledger: Ledger, now_s: float) -> tuple[Ledger, tuple[SaleLine, ...]]:
    """Takes out the sales that have waited for a visit in vain: they may pay a sealed issue."""
    late = tuple(s for s in ledger.prepaid if s.count > 0 and now_s - s.t_s > PREPAID_FOR_S)
    kept = tuple(sale for sale in ledger.prepaid if sale not in late)
    return replace(ledger, prepaid=kept) if late else ledger, late
