"""Steps → counts: what the weights say is certain, what they leave open is bounded."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storeguard.domain.answers import counts, moves
from storeguard.domain.belief import (
    RETURNED_WITHIN_S,
    Belief,
    departed,
    entered,
    given_back,
    paid,
    settled,
)
from storeguard.domain.counting import (
    FORGOTTEN_S,
    Weighed,
    weigh,
)
from storeguard.domain.firstlevel import first_weighed
from storeguard.domain.jumping import jumped
from storeguard.domain.product import Product
from storeguard.domain.testimony import decided, told

MILK, CHOC, ICE, COLA = (
    Product("바나나우유", 1500, 95.0),
    Product("초코바", 1200, 52.0),
    Product("메로나", 1000, 95.0),
    Product("콜라", 1800, 370.0),
)
BAND_G = 3.0


class Shelves:
    """Scales whose levels are moved by hand; everything that has been counted is in `belief`."""

    def __init__(self, booked, **goods):
        self.belief = Belief({scale: tuple(products) for scale, products in goods.items()})
        self.booked, self.now_s, self.level = booked, 0.0, {}
        self.touched = set()
        for scale, products in goods.items():
            self.begin(scale, sum(booked[p.name] * p.unit_weight_g for p in products))
        self.enter()

    def begin(self, scale, level_g, guests=(), **more):
        """`more`: what is known of the stop, as in `first_weighed`."""
        self.level[scale] = level_g
        first = Weighed(scale, level_g, self.band(scale), self.now_s)
        self.belief = first_weighed(self.belief, first, self.booked, dict(guests), **more)

    def band(self, scale):
        return min(BAND_G, *(0.4 * one.unit_weight_g for one in self.belief.goods[scale]))

    def enter(self):
        self.belief, self.touched = entered(self.belief), set()

    def step(self, scale, grams, after_s=5.0, **more):
        """`more`: what else is known of the step, as in Weighed."""
        self.now_s += after_s
        self.level[scale] += grams
        self.touched.add(scale)
        step = Weighed(scale, self.level[scale], self.band(scale), self.now_s, 0.3)
        known = {"started_s": self.now_s - 2.0, "moved_s": 0.5} | more
        self.belief = weigh(self.belief, replace(step, **known))
        return self

    def count(self, product):
        return counts(self.belief)[product.name]

    def moved(self, product):
        return moves(self.belief, self.touched)[product.name]

    def guests(self, scale):
        lots = self.belief.likeliest.loads[scale].guests
        return {lot.product: lot.units for lot in lots}


@pytest.fixture
def milk():
    return Shelves({"바나나우유": 5}, A=[MILK])


@pytest.fixture
def shop():
    booked = {"바나나우유": 5, "초코바": 12, "메로나": 6}
    return Shelves(booked, A=[MILK], B=[CHOC], C=[ICE])


def certain(count):
    return count.count if count.is_certain else None


# --- a delivery after a theft


BANANA = Product("바나나우유", 1500, 265.0)


@pytest.mark.parametrize(("is_restocked", "count"), [(True, 14), (False, None)])
def test_many_units_come_after_some_were_taken_in_restock_mode_for_certain(is_restocked, count):
    shelves = Shelves({"바나나우유": 6}, A=[BANANA])
    shelves.step("A", -529.4)
    shelves.step("A", 2651.5, after_s=600.0, is_restocked=is_restocked)
    assert certain(shelves.count(BANANA)) == count


# --- the first count


@pytest.mark.parametrize(
    ("level_g", "count"),
    [(285, 3), (284, 3), (190, 2), (285 + 42, 3), (0, 0), (95 * 12, 12)],
)
def test_the_first_level_is_what_the_book_says_or_clearly_something_else(level_g, count):
    shelves = Shelves({"바나나우유": 3}, A=[MILK])
    shelves.belief = Belief({"A": (MILK,)})
    shelves.begin("A", level_g)
    assert certain(shelves.count(MILK)) == count
    assert shelves.belief.likeliest.opened == {"바나나우유": count}


@pytest.mark.parametrize(("level_g", "low", "high"), [(142.5, 1, 2), (-60, 0, 0), (-190, 0, 0)])
def test_an_unclear_first_level_leaves_the_book_and_says_so(level_g, low, high):
    shelves = Shelves({"바나나우유": 5}, A=[MILK])
    shelves.belief = Belief({"A": (MILK,)})
    shelves.begin("A", level_g)
    found = shelves.count(MILK)
    assert (found.count, found.is_certain) == (5, False)
    assert (max(0, found.low), max(0, found.high)) == (low, high)


def test_an_unclear_first_count_is_certain_again_when_what_lay_there_is_gone():
    shelves = Shelves({"바나나우유": 5}, A=[MILK])
    shelves.belief = Belief({"A": (MILK,)})
    shelves.begin("A", 5 * 95 + 1000)
    assert not shelves.count(MILK).is_certain
    shelves.step("A", -1000)
    assert certain(shelves.count(MILK)) == 5


@pytest.mark.parametrize(("more_g", "count"), [(0, 5), (-95, 4), (2.5 * 95, None)])
def test_a_restart_still_knows_the_guests(more_g, count):
    shelves = Shelves({"바나나우유": 5, "콜라": 2}, A=[MILK], B=[COLA])
    shelves.belief = replace(shelves.belief, hypotheses=Belief().hypotheses)
    shelves.begin("A", 5 * 95 + 370 + more_g, {"콜라": 1})
    assert shelves.guests("A") == {"콜라": 1}
    assert certain(shelves.count(MILK)) == count


def test_a_full_mixed_scale_is_as_booked_within_the_spread_of_all_its_units():
    shelves = Shelves({"콜라": 20, "초코바": 20}, A=[COLA, CHOC])
    shelves.belief = Belief({"A": (COLA, CHOC)})
    shelves.begin("A", 20 * (370 + 52) + 31, has_zero=False)
    assert (certain(shelves.count(COLA)), certain(shelves.count(CHOC))) == (20, 20)


# --- one product a scale


@pytest.mark.parametrize("units", [1, 2, 3, 5, 10, 24, 60])
def test_whatever_number_is_taken_at_once_is_found(units):
    shelves = Shelves({"바나나우유": 60}, A=[MILK])
    shelves.step("A", -95.0 * units)
    assert certain(shelves.count(MILK)) == 60 - units


@pytest.mark.parametrize("units", [1, 6, 10, 20])
def test_a_delivery_is_found(units):
    shelves = Shelves({"바나나우유": 2}, A=[MILK])
    shelves.step("A", 95.0 * units)
    assert certain(shelves.count(MILK)) == 2 + units


def test_what_weighs_like_dozens_of_light_units_may_well_be_a_hand_that_leans():
    candy = Product("사탕", 500, 14.2)
    shelves = Shelves({"사탕": 48}, A=[candy])
    shelves.step("A", 660.8)
    assert shelves.belief.hidden("A") > 0.2


def test_one_and_a_half_units_change_nothing_and_are_bounded(milk):
    found = milk.step("A", -142.5).count(MILK)
    assert (found.count, found.is_certain, found.low, found.high) == (5, False, 3, 4)
    assert found.certainty < 0.6


def test_a_bag_put_down_and_taken_away_restores_the_count(milk):
    assert not milk.step("A", 14.5 * 95).count(MILK).is_certain
    milk.step("A", -14.5 * 95 + 0.4)
    assert certain(milk.count(MILK)) == 5
    assert certain(milk.moved(MILK)) == 0


def test_a_bag_put_down_an_item_taken_and_the_bag_gone_is_one_less(milk):
    milk.step("A", 1000.0).step("A", -94.0)
    assert (milk.count(MILK).count, milk.count(MILK).is_certain) == (4, False)
    assert certain(milk.step("A", -1000.0).count(MILK)) == 4


def test_an_item_taken_together_with_the_bag_is_one_less(milk):
    milk.step("A", 1000.0).step("A", -1000.0 - 95.0)
    assert certain(milk.count(MILK)) == 4


def test_what_hides_a_shelf_may_be_the_units_that_seem_to_have_left(milk):
    """A hand rests on it, lifts by what weighs two bottles, and stays."""
    milk.step("A", 250.0).step("A", -190.0)
    found = milk.moved(MILK)
    assert (found.count, found.is_certain) == (-2, False)
    assert found.high == 0


@pytest.mark.parametrize("is_shaken", [True, False])
def test_a_level_that_shakes_is_a_hand_though_it_weighs_like_goods(is_shaken):
    """Sixteen sweets of 10 g are brought, or a hand weighs as much."""
    shelves = Shelves({"사탕": 40}, A=[Product("사탕", 300, 10.0)])
    shelves.step("A", 160.3, is_shaken=is_shaken)
    load = shelves.belief.likeliest.loads["A"]
    assert load.own == ((40,) if is_shaken else (56,))
    assert load.object_g == (pytest.approx(160.3) if is_shaken else None)


@pytest.mark.parametrize("is_shaken", [True, False])
def test_a_hand_that_shook_has_gone_where_the_level_is_still(is_shaken):
    """Two bags of rice are taken and the hand goes: as much as three, had the hand stayed."""
    rice = Product("쌀", 2300, 1080.0)
    shelves = Shelves({"쌀": 17}, A=[rice])
    shelves.step("A", 1010.0, unsure_g=5.0, is_shaken=True)
    shelves.step("A", -1010.0 - 2130.0, unsure_g=5.0, is_shaken=is_shaken)
    found = shelves.moved(rice)
    assert certain(found) == (None if is_shaken else -2)


def test_a_hand_that_lifts_some_light_goods_and_trembles_is_none_of_them():
    """6.1 g of 9 g sweets, under a hand that shakes by 1.4 g; then it goes with one, 8.7 g."""
    candy = Product("사탕", 2800, 9.0)
    shelves = Shelves({"사탕": 52}, A=[candy])
    shelves.step("A", -6.1, is_shaken=True, unsure_g=1.4)
    assert not shelves.moved(candy).is_certain
    shelves.step("A", -2.6, unsure_g=0.8)
    assert certain(shelves.moved(candy)) == -1


def test_what_was_taken_under_a_hand_is_weighed_once_the_hand_has_gone():
    """A hand lifts 6.1 g and trembles, takes a sweet of 8.7 g that seems to weigh 10.5, and goes;
    the next sweet is seen for what it is."""
    candy = Product("사탕", 2800, 9.0)
    shelves = Shelves({"사탕": 52}, A=[candy])
    shelves.step("A", -6.1, is_shaken=True, unsure_g=1.4)
    shelves.step("A", -10.5, is_shaken=True, unsure_g=1.5)
    shelves.step("A", 7.9, unsure_g=0.8)
    shelves.step("A", -8.7, unsure_g=0.2)
    assert certain(shelves.moved(candy)) == -2


def test_a_hand_that_came_upon_a_bag_has_gone_and_the_bag_lies_there():
    """335 g are no 57 sweets of 5.9 g when the hand has gone from above them either."""
    candy = Product("사탕", 5600, 5.9)
    shelves = Shelves({"사탕": 41, "바나나우유": 9}, A=[candy], B=[MILK])
    shelves.step("B", -95.0)
    shelves.step("A", 334.7).step("A", 2080.3).step("A", -2080.0)
    assert shelves.belief.likeliest.loads["A"].object_g == pytest.approx(335.0)
    shelves.step("A", -334.6).step("A", -5.8)
    assert certain(shelves.moved(candy)) == -1


@pytest.mark.parametrize("is_shaken", [True, False])
def test_a_hand_upon_a_bag_that_was_forgotten_before_hides_nothing(milk, is_shaken):
    milk.step("A", 335.0).enter()
    milk.step("A", 2080.0, is_shaken=is_shaken).step("A", -2080.0).step("A", -95.0)
    assert certain(milk.moved(MILK)) == -1


def test_a_bag_that_comes_where_one_was_forgotten_before_is_another(milk):
    """That one has gone with the hand upon it; this one hides what this visit takes."""
    milk.step("A", 335.0).enter()
    milk.step("A", 2080.0).step("A", -2415.0).enter()
    milk.step("A", 335.0)
    assert milk.belief.hidden("A", in_visit=True) > 0.9


def test_who_has_something_in_hand_brings_no_heap_of_sweets():
    candy = Product("사탕", 5600, 5.9)
    shelves = Shelves({"사탕": 41, "바나나우유": 9}, A=[candy], B=[MILK])
    shelves.step("B", -95.0).step("A", 334.7)
    assert shelves.belief.likeliest.loads["A"].object_g == pytest.approx(334.7)
    assert shelves.belief.hidden("A") > 0.9


def test_what_trembles_and_weighs_little_is_a_hand_rather_than_anything_else():
    """10 g: neither two jellies that are put down, nor a bar for two pieces of gum."""
    gum, bar, jelly = (
        Product(*one) for one in (("껌", 1, 13.5), ("바", 1, 38.7), ("젤리", 1, 6.4))
    )
    shelves = Shelves({"껌": 54, "바": 51, "젤리": 58}, A=[gum], B=[bar], C=[jelly])
    shelves.step("B", -117.6).step("C", -25.7)
    shelves.step("A", 10.4, unsure_g=1.3, is_shaken=True).step("A", -10.2, unsure_g=1.6)
    assert [certain(shelves.moved(one)) for one in (gum, bar, jelly)] == [0, -3, -4]


def test_one_hand_takes_no_handful_while_the_other_puts_something_down():
    """A sweet is put back as a hand lets go that had lifted 2 g: not a bar for six sweets."""
    candy, bar = Product("사탕", 4000, 6.1), Product("초코바", 1000, 45.7)
    shelves = Shelves({"사탕": 38, "초코바": 45}, A=[candy], B=[bar])
    shelves.step("B", -45.3).step("A", -6.3).step("A", 8.4)
    assert certain(shelves.moved(candy)) == 0


def test_a_hand_that_presses_harder_and_lets_go_has_counted_nothing(milk):
    milk.step("A", 431.0).step("A", 277.3).step("A", -431.0 - 277.3)
    assert certain(milk.count(MILK)) == 5


def test_what_is_put_down_under_a_hand_a_moment_after_it_came_is_known(shop):
    """A hand of 2542 g, and then the bottle that it holds."""
    shop.step("A", -94.0)
    shop.step("A", 2636.0, pauses=(2542.0,))
    load = shop.belief.likeliest.loads["A"]
    assert shop.moved(MILK).count == 0
    assert (load.object_g, load.object_by_s) == (2542.0, shop.now_s - 1.5)
    shop.step("A", -2542.0)
    assert certain(shop.moved(MILK)) == 0


def test_a_hand_that_shifts_a_little_has_put_down_nothing(milk):
    milk.step("A", 2545.0, pauses=(2542.0,)).step("A", -2545.0)
    assert certain(milk.moved(MILK)) == 0


def test_more_than_is_there_cannot_leave():
    shelves = Shelves({"바나나우유": 1}, A=[MILK])
    found = shelves.step("A", -190.0).count(MILK)
    assert (found.count, found.is_certain) == (1, False)


def test_small_errors_of_the_unit_weight_do_not_add_up_over_a_full_shelf():
    """Bottles of 97 g in a book that says 95: forty taken one by one are forty."""
    shelves = Shelves({"바나나우유": 40}, A=[MILK])
    for left in range(39, -1, -1):
        assert certain(shelves.step("A", -97.0).count(MILK)) == left


def test_a_level_that_shifts_by_a_little_more_than_the_band_has_counted_nothing(milk):
    assert certain(milk.step("A", 3.4).count(MILK)) == 5


def test_an_item_that_goes_in_jerks_is_not_swallowed():
    sweets = Product("사탕", 300, 24.0)
    shelves = Shelves({"사탕": 9}, A=[sweets])
    for _ in range(6):
        shelves.step("A", -4.0)
    assert certain(shelves.count(sweets)) == 8


def test_the_owners_word_is_certain(milk):
    milk.step("A", 47.0)
    milk.belief = told(milk.belief, "A", MILK.name, 7, 665.0)
    assert certain(milk.count(MILK)) == 7
    assert certain(milk.moved(MILK)) == 0


@settings(max_examples=40)
@given(st.integers(0, 30), st.lists(st.integers(-8, 8), max_size=8), st.floats(5, 1600), st.data())
def test_counts_follow_whole_units_and_are_never_negative(start, changes, unit_g, data):
    goods = Product("젤리", 1000, unit_g)
    shelves = Shelves({"젤리": start}, A=[goods])
    true = start
    for change in changes:
        change = max(-true, change)
        true += change
        if change:
            off_g = data.draw(st.floats(-unit_g / 20, unit_g / 20))
            shelves.step("A", change * unit_g + off_g)
        found = shelves.count(goods)
        assert found.count >= 0
        if (shelves.belief.likeliest.loads["A"].object_g or 0.0) >= 0:  # else less weighs there
            assert found.low <= found.count <= found.high
        assert found.low <= found.high
        if found.is_certain:
            assert found.count == true


@settings(max_examples=30)
@given(st.lists(st.floats(-500, 5000), min_size=1, max_size=8), st.integers(0, 20))
def test_no_sequence_of_levels_makes_a_count_negative(levels, booked):
    shelves = Shelves({"바나나우유": booked}, A=[MILK])
    for level_g in levels:
        found = shelves.step("A", level_g - shelves.level["A"]).count(MILK)
        assert found.count >= 0
        assert 0 <= found.certainty <= 1
    assert math.isclose(sum(math.exp(one.log_p) for one in shelves.belief.hypotheses), 1)


# --- from scale to scale


def test_a_product_in_hand_that_is_put_down_elsewhere_is_a_guest_and_may_leave_again(shop):
    shop.step("A", -94.0).step("B", 94.2)
    assert shop.guests("B") == {"바나나우유": 1}
    assert (certain(shop.count(MILK)), certain(shop.count(CHOC))) == (5, 12)
    shop.enter()
    shop.step("B", -94.1)
    assert shop.guests("B") == {}
    assert (certain(shop.moved(MILK)), certain(shop.moved(CHOC))) == (-1, 0)


def test_own_units_are_counted_beside_a_guest(shop):
    shop.step("A", -94.0).step("B", 94.2).step("B", -52.4)
    assert (certain(shop.count(CHOC)), shop.guests("B")) == (11, {"바나나우유": 1})
    lying = shop.belief.likeliest.loads["B"]
    assert shop.belief.units("B", lying) == {"초코바": 11, "바나나우유": 1}


def test_one_taken_as_another_is_left_is_both(shop):
    shop.step("A", -95.0).step("B", 95.0 - 52.0)
    assert (certain(shop.count(CHOC)), shop.guests("B")) == (11, {"바나나우유": 1})


@pytest.mark.parametrize(("moved_s", "is_certain"), [(0.5, True), (2.5, False)])
def test_a_light_thing_may_lie_where_a_heavy_one_left_after_a_long_reach(moved_s, is_certain):
    """A rice ball of 38 g is in hand; 625 g leave the scale of rice of 655 g, give or take 3 %."""
    ball, rice = Product("주먹밥", 1200, 38.0), Product("쌀", 5400, 655.0)
    shelves = Shelves({"주먹밥": 20, "쌀": 9}, A=[ball], B=[rice])
    shelves.step("A", -38.1)
    shelves.step("B", -625.0, moved_s=moved_s)
    found = shelves.moved(ball)
    assert (found.count, found.is_certain) == (-1, is_certain)
    assert (found.low, found.high) == ((-1, -1) if is_certain else (-1, 0))


@pytest.mark.parametrize(
    "pauses", [(-92.2,), (7.8,), ()], ids=["goes first", "comes first", "none"]
)
def test_a_pause_tells_what_lies_there_for_what_has_gone(pauses):
    """A sweet of 8 g for a snack that weighs 4 g more than the owner wrote, or a light snack."""
    sweet, snack = Product("사탕", 300, 8.0), Product("과자", 1100, 88.4)
    shelves = Shelves({"사탕": 60, "과자": 60}, A=[sweet], B=[snack])
    shelves.step("A", -7.7)
    shelves.step("B", -92.1 + 7.7, moved_s=2.5, pauses=pauses)
    assert certain(shelves.moved(sweet)) == (0 if pauses else -1)
    assert certain(shelves.moved(snack)) == -1


@pytest.mark.parametrize("taken_g", [(285.5,), (190.4, 95.1)], ids=["at once", "in two grabs"])
def test_what_was_taken_comes_back_one_by_one(shop, taken_g):
    for grams in taken_g:
        shop.step("A", -grams)
    shop.step("A", 285.5, moved_s=4.0, pauses=(95.1, 190.3))
    assert certain(shop.moved(MILK)) == 0
    assert shop.belief.likeliest.hands == ()


def test_who_takes_two_and_puts_one_back_has_put_down_nothing_else(shop):
    """Though an ice of the same weight is in hand."""
    shop.step("C", -95.0)
    shop.step("A", -95.0, moved_s=3.0, pauses=(-190.0,))
    assert (shop.moved(MILK).count, shop.moved(ICE).count) == (-1, -1)


@pytest.mark.parametrize(
    ("taken_s", "own_g", "lies"),
    [(1.5, 0.0, True), (1.5, -52.1, True), (4.8, 0.0, False)],
    ids=["meanwhile", "and one of its own", "afterwards"],
)
def test_what_came_to_a_scale_that_had_begun_to_move_was_taken_meanwhile(
    shop, taken_s, own_g, lies
):
    """A hand is on B from 1 s until 4.6 s, so B is counted first; a bottle leaves A in between."""
    shop.step("B", 95.3 + own_g, after_s=6.0, started_s=1.0, moved_s=3.6)
    shop.step("A", -95.4, after_s=0.5, started_s=taken_s)
    assert shop.moved(MILK).count == (0 if lies else -1)
    assert shop.guests("B") == ({"바나나우유": 1} if lies else {})
    if lies:
        assert certain(shop.moved(CHOC)) == (-1 if own_g else 0)


def test_what_was_in_hand_before_may_lie_there_as_well_as_what_was_taken_meanwhile(shop):
    """An ice weighs as much as the bottle: one of the two lies on B, and one is in hand."""
    shop.step("C", -95.1)
    shop.step("B", 95.3, after_s=6.0, started_s=6.0, moved_s=3.6)
    shop.step("A", -95.4, after_s=0.5, started_s=6.5)
    assert shop.moved(MILK).count + shop.moved(ICE).count == -1
    assert sum(shop.guests("B").values()) == 1


def test_a_swap_on_a_large_cell_is_no_plate_that_was_pushed(monkeypatch):
    """One and a half bands more: a unit that weighs 9 g less has left for what was put down."""
    monkeypatch.setattr(Shelves, "band", lambda self, scale: 6.0)
    juice, tea = Product("주스", 1500, 151.0), Product("차", 500, 139.0)
    shelves = Shelves({"주스": 60, "차": 60}, A=[juice], B=[tea])
    shelves.step("A", -147.3)
    shelves.step("B", 147.3 - 138.0, moved_s=0.5)
    assert [certain(shelves.moved(one)) for one in (juice, tea)] == [0, -1]


def test_what_is_put_down_is_weighed_anew_and_known_when_it_leaves():
    """One of two that were taken at once weighs less than half of both: 135.2 and 142.8 g, on a
    scale of gums, which weigh as much in any number."""
    gum, juice = Product("껌", 400, 5.2), Product("주스", 1800, 140.0)
    shelves = Shelves({"껌": 37, "주스": 9}, A=[gum], B=[juice])
    shelves.step("B", -278.0).step("A", 135.2)
    shelves.enter()
    shelves.step("A", -135.2)
    assert shelves.guests("A") == {}
    assert certain(shelves.moved(gum)) == 0


def test_the_rest_of_what_was_taken_at_once_is_known_as_well():
    cola, juice = Product("콜라", 1800, 370.0), Product("주스", 1800, 140.0)
    shelves = Shelves({"콜라": 9, "주스": 9}, A=[cola], B=[juice])
    shelves.step("B", -278.0).step("A", 135.2)
    [rest] = shelves.belief.likeliest.hands
    assert rest.grams == pytest.approx(142.8, abs=0.5)
    assert rest.sd_g < 1.0


def test_units_taken_one_after_the_other_are_known_singly_where_the_scale_kept_still():
    """Each is known by its own weight, so that it is told from another of its kind elsewhere."""
    shelves = Shelves({"콜라": 9, "바나나우유": 9}, A=[COLA], B=[MILK])
    shelves.step("A", -735.0, pauses=(-361.0,))
    assert [(lot.units, lot.grams) for lot in shelves.belief.likeliest.hands] == [
        (1, pytest.approx(361.0)),
        (1, pytest.approx(374.0)),
    ]


@pytest.mark.parametrize("pauses", [(-185.0,), (-735.0 - 370.0,), (-361.0, -361.0)])
def test_a_pause_that_is_no_grab_makes_none(pauses):
    shelves = Shelves({"콜라": 9, "바나나우유": 9}, A=[COLA], B=[MILK])
    shelves.step("A", -735.0, pauses=pauses)
    assert [lot.units for lot in shelves.belief.likeliest.hands] == [2]


def test_two_lots_put_down_at_once(shop):
    shop.step("A", -95.5).step("B", -51.0).step("C", 95.5 + 51.0)
    assert shop.guests("C") == {"바나나우유": 1, "초코바": 1}


def test_what_was_taken_one_by_one_comes_back_at_once(shop):
    for grams in (-95.5, -93.0, -96.4):
        shop.step("A", grams)
    shop.step("A", 95.5 + 93.0 + 96.4)
    assert certain(shop.count(MILK)) == 5
    assert shop.belief.likeliest.hands == ()


@pytest.mark.parametrize(("units", "back_g"), [(1, 92.8), (2, 193.5), (3, 279.0)])
def test_what_comes_back_may_be_another_unit_or_lie_at_a_corner_of_the_plate(milk, units, back_g):
    milk.step("A", -units * 95.6)
    milk.step("A", back_g)
    assert certain(milk.count(MILK)) == 5
    assert certain(milk.moved(MILK)) == 0


@pytest.mark.parametrize("there_g", [96.9, 94.0])
def test_what_lies_elsewhere_weighs_otherwise_on_another_cell(shop, there_g):
    shop.step("A", -97.4).step("B", there_g)
    assert certain(shop.moved(MILK)) == 0
    assert shop.guests("B") == {"바나나우유": 1}


def test_three_that_were_taken_at_once_come_back_at_once():
    """They weigh like a bag of anything, too."""
    tea = Product("보이차", 30_000, 750.0)
    shelves = Shelves({"보이차": 20}, A=[tea]).step("A", -2245.0)
    shelves.step("A", 2250.0)
    assert certain(shelves.moved(tea)) == 0


def test_one_of_three_that_were_taken_at_once_is_put_elsewhere(shop):
    shop.step("A", -285.0).step("B", 96.0)
    assert shop.guests("B") == {"바나나우유": 1}
    assert certain(shop.count(MILK)) == 3


def test_of_two_products_of_one_weight_the_one_that_was_weighed_comes_back(shop):
    """A bottle of 97.4 g and a bar of 93.1 g: whichever is put down is known by its weight."""
    shop.step("A", -97.4).step("C", -93.1).step("C", 97.4)
    assert (certain(shop.count(MILK)), certain(shop.count(ICE))) == (5, 5)
    assert shop.guests("C") == {"바나나우유": 1}


def test_what_weighs_the_same_in_hand_and_on_the_shelf_is_open_for_both(shop):
    shop.step("A", -95.0).step("C", -95.0).step("C", 95.0)
    assert [shop.count(one).is_certain for one in (MILK, ICE)] == [False, False]
    assert (shop.moved(MILK).low, shop.moved(MILK).high) == (-1, 0)


def test_the_sales_choose_between_what_the_weight_leaves_open(shop):
    shop.step("A", -95.0).step("C", -95.0).step("C", 95.0)
    likely = {one.name: shop.moved(one).count for one in (MILK, ICE)}
    for bought, gone in ((MILK, {MILK: -1, ICE: 0}), (ICE, {MILK: 0, ICE: -1})):
        owed = {name: -n - (name == bought.name) for name, n in likely.items()}
        belief = decided(shop.belief, owed, {bought.name: 1})
        found = moves(belief, shop.touched)
        assert {one: certain(found[one.name]) for one in gone} == gone


def test_sales_that_say_nothing_choose_nothing(shop):
    shop.step("A", -95.0).step("C", -95.0).step("C", 95.0)
    owed = {one.name: -shop.moved(one).count for one in (MILK, ICE)}
    assert decided(shop.belief, owed, {}) is shop.belief
    more = {name: n - 2 for name, n in owed.items()}
    assert decided(shop.belief, more, {"바나나우유": 2, "메로나": 2}) is shop.belief


@pytest.mark.parametrize(("share", "is_chosen"), [(0.2, True), (0.1, False)])
def test_who_pays_for_one_of_two_is_believed_only_where_one_was_likely(shop, share, is_chosen):
    two = shop.step("A", -190.0).belief.likeliest
    load = two.loads["A"]
    fewer = {**two.loads, "A": load._replace(own=(load.own[0] + 1,))}
    likely = [
        replace(two, log_p=math.log(1 - share)),
        replace(two, loads=fewer, log_p=math.log(share)),
    ]
    belief = decided(settled(shop.belief, likely), {"바나나우유": 1}, {"바나나우유": 1})
    found = moves(belief, shop.touched)["바나나우유"]
    assert (found.count, found.low, found.high) == ((-1, -1, -1) if is_chosen else (-1, -2, -1))
    assert found.is_certain == is_chosen


@pytest.mark.parametrize(("paid", "is_in_debt", "is_told"), [(1, False, False), (1, True, True)])
def test_who_is_in_debt_is_not_believed_to_have_paid_the_rest(shop, paid, is_in_debt, is_told):
    """Two bottles have gone, or, one to thirteen, one; and one is paid."""
    two = shop.step("A", -190.0).belief.likeliest
    load = two.loads["A"]
    fewer = {**two.loads, "A": load._replace(own=(load.own[0] + 1,))}
    likely = [
        replace(two, log_p=math.log(0.93)),
        replace(two, loads=fewer, log_p=math.log(0.07)),
    ]
    belief, name = settled(shop.belief, likely), "바나나우유"
    found = moves(decided(belief, {name: 1}, {name: paid}, is_in_debt=is_in_debt), shop.touched)
    assert (found[name].is_certain and found[name].count == -2) is is_told


@pytest.mark.parametrize(("left_unpaid", "is_believed"), [(1, False), (0, True)])
def test_a_payment_that_something_else_needs_says_nothing(shop, left_unpaid, is_believed):
    """One bottle has gone, or, one to nineteen, two; and two are paid."""
    one = shop.step("A", -95.0).belief.likeliest
    load = one.loads["A"]
    more = {**one.loads, "A": load._replace(own=(load.own[0] - 1,))}
    likely = [
        replace(one, log_p=math.log(0.95)),
        replace(one, loads=more, log_p=math.log(0.05)),
    ]
    belief, name = settled(shop.belief, likely), "바나나우유"
    unpaid = {1: 0, 2: left_unpaid}
    belief = decided(belief, {name: -1}, {name: 2}, unpaid=lambda taken: unpaid[taken[name]])
    assert (moves(belief, shop.touched)[name].count == -2) is is_believed


@pytest.mark.parametrize("odd_p", [1e-4, 0.0])
def test_two_open_questions_are_answered_each_by_its_own_sales(odd_p):
    """Something nearly impossible beside them links them no more than nothing does."""
    booked = {"바나나우유": 5, "메로나": 5, "콜라": 5, "사이다": 5}
    shelves = Shelves(booked, A=[MILK, ICE], B=[COLA, Product("사이다", 1800, 370.0)])
    shelves.step("A", -95.0).step("B", -370.0)
    if odd_p:
        found = list(shelves.belief.hypotheses)
        for one in shelves.belief.hypotheses:
            lifted = one.loads["A"]._replace(own=(5, 5), object_g=-95.0)
            odd = replace(one, loads={**one.loads, "A": lifted}, log_p=math.log(odd_p))
            found.append(odd)
        shelves.belief = settled(shelves.belief, found)
    likely = {name: one.count for name, one in moves(shelves.belief, {"A", "B"}).items()}
    owed = {name: -n - (name == "메로나") for name, n in likely.items()}
    found = moves(decided(shelves.belief, owed, {"메로나": 1}), {"A", "B"})
    assert (certain(found["메로나"]), certain(found["바나나우유"])) == (-1, 0)
    assert not found["콜라"].is_certain


def test_a_bottle_lies_elsewhere_before_the_hand_has_left_its_own_shelf(shop):
    """The hand has half lifted the shelf while the bottle was already among the bars."""
    shop.step("A", -64.0).step("B", 95.0)
    assert not shop.count(CHOC).is_certain
    shop.step("A", -31.0)
    assert shop.guests("B") == {"바나나우유": 1}
    assert (certain(shop.count(MILK)), certain(shop.count(CHOC))) == (5, 12)


JUICE = Product("주스", 1800, 238.0)


@pytest.fixture
def juices():
    return Shelves({"주스": 20, "바나나우유": 9}, A=[JUICE], B=[MILK])


@pytest.mark.parametrize("units", [1, 2])
def test_a_bottle_lies_elsewhere_before_the_scale_it_was_taken_from_is_at_rest(juices, units):
    """Somebody leans on A for 20 s, takes a bottle, puts it on B, and takes another."""
    began_s = juices.now_s + 1.0
    juices.step("B", 240.0, after_s=9.0)
    assert not juices.moved(MILK).is_certain
    juices.step("A", -240.0 - 236.0 * (units - 1), after_s=12.0, started_s=began_s)
    assert juices.guests("B") == {"주스": 1}
    assert certain(juices.moved(JUICE)) == 1 - units
    assert certain(juices.moved(MILK)) == 0


@pytest.mark.parametrize("is_shaken", [False, True])
def test_a_hand_that_trembles_on_a_scale_is_not_what_was_taken_meanwhile(juices, is_shaken):
    """What trembles there is the hand itself."""
    began_s = juices.now_s + 1.0
    juices.step("B", 240.0, after_s=9.0, is_shaken=is_shaken, unsure_g=3.0)
    juices.step("A", -240.0, after_s=12.0, started_s=began_s)
    assert juices.moved(JUICE).is_certain is not is_shaken


def test_what_was_taken_under_a_hand_that_came_long_before_may_lie_elsewhere(juices):
    """The scale has settled under the hand, and moves again as it goes."""
    juices.step("B", 240.0, after_s=9.0)
    hand_s = juices.now_s - 6.0
    juices.step("A", -240.0, after_s=12.0, touched_s=hand_s)
    assert juices.guests("B") == {"주스": 1}
    assert certain(juices.moved(JUICE)) == 0


@pytest.mark.parametrize(("moved_s", "is_certain"), [(0.5, True), (3.0, False)])
def test_a_short_reach_seldom_takes_one_thing_and_puts_down_another(moved_s, is_certain):
    """A sweet is taken while a bottle that is 7 g too light leaves another scale."""
    candy = Product("사탕", 900, 9.9)
    shelves = Shelves({"바나나우유": 9, "사탕": 40}, A=[candy], B=[MILK])
    began_s = shelves.now_s + 1.0
    shelves.step("B", -88.0, after_s=6.0, moved_s=moved_s)
    shelves.step("A", -10.0, after_s=1.0, started_s=began_s)
    assert shelves.moved(candy).is_certain is is_certain


def test_a_bottle_is_left_for_another_of_about_its_size():
    """17 g more on a scale that shows 15 g as nothing: it was not pushed, tea was taken instead."""
    water, tea = Product("생수", 800, 507), Product("보리차", 3700, 485)
    shelves = Shelves({"생수": 20, "보리차": 20}, A=[water], B=[tea])
    shelves.step("A", -502.0, after_s=6.0, band_g=15.0)
    shelves.step("B", 17.0, band_g=15.0)
    assert certain(shelves.moved(tea)) == -1
    assert shelves.guests("B") == {"생수": 1}


def test_what_lay_on_a_shelf_before_a_hand_came_to_another_was_not_taken_there(juices):
    juices.step("B", 240.0)
    juices.step("A", -240.0)
    assert juices.guests("B") == {}
    assert juices.moved(JUICE).count == -1


def test_what_hides_a_shelf_hides_nothing_of_a_visit_that_did_not_touch_it(shop):
    shop.step("A", 1000.0)
    shop.enter()
    assert not shop.count(MILK).is_certain
    assert certain(shop.moved(MILK)) == 0


def test_what_was_taken_long_ago_is_in_nobodys_hand(shop):
    shop.step("A", -94.0)
    shop.step("B", 94.0, after_s=FORGOTTEN_S + 1)
    assert shop.guests("B") == {}


def unpaid(shop):
    return [(lot.product, lot.units) for lot in shop.belief.likeliest.hands if lot.paid_s is None]


def test_what_is_paid_is_not_owed_any_more_the_oldest_first(shop):
    shop.step("A", -285.0).step("B", -52.0)
    shop.belief = paid(shop.belief, "바나나우유", 2, shop.now_s)
    assert unpaid(shop) == [("바나나우유", 1), ("초코바", 1)]
    shop.belief = paid(shop.belief, "초코바", 1, 1.0)
    assert unpaid(shop) == [("바나나우유", 1), ("초코바", 1)]
    shop.belief = paid(shop.belief, "초코바", 3, shop.now_s)
    assert unpaid(shop) == [("바나나우유", 1)]


def test_what_was_paid_and_is_given_back_comes_out_of_the_hand_that_took_it():
    """Two milks weigh what the bottle does: it was not the bottle, put down for two milks."""
    bottle = Product("큰병", 3000, 190.0)
    shelves = Shelves({"바나나우유": 9, "큰병": 9}, A=[MILK], B=[bottle])
    shelves.step("A", -92.0).step("B", -190.0)
    shelves.belief = paid(shelves.belief, "바나나우유", 1, shelves.now_s)
    shelves.step("A", 92.0)
    assert (certain(shelves.moved(MILK)), certain(shelves.moved(bottle))) == (0, -1)


def test_what_money_was_given_back_for_is_put_down_again():
    """8.1 g come onto the candy's scale: the one of 8.0 g that was paid, or one from outside."""
    candy, gum = Product("사탕", 900, 8.0), Product("껌", 1400, 15.4)
    shelves = Shelves({"사탕": 48, "껌": 49}, A=[candy], B=[gum])
    shelves.step("A", -8.0).step("B", -15.5)
    paid_for = paid(shelves.belief, "사탕", 1, shelves.now_s)
    doubts = []
    for belief in (paid_for, given_back(paid_for, "사탕", 1)):
        shelves.belief = belief
        shelves.step("A", 8.1, after_s=0.0)
        shelves.level["A"] -= 8.1
        assert [lot.product for lot in shelves.belief.likeliest.hands] == ["껌"]
        doubts.append(1 - math.exp(shelves.belief.likeliest.log_p))
    assert doubts[1] < doubts[0] / 4


def test_money_is_given_back_for_no_more_than_was_paid(shop):
    shop.step("A", -95.0).step("A", -190.0)
    shop.belief = paid(shop.belief, "바나나우유", 2, shop.now_s)
    shop.belief = given_back(shop.belief, "바나나우유", 1)
    hands = shop.belief.likeliest.hands
    assert sum(lot.units for lot in hands if lot.paid_s is None) == 2
    shop.belief = given_back(shop.belief, "바나나우유", 9)
    assert all(lot.paid_s is None for lot in shop.belief.likeliest.hands)


def test_what_was_paid_minutes_ago_is_out_of_the_store(shop):
    shop.step("A", -94.0)
    shop.belief = paid(shop.belief, "바나나우유", 1, shop.now_s)
    shop.step("B", 94.0, after_s=RETURNED_WITHIN_S + 1)
    assert shop.guests("B") == {}
    shop.belief = paid(shop.belief, "초코바", 1, shop.now_s)
    assert shop.belief.likeliest.hands == ()


# --- changes too small to be seen moving


@pytest.mark.parametrize("change_g", [-24.0, -26.6], ids=["the hand has gone", "it stays"])
def test_a_hand_that_rested_on_the_shelf_may_go_with_a_step_or_stay(change_g):
    gum = Product("껌", 1400, 24.0)
    shelves = Shelves({"껌": 60}, A=[gum])
    shelves.step("A", change_g, leant_g=-2.6)
    assert certain(shelves.moved(gum)) == -1


def test_a_hand_that_lifts_most_of_a_unit_and_takes_one_has_taken_one():
    """4.9 of 7.1 g under a trembling hand, and 6.9 g in all once it has gone with one."""
    candy = Product("사탕", 900, 7.1)
    shelves = Shelves({"사탕": 41, "콜라": 9}, A=[candy], B=[COLA])
    shelves.step("B", -370.0)
    lifted = Weighed("A", shelves.level["A"], 2.84, shelves.now_s, 0.94)
    shelves.belief = jumped(shelves.belief, lifted, -4.9)
    shelves.step("A", -6.9, leant_g=-4.9, unsure_g=0.65)
    assert certain(shelves.moved(candy)) == -1


def test_a_step_in_two_parts_is_one_unit():
    """A hand lifts what it is about to take: 4.5 g at first, which may be a light unit, and 2.3."""
    candy = Product("사탕", 900, 6.7)
    shelves = Shelves({"사탕": 48}, A=[candy])
    shelves.step("A", -4.5)
    assert not shelves.moved(candy).is_certain
    jump(shelves, "A", -2.3)
    assert certain(shelves.moved(candy)) == -1


def test_no_hand_lifts_a_shelf_when_everybody_has_gone():
    """It lifted 9 g of sweets; as it let go one was taken: 3 g, too little to be seen moving."""
    candy = Product("사탕", 3000, 11.8)
    shelves = Shelves({"사탕": 40}, A=[candy])
    shelves.step("A", -8.7)
    jump(shelves, "A", -3.0)
    assert not shelves.moved(candy).is_certain
    shelves.belief = departed(shelves.belief)
    assert certain(shelves.moved(candy)) == -1


@pytest.mark.parametrize("pressed_g", [1.0, 2.0])
def test_no_hand_rests_on_a_shelf_when_everybody_has_gone(pressed_g):
    """A gum is put down beside sweets by a hand that presses and trembles; then it goes."""
    gum, candy = Product("껌", 400, 5.0), Product("사탕", 900, 9.9)
    shelves = Shelves({"껌": 40, "사탕": 40}, A=[gum], B=[candy])
    shelves.step("A", -5.0)
    shelves.step("B", 5.0 + pressed_g, after_s=90.0, unsure_g=1.4, is_shaken=True)
    jump(shelves, "B", -pressed_g)
    shelves.belief = departed(shelves.belief)
    assert certain(shelves.moved(gum)) == 0
    assert shelves.guests("B") == {"껌": 1}


def jump(shelves, scale, grams, after_s=5.0, **more):
    shelves.now_s += after_s
    shelves.touched.add(scale)
    level = Weighed(scale, shelves.level[scale], shelves.band(scale), shelves.now_s, 0.2)
    known = {"started_s": shelves.now_s - 1.0} | more
    shelves.belief = jumped(shelves.belief, replace(level, **known), grams)


@pytest.fixture
def sweets_with_a_guest():
    """A gum that somebody left on a scale of sweets in an earlier visit."""
    candy, gum = Product("사탕", 900, 9.9), Product("껌", 400, 5.5)
    shelves = Shelves({"사탕": 58, "껌": 54}, B=[candy], A=[gum])
    shelves.step("A", -5.3).step("B", 5.3)
    shelves.enter()
    return shelves, candy, gum


def test_a_jump_as_large_as_a_unit_is_none_and_nothing_else_either(sweets_with_a_guest):
    """A hand that presses like a gum, and trembles so much that the scale calls that quiet."""
    shelves, candy, gum = sweets_with_a_guest
    shelves.step("B", -9.9)
    jump(shelves, "A", -5.5, unsure_g=0.1)
    assert (shelves.moved(gum).count, shelves.moved(candy).count) == (0, -1)


def test_a_jump_that_ends_where_it_began_was_a_hand(sweets_with_a_guest):
    """4 g of it, which may be the gum that lies there."""
    shelves, candy, gum = sweets_with_a_guest
    jump(shelves, "B", -4.0, unsure_g=0.7)
    assert shelves.guests("B") == {}
    jump(shelves, "B", 4.0, after_s=20.0, unsure_g=0.7, leant_g=-4.0)
    assert shelves.guests("B") == {"껌": 1}
    assert (certain(shelves.moved(gum)), certain(shelves.moved(candy))) == (0, 0)


@pytest.mark.parametrize("grams", [-5.0, -4.0, 4.0, 5.0])
@pytest.mark.parametrize("product", [MILK, Product("사탕", 900, 9.9)], ids=lambda one: one.name)
def test_what_is_taken_elsewhere_while_a_hand_rests_is_not_put_down_as_it_goes(product, grams):
    gum = Product("껌", 400, 5.4)
    shelves = Shelves({product.name: 30, "껌": 54}, A=[gum], B=[product])
    jump(shelves, "B", grams)
    shelves.step("A", -5.4)
    jump(shelves, "B", -grams, after_s=20.0, leant_g=grams)
    assert certain(shelves.moved(gum)) == -1
    assert certain(shelves.moved(product)) == 0


def test_goods_that_jump_beside_a_bag_leave_the_bag_a_bag(milk):
    shelves = Shelves({"바나나우유": 9, "껌": 54}, A=[Product("껌", 400, 5.4)], B=[MILK])
    shelves.step("A", -5.4).step("B", 240.0)
    jump(shelves, "B", 5.4, unsure_g=0.1)
    shelves.step("B", -240.0)
    assert shelves.moved(MILK).high == 0


def test_goods_of_a_jump_stay_gone_whatever_comes_and_goes_after(sweets_with_a_guest):
    """The gum left by a jump; then a hand, another jump under it, and the hand goes."""
    shelves, _, gum = sweets_with_a_guest
    jump(shelves, "B", -5.3, unsure_g=0.1)
    shelves.step("B", 994.7, leant_g=-5.3, after_s=3.0)
    jump(shelves, "B", -2.0, after_s=3.0)
    shelves.step("B", -998.0, leant_g=-2.0, after_s=3.0)
    assert shelves.guests("B") == {}
    assert certain(shelves.moved(gum)) == -1


@pytest.mark.parametrize("units", [2, 3, 4, 5])
def test_several_light_units_that_go_as_a_scale_shakes_are_gone_rather_than_lifted(units):
    candy = Product("사탕", 2800, 9.0)
    shelves = Shelves({"사탕": 52}, A=[candy])
    shelves.step("A", -9.0 * units, is_shaken=True, unsure_g=1.4)
    assert shelves.moved(candy).count == -units


@pytest.mark.parametrize("is_shaken", [False, True])
def test_a_jump_under_a_trembling_hand_is_less_likely_goods(sweets_with_a_guest, is_shaken):
    shelves, _, gum = sweets_with_a_guest
    jump(shelves, "B", -3.6, unsure_g=0.6, is_shaken=is_shaken)
    assert shelves.moved(gum).is_certain is not is_shaken


@pytest.mark.parametrize(
    ("later_s", "guests"), [(19.0, {"껌": 1}), (90.0, {})], ids=["held", "followed"]
)
def test_goods_of_a_jump_are_in_the_next_level_too(sweets_with_a_guest, later_s, guests):
    """A sweet goes, and no more: so the gum that a jump seemed to be lies there still. After a
    minute the zero has followed the jump, and nothing speaks against it."""
    shelves, candy, _ = sweets_with_a_guest
    jump(shelves, "B", -4.0, unsure_g=0.7)
    shelves.step("B", -9.9, after_s=later_s, leant_g=-4.0 if later_s < 60.0 else 0.0)
    assert shelves.moved(candy).count == -1
    assert shelves.guests("B") == guests


def test_a_small_change_is_a_swap_where_something_in_hand_weighs_nearly_the_same():
    gum, candy = Product("껌", 1400, 22.5), Product("사탕", 3500, 20.6)
    shelves = Shelves({"껌": 60, "사탕": 60}, A=[gum], B=[candy])
    shelves.step("B", -20.0)
    jump(shelves, "A", -2.9)
    assert shelves.guests("A") == {"사탕": 1}
    likely = {one.name: shelves.moved(one).count for one in (gum, candy)}
    assert likely == {"껌": -1, "사탕": 0}
    owed = {"껌": 0, "사탕": 0}
    shelves.belief = decided(shelves.belief, owed, {"껌": 1})
    assert (certain(shelves.moved(gum)), certain(shelves.moved(candy))) == (-1, 0)


def test_a_small_change_is_none_where_nothing_in_hand_fits():
    gum, candy = Product("껌", 1400, 22.5), Product("사탕", 3500, 28.0)
    shelves = Shelves({"껌": 60, "사탕": 60}, A=[gum], B=[candy])
    before = shelves.belief
    jump(shelves, "A", -2.9)
    assert shelves.belief is before
    shelves.step("B", -28.0)
    jump(shelves, "A", -2.9)
    assert (certain(shelves.moved(gum)), certain(shelves.moved(candy))) == (0, -1)


# --- several products a scale


@pytest.mark.parametrize(
    ("grams", "milk", "choc"),
    [(-95, -1, 0), (-52, 0, -1), (-147, -1, -1), (-190, -2, 0), (95, 1, 0)],
)
def test_the_likeliest_combination_is_certain_where_weights_are_apart(grams, milk, choc):
    shelves = Shelves({"바나나우유": 9, "초코바": 9}, A=[MILK, CHOC])
    shelves.step("A", grams)
    assert (certain(shelves.moved(MILK)), certain(shelves.moved(CHOC))) == (milk, choc)


def test_three_products_on_a_scale():
    shelves = Shelves({"바나나우유": 9, "초코바": 9, "콜라": 9}, A=[MILK, CHOC, COLA])
    shelves.step("A", -370.0).step("A", -52.0 - 95.0)
    assert [certain(shelves.moved(one)) for one in (MILK, CHOC, COLA)] == [-1, -1, -1]


def test_equal_weights_on_one_scale_are_ranges_and_never_a_guess():
    shelves = Shelves({"바나나우유": 9, "메로나": 9}, A=[MILK, ICE])
    shelves.step("A", -95.0)
    for one in (MILK, ICE):
        found = shelves.moved(one)
        assert (found.is_certain, found.low, found.high) == (False, -1, 0)


def test_of_a_mixed_scale_no_number_is_said_to_have_gone_at_least():
    shelves = Shelves({"바나나우유": 9, "초코바": 9}, A=[MILK, CHOC])
    found = shelves.step("A", -27.0).moved(MILK)
    assert (found.is_certain, found.low, found.high) == (False, -1, 0)


def test_a_stated_spread_tells_apart_what_the_usual_one_does_not():
    usual = [Product("가", 1000, 100.0), Product("나", 1000, 104.5)]
    stated = [replace(one, tolerance_g=0.5) for one in usual]
    found = [
        Shelves({"가": 9, "나": 9}, A=a).step("A", -100.5).moved(a[0]) for a in (usual, stated)
    ]
    assert [one.is_certain for one in found] == [False, True]


@pytest.mark.parametrize(("spread", "share"), [(0.01, 0.9), (0.02, 0.7)])
def test_what_is_called_certain_of_two_products_is_right_in_98_of_100(spread, share):
    rnd, right, wrong = random.Random(f"{spread}"), 0, 0
    for _ in range(150):
        shelves = Shelves({"바나나우유": 20, "초코바": 20}, A=[MILK, CHOC])
        gone = {MILK: 0, CHOC: 0}
        for _ in range(3):
            one = rnd.choice((MILK, CHOC))
            units = rnd.choice((1, 1, 1, 2, 3))
            gone[one] += units
            sigma_g = spread * one.unit_weight_g
            shelves.step("A", -sum(rnd.gauss(one.unit_weight_g, sigma_g) for _ in range(units)))
        for one, units in gone.items():
            found = certain(shelves.moved(one))
            right += found == -units
            wrong += found is not None and found != -units
    assert wrong <= 0.02 * (right + wrong)
    assert right >= share * 300


def test_goods_on_a_shelf_for_which_nothing_is_booked_are_counted_at_the_start():
    shelf = Shelves({"바나나우유": 0}, A=[MILK])
    shelf.begin("A", 3 * 95.0)
    assert shelf.count(MILK).count == 3
