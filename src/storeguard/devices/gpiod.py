"""HX711 amplifiers over the GPIO character device, by libgpiod 2: the Raspberry Pi 5's way.

Pins have their BCM numbers, which are the offsets of the chip behind the 40-pin header. That
chip is found by its label: its number has changed from kernel to kernel.
"""

import errno
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from storeguard import config
from storeguard.clock import Clock, PinClock, SystemPinClock
from storeguard.devices.hx711_word import Life, WordReader
from storeguard.devices.threaded import ThreadedScale
from storeguard.errors import MissingExtra, ScaleFault, StoreguardError

DEV = Path("/dev")
HEADER_LABELS = frozenset({"pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"})
"""Raspberry Pi 5; 4; Zero to 3."""


class GpiodReader:
    """Implements RawReader, and Wires, over a request of two lines that it owns."""

    def __init__(
        self,
        wiring: config.Scale,
        clock: PinClock,
        request: Any,
        levels: type[Any],
        life: Life | None,
    ) -> None:
        """`request`: a gpiod.LineRequest; `levels`: the enumeration gpiod.line.Value."""
        self.name = _name(wiring)
        self._request = request
        self._dout, self._sck = wiring.dout_pin, wiring.sck_pin
        self._high, self._low = levels.ACTIVE, levels.INACTIVE
        self._words = WordReader(
            self.name,
            self,
            wiring.gain,
            wiring.sample_rate_hz,
            clock,
            quicker_backend="iio",
            life=life,
        )

    def restart(self) -> None:
        self._words.restart()

    def read_raw(self, timeout_s: float) -> int:
        return self._words.read_raw(timeout_s)

    def give_up(self) -> None:
        self._words.give_up()

    def close(self) -> None:
        # A request that has been released is false; releasing it again is an error.
        if self._request:
            self._request.release()

    def is_dout_high(self) -> bool:
        try:
            return bool(self._request.get_value(self._dout) == self._high)
        except OSError as error:
            raise _fault(self.name, error) from error

    def set_sck(self, high: bool) -> None:
        try:
            self._request.set_value(self._sck, self._high if high else self._low)
        except OSError as error:
            raise _fault(self.name, error) from error


def opened_reader(
    wiring: config.Scale, clock: PinClock, dev: Path = DEV, life: Life | None = None
) -> GpiodReader:
    """A reader with its lines and its chip reset; it settles while the first word is read.

    Raises MissingExtra or ScaleFault; the lines are free again then.
    """
    package = _package(wiring)
    request = _requested_lines(package, wiring, dev)
    reader = GpiodReader(wiring, clock, request, package.line.Value, life)
    try:
        reader.restart()
    except StoreguardError:
        reader.close()
        raise
    return reader


def open_gpiod(
    wiring: config.Scale, clock: Clock, pin_clock: PinClock | None = None, dev: Path = DEV
) -> ThreadedScale:
    """The scale of one configuration entry; its thread opens the chip after `start()`."""
    if wiring.dout_pin is None or wiring.sck_pin is None:
        raise ValueError(f"scale '{wiring.id}': backend gpiod needs dout_pin and sck_pin")
    pins = pin_clock or SystemPinClock()
    rate_hz = wiring.sample_rate_hz
    life = Life(_name(wiring), rate_hz)
    return ThreadedScale(wiring.id, lambda: opened_reader(wiring, pins, dev, life), clock, rate_hz)


def _package(wiring: config.Scale) -> ModuleType:
    missing = MissingExtra(f"scale '{wiring.id}' (backend gpiod)", "gpiod>=2.1", "pi")
    try:
        package = importlib.import_module("gpiod")
    except ImportError as error:
        raise missing from error
    # Bookworm's python3-libgpiod is version 1: the same name, another interface.
    if not hasattr(package, "LineSettings"):
        raise missing
    return package


def _requested_lines(gpiod: ModuleType, wiring: config.Scale, dev: Path) -> Any:
    """Both lines, SCK low; DOUT has a pull-up: a board that is not there is never ready."""
    line = gpiod.line
    with _translated(_name(wiring)):
        return gpiod.request_lines(
            str(_header_chip(gpiod, wiring, dev)),
            consumer=f"storeguard {wiring.id}",
            config={
                wiring.sck_pin: gpiod.LineSettings(
                    direction=line.Direction.OUTPUT, output_value=line.Value.INACTIVE
                ),
                wiring.dout_pin: gpiod.LineSettings(
                    direction=line.Direction.INPUT, bias=line.Bias.PULL_UP
                ),
            },
        )


def _header_chip(gpiod: ModuleType, wiring: config.Scale, dev: Path) -> Path:
    """The device file of the chip behind the header; raises ScaleFault, OSError."""
    found = []
    for path in _chip_files(dev):
        with gpiod.Chip(str(path)) as chip:
            label = chip.get_info().label
        if label in HEADER_LABELS:
            return path
        found.append(f"{path.name} is {label}")
    raise ScaleFault(
        f"{_name(wiring)}: no GPIO chip of a Raspberry Pi's header in {dev}, expected one "
        f"labelled {', '.join(sorted(HEADER_LABELS))}; got: {', '.join(found) or 'no gpiochip*'}"
        "; check that this is a Raspberry Pi"
    )


def _chip_files(dev: Path) -> list[Path]:
    """In order of their numbers."""
    return sorted(dev.glob("gpiochip*"), key=lambda path: (len(path.name), path.name))


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except StoreguardError:
        raise
    # libgpiod raises ValueError for EINVAL: a line that the chip does not have.
    except (OSError, ValueError) as error:
        raise _fault(name, error) from error


def _fault(name: str, error: OSError | ValueError) -> ScaleFault:
    return ScaleFault(f"{name}: GPIO cannot be used: {error}; {_next_step(error)}")


def _next_step(error: OSError | ValueError) -> str:
    if isinstance(error, PermissionError):
        return "add the user to the group 'gpio': sudo usermod -aG gpio USER, then log in anew"
    if isinstance(error, OSError) and error.errno == errno.EBUSY:
        return "another program or the kernel uses one of the pins: see gpioinfo"
    return "check dout_pin and sck_pin, and that this is a Raspberry Pi"


def _name(wiring: config.Scale) -> str:
    return f"scale '{wiring.id}' (dout {wiring.dout_pin}, sck {wiring.sck_pin})"
