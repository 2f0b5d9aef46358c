"""The backend `iio` over a folder like sysfs, whose driver is a model of the kernel's hx711.c.

The model reads the simulated chip by the kernel's own steps: it looks at DOUT a hundred times,
resets the chip, looks again, and writes what it has read into the folder's file, from which the
backend takes it.
"""

import asyncio
import errno
import os
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from storeguard import config, hardware
from storeguard.clock import SystemClock
from storeguard.devices.iio import DriverFiles, IioReader, found_device, open_iio, opened_reader
from storeguard.devices.sim.hx711_chip import HIGHEST, LOWEST, Hx711Chip, RawAt, SimTime
from storeguard.devices.threaded import READ_TIMEOUT_S, RETRY_S
from storeguard.errors import ScaleFault, ScaleTimeout

DOUT = 20
MINUTE_S = 60.0
FAULT_WITHIN_S = 4.5  # of the kernel's time; the scale's own deadline is judged apart
LOOKS_S = (0.012, 0.016)  # msleep(10) at 250 ticks a second
CYCLE_NS = 6_000
PULSES = {128: 1, 32: 2, 64: 3}
VOLTS = {128: "0.000000023", 32: "0.000000093", 64: "0.000000046"}


class Kernel:
    """hx711.c, of one chip: read_raw, reset_read, reset, set_gain_for_channel, read."""

    def __init__(self, time: SimTime, chip: Hx711Chip) -> None:
        self.gain = 128
        self._gain_a = 128
        self._time = time
        self._chip = chip
        self._chance = random.Random(711)

    def read_raw(self, channel: int) -> int:
        self._reset_if_silent()
        if (self.gain == 32) != (channel == 1):
            self.gain = 32 if channel else self._gain_a
            self._read()
            self._wait_for_ready()
        return self._read()

    def _reset_if_silent(self) -> None:
        try:
            self._wait_for_ready()
        except OSError:
            self._chip.set_sck(True)
            self._msleep()
            self._chip.set_sck(False)
            self.gain = 128
            self._wait_for_ready()

    def _wait_for_ready(self) -> None:
        for _ in range(100):
            if not self._chip.is_dout_high():
                return
            self._msleep()
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def _msleep(self) -> None:
        self._time.sleep(self._chance.uniform(*LOOKS_S))

    def _read(self) -> int:
        word = 0
        for _ in range(24):
            word = word << 1 | self._cycle()
        for _ in range(PULSES[self.gain]):
            self._cycle()
        return word ^ 0x800000

    def _cycle(self) -> bool:
        self._chip.set_sck(True)
        self._time.spend_ns(CYCLE_NS // 2)
        self._chip.set_sck(False)
        self._time.spend_ns(CYCLE_NS // 2)
        return self._chip.is_dout_high()


@dataclass
class Bench:
    """One chip, one device in a folder like sysfs, all on one simulated time."""

    time: SimTime
    chip: Hx711Chip
    kernel: Kernel
    devices: Path
    wiring: config.Scale
    opened_readers: list[IioReader] = field(default_factory=list)

    def opened(self) -> IioReader:
        kernel = self.kernel

        class KernelFiles(DriverFiles):
            def __init__(self, folder: Path, channel: int) -> None:
                super().__init__(folder, channel)
                self._sysfs, self._channel = folder, channel

            def read_word(self) -> int:
                raw = kernel.read_raw(self._channel)
                (self._sysfs / f"in_voltage{self._channel}_raw").write_text(f"{raw}\n")
                return super().read_word()

            def read_gain(self) -> int:
                (self._sysfs / "in_voltage_scale").write_text(f"{VOLTS[kernel.gain]}\n")
                return super().read_gain()

        reader = opened_reader(self.wiring, self.time, self.devices, KernelFiles)
        self.opened_readers.append(reader)
        return reader


MakeBench = Callable[..., Bench]
both_channels = pytest.mark.parametrize("gain", [128, 32])
both_ways_to_settle = pytest.mark.parametrize("hides_settling", [False, True])


def add_device(devices: Path, number: int, dout: int | None = DOUT, name: str = "hx711") -> Path:
    """As Linux lays it out: the node of the device tree belongs to the parent."""
    parent = devices.parent / "platform" / f"scale{number}"
    folder = parent / f"iio:device{number}"
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    for channel, gains in ((0, (128, 64)), (1, (32,))):
        (folder / f"in_voltage{channel}_raw").write_text("8388608\n")
        available = "".join(f"{VOLTS[gain]} " for gain in gains)
        (folder / f"in_voltage{channel}_scale_available").write_text(f"{available}\n")
    (folder / "in_voltage_scale").write_text(f"{VOLTS[128]}\n")
    if dout is not None:
        (parent / "of_node").mkdir()
        cells = b"".join(cell.to_bytes(4, "big") for cell in (7, dout, 0))
        (parent / "of_node" / "dout-gpios").write_bytes(cells)
    devices.mkdir(exist_ok=True)
    (devices / folder.name).symlink_to(folder)
    return devices / folder.name


def wiring_of(**changes: object) -> config.Scale:
    return config.Scale.model_validate(
        {"id": "A", "backend": "iio", "dout_pin": DOUT, "sample_rate_hz": 10.0} | changes
    )


def steady(raw: int) -> RawAt:
    return lambda _t_s, _gain: raw


def busy_shelf(t_s: float, gain: int) -> int:
    """Changes in every bit from word to word, and with the gain."""
    return round((random.Random(t_s).uniform(-250_000, 250_000)) * gain / 32) - 12_345


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[MakeBench]:
    time = SimTime(end_s=10 * MINUTE_S)
    benches = []

    def make(
        raw_at: RawAt = busy_shelf,
        *,
        gain: int = 128,
        hides_settling: bool = False,
        oscillator: float = 1.0,
    ) -> Bench:
        chip = Hx711Chip(
            time, raw_at, sample_rate_hz=10.0 * oscillator, hides_settling=hides_settling
        )
        devices = tmp_path / "devices"
        add_device(devices, 0)
        bench = Bench(time, chip, Kernel(time, chip), devices, wiring_of(gain=gain))
        benches.append(bench)
        return bench

    yield make
    for bench in benches:
        for reader in bench.opened_readers:
            reader.close()


def attempt(bench: Bench, reader: IioReader) -> tuple[int | None, str]:
    """One reading, judged: an accepted word is exactly what the chip held."""
    started_s = bench.time.now_s()
    try:
        raw = reader.read_raw(READ_TIMEOUT_S)
    except ScaleFault as fault:
        # The pause of ThreadedScale.
        bench.time.sleep(max(0.0, started_s + RETRY_S - bench.time.now_s()))
        return None, str(fault)
    word = bench.chip.word
    assert word is not None
    assert word.is_settled, f"accepted {raw} at {bench.time.now_s():.3f} s, which is garbage"
    assert word.gain == bench.wiring.gain
    assert raw == bench.chip.raw_at(word.ready_s, word.gain)
    return raw, ""


def read_for(bench: Bench, reader: IioReader, duration_s: float) -> list[tuple[int | None, str]]:
    attempts = []
    end_s = bench.time.now_s() + duration_s
    while bench.time.now_s() < end_s:
        attempts.append(attempt(bench, reader))
    return attempts


def raws(attempts: list[tuple[int | None, str]]) -> list[int | None]:
    return [raw for raw, _ in attempts]


# -- words --


@pytest.mark.parametrize(
    ("gain", "hides_settling", "oscillator", "duration_s"),
    [
        (128, False, 1.0, MINUTE_S),
        (128, True, 0.85, 15.0),
        (128, False, 1.15, 15.0),
        (32, False, 1.0, 15.0),
        (32, True, 0.85, 15.0),
        (32, True, 1.15, 15.0),
    ],
)
def test_every_word_of_the_chip_is_delivered(
    make_bench: MakeBench, gain: int, hides_settling: bool, oscillator: float, duration_s: float
) -> None:
    bench = make_bench(gain=gain, hides_settling=hides_settling, oscillator=oscillator)
    read = raws(read_for(bench, bench.opened(), duration_s))
    assert read.count(None) <= 2, "at most while it settles"
    # At first four conversions settle; twice as many, and silently, where the gain is chosen too.
    assert len(read) > (duration_s - 2.0) * 10 * oscillator
    assert bench.chip.protocol_errors == 0


@both_channels
def test_true_zero_and_minus_one_are_readings(make_bench: MakeBench, gain: int) -> None:
    bench = make_bench(lambda t_s, _gain: -(int(t_s * 10 / 3) % 2), gain=gain)
    read = raws(read_for(bench, bench.opened(), 10.0))
    for raw in (0, -1):
        assert read.count(raw) > 0.4 * 10 * 10


@pytest.mark.parametrize("raw", [0, -1])
def test_a_line_that_says_nothing_but_zeros_or_ones_is_a_fault(
    make_bench: MakeBench, raw: int
) -> None:
    bench = make_bench(steady(raw))
    attempts = read_for(bench, bench.opened(), 10.0)
    assert raws(attempts).count(raw) == 4
    assert any("words in a row were" in why for _, why in attempts)


def test_a_chip_that_says_any_one_word_for_half_a_minute_is_stuck(make_bench: MakeBench) -> None:
    bench = make_bench(steady(4711))
    attempts = read_for(bench, bench.opened(), 40.0)
    assert raws(attempts).count(4711) == 300
    assert raws(attempts[-50:]) == [None] * 50
    assert "words in a row were 0x001267" in attempts[-1][1]


@pytest.mark.parametrize("raw", [LOWEST + 1, -4711, 1, HIGHEST - 1])
def test_offset_binary_becomes_signed(make_bench: MakeBench, raw: int) -> None:
    bench = make_bench(steady(raw))
    assert bench.opened().read_raw(READ_TIMEOUT_S) == raw


@pytest.mark.parametrize("held_up_s", [0.05, 0.3, 2.0])
def test_a_word_that_waited_for_the_machine_is_left_out(
    make_bench: MakeBench, held_up_s: float
) -> None:
    bench = make_bench()
    reader = bench.opened()
    read_for(bench, reader, 2.0)
    bench.time.sleep(held_up_s)
    began_s = bench.time.now_s()
    assert attempt(bench, reader)[0] is not None
    assert bench.chip.word is not None
    assert bench.chip.word.ready_s > began_s


# -- wires, cells and power --


@both_channels
@both_ways_to_settle
def test_an_unplugged_cell_is_a_fault_and_comes_back_right(
    make_bench: MakeBench, gain: int, hides_settling: bool
) -> None:
    bench = make_bench(gain=gain, hides_settling=hides_settling)
    reader = bench.opened()
    before = read_for(bench, reader, 10.0)
    unplugged_s = bench.time.now_s()
    bench.chip.unplug()
    first = attempt(bench, reader)
    assert bench.time.now_s() - unplugged_s < FAULT_WITHIN_S
    without = [first, *read_for(bench, reader, 10.0)]
    bench.chip.plug_in()
    after = read_for(bench, reader, 10.0)
    assert before[-1][0] is not None
    assert set(raws(without)) == {None}
    assert "check power and wiring of the board" in without[0][1]
    assert "scale 'A' (iio, dout 20)" in without[0][1]
    assert raws(after)[-80:].count(None) == 0


@both_channels
@both_ways_to_settle
@pytest.mark.parametrize("gone_for_s", [0.07, 0.2, 0.6, 0.95, 1.3, 5.0])
def test_power_that_fails_for_a_moment_lets_no_unsettled_word_through(
    make_bench: MakeBench, gain: int, hides_settling: bool, gone_for_s: float
) -> None:
    """The chip comes back while the kernel waits for it, at gain 128 in any case."""
    bench = make_bench(gain=gain, hides_settling=hides_settling)
    reader = bench.opened()
    read_for(bench, reader, 3.0)
    chip, back_s = bench.chip, bench.time.now_s() + gone_for_s
    chip.unplug()
    sleep = bench.time.sleep

    def plug_in_when_due(seconds: float) -> None:
        sleep(seconds)
        if bench.time.now_s() >= back_s:
            bench.time.sleep = sleep  # type: ignore[method-assign]
            chip.plug_in()

    bench.time.sleep = plug_in_when_due  # type: ignore[method-assign]
    assert raws(read_for(bench, reader, gone_for_s + 10.0))[-20:].count(None) == 0


@pytest.mark.parametrize(
    ("counts", "shown"), [(1 << 30, "0x7FFFFF"), (-(1 << 30), "0x800000"), (HIGHEST, "0x7FFFFF")]
)
def test_saturation_is_a_fault_and_passes_with_its_cause(
    make_bench: MakeBench, counts: int, shown: str
) -> None:
    bench = make_bench()
    reader = bench.opened()
    read_for(bench, reader, 5.0)
    bench.chip.raw_at = steady(counts)
    without = read_for(bench, reader, 10.0)
    bench.chip.raw_at = busy_shelf
    after = read_for(bench, reader, 10.0)
    assert set(raws(without)) == {None}
    assert len(without) >= 10, "one a second"
    assert f"saturated at {shown}" in without[0][1]
    assert None not in raws(after)


@pytest.mark.parametrize("is_from_the_start", [False, True])
def test_a_line_that_is_stuck_low_is_a_fault_and_no_true_zero(
    make_bench: MakeBench, is_from_the_start: bool
) -> None:
    """The kernel's driver takes it for one word after another, each of them 0."""
    bench = make_bench(steady(4711))
    reader = bench.opened()
    if not is_from_the_start:
        read_for(bench, reader, 5.0)
    bench.chip.is_stuck_low = True
    without = read_for(bench, reader, 10.0)
    assert set(raws(without)) == {None}
    assert "DOUT is stuck low" in without[0][1]
    bench.chip.is_stuck_low = False
    assert raws(read_for(bench, reader, 10.0))[-80:].count(None) == 0


def test_another_program_that_changes_the_gain_is_a_fault(make_bench: MakeBench) -> None:
    bench = make_bench()
    reader = bench.opened()
    read_for(bench, reader, 1.0)
    bench.kernel.gain = 64
    with pytest.raises(ScaleFault, match="reads with gain 64, expected 128; another program"):
        reader.read_raw(READ_TIMEOUT_S)


# -- a kernel that does not come back, or refuses --


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set once the kernel is in a read, from which it returns only at the end of the test."""
    begun, released = threading.Event(), threading.Event()

    def read_word(driver: DriverFiles) -> int:
        begun.set()
        assert released.wait(30.0)
        return 1

    monkeypatch.setattr(DriverFiles, "read_word", read_word)
    yield begun
    released.set()


def test_a_read_that_the_kernel_keeps_is_a_time_out_and_can_be_left(
    make_bench: MakeBench, reading: threading.Event
) -> None:
    bench = make_bench()
    reader = opened_reader(bench.wiring, bench.time, bench.devices)
    for _ in range(2):  # the second joins the same read
        with pytest.raises(ScaleTimeout, match=r"no reading for 0\.0 s.*waits for DOUT"):
            reader.read_raw(0.02)
    reader.give_up()
    with pytest.raises(ScaleTimeout):
        reader.read_raw(3600.0)
    reader.close()
    reader.close()
    with pytest.raises(ScaleFault, match="or the kernel is in a reading still"):
        bench.opened()


def test_a_thread_that_the_kernel_keeps_is_closed_at_once(
    make_bench: MakeBench, reading: threading.Event
) -> None:
    bench = make_bench()
    scale = open_iio(bench.wiring, SystemClock(), bench.time, bench.devices)
    scale.start()
    assert reading.wait(30.0)
    asyncio.run(scale.close())
    assert not scale.drain()


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.EIO, ScaleTimeout), (errno.ETIMEDOUT, ScaleTimeout)]
)
def test_a_driver_that_gives_up_is_a_time_out(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[Exception]
) -> None:
    bench = make_bench()

    def fail(channel: int) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(bench.kernel, "read_raw", fail)
    with pytest.raises(expected, match=os.strerror(number)):
        bench.opened().read_raw(READ_TIMEOUT_S)


def test_a_driver_that_is_unloaded_is_a_fault(make_bench: MakeBench) -> None:
    bench = make_bench()
    reader = bench.opened()
    (bench.devices / "iio:device0" / "in_voltage0_scale_available").unlink()
    with pytest.raises(ScaleFault, match=r"cannot be used.*check that the overlay"):
        reader.read_raw(READ_TIMEOUT_S)


def test_a_file_that_holds_no_number_is_a_fault(make_bench: MakeBench) -> None:
    bench = make_bench()
    (bench.devices / "iio:device0" / "in_voltage0_raw").write_text("busy\n")
    reader = opened_reader(bench.wiring, bench.time, bench.devices)
    with pytest.raises(ScaleFault, match="invalid literal"):
        reader.read_raw(READ_TIMEOUT_S)
    reader.close()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gain": 64}, "backend iio has gain 128 or 32, got 64"),
        ({"sample_rate_hz": 80.0}, "up to 20 words a second, got sample_rate_hz 80"),
    ],
)
def test_what_the_driver_cannot_do_is_refused(
    make_bench: MakeBench, changes: dict[str, object], said: str
) -> None:
    bench = make_bench()
    with pytest.raises(ScaleFault, match=rf"{said}.*backend: gpiod"):
        opened_reader(wiring_of(**changes), bench.time, bench.devices)


def test_the_kernel_would_mix_words_at_80_hz(make_bench: MakeBench) -> None:
    """The reason for the refusal; if it fails, the driver's model has been mended."""
    time = SimTime()
    chip = Hx711Chip(time, busy_shelf, sample_rate_hz=80.0)
    kernel = Kernel(time, chip)
    mixed = 0
    for _ in range(2_000):
        signed = kernel.read_raw(0) - 0x800000
        word = chip.word
        mixed += word is None or (word.is_settled and signed != busy_shelf(word.ready_s, 128))
    assert mixed > 10


# -- which device --


def test_the_only_device_needs_no_pin(tmp_path: Path) -> None:
    device = add_device(tmp_path / "devices", 3)
    add_device(tmp_path / "devices", 1, name="ads1115")
    assert found_device("scale 'A'", None, tmp_path / "devices") == device


def test_several_devices_are_told_apart_by_their_pins(tmp_path: Path) -> None:
    devices = [add_device(tmp_path / "devices", i, dout=20 + i) for i in range(11)]
    for i, device in enumerate(devices):
        assert found_device("scale 'A'", 20 + i, tmp_path / "devices") == device


def test_the_only_device_is_taken_where_its_pin_cannot_be_read(tmp_path: Path) -> None:
    device = add_device(tmp_path / "devices", 0, dout=None)
    assert found_device("scale 'A'", DOUT, tmp_path / "devices") == device


@pytest.mark.parametrize(
    ("pins", "dout_pin", "said"),
    [
        ([], DOUT, "no IIO device named hx711"),
        ([5, 6], None, r"expected exactly one, got iio:device0 \(dout 5\), iio:device1 \(dout 6\)"),
        ([5, 6], DOUT, "expected exactly one with dout 20, got"),
        ([5], DOUT, r"expected exactly one with dout 20, got iio:device0 \(dout 5\)"),
        ([DOUT, DOUT], DOUT, "expected exactly one with dout 20, got"),
        ([None, None], DOUT, r"got iio:device0 \(dout unknown\), iio:device1 \(dout unknown\)"),
        ([None, 5], DOUT, "expected exactly one with dout 20"),
    ],
)
def test_a_device_is_never_guessed(
    tmp_path: Path, pins: list[int | None], dout_pin: int | None, said: str
) -> None:
    for i, pin in enumerate(pins):
        add_device(tmp_path / "devices", i, dout=pin)
    with pytest.raises(ScaleFault, match=rf"scale 'A'.*{said}"):
        found_device("scale 'A'", dout_pin, tmp_path / "devices")


def test_two_scales_never_read_one_chip(make_bench: MakeBench) -> None:
    bench = make_bench()
    first = bench.opened()
    with pytest.raises(ScaleFault, match="another scale or program reads this chip"):
        bench.opened()
    first.close()
    # The thread lets go of the chip when it has nothing left to do.
    first._thread.shutdown(wait=True)
    assert bench.opened().read_raw(READ_TIMEOUT_S) is not None


def test_the_configuration_makes_such_a_scale() -> None:
    calibration = config.Calibration(counts_per_g=400.0)
    entry = wiring_of().model_copy(update={"calibration": calibration})
    made = hardware.from_config(config.Config(scales=(entry,)), {}, {}, SystemClock(), base=Path())
    assert [scale.id for scale in made.scales] == ["A"]
    assert made.calibrations == {"A": calibration}
