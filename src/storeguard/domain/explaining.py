"""One weight difference → which units of which products moved, each answer with its cost.

A scale's own products come and go; a *lot* in hand (units taken in this visit, of known weight)
may be put down on any scale, and such a *guest* may leave it again. Each answer costs as many
nats as it is rare and fits badly: the density in grams and the prior. Priors are judgement, not
measured: customers put back one item in five to ten, and misplace far fewer.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from storeguard.domain.belief import Load, Lot
from storeguard.domain.lattice import Units, combinations_near
from storeguard.domain.product import Product
from storeguard.domain.shifting import SHIFTED, UNSEEN, is_seen
from storeguard.domain.spread import BIAS, density, weight_var

SIGMAS = 3.0

LEAN = 0.35
"""Of products whose spread nobody stated, one in two keeps to so much of the usual one."""

MANY = 1.8
"""n units at once are n ** MANY times rarer than one."""

MOST_MANY, A_HAND, BEYOND_A_HAND = 5.0, 5, 0.3

TOGETHER = math.log(10.0)
"""For each further product that moves in the same step."""

INSTEAD, ALIKE = math.log(3.0), 2.0
"""Who leaves a thing where it does not belong has often found another there that he likes better,
and takes that one in the same moment: a drink for a drink, of no more than twice its weight and of
no less than half of it. Which of many things in hand he leaves nobody knows beforehand."""

ONE_HAND = 0.5
"""For each further unit that is taken while the other hand puts something down, or takes another
thing, in the same moment."""

IN_TURN, IN_TURN_S = math.log(2.0), 1.8
"""A hand is at a shelf for a second. Where weight moved for longer, one thing may well have been
put down after another was taken, before the scale came to rest."""

PUT_BACK, MISPLACED, GUEST_LEAVES = math.log(5.0), math.log(30.0), math.log(10.0)

ANOTHER_OF_ITS_KIND = math.log(30.0)
"""What is put back is what was taken, and weighs the same; seldom another unit of the product, or
the same one at a corner of the plate, where a cell of one point weighs it otherwise."""

CELLS_DIFFER = 0.002
"""Of what lies there: two cells of one shop, calibrated with a bottle of water each."""

PAID_ALREADY = math.log(10.0)
"""So much rarer is put down what has been paid: the money is given back, or it is forgotten."""

DELIVERED, DELIVERED_BY_A_CUSTOMER = math.log(30.0), math.log(1000.0)
"""Own units from outside the store; rarer where the visitor has taken something before."""

A_DOZEN, BEYOND_A_DOZEN = 12, 0.08
"""Of a delivery. So many light units weigh like anything at all: a hand that leans, a bag."""

A_CRATE, BEYOND_A_CRATE = 60, 0.05
"""No more than a crate comes or goes at once, unless it is expected: a bag of two kilos on a scale
of sweets is not three hundred of them."""

SHIFT_BANDS = 0.5
"""Nothing moved, and the level is another by about a band: a plate that was pushed, a draught."""

HELD_FOR_S = 300.0
"""What was taken so long ago is e times less likely to be put down again."""

MOST_LOTS = 12
"""Of what is in hand, the newest; who holds more holds a basket."""

MOST_PAIRED = 10
"""Handfuls of which two may move at once."""

MOST_CONSIDERED = 9.0
"""Nats beyond the best answer at which another is left out."""

REACH_SIGMAS = 4.5


class Explanation(NamedTuple):
    """What moved. `own`: units of the scale's products, put-backs left aside, negative: left.

    `puts`: lot in hand → units put down here; `leaves`: guest → units that left; both by index.
    `rest_g` is the weight of the own units as measured; `beside_g` what puts and leaves weigh, and
    `beside_var` its variance.
    """

    own: Units
    puts: tuple[tuple[int, int], ...]
    leaves: tuple[tuple[int, int], ...]
    rest_g: float
    cost: float
    beside_g: float = 0.0
    beside_var: float = 0.0


class _Special(NamedTuple):
    """What moves beside the scale's own stock: of known weight; `kind` is the product, if one."""

    grams: float
    var: float
    cost: float
    kind: str
    puts: tuple[tuple[int, int], ...] = ()
    leaves: tuple[tuple[int, int], ...] = ()


_NOTHING = _Special(0.0, 0.0, 0.0, "")


@dataclass(frozen=True, slots=True)
class Scene:
    """One scale at one step. `sigma_g`: how exactly the difference is known, besides the units.

    `products`: all that may be in hand, by name. `known`: answers that were found already.
    `is_restocked`: goods are expected from outside, whatever has been taken before. `moved_s`: for
    how long weight moved; `swung_g`: how far it was beyond both levels meanwhile.
    """

    own: tuple[Product, ...]
    products: dict[str, Product]
    sigma_g: float
    band_g: float
    now_s: float
    known: dict[tuple[float, float, bool, bool], tuple[tuple[Units, float], ...]]
    is_restocked: bool = False
    moved_s: float = 0.0
    swung_g: float = math.inf

    def unseen(self, *parts_g: float) -> float:
        """What it costs, in nats, that things of these weights came and went at once, unseen."""
        lighter_g = min(map(abs, parts_g))
        is_exchange = min(parts_g) < 0 < max(parts_g)
        is_odd = is_exchange and not is_seen(self.swung_g, lighter_g, self.band_g)
        return UNSEEN if is_odd else 0.0


def explanations(
    difference_g: float,
    load: Load,
    hands: Sequence[Lot],
    scene: Scene,
    *,
    is_bringer: bool = False,
) -> list[Explanation]:
    """All answers worth considering. `is_bringer`: has brought units of this scale already."""
    found: list[Explanation] = []
    most, is_customer = math.inf, bool(hands) and not scene.is_restocked
    is_expected = scene.is_restocked or (is_bringer and not is_customer)
    for special in sorted(_specials(load, hands, scene), key=lambda one: one.cost):
        if special.cost > most:
            break
        rest_g = difference_g - special.grams
        moves = _own_moves(
            rest_g, special.var, scene, is_customer=is_customer, is_expected=is_expected
        )
        for own, cost in moves:
            total = cost + special.cost
            if special.kind and any(own):
                total += _together(special, own, rest_g, len(hands), scene)
            if total > most:
                break
            if all(n + here >= 0 for n, here in zip(own, load.own, strict=True)):
                beside = (special.grams, special.var)
                found.append(Explanation(own, special.puts, special.leaves, rest_g, total, *beside))
                most = min(most, total + MOST_CONSIDERED)
    return [one for one in found if one.cost <= most]


def _together(special: _Special, own: Units, own_g: float, in_hand: int, scene: Scene) -> float:
    """What it costs, in nats, that own units, of `own_g` as measured, move beside something else.

    `in_hand`: lots of which any may be left, paid or not.
    """
    unseen = scene.unseen(special.grams, own_g)
    if scene.moved_s >= IN_TURN_S:
        return unseen + IN_TURN
    taken = -sum(own)
    is_alike = special.grams <= -ALIKE * own_g <= ALIKE**2 * special.grams
    if taken == 1 and is_alike and _is_one_misplaced(special, scene):
        return unseen + min(TOGETHER, INSTEAD + math.log(in_hand))
    return unseen + TOGETHER + ONE_HAND * max(0, taken - 1)


def _is_one_misplaced(special: _Special, scene: Scene) -> bool:
    """Is one unit put down that belongs elsewhere?"""
    is_one = sum(units for _, units in special.puts) == 1
    return is_one and all(special.kind != one.name for one in scene.own)


def _own_moves(
    rest_g: float, var: float, scene: Scene, *, is_customer: bool, is_expected: bool
) -> tuple[tuple[Units, float], ...]:
    """Units of the own stock near the rest, with what fit and rarity cost."""
    key = (round(rest_g, 2), round(var, 3), is_customer, is_expected)
    if key not in scene.known:
        still = (0,) * len(scene.own)
        moves = {still: min(_misfit(rest_g, var, still, scene), _shift(rest_g, var, scene))}
        for units in combinations_near(scene.own, rest_g, _reach_g(rest_g, var, scene)):
            cost = rarity(units, is_customer=is_customer)
            if is_expected and any(n > 0 for n in units):
                cost -= DELIVERED
            else:
                cost += BEYOND_A_CRATE * max(0, sum(map(abs, units)) - A_CRATE)
            off_g = rest_g - sum(n * p.unit_weight_g for n, p in zip(units, scene.own, strict=True))
            moves[units] = cost + _misfit(off_g, var, units, scene)
        best = min(moves.values())
        likely = (pair for pair in moves.items() if pair[1] <= best + 2 * MOST_CONSIDERED)
        scene.known[key] = tuple(sorted(likely, key=lambda pair: pair[1]))
    return scene.known[key]


def _reach_g(rest_g: float, var: float, scene: Scene) -> float:
    heaviest_g = max((p.unit_weight_g for p in scene.own), default=0.0)
    usual = max((p.spread_g / p.unit_weight_g for p in scene.own), default=0.0)
    spread_var = usual**2 * heaviest_g * abs(rest_g)
    sigma_g = math.sqrt(scene.sigma_g**2 + var + spread_var)
    return REACH_SIGMAS * sigma_g + 2 * BIAS * abs(rest_g)


def rarity(units: Units, *, is_customer: bool) -> float:
    """In nats, against one unit that leaves. All units have one sign."""
    kinds = [abs(n) for n in units if n]
    together = TOGETHER * (len(kinds) - 1)
    if is_customer or any(n < 0 for n in units):
        many = sum(_many(n, len(units)) for n in kinds)
        if any(n > 0 for n in units):
            many = DELIVERED_BY_A_CUSTOMER + max(many, sum(_delivered(n) for n in kinds))
        return together + many
    return DELIVERED + together + sum(_delivered(n) for n in kinds)


def _delivered(n: int) -> float:
    return math.log(min(n, A_DOZEN)) + BEYOND_A_DOZEN * max(0, n - A_DOZEN)


def _many(n: int, kinds: int) -> float:
    """A hand holds about five. With one kind on the scale little else weighs as much as many."""
    cost = MANY * math.log(n) + BEYOND_A_HAND * max(0, n - A_HAND)
    return min(cost, MOST_MANY) if kinds == 1 else cost


def _misfit(off_g: float, var: float, units: Units, scene: Scene) -> float:
    """Minus the log of the density; of two where the owner has not stated the spread."""
    fixed, loose, is_unstated = scene.sigma_g**2 + var, 0.0, False
    for n, one in zip(units, scene.own, strict=True):
        if n:
            loose += weight_var(one, n)
            is_unstated |= one.tolerance_g is None
    wide = density(off_g, fixed + loose)
    if not is_unstated:
        return -wide
    lean = density(off_g, fixed + LEAN**2 * loose)
    top = max(wide, lean)
    return -(top + math.log(0.5 * (math.exp(wide - top) + math.exp(lean - top))))


def _shift(rest_g: float, var: float, scene: Scene) -> float:
    return SHIFTED - density(rest_g, (SHIFT_BANDS * scene.band_g) ** 2 + var)


def _specials(load: Load, hands: Sequence[Lot], scene: Scene) -> list[_Special]:
    """Nothing; each handful that is put down and each guest that leaves; two of them at once."""
    newest = _newest(hands)
    single = [
        *_put_down(hands, newest, scene),
        *_all_of_a_kind(hands, newest, scene),
        *_leaving(load.guests, scene),
    ]
    pairs = [
        _both(a, b, scene) for a, b in combinations(single[:MOST_PAIRED], 2) if _may_be_both(a, b)
    ]
    return [_NOTHING, *single, *_put_down_otherwise(hands, newest, scene), *pairs]


def _newest(hands: Sequence[Lot]) -> list[int]:
    """Lots by index, those first that are likely to be put down."""
    order = sorted(range(len(hands)), key=lambda i: (_is_paid(hands[i]), -hands[i].since_s))
    return order[:MOST_LOTS]


def _put_down(hands: Sequence[Lot], newest: Sequence[int], scene: Scene) -> Iterator[_Special]:
    """As it was weighed, as exactly as two cells agree."""
    own = {one.name for one in scene.own}
    for i, units, cost in _handfuls(hands, newest, scene):
        product = scene.products[hands[i].product]
        grams, var = part_of(hands[i], units, product)
        if product.name not in own:
            var += (CELLS_DIFFER * grams) ** 2
        yield _Special(grams, var, cost, product.name, puts=((i, units),))


def _put_down_otherwise(
    hands: Sequence[Lot], newest: Sequence[int], scene: Scene
) -> Iterator[_Special]:
    """As any units of the product weigh."""
    for i, units, cost in _handfuls(hands, newest, scene):
        product = scene.products[hands[i].product]
        grams, var = units * product.unit_weight_g, weight_var(product, units)
        cost += ANOTHER_OF_ITS_KIND
        yield _Special(grams, var, cost, product.name, puts=((i, units),))


def _handfuls(
    hands: Sequence[Lot], newest: Sequence[int], scene: Scene
) -> Iterator[tuple[int, int, float]]:
    """Lot, units of it, and what it costs that these are put down here."""
    own = {one.name for one in scene.own}
    for i in newest:
        lot = hands[i]
        usual = PUT_BACK if lot.product in own else MISPLACED
        usual += PAID_ALREADY if _is_paid(lot) else 0.0
        usual += (scene.now_s - lot.since_s) / HELD_FOR_S
        for units in range(1, lot.units + 1):
            # Who has taken three at once puts all three back rather than two.
            is_all = units == lot.units and lot.product in own
            yield i, units, usual + (0.0 if is_all else MANY * math.log(units))


def _all_of_a_kind(hands: Sequence[Lot], newest: Sequence[int], scene: Scene) -> Iterator[_Special]:
    """Three and more lots of one product that come back at once (two are a pair)."""
    own = {one.name for one in scene.own}
    for name in dict.fromkeys(hands[i].product for i in newest):
        lots = [i for i in newest if hands[i].product == name and not _is_paid(hands[i])]
        if len(lots) > 2:
            units = sum(hands[i].units for i in lots)
            usual = PUT_BACK if name in own else MISPLACED
            yield _Special(
                sum(hands[i].grams for i in lots),
                sum(hands[i].sd_g ** 2 for i in lots),
                usual + MANY * math.log(units),
                name,
                puts=tuple((i, hands[i].units) for i in lots),
            )


def _is_paid(lot: Lot) -> bool:
    return lot.paid_s is not None


def _leaving(guests: Sequence[Lot], scene: Scene) -> Iterator[_Special]:
    for i, lot in enumerate(guests):
        for units in range(1, lot.units + 1):
            grams, var = part_of(lot, units, scene.products[lot.product])
            cost = GUEST_LEAVES + MANY * math.log(units)
            yield _Special(-grams, var, cost, lot.product, leaves=((i, units),))


def part_of(lot: Lot, units: int, product: Product) -> tuple[float, float]:
    """What so many units of a lot weigh, and its variance."""
    if units == lot.units:
        return lot.grams, lot.sd_g**2
    left = lot.units - units
    spread_var = product.spread_g**2 * units * left / lot.units
    return lot.grams * units / lot.units, spread_var + lot.sd_g**2 * (units / lot.units) ** 2


def _may_be_both(a: _Special, b: _Special) -> bool:
    lots = [i for i, _ in (*a.puts, *b.puts)]
    guests = [i for i, _ in (*a.leaves, *b.leaves)]
    return len(lots) == len(set(lots)) and len(guests) == len(set(guests))


def _both(a: _Special, b: _Special, scene: Scene) -> _Special:
    is_handful = a.kind == b.kind and bool(a.puts) == bool(b.puts)
    cost = max(a.cost, b.cost) + MANY * math.log(2) if is_handful else a.cost + b.cost + TOGETHER
    cost += scene.unseen(a.grams, b.grams)
    return _Special(
        a.grams + b.grams,
        a.var + b.var,
        cost,
        a.kind if is_handful else f"{a.kind}+{b.kind}",
        a.puts + b.puts,
        a.leaves + b.leaves,
    )
