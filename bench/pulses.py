"""Words of an HX711 with clock pulses over 60 µs: none may be accepted, nor the next four.

A chip at pin level on simulated time, read by the backend `hx711` and by `gpiod`, at every gain
and both rates. A seeded share of the words has one pulse held up, at each bit in turn, half of
them beyond the limit. The chip itself judges: what it held, whether it had settled, how long SCK
was really high. `python bench/pulses.py [--words 10000] [--share 0.2] [--seed 1]`
"""

import argparse
import random
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _report import report
from storeguard import config
from storeguard.devices import gpiod, hx711
from storeguard.devices.hx711_word import BITS, GAIN_PULSES, LONGEST_PULSE_NS, SETTLING_WORDS
from storeguard.devices.sim import gpiod_module, rpi_gpio
from storeguard.devices.sim.hx711_chip import Hx711Chip, SimTime, Word
from storeguard.devices.threaded import READ_TIMEOUT_S, RawReader
from storeguard.errors import ScaleFault

DOUT, SCK = 20, 16
RATES_HZ = (10.0, 80.0)
BACKENDS = ("hx711", "gpiod")
LEGAL_US, ILLEGAL_US = (5.0, 58.0), (60.1, 400.0)


def restless(t_s: float, gain: int) -> int:
    """Signed counts that change in every bit from word to word, never at the end of the range."""
    mixed = (round(t_s * 1e6) * 2_654_435_761 ^ gain * 40_503) & 0xFFFFFF
    return max(-0x7FFFFF, min(0x7FFFFE, mixed - 0x800000))


class WatchedChip(Hx711Chip):
    """Notes which words the host has shifted out, and in which one a pulse was too long."""

    def __init__(self, time: SimTime, sample_rate_hz: float, pulses: int) -> None:
        self.conversions = 0
        self.latest_high_ns: deque[int] = deque(maxlen=pulses)
        """Of as many pulses as the host gives for a word."""
        self.overrun_at = -SETTLING_WORDS - 1
        """The number of the latest conversion that had a pulse too long."""
        self.shifted: dict[float, Word] = {}
        self.too_long: Counter[int] = Counter()
        """By the bit at which the pulse was held up."""
        self.overrun_words: set[float] = set()
        self._time_of_edges = time
        self._rose_ns = 0
        super().__init__(time, self._converted, sample_rate_hz=sample_rate_hz)

    def _converted(self, t_s: float, gain: int) -> int:
        self.conversions += 1
        return restless(t_s, gain)

    def set_sck(self, high: bool) -> None:
        word, held_up = self.word, list(self._stalls)
        super().set_sck(high)
        if high:
            self._rose_ns = self._time_of_edges.now_ns()
            if self.word is not None:
                self.shifted[self.word.ready_s] = self.word
            return
        high_ns = self._time_of_edges.now_ns() - self._rose_ns
        self.latest_high_ns.append(high_ns)
        # Not the host's own pulse by which it resets the chip.
        was_held_up = len(self._stalls) < len(held_up)
        if word is not None and was_held_up and high_ns > LONGEST_PULSE_NS:
            self.too_long[held_up[0].pulse] += 1
            self.overrun_words.add(word.ready_s)
            self.overrun_at = self.conversions


@contextmanager
def wired(backend: str, chip: WatchedChip, time: SimTime) -> Iterator[None]:
    module, simulated = (
        (gpiod_module, gpiod_module.SimGpiod(time))
        if backend == "gpiod"
        else (rpi_gpio, rpi_gpio.SimGpio(time))
    )
    with module.installed(simulated) as gpio:
        gpio.wire(chip, dout_pin=DOUT, sck_pin=SCK)
        yield


def opened(wiring: config.Scale, time: SimTime, dev: Path) -> RawReader:
    if wiring.backend == "gpiod":
        return gpiod.opened_reader(wiring, time, dev)
    return hx711.opened_reader(wiring, time)


def run(
    wiring: config.Scale, dev: Path, words: int, share: float, dice: random.Random
) -> tuple[Counter[str], Counter[int]]:
    """What became of the words, and at which bits the pulses were that were too long."""
    time = SimTime()
    pulses = BITS + GAIN_PULSES[wiring.gain]
    chip = WatchedChip(time, wiring.sample_rate_hz, pulses)
    counts: Counter[str] = Counter()
    accepted: set[float] = set()
    with wired(wiring.backend, chip, time):
        reader = opened(wiring, time, dev)
        while chip.conversions < words:
            if dice.random() < share:
                limits = dice.choice((LEGAL_US, ILLEGAL_US))
                chip.stall_host(dice.uniform(*limits), pulse=dice.randint(1, pulses))
            try:
                raw = reader.read_raw(READ_TIMEOUT_S)
            except ScaleFault:
                counts["failed_readings"] += 1
                continue
            judge(chip, wiring.gain, raw, counts, accepted)
        reader.close()
    counts["words"] = len(chip.shifted)
    counts["long_pulses"] = chip.too_long.total()
    good = {at for at, word in chip.shifted.items() if word.is_settled and word.gain == wiring.gain}
    counts["good_given_up"] = len(good - chip.overrun_words - accepted)
    return counts, chip.too_long


def judge(
    chip: WatchedChip, gain: int, raw: int, counts: Counter[str], accepted: set[float]
) -> None:
    """Long pulses by what the host has done, the value by what the chip held."""
    counts["accepted"] += 1
    counts["accepted_with_long_pulse"] += max(chip.latest_high_ns) > LONGEST_PULSE_NS
    counts["accepted_within_next_four"] += chip.conversions - chip.overrun_at <= SETTLING_WORDS
    word = chip.word
    is_whole = word is not None and word.is_settled and word.gain == gain
    if word is None or not is_whole or raw != restless(word.ready_s, gain):
        counts["accepted_wrong"] += 1
    else:
        accepted.add(word.ready_s)


def wirings() -> Iterator[config.Scale]:
    for backend in BACKENDS:
        for gain in GAIN_PULSES:
            for rate_hz in RATES_HZ:
                yield config.Scale.model_validate(
                    {"id": "A", "backend": backend, "dout_pin": DOUT, "sck_pin": SCK}
                    | {"gain": gain, "sample_rate_hz": rate_hz}
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    counts: Counter[str] = Counter()
    bits: Counter[int] = Counter()
    never = ("accepted_with_long_pulse", "accepted_within_next_four", "accepted_wrong")
    with tempfile.TemporaryDirectory(prefix="bench-pulses-") as name:
        (Path(name) / "gpiochip0").touch()
        (Path(name) / "gpiochip1").touch()
        for wiring in wirings():
            found, at_bits = run(wiring, Path(name), options.words, options.share, dice)
            counts += found
            bits += at_bits
    figures = {figure: counts[figure] for figure in ("words", "long_pulses", *never)}
    more = {figure: counts[figure] for figure in ("accepted", "good_given_up", "failed_readings")}
    is_kept = not any(counts[figure] for figure in never)
    all_bits = set(range(1, BITS + max(GAIN_PULSES.values()) + 1)) <= bits.keys()
    report("pulses", **figures, **more, bits_held_up=len(bits), seed=options.seed, ok=is_kept)
    sys.exit(0 if is_kept and all_bits else 1)


if __name__ == "__main__":
    main()
