"""Unit weights are learnt from single steps, and offered: nothing changes by itself."""

import asyncio
import json
import random

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from storeguard.books.records import LEARNT, LearntFile
from storeguard.cli import main
from storeguard.domain.events import StepSettled, StockChanged
from storeguard.domain.learning import (
    FEWEST,
    MOST,
    Declined,
    Learnt,
    Offer,
    is_declined,
    learn,
    offer,
)
from storeguard.domain.product import Product
from storeguard.services.bus import Bus
from storeguard.services.learning import UnitLearning


def milk(written_g=95.0, tolerance_g=None):
    return Product("우유", 1500, written_g, tolerance_g=tolerance_g)


def weighed(true_g, spread_g, n, written_g=95.0, *, scale_sigma_g=0.0, seed=1):
    rnd, known = random.Random(seed), Learnt()
    for _ in range(n):
        grams = rnd.gauss(true_g, spread_g) + rnd.gauss(0, scale_sigma_g)
        known = learn(known, grams, written_g, scale_sigma_g)
    return known


def test_mean_and_spread_are_those_of_the_units_not_of_the_scale():
    known = weighed(97.0, 1.5, 600, scale_sigma_g=1.0)
    assert known.mean_g == pytest.approx(97.0, abs=0.3)
    assert known.spread_g == pytest.approx(1.5, abs=0.3)


def test_a_weight_that_does_not_fit_is_offered_with_its_tolerance():
    found = offer(milk(), weighed(97.0, 1.0, 60))
    assert found is not None
    assert found.unit_g == pytest.approx(97.0, abs=0.4)
    assert found.tolerance_g == pytest.approx(1.0, abs=0.3)
    assert found.weighings == 60


@pytest.mark.parametrize("n", [1, FEWEST - 1])
def test_little_is_no_offer(n):
    assert offer(milk(), weighed(99.0, 0.5, n)) is None


def test_what_fits_is_left_alone():
    assert offer(milk(), weighed(95.1, 1.0, 200)) is None


@pytest.mark.parametrize(
    ("unit_g", "written_g", "offered_g"), [(4.86, 5.0, 4.86), (97.04, 95.0, 97.0), (5.0, 5.0, None)]
)
def test_a_light_unit_is_offered_more_finely(unit_g, written_g, offered_g):
    found = offer(milk(written_g), Learnt(100, unit_g, 0.0, written_g))
    assert (found.unit_g if found else None) == offered_g


def test_what_is_off_by_less_than_can_be_written_is_no_offer():
    """Below 20 g a hundredth is written: 0.15 g of 30 g is under a half per cent, and no word."""
    assert offer(milk(2.0), Learnt(2000, 2.0049, 0.0, 2.0)) is None


def test_units_that_scatter_wider_than_is_written_are_offered_with_their_spread():
    """The usual spread is 3 %: 2.9 g of 95."""
    found = offer(milk(), Learnt(60, 95.1, 59 * 5.0**2, 95.0))
    assert (found.unit_g, found.tolerance_g) == (95.1, 5.0)
    assert offer(milk(tolerance_g=4.0), Learnt(60, 95.1, 59 * 5.0**2, 95.0)) is None
    assert offer(milk(tolerance_g=4.0), Learnt(60, 95.1, 59 * 0.5**2, 95.0)) is None


def test_another_weight_that_the_owner_writes_forgets_what_was_weighed():
    """Another product is sold under the name: what the last one weighed must not come back."""
    known = weighed(97.0, 1.0, 60)
    assert offer(milk(80.0), known) is None
    assert learn(known, 80.5, 80.0).n == 1
    assert learn(known, 80.5, 80.0).mean_g == 80.5


@pytest.mark.parametrize("written_g", [95.0, 97.0])
def test_a_weight_that_the_weighings_bear_out_forgets_nothing(written_g):
    known = weighed(97.0, 1.0, 60)
    assert learn(known, 97.0, written_g).n == 61
    of_an_earlier_build = Learnt(known.n, known.mean_g, known.m2)
    assert learn(of_an_earlier_build, 97.0, written_g).n == 61


SAID_NO = Declined(95.0, 97.0, 1.0)


@pytest.mark.parametrize(
    ("written_g", "unit_g", "tolerance_g", "said"),
    [
        (95.0, 97.0, 1.0, True),
        (95.0, 97.4, 1.4, True),
        (95.0, 97.6, 1.0, False),
        (95.0, 97.0, 1.6, False),
        (94.0, 97.0, 1.0, False),
    ],
)
def test_who_said_no_is_asked_again_about_another_weight_only(written_g, unit_g, tolerance_g, said):
    offered = Offer("우유", written_g, unit_g, tolerance_g, 60)
    assert is_declined(offered, SAID_NO) is said
    assert not is_declined(offered, None)


def test_two_small_things_at_once_are_not_one_of_its_units():
    known = weighed(97.0, 1.0, 50)
    assert learn(known, 120.0, 95.0) == known
    assert learn(Learnt(), 140.0, 95.0) == Learnt()


def test_the_old_fades():
    known = Learnt(MOST, 95.0, 1.0 * (MOST - 1))
    for _ in range(3 * MOST):
        known = learn(known, 97.0, 95.0)
    assert known.n == MOST
    assert known.mean_g == pytest.approx(97.0, abs=0.2)


# --- another packing


def go_on(known, true_g, spread_g, n, *, seed=2):
    rnd = random.Random(seed)
    for _ in range(n):
        known = learn(known, rnd.gauss(true_g, spread_g), 95.0, 0.2)
    return known


@pytest.mark.parametrize("before", [8, 30, 500, MOST])
@pytest.mark.parametrize("percent", [-20, -8, 5, 8, 15, 20])
def test_a_new_packing_is_offered_however_long_the_old_one_was_sold(before, percent):
    """The spread of both is 1 %, the usual one: five weeks of five a day are enough."""
    true_g = 95.0 * (1 + percent / 100)
    known = go_on(weighed(95.0, 0.95, before), true_g, 0.95, 175)
    found = offer(milk(), known)
    assert found is not None
    assert found.unit_g == pytest.approx(true_g, rel=0.01)
    assert found.tolerance_g == pytest.approx(0.95, abs=0.5)


def test_nineteen_of_another_packing_change_nothing_and_the_twentieth_is_offered():
    known = weighed(95.0, 0.95, 500)
    later = go_on(known, 102.6, 0.95, FEWEST - 1)
    assert (later.n, later.mean_g, later.m2) == (known.n, known.mean_g, known.m2)
    assert offer(milk(), later) is None
    found = offer(milk(), learn(later, 102.6, 95.0))
    assert (found.weighings, found.unit_g) == (FEWEST, pytest.approx(102.6, abs=0.8))


def test_a_packing_that_scatters_wider_than_the_old_one_is_found_as_well():
    found = offer(milk(), go_on(weighed(95.0, 0.48, 500), 102.6, 2.85, 100))
    assert found.unit_g == pytest.approx(102.6, rel=0.015)


@pytest.mark.parametrize("before", [30, 500, MOST])
def test_the_half_of_a_new_packing_that_might_be_the_old_one_does_not_hide_it(before):
    """Both scatter by 2 %, so that every second unit at +8 % is no outlier of the old ones."""
    found = offer(milk(), go_on(weighed(95.0, 1.9, before), 102.6, 1.9, 100))
    assert found.unit_g == pytest.approx(102.6, rel=0.01)


def test_while_the_old_packing_is_sold_beside_it_nothing_is_replaced():
    rnd, known = random.Random(3), weighed(95.0, 0.95, 50)
    for _ in range(3_000):
        known = learn(known, rnd.gauss(rnd.choice((95.0, 95.0, 112.0)), 0.95), 95.0)
    assert known.mean_g == pytest.approx(95.0, abs=0.3)
    assert offer(milk(), known) is None


@given(
    st.lists(st.floats(72.0, 118.0), max_size=60),
    st.integers(0, 2**32),
    st.sampled_from([0.5, 0.95, 1.5]),
)
def test_strays_that_are_half_of_all_replace_nothing(strays, seed, spread_g):
    """Hands and two small things: whatever they weigh, alike or not, what is right stays."""
    known, rnd = weighed(95.0, spread_g, 50), random.Random(seed)
    for grams in strays:
        known = learn(learn(known, grams, 95.0), rnd.gauss(95.0, 0.5), 95.0)
    assert known.n >= 50
    assert known.mean_g == pytest.approx(95.0, abs=2.0)


@given(st.permutations([78.0, 84.0, 103.0, 109.0, 115.0] * 12))
def test_strays_that_do_not_agree_replace_nothing_though_nothing_else_comes(strays):
    known = weighed(95.0, 0.5, 50)
    for grams in strays:
        known = learn(known, grams, 95.0)
    assert (known.n, known.mean_g) == (50, weighed(95.0, 0.5, 50).mean_g)


def test_a_weight_that_no_packing_has_is_no_rival():
    known = weighed(95.0, 0.95, 50)
    for grams in (40.0, 190.0) * FEWEST:
        known = learn(known, grams, 95.0)
    assert known == weighed(95.0, 0.95, 50)


def test_who_writes_the_new_weight_before_it_is_offered_forgets_both():
    known = go_on(weighed(95.0, 0.95, 50), 112.0, 0.95, 10)
    assert known.rival is not None
    assert learn(known, 112.0, 112.0) == Learnt(1, 112.0, 0.0, 112.0)


def test_a_correction_of_the_old_weight_meanwhile_takes_nothing_from_the_new_packing():
    known = go_on(weighed(95.0, 0.95, 50), 112.0, 0.95, FEWEST - 1)
    known = learn(known, 112.0, 95.2)
    assert (known.n, known.written_g) == (FEWEST, 95.2)
    assert offer(milk(95.2), learn(known, 112.0, 95.2)).weighings == FEWEST + 1


def test_a_new_packing_is_counted_over_restarts(tmp_path):
    file = LearntFile(tmp_path / LEARNT, fsync=False)
    known = go_on(weighed(95.0, 0.95, 50), 102.6, 0.95, 12)
    file.save({"우유": known, "콜라": Learnt(30, 370.0, 4.0, 370.0)})
    assert file.load() == {"우유": known, "콜라": Learnt(30, 370.0, 4.0, 370.0)}


def test_a_file_of_an_earlier_build_is_read(tmp_path):
    one = {"n": 30, "mean_g": 95.0, "m2": 4.0}
    text = json.dumps({"units": {"우유": one, "콜라": {**one, "written_g": 95.0}}})
    (tmp_path / LEARNT).write_text(text, encoding="utf-8")
    found = LearntFile(tmp_path / LEARNT, fsync=False).load()
    assert found == {"우유": Learnt(30, 95.0, 4.0), "콜라": Learnt(30, 95.0, 4.0, 95.0)}


class Kept:
    def __init__(self):
        self.learnt = {}

    def load(self):
        return self.learnt

    def save(self, learnt):
        self.learnt = dict(learnt)


def change(before, after, **more):
    said = {"certain": True, "started_s": 1.0, "grams": -97.0, **more}
    return StockChanged(3.0, "우유", "A", before, after, **said)


@pytest.mark.parametrize(
    ("event", "n"),
    [
        (change(5, 4), 1),
        (change(5, 3), 0),
        (change(5, 4, certain=False), 0),
        (change(5, 4, is_first=True), 0),
        (change(5, 4, is_foreign=True), 0),
        (change(5, 4, unclear_since_s=0.5), 0),
        (change(5, 4, started_s=0.1), 0),
    ],
)
def test_only_a_clear_step_of_one_unit_is_a_weighing(event, n):
    bus, kept = Bus(), Kept()
    learning = UnitLearning(bus, kept, lambda _: 95.0)
    bus.publish(StepSettled(3.0, "A", 1.0, -97.0, 388.0, 0.3, 0.1))
    bus.publish(event)
    asyncio.run(learning._run_once())
    assert sum(one.n for one in kept.learnt.values()) == n


def test_the_command_offers_and_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("scales: [{id: A, products: [우유], backend: sim}]\n")
    (tmp_path / "inventory").mkdir()
    book = tmp_path / "inventory" / "inventory_store.csv"
    book.write_text("상품명, 개수, 가격, 무게\n우유,5,1500,95\n", encoding="utf-8")
    (tmp_path / "state").mkdir()
    assert "스무 번" in CliRunner().invoke(main, ["scale", "learn"]).stdout
    LearntFile(tmp_path / "state" / LEARNT).save({"우유": weighed(97.0, 1.0, 60)})
    said = CliRunner().invoke(main, ["scale", "learn"])
    assert (said.exit_code, said.stdout.count("\n")) == (0, 1)
    assert said.stdout.startswith("우유: 상품표는 95 g, 60번 재니 97")
    assert '"unit_g": 97' in CliRunner().invoke(main, ["scale", "learn", "--json"]).stdout
    assert "우유,5,1500,95" in book.read_text("utf-8")
