"""A little shop that knows nothing of storeguard: goods, plates, people and a till.

What happens in it is written down twice: as a trace (weights, people, sales, edits) and as the
truth (who took what, who paid for what). Nothing here imports storeguard's rules, so that what
is wrong with them shows. Grams, seconds from the start, won.
"""

import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

Script = Iterator[float]
"""What a person does: code runs at `shop.now_s`, each yielded number is a pause in seconds."""

INDISTINCT_SIGMAS = 3.5
INDISTINCT_G = 1.5
MOST_ALIKE = 4
"""More units of one product than this are not considered when weights are compared."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A product on its own scale. `unit_g` is what the owner has written down; `spread` a share."""

    name: str
    scale: str
    price_won: int
    unit_g: float
    spread: float
    capacity_g: float
    noise_g: float


@dataclass(eq=False, slots=True)
class Item:
    goods: Goods
    grams: float


@dataclass(frozen=True, slots=True)
class Strain:
    """Hands on a plate: what they add to its weight for a while (negative: an item half lifted)."""

    from_s: float
    until_s: float
    mean_g: float
    wobble_g: float


@dataclass(frozen=True, slots=True)
class Swing:
    """Goods on a rail after a touch: twice in each period of the pendulum they weigh a share more
    and less than they do, on the whole what they weigh, and less so from period to period."""

    from_s: float
    share: float
    hz: float
    fades_s: float


PENDULUM_M = (0.06, 0.25)
SWINGS_RAD = (0.15, 0.5)
FADES_S = (1.5, 4.5)
"""The angle fades in twice the time: the weight goes by its square."""


@dataclass(slots=True)
class Plate:
    """`hangs`: it is a rail, and what is on it swings after each touch."""

    goods: Goods
    items: list[Item]
    hangs: bool = False
    swings: list[Swing] = field(default_factory=list)
    changes: list[tuple[float, float]] = field(default_factory=list)
    strains: list[Strain] = field(default_factory=list)

    def touch(self, t_s: float, chance: random.Random) -> None:
        """A hand on a rail, which lets go at `t_s`. F = m g (1 - angle² cos 2 w t), w² = g / l."""
        if self.hangs:
            hz = math.sqrt(9.81 / chance.uniform(*PENDULUM_M)) / math.pi
            share = chance.uniform(0.3, 1.0) * chance.uniform(*SWINGS_RAD) ** 2
            self.swings.append(Swing(t_s, share, hz, chance.uniform(*FADES_S)))

    @property
    def own(self) -> list[Item]:
        return [item for item in self.items if item.goods is self.goods]

    @property
    def guests(self) -> list[Item]:
        return [item for item in self.items if item.goods is not self.goods]


class Person:
    """Somebody in the shop, and the truth about them.

    `doubtful` are products of which weights and sales alone cannot tell the count: a judge may
    call them uncertain, but must not accuse. `stolen` is what nobody will ever pay for. `promoted`
    are products of a promotion that they use.
    """

    def __init__(self, shop: "Shop", *, is_thief: bool = False, is_owner: bool = False) -> None:
        self.shop = shop
        self.chance = shop.chance
        self.is_thief = is_thief
        self.is_owner = is_owner
        self.is_mixing = False
        self.entered_s = self.left_s = shop.now_s
        self.hand: list[Item] = []
        self.taken: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.stolen: Counter[str] = Counter()
        self.stolen_s: list[tuple[float, str]] = []
        self.first_paid_s = math.inf
        self.misplaced: Counter[str] = Counter()
        self.doubtful: set[str] = set()
        self.promoted: set[str] = set()
        self.leans_until_s = 0.0
        self.story: list[tuple[float, str]] = []

    def tell(self, what: str) -> None:
        self.story.append((round(self.shop.now_s, 2), what))

    def pause(self, least_s: float = 1.5, most_s: float = 7.0) -> float:
        return self.chance.uniform(least_s, most_s)

    def take(self, scale: str, items: Sequence[Item]) -> None:
        """Lifts the items off the plate in one grab."""
        plate = self.shop.plates[scale]
        self._doubt(items, plate.items if plate.guests else ())
        for item in items:
            plate.items.remove(item)
            self.hand.append(item)
            self.taken[item.goods.name] += 1
            self.misplaced[item.goods.name] -= item.goods.scale != scale
        self.tell(f"takes {_names(items)} off {scale}")
        self._move(plate, -sum(item.grams for item in items))

    def put(self, scale: str, items: Sequence[Item]) -> None:
        """Puts the items down on a plate, the right one or not."""
        plate = self.shop.plates[scale]
        self._doubt(items, [item for person in self.shop.inside for item in person.hand])
        for item in items:
            self.hand.remove(item)
            plate.items.append(item)
            self.taken[item.goods.name] -= 1
            self.misplaced[item.goods.name] += item.goods.scale != scale
        self.tell(f"puts {_names(items)} on {scale}")
        self._move(plate, sum(item.grams for item in items))

    def swap(self, scale: str, takes: Item, leaves: Item) -> None:
        """Lays one item down while lifting another: the plate sees only the difference."""
        self.take(scale, [takes])
        self.put(scale, [leaves])
        if abs(takes.goods.unit_g - leaves.goods.unit_g) <= 3 * self.shop.blur_g(takes, leaves):
            self.doubtful |= {takes.goods.name, leaves.goods.name}

    def lean(self, scale: str, for_s: float, mean_g: float, wobble_g: float) -> None:
        """Presses on the plate (or half lifts, with a negative mean) from now on."""
        now_s = self.shop.now_s
        self.tell(f"leans on {scale} with {mean_g:.0f} g for {for_s:.1f} s")
        self.shop.plates[scale].strains.append(Strain(now_s, now_s + for_s, mean_g, wobble_g))
        self.shop.plates[scale].touch(now_s + for_s, self.chance)
        self.leans_until_s = max(self.leans_until_s, now_s + for_s)

    def lay(self, scale: str, grams: float) -> None:
        """Puts something down that is not for sale; negative takes it away."""
        self.tell(f"lays {grams:+.0f} g on {scale}")
        self._move(self.shop.plates[scale], grams)

    def pay(self, name: str, count: int) -> None:
        self.tell(f"pays {count} {name}")
        self.paid[name] += count
        self.first_paid_s = min(self.first_paid_s, self.shop.now_s)
        self.shop.sell(self, name, count)

    def steal(self, name: str) -> None:
        self.tell(f"does not pay 1 {name}")
        self.stolen[name] += 1
        self.stolen_s.append((self.shop.now_s, name))

    def _move(self, plate: Plate, grams: float) -> None:
        """The weight changes while a hand, which was there before, is on the plate."""
        now_s, chance = self.shop.now_s, self.chance
        plate.changes.append((now_s, grams))
        reach = Strain(
            now_s - chance.uniform(0.2, 0.9),
            now_s + chance.uniform(0.0, 0.4),
            chance.uniform(-0.3, 1.0) * min(600.0, 3 * plate.goods.unit_g),
            chance.uniform(5.0, 80.0),
        )
        plate.strains.append(reach)
        plate.touch(reach.until_s, chance)

    def _doubt(self, moved: Sequence[Item], candidates: Sequence[Item]) -> None:
        for other in rivals(moved, candidates):
            self.doubtful |= set(other) | {item.goods.name for item in moved}


@dataclass(frozen=True, slots=True)
class Sale:
    """A line of the kiosk. `told_s`: when it was told; None: at once."""

    t_s: float
    name: str
    count: int
    payer: Person
    told_s: float | None = None

    @property
    def known_s(self) -> float:
        return self.t_s if self.told_s is None else self.told_s


def rivals(moved: Sequence[Item], candidates: Sequence[Item]) -> Iterator[Counter[str]]:
    """Other choices from the candidates that weigh as much as what was moved, as far as a
    scale with goods of this spread can tell."""
    units = Counter(item.goods for item in candidates)
    truth = Counter(item.goods.name for item in moved)
    grams = sum(item.goods.unit_g for item in moved)
    kinds = list(units)
    for counts in itertools.product(*(range(min(units[g], MOST_ALIKE) + 1) for g in kinds)):
        chosen = {g: n for g, n in zip(kinds, counts, strict=True) if n}
        named = Counter({g.name: n for g, n in chosen.items()})
        spread_g = math.hypot(
            *((g.spread * g.unit_g) * math.sqrt(n) for g, n in chosen.items()),
            *(item.goods.spread * item.goods.unit_g for item in moved),
        )
        off_g = abs(sum(g.unit_g * n for g, n in chosen.items()) - grams)
        if chosen and named != truth and off_g <= INDISTINCT_SIGMAS * spread_g + INDISTINCT_G:
            yield named


def _names(items: Sequence[Item]) -> str:
    return ", ".join(f"{item.goods.name} ({item.grams:.1f} g)" for item in items)


class Shop:
    """The world: runs scripts in the order of their time."""

    def __init__(self, goods: Sequence[Goods], chance: random.Random) -> None:
        self.chance = chance
        self.now_s = 0.0
        self.plates = {one.scale: Plate(one, []) for one in goods}
        self.inside: list[Person] = []
        self.people: list[Person] = []
        self.seen: list[tuple[float, int]] = [(0.0, 0)]
        self.sales: list[Sale] = []
        self.promotions: list[str] = []
        self.edits: list[tuple[float, str, str, int]] = []
        self.restock: list[tuple[float, str, str]] = []
        self.quiet: list[tuple[float, dict[str, int]]] = []
        self.silent: tuple[float, float] | None = None
        self.is_closing = False
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    @property
    def goods(self) -> list[Goods]:
        return [plate.goods for plate in self.plates.values()]

    def stock_up(self, counts: dict[str, int]) -> None:
        """Before the trace begins; scale → units."""
        for scale, count in counts.items():
            plate = self.plates[scale]
            plate.items += [self.make(plate.goods) for _ in range(count)]

    def make(self, goods: Goods) -> Item:
        off = max(-2.5, min(2.5, self.chance.gauss(0.0, 1.0)))
        return Item(goods, goods.unit_g * (1 + goods.spread * off))

    def present(self, name: str) -> int:
        """Units anywhere on a plate."""
        return sum(i.goods.name == name for plate in self.plates.values() for i in plate.items)

    def blur_g(self, *items: Item) -> float:
        return math.hypot(*(item.goods.spread * item.goods.unit_g for item in items)) + INDISTINCT_G

    def sell(self, payer: Person, name: str, count: int) -> None:
        """A silent kiosk tells all its sales at once when it speaks again."""
        told_s = None
        if self.silent is not None and self.silent[0] <= self.now_s < self.silent[1]:
            told_s = self.silent[1]
        self.sales.append(Sale(self.now_s, name, count, payer, told_s))

    def edit(self, book: str, name: str, count: int) -> None:
        self.edits.append((self.now_s, book, name, count))

    def switch_restock(self, mode: str, who: str = "") -> None:
        self.restock.append((self.now_s, mode, who))

    def at(self, t_s: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (t_s, next(self._order), action))

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        self.at(self.now_s + delay_s, action)

    def follow(self, script: Script, done: Callable[[], None] = lambda: None) -> None:
        """Goes on with a script now, and after each of its pauses."""
        pause_s = next(script, None)
        if pause_s is None:
            done()
        else:
            self.later(pause_s, lambda: self.follow(script, done))

    def enter(self, person: Person, script: Script) -> None:
        if not self.inside:
            self._note_quiet()
        person.entered_s = self.now_s
        self.inside.append(person)
        self.people.append(person)
        self.seen.append((self.now_s, len(self.inside)))
        self.follow(script, lambda: self._leave(person))

    def _leave(self, person: Person) -> None:
        person.left_s = self.now_s
        self.inside.remove(person)
        self.seen.append((self.now_s, len(self.inside)))

    def _note_quiet(self) -> None:
        """A trace may be cut here: nobody is inside and everything lies in its place."""
        if not any(plate.guests for plate in self.plates.values()):
            counts = {one.name: self.present(one.name) for one in self.goods}
            self.quiet.append((self.now_s, counts))

    def run(self) -> float:
        """Until nothing more is to happen; returns when that was."""
        while self._agenda:
            self.now_s, _, action = heapq.heappop(self._agenda)
            action()
        return self.now_s
