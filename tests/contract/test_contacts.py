"""Contacts: the same law for the simulated and the GPIO one; the latter on a simulated gpiod."""

import pytest

from storeguard import config as cfg
from storeguard.clock import LoopClock, SimLoop, SystemClock
from storeguard.devices.contact import GpiodContact
from storeguard.devices.sim.contact import SimContact
from storeguard.devices.sim.gpiod_module import SimGpiod, Value, installed
from storeguard.devices.sim.hx711_chip import SimTime
from storeguard.devices.sim.world import World
from storeguard.errors import ConfigInvalid, DeviceFault

PIN = 17


@pytest.fixture
def clock():
    loop = SimLoop()
    yield LoopClock(loop, SystemClock().utc())
    loop.close()


@pytest.fixture
def gpiod(tmp_path):
    (tmp_path / "gpiochip0").touch()
    with installed(SimGpiod(SimTime(end_s=60.0))) as module:
        yield module


def made(kind, clock, gpiod, tmp_path):
    """A contact, and what opens and shuts it."""
    if kind == "sim":
        world = World({}, {}, clock)
        return SimContact("door", world), lambda is_active: world.touch("door", is_active=is_active)
    contact = GpiodContact("door", PIN, clock, dev=tmp_path)
    gpiod.drive(PIN, Value.INACTIVE)  # shut: the switch pulls it low

    def touch(is_active):
        gpiod.drive(PIN, Value.ACTIVE if is_active else Value.INACTIVE)

    return contact, touch


@pytest.mark.parametrize("kind", ["sim", "gpiod"])
def test_what_happens_between_two_looks_is_told_in_order(kind, clock, gpiod, tmp_path):
    contact, touch = made(kind, clock, gpiod, tmp_path)
    assert not any(one.is_active for one in contact.drain())
    for is_active in (True, False, True):
        touch(is_active)
    assert [one.is_active for one in contact.drain()] == [True, False, True]
    assert list(contact.drain()) == []
    contact.close()
    contact.close()
    assert gpiod.pins_in_use == frozenset()


def test_a_door_that_is_open_at_the_start_and_a_cut_wire_are_told(clock, gpiod, tmp_path):
    contact = GpiodContact("door", PIN, clock, dev=tmp_path)  # nothing pulls it low
    assert [one.is_active for one in contact.drain()] == [True]
    contact.close()


def test_a_pin_in_use_and_a_missing_chip_are_faults_that_pass(clock, gpiod, tmp_path):
    first, second = (GpiodContact("door", PIN, clock, dev=tmp_path) for _ in range(2))
    first.drain()
    with pytest.raises(DeviceFault, match=r"contact 'door' \(pin 17\): .*; see gpioinfo"):
        second.drain()
    first.close()
    second.drain()
    second.close()
    with pytest.raises(DeviceFault, match="no GPIO chip of a Raspberry Pi's header"):
        GpiodContact("door", PIN, clock, dev=tmp_path / "none").drain()


def test_a_gpio_contact_needs_a_pin():
    with pytest.raises(ConfigInvalid, match="backend gpiod needs pin"):
        cfg.parse("contacts: [{id: door, backend: gpiod}]")
