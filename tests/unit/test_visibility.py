"""What a picture can show at all."""

import numpy as np
import pytest

from storeguard.errors import CameraBlind
from storeguard.vision.visibility import is_blind, require_sight

SHAPE = (360, 640, 3)


def _noise(mean: float, spread: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.clip(rng.normal(mean, spread, SHAPE), 0, 255).astype(np.uint8)


def _shop(brightness: float) -> np.ndarray:
    """A bright floor under dark shelves, with sensor noise."""
    picture = _noise(40, 3).astype(float)
    picture[200:] += 120
    picture[60:180, 100:250] += 60
    return np.clip(picture * brightness, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("level", [0, 4])
def test_a_black_picture_is_dark(level):
    assert "dark" in (is_blind(np.full(SHAPE, level, np.uint8)) or "")


def test_sensor_noise_in_the_dark_is_still_dark():
    assert "dark" in (is_blind(_noise(2, 5)) or "")


@pytest.mark.parametrize("picture", [np.full(SHAPE, 128, np.uint8), _noise(90, 12)])
def test_a_lens_with_tape_on_it_is_covered_whatever_its_noise(picture):
    assert "covered" in (is_blind(picture) or "")


@pytest.mark.parametrize("brightness", [1.0, 0.4, 0.2])
def test_a_shop_can_be_seen_by_day_and_by_the_emergency_light(brightness):
    assert is_blind(_shop(brightness)) is None


def test_one_lit_freezer_in_the_dark_can_be_seen():
    picture = np.zeros(SHAPE, np.uint8)
    picture[150:300, 400:500] = 200
    assert is_blind(picture) is None


@pytest.mark.parametrize("shape", [(1, 1, 3), (37, 501, 3), (2000, 5, 3)])
def test_odd_sizes_have_an_answer(shape):
    assert is_blind(np.zeros(shape, np.uint8)) is not None


def test_blindness_is_raised_with_its_reason():
    with pytest.raises(CameraBlind, match=r"nobody can be seen.*dark"):
        require_sight(np.zeros(SHAPE, np.uint8))
