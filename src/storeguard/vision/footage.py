"""Which clips show a span of time, whichever camera made them. Blocks."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av

from storeguard.vision.clipfile import DISK_ERRORS

Stamp = tuple[Path, int, int]


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip with its camera and its times, aware. `is_exact` False: only the file's age says."""

    path: Path
    camera: str
    started_at: datetime
    ended_at: datetime
    is_exact: bool = True


class Footages:
    """Remembers what a clip's file said, for as long as the file is the same."""

    def __init__(self) -> None:
        self._known: dict[Stamp, Footage | None] = {}

    def between(self, clips: Iterable[Path], start: datetime, end: datetime) -> list[Footage]:
        """Those that touch the span, oldest first; one file under two names is one clip."""
        found: dict[tuple[int, int], Footage] = {}
        stamps: dict[Stamp, Footage | None] = {}
        for path in clips:
            try:
                status = path.stat()
            except OSError:  # deleted meanwhile
                continue
            stamp = (path, status.st_mtime_ns, status.st_size)
            one = self._known[stamp] if stamp in self._known else footage(path)
            stamps[stamp] = one
            if one is not None and one.started_at < end and one.ended_at >= start:
                found.setdefault((status.st_dev, status.st_ino), one)
        self._known = stamps
        return sorted(found.values(), key=lambda one: (one.started_at, one.path))


def footage(path: Path) -> Footage | None:
    """What the clip says of itself; None for what does not play."""
    try:
        with av.open(str(path)) as source:
            said, micros = source.metadata.get("comment", ""), source.duration
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except DISK_ERRORS:
        return None
    lasts = timedelta(microseconds=micros or 0)
    try:
        about = json.loads(said)
        started_at = datetime.fromisoformat(about["started_at"])
        return Footage(path, str(about["camera"]), started_at, started_at + lasts)
    except (ValueError, KeyError, TypeError):
        # Of another program: it was finished when it was written.
        return Footage(path, "", written_at - lasts, written_at, is_exact=False)
