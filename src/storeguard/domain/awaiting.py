"""Sales that are told late: a visit waits for them, pending, not guilty.

Every source of sales states until when it is complete. Our own kiosk, page and command are
complete at once; another maker's kiosk exports its sales, maybe hours later.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from storeguard.domain.doubts import Doubt
from storeguard.domain.ledger import Awaiting, Ledger, Visit
from storeguard.domain.reconcile import Discrepancy

AWAITED_FOR_S = 86_400.0
"""After a day an export has failed, not been late: the visit is judged, as unverified."""


class Sales(Enum):
    """Those of a visit: all told, still to come, or given up."""

    KNOWN = auto()
    AWAITED = auto()
    MISSING = auto()


def sales_of(visit: Visit, now_s: float, grace_s: float, complete_until_s: float) -> Sales:
    """What is known of an ended visit's sales. `complete_until_s`: of the latest source."""
    assert visit.last_seen_s is not None
    if complete_until_s >= visit.last_seen_s + grace_s:
        return Sales.KNOWN
    is_over = now_s >= visit.last_seen_s + AWAITED_FOR_S
    return Sales.MISSING if is_over else Sales.AWAITED


def postpone(ledger: Ledger, visit: Visit, now_s: float) -> Ledger:
    """All but the sales has come: the visit keeps what the shelves showed at its end."""
    waiting = replace(visit, awaiting=Awaiting(now_s, len(visit.sales)))
    return replace(ledger, visits=tuple(waiting if v.id == visit.id else v for v in ledger.visits))


def resumed(visit: Visit) -> Visit:
    """What was paid meanwhile is no longer among what may be unpaid."""
    assert visit.awaiting is not None
    paid: Counter[str] = Counter()
    for sale in visit.sales[visit.awaiting.sales_known :]:
        paid[sale.product] += sale.count
    uncertain = {
        name: (max(0, low - paid[name]), max(0, high - paid[name]))
        for name, (low, high) in visit.uncertain.items()
    }
    overpaid = {name: over + paid[name] for name, over in visit.overpaid.items()}
    return replace(visit, uncertain=uncertain, overpaid=overpaid)


def without_sales(visit: Visit) -> Visit:
    """The sales never came: what would seem unpaid is unverified."""
    owed = frozenset(name for name in visit.net_taken if visit.unpaid(name))
    doubts = tuple(Doubt("no_sales", name) for name in sorted(owed))
    unverified, doubts = visit.unverified | owed, (*visit.doubts, *doubts)
    return replace(visit, unverified=unverified, sound_since={}, doubts=doubts)


def waiting_units(visits: Iterable[Visit]) -> Counter[str]:
    """Product → units that the waiting visits explain: below 0 where they brought some."""
    units: Counter[str] = Counter()
    for visit in visits:
        if visit.awaiting is not None:
            units.update({name: visit.owed(name) for name in {*visit.net_taken, *visit.paid}})
    return units


@dataclass(frozen=True, slots=True)
class Found:
    """Units of a product that were missing while nothing was going on, and since when."""

    count: int
    since_s: float


def ripe(
    found: Mapping[str, Found],
    missing: Iterable[Discrepancy],
    now_s: float,
    complete_until_s: float,
) -> tuple[tuple[Discrepancy, ...], dict[str, Found]]:
    """Of what the books differ by, what no late sale can explain any more, and what waits.

    Only units that were missing already at an instant until which all sales are told.
    """
    told, waits = [], {}
    for one in missing:
        before = found.get(one.product, Found(one.missing, now_s))
        kept = Found(min(before.count, one.missing), before.since_s)
        if kept.since_s <= complete_until_s:
            told.append(replace(one, kiosk=one.shelf + kept.count))
        else:
            waits[one.product] = kept
    return tuple(told), waits
