"""What the console does with notices: a look at an issue stops its escalation, a test is answered.

Implements web.desks.NoticeDesk.
"""

import logging
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from storeguard.domain.telling import Kind
from storeguard.errors import OutboxFault
from storeguard.outbox.noticebox import NoticeBox
from storeguard.services.telling import TellingService
from storeguard.web.desks import WaitingTest

log = logging.getLogger("storeguard")


class NoticeDesk:
    """`box` is the one that `telling` works on."""

    def __init__(self, telling: TellingService, box: NoticeBox, timezone: str) -> None:
        self._telling = telling
        self._box = box
        self._zone = ZoneInfo(timezone)

    async def opened(self, issue_id: str, by: str) -> None:
        try:
            await self._telling.opened(issue_id, by)
        except OutboxFault as fault:  # the page is worth more than what stops a second message
            log.warning(fault)

    async def acknowledge(self, notice_id: str, by: str) -> bool:
        return await self._telling.acknowledge(notice_id, by)

    def unanswered(self) -> Sequence[WaitingTest]:
        tests = [one for one in self._box.notices() if one.kind is Kind.TEST]
        return [
            WaitingTest(one.id, f"{one.made_at.astimezone(self._zone):%m-%d %H:%M}")
            for one in tests
            if self._box.acknowledged(one.id) is None
        ]
