"""`replay DIR`: plays a trace through the same services on a simulated clock."""

import asyncio
import csv
import io
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storeguard import config as cfg
from storeguard.app import Store
from storeguard.clock import Clock, LoopClock, SimLoop, run_simulated, utc_at
from storeguard.config import Config
from storeguard.devices.replay import ReplayDetector, ReplayPeople, ReplayScale, ReplayVideo
from storeguard.devices.traces import (
    Trace,
    TraceComplete,
    TraceEdit,
    TraceSale,
    check_video,
    load_trace,
)
from storeguard.domain import events as ev
from storeguard.domain.occupancy import Presence
from storeguard.domain.product import OnScales
from storeguard.errors import SaleRefused, StoreguardError, TraceInvalid
from storeguard.hardware import Hardware, calibrations
from storeguard.mode import REPLAY
from storeguard.ports import Camera, Detector
from storeguard.recovery import KIOSK_CSV, SHELF_CSV

AFTER_END_S = 3.0
"""What was put down with the trace's last reading still has to settle."""

OCCUPIED_END_S = 60.0
"""A trace that ends with somebody inside is left after this time: nobody says how it goes on."""

UNSETTLED_END_S = 300.0
"""A scale that never comes to rest delays a judgement by two minutes; then nothing more comes."""

MARK = ".storeguard-replay"
"""In the output folder: what lies beside it may be replaced by the next replay."""

SOURCE = "trace"
"""The source of sales that tells late, in a trace that has one."""

ROUND_S = 0.5
EDIT_LOOKS_S = (0.0, 0.35)
DEFAULT_START = datetime(2026, 1, 1, tzinfo=UTC)

Emit = Callable[[dict[str, Any]], None]
Sight = tuple[Camera, Detector]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it. `ended_occupied`: the last visit could not be judged."""

    sim_s: float
    ended_occupied: bool


def replay(folder: Path, out: Path, emit: Emit) -> Replayed:
    """Plays the trace; results go to `out`, each event as a JSON object to `emit`.

    The trace itself is only read. What an earlier replay has left in `out` is replaced.
    Raises TraceInvalid and ConfigInvalid.
    """
    if out.resolve().is_relative_to(folder.resolve()):
        raise StoreguardError(f"{out}: is in the trace, which stays as it is; name another folder")
    trace = load_trace(folder)
    config = _local(cfg.load(folder / "config.yaml", default_backend="replay"), trace)
    _clear(out)
    _lay_out(folder, out)

    async def main(loop: SimLoop) -> Replayed:
        clock = LoopClock(loop, config.started_at or DEFAULT_START)
        return await _Player(trace, config, out, clock, emit).play()

    return run_simulated(main)


def _local(config: Config, trace: Trace) -> Config:
    """Without network, with all results in the output folder, and with eyes.

    Who writes a trace by hand may leave cameras out and still say who was inside.
    """
    changes: dict[str, Any] = {"upload": cfg.Upload(), "paths": cfg.Paths()}
    if not config.cameras and (trace.people is not None or trace.video is not None):
        changes["cameras"] = (cfg.Camera(id="trace", backend="replay"),)
    return config.model_copy(update=changes)


def _clear(out: Path) -> None:
    """Only what a replay has made: a guarded store's folder is never touched."""
    if not (out / MARK).exists():
        if (out / "state").exists():
            raise StoreguardError(f"{out}: holds a store that is no replay; name another folder")
        return
    for name in cfg.Paths().model_dump().values():
        path = out / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _lay_out(folder: Path, out: Path) -> None:
    inventory = out / "inventory"
    inventory.mkdir(parents=True, exist_ok=True)
    found = sorted((folder / "inventory").glob("*.csv"))
    if not any(path.name == KIOSK_CSV for path in found):
        raise TraceInvalid(
            f"{folder / 'inventory' / KIOSK_CSV}: no such file; a trace has its books"
        )
    for path in found:
        shutil.copyfile(path, inventory / path.name)
    (out / MARK).touch()


class _Player:
    """Drives one store through one trace."""

    def __init__(self, trace: Trace, config: Config, out: Path, clock: Clock, emit: Emit) -> None:
        self._trace = trace
        self._config = config
        self._out = out
        self._clock = clock
        self._emit = emit
        self._videos: list[ReplayVideo] = []

    async def play(self) -> Replayed:
        store = Store(self._config, self._out, self._clock, self._hardware, mode=REPLAY)
        store.bus.subscribe(self._on_event)
        stop = asyncio.Event()
        try:
            await store.open()
            more = {
                "sales": lambda: self._sell(store),
                "late sales": lambda: self._sell_late(store),
                "edits": lambda: self._edit(store),
                "restock": lambda: self._restock(store),
                "end": lambda: self._end(store, stop),
            }
            await store.run(stop, more)
        finally:
            await store.close()
        is_occupied = store.watching.occupancy.presence is Presence.OCCUPIED
        return Replayed(self._clock.now_s(), is_occupied)

    def _hardware(
        self,
        config: Config,
        _products: OnScales,
        _counts: Mapping[str, int],
        clock: Clock,
    ) -> Hardware:
        known = {scale.id for scale in config.scales}
        for scale in self._trace.readings:
            if scale not in known:
                raise TraceInvalid(
                    f"{self._trace.folder / 'scales.csv'}: scale '{scale}' is not in config.yaml; "
                    f"known: {', '.join(sorted(known)) or 'none'}"
                )
        scales = tuple(
            ReplayScale(s.id, self._trace.readings.get(s.id, []), clock, s.sample_rate_hz)
            for s in config.scales
        )
        cameras = tuple(self._camera(config, camera, clock) for camera in config.cameras)
        return Hardware(scales, cameras, calibrations(config.scales), self._trace.people is None)

    def _camera(self, config: Config, camera: cfg.Camera, clock: Clock) -> tuple[Camera, Detector]:
        if self._trace.people is not None:
            people = self._trace.people
            return ReplayPeople(camera.id, people, clock), ReplayDetector(people)
        if self._trace.video is None:
            raise TraceInvalid(
                f"{self._trace.folder}: config.yaml has a camera, but there is neither people.csv "
                "nor video.mp4; add one, or leave cameras out"
            )
        from storeguard.vision.sighting import detector_for

        wanted = config.detector
        if wanted.backend == "replay":
            wanted = wanted.model_copy(update={"backend": "auto"})
        check_video(self._trace.video)
        video = ReplayVideo(camera.id, self._trace.video, clock)
        self._videos.append(video)
        return video, detector_for(wanted)

    async def _sell(self, store: Store) -> None:
        for number, sale in enumerate(self._trace.sales):
            await self._until(sale.t_s)
            await self._sell_one(store, sale, number)

    async def _sell_one(self, store: Store, sale: TraceSale, number: int) -> None:
        try:
            await store.desk.replay_sale(sale.product, sale.count, f"trace-{number}")
        except SaleRefused as refused:
            path = self._trace.folder / "sales.csv"
            raise TraceInvalid(f"{path}: sale at {sale.t_s:g} s: {refused}") from None

    async def _sell_late(self, store: Store) -> None:
        """What is told at one instant is told before it is said that all is told."""
        told: list[tuple[float, int, TraceSale | TraceComplete]] = [
            (sale.told_s or 0.0, 0, sale) for sale in self._trace.late_sales
        ]
        told += [(one.t_s, 1, one) for one in self._trace.complete]
        for number, (t_s, _, row) in enumerate(sorted(told, key=lambda one: one[:2])):
            await self._until(t_s)
            if isinstance(row, TraceSale):
                await self._tell_late(store, row, f"trace-late-{number}")
            elif row.until_s is None:
                store.sales.withdraw(SOURCE)
            else:
                store.sales.declare(SOURCE, utc_at(self._clock, row.until_s))
                store.sales.complete_until(SOURCE, utc_at(self._clock, row.until_s))

    async def _tell_late(self, store: Store, sale: TraceSale, key: str) -> None:
        sold_at = utc_at(self._clock, sale.t_s)
        try:
            await store.desk.report_sale([(sale.product, sale.count)], key, "replay", sold_at)
        except SaleRefused as refused:
            path = self._trace.folder / "late_sales.csv"
            raise TraceInvalid(f"{path}: sale at {sale.t_s:g} s: {refused}") from None

    async def _edit(self, store: Store) -> None:
        for edit in self._trace.edits:
            await self._until(edit.t_s)
            await asyncio.to_thread(self._save, store, edit)
            for look_s in EDIT_LOOKS_S:
                await self._until(edit.t_s + look_s)
                await store.bookkeeping.run_once()

    async def _restock(self, store: Store) -> None:
        for row in self._trace.restock:
            await self._until(row.t_s)
            await (store.restocking.start(row.who) if row.who else store.restocking.stop())

    def _save(self, store: Store, edit: TraceEdit) -> None:
        """As the owner does: the file is opened, one cell changed, and saved in place."""
        path = store.folders.inventory / (SHELF_CSV if edit.book == "shelf" else KIOSK_CSV)
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
        header = [cell.strip() for cell in rows[0]]
        column = next(i for i, cell in enumerate(header) if cell in ("개수", "count"))
        found = [row for row in rows[1:] if row and row[0].strip() == edit.product]
        if not found:
            place = self._trace.folder / "edits.csv"
            raise TraceInvalid(f"{place}: product '{edit.product}' is not in {path.name}")
        found[0][column] = str(edit.count)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        with path.open("wb") as file:
            file.write(text.getvalue().encode())

    async def _end(self, store: Store, stop: asyncio.Event) -> None:
        """Ends the run once the trace is over and nothing waits for its judgement."""
        await self._until(self._trace.ends_s + AFTER_END_S)
        for video in self._videos:
            await video.ended.wait()
            await self._until(self._clock.now_s() + AFTER_END_S)
        ended_s = self._clock.now_s()
        while not store.reconciling.is_idle:
            is_empty = store.watching.occupancy.presence is Presence.EMPTY
            patience_s = UNSETTLED_END_S if is_empty else OCCUPIED_END_S
            if self._clock.now_s() > ended_s + patience_s:
                break
            await asyncio.sleep(ROUND_S)
        stop.set()

    async def _until(self, t_s: float) -> None:
        await asyncio.sleep(max(0.0, t_s - self._clock.now_s()))

    def _on_event(self, event: ev.Event) -> None:
        line = event_line(event)
        if line is not None:
            self._emit(line)


def event_line(event: ev.Event) -> dict[str, Any] | None:
    """The event as `replay --json` prints it; None for one that is not part of a trace."""
    said = _details(event)
    if said is None:
        return None
    return {"t_s": round(event.t_s, 3), "event": type(event).__name__, **said}


def _details(event: ev.Event) -> dict[str, Any] | None:
    match event:
        case ev.StockChanged():
            names = ("product", "scale", "before", "after", "certain")
            return {name: getattr(event, name) for name in names}
        case ev.StoreOccupied():
            return {}
        case ev.StoreEmptied():
            return {}
        case ev.VisitReconciled():
            return _visit(event)
        case ev.IssueSealed():
            return _issue(event)
        case ev.IssueAmended():
            return {"id": event.id, "product": event.product, "count": event.count}
        case ev.IssueConfirmed() | ev.IssueWithdrawn():
            return {"id": event.id}
        case ev.ZeroMoved():
            return {
                "scale": event.scale,
                "grams": round(event.grams, 1),
                "certain": event.is_certain,
            }
        case ev.BulkJudged():
            grams = {name: round(getattr(event, name), 1) for name in ("gone_g", "sold_g")}
            missing = {"missing_g": round(event.missing_g, 1), "items": event.items}
            return {"scale": event.scale, **grams, **missing, "won": event.won}
        case ev.DeviceFailed():
            return {"device": event.device, "why": event.why}
        case ev.DeviceRecovered():
            return {"device": event.device, "failed_for_s": round(event.failed_for_s, 3)}
        case _:
            return None


def _visit(event: ev.VisitReconciled) -> dict[str, Any]:
    names = ("taken", "paid", "unpaid", "surplus", "misplaced", "mixed_up")
    more = {name: dict(getattr(event, name)) for name in ("promoted", "proposed")}
    return {
        "visit_started_t_s": round(event.visit_started_s, 3),
        "visit_ended_t_s": round(event.visit_ended_s, 3),
        **{name: dict(getattr(event, name)) for name in names},
        "uncertain": {name: list(bounds) for name, bounds in event.uncertain.items()},
        "unverified": sorted(event.unverified),
        **{name: counts for name, counts in more.items() if counts},
    }


def _issue(event: ev.IssueSealed) -> dict[str, Any]:
    names = ("product", "shelf", "kiosk", "missing", "loss", "certainty")
    lines = [{name: getattr(line, name) for name in names} for line in event.lines]
    said: dict[str, Any] = {"id": event.id}
    if event.visit_started_s is not None:
        said["visit_started_t_s"] = round(event.visit_started_s, 3)
    if event.provisional:
        said["provisional"] = True
    return said | {"lines": lines}
