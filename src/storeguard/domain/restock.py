"""Deliveries: whose visit it is, what of it the kiosk book follows, what the owner is asked.

In restock mode both books follow the shelf (design rule 12): what its visits bring is stock,
what they take is written off as theirs. A surplus of nobody known is asked about, once.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from storeguard.domain.ledger import Mark, Visit
from storeguard.domain.product import Stock, positive

Who = Literal["owner", "cleaner", "staff"]
WHO: tuple[Who, ...] = get_args(Who)


def as_who(said: str) -> Who:
    """Raises ValueError for anybody else."""
    for who in WHO:
        if said == who:
            return who
    raise ValueError(f"who must be one of {', '.join(WHO)}, got {said!r}")


IDLE_FOR_S = 1800.0
"""So long without a step: whoever has started it has gone without stopping it."""

LONGEST_S = 4 * 3600.0
"""Customers' steps go on too: one that nobody stops must not blind a busy shop for a day."""

MARKED_WITHIN_S = 600.0
"""Who comes to the kiosk so long after the visit began has been there from its beginning."""

LEFT_WITHIN_S = 120.0
"""Who has stepped out may enter it there; a visit that ended before is somebody else's, though it
waits for a late export yet."""


@dataclass(frozen=True, slots=True)
class Session:
    """Restock mode from its start to its end. `from_s`: what began since then is theirs."""

    who: Who
    started_s: float
    from_s: float
    last_step_s: float
    ended_s: float | None = None

    @property
    def is_on(self) -> bool:
        return self.ended_s is None

    @property
    def due_s(self) -> float:
        """When it ends by itself, should nothing more move."""
        return min(self.last_step_s + IDLE_FOR_S, self.started_s + LONGEST_S)

    @property
    def until_s(self) -> float:
        return math.inf if self.ended_s is None else self.ended_s

    def covers(self, t_s: float) -> bool:
        """Is what began then theirs?"""
        return self.from_s <= t_s <= self.until_s

    def mark_of(self, visit: Visit) -> Mark | None:
        """Its share of the visit; all of it where it covers the visit's beginning."""
        is_over = visit.emptied_s is not None and visit.emptied_s < self.from_s
        if is_over or self.until_s <= visit.started_s:
            return None
        # A step may begin a moment before its person is seen.
        from_s = -math.inf if self.from_s <= visit.started_s else self.from_s
        return Mark(self.who, from_s, self.until_s)


def begin(who: Who, now_s: float, visits: Sequence[Visit]) -> Session:
    """Started now; it reaches back over the newest visit, if that began not long ago and is not
    long over.

    `visits`: those that are not judged yet, oldest first.
    """
    is_near = bool(visits) and _is_near(visits[-1], now_s)
    return Session(who, now_s, visits[-1].started_s if is_near else now_s, now_s)


def _is_near(visit: Visit, now_s: float) -> bool:
    left_s = now_s if visit.emptied_s is None else visit.emptied_s
    return now_s - visit.started_s <= MARKED_WITHIN_S and now_s - left_s <= LEFT_WITHIN_S


def step_seen(session: Session, t_s: float) -> Session:
    return replace(session, last_step_s=max(session.last_step_s, t_s)) if session.is_on else session


def end(session: Session, now_s: float) -> Session:
    return replace(session, ended_s=now_s) if session.is_on else session


def advance(session: Session, now_s: float) -> Session:
    """Ends a session that nobody has stopped."""
    return end(session, session.due_s) if now_s >= session.due_s else session


def marked(visit: Visit, sessions: Iterable[Session]) -> Visit:
    """The visit with what is known of whose it is. One that waits for its sales may have been
    marked before a restart, which no session of now knows."""
    marks = [mark for session in sessions if (mark := session.mark_of(visit)) is not None]
    kept = (mark for mark in visit.marks if mark not in marks)
    return replace(visit, marks=(*kept, *marks))


def without_theirs(visit: Visit) -> Visit:
    """What customers have moved in it."""
    theirs = {movement for movement in visit.movements if visit.is_theirs(movement)}
    return replace(visit, movements=tuple(m for m in visit.movements if m not in theirs))


@dataclass(frozen=True, slots=True)
class Share:
    """Who answers for what. `owed`: product → units that customers took less what was paid.

    `hiding`: units that nobody known had brought before others of the kind were taken unpaid.
    """

    written_off: Stock
    brought: Stock
    owed: Mapping[str, int]
    hiding: Stock


def share(visit: Visit, products: Iterable[str]) -> Share:
    """Parts what the marked hands have moved from what customers owe.

    A payment is first for what customers took; what is paid beyond that pays for theirs.
    What they brought covers nobody's debt, nor does what anybody else brought before the goods
    were taken: it would hide a theft.
    """
    taken, theirs, paid = visit.net_taken, visit.theirs, visit.paid
    written_off, brought, owed = {}, {}, {}
    hiding: dict[str, int] = {}
    for name in products:
        rest = taken[name] - theirs[name] - paid[name]
        unpaid = visit.balance(name).unpaid
        if unpaid > max(0, rest):
            hiding[name], rest = unpaid - rest, unpaid
        over_paid = min(max(0, -rest), max(0, paid[name]))
        covered = min(over_paid, max(0, theirs[name]))
        owed[name] = rest + covered
        written_off[name] = max(0, theirs[name]) - covered
        brought[name] = max(0, -theirs[name])
    return Share(positive(written_off), positive(brought), owed, hiding)


def followed(visit: Visit, kiosk: Stock) -> dict[str, int]:
    """What the kiosk book is to change by while the visit goes on: its marked part only.

    `kiosk`: the book as if nothing of this visit had been followed yet. Products whose count
    is not sure are left to the judgement.
    """
    sure = set(visit.theirs) & set(visit.shelf) & set(kiosk)
    names = sorted(sure - visit.unverified - set(visit.uncertain))
    parts = share(visit, names)
    changes = {}
    for name in names:
        wanted = parts.brought.get(name, 0) - parts.written_off.get(name, 0)
        expected = visit.shelf[name] + max(0, parts.owed[name])
        changes[name] = towards(wanted, expected - kiosk[name])
    return {name: change for name, change in changes.items() if change}


def towards(wanted: int, gap: int) -> int:
    """`wanted` units, but none in the other direction and no further than the gap is wide."""
    return max(0, min(wanted, gap)) if wanted > 0 else min(0, max(wanted, gap))


@dataclass(frozen=True, slots=True)
class Question:
    """입고 맞음? Units that somebody unknown has put on the shelf, and the kiosk book now holds.

    `seen_at`: when the visit began, ISO 8601. `left`: of `count`, what no issue has taken out
    of the kiosk book since. `is_delivery` is None until the owner has answered; `is_booked`:
    the answer has come to the kiosk book.
    """

    id: str
    product: str
    count: int
    seen_at: str
    left: int
    is_delivery: bool | None = None
    is_booked: bool = False

    @property
    def is_open(self) -> bool:
        return self.is_delivery is None


def accused(questions: Sequence[Question], missing: Stock) -> tuple[Question, ...]:
    """An issue has taken units out of the kiosk book: the oldest question's first."""
    left, found = Counter(missing), []
    for question in questions:
        units = min(question.left, left[question.product]) if question.is_open else 0
        left[question.product] -= units
        found.append(replace(question, left=question.left - units))
    return tuple(found)


def undeclined(surplus: Stock, declined: Stock) -> tuple[dict[str, int], dict[str, int]]:
    """What of a standing surplus the owner has not said to be no delivery; what stays declined."""
    stays = {name: min(n, surplus.get(name, 0)) for name, n in declined.items()}
    raised = {name: n - stays.get(name, 0) for name, n in surplus.items()}
    return positive(raised), positive(stays)
