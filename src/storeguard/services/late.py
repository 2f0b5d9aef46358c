"""The clip of a step that was not ready when its issue was sealed: made from the sealed folder.

So it comes after a busy hour, and after a kill, too.
"""

import asyncio
import logging
import re
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storeguard.domain.events import Event, IssueSealed
from storeguard.errors import OutboxFault
from storeguard.outbox import later
from storeguard.outbox.folder import EXTRA, INCOMING, read_manifest, sealed_issues
from storeguard.services.bus import Bus
from storeguard.services.exhibits import TOO_LATE, low_priority
from storeguard.vision.clipfile import DISK_ERRORS, Clip, ClipUnplayable, place_clip
from storeguard.vision.moments import Mark, moment_of

NEWEST = 20
"""So many issues are looked at after a start."""

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
    """Works in a thread that gives way to all else."""

    def __init__(self, root: Path, bus: Bus, *, fsync: bool = True) -> None:
        self._root = root
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
                await self._run_once(worker)
                self._has_work.clear()
                await self._has_work.wait()

    async def _run_once(self, worker: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while self._sealed:
            await loop.run_in_executor(worker, self._of, self._root / self._sealed.pop(0))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, IssueSealed):
            self._sealed.append(event.id)
            self._has_work.set()

    def _of(self, folder: Path) -> None:
        """A disk that refuses is tried again after the next start."""
        place = self._root / INCOMING / f"{folder.name}.later"
        try:
            owed = [] if (folder / later.LATER).exists() else list(_owed_by(folder))
            if not owed:
                return
            place.mkdir(parents=True, exist_ok=True)
            steps = [one.make(place / one.name) for one in owed]
            if later.add(folder, [place / one.name for one in owed], steps, fsync=self._fsync):
                log.info("issue %s: its step clips have come: %d", folder.name, len(owed))
        except (*DISK_ERRORS, OutboxFault, ClipUnplayable, ValueError) as error:
            log.warning("issue %s: no later clip of a step: %s", folder.name, error)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _owed_by(folder: Path) -> Iterator[_Owed]:
    manifest = read_manifest(folder)
    late = {n for n, why in manifest.get("evidence_missing", {}).items() if why == TOO_LATE}
    late = {name for name in late if name.endswith(".mp4")}
    unpaid = [step for step in manifest.get("steps", ()) if step["unpaid"]]
    for number, step in enumerate(unpaid, 1):
        names = STEP_NAME.findall(" ".join(step["shown"].values())) or [str(number)]
        name = f"step-{names[0]}.mp4"
        if name in late and step["clip"] is not None:
            yield _Owed(name, step, folder / step["clip"], step["clip_offset_s"])
