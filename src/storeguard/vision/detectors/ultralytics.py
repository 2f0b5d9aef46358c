"""Person detection by ultralytics: weights, and exports of any format whose runtime is here.

0.5 GB more than the runtimes alone; `ncnn`, `openvino` and `onnx` run the same exports without.
The number of threads holds for weights and NCNN; OpenVINO's is then ultralytics' own choice.
"""

import atexit
import logging
import pickle
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from storeguard.domain.occupancy import Detection
from storeguard.errors import DetectorFault, ModelCorrupt, ModelFault, ModelMissing
from storeguard.ports import Frame
from storeguard.vision.detectors import network
from storeguard.vision.detectors.network import NetworkDetector, usual_threads
from storeguard.vision.detectors.yolo import SAME_PERSON_IOU, people_in
from storeguard.vision.exporting import QUIET
from storeguard.vision.formats import format_of, stem_of

_PREDICT_ERRORS = (RuntimeError, ValueError, TypeError, AttributeError, ImportError)
# Unpickling a damaged file raises whatever its bytes happen to mean.
_LOAD_ERRORS = (
    *_PREDICT_ERRORS,
    OSError,
    EOFError,
    LookupError,
    AssertionError,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
)
_AGAIN = "storeguard models pull yolo11n"


class UltralyticsDetector:
    """One loaded network. Not for two threads at once."""

    def __init__(self, model: Any, *, person: int, name: str, confidence: float) -> None:
        self._model = model
        self._person = person
        self._name = name
        self._confidence = confidence

    @property
    def name(self) -> str:
        return f"ultralytics:{self._name}"

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        """Best first; raises CameraBlind on a dark or covered picture."""
        image = network.picture_of(frame, self.name)
        try:
            boxes = self.predict(image).boxes
        except _PREDICT_ERRORS as error:
            first = network.first_line(error)
            raise DetectorFault(f"{self.name}: the network failed: {first}") from error
        xyxy, scores = (np.asarray(each.cpu(), np.float32) for each in (boxes.xyxy, boxes.conf))
        return people_in(xyxy, scores, (image.shape[1], image.shape[0]))

    def predict(self, image: Any) -> Any:
        """ultralytics' own result for one picture."""
        [result] = self._model.predict(
            image,
            conf=self._confidence,
            iou=SAME_PERSON_IOU,
            classes=[self._person],
            device="cpu",
            verbose=False,
        )
        return result

    def close(self) -> None:
        """Nothing to end: the network is freed with its last user."""


def load(path: Path, *, confidence: float = 0.4, threads: int | None = None) -> UltralyticsDetector:
    """Loads weights or an export and runs it once.

    Raises ModelMissing, ModelCorrupt (cut short) or ModelFault (not a network that finds
    people, or none of ultralytics'). `threads`: None takes `usual_threads()`.
    """
    person = _judge(path, threads)
    make = _ultralytics(threads or usual_threads())
    try:
        # An export does not say its task where ultralytics looks for it, so it would guess.
        model = make(str(path)) if person is None else make(str(path), task="detect")
        if person is None:
            person = _person(model.names, path)
        detector = UltralyticsDetector(
            model, person=person, name=stem_of(path), confidence=confidence
        )
        detector.predict(np.full((network.USUAL_SIZE_PX,) * 2 + (3,), 114, np.uint8))
    except _LOAD_ERRORS as error:
        raise ModelCorrupt(
            f"{path}: ultralytics cannot load it ({network.first_line(error)}); "
            f"copy it again, or run: {_AGAIN}"
        ) from error
    return detector


def _judge(path: Path, threads: int | None) -> int | None:
    """The class of people in an export, None for weights.

    An export is first tried by its runtime's own backend, because ultralytics does not look
    at what NCNN returns: half a network would find nobody, or end the process.
    """
    if not path.exists():
        raise ModelMissing(f"{path}: no such network; run: {_AGAIN}")
    kind = format_of(path)
    if kind == "torch":
        if not zipfile.is_zipfile(path):
            raise ModelCorrupt(f"{path}: not weights of ultralytics, or cut short; run: {_AGAIN}")
        return None
    layout = _own_backend(kind, path, threads).layout
    if layout.family not in ("ultralytics", "end2end"):
        raise ModelFault(
            f"{path}: is no export of ultralytics; set detector.backend to openvino or onnx"
        )
    return layout.person


def _own_backend(kind: str | None, path: Path, threads: int | None) -> NetworkDetector:
    if kind == "ncnn":
        from storeguard.vision.detectors import ncnn

        return ncnn.load(path, threads=threads)
    if kind == "openvino":
        from storeguard.vision.detectors import openvino

        return openvino.load(path, threads=threads)
    if kind == "onnx":
        from storeguard.vision.detectors import onnx

        return onnx.load(path, threads=threads)
    raise ModelFault(f"{path}: no network of ultralytics; expected .pt, .onnx or an export folder")


def _person(names: Mapping[int, str], path: Path) -> int:
    for number, name in names.items():
        if name == "person":
            return number
    raise network.unfit(path, "no class 'person'")


@cache
def _ultralytics(threads: int) -> Any:
    """Its class of models, imported so that it installs nothing, asks nobody, prints nothing."""
    cv_threads = cv2.getNumThreads()
    wanted = QUIET | {"YOLO_CONFIG_DIR": _scratch(), "OMP_NUM_THREADS": str(threads)}
    with network.environment(wanted | network.PATIENT):
        import torch
        from ultralytics import YOLO
    torch.set_num_threads(threads)
    # It takes OpenCV's threads away from the whole process.
    cv2.setNumThreads(cv_threads)
    # Its log goes to stdout, which is for answers.
    log = logging.getLogger("ultralytics")
    log.handlers.clear()
    log.propagate = True
    log.setLevel(logging.ERROR)
    return YOLO


def _scratch() -> str:
    """For the settings that it writes when it is imported."""
    folder = tempfile.mkdtemp(prefix="storeguard-ultralytics-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
