"""What the cameras kept of each visit, until its judgement decides what stays."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from storeguard.vision.clipfile import Clip, drop_clips
from storeguard.vision.pictures import KeptPicture, PictureKeeper, nearness
from storeguard.vision.recorder import Recording


@dataclass(frozen=True, slots=True)
class Evidence:
    """Clips and the best picture of a visit; `why_missing` says why there is none."""

    clips: tuple[Clip, ...] = ()
    picture: KeptPicture | None = None
    why_missing: str | None = None


@dataclass(slots=True)
class VisitRecords:
    """One visit's recordings, some of them still being finished."""

    keepers: list[PictureKeeper] = field(default_factory=list)
    recordings: "list[asyncio.Future[Recording]]" = field(default_factory=list)
    running: list[Callable[[], tuple[Clip, ...]]] = field(default_factory=list)
    """What each recorder has finished of this visit so far."""

    clip_files: list[Path] = field(default_factory=list)
    """Also of clips that are just being recorded."""

    async def clips(self) -> tuple[Clip, ...]:
        finished = [await recording for recording in tuple(self.recordings)]
        clips = [clip for recording in finished for clip in recording.clips]
        return tuple(sorted(clips, key=lambda clip: clip.started_s))

    @property
    def fault(self) -> str | None:
        done = (one for one in self.recordings if one.done() and not one.cancelled())
        faults = [recording.result().fault for recording in done if not recording.exception()]
        faults += [keeper.fault for keeper in self.keepers]
        return next((fault for fault in faults if fault), None)


class EvidenceRoom:
    """The records of all visits that are not judged yet, by the time at which they began."""

    def __init__(self) -> None:
        self._records: dict[float, VisitRecords] = {}
        self.clips_deleted = 0
        self.clips_kept = 0

    def open(self, visit_started_s: float) -> VisitRecords:
        return self._records.setdefault(visit_started_s, VisitRecords())

    async def collect(self, visit_started_s: float, near_s: float | None) -> Evidence:
        """Waits for the clips to be finished; the picture is the best one near `near_s`."""
        records = self._records.get(visit_started_s, VisitRecords())
        clips = await records.clips()
        best = [p for keeper in records.keepers if (p := keeper.best(near_s)) is not None]
        picture = max(best, key=lambda p: nearness(p, near_s), default=None)
        return Evidence(clips, picture, records.fault)

    async def collect_so_far(self, visit_started_s: float, times_s: Collection[float]) -> Evidence:
        """Of a visit that is still going on: the finished clips that show one of the instants."""
        records = self._records.get(visit_started_s, VisitRecords())
        clips = [clip for so_far in records.running for clip in so_far()]
        shown = [c for c in clips if any(c.started_s <= t_s <= c.ended_s for t_s in times_s)]
        near_s = min(times_s, default=None)
        best = [p for keeper in records.keepers if (p := keeper.best(near_s)) is not None]
        picture = max(best, key=lambda p: nearness(p, near_s), default=None)
        return Evidence(tuple(shown), picture, records.fault)

    async def clips_of(self, visit_started_s: float, *, is_over: bool) -> tuple[Clip, ...]:
        """The finished clips of a visit, all of them where it is over."""
        records = self._records.get(visit_started_s, VisitRecords())
        if is_over:
            return await records.clips()
        return tuple(clip for so_far in records.running for clip in so_far())

    def pictures_of(self, visit_started_s: float) -> tuple[KeptPicture, ...]:
        """What the cameras have kept of a visit so far, oldest first."""
        records = self._records.get(visit_started_s, VisitRecords())
        kept = [picture for keeper in records.keepers for picture in keeper.pictures]
        return tuple(sorted(kept, key=lambda picture: picture.t_s))

    async def discard(self, visit_started_s: float) -> int:
        """The visit was clean: deletes its clips and pictures; returns how many clips."""
        records = self._records.pop(visit_started_s, None)
        if records is None:
            return 0
        clips = await records.clips()
        await asyncio.to_thread(_delete, clips, records.keepers)
        self.clips_deleted += len(clips)
        return len(clips)

    async def keep(self, visit_started_s: float) -> int:
        """The visit was not clean: its files stay where they are; returns how many clips."""
        records = self._records.pop(visit_started_s, None)
        clips = () if records is None else await records.clips()
        self.clips_kept += len(clips)
        return len(clips)

    def pinned(self) -> frozenset[Path]:
        """Every file of a visit that is not judged yet. In any thread."""
        records = tuple(self._records.values())
        clips = (path for record in records for path in tuple(record.clip_files))
        keepers = (keeper for record in records for keeper in tuple(record.keepers))
        return frozenset(clips) | {path for keeper in keepers for path in keeper.files}

    async def finish(self) -> None:
        """Waits for whatever is still being finished; the recorders have been closed."""
        for records in self._records.values():
            await records.clips()


def _delete(clips: tuple[Clip, ...], keepers: list[PictureKeeper]) -> None:
    drop_clips(clips)
    for keeper in keepers:
        keeper.discard()
