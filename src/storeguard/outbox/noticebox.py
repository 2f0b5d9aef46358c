"""The notices on disk, and how far each has come on each channel: what is here is not lost.

`state/notices/<id>/notice.json`, and beside it `<channel>.json` for every channel that has
tried. `acknowledged.json`: the owner has seen it. Everything here blocks.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from storeguard import durable
from storeguard.domain.telling import KEPT_FOR, Kind, Leg, Notice, Phase
from storeguard.errors import OutboxFault
from storeguard.outbox.folder import INCOMING, unwritable
from storeguard.statefile import read_json, set_aside

NOTICES = "notices"
"""In the state folder."""

NOTICE = "notice.json"
ACKNOWLEDGED = "acknowledged.json"
SINCE = "since.json"


class NoticeBox:
    """Raises OutboxFault when the disk refuses."""

    def __init__(self, root: Path, *, fsync: bool = True) -> None:
        self._root = root
        self._fsync = fsync

    def since(self, now: datetime) -> datetime:
        """When notices were first made here: what is older is not told any more."""
        try:
            return datetime.fromisoformat(read_json(self._root / SINCE)["since"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            set_aside(self._root / SINCE, error, "notices are told from now on")
        self._write(self._root / SINCE, {"since": now.isoformat()})
        return now

    def has(self, notice_id: str) -> bool:
        return (self._root / notice_id).exists()

    def put(self, notice: Notice) -> bool:
        """False when it is here already; a second notice of this id changes nothing."""
        if self.has(notice.id):
            return False
        staged = self._root / INCOMING / notice.id
        said = asdict(notice) | {"made_at": notice.made_at.isoformat()}
        try:
            shutil.rmtree(staged, ignore_errors=True)
            staged.mkdir(parents=True)
            durable.publish(staged / NOTICE, _encoded(said), fsync=False)
            durable.publish_folder(staged, self._root / notice.id, fsync=self._fsync)
        except OSError as error:
            raise unwritable(self._root / notice.id, error) from error
        return True

    def notices(self) -> tuple[Notice, ...]:
        """All, oldest first; what cannot be read is left out, and said."""
        found = [self._notice(folder) for folder in self._folders()]
        return tuple(sorted(filter(None, found), key=lambda one: (one.made_at, one.id)))

    def leg(self, notice_id: str, channel: str) -> Leg:
        path = self._leg_path(notice_id, channel)
        try:
            said = read_json(path)
            at = said["at"] and datetime.fromisoformat(said["at"])
            return Leg(Phase(said["phase"]), int(said["tries"]), str(said["why"]), at)
        except FileNotFoundError:
            return Leg()
        except (ValueError, KeyError, TypeError) as error:
            set_aside(path, error, "it is sent once more")
            return Leg()
        except OSError as error:
            raise OutboxFault(f"{path}: cannot be read: {error.strerror}") from error

    def record(self, notice_id: str, channel: str, leg: Leg) -> None:
        """Durable when it returns."""
        at = leg.at.isoformat() if leg.at else None
        said = {"phase": leg.phase.value, "tries": leg.tries, "why": leg.why, "at": at}
        self._write(self._leg_path(notice_id, channel), said)

    def acknowledge(self, notice_id: str, by: str, at: datetime) -> bool:
        """The owner has seen it; False for no such notice."""
        folder = self._root / notice_id
        if not folder.is_dir():
            return False
        if not (folder / ACKNOWLEDGED).exists():
            self._write(folder / ACKNOWLEDGED, {"by": by, "at": at.isoformat()})
        return True

    def acknowledged(self, notice_id: str) -> Mapping[str, Any] | None:
        """Who has seen it and when; None when nobody has."""
        try:
            said: Mapping[str, Any] = read_json(self._root / notice_id / ACKNOWLEDGED)
        except (OSError, ValueError):
            return None
        return said

    def sweep(self, now: datetime) -> None:
        """Notices of long ago go, and what a power cut has left half made."""
        shutil.rmtree(self._root / INCOMING, ignore_errors=True)
        for notice in self.notices():
            if now - notice.made_at > KEPT_FOR:
                shutil.rmtree(self._root / notice.id, ignore_errors=True)

    def _folders(self) -> list[Path]:
        try:
            return [path for path in self._root.iterdir() if (path / NOTICE).is_file()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise OutboxFault(f"{self._root}: cannot be read: {error.strerror}") from error

    def _notice(self, folder: Path) -> Notice | None:
        try:
            said = read_json(folder / NOTICE)
            made_at, kind = datetime.fromisoformat(said.pop("made_at")), Kind(said.pop("kind"))
            issues = tuple(said.pop("issues"))
            return Notice(made_at=made_at, kind=kind, issues=issues, **said)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            set_aside(folder / NOTICE, error, "this notice is not told")
            return None
        except OSError as error:
            raise OutboxFault(f"{folder}: cannot be read: {error.strerror}") from error

    def _leg_path(self, notice_id: str, channel: str) -> Path:
        return self._root / notice_id / f"{channel}.channel.json"

    def _write(self, path: Path, said: Mapping[str, Any]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            durable.publish(path, _encoded(said), fsync=self._fsync)
        except OSError as error:
            raise unwritable(path, error) from error


def _encoded(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"
