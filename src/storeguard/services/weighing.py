"""Scales → shelf book: drains every scale, settles its weight, books the new count."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from storeguard.clock import Clock
from storeguard.domain import resting, weighing
from storeguard.domain.belief import LEAST_HIDING
from storeguard.domain.events import (
    BookEdited,
    DeviceFailed,
    DeviceRecovered,
    Event,
    LevelJumped,
    SaleMade,
    StepSettled,
    StoreEmptied,
    StoreOccupied,
)
from storeguard.domain.product import Product
from storeguard.domain.scalerules import WeighingRules
from storeguard.domain.scalestate import Weighing, WeighingEvent
from storeguard.errors import FaultCode, JournalFault
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.ports import Book, GuestMemory, Reading, Scale, ZeroMemory
from storeguard.services.bus import Bus
from storeguard.services.drifts import DriftMemory, DriftWatch
from storeguard.services.shelfgoods import ShelfGoods
from storeguard.services.shelfmemory import ShelfMemory
from storeguard.services.swaps import SwapWatch
from storeguard.services.tally import Tally

SPEECHLESS_S = 20.0
"""A scale's thread says something once a second, if only that nothing comes."""

SHARED_READINGS = 1000

MANY_SHIFTS = 6

log = logging.getLogger(__name__)

OnReadings = Callable[[str, Sequence[Reading]], None]


@dataclass(slots=True)
class Channel:
    """One scale with what is known about it; a scale without goods has no products."""

    scale: Scale
    rules: WeighingRules
    products: tuple[Product, ...]
    weighing: Weighing = field(default_factory=Weighing)
    is_counted: bool = False
    """Has its first level been counted?"""
    pending: deque[StepSettled | LevelJumped] = field(default_factory=deque)
    """Steps that have not been counted yet, the oldest first."""
    step: StepSettled | LevelJumped | None = None
    """The last one that was counted."""
    is_told: bool = False
    """Has the owner said what is on it before its first level was known?"""
    newest: Reading | None = None
    listener: Callable[[Sequence[Reading]], None] | None = None
    """Is given every reading too."""
    is_lent: bool = False
    """Somebody works on it: its readings are the listener's alone, and decide nothing."""
    failed_share: float = 0.0
    """Of its last thousand readings."""
    shifts_s: deque[float] = field(default_factory=lambda: deque(maxlen=MANY_SHIFTS))
    """When its level changed last by less than can be any part of a unit, the oldest first."""
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.scale.id

    @property
    def weighed(self) -> tuple[Product, ...]:
        """Its products that can be weighed."""
        return tuple(product for product in self.products if product.is_weighable)

    @property
    def lightest_g(self) -> float | None:
        """The unit weight of its lightest product; None where there is nothing to weigh."""
        return min((product.unit_weight_g for product in self.weighed), default=None)

    @property
    def trembles(self) -> bool:
        """Does it rest now, no stiller than with a hand on it?"""
        return self.weighing.is_settled and resting.is_shaken(self.weighing, self.rules)

    @property
    def is_calm(self) -> bool:
        return self.weighing.is_settled and not self.trembles

    def expect(self, step: StepSettled | LevelJumped) -> None:
        """To be counted; of a freezer nothing ever is, and its steps would wait there for ever."""
        if self.weighed:
            self.pending.append(step)

    def was_restless(self, at_s: float) -> bool:
        """Has what began to move by `at_s` not come to rest, and into the book, yet?"""
        since_s = self.weighing.moving_since_s
        if self.pending and self.weighed:
            since_s = self.pending[0].started_s
        return since_s is not None and since_s <= at_s


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
        self._bus = bus
        self._clock = clock
        self._health = health
        self._round_s = round_s
        self._on_readings = on_readings
        self._pulses = {one.id: health.pulse(f"{one.id} reader", SPEECHLESS_S) for one in channels}
        self._memory = ShelfMemory(memory, guest_memory)
        goods = ShelfGoods(self.channels, shelf, self._memory)
        self._swaps = SwapWatch(self.channels, goods, bus, clock, health)
        self.drifts = DriftWatch(self.channels, bus, clock, drift_memory)
        self.tally = Tally(self.channels, shelf, bus, clock, self._swaps, goods)
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
                self._pulses[channel.id].rest()
                await channel.scale.close()

    async def _start(self) -> None:
        zeros = await self._memory.load()
        for channel in self.channels:
            channel.weighing = Weighing(zero_g=zeros.get(channel.id, 0.0))
            channel.scale.start()
            self._pulses[channel.id].beat()
        await self.drifts.load()

    async def _run_once(self) -> None:
        for channel in self.channels:
            self._weigh(channel)
        self._swaps.look()
        await self.drifts.look()
        await self.tally.count()

    def channel(self, scale: str) -> Channel:
        """Raises KeyError."""
        return {one.id: one for one in self.channels}[scale]

    def lend(self, scale: str) -> None:
        """Somebody works on it: whatever moves there is no goods, until `take_back`."""
        channel, now_s = self.channel(scale), self._clock.now_s()
        channel.is_lent = True
        channel.weighing = weighing.bar(channel.weighing, now_s)._replace(window=())
        channel.pending.clear()
        why, code = "somebody works on it; it decides nothing meanwhile", FaultCode.SCALE_IN_HAND
        self._health.part(scale).failed(why, code=code, is_said=True)
        self._bus.publish(DeviceFailed(now_s, scale, why, code))

    async def take_back(self, scale: str, made: tuple[int, float] | None = None) -> None:
        """It begins anew, as after a start. `made`: its new zero and counts a gram."""
        channel, now_s = self.channel(scale), self._clock.now_s()
        was = channel.weighing
        if made is not None:
            tare_raw, counts_per_g = made
            await self._memory.forget_zero(scale)
            await self.drifts.forget(scale)
            channel.rules = replace(channel.rules, tare_raw=tare_raw, counts_per_g=counts_per_g)
            was = Weighing(failing_since_s=was.failing_since_s)
        channel.weighing = Weighing(zero_g=was.zero_g, drift=was.drift)
        channel.is_lent = channel.is_counted = channel.is_told = False
        self._health.part(scale).ok()
        lent_for_s = now_s - (now_s if was.failing_since_s is None else was.failing_since_s)
        self._bus.publish(DeviceRecovered(now_s, scale, lent_for_s))

    def _weigh(self, channel: Channel) -> None:
        readings = channel.scale.drain()
        if not readings:
            return
        self._pulses[channel.id].beat()
        if channel.newest is None:
            log.debug("%s: first reading", channel.id)
        channel.newest = readings[-1]
        channel.failed_share = _failed_share(channel.failed_share, readings)
        if channel.listener is not None:
            channel.listener(readings)
        if channel.is_lent:
            return
        if self._on_readings is not None:
            self._on_readings(channel.id, readings)
        channel.weighing, events = weighing.advance(channel.weighing, readings, channel.rules)
        for event in events:
            self._take(channel, event)

    def _take(self, channel: Channel, event: WeighingEvent) -> None:
        part = self._health.part(channel.id)
        if isinstance(event, LevelJumped):
            channel.expect(event)
            return  # nobody has been seen moving anything: the tally alone can make sense of it
        if isinstance(event, StepSettled):
            event = replace(event, is_slight=_is_slight(event, channel))
            channel.expect(event)
            if event.is_slight:
                channel.shifts_s.append(event.t_s)
        elif isinstance(event, DeviceFailed):
            part.failed(event.why, code=event.code)
        else:
            part.ok()
        self._bus.publish(event)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StoreOccupied):
            self.tally.enter(event.t_s)
        elif isinstance(event, StoreEmptied):
            self.tally.empty(event.t_s)
        elif isinstance(event, SaleMade):
            self.tally.pay(event)
        elif isinstance(event, BookEdited) and event.book == "shelf":
            for name, (_, count) in event.counts.items():
                self.tally.tell(name, count)

    def set_products(self, products: Mapping[str, Product]) -> None:
        """Takes edited unit weights; keys are product names."""

        def edit() -> None:
            for channel in self.channels:
                channel.products = tuple(products.get(one.name, one) for one in channel.products)

        self.tally.set_products(edit)

    def is_certain(self, channel: Channel) -> bool:
        """Can this scale's counts be relied on now?"""
        return channel.weighing.is_settled and self.tally.is_certain(channel)

    def is_touched_since(self, t_s: float) -> bool:
        """Has a healthy scale begun to move after `t_s`, and not come to rest yet?"""
        moving = (c.weighing.moving_since_s for c in self.channels if not c.weighing.is_failed)
        return any(since_s is not None and since_s > t_s for since_s in moving)

    def unsettled_since(self, t_s: float) -> bool:
        """Is a healthy scale still on the move since `t_s` or before?"""
        return any(
            channel.was_restless(t_s) for channel in self.channels if not channel.weighing.is_failed
        )


def _is_slight(step: StepSettled, channel: Channel) -> bool:
    """A draught or a plate that rubs: less than can be any part of a unit."""
    units_g = [product.unit_weight_g for product in channel.weighed]
    return bool(units_g) and abs(step.grams) < LEAST_HIDING * min(units_g)


def _failed_share(before: float, readings: Sequence[Reading]) -> float:
    failed = 0
    for reading in readings:  # mostly one of them: a generator costs more than it spares
        failed += reading.raw is None
    share = failed / len(readings)
    return before + (share - before) * min(1.0, len(readings) / SHARED_READINGS)
