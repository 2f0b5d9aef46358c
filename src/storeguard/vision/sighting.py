"""Which sight a camera gets: its detector, and a gate before one that costs something."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from storeguard import config
from storeguard.domain.occupancy import STAYS_SHARE, Polygon
from storeguard.ports import Detector
from storeguard.vision.detectors.choice import has_network, make_detector
from storeguard.vision.gate import MotionGate
from storeguard.vision.sight import Sight

USUAL_INPUT_PX = 640

WHOEVER = 0.1
"""Least confidence of somebody who may be there, where a doubt hides and does not accuse."""


def sight_of(wanted: config.Detector, ignore_areas: Sequence[Polygon] = ()) -> Sight:
    """The sight of one camera. Raises what `make_detector` raises."""
    return sight_with(detector_for(wanted), wanted, ignore_areas)


def sight_with(
    detector: Detector, wanted: config.Detector, ignore_areas: Sequence[Polygon] = ()
) -> Sight:
    """As `sight_of`, with a detector that is there already."""
    layout = getattr(detector, "layout", None)
    knows_all = wanted.backend in ("sim", "replay")
    return Sight(
        detector,
        None if knows_all else MotionGate(ignore_areas),
        always=not is_network(detector),
        ignore_areas=ignore_areas,
        confidence=wanted.confidence,
        input_px=max(layout.input_wh) if layout else USUAL_INPUT_PX,
    )


def is_network(detector: Detector) -> bool:
    """Networks are named `backend:network`. The others learn from each picture, or cost nothing."""
    return ":" in detector.name


def detector_for(wanted: config.Detector) -> Detector:
    """The configured detector, on its processors.

    It reports people down to the share of the confidence that is enough to stay: who counts is
    the sight's decision. `background` grades its contrasts otherwise and keeps its threshold.
    """
    lower = wanted.model_copy(update={"confidence": wanted.confidence * STAYS_SHARE})
    with on_cpus(wanted.cpus):
        detector = make_detector(lower, threads=wanted.threads)
        return detector if is_network(detector) else make_detector(wanted)


def finder_of(wanted: config.Detector) -> Callable[[], Detector] | None:
    """What makes a second detector, for clips: it reports whoever there may be, and one thread is
    enough. None where there is no network: the others know people by the empty store alone."""
    is_named = wanted.backend not in ("auto", "background", "sim", "replay")
    if not is_named and (wanted.backend != "auto" or not has_network(wanted)):
        return None
    lower = wanted.model_copy(update={"confidence": WHOEVER})

    def make() -> Detector:
        with on_cpus(wanted.cpus):
            return make_detector(lower, threads=1)

    return make


@contextmanager
def on_cpus(cpus: Iterable[int]) -> Iterator[None]:
    """Threads that are started in here (a runtime's own) stay on these processors.

    Unknown ones are left out; with none of them left nothing changes.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before.intersection(cpus) or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def stay_on_cpus(cpus: Iterable[int]) -> None:
    """As `on_cpus`, of the calling thread, for good."""
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, usual.intersection(cpus) or usual)
