"""What a visitor may have left on a shelf that is no product: it must not blind the next visits."""

from dataclasses import replace

import pytest

from storeguard.domain.answers import counts, moves
from storeguard.domain.belief import Belief, departed, entered, stayed
from storeguard.domain.counting import Weighed, weigh
from storeguard.domain.firstlevel import first_weighed
from storeguard.domain.product import Product

ICE = Product("메로나", 1200, 368.0)
SNACK = Product("새우깡", 1500, 58.0)
BAND_G = 1.5


class Shelf:
    """One scale of one product, moved by hand."""

    def __init__(self, product, units):
        self.product, self.now_s, self.touched = product, 0.0, set()
        self.level_g = units * product.unit_weight_g
        first = Weighed("A", self.level_g, BAND_G, 0.0)
        self.belief = first_weighed(Belief({"A": (product,)}), first, {product.name: units}, {})

    def leave(self):
        """Everybody has gone."""
        self.belief = departed(self.belief)
        return moves(self.belief, self.touched)[self.product.name]

    def visit(self, *steps_g):
        """Somebody comes in and moves so many grams, one step after the other."""
        self.belief, self.touched = entered(self.belief), set()
        for grams in steps_g:
            self.now_s += 10.0
            self.level_g += grams
            self.touched.add("A")
            step = Weighed("A", self.level_g, BAND_G, self.now_s)
            self.belief = weigh(self.belief, replace(step, unsure_g=0.3))
        return moves(self.belief, self.touched)[self.product.name]


def test_a_delivery_that_may_have_been_a_bag_blinds_no_later_visit():
    shelf = Shelf(ICE, 2)
    shelf.visit(377.6, 758.5, 362.4)
    for grams in (-362.4, -369.1):
        found = shelf.visit(grams)
        assert (found.count, found.is_certain) == (-1, True)
    assert counts(shelf.belief)[ICE.name].is_certain


def test_a_bottle_put_back_and_one_of_its_weight_taken_later_is_a_taken_bottle():
    shelf = Shelf(ICE, 9)
    shelf.visit(-720.7, 360.3)
    shelf.visit(-723.2, 360.0)
    shelf.visit(-369.6)
    found = shelf.visit(-360.5)
    assert (found.count, found.is_certain) == (-1, True)


def test_all_of_a_delivery_stolen_at_once_is_certain():
    shelf = Shelf(ICE, 0)
    assert shelf.visit(1475.4).count == 4
    found = shelf.visit(-1475.4)
    assert (found.count, found.is_certain) == (-4, True)


def test_a_bag_between_two_counts_that_is_fetched_accuses_nobody():
    shelf = Shelf(ICE, 14)
    shelf.visit(1290.0)
    found = shelf.visit(-1290.0)
    assert not found.is_certain or found.count == 0


def test_a_bag_that_stays_hides_nothing_of_who_takes_beside_it():
    shelf = Shelf(ICE, 5)
    assert not shelf.visit(900.0).is_certain  # beside it, and beneath it, units may have gone
    found = shelf.visit(-368.5)
    assert (found.count, found.is_certain) == (-1, True)


@pytest.mark.parametrize("more_g", [0.0, 250.0])
def test_a_bag_that_comes_in_a_visit_hides_it(more_g):
    shelf = Shelf(ICE, 5)
    shelf.visit(900.0)
    assert not shelf.visit(-368.5 + 150.0 + more_g).is_certain


SWEET = Product("사탕", 300, 7.0)
CRATE = Product("생수", 600, 969.0)


def test_a_bag_of_two_kilos_among_sweets_is_not_three_hundred_of_them():
    found = Shelf(SWEET, 47).visit(1990.0, -1997.0)
    assert (found.count, found.is_certain) == (-1, True)


def test_who_brings_handful_after_handful_brings_no_bags():
    shelf = Shelf(CRATE, 40)
    found = shelf.visit(2864.8, 966.1, 4787.9, 1957.6)
    assert (found.count, found.is_certain) == (11, True)
    assert shelf.visit(-3860.9, -5739.5).is_certain


def test_who_took_one_out_and_refills_in_one_go_brought_no_bag():
    product = Product("핫바", 1500, 265.0)
    shelf = Shelf(product, 6)
    shelf.visit(-265.0, 8 * 265.0 + 5.0)
    shelf.visit(-265.0)
    assert counts(shelf.belief)[product.name].count == 12
    assert counts(shelf.belief)[product.name].is_certain


def test_a_bag_that_stays_may_be_forgotten_until_the_next_visitor_comes():
    shelf = Shelf(ICE, 5)
    assert not shelf.visit(1140.0).is_certain  # three of them weigh so much
    assert not shelf.leave().is_certain
    shelf.belief = stayed(shelf.belief)
    assert moves(shelf.belief, shelf.touched)[ICE.name].count == 3
    assert counts(shelf.belief)[ICE.name].is_certain


def test_what_stays_is_reckoned_with_once():
    shelf = Shelf(ICE, 5)
    shelf.visit(900.0)
    once = stayed(shelf.belief)
    assert once is not shelf.belief
    assert stayed(once) is once
    assert counts(entered(once)) == counts(entered(shelf.belief))


def test_a_bag_that_is_exchanged_for_another_is_reckoned_with_again():
    shelf = Shelf(ICE, 5)
    shelf.visit(900.0)
    shelf.visit(250.0)
    assert stayed(shelf.belief) is not shelf.belief


def test_where_nothing_was_left_nothing_changes_when_everybody_has_gone():
    shelf = Shelf(ICE, 5)
    shelf.visit(-368.0)
    assert departed(shelf.belief) is stayed(shelf.belief) is shelf.belief
