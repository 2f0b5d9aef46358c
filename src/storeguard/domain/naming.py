"""A loss that is certain though its name is not: one of two products has gone, whichever."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from storeguard.domain.answers import Count, without_tail
from storeguard.domain.ledger import Visit
from storeguard.domain.product import Stock

LEAST_NAMED = 2 / 3
"""What is named of several is twice as likely as all the others together. Of two bars of one
weight neither is."""


@dataclass(frozen=True, slots=True)
class Named:
    """`least`: product → units unpaid; `certainty`: of those that were named of several products,
    the probability that it is so many of this one."""

    least: Mapping[str, int] = field(default_factory=dict)
    certainty: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alternative:
    """A unit that was told as `product`'s and may be one of the `others`'."""

    product: str
    others: frozenset[str]


def named(counts: Mapping[str, Count], owed: Mapping[str, int], least: Mapping[str, int]) -> Named:
    """What is unpaid whatever is true, each unit under the likeliest name that is left.

    `counts`: products whose moves are open, `owed` what they were to be paid for if nothing of
    them had moved (negative: paid), `least` the units that each lacks in any case. What was paid
    for one of them may have been another, so the sum of all counts.
    """
    names = sorted(counts)
    stories = [
        (ways[0][0], {n: owed[n] - most for n, (_, most) in zip(names, ways, strict=True)})
        for ways in zip(*(counts[name].ways for name in names), strict=True)
    ]
    if not stories:
        return Named(least)
    sure = without_tail(sorted((sum(units.values()), p) for p, units in stories))
    found, certainty = Counter(least), {}
    for _ in range(sure - found.total()):
        likely = {n: sum(p for p, units in stories if units[n] > found[n]) for n in names}
        name = max(names, key=likely.__getitem__)
        if likely[name] <= LEAST_NAMED:
            break
        found[name] += 1
        certainty[name] = likely[name]
    return Named(found, certainty)


def others(visit: Visit, name: str) -> tuple[str, ...]:
    """What was perhaps taken instead of a product that was named of several."""
    return tuple(
        sorted(n for n, (low, high) in visit.uncertain.items() if n != name and high > low)
    )


def alternatives(visit: Visit, unpaid: Stock) -> Iterator[Alternative]:
    """Of each unit that is unpaid under a name in doubt, what it may be else."""
    for name, count in unpaid.items():
        if name in visit.named:
            yield from [Alternative(name, frozenset(others(visit, name)))] * count


def mistaken(
    missing: Mapping[str, int], told: Sequence[Alternative]
) -> tuple[dict[str, int], tuple[Alternative, ...]]:
    """How the kiosk book changes where a unit that was told was another product's after all; and
    those of which that is still to be seen.

    `missing`: product → units by which the shelf is behind that book, of those whose count is
    certain; negative is a surplus. A product that was sold out meanwhile shows none.
    """
    left, changes, open_still = Counter(missing), Counter[str](), []
    for one in told:
        other = next((name for name in sorted(one.others) if left[name] > 0), None)
        if other is None or left[one.product] > 0:
            is_known = {one.product, *one.others} <= missing.keys()
            open_still += [] if is_known else [one]
            continue
        is_back = one.product not in missing or left[one.product] < 0
        change = {one.product: int(is_back), other: -1}
        changes.update(change)
        left.update(change)
    return {name: count for name, count in changes.items() if count}, tuple(open_still)
