"""What the backend `gpiod` has of its own: chips, lines and a machine without them.

The words that it reads are judged in test_hx711_pins, over every backend that drives the pins.
"""

import asyncio
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from storeguard import config, hardware
from storeguard.clock import SystemClock, SystemPinClock
from storeguard.devices.gpiod import open_gpiod, opened_reader
from storeguard.devices.sim.gpiod_module import Bias, Direction, SimGpiod, Value, installed
from storeguard.devices.sim.hx711_chip import Hx711Chip, SimTime
from storeguard.devices.threaded import READ_TIMEOUT_S
from storeguard.errors import MissingExtra, ScaleFault

DOUT, SCK = 20, 16
RAW = -4711
WIRING = config.Scale.model_validate(
    {"id": "A", "backend": "gpiod", "dout_pin": DOUT, "sck_pin": SCK, "sample_rate_hz": 80.0}
)


@pytest.fixture
def time() -> SimTime:
    return SimTime(end_s=60.0)


@pytest.fixture
def gpiod(time: SimTime) -> Iterator[SimGpiod]:
    with installed(SimGpiod(time)) as module:
        chip = Hx711Chip(time, lambda _t_s, _gain: RAW, sample_rate_hz=80.0)
        module.wire(chip, dout_pin=DOUT, sck_pin=SCK)
        yield module


@pytest.fixture
def dev(tmp_path: Path, gpiod: SimGpiod) -> Path:
    for name in gpiod.labels:
        (tmp_path / name).touch()
    return tmp_path


def relabel(gpiod: SimGpiod, dev: Path, header: str, labels: dict[str, str]) -> None:
    """Another machine: its chips, and which of them has the header."""
    for path in dev.iterdir():
        path.unlink()
    gpiod.header, gpiod.labels = header, labels
    for name in labels:
        (dev / name).touch()


# -- which chip --


@pytest.mark.parametrize(
    ("header", "labels"),
    [
        ("gpiochip0", {"gpiochip0": "pinctrl-bcm2835"}),
        ("gpiochip0", {"gpiochip0": "pinctrl-bcm2711", "gpiochip1": "raspberrypi-exp-gpio"}),
        ("gpiochip4", {"gpiochip0": "gpio-brcmstb@107d508500", "gpiochip4": "pinctrl-rp1"}),
        ("gpiochip11", {"gpiochip2": "gpio-brcmstb@107d517c00", "gpiochip11": "pinctrl-rp1"}),
    ],
)
def test_the_headers_chip_is_found_by_its_label(
    gpiod: SimGpiod, dev: Path, time: SimTime, header: str, labels: dict[str, str]
) -> None:
    relabel(gpiod, dev, header, labels)
    reader = opened_reader(WIRING, time, dev)
    assert {name for name, _ in gpiod.in_use} == {header}
    assert reader.read_raw(READ_TIMEOUT_S) == RAW


def test_chips_of_another_machine_are_a_fault_that_names_them(
    gpiod: SimGpiod, dev: Path, time: SimTime
) -> None:
    relabel(gpiod, dev, "gpiochip0", {"gpiochip0": "INT34C5:00"})
    with pytest.raises(ScaleFault, match=r"labelled pinctrl-.*got: gpiochip0 is INT34C5:00;"):
        opened_reader(WIRING, time, dev)


def test_a_machine_without_chips_is_a_fault(gpiod: SimGpiod, dev: Path, time: SimTime) -> None:
    relabel(gpiod, dev, "gpiochip0", {})
    with pytest.raises(ScaleFault, match=r"scale 'A' \(dout 20, sck 16\).*got: no gpiochip\*"):
        opened_reader(WIRING, time, dev)


def test_no_permission_names_the_group(gpiod: SimGpiod, dev: Path, time: SimTime) -> None:
    gpiod.refused.add("gpiochip0")
    with pytest.raises(ScaleFault, match=r"Permission denied.*usermod -aG gpio") as caught:
        opened_reader(WIRING, time, dev)
    assert "\n" not in str(caught.value)


# -- its lines --


def test_sck_starts_low_and_dout_is_pulled_up(gpiod: SimGpiod, dev: Path, time: SimTime) -> None:
    opened_reader(WIRING, time, dev)
    sck, dout = gpiod.in_use["gpiochip0", SCK], gpiod.in_use["gpiochip0", DOUT]
    assert (sck.direction, sck.output_value) == (Direction.OUTPUT, Value.INACTIVE)
    assert (dout.direction, dout.bias) == (Direction.INPUT, Bias.PULL_UP)


def test_a_pin_that_another_program_uses_is_a_fault(
    gpiod: SimGpiod, dev: Path, time: SimTime
) -> None:
    other = gpiod.request_lines(str(dev / "gpiochip0"), {SCK: gpiod.LineSettings()})
    with pytest.raises(ScaleFault, match=r"another program or the kernel uses one of the pins"):
        opened_reader(WIRING, time, dev)
    other.release()
    assert opened_reader(WIRING, time, dev).read_raw(READ_TIMEOUT_S) == RAW


def test_a_chip_that_goes_away_is_a_fault_and_can_be_closed(
    gpiod: SimGpiod, dev: Path, time: SimTime
) -> None:
    reader = opened_reader(WIRING, time, dev)
    gpiod.in_use.clear()
    with pytest.raises(ScaleFault, match=r"GPIO cannot be used: .*No such device"):
        reader.read_raw(READ_TIMEOUT_S)
    reader.close()


def test_pulses_that_are_too_long_recommend_another_backend(
    gpiod: SimGpiod, dev: Path, time: SimTime
) -> None:
    gpiod.call_ns = 90_000
    with pytest.raises(ScaleFault, match=r"expected up to 60; if this recurs use 'backend: iio'"):
        opened_reader(WIRING, time, dev).read_raw(READ_TIMEOUT_S)


# -- the package, and the thread --


def without_line_settings() -> ModuleType:
    """python3-libgpiod of Bookworm: version 1."""
    return ModuleType("gpiod")


@pytest.mark.parametrize("found", [None, without_line_settings()])
def test_a_missing_or_old_package_names_the_pip_line(
    gpiod: SimGpiod,
    dev: Path,
    time: SimTime,
    monkeypatch: pytest.MonkeyPatch,
    found: ModuleType | None,
) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", found)
    with pytest.raises(MissingExtra, match=r"'gpiod>=2.1'.*pip install 'storeguard\[pi\]'"):
        opened_reader(WIRING, time, dev)


def test_the_stand_in_takes_what_the_package_takes(gpiod: SimGpiod) -> None:
    stand_in = inspect.signature(gpiod.request_lines)
    del sys.modules["gpiod"]
    package = pytest.importorskip("gpiod", reason="the extra 'pi' is not installed")
    try:
        for name in ("direction", "bias", "output_value"):
            assert name in inspect.signature(package.LineSettings).parameters
        real = inspect.signature(package.Chip.request_lines).parameters
        assert {"config", "consumer"} <= stand_in.parameters.keys() & real.keys()
        for method in ("get_value", "set_value", "release"):
            assert hasattr(package.LineRequest, method)
        assert package.line.Value.ACTIVE != package.line.Value.INACTIVE
        assert package.line.Bias.PULL_UP
        assert package.line.Direction.OUTPUT != package.line.Direction.INPUT
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "gpiod"]:
            del sys.modules[name]


def test_an_unplugged_board_reads_as_silence_in_the_scales_own_thread(
    gpiod: SimGpiod, dev: Path, time: SimTime
) -> None:
    """It waits for a second; being told to give up ends that at once."""
    gpiod.by_dout.clear()
    scale = open_gpiod(WIRING, SystemClock(), SystemPinClock(), dev)
    scale.start()
    while not gpiod.in_use:
        assert not scale.drain()
    asyncio.run(scale.close())
    assert not gpiod.pins_in_use


@pytest.mark.parametrize("key", ["dout_pin", "sck_pin"])
def test_pins_that_the_configuration_does_not_name_are_refused(key: str) -> None:
    with pytest.raises(ValueError, match="backend gpiod needs dout_pin and sck_pin"):
        open_gpiod(WIRING.model_copy(update={key: None}), SystemClock())


def test_the_configuration_makes_such_a_scale() -> None:
    calibration = config.Calibration(counts_per_g=400.0)
    entry = WIRING.model_copy(update={"calibration": calibration})
    made = hardware.from_config(config.Config(scales=(entry,)), {}, {}, SystemClock(), base=Path())
    assert [scale.id for scale in made.scales] == ["A"]
    assert made.calibrations == {"A": calibration}
