"""What makes a shop hard to judge: each hardship draws its goods, its people and their scripts.

Figures: unit weights 5 to 1,600 g with a spread of 0.5 to 3 %, 5 to 180 s from taking to
paying, one visitor in six leaves something unpaid.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from _shop_visitors import (
    BUNDLE,
    BUNDLED,
    SCALES,
    SET,
    alike,
    anything,
    as_in_a_crowd,
    bargain,
    both_hands,
    bring,
    browse,
    foreign_object,
    grab,
    handful,
    held,
    in_a_crowd,
    late_payer,
    misplace,
    mix_up,
    plain,
    pressing,
    put_back,
    refunded,
    restock,
    slow_payer,
    steal_ten,
    swap,
)
from _shop_world import Goods, Person, Plate, Script, Shop

THIEVES = 1 / 6
LIGHTEST_G, HEAVIEST_G = 5.0, 1600.0
LEAST_SPREAD, MOST_SPREAD = 0.005, 0.03
FILLED, HALF_FILLED = 0.8, 0.5
LEAST_UNITS, LEAST_IN_A_CROWD = 24, 120
MOST_UNITS, MOST_IN_A_CROWD, MOST_ON_A_RAIL = 60, 400, 15
CELLS_G, HEAVIEST_CELL_G = (5_000.0, 10_000.0, 20_000.0), 50_000.0
NOISE_PER_CAPACITY = 0.00003
"""Of a good cell: 0.3 g (1.2 g peak to peak) on 10 kg."""

OPENS_S = 30.0
A_DELIVERY, IN_RESTOCK_MODE = 10, 0.5
LIGHTEST_HANGING_G, HEAVIEST_HANGING_G = 15.0, 150.0
SILENT_S = 3600.0
CROWDED_S = 6 * 3600.0

Act = Callable[[Person], Script]


@dataclass(frozen=True, slots=True)
class Hardship:
    """`act` is what each visitor does; `companions` are inside at once; `gap_s` between visits.

    `direct` replaces the usual row of visits. `alike` is the weight of every second product as a
    share of the one before it; None draws them freely. `same_price`: products cost much the same.
    """

    name: str
    act: Act
    companions: int = 1
    gap_s: tuple[float, float] = (11.5, 20.0)
    grace_s: float = 10.0
    visits: int = 40
    direct: "Callable[[Shop, Hardship], Script] | None" = None
    alike: tuple[float, float] | None = None
    same_price: bool = False
    all_honest: bool = False
    heaviest_g: float = HEAVIEST_G
    is_crowded: bool = False
    is_hanging: bool = False
    """Bags on rails, a cell a rail."""
    filled: float = FILLED
    """The share of a cell's rated load at the start; less where goods are brought."""


def open_shop(
    hardship: Hardship, chance: random.Random, quiet_s: float = 0.0
) -> tuple[Shop, dict[str, int]]:
    """The shop before its first visitor, and its stock by product name.

    `quiet_s`: so long nobody comes; the visits are those that come without it.
    """
    goods = _draw_goods(hardship, chance)
    shop = Shop(goods, chance)
    counts = {one.scale: _fill(one, hardship) for one in goods}
    for plate in shop.plates.values():
        plate.hangs = hardship.is_hanging
    shop.stock_up(counts)
    direct = hardship.direct or _one_visit_after_another
    shop.at(quiet_s + OPENS_S, lambda: shop.follow(direct(shop, hardship)))
    return shop, {one.name: counts[one.scale] for one in goods}


def _draw_goods(hardship: Hardship, chance: random.Random) -> list[Goods]:
    goods: list[Goods] = []
    base_won = chance.randrange(1000, 3000, 100)
    for scale in SCALES:
        lightest_g = LIGHTEST_HANGING_G if hardship.is_hanging else LIGHTEST_G
        unit_g = math.exp(chance.uniform(math.log(lightest_g), math.log(hardship.heaviest_g)))
        if hardship.alike is not None and len(goods) % 2:
            unit_g = goods[-1].unit_g * chance.uniform(*hardship.alike)
        unit_g = round(unit_g, 0 if unit_g >= 100 else 1)
        price_won = chance.randrange(500, 6000, 100)
        if hardship.same_price:
            price_won = base_won + chance.choice((0, 0, 50))
        capacity_g = _capacity_g(unit_g, hardship, chance)
        spread = chance.uniform(LEAST_SPREAD, MOST_SPREAD)
        noise_g = NOISE_PER_CAPACITY * capacity_g
        goods.append(Goods(f"상품{scale}", scale, price_won, unit_g, spread, capacity_g, noise_g))
    return goods


def _capacity_g(unit_g: float, hardship: Hardship, chance: random.Random) -> float:
    """A cell that carries a shelf of these goods, and none much larger: it would not see them."""
    units = LEAST_IN_A_CROWD if hardship.is_crowded else LEAST_UNITS
    carry = [cell_g for cell_g in CELLS_G if units * unit_g <= FILLED * cell_g]
    return chance.choice(carry[:2] or [HEAVIEST_CELL_G])


def _fill(goods: Goods, hardship: Hardship) -> int:
    fits = int(hardship.filled * goods.capacity_g / goods.unit_g)
    most = MOST_IN_A_CROWD if hardship.is_crowded else MOST_UNITS
    return min(fits, MOST_ON_A_RAIL if hardship.is_hanging else most)


def _with_room(shop: Shop) -> list[Plate]:
    """Plates that carry a whole delivery more than they hold."""
    return [
        plate
        for plate in shop.plates.values()
        if sum(item.grams for item in plate.items) + A_DELIVERY * plate.goods.unit_g
        <= plate.goods.capacity_g
    ]


# --- who comes when ------------------------------------------------------------------------


def _one_visit_after_another(shop: Shop, hardship: Hardship) -> Script:
    for _ in range(hardship.visits):
        yield from _party(shop, hardship, hardship.act)
        yield shop.chance.uniform(*hardship.gap_s)


def _party(shop: Shop, hardship: Hardship, act: Act, *, is_owner: bool = False) -> Script:
    """One visit of one or more people; ends when all have left."""
    for number in range(1 if is_owner else hardship.companions):
        if number:
            yield shop.chance.uniform(0.0, 4.0)
        _send(shop, hardship, act, is_owner=is_owner)
    while shop.inside:
        yield 0.5


def _send(shop: Shop, hardship: Hardship, act: Act, *, is_owner: bool = False) -> None:
    is_thief = not hardship.all_honest and not is_owner and shop.chance.random() < THIEVES
    person = Person(shop, is_thief=is_thief, is_owner=is_owner)
    shop.enter(person, act(person))


def _on_offer(shop: Shop, hardship: Hardship) -> Script:
    a, b, c, d, e = (plate.goods.name for plate in shop.plates.values())
    shop.promotions = [
        f"하나 더,1+1,{a}",
        f"둘에 하나,2+1,{b}",
        f'{BUNDLE},"{BUNDLED}개 5,000원",{c}',
        f'{SET},"세트 6,000원",{d}/{e}',
    ]
    yield from _one_visit_after_another(shop, hardship)


# --- shops with a day of their own ---------------------------------------------------------


def _prepaid(shop: Shop, hardship: Hardship) -> Script:
    """As usual, but every fifth visitor pays before coming in."""
    for _ in range(hardship.visits):
        if shop.chance.random() < 0.2:
            yield from _paid_before(shop, hardship)
        else:
            yield from _party(shop, hardship, hardship.act)
        yield shop.chance.uniform(*hardship.gap_s)


def _paid_before(shop: Shop, hardship: Hardship) -> Script:
    person = Person(shop)
    plates = [plate for plate in shop.plates.values() if plate.own]
    plate = shop.chance.choice(plates)
    person.pay(plate.goods.name, 1)
    yield shop.chance.uniform(5.0, 110.0)

    def act() -> Script:
        yield person.pause()
        grab(person, scale=plate.goods.scale)
        yield person.pause()

    shop.enter(person, act())
    while shop.inside:
        yield 0.5


def _delivered(shop: Shop, hardship: Hardship) -> Script:
    """Every fifth visit is the owner's, who brings goods: half of the time in restock mode."""
    for _ in range(hardship.visits):
        if shop.chance.random() < 0.2:
            yield 15.0
            yield from _delivery(shop, hardship)
        else:
            yield from _party(shop, hardship, hardship.act)
        yield shop.chance.uniform(*hardship.gap_s)


def _delivery(shop: Shop, hardship: Hardship) -> Script:
    if not (plates := _with_room(shop)):
        return
    plate = shop.chance.choice(plates)
    count = shop.chance.randint(2, A_DELIVERY)
    if shop.chance.random() < IN_RESTOCK_MODE:
        yield from _party(shop, hardship, lambda me: restock(me, plate.goods, count), is_owner=True)
    else:
        yield from _delivery_without_the_mode(shop, hardship, plate.goods, count)
    yield 10.0


def _delivery_without_the_mode(shop: Shop, hardship: Hardship, goods: Goods, count: int) -> Script:
    """Half of it is told in the CSV."""
    name = goods.name
    told = shop.chance.choice(("never", "never", "before", "during"))
    announced = shop.present(name) + count
    if told == "before":
        shop.edit("kiosk", name, announced)
        yield shop.chance.uniform(5.0, 60.0)
    if told == "during":
        shop.later(3.0, lambda: shop.edit("kiosk", name, announced))
    yield from _party(shop, hardship, lambda me: bring(me, goods, count), is_owner=True)


def _masked(shop: Shop, hardship: Hardship) -> Script:
    """Ten are delivered unannounced, then ten are stolen: the sums would say that all is well."""
    for _ in range(hardship.visits // 4):
        # After the two visits in between ten must be left to steal.
        plates = [plate for plate in _with_room(shop) if len(plate.own) >= A_DELIVERY]
        if not plates:
            return
        goods = shop.chance.choice(plates).goods
        yield from _party(
            shop, hardship, lambda me, g=goods: bring(me, g, A_DELIVERY), is_owner=True
        )
        yield shop.chance.uniform(*hardship.gap_s)
        for _ in range(2):
            yield from _party(shop, hardship, hardship.act)
            yield shop.chance.uniform(*hardship.gap_s)
        thief = Person(shop, is_thief=True)
        shop.enter(thief, steal_ten(thief, goods.scale))
        while shop.inside:
            yield 0.5
        yield shop.chance.uniform(*hardship.gap_s)


def _silenced(shop: Shop, hardship: Hardship) -> Script:
    """The kiosk tells nothing for an hour, then everything at once."""
    begins_s = shop.now_s + shop.chance.uniform(170.0, 570.0)
    shop.silent = (begins_s, begins_s + SILENT_S)
    while shop.now_s < begins_s + SILENT_S + 300.0:
        yield from _party(shop, hardship, hardship.act)
        yield shop.chance.uniform(*hardship.gap_s)


def _crowded(shop: Shop, hardship: Hardship) -> Script:
    """Six hours in which somebody is always inside."""
    ends_s = shop.now_s + CROWDED_S
    while shop.now_s < ends_s:
        _send(shop, hardship, hardship.act)
        yield shop.chance.uniform(40.0, 90.0)
    shop.is_closing = True


HARDSHIPS = {
    one.name: one
    for one in (
        Hardship("plain", plain),
        Hardship("put-back", put_back),
        Hardship("misplaced", misplace, visits=12),
        Hardship("swap", swap, visits=12, alike=(0.9, 1.1)),
        Hardship("mix-up", mix_up, same_price=True, all_honest=True),
        Hardship("two-shoppers", both_hands, companions=2),
        Hardship("handful", handful),
        Hardship("held", held),
        Hardship("pressing", pressing),
        Hardship("foreign-object", foreign_object),
        Hardship("equal-weights", alike, visits=12, alike=(1.0, 1.0)),
        Hardship("slow-payment", slow_payer, grace_s=190.0, direct=_prepaid),
        Hardship("next-inside", late_payer, grace_s=60.0, gap_s=(7.0, 15.0)),
        Hardship("refund", refunded),
        Hardship("delivery", plain, direct=_delivered, filled=HALF_FILLED),
        Hardship("masking", plain, direct=_masked, filled=HALF_FILLED),
        Hardship("promotion", bargain, direct=_on_offer),
        Hardship("kiosk-silent", plain, direct=_silenced),
        Hardship("never-empty", in_a_crowd, direct=_crowded, is_crowded=True, heaviest_g=60.0),
        Hardship("never-empty-apart", as_in_a_crowd, heaviest_g=60.0),
        Hardship("swinging", browse, heaviest_g=HEAVIEST_HANGING_G, is_hanging=True),
        Hardship("anything", anything, companions=2),
    )
}
