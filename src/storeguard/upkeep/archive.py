"""The form of a backup: a zip with `manifest.json` last, and what may be in it.

Whatever comes back from a person's disk may be damaged or made by somebody else: names that lead
out, links, locked, doubled or swollen members are refused, and every byte is checked by its hash.
"""

import hashlib
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from storeguard.books import journalfile
from storeguard.books.promotions import FILE as PROMOTIONS_CSV
from storeguard.books.schema import too_new
from storeguard.books.tables import REVISIONS
from storeguard.durable import TEMPORARY_SUFFIX
from storeguard.errors import BackupInvalid
from storeguard.recovery import KIOSK_CSV, SHELF_CSV
from storeguard.restoring import PLAN
from storeguard.statefile import LAST_GOOD, parsed

FORMAT = 1
MANIFEST = "manifest.json"
CONFIG, EVENT_LOG = "config.yaml", "event.txt"
INVENTORY, STATE, ISSUES = "inventory/", "state/", "issue_data/"
JOURNAL = STATE + journalfile.FILE
BOOK_FILES = (KIOSK_CSV, SHELF_CSV, PROMOTIONS_CSV, "store_log.txt", "weight_log.txt")

DIGESTS = "digests"
NOT_STATE = frozenset({"daemon.json", "starts.json", PLAN})
"""JSON of the state folder that is about this machine now."""

NOT_TAKEN = re.compile(
    r"(^|[._-])(corrupt|unmerged)-\d|credential|secret|password|passwd|token|private|\.(pem|key)$",
    re.IGNORECASE,
)
"""What was kept aside, and whatever looks like a secret that somebody has put there."""

CHUNK_BYTES = 256 * 1024
LARGEST_MANIFEST_BYTES = 64 * 1024 * 1024
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
LOCKED = 0x1
"""A member's flag: encrypted."""

FOREIGN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(RuntimeError, ValueError, LookupError),
)
"""What zipfile raises for a file that is none, is cut short, or is garbled."""

_SAFE_PART = re.compile(r"[^\\/\x00-\x1f:]{1,255}")


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Backup:
    """The manifest. `journal`: its Alembic revision, None where there is none yet."""

    format: int
    storeguard: str
    store: str
    journal: str | None
    made_at: str
    with_issues: bool
    files: tuple[Member, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def moment(backup: Backup) -> datetime:
    return datetime.fromisoformat(backup.made_at)


def is_state_taken(parts: tuple[str, ...]) -> bool:
    """Whether a file of the state folder, by its path inside, belongs into a backup.

    Its JSON and the digests that are on their way; not ballast, locks, what was kept aside, or
    the last good configuration, in which passwords may stand.
    """
    name, *inner = parts
    if any(NOT_TAKEN.search(part) or part.endswith(TEMPORARY_SUFFIX) for part in parts):
        return False
    if inner:
        return name == DIGESTS
    known = name.removesuffix(LAST_GOOD)
    return known.endswith(".json") and known not in NOT_STATE and not known.startswith(".")


@contextmanager
def archive(path: Path) -> Iterator[zipfile.ZipFile]:
    if not path.exists():
        raise BackupInvalid(f"{path}: no such file; make one with: storeguard backup FILE")
    with _translated(path):
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except BackupInvalid:
        raise
    except FOREIGN as error:
        raise invalid(path, f"is damaged or no zip ({error})") from error


def manifest(archive: zipfile.ZipFile, path: Path) -> Backup:
    """What the backup says of itself. Raises BackupInvalid, JournalTooNew."""
    if MANIFEST not in archive.namelist():
        raise invalid(path, f"has no {MANIFEST}")
    info = archive.getinfo(MANIFEST)
    if info.flag_bits & LOCKED or info.compress_type not in COMPRESSIONS:
        raise invalid(path, f"its {MANIFEST} is packed in another way than storeguard does")
    with _translated(path):
        content = parsed(_read(archive, info, LARGEST_MANIFEST_BYTES))
    backup = _understood(content, path)
    if backup.journal is not None and backup.journal not in REVISIONS:
        raise too_new(backup.journal, f"in {path}")
    return backup


def _understood(content: Any, path: Path) -> Backup:
    try:
        version = int(content["format"])
        if version <= FORMAT:
            return _backup(content)
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise invalid(path, f"its {MANIFEST} cannot be read ({error!r})") from error
    raise BackupInvalid(
        f"{path}: is of format {version}, this storeguard knows up to {FORMAT}; update "
        "storeguard; nothing was touched"
    )


def _backup(content: Mapping[str, Any]) -> Backup:
    files = tuple(
        Member(str(f["name"]), int(f["bytes"]), str(f["sha256"])) for f in content["files"]
    )
    journal = content["journal"]
    backup = Backup(
        int(content["format"]),
        str(content["storeguard"]),
        str(content["store"]),
        None if journal is None else str(journal),
        str(content["made_at"]),
        bool(content["with_issues"]),
        files,
    )
    if moment(backup).tzinfo is None or backup.format != FORMAT:
        raise ValueError("made_at without an offset, or another format")
    return backup


def check_members(archive: zipfile.ZipFile, backup: Backup, path: Path) -> None:
    """Names stay inside, nothing is a link, each is there once and as large as it says."""
    infos = {info.filename: info for info in archive.infolist()}
    listed = {member.name: member for member in backup.files}
    if len(infos) != len(archive.infolist()) or len(listed) != len(backup.files):
        raise invalid(path, "holds a name twice")
    if infos.keys() - {MANIFEST} != listed.keys():
        strange = sorted(infos.keys() - {MANIFEST} ^ listed.keys())[0]
        raise invalid(path, f"its list and its content differ at {strange!r}")
    if CONFIG not in listed:
        raise invalid(path, f"holds no {CONFIG}")
    if (JOURNAL in listed) != (backup.journal is not None):
        raise invalid(path, f"its list and its content differ at {JOURNAL!r}")
    for name, member in listed.items():
        problem = _problem(infos[name], member)
        if problem:
            raise invalid(path, f"{name!r} {problem}")


def _problem(info: zipfile.ZipInfo, member: Member) -> str | None:
    if not _is_known(member.name):
        return "is no part of a backup"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or info.is_dir():
        return "is no plain file"
    if info.flag_bits & LOCKED or info.compress_type not in COMPRESSIONS:
        return "is packed in another way than storeguard does"
    if info.file_size != member.bytes:
        return f"has {info.file_size} bytes, expected {member.bytes}"
    return None


def _is_known(name: str) -> bool:
    parts = tuple(name.split("/"))
    if not all(part not in (".", "..") and _SAFE_PART.fullmatch(part) for part in parts):
        return False
    if name in (CONFIG, EVENT_LOG, JOURNAL):
        return True
    folder, *inner = parts
    if folder + "/" == INVENTORY:
        return len(inner) == 1 and inner[0] in BOOK_FILES
    if folder + "/" == STATE:
        return bool(inner) and is_state_taken(tuple(inner))
    return folder + "/" == ISSUES and len(inner) >= 2 and not inner[0].startswith(".")


def content(archive: zipfile.ZipFile, member: Member, path: Path) -> Iterator[bytes]:
    """The member in pieces; raises BackupInvalid at its end when it is not what was put in."""
    digest, size = hashlib.sha256(), 0
    with _translated(path), archive.open(member.name) as file:
        while chunk := file.read(CHUNK_BYTES):
            size += len(chunk)
            if size > member.bytes:
                break
            digest.update(chunk)
            yield chunk
    if size != member.bytes or digest.hexdigest() != member.sha256:
        raise invalid(path, f"{member.name!r} is not what was put in (its sha256 differs)")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most_bytes: int) -> bytes:
    with archive.open(info) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"over {most_bytes} bytes")
    return content


def invalid(path: Path, problem: str) -> BackupInvalid:
    return BackupInvalid(
        f"{path}: {problem}; expected a backup of storeguard as it was made; nothing was touched"
    )
