"""Loose clips that somebody has asked to see: they stay until the request is answered."""

from collections.abc import Collection
from pathlib import Path

from storeguard.books.viewings import ViewingsFile
from storeguard.vision.footage import Footages


class AskedFor:
    """The clips in record/ of requests that wait for an answer. Blocks.

    The file is read each time: the console's desk writes it.
    """

    def __init__(self, state: Path, record: Path) -> None:
        self._state = state
        self._record = record
        self._footages = Footages()

    def clips(self) -> Collection[Path]:
        waiting = [one for one in ViewingsFile(self._state).all() if one.outcome is None]
        loose = sorted(self._record.glob("*.mp4")) if waiting else []
        return {
            found.path
            for one in waiting
            for found in self._footages.between(loose, one.start, one.end)
        }
