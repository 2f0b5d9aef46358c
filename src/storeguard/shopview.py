"""The store as the pages see it: gathered from the services, refreshed off the loop's thread."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from storeguard.app import Store
from storeguard.books.decisions import DISMISSED
from storeguard.books.journal import Visit as JudgedVisit
from storeguard.books.unseensales import UnseenSales
from storeguard.clock import is_clock_synced
from storeguard.domain.events import Event
from storeguard.domain.ledger import Visit
from storeguard.domain.loss import Amendment, left_won, stand_of
from storeguard.domain.product import Product
from storeguard.errors import JournalFault, OutboxFault
from storeguard.health import LONGEST_SILENCE_S, PartHealth
from storeguard.issuestate import how_far
from storeguard.losses import loss_by_day
from storeguard.messages import fault_text, fault_title, text
from storeguard.messages.promotions import question
from storeguard.messages.reasons import sentences
from storeguard.mode import DIGESTS
from storeguard.outbox.delivery import kept_receipt
from storeguard.outbox.folder import read_manifest, sealed_issues, settled
from storeguard.services.eye import Eye
from storeguard.services.remarking import Remark, remarks
from storeguard.services.weighing import Channel
from storeguard.staffdesk import StaffDesk
from storeguard.tilldesk import TillDesk
from storeguard.vision.pictures import preview_jpeg
from storeguard.web.view import (
    BookRow,
    CameraRow,
    Changes,
    FaultRow,
    IssueRow,
    NoticeRow,
    PartRow,
    QuestionRow,
    RestockRow,
    ScaleRow,
    Snapshot,
    VisitRow,
    VisitState,
    part_rows,
)

SHOWN = 20
SHARED_S = 0.1  # so old may be what a page is told, unless a change was announced
REFRESH_S = 0.3


@dataclass(frozen=True, slots=True)
class _OnDisk:
    """What takes a look at the disk: read again whenever an event says that it has changed."""

    visits: tuple[VisitRow, ...] = ()
    issues: tuple[IssueRow, ...] = ()
    notices: tuple[NoticeRow, ...] = ()
    loss_today_won: int = 0
    unseen_today: int = 0


class ShopView:
    """Implements web.view.ShopView over a running store."""

    def __init__(self, store: Store, banner: tuple[str, ...] = ()) -> None:
        self._store = store
        self._banner = banner
        self._changes = Changes()
        self._on_disk = _OnDisk()
        self._is_stale = True
        self._made: tuple[float, int, Snapshot | None] = (0.0, -1, None)
        self.preview_jpegs: dict[str, tuple[float, bytes]] = {}
        staff = StaffDesk(store)
        self.restock, self.mark, self.answer = staff.restock, staff.mark, staff.answer
        self._till = TillDesk(store, self._changes.announce)
        self.quote, self.sell, self.pay = self._till.quote, self._till.sell, self._till.pay
        self.refund, self.pay_amount = self._till.refund, self._till.pay_amount
        self.payments, self.drop_payment = self._till.payments, self._till.drop_payment
        self.confirm_payment = self._till.confirm_payment
        self.product_picture = self._till.pictures.path
        store.bus.subscribe(self._on_event)

    @property
    def language(self) -> str:
        return self._store.config.store.language

    async def run(self) -> None:
        """Keeps the rows that come from disk fresh, and tells when the scene changes."""
        scene: object = None
        part = self._store.health.part("pages", longest_s=LONGEST_SILENCE_S)
        while True:
            part.alive()
            before, scene = scene, self._scene()
            if self._is_stale:
                self._is_stale = False
                await self._refresh()
            elif scene != before:
                self._changes.announce()
            await asyncio.sleep(REFRESH_S)

    async def _refresh(self) -> None:
        part = self._store.health.part("pages")
        try:
            self._on_disk = await asyncio.to_thread(self._read_disk)
        except (OutboxFault, JournalFault) as fault:  # what was read before stays on the pages
            part.failed(fault)
            self._is_stale = True
        else:
            part.ok()
        self._changes.announce()

    def _scene(self) -> tuple[object, ...]:
        """What changes without an event: people, weights on the move, faults."""
        watching = self._store.watching
        channels = [
            (c.weighing.is_settled, c.weighing.level_g) for c in self._store.weighing.channels
        ]
        deliveries = (self._store.questions.open, self._restock())
        said = (self._store.health.faults, self._remarks(), deliveries)
        return watching.people, watching.occupancy.presence, channels, said

    def _on_event(self, _event: Event) -> None:
        self._is_stale = True
        self._changes.announce()

    # --- what is in memory -------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The same one for all who ask at nearly the same time: fifty pages ask at once."""
        now_s, told = self._store.clock.now_s(), self._changes.told
        made_s, of_told, made = self._made
        if made is None or of_told != told or not 0 <= now_s - made_s < SHARED_S:
            made = self._snapshot()
            self._made = (now_s, told, made)
        return made

    def _snapshot(self) -> Snapshot:
        store, disk = self._store, self._on_disk
        watching, now_s = store.watching, store.clock.now_s()
        changed_s, blind_s = watching.changed_s, watching.blind_since_s
        return Snapshot(
            store=store.config.store.name,
            presence=watching.occupancy.presence.value,
            presence_for_s=None if changed_s is None else now_s - changed_s,
            people=watching.people,
            blind_since=None if blind_s is None else self._time(blind_s),
            may_oversell=store.config.kiosk.oversell == "allow",
            upload_bucket=store.config.upload.bucket,
            cameras=tuple(self._camera(eye) for eye in watching.eyes),
            scales=tuple(self._scale(channel) for channel in store.weighing.channels),
            rows=tuple(self._rows()),
            visits=(*self._open_visits(), *disk.visits)[:SHOWN],
            issues=disk.issues,
            notices=disk.notices,
            faults=tuple(self._fault(part) for part in store.health.faults),
            remarks=(*(self._remark(remark) for remark in self._remarks()), *self._questions()),
            banner=self._banner,
            questions=tuple(self._deliveries()),
            restock=self._restock(),
            loss_today_won=disk.loss_today_won,
            unseen_today=disk.unseen_today,
        )

    def health(self) -> tuple[PartRow, ...]:
        return part_rows(self._store.health, self._store.clock.now_s())

    def _time(self, t_s: float) -> str:
        return self._store.time_label(t_s)[11:19].replace("-", ":")

    def _camera(self, eye: Eye) -> CameraRow:
        health = self._store.health.part(eye.camera.id).now
        why = None if health.is_ok else self._why(health)
        return CameraRow(eye.camera.id, health.is_ok, why or eye.sight.detector.name)

    def _scale(self, channel: Channel) -> ScaleRow:
        state, health = channel.weighing, self._store.health.part(channel.id).now
        products = tuple(product.name for product in channel.products)
        if not health.is_ok:
            return ScaleRow(channel.id, False, None, self._why(health), products)
        word = "scale.settled" if state.is_settled else "scale.moving"
        return ScaleRow(channel.id, True, state.level_g, text(self.language, word), products)

    def _rows(self) -> Sequence[BookRow]:
        channels = {p.name: c for c in self._store.weighing.channels for p in c.products}
        shelf, kiosk = self._store.shelf.counts, self._store.kiosk.counts
        board, pictures = self._till.board(), self._till.pictures.names
        return [
            replace(
                self._row(p, channels.get(p.name), shelf, kiosk),
                promotions=board.get(p.name, ()),
                picture=pictures.get(p.name),
            )
            for p in self._store.kiosk.products
        ]

    def _row(
        self,
        product: Product,
        channel: Channel | None,
        shelf: Mapping[str, int],
        kiosk: Mapping[str, int],
    ) -> BookRow:
        name = product.name
        count = self._store.weighing.tally.counts.get(name)
        return BookRow(
            name,
            product.price_won,
            None if channel is None else shelf.get(name, 0),
            kiosk.get(name, 0),
            None if channel is None else channel.id,
            is_verified=channel is None or not channel.weighing.is_failed,
            is_shelf_certain=channel is None or count is None or count.is_certain,
            barcode=product.barcode,
        )

    def _deliveries(self) -> list[QuestionRow]:
        return [
            QuestionRow(
                one.id, one.product, one.count, self._local(datetime.fromisoformat(one.seen_at))
            )
            for one in self._store.questions.open[:SHOWN]
        ]

    def _restock(self) -> RestockRow | None:
        mode = self._store.restocking.mode
        if mode.who is None or mode.since is None or mode.until is None:
            return None
        return RestockRow(mode.who, self._local(mode.since), self._local(mode.until)[6:11])

    def _open_visits(self) -> list[VisitRow]:
        return [self._open_visit(v) for v in reversed(self._store.reconciling.ledger.visits)]

    def _open_visit(self, visit: Visit) -> VisitRow:
        ended = None if visit.last_seen_s is None else self._time(visit.last_seen_s)
        marks = self._store.restocking.marked(visit).marks
        return VisitRow(
            visit.id,
            self._time(visit.started_s),
            ended,
            _state(visit),
            {name: count for name, count in visit.net_taken.items() if count > 0},
            {name: count for name, count in visit.paid.items() if count},
            {},
            by=marks[-1].who if marks else None,
        )

    def _fault(self, part: PartHealth) -> FaultRow:
        assert part.failed_since_s is not None
        why, since = self._why(part), self._time(part.failed_since_s)
        return FaultRow(part.name, why, since, self._title(part.name), part.code)

    def _why(self, part: PartHealth) -> str:
        """The owner's sentence; the device's own text is in the log and in /healthz."""
        return fault_text(self.language, part.code, part.why or "")

    def _remark(self, remark: Remark) -> FaultRow:
        why = fault_text(self.language, remark.code, "", **remark.values)
        since = None if remark.since_s is None else self._time(remark.since_s)
        return FaultRow(remark.device, why, since, self._title(remark.device), remark.code)

    def _questions(self) -> Iterator[FaultRow]:
        """Promotions that the visits look like and the owner has not answered."""
        title = text(self.language, "promotion.title")
        board = self._store.promotions
        for one in board.questions:
            issues = len(board.pardons.issues_of(one.name))
            why = question(self.language, one, issues)
            yield FaultRow("promotions", why, None, title)

    def _remarks(self) -> tuple[Remark, ...]:
        store, now_s = self._store, self._store.clock.now_s()
        synced = is_clock_synced()
        return remarks(store.weighing, store.watching, now_s, is_clock_synced=synced)

    def _title(self, part: str) -> str:
        config, camera = self._store.config, part.removesuffix(" sight")
        kind = "scale" if any(part == scale.id for scale in config.scales) else ""
        if any(camera == one.id for one in config.cameras):
            kind = "camera" if camera == part else "sight"
        return fault_title(self.language, part if kind != "sight" else camera, kind)

    def picture(self, camera_id: str) -> bytes | None:
        eye = next((e for e in self._store.watching.eyes if e.camera.id == camera_id), None)
        if eye is None or eye.newest is None or eye.newest.image is None:
            return None
        made_s, jpeg = self.preview_jpegs.get(camera_id, (None, b""))
        if made_s != eye.newest.t_s:
            jpeg = preview_jpeg(eye.newest, eye.privacy_masks)
            self.preview_jpegs[camera_id] = (eye.newest.t_s, jpeg)
        return jpeg

    # --- the kiosk -----------------------------------------------------------------------

    def basket_open(self, is_open: bool) -> None:
        self._store.desk.basket_open(is_open)

    def issue_file(self, issue_id: str, name: str) -> Path | None:
        root = self._store.folders.issue_data.resolve()
        path = (root / issue_id / name).resolve()
        is_inside = path.is_relative_to(root / issue_id) and path.parent != root
        return path if is_inside and path.is_file() else None

    def subscribe(self) -> AsyncGenerator[str, None]:
        return self._changes.subscribe()

    # --- what is on disk -----------------------------------------------------------------

    def _read_disk(self) -> _OnDisk:
        journal = self._store.journal
        visits = [self._judged(v) for v in journal.recent_visits(SHOWN) if v.judgement is not None]
        known = journal.recent_issues(SHOWN * 5)
        amended = {one.id: one.amendments for one in known if one.amendments}
        dismissed = {one.id for one in known if one.verdict == DISMISSED}
        folders = sealed_issues(self._store.folders.issue_data)[-SHOWN:][::-1]
        issues = tuple(self._issue(folder, amended.get(folder.name, ())) for folder in folders)
        digests = sealed_issues(self._store.folders.state / DIGESTS)[-SHOWN:][::-1]
        notices = self._notices((*folders, *digests))
        zone = self._store.config.store.timezone
        now = self._store.clock.utc().astimezone(ZoneInfo(zone))
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        root = self._store.folders.issue_data
        losses = loss_by_day(root, zone, amended, dismissed=dismissed, since=now.date())
        loss_won = losses.get(now.date(), 0)
        unseen = UnseenSales(journal).how_many(since=midnight)
        return _OnDisk(tuple(visits), issues, notices, loss_won, unseen)

    def _notices(self, folders: Sequence[Path]) -> tuple[NoticeRow, ...]:
        """What the owner was sent, newest first."""
        sent = [
            NoticeRow(self._local(datetime.fromisoformat(read_manifest(f)["sealed_at"])), said.text)
            for f in folders
            if (said := kept_receipt(f)) is not None and said.text
        ]
        return tuple(sorted(sent, key=lambda row: row.at, reverse=True))[:SHOWN]

    def _judged(self, visit: JudgedVisit) -> VisitRow:
        said: Mapping[str, Any] = visit.judgement or {}
        is_unsure = any(
            said.get(why) for why in ("uncertain", "unverified", "interrupted", "proposed")
        )
        state = "issue" if said.get("unpaid") else "unsure" if is_unsure else "clean"
        ended = visit.ended_utc
        return VisitRow(
            visit.id,
            self._local(visit.started_utc)[6:],
            None if ended is None else self._local(ended)[6:],
            state,  # type: ignore[arg-type]
            said.get("taken", {}),
            said.get("paid", {}),
            said.get("unpaid", {}),
            said.get("loss_won", 0),
            said.get("by"),
            sentences(self.language, said.get("reasons", ()), self._store.config.store.timezone),
        )

    def _issue(self, folder: Path, amendments: Sequence[Amendment]) -> IssueRow:
        manifest = read_manifest(folder)
        stand = stand_of(
            manifest["lines"],
            amendments,
            is_provisional=manifest.get("provisional", False),
            is_settled=settled(folder) is not None,
        )
        names = [file["name"] for file in manifest["files"]]
        is_local = self._store.config.upload.bucket is None
        missing = {line["product"]: line["missing"] for line in manifest["lines"]}
        return IssueRow(
            folder.name,
            manifest["number"],
            self._local(datetime.fromisoformat(manifest["sealed_at"])),
            missing,
            left_won(manifest["lines"], amendments),
            "local" if is_local else how_far(folder, manifest),
            next((name for name in names if name.endswith(".jpg") and "/" not in name), None),
            tuple(name for name in names if name.endswith(".mp4") and "/" not in name),
            is_certain=all(line["certainty"] >= 0.5 for line in manifest["lines"]),
            stand=stand,
        )

    def _local(self, moment: datetime) -> str:
        local = moment.astimezone(ZoneInfo(self._store.config.store.timezone))
        return f"{local:%m-%d %H:%M:%S}"


def _state(visit: Visit) -> VisitState:
    """Of a visit that is not judged yet."""
    if visit.emptied_s is None:
        return "open"
    return "pending" if visit.awaiting is None else "awaiting"
