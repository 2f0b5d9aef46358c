"""The simulated store: one world that its scales, camera and detector read.

Verbs act at the clock's present and return how many seconds the deed takes; what can be
observed is a function of the world and the time. The world moves by itself: it needs no
loop, no task and no thread. Not modelled: creep, temperature, a plate that rings.
"""

import difflib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf, pi, sin

import numpy as np

from storeguard.clock import Clock
from storeguard.devices.sim.layout import (
    DOOR,
    KIOSK,
    THRESHOLD,
    Layout,
    arrange,
)
from storeguard.devices.sim.people import (
    DOORWAY_S,
    WALK_PER_S,
    Figure,
    Held,
    Person,
    Walk,
    door_open,
    figure_at,
)
from storeguard.devices.sim.timeline import HISTORY_S, Steps
from storeguard.domain.product import Product, Stock
from storeguard.domain.tampering import Touch

HAND_S = 0.4
"""How long a hand rests on the plate before it takes or puts one unit."""
HAND_G = (40.0, 220.0)
QUEUE = 92.0
"""Distance between people who stand at the same place."""


def _push(since_s: float) -> float:
    """What share of its peak a hand presses, so long after it came down on the plate."""
    return sin(pi * since_s / HAND_S) ** 2 if 0 < since_s < HAND_S else 0.0


def _tremor(t_s: float) -> float:
    """A hand that rests on the plate presses around 1 times its weight."""
    return 1 + 0.05 * sin(2 * pi * 3.1 * t_s) + 0.03 * sin(2 * pi * 7.7 * t_s)


class World:
    """People, goods, hands, lights and plugs of one store.

    Verbs belong to the thread of the loop; `figures` may be read from others. Unknown names
    are a ValueError with a suggestion. `seed` decides weights, hands and clothes.
    """

    def __init__(
        self,
        products_on_scales: Mapping[str, Sequence[Product]],
        counts: Stock,
        clock: Clock,
        seed: int = 0,
        cameras: Iterable[str] = ("door",),
    ) -> None:
        self._clock = clock
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self.layout: Layout = arrange(products_on_scales, counts)
        self.products = {p.name: p for each in products_on_scales.values() for p in each}
        self._home = {p.name: scale for scale, each in products_on_scales.items() for p in each}
        self._cameras = tuple(cameras)
        self._people: dict[str, Person] = {}
        self._weights: dict[tuple[str, str], list[float]] = {}
        self._counts: dict[tuple[str, str], Steps] = {}
        self._things: dict[tuple[str, str], float] = {}
        self._load = {scale: Steps() for scale in products_on_scales}
        self._pressed = {scale: Steps() for scale in products_on_scales}
        self._pulses: dict[str, list[tuple[float, float]]] = {s: [] for s in products_on_scales}
        self._hand_free_s = dict.fromkeys(products_on_scales, -inf)
        self._unplugged = {device: Steps() for device in (*products_on_scales, *self._cameras)}
        self._saturated = {scale: Steps() for scale in products_on_scales}
        self._covered = dict.fromkeys(self._cameras, False)
        self._touches: dict[str, list[Touch]] = {}
        self.is_light = True
        for name, home in self._home.items():
            self._stock_up(home, name, counts.get(name, 0))

    # People

    def enter(self, name: str = "customer") -> float:
        """Comes through the door."""
        now_s = self._clock.now_s()
        self._forget_gone(now_s)
        if name in self._people:
            raise ValueError(f"{name!r} is inside already")
        look = zlib.crc32(f"{self._seed}/{name}".encode())
        outside = (THRESHOLD[0], THRESHOLD[1] - 8)
        walk = Walk(now_s + DOORWAY_S - 8 / WALK_PER_S, outside, THRESHOLD)
        self._set(Person(name, look, now_s, walk, DOOR))
        return DOORWAY_S

    def walk_to(self, place: str, name: str | None = None) -> float:
        """To a scale, `KIOSK` or `DOOR`; without `name` the only one inside."""
        self._known(place, (*self._load, KIOSK, DOOR), "place")
        person = self._person(name)
        now_s = self._clock.now_s()
        start_s = max(now_s, person.entered_s + DOORWAY_S)
        x, y = self.layout.spot(place)
        before = sum(p.place == place and p.name != person.name for p in self._inside(now_s))
        target = (x + QUEUE * before, y) if place != DOOR else (x, y)
        walk = Walk(start_s, person.walk.at(start_s), target)
        self._set(replace(person, walk=walk, place=place, gone_s=inf))
        return walk.end_s - now_s

    def leave(self, name: str | None = None) -> float:
        """Walks to the door and out, with all that is in the hands."""
        person = self._person(name)
        self.walk_to(DOOR, person.name)
        person = self._people[person.name]
        gone_s = person.walk.end_s + DOORWAY_S
        self._set(replace(person, gone_s=gone_s))
        return gone_s - self._clock.now_s()

    # Goods

    def take(
        self, product: str, count: int = 1, *, scale: str | None = None, by: str | None = None
    ) -> float:
        """Units leave the scale one after the other; without anybody inside they just go."""
        scale = self._scale_of(product, scale)
        weights = self._weights.get((scale, product), [])
        if not 1 <= count <= len(weights):
            raise ValueError(f"cannot take {count} {product!r}: scale {scale!r} has {len(weights)}")
        person = self._nearest(scale, by)
        for _ in range(count):
            done_s, weight_g = self._hand(scale, person), weights.pop()
            self._move(scale, product, done_s, -1, weight_g)
            self._hold(person, Held(product, weight_g, done_s))
        return self._hand_free_s[scale] - self._clock.now_s()

    def put_back(
        self, product: str, count: int = 1, *, scale: str | None = None, by: str | None = None
    ) -> float:
        """From the hand onto the product's own scale, or onto another."""
        scale = self._scale_of(product, scale)
        person = self._nearest(scale, by)
        held = self._in_hand(person, product)
        if person is None or not 1 <= count <= len(held):
            raise ValueError(f"cannot put back {count} {product!r}: {len(held)} in the hand")
        for unit in held[:count]:
            done_s = self._hand(scale, person)
            self._weights.setdefault((scale, product), []).append(unit.weight_g)
            self._move(scale, product, done_s, 1, unit.weight_g)
            self._release(person, unit, done_s)
        return self._hand_free_s[scale] - self._clock.now_s()

    def restock(self, product: str, count: int = 1, *, by: str | None = None) -> float:
        """New units from the box, put one after the other; nobody needs to be inside."""
        scale = self._scale_of(product, None)
        person = self._nearest(scale, by)
        for _ in range(count):
            [weight_g] = self._draw_weights(product, 1)
            self._weights[scale, product].append(weight_g)
            self._move(scale, product, self._hand(scale, person), 1, weight_g)
        return max(0.0, self._hand_free_s[scale] - self._clock.now_s())

    def put_thing(self, scale: str, thing: str, grams: float) -> None:
        """Something that is not for sale stands on the plate now: a bag, an umbrella."""
        self._known(scale, self._load, "scale")
        self._things = {**self._things, (scale, thing): grams}
        self._load[scale].add(self._clock.now_s(), grams)

    def lift_thing(self, scale: str, thing: str) -> None:
        self._known(thing, [name for on, name in self._things if on == scale], "thing")
        grams = self._things[scale, thing]
        self._things = {key: g for key, g in self._things.items() if key != (scale, thing)}
        self._load[scale].add(self._clock.now_s(), -grams)

    def press(self, scale: str, grams: float) -> None:
        """A hand leans on the plate, trembling, until `release`."""
        self._pressed[self._known(scale, self._load, "scale")].put(self._clock.now_s(), grams)

    def release(self, scale: str) -> None:
        self.press(scale, 0.0)

    # The building and its devices

    def lights(self, on: bool) -> None:
        self.is_light = on

    def cover(self, camera: str) -> None:
        self._covered[self._known(camera, self._covered, "camera")] = True

    def uncover(self, camera: str) -> None:
        self._covered[self._known(camera, self._covered, "camera")] = False

    def unplug(self, device: str) -> None:
        """A scale or a camera."""
        self._known(device, self._unplugged, "device")
        self._unplugged[device].put(self._clock.now_s(), 1)

    def plug(self, device: str) -> None:
        self._known(device, self._unplugged, "device")
        self._unplugged[device].put(self._clock.now_s(), 0)

    def saturate(self, scale: str, on: bool = True) -> None:
        """The amplifier is at its end: an open wire, a broken cell."""
        self._saturated[self._known(scale, self._load, "scale")].put(self._clock.now_s(), on)

    # What can be observed

    def figures(self, t_s: float) -> tuple[Figure, ...]:
        """Who can be seen, the farthest first."""
        figures = [figure_at(person, t_s) for person in self._inside(t_s)]
        return tuple(sorted(figures, key=lambda figure: figure.feet[1]))

    def door_open(self, t_s: float) -> float:
        """0 shut, 1 wide open."""
        return max((door_open(p, t_s) for p in tuple(self._people.values())), default=0.0)

    def counts(self, t_s: float) -> Mapping[tuple[str, str], int]:
        """(scale, product) → units on it; a product may lie on a foreign scale."""
        return {key: round(steps.at(t_s)) for key, steps in self._counts.items()}

    def count(self, product: str) -> int:
        """Units in the store's shelves now, wherever they lie."""
        now_s = self._clock.now_s()
        return sum(n for (_, name), n in self.counts(now_s).items() if name == product)

    def home_of(self, product: str) -> str:
        """The scale on which the product is sold."""
        return self._home[self._known(product, self._home, "product")]

    def things(self) -> Mapping[tuple[str, str], float]:
        """(scale, thing) → grams."""
        return self._things

    def load_g(self, scale: str, t_s: float) -> float:
        """What presses on the plate at that time, hands included."""
        load_g = self._load[scale].at(t_s)
        pressed_g = self._pressed[scale].at(t_s)
        if pressed_g:
            load_g += pressed_g * _tremor(t_s)
        hands_g = sum(peak_g * _push(t_s - start_s) for start_s, peak_g in self._pulses[scale])
        return load_g + hands_g

    def was_unplugged(self, device: str, t_s: float) -> bool:
        """The device's plug was out at that time."""
        return self._unplugged[device].at(t_s) > 0

    def was_saturated(self, scale: str, t_s: float) -> bool:
        return self._saturated[scale].at(t_s) > 0

    def touch(self, contact: str, *, is_active: bool = True) -> None:
        """Opens (or shuts) what the contact guards, or shakes it."""
        self._touches.setdefault(contact, []).append(Touch(self._clock.now_s(), is_active))

    def touches(self, contact: str) -> Sequence[Touch]:
        """What has been done to the contact since the last call."""
        return self._touches.pop(contact, [])

    def is_unplugged(self, device: str) -> bool:
        return self.was_unplugged(device, self._clock.now_s())

    def is_covered(self, camera: str | None = None) -> bool:
        """This camera's lens; without a name, every camera's."""
        return all(self._covered.values()) if camera is None else self._covered[camera]

    # Inside

    def _stock_up(self, scale: str, product: str, count: int) -> None:
        weights = self._draw_weights(product, count)
        self._weights[scale, product] = weights
        self._counts[scale, product] = Steps(count)
        self._load[scale].add(-inf, sum(weights))

    def _draw_weights(self, product: str, count: int) -> list[float]:
        """Each unit has its own weight; the product's spread is three sigma of it."""
        ware = self.products[product]
        off = np.clip(self._rng.standard_normal(count), -3, 3) * ware.spread_g / 3
        return [float(ware.unit_weight_g + each) for each in off]

    def _hand(self, scale: str, person: Person | None) -> float:
        """A hand works on the plate as soon as it is free; returns when it is done."""
        now_s = self._clock.now_s()
        start_s = max(now_s, self._hand_free_s[scale])
        peak_g = float(self._rng.uniform(*HAND_G))
        recent = [pulse for pulse in self._pulses[scale] if pulse[0] > now_s - HISTORY_S]
        self._pulses[scale] = [*recent, (start_s, peak_g)]
        self._hand_free_s[scale] = start_s + HAND_S
        if person is not None:
            current = self._people[person.name]
            begun_s = current.reach[0] if current.reach[1] >= start_s else start_s
            self._set(replace(current, reach=(begun_s, start_s + HAND_S)))
        return start_s + HAND_S

    def _move(self, scale: str, product: str, t_s: float, units: int, weight_g: float) -> None:
        if (scale, product) not in self._counts:
            self._counts = {**self._counts, (scale, product): Steps()}
        self._counts[scale, product].add(t_s, units)
        self._load[scale].add(t_s, units * weight_g)

    def _hold(self, person: Person | None, unit: Held) -> None:
        if person is not None:
            current = self._people[person.name]
            self._set(replace(current, held=(*current.held, unit)))

    def _in_hand(self, person: Person | None, product: str) -> list[Held]:
        held = person.held if person else ()
        return [unit for unit in held if unit.product == product and unit.until_s == inf]

    def _release(self, person: Person, unit: Held, t_s: float) -> None:
        current = self._people[person.name]
        held = tuple(replace(u, until_s=t_s) if u is unit else u for u in current.held)
        self._set(replace(current, held=held))

    def _set(self, person: Person) -> None:
        """A new dictionary each time: the detector reads from its own thread."""
        self._people = {**self._people, person.name: person}

    def _inside(self, t_s: float) -> list[Person]:
        return [p for p in tuple(self._people.values()) if p.entered_s <= t_s < p.gone_s]

    def _forget_gone(self, now_s: float) -> None:
        self._people = {
            name: person for name, person in self._people.items() if person.gone_s > now_s
        }

    def _person(self, name: str | None) -> Person:
        inside = {person.name: person for person in self._inside(self._clock.now_s())}
        if name is None and len(inside) == 1:
            return next(iter(inside.values()))
        if name is None:
            raise ValueError(f"who? there are {len(inside)} people inside; give a name")
        return inside[self._known(name, inside, "person inside")]

    def _nearest(self, scale: str, name: str | None) -> Person | None:
        """The one named, else whoever stands nearest to the scale, else nobody."""
        if name is not None:
            return self._person(name)
        now_s = self._clock.now_s()
        x = self.layout.spot(scale)[0]
        inside = self._inside(now_s)
        return min(inside, key=lambda p: abs(p.walk.at(now_s)[0] - x), default=None)

    def _scale_of(self, product: str, scale: str | None) -> str:
        home = self.home_of(product)
        return home if scale is None else self._known(scale, self._load, "scale")

    def _known(self, name: str, names: Iterable[str], what: str) -> str:
        known = list(names)
        if name in known:
            return name
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
        raise ValueError(f"unknown {what} {name!r}; {hint}")
