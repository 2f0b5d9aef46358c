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
NOW_S = 165.0


@pytest.fixture
def looked():
    """A function: a scale of gums whose zero has drifted so, and so; looked at each time."""

    def look(*drifts: Drift) -> DriftWatch:
        channel = SimpleNamespace(id="A", weighing=Weighing(), products=[GUM])
        clock, memory = SimpleNamespace(now_s=lambda: NOW_S), SimpleNamespace(save=lambda _: None)
        watch = DriftWatch([channel], Bus(), clock, memory)
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


@pytest.mark.parametrize("jump_g", [-1.9, -2.5, -5.3])
def test_the_doubt_may_begin_as_the_last_of_a_jump_is_followed(looked, jump_g):
    drifts = [Drift(held=Slide(100.0, jump_g))]
    while drifts[-1].held is not None:
        drifts.append(ease(drifts[-1], NOW_S, 1.0, DriftRules()))
    watch = looked(*drifts)
    assert watch.doubts(99.0, 101.0) != {}
    assert watch.doubts(101.0, 200.0) == {}
