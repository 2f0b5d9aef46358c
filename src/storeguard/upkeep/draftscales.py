"""Scales of a shop that is being set up: found on their pins, read, and lent to the bench.

The daemon does not have them yet. Implements bench.ScaleSource.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from storeguard import config as cfg
from storeguard.clock import Clock
from storeguard.errors import ConfigInvalid, StoreguardError
from storeguard.ports import Reading, Scale
from storeguard.upkeep.bench import Listener
from storeguard.upkeep.scales import MakeScale, Shop, make_scale
from storeguard.web.workdesks import LiveScale

ROUND_S = 0.1
LISTEN_FOR_S = 2.0
FEWEST_READINGS = 4
UNUSED_AFTER_S = 600.0
"""Nobody has looked for so long: the pins are given back."""


@dataclass(slots=True)
class _Open:
    """One scale that is read. `seen`: its newest raw counts."""

    settings: cfg.Scale
    scale: Scale
    listener: Listener | None = None
    newest: Reading | None = None
    seen: list[int] = field(default_factory=list)
    is_lent: bool = False

    @property
    def is_alive(self) -> bool:
        """A cell has noise: one that says the same word all the time is no cell."""
        return len(self.seen) >= FEWEST_READINGS and len(set(self.seen)) > 1


class DraftScales:
    """`config`: what the shop is to become; `run` is the loop that reads."""

    def __init__(
        self,
        config: Callable[[], cfg.Config],
        base: Path,
        clock: Clock,
        make: MakeScale = make_scale,
    ) -> None:
        self._config = config
        self._base = base
        self._clock = clock
        self._make = make
        self._open: dict[str, _Open] = {}
        self._calibrations: Mapping[str, cfg.Calibration] = {}
        self._looked_s = float("-inf")
        self._turn = asyncio.Lock()

    def shop(self) -> Shop:
        return Shop.of(self._config(), self._base)

    async def run(self) -> None:
        try:
            while True:
                self._read()
                if self._open and self._clock.now_s() - self._looked_s > UNUSED_AFTER_S:
                    await self.close()
                await asyncio.sleep(ROUND_S)
        finally:
            await self.close()

    def _read(self) -> None:
        for one in self._open.values():
            readings = one.scale.drain()
            if not readings:
                continue
            one.newest = readings[-1]
            one.seen = [*one.seen, *(r.raw for r in readings if r.raw is not None)][-50:]
            if one.listener is not None:
                one.listener(readings)

    async def find(self, candidates: Sequence[cfg.Scale]) -> Sequence[cfg.Scale]:
        """Those that answer like a cell; nothing is left open."""
        await self.open(candidates)
        await asyncio.sleep(LISTEN_FOR_S)
        found = [one.settings for one in self._open.values() if one.is_alive]
        await self.close()
        return found

    async def open(self, scales: Sequence[cfg.Scale]) -> None:
        """Exactly these; what is open already stays so. One that cannot be made is left out."""
        self._looked_s = self._clock.now_s()
        async with self._turn:
            wanted = {scale.id: scale for scale in scales}
            for name in [n for n, one in self._open.items() if wanted.get(n) != one.settings]:
                await self._open.pop(name).scale.close()
            shop = await asyncio.to_thread(self.shop)
            for name, settings in wanted.items():
                if name not in self._open:
                    await self._begin(shop, settings)

    async def _begin(self, shop: Shop, settings: cfg.Scale) -> None:
        """As the only one of its shop: while it is looked for, the plan does not name it yet."""
        shop = replace(shop, config=shop.config.model_copy(update={"scales": (settings,)}))
        try:
            scale = await asyncio.to_thread(self._make, shop, settings, self._clock)
        except (ConfigInvalid, StoreguardError):
            return
        scale.start()
        self._open[settings.id] = _Open(settings, scale)

    async def close(self) -> None:
        async with self._turn:
            while self._open:
                _, one = self._open.popitem()
                await one.scale.close()

    # --- the bench -----------------------------------------------------------------------

    def live(self) -> Sequence[LiveScale]:
        self._looked_s = self._clock.now_s()
        return [_live(one, self._calibrations.get(one.settings.id)) for one in self._open.values()]

    async def lend(self, scale_id: str, listener: Listener, *, is_touched: bool) -> None:
        if scale_id not in self._open:
            raise StoreguardError(f"scale '{scale_id}': it is not being read")
        self._open[scale_id].listener = listener
        self._open[scale_id].is_lent = True

    async def take_back(self, scale_id: str, made: cfg.Calibration | None) -> None:
        one = self._open.get(scale_id)
        if one is not None:
            one.listener, one.is_lent = None, False
        if made is not None:
            self._calibrations = {**self._calibrations, scale_id: made}


def _live(one: _Open, calibration: cfg.Calibration | None) -> LiveScale:
    raw = None if one.newest is None else one.newest.raw
    grams = None
    if raw is not None and calibration is not None:
        grams = round((raw - calibration.tare_raw) / calibration.counts_per_g, 1)
    return LiveScale(one.settings.id, grams, raw, one.is_alive, one.settings.products, one.is_lent)
