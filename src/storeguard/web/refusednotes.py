"""Refused sign-ins in the access log: few enough that they push nothing else out of it."""

import asyncio
import logging
from collections.abc import Callable

from storeguard.domain.reviewing import REFUSED
from storeguard.web.desks import IssueDesk
from storeguard.web.door import Door
from storeguard.web.passwords import NotLetIn, known_as
from storeguard.web.throttle import Throttle

MOST, WITHIN_S = 30, 3600.0
EVERYBODY = "all"
UNKNOWN = "?"

logger = logging.getLogger("storeguard")


class RefusedNotes:
    """`log` None: there is no log to note anything in, as in safe mode."""

    def __init__(self, door: Door, log: IssueDesk | None, now_s: Callable[[], float]) -> None:
        self._door = door
        self._log = log
        self._noted = Throttle(MOST, WITHIN_S, now_s)

    async def note(self, name: str, source: str) -> None:
        """A name that nobody has is not kept: it may be a password in the wrong field."""
        if self._log is None or self._noted.wait_s(EVERYBODY) > 0:
            return
        self._noted.note(EVERYBODY)
        try:
            await asyncio.to_thread(self._log.looked, self._known(name), REFUSED, source)
        except OSError as error:  # who is refused is refused all the same
            logger.warning("access log: a refused sign-in is not noted: %s", error.strerror)

    def _known(self, name: str) -> str:
        try:
            known = known_as(name)
        except NotLetIn:
            return UNKNOWN
        return known if any(one.name == known for one in self._door.accounts) else UNKNOWN
