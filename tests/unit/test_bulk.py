"""A heap on a scale: what a visit leaves unexplained, in grams and won."""

import math
import random

import pytest

from storeguard.config import Config, Scale
from storeguard.domain import bulk
from storeguard.domain.bulk import Moved, Typical
from storeguard.domain.events import StepSettled
from storeguard.domain.product import Product
from storeguard.domain.scalerules import Reading, WeighingRules
from storeguard.domain.scalestate import Weighing
from storeguard.domain.weighing import advance
from storeguard.goods import goods_of

BAR = Product("메로나", 1000, 75.0)
CONE = Product("월드콘", 2000, 110.0)
CUP = Product("투게더", 6000, 530.0)
TYPICAL = Typical(75.0, 13.0)


def gone(*grams: float, sigma_g: float = 3.0) -> list[Moved]:
    return [Moved(10.0 * n, 10.0 * n + 6, -one, sigma_g) for n, one in enumerate(grams)]


def test_what_was_sold_explains_what_went():
    assert bulk.judge(gone(75.0, 112.0), [(BAR, 1), (CONE, 1)], TYPICAL) is None


@pytest.mark.parametrize("grams", [150.0, 230.0, 700.0])
def test_two_typical_items_that_nobody_paid_are_found_with_what_they_are_worth(grams):
    loss = bulk.judge(gone(grams), [], TYPICAL)
    assert loss is not None
    assert (loss.grams, loss.items) == (grams, round(grams / 75))
    assert loss.won == pytest.approx(grams * 13, abs=50)
    assert 0.7 < loss.certainty <= bulk.MOST_CERTAIN
    assert bulk.rounded_g(loss) == pytest.approx(grams, abs=5)


def test_a_single_light_item_is_below_what_a_heap_shows():
    assert bulk.judge(gone(75.0), [], TYPICAL) is None


def test_a_restless_freezer_shows_only_larger_losses():
    assert bulk.judge(gone(150.0, sigma_g=60.0), [], TYPICAL) is None
    assert bulk.judge(gone(400.0, sigma_g=60.0), [], TYPICAL) is not None


def test_what_is_heavier_than_the_sales_say_is_no_loss():
    loss = bulk.judge(gone(-300.0), [], TYPICAL)
    assert loss is not None
    assert loss.grams == -300


def test_the_typical_item_goes_by_what_is_booked_and_needs_a_weight():
    found = Typical.of([BAR, CONE, CUP], {"메로나": 100})
    assert found is not None
    assert found.unit_g == 110
    assert 12 < found.won_per_g < 15
    assert Typical.of([Product("봉투", 50, 0.0)], {}) is None


def test_the_frost_of_months_is_followed_and_a_grab_is_not():
    rules = bulk.rules(200_000.0)
    assert math.isinf(rules.in_all_g)
    assert rules.per_s_g < 75.0 / 10
    assert bulk.band_g(200_000.0) < 75.0 / 2
    assert bulk.rules(400_000.0).per_s_g == 2 * rules.per_s_g


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("taken_g", [0.0, 150.0])
def test_cells_that_the_air_conditioning_moves_by_kilos_say_only_what_was_taken(sign, taken_g):
    """5 °C, there in two minutes, on cells of 140 g/°C that follow it in four."""
    rnd = random.Random(sign)

    def load(t_s: float) -> float:
        since_s = max(0.0, t_s - 60)
        lagged = (240 * math.exp(-since_s / 240) - 120 * math.exp(-since_s / 120)) / 120
        return 60_000 + sign * 700 * (1 - lagged) - (taken_g if t_s >= 230 else 0)

    rules = bulk.rules(200_000.0)
    given = WeighingRules("F1", 0, 20.0, bulk.SETTLE_FOR_S, bulk.band_g(200_000.0), drift=rules)
    times = [n / 10 for n in range(15_000)]
    samples = [Reading(t, round((load(t) + rnd.gauss(0, 6.0)) * 20.0)) for t in times]
    state, events = advance(Weighing(), samples, given)
    steps = [(event.grams, event.started_s) for event in events]
    expected = (pytest.approx(-taken_g, abs=15), pytest.approx(230, abs=1))
    assert steps == ([expected] if taken_g else [])
    assert state.is_settled


def test_more_than_anybody_carries_is_no_goods_that_were_taken():
    for grams, is_too_much in ((39_000.0, False), (90_000.0, True), (-90_000.0, False)):
        loss = bulk.judge(gone(grams), [], TYPICAL)
        assert loss is not None
        assert loss.is_too_much == is_too_much


# --- how long it moved


def step(started_s: float, t_s: float, swung_g: float = 0.0) -> StepSettled:
    return StepSettled(t_s, "F1", started_s, -500.0, 0.0, 5.0, swung_g=swung_g)


def test_a_step_goes_on_until_the_settling_time_before_it_was_seen_to_be_over():
    assert bulk.still_s(step(90.0, 300.0), 4.0) == 296.0
    assert bulk.still_s(step(90.0, 93.7), 4.0) == 90.0


def test_goods_that_slid_away_are_of_the_moment_in_which_that_began():
    assert bulk.still_s(step(90.0, 3000.0, math.inf), 4.0) == 90.0


def test_a_step_touches_whoever_was_there_while_it_went_on():
    moved = Moved(90.0, 300.0, -500.0, 3.0, 296.0)
    assert moved.touches(60.0, 100.0)
    assert moved.touches(200.0, 210.0)
    assert not moved.touches(297.0, 310.0)
    assert not moved.touches(60.0, 89.0)
    assert moved.is_long
    assert not Moved(90.0, 100.0, -500.0, 3.0, 96.0).is_long


def test_what_moved_for_longer_than_hands_do_may_be_the_cells_themselves():
    per_s_g = bulk.rules(200_000.0).per_s_g
    assert bulk.unsure_g(3.0, 12.0, per_s_g) == 3.0
    assert bulk.unsure_g(3.0, 100.0, per_s_g) == pytest.approx(100, abs=1)
    assert bulk.unsure_g(3.0, 3600.0, per_s_g) == pytest.approx(bulk.ROOM_G / 3, abs=1)


# --- what lies where


def configured(*scales: Scale) -> Config:
    return Config(scales=scales)


FREEZER = Scale(id="F1", backend="sim", kind="bulk", products=("메로나",), capacity_g=200_000.0)
PLATE = Scale(id="A", backend="sim", products=("투게더",))


def test_a_freezer_holds_what_the_configuration_or_the_csv_puts_there():
    found = goods_of(configured(FREEZER, PLATE), [BAR, CUP, Product("월드콘", 2000, 110.0, "F1")])
    assert [one.name for one in found.bulk["F1"]] == ["메로나", "월드콘"]
    assert [one.name for one in found.by_scale["A"]] == ["투게더"]
    assert (found.problems, found.remarks) == ((), ())


@pytest.mark.parametrize(
    ("product", "said"),
    [
        (Product("없는것", 1, 1.0), "scale 'F1': product '메로나' is not in the inventory"),
        (Product("메로나", 1000, 75.0, "A"), "product '메로나': the configuration puts it on"),
    ],
)
def test_what_contradicts_is_a_problem(product, said):
    found = goods_of(configured(FREEZER, PLATE), [product, CUP])
    assert any(one.startswith(said) for one in found.problems)
