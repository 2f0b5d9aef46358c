"""What somebody has left on a freezer excuses one loss of its own weight."""

import pytest

from storeguard.domain import bulk
from storeguard.domain.bulk import Loss, Moved, Typical
from storeguard.domain.heapleft import LEFT_FOR_S, Left, fetched, gone, noted

CONES, TUBS = Typical(110.0, 13.0), Typical(480.0, 10.0)
BAG = Left("v1", 60.0, 900.0, 3.0)


def lost(grams: float, sigma_g: float = 3.0, typical: Typical = CONES) -> Loss:
    loss = bulk.judge([Moved(400.0, 410.0, -grams, sigma_g)], [], typical)
    assert loss is not None
    return loss


@pytest.mark.parametrize(
    ("typical", "grams", "is_same"),
    [
        (CONES, 900.0, True),
        (CONES, 950.0, True),
        (CONES, 850.0, True),
        (CONES, 975.0, False),
        (CONES, 1140.0, False),
        (TUBS, 960.0, True),
        (TUBS, 1440.0, False),
    ],
)
def test_only_what_weighs_as_much_is_what_was_left(typical, grams, is_same):
    found = fetched([BAG], "v2", lost(grams, typical=typical), typical, 500.0)
    assert found == (BAG if is_same else None)


def test_a_noisy_scale_may_show_the_same_as_something_else():
    assert fetched([BAG], "v2", lost(1000.0, sigma_g=40.0), CONES, 500.0) == BAG


def test_the_nearest_of_several_is_meant():
    others = noted([BAG], Left("v3", 90.0, 930.0, 3.0), 100.0)
    found = fetched(others, "v2", lost(925.0), CONES, 500.0)
    assert found is not None
    assert found.visit_id == "v3"


def test_it_excuses_one_visit_and_that_one_as_often_as_it_is_asked():
    lefts = gone(noted([], BAG, 100.0), BAG, "v2")
    assert fetched(lefts, "v2", lost(900.0), CONES, 500.0) is not None
    assert fetched(lefts, "v4", lost(900.0), CONES, 500.0) is None


def test_no_visit_fetches_what_it_has_left_itself():
    assert fetched([BAG], "v1", lost(900.0), CONES, 500.0) is None


def test_after_a_day_nobody_comes_for_it_any_more():
    late_s = BAG.t_s + LEFT_FOR_S + 1
    assert fetched([BAG], "v2", lost(900.0), CONES, late_s) is None
    assert noted([BAG], Left("v9", late_s, 300.0, 3.0), late_s) == (Left("v9", late_s, 300.0, 3.0),)


def test_a_visit_that_is_judged_again_has_left_one_sum():
    again = Left("v1", 60.0, 905.0, 3.0)
    assert noted([BAG], again, 100.0) == (again,)
    other = Left("v2", 60.0, 905.0, 3.0)
    assert gone([BAG, other], other, "v5")[0] == BAG
