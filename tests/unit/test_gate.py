"""The motion gate: what it sends on, what it takes for light, insects and swinging doors."""

import numpy as np
import pytest

from storeguard.vision.gate import MotionGate, small_luma

FPS = 5
SHAPE = (180, 320, 3)
RNG = np.random.default_rng(7)
NOISE = [RNG.normal(0, 1, SHAPE).astype(np.float32) for _ in range(9)]


def shop(brightness=1.0, *, noise=2.0):
    """Shelves and a floor, with a sensor's noise."""
    picture = np.full(SHAPE, 90.0, np.float32)
    picture[100:] = 150
    for x in range(10, 300, 24):
        picture[30:90, x : x + 12] = 50 + x / 2
    picture = picture * brightness + noise * NOISE[RNG.integers(len(NOISE))]
    return np.clip(picture, 0, 255).astype(np.uint8)


def with_person(picture, x, y=60, width=24, height=80, level=20):
    picture = picture.copy()
    picture[y : y + height, max(0, x) : x + width] = level
    return picture


class Watched:
    """A gate that is shown a picture each fifth of a second; `nobody`: what the detector says."""

    def __init__(self, *areas, is_somebody=False):
        self.gate = MotionGate(areas)
        self.is_somebody = is_somebody
        self.t_s = 0.0
        self.motions = []

    def show(self, picture):
        motion = self.gate.examine(small_luma(picture), self.t_s)
        if motion.is_open and not self.is_somebody:
            self.gate.nobody(self.t_s)
        if motion.is_open and self.is_somebody:
            self.gate.somebody(motion.boxes)
        self.motions.append((self.t_s, motion))
        self.t_s += 1 / FPS
        return motion

    def show_empty(self, seconds, **light):
        return [self.show(shop(**light)) for _ in range(round(seconds * FPS))]

    def opened_since(self, since_s):
        return [t_s for t_s, motion in self.motions if motion.is_open and t_s >= since_s]


@pytest.fixture
def watched():
    gate = Watched()
    gate.show_empty(5)
    assert gate.opened_since(0) == []
    return gate


@pytest.mark.parametrize("noise", [0.0, 2.0, 8.0])
def test_an_empty_store_is_still_whatever_the_sensors_noise(noise):
    gate = Watched()
    gate.show_empty(20, noise=noise)
    assert gate.opened_since(0) == []


@pytest.mark.parametrize("step_px", [4, 12, 24])
def test_a_person_who_walks_in_opens_it_within_half_a_second(watched, step_px):
    entered_s = watched.t_s
    for i in range(8):
        watched.show(with_person(shop(), -20 + (i + 1) * step_px))
    [first, *_] = watched.opened_since(entered_s)
    assert first - entered_s <= 3 / FPS


def test_its_boxes_lie_around_the_person(watched):
    for x in (40, 52, 64):
        motion = watched.show(with_person(shop(), x))
    left, top, right, bottom = motion.boxes[0]
    assert left * 320 <= 64
    assert right * 320 >= 88
    assert top * 180 <= 60
    assert bottom * 180 >= 140


def test_who_stands_still_becomes_background_and_moves_again(watched):
    for _ in range(20 * FPS):
        watched.show(with_person(shop(), 100))
    still_s = watched.t_s
    for _ in range(5):
        watched.show(with_person(shop(), 100))
    assert watched.opened_since(still_s) == []
    watched.gate.somebody([(0.0, 0.0, 1.0, 1.0)])
    for x in (110, 120, 130):
        watched.show(with_person(shop(), x))
    assert watched.opened_since(still_s)


@pytest.mark.parametrize("brightness", [0.3, 1.6])
def test_a_light_switch_is_no_motion(watched, brightness):
    switched_s = watched.t_s
    motions = watched.show_empty(3, brightness=brightness)
    assert motions[0].is_flip
    assert watched.opened_since(switched_s) == []


def test_a_slow_change_of_exposure_is_nothing(watched):
    for i in range(10 * FPS):
        watched.show(shop(1 + i / (20 * FPS)))
    assert watched.opened_since(0) == []
    assert not any(motion.is_flip for _, motion in watched.motions)


def test_who_walks_in_the_new_light_is_seen(watched):
    watched.show_empty(1, brightness=0.4)
    switched_s = watched.t_s
    for x in (40, 52, 64, 76):
        watched.show(with_person(shop(0.4), x, level=120))
    assert watched.opened_since(switched_s)


def test_an_ignored_area_does_not_move():
    gate = Watched(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
    gate.show_empty(3)
    for x in range(0, 120, 12):
        gate.show(with_person(shop(), x))
    assert gate.opened_since(0) == []
    for x in range(180, 300, 12):
        gate.show(with_person(shop(), x))
    assert gate.opened_since(0)


def test_insects_that_are_nowhere_twice_do_not_open_it(watched):
    """Not within two seconds, that is."""
    shown = [0]
    for x, y in np.random.default_rng(3).integers(0, 280, (400, 2)).tolist():
        if all(abs(x - before) >= 30 for before in shown[-5:]):
            watched.show(with_person(shop(), x, y % 140, 24, 24, level=250))
            watched.show(shop())
            shown.append(x)
    assert watched.opened_since(0) == []


def test_a_door_that_swings_with_nobody_there_is_known_within_ten_seconds(watched):
    began_s = watched.t_s
    for i in range(60 * FPS):
        watched.show(with_person(shop(), 200 + 8 * (i % 5), width=40, height=60))
    assert watched.opened_since(began_s)
    assert len(watched.opened_since(began_s + 10)) <= 0.02 * 50 * FPS


def test_who_walks_past_the_swinging_door_is_seen(watched):
    for i in range(20 * FPS):
        watched.show(with_person(shop(), 200 + 8 * (i % 5), width=40, height=60))
    came_s = watched.t_s
    for i in range(5):
        door = with_person(shop(), 200 + 8 * (i % 5), width=40, height=60)
        watched.show(with_person(door, 40 + 12 * i))
    assert watched.opened_since(came_s)


def test_where_people_walk_motion_is_never_idle():
    gate = Watched(is_somebody=True)
    gate.show_empty(3)
    for _ in range(10):
        for x in range(40, 200, 16):
            gate.show(with_person(shop(), x))
    last_s = gate.t_s
    for x in range(40, 200, 16):
        gate.show(with_person(shop(), x))
    assert len(gate.opened_since(last_s)) >= 8


def test_another_size_begins_anew(watched):
    bigger = np.repeat(np.repeat(shop(), 2, axis=0), 3, axis=1)
    assert not watched.show(bigger).is_open
    assert not watched.show(bigger).is_open
