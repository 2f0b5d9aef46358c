"""How long people take from the shelf to the kiosk: learned as they pay, over restarts."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from math import inf
from typing import Protocol

from storeguard.clock import Clock
from storeguard.domain.ledger import Visit
from storeguard.domain.overdue import MOST_DELAYS, delays_s, patience_of

LEARNED_EVERY_S = 60.0
"""A visit of hours is gone through whole to learn from it; it goes on meanwhile."""

SAVED_EVERY_S = 600.0
"""A card wears out; ten minutes of payments are soon learned again."""


class DelayMemory(Protocol):
    """The delays that were learned, over restarts."""

    def load(self) -> Sequence[float]:
        """Seconds, the oldest first."""

    def save(self, delays: Sequence[float]) -> None:
        """Durable when it returns; blocks. Raises JournalFault."""


class PaymentDelays:
    """The delays of the last payments, and how long to wait for the next."""

    def __init__(self, memory: DelayMemory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._known: deque[float] = deque(memory.load(), maxlen=MOST_DELAYS)
        self._visit_s = self._learned_s = -inf
        self._taught: Counter[float] = Counter()
        self._is_new = False
        self._saved_s = -inf

    @property
    def patience_s(self) -> float:
        return patience_of(self._known)

    def learn(self, visit: Visit, until_s: float = inf) -> None:
        """What the visit's payments until then teach; each is taken once, however often asked.

        Of a visit that goes on, once a minute; without `until_s` at once.
        """
        now_s = self._clock.now_s()
        if visit.started_s != self._visit_s:
            self._visit_s, self._taught = visit.started_s, Counter()
        elif until_s < inf and now_s - self._learned_s < LEARNED_EVERY_S:
            return
        self._learned_s = now_s
        found = Counter(delays_s(visit, until_s))
        new = found - self._taught
        self._known.extend(new.elements())
        self._taught = found | self._taught
        self._is_new = self._is_new or bool(new)

    async def write_down(self) -> None:
        """The share of disk of what was learned."""
        now_s = self._clock.now_s()
        if self._is_new and now_s - self._saved_s >= SAVED_EVERY_S:
            await asyncio.to_thread(self._memory.save, tuple(self._known))
            self._is_new, self._saved_s = False, now_s
