"""The truth about each visit, as a judge with eyes everywhere would tell it."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from _shop_world import Person

EMPTY_AFTER_S = 5.0
"""Two people no further apart than this are one visit (the trace's `empty_for_s`)."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One visit: everybody who was inside before the shop was empty again.

    Counts are product → units without zeros. `stolen` is when each unit was kept, and which;
    `doubtful` what weights and sales alone cannot tell; `honest` how many of `people` are.
    `clusters`: product → a number that all visits share which a payment does not tell apart.
    `paid_from_s`: the first payment, which may be before the visit. `promoted`: products of a
    promotion that somebody used.
    """

    started_s: float
    ended_s: float
    people: int
    honest: int
    taken: dict[str, int]
    paid: dict[str, int]
    misplaced: dict[str, int]
    stolen: tuple[tuple[float, str], ...]
    doubtful: frozenset[str]
    is_mixed_up: bool
    story: tuple[tuple[float, str], ...]
    paid_from_s: float = math.inf
    clusters: dict[str, int] = field(default_factory=dict)
    promoted: tuple[str, ...] = ()

    @property
    def is_honest(self) -> bool:
        return not self.stolen

    @property
    def unpaid(self) -> Counter[str]:
        return Counter(name for _, name in self.stolen)

    def earlier(self, by_s: float) -> "Truth":
        """The same visit in a trace that begins later."""
        return replace(
            self,
            started_s=self.started_s - by_s,
            ended_s=self.ended_s - by_s,
            paid_from_s=self.paid_from_s - by_s,
            stolen=_earlier(self.stolen, by_s),
            story=_earlier(self.story, by_s),
        )


def truth_of(people: Sequence[Person], grace_s: float) -> list[Truth]:
    """Groups people who were inside together or one right after the other.

    Where one leaves with a thing unpaid, and another takes or pays for the same thing while the
    first may still pay, a payment tells neither from the other: both are doubtful, and so on to
    the last in such a row.
    """
    groups: list[list[Person]] = []
    until_s = float("-inf")
    for person in sorted(people, key=lambda one: one.entered_s):
        if person.entered_s > until_s + EMPTY_AFTER_S:
            groups.append([])
        groups[-1].append(person)
        until_s = max(until_s, person.left_s)
    return _with_rivals([_visit(group) for group in groups], grace_s)


def _with_rivals(visits: list[Truth], grace_s: float) -> list[Truth]:
    """Finds the rows of visits with a theft in them; `visits` in the order of their start."""
    for name in sorted({name for visit in visits for name in visit.unpaid}):
        row: list[int] = []
        until_s = float("-inf")
        for at, visit in enumerate(visits):
            if name not in visit.taken and name not in visit.unpaid:
                continue
            if min(visit.started_s, visit.paid_from_s) > until_s:
                _mark_row(visits, row, name)
                row = []
            row.append(at)
            until_s = max(until_s, visit.ended_s + grace_s)
        _mark_row(visits, row, name)
    return visits


def _mark_row(visits: list[Truth], row: list[int], name: str) -> None:
    if len(row) < 2 or not any(name in visits[at].unpaid for at in row):
        return
    for at in row:
        clusters = visits[at].clusters | {name: row[0]}
        doubtful = visits[at].doubtful | {name}
        visits[at] = replace(visits[at], clusters=clusters, doubtful=doubtful)


def _visit(group: list[Person]) -> Truth:
    told = [line for person in group for line in person.story]
    stolen = tuple(sorted(theft for person in group for theft in person.stolen_s))
    return Truth(
        started_s=group[0].entered_s,
        ended_s=max(person.left_s for person in group),
        people=len(group),
        honest=sum(not person.stolen_s for person in group),
        taken=_positive([person.taken for person in group]),
        paid=_nonzero([person.paid for person in group]),
        misplaced=_positive([person.misplaced for person in group]),
        stolen=stolen,
        doubtful=frozenset().union(*(person.doubtful for person in group)),
        is_mixed_up=not stolen and any(person.is_mixing for person in group),
        story=tuple(sorted(told)),
        paid_from_s=min(person.first_paid_s for person in group),
        promoted=tuple(sorted(set().union(*(person.promoted for person in group)))),
    )


def _earlier(told: tuple[tuple[float, str], ...], by_s: float) -> tuple[tuple[float, str], ...]:
    return tuple((round(t_s - by_s, 2), what) for t_s, what in told)


def _nonzero(counters: list[Counter[str]]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for counter in counters:
        sums.update(counter)
    return {name: count for name, count in sums.items() if count}


def _positive(counters: list[Counter[str]]) -> dict[str, int]:
    return {name: count for name, count in _nonzero(counters).items() if count > 0}
