"""What went when a thing was left, and shows only as it is fetched by somebody else."""

import pytest
from tests.unit.test_counting import Shelves, certain

from storeguard.domain.product import Product

MILK = Product("바나나우유", 1500, 95.0)


@pytest.mark.parametrize(
    ("left_g", "fetched_g", "now", "here"),
    [
        (-65.0, -30.0, 0, 4),  # a cup beside one that went
        (-160.0, -30.0, 0, 3),  # beside two: what weighs less than nothing is no thing
        (444.0, -444.0, 0, 5),  # a bag, and nothing else
    ],
)
def test_whose_it_is_that_lacks_once_the_thing_is_gone(left_g, fetched_g, now, here):
    shelves = Shelves({MILK.name: 5}, A=[MILK])
    shelves.step("A", left_g)
    shelves.enter()
    shelves.step("A", fetched_g, after_s=60.0)
    assert (certain(shelves.moved(MILK)), certain(shelves.count(MILK))) == (now, here)
