"""Under-voltage is a fault as long as it lasts; a board that does not tell is left alone."""

import asyncio

import pytest

from storeguard.clock import run_simulated
from storeguard.devices.machine import Machine
from storeguard.devices.power import throttled
from storeguard.errors import FaultCode
from storeguard.health import Health
from storeguard.services.powering import ROUND_S, PoweringService


class StillClock:
    def now_s(self):
        return 0.0


def play(flags, *, until_s):
    health, asked = Health(StillClock()), []

    def next_flags():
        asked.append(None)
        return flags[min(len(asked), len(flags)) - 1]

    async def story():
        loop = asyncio.create_task(PoweringService(next_flags, health).run())
        await asyncio.sleep(until_s)
        is_over = loop.done()
        loop.cancel()
        return is_over

    return run_simulated(lambda _: story()), health, len(asked)


def test_too_little_voltage_is_a_fault_with_its_code():
    _, health, _ = play([0x50005], until_s=1)
    [fault] = health.faults
    assert (fault.name, fault.code) == ("power", FaultCode.POWER_LOW)


@pytest.mark.parametrize("flags", [0x0, 0x50000, 0xE])
def test_what_is_past_or_only_slow_is_none(flags):
    _, health, _ = play([flags], until_s=1)
    assert health.faults == ()


def test_it_is_over_when_the_voltage_is_back():
    _, health, _ = play([0x1, 0x10000], until_s=ROUND_S + 1)
    assert health.faults == ()
    assert [part.name for part in health.snapshot()] == ["power"]


def test_a_board_that_does_not_tell_is_asked_once_and_shows_nothing():
    is_over, health, asked = play([None], until_s=10 * ROUND_S)
    assert (is_over, health.snapshot(), asked) == (True, (), 1)


def test_the_firmware_is_asked_by_its_own_command(tmp_path):
    machine = Machine(tmp_path, run=lambda words: "throttled=0x50005\n")
    assert throttled(machine) == 0x50005
