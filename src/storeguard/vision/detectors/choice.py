"""Which detector: the one that the configuration names, or the best that is here."""

import logging
from pathlib import Path

from storeguard import config
from storeguard.errors import DetectorFault, ModelFault, ModelMissing
from storeguard.ports import Detector
from storeguard.vision import models
from storeguard.vision.detectors.background import BackgroundDetector

_log = logging.getLogger(__name__)

KNOWN_NETWORKS = ("yolo11n", "yolox-nano")
"""What `auto` looks for beside the configured network, best first."""


def make_detector(
    wanted: config.Detector, *, places: tuple[Path, ...] | None = None, threads: int | None = None
) -> Detector:
    """The detector of the configuration.

    `onnx` raises ModelMissing, ModelCorrupt or ModelFault; `auto` falls back to `background`
    and warns. A `background` detector belongs to one camera: make one for each. `places`:
    where networks are looked for, `models.folders()` by default.
    """
    if wanted.backend == "background":
        return BackgroundDetector(confidence=wanted.confidence)
    if wanted.backend == "onnx":
        return _onnx(models.require(wanted.model, places), wanted.confidence, threads)
    if wanted.backend == "auto":
        return _best(wanted, places, threads)
    raise DetectorFault(
        f"detector.backend: {wanted.backend!r} is not in this version; "
        "expected onnx, background or auto"
    )


def _best(
    wanted: config.Detector, places: tuple[Path, ...] | None, threads: int | None
) -> Detector:
    names = dict.fromkeys((wanted.model, *KNOWN_NETWORKS))
    problems = []
    for name in names:
        try:
            detector = _onnx(models.require(name, places), wanted.confidence, threads)
        except ModelMissing:
            continue
        except ModelFault as fault:
            problems.append(str(fault))
            continue
        if name != wanted.model or problems:
            _log.warning(
                "detector: %r cannot be used, taking %s%s",
                wanted.model,
                detector.name,
                _because(problems),
            )
        return detector
    _log.warning(
        "detector: NO NETWORK FOUND, people are only differences to the empty store "
        "(background)%s; run: storeguard models pull yolox-nano",
        _because(problems),
    )
    return BackgroundDetector(confidence=wanted.confidence)


def _because(problems: list[str]) -> str:
    return f" ({'; '.join(problems)})" if problems else ""


def _onnx(path: Path, confidence: float, threads: int | None) -> Detector:
    # Imported here: the runtime costs 0.1 s and 20 MB that `background` does not need.
    from storeguard.vision.detectors import onnx

    return onnx.load(path, confidence=confidence, threads=threads)
