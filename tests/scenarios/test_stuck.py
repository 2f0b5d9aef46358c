"""Every loop and thread of the real daemon is brought to hang: systemd is told, and it ends.

The figures at systemd's own interval of 60 s are those of bench/stuck.py; here all is scaled
down to WATCHDOG_S.
"""

import importlib.util
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
WATCHDOG_S = 15.0
AT_ONCE = 4


def load(name):
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_report, frozen, stuck = load("_report"), load("_frozen"), load("stuck")

SHORTENED = (
    "event loop, blocked",
    "weighing, deadlocked",
    "web, deadlocked",
    "camera, silent",
    "detector, busy",
    "detector, holds the interpreter",
    "scale thread, hung",
    "scale thread, dead",
    "encoder, hung",
    "disk, hung",
    "delivery, hung",
    "observer, hung",
    "worker threads, all hung",
)


@pytest.fixture(scope="module")
def hangs():
    """All hangs of the suite at once: most of each is waiting."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {part: pool.submit(stuck.measure, part, WATCHDOG_S) for part in SHORTENED}


def failings(hang):
    """What is wrong with how it was noticed and ended."""
    named = frozen.PARTS[hang.part][0]
    if hang.code != 1:
        yield f"ended with {hang.code}"
    if hang.fed_late:
        yield f"WATCHDOG=1 came {hang.fed_late} times after it was noticed"
    if re.search(re.escape(named), hang.named) is None:
        yield f"{named} is not named in: {hang.named}"


@pytest.mark.parametrize("part", SHORTENED)
def test_what_hangs_is_named_and_not_fed_and_the_process_ends_itself(hangs, part):
    hang = hangs[part].result()
    if any(failings(hang)):  # four daemons at once on a busy machine: others are late too
        hang = stuck.measure(part, WATCHDOG_S)
    assert list(failings(hang)) == []


@pytest.mark.slow
@pytest.mark.parametrize("part", [part for part in frozen.PARTS if part not in SHORTENED])
def test_every_other_part_too(part):
    assert list(failings(stuck.measure(part, WATCHDOG_S))) == []
