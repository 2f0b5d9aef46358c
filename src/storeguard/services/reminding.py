"""The weekly test, what came of issues, the second person, the morning's report."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from storeguard.clock import Clock
from storeguard.domain import reminding as rules
from storeguard.domain.issue import IssueStore
from storeguard.domain.telling import Kind, Notice
from storeguard.errors import FaultCode, JournalFault, OutboxFault
from storeguard.health import Health
from storeguard.messages import text
from storeguard.outbox.decisions import DECISION
from storeguard.outbox.folder import read_manifest
from storeguard.services.announcing import Announcer
from storeguard.services.outcomes import Outcomes
from storeguard.services.proposing import Proposals
from storeguard.services.telling import Box

ROUND_S = 10.0


class RemindingService:
    """`report` makes the notice about a day; None where no channel carries it.

    `escalate_after` None: nobody else is told. `tests`: the weekly test is wanted, and there is
    a way for it.
    """

    def __init__(
        self,
        box: Box,
        issue_root: Path,
        digests: Path,
        announcer: Announcer,
        outcomes: Outcomes,
        proposals: Proposals,
        store: IssueStore,
        clock: Clock,
        health: Health,
        *,
        tests: bool,
        escalate_after: timedelta | None,
        report: Callable[[date], Awaitable[Notice]] | None,
    ) -> None:
        self._box = box
        self._issue_root = issue_root
        self._digests = digests
        self._announcer = announcer
        self._outcomes = outcomes
        self._proposals = proposals
        self._store = store
        self._clock = clock
        self._health = health
        self._tests = tests
        self._escalate_after = escalate_after
        self._report = report
        self._zone = ZoneInfo(store.timezone)

    async def run(self) -> None:
        part = self._health.part("reminding")
        while True:
            try:
                await self._run_once()
            except (OutboxFault, JournalFault) as fault:
                part.failed(fault)
            else:
                part.ok()
            await asyncio.sleep(ROUND_S)

    async def _run_once(self) -> None:
        await self._outcomes.tell()
        await self._proposals.tell()
        local = self._clock.utc().astimezone(self._zone)
        if self._tests:
            await self._test(local)
        if self._escalate_after is not None:
            await self._escalate(self._escalate_after)
        if self._report is not None and local.hour >= rules.REPORT_HOUR:
            await self._send_report(self._report, local.date() - timedelta(days=1))

    async def _test(self, local: datetime) -> None:
        test_id = rules.weekly_id(local)
        if test_id is not None and not await asyncio.to_thread(self._box.has, test_id):
            said = text(self._store.language, "notice.test")
            await self._announcer.seal(Kind.TEST, said, notice_id=test_id)
        unanswered = await asyncio.to_thread(self._unanswered)
        part = self._health.part("test notice")
        if unanswered:
            part.failed(f"{unanswered[0]}: nobody answered", code=FaultCode.TEST_UNANSWERED)
        else:
            part.ok()

    def _unanswered(self) -> Sequence[str]:
        notices = self._box.notices()
        answered = {one.id for one in notices if self._box.acknowledged(one.id) is not None}
        return rules.unanswered_tests(notices, answered, self._clock.utc())

    async def _escalate(self, after: timedelta) -> None:
        for notice in await asyncio.to_thread(self._unopened, after):
            headline = notice.text.partition("\n")[0]
            about = await asyncio.to_thread(self._manifest_of, notice.id)
            await self._announcer.seal(
                Kind.ESCALATION,
                text(self._store.language, "notice.escalation", said=headline),
                notice_id=f"escalated-{notice.id}",
                about=about,
                lines=about["lines"],
                to="second",
            )

    def _manifest_of(self, notice_id: str) -> dict[str, Any]:
        roots = (self._issue_root, self._digests)
        return read_manifest(next(r / notice_id for r in roots if (r / notice_id).is_dir()))

    def _unopened(self, after: timedelta) -> tuple[Notice, ...]:
        notices, now = self._box.notices(), self._clock.utc()
        recent = [n for n in notices if now - n.made_at < rules.ESCALATED_FOR]
        opened = frozenset(one.id for one in recent if self._is_opened(one))
        waiting = rules.to_escalate(recent, opened, now, after)
        untold = (n for n in waiting if not self._box.has(f"escalated-{n.id}"))
        return tuple(n for n in untold if any(map(self._outcomes.has_left, n.issues)))

    def _is_opened(self, notice: Notice) -> bool:
        if self._box.acknowledged(notice.id) is not None:
            return True
        return any((self._issue_root / issue / DECISION).exists() for issue in notice.issues)

    async def _send_report(self, report: Callable[[date], Awaitable[Notice]], day: date) -> None:
        since = await asyncio.to_thread(self._box.since, self._clock.utc())
        if day < since.astimezone(self._zone).date():
            return  # nobody was here yet to see that day
        if not await asyncio.to_thread(self._box.has, report_id(day)):
            await self._announcer.put(await report(day))


def report_id(day: date) -> str:
    return f"report-{day.isoformat()}"
