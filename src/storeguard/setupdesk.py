"""From an empty card to a guarded shelf, step by step. Implements web.desks.SetupDesk.

What is whole by itself (name, products, address) is written where it belongs at once; scales and
camera wait in `state/setup.json` until the end, when they become the configuration together.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import quote

from storeguard import config as cfg
from storeguard import hardware
from storeguard.app import Store
from storeguard.books.calibrations import CalibrationFile
from storeguard.clock import SystemClock
from storeguard.configfile import ConfigFile
from storeguard.devices.machine import Machine
from storeguard.errors import (
    BookMalformed,
    ChannelFault,
    ConfigInvalid,
    MissingExtra,
    StoreguardError,
)
from storeguard.inventorydesk import InventoryDesk
from storeguard.messages import text
from storeguard.notify import addresses
from storeguard.notify.opening import open_channel, variable_of
from storeguard.ports import Letter
from storeguard.statefile import StateFile
from storeguard.upkeep.bench import Bench
from storeguard.upkeep.checks.board import MODEL, is_pi, proposed_backend
from storeguard.upkeep.draftscales import DraftScales
from storeguard.upkeep.leaving import Restart
from storeguard.upkeep.scales import MakeScale, make_scale
from storeguard.vision.pictures import preview_jpeg
from storeguard.web.workdesks import Draft, DraftCamera, DraftScale, EditRow, Step

HEADER = "상품명, 개수, 가격, 무게\n"
CHANNEL = "sms"
PINS: tuple[tuple[int, int], ...] = (
    (20, 16),
    (26, 19),
    (13, 6),
    (5, 22),
    (27, 17),
    (24, 23),
    (25, 12),
    (21, 18),
)
"""DT and SCK (BCM) of the eight places on our wiring card, first to last."""

NAMES = "ABCDEFGH"
PICTURE_WITHIN_S = 8.0


class SetupDesk:
    """`make`: how a scale is made; `machine`: what there is to find."""

    def __init__(
        self,
        store: Store,
        file: ConfigFile,
        restart: Restart,
        *,
        make: MakeScale = make_scale,
        machine: Machine | None = None,
    ) -> None:
        self._store = store
        self._file = file
        self._restart = restart
        self._machine = machine or Machine()
        self._language = store.config.store.language
        self._kept: StateFile[Draft] = StateFile(
            store.folders.state / "setup.json", _draft, without="the first steps are asked again"
        )
        self.draft = self._kept.load() or Draft()
        self._inventory = InventoryDesk(
            store.folders.inventory, store.journal, store.config.store.timezone
        )
        self._scales = DraftScales(self._planned, store.base, store.clock, make)
        self.bench = Bench(self._scales, store.clock, self._language)

    @property
    def loops(self) -> Mapping[str, Callable[[], Any]]:
        return {"setup scales": self._scales.run, "setup bench": self.bench.run}

    @property
    def is_needed(self) -> bool:
        return not self._store.config.scales

    @property
    def is_filling(self) -> bool:
        """The goods are being put on the shelves, after the start."""
        return not self.is_needed and self._store.restocking.mode.who is not None

    async def settle(self) -> None:
        await self._store.restocking.known()

    async def filled(self) -> None:
        await self._store.restocking.stop()

    # --- what is whole by itself -----------------------------------------------------------

    def about(self) -> Mapping[str, str]:
        config = self._store.config
        with contextlib.suppress(ConfigInvalid):
            config = self._file.load()
        law = config.law
        return {"name": config.store.name, "manager": law.manager, "phone": law.phone}

    async def save_about(self, name: str, manager: str, phone: str) -> str:
        if not name.strip() or len(manager) > 60 or len(phone) > 40:
            return text(self._language, "first.store.wrong")
        changes: dict[Any, Any] = {
            ("store", "name"): name.strip(),
            ("law", "manager"): manager.strip(),
            ("law", "phone"): phone.strip(),
        }
        try:
            await asyncio.to_thread(self._file.change, changes)
        except StoreguardError as fault:
            return str(fault)
        return self._done("store")

    def products(self) -> Sequence[EditRow]:
        try:
            return self._inventory.books()["kiosk"].rows
        except (BookMalformed, OSError):
            return ()

    async def save_products(self, rows: Sequence[EditRow]) -> str:
        rows = [replace(row, count=row.count.strip() or "0") for row in rows if row.name.strip()]
        if not rows:
            return text(self._language, "first.products.none")
        if any(not row.weight.strip() or row.weight.strip() == "0" for row in rows):
            return text(self._language, "first.products.weight")
        try:
            await asyncio.to_thread(self._write_products, rows)
        except (BookMalformed, OSError, UnicodeEncodeError) as problem:
            return str(problem)
        return self._done("products")

    def _write_products(self, rows: Sequence[EditRow]) -> None:
        path = self._store.folders.inventory / "inventory_store.csv"
        if not path.exists():
            self._inventory.put("kiosk", HEADER.encode())
        self._inventory.save("kiosk", rows)

    # --- scales ----------------------------------------------------------------------------

    async def find_scales(self) -> None:
        """Which of the places on the wiring card have a scale; keeps what was said of them."""
        found = await self._scales.find(self._candidates())
        known = {one.id: one for one in self.draft.scales}
        scales = tuple(
            DraftScale(one.id, one.backend, one.dout_pin, one.sck_pin, _products(known, one.id))
            for one in found
        )
        self._keep(replace(self.draft, scales=scales))

    def _candidates(self) -> Sequence[cfg.Scale]:
        if not is_pi(self._machine.text(MODEL)):  # a laptop: scales to practise on
            return [cfg.Scale(id=name, backend="sim") for name in NAMES[:2]]
        backend: Any = proposed_backend(self._machine)
        if backend == "iio":
            return [cfg.Scale(id=name, backend="iio") for name in NAMES[:1]]
        return [
            cfg.Scale(id=name, backend=backend, dout_pin=dout, sck_pin=sck)
            for name, (dout, sck) in zip(NAMES, PINS, strict=True)
        ]

    async def read_scales(self) -> None:
        """They are read from now on, as long as somebody looks."""
        await self._scales.open([_scale(one) for one in self.draft.scales])

    async def save_scales(self, products: Mapping[str, str]) -> str:
        """Scale → the product on it; one that has none stays out."""
        taken = [name for name in products.values() if name]
        if not taken:
            return text(self._language, "first.scales.none")
        if len(taken) != len(set(taken)):
            return text(self._language, "first.scales.twice")
        scales = tuple(
            replace(one, products=(products[one.id],) if products.get(one.id) else ())
            for one in self.draft.scales
        )
        self._keep(replace(self.draft, scales=scales))
        return self._done("scales")

    def calibrated(self) -> frozenset[str]:
        kept = CalibrationFile(self._store.folders.state).load()
        return frozenset(one.id for one in self._used() if one.id in kept)

    def _used(self) -> Sequence[DraftScale]:
        return [one for one in self.draft.scales if one.products]

    async def save_weighed(self) -> str:
        missing = [one.id for one in self._used() if one.id not in self.calibrated()]
        if missing:
            return text(self._language, "first.weigh.missing", scales=", ".join(missing))
        return self._done("weigh")

    # --- camera ----------------------------------------------------------------------------

    def cameras(self) -> Sequence[DraftCamera]:
        """What there seems to be."""
        found = [
            DraftCamera("opencv", str(path)[len(str(self._machine.root)) :] or str(path))
            for path in self._machine.files("dev/video[0-9]")
        ]
        found = [replace(one, source=f"/{one.source.lstrip('/')}") for one in found]
        if is_pi(self._machine.text(MODEL)):
            return [DraftCamera("picamera", "0"), *found]
        return [*found, DraftCamera("sim", "0")]

    async def save_camera(self, backend: str, source: str) -> str:
        if backend not in ("", "picamera", "opencv", "sim"):
            return text(self._language, "first.camera.wrong")
        source = source.strip()
        before, camera = self.draft, DraftCamera(backend, source) if backend else None
        self._keep(replace(self.draft, camera=camera))
        if camera is not None and await self.picture() is None:
            self._keep(before)
            return text(self._language, "first.camera.blind")
        return self._done("camera")

    async def picture(self) -> bytes | None:
        """What the chosen camera sees now."""
        if self.draft.camera is None:
            return None
        config = cfg.Config(
            store=self._store.config.store,
            cameras=(_camera(self.draft.camera),),
            detector=cfg.Detector(backend="background"),
        )
        try:
            async with asyncio.timeout(PICTURE_WITHIN_S):
                return await self._taken(config)
        except (StoreguardError, TimeoutError):
            return None

    async def _taken(self, config: cfg.Config) -> bytes | None:
        made = hardware.from_config(config, {}, {}, self._store.clock, base=self._store.base)
        [(camera, detector)] = made.cameras
        try:
            await camera.open()
            frame = await camera.frame()
            return None if frame.image is None else preview_jpeg(frame)
        finally:
            await camera.close()
            detector.close()

    # --- telephone -------------------------------------------------------------------------

    @property
    def is_told(self) -> bool:
        return variable_of(CHANNEL) in {**addresses.kept(self._store.base), **os.environ}

    async def save_phone(self, to: str, sender: str, key: str, secret: str) -> str:
        """Sends a test SMS; only an address that works is kept. All empty: later."""
        if not any((to, sender, key, secret)):
            return self._done("phone")
        digits = ["".join(filter(str.isdecimal, number)) for number in (sender, to)]
        if not all((key.strip(), secret.strip(), *digits)):
            return text(self._language, "first.phone.incomplete")
        keys = f"{quote(key.strip(), safe='')}:{quote(secret.strip(), safe='')}"
        url = f"solapi://{keys}@{digits[0]}/{digits[1]}"
        try:
            await asyncio.to_thread(self._send_test, url)
            await asyncio.to_thread(addresses.keep, self._store.base, CHANNEL, url)
        except (ChannelFault, MissingExtra, OSError) as fault:
            return text(self._language, "first.phone.failed", why=str(fault))
        return self._done("phone")

    def _send_test(self, url: str) -> None:
        said = text(self._language, "notice.test")
        name = self.about()["name"]
        subject = text(self._language, "notice.subject", store=name, said=said)
        letter = Letter(f"setup-{SystemClock().utc():%Y%m%dT%H%M%S.%f}", subject, said)
        open_channel(CHANNEL, {variable_of(CHANNEL): url}).send(letter)

    # --- the end ---------------------------------------------------------------------------

    def _planned(self) -> cfg.Config:
        """The configuration that all this comes to; the one in force where it cannot be yet."""
        scales = tuple(_scale(one) for one in self.draft.scales)
        return self._store.config.model_copy(update={"scales": scales})

    def check(self) -> Sequence[str]:
        """What is still to be done, a line each."""
        return [
            text(self._language, f"first.{step}.open") for step in STEPS if not self.is_done(step)
        ]

    def is_done(self, step: Step) -> bool:
        return step in self.draft.done

    async def finish(self) -> str:
        """Writes the configuration, switches restock mode on, and starts anew."""
        missing = self.check()
        if missing:
            return missing[0]
        try:
            await asyncio.to_thread(self._file.change, self._changes())
        except StoreguardError as fault:
            return str(fault)
        await self._scales.close()
        await self._store.restocking.start("owner")
        if not self._restart.ask():
            return text(self._language, "first.start.by_hand")
        return ""

    def _changes(self) -> dict[Any, Any]:
        camera, used = self.draft.camera, self._used()
        changes: dict[Any, Any] = {("scales",): [_entry(_scale(one)) for one in used]}
        changes["cameras",] = [] if camera is None else [_entry(_camera(camera))]
        changes["detector", "backend"] = (
            "background" if camera is None or camera.backend == "sim" else "auto"
        )
        if self.is_told:
            changes["notices", "channels"] = [{"id": CHANNEL}]
        return changes

    def _done(self, step: Step) -> str:
        if step not in self.draft.done:
            self._keep(replace(self.draft, done=(*self.draft.done, step)))
        return ""

    def _keep(self, draft: Draft) -> None:
        self._kept.save(asdict(draft))
        self.draft = draft


STEPS: tuple[Step, ...] = ("store", "products", "scales", "weigh", "camera", "phone")


def _scale(one: DraftScale) -> cfg.Scale:
    backend: Any = one.backend
    return cfg.Scale(
        id=one.id,
        products=one.products,
        backend=backend,
        dout_pin=one.dout_pin,
        sck_pin=one.sck_pin,
    )


def _camera(one: DraftCamera) -> cfg.Camera:
    backend: Any = one.backend
    source = int(one.source) if one.source.isdecimal() else one.source
    return cfg.Camera(id="door", backend=backend, source=source)


def _entry(section: cfg.Scale | cfg.Camera) -> dict[str, Any]:
    """As the file has it: only what is not the default."""
    return section.model_dump(mode="json", exclude_defaults=True)


def _products(known: Mapping[str, DraftScale], scale: str) -> tuple[str, ...]:
    return known[scale].products if scale in known else ()


def _draft(said: Any) -> Draft:
    scales = tuple(
        DraftScale(**{**one, "products": tuple(one["products"])}) for one in said["scales"]
    )
    camera = None if said["camera"] is None else DraftCamera(**said["camera"])
    return Draft(scales, camera, tuple(said["done"]))
