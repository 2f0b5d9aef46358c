"""HX711 amplifiers through the PyPI package `hx711`, every reading with a deadline.

The package's own `get_raw_data()` (1.1.2.3) never returns when the cell is unplugged or
saturated, when a true reading is 0 or -1, or when pulses take over 60 µs; its constructor
sleeps a second. Its class is kept for the pins and the package's interface, and reads by
`WordReader` instead, which depends on two wires and a clock only.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

from storeguard import config
from storeguard.clock import Clock, PinClock, SystemPinClock
from storeguard.devices.hx711_word import Life, WordReader
from storeguard.devices.threaded import READ_TIMEOUT_S, ThreadedScale
from storeguard.errors import MissingExtra, ScaleFault, StoreguardError


class DeadlineReading:
    """Stands before the package's HX711 among the bases and replaces what can hang in it."""

    def __init__(self, wiring: config.Scale, clock: PinClock, gpio: Any, life: Life | None) -> None:
        """Touches no pin, unlike the package's own constructor: `open()` does."""
        self.name = _name(wiring)
        self._wiring = wiring
        self._gpio = gpio
        self._has_pins = False
        self._words = WordReader(
            self.name,
            self,
            wiring.gain,
            wiring.sample_rate_hz,
            clock,
            quicker_backend="gpiod",
            life=life,
        )

    def open(self) -> None:
        """Sets up the pins and resets the chip; raises ScaleFault."""
        wiring = self._wiring
        with _translated(self.name):
            super().__init__(wiring.dout_pin, wiring.sck_pin, 64 if wiring.gain == 64 else 128)  # type: ignore[call-arg]
            self._has_pins = True
            # With a pull-up, a board that is not there reads as "never ready", not as noise.
            self._gpio.setup(wiring.dout_pin, self._gpio.IN, pull_up_down=self._gpio.PUD_UP)
        if wiring.gain == 32:
            self.channel = "B"
        self._words.restart()

    def close(self) -> None:
        if self._has_pins:
            self._has_pins = False
            # A GPIO that has gone has nothing left to free.
            with suppress(RuntimeError):
                self._gpio.cleanup((self._wiring.dout_pin, self._wiring.sck_pin))

    def read_raw(self, timeout_s: float) -> int:
        return self._words.read_raw(timeout_s)

    def give_up(self) -> None:
        self._words.give_up()

    def is_dout_high(self) -> bool:
        try:
            return bool(self._gpio.input(self._wiring.dout_pin))
        except RuntimeError as error:
            raise _fault(self.name, error) from error

    def set_sck(self, high: bool) -> None:
        try:
            self._gpio.output(self._wiring.sck_pin, high)
        except RuntimeError as error:
            raise _fault(self.name, error) from error

    def get_raw_data(self, times: int = 5) -> list[int]:
        """The package's interface: each reading has its deadline here."""
        return [self._read() for _ in range(times)]

    def _read(self, max_tries: int = 40) -> int:
        return self.read_raw(READ_TIMEOUT_S)

    def _apply_setting(self) -> bool:
        """The package reads and sleeps half a second here; ours selects the gain as it reads."""
        return True


def deadline_hx711(
    wiring: config.Scale, clock: PinClock, life: Life | None = None
) -> DeadlineReading:
    """An unopened reader, of a subclass of `hx711.HX711`.

    Raises MissingExtra without the package, ScaleFault on a machine without GPIO.
    """
    package = _package(f"scale '{wiring.id}'")
    bases = (DeadlineReading, package.HX711)
    made = type("DeadlineHX711", bases, {})
    reader: DeadlineReading = made(wiring, clock, package.GPIO, life)
    return reader


def opened_reader(
    wiring: config.Scale, clock: PinClock, life: Life | None = None
) -> DeadlineReading:
    """A reader with its pins set up and its chip reset; it settles while the first word is read.

    Raises MissingExtra or ScaleFault; the pins are free again then.
    """
    reader = deadline_hx711(wiring, clock, life)
    try:
        reader.open()
    except StoreguardError:
        reader.close()
        raise
    return reader


def open_hx711(
    wiring: config.Scale, clock: Clock, pin_clock: PinClock | None = None
) -> ThreadedScale:
    """The scale of one configuration entry; its thread opens the chip after `start()`."""
    if wiring.dout_pin is None or wiring.sck_pin is None:
        raise ValueError(f"scale '{wiring.id}': backend hx711 needs dout_pin and sck_pin")
    pins = pin_clock or SystemPinClock()
    rate_hz = wiring.sample_rate_hz
    life = Life(_name(wiring), rate_hz)
    return ThreadedScale(wiring.id, lambda: opened_reader(wiring, pins, life), clock, rate_hz)


def _name(wiring: config.Scale) -> str:
    return f"scale '{wiring.id}' (dout {wiring.dout_pin}, sck {wiring.sck_pin})"


def _package(needed_by: str) -> ModuleType:
    with _translated(needed_by):
        try:
            return importlib.import_module("hx711")
        except ImportError as error:
            package = "hx711" if error.name == "hx711" else "RPi.GPIO"
            raise MissingExtra(f"{needed_by} (backend hx711)", package, "pi") from error


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except StoreguardError:
        raise
    except (RuntimeError, OSError, ValueError) as error:
        raise _fault(name, error) from error


def _fault(name: str, error: Exception) -> ScaleFault:
    return ScaleFault(
        f"{name}: GPIO cannot be used: {error}; check that this is a Raspberry Pi "
        "and that the user is in the group 'gpio'"
    )
