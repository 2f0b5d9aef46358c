"""A backup put back: everything is read, checked and staged before one old file is touched."""

import os
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storeguard import config as cfg
from storeguard import durable, marker, restoring
from storeguard.books import journalfile
from storeguard.clock import Clock
from storeguard.config import Config, Folders
from storeguard.errors import BackupInvalid, ForeignFolder, JournalFault, masked
from storeguard.lock import FolderLock, make_folder
from storeguard.restoring import INCOMING, KEPT, Move
from storeguard.upkeep import archive as archives
from storeguard.upkeep.archive import (
    CONFIG,
    EVENT_LOG,
    INVENTORY,
    ISSUES,
    STATE,
    Backup,
    Member,
    is_state_taken,
)

SPARE_BYTES = 16 * 1024 * 1024
"""Of the disk, left free after staging."""


@dataclass(frozen=True, slots=True)
class Restored:
    """`lost_sales`: recorded since the backup was made; None where the old journal cannot say."""

    backup: Backup
    at: datetime
    lost_sales: int | None
    lost_won: int | None
    kept: tuple[Path, ...]
    unknown_passwords: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where things go, and what they are called while they are on their way."""

    config_path: Path
    folders: Folders
    label: str

    def target(self, name: str) -> Path:
        if name == CONFIG:
            return self.config_path
        if name == EVENT_LOG:
            return self.folders.event_log
        for prefix, folder in self._folders():
            if name.startswith(prefix):
                return folder / name.removeprefix(prefix)
        raise BackupInvalid(f"{name}: is no part of a backup")

    def staged(self, name: str) -> Path:
        if name.startswith(ISSUES):
            return self.folders.issue_data / INCOMING / name.removeprefix(ISSUES)
        return self._beside(name, INCOMING)

    def kept(self, name: str) -> Path:
        return self._beside(name, KEPT + self.label)

    def _beside(self, name: str, folder: str) -> Path:
        target = self.target(name)
        for prefix, root in self._folders():
            if name.startswith(prefix):
                return root / folder / target.relative_to(root)
        return target.parent / folder / target.name

    def _folders(self) -> tuple[tuple[str, Path], ...]:
        where = self.folders
        return ((INVENTORY, where.inventory), (STATE, where.state), (ISSUES, where.issue_data))

    def staging_folders(self) -> tuple[Path, ...]:
        where = self.folders
        beside = (self.config_path.parent, where.event_log.parent)
        return (*beside, where.inventory, where.state, where.issue_data)


def restore(path: Path, config_path: Path, clock: Clock, *, other_store: bool = False) -> Restored:
    """Puts the backup back. Raises AlreadyRunning beside a daemon, BackupInvalid, ForeignFolder,
    JournalTooNew, ConfigInvalid; nothing is touched then."""
    with archives.archive(path) as archive:
        backup = archives.manifest(archive, path)
        archives.check_members(archive, backup, path)
        text, unknown = _config_text(archive, backup, config_path, path)
        config = cfg.parse(text, f"{path}: {CONFIG}")
        here = cfg.load(config_path) if config_path.exists() else None
        _check_store(backup, config, here, path, other_store=other_store)
        folders = _folders(config, here, config_path, path)
        make_folder(folders.state)
        lock = FolderLock(folders.state)
        lock.acquire()
        try:
            restoring.finish(folders.state)
            if not other_store:
                marker.check(folders, backup.store)
            place = _Place(config_path.resolve(), folders, f"{clock.utc():%Y%m%d-%H%M%S}")
            lost = _lost(folders.state, backup)
            kept = _replace(archive, backup, place, text.encode(), path)
        finally:
            lock.release()
    return Restored(backup, clock.utc(), *lost, kept, unknown)


def _replace(
    archive: zipfile.ZipFile, backup: Backup, place: _Place, config: bytes, path: Path
) -> tuple[Path, ...]:
    """Stages, commits, carries out; the folders that hold what was replaced."""
    restoring.sweep(place.staging_folders())
    wanted = [member for member in backup.files if not _is_known_issue(member.name, place)]
    try:
        _refuse_full(place, sum(member.bytes for member in wanted), path)
        for member in wanted:
            _stage(archive, member, place, config, path)
        moves = _moves(wanted, backup, place)
        for folder in {m.staged.parent for m in moves if m.staged} | {*place.staging_folders()}:
            _settle(folder)
    except BaseException:
        restoring.sweep(place.staging_folders())
        raise
    restoring.commit(place.folders.state, moves)
    restoring.finish(place.folders.state)
    kept = {move.kept.parent for move in moves if move.kept.exists()}
    return tuple(sorted(kept))


def _settle(folder: Path) -> None:
    for inner in (folder, *folder.parents[:1]):
        if inner.is_dir():
            durable.fsync_folder(inner)


def _is_known_issue(name: str, place: _Place) -> bool:
    """A sealed issue never changes; what is here knows more of its delivery."""
    if not name.startswith(ISSUES):
        return False
    return (place.folders.issue_data / name.split("/")[1]).exists()


def _stage(
    archive: zipfile.ZipFile, member: Member, place: _Place, config: bytes, path: Path
) -> None:
    staged = place.staged(member.name)
    staged.parent.mkdir(parents=True, exist_ok=True)
    with durable.publishing(staged) as file:
        for chunk in archives.content(archive, member, path):
            if member.name != CONFIG:
                file.write(chunk)
        if member.name == CONFIG:
            file.write(config)
    _give_to_owner(staged, place)


def _give_to_owner(staged: Path, place: _Place) -> None:
    """An installer may be root; the daemon that has to write these files is not."""
    if os.geteuid() != 0:
        return
    owner = place.folders.state.stat()
    for path in (staged, *staged.parents):
        os.chown(path, owner.st_uid, owner.st_gid)
        if path.name == INCOMING or path.parent.name == INCOMING:
            break


def _moves(wanted: Sequence[Member], backup: Backup, place: _Place) -> list[Move]:
    """First what must not lie beside the restored state: above all the old journal's -wal."""
    state = place.folders.state
    names = {member.name for member in backup.files}
    moves = []
    for old in sorted(state.iterdir(), key=lambda old: (old.name != journalfile.WAL, old.name)):
        name = STATE + old.name
        is_journals = old.name in (journalfile.WAL, journalfile.INDEX, journalfile.FILE)
        is_replaced = is_journals or (old.is_file() and is_state_taken((old.name,)))
        if is_replaced and name not in names:
            moves.append(Move(None, old, place.kept(name)))
    issues = {member.name.split("/")[1] for member in wanted if member.name.startswith(ISSUES)}
    root = place.folders.issue_data
    for issue in sorted(issues):
        moves.append(Move(root / INCOMING / issue, root / issue, root / (KEPT + issue)))
    for member in wanted:
        if not member.name.startswith(ISSUES):
            name = member.name
            moves.append(Move(place.staged(name), place.target(name), place.kept(name)))
    return moves + _markers(backup, place)


def _markers(backup: Backup, place: _Place) -> list[Move]:
    """Another store's markers go with what they marked; the next start makes new ones."""
    where = place.folders
    folders = (where.inventory, where.record, where.issue_data, where.state)
    foreign = [folder for folder in folders if marker.store_of(folder) not in (None, backup.store)]
    kept = KEPT + place.label
    return [Move(None, folder / marker.MARKER, folder / kept / marker.MARKER) for folder in foreign]


def _config_text(
    archive: zipfile.ZipFile, backup: Backup, config_path: Path, path: Path
) -> tuple[str, int]:
    """The configuration with the passwords that this device still has; how many it has not."""
    [member] = [member for member in backup.files if member.name == CONFIG]
    if member.bytes > cfg.LARGEST_BYTES:
        raise archives.invalid(path, f"its {CONFIG} has {member.bytes} bytes")
    try:
        text = b"".join(archives.content(archive, member, path)).decode()
    except UnicodeDecodeError as error:
        raise archives.invalid(path, f"its {CONFIG} is not UTF-8") from error
    here = config_path.read_text(encoding="utf-8-sig") if config_path.exists() else ""
    known = {masked(line): line for line in here.splitlines() if masked(line) != line}
    lines = [known.get(line, line) for line in text.splitlines(keepends=False)]
    unknown = sum("//***@" in line for line in lines)
    return "\n".join((*lines, "")), unknown


# --- where it goes


def _check_store(
    backup: Backup, config: Config, here: Config | None, path: Path, *, other_store: bool
) -> None:
    if config.store.id != backup.store:
        raise archives.invalid(
            path, f"is of store '{backup.store}', its {CONFIG} of '{config.store.id}'"
        )
    if here is not None and here.store.id != backup.store and not other_store:
        raise ForeignFolder(
            f"D310 {path}: is a backup of store '{backup.store}', this is '{here.store.id}'; take "
            "its own backup, or, to make this device that store, add --other-store; nothing was "
            "touched (다른 매장의 백업입니다.)"
        )


def _folders(config: Config, here: Config | None, config_path: Path, path: Path) -> Folders:
    """The folders of this device: a backup does not say where on it something is written."""
    if here is not None and here.paths != config.paths:
        raise BackupInvalid(
            f"{path}: its {CONFIG} has other paths than {config_path}; make them the same in "
            f"{config_path}, then restore; nothing was touched"
        )
    for inner in config.paths.model_dump().values():
        leads_out = Path(inner).is_absolute() or ".." in Path(inner).parts
        if here is None and leads_out:
            raise BackupInvalid(
                f"{path}: its {CONFIG} has the path {inner!r}; write these paths into "
                f"{config_path} yourself, then restore; nothing was touched"
            )
    return Folders.of(config, config_path.parent)


def _refuse_full(place: _Place, needed_bytes: int, path: Path) -> None:
    free = shutil.disk_usage(place.folders.state).free
    if needed_bytes + SPARE_BYTES > free:
        raise BackupInvalid(
            f"{path}: unpacks to {needed_bytes} bytes, {free} are free on this disk; make room, "
            "then restore; nothing was touched"
        )


def _lost(state: Path, backup: Backup) -> tuple[int | None, int | None]:
    if not (state / journalfile.FILE).exists():
        return 0, 0
    label = f"{archives.moment(backup).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    try:
        return journalfile.sold_since(state, label)
    except JournalFault:
        return None, None
