"""What a restart must not forget of the shelves: each scale's zero, and goods in foreign places."""

import asyncio
from collections.abc import Mapping

from storeguard.ports import GuestMemory, ZeroMemory


class ShelfMemory:
    """Both memories as they were last read or written."""

    def __init__(self, zeros: ZeroMemory, guests: GuestMemory) -> None:
        self._zero_memory = zeros
        self._guest_memory = guests
        self._zeros: dict[str, float] = {}
        self._guests: dict[str, Mapping[str, int]] = {}

    async def load(self) -> Mapping[str, float]:
        """Returns the zeros."""
        self._zeros = dict(await asyncio.to_thread(self._zero_memory.load))
        self._guests = dict(await asyncio.to_thread(self._guest_memory.load))
        return self._zeros

    def zero_g(self, scale: str) -> float | None:
        return self._zeros.get(scale)

    async def keep_zeros(self, found: Mapping[str, float]) -> None:
        """Scale → grams."""
        self._zeros |= {scale: round(zero_g, 2) for scale, zero_g in found.items()}
        await asyncio.to_thread(self._zero_memory.save, dict(self._zeros))

    async def forget_zero(self, scale: str) -> None:
        """Of another calibration. Twice: nor may the generation before bring it back."""
        self._zeros.pop(scale, None)
        for _ in range(2):
            await asyncio.to_thread(self._zero_memory.save, dict(self._zeros))

    def away(self, product: str) -> int:
        """Units of it that lie on foreign scales."""
        return sum(units.get(product, 0) for units in self._guests.values())

    def guests_on(self, scale: str) -> Mapping[str, int]:
        """Product → units of a foreign one that lie there."""
        return self._guests.get(scale, {})

    async def keep_guests(self, found: Mapping[str, Mapping[str, int]]) -> None:
        """`found`: scale → all foreign goods on it; a scale that is not named keeps its own."""
        guests = {s: units for s, units in (self._guests | dict(found)).items() if units}
        if guests != self._guests:
            await asyncio.to_thread(self._guest_memory.save, guests)
            self._guests = guests
