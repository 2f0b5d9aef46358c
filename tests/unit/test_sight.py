"""When the detector is asked: where something moves, about who stands still, and now and then."""

import numpy as np
import pytest

from storeguard.domain.occupancy import Detection
from storeguard.errors import CameraBlind
from storeguard.ports import Frame
from storeguard.vision.gate import MotionGate
from storeguard.vision.sight import CHANGED, SURE, SUSPECTED, WHOLE, Sight, region_around

FPS = 5
SIZE_WH = (1280, 720)
PERSON_WH = (120, 400)


def shop(person_x=None, brightness=1.0):
    picture = np.full((SIZE_WH[1], SIZE_WH[0], 3), 110, np.uint8)
    picture[400:] = 160
    picture[100:300, ::160] = 40
    if person_x is not None:
        picture[250:650, person_x : person_x + PERSON_WH[0]] = 15
    return (picture * brightness).astype(np.uint8)


class Finder:
    """Finds the dark person, with the confidence that it is told; counts how often it is asked."""

    name = "fake:finder"

    def __init__(self, confidence=0.9):
        self.confidence = confidence
        self.asked = []

    def people(self, frame):
        self.asked.append((frame.t_s, frame.image.shape[:2]))
        rows, columns = np.nonzero(frame.image[:, :, 0] < 16)
        if not rows.size or self.confidence < 0.24:
            return ()
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        return (Detection(tuple(float(edge) for edge in box), self.confidence),)

    def close(self):
        """Nothing to end."""


class Seen:
    """A sight at five pictures a second."""

    def __init__(self, **settings):
        self.finder = Finder()
        areas = settings.get("ignore_areas", ())
        self.sight = Sight(self.finder, MotionGate(areas), **settings)
        self.t_s = 0.0

    def show(self, picture, seconds=1 / FPS):
        looks = []
        for _ in range(round(seconds * FPS)):
            looks.append(self.sight.look(Frame(self.t_s, picture)))
            self.t_s += 1 / FPS
        return looks

    def asked_within(self, from_s, until_s):
        return [t_s for t_s, _ in self.finder.asked if from_s <= t_s < until_s]


@pytest.fixture
def seen():
    return Seen()


def test_the_first_picture_is_looked_at_whole(seen):
    [look] = seen.show(shop(300))
    assert (len(look.people), look.gate, look.looked) == (1, False, True)


def test_an_empty_store_is_looked_at_now_and_then(seen):
    looks = seen.show(shop(), 60)
    assert len(seen.finder.asked) == 6
    assert not any(look.gate for look in looks)


def test_who_walks_in_is_seen_at_once_and_by_the_gate(seen):
    seen.show(shop(), 5)
    looks = [seen.show(shop(x))[0] for x in (0, 40, 80)]
    assert [len(look.people) for look in looks] == [0, 1, 1]
    assert looks[1].gate


def test_who_stands_still_for_ten_minutes_is_there_all_the_time_at_one_look_a_second(seen):
    seen.show(shop(), 2)
    looks = seen.show(shop(300), 600)
    assert all(len(look.people) == 1 for look in looks[2:])
    assert len(seen.asked_within(100, 200)) in range(80, 111)
    assert not any(look.gate for look in looks[100:])


def test_who_gets_harder_to_see_where_he_stands_is_still_there(seen):
    seen.show(shop(300), 5)
    seen.finder.confidence = 0.3
    assert all(len(look.people) == 1 for look in seen.show(shop(300), 5))


def test_who_appears_has_to_be_surer_than_who_stays(seen):
    seen.show(shop(), 5)
    seen.finder.confidence = 0.3
    assert all(look.people == () for look in seen.show(shop(300), 5))


def test_after_the_last_person_has_gone_the_empty_store_is_looked_at_several_times(seen):
    seen.show(shop(300), 5)
    gone_s = seen.t_s
    looks = seen.show(shop(), 14)
    assert looks[-1].people == ()
    assert len(seen.asked_within(gone_s + 1, gone_s + 6)) >= 4
    still = [look for look in looks if look.looked and not look.gate]
    assert [look.why for look in still].count("has everybody gone?") >= 4


def test_one_who_appears_by_a_hair_where_he_was_suspected_before_is_sure(seen):
    seen.show(shop(), 5)
    seen.finder.confidence = 0.3
    assert [look.people for look in seen.show(shop(300), 0.4)] == [(), ()]
    seen.finder.confidence = 0.45
    [look] = seen.show(shop(300))
    assert look.confidence >= SURE
    assert not seen.sight.is_eager


@pytest.mark.parametrize(("before_x", "since_s"), [(900, 0.2), (300, 3.0)])
def test_a_suspicion_elsewhere_or_long_ago_makes_nobody_sure(seen, before_x, since_s):
    seen.show(shop(), 5)
    seen.finder.confidence = 0.3
    seen.show(shop(before_x), 0.4)
    seen.t_s += since_s - 1 / FPS
    seen.finder.confidence = 0.45
    first = next(look for look in seen.show(shop(300), 1) if look.people)
    assert first.confidence == 0.45


def test_where_somebody_may_just_be_coming_into_sight_the_gate_learns_nothing(seen):
    def walk(confidence, seconds):
        """To and fro in one place."""
        seen.finder.confidence = confidence
        looks = []
        for number in range(round(seconds * FPS)):
            looks += seen.show(shop(300 + number % 2 * 60))
        return looks

    seen.show(shop(), 5)
    walk(0.3, 10)
    assert walk(0.9, 1 / FPS)[0].gate


def swinging(seen):
    """A door that moves with nobody there, until that is known."""
    seen.show(shop(), 5)
    seen.finder.confidence = 0.0
    for number in range(10 * FPS):
        seen.show(shop(300 + number % 2 * 60))
    return seen


def test_where_it_moves_with_nobody_there_a_suspicion_keeps_the_detector_looking(seen):
    swinging(seen)
    before = len(seen.finder.asked)
    seen.show(shop(300))
    assert len(seen.finder.asked) == before
    seen.finder.confidence = 0.3
    while len(seen.finder.asked) == before:  # the slow beat
        seen.show(shop(300 + len(seen.finder.asked) % 2 * 60))
    looks = [seen.show(shop(300 + number % 2 * 60))[0] for number in range(3)]
    assert [look.why for look in looks] == [SUSPECTED] * 3
    assert all(look.gate for look in looks)
    seen.finder.confidence = 0.45
    [look] = seen.show(shop(360))
    assert look.confidence >= SURE


def test_what_is_suspected_for_ever_is_no_reason_for_ever(seen):
    swinging(seen)
    seen.finder.confidence = 0.3
    looks = [seen.show(shop(300 + number % 2 * 60))[0] for number in range(60 * FPS)]
    assert sum(look.why == SUSPECTED for look in looks) <= 11 * FPS
    assert not any(look.why == SUSPECTED for look in looks[-30 * FPS :])


def test_a_doubtful_person_is_looked_at_again_at_the_next_picture(seen):
    seen.finder.confidence = 0.45
    seen.show(shop(300))
    assert seen.sight.is_eager
    [look] = seen.show(shop(300))
    assert look.looked
    assert not seen.sight.is_eager


def test_a_light_that_is_switched_is_followed_by_looks(seen):
    seen.show(shop(), 5)
    switched_s = seen.t_s
    looks = seen.show(shop(brightness=0.4), 5)
    assert len(seen.asked_within(switched_s, switched_s + 3)) >= 3
    assert not any(look.gate for look in looks)


def test_a_camera_that_is_carried_about_is_not_called_a_light(seen):
    random = np.random.default_rng(1)
    blocks = [random.integers(60, 200, (9, 16, 3), np.uint8) for _ in range(5)]
    walls = [np.repeat(np.repeat(some, 80, axis=0), 80, axis=1) for some in blocks]
    assert [seen.show(wall)[0].why for wall in walls] == ["first look"] + 4 * [CHANGED]
    assert "view" in CHANGED


class Halver(Finder):
    """Finds the upper half of the person a second time."""

    def people(self, frame):
        return tuple(
            Detection(box, confidence)
            for person in super().people(frame)
            for left, top, right, bottom in [person.xyxy]
            for box, confidence in (
                ((left, top, right, (top + bottom) / 2), 0.5),
                (person.xyxy, person.confidence),
            )
        )


def test_a_part_of_somebody_is_nobody_else():
    seen = Seen()
    seen.sight = Sight(Halver(), MotionGate())
    looks = seen.show(shop(300), 3)
    assert [len(look.people) for look in looks] == [1] * 15
    assert looks[-1].people[0].xyxy == (300, 250, 420, 650)
    assert any(not look.looked for look in looks)


def test_a_region_is_cut_out_at_full_resolution_and_its_people_lie_in_the_whole_picture(seen):
    seen.show(shop(), 5)
    for x in (800, 820, 840):
        [look] = seen.show(shop(x))
    assert (640, 640) in [shape for _, shape in seen.finder.asked]
    [person] = look.people
    assert person.xyxy == (840, 250, 960, 650)


class Shortsighted(Finder):
    """Knows nobody on a part of the picture."""

    def people(self, frame):
        found = super().people(frame)
        return found if frame.image.shape[:2] == SIZE_WH[::-1] else ()


def test_where_a_region_shows_nobody_the_whole_picture_is_looked_at_at_once():
    seen = Seen()
    seen.finder = Shortsighted()
    seen.sight = Sight(seen.finder, MotionGate())
    seen.show(shop(), 5)
    looks = [seen.show(shop(x))[0] for x in range(800, 1000, 20)]
    assert [shape for _, shape in seen.finder.asked].count((640, 640)) >= 4
    assert [len(look.people) for look in looks[2:]] == [1] * 8


def test_who_stands_in_an_ignored_area_is_outside():
    seen = Seen(ignore_areas=(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),))
    assert seen.show(shop(100))[0].people == ()
    assert len(seen.show(shop(1000), 1)[-1].people) == 1


def test_a_dark_picture_is_blind_and_the_first_light_is_looked_at(seen):
    seen.show(shop(300), 3)
    with pytest.raises(CameraBlind, match="dark"):
        seen.show(np.zeros((720, 1280, 3), np.uint8))
    seen.t_s += 0.2
    [look] = seen.show(shop(300))
    assert look.looked


def test_without_a_gate_each_picture_is_looked_at():
    finder = Finder()
    sight = Sight(finder)
    for i in range(5):
        sight.look(Frame(float(i), shop()))
    assert len(finder.asked) == 5


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([(0.4, 0.4, 0.5, 0.5)], (0.2, 0.005556, 0.7, 0.894444)),
        ([(0.0, 0.0, 0.1, 0.1)], (0.0, 0.0, 0.5, 0.888889)),
        ([(0.9, 0.9, 1.0, 1.0)], (0.5, 0.111111, 1.0, 1.0)),
        ([(0.0, 0.4, 0.1, 0.5), (0.8, 0.4, 0.9, 0.5)], WHOLE),
    ],
)
def test_a_region_holds_all_boxes_and_is_no_smaller_than_the_networks_input(boxes, expected):
    assert region_around(boxes, SIZE_WH, 640) == pytest.approx(expected, abs=1e-4)


def test_a_small_picture_is_looked_at_whole():
    assert region_around([(0.4, 0.4, 0.5, 0.5)], (640, 360), 640) == WHOLE
