"""What went when a thing was left, and shows only as it is fetched by somebody else."""

import pytest
from tests.unit.test_counting import Shelves, certain

from storeguard.domain.belief import entered
from storeguard.domain.product import Product

MILK = Product("바나나우유", 1500, 95.0)
RICE = Product("쌀 1.2kg", 5500, 1218.0)
BEANS = Product("콩 1.2kg", 3500, 1257.0)


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


def test_what_was_put_down_for_another_thing_is_no_thing_that_the_next_visitor_fetches():
    """Of a draw of the bench: beans among the rice, a rice taken and paid; then a rice stolen."""
    shelves = Shelves({RICE.name: 32, BEANS.name: 31}, A=[RICE], B=[BEANS])
    shelves.step("B", -1272.6)
    shelves.step("A", 1272.6 - 1203.4, swung_g=0.0)
    shelves.belief = entered(shelves.belief, {RICE.name: 1})
    shelves.touched = set()
    shelves.step("A", -1247.5, after_s=60.0)
    taken = shelves.moved(RICE).count + shelves.moved(BEANS).count
    assert taken == -1
