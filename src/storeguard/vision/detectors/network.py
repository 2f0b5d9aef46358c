"""What all runtimes share: which kind of network it is, and frames through it.

A runtime's file loads a network and says how to run it; the picture before and the boxes
after are the same everywhere, in `yolo.py`.
"""

import ast
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from storeguard.domain.occupancy import Detection
from storeguard.errors import DetectorFault, ModelCorrupt, ModelFault
from storeguard.ports import Frame
from storeguard.vision.detectors.yolo import Floats, Layout, Letterbox, decode, yolox_cells
from storeguard.vision.visibility import require_sight

USUAL_SIZE_PX = 640
"""Input of a network that was exported for any size."""

PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
"""OpenMP's threads sleep while they wait for each other, read when its library is loaded.

Else they spin: NCNN's two threads on two busy cores took 9.1 s and 1.44 s of processor time a
picture, sleeping 0.09 s and 0.09 s, and it is the scales' timing that they would disturb.
"""

_SSD_PERSON = 1


@dataclass(frozen=True, slots=True)
class Runtime:
    """How one loaded network is run: (1, 3, height, width) in, its first output out.

    `errors`: what the runtime raises when it cannot.
    """

    name: str
    infer: Callable[[Floats], Floats]
    errors: tuple[type[Exception], ...]


class NetworkDetector:
    """One loaded network. Not for two threads at once: its buffers are reused."""

    def __init__(self, runtime: Runtime, layout: Layout, *, name: str, confidence: float) -> None:
        self._runtime = runtime
        self._layout = layout
        self._name = name
        self._confidence = confidence
        self._letterbox = Letterbox(layout)

    @property
    def name(self) -> str:
        """Backend and network, for example `onnx:yolox_nano`."""
        return f"{self._runtime.name}:{self._name}"

    @property
    def layout(self) -> Layout:
        return self._layout

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        """Best first; raises CameraBlind on a dark or covered picture."""
        image = picture_of(frame, self.name)
        blob, fitted = self._letterbox.fill(image)
        try:
            output = self._runtime.infer(blob)
        except self._runtime.errors as error:
            raise DetectorFault(f"{self.name}: the network failed: {first_line(error)}") from error
        return decode(output, self._layout, fitted, self._confidence)

    def close(self) -> None:
        """Nothing to end: the runtime frees the network with its last user."""


def picture_of(frame: Frame, detector: str) -> Any:
    """The frame's picture; raises DetectorFault without one and CameraBlind on darkness."""
    if frame.image is None:
        raise DetectorFault(f"{detector}: the frame has no picture; expected a camera's frame")
    require_sight(frame.image)
    return frame.image


def try_out(runtime: Runtime, input_wh: tuple[int, int], path: Path) -> Floats:
    """The network's answer to grey: allocations and thread starts are not the first customer's
    time, and a network whose answer is no numbers would see nobody, silently: ModelCorrupt."""
    width, height = input_wh
    blob = np.full((1, 3, height, width), 0.5, np.float32)
    try:
        output = runtime.infer(blob)
    except runtime.errors as error:
        raise ModelCorrupt(f"{path}: cannot be run: {first_line(error)}") from error
    if not output.size or not np.isfinite(output).all():
        raise ModelCorrupt(f"{path}: answers with values that are no numbers; its weights are bad")
    return output


def usual_threads() -> int:
    """All cores of a small machine; from four on one stays free for the scales' timing."""
    cores = len(os.sched_getaffinity(0))
    return cores - 1 if cores >= 4 else cores


@dataclass(frozen=True, slots=True)
class Described:
    """What the exporter wrote about a network; empty and None where it wrote nothing."""

    names: Mapping[int, str]
    input_wh: tuple[int, int] | None
    is_end2end: bool
    task: str | None


def described(metadata: Mapping[str, Any]) -> Described:
    """From ultralytics' metadata, as typed values or as the text of Python literals."""
    given = {key: _value(value) for key, value in metadata.items()}
    names, size = given.get("names"), given.get("imgsz")
    is_size = isinstance(size, (list, tuple)) and len(size) == 2
    return Described(
        names if isinstance(names, dict) else {},
        (int(size[1]), int(size[0])) if is_size and size is not None else None,
        given.get("end2end") is True,
        task if isinstance(task := given.get("task"), str) else None,
    )


def described_beside(folder: Path) -> Described:
    """From metadata.yaml of an exported folder; raises ModelCorrupt if it cannot be read."""
    path = folder / "metadata.yaml"
    try:
        metadata = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        metadata = {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelCorrupt(f"{path}: cannot be read: {first_line(error)}") from error
    if not isinstance(metadata, dict):
        raise ModelCorrupt(f"{path}: has no keys; expected the metadata of ultralytics' export")
    return described(metadata)


def layout_of(
    shape_in: Sequence[Any], shape_out: Sequence[Any], about: Described, path: Path
) -> Layout:
    """Recognises the family by what was written and the shapes; else ModelFault.

    Sizes that are not fixed are anything but an int.
    """
    person = next((number for number, name in about.names.items() if name == "person"), None)
    if len(shape_in) == 4 and shape_in[1] == 3 and _is_ssd(shape_out):
        return Layout("ssd", _input_wh(shape_in, about), _SSD_PERSON, _SSD_PERSON)
    if len(shape_in) != 4 or shape_in[1] != 3 or len(shape_out) != 3:
        raise unfit(path, f"input {list(shape_in)}, output {list(shape_out)}")
    if about.names and person is None:
        raise unfit(path, "no class 'person'")
    input_wh = _input_wh(shape_in, about)
    if _is_yolox(shape_out, input_wh):
        return Layout("yolox", input_wh, shape_out[2] - 5, person or 0)
    if about.is_end2end or shape_out[2] == 6:
        return Layout("end2end", input_wh, len(about.names) or 80, person or 0)
    return _ultralytics(shape_out, input_wh, about.names, person, path)


def _ultralytics(
    shape: Sequence[Any],
    input_wh: tuple[int, int],
    names: Mapping[int, str],
    person: int | None,
    path: Path,
) -> Layout:
    rows = shape[1]
    classes = len(names) or (rows - 4 if _is_number(rows) else 80)
    if classes < 1 or (_is_number(rows) and rows < 4 + classes):
        raise unfit(path, f"output {list(shape)} for {classes} classes")
    return Layout("ultralytics", input_wh, classes, person or 0)


def _input_wh(shape: Sequence[Any], about: Described) -> tuple[int, int]:
    if _is_number(shape[2]) and _is_number(shape[3]):
        return int(shape[3]), int(shape[2])
    return about.input_wh or (USUAL_SIZE_PX, USUAL_SIZE_PX)


def _is_yolox(shape: Sequence[Any], input_wh: tuple[int, int]) -> bool:
    return shape[1] == yolox_cells(input_wh) and _is_number(shape[2]) and shape[2] > 5


def _is_ssd(shape: Sequence[Any]) -> bool:
    return len(shape) == 4 and list(shape[:2]) == [1, 1] and shape[3] == 7


def _is_number(size: Any) -> bool:
    return isinstance(size, int)


def _value(value: Any) -> Any:
    try:
        return ast.literal_eval(value) if isinstance(value, str) else value
    except (ValueError, SyntaxError):
        return value


def unfit(path: Path, got: str) -> ModelFault:
    return ModelFault(
        f"{path}: not a network that finds people: {got}; expected YOLOX, or YOLO exported by "
        "ultralytics; set detector.model, for example to yolox-nano"
    )


def first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


@contextmanager
def environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """These variables are read once, at the import."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
