"""The board's power supply → health: under-voltage makes scales and cameras lie."""

import asyncio
from collections.abc import Callable

from storeguard.devices.power import UNDER_VOLTAGE
from storeguard.errors import FaultCode
from storeguard.health import Health

ROUND_S = 30.0


class PoweringService:
    """Asks the board every half minute. `flags` blocks; None where the board does not tell."""

    def __init__(self, flags: Callable[[], int | None], health: Health) -> None:
        self._flags = flags
        self._health = health

    async def run(self) -> None:
        """Asks until it is cancelled, or learns that this board does not tell."""
        while True:
            if not await self._run_once():
                return
            await asyncio.sleep(ROUND_S)

    async def _run_once(self) -> bool:
        """Returns whether it is worth while to ask again."""
        flags = await asyncio.to_thread(self._flags)
        if flags is None:
            return False
        part = self._health.part("power")
        if flags & UNDER_VOLTAGE:
            why = f"under-voltage (throttled=0x{flags:x}); use a better supply and a short cable"
            part.failed(why, code=FaultCode.POWER_LOW)
        else:
            part.ok()
        return True
