"""Person detection by NCNN, the fastest on a Pi: ultralytics' export folder."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from storeguard.errors import ModelCorrupt, ModelFault, ModelMissing
from storeguard.vision.detectors import network
from storeguard.vision.detectors.network import NetworkDetector, Runtime, usual_threads
from storeguard.vision.detectors.yolo import Floats
from storeguard.vision.formats import NCNN_FILES, stem_of

with network.environment(network.PATIENT):
    import ncnn

_AGAIN = "export it again (storeguard models pull yolo11n), or set detector.backend to auto"


class _Refused(RuntimeError):
    """A call that returned another code than 0, which is how this runtime fails."""


_ERRORS = (RuntimeError, ValueError)


def load(path: Path, *, confidence: float = 0.4, threads: int | None = None) -> NetworkDetector:
    """Loads the folder and runs it once.

    Raises ModelMissing, ModelCorrupt (a file missing or cut short) or ModelFault (not a
    network that finds people). `threads`: None takes `usual_threads()`.
    """
    about = network.described_beside(path)
    if about.input_wh is None:
        raise ModelFault(f"{path}: metadata.yaml has no imgsz; expected ultralytics' NCNN export")
    width, height = about.input_wh
    runtime = _runtime(_open(path, threads))
    # The network knows its shapes no sooner than it has run.
    answer = network.try_out(runtime, about.input_wh, path)
    layout = network.layout_of((1, 3, height, width), answer.shape, about, path)
    return NetworkDetector(runtime, layout, name=stem_of(path), confidence=confidence)


def _open(path: Path, threads: int | None) -> Any:
    _require_files(path)
    param, weights = (path / name for name in NCNN_FILES[:2])
    net = ncnn.Net()
    net.opt.num_threads = threads or usual_threads()
    net.opt.use_vulkan_compute = False
    with _complaints() as said:
        is_open = not net.load_param(str(param)) and not net.load_model(str(weights))
    if not is_open:
        why = said[0] if said else "no reason given"
        raise ModelCorrupt(f"{path}: not an NCNN network that can be read ({why}); {_AGAIN}")
    return net


def _require_files(path: Path) -> None:
    if not path.is_dir():
        raise ModelMissing(f"{path}: no such folder; run: storeguard models pull yolo11n")
    missing = [name for name in NCNN_FILES if not (path / name).is_file()]
    if missing:
        raise ModelCorrupt(f"{path}: lacks {', '.join(missing)}; {_AGAIN}")


def _runtime(net: Any) -> Runtime:
    given, wanted = net.input_names()[0], sorted(net.output_names())[0]

    def infer(blob: Floats) -> Floats:
        with net.create_extractor() as extractor:
            _accept(extractor.input(given, ncnn.Mat(blob[0])))
            code, answer = extractor.extract(wanted)
            _accept(code)
            # A copy: the answer's memory goes with the extractor.
            return np.array(answer)[None]

    return Runtime("ncnn", infer, _ERRORS)


def _accept(code: int) -> None:
    if code:
        raise _Refused(f"NCNN returned {code}")


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What the runtime writes on stderr meanwhile: its answer to a bad file is only -1."""
    lines: list[str] = []
    sys.stderr.flush()
    with tempfile.TemporaryFile() as said, _stderr_into(said):
        yield lines
        lines.extend(_lines(said))


@contextmanager
def _stderr_into(said: BinaryIO) -> Iterator[None]:
    kept = os.dup(2)
    os.dup2(said.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _lines(said: BinaryIO) -> list[str]:
    said.seek(0)
    return [line.strip() for line in said.read().decode(errors="replace").splitlines() if line]
