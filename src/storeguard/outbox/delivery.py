"""From the sealed folder to the bucket, and back to the receipt.

What has been done is on disk beside the issue: `.uploaded.json` grows with each file, and
`.receipt.json` is the notifier's confirmation. Both are recomputed by asking S3 again when
they are lost, because an object is written once and the same one is accepted twice.

Keys are `<store id>/<YYYY>/<MM>/<issue id>/<file>`; year and month are those of the
manifest's sealed_at in UTC, so that no change of the time zone moves an issue.
"""

import functools
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from storeguard import durable
from storeguard.domain.issue import MANIFEST
from storeguard.errors import (
    FaultCode,
    OutboxFault,
    UploadClockSkewed,
    UploadConflict,
    UploadFault,
    UploadTransient,
)
from storeguard.outbox.folder import read_manifest, unwritable
from storeguard.ports import ObjectStore
from storeguard.statefile import parsed, read_json, set_aside

UPLOADED = ".uploaded.json"
RECEIPT = ".receipt.json"
ASIDE = "damaged"
"""Where evidence goes that is not what was sealed, or whose key another object has."""

FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 15 * 60.0
CLOCK_PROBE_S = 60.0
READ_TRIES = 3
"""So often the disk may refuse a file; then the message goes without it."""

CONTENT_TYPES = {
    ".txt": "text/plain; charset=utf-8",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".mp4": "video/mp4",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
}

log = logging.getLogger(__name__)


class DeliveryState(Enum):
    """How far an issue has come, as its folder says."""

    PENDING = "pending"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Progress:
    """`files`: name → sha256 of what is in the bucket; `damaged`: name → what is wrong with it.

    `tries`: name → how often the disk refused to read it; it may yet give it.
    """

    prefix: str
    files: Mapping[str, str] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)
    tries: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The notifier's confirmation. `differing`: files that are not in the bucket as sealed."""

    text: str
    message_id: str
    sent_at: str
    differing: tuple[str, ...]


def state_of(folder: Path) -> DeliveryState:
    if kept_receipt(folder) is not None:
        return DeliveryState.CONFIRMED
    progress = progress_of(folder)
    if progress is None:
        return DeliveryState.PENDING
    return DeliveryState.UPLOADED if MANIFEST in progress.files else DeliveryState.UPLOADING


def deliver(
    folder: Path,
    store_id: str,
    objects: ObjectStore,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
    fsync: bool = True,
) -> DeliveryState:
    """Puts what is not yet in the bucket there: text, picture, clips, extra, manifest.

    `is_stopping` is asked before each file; a delivery that stopped goes on where it was.
    A file that is not the one that was sealed, or whose key another object has, is reported
    and put under `damaged/`, the rest is delivered. Raises UploadFault as the store does,
    OutboxFault when the folder cannot be read, or, after the manifest, when the progress
    could not be written.
    """
    manifest = read_manifest(folder)
    _set_damaged_aside(folder / UPLOADED, _progress)
    progress = progress_of(folder) or Progress(key_prefix(manifest, store_id))
    unrecorded: OutboxFault | None = None
    unread: OutboxFault | None = None
    for entry in [*_in_order(manifest["files"]), {"name": MANIFEST, "sha256": None}]:
        name = entry["name"]
        if name in progress.files or name in progress.damaged:
            continue
        if is_stopping() or (name == MANIFEST and unread is not None):
            break  # after the manifest nobody would come back for a file
        try:
            progress = _put(folder, entry, progress, objects)
        except _Unread as fault:
            progress, unread = _tried(progress, name), OutboxFault(str(fault))
        try:
            _record(folder, progress, fsync=fsync)
        except OutboxFault as fault:  # a full disk must not keep the message back
            unrecorded, unread = fault, None
    undone = unrecorded or unread
    if undone is not None:
        raise undone
    return state_of(folder)


class _Unread(Exception):
    """The disk has refused a file that may be whole."""


def _tried(progress: Progress, name: str) -> Progress:
    return replace(progress, tries={**progress.tries, name: progress.tries.get(name, 0) + 1})


def fetch_receipt(folder: Path, objects: ObjectStore, *, fsync: bool = True) -> Receipt | None:
    """The notifier's receipt, kept as `.receipt.json`; None while there is none.

    Raises UploadFault as the store does, and UploadTransient for an answer that is no receipt.
    """
    kept = kept_receipt(folder)
    progress = progress_of(folder)
    if kept is not None or progress is None:
        return kept
    issue_id = progress.prefix.rpartition("/")[2]
    key = f"receipts/{progress.prefix.split('/')[0]}/{issue_id}.json"
    content = objects.get(key)
    if content is None:
        return None
    receipt = _read_receipt(content, issue_id)
    if receipt is None:
        raise UploadTransient(
            f"{key}: {content[:40]!r} is no receipt of {issue_id}; check whether the network "
            "asks for a login; it is tried again"
        ).coded(FaultCode.NETWORK_LOGIN)
    _set_damaged_aside(folder / RECEIPT, functools.partial(_receipt, issue_id=None))
    _publish(folder / RECEIPT, content, fsync=fsync)
    return receipt


def next_attempt_s(
    fault: UploadFault | type[UploadFault], failures: int, random: Callable[[], float]
) -> float:
    """Seconds to wait after that many failures in a row (>= 1); `random` draws from 0..1.

    Transient faults back off from 1 s to 15 min with full jitter; a wrong clock is looked at
    every 60 s; what only a person can mend is probed every 15 min.
    """
    kind = fault if isinstance(fault, type) else type(fault)
    if issubclass(kind, UploadTransient):
        ceiling_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(failures, 30))
        return max(FIRST_BACKOFF_S, random() * ceiling_s)
    return CLOCK_PROBE_S if issubclass(kind, UploadClockSkewed) else LONGEST_BACKOFF_S


def key_prefix(manifest: Mapping[str, Any], store_id: str) -> str:
    sealed_at = datetime.fromisoformat(manifest["sealed_at"]).astimezone(UTC)
    return f"{store_id}/{sealed_at:%Y/%m}/{manifest['id']}"


def progress_of(folder: Path) -> Progress | None:
    """What is in the bucket already; None when nothing is, or when nobody can say."""
    try:
        return _progress(read_json(folder / UPLOADED))
    except (FileNotFoundError, ValueError):
        return None  # S3 knows what it has: putting it again settles it
    except OSError as error:
        raise OutboxFault(f"{folder / UPLOADED}: cannot be read: {error.strerror}") from error


def _progress(content: Any) -> Progress:
    try:
        prefix, names = content["prefix"], [content[key] for key in ("files", "damaged")]
        tries = content.get("tries", {})
        is_text = all(isinstance(one, str) for name in names for one in (*name, *name.values()))
        if not (isinstance(prefix, str) and is_text and all(map(_is_count, tries.values()))):
            raise ValueError("not names with their sha256")
        return Progress(prefix, dict(names[0]), dict(names[1]), dict(tries))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no progress of a delivery ({error!r})") from error


def _is_count(value: object) -> bool:
    return isinstance(value, int)


def _set_damaged_aside(path: Path, read: Callable[[Any], object]) -> None:
    """What cannot be read is kept under another name before a new one takes its place."""
    try:
        if read(read_json(path)) is None:
            raise ValueError("not what the notifier writes")
    except FileNotFoundError:
        return
    except ValueError as error:
        set_aside(path, error, "the bucket is asked again what it has")
    except OSError as error:
        raise OutboxFault(f"{path}: cannot be read: {error.strerror}") from error


def _put(
    folder: Path, entry: Mapping[str, Any], progress: Progress, objects: ObjectStore
) -> Progress:
    name = entry["name"]
    is_last_try = progress.tries.get(name, 0) + 1 >= READ_TRIES
    content, problem = _evidence(folder, name, entry["sha256"], is_last_try=is_last_try)
    if content is not None and problem is None:
        try:
            _send(objects, f"{progress.prefix}/{name}", content)
        except UploadConflict as conflict:
            if name == MANIFEST:
                raise
            problem = str(conflict)
        else:
            digest = hashlib.sha256(content).hexdigest()
            return replace(progress, files={**progress.files, name: digest})
    log.error("%s: %s; the other files are delivered", folder / name, problem)
    if content is not None:
        _send(objects, f"{progress.prefix}/{ASIDE}/{name}", content)
    return replace(progress, damaged={**progress.damaged, name: str(problem)})


def _send(objects: ObjectStore, key: str, content: bytes) -> None:
    objects.put(key, content, content_type=_content_type(key))


def _evidence(
    folder: Path, name: str, expected: str | None, *, is_last_try: bool
) -> tuple[bytes | None, str | None]:
    """The file's content, and what is wrong with it. Raises _Unread before the last try."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        return None, "leads out of the folder by a link and is not delivered"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None, "is gone since it was sealed"
    except OSError as error:
        problem = f"cannot be read since it was sealed: {error.strerror}"
        if not is_last_try:
            raise _Unread(f"{path}: {problem}; it is tried again") from error
        return None, problem
    found = hashlib.sha256(content).hexdigest()
    if expected not in (None, found):
        return content, f"was damaged since it was sealed (sha256 {found}, expected {expected})"
    return content, None


def _in_order(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Small first: the message needs the text, the owner the picture."""
    ranks = {".txt": 0, ".jpg": 1, ".jpeg": 1, ".mp4": 2}

    def rank(entry: dict[str, Any]) -> tuple[bool, int]:
        return "/" in entry["name"], ranks.get(Path(entry["name"]).suffix.lower(), 3)

    return sorted(files, key=rank)


def _content_type(name: str) -> str:
    return CONTENT_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


def _record(folder: Path, progress: Progress, *, fsync: bool) -> None:
    said = {name: value for name, value in asdict(progress).items() if name != "tries" or value}
    content = json.dumps(said, ensure_ascii=False, indent=1)
    _publish(folder / UPLOADED, content.encode() + b"\n", fsync=fsync)


def _publish(path: Path, content: bytes, *, fsync: bool) -> None:
    try:
        durable.publish(path, content, fsync=fsync)
    except OSError as error:
        raise unwritable(path, error) from error


def kept_receipt(folder: Path) -> Receipt | None:
    """The receipt that has been read back already; OutboxFault where the disk refuses it."""
    try:
        return _receipt(read_json(folder / RECEIPT), issue_id=None)
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise OutboxFault(f"{folder / RECEIPT}: cannot be read: {error.strerror}") from error


def _read_receipt(content: bytes, issue_id: str | None) -> Receipt | None:
    try:
        return _receipt(parsed(content), issue_id)
    except ValueError:
        return None


def _receipt(value: Any, issue_id: str | None) -> Receipt | None:
    try:
        if issue_id not in (None, value["id"]):
            return None
        return Receipt(
            str(value["text"]),
            str(value["message_id"]),
            str(value["sent_at"]),
            tuple(map(str, value["differing"])),
        )
    except (ValueError, KeyError, TypeError):
        return None
