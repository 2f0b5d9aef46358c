"""Scales with all that works on their data: channels, memories, freezers, what is learnt."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from storeguard.books.records import LEARNT, DriftFile, GuestFile, LearntFile, ZeroFile
from storeguard.clock import Clock
from storeguard.config import Calibration, Config, Folders
from storeguard.config import Scale as ScaleConfig
from storeguard.domain import bulk
from storeguard.domain.bulk import Loss, rounded_g
from storeguard.domain.drift import DriftRules
from storeguard.domain.product import OnScales
from storeguard.domain.scalerules import WeighingRules, band_g, off_below_g
from storeguard.goods import goods_of
from storeguard.hardware import Hardware
from storeguard.health import Health
from storeguard.messages import text
from storeguard.mode import Mode
from storeguard.ports import Book, Reading
from storeguard.services.bus import Bus
from storeguard.services.heaps import Heaps
from storeguard.services.heapsteps import HeapSteps
from storeguard.services.learning import UnitLearning
from storeguard.services.weighing import Channel, WeighingService

Memory = TypeVar("Memory", covariant=True)


def weighing(
    config: Config,
    folders: Folders,
    hardware: Hardware,
    products: OnScales,
    shelf: Book,
    bus: Bus,
    clock: Clock,
    health: Health,
    mode: Mode,
    on_readings: Callable[[str, Sequence[Reading]], None],
) -> WeighingService:
    """Every scale, and what its zero, guests and drift were before the restart."""
    where = (folders, hardware, mode.fsync)
    return WeighingService(
        channels(config, hardware, products),
        shelf,
        bus,
        clock,
        health,
        memory=state_file(ZeroFile, "scales.json", *where),
        guest_memory=state_file(GuestFile, "guests.json", *where),
        drift_memory=state_file(DriftFile, "drifts.json", *where),
        round_s=mode.weighing_round_s,
        on_readings=on_readings,
    )


def _bulk_rules(config: Config, scale: ScaleConfig, calibration: Calibration) -> WeighingRules:
    """A freezer comes to rest slowly, and its ramps are followed without an end.

    However far below nothing it is, it is not off: it may have been tared with its goods inside.
    """
    return WeighingRules(
        scale.id,
        calibration.tare_raw,
        calibration.counts_per_g,
        max(config.visits.settle_for_s, bulk.SETTLE_FOR_S),
        bulk.band_g(scale.capacity_g),
        drift=bulk.rules(scale.capacity_g),
    )


def channels(config: Config, hardware: Hardware, products: OnScales) -> list[Channel]:
    """Every scale with its calibration, its rules and its products."""
    found = []
    for settings, scale in zip(config.scales, hardware.scales, strict=True):
        if settings.kind == "bulk":
            calibration = hardware.calibrations[settings.id]
            found.append(Channel(scale, _bulk_rules(config, settings, calibration), ()))
            continue
        own = products.get(settings.id, ())
        calibration = hardware.calibrations[settings.id]
        weights_g = [product.unit_weight_g for product in own if product.is_weighable]
        rules = WeighingRules(
            settings.id,
            calibration.tare_raw,
            calibration.counts_per_g,
            config.visits.settle_for_s,
            band_g(settings.capacity_g, min(weights_g, default=None)),
            off_below_g(settings.capacity_g, max(weights_g, default=None)),
            DriftRules.of(settings.capacity_g),
        )
        found.append(Channel(scale, rules, own))
    return found


class _OfScales(Protocol[Memory]):
    def __call__(self, path: Path, *, new_scales: frozenset[str], fsync: bool) -> Memory: ...


def state_file(
    kind: _OfScales[Memory], name: str, folders: Folders, hardware: Hardware, fsync: bool
) -> Memory:
    """What scales remember over restarts; nothing of a world that begins anew."""
    return kind(folders.state / name, new_scales=hardware.new_scales, fsync=fsync)


def heaps(config: Config, weighing: WeighingService, kiosk: Book, bus: Bus) -> Heaps:
    """The freezers that are judged by grams."""
    language = config.store.language

    def label(scale: str, loss: Loss | None) -> str:
        if loss is None:
            return text(language, "bulk.name", scale=scale)
        return text(language, "bulk.label", scale=scale, grams=rounded_g(loss))

    goods = goods_of(config, kiosk.products).bulk
    return Heaps(goods, HeapSteps(goods, weighing, bus), kiosk, bus, label)


def learning(folders: Folders, kiosk: Book, bus: Bus) -> UnitLearning:
    """What single units weigh."""

    def written_g(product: str) -> float | None:
        found = (one.unit_weight_g for one in kiosk.products if one.name == product)
        return next(found, None)

    return UnitLearning(bus, LearntFile(folders.state / LEARNT), written_g)
