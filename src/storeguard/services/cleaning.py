"""Disk space → given back: old evidence goes, a reserve is kept, clips pause when it is gone."""

import asyncio
import logging

from storeguard.clock import Clock
from storeguard.errors import FaultCode
from storeguard.health import Health
from storeguard.outbox.diskspace import Cleaned, Cleaner

ROUND_S = 1.0
CLEANED_EVERY_S = 300.0
AGAIN_S = 10.0
"""As long as there is no room."""

LONGEST_SILENCE_S = 120.0
"""A slow card takes its time to delete a thousand clips."""

log = logging.getLogger("storeguard")


class CleaningService:
    """Cleans at the start, every five minutes, and at once when the disk is full."""

    def __init__(self, cleaner: Cleaner, clock: Clock, health: Health) -> None:
        self._cleaner = cleaner
        self._clock = clock
        self._health = health
        self._part = health.part("disk")
        self._has_room = True
        self._due_s = float("-inf")
        self._said: str | None = None
        health.on_full = self.hurry

    def has_room(self) -> bool:
        """May clips be recorded? Safe in any thread."""
        return self._has_room

    def hurry(self) -> None:
        """Somebody has been told that the disk is full."""
        if self._has_room:
            self._due_s = float("-inf")

    async def run(self) -> None:
        """Cleans until it is cancelled. What the disk refuses is tried again."""
        self._health.part("disk", longest_s=LONGEST_SILENCE_S)
        await asyncio.to_thread(self._cleaner.load)
        while True:
            try:
                await self._run_once()
            except OSError as error:
                self._due_s = self._clock.now_s() + AGAIN_S
                why = f"the disk cannot be cleaned: {error}; replace the card if it goes on"
                self._tell(why, FaultCode.DISK_FAILING)
            self._part.alive()
            await asyncio.sleep(ROUND_S)

    async def _run_once(self) -> None:
        is_urgent = await asyncio.to_thread(self._is_urgent)
        if not is_urgent and self._clock.now_s() < self._due_s:
            return
        cleaned = await asyncio.to_thread(self._cleaner.clean, self._clock.now_s())
        self._has_room = cleaned.has_room
        self._due_s = self._clock.now_s() + (CLEANED_EVERY_S if cleaned.has_room else AGAIN_S)
        _note(cleaned)
        self._tell(*_trouble(cleaned))

    def _is_urgent(self) -> bool:
        """Is there news that cannot wait for the next round?"""
        is_full = self._has_room and self._cleaner.ballast.is_needed()
        return is_full or (self._said is None and self._cleaner.is_read_only())

    def _tell(self, trouble: str | None, code: FaultCode) -> None:
        """Each trouble once: 'little space' may become 'none' without being over."""
        before, self._said = self._said, trouble
        if trouble is None:
            self._part.ok()
        else:
            self._part.failed(trouble, code=code, is_said=True)
        if trouble != before:
            log.warning("disk: %s", f"{code} {trouble}" if trouble else "all is well again")


def _note(cleaned: Cleaned) -> None:
    plan = cleaned.plan
    reasons = (
        ("their time is over", plan.by_age),
        ("more than their share", plan.over_share),
        ("space was needed", plan.for_space),
    )
    for why, items in reasons:
        if items:
            names = items[0].name, items[-1].name
            log.info("disk: deleted %d (%s), %s to %s", len(items), why, *names)


def _trouble(cleaned: Cleaned) -> tuple[str | None, FaultCode]:
    """Worst first. Only edges are told, so the text holds nothing that changes each round."""
    if cleaned.volume.is_read_only:
        return "the disk has become read-only; replace the card", FaultCode.DISK_READ_ONLY
    if not cleaned.has_room:
        return (
            "no space left; clips pause, weighing, sales and issues go on; "
            "delete something, or connect the bucket: what is not uploaded is never deleted"
        ), FaultCode.DISK_FULL
    if not cleaned.plan.is_enough:
        why = "less than an hour of recording fits, and nothing may be deleted"
        return why, FaultCode.DISK_LOW
    if cleaned.plan.refused:
        why = f"nothing is deleted for its age: {cleaned.plan.refused}"
        return why, FaultCode.CLEANING_REFUSED
    return None, FaultCode.OTHER
