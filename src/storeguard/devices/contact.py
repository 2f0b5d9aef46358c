"""A contact on a GPIO pin: a reed switch at a door, a vibration sensor on the kiosk.

The kernel keeps the edges, so that a shake of a millisecond is not missed between two looks.
"""

import errno
import importlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from storeguard.clock import Clock
from storeguard.devices.gpiod import DEV, HEADER_LABELS
from storeguard.domain.tampering import Touch
from storeguard.errors import DeviceFault, MissingExtra

DEBOUNCE = timedelta(milliseconds=5)


class GpiodContact:
    """Opened by the first `drain()`, and by the next one after a fault. With a pull-up: a wire
    that is cut reads as high."""

    def __init__(
        self,
        contact_id: str,
        pin: int,
        clock: Clock,
        *,
        is_active_high: bool = True,
        dev: Path = DEV,
    ) -> None:
        self._id = contact_id
        self._pin = pin
        self._clock = clock
        self._is_active_high = is_active_high
        self._dev = dev
        self._request: Any = None

    @property
    def id(self) -> str:
        return self._id

    def drain(self) -> Sequence[Touch]:
        try:
            if self._request is None:
                return self._opened()
            return self._edges()
        # libgpiod raises ValueError for EINVAL: a line that the chip does not have.
        except (OSError, ValueError) as error:
            raise self._fault(error) from error

    def close(self) -> None:
        request, self._request = self._request, None
        if request:
            request.release()

    def _opened(self) -> Sequence[Touch]:
        gpiod = self._package()
        line = gpiod.line
        settings = gpiod.LineSettings(
            direction=line.Direction.INPUT,
            bias=line.Bias.PULL_UP,
            edge_detection=line.Edge.BOTH,
            debounce_period=DEBOUNCE,
        )
        chip = str(self._header_chip(gpiod))
        self._request = gpiod.request_lines(
            chip, consumer=f"storeguard {self._id}", config={self._pin: settings}
        )
        is_high = self._request.get_value(self._pin) == line.Value.ACTIVE
        return self._touches([is_high])

    def _edges(self) -> Sequence[Touch]:
        rising = self._package().EdgeEvent.Type.RISING_EDGE
        levels = []
        while self._request.wait_edge_events(0):
            levels += [edge.event_type == rising for edge in self._request.read_edge_events()]
        return self._touches(levels)

    def _touches(self, levels: Sequence[bool]) -> Sequence[Touch]:
        now_s = self._clock.now_s()
        return tuple(Touch(now_s, is_high == self._is_active_high) for is_high in levels)

    def _package(self) -> Any:
        missing = MissingExtra(f"contact '{self._id}' (backend gpiod)", "gpiod>=2.1", "pi")
        try:
            package = importlib.import_module("gpiod")
        except ImportError as error:
            raise missing from error
        if not hasattr(package, "LineSettings"):
            raise missing
        return package

    def _header_chip(self, gpiod: Any) -> Path:
        for path in sorted(self._dev.glob("gpiochip*"), key=lambda one: (len(one.name), one.name)):
            with gpiod.Chip(str(path)) as chip:
                if chip.get_info().label in HEADER_LABELS:
                    return path
        raise OSError(errno.ENODEV, "no GPIO chip of a Raspberry Pi's header", str(self._dev))

    def _fault(self, error: OSError | ValueError) -> DeviceFault:
        is_busy = isinstance(error, OSError) and error.errno == errno.EBUSY
        step = "see gpioinfo for who uses the pin" if is_busy else "check the pin and the rights"
        return DeviceFault(f"contact '{self._id}' (pin {self._pin}): {error}; {step}")
