"""The `onnx` backend whole against the bare runtime, both given the same 640 px square frame.

The two are run in turns in one process, so that a busy machine slows both alike. `ratio` is
that of the medians; it must be at most 1.15. Needs STOREGUARD_MODELS.

    python bench/detector.py [--network NAME] [--rounds N] [--threads N]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from _report import report
from storeguard.ports import Frame, Image
from storeguard.vision import models
from storeguard.vision.detectors import onnx
from storeguard.vision.detectors.yolo import Letterbox

MOST_RATIO = 1.15


def main() -> int:
    wanted = _arguments()
    path = models.require(wanted.network)
    # One session for both: the idle threads of a second one would spin on the same cores.
    session = onnx.open_session(path, threads=wanted.threads)
    layout = onnx.layout_of(session, path)
    detector = onnx.OnnxDetector(session, layout, name=path.stem, confidence=0.4)
    image = _frame(640)
    blob = Letterbox(layout).fill(image)[0].copy()
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
        threads=wanted.threads or onnx.usual_threads(),
    )
    return 0 if ratio <= MOST_RATIO else 1


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
