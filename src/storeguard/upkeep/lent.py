"""The running store's scales, for whoever works on them. Implements bench.ScaleSource."""

from collections.abc import Callable, Sequence
from pathlib import Path

from storeguard import config as cfg
from storeguard.errors import StoreguardError
from storeguard.services.weighing import Channel, WeighingService
from storeguard.upkeep.bench import Listener
from storeguard.upkeep.scales import Shop
from storeguard.web.workdesks import LiveScale


class StoreScales:
    """`config`: what is in force. `on_made`: hears of a new calibration."""

    def __init__(
        self,
        weighing: WeighingService,
        config: Callable[[], cfg.Config],
        base: Path,
        on_made: Callable[[str, cfg.Calibration], None],
    ) -> None:
        self._weighing = weighing
        self._config = config
        self._base = base
        self._on_made = on_made

    def shop(self) -> Shop:
        return Shop.of(self._config(), self._base)

    def live(self) -> Sequence[LiveScale]:
        return [_live(channel) for channel in self._weighing.channels]

    async def lend(self, scale_id: str, listener: Listener, *, is_touched: bool) -> None:
        self._channel(scale_id).listener = listener
        if is_touched:
            self._weighing.lend(scale_id)

    async def take_back(self, scale_id: str, made: cfg.Calibration | None) -> None:
        channel = self._channel(scale_id)
        channel.listener = None
        if channel.is_lent:
            new = None if made is None else (made.tare_raw, made.counts_per_g)
            await self._weighing.take_back(scale_id, new)
        if made is not None:
            self._on_made(scale_id, made)

    def _channel(self, scale_id: str) -> Channel:
        try:
            return self._weighing.channel(scale_id)
        except KeyError:
            raise StoreguardError(f"scale '{scale_id}': no such scale is running") from None


def _live(channel: Channel) -> LiveScale:
    newest, rules = channel.newest, channel.rules
    products = tuple(one.name for one in channel.weighed)
    if newest is None or newest.raw is None:
        return LiveScale(channel.id, None, None, False, products, channel.is_lent)
    gross_g = (newest.raw - rules.tare_raw) / rules.counts_per_g
    grams = round(gross_g - channel.weighing.zero_g, 1)
    is_steady = channel.weighing.is_settled
    return LiveScale(channel.id, grams, newest.raw, is_steady, products, channel.is_lent)
