"""Single units that come and go are weighings of them: what they say is kept for the owner."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from storeguard.domain.events import Event, StepSettled, StockChanged
from storeguard.domain.learning import Learnt, learn
from storeguard.errors import JournalFault
from storeguard.services.bus import Bus

WRITTEN_EVERY_S = 600.0
"""What a crash loses of a few weighings is not worth a card."""

log = logging.getLogger("storeguard")


class LearntMemory(Protocol):
    """What was learnt, over restarts. Blocks; raises JournalFault."""

    def load(self) -> Mapping[str, Learnt]:
        """Product → what is known of it."""

    def save(self, learnt: Mapping[str, Learnt]) -> None:
        """Durable when it returns."""


class UnitLearning:
    """Listens to counted steps of one unit. `written_g`: a product's unit weight now."""

    def __init__(
        self, bus: Bus, memory: LearntMemory, written_g: Callable[[str], float | None]
    ) -> None:
        self._memory = memory
        self._written_g = written_g
        self._known: dict[str, Learnt] = {}
        self._steps: dict[str, StepSettled] = {}
        self._is_new = False
        bus.subscribe(self._on_event)

    async def run(self) -> None:
        """Writes down what is new now and then, and at the end."""
        self._known |= await asyncio.to_thread(self._memory.load)
        try:
            while True:
                await asyncio.sleep(WRITTEN_EVERY_S)
                await self._run_once()
        finally:
            await self._run_once()

    async def _run_once(self) -> None:
        if not self._is_new:
            return
        try:
            await asyncio.to_thread(self._memory.save, dict(self._known))
            self._is_new = False
        except JournalFault as fault:  # it is told by whoever must write; the next round tries
            log.debug(fault)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StepSettled):
            self._steps[event.scale] = event
        elif isinstance(event, StockChanged):
            self._weigh(event)

    def _weigh(self, event: StockChanged) -> None:
        is_single = abs(event.after - event.before) == 1 and event.unclear_since_s is None
        is_clear = event.certain and not event.is_first and not event.is_foreign
        written_g, step = self._written_g(event.product), self._steps.get(event.scale)
        if not (is_single and is_clear and written_g and step):
            return
        if step.started_s != event.started_s:  # of another step: not its weight alone
            return
        known = self._known.get(event.product, Learnt())
        self._known[event.product] = learn(known, abs(step.grams), written_g, step.sigma_g)
        self._is_new = True
