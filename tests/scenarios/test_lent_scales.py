"""A scale that somebody works on while the store is guarded: nothing that moves there is goods."""

import pytest

from storeguard import shopview
from storeguard.domain import events as ev
from storeguard.errors import FaultCode
from storeguard.shopview import ShopView

BANANA_G = 6 * 265.0


@pytest.fixture(autouse=True)
def synced(monkeypatch):
    monkeypatch.setattr(shopview, "is_clock_synced", lambda: True)


def faults(store):
    return {row.device: row.code for row in ShopView(store.app).snapshot().faults}


def empty(store, scale, grams):
    """All goods into a box beside the shelf, which is no sale and no theft."""
    store.world.put_thing(scale, "in the box", -grams)


def test_what_is_taken_off_a_lent_scale_and_put_back_has_never_been_away(store):
    heard = []
    store.app.weighing.channel("A").listener = heard.extend
    store.app.weighing.lend("A")
    store.enter("owner")
    empty(store, "A", BANANA_G)
    store.advance(20)
    assert heard
    assert faults(store) == {"A": "W112"}
    [row] = [row for row in ShopView(store.app).snapshot().rows if row.scale == "A"]
    assert not row.is_verified
    store.world.lift_thing("A", "in the box")
    store.advance(5)
    store._run(store.app.weighing.take_back("A"))
    store.advance(5)
    assert faults(store) == {}
    assert store.app.weighing.channel("A").is_counted
    store.leave()
    store.be_judged()
    assert store.missing == []
    assert store.shelf["바나나우유"] == 6
    assert [e.code for e in store.told(ev.DeviceFailed)] == [FaultCode.SCALE_IN_HAND]
    assert [e.device for e in store.told(ev.DeviceRecovered)] == ["A"]


def test_with_a_new_calibration_the_same_goods_are_counted_the_same(store):
    """Both the zero and the counts a gram are others; what was remembered of the old is gone."""
    rules = store.app.weighing.channel("A").rules
    store.app.weighing.lend("A")
    store.advance(2)
    tare_raw = rules.tare_raw + round(10 * rules.counts_per_g)  # ten grams lighter than it was
    store._run(store.app.weighing.take_back("A", (tare_raw, rules.counts_per_g * 1.02)))
    store.advance(6)
    assert store.shelf["바나나우유"] == 6
    assert store.app.weighing.is_certain(store.app.weighing.channel("A"))
    assert store.told(ev.StockChanged) == [
        event for event in store.told(ev.StockChanged) if event.product != "바나나우유"
    ]


def test_what_is_missing_when_it_is_given_back_is_counted_as_after_a_start(store):
    store.app.weighing.lend("A")
    empty(store, "A", 265.0)
    store.advance(3)
    store._run(store.app.weighing.take_back("A"))
    store.advance(6)
    assert store.shelf["바나나우유"] == 5
    [changed] = [e for e in store.told(ev.StockChanged) if e.product == "바나나우유"]
    assert changed.is_first


def test_theft_from_another_shelf_is_seen_all_the_same(store):
    store.app.weighing.lend("A")
    store.enter()
    store.take("초코바", 2)
    store.leave()
    store.be_judged()
    assert store.missing == [{"초코바": 2}]
