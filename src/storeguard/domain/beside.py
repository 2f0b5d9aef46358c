"""What went before this visit began, beside a thing that lay there until now.

Who takes a bottle and leaves a cup in its place changes the level once. What he took shows only
when the cup is fetched, by somebody else perhaps, of whose visit it is not.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product as combinations_of

from storeguard.domain.belief import LEAST_HIDING, LEFT_BEHIND, Hypothesis, Load
from storeguard.domain.explaining import TOGETHER, Explanation, Scene, rarity
from storeguard.domain.lattice import Units
from storeguard.domain.objects import object_cost
from storeguard.domain.shifting import UNSEEN, lightest_g
from storeguard.domain.testimony import PAID_BY_NAME

OWING = math.log(10.0)
"""Who owes something was not paying for what nobody has seen him take, and seldom took that too:
most likely he has put down what he seems to owe."""


def parted(
    one: Hypothesis, scale: str, found: Explanation, scene: Scene
) -> Iterator[tuple[Hypothesis, Explanation, float]]:
    """What was found where nothing foreign lies any more: all of it this visit's, or some gone
    before. Each with the hypothesis as it then was, what moved in this visit, and its cost in nats.
    """
    left = _left(one.loads[scale])
    if left is None or min(found.own) >= 0:
        yield one, found, 0.0
        return
    usual = _cost(left, (0,) * len(found.own), found.own, scene)
    for went in combinations_of(*(range(min(n, 0), 1) for n in found.own)):
        now = tuple(n - gone for n, gone in zip(found.own, went, strict=True))
        went_g = _grams(went, scene)
        if not any(went):
            yield one, found, _lacking_cost(left, scene)
        elif _thing_g(left, went, scene) > scene.band_g:
            cost = _cost(left, went, now, scene) - usual
            moved = found._replace(own=now, rest_g=found.rest_g - went_g)
            yield _gone_before(one, scale, went, scene), moved, cost


def _left(load: Load) -> Load | None:
    """The scale with what lay there when this visit began, where its hand is on top by now, too."""
    left = load if load.is_left else load.beneath
    return left if left is not None and left.is_left else None


def _cost(left: Load, went: Units, now: Units, scene: Scene) -> float:
    """In nats: a thing of that weight was left beside what went, and fetched with the others."""
    then = replace(scene, swung_g=math.inf if left.is_pressed else 0.0)
    cost = object_cost(_thing_g(left, went, scene), left, then)
    cost += sum(TOGETHER + rarity(units, is_customer=True) for units in (went, now) if any(units))
    if any(went):
        cost += 0.0 if left.is_pressed else UNSEEN
        cost -= PAID_BY_NAME if tuple(-n for n in went) == left.paid_for else 0.0
        cost += 0.0 if left.paid_for else OWING
    return cost


def _lacking_cost(left: Load, scene: Scene) -> float:
    """No hand lifts anything once it has gone: if much lacks, units have left."""
    assert left.object_g is not None
    is_little = left.is_shift and left.object_g > -LEAST_HIDING * lightest_g(scene.own)
    return 0.0 if left.object_g >= 0 or is_little else LEFT_BEHIND


def _thing_g(left: Load, went: Units, scene: Scene) -> float:
    assert left.object_g is not None
    return left.object_g - _grams(went, scene)


def _grams(units: Units, scene: Scene) -> float:
    return sum(n * one.unit_weight_g for n, one in zip(units, scene.own, strict=True))


def _gone_before(one: Hypothesis, scale: str, went: Units, scene: Scene) -> Hypothesis:
    """As if that had been known when the visit began."""
    load, went_g = one.loads[scale], _grams(went, scene)
    assert load.object_g is not None
    own = tuple(here + n for here, n in zip(load.own, went, strict=True))
    load = load._replace(own=own, base_g=load.base_g + went_g, object_g=load.object_g - went_g)
    gone = {p.name: one.opened.get(p.name, 0) + n for p, n in zip(scene.own, went, strict=True)}
    return replace(one, loads={**one.loads, scale: load}, opened={**one.opened, **gone})
