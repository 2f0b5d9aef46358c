"""Person detection by ONNX Runtime: exported YOLO networks without torch."""

import ast
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

from storeguard.domain.occupancy import Detection
from storeguard.errors import DetectorFault, ModelCorrupt, ModelFault, ModelMissing
from storeguard.ports import Frame
from storeguard.vision.detectors.yolo import Layout, Letterbox, decode, yolox_cells
from storeguard.vision.visibility import require_sight

USUAL_SIZE_PX = 640
"""Input of a network that was exported for any size."""

# ONNX Runtime's errors share no base, and their list differs between its versions.
_RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    *(
        kind
        for kind in vars(runtime_errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ),
)


class OnnxDetector:
    """One loaded network. Not for two threads at once: its buffers are reused."""

    def __init__(self, session: Any, layout: Layout, *, name: str, confidence: float) -> None:
        self._session = session
        self._layout = layout
        self._name = name
        self._confidence = confidence
        self._letterbox = Letterbox(layout)
        self._input = session.get_inputs()[0].name
        self._outputs = [session.get_outputs()[0].name]

    @property
    def name(self) -> str:
        """Backend and network, for example `onnx:yolox_nano`."""
        return f"onnx:{self._name}"

    @property
    def layout(self) -> Layout:
        return self._layout

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        """Best first; raises CameraBlind on a dark or covered picture."""
        if frame.image is None:
            raise DetectorFault(f"{self.name}: the frame has no picture; expected a camera's frame")
        require_sight(frame.image)
        blob, fitted = self._letterbox.fill(frame.image)
        try:
            [output] = self._session.run(self._outputs, {self._input: blob})
        except _RUNTIME_ERRORS as error:
            raise DetectorFault(f"{self.name}: the network failed: {_first_line(error)}") from error
        return decode(output, self._layout, fitted, self._confidence)

    def warm_up(self) -> None:
        """One run on grey: allocations and thread starts are not the first customer's time."""
        width, height = self._layout.input_wh
        blob = np.full((1, 3, height, width), 0.5, np.float32)
        try:
            self._session.run(self._outputs, {self._input: blob})
        except _RUNTIME_ERRORS as error:
            raise ModelCorrupt(f"{self.name}: cannot be run: {_first_line(error)}") from error

    def close(self) -> None:
        """Nothing to end: the runtime frees the network with its last user."""


def load(path: Path, *, confidence: float = 0.4, threads: int | None = None) -> OnnxDetector:
    """Loads the network and runs it once.

    Raises ModelMissing, ModelCorrupt (not ONNX, cut short) or ModelFault (not a network
    that finds people). `threads`: None takes `usual_threads()`.
    """
    session = open_session(path, threads=threads)
    detector = OnnxDetector(
        session, layout_of(session, path), name=path.stem, confidence=confidence
    )
    detector.warm_up()
    return detector


def open_session(path: Path, *, threads: int | None = None) -> Any:
    """The bare runtime on this network, with the options that the detector uses."""
    if not path.is_file():
        raise ModelMissing(f"{path}: no such network; run: storeguard models pull yolox-nano")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = usual_threads() if threads is None else threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # One block for all scratch memory: 36 MB more with yolo11n, and no faster.
    options.enable_mem_pattern = False
    try:
        return onnxruntime.InferenceSession(
            path, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except _RUNTIME_ERRORS as error:
        raise ModelCorrupt(
            f"{path}: not an ONNX network that can be read ({_first_line(error)}); "
            "delete the file and pull it again: storeguard models pull yolox-nano"
        ) from error


def usual_threads() -> int:
    """All cores of a small machine; from four on one stays free for the scales' timing."""
    cores = len(os.sched_getaffinity(0))
    return cores - 1 if cores >= 4 else cores


def layout_of(session: Any, path: Path) -> Layout:
    """Recognises the family by the exporter's metadata and the shapes; else ModelFault."""
    metadata = session.get_modelmeta().custom_metadata_map
    shape_in, shape_out = session.get_inputs()[0].shape, session.get_outputs()[0].shape
    if len(shape_in) != 4 or shape_in[1] != 3 or len(shape_out) != 3:
        raise _unfit(path, f"input {shape_in}, output {shape_out}")
    input_wh = _input_wh(shape_in, metadata)
    names = _names(metadata)
    person = next((number for number, name in names.items() if name == "person"), None)
    if names and person is None:
        raise _unfit(path, "no class 'person'")
    if _is_yolox(shape_out, input_wh):
        return Layout("yolox", input_wh, shape_out[2] - 5, person or 0)
    if metadata.get("end2end") == "True" or shape_out[2] == 6:
        return Layout("end2end", input_wh, len(names) or 80, person or 0)
    return _ultralytics(shape_out, input_wh, names, person, path)


def _ultralytics(
    shape: list[Any],
    input_wh: tuple[int, int],
    names: dict[int, str],
    person: int | None,
    path: Path,
) -> Layout:
    rows = shape[1]
    classes = len(names) or (rows - 4 if _is_number(rows) else 80)
    if classes < 1 or (_is_number(rows) and rows < 4 + classes):
        raise _unfit(path, f"output {shape} for {classes} classes")
    return Layout("ultralytics", input_wh, classes, person or 0)


def _input_wh(shape: list[Any], metadata: dict[str, str]) -> tuple[int, int]:
    height, width = _literal(metadata.get("imgsz")) or (USUAL_SIZE_PX, USUAL_SIZE_PX)
    if _is_number(shape[2]) and _is_number(shape[3]):
        height, width = shape[2], shape[3]
    return int(width), int(height)


def _is_yolox(shape: list[Any], input_wh: tuple[int, int]) -> bool:
    return shape[1] == yolox_cells(input_wh) and _is_number(shape[2]) and shape[2] > 5


def _names(metadata: dict[str, str]) -> dict[int, str]:
    names = _literal(metadata.get("names"))
    return names if isinstance(names, dict) else {}


def _literal(text: str | None) -> Any:
    try:
        return ast.literal_eval(text) if text else None
    except (ValueError, SyntaxError):
        return None


def _is_number(size: Any) -> bool:
    return isinstance(size, int)


def _unfit(path: Path, got: str) -> ModelFault:
    return ModelFault(
        f"{path}: not a network that finds people: {got}; expected YOLOX, or YOLO exported by "
        "ultralytics; set detector.model, for example to yolox-nano"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
