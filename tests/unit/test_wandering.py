"""What a zero moves by itself within a visit, and what it follows of a jump."""

import pytest

from storeguard.domain.drift import Drift, DriftRules, Slide, ease
from storeguard.domain.wandering import BEGINNING, MOST_NOTES, Path, moved_g, wandered

LEAST_G = 1.0


def drifted(total_g: float, held: Slide | None = None) -> Drift:
    return Drift(total_g, past=((0.0, 0.0),), held=held)


def walked(*looks: tuple[float, Drift], path: Path = BEGINNING) -> Path:
    before = drifted(0.0)
    for t_s, after in looks:
        path = wandered(path, t_s, before, after, LEAST_G)
        before = after
    return path


def test_what_moved_between_two_instants_is_known():
    path = walked(*((10.0 * n, drifted(-0.5 * n)) for n in range(1, 21)))
    assert moved_g(path, 0.0, 1000.0) == pytest.approx(-10.0)
    assert moved_g(path, 100.0, 150.0) == pytest.approx(-2.5, abs=LEAST_G + 0.5)
    assert moved_g(path, 200.0, 900.0) == pytest.approx(0.0, abs=LEAST_G)
    assert moved_g(BEGINNING, 0.0, 100.0) == 0.0


def test_what_it_follows_of_a_jump_came_when_the_level_jumped():
    looks = [drifted(0.0, held=Slide(5.0, -3.0))]
    while looks[-1].held is not None:
        looks.append(ease(looks[-1], 70.0, 1.0, DriftRules()))
    path = walked(*((70.0 + n, one) for n, one in enumerate(looks)))
    assert looks[-1].total_g == pytest.approx(-3.0)
    assert moved_g(path, 0.0, 100.0) == pytest.approx(0.0, abs=DriftRules().per_s_g)


def test_a_jump_that_comes_and_one_that_goes_move_no_zero():
    held = drifted(-1.0, held=Slide(5.0, -3.0))
    other = drifted(-1.0, held=Slide(50.0, 2.0))
    path = walked((1.0, drifted(-1.0)), (5.0, held), (50.0, other), (60.0, drifted(-1.0)))
    assert moved_g(path, 0.0, 100.0) == pytest.approx(-1.0)


def test_the_owners_word_is_no_move():
    path = walked((1.0, drifted(-9.0)), (2.0, Drift()), (3.0, drifted(-1.0)))
    assert moved_g(path, 1.5, 100.0) == pytest.approx(-1.0)


def test_so_much_is_remembered_and_older_is_taken_for_the_oldest():
    path = walked(*((float(n), drifted(-2.0 * n)) for n in range(1, 2 * MOST_NOTES)))
    assert len(path) == MOST_NOTES + 1
    first_s, _ = path[0]
    assert moved_g(path, 0.0, first_s) == 0.0
    assert moved_g(path, 0.0, first_s + 1) == pytest.approx(-2.0)
