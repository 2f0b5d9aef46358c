"""Every detector backend that is installed, whole, against its bare runtime on the same frame.

Both are run in turns in one process, so that a busy machine slows both alike. `ratio` is that
of the medians; for `onnx` it must be at most 1.15. `of_onnx` is the backend's own time over
that of onnx in turns. Networks: yolo11n, 640 px square frame. Needs STOREGUARD_MODELS.

    python bench/detector.py [--network NAME] [--rounds N] [--threads N]
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from _report import report
from storeguard import config
from storeguard.errors import ModelFault
from storeguard.ports import Detector, Frame, Image
from storeguard.vision import models
from storeguard.vision.detectors import choice, network, onnx
from storeguard.vision.detectors.yolo import Letterbox

MOST_RATIO = 1.15


def main() -> int:
    wanted = _arguments()
    path = models.require(wanted.network)
    # One session for both: the idle threads of a second one would spin on the same cores.
    session = onnx.open_session(path, threads=wanted.threads)
    detector = onnx.detector_of(session, path)
    image = _frame(640)
    blob = Letterbox(detector.layout).fill(image)[0].copy()
    name = session.get_inputs()[0].name
    whole_ms, bare_ms = _in_turns(
        lambda: detector.people(Frame(0.0, image)),
        lambda: session.run(None, {name: blob}),
        wanted.rounds,
    )
    ratio = statistics.median(whole_ms) / statistics.median(bare_ms)
    report(
        "detector onnx against bare runtime",
        whole_ms,
        unit="ms",
        network=path.stem,
        bare_median=round(statistics.median(bare_ms), 3),
        ratio=round(ratio, 3),
        ratio_limit=MOST_RATIO,
        threads=wanted.threads or network.usual_threads(),
    )
    for backend in choice.BACKENDS:
        try:
            _compare(backend, wanted, detector, image)
        except ModelFault as fault:
            print(f"detector {backend.name}: not measured: {fault}", file=sys.stderr)
    return 0 if ratio <= MOST_RATIO else 1


def _compare(
    backend: choice.Backend, wanted: argparse.Namespace, usual: Detector, image: Image
) -> None:
    """A line for another backend, where it is installed and has the network."""
    formats = backend.usable_formats()
    if backend.name == "onnx" or not backend.is_installed():
        return
    if models.find(wanted.network, wanted=formats) is None:
        return
    before_mb = _peak_mb()
    other = choice.make_detector(
        config.Detector(backend=backend.name, model=wanted.network), threads=wanted.threads
    )
    other_ms, usual_ms = _in_turns(
        lambda: other.people(Frame(0.0, image)),
        lambda: usual.people(Frame(0.0, image)),
        max(wanted.rounds // 4, 5),
    )
    report(
        f"detector {backend.name}",
        other_ms,
        unit="ms",
        network=other.name,
        onnx_median=round(statistics.median(usual_ms), 3),
        of_onnx=round(statistics.median(other_ms) / statistics.median(usual_ms), 3),
        peak_more_mb=round(_peak_mb() - before_mb, 1),
        threads=wanted.threads or network.usual_threads(),
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_turns(
    whole: Callable[[], Any], bare: Callable[[], Any], rounds: int
) -> tuple[list[float], list[float]]:
    took: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 5):
        # Who goes first alternates: the second finds warmer caches.
        for i in (0, 1) if turn % 2 else (1, 0):
            began_ns = time.perf_counter_ns()
            (whole, bare)[i]()
            if turn >= 5:
                took[i].append((time.perf_counter_ns() - began_ns) / 1e6)
    return took


def _frame(side_px: int) -> Image:
    """Gradients and noise: a picture that is neither dark nor covered."""
    across = np.linspace(0, 200, side_px)
    picture = np.stack([np.add.outer(across, across[::-1]) / 2] * 3, axis=2)
    noise = np.random.default_rng(1).normal(0, 8, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="yolo11n")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--threads", type=int, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
