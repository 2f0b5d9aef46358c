"""Several files replaced together: a kill leaves the old ones, or a plan that is finished later.

The new files are staged beside their targets. Publishing the plan in the state folder is the one
moment at which the restore happens; from there on `finish` carries it out, in this process or at
the next start. What is replaced is moved to `before-restore-<time>/` beside its place.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storeguard import durable
from storeguard.statefile import read_json, set_aside

PLAN = "restore.json"
INCOMING = ".restore-incoming"
KEPT = "before-restore-"
LARGEST_PLAN_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Move:
    """`staged` becomes `target`, whose old content becomes `kept`; None: it only goes."""

    staged: Path | None
    target: Path
    kept: Path

    def as_json(self) -> list[str | None]:
        return [None if self.staged is None else str(self.staged), str(self.target), str(self.kept)]

    @classmethod
    def read(cls, content: Any) -> "Move":
        staged, target, kept = content
        return cls(None if staged is None else Path(staged), Path(target), Path(kept))


def commit(state: Path, moves: Sequence[Move]) -> None:
    """From here on the restore has happened; the staged files are durable before this."""
    content = json.dumps([move.as_json() for move in moves], ensure_ascii=False, indent=1)
    durable.publish(state / PLAN, content.encode())


def finish(state: Path) -> bool:
    """Carries out a plan that a kill has left; False when there is none. Only under the lock."""
    plan = state / PLAN
    try:
        moves = [Move.read(move) for move in read_json(plan, largest_bytes=LARGEST_PLAN_BYTES)]
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (ValueError, TypeError) as error:
        meaning = "a restore was not finished; run storeguard restore FILE again"
        set_aside(plan, error, meaning)
        return False
    for move in moves:
        _apply(move)
    for folder in {path.parent for move in moves for path in (move.target, move.kept)}:
        if folder.is_dir():
            durable.fsync_folder(folder)
    plan.unlink()
    durable.fsync_folder(state)
    sweep(move.staged.parent for move in moves if move.staged is not None)
    return True


def sweep(folders: Iterable[Path]) -> None:
    """Removes what a restore has staged and not planned. Only where no plan is left."""
    for folder in set(folders):
        staging = folder if INCOMING in folder.parts else folder / INCOMING
        while staging.name != INCOMING:
            staging = staging.parent
        shutil.rmtree(staging, ignore_errors=True)


def _apply(move: Move) -> None:
    if move.staged is not None and not move.staged.exists():
        return  # by an earlier attempt
    if move.target.exists() and not move.kept.exists():
        move.kept.parent.mkdir(parents=True, exist_ok=True)
        if move.staged is None:
            durable.rename(move.target, move.kept)
        else:  # never without a file: the configuration tells the next start where the plan is
            durable.keep_as(move.target, move.kept)
    if move.staged is not None:
        move.target.parent.mkdir(parents=True, exist_ok=True)
        durable.rename(move.staged, move.target)
