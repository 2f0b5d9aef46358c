"""Whose matter it is that a zero has moved too far: the visit's in which that began."""

import asyncio
from types import SimpleNamespace

import pytest

from storeguard.domain.drift import Drift, DriftRules, Slide, ease
from storeguard.domain.product import Product
from storeguard.domain.scalestate import Weighing
from storeguard.services.bus import Bus
from storeguard.services.drifts import DriftWatch

GUM = Product("껌", 4200, 5.3)
OIL = Product("식용유", 9000, 1700.0)
NOW_S = 165.0


@pytest.fixture
def told():
    """What the watch has said."""
    return []


@pytest.fixture
def looked(told):
    """A function: a scale of gums whose zero has drifted so, and so; looked at each time.

    `kept`: what is remembered from before a restart, looked at first.
    """

    def look(*drifts: Drift, products=(GUM,), kept=None) -> DriftWatch:
        rules = SimpleNamespace(drift=DriftRules())
        channel = SimpleNamespace(id="A", weighing=Weighing(), products=products, rules=rules)
        clock = SimpleNamespace(now_s=lambda: NOW_S)
        memory = SimpleNamespace(save=lambda _: None, load=lambda: kept)
        bus = Bus()
        bus.subscribe(told.append)
        watch = DriftWatch([channel], bus, clock, memory)
        if kept is not None:
            asyncio.run(watch.load())
            asyncio.run(watch.look())
        for drift in drifts:
            channel.weighing = Weighing(drift=drift)
            asyncio.run(watch.look())
        return watch

    return look


@pytest.mark.parametrize(
    ("held", "began_s"),
    [(None, NOW_S), (Slide(100.0, -3.3), 100.0), (Slide(110.0, -3.3), NOW_S)],
    ids=["a drift", "a jump that is followed by now", "a jump that is held still"],
)
def test_a_zero_that_follows_a_jump_has_moved_when_that_came(looked, held, began_s):
    """The visit that was there when the zero began to follow has to do with it only then."""
    watch = looked(Drift(total_g=-2.0, held=held))
    assert watch.doubts(0.0, began_s - 1.0) == watch.doubts(began_s + 1.0, 200.0) == {}
    assert watch.doubts(began_s - 1.0, began_s + 1.0) == {GUM.name: (-1, 0)}


@pytest.mark.parametrize(("grams", "units"), [(-7.0, (-2, 0)), (7.0, (0, 2)), (-2.0, (-1, 0))])
def test_however_far_a_zero_has_moved_it_may_be_the_zero(looked, told, grams, units):
    watch = looked(Drift(total_g=grams))
    assert watch.doubts(NOW_S - 1, NOW_S + 1) == {GUM.name: units}
    assert [(event.low, event.high) for event in told] == [units]


def test_what_was_in_doubt_before_a_restart_is_told_and_is_no_matter_of_whoever_is_inside(
    looked, told
):
    watch = looked(kept={"A": -7.0})
    assert [(event.is_certain, event.low) for event in told] == [(False, -2)]
    assert watch.doubts(0.0, NOW_S + 100.0) == {}


@pytest.mark.parametrize("jump_g", [-1.9, -2.5, -5.3])
def test_the_doubt_may_begin_as_the_last_of_a_jump_is_followed(looked, jump_g):
    drifts = [Drift(held=Slide(100.0, jump_g))]
    while drifts[-1].held is not None:
        drifts.append(ease(drifts[-1], NOW_S, 1.0, DriftRules()))
    watch = looked(*drifts)
    assert watch.doubts(99.0, 101.0) != {}
    assert watch.doubts(101.0, 200.0) == {}


def test_past_what_a_cell_moves_in_all_the_heaviest_goods_are_in_doubt_and_tare_is_asked(
    looked, told, caplog
):
    watch = looked(Drift(total_g=-99.0), Drift(total_g=-101.0), products=(OIL,))
    assert [(event.is_certain, event.low, event.high) for event in told] == [(False, -1, 0)]
    assert watch.doubts(NOW_S - 1, NOW_S + 1) == {OIL.name: (-1, 0)}
    assert "or over 100 g: its count is uncertain" in caplog.text
    assert "storeguard scale tare A" in caplog.text


def test_each_product_is_in_doubt_from_its_own_time_on_and_the_scale_says_so_once(looked, told):
    """The gums were already; the oil is a matter of the visit in which its own doubt begins."""
    long_ago = Drift(total_g=-50.0, held=Slide(100.0, -3.3))
    watch = looked(long_ago, Drift(total_g=-99.0), Drift(total_g=-101.0), products=(GUM, OIL))
    assert watch.doubts(99.0, 101.0) == {GUM.name: (-20, 0)}
    assert watch.doubts(101.0, 200.0) == {OIL.name: (-1, 0)}
    assert [event.is_certain for event in told] == [False]


def test_a_doubt_ends_where_the_residual_is_well_below_and_begins_anew_after_it(looked, told):
    drifts = [Drift(total_g=grams) for grams in (-101.0, -76.0, -74.0, -90.0, 101.0)]
    watch = looked(*drifts, products=(OIL,))
    assert [event.is_certain for event in told] == [False, True, False]
    assert watch.doubts(NOW_S - 1, NOW_S + 1) == {OIL.name: (0, 1)}
