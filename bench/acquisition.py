"""Twelve scales at 80 samples a second while the detector runs: which samples come late or never.

The whole store runs (loop, books, camera, journal) on the machine's clock, with the detector at
rest, at five pictures a second as `watch_fps` has it, and without a pause. In `sim` a sample is
due by the clock and taken when the weighing loop looks. `hx711` and `gpiod` drive chips at pin
level, a thread a scale as on a Pi: a word that is not taken before the next conversion is lost,
and with a clock pulse over 60 µs, when a thread is held up amid a word, four more are. What a
call on a pin takes is what Python takes for it here; the chips are simulated on the same cores.

`late`: weighed more than `LATE_S` after the sample was there. `lost`: never weighed. `wrong`: no
word that the chip ever held. `garbled`: how often a chip had to be reset, at five words each.

    python bench/acquisition.py [--scales 12] [--rate 80] [--window-s 20] [--backend NAME ...]
"""

import argparse
import asyncio
import bisect
import math
import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from _report import percentile, report
from storeguard import config as cfg
from storeguard import hardware
from storeguard.app import Store
from storeguard.clock import SystemClock
from storeguard.devices import gpiod
from storeguard.devices.sim import gpiod_module, rpi_gpio
from storeguard.devices.sim.hx711_chip import Hx711Chip, SimTime
from storeguard.ports import Frame
from storeguard.vision.sighting import detector_for

BACKENDS = ("sim", "hx711", "gpiod")
EYES = {"none": 0.0, "5/s": 0.2, "flat out": 1e-3}
"""The least seconds from one picture to the next; 0: none is looked at."""

LATE_S = 0.2
"""Two rounds of the weighing loop. A scale settles by the samples' own times."""

MOST_LATE, LEAST_SHARE = 0.01, 1 / 8
"""Ten of eighty samples a second settle a scale: chips may lose most of theirs, no scale all."""

WARM_UP_S = 4.0
TARE_RAW, COUNTS_PER_G, UNIT_G, STOCK = 84_000, 429.0, 265.0, 10
MARKS = 64
"""A word says by its last bits which conversion it is of: 0.15 g of noise."""

LEVEL = round(STOCK * UNIT_G * COUNTS_PER_G) // MARKS * MARKS


class RealTime(SimTime):
    """The machine's own: nothing needs to be spent."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def now_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def spend_ns(self, ns: int) -> None:
        """A call takes what it takes."""


class MarkedChip(Hx711Chip):
    """Notes when each of its words was there."""

    def __init__(self, at: SimTime, rate_hz: float) -> None:
        self.ready_s: list[float] = []
        super().__init__(at, self._marked, sample_rate_hz=rate_hz)

    def _marked(self, t_s: float, _gain: int) -> int:
        self.ready_s.append(t_s)
        return TARE_RAW + LEVEL + len(self.ready_s) % MARKS

    def of(self, raw: int, taken_s: float) -> float | None:
        """When the word was there: the newest before it was taken; None for what never was."""
        number = bisect.bisect(self.ready_s, taken_s)
        while number > 0 and number % MARKS != (raw - TARE_RAW) % MARKS:
            number -= 1
        is_one = number > 0 and raw - TARE_RAW - number % MARKS == LEVEL
        return self.ready_s[number - 1] if is_one else None


class Watched:
    """A scale that notes when each of its samples was there, and when it was weighed."""

    def __init__(self, scale: Any, chip: MarkedChip | None) -> None:
        self._scale, self._chip = scale, chip
        self.seen: list[tuple[float, float]] = []
        self.wrong = 0
        self.whys: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scale, name)

    def drain(self) -> Any:
        readings, now_s = self._scale.drain(), time.monotonic()
        for t_s, raw, why, _ in readings:
            if raw is None:
                self.whys[why.partition(": ")[2][:60]] += 1
            else:
                there_s = t_s if self._chip is None else self._chip.of(raw, t_s)
                self.wrong += there_s is None
                if there_s is not None:
                    self.seen.append((there_s, now_s))
        return readings


class Eyes:
    """Looks at a picture of 640 px in a thread of its own, as the watching does."""

    def __init__(self, every_s: float) -> None:
        self.took_s: list[float] = []
        self._every_s = every_s
        self._detector = detector_for(cfg.Detector(backend="onnx", model="yolo11n"))
        image = np.random.default_rng(1).integers(0, 255, (640, 640, 3), np.uint8)
        self._frame = Frame(0.0, image)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="eyes")

    def __enter__(self) -> "Eyes":
        if self._every_s:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._every_s:
            self._thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            began_s = time.perf_counter()
            self._detector.people(self._frame)
            self.took_s.append(time.perf_counter() - began_s)
            self._stop.wait(max(0.0, self._every_s - self.took_s[-1]))


def laid_out(folder: Path, backend: str, scales: int, rate_hz: float) -> cfg.Config:
    rows = [f"상품{n},{STOCK},1500,{UNIT_G:g}" for n in range(scales)]
    text = "\n".join(["상품명, 개수, 가격, 무게", *rows, ""])
    (folder / "inventory").mkdir()
    (folder / "inventory" / "inventory_store.csv").write_text(text, encoding="utf-8")
    return cfg.Config(
        store=cfg.Store(id="bench-1", name="벤치"),
        scales=tuple(_scale(n, backend, scales, rate_hz) for n in range(scales)),
        cameras=(cfg.Camera(id="door", backend="sim", record_size_px=(640, 360)),),
        detector=cfg.Detector(backend="sim"),
        web=cfg.Web(port=0),
    )


def _scale(number: int, backend: str, scales: int, rate_hz: float) -> cfg.Scale:
    pins = {"dout_pin": 2 + number, "sck_pin": 2 + scales + number}
    about = {
        "id": f"S{number}",
        "products": (f"상품{number}",),
        "backend": backend,
        "sample_rate_hz": rate_hz,
        "calibration": cfg.Calibration(tare_raw=TARE_RAW, counts_per_g=COUNTS_PER_G),
    }
    return cfg.Scale.model_validate(about | ({} if backend == "sim" else pins))


@contextmanager
def wired(config: cfg.Config, dev: Path) -> Iterator[list[MarkedChip | None]]:
    """Chips on the pins of the configuration; none for simulated scales."""
    if config.scales[0].backend == "sim":
        yield [None] * len(config.scales)
        return
    at, is_gpiod = RealTime(), config.scales[0].backend == "gpiod"
    with ExitStack() as stack:
        gpio: Any
        if is_gpiod:
            gpio = stack.enter_context(gpiod_module.installed(gpiod_module.SimGpiod(at)))
            (dev / "gpiochip0").touch()
        else:
            gpio = stack.enter_context(rpi_gpio.installed(rpi_gpio.SimGpio(at)))
        chips: list[MarkedChip | None] = []
        for scale in config.scales:
            chip = MarkedChip(at, scale.sample_rate_hz)
            gpio.wire(chip, dout_pin=scale.dout_pin, sck_pin=scale.sck_pin)
            chips.append(chip)
        yield chips


async def measured(
    config: cfg.Config, folder: Path, chips: Sequence[MarkedChip | None], window_s: float
) -> tuple[list[Watched], float, float]:
    """The running store's scales, and the window in which to judge them."""
    watched: list[Watched] = []

    def make(*arguments: Any) -> hardware.Hardware:
        made = hardware.from_config(*arguments, base=folder)
        if config.scales[0].backend == "gpiod":
            clock = arguments[3]
            opened = (gpiod.open_gpiod(one, clock, dev=folder) for one in config.scales)
            made = replace(made, scales=tuple(opened))
        watched.extend(map(Watched, made.scales, chips))
        return replace(made, scales=tuple(watched))

    store = Store(config, folder, SystemClock(), make)
    await store.open()
    stop = asyncio.Event()
    running = asyncio.create_task(store.run(stop))
    try:
        await asyncio.sleep(WARM_UP_S)
        from_s = time.monotonic()
        await asyncio.sleep(window_s)
        until_s = time.monotonic()
        await asyncio.sleep(1.0)
        return watched, from_s, until_s
    finally:
        stop.set()
        await running
        await store.close()


def judged(
    scales: Sequence[Watched],
    chips: Sequence[MarkedChip | None],
    rate_hz: float,
    from_s: float,
    until_s: float,
) -> dict[str, Any]:
    due, ages_s, window_s = 0, list[float](), until_s - from_s
    least_share = math.inf
    for scale, chip in zip(scales, chips, strict=True):
        mine = [weighed - there for there, weighed in scale.seen if from_s <= there < until_s]
        # A simulated scale has no chip that says what it had: it is due by its rate.
        its_rate = round(window_s * rate_hz) if chip is None else 0
        ready_s = [] if chip is None else chip.ready_s
        due += its_rate or sum(from_s <= one < until_s for one in ready_s)
        least_share = min(least_share, len(mine) / (window_s * rate_hz))
        ages_s += mine
    late, wrong = sum(age > LATE_S for age in ages_s), sum(scale.wrong for scale in scales)
    ages_ms = [1000 * age for age in ages_s] or [math.nan]
    whys = sum((scale.whys for scale in scales), Counter[str]())
    return {
        "n": due,
        "late": late,
        "lost": max(0, due - len(ages_s)),
        "lost_share": round(max(0, due - len(ages_s)) / due, 4),
        "wrong": wrong,
        "least_share": round(least_share, 3),
        "age_ms_median": round(statistics.median(ages_ms), 1),
        "age_ms_p99": round(percentile(ages_ms, 99), 1),
        "age_ms_max": round(max(ages_ms), 1),
        "garbled": sum(chip.resets - 1 for chip in chips if chip is not None),
        "failed": dict(whys.most_common(3)),
        "is_kept": late <= MOST_LATE * due and wrong == 0 and least_share >= LEAST_SHARE,
    }


def run(backend: str, eyes: str, wanted: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="storeguard-acquisition-") as name:
        folder = Path(name)
        config = laid_out(folder, backend, wanted.scales, wanted.rate)
        with wired(config, folder) as chips, Eyes(EYES[eyes]) as looking:
            cpu_s = time.process_time()
            scales, from_s, until_s = asyncio.run(measured(config, folder, chips, wanted.window_s))
            cpu_s = time.process_time() - cpu_s
        found = judged(scales, chips, wanted.rate, from_s, until_s)
    took_ms = [1000 * one for one in looking.took_s]
    more: dict[str, Any] = {
        "detector_ms": round(statistics.median(took_ms), 1) if took_ms else None,
        "pictures": len(took_ms),
        "cores": round(cpu_s / (until_s - from_s + WARM_UP_S + 1.0), 2),
        "load": round(os.getloadavg()[0], 1),
    }
    about = {"backend": backend, "scales": wanted.scales, "rate_hz": wanted.rate, "detector": eyes}
    report("acquisition", **about, **found, **more, late_over_s=LATE_S)
    return bool(found["is_kept"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scales", type=int, default=12)
    parser.add_argument("--rate", type=float, default=80.0)
    parser.add_argument("--window-s", type=float, default=20.0)
    parser.add_argument("--backend", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--detector", nargs="+", choices=EYES, default=tuple(EYES))
    wanted = parser.parse_args()
    kept = [run(backend, eyes, wanted) for backend in wanted.backend for eyes in wanted.detector]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
