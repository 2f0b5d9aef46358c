"""The usual view: blurred, covered or turned away, told from people, lights and shakes."""

import cv2
import numpy as np
import pytest

from storeguard.errors import FaultCode
from storeguard.vision.gate import small_luma
from storeguard.vision.view import ViewWatch

RNG = np.random.default_rng(3)


def shop(seed=1):
    rng = np.random.default_rng(seed)
    picture = np.full((360, 640, 3), 110, np.uint8)
    picture[220:] = 165
    for x, y, w, h, level in rng.integers([0, 0, 10, 10, 20], [600, 330, 80, 60, 240], (60, 5)):
        picture[y : y + h, x : x + w] = level
    return picture


def shown(watch, picture, seconds, start_s=0.0, is_still=True):
    faults = []
    luma = small_luma(picture)
    for i in range(seconds):
        noisy = luma + RNG.normal(0, 0.7, luma.shape).astype(np.float32)
        faults.append(watch.examine(noisy, start_s + i, is_still=is_still))
    return faults


@pytest.fixture
def watch():
    watch = ViewWatch()
    assert not any(shown(watch, shop(), 12))
    return watch


@pytest.mark.parametrize("brightness", [0.35, 0.7, 1.3])
def test_another_light_is_the_same_view(watch, brightness):
    lit = np.clip(shop() * brightness, 0, 255).astype(np.uint8)
    assert not any(shown(watch, lit, 30, 12))


def infrared(picture):
    """Other reflectances, a lamp at the camera, less contrast, noise."""
    lines, columns = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : lines * 1j, -1 : 1 : columns * 1j]
    lamp = np.exp(-0.7 * (x * x + y * y))[..., None]
    return np.clip(40 + 0.5 * picture * lamp + RNG.normal(0, 5, picture.shape), 0, 255).astype(
        np.uint8
    )


def test_the_night_in_infrared_is_the_same_view(watch):
    assert not any(shown(watch, infrared(shop()), 30, 12))


def test_half_the_contrast_with_every_edge_in_its_place_is_a_light(watch):
    hazy = np.clip(0.4 * shop() + 110, 0, 255).astype(np.uint8)
    assert not any(shown(watch, hazy, 30, 12))


def test_people_in_front_of_it_are_no_fault(watch):
    picture = shop()
    picture[40:, 100:240] = 30
    picture[80:, 400:500] = 200
    assert not any(shown(watch, picture, 40, 12, is_still=False))


def test_somebody_in_a_bare_room_is_no_fault_however_long_he_stands_there():
    room = np.full((360, 640, 3), 170, np.uint8)
    room[60:240:44, 40:600] = 110
    watch = ViewWatch()
    assert not any(shown(watch, room, 12))
    room[120:, 200:330] = 25
    cv2.circle(room, (265, 100), 45, (25, 25, 25), cv2.FILLED)
    assert not any(shown(watch, room, 60, 12, is_still=False))


@pytest.mark.parametrize("sigma_px", [16, 40])
def test_a_lens_out_of_focus_is_blind_after_five_seconds(watch, sigma_px):
    faults = shown(watch, cv2.GaussianBlur(shop(), (0, 0), sigma_px), 12, 12)
    assert not any(faults[:4])
    assert faults[-1].is_blind
    assert faults[-1].code is FaultCode.CAMERA_BLIND


def test_paint_on_the_lens_is_blind(watch):
    paint = cv2.GaussianBlur(shop(), (0, 0), 60)
    paint[:, :, 1] = np.minimum(255, paint[:, :, 1] + np.arange(640) // 8)
    assert shown(watch, paint, 12, 12)[-1].is_blind


def test_it_is_over_when_the_lens_is_clean_again(watch):
    shown(watch, cv2.GaussianBlur(shop(), (0, 0), 40), 12, 12)
    assert watch.fault is not None
    assert shown(watch, shop(), 3, 24)[-1] is None


def test_a_hand_that_passes_is_nothing(watch):
    assert not any(shown(watch, cv2.GaussianBlur(shop(), (0, 0), 40), 3, 12))
    assert not any(shown(watch, shop(), 12, 15))


def test_a_camera_that_was_turned_is_told_and_still_sees(watch):
    faults = shown(watch, shop(seed=2), 30, 12)
    assert not any(faults[:14])
    assert faults[-1].code is FaultCode.CAMERA_MOVED
    assert not faults[-1].is_blind


def test_a_camera_that_shakes_has_not_moved(watch):
    assert not any(shown(watch, np.roll(shop(), 4, axis=1), 30, 12))


def test_turned_back_it_is_well(watch):
    shown(watch, shop(seed=2), 30, 12)
    assert shown(watch, shop(), 3, 42)[-1] is None


def test_a_view_that_stays_is_the_new_one(watch):
    luma = small_luma(shop(seed=2))
    faults = [watch.examine(luma, 12.0 + i, is_still=True) for i in range(1900)]
    assert faults[100].code is FaultCode.CAMERA_MOVED
    assert faults[-1] is None
