"""Words of an HX711 chip over two wires, however these are driven.

Source: Avia Semiconductor, HX711 data sheet, pages 4 and 5.
"""

from typing import Protocol

from storeguard.clock import PinClock
from storeguard.errors import FaultCode, ScaleFault, ScaleTimeout

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
HIDING_PERIODS = 3
"""A first word that comes no earlier: the chip may have been silent while it settled."""
RESTARTED_PERIODS = 1.5
"""A chip that has power converts more often than that; a shorter loss of power is not seen."""
SILENT_PERIODS = 7
"""As above, for a chip that stays silent while it settles."""
FRESH_PERIODS = 0.8
"""A word read this long after it became ready may have been overwritten meanwhile."""
POLLS_PER_PERIOD = 10
OF_A_DEAD_LINE = frozenset({0, -1})
"""All bits low, or all high."""
MOST_ALIKE = 4
"""So many of them in a row may be a cell's own; its noise lets no fifth be the same."""
STUCK_FOR_S = 30.0
"""Any other word for so long: a chip or a line that says nothing else. An input's own noise is
50 nV rms at 10 Hz and 90 nV at 80, one count 2.4 nV at gain 128 and 9.5 nV at 32: a sigma is five
counts at least, and no more than one word in twenty is as the one before. Ten in a row are no
chance any more; hundreds are not even for a board that is many times better than that."""


class Wires(Protocol):
    """The two wires of the chip."""

    def is_dout_high(self) -> bool: ...
    def set_sck(self, high: bool) -> None: ...


class WordReader:
    """Takes words from the chip, and returns those that can be trusted.

    A word is discarded, together with the four after it, when a clock pulse was high for
    over 60 µs: the chip may have powered down. It is also discarded when it was taken so late
    that the next conversion may have overwritten it. `name` begins every message;
    `quicker_backend` is recommended where pulses are too long. `life`: what earlier readers of
    the chip have heard.
    """

    def __init__(
        self,
        name: str,
        wires: Wires,
        gain: int,
        sample_rate_hz: float,
        clock: PinClock,
        *,
        quicker_backend: str,
        life: "Life | None" = None,
    ) -> None:
        self._name = name
        self._wires = wires
        self._clock = clock
        self._quicker_backend = quicker_backend
        self._gain_pulses = GAIN_PULSES[gain]
        self._period_ns = round(1e9 / sample_rate_hz)
        self._poll_s = 1 / sample_rate_hz / POLLS_PER_PERIOD
        self._settling = Settling(self._period_ns, selects_gain=gain != 128)
        self._alive_ns = 0
        self._last_high_ns = 0
        self._life = life or Life(name, sample_rate_hz)
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
            ).coded(FaultCode.SCALE_STUCK)

    def read_raw(self, timeout_s: float) -> int:
        """The next trusted word, signed; ScaleTimeout after `timeout_s`."""
        deadline_ns = self._clock.now_ns() + round(timeout_s * 1e9)
        self._doubt = ""
        while True:
            self._await_ready(deadline_ns, timeout_s)
            try:
                return self._life.of(within_range(self._name, self._take()))
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
        why = self._doubt or ("DOUT never went low; check power and wiring of the board")
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
                f"if this recurs use 'backend: {self._quicker_backend}'"
            )


class _Garbled(Exception):
    """The word is lost, and the chip may be in any state: it has to be reset."""


class _Unsettled(Exception):
    """The word is wrong still; a later one will be right."""


def within_range(name: str, word: int) -> int:
    """A signed word that is no saturation; raises ScaleFault."""
    if word in SATURATED:
        raise ScaleFault(
            f"{name}: saturated at 0x{word & 0xFFFFFF:06X}: overload, or a broken "
            "wire of the cell; take the load off, then check the four wires of the cell"
        ).coded(FaultCode.SCALE_SATURATED)
    return word


class Life:
    """Tells a word that is truly said again from a chip, or a line, that says nothing else.

    It outlives a reader: opening the chip anew frees no word that was stuck before.
    """

    def __init__(self, name: str, sample_rate_hz: float) -> None:
        self._name = name
        self._most_alike = max(MOST_ALIKE, round(STUCK_FOR_S * sample_rate_hz))
        self._word: int | None = None
        self._alike = 0

    def of(self, word: int) -> int:
        """The word; raises ScaleFault for one that no cell repeats so often."""
        self._alike = self._alike + 1 if word == self._word else 1
        self._word = word
        if self._alike > (MOST_ALIKE if word in OF_A_DEAD_LINE else self._most_alike):
            raise ScaleFault(
                f"{self._name}: {self._alike} words in a row were 0x{word & 0xFFFFFF:06X}, "
                "expected the noise of a cell; check the wire DT, and the four wires of the cell"
            ).coded(FaultCode.SCALE_STUCK)
        return word


class Settling:
    """Which words after a restart are wrong still.

    After a reset and after a change of gain four conversions are wrong. Some chips deliver
    them, some stay silent instead, so it is over after four words; or after their time, if the
    chip was silent at first and has turned out to be no slower than configured.
    """

    def __init__(self, period_ns: int, *, selects_gain: bool) -> None:
        self._period_ns = period_ns
        self._selects_gain = selects_gain
        self._gain_pending = False
        self.is_going_on = False
        self._start(0)

    def begin(self, now_ns: int) -> None:
        """The chip has been reset, to gain 128."""
        self.is_going_on = True
        self._gain_pending = self._selects_gain
        self._start(now_ns)

    def _start(self, now_ns: int) -> None:
        self._since_ns = self._latest_ns = now_ns
        self._words = 0
        self._was_silent = False

    def is_over(self, now_ns: int) -> bool:
        """Whether the word that has just been taken counts."""
        if not self.is_going_on:
            return True
        if self._gain_pending:
            # This word's own pulses have changed the gain, which settles anew.
            self._gain_pending = False
            self._start(now_ns)
            return False
        if self._words == 0:
            self._was_silent = now_ns - self._since_ns >= HIDING_PERIODS * self._period_ns
        self.is_going_on = self._words < SETTLING_WORDS and not self._has_settled_in_silence(now_ns)
        self._words += 1
        self._latest_ns = now_ns
        return not self.is_going_on

    def _has_settled_in_silence(self, now_ns: int) -> bool:
        """A slow chip's first word comes late too, but then so does the second."""
        is_in_time = now_ns - self._latest_ns <= RESTARTED_PERIODS * self._period_ns
        is_late_enough = now_ns - self._since_ns >= SETTLING_PERIODS * self._period_ns
        return self._was_silent and self._words > 0 and is_in_time and is_late_enough
