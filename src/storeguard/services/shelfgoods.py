"""What lies on each scale by the book, and what of the shelves survives a restart."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from storeguard.domain.belief import SURE, Belief, Load
from storeguard.domain.spread import weight_var
from storeguard.ports import Book
from storeguard.services.shelfmemory import ShelfMemory

if TYPE_CHECKING:
    from storeguard.services.weighing import Channel

BESIDE, BOOKED = "", "+"
"""No products have these names. Under them, beside foreign goods, the whole grams are remembered of
what lies on a scale and may be no product: beside what is booked there, or booked as goods."""


class ShelfGoods:
    """Goods in their places by the shelf book, and in foreign ones as remembered."""

    def __init__(self, channels: Sequence["Channel"], shelf: Book, memory: ShelfMemory) -> None:
        self._channels = {channel.id: channel for channel in channels}
        self._shelf = shelf
        self._memory = memory
        self._kept: Belief | None = None
        self._offsets: dict[str, tuple[float, float]] = {}

    def booked_g(self, channel: "Channel") -> float:
        """What lies on this scale by the book."""
        return self.grams(channel, tuple(self.booked(p.name) for p in channel.weighed))

    def grams(self, channel: "Channel", own: Sequence[int]) -> float:
        """What so many units of the scale's products weigh, with the guests that lie there."""
        own_g = sum(n * p.unit_weight_g for n, p in zip(own, channel.weighed, strict=True))
        unit_g = {p.name: p.unit_weight_g for c in self._channels.values() for p in c.weighed}
        return own_g + sum(n * unit_g[name] for name, n in self.guests(channel).items())

    def booked(self, name: str) -> int:
        """Units of an own product that are in their place by the book."""
        return self.in_place(name, self._shelf.counts.get(name, 0))

    def in_place(self, name: str, count: int) -> int:
        """Of `count` units in the store, those that lie on no foreign scale."""
        return max(0, count - self._memory.away(name))

    def guests(self, channel: "Channel") -> dict[str, int]:
        """Foreign product → units that lie on this scale."""
        known = {p.name for one in self._channels.values() for p in one.weighed}
        own = {p.name for p in channel.weighed}
        guests = self._memory.guests_on(channel.id)
        return {name: n for name, n in guests.items() if name in known - own}

    def has_thing(self, channel: "Channel") -> bool:
        """Was there something beside what is booked, and perhaps no product?"""
        return BESIDE in self._memory.guests_on(channel.id)

    def booked_thing_g(self, channel: "Channel") -> float:
        """What is booked as goods and was perhaps none; 0 where all are."""
        return float(self._memory.guests_on(channel.id).get(BOOKED, 0))

    def unsure_g(self, channel: "Channel") -> float:
        """How far off `booked_g` may be, one sigma; 0 once a zero is remembered for it."""
        if self.has_zero(channel):
            return 0.0
        return math.sqrt(sum(weight_var(one, self.booked(one.name)) for one in channel.weighed))

    def has_zero(self, channel: "Channel") -> bool:
        """Is the zero remembered at which its goods weigh what they do?"""
        return self._memory.zero_g(channel.id) is not None

    async def remember(
        self, belief: Belief, is_certain: Callable[["Channel"], bool], *, is_quiet: bool
    ) -> None:
        """Keeps guests and zeros that have changed. `is_quiet`: nobody is inside; what nobody needs
        before the next start waits for that, for on a sick disk the weighing waits for it."""
        if belief is not self._kept:
            loads = belief.likeliest.loads
            guests = {s: {**_guests(load), **_thing(belief, s)} for s, load in loads.items()}
            await self._memory.keep_guests(guests)
            certain = {s: load for s, load in loads.items() if is_certain(self._channels[s])}
            self._offsets = {
                scale: (self._offset_g(scale, load), self._lightest_g(scale) / 10)
                for scale, load in certain.items()
            }
            self._kept = belief
        news: dict[str, float] = {}
        for scale, (off_g, least_g) in self._offsets.items():
            weighed = self._channels[scale].weighing
            zero_g = weighed.zero_g + off_g
            known_g = self._memory.zero_g(scale)
            # One that is nothing is known, too: the goods have been weighed with it.
            is_news = abs(zero_g - (known_g or 0.0)) > least_g or (known_g is None and is_quiet)
            if is_news and weighed.is_settled:
                news[scale] = zero_g
        if news:
            await self._memory.keep_zeros(news)

    def _offset_g(self, scale: str, load: Load) -> float:
        """The zero at which what lies on the scale would weigh exactly its level, less today's.

        The zero follows the drift too: after a quiet month a restart must not count that as goods.
        """
        return load.base_g - self.grams(self._channels[scale], load.own)

    def _lightest_g(self, scale: str) -> float:
        return min(one.unit_weight_g for one in self._channels[scale].weighed)


def _thing(belief: Belief, scale: str) -> Mapping[str, int]:
    """What lies on the scale and may be no product."""
    things_g = [one.loads[scale].object_g or 0.0 for one in belief.hypotheses]
    likeliest_g = next((grams for grams in things_g if grams >= 1.0), 0.0)
    if not likeliest_g or belief.hidden(scale) <= 1 - SURE:
        return {}
    return {BESIDE if things_g[0] else BOOKED: round(likeliest_g)}


def _guests(load: Load) -> Mapping[str, int]:
    units: Counter[str] = Counter()
    for lot in load.guests:
        units[lot.product] += lot.units
    return dict(units)
