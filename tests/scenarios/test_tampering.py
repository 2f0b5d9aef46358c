"""Tampering is told at once, while the customer is still inside; staff may open the kiosk."""

import pytest

from storeguard import config as cfg
from storeguard.domain import events as ev

DOOR = cfg.Contact(id="kiosk-door", backend="sim")
SHAKE = cfg.Contact(id="kiosk", kind="vibration", backend="sim")
ALL = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@pytest.fixture
def kiosk(make_store):
    store = make_store(contacts=(DOOR, SHAKE), tamper={"dwell_s": 30.0}, camera={"kiosk_area": ALL})
    store.start()
    return store


def tampered(store):
    return [(event.source, event.what) for event in store.told(ev.TamperSeen)]


def codes(store):
    return {part.code for part in store.app.health.faults if part.name == "tamper"}


def test_an_opened_kiosk_is_told_at_once_and_once_and_passes(kiosk):
    kiosk.enter()
    kiosk.world.touch("kiosk-door")
    kiosk.advance(0.3)
    assert tampered(kiosk) == [("kiosk-door", "opened")]
    assert codes(kiosk) == {"K701"}
    kiosk.advance(20)
    kiosk.world.touch("kiosk-door", is_active=False)
    kiosk.leave()
    kiosk.advance(40)
    assert len(tampered(kiosk)) == 1
    assert codes(kiosk) == set()


def test_three_shakes_are_told_and_one_is_not(kiosk):
    kiosk.world.touch("kiosk")
    kiosk.advance(5)
    assert tampered(kiosk) == []
    for _ in range(3):
        kiosk.world.touch("kiosk")
        kiosk.advance(0.3)
    assert tampered(kiosk) == [("kiosk", "shaken")]


def test_whoever_lingers_without_buying_is_told_while_he_is_inside(kiosk):
    kiosk.enter()
    kiosk.advance(20)
    kiosk.pay("콜라")
    kiosk.advance(20)
    assert tampered(kiosk) == []
    kiosk.advance(15)
    assert tampered(kiosk) == [("door", "lingered")]
    assert codes(kiosk) == {"K702"}
    assert kiosk.visits == []


def test_in_restock_mode_the_kiosk_may_be_opened(kiosk):
    kiosk._run(kiosk.app.restocking.start("owner"))
    kiosk.world.touch("kiosk-door")
    kiosk.advance(1)
    assert tampered(kiosk) == []
