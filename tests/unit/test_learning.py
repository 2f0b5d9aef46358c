"""Unit weights are learnt from single steps, and offered: nothing changes by itself."""

import asyncio
import random

import pytest
from click.testing import CliRunner

from storeguard.books.records import LEARNT, LearntFile
from storeguard.cli import main
from storeguard.domain.events import StepSettled, StockChanged
from storeguard.domain.learning import FEWEST, MOST, Learnt, learn, offer
from storeguard.services.bus import Bus
from storeguard.services.learning import UnitLearning


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
    found = offer("우유", weighed(97.0, 1.0, 60), 95.0)
    assert found is not None
    assert found.unit_g == pytest.approx(97.0, abs=0.4)
    assert found.tolerance_g == pytest.approx(1.0, abs=0.3)
    assert found.weighings == 60


@pytest.mark.parametrize("n", [1, FEWEST - 1])
def test_little_is_no_offer(n):
    assert offer("우유", weighed(99.0, 0.5, n), 95.0) is None


def test_what_fits_is_left_alone():
    assert offer("우유", weighed(95.1, 1.0, 200), 95.0) is None


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
