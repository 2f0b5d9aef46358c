"""A simulated HX711 at pin level, on simulated nanoseconds.

Modelled: conversions at their own pace, DOUT as ready line and as data line (24 bits, MSB
first, two's complement, saturating), the gain chosen by 25, 26 or 27 pulses, power-down while
SCK is high for over 60 µs, settling after a reset and after a change of gain, a word that the
next conversion overwrites while it is shifted out, and wires that break or touch ground.
Not modelled: noise (it is the caller's `raw_at`), the analogue side, rise times.

Source: Avia Semiconductor, HX711 data sheet, pages 4 and 5.
"""

from collections.abc import Callable
from dataclasses import dataclass

BITS = 24
HIGHEST, LOWEST = 0x7FFFFF, -0x800000
GAIN_AFTER = {25: 128, 26: 32, 27: 64}
MOST_PULSES = 27
POWER_DOWN_NS = 60_000
SETTLING_CONVERSIONS = 4
GARBAGE = 0x2AAAAA
"""Flips every other bit of a word that has not settled: no test can take it for a good one."""

RawAt = Callable[[float, int], int]
"""(seconds, gain) → signed counts; beyond 24 bits the chip saturates."""


class SimTimeOver(Exception):
    """The simulated time has reached its end: a test's stopwatch."""


class SimTime:
    """Nanoseconds that pass only when somebody spends them; implements PinClock.

    Raises SimTimeOver at `end_s`, which is how a test proves that something never returns.
    """

    def __init__(self, end_s: float = float("inf")) -> None:
        self.end_s = end_s
        self._now_ns = 0

    def now_ns(self) -> int:
        return self._now_ns

    def now_s(self) -> float:
        return self._now_ns / 1e9

    def sleep(self, seconds: float) -> None:
        self.spend_ns(round(seconds * 1e9))

    def spend_ns(self, ns: int) -> None:
        self._now_ns += ns
        if self._now_ns >= self.end_s * 1e9:
            raise SimTimeOver(f"{self.now_s():.1f} simulated seconds have passed")


@dataclass(frozen=True, slots=True)
class Word:
    """One conversion, as the chip holds it for the host. `ready_s`: when DOUT fell."""

    raw: int
    gain: int
    is_settled: bool
    ready_s: float


@dataclass(frozen=True, slots=True)
class _Stall:
    """The host is held up for `ns` at this pulse of a word: with SCK high, or after it."""

    pulse: int
    ns: int
    while_high: bool


class Hx711Chip:
    """One chip, powered up when it is made.

    `hides_settling`: silent for the four conversions that settle, instead of delivering
    garbage; both have been seen. `protocol_errors` counts pulses that the data sheet forbids:
    before a word is ready, or beyond the 27th, unless they power the chip down.
    """

    def __init__(
        self,
        time: SimTime,
        raw_at: RawAt,
        *,
        sample_rate_hz: float = 10.0,
        hides_settling: bool = False,
    ) -> None:
        self.raw_at = raw_at
        self.is_stuck_low = False
        self.protocol_errors = 0
        self.resets = 0
        self._time = time
        self._period_ns = round(1e9 / sample_rate_hz)
        self._hides_settling = hides_settling
        self._is_plugged = True
        self._sck_high_since_ns: int | None = None
        self._is_forbidden_pulse = False
        self._stalls: list[_Stall] = []
        self._power_up()

    @property
    def word(self) -> Word | None:
        """What is being shifted out, or was last; None before the first conversion."""
        return self._word

    def unplug(self) -> None:
        """The cable to the host is pulled, power and all; a pull-up keeps DOUT high."""
        self._is_plugged = False

    def plug_in(self) -> None:
        self._is_plugged = True
        self._sck_high_since_ns = None
        self._power_up()

    def stall_host(self, us: float, *, pulse: int = 1, while_high: bool = True) -> None:
        """Once, at this pulse (1..27) of a word, the host is held up.

        SCK stays high for `us` longer, or the host looks at DOUT `us` later.
        """
        self._stalls.append(_Stall(pulse, round(us * 1000), while_high))

    def is_dout_high(self) -> bool:
        if not self._is_plugged:
            return True
        if self.is_stuck_low:
            return False
        self._stall(while_high=False)
        self._catch_up()
        if self._word is None or not self._is_powered or self._pulses > BITS:
            return True
        return self._pulses > 0 and bool(self._word.raw >> (BITS - self._pulses) & 1)

    def set_sck(self, high: bool) -> None:
        if high == (self._sck_high_since_ns is not None) or not self._is_plugged:
            return
        if not high:
            self._stall(while_high=True)
        self._catch_up()
        if high:
            self._sck_high_since_ns = self._time.now_ns()
            self._shift()
        else:
            self._fall()

    def _stall(self, *, while_high: bool) -> None:
        for stall in self._stalls:
            if stall.pulse == self._pulses and stall.while_high is while_high:
                self._stalls.remove(stall)
                self._time.spend_ns(stall.ns)
                return

    def _power_up(self) -> None:
        self._is_powered = True
        self._gain = 128
        self._unsettled = SETTLING_CONVERSIONS
        self._pulses = 0
        self._word: Word | None = None
        self._next_ready_ns = self._time.now_ns() + self._period_ns
        self.resets += 1

    def _shift(self) -> None:
        if self._word is None or self._pulses >= MOST_PULSES:
            self._is_forbidden_pulse = True
            return
        self._pulses += 1

    def _fall(self) -> None:
        self._sck_high_since_ns = None
        if not self._is_powered:
            self._power_up()
        elif self._is_forbidden_pulse:
            self.protocol_errors += 1
        self._is_forbidden_pulse = False

    def _catch_up(self) -> None:
        """Lets happen what has been due since the host looked last."""
        if not self._is_powered:
            return
        until_ns = self._time.now_ns()
        if self._sck_high_since_ns is not None:
            power_down_ns = self._sck_high_since_ns + POWER_DOWN_NS
            self._is_powered = until_ns <= power_down_ns
            until_ns = min(until_ns, power_down_ns)
        while self._next_ready_ns <= until_ns:
            self._convert(self._next_ready_ns)
            self._next_ready_ns += self._period_ns

    def _convert(self, ready_ns: int) -> None:
        """A word between two others; one that is half shifted out is overwritten as it is."""
        if self._pulses > BITS:
            self._select(GAIN_AFTER[self._pulses])
            self._pulses = 0
            self._word = None
        is_settled = self._unsettled == 0
        self._unsettled = max(0, self._unsettled - 1)
        if not is_settled and self._hides_settling:
            return
        raw = min(HIGHEST, max(LOWEST, self.raw_at(ready_ns / 1e9, self._gain)))
        shown = raw if is_settled else raw ^ GARBAGE
        self._word = Word(shown, self._gain, is_settled, ready_ns / 1e9)

    def _select(self, gain: int) -> None:
        if gain != self._gain:
            self._gain = gain
            self._unsettled = SETTLING_CONVERSIONS
