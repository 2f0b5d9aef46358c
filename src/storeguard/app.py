"""Builds everything from the configuration and runs it: the only place of concrete classes.

Start: lock, folders, left-overs, journal, books, devices, services. End: cameras, scales,
books, outbox, web, in that order.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from storeguard import assembling, judging, recovery, shelving
from storeguard.assembling import (
    cleaning,
    csv_book,
    event_log,
    eyes,
    issue_store,
    threshold,
)
from storeguard.books.journalfile import open_journal
from storeguard.books.records import AnnouncedFile, IssueRecords, SaleRecords, VisitRecords
from storeguard.clock import Clock, is_clock_synced, local_label, utc_at
from storeguard.config import Config, Folders
from storeguard.domain.product import OnScales
from storeguard.errors import ConfigInvalid
from storeguard.goods import goods_of, still_carried
from storeguard.hardware import MakeHardware, calibrated
from storeguard.health import Health
from storeguard.lock import FolderLock
from storeguard.mode import DAEMON, DIGESTS, Mode
from storeguard.orderly import run_until
from storeguard.outbox.observer import IssueObserver
from storeguard.outreach import Outreach
from storeguard.ports import Books
from storeguard.recovery import KIOSK_CSV, SHELF_CSV
from storeguard.services.bookkeeping import BookkeepingService
from storeguard.services.bus import Bus
from storeguard.services.comparing import BookComparison
from storeguard.services.evidence import EvidenceRoom
from storeguard.services.filing import FilingService
from storeguard.services.late import LateClips
from storeguard.services.noticing import NoticingService
from storeguard.services.paying import Terminal
from storeguard.services.reconciling import ReconcilingService
from storeguard.services.remarking import remarks
from storeguard.services.selling import Desk
from storeguard.services.supervising import SupervisingService
from storeguard.services.watching import WatchingService
from storeguard.services.weighing import WeighingService
from storeguard.vision.encoding import lead_s
from storeguard.vision.sighting import stay_on_cpus

log = logging.getLogger("storeguard")


class Store:
    """One store with its services. `open()`, then `run()`, then `close()`."""

    def __init__(
        self,
        config: Config,
        base: Path,
        clock: Clock,
        make_hardware: MakeHardware,
        *,
        mode: Mode = DAEMON,
        record_to: Path | None = None,
    ) -> None:
        self.config = config
        self.folders, self.base = Folders.of(config, base), base
        self.clock = clock
        self.bus = Bus()
        self.evidence = EvidenceRoom()
        self._make_hardware = make_hardware
        self._mode = mode
        self._record_to = record_to
        self._lock = FolderLock(self.folders.state)
        self._journal_is_open = False

    async def open(self) -> None:
        """Takes the lock, loads what is on disk, builds the services.

        Raises AlreadyRunning before anything is touched, ConfigInvalid, BookFault and other
        StoreguardErrors with one line each.
        """
        state, store_id, fsync = self.folders.state, self.config.store.id, self._mode.fsync
        await asyncio.to_thread(
            recovery.prepare_folders, self.folders, self._lock, store_id, fsync=fsync
        )
        url = self.config.journal.url if self._mode.fsync else None  # a replay's is its own
        self.journal = await asyncio.to_thread(open_journal, state, fsync=fsync, url=url)
        self._journal_is_open = True
        await asyncio.to_thread(
            recovery.first_shelf_book, self.folders.inventory, self.journal, fsync=fsync
        )
        await asyncio.to_thread(
            recovery.know_sealed_issues, self.folders.issue_data, self.journal, store_id
        )
        self._build_supervision()
        await self._open_books()
        await self._open_promotions()
        lost = still_carried(self.config, self.kiosk.products, self.shelf.products)
        assignment = goods_of(self.config, (*self.kiosk.products, *lost))
        if assignment.problems:
            raise ConfigInvalid("config.yaml", assignment.problems)
        for remark in assignment.remarks:
            log.warning(remark)
        self.hardware = self._make_hardware(
            self.config, assignment.by_scale, self.shelf.counts, self.clock
        )
        self._build_services(assignment.by_scale)
        for edit in self._edits_meanwhile:
            self.bus.publish(edit)
        root, store_id = self.folders.issue_data, self.config.store.id
        await recovery.take_up_issues(root, self.journal, self.filing, self.noticing, store_id)
        self.comparison.take_up(await asyncio.to_thread(recovery.unsettled, root, store_id))

    def _build_supervision(self) -> None:
        cameras = frozenset(camera.id for camera in self.config.cameras)
        self.supervising = SupervisingService(self.journal, self.bus, self.clock, cameras=cameras)
        self.health = Health(self.clock, self.supervising.on_edge)

    async def _open_books(self) -> None:
        make = functools.partial(
            csv_book, self.config, self.folders, self.journal, self.clock, fsync=self._mode.fsync
        )
        self.kiosk = make("kiosk", KIOSK_CSV, "store_log.txt")
        self.shelf = make("shelf", SHELF_CSV, "weight_log.txt")
        edits = [await book.load() for book in (self.kiosk, self.shelf)]
        self._edits_meanwhile = [edit for edit in edits if edit is not None]
        await self.shelf.adopt_products(self.kiosk.products)

    async def _open_promotions(self) -> None:
        known = (self.config, self.folders, self.journal, self.kiosk, self.bus, self.clock)
        self.promotions = judging.promotion_board(*known, fsync=self._mode.fsync)
        await self.promotions.load([product.name for product in self.kiosk.products])

    def _build_services(self, products: OnScales) -> None:
        self.tracing = assembling.tracer(self._record_to, self.bus, self.clock, lambda: self.sales)
        cpus = self.config.detector.cpus
        self._detecting = ThreadPoolExecutor(1, "detecting", stay_on_cpus, (cpus,))
        self.cleaning = cleaning(
            self.config,
            self.folders,
            lambda: self.evidence.pinned() | frozenset(self.comparison.leftovers),
            self.clock,
            self.health,
            fsync=self._mode.fsync,
        )
        self.trails, self.exhibits = assembling.exhibits(
            self.config, self.hardware, self.evidence, self.bus, self.time_label, self._mode
        )
        self.watching = self._watching()
        self.weighing = self._weighing(products)
        self._build_counter()
        self._build_outside()

    def _build_counter(self) -> None:
        """From the sale to the sealed issue."""
        self.desk = Desk(
            self.kiosk,
            SaleRecords(self.journal, self.clock),
            self.bus,
            self.clock,
            oversell=self.config.kiosk.oversell,
            language=self.config.store.language,
            sets=self.promotions.sets,
            promotions=self.promotions.on_the_board,
        )
        self.terminal = Terminal(self.desk, self.clock, language=self.config.store.language)
        self.issue_records = IssueRecords(self.journal)
        self.noticing = self._noticing()
        self.filing = self._filing()
        self.comparison = self._comparison()
        self.reconciling = self._reconciling()
        guarded = (self.bus, self.clock, self.health)
        self.tampering = assembling.tampering(
            *(self.config, self.hardware, self.watching, self.restocking), *guarded
        )
        self.unseen = assembling.unseen(self.config, self.watching, self.journal, *guarded)

    def _build_outside(self) -> None:
        """What looks for the owner's edits, and hands issues to the bucket."""
        self.bookkeeping = BookkeepingService(
            self.kiosk,
            self.shelf,
            self.promotions,
            self.bus,
            self.clock,
            self.health,
            on_products=lambda now: self.weighing.set_products({p.name: p for p in now}),
            state=self.folders.state,
            carried={name: one.id for one in self.config.scales for name in one.products},
            language=self.config.store.language,
        )
        self.outreach = Outreach(
            self.config,
            self.folders,
            self.bus,
            self.clock,
            self.health,
            functools.partial(remarks, self.weighing, self.watching),
            self.journal,
            self._mode,
            adopt_folder=self.filing.adopt,
        )
        self.uploading, self.telling = self.outreach.uploading, self.outreach.telling

    def _watching(self) -> WatchingService:
        return WatchingService(
            eyes(
                self.config,
                self.hardware,
                self.folders,
                self.health,
                self.time_label,
                self.clock,
                threaded=self._mode.threads,
                has_room=self.cleaning.has_room,
            ),
            self.bus,
            self.clock,
            self.health,
            self.evidence,
            empty_for_s=self.config.visits.empty_for_s,
            executor=self._detecting,
            on_sighting=self.tracing.on_sighting if self.tracing else None,
        )

    def _weighing(self, products: OnScales) -> WeighingService:
        return shelving.weighing(
            self.config,
            self.folders,
            self.hardware,
            products,
            self.shelf,
            self.bus,
            self.clock,
            self.health,
            self._mode,
            assembling.both(self.trails, self.tracing),
        )

    def _noticing(self) -> NoticingService:
        return NoticingService(
            self.folders.state / DIGESTS,
            issue_store(self.config),
            self.clock,
            self.health,
            is_clock_synced=is_clock_synced,
            threshold=threshold(self.config),
            amendments=self.issue_records.amendments,
            quiet_hours=self.config.notices.quiet_hours,
            on_digest=lambda: self.outreach.hand_over(),
            fsync=self._mode.fsync,
        )

    def _filing(self) -> FilingService:
        return FilingService(
            self.folders.issue_data,
            issue_store(self.config),
            self.kiosk,
            self.clock,
            self.evidence,
            self.issue_records,
            self.noticing,
            is_clock_synced=is_clock_synced,
            exhibits=self.exhibits,
            has_room=self.cleaning.has_room,
            log_event=event_log(self.config, self.folders, self.clock, fsync=self._mode.fsync),
            fsync=self._mode.fsync,
        )

    def _comparison(self) -> BookComparison:
        self.restocking, self.questions = assembling.deliveries(
            self.kiosk, self.folders, self.bus, self.clock, self.health, fsync=self._mode.fsync
        )
        self.weighing.tally.is_restocked = self.restocking.was_on
        self.watching.is_touched = self.weighing.is_touched_since
        zone, before_s = self.config.store.timezone, lead_s(self.config.recording.pre_roll_s)
        leftovers = recovery.leftovers(self.folders.record, self.journal, zone, lead_s=before_s)
        self.sales = assembling.sales_sources(
            self.config, self.folders, self.clock, self.health, leftovers, fsync=self._mode.fsync
        )
        return BookComparison(
            self.weighing,
            self.watching,
            Books(self.kiosk, self.shelf),
            self.desk,
            self.filing,
            VisitRecords(self.journal, self.clock),
            AnnouncedFile(self.folders.state / "announced.json", fsync=self._mode.fsync),
            self.questions,
            self.sales,
            self.bus,
            self.clock,
            leftovers=leftovers,
        )

    def _reconciling(self) -> ReconcilingService:
        visits, books = self.config.visits, Books(self.kiosk, self.shelf)
        guarded = (self.bus, self.clock)
        known = (self.journal, self.weighing, books, self.restocking, self.sales)
        return ReconcilingService(
            judging.keeper(visits, *known, *guarded, self.time_label),
            self.weighing,
            books,
            self.desk,
            self.filing,
            self.comparison,
            judging.provisional(visits, self.folders, self._mode, self.filing, self.desk, *guarded),
            self.promotions,
            self.restocking,
            shelving.heaps(self.config, self.weighing, self.kiosk, self.bus),
            self.questions,
            self.sales,
            self.evidence,
            VisitRecords(self.journal, self.clock),
            *guarded,
            self.health,
            payment_grace_s=visits.payment_grace_s,
            round_s=self._mode.reconciling_round_s,
        )

    def time_label(self, t_s: float) -> str:
        """The local wall-clock label of a monotonic instant; sorts, and names files."""
        return local_label(utc_at(self.clock, t_s), self.config.store.timezone)

    def services(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Name → loop, in the order in which they are ended."""
        found = {}
        if self._mode.guards:
            found["watching"] = self.watching.run
            found["weighing"] = self.weighing.run
            found["reconciling"] = self.reconciling.run
            if self._mode.outside:
                found["restocking"] = self.restocking.run
            found["exhibits"] = self.exhibits.run
            found["unseen sales"] = self.unseen.run
            folders, fsync = self.folders, self._mode.fsync
            late = LateClips(folders.issue_data, folders.record, self.bus, fsync=fsync)
            found["late"] = late.run
            if self.tampering.has_a_guard:
                found["tampering"] = self.tampering.run
        if self.tracing is not None:
            found["tracing"] = self.tracing.run
        if self._mode.outside:
            found["learning"] = shelving.learning(self.folders, self.kiosk, self.bus).run
            found["bookkeeping"] = self.bookkeeping.run
            found["cleaning"] = self.cleaning.run
            found["noticing"] = self.noticing.run
            found |= self.outreach.loops()
            found |= assembling.pos_bridge(
                *(self.config, self.base, self.desk, self.kiosk, self.sales, self.health)
            )
        return found | {"supervising": functools.partial(self.supervising.run, self.health)}

    async def run(
        self,
        stop: asyncio.Event,
        more: Mapping[str, Callable[[], Coroutine[Any, Any, None]]] | None = None,
    ) -> None:
        """Runs all services until `stop` is set, then ends them one after the other.

        `more` are further loops, ended last (the web server). A bug in any loop ends them all
        and is raised.
        """
        if self.tracing is not None:
            config = calibrated(self.config, self.hardware.calibrations)
            await asyncio.to_thread(self.tracing.begin, config, self.folders.inventory)
        observer = self._observer() if self._mode.outside else None
        loops = self.services()
        if observer is not None:
            loops["observing"] = observer.prove
        try:
            await run_until(stop, loops | dict(more or {}))
        finally:
            if observer is not None:
                await asyncio.to_thread(observer.stop)

    def _observer(self) -> IssueObserver | None:
        hand_over = assembling.from_a_thread(self.uploading.hand_over)
        return assembling.watch_issues(self.folders.issue_data, hand_over, self.health)

    async def close(self) -> None:
        """Closes the books, the journal and the lock; after a failed `open()` too."""
        if hasattr(self, "_detecting"):
            self._detecting.shutdown(wait=False, cancel_futures=True)
        for book in (getattr(self, "kiosk", None), getattr(self, "shelf", None)):
            if book is not None:
                await book.close()
        if self._journal_is_open:
            await asyncio.to_thread(self.journal.close)
        self._lock.release()
