"""What a Pi says of its power supply: under-voltage and throttling, now and since the start."""

import re

from storeguard.devices.machine import Machine

UNDER_VOLTAGE, THROTTLED = 1 << 0, 0b1110
"""get_throttled: under-voltage; frequency capped, throttled, soft temperature limit."""
SINCE_START = 16
"""The same bits, this far up: it has happened since the start."""


def throttled(machine: Machine) -> int | None:
    """The firmware's flags, from its own command, its file, or the kernel's voltage alarm.

    None where nobody tells: this is no Pi.
    """
    said = machine.run(("vcgencmd", "get_throttled"))
    if said and (found := re.search(r"throttled=0x([0-9a-fA-F]+)", said)):
        return int(found[1], 16)
    flags = machine.text("sys/devices/platform/soc/soc:firmware/get_throttled")
    if flags and re.fullmatch(r"(0x)?[0-9a-fA-F]+", flags):
        return int(flags, 16)
    for sensor in machine.files("sys/class/hwmon/*/name"):
        if sensor.read_text(errors="replace").strip() == "rpi_volt":
            alarm = machine.text(str(sensor.with_name("in0_lcrit_alarm").relative_to(machine.root)))
            return UNDER_VOLTAGE if alarm == "1" else 0
    return None
