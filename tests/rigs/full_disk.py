"""Writes where only a few pages or inodes are free, and again once there is space.

`unshare --mount python full_disk.py ROOM PROTOCOL WAY MIB KIND MOST_FREE`; KIND is `bytes` or
`inodes`; `ROOM --probe` tells whether this machine can. Says as JSON, for 0, 1, … MOST_FREE free
pages of 4 KiB or inodes: what was said when it failed (None: it was written), the version that
was found then, and both again for the same call with space.
"""

import itertools
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from power import command
from protocols import PROTOCOLS
from sales import SaleBook

from storeguard.errors import StoreguardError

PAGE_BYTES = 4096
INODES = 700


def fill_bytes(ballast: Path, free: int) -> None:
    """Every page but `free`."""
    path = ballast / "pages"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(descriptor, bytes(PAGE_BYTES))
    except OSError:
        pages = os.fstat(descriptor).st_size // PAGE_BYTES
        os.truncate(descriptor, (pages - free) * PAGE_BYTES)
    finally:
        os.close(descriptor)


def fill_inodes(ballast: Path, free: int) -> None:
    """Every inode but `free`."""
    try:
        for number in itertools.count():
            (ballast / f"{number}").touch()
    except OSError:
        made = sorted(ballast.iterdir())
    for path in made[len(made) - free :]:
        path.unlink()


FILL: dict[str, Callable[[Path, int], None]] = {"bytes": fill_bytes, "inodes": fill_inodes}


@contextmanager
def small_disk(place: Path, mib: int) -> Iterator[Path]:
    options = f"size={mib}m,nr_inodes={INODES}"
    command("mount", "-t", "tmpfs", "-o", options, "rig", place)
    try:
        yield place
    finally:
        command("umount", "--lazy", place)  # a closed observer lets go a moment later


def attempt(write: Callable[[int], None]) -> str | None:
    """What it says when it fails."""
    try:
        write(1)
    except (OSError, StoreguardError) as error:
        return str(error)
    return None


def try_with(kind, prepared: Path, disk: Path, way: str, fill: Callable[[Path], None]):
    """What was said and found while it was full, and once there was space."""
    store, ballast = disk / "store", disk / "ballast"
    shutil.copytree(prepared, store)
    ballast.mkdir()
    protocol = kind(store, way)
    protocol.ready(1)
    fill(ballast)
    full = attempt(protocol.write), protocol.shown()
    shutil.rmtree(ballast)
    still_wrong = attempt(protocol.write) if full[0] else None
    protocol.close()
    return [*full, still_wrong, protocol.newest()]


def main(room: Path, name: str, way: str, mib: int, what: str, most_free: int) -> None:
    kind = {**PROTOCOLS, "sale": SaleBook}[name]
    prepared, place = room / "prepared", room / "disk"
    prepared.mkdir()
    place.mkdir()
    first = kind(prepared, way)
    first.prepare()
    first.close()
    outcomes = []
    for free in range(most_free + 1):
        with small_disk(place, mib) as disk:
            fill = lambda ballast, free=free: FILL[what](ballast, free)  # noqa: E731
            outcomes.append(try_with(kind, prepared, disk, way, fill))
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    room = Path(sys.argv[1])
    if sys.argv[2] == "--probe":
        with small_disk(room, 8):
            pass
    else:
        name, way, mib, what, most_free = sys.argv[2:]
        main(room, name, way, int(mib), what, int(most_free))
