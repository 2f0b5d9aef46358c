"""Scales that have changed places while the power was off are kept out until they are back."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from storeguard.clock import Clock
from storeguard.domain import weighing
from storeguard.domain.events import DeviceFailed
from storeguard.domain.swapping import Held, swapped
from storeguard.errors import FaultCode
from storeguard.health import Health
from storeguard.services.bus import Bus
from storeguard.services.shelfgoods import ShelfGoods

if TYPE_CHECKING:
    from storeguard.services.weighing import Channel

LONGEST_WAIT_S = 5.0
"""So long a scale with an odd first level waits to be counted, for those that still move."""

log = logging.getLogger("storeguard")


class SwapWatch:
    """Looks at first levels before they are counted. `goods`: what the book has on a scale."""

    def __init__(
        self,
        channels: Sequence["Channel"],
        goods: ShelfGoods,
        bus: Bus,
        clock: Clock,
        health: Health,
    ) -> None:
        self._channels = channels
        self._goods = goods
        self._bus = bus
        self._clock = clock
        self._health = health
        self._odd_since_s: float | None = None

    def look(self) -> None:
        """Bars what has changed places, and admits what is back where it was."""
        for channel in self._channels:
            if channel.weighing.is_barred and self._is_back(channel):
                self.admit(channel)
        odd = [one for one in map(self._odd, self._channels) if one is not None]
        if not odd:
            self._odd_since_s = None
        elif self._odd_since_s is None:
            self._odd_since_s = self._clock.now_s()
        if odd and not self._is_early:
            for a, b in swapped(odd):
                self._bar(a, b)

    def is_waiting(self, channel: "Channel") -> bool:
        """Shall its first level not be counted yet?"""
        return self._is_early and self._odd(channel) is not None

    def admit(self, channel: "Channel") -> None:
        """The next readings are those of its own goods."""
        if channel.weighing.is_barred:
            log.info("scale '%s' may be trusted again", channel.id)
            channel.weighing = weighing.admit(channel.weighing)

    @property
    def _is_early(self) -> bool:
        """May a scale that has said nothing yet be the other one?"""
        since_s, now_s = self._odd_since_s, self._clock.now_s()
        are_all_there = all(_has_spoken(channel) for channel in self._channels)
        return not are_all_there and (since_s is None or now_s - since_s < LONGEST_WAIT_S)

    def _odd(self, channel: "Channel") -> Held | None:
        """A first level that is not what the scale held; None for any other."""
        level_g = channel.weighing.level_g
        if channel.is_counted or channel.is_told or level_g is None:
            return None
        held = self._held(channel, level_g)
        return None if held is None or held.is_as_it_was else held

    def _is_back(self, channel: "Channel") -> bool:
        level_g = weighing.resting_g(channel.weighing, channel.rules)
        held = None if level_g is None else self._held(channel, level_g)
        return held is not None and held.is_as_it_was

    def _held(self, channel: "Channel", level_g: float) -> Held | None:
        products = channel.weighed
        if not products:
            return None
        goods_g, unsure_g = self._goods.booked_g(channel), self._goods.unsure_g(channel)
        return Held(channel.id, products, level_g, goods_g, channel.rules.band_g, unsure_g)

    def _bar(self, a: str, b: str) -> None:
        log.warning(
            "scales '%s' and '%s' have changed places; both are out until they are back", a, b
        )
        for name, other in ((a, b), (b, a)):
            channel = next(one for one in self._channels if one.id == name)
            now_s, code = self._clock.now_s(), FaultCode.SCALES_SWAPPED
            channel.weighing = weighing.bar(channel.weighing, now_s)
            why = f"it shows what scale '{other}' held: put the goods or the cables back"
            self._health.part(name).failed(why, code=code, is_said=True)
            self._bus.publish(DeviceFailed(now_s, name, why, code))


def _has_spoken(channel: "Channel") -> bool:
    return channel.weighing.level_g is not None or channel.weighing.is_failed
