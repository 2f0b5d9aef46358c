"""Two scales that have changed places are told apart from goods that were taken or brought."""

import pytest

from storeguard.domain.product import Product
from storeguard.domain.swapping import Held, swapped

MILK = Product("바나나우유", 1500, 265.0)
BAR = Product("초코바", 1200, 52.0)
COLA = Product("콜라", 1800, 370.0)


def held(scale, product, count, level_g):
    return Held(scale, (product,), level_g, count * product.unit_weight_g, 3.0)


def test_what_fits_each_other_and_not_itself_has_changed_places():
    a, b = held("A", MILK, 6, 624.0), held("B", BAR, 12, 1590.0)
    assert swapped([a, b, held("C", COLA, 8, 2960.0)]) == (("A", "B"),)


def test_the_other_cells_zero_is_allowed_for():
    assert swapped([held("A", MILK, 6, 635.0), held("B", BAR, 12, 1570.0)]) == (("A", "B"),)


@pytest.mark.parametrize(
    ("a_g", "b_g"),
    [(1590.0, 624.0), (624.0, 624.0), (1590.0, 1590.0), (900.0, 1590.0), (624.0, 900.0)],
)
def test_half_a_likeness_is_none(a_g, b_g):
    assert swapped([held("A", MILK, 6, a_g), held("B", BAR, 12, b_g)]) == ()


def test_units_taken_here_and_brought_there_explain_it_as_well():
    other = Product("딸기우유", 1500, 265.0)
    assert swapped([held("A", MILK, 6, 530.0), held("B", other, 2, 1590.0)]) == ()


def test_an_empty_scale_may_be_one_of_the_two():
    assert swapped([held("A", MILK, 6, 0.0), held("B", COLA, 0, 1590.0)]) != ()
    assert swapped([held("A", MILK, 0, 740.0), held("B", COLA, 2, 0.0)]) != ()
    assert swapped([held("A", MILK, 0, 1060.0), held("B", MILK, 4, 0.0)]) == ()


def test_one_that_fits_two_others_is_in_no_pair():
    twin = held("D", BAR, 12, 1590.0)
    assert swapped([held("A", MILK, 6, 624.0), held("B", BAR, 12, 1590.0), twin]) == ()


def test_less_than_nothing_is_no_number_of_units():
    a = Held("A", (MILK,), -265.0, 1590.0, 3.0)
    b = Held("B", (BAR,), 1590.0, -265.0, 3.0)
    assert swapped([a, b]) == (("A", "B"),)


def mixed(level_g):
    return Held("A", (MILK, BAR), level_g, 4 * 265.0 + 5 * 52.0, 3.0)


def test_a_mixed_scale_changes_places_only_where_no_choice_of_its_goods_weighs_that():
    tea, soda = Product("차", 1200, 132.0), Product("사이다", 1800, 373.0)
    assert swapped([mixed(2 * 265.0 + 5 * 52.0), held("B", tea, 6, 1320.0)]) == ()
    assert swapped([mixed(3 * 373.0), held("B", soda, 3, 1320.0)]) == (("A", "B"),)
    assert swapped([mixed(0.0), held("B", COLA, 0, 1320.0)]) == (("A", "B"),)


@pytest.mark.parametrize(("unsure_g", "pairs"), [(9.0, ()), (0.0, (("D", "E"),))])
def test_two_full_shelves_of_nearly_one_weight_have_not_changed_places_at_a_first_start(
    unsure_g, pairs
):
    """300 and 377 units add up their spread; once a zero is remembered, they do no more."""
    nut, gum = Product("땅콩", 2000, 26.6), Product("껌", 500, 21.2)
    d = Held("D", (nut,), 7992.9, 300 * 26.6, 3.0, unsure_g)
    e = Held("E", (gum,), 7983.6, 377 * 21.2, 3.0, unsure_g)
    assert swapped([d, e]) == pairs
