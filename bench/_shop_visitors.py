"""What visitors do: each script is one person in the shop, from coming in to leaving."""

from collections import Counter

from _shop_world import Goods, Item, Person, Script

SCALES = "ABCDE"
SEEN_PER_CAPACITY = 0.0005
"""A good cell shows 0.012 to 0.024 % of its capacity peak to peak when nothing moves."""


def pick(me: Person, most: int = 3) -> Script:
    for _ in range(me.chance.randint(1, most)):
        yield me.pause()
        grab(me)


def grab(me: Person, count: int = 1, scale: str | None = None) -> list[Item]:
    """Takes units of one product, of a scale that has enough of them."""
    plates = [p for p in me.shop.plates.values() if len(p.own) >= count]
    if scale is not None:
        plates = [p for p in plates if p.goods.scale == scale]
    if not plates:
        return []
    plate = me.chance.choice(plates)
    items = me.chance.sample(plate.own, count)
    me.take(plate.goods.scale, items)
    return items


def pay_and_go(me: Person) -> Script:
    yield me.pause(2.0, 6.0)
    yield from pay(me, due(me))
    yield me.pause(1.0, 5.0)


def due(me: Person) -> Counter[str]:
    """What is to be paid now: all in hand, less what a thief keeps."""
    goods = Counter(item.goods.name for item in me.hand) - me.paid
    if me.is_thief and goods:
        units = sorted(goods.elements())
        for name in me.chance.sample(units, me.chance.randint(1, len(units))):
            me.steal(name)
            goods[name] -= 1
    return +goods


def pay(me: Person, goods: Counter[str]) -> Script:
    for name, count in goods.items():
        yield me.pause(0.5, 2.5)
        me.pay(name, count)


def plain(me: Person) -> Script:
    yield from pick(me)
    yield from pay_and_go(me)


def browse(me: Person) -> Script:
    """Goes through the bags on a rail, takes some off, hangs one back; and touches one in passing
    on the way out, which swings when nobody is there any more."""
    rails = [plate.goods.scale for plate in me.shop.plates.values()]
    for _ in range(me.chance.randint(0, 2)):
        yield me.pause()
        me.lean(me.chance.choice(rails), me.chance.uniform(0.3, 2.0), 0.0, 60.0)
    yield from pick(me)
    if me.hand and me.chance.random() < 0.3:
        yield me.pause(1.0, 8.0)
        item = me.chance.choice(me.hand)
        me.put(item.goods.scale, [item])
    yield from pay_and_go(me)
    if me.chance.random() < 0.5:
        me.lean(me.chance.choice(rails), me.chance.uniform(0.1, 0.6), 0.0, 40.0)
        yield me.chance.uniform(0.7, 1.5)


def put_back(me: Person) -> Script:
    """Two out of three things in hand are looked at and put back, sometimes at once."""
    yield from pick(me, 4)
    for item in me.chance.sample(me.hand, len(me.hand) * 2 // 3 or 1):
        yield me.pause(1.0, 8.0)
        me.put(item.goods.scale, [item])
        if me.chance.random() < 0.3:
            yield me.pause(1.0, 4.0)
            grab(me, scale=item.goods.scale)
    yield from pay_and_go(me)


def misplace(me: Person) -> Script:
    """Lays a thing down on another scale; or takes one away from there that somebody laid."""
    if me.chance.random() < 0.5:
        yield me.pause()
        yield from _find_guest(me)
    yield from pick(me)
    if me.hand and me.chance.random() < 0.7:
        yield me.pause()
        item = me.chance.choice(me.hand)
        scale = _elsewhere(me, item)
        if scale is not None:
            me.put(scale, [item])
    yield from pay_and_go(me)


def _find_guest(me: Person) -> Script:
    """Takes a thing that lies on a foreign scale, and half the time puts it where it belongs."""
    guests = [(p.goods.scale, item) for p in me.shop.plates.values() for item in p.guests]
    if guests:
        scale, item = me.chance.choice(guests)
        me.take(scale, [item])
        if me.chance.random() < 0.5:
            yield me.pause()
            me.put(item.goods.scale, [item])


def _elsewhere(me: Person, item: Item) -> str | None:
    """Another scale, whose noise does not hide the item: 5 g on a 50 kg cell nobody can see."""
    plates = me.shop.plates.values()
    seen = [p.goods.scale for p in plates if item.grams >= SEEN_PER_CAPACITY * p.goods.capacity_g]
    scales = [scale for scale in seen if scale != item.goods.scale]
    return me.chance.choice(scales) if scales else None


def swap(me: Person) -> Script:
    """Takes a thing, changes its mind at a scale of nearly the same weight, leaves it there."""
    yield me.pause()
    for item in grab(me, scale=me.chance.choice(SCALES[:4])):
        yield me.pause(2.5, 7.0)
        alike = _twin(item.goods.scale)
        own = me.shop.plates[alike].own
        if own and me.chance.random() < 0.5:
            me.swap(alike, me.chance.choice(own), item)
        elif own:
            me.put(alike, [item])
            yield me.pause(0.5, 5.0)
            me.take(alike, [me.chance.choice(own)])
    yield from pay_and_go(me)


def _twin(scale: str) -> str:
    """The scale with goods drawn alike: A and B, C and D; the last has none but the first."""
    at = SCALES.index(scale) ^ 1
    return SCALES[at] if at < len(SCALES) else SCALES[0]


def mix_up(me: Person) -> Script:
    """Pays for as many units as were taken, of another product at nearly the same price."""
    me.is_thief = False
    me.is_mixing = True
    yield from pick(me, 5)
    yield me.pause(2.0, 6.0)
    goods = due(me)
    if me.chance.random() < 0.5:
        scanned = me.chance.choice(me.shop.goods).name
        for _ in range(goods.total()):
            yield me.pause(0.3, 1.5)
            me.pay(scanned, 1)
    else:
        wrong: Counter[str] = Counter()
        for _ in goods.elements():
            wrong[me.chance.choice(me.shop.goods).name] += 1
        yield from pay(me, wrong)
    yield me.pause(1.0, 5.0)


def both_hands(me: Person) -> Script:
    """Takes from two scales in the same instant."""
    for _ in range(me.chance.randint(1, 2)):
        yield me.pause()
        grab(me)
        yield me.chance.choice((0.0, 0.0, 0.3))
        grab(me)
    yield from pay_and_go(me)


def handful(me: Person) -> Script:
    """Two to four units in one grab."""
    for _ in range(me.chance.randint(1, 2)):
        yield me.pause()
        grab(me, me.chance.randint(2, 4))
    if me.hand and me.chance.random() < 0.3:
        scale = me.hand[0].goods.scale
        back = [i for i in me.hand if i.goods.scale == scale][: me.chance.randint(1, 3)]
        yield me.pause()
        me.put(scale, back)
    yield from pay_and_go(me)


def held(me: Person) -> Script:
    """Holds a thing on its plate for 20 s, half lifted or pressed, then takes it or lets it be."""
    yield me.pause()
    plate = me.chance.choice([p for p in me.shop.plates.values() if p.own])
    unit_g = plate.goods.unit_g
    mean_g = me.chance.choice((-me.chance.uniform(0.2, 0.9), me.chance.uniform(0.2, 3.0))) * unit_g
    wobble_g = me.chance.choice((0.02, 0.1, 0.3)) * unit_g
    me.lean(plate.goods.scale, 20.0, mean_g, wobble_g)
    yield 20.0
    if me.chance.random() < 0.6:
        grab(me, scale=plate.goods.scale)
    yield from pick(me, 2)
    yield from pay_and_go(me)


def pressing(me: Person) -> Script:
    """Hands, elbows and children lean on the plates, wildly or nearly still."""
    for _ in range(me.chance.randint(1, 3)):
        yield me.pause(1.0, 4.0)
        goods = me.chance.choice(me.shop.goods)
        mean_g = me.chance.uniform(100.0, 3000.0)
        wobble_g = me.chance.choice((0.5, 3.0, 30.0, 300.0))
        me.lean(goods.scale, me.chance.uniform(0.5, 8.0), mean_g, wobble_g)
        if me.chance.random() < 0.5:
            yield me.pause(0.5, 4.0)
            grab(me, scale=me.chance.choice((goods.scale, None)))
    yield from pick(me, 2)
    yield max(0.0, me.leans_until_s - me.shop.now_s)
    yield from pay_and_go(me)


def foreign_object(me: Person) -> Script:
    """Puts a bag, an umbrella or a telephone down, takes things meanwhile, takes it away."""
    yield me.pause()
    goods, grams = me.chance.choice(me.shop.goods), me.chance.uniform(30.0, 3000.0)
    me.lay(goods.scale, grams)
    for _ in range(me.chance.randint(0, 2)):
        yield me.pause(2.5, 8.0)
        grab(me, scale=me.chance.choice((goods.scale, None)))
    yield me.pause(2.5, 20.0)
    me.lay(goods.scale, -grams)
    yield from pick(me, 2)
    yield from pay_and_go(me)


def alike(me: Person) -> Script:
    """Takes goods of equal weight on two scales; some go back, most to where they came from."""
    yield me.pause()
    for item in grab(me):
        yield me.pause()
        grab(me, scale=_twin(item.goods.scale))
    if me.hand and me.chance.random() < 0.5:
        yield me.pause()
        item = me.chance.choice(me.hand)
        home, twin = item.goods.scale, _twin(item.goods.scale)
        me.put(home if me.chance.random() < 0.8 else twin, [item])
    yield from pay_and_go(me)


def slow_payer(me: Person) -> Script:
    """Pays 5 to 180 s after taking, or up to 110 s before anybody is seen."""
    yield from pick(me, 2)
    delay_s = me.chance.uniform(5.0, 180.0)
    if me.chance.random() < 0.4:
        yield delay_s
        yield from pay(me, due(me))
    else:
        _pay_later(me, delay_s)
    yield me.pause(1.0, 5.0)


def _pay_later(me: Person, delay_s: float) -> None:
    for name, count in due(me).items():
        me.shop.later(delay_s, lambda name=name, count=count: me.pay(name, count))


def late_payer(me: Person) -> Script:
    """Half of the honest pay only after leaving, when the next customer is inside already."""
    yield from pick(me, 2)
    if me.chance.random() < 0.5:
        yield from pay_and_go(me)
    else:
        _pay_later(me, me.chance.uniform(5.0, 45.0))
        yield me.pause(0.5, 3.0)


def refunded(me: Person) -> Script:
    """Pays, thinks better of it, and gets the money back before or after putting the thing back."""
    yield from pick(me)
    yield me.pause()
    yield from pay(me, due(me))
    back = [item for item in me.hand if me.paid[item.goods.name] > 0]
    if back and me.chance.random() < 0.6:
        item = me.chance.choice(back)
        is_first = me.chance.random() < 0.5
        yield me.pause()
        if is_first:
            me.pay(item.goods.name, -1)
            yield me.pause()
        me.put(item.goods.scale, [item])
        if not is_first:
            yield me.pause(0.5, 5.0)
            me.pay(item.goods.name, -1)
    yield me.pause(1.0, 5.0)


BUNDLED, BUNDLE = 3, "세 개 묶음"
SET = "둘이 한 세트"


def bargain(me: Person) -> Script:
    """Uses a promotion (A: 1+1, B: 2+1, C: three for a price, D with E), and takes other things.

    Some kiosks record the free unit and the units of a set, some do not.
    """
    yield me.pause()
    kind = me.chance.choice("ABCD")
    plates = me.shop.plates
    wanted = {"A": {"A": 2}, "B": {"B": 3}, "C": {"C": BUNDLED}, "D": {"D": 1, "E": 1}}[kind]
    lines = {plates[scale].goods.name: count for scale, count in wanted.items()}
    short = {
        "A": {plates["A"].goods.name: 1},
        "B": {plates["B"].goods.name: 2},
        "C": {BUNDLE: 1},
        "D": {SET: 1},
    }[kind]
    if any(len(plates[scale].own) < count for scale, count in wanted.items()):
        return
    me.promoted |= set(lines)
    for scale, count in wanted.items():
        yield me.pause()
        grab(me, count, scale)
    yield me.pause(2.0, 6.0)
    yield from pay(me, Counter(short if me.chance.random() < 0.6 else lines))
    if me.chance.random() < 0.5:
        yield from _something_else(me, set(wanted))
    yield me.pause(1.0, 5.0)


def _something_else(me: Person, not_of: set[str]) -> Script:
    """One more thing, which a thief does not pay."""
    yield me.pause()
    for item in grab(me, 1, me.chance.choice([s for s in me.shop.plates if s not in not_of])):
        yield me.pause()
        if me.is_thief:
            me.steal(item.goods.name)
        else:
            me.pay(item.goods.name, 1)


def bring(me: Person, goods: Goods, count: int) -> Script:
    """Stands units onto the plate, up to five at once."""
    me.tell(f"brings {count} {goods.name}")
    left = count
    while left:
        yield me.pause(2.0, 6.0)
        handful = min(left, me.chance.randint(1, 5))
        items = [me.shop.make(goods) for _ in range(handful)]
        me.hand += items
        me.put(goods.scale, items)
        left -= handful
    yield me.pause(2.0, 5.0)


def restock(me: Person, goods: Goods, count: int) -> Script:
    """The owner's delivery in restock mode; half the time something has gone bad and goes."""
    yield me.pause(1.0, 4.0)
    me.shop.switch_restock("on", "owner")
    yield from bring(me, goods, count)
    if me.chance.random() < 0.5:
        grab(me)
        yield me.pause()
    me.shop.switch_restock("off")
    yield me.pause()


def steal_ten(me: Person, scale: str) -> Script:
    left = 10
    while left:
        yield me.pause(2.5, 5.0)
        for item in grab(me, min(left, me.chance.randint(2, 4)), scale):
            me.steal(item.goods.name)
            left -= 1
    yield me.pause()


def in_a_crowd(me: Person) -> Script:
    """As a visitor of an empty shop, but leaves only when somebody else is inside."""
    yield from as_in_a_crowd(me)
    while len(me.shop.inside) <= 1 and not me.shop.is_closing:
        yield 1.0


def as_in_a_crowd(me: Person) -> Script:
    """The same visits, one apart from the other: what a never empty shop is measured against."""
    acts = (plain, plain, plain, put_back, both_hands, handful)
    yield from me.chance.choice(acts)(me)


def anything(me: Person) -> Script:
    acts = (plain, put_back, misplace, both_hands, handful, held, pressing, foreign_object)
    yield from me.chance.choice(acts)(me)
