"""The scales as commands have them: taken from the daemon, read, and given back."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from storeguard import config as cfg
from storeguard import hardware
from storeguard.books import csvfile
from storeguard.books.calibrations import CalibrationFile, InForce, Kept, in_force
from storeguard.books.records import ZeroFile
from storeguard.clock import Clock, SystemClock, SystemPinClock
from storeguard.domain.calibration import Level, steady_level
from storeguard.domain.diagnosis import Cell
from storeguard.domain.product import OnScales, Product
from storeguard.domain.scalerules import Reading
from storeguard.domain.series import sorted_out
from storeguard.errors import (
    AlreadyRunning,
    BookMalformed,
    CalibrationRefused,
    ScaleFault,
    StoreguardError,
)
from storeguard.goods import goods_of
from storeguard.lock import FolderLock, make_folder
from storeguard.ports import Scale
from storeguard.recovery import KIOSK_CSV, SHELF_CSV

ZEROS = "scales.json"
"""In the state folder: the zeros that the daemon remembers."""

DRIFTS = "drifts.json"
"""And how far they have been followed."""

ROUND_S = 0.1
HOLD_S = 3.0
FEWEST_IN_HOLD = 10
PATIENCE_S = 30.0
"""A scale that is not at rest by then will not be."""
SILENT_S = 5.0
"""Without a single good reading for so long: nobody needs to wait for its rest."""


class WaitingClock(Clock, Protocol):
    """A clock that the command itself waits by."""

    def sleep(self, seconds: float) -> None: ...


class CommandClock(SystemClock):
    """The machine's clocks, and sleeps of the calling thread."""

    def sleep(self, seconds: float) -> None:
        SystemPinClock().sleep(seconds)


@dataclass(frozen=True, slots=True)
class Shop:
    """What a command knows of the store without any device."""

    config: cfg.Config
    folders: cfg.Folders
    products: OnScales
    """By scale id; empty where the inventory cannot be read."""
    inventory: Mapping[str, Product]
    counts: Mapping[str, int]
    kept: Mapping[str, Kept]

    @classmethod
    def of(cls, config: cfg.Config, base: Path) -> "Shop":
        """Raises CalibrationDamaged."""
        folders = cfg.Folders.of(config, base)
        inventory, booked = _book(folders.inventory / KIOSK_CSV)
        _, shelved = _book(folders.inventory / SHELF_CSV)
        products = goods_of(config, tuple(inventory.values())).by_scale if inventory else {}
        kept = CalibrationFile(folders.state).load()
        return cls(config, folders, products, inventory, {**booked, **shelved}, kept)

    def scale(self, scale_id: str) -> cfg.Scale:
        """Raises StoreguardError for an id that is none."""
        by_id = {scale.id: scale for scale in self.config.scales}
        if scale_id in by_id:
            return by_id[scale_id]
        close = get_close_matches(scale_id, by_id, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(by_id) or 'none'}"
        raise StoreguardError(f"scale '{scale_id}': no such scale in the configuration; {hint}")

    def product(self, scale_id: str) -> Product | None:
        """The only one on that scale; None where there are none, or several."""
        products = self.products.get(scale_id, ())
        return products[0] if len(products) == 1 else None

    def in_force(self, scale: cfg.Scale) -> InForce | None:
        return in_force(scale, self.kept)

    def calibration(self, scale: cfg.Scale) -> cfg.Calibration | None:
        """The one in force; a simulated cell knows its own."""
        found = self.in_force(scale)
        if found is not None or scale.backend != "sim":
            return found.calibration if found else None
        return hardware.calibrations([scale])[scale.id]

    def cell(self, scale: cfg.Scale) -> Cell:
        calibration, products = self.calibration(scale), self.products.get(scale.id, ())
        return Cell(
            scale.sample_rate_hz,
            scale.capacity_g,
            min((one.unit_weight_g for one in products if one.is_weighable), default=None),
            calibration.tare_raw if calibration else 0,
            calibration.counts_per_g if calibration else None,
        )

    def zero_g(self, scale: cfg.Scale) -> float:
        """What the daemon remembers; a simulated world begins anew each time."""
        if scale.backend == "sim":
            return 0.0
        return ZeroFile(self.folders.state / ZEROS).load().get(scale.id, 0.0)


def _book(path: Path) -> tuple[dict[str, Product], dict[str, int]]:
    """Products and counts of a CSV; none where it cannot be read: a scale can be all the same."""
    try:
        rows = csvfile.read(path.read_bytes(), path.name).rows
    except (OSError, BookMalformed):
        return {}, {}
    products = {row.product.name: row.product for row in rows}
    return products, {row.product.name: row.count for row in rows}


@dataclass(frozen=True, slots=True)
class Device:
    """One scale, started."""

    settings: cfg.Scale
    scale: Scale

    @property
    def id(self) -> str:
        return self.settings.id


MakeScale = Callable[[Shop, cfg.Scale, Clock], Scale]


def make_scale(shop: Shop, scale: cfg.Scale, clock: Clock) -> Scale:
    """The configured device."""
    return hardware.scale_alone(shop.config, scale, shop.products, shop.counts, clock)


@contextmanager
def taken(
    shop: Shop, scales: Sequence[cfg.Scale], clock: Clock, make: MakeScale = make_scale
) -> Iterator[tuple[Device, ...]]:
    """These scales, started; the daemon cannot have them meanwhile. All are closed again.

    Raises StoreguardError where it is running, ConfigInvalid for a backend that is none.
    """
    make_folder(shop.folders.state)
    lock = FolderLock(shop.folders.state)
    with ExitStack() as ending:
        try:
            lock.acquire()
        except AlreadyRunning as running:
            raise StoreguardError(
                f"{shop.folders.state}: storeguard is running ({running.holder}) and has the "
                "scales; stop it first: sudo systemctl stop storeguard"
            ) from None
        ending.callback(lock.release)
        devices = tuple(Device(scale, make(shop, scale, clock)) for scale in scales)
        for device in devices:
            ending.callback(_close, device)
            device.scale.start()
        yield devices


def _close(device: Device) -> None:
    asyncio.run(device.scale.close())


def rounds(
    devices: Sequence[Device], clock: WaitingClock, for_s: float | None
) -> Iterator[list[tuple[Device, Sequence[Reading]]]]:
    """What each has said since the last round; ends after `for_s`, or never."""
    ends_s = None if for_s is None else clock.now_s() + for_s
    while ends_s is None or clock.now_s() < ends_s:
        clock.sleep(ROUND_S)
        yield [(device, device.scale.drain()) for device in devices]


def collected(device: Device, clock: WaitingClock, for_s: float) -> list[Reading]:
    """All that it says in the time."""
    return [
        reading for each in rounds([device], clock, for_s) for _, new in each for reading in new
    ]


def at_rest(device: Device, clock: WaitingClock, calm: float | None = None) -> Level:
    """Its level once it is at rest, from readings after now.

    Raises ScaleFault where nothing usable comes, CalibrationRefused where it never rests.
    """
    since_s = clock.now_s()
    hold_s = max(HOLD_S, FEWEST_IN_HOLD / device.settings.sample_rate_hz)
    heard: list[Reading] = []
    for [(_, new)] in rounds([device], clock, PATIENCE_S + hold_s):
        heard += [reading for reading in new if reading.t_s > since_s]
        level = steady_level(heard, hold_s, calm) if heard else None
        if level is not None:
            return level
        if clock.now_s() - since_s > SILENT_S + hold_s:
            _refuse_silence(device, heard)
    raise CalibrationRefused(
        f"scale '{device.id}': not at rest within {PATIENCE_S:.0f} s; keep hands and draught off, "
        f"or run: storeguard scale diagnose {device.id}",
        "restless",
    )


def _refuse_silence(device: Device, heard: Sequence[Reading]) -> None:
    series = sorted_out(heard)
    if not series.raws:
        said = series.why or f"scale '{device.id}': no reading"
        raise ScaleFault(f"{said}; see: storeguard scale diagnose {device.id}")
