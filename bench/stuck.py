"""How soon a hang is noticed, for each loop and thread: the real daemon, a fake notify socket.

Each part is brought to hang in a process of its own. `noticed` is the time until the log names
it and no WATCHDOG=1 comes any more, `ended` until the process has ended itself; the second is
without systemd, which would kill it at the latest 60 s after the last WATCHDOG=1.

    python bench/stuck.py [--watchdog SECONDS] [--at-once N] [--part NAME]
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from _frozen import PARTS, lay_out
from _report import report

WATCHDOG_S = 60.0
NOTICED_WITHIN = 1.0
ENDED_WITHIN = 1.5
"""Parts of the watchdog's interval: 60 s and 90 s."""

GIVE_UP = 3.0
FROZEN = Path(__file__).with_name("_frozen.py")


@dataclass(frozen=True, slots=True)
class Hang:
    """Seconds from the hang; `fed_late`: WATCHDOG=1 that came after it had been noticed.

    `named`: the first line of the log that names the part.
    """

    part: str
    noticed_s: float
    ended_s: float
    code: int
    fed_late: int
    named: str


class Watched:
    """A frozen daemon, its notify socket and its log."""

    def __init__(self, part: str, folder: Path, watchdog_s: float) -> None:
        self._part = part
        self._limit_s = GIVE_UP * watchdog_s
        self._said: list[tuple[float, str]] = []
        self._log: list[tuple[float, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(0.2)
        self._child = subprocess.Popen(
            [sys.executable, str(FROZEN), str(lay_out(folder / "shop")), part],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(folder / "notify", watchdog_s),
        )
        self._threads = [threading.Thread(target=t) for t in (self._listen, self._read)]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        while self._child.poll() is None:
            try:
                said = self._socket.recv(4096).decode()
            except TimeoutError:
                continue
            self._said.append((time.monotonic(), said))

    def _read(self) -> None:
        assert self._child.stderr is not None
        for line in self._child.stderr:
            self._log.append((time.monotonic(), line))

    def _until(self, found: str, where: list[tuple[float, str]]) -> float:
        began_s = time.monotonic()
        while time.monotonic() - began_s < self._limit_s:
            for at_s, line in tuple(where):
                if found in line:
                    return at_s
            if self._child.poll() is not None:
                self._threads[1].join(1)
            time.sleep(0.02)
        raise SystemExit(f"{self._part}: no {found!r} in:\n{self.log}")

    @property
    def log(self) -> str:
        return "".join(line for _, line in self._log)

    def hang(self) -> Hang:
        """Waits until all runs, lets the part hang, waits for the end."""
        word = PARTS[self._part][0]
        is_named = word not in ("Timeout", "Killed")
        self._until("READY=1", self._said)
        self._until("WATCHDOG=1", self._said)
        time.sleep(1.0)
        assert self._child.stdin is not None
        self._child.stdin.write("now\n")
        self._child.stdin.close()
        began_s = time.monotonic()
        noticed_s = self._until("no sign of life" if is_named else word, self._log)
        code = self._child.wait(self._limit_s)
        ended_s = time.monotonic()
        late = [at_s for at_s, said in self._said if "WATCHDOG=1" in said and at_s > noticed_s]
        self._threads[1].join()
        named = next((line for _, line in self._log if word in line), f"not named:\n{self.log}")
        return Hang(
            self._part, noticed_s - began_s, ended_s - began_s, code, len(late), named.strip()
        )

    def close(self) -> None:
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGKILL)
        self._child.wait()
        for thread in self._threads:
            thread.join()
        assert self._child.stderr is not None
        self._child.stderr.close()
        self._socket.close()


def _environment(address: Path, watchdog_s: float) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "WATCHDOG_"))}
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    usec = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": str(round(watchdog_s * 1e6))}
    return kept | keys | usec | {"AWS_EC2_METADATA_DISABLED": "true"}


def measure(part: str, watchdog_s: float = WATCHDOG_S) -> Hang:
    """Brings one part to hang in a daemon of its own."""
    with tempfile.TemporaryDirectory(prefix="storeguard-stuck-") as folder:
        watched = Watched(part, Path(folder), watchdog_s)
        try:
            return watched.hang()
        finally:
            watched.close()


def main() -> int:
    wanted = _arguments()
    parts = [part for part in PARTS if wanted.part in part]
    with ThreadPoolExecutor(wanted.at_once) as pool:
        hangs = list(pool.map(lambda part: measure(part, wanted.watchdog), parts))
    is_kept = all(_is_kept(hang, wanted.watchdog) for hang in hangs)
    report(
        "hangs noticed",
        [hang.noticed_s for hang in hangs],
        unit="s",
        limit_s=NOTICED_WITHIN * wanted.watchdog,
        watchdog_s=wanted.watchdog,
        noticed_s={hang.part: round(hang.noticed_s, 1) for hang in hangs},
        ended_s={hang.part: round(hang.ended_s, 1) for hang in hangs},
        fed_after_noticing=sum(hang.fed_late for hang in hangs),
    )
    return 0 if is_kept else 1


def _is_kept(hang: Hang, watchdog_s: float) -> bool:
    is_soon = hang.noticed_s <= NOTICED_WITHIN * watchdog_s
    is_over = hang.ended_s <= ENDED_WITHIN * watchdog_s and hang.code == 1
    return is_soon and is_over and hang.fed_late == 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--watchdog", type=float, default=WATCHDOG_S)
    parser.add_argument("--at-once", type=int, default=6)
    parser.add_argument("--part", default="", help="only the parts whose names have this")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
