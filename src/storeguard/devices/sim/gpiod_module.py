"""A stand-in for the module `gpiod` (version 2), wired to simulated HX711 chips.

It refuses what the real one refuses: a chip that is not there or may not be opened, a line that
the chip does not have or that is in use, and lines after their release. Every call on a line
takes simulated time.
"""

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import ModuleType

from storeguard.devices.sim.hx711_chip import Hx711Chip, SimTime

CALL_NS = 10_000
"""What one call takes by libgpiod on a Raspberry Pi Zero 2 W, roughly."""
LINES = 54


class Value(Enum):
    INACTIVE = 0
    ACTIVE = 1


class Direction(Enum):
    AS_IS = 1
    INPUT = 2
    OUTPUT = 3


class Bias(Enum):
    AS_IS = 1
    DISABLED = 3
    PULL_UP = 4


class Edge(Enum):
    NONE = 1
    BOTH = 4


@dataclass
class LineSettings:
    direction: Direction = Direction.AS_IS
    bias: Bias = Bias.AS_IS
    output_value: Value = Value.INACTIVE
    edge_detection: Edge = Edge.NONE
    debounce_period: timedelta = timedelta(0)


@dataclass(frozen=True)
class EdgeEvent:
    """A change of a line that the kernel has kept."""

    class Type(Enum):
        RISING_EDGE = 1
        FALLING_EDGE = 2

    event_type: "EdgeEvent.Type"
    line_offset: int


@dataclass(frozen=True)
class ChipInfo:
    name: str
    label: str
    num_lines: int


class _Lines(ModuleType):
    Value, Direction, Bias, Edge = Value, Direction, Bias, Edge


class RequestReleasedError(Exception):
    """Lines are used after their release: a bug of the caller."""


class SimGpiod(ModuleType):
    """The part of gpiod that one needs for input and output, lines by offset only.

    `labels`: name of the device file → label of its chip; simulated HX711 chips are wired to
    the lines of the chip `header`. `refused`: names of device files that may not be opened.
    A line without a chip reads high with a pull-up and low without.
    """

    def __init__(self, time: SimTime, *, call_ns: int = CALL_NS) -> None:
        super().__init__("gpiod")
        self.line, self.LineSettings = _Lines("gpiod.line"), LineSettings
        self.EdgeEvent = EdgeEvent
        self.driven: dict[int, Value] = {}
        self.edges: dict[int, list[EdgeEvent]] = {}
        self.call_ns = call_ns
        self.header = "gpiochip0"
        self.labels = {"gpiochip0": "pinctrl-bcm2711", "gpiochip1": "raspberrypi-exp-gpio"}
        self.refused: set[str] = set()
        self.time = time
        self.in_use: dict[tuple[str, int], LineSettings] = {}
        self.by_dout: dict[int, Hx711Chip] = {}
        self.by_sck: dict[int, Hx711Chip] = {}

    @property
    def pins_in_use(self) -> frozenset[int]:
        return frozenset(offset for _, offset in self.in_use)

    def wire(self, chip: Hx711Chip, *, dout_pin: int, sck_pin: int) -> None:
        """Not of gpiod: solders the chip to two pins."""
        self.by_dout[dout_pin] = chip
        self.by_sck[sck_pin] = chip

    def drive(self, line: int, value: Value) -> None:
        """Not of gpiod: a switch on the header pulls the line; the kernel keeps the edge."""
        kind = EdgeEvent.Type.RISING_EDGE if value is Value.ACTIVE else EdgeEvent.Type.FALLING_EDGE
        self.driven[line] = value
        settings = self.in_use.get((self.header, line))
        if settings is not None and settings.edge_detection is Edge.BOTH:
            self.edges.setdefault(line, []).append(EdgeEvent(kind, line))

    def Chip(self, path: str) -> "SimChip":  # noqa: N802 - the name that gpiod gives the class
        name = Path(path).name
        if name not in self.labels:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if name in self.refused:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return SimChip(self, name)

    def request_lines(
        self, path: str, config: Mapping[int, LineSettings], consumer: str | None = None
    ) -> "SimRequest":
        with self.Chip(path) as chip:
            return chip.request_lines(config)


class SimChip:
    """One open device file."""

    def __init__(self, gpiod: SimGpiod, name: str) -> None:
        self._gpiod = gpiod
        self._name = name

    def __enter__(self) -> "SimChip":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is kept open here."""

    def get_info(self) -> ChipInfo:
        return ChipInfo(self._name, self._gpiod.labels[self._name], LINES)

    def request_lines(self, config: Mapping[int, LineSettings]) -> "SimRequest":
        for offset in config:
            if offset >= LINES:
                raise ValueError("line offset of out range")
            if (self._name, offset) in self._gpiod.in_use:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        for offset, settings in config.items():
            self._gpiod.in_use[self._name, offset] = settings
        return SimRequest(self._gpiod, self._name, frozenset(config))


class SimRequest:
    """Lines in use, until they are released. `is_gone`: the chip has been unbound."""

    def __init__(self, gpiod: SimGpiod, chip: str, offsets: frozenset[int]) -> None:
        self.is_gone = False
        self._gpiod = gpiod
        self._chip = chip
        self._offsets = offsets

    def __bool__(self) -> bool:
        return bool(self._offsets)

    def release(self) -> None:
        if not self:
            raise RequestReleasedError
        for offset in self._offsets:
            self._gpiod.in_use.pop((self._chip, offset), None)
        self._offsets = frozenset()

    def get_value(self, line: int) -> Value:
        settings = self._settings(line)
        self._gpiod.time.spend_ns(self._gpiod.call_ns)
        wired = self._gpiod.by_dout.get(line) if self._chip == self._gpiod.header else None
        if line in self._gpiod.driven:
            return self._gpiod.driven[line]
        if wired is None:
            return Value(int(settings.bias is Bias.PULL_UP))
        return Value(int(wired.is_dout_high()))

    def set_value(self, line: int, value: Value) -> None:
        if self._settings(line).direction is not Direction.OUTPUT:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        # The edge is somewhere within the call.
        self._gpiod.time.spend_ns(self._gpiod.call_ns // 2)
        if self._chip == self._gpiod.header and line in self._gpiod.by_sck:
            self._gpiod.by_sck[line].set_sck(value is Value.ACTIVE)
        self._gpiod.time.spend_ns(self._gpiod.call_ns // 2)

    def wait_edge_events(self, timeout: float | None = None) -> bool:
        """Here only for a time-out of 0: is there one?"""
        return any(self._gpiod.edges.get(line) for line in self._lines())

    def read_edge_events(self) -> list[EdgeEvent]:
        return [edge for line in self._lines() for edge in self._gpiod.edges.pop(line, [])]

    def _lines(self) -> frozenset[int]:
        for line in self._offsets:
            self._settings(line)
        return self._offsets

    def _settings(self, line: int) -> LineSettings:
        if line not in self._offsets:
            raise RequestReleasedError
        if self.is_gone or (self._chip, line) not in self._gpiod.in_use:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return self._gpiod.in_use[self._chip, line]


@contextmanager
def installed(gpiod: SimGpiod) -> Iterator[SimGpiod]:
    """`import gpiod` finds `gpiod` here; afterwards sys.modules is as it was."""
    before = sys.modules.pop("gpiod", None)
    sys.modules["gpiod"] = gpiod
    try:
        yield gpiod
    finally:
        sys.modules.pop("gpiod", None)
        if before is not None:
            sys.modules["gpiod"] = before
