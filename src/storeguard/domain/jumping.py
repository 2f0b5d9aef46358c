"""Jumps → item counts: a level that has changed at once by too little to be seen moving.

Most are a hand that rests on a shelf, and nothing has moved. Some are a swap of two things that
weigh nearly the same. What was taken for goods has changed the next level too, which may show
otherwise: `Load.jumped_g` remembers it until then.
"""

import math
from dataclasses import replace

from storeguard.domain.belief import Belief, Hypothesis, Load, settled
from storeguard.domain.counting import Weighed, as_leant, base_after, is_move, scene_of
from storeguard.domain.explaining import MOST_CONSIDERED, Explanation, Scene, explanations
from storeguard.domain.moving import moved
from storeguard.domain.shifting import may_be_shift

RESTING = math.log(30.0)
"""A level that is twice as noisy as with nobody there, and another by less than can be seen moving,
is one with a hand on it."""


def jumped(belief: Belief, weighed: Weighed, grams: float) -> Belief:
    """The belief after a change that was too small to be seen moving, at a level that stays.

    What is in hand or lies there as a guest may have been put down for a unit that weighs nearly
    the same; or it is the rest of a step in two parts, the first of which was no whole unit. Else
    nothing has moved.
    """
    if not any(_may_jump(one, weighed) for one in belief.hypotheses):
        return belief
    scene = scene_of(belief, weighed, weighed.sigma_g)
    found: list[Hypothesis] = []
    for one in belief.hypotheses:
        before = len(found)
        for change_g, cost in _changes(one, weighed, grams):
            ways = _of_jump(one, weighed, change_g, scene)
            found += [_as_jumped(one, way, weighed, change_g, cost, scene) for way in ways]
        if len(found) == before:
            found.append(replace(one, log_p=one.log_p - MOST_CONSIDERED))
    return settled(belief, found)


def _changes(one: Hypothesis, weighed: Weighed, grams: float) -> tuple[tuple[float, float], ...]:
    """What may have changed: what jumped before and was no goods may have gone by this."""
    load = one.loads[weighed.scale]
    hand_g = weighed.leant_g - load.jumped_by(weighed.now_s)
    return as_leant(grams, -hand_g, weighed.sigma_g)


def _of_jump(one: Hypothesis, weighed: Weighed, grams: float, scene: Scene) -> list[Explanation]:
    """No jump by itself is as large as a unit; with the unexplained rest of a step it may be."""
    load = one.loads[weighed.scale]
    rest_g = _rest_g(load, weighed)
    ways = explanations(rest_g + grams, load, one.hands, scene)
    return [way for way in ways if rest_g or way.puts or way.leaves or not any(way.own)]


def _as_jumped(
    one: Hypothesis, way: Explanation, weighed: Weighed, change_g: float, cost: float, scene: Scene
) -> Hypothesis:
    load, log_p = one.loads[weighed.scale], one.log_p - way.cost - cost
    own, guests, hands = moved(way, load, one.hands, scene)
    jumped_g = load.jumped_by(weighed.now_s)
    if is_move(way):
        jumped_g += change_g
        log_p -= RESTING if weighed.is_shaken else 0.0
    base_g = base_after(way, load, weighed.level_g - (load.object_g or 0.0))
    jumped_s = min(weighed.started_s, weighed.now_s)
    is_shift = load.is_shift and may_be_shift((load.object_g or 0.0) + change_g, scene.own)
    new = load._replace(own=own, guests=guests, base_g=base_g, is_shift=is_shift)
    new = new._replace(jumped_g=jumped_g, jumped_s=jumped_s)
    return replace(one, loads={**one.loads, weighed.scale: new}, hands=hands, log_p=log_p)


def _may_jump(one: Hypothesis, weighed: Weighed) -> bool:
    load = one.loads[weighed.scale]
    return bool(one.hands or load.guests or _rest_g(load, weighed))


def _rest_g(load: Load, weighed: Weighed) -> float:
    """By how much the level has changed that nothing has explained; 0 where that is noise."""
    off_g = weighed.level_g - load.level_g
    return off_g if abs(off_g) > weighed.band_g else 0.0
