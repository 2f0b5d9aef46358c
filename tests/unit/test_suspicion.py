"""Candidates who are not sure enough to be there, and what they are worth a moment later."""

import pytest

from storeguard.domain.occupancy import DOUBTED_FOR_S, Detection
from storeguard.vision.suspicion import FORGOTTEN_AFTER_S, PATIENCE_S, Suspicion


def person(left=100.0, confidence=0.3):
    return Detection((left, 100.0, left + 60, 300.0), confidence)


def test_nobody_was_suspected():
    assert not Suspicion().seconds([person()], 0.0)
    assert not Suspicion().is_fresh(0.0)


@pytest.mark.parametrize(
    ("left", "after_s", "is_seconded"),
    [(100.0, 0.2, True), (120.0, DOUBTED_FOR_S, True), (400.0, 0.2, False), (100.0, 2.0, False)],
)
def test_who_was_suspected_in_the_same_place_a_moment_ago_is_seconded(left, after_s, is_seconded):
    suspicion = Suspicion()
    suspicion.take((person(),), 10.0)
    assert suspicion.seconds([person(left, 0.45)], 10.0 + after_s) is is_seconded


def test_one_look_without_him_forgets_nobody():
    suspicion = Suspicion()
    suspicion.take((person(),), 10.0)
    suspicion.take((), 10.2)
    assert suspicion.seconds([person(confidence=0.5)], 10.4)


def test_patience_ends_and_begins_anew_when_a_look_has_shown_that_it_is_gone():
    suspicion = Suspicion()
    for tenths in range(0, 300, 2):
        suspicion.take((person(),), tenths / 10)
        assert suspicion.is_fresh(tenths / 10) is (tenths / 10 <= PATIENCE_S)
    suspicion.take((person(),), 60.0)  # the slow beat
    assert not suspicion.is_fresh(60.2)
    suspicion.take((), 60.0 + FORGOTTEN_AFTER_S)
    suspicion.take((person(),), 70.0)
    assert suspicion.is_fresh(70.2)
