"""HX711 amplifiers through the PyPI package `hx711`, every reading with a deadline.

The package's own `get_raw_data()` (1.1.2.3) never returns when the cell is unplugged or
saturated, when a true reading is 0 or -1, or when pulses take over 60 µs; its constructor
sleeps a second. Its class is kept for the pins and the package's interface, and reads by
`WordReader` instead, which depends on two wires and a clock only.

Source: Avia Semiconductor, HX711 data sheet, pages 4 and 5.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any, Protocol

from storeguard import config
from storeguard.clock import Clock, PinClock, SystemPinClock
from storeguard.devices.threaded import READ_TIMEOUT_S, ThreadedScale
from storeguard.errors import MissingExtra, ScaleFault, ScaleTimeout, StoreguardError

BITS = 24
GAIN_PULSES = {128: 1, 32: 2, 64: 3}
"""Pulses after the bits, which choose the next conversion's gain (32: channel B)."""
SATURATED = frozenset({0x7FFFFF, -0x800000})
LONGEST_PULSE_NS = 60_000
RESET_PULSE_S = 0.000_1
"""Well over LONGEST_PULSE_NS: the chip powers down, and starts anew when SCK falls."""
SETTLING_WORDS = 4
SETTLING_PERIODS = 6
"""Four conversions by the data sheet, and half as much again for a slow oscillator."""
RESTARTED_PERIODS = 1.5
"""A chip that has power converts more often than that; a shorter loss of power is not seen."""
SILENT_PERIODS = 7
"""As above, for a chip that stays silent while it settles."""
FRESH_PERIODS = 0.8
"""A word read this long after it became ready may have been overwritten meanwhile."""
POLLS_PER_PERIOD = 10


class Wires(Protocol):
    """The two wires of the chip."""

    def is_dout_high(self) -> bool: ...
    def set_sck(self, high: bool) -> None: ...


class WordReader:
    """Takes words from the chip, and returns those that can be trusted.

    A word is discarded, together with the four after it, when a clock pulse was high for
    over 60 µs: the chip may have powered down. It is also discarded when it was taken so late
    that the next conversion may have overwritten it. `name` begins every message.
    """

    def __init__(
        self, name: str, wires: Wires, gain: int, sample_rate_hz: float, clock: PinClock
    ) -> None:
        self._name = name
        self._wires = wires
        self._clock = clock
        self._gain_pulses = GAIN_PULSES[gain]
        self._period_ns = round(1e9 / sample_rate_hz)
        self._poll_s = 1 / sample_rate_hz / POLLS_PER_PERIOD
        self._settling = _Settling(self._period_ns, selects_gain=gain != 128)
        self._alive_ns = 0
        self._last_high_ns = 0
        self._doubt = ""
        self._is_given_up = False

    def give_up(self) -> None:
        """Ends the waiting, also from another thread; no reading comes after it."""
        self._is_given_up = True

    def restart(self) -> None:
        """Resets the chip; raises ScaleFault when DOUT is low even then."""
        self._wires.set_sck(True)
        self._clock.sleep(RESET_PULSE_S)
        self._wires.set_sck(False)
        self._alive_ns = self._clock.now_ns()
        self._settling.begin(self._alive_ns)
        self._clock.sleep(self._poll_s)
        is_low = not self._wires.is_dout_high()
        # The first conversion is a whole period away, so DOUT has to be high until then.
        if is_low and self._clock.now_ns() <= self._alive_ns + FRESH_PERIODS * self._period_ns:
            raise ScaleFault(
                f"{self._name}: DOUT is stuck low, expected high between two conversions; "
                "check the wires DT and SCK for a short, a break or a swap"
            )

    def read_raw(self, timeout_s: float) -> int:
        """The next trusted word, signed; ScaleTimeout after `timeout_s`."""
        deadline_ns = self._clock.now_ns() + round(timeout_s * 1e9)
        self._doubt = ""
        while True:
            self._await_ready(deadline_ns, timeout_s)
            try:
                return self._within_range(self._take())
            except _Garbled as garbled:
                self._doubt = str(garbled)
                self.restart()
            except _Unsettled as unsettled:
                # It follows from something else, which is what a person can act on.
                self._doubt = self._doubt or str(unsettled)

    def _await_ready(self, deadline_ns: int, timeout_s: float) -> None:
        """Returns once DOUT is low."""
        while self._clock.now_ns() < deadline_ns and not self._is_given_up:
            if not self._wires.is_dout_high():
                self._notice_restart()
                return
            self._last_high_ns = self._clock.now_ns()
            self._clock.sleep(self._poll_s)
        why = self._doubt or (
            "DOUT never went low; check power and wiring of the board, "
            "or run 'storeguard scale diagnose'"
        )
        raise ScaleTimeout(f"{self._name}: no reading for {timeout_s:.1f} s: {why}")

    def _notice_restart(self) -> None:
        """A conversion is overdue: the chip may have lost its power, its gain and its settling."""
        silent_ns = self._last_high_ns - self._alive_ns
        limit = SILENT_PERIODS if self._settling.is_going_on else RESTARTED_PERIODS
        if silent_ns > limit * self._period_ns:
            self._settling.begin(self._clock.now_ns())
            self._doubt = (
                f"nothing for {silent_ns / 1e6:.0f} ms, expected a word every "
                f"{self._period_ns / 1e6:.1f}; check the board's power and sample_rate_hz"
            )

    def _take(self) -> int:
        """One word off the chip, signed; raises _Garbled or _Unsettled."""
        fresh_until_ns = self._last_high_ns + FRESH_PERIODS * self._period_ns
        word = self._shift()
        self._alive_ns = self._clock.now_ns()
        if not self._wires.is_dout_high():
            raise _Garbled("DOUT was low after the last clock pulse")
        # Amid the pulses the next conversion mixes two words, and may shift the third.
        if self._alive_ns > fresh_until_ns:
            raise _Garbled("a word was taken too late; the machine is too busy")
        if not self._settling.is_over(self._alive_ns):
            raise _Unsettled("the chip was settling")
        return word - (1 << BITS) if word >> (BITS - 1) else word

    def _shift(self) -> int:
        """24 bits, MSB first, two's complement, then the pulses for the gain."""
        word = 0
        for _ in range(BITS):
            self._pulse()
            word = word << 1 | self._wires.is_dout_high()
        for _ in range(self._gain_pulses):
            self._pulse()
        return word

    def _pulse(self) -> None:
        """One clock pulse; raises _Garbled when it may have been high for over 60 µs."""
        started_ns = self._clock.now_ns()
        self._wires.set_sck(True)
        self._wires.set_sck(False)
        high_ns = self._clock.now_ns() - started_ns
        if high_ns > LONGEST_PULSE_NS:
            raise _Garbled(
                f"a clock pulse was high for {high_ns / 1000:.0f} µs, expected up to 60; "
                "if this recurs use 'backend: gpiod'"
            )

    def _within_range(self, word: int) -> int:
        if word in SATURATED:
            raise ScaleFault(
                f"{self._name}: saturated at 0x{word & 0xFFFFFF:06X}: overload, or a broken "
                "wire of the cell; take the load off, then check the four wires of the cell"
            )
        return word


class _Garbled(Exception):
    """The word is lost, and the chip may be in any state: it has to be reset."""


class _Unsettled(Exception):
    """The word is wrong still; a later one will be right."""


class _Settling:
    """Which words after a restart are wrong still.

    After a reset and after a change of gain four conversions are wrong. Some chips deliver
    them, some stay silent instead, so it is over after four words or after their time.
    """

    def __init__(self, period_ns: int, *, selects_gain: bool) -> None:
        self._settling_ns = SETTLING_PERIODS * period_ns
        self._selects_gain = selects_gain
        self._gain_pending = False
        self._since_ns = 0
        self._words = 0
        self.is_going_on = False

    def begin(self, now_ns: int) -> None:
        """The chip has been reset, to gain 128."""
        self.is_going_on = True
        self._gain_pending = self._selects_gain
        self._since_ns, self._words = now_ns, 0

    def is_over(self, now_ns: int) -> bool:
        """Whether the word that has just been taken counts."""
        if not self.is_going_on:
            return True
        if self._gain_pending:
            # This word's own pulses have changed the gain, which settles anew.
            self._gain_pending = False
            self._since_ns, self._words = now_ns, 0
            return False
        self.is_going_on = (
            self._words < SETTLING_WORDS and now_ns - self._since_ns < self._settling_ns
        )
        self._words += 1
        return not self.is_going_on


class DeadlineReading:
    """Stands before the package's HX711 among the bases and replaces what can hang in it."""

    def __init__(self, wiring: config.Scale, clock: PinClock, gpio: Any) -> None:
        """Touches no pin, unlike the package's own constructor: `open()` does."""
        self.name = f"scale '{wiring.id}' (dout {wiring.dout_pin}, sck {wiring.sck_pin})"
        self._wiring = wiring
        self._gpio = gpio
        self._has_pins = False
        self._words = WordReader(self.name, self, wiring.gain, wiring.sample_rate_hz, clock)

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


def deadline_hx711(wiring: config.Scale, clock: PinClock) -> DeadlineReading:
    """An unopened reader, of a subclass of `hx711.HX711`.

    Raises MissingExtra without the package, ScaleFault on a machine without GPIO.
    """
    package = _package(f"scale '{wiring.id}'")
    bases = (DeadlineReading, package.HX711)
    reader: DeadlineReading = type("DeadlineHX711", bases, {})(wiring, clock, package.GPIO)
    return reader


def opened_reader(wiring: config.Scale, clock: PinClock) -> DeadlineReading:
    """A reader with its pins set up and its chip reset; it settles while the first word is read.

    Raises MissingExtra or ScaleFault; the pins are free again then.
    """
    reader = deadline_hx711(wiring, clock)
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
    return ThreadedScale(
        wiring.id, lambda: opened_reader(wiring, pins), clock, wiring.sample_rate_hz
    )


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
