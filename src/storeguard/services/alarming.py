"""Faults → notices: at the edge and at the end, by SMS and on every channel."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from storeguard.clock import Clock
from storeguard.domain import alarms as rules
from storeguard.domain.alarms import Alarm, Alarms, Edge, Trouble
from storeguard.domain.issue import IssueStore
from storeguard.domain.telling import Kind, Notice
from storeguard.errors import FaultCode, JournalFault, OutboxFault
from storeguard.health import Health, PartHealth
from storeguard.messages import fault_text, fault_title, text
from storeguard.services.announcing import Announcer
from storeguard.services.bookkeeping import BOOKS
from storeguard.services.letters import page
from storeguard.services.remarking import Remark
from storeguard.statefile import StateFile

ROUND_S = 5.0

log = logging.getLogger("storeguard")


class AlarmingService:
    """`kinds`: device → scale or camera, for its title. `is_safe_mode`: only half of it runs."""

    def __init__(
        self,
        health: Health,
        remarks: Callable[[], Iterable[Remark]],
        announcer: Announcer,
        store: IssueStore,
        clock: Clock,
        memory: StateFile[Alarms],
        *,
        kinds: Mapping[str, str],
        is_safe_mode: bool = False,
        is_quiet: Callable[[datetime], bool] = lambda _: False,
    ) -> None:
        self._health = health
        self._remarks = remarks
        self._announcer = announcer
        self._store = store
        self._clock = clock
        self._memory = memory
        self._kinds = kinds
        self._is_safe_mode = is_safe_mode
        self._is_quiet = is_quiet
        self._alarms = Alarms({}, {})
        self._saved: object = None

    async def run(self) -> None:
        kept = await asyncio.to_thread(self._memory.load)
        self._alarms = kept or self._alarms
        part = self._health.part("alarming")
        while True:
            try:
                await self._run_once()
            except (OutboxFault, JournalFault, OSError) as fault:
                part.failed(fault)
            else:
                part.ok()
            await asyncio.sleep(ROUND_S)

    async def _run_once(self) -> None:
        now_s, now = self._clock.now_s(), self._clock.utc()
        local = now.astimezone(ZoneInfo(self._store.timezone))
        alarms, edges = rules.advance(
            self._alarms, self._troubles(), now_s, now, is_quiet=self._is_quiet(local)
        )
        for edge in edges:
            await self._tell(edge)
        self._alarms = alarms
        said = _said(alarms)
        if said != self._saved:
            await asyncio.to_thread(self._memory.save, said)
            self._saved = said

    def _troubles(self) -> Iterable[Trouble]:
        if self._is_safe_mode:
            yield self._trouble("start", "start", FaultCode.SAFE_MODE)
        for part in self._health.faults:
            if part.code is not FaultCode.OTHER or part.name in BOOKS:
                yield self._of_part(part)
        for remark in self._remarks():
            key = f"{remark.device} {remark.code}"
            yield self._trouble(key, remark.device, remark.code, remark.since_s, remark.values)

    def _of_part(self, part: PartHealth) -> Trouble:
        said = fault_text(self._store.language, part.code, part.why or "")
        return Trouble(part.name, part.code, self.title_of(part), said, part.failed_since_s)

    def title_of(self, part: PartHealth) -> str:
        """Which part it is, in the owner's words."""
        return fault_title(self._store.language, *self._named(part.name))

    def _named(self, part: str) -> tuple[str, str]:
        """The device of a part, and its kind for the title."""
        if part.startswith("channel "):
            return part.removeprefix("channel "), "channel"
        if part.endswith(" sight"):
            return part.removesuffix(" sight"), "sight"
        return part, self._kinds.get(part, "")

    def _trouble(
        self,
        key: str,
        device: str,
        code: FaultCode,
        since_s: float | None = None,
        values: Mapping[str, object] | None = None,
    ) -> Trouble:
        language = self._store.language
        title = fault_title(language, device, self._kinds.get(device, ""))
        return Trouble(key, code, title, fault_text(language, code, "", **(values or {})), since_s)

    async def _tell(self, edge: Edge) -> None:
        trouble, kind = edge.alarm.trouble, Kind.RECOVERED if edge.is_over else Kind.FAULT
        said = self._words(edge)
        log.info("the owner is told: %s", said)
        if edge.has_sms:
            await self._announcer.seal(kind, said)
            return
        now = self._clock.utc()
        subject = text(self._store.language, "notice.subject", store=self._store.name, said=said)
        at = f"{now.astimezone(ZoneInfo(self._store.timezone)):%Y-%m-%d %H:%M}"
        notice_id = f"{kind}-{trouble.code}-{now:%Y%m%dT%H%M%S}"
        await self._announcer.put(
            Notice(notice_id, kind, now, subject, f"{said}\n{at}", page(said, at))
        )

    def _words(self, edge: Edge) -> str:
        language, trouble = self._store.language, edge.alarm.trouble
        if not edge.is_over:
            return text(language, "notice.fault", title=trouble.title, said=trouble.said)
        lasted = _lasted(language, edge.lasted_s)
        return text(language, "notice.recovered", title=trouble.title, lasted=lasted)


def _lasted(language: str, seconds: float) -> str:
    if seconds < 2 * 3600:
        return text(language, "notice.minutes", minutes=max(1, round(seconds / 60)))
    return text(language, "notice.hours", hours=round(seconds / 3600))


def _said(alarms: Alarms) -> dict[str, Any]:
    """What outlives a restart: what was told, and when."""
    told = {key: one for key, one in alarms.watched.items() if one.told_at is not None}
    return {
        "told": {key: _alarm_said(alarm) for key, alarm in told.items()},
        "told_at": {key: at.isoformat() for key, at in alarms.told_at.items()},
    }


def _alarm_said(alarm: Alarm) -> dict[str, Any]:
    trouble = alarm.trouble
    return {
        "code": trouble.code.value,
        "title": trouble.title,
        "said": trouble.said,
        "since": alarm.since.isoformat(),
        "told_at": alarm.told_at.isoformat() if alarm.told_at else None,
    }


def alarms_in(content: Any, clock: Clock) -> Alarms:
    """What `state/alarms.json` says; its times become monotonic ones of this process."""
    now_s, now = clock.now_s(), clock.utc()
    watched = {}
    for key, said in content["told"].items():
        since, told = (datetime.fromisoformat(said[name]) for name in ("since", "told_at"))
        trouble = Trouble(key, FaultCode(said["code"]), str(said["title"]), str(said["said"]))
        since_s = now_s - (now - since).total_seconds()
        watched[key] = Alarm(trouble, since_s, since, told)
    told_at = {key: datetime.fromisoformat(at) for key, at in content["told_at"].items()}
    return Alarms(watched, told_at)
