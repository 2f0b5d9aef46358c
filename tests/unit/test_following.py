"""Who asked to see themselves is shown, and nobody else: in doubt nobody is."""

from dataclasses import replace

import pytest

from storeguard.domain.following import AROUND_S, LOST_AFTER_S, Looked, Mark, followed
from storeguard.domain.occupancy import Detection

FPS = 10


def at(left: float, top: float = 0.0, confidence: float = 0.9) -> Detection:
    """A person 40 wide and 100 high."""
    return Detection((left, top, left + 40, top + 100), confidence)


def film(*pictures: tuple[Detection, ...] | None) -> tuple[Looked, ...]:
    return tuple(Looked(number / FPS, people) for number, people in enumerate(pictures))


def shown(looks: tuple[Looked, ...], *marks: tuple[int, Detection]) -> str:
    """A sign a picture: the tens of the box's left side, or a dot."""
    found = followed(looks, [Mark(number / FPS, one.xyxy) for number, one in marks])
    return "".join("." if box is None else str(int(box[0] // 10)) for box in found)


WALK = [at(10.0 * step) for step in range(8)]


def test_a_mark_is_followed_to_both_ends_of_the_clip():
    looks = film(*((one, at(300, confidence=0.2)) for one in WALK))
    assert shown(looks, (3, WALK[3])) == "01234567"
    assert shown(looks) == "." * 8


def test_of_an_empty_clip_and_of_nobody_nothing_is_shown():
    assert followed((), [Mark(0, (0, 0, 1, 1))]) == ()
    assert shown(film((), None, ()), (1, WALK[0])) == "..."
    assert shown(film((at(300),)), (0, WALK[0])) == "."


@pytest.mark.parametrize("confidence", [0.9, 0.1])
def test_whoever_touches_hides_all_of_it_about_that_time_however_unsure(confidence: float):
    looks = list(film(*((one,) for one in [at(0)] * 12)))
    near = at(38, confidence=confidence)
    looks[6] = replace(looks[6], people=(at(0), near))
    hidden = int(AROUND_S * FPS)
    expected = "0" * (6 - hidden) + "." * (2 * hidden + 1) + "0" * (11 - 6 - hidden)
    assert shown(tuple(looks), (0, at(0))) == expected


def test_a_neighbour_who_does_not_touch_hides_nothing():
    looks = film(*((one, at(one.xyxy[2] + 60)) for one in WALK))
    assert shown(looks, (0, WALK[0])) == "01234567"


def test_a_crossing_ends_it_and_a_mark_after_it_goes_on():
    """Who comes out of it may be the other one."""
    a = [at(20.0 * n) for n in range(14)]
    b = [at(260 - 20.0 * n) for n in range(14)]
    looks = film(*zip(a, b, strict=True))
    first = shown(looks, (0, a[0]))
    assert set(first[5:]) == {"."}
    assert first[0] == "0"
    both = shown(looks, (0, a[0]), (13, a[13]))
    assert both[0] == "0"
    assert followed(looks, [Mark(1.3, a[13].xyxy)])[13] == a[13].xyxy
    assert set(both[5:9]) == {"."}


def test_somebody_in_the_place_of_one_who_is_not_found_is_not_taken_for_them():
    """Both stand close; then one of the two boxes is left."""
    pair = (at(0), at(25))
    looks = film((at(0),), *[(at(0),)] * 5, pair, (at(25),), (at(25),), (at(30),))
    assert "2" not in shown(looks, (0, at(0)))
    assert "3" not in shown(looks, (0, at(0)))


def test_a_short_gap_is_blurred_and_a_long_one_ends_it():
    gap = int(LOST_AFTER_S * FPS)
    short = film(*[(at(0),)] * 3, *[()] * (gap - 1), *[(at(0),)] * 3)
    assert shown(short, (0, at(0))) == "000" + "." * (gap - 1) + "000"
    long = film(*[(at(0),)] * 3, *[()] * (gap + 1), *[(at(0),)] * 3)
    assert shown(long, (0, at(0))) == "000" + "." * (gap + 4)


def test_a_picture_on_which_nobody_could_be_seen_hides_those_about_it():
    looks = film(*[(at(0),)] * 8, None, *[(at(0),)] * 3)
    assert shown(looks, (0, at(0))) == "00000......."


def test_marks_that_name_two_people_show_neither():
    looks = film(*[(at(0), at(100))] * 4)
    assert shown(looks, (0, at(0)), (3, at(100))) == "...."
    assert shown(looks, (0, at(0)), (3, at(0))) == "0000"


def test_an_unsure_box_is_not_taken_for_the_person():
    looks = film((at(0),), (at(0, confidence=0.2),), (at(0),))
    assert shown(looks, (0, at(0))) == "..."
