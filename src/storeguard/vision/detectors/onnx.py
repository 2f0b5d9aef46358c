"""Person detection by ONNX Runtime: exported YOLO networks without torch."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

from storeguard import allocator
from storeguard.errors import ModelCorrupt, ModelMissing
from storeguard.vision.detectors import network
from storeguard.vision.detectors.network import NetworkDetector, Runtime, usual_threads
from storeguard.vision.detectors.yolo import Floats, Layout

# ONNX Runtime's errors share no base, and their list differs between its versions.
_RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    *(
        kind
        for kind in vars(runtime_errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ),
)


def load(path: Path, *, confidence: float = 0.4, threads: int | None = None) -> NetworkDetector:
    """Loads the network and runs it once.

    Raises ModelMissing, ModelCorrupt (not ONNX, cut short) or ModelFault (not a network
    that finds people). `threads`: None takes `usual_threads()`.
    """
    session = open_session(path, threads=threads)
    allocator.give_back()  # the file as it was parsed: 11 MB with yolo11n
    return detector_of(session, path, confidence=confidence)


def detector_of(session: Any, path: Path, *, confidence: float = 0.4) -> NetworkDetector:
    """As `load`, on a session that is open already."""
    runtime, layout = _runtime(session), layout_of(session, path)
    network.try_out(runtime, layout.input_wh, path)
    return NetworkDetector(runtime, layout, name=path.stem, confidence=confidence)


def open_session(path: Path, *, threads: int | None = None) -> Any:
    """The bare runtime on this network, with the options that the detector uses."""
    if not path.is_file():
        raise ModelMissing(f"{path}: no such network; run: storeguard models pull yolox-nano")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = usual_threads() if threads is None else threads
    options.inter_op_num_threads = 1
    # Waiting threads sleep: on a busy machine spinning ones take the processor from the scales.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    # One block for all scratch memory: 36 MB more with yolo11n, and no faster.
    options.enable_mem_pattern = False
    try:
        return onnxruntime.InferenceSession(
            path, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except _RUNTIME_ERRORS as error:
        raise ModelCorrupt(
            f"{path}: not an ONNX network that can be read ({network.first_line(error)}); "
            "delete the file and pull it again: storeguard models pull yolox-nano"
        ) from error


def layout_of(session: Any, path: Path) -> Layout:
    """Recognises the family by the exporter's metadata and the shapes; else ModelFault."""
    metadata = session.get_modelmeta().custom_metadata_map
    shape_in, shape_out = session.get_inputs()[0].shape, session.get_outputs()[0].shape
    return network.layout_of(shape_in, shape_out, network.described(metadata), path)


def _runtime(session: Any) -> Runtime:
    given, wanted = session.get_inputs()[0].name, [session.get_outputs()[0].name]

    def infer(blob: Floats) -> Floats:
        return np.asarray(session.run(wanted, {given: blob})[0])

    return Runtime("onnx", infer, _RUNTIME_ERRORS)
