"""Breaches and what was done about them, kept in the state folder. Blocks."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from storeguard.domain.breach import KINDS, Breach, Span
from storeguard.errors import StoreguardError
from storeguard.statefile import StateFile

ONLY_US = 0o600
MOST_KEPT = 100


class BreachesFile:
    """`state/breaches.json`, oldest first; none is forgotten."""

    def __init__(self, state: Path, *, fsync: bool = True) -> None:
        without = "what was done about a breach is not known; look when it has to be told"
        self._file = StateFile(
            state / "breaches.json", _breaches, without=without, fsync=fsync, mode=ONLY_US
        )
        self._known: dict[str, Breach] = {one.id: one for one in self._file.load() or ()}

    def all(self) -> tuple[Breach, ...]:
        return tuple(self._known.values())

    def of(self, breach_id: str) -> Breach | None:
        return self._known.get(breach_id)

    def free_id(self, day: str) -> str:
        numbers = (f"{day}-{number}" for number in range(1, MOST_KEPT + 2))
        return next(one for one in numbers if one not in self._known)

    def save(self, breach: Breach) -> None:
        """Adds it or puts it in its place."""
        kept = self._known | {breach.id: breach}
        if len(kept) > MOST_KEPT:
            raise StoreguardError(f"{self._file.path}: {MOST_KEPT} breaches are kept, no more fit")
        try:
            self._file.save([_said(one) for one in kept.values()])
        except OSError as error:
            raise StoreguardError(
                f"{self._file.path}: cannot be written: {error.strerror}; see the disk"
            ) from error
        self._known = kept


def _said(breach: Breach) -> dict[str, Any]:
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in asdict(breach).items()
    }


def _breaches(content: Sequence[dict[str, Any]]) -> tuple[Breach, ...]:
    return tuple(_breach(said) for said in content)


def _breach(said: dict[str, Any]) -> Breach:
    if said["kind"] not in KINDS:
        raise ValueError(f"kind is {said['kind']!r}; known: {', '.join(KINDS)}")
    closed_at = said["closed_at"]
    read = {
        "learnt_at": datetime.fromisoformat(said["learnt_at"]),
        "closed_at": None if closed_at is None else datetime.fromisoformat(closed_at),
        "exposed": {key: Span(**span) for key, span in said["exposed"].items()},
        "steps": tuple(said["steps"]),
        "done": tuple(said["done"]),
    }
    return Breach(**{**said, **read})
