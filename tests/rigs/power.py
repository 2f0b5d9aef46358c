"""Cuts the power of an ext4 file system while a protocol writes to it.

`unshare --mount python power.py ROOM PROTOCOL WAY MOUNT_OPTION CUTS SEED`; `ROOM --probe` tells
whether this machine can. Says as JSON how many cuts left a broken file (`broken`) or an older
version than had been acknowledged (`lost`).

A cut is the ioctl FS_IOC_SHUTDOWN without flushing the log: what the kernel had not handed to
the disk is gone, and mounting again replays the log. Not modelled: a card that drops or reorders
what it has taken. Each cut starts from a fresh copy of the image. The image lies on a tmpfs of
the mount namespace and its loop device detaches itself, so nothing outlives this program.
"""

import contextlib
import fcntl
import itertools
import json
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from protocols import PROTOCOLS, cripple
from sales import SaleBook

FS_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSHING_THE_LOG = 2
IMAGE_BYTES = 64 * 1024 * 1024
LONGEST_WAIT_S = 0.04
"""Some tens of writes; the cut falls at random before that."""

STARTS_WITHIN_S = 20.0
HAS_NEIGHBOUR = 0.5
FSYNC = os.fsync
"""The real one, also where `cripple` has taken it away from what is tested."""


def command(*arguments: object) -> None:
    ended = subprocess.run([*map(str, arguments)], capture_output=True, text=True, check=False)
    if ended.returncode:
        said = ended.stderr.strip().replace("\n", " ")
        raise SystemExit(f"{arguments[0]}: exit {ended.returncode}: {said}")


class Disk:
    """An ext4 file system in a file, mounted at `place`."""

    def __init__(self, room: Path, option: str) -> None:
        command("mount", "-t", "tmpfs", "-o", "size=200m", "rig", room)
        self.place = room / "disk"
        self.place.mkdir()
        self._pristine, self._image = room / "pristine.img", room / "disk.img"
        self._option = option
        with self._image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        command("mkfs.ext4", "-q", "-F", self._image)

    @contextlib.contextmanager
    def mounted(self) -> Iterator[Path]:
        command("mount", "-t", "ext4", "-o", f"loop,{self._option}", self._image, self.place)
        try:
            yield self.place
        finally:
            command("umount", self.place)

    def keep(self) -> None:
        """From now on `renew` comes back to what is on the disk now."""
        command("cp", self._image, self._pristine)

    def renew(self) -> None:
        command("cp", self._pristine, self._image)

    def cut(self) -> None:
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            how = struct.pack("I", WITHOUT_FLUSHING_THE_LOG)
            fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, how)
        finally:
            os.close(descriptor)


class Writer:
    """A process that writes version after version, and says each that it was told is safe."""

    def __init__(self, make, place: Path) -> None:
        self._said, out = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            try:
                self._work(make(place), out)
            finally:
                traceback.print_exc()
                os._exit(1)
        os.close(out)

    @staticmethod
    def _work(protocol, out: int) -> None:
        for version in itertools.count(1):
            protocol.ready(version)
            protocol.write(version)
            os.write(out, b"%d\n" % version)

    def begun(self) -> None:
        if not select.select([self._said], [], [], STARTS_WITHIN_S)[0]:
            raise SystemExit("the writer acknowledged nothing")

    def is_running(self) -> bool:
        return os.waitpid(self._process, os.WNOHANG) == (0, 0)

    def ended(self) -> int:
        """Kills it; returns the last version that it acknowledged."""
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        with os.fdopen(self._said, "rb") as said:
            return int(said.read().split(b"\n")[-2])


class Neighbour:
    """The rest of the daemon: its fsyncs make the file system commit what others began."""

    def __init__(self, place: Path, chance: random.Random) -> None:
        self._process = os.fork()
        if self._process == 0:
            with contextlib.suppress(OSError):
                self._work(place / "other", chance)
            os._exit(0)

    @staticmethod
    def _work(path: Path, chance: random.Random) -> None:
        parent = os.getppid()
        while os.getppid() == parent:
            with path.open("ab") as file:
                file.write(b"a line\n")
                file.flush()
                FSYNC(file.fileno())
            time.sleep(chance.uniform(0, 0.004))

    def ended(self) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


@dataclass(frozen=True, slots=True)
class Cut:
    acknowledged: int
    found: int | None

    @property
    def is_broken(self) -> bool:
        return self.found is None

    @property
    def is_lost(self) -> bool:
        return self.found is not None and self.found < self.acknowledged


def cut_once(disk: Disk, make, chance: random.Random) -> Cut:
    disk.renew()
    with disk.mounted() as place:
        neighbour = Neighbour(place, chance) if chance.random() < HAS_NEIGHBOUR else None
        writer = Writer(make, place)
        writer.begun()
        time.sleep(chance.uniform(0, LONGEST_WAIT_S))
        if not writer.is_running():
            raise SystemExit("the writer ended before the cut")
        disk.cut()
        acknowledged = writer.ended()
        if neighbour is not None:
            neighbour.ended()
    with disk.mounted() as place:
        return Cut(acknowledged, make(place).newest())


def probe(room: Path) -> None:
    disk = Disk(room, "defaults")
    with disk.mounted():
        disk.cut()


def main(room: Path, name: str, way: str, option: str, cuts: int, seed: int) -> None:
    kind = {**PROTOCOLS, "sale": SaleBook}[name]
    chance = random.Random(seed)
    disk = Disk(room, option)
    with disk.mounted() as place:
        kind(place, way).prepare()
    disk.keep()
    cripple(way)
    made = [cut_once(disk, lambda place: kind(place, way), chance) for _ in range(cuts)]
    counts = {
        "cuts": cuts,
        "acknowledged": sum(cut.acknowledged for cut in made),
        "broken": sum(cut.is_broken for cut in made),
        "lost": sum(cut.is_lost for cut in made),
        "seed": seed,
    }
    json.dump(counts, sys.stdout)


if __name__ == "__main__":
    room = Path(sys.argv[1])
    if sys.argv[2] == "--probe":
        probe(room)
    else:
        name, way, option, cuts, seed = sys.argv[2:]
        main(room, name, way, option, int(cuts), int(seed))
