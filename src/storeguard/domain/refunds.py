"""Money given back: whose refund it is, so that no later customer is charged with it.

A refund belongs to whoever has paid too much or put something back; then to whoever has paid for
such a unit. Where the visit has been judged, its surplus has raised the kiosk book already, and
the refund must not raise it again.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from storeguard.domain.ledger import (
    LATE_FOR_S,
    Credit,
    Ledger,
    SaleLine,
    Visit,
    book,
    inside,
    takes,
)

PAID_TWICE_FOR_S = 7 * 24 * 3600.0
"""Who was charged twice asks for his money days later; for what is put back it is given soon."""


def add_refund(ledger: Ledger, refund: SaleLine) -> tuple[Ledger, int]:
    """Books a refund; `count` is negative. Returns also the units that credits cover.

    By so many the kiosk book is to be lowered again. In this order: visits that are not judged
    yet and have units too many, what a judged one paid twice, whoever is inside and has paid
    for the product, what a judged one put back, who has left and had paid, whoever is inside,
    the visit that will put it back.
    """
    visit_now = inside(ledger, refund.t_s)
    left_already = [v.id for v in ledger.visits if v != visit_now and takes(ledger, v, refund.t_s)]
    here = [] if visit_now is None else [visit_now.id]
    claim = (
        _Claim(ledger, refund, -refund.count)
        .of([*here, *left_already], lambda visit: -visit.owed(refund.product))
        .credit(is_paid=True)
        .of(here, lambda visit: visit.paid[refund.product])
        .credit(is_paid=False)
        .of(left_already, lambda visit: visit.paid[refund.product])
        .of(here, lambda _: -refund.count)
    )
    return claim.kept_for_later(), claim.credited


@dataclass(frozen=True, slots=True)
class _Claim:
    """A refund on its way through those whose it may be; `left` units have found nobody yet."""

    ledger: Ledger
    refund: SaleLine
    left: int
    credited: int = 0

    def of(self, visit_ids: Sequence[str], most: Callable[[Visit], int]) -> "_Claim":
        """Books up to `most` units on each of these visits."""
        claim = self
        for visit_id in visit_ids:
            visit = next(v for v in claim.ledger.visits if v.id == visit_id)
            share = min(claim.left, most(visit))
            if share > 0:
                line = replace(claim.refund, count=-share)
                claim = replace(
                    claim, ledger=book(claim.ledger, visit, line), left=claim.left - share
                )
        return claim

    def credit(self, *, is_paid: bool) -> "_Claim":
        """Uses up credits, the newest first: who gets his money back has just been here."""
        left, kept = self.left, []
        for credit in reversed(self.ledger.credits):
            is_fit = credit.product == self.refund.product and credit.is_paid is is_paid
            share = min(left, credit.count) if is_fit and _lasts(credit, self.refund.t_s) else 0
            left -= share
            if credit.count > share:
                kept.append(replace(credit, count=credit.count - share))
        ledger = replace(self.ledger, credits=tuple(reversed(kept)))
        return replace(self, ledger=ledger, left=left, credited=self.credited + self.left - left)

    def kept_for_later(self) -> Ledger:
        if not self.left:
            return self.ledger
        rest = replace(self.refund, count=-self.left)
        return replace(self.ledger, prepaid=(*self.ledger.prepaid, rest))


def settle_put_back(ledger: Ledger, visit_id: str) -> Ledger:
    """Refunds made while nobody was inside are the visit's that has put such units back."""
    kept = []
    for refund in ledger.prepaid:
        visit = next(v for v in ledger.visits if v.id == visit_id)
        is_recent = visit.started_s - refund.t_s <= LATE_FOR_S
        share = min(-refund.count, -visit.owed(refund.product)) if is_recent else 0
        if share > 0:
            ledger = book(ledger, visit, replace(refund, count=-share))
            refund = replace(refund, count=refund.count + share)
        if refund.count or refund.won:
            kept.append(refund)
    return replace(ledger, prepaid=tuple(kept))


def remember(ledger: Ledger, product: str, twice: int, rest: int, now_s: float) -> Ledger:
    """A judged visit has raised the kiosk book: by units paid `twice`, and by the `rest` that
    was put back. Forgets stale credits.
    """
    kept = tuple(one for one in ledger.credits if _lasts(one, now_s))
    new = (Credit(now_s, product, twice, is_paid=True), Credit(now_s, product, rest))
    return replace(ledger, credits=(*kept, *(one for one in new if one.count)))


def _lasts(credit: Credit, now_s: float) -> bool:
    return now_s - credit.t_s <= (PAID_TWICE_FOR_S if credit.is_paid else LATE_FOR_S)


def unexplained(visit: Visit) -> Counter[str]:
    """Product → units that seem unpaid only because money was given back in this visit.

    Nothing that was paid or brought here explains the refund: it may be somebody else's.
    """
    units = {name: min(-paid, visit.owed(name)) for name, paid in visit.paid.items() if paid < 0}
    return Counter({name: count for name, count in units.items() if count > 0})
