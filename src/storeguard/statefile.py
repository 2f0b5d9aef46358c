"""A small JSON file that the daemon keeps for itself, and what a damaged one becomes.

A damaged file is kept aside as `<name>.corrupt-<time>`, the generation before it is used, or
nothing is; either is said in one line with both paths and what it means.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from storeguard import durable

LARGEST_BYTES = 1024 * 1024
"""State files are a few kB; more is damage, and must not be read into memory."""

LAST_GOOD = ".last-good"

T = TypeVar("T")
log = logging.getLogger("storeguard")


def read_json(path: Path, *, largest_bytes: int = LARGEST_BYTES) -> Any:
    """What the file says. Raises OSError, or ValueError for whatever is no JSON of that size."""
    with path.open("rb") as file:
        content = file.read(largest_bytes + 1)
    if len(content) > largest_bytes:
        raise ValueError(f"over {largest_bytes} bytes, expected fewer")
    return parsed(content)


def parsed(content: bytes) -> Any:
    """As json.loads, but every failure is a ValueError, and NaN is one."""
    try:
        return json.loads(content, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def set_aside(path: Path, why: object, meaning: str) -> None:
    """Keeps a damaged file under another name and says so; a disk that refuses is said too."""
    try:
        kept: object = durable.set_aside(path)
    except OSError as error:
        kept = f"nowhere: {error.strerror}"
    log.warning("D307 %s is damaged (%s); kept as %s; %s", path, why, kept, meaning)


class StateFile(Generic[T]):
    """One JSON file with the generation before it. Blocks.

    `read` turns what the file says into its value and raises ValueError, TypeError, KeyError
    or AttributeError for what it does not understand; `without`: what it means to have none.
    `mode`: the file's rights.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[Any], T],
        *,
        without: str,
        fsync: bool = True,
        mode: int = 0o644,
    ) -> None:
        self.path = path
        self._read = read
        self._without = without
        self._fsync = fsync
        self._mode = mode
        self._generation = path.with_name(path.name + LAST_GOOD)

    def load(self) -> T | None:
        """The value; None where there is no file, or no generation of it that can be used."""
        try:
            return self._value(self.path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            before = self._before()
            meaning = self._without if before is None else f"{self._generation} is used instead"
            set_aside(self.path, error, meaning)
            return before

    def save(self, value: object) -> None:
        """Publishes it and keeps the generation before. Raises OSError."""
        content = json.dumps(value, ensure_ascii=False, indent=1).encode()
        durable.keep_generation(self.path, self._generation)
        durable.publish(self.path, content, fsync=self._fsync, mode=self._mode)

    def _before(self) -> T | None:
        try:
            return self._value(self._generation)
        except (OSError, ValueError):
            return None

    def _value(self, path: Path) -> T:
        content = read_json(path)
        try:
            return self._read(content)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
