"""Configured scales and cameras → devices: which backend is which class."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storeguard import config as cfg
from storeguard.clock import Clock
from storeguard.devices.sim.world import World
from storeguard.domain.product import Product
from storeguard.errors import ConfigInvalid
from storeguard.ports import Camera, Detector, Scale

LATER = {
    "gpiod": "hx711",
    "iio": "hx711",
    "picamera": "opencv",
    "ncnn": "onnx",
    "openvino": "onnx",
    "ultralytics": "onnx",
}
"""Backends of the contract that this version does not have, and what it has instead."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Every device of the store, closed. `calibrations`: scale id → its calibration."""

    scales: tuple[Scale, ...] = ()
    cameras: tuple[tuple[Camera, Detector], ...] = ()
    calibrations: Mapping[str, cfg.Calibration] = field(default_factory=dict)
    has_pictures: bool = True


MakeHardware = Callable[[cfg.Config, Mapping[str, Product], Mapping[str, int], Clock], Hardware]
"""(configuration, product by scale, counts on the shelves, clock) → devices."""


def from_config(
    config: cfg.Config,
    products: Mapping[str, Product],
    counts: Mapping[str, int],
    clock: Clock,
    *,
    base: Path,
    world: World | None = None,
) -> Hardware:
    """The devices that the configuration names; simulated ones share one world."""
    refuse_later_backends(config)
    simulated = world or _world(config, products, counts, clock)
    return Hardware(
        tuple(_scale(scale, simulated, clock) for scale in config.scales),
        tuple(_camera(config, camera, simulated, clock, base) for camera in config.cameras),
        calibrations(config.scales),
    )


def refuse_later_backends(config: cfg.Config) -> None:
    """Raises ConfigInvalid, all at once, for backends that this version does not have."""
    named: list[tuple[str, str]] = [
        (f"scales[{i}]", scale.backend) for i, scale in enumerate(config.scales)
    ]
    named += [(f"cameras[{i}]", camera.backend) for i, camera in enumerate(config.cameras)]
    named += [("detector", config.detector.backend)]
    problems = tuple(
        f"{where}.backend: '{backend}' is not in this version; use '{LATER[backend]}'"
        for where, backend in named
        if backend in LATER
    )
    if problems:
        raise ConfigInvalid("config.yaml", problems)


def calibrations(scales: Sequence[cfg.Scale]) -> dict[str, cfg.Calibration]:
    """Each scale's own; a simulated cell knows its own, a real one has to be told."""
    from storeguard.devices.sim.scale import SIM_CALIBRATION

    found: dict[str, cfg.Calibration] = {}
    problems = []
    for i, scale in enumerate(scales):
        if scale.calibration is not None:
            found[scale.id] = scale.calibration
        elif scale.backend == "sim":
            found[scale.id] = SIM_CALIBRATION
        else:
            problems.append(
                f"scales[{i}].calibration: is missing; write tare_raw (counts of the empty scale) "
                f"and counts_per_g"
            )
    if problems:
        raise ConfigInvalid("config.yaml", tuple(problems))
    return found


def _world(
    config: cfg.Config, products: Mapping[str, Product], counts: Mapping[str, int], clock: Clock
) -> World | None:
    backends: set[str] = {scale.backend for scale in config.scales}
    backends.update(camera.backend for camera in config.cameras)
    if "sim" not in backends:
        return None
    goods = {scale.id: [products[scale.id]] for scale in config.scales if scale.id in products}
    return World(goods, counts, clock)


def _scale(scale: cfg.Scale, world: World | None, clock: Clock) -> Scale:
    if scale.backend == "sim":
        from storeguard.devices.sim.scale import SimScale

        assert world is not None
        return SimScale(scale, world, clock)
    if scale.backend == "hx711":
        from storeguard.devices.hx711 import open_hx711

        return open_hx711(scale, clock)
    raise ConfigInvalid("config.yaml", (_only_in_a_trace("scales", scale.id),))


def _camera(
    config: cfg.Config, camera: cfg.Camera, world: World | None, clock: Clock, base: Path
) -> tuple[Camera, Detector]:
    if camera.backend == "sim":
        from storeguard.devices.sim.camera import SimCamera
        from storeguard.devices.sim.detector import SimDetector

        assert world is not None
        device = SimCamera(camera, world, clock, timezone=config.store.timezone)
        if config.detector.backend == "sim":
            return device, SimDetector(world, camera.id)
        return device, _detector(config)
    if camera.backend == "opencv":
        from storeguard.devices.opencv import OpenCvCamera

        source = _source(camera.source, base)
        return OpenCvCamera(camera.id, source, clock), _detector(config)
    raise ConfigInvalid("config.yaml", (_only_in_a_trace("cameras", camera.id),))


def _source(source: int | str, base: Path) -> int | str:
    """A file is relative to the configuration's folder; numbers, URLs and devices are not."""
    if isinstance(source, str) and not source.isdigit() and "://" not in source:
        return str(base / source)
    return source


def _detector(config: cfg.Config) -> Detector:
    from storeguard.vision.detectors.choice import make_detector

    return make_detector(config.detector)


def _only_in_a_trace(section: str, name: str) -> str:
    return f"{section} '{name}': backend 'replay' is for a trace; play it with: storeguard replay"
