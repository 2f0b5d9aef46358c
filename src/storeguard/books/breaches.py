"""Breaches and what was done about them, kept in the state folder. Blocks."""

from datetime import datetime
from pathlib import Path
from typing import Any

from storeguard.books.recordfile import RecordFile
from storeguard.domain.breach import KINDS, Breach, Span

MOST_KEPT = 100


class BreachesFile(RecordFile[Breach]):
    """`state/breaches.json`; none is forgotten."""

    def __init__(self, state: Path, *, fsync: bool = True) -> None:
        without = "what was done about a breach is not known; look when it has to be told"
        path = state / "breaches.json"
        super().__init__(path, _breach, without=without, most=MOST_KEPT, fsync=fsync)


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
