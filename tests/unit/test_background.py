"""People as differences to the learned empty store, on a drawn shop."""

import cv2
import numpy as np
import pytest

from storeguard.domain.occupancy import Detection
from storeguard.errors import CameraBlind
from storeguard.ports import Frame, Image
from storeguard.vision.detectors.background import BackgroundDetector

FPS = 5
BODY = (250, 90, 330, 330)


def shop(*, light: float = 1.0, bottles: int = 6, noise_seed: int | None = None) -> Image:
    """A wall, a floor and a shelf with bottles, 640x360."""
    picture = np.full((360, 640, 3), (190, 200, 205), np.uint8)
    picture[220:] = (110, 130, 150)
    cv2.rectangle(picture, (400, 80), (600, 210), (60, 70, 90), -1)
    for i in range(bottles):
        cv2.rectangle(picture, (412 + i * 30, 140), (432 + i * 30, 200), (60, 220, 240), -1)
    rng = np.random.default_rng(noise_seed)
    noise = rng.normal(0, 3, picture.shape) if noise_seed is not None else 0
    return np.clip(picture * light + noise, 0, 255).astype(np.uint8)


def with_person(picture: Image, body: tuple[int, int, int, int] = BODY) -> Image:
    picture = picture.copy()
    cv2.rectangle(picture, body[:2], body[2:], (80, 60, 40), -1)
    return picture


class Watch:
    """A detector that is shown pictures at 5 a second."""

    def __init__(self, detector: BackgroundDetector | None = None, *, learn: bool = True) -> None:
        self.detector = detector or BackgroundDetector()
        self.frames = 0
        if learn:
            self.show(shop(), 2.0)

    def show(self, picture: Image, for_s: float) -> tuple[Detection, ...]:
        """The last answer."""
        people: tuple[Detection, ...] = ()
        for _ in range(round(for_s * FPS)):
            now_s = self.frames / FPS
            self.frames += 1
            people = self.detector.people(Frame(now_s, picture))
        return people

    def wait(self, for_s: float) -> None:
        """Time without pictures: the motion gate sends none."""
        self.frames += round(for_s * FPS)


def test_a_person_who_enters_is_found_where_they_are():
    [person] = Watch().show(with_person(shop()), 0.2)
    assert person.xyxy == pytest.approx(BODY, abs=10)
    assert person.confidence > 0.7


def test_a_person_who_leaves_is_gone_at_once():
    watch = Watch()
    watch.show(with_person(shop()), 3)
    assert watch.show(shop(), 0.2) == ()


def test_two_people_apart_are_two():
    picture = with_person(with_person(shop()), (60, 100, 130, 330))
    assert len(Watch().show(picture, 0.2)) == 2


def test_sensor_noise_is_nobody():
    watch = Watch(learn=False)
    for seed in range(60):
        assert watch.show(shop(noise_seed=seed), 0.2) == ()


def test_a_person_who_stands_still_for_half_a_minute_is_still_there():
    assert len(Watch().show(with_person(shop()), 30)) == 1


def test_a_person_who_hardly_moves_stays_for_many_minutes():
    watch = Watch()
    for i in range(120):
        shift = 4 * (i % 2)
        moved = (BODY[0] + shift, BODY[1], BODY[2] + shift, BODY[3])
        assert len(watch.show(with_person(shop(), moved), 0.2)) == 1
        watch.wait(5)


def test_a_box_left_behind_keeps_the_store_occupied_for_a_minute_and_not_for_hours():
    watch = Watch()
    left = with_person(shop(), (100, 240, 180, 320))
    assert len(watch.show(left, 50)) == 1
    assert watch.show(left, 20) == ()


def test_the_minute_passes_also_while_the_motion_gate_sends_no_pictures():
    watch = Watch()
    left = with_person(shop(), (100, 240, 180, 320))
    for _ in range(8):
        people = watch.show(left, 0.2)
        watch.wait(10)
    assert people == ()


def test_a_box_does_not_vanish_while_somebody_moves_about():
    watch = Watch()
    left = with_person(shop(), (100, 240, 180, 320))
    for i in range(30):
        people = watch.show(with_person(left, (250 + 5 * (i % 4), 90, 330 + 5 * (i % 4), 330)), 4)
    assert len(people) == 2


@pytest.mark.parametrize("left", [0, 3, 5])
def test_bottles_taken_from_the_shelf_are_nobody_three_seconds_later(left):
    watch = Watch()
    watch.show(with_person(shop(bottles=left)), 5)
    assert watch.show(shop(bottles=left), 3) == ()


def test_a_person_before_the_bottles_is_not_taken_for_bottles_that_are_gone():
    assert len(Watch().show(with_person(shop(), (405, 90, 485, 330)), 20)) == 1


def test_a_person_of_the_first_second_is_forgotten_when_they_have_left():
    watch = Watch(learn=False)
    watch.show(with_person(shop()), 3)
    watch.show(shop(), 0.2)
    assert watch.show(shop(), 3) == ()


@pytest.mark.parametrize("light", [0.75, 0.9, 1.2])
def test_a_cloud_before_the_sun_is_nobody_and_hides_nobody(light):
    watch = Watch()
    assert watch.show(shop(light=light), 0.2) == ()
    assert len(watch.show(with_person(shop(light=light)), 0.2)) == 1


def test_dusk_is_followed_while_a_person_stays():
    watch = Watch()
    for i in range(100):
        watch.show(with_person(shop(light=1 - i * 0.004)), 0.4)
    assert watch.show(shop(light=0.6), 0.4) == ()


def test_a_camera_that_was_turned_is_blind_until_the_new_scene_holds():
    watch = Watch()
    turned = cv2.flip(255 - shop(), -1)
    with pytest.raises(CameraBlind, match="whole picture has changed"):
        watch.show(turned, 0.2)
    for _ in range(6 * FPS):
        try:
            people = watch.show(turned, 0.2)
        except CameraBlind:
            people = None
    assert people == ()


def test_a_reference_picture_is_the_empty_store_from_the_first_frame_on():
    watch = Watch(BackgroundDetector(reference=shop()), learn=False)
    assert len(watch.show(with_person(shop()), 0.2)) == 1


def test_what_is_less_sure_than_configured_is_left_out():
    small = with_person(shop(), (250, 260, 280, 310))
    assert len(Watch(BackgroundDetector(confidence=0.4)).show(small, 0.2)) == 1
    assert Watch(BackgroundDetector(confidence=0.8)).show(small, 0.2) == ()
