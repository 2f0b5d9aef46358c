"""What changes on the scales while the daemon is off, and what its first levels say of it."""

import pytest

from storeguard.domain import events as ev
from storeguard.recovery import KIOSK_CSV

MIXED = """\
상품명,개수,가격,무게,선반
바나나우유,20,1500,265,A
초코바,30,1200,52,A
콜라,8,1800,370,C
메로나,8,1000,80,B
"""


@pytest.fixture
def mixed(make_store):
    """Bars of 52 g beside five kilos of bottles, weighed before: one bottle has been bought."""
    store = make_store()
    store.config = store.config.model_copy(
        update={
            "scales": tuple(one.model_copy(update={"products": ()}) for one in store.config.scales)
        }
    )
    (store.folder / "inventory" / KIOSK_CSV).write_text(MIXED, encoding="utf-8")
    store.start()
    store.enter()
    store.take("바나나우유")
    store.pay("바나나우유")
    store.leave()
    store.be_judged()
    store.stop()
    store.events.clear()
    return store


def test_a_bar_stolen_beside_many_bottles_while_the_power_was_off_is_found(mixed):
    mixed.world.take("초코바")
    mixed.advance(60)
    mixed.start()
    assert mixed.missing == [{"초코바": 1}]
    assert mixed.shelf["초코바"] == 29


def test_a_full_mixed_scale_is_as_booked_after_every_restart(mixed):
    for _ in range(3):
        mixed.advance(60)
        mixed.start()
        assert mixed.told(ev.StockChanged) == []
        mixed.stop()
    assert mixed.issues == ()


# --- a zero that has drifted meanwhile


def test_a_zero_that_drifted_while_the_power_was_off_accuses_nobody(store):
    """By 35 g in a night, on a scale of bars of 52 g: it may be a bar, and is no issue."""
    store.enter()
    store.take("초코바")
    store.pay("초코바")
    store.leave()
    store.be_judged()
    store.stop()
    store.world.put_thing("B", "a cold night", -35.0)
    store.advance(3600)
    store.events.clear()
    store.start()
    store.advance(60)
    [change] = store.told(ev.StockChanged)
    assert (change.after, change.certain, store.issues) == (10, False, ())
    store.enter("thief")
    store.take("초코바")
    store.leave("thief")
    store.be_judged()
    assert store.missing == [{"초코바": 1}]


# --- what lies there at the start and may be no product


BOTTLE_G = 265.0


@pytest.mark.parametrize("bag_g", [BOTTLE_G + 12.0, 3 * BOTTLE_G - 20.0])
def test_who_takes_his_bag_that_lay_there_as_the_daemon_started_is_not_accused(store, bag_g):
    store.enter()
    store.stop()
    store.world.put_thing("A", "a bag", bag_g)
    store.start()
    assert store.shelf["바나나우유"] == 6
    store.world.lift_thing("A", "a bag")
    store.advance(5)
    store.leave()
    store.be_judged()
    assert (store.issues, store.shelf["바나나우유"]) == ((), 6)
    assert store.kiosk["바나나우유"] == 6


@pytest.mark.parametrize("until_s", [30, 200], ids=["waited for", "too long to wait for"])
def test_a_hand_that_trembles_there_as_the_daemon_starts_is_no_goods(trace, replay, until_s):
    """Of somebody whom no camera has seen; it weighs like a bar."""
    trace.press(0, until_s, "B", 52.0)
    lines = replay(trace.write(ends_s=120)).lines
    assert [one for one in lines if one["event"] in ("StockChanged", "IssueSealed")] == []


@pytest.mark.parametrize("bag_g", [BOTTLE_G + 30.0, 2 * BOTTLE_G + 45.0])
@pytest.mark.parametrize("restarts", [0, 1, 2])
def test_who_fetches_what_another_forgot_is_not_accused_whether_or_not_it_restarts(
    store, bag_g, restarts
):
    store.enter("forgetful")
    store.world.put_thing("A", "a bag", bag_g)
    store.advance(5)
    store.leave("forgetful")
    store.be_judged()
    for _ in range(restarts):
        store.stop()
        store.advance(60)
        store.start()
    store.enter("finder")
    store.world.lift_thing("A", "a bag")
    store.advance(5)
    store.leave("finder")
    store.be_judged()
    store.advance(60)
    assert (store.issues, store.shelf["바나나우유"]) == ((), 6)


def test_what_was_forgotten_and_fetched_while_it_was_off_leaves_no_doubt(store):
    store.enter("forgetful")
    store.world.put_thing("A", "a bag", 2 * BOTTLE_G + 45.0)
    store.advance(5)
    store.leave("forgetful")
    store.be_judged()
    store.stop()
    store.world.lift_thing("A", "a bag")
    store.start()
    channel = store.app.weighing.channel("A")
    assert store.app.weighing.is_certain(channel)
    assert (store.issues, store.shelf["바나나우유"]) == ((), 6)
