"""HX711 amplifiers through the kernel's own driver, as an IIO device in sysfs.

The kernel clocks the chip with its interrupts off, so no pulse is too long. In exchange a read
of `in_voltage0_raw` can neither be polled nor interrupted: it returns with the next word, or
with EIO after two to four seconds, having reset the chip in between. So it has a thread of
its own, and what is waited for here is that thread, with a deadline.

What the driver keeps to itself: whether it has reset the chip, which leaves four words wrong
(here they are known by the silence before them); whether DOUT has been high at all (only words
that were waited for are taken); and gain 64, which it forgets as it resets.

Source: Linux, drivers/iio/adc/hx711.c (6.1 to 6.12) and its binding avia,hx711.yaml.
"""

import errno
import fcntl
import os
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from storeguard import config
from storeguard.clock import Clock, PinClock, SystemPinClock
from storeguard.devices.hx711_word import (
    BITS,
    RESTARTED_PERIODS,
    SILENT_PERIODS,
    Life,
    Settling,
    within_range,
)
from storeguard.devices.threaded import ThreadedScale
from storeguard.errors import FaultCode, ScaleFault, ScaleTimeout, StoreguardError

IIO_DEVICES = Path("/sys/bus/iio/devices")
DRIVER = "hx711"
CHANNELS = {128: 0, 32: 1}
HIGHEST_RATE_HZ = 20.0
"""The driver looks for a word every 10 to 20 ms: at 80 Hz it takes some amid a conversion."""
LOOK_NS = 20_000_000
AT_ONCE_NS = 5_000_000
"""A word is shifted out in 0.2 ms; where DOUT is high first, the driver sleeps for 10 or more."""
MOST_AT_ONCE = 3
UNREAD = frozenset({errno.EIO, errno.ETIMEDOUT, errno.EBUSY})


class Driver(Protocol):
    """What the kernel offers of one chip. `read_word()` blocks; both raise OSError, ValueError.

    `read_word()`: 24 bits, offset binary.
    """

    def read_word(self) -> int: ...
    def read_gain(self) -> int: ...
    def close(self) -> None: ...


class DriverFiles:
    """Implements Driver over the sysfs folder of one device, which it locks: one reader each.

    `channel`: 0 is A, 1 is B. Raises OSError, BlockingIOError where another has it.
    """

    def __init__(self, folder: Path, channel: int) -> None:
        self._folder = folder
        self._fd = os.open(folder / f"in_voltage{channel}_raw", os.O_RDONLY)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise

    def read_word(self) -> int:
        return int(os.pread(self._fd, 64, 0))

    def read_gain(self) -> int:
        """That of the latest word. The driver says volts a count: the less, the more gain."""
        volts = _attribute(self._folder / "in_voltage_scale")
        channel_a = _attribute(self._folder / "in_voltage0_scale_available").split()
        by_volts = dict(zip(sorted(channel_a, key=float), (128, 64), strict=True))
        return by_volts.get(volts, 32)

    def close(self) -> None:
        os.close(self._fd)


@dataclass(frozen=True, slots=True)
class _Word:
    """`raw` is signed."""

    raw: int
    gain: int
    began_ns: int
    ended_ns: int


class IioReader:
    """Implements RawReader over a Driver, which it closes."""

    def __init__(
        self, wiring: config.Scale, clock: PinClock, driver: Driver, life: Life | None
    ) -> None:
        self.name = _name(wiring)
        self._clock = clock
        self._driver = driver
        self._gain = wiring.gain
        self._period_ns = round(1e9 / wiring.sample_rate_hz)
        # Whoever had the chip before may have left any gain; the first word sets ours.
        self._settling = Settling(self._period_ns, selects_gain=True)
        self._settling.begin(clock.now_ns())
        self._last_ns = clock.now_ns()
        self._life = life or Life(self.name, wiring.sample_rate_hz)
        self._doubt = ""
        self._at_once = 0
        self._is_closed = False
        self._given_up: Future[None] = Future()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"iio-{wiring.id}")
        self._pending: Future[_Word] | None = None

    def read_raw(self, timeout_s: float) -> int:
        """The next trusted word; a read that was begun before the last time-out goes on."""
        deadline_ns = self._clock.now_ns() + round(timeout_s * 1e9)
        self._doubt = ""
        self._at_once = 0
        if self._pending is not None and self._pending.done():
            # It has waited here for nobody knows how long.
            self._pending = None
        while True:
            word = self._awaited(deadline_ns, timeout_s)
            if self._counts(word):
                return self._life.of(within_range(self.name, word.raw))

    def give_up(self) -> None:
        if not self._given_up.done():
            self._given_up.set_result(None)

    def close(self) -> None:
        """Does not wait for a read that the kernel is in: its thread ends when it returns."""
        if not self._is_closed:
            self._is_closed = True
            self._thread.submit(self._driver.close)
            self._thread.shutdown(wait=False)

    def _awaited(self, deadline_ns: int, timeout_s: float) -> _Word:
        reading = self._pending = self._pending or self._thread.submit(self._take)
        left_s = max(0.0, (deadline_ns - self._clock.now_ns()) / 1e9)
        either: list[Future[Any]] = [reading, self._given_up]
        wait(either, left_s, FIRST_COMPLETED)
        if not reading.done() or self._clock.now_ns() > deadline_ns:
            why = self._doubt or _SILENT
            raise ScaleTimeout(f"{self.name}: no reading for {timeout_s:.1f} s: {why}")
        self._pending = None
        try:
            return reading.result()
        except (OSError, ValueError) as error:
            raise _fault(self.name, error) from error

    def _take(self) -> _Word:
        """In the thread of its own."""
        began_ns = self._clock.now_ns()
        raw = self._driver.read_word() - (1 << (BITS - 1))
        ended_ns = self._clock.now_ns()
        return _Word(raw, self._driver.read_gain(), began_ns, ended_ns)

    def _counts(self, word: _Word) -> bool:
        """Whether the word can be trusted; raises ScaleFault for what only a person can mend."""
        since_ns, self._last_ns = word.ended_ns - self._last_ns, word.ended_ns
        has_waited = word.ended_ns - word.began_ns > AT_ONCE_NS
        self._refuse_stuck_line(has_waited, word.ended_ns)
        if word.gain != self._gain:
            raise ScaleFault(
                f"{self.name}: the kernel reads with gain {word.gain}, expected {self._gain}; "
                "another program has changed in_voltage_scale, stop it and restart the machine"
            )
        if not has_waited:
            # Nobody knows how old it is, and a line that is stuck low looks the same.
            self._doubt = self._doubt or "a word was ready at once"
            return False
        self._notice_restart(word.ended_ns, since_ns)
        if not self._settling.is_over(word.ended_ns):
            self._doubt = self._doubt or "the chip was settling"
            return False
        return True

    def _refuse_stuck_line(self, has_waited: bool, now_ns: int) -> None:
        self._at_once = 0 if has_waited else self._at_once + 1
        if self._at_once > MOST_AT_ONCE:
            # Its pulses have met the chip at any time, and have set any gain.
            self._settling.begin(now_ns)
            raise ScaleFault(
                f"{self.name}: {self._at_once} words in a row were ready at once, expected one "
                f"every {self._period_ns / 1e6:.0f} ms: DOUT is stuck low; check the wires DT and "
                "SCK for a short, a break or a swap, and sample_rate_hz"
            ).coded(FaultCode.SCALE_STUCK)

    def _notice_restart(self, now_ns: int, since_ns: int) -> None:
        """A word that was waited for too long: the chip may have been reset, or lost power."""
        limit = SILENT_PERIODS if self._settling.is_going_on else RESTARTED_PERIODS
        if since_ns > limit * self._period_ns + LOOK_NS:
            self._settling.begin(now_ns)
            self._doubt = (
                f"nothing for {since_ns / 1e6:.0f} ms, expected a word every "
                f"{self._period_ns / 1e6:.1f}; check the board's power and sample_rate_hz"
            )


def opened_reader(
    wiring: config.Scale,
    clock: PinClock,
    devices: Path = IIO_DEVICES,
    make_driver: type[DriverFiles] = DriverFiles,
    life: Life | None = None,
) -> IioReader:
    """A reader of the device that the entry means; raises ScaleFault."""
    name = _name(wiring)
    if wiring.gain not in CHANNELS:
        raise ScaleFault(
            f"{name}: backend iio has gain 128 or 32, got {wiring.gain}, which the kernel forgets "
            "whenever it resets the chip; write 'gain: 128' and calibrate, or 'backend: gpiod'"
        )
    if wiring.sample_rate_hz > HIGHEST_RATE_HZ:
        raise ScaleFault(
            f"{name}: backend iio reads up to {HIGHEST_RATE_HZ:.0f} words a second, got "
            f"sample_rate_hz {wiring.sample_rate_hz:g}: the kernel would mix two words; "
            "connect the board's RATE to ground, or write 'backend: gpiod'"
        )
    try:
        folder = found_device(name, wiring.dout_pin, devices)
        return IioReader(wiring, clock, make_driver(folder, CHANNELS[wiring.gain]), life)
    except StoreguardError:
        raise
    except (OSError, ValueError) as error:
        raise _fault(name, error) from error


def open_iio(
    wiring: config.Scale,
    clock: Clock,
    pin_clock: PinClock | None = None,
    devices: Path = IIO_DEVICES,
) -> ThreadedScale:
    """The scale of one configuration entry; its thread opens the device after `start()`."""
    pins = pin_clock or SystemPinClock()
    rate_hz = wiring.sample_rate_hz
    life = Life(_name(wiring), rate_hz)
    return ThreadedScale(
        wiring.id, lambda: opened_reader(wiring, pins, devices, life=life), clock, rate_hz
    )


def found_device(name: str, dout_pin: int | None, devices: Path) -> Path:
    """The folder of the device on that pin, or of the only one where no pin is known.

    The order of several devices is nobody's promise, so they need pins. Raises ScaleFault.
    """
    pins = {folder: _dout_pin(folder) for folder in _folders(devices)}
    matching = [folder for folder, pin in pins.items() if dout_pin in (pin, None)]
    if not matching and list(pins.values()) == [None]:
        matching = list(pins)
    if len(matching) != 1:
        raise ScaleFault(_not_found(name, dout_pin, pins, devices))
    return matching[0]


def _not_found(name: str, dout_pin: int | None, pins: dict[Path, int | None], devices: Path) -> str:
    if not pins:
        return (
            f"{name}: no IIO device named {DRIVER} in {devices}; load the kernel's driver by a "
            "device tree overlay (avia,hx711), or write 'backend: gpiod'"
        )
    found = ", ".join(
        f"{folder.name} (dout {'unknown' if pin is None else pin})" for folder, pin in pins.items()
    )
    expected = "exactly one" if dout_pin is None else f"exactly one with dout {dout_pin}"
    return f"{name}: expected {expected}, got {found}; write the scale's own dout_pin"


def _folders(devices: Path) -> Sequence[Path]:
    """The driver's devices, in order of their numbers."""
    folders = (path for path in devices.glob("iio:device*") if _device_name(path) == DRIVER)
    return sorted(folders, key=lambda path: (len(path.name), path.name))


def _device_name(folder: Path) -> str:
    # A device may go while one looks.
    with suppress(OSError):
        return _attribute(folder / "name")
    return ""


def _dout_pin(folder: Path) -> int | None:
    """From the device tree, whose property is: phandle, pin, flags, of 32 bits each."""
    for node in (folder / "of_node", folder.resolve().parent / "of_node"):
        with suppress(OSError):
            cells = (node / "dout-gpios").read_bytes()
            return int.from_bytes(cells[4:8], "big") if len(cells) >= 8 else None
    return None


def _attribute(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


_SILENT = "the kernel's driver waits for DOUT to go low; check power and wiring of the board"


def _fault(name: str, error: OSError | ValueError) -> ScaleFault:
    if isinstance(error, BlockingIOError):
        return ScaleFault(
            f"{name}: another scale or program reads this chip, or the kernel is in a reading "
            "still; give each scale a chip and a dout_pin of its own"
        )
    if isinstance(error, OSError) and error.errno in UNREAD:
        return ScaleTimeout(f"{name}: no reading ({error.strerror}): {_SILENT}")
    return ScaleFault(
        f"{name}: the kernel's driver cannot be used: {error}; check that the overlay of "
        f"{DRIVER} is loaded: cat {IIO_DEVICES}/*/name"
    )


def _name(wiring: config.Scale) -> str:
    return f"scale '{wiring.id}' (iio, dout {wiring.dout_pin})"
