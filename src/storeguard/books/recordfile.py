"""Records with an id in one file of the state folder, read by its owner alone. Blocks."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from storeguard.errors import StoreguardError
from storeguard.statefile import StateFile

ONLY_US = 0o600


class Record(Protocol):
    """A frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Record)


class RecordFile(Generic[R]):
    """Oldest first. `read`: one record from what the file says; `without`: as StateFile has it.

    `most`: so many are kept, and one more is refused.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[dict[str, Any]], R],
        *,
        without: str,
        most: int,
        fsync: bool = True,
    ) -> None:
        def read_all(content: Sequence[dict[str, Any]]) -> tuple[R, ...]:
            return tuple(read(said) for said in content)

        self._file = StateFile(path, read_all, without=without, fsync=fsync, mode=ONLY_US)
        self._most = most
        self._known: dict[str, R] = {one.id: one for one in self._file.load() or ()}

    def all(self) -> tuple[R, ...]:
        return tuple(self._known.values())

    def of(self, record_id: str) -> R | None:
        return self._known.get(record_id)

    def free_id(self, day: date) -> str:
        numbers = (f"{day:%Y-%m-%d}-{number}" for number in range(1, self._most + 2))
        return next(one for one in numbers if one not in self._known)

    def put(self, record: R, forgotten: Iterable[str] = ()) -> None:
        """Adds it or puts it in its place, without those of these ids. Raises StoreguardError."""
        gone = frozenset(forgotten)
        left = {key: one for key, one in self._known.items() if key not in gone}
        kept = left | {record.id: record}
        if len(kept) > self._most:
            raise StoreguardError(f"{self._file.path}: {self._most} are kept, no more fit")
        try:
            self._file.save([_said(one) for one in kept.values()])
        except OSError as error:
            raise StoreguardError(
                f"{self._file.path}: cannot be written: {error.strerror}; see the disk"
            ) from error
        self._known = kept


def _said(record: Record) -> dict[str, Any]:
    """Dates and times as ISO 8601."""
    return {
        key: value.isoformat() if isinstance(value, date) else value
        for key, value in asdict(record).items()
    }
