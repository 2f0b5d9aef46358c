"""People who act in the simulated store: the ancestor's three demonstrations.

Each visit takes about 8 to 12 s. Pauses are slept on the event loop, whose time must run as fast as
the world's clock does.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Protocol

from storeguard.devices.sim.layout import KIOSK
from storeguard.devices.sim.world import World

BROWSES_S = 1.8
"""In all, before the shelves, until the hand goes out."""
PACKS_S = 0.2
TYPES_S = 1.0
READS_RECEIPT_S = 0.6
HESITATES_S = 2.4
"""Whoever does not pay looks around first."""


class Sell(Protocol):
    """The kiosk's desk: one product of the basket is paid."""

    def __call__(self, product: str, count: int) -> Awaitable[object]: ...


class Say(Protocol):
    """Tells the story as it happens: a sentence's key and its facts.

    `enters`, `leaves`: name; `takes`, `pays`: name, product, count.
    """

    def __call__(self, key: str, /, **facts: object) -> None: ...


def silence(key: str, /, **facts: object) -> None:
    """Tells nothing."""


class _Visitor:
    """One person's deeds, each awaited until it is done."""

    def __init__(self, world: World, name: str, say: Say) -> None:
        self._world = world
        self._name = name
        self._say = say

    async def enter(self) -> None:
        self._say("enters", name=self._name)
        await asyncio.sleep(self._world.enter(self._name))

    async def shop(self, basket: Mapping[str, int]) -> None:
        for product, count in basket.items():
            await self._take(product, count, BROWSES_S / len(basket))

    async def _take(self, product: str, count: int, looks_s: float) -> None:
        shelf = self._world.home_of(product)
        await asyncio.sleep(self._world.walk_to(shelf, self._name))
        await asyncio.sleep(looks_s)
        self._say("takes", name=self._name, product=product, count=count)
        await asyncio.sleep(self._world.take(product, count, by=self._name))
        await asyncio.sleep(PACKS_S)

    async def pay(self, sell: Sell, basket: Mapping[str, int]) -> None:
        await asyncio.sleep(self._world.walk_to(KIOSK, self._name))
        await asyncio.sleep(TYPES_S)
        for product, count in basket.items():
            await sell(product, count)
            self._say("pays", name=self._name, product=product, count=count)
        await asyncio.sleep(READS_RECEIPT_S)

    async def leave(self) -> None:
        leaves_in_s = self._world.leave(self._name)
        await asyncio.sleep(leaves_in_s)
        self._say("leaves", name=self._name)


async def honest_customer(
    world: World,
    sell: Sell,
    basket: Mapping[str, int],
    *,
    name: str = "honest",
    say: Say = silence,
) -> None:
    """Takes the basket's goods (product → count), pays for all of them, leaves."""
    await both_in_one_visit(world, sell, basket, paid=basket, name=name, say=say)


async def thief(
    world: World, basket: Mapping[str, int], *, name: str = "thief", say: Say = silence
) -> None:
    """Takes the basket's goods, hesitates, and leaves without paying."""
    visitor = _Visitor(world, name, say)
    await visitor.enter()
    await visitor.shop(basket)
    await asyncio.sleep(HESITATES_S)
    await visitor.leave()


async def both_in_one_visit(
    world: World,
    sell: Sell,
    basket: Mapping[str, int],
    *,
    paid: Mapping[str, int],
    name: str = "both",
    say: Say = silence,
) -> None:
    """Takes the basket's goods and pays for `paid`, a part of them."""
    visitor = _Visitor(world, name, say)
    await visitor.enter()
    await visitor.shop(basket)
    await visitor.pay(sell, paid)
    await visitor.leave()
