"""Person detection by OpenVINO: ultralytics' export folders, int8 too, and Intel's own IR.

The second kind is person-detection-retail-0013: 4 ms on a desktop, but it misses people who
are cut off by the picture's edge.
"""

from pathlib import Path
from typing import Any

import numpy as np
import openvino

from storeguard.errors import ModelCorrupt, ModelFault, ModelMissing
from storeguard.vision.detectors import network
from storeguard.vision.detectors.network import NetworkDetector, Runtime, usual_threads
from storeguard.vision.detectors.yolo import Floats, Layout
from storeguard.vision.formats import stem_of

_ERRORS = (RuntimeError,)
_OPTIONS = {
    "PERFORMANCE_HINT": "LATENCY",
    # ARM would take half precision: the same picture has the same people on every machine.
    "INFERENCE_PRECISION_HINT": "f32",
}


def load(path: Path, *, confidence: float = 0.4, threads: int | None = None) -> NetworkDetector:
    """Loads the folder or .xml and runs it once.

    Raises ModelMissing, ModelCorrupt (cut short, one of its two files missing) or ModelFault
    (not a network that finds people). `threads`: None takes `usual_threads()`.
    """
    described_by = _description(path)
    options = _OPTIONS | {"INFERENCE_NUM_THREADS": str(threads or usual_threads())}
    try:
        core = openvino.Core()
        model = core.read_model(described_by)
        compiled = core.compile_model(model, "CPU", options)
    except _ERRORS as error:
        raise ModelCorrupt(
            f"{described_by}: not an OpenVINO network that can be read ({_reason(error)}); "
            "copy its folder again, or set detector.backend to auto"
        ) from error
    runtime, layout = _runtime(compiled), layout_of(model, described_by)
    network.try_out(runtime, layout.input_wh, described_by)
    return NetworkDetector(runtime, layout, name=stem_of(path), confidence=confidence)


def layout_of(model: Any, path: Path) -> Layout:
    """By metadata.yaml beside the network and the shapes; else ModelFault."""
    about = network.described_beside(path.parent)
    layout = network.layout_of(
        _shape(model.input(0).partial_shape), _shape(model.output(0).partial_shape), about, path
    )
    # Faces, cars and people have this layout alike, and only the name tells.
    if layout.family == "ssd" and not _names_people(model.get_friendly_name(), path):
        raise network.unfit(path, f"an SSD named {model.get_friendly_name()!r}")
    return layout


def _names_people(name: str, path: Path) -> bool:
    words = f"{name} {path.stem}".lower()
    return "person" in words or "pedestrian" in words


def _description(path: Path) -> Path:
    """The .xml of a folder that has exactly one."""
    if not path.exists():
        raise ModelMissing(f"{path}: no such network; copy an OpenVINO export there")
    found = sorted(path.glob("*.xml")) if path.is_dir() else [path]
    if len(found) != 1:
        raise ModelFault(f"{path}: has {len(found)} .xml files, expected one beside its .bin")
    if not found[0].stat().st_size or found[0].read_bytes()[:1] != b"<":
        # OpenVINO would try it as every format that it knows, and complain for each.
        raise ModelCorrupt(f"{found[0]}: is no XML; copy its folder again")
    return found[0]


def _shape(partial: Any) -> list[Any]:
    """Fixed sizes as numbers, the others as None."""
    return [size.get_length() if size.is_static else None for size in partial]


def _runtime(compiled: Any) -> Runtime:
    request, output = compiled.create_infer_request(), compiled.output(0)

    def infer(blob: Floats) -> Floats:
        # A copy: the next answer is written over this one.
        return np.array(request.infer({0: blob})[output])

    return Runtime("openvino", infer, _ERRORS)


def _reason(error: Exception) -> str:
    """OpenVINO's own words: its first lines name its source files."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Exception from", "Check "))]
    return (told or lines or [type(error).__name__])[0][:200]
