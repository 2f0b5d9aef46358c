"""What others know of the shelves: the owner's word, and the sales of a visit."""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

from storeguard.domain.answers import moved
from storeguard.domain.belief import Belief, Load, settled

LEAST_CHOSEN = 0.05
"""Sales choose no answer that the weight makes less probable than that."""


def told(belief: Belief, scale: str, name: str, count: int, level_g: float) -> Belief:
    """The owner says how many units of an own product lie on the scale, at this level."""
    at = [one.name for one in belief.goods[scale]].index(name)
    changed = []
    for one in belief.hypotheses:
        load = one.loads[scale]
        own = (*load.own[:at], count, *load.own[at + 1 :])
        new = Load(own, load.guests, level_g)
        opened = {**one.opened, name: one.opened.get(name, 0) + count - load.own[at]}
        changed.append(replace(one, loads={**one.loads, scale: new}, opened=opened))
    return settled(belief, changed)


def decided(belief: Belief, owed: Mapping[str, int], paid: Mapping[str, int]) -> Belief:
    """The sales of a visit choose between answers that the weight leaves open.

    `owed`: product → units to be paid still, by the likeliest hypothesis, of all that are open.
    Only an answer that the sales match in full is chosen, and only where they say something:
    that nothing was paid is no sign that nothing was taken.
    """
    likely = moved(belief, belief.likeliest)
    for names in _linked(belief, owed, likely):
        if not any(paid.get(name, 0) > 0 for name in names):
            continue
        fitting = [
            one
            for one in belief.hypotheses
            if all(owed[n] + likely[n] == moved(belief, one)[n] for n in names)
        ]
        if sum(math.exp(one.log_p) for one in fitting) >= LEAST_CHOSEN:
            belief = settled(belief, fitting)
    return belief


def _linked(
    belief: Belief, names: Collection[str], likely: Mapping[str, int]
) -> list[frozenset[str]]:
    """Products whose counts are open together: each set can be decided by itself."""
    differing = set()
    for one in belief.hypotheses:
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
