"""Which detector: the one that the configuration names, or the best that is here."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from storeguard import config
from storeguard.errors import DetectorFault, MissingExtra, ModelFault, ModelMissing
from storeguard.ports import Detector
from storeguard.vision import models
from storeguard.vision.detectors.background import BackgroundDetector
from storeguard.vision.formats import Format

_log = logging.getLogger(__name__)

KNOWN_NETWORKS = ("yolo11n", "yolox-nano")
"""What `auto` looks for beside the configured network, best first."""

RUNTIMES: dict[Format, str] = {
    "ncnn": "ncnn",
    "openvino": "openvino",
    "onnx": "onnxruntime",
    "torch": "torch",
}
"""Format → the package that runs it."""


@dataclass(frozen=True, slots=True)
class Backend:
    """A detector that needs a package and a network in one of these formats, best first."""

    name: str
    package: str
    extra: str
    formats: tuple[Format, ...]

    def is_installed(self) -> bool:
        return find_spec(self.package) is not None

    def usable_formats(self) -> tuple[Format, ...]:
        """Those whose runtime is installed, too."""
        return tuple(each for each in self.formats if find_spec(RUNTIMES[each]) is not None)


BACKENDS = (
    Backend("ncnn", "ncnn", "ncnn", ("ncnn",)),
    Backend("openvino", "openvino", "openvino", ("openvino",)),
    Backend("onnx", "onnxruntime", "", ("onnx",)),
    Backend("ultralytics", "ultralytics", "yolo", ("ncnn", "openvino", "torch", "onnx")),
)
"""In the order in which `auto` tries them."""


def make_detector(
    wanted: config.Detector, *, places: tuple[Path, ...] | None = None, threads: int | None = None
) -> Detector:
    """The detector of the configuration.

    A named backend raises MissingExtra, ModelMissing, ModelCorrupt or ModelFault; `auto` falls
    back to `background` and warns. A `background` detector belongs to one camera: make one for
    each. `places`: where networks are looked for, `models.folders()` by default.
    """
    if wanted.backend == "background":
        return BackgroundDetector(confidence=wanted.confidence)
    if wanted.backend == "auto":
        return _best(wanted, places, threads)
    backend = _backend(wanted.backend)
    path = _require(backend, wanted.model, places)
    return _load(backend, path, wanted.confidence, threads)


def obstacles(wanted: config.Detector) -> Iterator[str]:
    """Why the configured backend cannot be had; nothing for `auto`, which takes another."""
    backend = next((each for each in BACKENDS if each.name == wanted.backend), None)
    try:
        if backend is not None:
            _require(backend, wanted.model, None)
    except MissingExtra as missing:
        yield f"detector.backend: {missing}"
    except ModelFault as fault:
        yield f"detector.model: {fault}"


def has_network(wanted: config.Detector, places: tuple[Path, ...] | None = None) -> bool:
    """Whether `auto` finds one that a backend which is installed can read."""
    return any(
        models.find(name, places, wanted=backend.usable_formats())
        for name in _names(wanted)
        for backend in BACKENDS
        if backend.is_installed()
    )


def _backend(name: str) -> Backend:
    for backend in BACKENDS:
        if backend.name == name:
            return backend
    names = ", ".join(backend.name for backend in BACKENDS)
    raise DetectorFault(
        f"detector.backend: {name!r} finds nobody on pictures; expected {names}, background or auto"
    )


def _require(backend: Backend, model: str, places: tuple[Path, ...] | None) -> Path:
    if not backend.is_installed():
        raise MissingExtra(f"detector {backend.name}", backend.package, backend.extra)
    return models.require(model, places, wanted=backend.usable_formats())


def _names(wanted: config.Detector) -> tuple[str, ...]:
    return tuple(dict.fromkeys((wanted.model, *KNOWN_NETWORKS)))


def _best(
    wanted: config.Detector, places: tuple[Path, ...] | None, threads: int | None
) -> Detector:
    """The configured network by any runtime goes before another network by a faster one."""
    problems: list[str] = []
    for name in _names(wanted):
        for backend in BACKENDS:
            try:
                path = _require(backend, name, places)
                detector = _load(backend, path, wanted.confidence, threads)
            except (MissingExtra, ModelMissing):
                continue
            except ModelFault as fault:
                problems.append(str(fault))
                continue
            _say_choice(detector, backend, name == wanted.model, wanted.model, problems)
            return detector
    _log.warning(
        "detector: NO NETWORK FOUND, people are only differences to the empty store "
        "(background)%s; run: storeguard models pull yolox-nano",
        _because(problems),
    )
    return BackgroundDetector(confidence=wanted.confidence)


def _say_choice(
    detector: Detector, backend: Backend, is_wanted: bool, model: str, problems: list[str]
) -> None:
    why = "; ".join(_passed_over(backend, model)) or "the first choice"
    if is_wanted and not problems:
        _log.info("detector: auto takes %s (%s)", detector.name, why)
    elif is_wanted:
        _log.warning("detector: auto takes %s%s", detector.name, _because(problems))
    else:
        _log.warning(
            "detector: %r cannot be used, taking %s%s", model, detector.name, _because(problems)
        )


def _passed_over(chosen: Backend, model: str) -> Iterator[str]:
    for backend in BACKENDS[: BACKENDS.index(chosen)]:
        lacks = f"has no network {model!r}" if backend.is_installed() else "is not installed"
        yield f"{backend.name} {lacks}"


def _because(problems: list[str]) -> str:
    return f" ({'; '.join(problems)})" if problems else ""


def _load(backend: Backend, path: Path, confidence: float, threads: int | None) -> Detector:
    # Imported here: each costs time and memory that the others do not need.
    if backend.name == "ncnn":
        from storeguard.vision.detectors import ncnn

        return ncnn.load(path, confidence=confidence, threads=threads)
    if backend.name == "openvino":
        from storeguard.vision.detectors import openvino

        return openvino.load(path, confidence=confidence, threads=threads)
    if backend.name == "onnx":
        from storeguard.vision.detectors import onnx

        return onnx.load(path, confidence=confidence, threads=threads)
    from storeguard.vision.detectors import ultralytics

    return ultralytics.load(path, confidence=confidence, threads=threads)
