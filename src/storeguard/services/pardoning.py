"""Issues that fit a promotion which is proposed by now: taken back, and the owner told once."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from storeguard.clock import Clock
from storeguard.domain.events import IssueAmended, PromotionProposed
from storeguard.domain.loss import BY_PROMOTION
from storeguard.domain.patterns import Proposal, Seen, explained
from storeguard.domain.product import Stock
from storeguard.services.bus import Bus

log = logging.getLogger("storeguard")


class Pardoned(Protocol):
    """Units of an issue that fit a promotion; `is_new`: noted just now."""

    @property
    def issue_id(self) -> str: ...
    @property
    def product(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def is_new(self) -> bool: ...


class PardonRecord(Protocol):
    """Where issues are amended (the journal). Blocks; raises JournalFault."""

    def pardon(self, name: str, units: Mapping[str, Stock]) -> Sequence[Pardoned]:
        """`units`: visit → units that the promotion `name` explains. All that it has taken back."""

    def take_back(self, name: str) -> Sequence[str]:
        """Ids of the issues that stand again, for `name` is no promotion."""


class Pardons:
    """Nobody stays accused of what a promotion explains, unless the owner says otherwise."""

    def __init__(self, record: PardonRecord, bus: Bus, clock: Clock) -> None:
        self._record = record
        self._bus = bus
        self._clock = clock
        self._issues: dict[str, tuple[str, ...]] = {}

    def issues_of(self, name: str) -> tuple[str, ...]:
        """Ids of the issues that a proposed promotion has taken back, in part at least."""
        return self._issues.get(name, ())

    async def settle(
        self, history: Sequence[Seen], proposals: Sequence[Proposal], new: Sequence[str]
    ) -> tuple[Pardoned, ...]:
        """What is taken back now; `new`: names that the owner was never asked about.

        A second call repeats nothing. Raises JournalFault.
        """
        fresh: list[Pardoned] = []
        for one in proposals:
            units = explained(history, one)
            found = await asyncio.to_thread(self._record.pardon, one.name, units)
            self._issues[one.name] = tuple(dict.fromkeys(pardon.issue_id for pardon in found))
            for pardon in (pardon for pardon in found if pardon.is_new):
                fresh.append(pardon)
                self._amended(pardon, one.name)
            if one.name in new:
                now_s = self._clock.now_s()
                self._bus.publish(PromotionProposed(now_s, one, self._issues[one.name]))
        return tuple(fresh)

    def _amended(self, pardon: Pardoned, name: str) -> None:
        mark = f"{BY_PROMOTION}{name}"
        now_s = self._clock.now_s()
        self._bus.publish(IssueAmended(now_s, pardon.issue_id, pardon.product, pardon.count, mark))

    async def take_back(self, name: str) -> None:
        """The owner has said that it is no promotion."""
        standing = await asyncio.to_thread(self._record.take_back, name)
        self._issues.pop(name, None)
        if standing:
            log.info("promotions: '%s' is none, these issues stand: %s", name, ", ".join(standing))
