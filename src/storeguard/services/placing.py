"""Exhibits → files beside the issue that is about to be sealed."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storeguard import durable
from storeguard.services.exhibits import Exhibits
from storeguard.vision.clipfile import DISK_ERRORS, ClipUnplayable, place_clip

KINDS = {".mp4": "clip", ".jpg": "picture", ".svg": "curve"}

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class Placed:
    """Files on disk, not durable yet; what is missing, and why; `at_s`: a step in its clip."""

    paths: Sequence[Path] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    at_s: Mapping[str, float] = field(default_factory=dict)

    def names(self, stem: str) -> dict[str, str]:
        """Kind → name in the issue, of one step."""
        mine = [path for path in self.paths if path.stem == stem]
        return {KINDS[path.suffix]: f"extra/{path.name}" for path in mine}

    def left_out(self, why: str) -> "Placed":
        """The space is worth more to the issue itself."""
        return Placed((), {**self.missing, **{path.name: why for path in self.paths}})


def place(folder: Path, shown: Exhibits) -> Placed:
    """Writes them into a folder of their own. Blocks; where the disk refuses, they are missing."""
    missing = dict(shown.missing)
    if not shown.files:
        return Placed((), missing)
    paths = []
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in shown.files.items():
            _write(folder / name, content)
            paths.append(folder / name)
    except (*DISK_ERRORS, ClipUnplayable) as error:
        shutil.rmtree(folder, ignore_errors=True)
        log.warning("exhibits: %s: %s; the issue goes without them", folder, error)
        return Placed((), missing | dict.fromkeys(shown.files, str(error)))
    return Placed(tuple(paths), missing, shown.at_s)


def _write(path: Path, content: bytes) -> None:
    if path.suffix == ".mp4":
        place_clip(content, path)
    else:
        durable.publish(path, content, fsync=False)
