"""What a scale can promise before anything has happened."""

import math
import random
import time

import pytest

from storeguard import budgeting
from storeguard.config import Config, Scale
from storeguard.domain import bulk
from storeguard.domain.belief import SURE, Belief, Hypothesis, Load
from storeguard.domain.budget import (
    Cell,
    budget,
    guarded_share,
    heap,
    needed_g,
    share_by_grams,
)
from storeguard.domain.bulk import Moved, Typical
from storeguard.domain.counting import Weighed, weigh
from storeguard.domain.drift import DriftRules
from storeguard.domain.foretelling import most_told
from storeguard.domain.product import Product
from storeguard.domain.scalerules import band_g
from storeguard.goods import Goods

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


@pytest.mark.parametrize("capacity_g", [1_000.0, 5_000.0, 10_000.0, 40_000.0])
def test_a_small_cell_is_promised_no_less_drift_than_the_daemon_follows(capacity_g):
    """45 g an hour and 17.5 g a day on 10 kg, and on 5 kg as well."""
    cell, followed = Cell("A", capacity_g, 2.0, 10.0), DriftRules.of(capacity_g)
    part = CELL.drift_a_day_g / DriftRules.of(CELL.capacity_g).per_hour_g
    assert cell.drift_a_day_g == pytest.approx(part * followed.per_hour_g)


def test_smaller_cells_are_advised_only_where_they_are_trusted_to_drift_less():
    gum = Product("껌", 800, 30.0)
    said = {
        capacity_g: list(budgeting.remarks([budget(Cell("A", capacity_g, 2.0, 10.0), [gum], {})]))
        for capacity_g in (5_000.0, 10_000.0, 20_000.0)
    }
    assert said[5_000.0] == said[10_000.0]
    assert said[5_000.0][0].endswith("ask for its zero; an even temperature helps")
    assert said[20_000.0][0].endswith("smaller cells or an even temperature help")


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


# --- several products that are taken at once

GA, NA, DA = (
    Product(n, w, g, tolerance_g=1.0)
    for n, w, g in zip("가나다", (1, 1, 2), (200.0, 330.0, 530.0), strict=True)
)


def test_two_that_are_taken_at_once_may_weigh_as_much_as_a_third():
    found = budget(CELL, [GA, NA, DA], {})
    [one] = found.sums
    assert (one.one, one.other) == (((DA, 1),), ((GA, 1), (NA, 1)))
    assert one.differ_g == 0 < one.needs_g
    assert found.clashes == ()
    assert budget(CELL, [GA, NA, Product("라", 1, 560.0, tolerance_g=1.0)], {}).sums == ()


def test_sums_count_units_and_the_likeliest_comes_first():
    lighter, heavier = (
        Product(n, 1, g, tolerance_g=0.1) for n, g in (("마", 120.0), ("바", 460.5))
    )
    found = budget(CELL, [lighter, GA, DA, heavier], {})
    named = [tuple({p.name: n for p, n in side} for side in (s.one, s.other)) for s in found.sums]
    assert named[0] == ({"다": 1}, {"마": 1, "가": 2})
    assert all(max(len(a), len(b)) > 1 and not a.keys() & b.keys() for a, b in named)


def test_what_the_counting_is_not_sure_of_beside_its_neighbours_is_not_guarded():
    """A unit that weighs like two others at once, and one that weighs like two of another."""
    found = budget(CELL, [GA, NA, DA], {})
    assert [found.guards(one.name) for one in (GA, NA, DA)] == [True, True, False]
    assert [reach.at_once for reach in found.reaches][2] == 0
    assert all(reach.alone > 40 and reach.is_countable for reach in found.reaches)
    half, whole = Product("작은", 500, 50.0), Product("큰", 900, 100.5)
    found = budget(CELL, [half, whole], {})
    assert [reach.at_once for reach in found.reaches] == [1, 0]
    assert [reach.afresh > 0 for reach in found.reaches] == [True, False]


@pytest.mark.parametrize("grams", [(200, 330, 530), (61, 103, 164), (95, 143, 211), (95, 143)])
def test_of_what_is_guarded_nine_in_ten_units_are_certain(grams):
    """Units as they weigh, on a scale that is full, against what the budget has promised."""
    rnd, goods = random.Random(1), [Product(f"{g}", 1, float(g)) for g in grams]
    found = budget(CELL, goods, {})
    band = band_g(CELL.capacity_g, goods[0].unit_weight_g)
    full = {"A": Load((60,) * len(goods), (), 0.0)}
    opened = {one.name: 60 for one in goods}
    before = Belief({"A": tuple(goods)}, (Hypothesis(full, opened=opened),))
    for i, one in enumerate(goods):
        certain = 0
        for _ in range(100):
            gone_g = rnd.gauss(one.unit_weight_g, one.spread_g) + rnd.gauss(0, CELL.step_sigma_g)
            after = weigh(before, Weighed("A", -gone_g, band, 9.0, CELL.step_sigma_g, 8.0, 0.5))
            p = sum(math.exp(h.log_p) for h in after.hypotheses if h.loads["A"].own[i] == 59)
            certain += p >= SURE
        assert found.guards(one.name) == (certain >= 90), (one.name, certain)


QUIET = Cell("A", 10_000.0, 2.0, 10.0, noise_g=0.3)

LONE = [
    (5.0, 0.05),
    (8.35, 0.1),
    (12.0, 0.12),
    (24.0, 0.2),
    (24.0, None),
    (95.0, 1.0),
    (370.0, 0.5),
]


@pytest.mark.parametrize(("grams", "tolerance_g"), LONE)
def test_of_a_lone_product_so_many_at_once_as_promised_are_certain(grams, tolerance_g):
    """The counting knows that who writes whole grams has rounded: 52 of 5 g are anything."""
    one = Product("껌", 500, grams, tolerance_g=tolerance_g)
    [reach] = budget(QUIET, [one], {}).reaches
    assert reach.at_once == reach.alone > 0
    rnd, band = random.Random(1), band_g(QUIET.capacity_g, grams)
    load = Load((99,), (), 0.0)
    before = Belief({"A": (one,)}, (Hypothesis({"A": load}, opened={"껌": 99}),))
    for units in {reach.at_once, max(1, reach.at_once // 2), 1}:
        certain = 0
        for _ in range(100):
            gone_g = rnd.gauss(units * grams, one.spread_g * math.sqrt(units))
            gone_g += rnd.gauss(0, QUIET.step_sigma_g)
            step = Weighed("A", -gone_g, band, 9.0, QUIET.step_sigma_g, 8.0, 0.5)
            told = [h for h in weigh(before, step).hypotheses if h.loads["A"].own == (99 - units,)]
            certain += sum(math.exp(h.log_p) for h in told) >= SURE
        assert certain >= 90, (units, certain)


@pytest.mark.parametrize(("written_g", "least", "most"), [(5.0, 5, 7), (5.01, 40, 60)])
def test_a_light_unit_in_whole_grams_promises_few_and_in_hundredths_many(written_g, least, most):
    [reach] = budget(QUIET, [Product("껌", 500, written_g, tolerance_g=0.05)], {}).reaches
    assert least <= reach.at_once <= most
    assert reach.afresh <= reach.at_once


def test_what_may_be_taken_for_another_counts_the_rounding_of_both():
    """Five of 12 g and five of 12.4 g: the whole gram alone is wrong by 1.5 g."""
    rounded, exact = (Product(n, 1, g, tolerance_g=0.05) for n, g in (("가", 12.0), ("나", 12.4)))
    fine = needed_g(QUIET, exact, 5, exact, 5)
    assert needed_g(QUIET, rounded, 5, exact, 5) == pytest.approx(fine + 5 * (0.29 - 0.062))


def test_no_more_is_asked_of_the_counting_than_is_told_of_a_product_alone():
    band = band_g(CELL.capacity_g, GA.unit_weight_g)
    assert most_told([GA, NA, DA], GA, 3, CELL.step_sigma_g, band) == 3
    assert most_told([GA, NA, DA], GA, 0, CELL.step_sigma_g, band) == 0


def test_a_scale_of_six_products_is_looked_at_within_a_moment():
    goods = [Product(f"{g}", 1, g) for g in (95.0, 143.0, 211.0, 330.0, 517.0, 790.0)]
    began_s = time.process_time()
    budget(CELL, goods, {})
    assert time.process_time() - began_s < 1.0


# --- freezers

BAR, CONE = Product("메로나", 1000, 75.0), Product("월드콘", 2000, 110.0)
FREEZER = Cell("F", 200_000.0, 4.0, 10.0)


def test_a_freezer_promises_grams_and_won_from_a_least_loss_on():
    found = heap(FREEZER, [BAR, CONE, DUST], {"메로나": 400, "월드콘": 200})
    assert found is not None
    typical = Typical.of([BAR, CONE], {"메로나": 400, "월드콘": 200})
    told = bulk.judge([Moved(0.0, 1.0, -found.least_g, FREEZER.step_sigma_g)], [], typical)
    assert (told.items, told.won) == (found.items, found.won)
    less = Moved(0.0, 1.0, 1.0 - found.least_g, FREEZER.step_sigma_g)
    assert bulk.judge([less], [], typical) is None
    assert found.products == (BAR, CONE)
    assert found.unseen_g_per_s == bulk.RAMP_G_PER_S
    assert heap(FREEZER, [DUST], {}) is None


def test_a_noisier_freezer_promises_less():
    shaken = Cell("F", 200_000.0, 4.0, 10.0, noise_g=300.0)
    quiet, loud = (heap(cell, [BAR], {}) for cell in (FREEZER, shaken))
    assert loud.least_g > 2 * quiet.least_g


def test_what_lies_in_freezers_has_a_share_of_its_own():
    scales, sold = [budget(CELL, [WATER], {})], {"생수": 10, "메로나": 3}
    freezers, products = [heap(FREEZER, [BAR], {})], [WATER, BAR, BOTTLE]
    assert guarded_share(scales, products, sold) == pytest.approx(0.75)
    assert share_by_grams(freezers, products, sold) == pytest.approx(0.25)
    assert share_by_grams(freezers, products, {}) is None


# --- what is said of it


def configured(*scales: Scale) -> Config:
    return Config(scales=scales)


def test_every_scale_with_goods_has_a_line_with_its_figures():
    config = configured(Scale(id="A", backend="sim"), Scale(id="B", backend="sim"))
    found = budgeting.budgets(config, {"A": (BOTTLE,), "B": ()}, {"바나나우유": 200}, {"A": 0.2})
    told = budgeting.Found(found)
    [line, share] = budgeting.lines(told, budgeting.Guarded(0.5, "sales"))
    assert line.startswith("scale 'A': noise 0.20 g (seen), drift up to ±18 g a day")
    assert share == "guarded: 50% of the value of the sales"
    [heavy] = budgeting.remarks(found)
    assert heavy == "scale 'A': its goods weigh 19,000 g, more than its cells carry (10,000 g)"
    assert budgeting.as_json(found[0])["products"][0]["is_guarded"] is True
    assert [*budgeting.lines(budgeting.Found(), None)] == []


def test_the_remark_on_neighbours_names_the_difference_that_is_needed():
    [found] = budgeting.budgets(configured(Scale(id="A", backend="sim")), {"A": (SWEETS, GUM)}, {})
    clash = next(iter(budgeting.remarks([found])))
    assert clash.startswith(
        "scale 'A': 사탕 (24 g) and 껌 (26 g) cannot share it: the smallest difference that 99.9 % "
    )
    assert budgeting.as_json(found)["alike"][0]["products"] == {"사탕": 1, "껌": 1}


def test_a_sum_is_one_line_and_what_it_makes_unsure_another():
    [found] = budgeting.budgets(configured(Scale(id="A", backend="sim")), {"A": (GA, NA, DA)}, {})
    first, second = budgeting.remarks([found])
    assert first.startswith(
        "scale 'A': 다 (530 g) and, taken at once, 가 (200 g) + 나 (330 g) weigh much the same "
        "(differ by 0.0 g, "
    )
    assert "more such sums" not in first
    assert second.startswith("scale 'A': 다 (530 g): even one of it may be called uncertain")
    [said] = budgeting.as_json(found)["sums"]
    assert (said["one"], said["other"]) == ({"다": 1}, {"가": 1, "나": 1})
    line, *_ = budgeting.lines(budgeting.Found((found,)), None)
    assert "다 0 at once (0 afresh)" in line


def test_many_sums_are_one_line_still():
    goods = tuple(Product(f"{g}", 1, g) for g in (95.0, 143.0, 211.0, 330.0))
    [found] = budgeting.budgets(configured(Scale(id="A", backend="sim")), {"A": goods}, {})
    [line] = [one for one in budgeting.remarks([found]) if "taken at once" in one]
    assert line.endswith(f"; {len(found.sums) - 1} more such sums: check-config --json")


def test_a_freezer_has_a_line_and_its_share_is_told_apart():
    scales = (
        Scale(id="A", backend="sim"),
        Scale(id="F", backend="sim", kind="bulk", capacity_g=200_000.0),
    )
    goods = Goods({"A": (WATER,)}, {"F": (BAR,), "G": ()})
    found = budgeting.found(configured(*scales), goods, {}, {"F": 5.0})
    assert found.freezers[0].cell.settle_for_s == bulk.SETTLE_FOR_S
    _, line, share = budgeting.lines(found, budgeting.Guarded(0.4, "stock", 0.5))
    assert line == (
        "scale 'F': noise 5.00 g (seen); a freezer is told by grams and won, not by product: from "
        "112 g on, about 2 items, 1,500 won; what leaves slower than 3 g a second, up to 1,500 g "
        "an hour, passes for frost and drift and is not seen"
    )
    assert share == (
        "guarded: 40% of the value of the stock, 50% more in freezers, by grams and won only"
    )
    said = budgeting.all_as_json(found, None)
    assert (said["guarded_share"], said["by_grams_share"]) == (None, None)
    assert said["freezers"][0]["least_g"] == 112.5
    assert (said["freezers"][0]["least_items"], said["freezers"][0]["least_won"]) == (2, 1500)
