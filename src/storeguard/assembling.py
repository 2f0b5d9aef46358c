"""Devices with all that works on their data: a camera becomes an eye, a scale a channel."""

import asyncio
import functools
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from storeguard.books.book import CsvBook
from storeguard.books.daily import DayRecords
from storeguard.books.deliveries import QuestionFile, RestockFile
from storeguard.books.journal import Journal
from storeguard.books.posexport import Columns
from storeguard.books.textlog import TextLog
from storeguard.books.unseensales import UnseenSales as UnseenRecords
from storeguard.books.waiting import WaitingFile
from storeguard.clock import Clock, is_clock_synced, utc_at
from storeguard.config import Camera, Config, Folders
from storeguard.domain.issue import IssueStore
from storeguard.domain.notice import Threshold
from storeguard.domain.retention import DAY_S, Keeping
from storeguard.domain.tampering import SHAKES
from storeguard.errors import OutboxFault
from storeguard.hardware import Hardware
from storeguard.health import Health
from storeguard.mode import Mode
from storeguard.orderly import Loop
from storeguard.outbox.diskspace import Cleaner
from storeguard.outbox.observer import IssueObserver
from storeguard.ports import Book, Reading
from storeguard.sections import Retention
from storeguard.services.asking import DeliveryQuestions
from storeguard.services.awaiting import SalesSources
from storeguard.services.bridging import ExportRule, PosBridge
from storeguard.services.bus import Bus
from storeguard.services.cleaning import CleaningService
from storeguard.services.evidence import EvidenceRoom
from storeguard.services.exhibits import ExhibitRoom, WeightTrails, low_priority
from storeguard.services.eye import Eye
from storeguard.services.restocking import Restocking
from storeguard.services.selling import Desk
from storeguard.services.tampering import GuardedArea, GuardedContact, TamperingService
from storeguard.services.tracing import TraceRecorder
from storeguard.services.unseen import UnseenSales
from storeguard.services.watching import WatchingService
from storeguard.viewinghold import AskedFor
from storeguard.vision.clipfile import about_clip
from storeguard.vision.encoding import Overlay, lead_s
from storeguard.vision.pictures import PictureKeeper
from storeguard.vision.recorder import ClipRecorder
from storeguard.vision.sighting import sight_with

Pinned = Callable[[], Collection[Path]]

log = logging.getLogger("storeguard")


def eyes(
    config: Config,
    hardware: Hardware,
    folders: Folders,
    health: Health,
    label: Callable[[float], str],
    clock: Clock,
    *,
    threaded: bool,
    has_room: Callable[[], bool] = lambda: True,
) -> list[Eye]:
    """Every camera with its detector and, where there are pictures to record, its recorder."""
    found = []
    for settings, (camera, detector) in zip(config.cameras, hardware.cameras, strict=True):
        sight = sight_with(detector, config.detector, settings.ignore_areas)
        masks = settings.privacy_masks
        eye = Eye(camera, sight, settings.watch_fps, masks)
        eye.deadline_s = config.detector.deadline_s
        if hardware.has_pictures:
            pulses = [health.pulse(f"{camera.id} clip {job}") for job in ("encoder", "publisher")]
            eye.recorder = ClipRecorder(
                folders.record,
                settings.record_size_px,
                settings.record_fps,
                config.visits.clip_s,
                label,
                pre_roll_s=config.recording.pre_roll_s,
                post_roll_s=config.recording.post_roll_s,
                overlay=Overlay(masks, _stamp(settings, label) if config.recording.stamp else None),
                about=_about(settings, clock),
                threaded=threaded,
                pulses=(pulses[0], pulses[1]),
                has_room=has_room,
            )
            eye.new_keeper = functools.partial(
                PictureKeeper, folders.record, label, masks=settings.privacy_masks
            )
        found.append(eye)
    return found


def _stamp(camera: Camera, label: Callable[[float], str]) -> Callable[[float], str]:
    """`2026-11-20 22:21:04.1  door`, with a ? where nobody has set the clock."""

    def stamp(t_s: float) -> str:
        at = label(t_s)
        doubt = "" if is_clock_synced() else " ?"
        return f"{at[:10]} {at[11:21].replace('-', ':')}{doubt}  {camera.id}"

    return stamp


def _about(camera: Camera, clock: Clock) -> Callable[[float], dict[str, str]]:
    def about(t_s: float) -> dict[str, str]:
        synced = is_clock_synced()
        return about_clip(utc_at(clock, t_s), camera.id, is_clock_synced=synced)

    return about


def exhibits(
    config: Config,
    hardware: Hardware,
    evidence: EvidenceRoom,
    bus: Bus,
    label: Callable[[float], str],
    mode: Mode,
) -> tuple[WeightTrails, ExhibitRoom]:
    """What issues show of each step. The trails are to be given all readings."""
    trails = WeightTrails(hardware.calibrations)
    worker = None
    if mode.threads:
        worker = ThreadPoolExecutor(1, thread_name_prefix="exhibits", initializer=low_priority)

    def clock(t_s: float) -> str:
        return label(t_s)[11:19].replace("-", ":")

    def title(t_s: float) -> str:
        return f"{config.store.id}   {label(t_s)[:10]}   {clock(t_s)}"

    room = ExhibitRoom(evidence, trails, bus, clock, title=title, executor=worker)
    return trails, room


def both(
    trails: WeightTrails, tracing: TraceRecorder | None
) -> Callable[[str, Sequence[Reading]], None]:
    """Who is given all readings of the scales."""

    def take(scale: str, readings: Sequence[Reading]) -> None:
        trails.on_readings(scale, readings)
        if tracing is not None:
            tracing.on_readings(scale, readings)

    return take


def tampering(
    config: Config,
    hardware: Hardware,
    watching: WatchingService,
    restocking: Restocking,
    bus: Bus,
    clock: Clock,
    health: Health,
) -> TamperingService:
    """Who touches the kiosk, or lingers at it."""
    shakes = {contact.id: 1 if contact.kind == "door" else SHAKES for contact in config.contacts}
    areas = zip(config.cameras, watching.eyes, strict=True)
    return TamperingService(
        [GuardedContact(contact, shakes[contact.id]) for contact in hardware.contacts],
        [GuardedArea(eye, camera.kiosk_area) for camera, eye in areas if camera.kiosk_area],
        bus,
        clock,
        health,
        dwell_s=config.tamper.dwell_s,
        is_staff_here=lambda: restocking.mode.who is not None,
    )


def unseen(
    config: Config,
    watching: WatchingService,
    journal: Journal,
    bus: Bus,
    clock: Clock,
    health: Health,
) -> UnseenSales:
    """Sales with nobody in the store."""
    grace_s = config.visits.payment_grace_s
    return UnseenSales(watching, UnseenRecords(journal), bus, clock, health, grace_s=grace_s)


def cleaner(
    config: Config,
    folders: Folders,
    pinned: Pinned = frozenset,
    clock: Clock | None = None,
    *,
    fsync: bool = True,
) -> Cleaner:
    """Of the store's disk. `pinned`: evidence of visits that are still to be judged."""
    return Cleaner(
        folders.record,
        folders.issue_data,
        folders.state,
        pinned=pinned,
        is_clock_trusted=is_clock_synced,
        cameras=len(config.cameras),
        keeping=_keeping(config.retention),
        utc=clock.utc if clock else None,
        held=AskedFor(folders.state, folders.record).clips,
        fsync=fsync,
    )


def _keeping(settings: Retention) -> Keeping:
    def share(gb: float | None) -> int | None:
        return None if gb is None else round(gb * 1e9)

    return Keeping(
        settings.clips_days * DAY_S,
        settings.issues_days * DAY_S,
        share(settings.clips_gb),
        share(settings.issues_gb),
    )


def cleaning(
    config: Config, folders: Folders, pinned: Pinned, clock: Clock, health: Health, *, fsync: bool
) -> CleaningService:
    """See `cleaner`."""
    return CleaningService(cleaner(config, folders, pinned, clock, fsync=fsync), clock, health)


def deliveries(
    kiosk: Book, folders: Folders, bus: Bus, clock: Clock, health: Health, *, fsync: bool
) -> tuple[Restocking, DeliveryQuestions]:
    """Restock mode, and the questions about what came without it."""
    state = folders.state
    kept, asked = (state / name for name in ("restock.json", "questions.json"))
    restocking = Restocking(kiosk, RestockFile(kept, fsync=fsync), bus, clock, health, state=state)
    return restocking, DeliveryQuestions(kiosk, QuestionFile(asked, fsync=fsync), bus, clock)


def sales_sources(
    config: Config,
    folders: Folders,
    clock: Clock,
    health: Health,
    leftovers: Sequence[Path],
    *,
    fsync: bool,
) -> SalesSources:
    """Who tells sales late, and the visits that wait for them."""
    return SalesSources(
        WaitingFile(folders.state / "waiting.json", clock, fsync=fsync),
        clock,
        health,
        grace_s=config.visits.payment_grace_s,
        leftovers=leftovers,
        lead_s=lead_s(config.recording.pre_roll_s),
        timezone=config.store.timezone,
    )


def pos_bridge(
    config: Config, base: Path, desk: Desk, kiosk: CsvBook, sales: SalesSources, health: Health
) -> Mapping[str, Loop]:
    """The loop over another maker's exports; none where no folder is configured."""
    pos = config.pos
    if pos.folder is None:
        return {}
    rule = ExportRule(
        base / pos.folder,
        Columns(**pos.columns.model_dump()),
        ZoneInfo(config.store.timezone),
        pos.time_format,
        by_newest=pos.complete == "newest",
        margin=timedelta(seconds=pos.margin_s),
    )
    return {"pos": PosBridge(rule, desk, kiosk, sales, health).run}


def tracer(
    folder: Path | None, bus: Bus, clock: Clock, sales: Callable[[], SalesSources]
) -> TraceRecorder | None:
    """Of `run --record`. `sales`: they are built later."""
    if folder is None:
        return None
    return TraceRecorder(folder, bus, clock, lambda: sales().complete_until_s)


def from_a_thread(call: Callable[[Path], None]) -> Callable[[Path], None]:
    """`call` for the observer's thread; made, and run, in the event loop."""
    loop = asyncio.get_running_loop()

    def later(folder: Path) -> None:
        loop.call_soon_threadsafe(call, folder)

    return later


def watch_issues(
    folder: Path, hand_over: Callable[[Path], None], health: Health
) -> IssueObserver | None:
    """A started observer; without one, folders that others put there wait for the next round."""
    observer = IssueObserver(folder, hand_over, health.pulse("issue observer"))
    try:
        observer.start()
    except OutboxFault as fault:
        log.warning(fault)
        return None
    return observer


def issue_store(config: Config) -> IssueStore:
    """The store as issues and messages name it."""
    store = config.store
    return IssueStore(store.id, store.name, store.language, store.timezone)


def days(config: Config, journal: Journal) -> DayRecords:
    """What the morning's report is made of."""
    cameras = frozenset(camera.id for camera in config.cameras)
    return DayRecords(journal, config.store.timezone, cameras)


def threshold(config: Config) -> Threshold:
    """Below it an issue is told in the digest."""
    return Threshold(config.notices.min_won, config.notices.min_certainty)


def event_log(
    config: Config, folders: Folders, clock: Clock, *, fsync: bool
) -> Callable[[Mapping[str, int]], None]:
    """Writes what is missing, product → units, into event.txt."""
    event_log = TextLog(folders.event_log, config.store.timezone, fsync=fsync)

    def missing(units: Mapping[str, int]) -> None:
        try:
            event_log.missing(clock.utc(), units)
        except OSError as error:  # the issue is sealed: its text log must not undo that
            where = folders.event_log
            log.warning("%s: cannot be written: %s; the issue is kept", where, error.strerror)

    return missing


def csv_book(
    config: Config,
    folders: Folders,
    journal: Journal,
    clock: Clock,
    name: str,
    csv: str,
    log_name: str,
    *,
    fsync: bool,
) -> CsvBook:
    """One inventory with its CSV and its text log, not loaded yet."""
    return CsvBook(
        name,
        folders.inventory / csv,
        journal,
        clock,
        changes=TextLog(folders.inventory / log_name, config.store.timezone, fsync=fsync),
        language=config.store.language,
        fsync=fsync,
    )
