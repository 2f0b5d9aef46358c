"""How far the zeros of quiet scales have been followed: told, remembered, and what it may hide."""

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from storeguard.clock import Clock
from storeguard.domain.drift import Drift, began_s, is_in_doubt
from storeguard.domain.events import ZeroMoved
from storeguard.domain.product import Product
from storeguard.domain.wandering import BEGINNING, Path, moved_g, wandered
from storeguard.services.bus import Bus

if TYPE_CHECKING:
    from storeguard.services.weighing import Channel

TOLD_PER_UNIT = 1 / 10
"""The log and the file follow in steps of so much of the lightest unit."""

log = logging.getLogger("storeguard")


class DriftMemory(Protocol):
    """How far each zero had been followed, over restarts."""

    def load(self) -> Mapping[str, float]:
        """Scale id → grams."""

    def save(self, drifts: Mapping[str, float]) -> None:
        """Durable when it returns; blocks."""


class DriftWatch:
    """Looks at the drift of every scale each round; cheap where nothing has moved."""

    def __init__(
        self, channels: Sequence["Channel"], bus: Bus, clock: Clock, memory: DriftMemory
    ) -> None:
        self._channels = channels
        self._bus = bus
        self._clock = clock
        self._memory = memory
        self._saved: dict[str, float] = {}
        self._doubted: dict[str, dict[str, float]] = {}
        self._seen: dict[str, Drift] = {}
        self._told: dict[str, bool] = {}
        self._paths: dict[str, Path] = {}

    async def load(self) -> None:
        """Before the first reading."""
        self._saved = dict(await asyncio.to_thread(self._memory.load))
        for channel in self._channels:
            drift = Drift(self._saved.get(channel.id, 0.0))
            channel.weighing = channel.weighing._replace(drift=drift)
            self._note(channel, -math.inf)  # no matter of whoever is inside now

    async def forget(self, scale: str) -> None:
        """As `ShelfMemory.forget_zero`."""
        self._saved.pop(scale, None)
        for _ in range(2):
            await asyncio.to_thread(self._memory.save, dict(self._saved))

    async def look(self) -> None:
        """Tells where the doubt begins and ends, and remembers what has moved."""
        is_new = False
        for channel in self._channels:
            if self._seen.get(channel.id) is channel.weighing.drift:
                continue
            before = self._seen.get(channel.id, channel.weighing.drift)
            self._seen[channel.id] = channel.weighing.drift
            unit_g = lightest_g(channel)
            if unit_g is not None:
                self._walk(channel, unit_g, before)
                self._tell(channel, unit_g, before)
                is_new |= self._has_moved(channel, unit_g)
        if is_new:
            await asyncio.to_thread(self._memory.save, dict(self._saved))

    def doubts(self, from_s: float, until_s: float) -> dict[str, tuple[int, int]]:
        """Product → least and most units that may have come unseen, where its doubt began then.

        What was in doubt before is a matter of that visit only by what the zero moved in it."""
        found: dict[str, tuple[int, int]] = {}
        for channel in self._channels:
            grams, since_s = channel.weighing.drift.total_g, self._doubted.get(channel.id, {})
            wandered_g = moved_g(self._paths.get(channel.id, BEGINNING), from_s, until_s)
            for product in (one for one in channel.products if one.is_weighable):
                if from_s <= since_s.get(product.name, -math.inf) <= until_s:
                    found[product.name] = _units(grams, product.unit_weight_g)
                elif _may_hide(channel, product, wandered_g):
                    found[product.name] = _units(wandered_g, product.unit_weight_g)
        return found

    @property
    def in_doubt(self) -> frozenset[str]:
        """Products of which a zero may hide a unit by now."""
        return frozenset(name for names in self._doubted.values() for name in names)

    def _walk(self, channel: "Channel", unit_g: float, before: Drift) -> None:
        path, now_s = self._paths.get(channel.id, BEGINNING), self._clock.now_s()
        after, least_g = channel.weighing.drift, TOLD_PER_UNIT * unit_g
        self._paths[channel.id] = wandered(path, now_s, before, after, least_g)

    def _tell(self, channel: "Channel", unit_g: float, before: Drift) -> None:
        """The heavier a product, the later the doubt of it begins; said once for the scale."""
        drift, was_doubted = channel.weighing.drift, self._told.get(channel.id, False)
        self._note(channel, began_s(before, self._clock.now_s()))
        is_doubted = bool(self._doubted[channel.id])
        if is_doubted == was_doubted:
            return
        self._told[channel.id] = is_doubted
        if is_doubted:
            log.warning(
                "scale '%s': its zero has moved by %+.1f g, over a third of its lightest unit "
                "(%g g) or over %g g: its count is uncertain; empty it and run: "
                "storeguard scale tare %s",
                *(channel.id, drift.total_g, unit_g, channel.rules.drift.in_all_g, channel.id),
            )
        else:
            log.info("scale '%s': its zero is back at %+.1f g", channel.id, drift.total_g)
        low, high = _units(drift.total_g, unit_g) if is_doubted else (0, 0)
        now_s = self._clock.now_s()
        event = ZeroMoved(now_s, channel.id, drift.total_g, not is_doubted, low, high)
        self._bus.publish(event)

    def _note(self, channel: "Channel", began_s: float) -> None:
        """Of which of its products the count is in doubt, and since when."""
        drift, bounds = channel.weighing.drift, channel.rules.drift
        known = self._doubted.get(channel.id, {})
        self._doubted[channel.id] = {
            one.name: known.get(one.name, began_s)
            for one in channel.products
            if one.is_weighable
            and is_in_doubt(drift, one.unit_weight_g, bounds, was=one.name in known)
        }

    def _has_moved(self, channel: "Channel", unit_g: float) -> bool:
        total_g, before_g = channel.weighing.drift.total_g, self._saved.get(channel.id, 0.0)
        if abs(total_g - before_g) <= TOLD_PER_UNIT * unit_g:
            return False
        moved_g = total_g - before_g
        log.info("scale '%s': zero moved by %+.1f g, to %+.1f g", channel.id, moved_g, total_g)
        self._saved[channel.id] = round(total_g, 2)
        return True


def lightest_g(channel: "Channel") -> float | None:
    """The lightest unit on it; None on a scale without goods that can be weighed."""
    weights_g = (one.unit_weight_g for one in channel.products if one.is_weighable)
    return min(weights_g, default=None)


def _may_hide(channel: "Channel", product: Product, wandered_g: float) -> bool:
    """May a unit have gone, or come, with what a zero moved that was in doubt before?"""
    unit_g, bounds = product.unit_weight_g, channel.rules.drift
    was = Drift(channel.weighing.drift.total_g - wandered_g)
    is_doubted = is_in_doubt(was, unit_g, bounds, was=True)
    return is_doubted and is_in_doubt(Drift(wandered_g), unit_g, bounds, was=False)


def _units(grams: float, unit_g: float) -> tuple[int, int]:
    """Least and most units that may have come with it. However far a zero has moved, it may have
    been the zero: none is always among them."""
    return min(0, math.floor(grams / unit_g)), max(0, math.ceil(grams / unit_g))
