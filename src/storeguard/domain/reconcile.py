"""Books and ledger → discrepancies: what is missing without payment, and why we say so."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from storeguard.domain.amounts import amount_won, covered, prices_of, worth_won
from storeguard.domain.arriving import goods_moved
from storeguard.domain.belief import CONSIDERED, SURE
from storeguard.domain.events import VisitReconciled
from storeguard.domain.excuses import Excuse
from storeguard.domain.ledger import Visit
from storeguard.domain.mixups import mixed_up, perhaps_paid, swapped_unseen
from storeguard.domain.product import Product, Stock, positive
from storeguard.domain.promotions import Grant, granted, units_of
from storeguard.domain.reasons import Reason
from storeguard.domain.refunds import unexplained
from storeguard.domain.restock import Share, share, towards
from storeguard.domain.verdicts import Verdicts, reasons_of

BY_STEP_CERTAINTY = 0.9
"""Nobody was seen: the weight alone says that goods are gone."""

AT_LEAST_CERTAINTY = 1 - CONSIDERED
"""The range of a count in doubt leaves so little out below it."""

CONTESTED_CERTAINTY = 0.5
"""An earlier visit got a payment that may have been this one's: it is one of the two."""

STANDING_CERTAINTY = 0.8
"""The books differ without a visit that explains when."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A product after a visit: what the shelf has, what the kiosk expects.

    `loss_won`: of goods that have no price of their own (a freezer's grams).
    """

    product: str
    shelf: int
    kiosk: int
    certainty: float
    loss_won: int | None = None

    @property
    def missing(self) -> int:
        """Units gone without payment; negative is a surplus."""
        return self.kiosk - self.shelf


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a visit came to. Counts hold no zeros; `kiosk_changes` puts the kiosk book right.

    `uncertain`: least and most units that may be unpaid; 0 to 0 where there may be too many.
    The changes for unpaid goods are not among them: they are made once the issue is sealed.
    `promoted` are units that a promotion allows beyond what the kiosk recorded, `proposed` those
    that fit one which the owner has not declared: they are not judged. `by`: whose visit it
    was, where that is known; `written_off` is what they took, and its price. `unannounced`:
    units that nobody known has brought, and that the kiosk book holds now. `hiding`: of the
    surplus, units that came before others of the kind were taken and not paid. `excused`: what
    may explain units that the shelf turns out to lack once its count is certain.
    """

    taken: Stock = field(default_factory=dict)
    paid: Stock = field(default_factory=dict)
    unpaid: Stock = field(default_factory=dict)
    surplus: Stock = field(default_factory=dict)
    misplaced: Stock = field(default_factory=dict)
    mixed_up: Stock = field(default_factory=dict)
    promoted: Stock = field(default_factory=dict)
    proposed: Stock = field(default_factory=dict)
    uncertain: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    unverified: frozenset[str] = frozenset()
    discrepancies: tuple[Discrepancy, ...] = ()
    kiosk_changes: Stock = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    by: str = ""
    written_off: Stock = field(default_factory=dict)
    written_off_won: int = 0
    unannounced: Stock = field(default_factory=dict)
    hiding: Stock = field(default_factory=dict)
    excused: tuple[Excuse, ...] = ()
    loss_won: int = 0
    amount_won: int = 0
    amount_left_won: int = 0


@dataclass(frozen=True, slots=True)
class _Account:
    """A visit's units after all that explains them. `owed`: product → units; negative is more.

    `changes` put the kiosk book right for what was paid under another name. `paid_as`,
    `perhaps_paid`, `refunded`: see Verdicts.
    """

    owed: Stock
    paid: Stock
    parts: Share
    by_amount: Counter[str]
    grants: tuple[Grant, ...]
    uncertain: Mapping[str, tuple[int, int]]
    mixed_up: Stock
    changes: Counter[str]
    paid_as: frozenset[str]
    perhaps_paid: Mapping[str, tuple[str, ...]]
    refunded: frozenset[str]
    excused: tuple[Excuse, ...]

    @property
    def over(self) -> dict[str, int]:
        """Product → units that are there, or were paid, beyond what explains them."""
        return positive({name: -count for name, count in self.owed.items()})

    @property
    def free(self) -> Counter[str]:
        """Units that no sale has taken off the kiosk book: given away, or paid by an amount."""
        return units_of(self.grants) + self.by_amount


def judge(visit: Visit, products: Sequence[Product], kiosk: Stock, now_s: float) -> Judgement:
    """Judges an ended visit.

    `kiosk` is the kiosk book as if later visits had not bought anything yet. Products on a
    faulty scale are unverified and products that no scale carries are not compared.
    """
    account, prices = _account(visit, products), prices_of(products)
    found = _verdicts(visit, account, prices)
    changes, hiding = _changes_of_the_kiosk_book(visit, account, kiosk), account.parts.hiding
    return Judgement(
        taken=positive(visit.net_taken),
        paid={name: count for name, count in account.paid.items() if count},
        unpaid=found.unpaid,
        surplus=found.surplus,
        misplaced=found.misplaced,
        mixed_up=found.mixed_up,
        promoted=units_of(one for one in account.grants if not one.is_proposed),
        proposed=units_of(one for one in account.grants if one.is_proposed),
        uncertain=found.uncertain,
        unverified=visit.unverified,
        discrepancies=tuple(
            _discrepancy(visit, name, n, is_hidden=name in hiding)
            for name, n in found.unpaid.items()
        ),
        kiosk_changes=changes,
        reasons=reasons_of(visit, found, now_s),
        by=visit.marks[-1].who if visit.marks else "",
        written_off=found.written_off,
        written_off_won=worth_won(found.written_off, prices),
        unannounced=_unannounced(visit, account.over, changes) | _raised(hiding, changes),
        hiding=hiding,
        excused=account.excused,
        loss_won=worth_won(found.unpaid, prices),
        amount_won=amount_won(visit),
        amount_left_won=found.left_won,
    )


def unpaid_units(visit: Visit, products: Sequence[Product]) -> int:
    """Units that are missing for certain, after all that explains them."""
    return sum(positive(_account(visit, products).owed).values())


def _verdicts(visit: Visit, account: _Account, prices: Stock) -> Verdicts:
    parts = account.parts
    came = Counter(parts.brought) + Counter(parts.hiding)
    return Verdicts(
        unpaid=positive(account.owed),
        surplus=dict(Counter(account.over) + came),
        misplaced=positive(visit.misplaced),
        mixed_up=account.mixed_up,
        uncertain=account.uncertain,
        written_off=parts.written_off,
        came=came,
        grants=account.grants,
        by_amount=account.by_amount,
        left_won=max(0, amount_won(visit) - worth_won(account.by_amount, prices)),
        paid_as=account.paid_as,
        perhaps_paid=account.perhaps_paid,
        refunded=account.refunded,
    )


def _account(visit: Visit, products: Sequence[Product]) -> _Account:
    """Takes off what is owed, one after the other: amounts, promotions, mix-ups, swaps, refunds."""
    weighed = {m.product for m in visit.movements} | set(visit.shelf)
    parts = share(visit, sorted(weighed - visit.unverified - set(visit.uncertain)))
    known = {p.name: p for p in products}
    prices, paid, owed = prices_of(products), visit.paid, Counter(parts.owed)
    by_amount = Counter(covered(positive(owed), prices, amount_won(visit)))
    owed.subtract(by_amount)
    paid.update(by_amount)
    grants, uncertain, given = _granted(visit, owed, paid)
    owed.subtract(units_of(grants))
    owed.update(_least(visit, uncertain))
    over = Counter({name: visit.balance(name).overpaid for name in visit.paid})
    mixed, changes = mixed_up(owed, over, prices)
    owed.update(changes)
    over.subtract(positive(changes))
    swapped, swap_changes = swapped_unseen(owed, over, known)
    owed.update(swap_changes)
    in_doubt = _over_in_doubt(visit, uncertain)
    excused = perhaps_paid(owed, in_doubt, known)
    owed.subtract(excused)
    refunded = Counter(positive(owed)) & unexplained(visit)
    owed.subtract(refunded)
    all_changes = Counter(changes)
    all_changes.update(swap_changes)
    uncertain |= {name: (0, count) for name, count in swapped.items()}
    uncertain |= _ranges(owed, uncertain, Counter(refunded) + Counter(excused))
    instead = _instead(swapped, swap_changes) | _instead(excused, in_doubt)
    return _Account(
        *(owed, paid, parts, by_amount, grants, uncertain, mixed, all_changes),
        *(frozenset(positive(changes)), instead, frozenset(refunded)),
        excused=_excuses(given, excused, in_doubt),
    )


def _ranges(
    owed: Stock, uncertain: Mapping[str, tuple[int, int]], excused: Stock
) -> dict[str, tuple[int, int]]:
    """What may be unpaid of each product of which some is `excused`."""
    return {
        name: (owed[name], max(uncertain.get(name, (0, 0))[1], owed[name] + count))
        for name, count in excused.items()
    }


def _excuses(given: Stock, perhaps: Stock, others: Stock) -> tuple[Excuse, ...]:
    """`given` by a promotion; `perhaps` paid as one of the others."""
    names = tuple(sorted(positive(others)))
    free = [Excuse(name, units) for name, units in given.items()]
    return (*free, *(Excuse(name, units, names) for name, units in perhaps.items()))


def _instead(units: Stock, others: Stock) -> dict[str, tuple[str, ...]]:
    """Each of the units may have been paid as one of the others."""
    return dict.fromkeys(units, tuple(sorted(positive(others))))


def _least(visit: Visit, uncertain: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """What is missing in any case of a product whose count is in doubt.

    In a marked visit nobody knows which of it customers took.
    """
    if visit.marks:
        return {}
    return {n: low for n, (low, _) in uncertain.items() if low > 0 and n not in visit.unverified}


def _over_in_doubt(visit: Visit, uncertain: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Units paid beyond what is known to have left; none where more has left in any case.

    What has left of a scale that was out nobody knows.
    """
    unknown = {name: visit.paid[name] for name in visit.unverified - uncertain.keys()}
    over = unknown | {name: -visit.owed(name) for name, (low, _) in uncertain.items() if not low}
    return positive({n: min(units, visit.overpaid.get(n, units)) for n, units in over.items()})


def _granted(
    visit: Visit, owed: Stock, paid: Counter[str]
) -> tuple[tuple[Grant, ...], dict[str, tuple[int, int]], Counter[str]]:
    """What promotions allow of what is owed for certain, and of what is uncertain: what of it is
    left, and at most as many units."""
    unclear = {name: high for name, (_, high) in visit.uncertain.items()}
    grants = granted(positive(owed) | unclear, paid - visit.promoted, visit.promotions)
    free = units_of(grants)
    uncertain = {
        name: (max(0, low - free[name]), high - free[name])
        for name, (low, high) in visit.uncertain.items()
    }
    known = tuple(one for one in grants if one.product not in unclear)
    return known, uncertain, free - units_of(known)


def _discrepancy(visit: Visit, name: str, missing: int, *, is_hidden: bool) -> Discrepancy:
    """`is_hidden`: by goods that were brought; then each of the product's steps counts."""
    shelf = visit.shelf.get(name, 0)
    steps = min((m.certainty for m in visit.movements if m.product == name), default=1.0)
    certainty = visit.certainty.get(name, steps)
    if is_hidden:
        goods = goods_moved(m for m in visit.movements if m.product == name)
        certainty = min([certainty, *(step.certainty for step in goods)])
    if name in visit.uncertain:
        certainty = visit.named.get(name, AT_LEAST_CERTAINTY)
    if visit.by_step:
        certainty *= BY_STEP_CERTAINTY
    if any(sale.product == name for sale in visit.yielded):
        certainty = min(certainty, CONTESTED_CERTAINTY)
    return Discrepancy(name, shelf, shelf + missing, certainty)


def _changes_of_the_kiosk_book(visit: Visit, account: _Account, kiosk: Stock) -> dict[str, int]:
    """A surplus raises the kiosk book up to the shelf, so that it cannot hide the next theft.

    No further: a delivery that the owner had announced in the CSV is in the book already.
    What was written off lowers it, no further either.
    """
    known, parts = Counter(account.changes), account.parts
    known.subtract(account.free)
    changes = Counter(known)
    for name, count in account.owed.items():
        came = parts.brought.get(name, 0) + parts.hiding.get(name, 0)
        wanted = max(0, -count) + came - parts.written_off.get(name, 0)
        expected = visit.shelf.get(name, 0) + max(0, count)
        booked = kiosk.get(name, 0) + known[name]
        changes[name] += towards(wanted, expected - booked)
    return {name: count for name, count in changes.items() if count}


def _unannounced(visit: Visit, surplus: Stock, changes: Stock) -> dict[str, int]:
    """Of a surplus, what came onto a shelf; the rest was paid for twice."""
    taken, theirs = visit.net_taken, visit.theirs
    return positive(
        {
            name: min(count, theirs[name] - taken[name], changes.get(name, 0))
            for name, count in surplus.items()
        }
    )


def _raised(hiding: Stock, changes: Stock) -> dict[str, int]:
    """Of goods that hid what was taken after them, what nobody had announced."""
    return positive({name: min(count, changes.get(name, 0)) for name, count in hiding.items()})


def is_in_debt(visit: Visit, judgement: Judgement, names_in_doubt: Collection[str]) -> bool:
    """Is anything unpaid for certain, whatever becomes of the products in doubt?"""
    contested = {sale.product for sale in visit.yielded}
    return any(
        name in visit.uncertain if name in names_in_doubt else _weighed_p(visit, name) >= SURE
        for name in judgement.unpaid.keys() - contested
    )


def _weighed_p(visit: Visit, name: str) -> float:
    """How sure the weight is of what the visit has moved of a product."""
    return visit.certainty.get(name, 1.0)


def reconciled(visit: Visit, judgement: Judgement, now_s: float) -> VisitReconciled:
    """The event of an ended visit that was judged now."""
    assert visit.last_seen_s is not None
    return VisitReconciled(
        now_s,
        visit.id,
        visit.started_s,
        visit.last_seen_s,
        taken=judgement.taken,
        paid=judgement.paid,
        unpaid=judgement.unpaid,
        surplus=judgement.surplus,
        misplaced=judgement.misplaced,
        mixed_up=judgement.mixed_up,
        promoted=judgement.promoted,
        proposed=judgement.proposed,
        uncertain=judgement.uncertain,
        unverified=judgement.unverified,
        loss_won=judgement.loss_won,
        amount_won=judgement.amount_won,
        amount_left_won=judgement.amount_left_won,
        by=judgement.by,
        written_off=judgement.written_off,
        written_off_won=judgement.written_off_won,
        reasons=judgement.reasons,
    )


def standing(
    shelf: Stock, kiosk: Stock, verified: Collection[str], announced: Stock
) -> tuple[Discrepancy, ...]:
    """Products whose books differ while nothing is going on; a surplus has missing < 0.

    Only `verified` products count. `announced` are units that the owner has entered but
    that have not reached the shelf yet: they are not missing.
    """
    differences = []
    for name in sorted(verified):
        booked, here = kiosk.get(name, 0), shelf.get(name, 0)
        expected = booked - max(0, announced.get(name, 0))
        if not expected <= here <= booked:
            # More than was announced: only what the kiosk book does not hold yet is a surplus.
            kiosk_count = expected if here < expected else booked
            differences.append(Discrepancy(name, here, kiosk_count, STANDING_CERTAINTY))
    return tuple(differences)
