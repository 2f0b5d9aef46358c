"""Steps → item counts, with certainty: how a belief about the shelves follows their weights.

Counting is relative: each step is explained by itself, by what it has changed, so that drift
and the owner's rounding of unit weights do not add up over a full shelf. What is no product (a
bag, an arm) is remembered with the level below it: once it is gone, that level says what went
meanwhile. Every explanation that cannot be ruled out lives on as a hypothesis, and later steps
decide.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import nlargest
from typing import NamedTuple

from storeguard.domain import beside, pausing
from storeguard.domain.belief import (
    LEAST_LOG_P,
    MOST_HYPOTHESES,
    RETURNED_WITHIN_S,
    Belief,
    Hypothesis,
    Load,
    Lot,
    settled,
)
from storeguard.domain.explaining import (
    REACH_SIGMAS,
    TOGETHER,
    Explanation,
    Scene,
    explanations,
)
from storeguard.domain.moving import moved
from storeguard.domain.objects import is_pressed, object_cost
from storeguard.domain.product import Product
from storeguard.domain.shifting import may_be_shift
from storeguard.domain.spread import density

OBJECT_AGAIN = math.log(5000.0 / 0.05)
OBJECT_LEAVES = math.log(2.0)

EITHER = math.log(2.0)
"""Of a hand that rested on a shelf: it went with the step, or it is still there."""

SHAKEN, STILLED = math.log(300.0), math.log(10.0)
"""What lies on a plate is as still as the scale itself. A hand is not, and seldom becomes so."""

STEP_PER_BAND = 1 / 6
"""A settled difference is known to so much of the scale's band."""

FORGOTTEN_S = 1200.0
"""What was taken so long ago is not in any hand any more."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A new settled level of a scale. `band_g`: half the width of what is quiet there;
    `unsure_g`: one sigma of the level's change, where it is known. `started_s`: when it began to
    move, `moved_s`: for how long it did. `is_restocked`: restock mode was on then. `leant_g`: how
    far the level had jumped before; that may have ended with this step, or may stay. `is_shaken`:
    the level is noisier than with nobody there. `pauses`: grams from the old level at which it
    kept still for a moment on the way. `touched_s`: since when somebody may have been at it.
    `swung_g`: how far it was beyond both levels on the way; infinite where nobody knows.
    """

    scale: str
    level_g: float
    band_g: float
    now_s: float
    unsure_g: float = 0.0
    started_s: float = math.inf
    moved_s: float = 0.0
    is_restocked: bool = False
    leant_g: float = 0.0
    is_shaken: bool = False
    pauses: tuple[float, ...] = ()
    touched_s: float = math.inf
    swung_g: float = math.inf

    @property
    def rested_s(self) -> float:
        """When it has come to rest."""
        return min(self.started_s + self.moved_s, self.now_s)

    @property
    def sigma_g(self) -> float:
        return max(self.band_g * STEP_PER_BAND, self.unsure_g)


def weigh(belief: Belief, weighed: Weighed) -> Belief:
    """The belief after a step of one scale that is counted already."""
    scene = scene_of(belief, weighed, weighed.sigma_g)
    fresh = [_fresh(one, weighed) for one in belief.hypotheses]
    ways = [way for one in fresh for way in ways_of(one, weighed, scene)]
    if weighed.pauses:
        slack = pausing.UNEXPLAINED * len(weighed.pauses)
        ways = [_paused(way, weighed, scene) for way in _likely(ways, slack)]
    found = []
    for way in worth(ways):
        found.append(gone(way, weighed, scene))
        if way.object_g is None:
            since_s = (weighed.started_s, weighed.touched_s, way.one.loads[weighed.scale].hidden_s)
            found += _recognised(found[-1], min(since_s), weighed, scene, belief)
    return settled(belief, found)


def scene_of(belief: Belief, weighed: Weighed, sigma_g: float) -> Scene:
    """The scale at a step that is known to `sigma_g`, one sigma, beside what the units weigh."""
    products = {one.name: one for each in belief.goods.values() for one in each}
    own = belief.goods[weighed.scale]
    return Scene(
        own,
        products,
        sigma_g,
        weighed.band_g,
        weighed.now_s,
        {},
        is_restocked=weighed.is_restocked,
        moved_s=weighed.moved_s,
        swung_g=weighed.swung_g,
    )


def _fresh(one: Hypothesis, weighed: Weighed) -> Hypothesis:
    """Without what is in no hand any more; and a jump that was goods is in the level of now."""
    hands = tuple(lot for lot in one.hands if _may_be_in_hand(lot, weighed.now_s))
    load = one.loads[weighed.scale]
    jumped_g = load.jumped_by(weighed.now_s) if weighed.leant_g else 0.0
    load = load._replace(base_g=load.base_g + jumped_g, jumped_g=jumped_g)
    return replace(one, hands=hands, loads={**one.loads, weighed.scale: load})


def _may_be_in_hand(lot: Lot, now_s: float) -> bool:
    is_out = lot.paid_s is not None and now_s - lot.paid_s > RETURNED_WITHIN_S
    return now_s - lot.since_s <= FORGOTTEN_S and not is_out


class Way(NamedTuple):
    """What a hypothesis may become: `found` moved (None: nothing), and the load is so."""

    log_p: float
    one: Hypothesis
    found: Explanation | None
    base_g: float
    object_g: float | None


def ways_of(one: Hypothesis, weighed: Weighed, scene: Scene) -> Iterator[Way]:
    """Units moved; something that is no product came, goes, or units moved beside it."""
    is_hidden = one.loads[weighed.scale].object_g is not None
    return _beside(one, weighed, scene) if is_hidden else _bare(one, weighed, scene)


def _bare(one: Hypothesis, weighed: Weighed, scene: Scene) -> Iterator[Way]:
    """Of a scale with goods alone. What came and was joined by units is known where the scale kept
    still between the two."""
    load, level_g = one.loads[weighed.scale], weighed.level_g
    is_bringer = _has_brought(one, load, scene)
    off_g = level_g - load.base_g
    lies = SHAKEN if weighed.is_shaken else 0.0
    leant_g = weighed.leant_g - load.jumped_g
    for change_g, cost in as_leant(off_g, leant_g, weighed.sigma_g):
        for found in explanations(change_g, load, one.hands, scene, is_bringer=is_bringer):
            log_p = one.log_p - cost - found.cost - lies
            yield Way(log_p, one, found, base_after(found, load, level_g), None)
    cost = object_cost(off_g, load, scene, is_shaken=weighed.is_shaken)
    yield Way(one.log_p - cost, one, None, load.base_g, off_g)
    for object_g in weighed.pauses:
        cost, base_g = object_cost(object_g, load, scene) + TOGETHER + lies, level_g - object_g
        for found in explanations(off_g - object_g, load, one.hands, scene, is_bringer=is_bringer):
            if is_move(found):
                yield Way(one.log_p - cost - found.cost, one, found, base_g, object_g)


def _beside(one: Hypothesis, weighed: Weighed, scene: Scene) -> Iterator[Way]:
    """Of a scale on which something lies that is no product."""
    load, level_g = one.loads[weighed.scale], weighed.level_g
    is_bringer = _has_brought(one, load, scene)
    off_g, step_g = level_g - load.base_g, level_g - load.level_g
    lies = SHAKEN if weighed.is_shaken else 0.0
    stays = STILLED if load.is_hand and not weighed.is_shaken else 0.0
    for found in explanations(step_g, load, one.hands, scene, is_bringer=is_bringer):
        if is_move(found):
            log_p, base_g = one.log_p - found.cost - stays, load.base_g + step_g
            yield Way(log_p, one, found, base_g, load.object_g)
    bare = _uncovering(scene, load)
    for found in explanations(off_g, load, one.hands, bare, is_bringer=is_bringer):
        log_p = one.log_p - found.cost - OBJECT_LEAVES - lies
        # What moved beneath was weighed with it.
        is_near = abs(off_g) <= max(weighed.band_g, REACH_SIGMAS * load.base_sd_g)
        base_g = level_g if is_near else base_after(found, load, level_g)
        for was, now, cost in beside.parted(one, weighed.scale, found, scene):
            yield Way(log_p - cost, was, now, base_g, None)
    again = min(OBJECT_AGAIN + stays, _uncovered(off_g, load, scene) + lies)
    yield Way(one.log_p - again, one, None, load.base_g, off_g)


def _uncovering(scene: Scene, load: Load) -> Scene:
    """The level beneath a thing that lay there at the start is known from the book alone."""
    if not load.base_sd_g:
        return scene
    return replace(scene, sigma_g=math.hypot(scene.sigma_g, load.base_sd_g), known={})


def _uncovered(off_g: float, load: Load, scene: Scene) -> float:
    """What it costs, in nats, that a hand that came upon a bag has gone, and the bag lies there."""
    if load.beneath is None:
        return math.inf
    return OBJECT_LEAVES - density(off_g - (load.beneath.object_g or 0.0), 2 * scene.sigma_g**2)


def _paused(way: Way, weighed: Weighed, scene: Scene) -> Way:
    """The way, less likely where it does not explain the pauses."""
    load = way.one.loads[weighed.scale]
    lay_g, is_gone = load.object_g, way.object_g is None
    came_g = way.object_g if way.found is not None and lay_g is None else None
    what = pausing.Moved(way.found, lay_g, is_gone, load.guests, way.one.hands, came_g)
    return way._replace(log_p=way.log_p - pausing.cost(weighed.pauses, what, scene))


def as_leant(off_g: float, leant_g: float, sigma_g: float) -> tuple[tuple[float, float], ...]:
    """What may have changed, with its cost in nats: with the end of a jump in it, or without."""
    if abs(leant_g) <= sigma_g:
        return ((off_g, 0.0),)
    return ((off_g, EITHER), (off_g - leant_g, EITHER))


def _has_brought(one: Hypothesis, load: Load, scene: Scene) -> bool:
    """Has whoever is inside put units down here that came from outside?"""
    pairs = zip(load.own, scene.own, strict=True)
    return any(units > one.opened.get(product.name, 0) for units, product in pairs)


def base_after(found: Explanation, load: Load, level_g: float) -> float:
    """Where nothing moved the old level stays the base: what goes in jerks is not swallowed."""
    return level_g if is_move(found) else load.base_g


def worth(ways: list[Way]) -> list[Way]:
    """Those that are likely enough to be built."""
    return nlargest(4 * MOST_HYPOTHESES, _likely(ways, 0.0), key=lambda way: way.log_p)


def _likely(ways: list[Way], slack: float) -> list[Way]:
    """Those that may still be likely enough when others have become less so by `slack` nats."""
    best = max(way.log_p for way in ways)
    return [way for way in ways if way.log_p >= best + LEAST_LOG_P - slack]


def _recognised(
    one: Hypothesis, hidden_s: float, weighed: Weighed, scene: Scene, belief: Belief
) -> Iterator[Hypothesis]:
    """Units that were taken now lie on another scale, which was counted before: it began to move
    before this one, under a hand perhaps, and came to rest after they were taken.

    `hidden_s`: since when they may have been taken. What lay there by then is none of them.
    """
    now = {i for i, lot in enumerate(one.hands) if lot.since_s == weighed.now_s}
    for scale, load in one.loads.items():
        if load.object_g is None or load.object_by_s <= hidden_s:
            continue
        there = _there(scene, belief.goods[scale], load)
        bare = load._replace(object_g=None)
        saved = object_cost(load.object_g, load, there, is_shaken=load.is_hand)
        saved -= SHAKEN if load.is_hand else 0.0
        for found in explanations(load.object_g, bare, one.hands, there):
            if now.isdisjoint(i for i, _ in found.puts):
                continue
            own, guests, hands = moved(found, bare, one.hands, there)
            loads = {**one.loads, scale: Load(own, guests, load.level_g)}
            log_p = one.log_p + saved - found.cost
            yield replace(one, loads=loads, hands=hands, log_p=log_p)


def _there(scene: Scene, own: tuple[Product, ...], load: Load) -> Scene:
    """The other scale when it was weighed."""
    moved_s = load.object_by_s - load.object_s
    sigma_g, swung_g = load.object_sd_g, math.inf if load.is_pressed else 0.0
    return replace(scene, own=own, known={}, moved_s=moved_s, sigma_g=sigma_g, swung_g=swung_g)


def is_move(found: Explanation) -> bool:
    """Has anything moved?"""
    return bool(found.puts or found.leaves or any(found.own))


def gone(way: Way, weighed: Weighed, scene: Scene) -> Hypothesis:
    one, load = way.one, way.one.loads[weighed.scale]
    is_new = way.object_g is not None and (way.found is None or load.object_g is None)
    new = _with_object(load, weighed, scene) if is_new else load
    hands = one.hands
    if way.found is not None:
        has_pauses = load.object_g is None and way.object_g is None
        pauses = weighed.pauses if has_pauses else ()
        own, guests, hands = moved(way.found, load, hands, scene, pauses)
        is_left = new.is_left and way.object_g is not None
        new = new._replace(own=own, guests=guests, is_left=is_left)
    is_hand = weighed.is_shaken and way.object_g is not None
    if way.object_g is None and new.base_sd_g:
        new = new._replace(base_sd_g=0.0)
    new = new._replace(base_g=way.base_g, object_g=way.object_g, is_hand=is_hand, jumped_g=0.0)
    return replace(one, loads={**one.loads, weighed.scale: new}, hands=hands, log_p=way.log_p)


def _with_object(load: Load, weighed: Weighed, scene: Scene) -> Load:
    """Something has come that is no product, or it is another now, or what it was before."""
    is_first, was = load.object_g is None, load.beneath
    off_g, sigma_g = weighed.level_g - load.base_g, scene.sigma_g
    if not is_first and was and abs(off_g - (was.object_g or 0.0)) <= REACH_SIGMAS * sigma_g:
        return load._replace(is_left=was.is_left, has_stayed=was.has_stayed, beneath=None)
    since_s = weighed.started_s if is_first else load.object_s
    new = load._replace(object_s=since_s, object_by_s=weighed.rested_s, object_sd_g=sigma_g)
    is_shift = may_be_shift(off_g, scene.own) and not weighed.is_shaken
    new = new._replace(is_shift=is_shift, is_pressed=is_pressed(scene))
    beneath = None if is_first else load._replace(beneath=None)
    return new._replace(is_left=False, has_stayed=False, beneath=beneath)
