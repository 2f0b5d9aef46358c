"""What the machine says of itself: files below / and a few commands, so that tests can stand in."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

COMMAND_WITHIN_S = 2.0

Run = Callable[[Sequence[str]], str | None]


def run_command(words: Sequence[str]) -> str | None:
    """What a command says on stdout; None where it is missing, fails or hangs."""
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=COMMAND_WITHIN_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def has_package(name: str) -> bool:
    """Is a distribution of this name installed in this environment?"""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine, or one that a test has laid out below another `root`."""

    root: Path = Path("/")
    run: Run = run_command
    has_package: Callable[[str], bool] = has_package
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def text(self, path: str) -> str | None:
        """The file's text without the NUL of a device tree; None where it cannot be read."""
        try:
            return (self.root / path).read_text(errors="replace").strip("\0 \n")
        except OSError:
            return None

    def has(self, path: str) -> bool:
        return (self.root / path).exists()

    def files(self, pattern: str) -> tuple[Path, ...]:
        return tuple(sorted(self.root.glob(pattern)))
