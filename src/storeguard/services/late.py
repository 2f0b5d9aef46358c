"""Clips that were not ready when their issue was sealed: made from the sealed folder.

Of a step, where the machine was busy; of the visit, whole, where its recording went on. So they
come after a busy hour, and after a kill, too.
"""

import asyncio
import logging
import re
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storeguard.domain.events import Event, IssueSealed
from storeguard.errors import OutboxFault
from storeguard.outbox import later
from storeguard.outbox.folder import EXTRA, INCOMING, placed_at, read_manifest, sealed_issues
from storeguard.services.bus import Bus
from storeguard.services.exhibits import TOO_LATE, low_priority
from storeguard.vision.clipfile import DISK_ERRORS, PART_SUFFIX, Clip, ClipUnplayable, place_clip
from storeguard.vision.moments import Mark, moment_of

NEWEST = 20
"""So many issues are looked at after a start."""

AGAIN_S = 2.0
"""So soon a recording that went on is looked for again."""

STEP_NAME = re.compile(r"step-(\d+)\.")

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class _Owed:
    """A clip that an issue lacks: its name, its step, and where that is in which clip."""

    name: str
    step: Mapping[str, Any]
    clip: Path
    at_s: float

    def make(self, path: Path) -> dict[str, Any]:
        """Writes it; returns what is to be listed of its step."""
        step = self.step
        clip = Clip(self.clip, 0.0, float("inf"), 0)
        moment = moment_of([clip], Mark(self.at_s, f"{step['scale']}  {step['grams']:+,.0f} g"))
        place_clip(moment.mp4, path)
        shown = {"clip": f"{EXTRA}/{self.name}"}
        at = {"scale": step["scale"], "at": step["at"]}
        return {**at, "shown": shown, "shown_at_s": moment.at_s}


class LateClips:
    """Works in a thread that gives way to all else. `record`: where the recordings are."""

    def __init__(self, root: Path, record: Path, bus: Bus, *, fsync: bool = True) -> None:
        self._root = root
        self._record = record
        self._fsync = fsync
        self._sealed: list[str] = []
        self._has_work = asyncio.Event()
        bus.subscribe(self._on_event)

    async def run(self) -> None:
        """What a kill has left undone, then what is sealed, until it is cancelled."""
        folders = await asyncio.to_thread(sealed_issues, self._root)
        self._sealed[:0] = [folder.name for folder in folders[-NEWEST:]]
        with ThreadPoolExecutor(1, "late clips", low_priority) as worker:
            while True:
                self._has_work.clear()
                await self._run_once(worker)
                with suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_S if self._sealed else None):
                        await self._has_work.wait()

    async def _run_once(self, worker: ThreadPoolExecutor) -> None:
        """Those whose clips are still being recorded stay for the next time."""
        loop = asyncio.get_running_loop()
        waiting = []
        while self._sealed:
            name = self._sealed.pop(0)
            if not await loop.run_in_executor(worker, self._of, self._root / name):
                waiting.append(name)
        self._sealed = waiting

    def _on_event(self, event: Event) -> None:
        if isinstance(event, IssueSealed):
            self._sealed.append(event.id)
            self._has_work.set()

    def _of(self, folder: Path) -> bool:
        """False while a clip is still being recorded. A disk that refuses is tried again after
        the next start."""
        place = self._root / INCOMING / f"{folder.name}.later"
        try:
            if (folder / later.LATER).exists():
                return True
            manifest = read_manifest(folder)
            recordings = _recordings(manifest, self._record)
            if any(_goes_on(path) for path in recordings.values()):
                return False
            self._add(folder, manifest, place, recordings)
        except (*DISK_ERRORS, OutboxFault, ClipUnplayable, ValueError) as error:
            log.warning("issue %s: no later clip of it: %s", folder.name, error)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        return True

    def _add(
        self,
        folder: Path,
        manifest: Mapping[str, Any],
        place: Path,
        recordings: Mapping[str, Path],
    ) -> None:
        wanted = {name: path for name, path in recordings.items() if path.exists()}
        owed = list(_owed_by(folder, manifest, wanted))
        if not owed and not wanted:
            return
        place.mkdir(parents=True, exist_ok=True)
        whole = [place / name for name, path in wanted.items() if placed_at(path, place / name)]
        steps = [one.make(place / one.name) for one in owed]
        files = [*whole, *(place / one.name for one in owed)]
        if later.add(folder, files, steps, fsync=self._fsync):
            log.debug("issue %s: clips have come that were not ready: %d", folder.name, len(files))


def _recordings(manifest: Mapping[str, Any], record: Path) -> dict[str, Path]:
    """Each clip that went on when the issue was sealed → the recording that it is a part of."""
    return {name: record / called for name, called in later.unfinished(manifest).items()}


def _goes_on(recording: Path) -> bool:
    part = recording.with_name(recording.name + PART_SUFFIX)
    return part.exists() and not recording.exists()


def _owed_by(
    folder: Path, manifest: Mapping[str, Any], whole: Mapping[str, Path]
) -> Iterator[_Owed]:
    late = {n for n, why in manifest.get("evidence_missing", {}).items() if why == TOO_LATE}
    late = {name for name in late if name.endswith(".mp4")}
    unpaid = [step for step in manifest.get("steps", ()) if step["unpaid"]]
    for number, step in enumerate(unpaid, 1):
        names = STEP_NAME.findall(" ".join(step["shown"].values())) or [str(number)]
        name, clip = f"step-{names[0]}.mp4", step["clip"]
        if name in late and clip is not None:
            yield _Owed(name, step, whole.get(clip, folder / clip), step["clip_offset_s"])
