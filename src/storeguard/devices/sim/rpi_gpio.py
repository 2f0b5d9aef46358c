"""A stand-in for the module `RPi.GPIO`, wired to simulated HX711 chips.

It refuses what the real one refuses: pins before a numbering mode, reading or writing a pin
that was not set up for it. Every call takes simulated time.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

from storeguard.devices.sim.hx711_chip import Hx711Chip, SimTime

CALL_NS = 2_000
"""What one call takes on a Raspberry Pi 4, roughly; rpi-lgpio takes fifty times as long."""
PINS = range(54)


class SimGpio(ModuleType):
    """The part of RPi.GPIO that one needs for input and output, BCM numbers only.

    A pin without a chip reads high with a pull-up and low without.
    """

    BOARD, BCM = 10, 11
    OUT, IN = 0, 1
    LOW, HIGH = 0, 1
    PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22

    def __init__(self, time: SimTime, *, call_ns: int = CALL_NS) -> None:
        super().__init__("RPi.GPIO")
        self.call_ns = call_ns
        self._time = time
        self._mode: int | None = None
        self._directions: dict[int, int] = {}
        self._pulls: dict[int, int] = {}
        self._by_dout: dict[int, Hx711Chip] = {}
        self._by_sck: dict[int, Hx711Chip] = {}

    @property
    def pins_in_use(self) -> frozenset[int]:
        return frozenset(self._directions)

    def wire(self, chip: Hx711Chip, *, dout_pin: int, sck_pin: int) -> None:
        """Not of RPi.GPIO: solders the chip to two pins."""
        self._by_dout[dout_pin] = chip
        self._by_sck[sck_pin] = chip

    def setwarnings(self, on: bool) -> None:
        """Nothing warns here."""

    def setmode(self, mode: int) -> None:
        if mode != self.BCM:
            raise ValueError(f"mode {mode} is not simulated; expected BCM ({self.BCM})")
        self._mode = mode

    def getmode(self) -> int | None:
        return self._mode

    def setup(
        self, channel: int, direction: int, pull_up_down: int = 20, initial: int | None = None
    ) -> None:
        if self._mode is None:
            raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BCM)")
        if channel not in PINS:
            raise ValueError("The channel sent is invalid on a Raspberry Pi")
        self._directions[channel] = direction
        self._pulls[channel] = pull_up_down
        if initial is not None:
            self.output(channel, initial)

    def input(self, channel: int) -> int:
        if channel not in self._directions:
            raise RuntimeError("You must setup() the GPIO channel first")
        self._time.spend_ns(self.call_ns)
        chip = self._by_dout.get(channel)
        if chip is None:
            return int(self._pulls[channel] == self.PUD_UP)
        return int(chip.is_dout_high())

    def output(self, channel: int, value: int) -> None:
        if self._directions.get(channel) != self.OUT:
            raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
        # The edge is somewhere within the call.
        self._time.spend_ns(self.call_ns // 2)
        if channel in self._by_sck:
            self._by_sck[channel].set_sck(bool(value))
        self._time.spend_ns(self.call_ns // 2)

    def cleanup(self, channel: int | Sequence[int] | None = None) -> None:
        channels = [channel] if isinstance(channel, int) else channel
        for pin in tuple(self._directions) if channels is None else channels:
            self._directions.pop(pin, None)
        if channels is None:
            self._mode = None


@contextmanager
def installed(gpio: SimGpio) -> Iterator[SimGpio]:
    """`import RPi.GPIO` finds `gpio` here; afterwards sys.modules is as it was.

    `hx711` keeps the module that it was imported with, so it is imported anew inside.
    """
    names = ("RPi", "RPi.GPIO", "hx711")
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    package = ModuleType("RPi")
    package.GPIO = gpio  # type: ignore[attr-defined]
    sys.modules.update({"RPi": package, "RPi.GPIO": gpio})
    try:
        yield gpio
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)
