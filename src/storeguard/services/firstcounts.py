"""The first level of each scale after a start, and what is known of the stop before it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from storeguard.clock import Clock
from storeguard.domain.belief import Belief
from storeguard.domain.counting import Weighed
from storeguard.domain.firstlevel import first_weighed
from storeguard.services.shelfgoods import ShelfGoods

if TYPE_CHECKING:
    from storeguard.services.weighing import Channel


class FirstCounts:
    """`goods`: what the book has on a scale, and its remembered zero."""

    def __init__(self, goods: ShelfGoods, clock: Clock) -> None:
        self._goods = goods
        self._clock = clock

    def booked(self, channel: "Channel") -> Mapping[str, int]:
        """Product → units that lie there by the book, guests too."""
        own = {one.name: self._goods.booked(one.name) for one in channel.weighed}
        return {**own, **self._goods.guests(channel)}

    def counted(self, belief: Belief, channel: "Channel") -> Belief:
        """For how long the power was off nobody knows: the zero may have drifted as in an hour."""
        level_g, state = channel.weighing.level_g, channel.weighing
        assert level_g is not None
        now_s, band_g = self._clock.now_s(), channel.rules.band_g
        return first_weighed(
            belief,
            Weighed(channel.id, level_g, band_g, now_s, state.noise_g),
            self.booked(channel),
            self._goods.guests(channel),
            has_zero=self._goods.has_zero(channel),
            drift_g=channel.rules.drift.per_hour_g,
        )
