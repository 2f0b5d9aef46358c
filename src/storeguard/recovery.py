"""What a start does before anything runs: folders, left-overs of a stop or a power cut."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

from storeguard import durable, marker, restoring
from storeguard.books import csvfile, journalfile
from storeguard.books.journal import Journal
from storeguard.books.records import IssueRecords
from storeguard.clock import local_label
from storeguard.config import Folders
from storeguard.domain.ledger import Debt
from storeguard.errors import OutboxFault
from storeguard.lock import FolderLock, make_folder
from storeguard.outbox import folder as outbox
from storeguard.outbox.diskspace import Cleaner
from storeguard.services.filing import FilingService
from storeguard.services.noticing import NoticingService
from storeguard.viewinghold import AskedFor
from storeguard.vision.clipfile import repair

KIOSK_CSV, SHELF_CSV = "inventory_store.csv", "inventory_weight.csv"

SAME_INSTANT = timedelta(milliseconds=100)
"""Labels of one monotonic instant, made at two times, differ by what lies between two clocks."""

log = logging.getLogger("storeguard")


def prepare_folders(
    folders: Folders, lock: FolderLock, store_id: str, *, fsync: bool = True
) -> None:
    """Makes the folders, takes the lock, removes or mends what a killed process left. Blocks.

    Raises JournalTooNew and ForeignFolder before anything of theirs is touched.
    """
    make_folder(folders.state)
    lock.acquire()
    claim(folders, store_id)
    first_aid(folders)
    marker.settle(folders, store_id, fsync=fsync)
    # What is left of a book may be a save of its owner: the book itself looks at it.
    books = (folders.inventory / KIOSK_CSV, folders.inventory / SHELF_CSV)
    data = (folders.state, folders.inventory, folders.record, folders.issue_data)
    durable.sweep(data, but=books)
    restoring.sweep((*data, folders.event_log.parent))
    repaired = repair(folders.record)
    for problem in (*repaired.faults, *(f"{p}: unplayable, removed" for p in repaired.removed)):
        log.warning("clips of an interrupted visit: %s", problem)
    try:
        outbox.sweep_incoming(folders.issue_data)
        outbox.set_damaged_aside(folders.issue_data)
    except OutboxFault as fault:
        log.warning(fault)


def first_aid(folders: Folders) -> None:
    """A full disk gives back what a start needs; nothing else happens. Blocks."""
    cleaner = Cleaner(
        folders.record,
        folders.issue_data,
        folders.state,
        pinned=frozenset,
        is_clock_trusted=lambda: False,
        held=AskedFor(folders.state, folders.record).clips,
    )
    try:
        cleaner.first_aid()
    except OSError as error:
        log.warning("disk: %s; the start goes on with what there is", error)


def claim(folders: Folders, store_id: str) -> None:
    """What comes before any use of the folders, once their lock is held. Blocks.

    Finishes a restore, raises JournalTooNew and ForeignFolder.
    """
    if restoring.finish(folders.state):
        log.warning("a restore that was cut short is finished; see %s*", restoring.KEPT)
    journalfile.refuse_newer(folders.state)
    marker.check(folders, store_id)


def first_shelf_book(inventory: Path, journal: Journal, *, fsync: bool) -> None:
    """A new store has the kiosk's CSV only: the shelves are taken to hold what it says. Blocks."""
    kiosk, shelf = inventory / KIOSK_CSV, inventory / SHELF_CSV
    if kiosk.exists() and not shelf.exists() and not journal.versions("shelf"):
        content = kiosk.read_bytes()
        csvfile.read(content, kiosk.name)  # or else both would have to be mended
        durable.publish(shelf, content, fsync=fsync)


def know_sealed_issues(root: Path, journal: Journal, store_id: str) -> None:
    """A kiosk book that begins from its CSV has its corrections in it: none is made again. Blocks.

    So it is after the first start, and where a damaged journal was replaced.
    """
    if journal.versions("kiosk"):
        return
    for folder in outbox.sealed_issues(root):
        manifest = outbox.read_manifest(folder)
        if manifest["store"]["id"] == store_id:
            IssueRecords(journal).record_folder(manifest)


def leftovers(
    record: Path, journal: Journal, timezone: str, *, lead_s: float = 0.0
) -> tuple[Path, ...]:
    """Clips and pictures of a visit that a stop or a power cut has interrupted.

    `lead_s`: its first clip begins at most so long before it.
    """
    interrupted = journal.open_visits()
    if not interrupted:
        return ()
    earlier = timedelta(seconds=lead_s) + SAME_INSTANT
    first = local_label(interrupted[0].started_utc - earlier, timezone)
    files = sorted(record.iterdir())
    return tuple(f for f in files if f.suffix in (".mp4", ".jpg") and f.name >= first)


def unsettled(root: Path, store_id: str) -> tuple[Debt, ...]:
    """What provisional issues say that nothing has confirmed or withdrawn yet. Blocks."""
    manifests = [outbox.read_manifest(folder) for folder in outbox.sealed_issues(root)]
    return tuple(
        Debt(manifest["id"], 0.0, line["product"], line["missing"])
        for manifest in manifests
        if manifest.get("provisional") and manifest["store"]["id"] == store_id
        if outbox.settled(root / manifest["id"]) is None
        for line in manifest["lines"]
    )


async def take_up_issues(
    root: Path, journal: Journal, filing: FilingService, noticing: NoticingService, store_id: str
) -> None:
    """An issue was sealed, and the power went before the kiosk book was corrected, or before
    the owner was told of it."""
    known = {issue.id for issue in await asyncio.to_thread(journal.recent_issues, 1000)}
    folders = await asyncio.to_thread(outbox.sealed_issues, root)
    manifests = [await asyncio.to_thread(outbox.read_manifest, folder) for folder in folders]
    await asyncio.to_thread(noticing.take_up, manifests)
    for folder, manifest in zip(folders, manifests, strict=True):
        if folder.name not in known and manifest["store"]["id"] == store_id:
            await filing.take_up(manifest)
        confirmed = outbox.settled(folder) if manifest.get("provisional") else None
        if confirmed is not None:  # an earlier build has not told the journal of it
            await asyncio.to_thread(journal.settle_issue, folder.name, confirmed)
