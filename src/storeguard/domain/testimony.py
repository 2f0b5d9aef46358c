"""What others know of the shelves: the owner's word, and the sales of a visit."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from storeguard.domain.answers import Count, moved
from storeguard.domain.belief import CONSIDERED, Belief, Load, settled
from storeguard.domain.product import Product

PAID_IN_FULL, PAID_BY_NAME = math.log(50.0), math.log(200.0)
"""So much more often is everything paid for than some of it, or so many of something else: what the
sales of a visit are worth beside the weights. Who pays for one of two is believed to have taken
one where that was likely to one in six, no less; that he took what he paid for, to one in twenty.
"""


LINKING = math.log(0.001)
"""What is less likely links no questions, and parts none."""

OPEN = 0.95
"""A count that is less sure than that is open to what the sales say, certain or not."""

OPEN_IF_OVERPAID = 1 - CONSIDERED
"""The same where more of a product was paid than seems to have left: somebody paid for what he has
taken, most likely, and it was taken for something else."""

COUNTED_ALONG = 0.5
"""What weighs like the units by which the owner's count differs, to so much of one, is these."""

Unpaid = Callable[[Mapping[str, int]], int]
"""Product → units taken, to the units that are missing in all if just these have left."""


def thing_g(load: Load, told: int, unit: Product) -> float:
    """What lies beside the goods that the owner has counted, in grams; nothing where it is the
    units by which his count differs, `told`."""
    thing_g, unit_g = load.object_g or 0.0, unit.unit_weight_g
    return 0.0 if abs(thing_g - told * unit_g) <= COUNTED_ALONG * unit_g else thing_g


def told(
    belief: Belief, scale: str, name: str, count: int, level_g: float, beside_g: float = 0.0
) -> Belief:
    """The owner says how many units of an own product lie on the scale, at this level.

    `beside_g`: what lies there beside all goods (`thing_g`), and stays there.
    """
    at = [one.name for one in belief.goods[scale]].index(name)
    changed, likeliest = [], belief.likeliest.loads[scale]
    for one in belief.hypotheses:
        load = one.loads[scale]
        own = (*load.own[:at], count, *load.own[at + 1 :])
        bare = likeliest._replace(beneath=None) if beside_g else Load(own, load.guests, level_g)
        new = bare._replace(own=own, guests=load.guests, base_g=level_g - beside_g)
        opened = {**one.opened, name: one.opened.get(name, 0) + count - load.own[at]}
        changed.append(replace(one, loads={**one.loads, scale: new}, opened=opened))
    return settled(belief, changed)


def open_to(sales: Mapping[str, int], moves: Mapping[str, Count]) -> frozenset[str]:
    """Products of which the sales of a visit may say something. `sales`: product → units paid."""
    is_overpaid = any(n in moves and count > max(0, -moves[n].count) for n, count in sales.items())
    least = OPEN_IF_OVERPAID if is_overpaid else OPEN
    return frozenset(name for name, one in moves.items() if one.certainty < least)


def decided(
    belief: Belief,
    owed: Mapping[str, int],
    paid: Mapping[str, int],
    *,
    is_in_debt: bool = False,
    unpaid: Unpaid = lambda taken: 0,
) -> Belief:
    """The sales of a visit choose between answers that the weight leaves open.

    `owed`: product → units to be paid still, by the likeliest hypothesis, of all that are open.
    Answers that the sales match in full become likelier, and only where the sales say something:
    that nothing was paid is no sign that nothing was taken. `is_in_debt`: something else is unpaid
    for certain; who has left one thing unpaid is not believed to have paid all the rest.
    Nor is an answer believed by which more is `unpaid` than by the likeliest: the payment was
    mixed up with what that other has left to be paid.
    """
    likely = moved(belief, belief.likeliest)
    for names in _linked(belief, owed, likely):
        is_unpaid = sum(owed[name] for name in names) > 0
        if (is_unpaid and is_in_debt) or not any(paid.get(name, 0) > 0 for name in names):
            continue
        as_paid = {name: paid.get(name, 0) for name in names}
        if unpaid(as_paid) > unpaid({name: owed[name] + as_paid[name] for name in names}):
            continue
        fits = [
            (one, all(owed[n] + likely[n] == moved(belief, one)[n] for n in names))
            for one in belief.hypotheses
        ]
        if any(fit for _, fit in fits):
            nats = PAID_IN_FULL if is_unpaid else PAID_BY_NAME
            likelier = (replace(one, log_p=one.log_p + nats * fit) for one, fit in fits)
            belief = settled(belief, likelier)
    return belief


def _linked(
    belief: Belief, names: Collection[str], likely: Mapping[str, int]
) -> list[frozenset[str]]:
    """Products whose counts are open together: each set can be decided by itself."""
    differing = set()
    for one in (one for one in belief.hypotheses if one.log_p >= LINKING):
        found = moved(belief, one)
        differing.add(frozenset(n for n in names if found[n] != likely[n]))
    groups: list[frozenset[str]] = []
    for names_of_one in sorted(differing - {frozenset()}, key=len):
        inside = [group for group in groups if group <= names_of_one]
        if names_of_one != frozenset().union(*inside):
            apart = [group for group in groups if not group & names_of_one]
            touching = [group for group in groups if group & names_of_one]
            groups = [*apart, names_of_one.union(*touching)]
    return groups
