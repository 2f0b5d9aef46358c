"""People followed from look to look: how many came, how many went, how many at once."""

import pytest

from storeguard.domain.occupancy import Detection
from storeguard.domain.tracking import (
    FORGOTTEN_AFTER_S,
    LOST_AFTER_S,
    NOBODY,
    follow,
)

SIZE_WH = (640, 360)
STEP_S = 0.2


def person(x, y=100):
    return Detection((x, y, x + 50.0, y + 150.0), 0.8)


def followed(looks, count=NOBODY, start_s=0.0):
    """A look a fifth of a second; each is a list of x, the left edge of a person."""
    for i, places in enumerate(looks):
        count = follow(count, [person(x) for x in places], SIZE_WH, start_s + i * STEP_S)
    return count


def test_nobody_came():
    count = followed([[]] * 10)
    assert (count.came, count.went, count.most) == (0, 0, 0)


def test_one_look_is_no_person():
    count = followed([[300], *[[]] * 30])
    assert (count.came, count.went, count.tracks) == (0, 0, ())


def test_who_walks_through_is_one_person():
    walk = [[x] for x in range(2, 588, 12)]
    count = followed([*walk, *[[]] * 20])
    assert (count.came, count.went, count.most, count.present) == (1, 1, 1, 0)


def test_two_who_come_one_after_the_other_are_two():
    walk = [[x] for x in range(2, 588, 12)]
    count = followed([*walk, *[[]] * 20, *walk, *[[]] * 20])
    assert (count.came, count.went, count.most) == (2, 2, 1)


def test_two_at_once_are_two_at_once():
    count = followed([[100, 400]] * 5)
    assert (count.came, count.went, count.most) == (2, 0, 2)


def test_two_who_pass_each_other_stay_two():
    count = followed([[100 + 12 * i, 400 - 12 * i] for i in range(25)])
    assert (count.came, count.most) == (2, 2)


def test_who_is_hidden_behind_a_shelf_comes_back_as_the_same():
    count = followed([*[[300]] * 5, *[[]] * 40, *[[520]] * 5])
    assert (count.came, count.went) == (1, 0)


def test_who_went_out_at_the_edge_does_not_come_back_as_the_same():
    hidden = round(LOST_AFTER_S / STEP_S) + 3
    count = followed([*[[0]] * 5, *[[]] * hidden, *[[300]] * 5])
    assert (count.came, count.went) == (2, 1)


def test_who_was_lost_in_the_middle_for_long_has_gone():
    hidden = round(FORGOTTEN_AFTER_S / STEP_S) + 3
    count = followed([*[[300]] * 5, *[[]] * hidden])
    assert (count.came, count.went) == (1, 1)


def test_of_several_who_are_lost_the_last_one_comes_back():
    count = followed([*[[100, 300]] * 5, *[[300]] * 5, *[[]] * 30, *[[450]] * 3])
    assert (count.came, count.present) == (2, 2)
    assert sorted(round(one.last_s, 1) for one in count.tracks) == [0.8, 8.4]


@pytest.mark.parametrize("x", [0, 300, 590])
def test_a_person_is_counted_with_the_second_look(x):
    assert followed([[x]]).came == 0
    assert followed([[x], [x]]).came == 1


def test_who_runs_is_the_same_person_where_the_boxes_do_not_overlap():
    count = followed([[100], [160], [220], [280]])
    assert (count.came, count.most) == (1, 1)
