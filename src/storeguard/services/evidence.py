"""What the cameras kept of each visit, until its judgement decides what stays."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

from storeguard import durable
from storeguard.vision.clipfile import (
    DISK_ERRORS,
    Clip,
    ClipUnplayable,
    copy_so_far,
    drop_clips,
)
from storeguard.vision.pictures import KeptPicture, PictureKeeper, nearness
from storeguard.vision.recorder import Recording, SoFar

FINISHED_WITHIN_S = 0.5
"""So long an issue waits for clips that are recorded and being published."""

log = logging.getLogger(__name__)


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
    so_far: list[Callable[[], SoFar]] = field(default_factory=list)
    """What each recorder has of this visit by now."""

    clip_files: list[Path] = field(default_factory=list)
    """Also of clips that are just being recorded."""

    copies: list[Path] = field(default_factory=list)
    """Of clips that were not finished when somebody wanted them."""

    async def clips(self) -> tuple[Clip, ...]:
        """All of them, when the last one is finished."""
        finished = [await recording for recording in tuple(self.recordings)]
        clips = [clip for recording in finished for clip in recording.clips]
        return tuple(sorted(clips, key=lambda clip: clip.started_s))

    @property
    def is_finished(self) -> bool:
        return all(recording.done() for recording in self.recordings)

    async def clips_by_now(self) -> tuple[Clip, ...]:
        """Waits for no camera and no post-roll: of a clip that goes on there is a copy."""
        goes_on = not self.recordings or any(so_far().goes_on for so_far in self.so_far)
        if not goes_on and not self.is_finished:
            await asyncio.wait(self.recordings, timeout=FINISHED_WITHIN_S)
        if not goes_on and self.is_finished:
            return await self.clips()
        return await asyncio.to_thread(self._by_now)

    def _by_now(self) -> tuple[Clip, ...]:
        known = [so_far() for so_far in self.so_far]
        parts = [part for one in known for part in one.parts]
        copied = [copy for part, started_s in parts if (copy := self._copied(part, started_s))]
        # Asked again: what was finished meanwhile is better than its copy.
        clips = {clip.started_s: clip for clip in copied}
        clips |= {clip.started_s: clip for so_far in self.so_far for clip in so_far().clips}
        return tuple(sorted(clips.values(), key=lambda clip: clip.started_s))

    def _copied(self, part: Path, started_s: float) -> Clip | None:
        path = durable.temporary_beside(part)
        self.copies.append(path)
        try:
            frames, duration_s = copy_so_far(part, path)
        except (*DISK_ERRORS, ClipUnplayable) as error:
            log.debug("%s: no copy of what there is so far: %s", part, error)
            return None
        whole = part.with_suffix("")
        return Clip(path, started_s, started_s + duration_s, frames, copy_of=whole)

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
        self._leaving: set[asyncio.Task[None]] = set()
        self.clips_deleted = 0
        self.clips_kept = 0

    def open(self, visit_started_s: float) -> VisitRecords:
        return self._records.setdefault(visit_started_s, VisitRecords())

    async def collect(self, visit_started_s: float, near_s: float | None) -> Evidence:
        """The clips by now; the picture is the best one near `near_s`."""
        records = self._records.get(visit_started_s, VisitRecords())
        clips = await records.clips_by_now()
        return Evidence(clips, _best(records, near_s), records.fault)

    async def collect_so_far(self, visit_started_s: float, times_s: Collection[float]) -> Evidence:
        """Of a visit that is still going on: the clips that show one of the instants."""
        records = self._records.get(visit_started_s, VisitRecords())
        clips = await records.clips_by_now()
        shown = [c for c in clips if any(c.started_s <= t_s <= c.ended_s for t_s in times_s)]
        return Evidence(tuple(shown), _best(records, min(times_s, default=None)), records.fault)

    async def clips_of(self, visit_started_s: float) -> tuple[Clip, ...]:
        """The clips of a visit by now."""
        return await self._records.get(visit_started_s, VisitRecords()).clips_by_now()

    def pictures_of(self, visit_started_s: float) -> tuple[KeptPicture, ...]:
        """What the cameras have kept of a visit so far, oldest first."""
        records = self._records.get(visit_started_s, VisitRecords())
        kept = [picture for keeper in records.keepers for picture in keeper.pictures]
        return tuple(sorted(kept, key=lambda picture: picture.t_s))

    async def discard(self, visit_started_s: float) -> None:
        """The visit was clean: deletes its clips and pictures, when they are finished."""
        await self._leave(visit_started_s, self._discard)

    async def keep(self, visit_started_s: float) -> None:
        """The visit was not clean: its files stay where they are."""
        await self._leave(visit_started_s, self._keep)

    async def _leave(
        self, visit_started_s: float, go: Callable[[VisitRecords], Coroutine[None, None, None]]
    ) -> None:
        """Nobody waits for a clip that goes on; until it is finished its files are pinned."""
        records = self._records.get(visit_started_s)
        if records is None:
            return

        async def leave() -> None:
            await go(records)
            self._records.pop(visit_started_s, None)
            await asyncio.to_thread(_delete, records.copies)

        if records.is_finished:
            await leave()
        else:
            task = asyncio.create_task(leave(), name="finishing clips")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _discard(self, records: VisitRecords) -> None:
        clips = await records.clips()
        await asyncio.to_thread(_discard, clips, records.keepers)
        self.clips_deleted += len(clips)

    async def _keep(self, records: VisitRecords) -> None:
        self.clips_kept += len(await records.clips())

    def pinned(self) -> frozenset[Path]:
        """Every file of a visit that is not judged yet. In any thread."""
        records = tuple(self._records.values())
        clips = (path for record in records for path in tuple(record.clip_files))
        keepers = (keeper for record in records for keeper in tuple(record.keepers))
        return frozenset(clips) | {path for keeper in keepers for path in keeper.files}

    async def finish(self) -> None:
        """Waits for whatever is still being finished; the recorders have been closed."""
        for records in tuple(self._records.values()):
            await records.clips()
        await asyncio.gather(*self._leaving)


def _best(records: VisitRecords, near_s: float | None) -> KeptPicture | None:
    best = [p for keeper in records.keepers if (p := keeper.best(near_s)) is not None]
    return max(best, key=lambda p: nearness(p, near_s), default=None)


def _discard(clips: tuple[Clip, ...], keepers: list[PictureKeeper]) -> None:
    drop_clips(clips)
    for keeper in keepers:
        keeper.discard()


def _delete(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
