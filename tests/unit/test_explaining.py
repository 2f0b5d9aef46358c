"""What one weight difference may have been, each answer with its cost."""

import pytest

from storeguard.domain.belief import Load, Lot
from storeguard.domain.explaining import Scene, explanations, part_of
from storeguard.domain.product import Product
from storeguard.domain.spread import bias_g

MILK, CHOC = Product("바나나우유", 1500, 95.0), Product("초코바", 1200, 52.0)


def scene(*own):
    return Scene(own, {one.name: one for one in (MILK, CHOC)}, 0.5, 3.0, 100.0, {})


def lot(product, units=1, grams=None, since_s=90.0):
    return Lot(product.name, units, grams or units * product.unit_weight_g, 0.5, since_s)


def likeliest(grams, load, hands, where):
    return min(explanations(grams, load, hands, where), key=lambda one: one.cost)


@pytest.mark.parametrize(
    ("grams", "own", "puts"),
    [
        (-52, (-1,), ()),
        (-156, (-3,), ()),
        (95, (0,), ((0, 1),)),
        (190, (0,), ((0, 2),)),
        (43, (-1,), ((0, 1),)),
        (0.4, (0,), ()),
        (520, (10,), ()),
    ],
)
def test_the_likeliest_answer_with_two_bottles_in_hand(grams, own, puts):
    found = likeliest(grams, Load((12,), (), 0.0), (lot(MILK, 2),), scene(CHOC))
    assert (found.own, found.puts, found.leaves) == (own, puts, ())


def test_a_guest_leaves_before_own_units_of_its_weight_do():
    sweets = Product("사탕", 100, 5.0)
    load = Load((40,), (lot(MILK),), 0.0)
    found = likeliest(-95.0, load, (), scene(sweets))
    assert (found.own, found.leaves) == ((0,), ((0, 1),))


def test_no_more_leaves_than_is_there():
    for found in explanations(-300.0, Load((2,), (), 0.0), (), scene(MILK)):
        assert found.own >= (-2,)


def test_what_was_taken_long_ago_is_put_down_less_likely():
    costs = [
        likeliest(95.0, Load((12,), (), 0.0), (lot(MILK, since_s=t_s),), scene(CHOC)).cost
        for t_s in (90.0, -900.0, -9000.0)
    ]
    assert costs[0] < costs[1] < costs[2]


def test_a_part_of_a_lot_weighs_its_share_and_is_known_less_well():
    whole, part = part_of(lot(MILK, 2, 196.0), 2, MILK), part_of(lot(MILK, 2, 196.0), 1, MILK)
    assert whole == (196.0, 0.25)
    assert part[0] == 98.0
    assert part[1] > 2.0


def test_whole_grams_are_rounded_ones():
    assert bias_g(Product("젤리", 100, 5.0)) == 0.29
    assert bias_g(Product("젤리", 100, 5.2)) == pytest.approx(0.026)


def test_a_scale_without_goods_explains_nothing_that_has_come():
    [found] = explanations(95.0, Load((), (), 0.0), (), Scene((), {}, 0.5, 3.0, 0.0, {}))
    assert found.own == ()
