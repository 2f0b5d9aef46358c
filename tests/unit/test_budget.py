"""What a scale can promise before anything has happened."""

import math
import random

import pytest

from storeguard import budgeting
from storeguard.config import Config, Scale
from storeguard.domain.budget import Cell, budget, guarded_share, needed_g
from storeguard.domain.product import Product

CELL = Cell("A", 10_000.0, 2.0, 10.0)
SWEETS, GUM = Product("사탕", 500, 24.0), Product("껌", 800, 26.0)
BOTTLE = Product("바나나우유", 1500, 95.0)
WATER = Product("생수", 900, 510.0)
FLYER = Product("전단", 100, 0.4)
DUST = Product("없음", 100, 0.0)


def test_neighbours_of_nearly_the_same_weight_cannot_share_a_scale():
    found = budget(CELL, [SWEETS, GUM, WATER], {"사탕": 10})
    [clash] = [one for one in found.clashes if one.units == one.other_units == 1]
    assert (clash.one, clash.other, clash.differ_g) == (SWEETS, GUM, 2.0)
    assert 4.5 < clash.needs_g < 5.5
    assert [found.guards(one.name) for one in (SWEETS, GUM, WATER)] == [False, False, True]
    assert found.loaded_g == 240


def test_what_it_calls_enough_is_told_apart_in_999_of_1000_steps():
    """Steps as a cell delivers them: two plateaus of 20 samples each, and the unit's spread."""
    rnd, needs_g = random.Random(1), needed_g(CELL, SWEETS, 1, GUM, 1)
    other = Product("껌", 800, 24.0 + needs_g)

    def step_g(product: Product) -> float:
        unit_g = product.unit_weight_g * 1.005 + rnd.gauss(0, product.spread_g)
        return unit_g + rnd.gauss(0, CELL.step_sigma_g)

    middle_g = 24.0 * 1.005 + needs_g * 0.49
    wrong = sum(step_g(SWEETS) > middle_g for _ in range(20_000))
    wrong += sum(step_g(other) < middle_g for _ in range(20_000))
    assert wrong <= 60


def test_two_of_one_may_weigh_as_much_as_one_of_another():
    half, whole = Product("작은", 500, 50.0), Product("큰", 900, 100.5)
    found = budget(CELL, [half, whole], {})
    assert [(c.units, c.other_units) for c in found.clashes] == [(2, 1)]
    assert found.guards("작은")
    said = list(budgeting.remarks([found]))
    assert said[0].startswith("scale 'A': 2 x 작은 (50 g) weigh much the same as 큰 (100.5 g)")


@pytest.mark.parametrize(("product", "least", "most"), [(BOTTLE, 15, 25), (SWEETS, 12, 25)])
def test_more_units_than_so_many_at_once_are_uncertain(product, least, most):
    [reach] = budget(CELL, [product], {}).reaches
    assert least <= reach.at_once <= most
    assert reach.afresh < reach.at_once


def test_a_known_spread_reaches_further_than_the_usual_one():
    exact = Product("캔", 1000, 370.0, tolerance_g=0.5)
    [reach] = budget(CELL, [exact], {}).reaches
    assert reach.at_once > 60


def test_what_a_days_drift_may_hide_is_said():
    [light], [heavy] = (budget(CELL, [one], {}).reaches for one in (SWEETS, BOTTLE))
    assert (light.hides, heavy.hides) == (True, False)
    assert light.afresh == 0


def test_what_is_lighter_than_the_noise_is_not_counted():
    found = budget(CELL, [FLYER, DUST], {"전단": 5, "없음": 9})
    assert [reach.is_countable for reach in found.reaches] == [False]
    assert not found.guards("전단")
    assert "too light" in next(iter(budgeting.remarks([found])))


def test_a_cell_that_was_listened_to_is_not_guessed():
    seen = Cell("A", 10_000.0, 2.0, 80.0, noise_g=0.1)
    assert seen.noise_sigma_g == 0.1
    assert seen.step_sigma_g < CELL.step_sigma_g / 5


def test_the_guarded_share_is_of_what_is_sold():
    budgets = [budget(CELL, [SWEETS, GUM], {}), budget(CELL, [WATER], {})]
    products = [SWEETS, GUM, WATER, BOTTLE]
    sold = {"사탕": 10, "생수": 10, "바나나우유": 4}
    assert guarded_share(budgets, products, sold) == pytest.approx(9000 / 20_000)
    assert guarded_share(budgets, products, {}) is None


def test_a_scale_without_goods_resolves_nothing():
    assert budget(CELL, [], {}).resolves_g == 0
    assert math.isclose(budget(CELL, [BOTTLE], {}).resolves_g, needed_g(CELL, *[BOTTLE, 1] * 2))


# --- what is said of it


def configured(*scales: Scale) -> Config:
    return Config(scales=scales)


def test_every_scale_with_goods_has_a_line_with_its_figures():
    config = configured(Scale(id="A", backend="sim"), Scale(id="B", backend="sim"))
    found = budgeting.budgets(config, {"A": (BOTTLE,), "B": ()}, {"바나나우유": 200}, {"A": 0.2})
    [line, share] = budgeting.lines(found, budgeting.Guarded(0.5, "sales"))
    assert line.startswith("scale 'A': noise 0.20 g (seen), drift up to ±18 g a day")
    assert share == "guarded: 50% of the value of the sales"
    [heavy] = budgeting.remarks(found)
    assert heavy == "scale 'A': its goods weigh 19,000 g, more than its cells carry (10,000 g)"
    assert budgeting.as_json(found[0])["products"][0]["is_guarded"] is True
    assert [*budgeting.lines((), None)] == []


def test_the_remark_on_neighbours_names_the_difference_that_is_needed():
    [found] = budgeting.budgets(configured(Scale(id="A", backend="sim")), {"A": (SWEETS, GUM)}, {})
    clash = next(iter(budgeting.remarks([found])))
    assert clash.startswith(
        "scale 'A': 사탕 (24 g) and 껌 (26 g) cannot share it: the smallest difference that 99.9 % "
    )
    assert budgeting.as_json(found)["alike"][0]["products"] == {"사탕": 1, "껌": 1}
