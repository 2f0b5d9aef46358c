"""Configured scales and cameras → devices: which backend is which class."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from storeguard import config as cfg
from storeguard.books.calibrations import CalibrationFile, Kept, in_force, other_gain, overruled
from storeguard.clock import Clock
from storeguard.devices.sim.world import World
from storeguard.domain.product import OnScales
from storeguard.errors import ConfigInvalid
from storeguard.ports import Camera, Contact, Detector, Scale

NOTHING_KEPT: Mapping[str, Kept] = MappingProxyType({})

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class Hardware:
    """Every device of the store, closed. `calibrations`: scale id → its calibration."""

    scales: tuple[Scale, ...] = ()
    cameras: tuple[tuple[Camera, Detector], ...] = ()
    calibrations: Mapping[str, cfg.Calibration] = field(default_factory=dict)
    has_pictures: bool = True
    new_scales: frozenset[str] = frozenset()
    """Scales that did not exist before this start: a simulated world of our own."""
    contacts: tuple[Contact, ...] = ()


MakeHardware = Callable[[cfg.Config, OnScales, Mapping[str, int], Clock], Hardware]
"""(configuration, products by scale, counts on the shelves, clock) → devices."""


def from_config(
    config: cfg.Config,
    products: OnScales,
    counts: Mapping[str, int],
    clock: Clock,
    *,
    base: Path,
    world: World | None = None,
) -> Hardware:
    """The devices that the configuration names; simulated ones share one world.

    Raises ConfigInvalid, and CalibrationDamaged for what the scale commands have kept.
    """
    kept = CalibrationFile(cfg.Folders.of(config, base).state).load()
    problems = unusable(config, kept)
    if problems:
        raise ConfigInvalid("config.yaml", problems)
    for line in overruled(config.scales, kept):
        log.info(line)
    simulated = world or _world(config, products, counts, clock)
    return Hardware(
        tuple(_scale(scale, simulated, clock) for scale in config.scales),
        tuple(_camera(config, camera, simulated, clock, base) for camera in config.cameras),
        calibrations(config.scales, kept),
        contacts=tuple(_contact(contact, simulated, clock) for contact in config.contacts),
        new_scales=frozenset() if world else _simulated(config),
    )


def _contact(contact: cfg.Contact, world: World | None, clock: Clock) -> Contact:
    if contact.backend == "sim":
        from storeguard.devices.sim.contact import SimContact

        assert world is not None
        return SimContact(contact.id, world)
    from storeguard.devices.contact import GpiodContact

    assert contact.pin is not None
    is_high = contact.active == "high"
    return GpiodContact(contact.id, contact.pin, clock, is_active_high=is_high)


def scale_alone(
    config: cfg.Config,
    scale: cfg.Scale,
    products: OnScales,
    counts: Mapping[str, int],
    clock: Clock,
) -> Scale:
    """One scale for a command, calibrated or not; a simulated one has its shelf's goods on it.

    Raises ConfigInvalid for a backend that is for a trace.
    """
    world = _world(config, products, counts, clock) if scale.backend == "sim" else None
    return _scale(scale, world, clock)


def _simulated(config: cfg.Config) -> frozenset[str]:
    return frozenset(scale.id for scale in config.scales if scale.backend == "sim")


def unusable(config: cfg.Config, kept: Mapping[str, Kept] = NOTHING_KEPT) -> tuple[str, ...]:
    """Why this version cannot make these devices, a line each; empty when it can."""
    return (
        *_only_in_a_trace(config),
        *_uncalibrated(config.scales, kept),
        *_blind(config),
        *_misnumbered(config),
    )


def calibrations(
    scales: Sequence[cfg.Scale], kept: Mapping[str, Kept] = NOTHING_KEPT
) -> dict[str, cfg.Calibration]:
    """Each scale's own; a simulated cell knows its own, a real one has to be told.

    Raises ConfigInvalid for a real one that has none.
    """
    from storeguard.devices.sim.scale import SIM_CALIBRATION

    problems = tuple(_uncalibrated(scales, kept))
    if problems:
        raise ConfigInvalid("config.yaml", problems)
    found = {scale.id: in_force(scale, kept) for scale in scales}
    return {name: own.calibration if own else SIM_CALIBRATION for name, own in found.items()}


def calibrated(config: cfg.Config, found: Mapping[str, cfg.Calibration]) -> cfg.Config:
    """The configuration with the calibrations in force, for whoever reads it elsewhere."""
    scales = tuple(s.model_copy(update={"calibration": found[s.id]}) for s in config.scales)
    return config.model_copy(update={"scales": scales})


def _named_backends(config: cfg.Config) -> Iterator[tuple[str, str]]:
    yield from ((f"scales[{i}]", scale.backend) for i, scale in enumerate(config.scales))
    yield from ((f"cameras[{i}]", camera.backend) for i, camera in enumerate(config.cameras))
    yield "detector", config.detector.backend


def _only_in_a_trace(config: cfg.Config) -> Iterator[str]:
    for where, backend in _named_backends(config):
        if backend == "replay":
            yield f"{where}.backend: 'replay' is for a trace; play it with: storeguard replay"


def _blind(config: cfg.Config) -> Iterator[str]:
    is_real = any(camera.backend not in ("sim", "replay") for camera in config.cameras)
    if config.detector.backend == "sim" and is_real:
        yield "detector.backend: 'sim' sees simulated cameras only; use 'auto' for real ones"


def _misnumbered(config: cfg.Config) -> Iterator[str]:
    for i, camera in enumerate(config.cameras):
        if camera.backend == "picamera" and not str(camera.source).isdecimal():
            yield (
                f"cameras[{i}].source: {camera.source!r} is no camera's number; expected 0, 1, … "
                "for 'picamera', or backend: opencv for devices, URLs and files"
            )


def _uncalibrated(scales: Sequence[cfg.Scale], kept: Mapping[str, Kept]) -> Iterator[str]:
    for i, scale in enumerate(scales):
        if in_force(scale, kept) is None and scale.backend != "sim":
            yield f"scales[{i}].calibration: is missing; run: storeguard scale calibrate {scale.id}"
        if gain := other_gain(scale, kept):
            yield (
                f"scales[{i}].gain: is {scale.gain}, but scale '{scale.id}' was calibrated at "
                f"{gain}; write gain: {gain}, or run: storeguard scale calibrate {scale.id}"
            )


def _world(
    config: cfg.Config, products: OnScales, counts: Mapping[str, int], clock: Clock
) -> World | None:
    backends: set[str] = {scale.backend for scale in config.scales}
    backends.update(camera.backend for camera in config.cameras)
    backends.update(contact.backend for contact in config.contacts)
    if "sim" not in backends:
        return None
    goods = {s.id: products.get(s.id, ()) for s in config.scales}
    return World(goods, counts, clock, cameras=[camera.id for camera in config.cameras])


def _scale(scale: cfg.Scale, world: World | None, clock: Clock) -> Scale:
    if scale.backend == "sim":
        from storeguard.devices.sim.scale import SimScale

        assert world is not None
        return SimScale(scale, world, clock)
    if scale.backend == "hx711":
        from storeguard.devices.hx711 import open_hx711

        return open_hx711(scale, clock)
    if scale.backend == "gpiod":
        from storeguard.devices.gpiod import open_gpiod

        return open_gpiod(scale, clock)
    if scale.backend == "iio":
        from storeguard.devices.iio import open_iio

        return open_iio(scale, clock)
    raise ConfigInvalid("config.yaml", unusable(cfg.Config(scales=(scale,))))


def _camera(
    config: cfg.Config, camera: cfg.Camera, world: World | None, clock: Clock, base: Path
) -> tuple[Camera, Detector]:
    if camera.backend == "sim":
        from storeguard.devices.sim.camera import SimCamera
        from storeguard.devices.sim.detector import SimDetector

        assert world is not None
        zone = config.store.timezone
        device = SimCamera(camera, world, clock, _device_fps(camera), timezone=zone)
        if config.detector.backend == "sim":
            return device, SimDetector(world, camera.id)
        return device, _detector(config)
    if camera.backend == "picamera":
        from storeguard.devices.picamera import PiCamera

        number, size_px = int(camera.source), camera.record_size_px
        fps = _device_fps(camera)
        pi = PiCamera(camera.id, number, clock, record_size_px=size_px, fps=fps)
        return pi, _detector(config)
    if camera.backend == "opencv":
        from storeguard.devices.opencv import OpenCvCamera

        source = _source(camera.source, base)
        return OpenCvCamera(camera.id, source, clock), _detector(config)
    raise ConfigInvalid("config.yaml", unusable(cfg.Config(cameras=(camera,))))


def _device_fps(camera: cfg.Camera) -> float:
    """No device makes pictures that nobody judges or records."""
    return max(camera.record_fps, camera.watch_fps)


def _source(source: int | str, base: Path) -> int | str:
    """A file is relative to the configuration's folder; numbers, URLs and devices are not."""
    if isinstance(source, str) and not source.isdigit() and "://" not in source:
        return str(base / source)
    return source


def _detector(config: cfg.Config) -> Detector:
    from storeguard.vision.sighting import detector_for

    return detector_for(config.detector)
