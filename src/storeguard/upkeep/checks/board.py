"""The board and its system: which Pi, which way to read its scales, power, heat, memory."""

import os
import platform
import re
from collections.abc import Iterator

from storeguard.devices.machine import Machine
from storeguard.devices.power import SINCE_START, THROTTLED, UNDER_VOLTAGE, throttled
from storeguard.upkeep.checks.finding import Finding, Site, Topic

MODEL = "proc/device-tree/model"
IIO_NAMES = "sys/bus/iio/devices/*/name"
OVER_PINS = ("hx711", "gpiod")

HOT_C = 80.0
"""From here a Pi slows down."""
LEAST_MB, SCARCE_MB = 60, 200
"""A daemon with a network takes 150 to 300 MB; beside a running one less is enough."""


def board(site: Site) -> Iterator[Finding]:
    """Says the scale backend that suits, and a configured one that does not."""
    topic, say, model = site.topic("board"), site.say, site.machine.text(MODEL)
    name = model or say("doctor.board.other", system=f"{platform.system()} {platform.machine()}")
    backends = {scale.backend for scale in site.config.scales}
    proposed = proposed_backend(site.machine)
    if not backends & {*OVER_PINS, "iio"}:
        advice = say("doctor.board.proposed", model=name, backend=proposed)
        yield topic.ok(advice) if is_pi(model) else topic.ok(name)
    elif backends & set(OVER_PINS) and (problem := _gpio_problem(site)):
        why = say(f"doctor.board.{problem}")
        yield topic.fail(f"{name}: {why}", say(f"doctor.board.{problem}_do"))
    elif "hx711" in backends and is_too_slow_for_hx711(site.machine):
        yield topic.warn(say("doctor.board.slow", model=name), say("doctor.board.slow_do"))
    else:
        used = ", ".join(sorted(backends))
        yield topic.ok(say("doctor.board.fits", model=name, backend=used))


def is_pi(model: str | None) -> bool:
    return bool(model and "Raspberry Pi" in model)


def proposed_backend(machine: Machine) -> str:
    """`iio` where the kernel has taken the chips, else `gpiod`, on every Pi.

    libgpiod takes 6 to 11 µs a pulse on a Pi Zero 2 W, rpi-lgpio 120 to 250 µs, and the chip
    powers down after 60 µs. RPi.GPIO is quick enough, but does not know the Pi 5.
    """
    names = (path.read_text(errors="replace") for path in machine.files(IIO_NAMES))
    return "iio" if any("hx711" in name for name in names) else "gpiod"


def is_too_slow_for_hx711(machine: Machine) -> bool:
    """Would `hx711` drive its pins through rpi-lgpio, or on a Pi 5, where nothing else does?"""
    is_newest = re.search(r"Raspberry Pi (Compute Module )?5\b", machine.text(MODEL) or "")
    return bool(is_newest) or machine.has_package("rpi-lgpio")


def _gpio_problem(site: Site) -> str | None:
    """The key of its text; one chip that can be opened is enough here, the scale tells the rest."""
    chips = site.machine.files("dev/gpiochip*")
    if not chips:
        return "no_gpio"
    for chip in chips:
        try:
            os.close(os.open(chip, os.O_RDONLY))
        except PermissionError:
            continue
        return None
    return "gpio_denied"


def power(site: Site) -> Iterator[Finding]:
    """Under-voltage and throttling, now and since the start."""
    topic, say = site.topic("power"), site.say
    flags = throttled(site.machine)
    if flags is None:
        yield topic.skip(say("doctor.power.unknown"))
    elif flags & UNDER_VOLTAGE:
        yield topic.fail(say("doctor.power.low"), say("doctor.power.do"))
    elif flags & UNDER_VOLTAGE << SINCE_START:
        yield topic.warn(say("doctor.power.was_low"), say("doctor.power.do"))
    elif flags & (THROTTLED | THROTTLED << SINCE_START):
        yield topic.warn(say("doctor.power.throttled"), say("doctor.power.throttled_do"))
    else:
        yield topic.ok(say("doctor.power.ok"))


def temperature(site: Site) -> Iterator[Finding]:
    topic, say = site.topic("temperature"), site.say
    text = site.machine.text("sys/class/thermal/thermal_zone0/temp")
    if text is None or not text.lstrip("-").isdecimal():
        yield topic.skip(say("doctor.temperature.unknown"))
        return
    celsius = int(text) / 1000
    measured = f"{celsius:.0f} °C"
    is_hot = celsius >= HOT_C
    yield topic.warn(measured, say("doctor.temperature.do")) if is_hot else topic.ok(measured)


def memory(site: Site) -> Iterator[Finding]:
    topic, say = site.topic("memory"), site.say
    total, free = (_meminfo_mb(site.machine, key) for key in ("MemTotal", "MemAvailable"))
    if total is None or free is None:
        yield topic.skip(say("doctor.memory.unknown"))
        return
    measured = say("doctor.memory.free", free=free, total=total)
    yield _judged_memory(topic, free, measured, say("doctor.memory.do"))


def _judged_memory(topic: Topic, free_mb: int, measured: str, do: str) -> Finding:
    if free_mb < LEAST_MB:
        return topic.fail(measured, do)
    return topic.warn(measured, do) if free_mb < SCARCE_MB else topic.ok(measured)


def _meminfo_mb(machine: Machine, key: str) -> int | None:
    found = re.search(rf"^{key}:\s+(\d+) kB", machine.text("proc/meminfo") or "", re.MULTILINE)
    return int(found[1]) // 1000 if found else None
