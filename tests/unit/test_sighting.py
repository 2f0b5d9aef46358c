"""Which processors and how many threads the detector gets, and which sight a camera."""

import os
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from storeguard import config
from storeguard.domain.occupancy import STAYS_SHARE
from storeguard.vision import sighting
from storeguard.vision.detectors.network import usual_threads
from storeguard.vision.gate import MotionGate
from storeguard.vision.sighting import detector_for, on_cpus, sight_of, stay_on_cpus

MINE = os.sched_getaffinity(0)
ONE = min(MINE)
needs_two = pytest.mark.skipif(len(MINE) < 2, reason="one processor is no choice")


@pytest.fixture
def made(monkeypatch):
    """What was made: settings, threads, and the processors at that instant."""
    made = []

    def make(wanted, threads=None):
        made.append((wanted, threads, os.sched_getaffinity(0)))
        kind = f"{wanted.backend}:net" if wanted.backend == "onnx" else wanted.backend
        return SimpleNamespace(name=kind, close=lambda: None)

    monkeypatch.setattr(sighting, "make_detector", make)
    return made


@needs_two
def test_a_runtimes_threads_start_on_the_configured_processors_and_the_caller_stays_where_it_is(
    made,
):
    detector_for(config.Detector(backend="onnx", cpus=(ONE,), threads=1))
    [(_, threads, cpus)] = made
    assert (threads, cpus) == (1, {ONE})
    assert os.sched_getaffinity(0) == MINE


@pytest.mark.parametrize("cpus", [(), (4000,)])
def test_no_processor_or_one_that_is_not_there_changes_nothing(cpus):
    with on_cpus(cpus):
        assert os.sched_getaffinity(0) == MINE


@needs_two
def test_one_that_is_not_there_is_left_out():
    with on_cpus((ONE, 4000)):
        assert os.sched_getaffinity(0) == {ONE}


@needs_two
def test_a_worker_stays_on_its_processors_and_nobody_else_does():
    with ThreadPoolExecutor(1, "detecting", stay_on_cpus, ((ONE,),)) as worker:
        assert worker.submit(os.sched_getaffinity, 0).result() == {ONE}
    assert os.sched_getaffinity(0) == MINE


def test_a_network_reports_people_who_may_only_stay_and_background_keeps_its_threshold(made):
    detector_for(config.Detector(backend="onnx", confidence=0.5))
    detector_for(config.Detector(backend="background", confidence=0.5))
    assert [wanted.confidence for wanted, _, _ in made] == [
        pytest.approx(0.5 * STAYS_SHARE),
        pytest.approx(0.5 * STAYS_SHARE),
        0.5,
    ]


@pytest.mark.parametrize(
    ("backend", "has_gate", "is_asked_always"),
    [("onnx", True, False), ("background", True, True), ("sim", False, True)],
)
def test_a_gate_stands_before_what_costs_something(made, backend, has_gate, is_asked_always):
    sight = sight_of(config.Detector(backend=backend))
    assert isinstance(sight._gate, MotionGate) is has_gate
    assert sight._always is is_asked_always


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (3, 3), (4, 3), (8, 7)])
def test_from_four_cores_on_one_stays_free_for_the_scales(monkeypatch, cores, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert usual_threads() == threads
