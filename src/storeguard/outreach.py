"""All that speaks with the owner beside the SMS of an issue: built here, joined in app.py."""

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from storeguard import __version__
from storeguard.assembling import days, issue_store
from storeguard.books.journal import Journal
from storeguard.books.records import IssueRecords
from storeguard.clock import Clock, is_clock_synced
from storeguard.config import Config, Folders
from storeguard.domain.events import Event, IssueSealed
from storeguard.domain.issue import IssueStore
from storeguard.domain.reminding import is_quiet
from storeguard.health import Health
from storeguard.mode import DIGESTS, Mode
from storeguard.notify.opening import open_channel
from storeguard.orderly import Loop
from storeguard.outbox.noticebox import NOTICES, NoticeBox
from storeguard.outbox.s3 import object_store
from storeguard.ports import ObjectStore
from storeguard.services.alarming import AlarmingService, alarms_in
from storeguard.services.announcing import Announcer
from storeguard.services.bus import Bus
from storeguard.services.linking import LinkingService
from storeguard.services.outcomes import Outcomes
from storeguard.services.proposing import Proposals
from storeguard.services.remarking import Remark
from storeguard.services.reminding import RemindingService
from storeguard.services.reporting import Reporter
from storeguard.services.telling import TellingService, Way
from storeguard.services.uploading import UploadingService
from storeguard.statefile import StateFile


def ways(config: Config, environment: Mapping[str, str] = os.environ) -> list[Way]:
    """The configured channels; their addresses are looked up when they are first needed."""
    return [
        Way(
            one.id,
            functools.partial(open_channel, one.id, environment),
            one.to,
            one.tells,
            one.picture,
        )
        for one in config.notices.channels
    ]


def notice_box(folders: Folders, *, fsync: bool = True) -> NoticeBox:
    return NoticeBox(folders.state / NOTICES, fsync=fsync)


class Outreach:
    """Channels, fault notices, reminders, and the link to the cloud."""

    def __init__(
        self,
        config: Config,
        folders: Folders,
        bus: Bus,
        clock: Clock,
        health: Health,
        remarks: Callable[..., Iterable[Remark]],
        journal: Journal,
        mode: Mode,
        *,
        adopt_folder: Callable[[str], IssueSealed] | None,
    ) -> None:
        self._config = config
        self._folders = folders
        self._clock = clock
        self._health = health
        self._mode = mode
        self._bus = bus
        self._journal = journal
        self._days = days(config, journal)
        self._store = issue_store(config)
        self._digests = folders.state / DIGESTS
        self._objects = self._bucket() if mode.outside else None
        self._box = notice_box(folders, fsync=mode.fsync)
        self.uploading = self._uploading(adopt_folder)
        self.telling = TellingService(
            (folders.issue_data, self._digests),
            self._box,
            ways(config),
            clock,
            health,
            is_text_only=config.notices.text_only,
        )
        announcer = Announcer(
            self._digests,
            self._store,
            clock,
            self.telling,
            is_clock_synced=is_clock_synced,
            on_sealed=self.hand_over,
            fsync=mode.fsync,
        )
        self._alarming = self._alarms(announcer, remarks)
        self._reminding = self._reminders(announcer)
        bus.subscribe(self._on_event)
        self._linking = (
            None if self._objects is None else self._link(self._objects, guards=mode.guards)
        )

    def _uploading(self, adopt_folder: Callable[[str], IssueSealed] | None) -> UploadingService:
        return UploadingService(
            self._folders.issue_data,
            self._store.id,
            self._objects,
            self._bus,
            self._clock,
            self._health,
            adopt_folder=adopt_folder,
            digests=self._digests,
            is_text_only=self._config.notices.text_only,
        )

    def _alarms(
        self, announcer: Announcer, remarks: Callable[..., Iterable[Remark]]
    ) -> AlarmingService:
        return AlarmingService(
            self._health,
            lambda: remarks(self._clock.now_s(), is_clock_synced=is_clock_synced()),
            announcer,
            self._store,
            self._clock,
            StateFile(
                self._folders.state / "alarms.json",
                functools.partial(alarms_in, clock=self._clock),
                without="faults that last are told once more",
                fsync=self._mode.fsync,
            ),
            kinds=_kinds(self._config),
            is_safe_mode=not self._mode.guards,
            is_quiet=self._is_quiet,
        )

    def _reminders(self, announcer: Announcer) -> RemindingService:
        return RemindingService(
            self._box,
            self._folders.issue_data,
            self._digests,
            announcer,
            self._outcomes(announcer),
            Proposals(announcer, self._store, self._bus, self._clock),
            self._store,
            self._clock,
            self._health,
            tests=self._config.notices.weekly_test and self.is_heard,
            escalate_after=self._escalate_after,
            report=self._reporter(self._store),
        )

    def _outcomes(self, announcer: Announcer) -> Outcomes:
        zone = ZoneInfo(self._store.timezone)
        return Outcomes(
            self._folders.issue_data,
            self._digests,
            announcer,
            self._store,
            IssueRecords(self._journal),
            self._bus,
            self._clock,
            is_quiet=lambda: self._is_quiet(self._clock.utc().astimezone(zone)),
        )

    @property
    def is_heard(self) -> bool:
        """Is there any way to the owner?"""
        return self._objects is not None or bool(self._config.notices.channels)

    def loops(self) -> dict[str, Loop]:
        """Name → loop, the uploading last; nothing is said where there is no way to the owner."""
        if not self.is_heard:
            return {"uploading": self.uploading.run}
        found: dict[str, Loop] = {
            "telling": self.telling.run,
            "alarming": self._alarming.run,
            "reminding": self._reminding.run,
        }
        if self._linking is not None:
            found["linking"] = self._linking.run
        return found | {"uploading": self.uploading.run}

    @property
    def _escalate_after(self) -> timedelta | None:
        minutes = self._config.notices.escalate_after_min
        return None if minutes is None else timedelta(minutes=minutes)

    def hand_over(self) -> None:
        """A message was sealed that is no issue's."""
        self.uploading.hand_over()
        self.telling.hand_over()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, IssueSealed):
            self.telling.hand_over()

    def _is_quiet(self, local: datetime) -> bool:
        return is_quiet(local, self._config.notices.quiet_hours)

    def _reporter(self, store: IssueStore) -> Reporter | None:
        """None where no channel carries reports."""
        if not any("reports" in one.tells for one in self._config.notices.channels):
            return None
        return Reporter(self._days, store, self._clock)

    def _bucket(self) -> ObjectStore | None:
        return object_store(self._config.upload, lambda: self.uploading.is_moving())

    def _link(self, objects: ObjectStore, *, guards: bool) -> LinkingService:
        return LinkingService(
            self._folders.issue_data,
            self._store,
            objects,
            self._clock,
            self._health,
            version=__version__,
            guards=guards,
            is_holding=lambda: self.uploading.is_holding,
            cameras=frozenset(camera.id for camera in self._config.cameras),
            title_of=self._alarming.title_of,
            on_seen=self._seen,
            blind_s=self._days.blind_s,
        )

    def _seen(self, notice_id: str, by: str) -> None:
        """Called in the link's worker, which may block."""
        self._box.acknowledge(notice_id, by or "cloud", self._clock.utc())


def _kinds(config: Config) -> dict[str, str]:
    scales = {scale.id: "scale" for scale in config.scales}
    return scales | {camera.id: "camera" for camera in config.cameras}
