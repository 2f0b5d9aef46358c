"""The first level of each scale after a start, and what is known of the stop before it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from storeguard.clock import Clock
from storeguard.domain import resting
from storeguard.domain.belief import Belief
from storeguard.domain.counting import Weighed
from storeguard.domain.drift import HELD_FOR_S
from storeguard.domain.firstlevel import NEAREST, first_weighed
from storeguard.services.shelfgoods import ShelfGoods
from storeguard.services.swaps import SwapWatch

if TYPE_CHECKING:
    from storeguard.services.weighing import Channel


class FirstCounts:
    """`goods`: what the book has on a scale, and what is remembered of it."""

    def __init__(self, goods: ShelfGoods, swaps: SwapWatch, clock: Clock) -> None:
        self._goods = goods
        self._swaps = swaps
        self._clock = clock
        self._trembles_since_s: dict[str, float] = {}

    def is_waiting(self, channel: "Channel") -> bool:
        """Shall its first level not be counted yet? A hand that trembles there is no goods."""
        if self._swaps.is_waiting(channel):
            return True
        if not self._is_hand(channel):
            self._trembles_since_s.pop(channel.id, None)
            return False
        now_s = self._clock.now_s()
        return now_s - self._trembles_since_s.setdefault(channel.id, now_s) < HELD_FOR_S

    def _is_hand(self, channel: "Channel") -> bool:
        """May a hand weigh on it? Of a first level nobody knows how quiet its scale is else."""
        level_g, least_g = channel.weighing.level_g, channel.lightest_g
        assert level_g is not None
        assert least_g is not None
        more_g = level_g - self._goods.booked_g(channel)
        return more_g > NEAREST * least_g and resting.is_noisy(channel.weighing, channel.rules)

    def booked(self, channel: "Channel") -> Mapping[str, int]:
        """Product → units that lie there by the book, guests too."""
        own = {one.name: self._goods.booked(one.name) for one in channel.weighed}
        return {**own, **self._goods.guests(channel)}

    def counted(self, belief: Belief, channel: "Channel", *, is_somebody_inside: bool) -> Belief:
        """For how long the power was off nobody knows: the zero may have drifted as in an hour."""
        level_g, state = channel.weighing.level_g, channel.weighing
        assert level_g is not None
        now_s, band_g = self._clock.now_s(), channel.rules.band_g
        may_be_thing = self._goods.has_thing(channel) or self._is_hand(channel)
        return first_weighed(
            belief,
            Weighed(channel.id, level_g, band_g, now_s, state.noise_g),
            self.booked(channel),
            self._goods.guests(channel),
            has_zero=self._goods.has_zero(channel),
            drift_g=channel.rules.drift.per_hour_g,
            may_be_thing=may_be_thing or is_somebody_inside,
            booked_thing_g=self._goods.booked_thing_g(channel),
        )
