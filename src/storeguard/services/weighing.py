"""Scales → shelf book: drains every scale, settles its weight, books the new count."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from storeguard.clock import Clock
from storeguard.domain import counting, weighing
from storeguard.domain.counting import ScaleCount
from storeguard.domain.events import (
    BookEdited,
    DeviceFailed,
    DeviceRecovered,
    Event,
    StepSettled,
    StockChanged,
    StoreOccupied,
)
from storeguard.domain.explaining import Part
from storeguard.domain.product import Product
from storeguard.domain.weighing import Weighing, WeighingRules
from storeguard.errors import JournalFault
from storeguard.health import LONGEST_SILENCE_S, Health, Pulse
from storeguard.ports import Book, Reading, Scale
from storeguard.services.bus import Bus
from storeguard.services.drifts import DriftMemory, DriftWatch
from storeguard.services.hands import Hands
from storeguard.services.swaps import SwapWatch

SPEECHLESS_S = 20.0
"""A scale's thread says something once a second, if only that nothing comes."""

SHARED_READINGS = 1000

log = logging.getLogger(__name__)

OnReadings = Callable[[str, Sequence[Reading]], None]


@dataclass(slots=True)
class Channel:
    """One scale with what is known about it; a scale without goods has no products."""

    scale: Scale
    rules: WeighingRules
    products: tuple[Product, ...]
    weighing: Weighing = field(default_factory=Weighing)
    count: ScaleCount | None = None
    counted_level_g: float | None = None
    step: StepSettled | None = None
    unclear_since_s: float | None = None
    counted_hands: int = 0
    told: int | None = None
    """What the owner said is on it before its first level was known."""
    newest: Reading | None = None
    doubted_since_s: float | None = None
    """Since when its count has not been certain; None while it is."""
    failed_share: float = 0.0
    """Of its last thousand readings."""

    @property
    def id(self) -> str:
        return self.scale.id

    @property
    def product(self) -> Product | None:
        return self.products[0] if self.products else None

    @property
    def count_now(self) -> int:
        return 0 if self.count is None else self.count.count

    @property
    def is_certain(self) -> bool:
        """Can this scale's count be relied on now?"""
        return self.weighing.is_settled and self.count is not None and self.count.is_certain

    def was_restless(self, at_s: float) -> bool:
        """Has what began to move by `at_s` not come to rest, and into the book, yet?"""
        since_s = self.weighing.moving_since_s
        if since_s is None and self._is_uncounted and self.step is not None:
            since_s = self.step.started_s
        return since_s is not None and since_s <= at_s

    @property
    def _is_uncounted(self) -> bool:
        is_countable = self.product is not None and self.product.is_weighable
        return is_countable and self.weighing.level_g != self.counted_level_g


class ZeroMemory(Protocol):
    """What a scale's zero was, so that a restart with goods on the shelf keeps the count."""

    def load(self) -> Mapping[str, float]:
        """Scale id → zero in grams."""

    def save(self, zeros: Mapping[str, float]) -> None:
        """Durable when it returns; blocks."""


class GuestMemory(Protocol):
    """Which foreign products lie on a scale, so that a restart still knows them."""

    def load(self) -> Mapping[str, Mapping[str, int]]:
        """Scale id → product → units."""

    def save(self, guests: Mapping[str, Mapping[str, int]]) -> None:
        """Durable when it returns; blocks."""


class WeighingService:
    """Loops over all scales; their books' changes are durable before they are published."""

    def __init__(
        self,
        channels: Sequence[Channel],
        shelf: Book,
        bus: Bus,
        clock: Clock,
        health: Health,
        *,
        memory: ZeroMemory,
        guest_memory: GuestMemory,
        drift_memory: DriftMemory,
        round_s: float = 0.1,
        on_readings: OnReadings | None = None,
    ) -> None:
        self.channels = tuple(channels)
        self._shelf = shelf
        self._bus = bus
        self._clock = clock
        self._health = health
        self._memory = memory
        self._guest_memory = guest_memory
        self._hands = Hands()
        self._occupied_s = 0.0
        self._round_s = round_s
        self._on_readings = on_readings
        self._saved: dict[str, float] = {}
        self._swaps = SwapWatch(self.channels, self._booked_g, bus, clock, health)
        self.drifts = DriftWatch(self.channels, bus, clock, drift_memory)
        bus.subscribe(self._on_event)

    async def run(self) -> None:
        """Reads until it is cancelled; the scales are closed on the way out."""
        part = self._health.part("weighing", longest_s=LONGEST_SILENCE_S)
        try:
            await self._start()
            while True:
                try:
                    await self._run_once()
                    part.ok()
                except JournalFault as fault:  # not booked yet: the next round tries again
                    part.failed(fault)
                await asyncio.sleep(self._round_s)
        finally:
            for channel in self.channels:
                self._pulse(channel).rest()
                await channel.scale.close()

    async def _start(self) -> None:
        zeros = await asyncio.to_thread(self._memory.load)
        self._saved = dict(zeros)
        self._guests = dict(await asyncio.to_thread(self._guest_memory.load))
        for channel in self.channels:
            channel.weighing = Weighing(zero_g=zeros.get(channel.id, 0.0))
            channel.scale.start()
            self._pulse(channel).beat()
        await self.drifts.load()

    async def _run_once(self) -> None:
        for channel in self.channels:
            self._weigh(channel)
        self._swaps.look()
        await self.drifts.look()
        for channel in self.channels:
            await self._count(channel)

    def _pulse(self, channel: Channel) -> Pulse:
        return self._health.pulse(f"{channel.id} reader", SPEECHLESS_S)

    def _weigh(self, channel: Channel) -> None:
        readings = channel.scale.drain()
        if not readings:
            return
        self._pulse(channel).beat()
        if channel.newest is None:
            log.debug("%s: first reading", channel.id)
        channel.newest = readings[-1]
        channel.failed_share = _failed_share(channel.failed_share, readings)
        if self._on_readings is not None:
            self._on_readings(channel.id, readings)
        channel.weighing, events = weighing.advance(channel.weighing, readings, channel.rules)
        for event in events:
            self._take(channel, event)

    def _take(self, channel: Channel, event: StepSettled | DeviceFailed | DeviceRecovered) -> None:
        part = self._health.part(channel.id)
        if isinstance(event, StepSettled):
            channel.step = event
        elif isinstance(event, DeviceFailed):
            part.failed(event.why, code=event.code)
        else:
            part.ok()
        self._bus.publish(event)

    async def _count(self, channel: Channel) -> None:
        """Books the count of a level that has not been counted yet; retried until it is booked."""
        state, product = channel.weighing, channel.product
        if not state.is_settled or product is None or not product.is_weighable:
            return
        if not self._is_to_be_counted(channel):
            await self._remember_zero(channel)
            return
        assert state.level_g is not None
        if channel.count is None and channel.told is not None:
            self._set_count(channel, product, channel.told)
            return
        if self._swaps.is_waiting(channel):
            return
        found = self._found(channel, product, state.level_g)
        await self._book(channel, product, found)
        channel.count, channel.counted_level_g = found, state.level_g
        channel.counted_hands = self._hands.version
        channel.unclear_since_s = None if found.is_certain else _unclear_since(channel)
        since_s = channel.doubted_since_s or self._clock.now_s()
        channel.doubted_since_s = None if found.is_certain else since_s
        await self._remember_guests(channel, found)
        await self._remember_zero(channel)

    def _is_to_be_counted(self, channel: Channel) -> bool:
        """A new level; or one that these visitors left unclear, and their hands have changed."""
        is_new = channel.weighing.level_g != channel.counted_level_g
        is_unclear = channel.count is not None and not channel.count.is_certain
        is_theirs = channel.step is not None and channel.step.started_s >= self._occupied_s
        is_changed = channel.counted_hands != self._hands.version
        return is_new or (is_unclear and is_theirs and is_changed)

    def _found(self, channel: Channel, product: Product, level_g: float) -> ScaleCount:
        band_g = channel.rules.band_g
        if channel.count is not None:
            foreign = self._foreign(channel, channel.count)
            in_hand = self._hands.of(product)
            return counting.recount(channel.count, level_g, product, band_g, foreign, in_hand)
        guests = self._guests.get(channel.id, {})
        booked = self._shelf.counts.get(product.name, 0) - self._away(product.name)
        return counting.first_count(level_g, booked, product, band_g, self._with_weight(guests))

    def _foreign(self, channel: Channel, count: ScaleCount) -> tuple[Part, ...]:
        """Guests that may leave this scale, and foreign products in hand that may come."""
        found = []
        for other in self.channels:
            product = other.product
            if other is channel or product is None or not product.is_weighable:
                continue
            here, in_hand = count.guests.get(product.name, 0), self._hands.of(product)
            if here or in_hand:
                found.append(Part(product, here, in_hand))
        return tuple(found)

    def _away(self, name: str) -> int:
        """Units of this product that lie on foreign scales."""
        return sum(guests.get(name, 0) for guests in self._guests.values())

    def _with_weight(self, guests: Mapping[str, int]) -> dict[Product, int]:
        weighed = {c.product.name: c.product for c in self.channels if c.product is not None}
        return {weighed[name]: n for name, n in guests.items() if name in weighed}

    def _booked_g(self, channel: Channel, product: Product) -> float:
        """What lies on this scale by the book."""
        guests = self._with_weight(self._guests.get(channel.id, {}))
        booked = self._shelf.counts.get(product.name, 0) - self._away(product.name)
        return counting.goods_g(booked, product, guests)

    async def _book(self, channel: Channel, product: Product, found: ScaleCount) -> None:
        """Books what is new on this scale: its own product first, then its guests."""
        is_first = channel.count is None
        before = self._shelf.counts.get(product.name, 0) - self._away(product.name)
        guests = self._guests.get(channel.id, {}) if channel.count is None else channel.count.guests
        changes = {product.name: found.count - (before if is_first else channel.count_now)}
        changes |= {
            name: found.guests.get(name, 0) - guests.get(name, 0)
            for name in {**guests, **found.guests}
        }
        changes = {name: change for name, change in changes.items() if change}
        if not changes:
            return
        counts = dict(self._shelf.counts)
        await self._shelf.add(changes, why=f"scale {channel.id}")
        for name, change in changes.items():
            if not is_first:
                self._hands.moved(name, change)
            before = counts.get(name, 0)
            self._bus.publish(self._changed(channel, name, before, before + change, found))

    def _changed(
        self, channel: Channel, name: str, before: int, after: int, found: ScaleCount
    ) -> StockChanged:
        t_s, step, product = self._clock.now_s(), channel.step, channel.product
        assert product is not None
        is_foreign = name != product.name
        return StockChanged(
            step.t_s if step else t_s,
            name,
            channel.id,
            before,
            after,
            found.is_certain,
            started_s=step.started_s if step else t_s,
            grams=step.grams if step else 0.0,
            certainty=found.certainty,
            is_first=channel.count is None,
            unclear_since_s=channel.unclear_since_s,
            moved=None if is_foreign else _moved(step, product, channel.rules.band_g),
            is_foreign=is_foreign,
        )

    async def _remember_guests(self, channel: Channel, found: ScaleCount) -> None:
        if dict(found.guests) != dict(self._guests.get(channel.id, {})):
            self._guests[channel.id] = found.guests
            await asyncio.to_thread(self._guest_memory.save, {**self._guests})

    async def _remember_zero(self, channel: Channel) -> None:
        """The zero at which the anchor's weight would be exactly its count.

        It follows the drift too: after a quiet month a restart must not count that as goods.
        """
        count, product = channel.count, channel.product
        if count is None or product is None or not count.is_certain:
            return
        goods_g = counting.goods_g(count.count, product, self._with_weight(count.guests))
        off_g = count.anchor_g - goods_g
        zero_g = round(channel.weighing.zero_g + off_g, 2)
        if abs(zero_g - self._saved.get(channel.id, 0.0)) > product.unit_weight_g / 10:
            self._saved[channel.id] = zero_g
            await asyncio.to_thread(self._memory.save, dict(self._saved))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StoreOccupied):
            self._hands.clear()
            self._occupied_s = event.t_s
            for channel in self.channels:
                channel.count = channel.count and counting.forgetful(channel.count)
        if not isinstance(event, BookEdited):
            return
        for channel in self.channels:
            product = channel.product
            if event.book == "shelf" and product and product.name in event.counts:
                self._set_count(channel, product, event.counts[product.name][1])

    def _set_count(self, channel: Channel, product: Product, count: int) -> None:
        """The owner has said what is really on the shelf: the zero is set to it."""
        if channel.weighing.level_g is None:
            channel.told = count
            self._swaps.admit(channel)
            return
        guests = self._guests.get(channel.id, {})
        here = max(0, count - self._away(product.name))
        level_g = counting.goods_g(here, product, self._with_weight(guests))
        channel.weighing = weighing.set_level(channel.weighing, level_g)
        channel.count = counting.set_count(level_g, here, guests)
        channel.doubted_since_s = None
        channel.counted_level_g = None  # the new zero is still to be remembered

    def set_products(self, products: Mapping[str, Product]) -> None:
        """Takes edited unit weights; keys are product names."""
        for channel in self.channels:
            channel.products = tuple(products.get(one.name, one) for one in channel.products)

    def unsettled_since(self, t_s: float) -> bool:
        """Is a healthy scale still on the move since `t_s` or before?"""
        return any(
            channel.was_restless(t_s) for channel in self.channels if not channel.weighing.is_failed
        )


def _failed_share(before: float, readings: Sequence[Reading]) -> float:
    failed = sum(reading.raw is None for reading in readings) / len(readings)
    return before + (failed - before) * min(1.0, len(readings) / SHARED_READINGS)


def _unclear_since(channel: Channel) -> float | None:
    """When the first step began that the count could not follow."""
    if channel.unclear_since_s is not None or channel.step is None:
        return channel.unclear_since_s
    return channel.step.started_s


def _moved(step: StepSettled | None, product: Product, band_g: float) -> int | None:
    if step is None:
        return None
    found = counting.estimate_change(step.grams, product, band_g)
    return found.change if found.is_certain else None
