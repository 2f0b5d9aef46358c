"""From the sealed folder to the bucket, and back to the receipt.

Keys are `<store id>/<YYYY>/<MM>/<issue id>/<file>`; year and month are those of the
manifest's sealed_at in UTC, so that no change of the time zone moves an issue. What has been
done is on disk beside the issue (progress.py). Everything here blocks.
"""

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storeguard.domain.delivery import (
    ASIDE,
    NOTICE,
    PART_BYTES,
    Begun,
    DeliveryState,
    Progress,
    Stage,
    in_order,
    is_of_message,
    next_attempt_s,
    next_prefix,
    sequence,
)
from storeguard.domain.issue import MANIFEST
from storeguard.errors import FaultCode, OutboxFault, UploadConflict, UploadTransient
from storeguard.outbox.folder import encoded, read_manifest
from storeguard.outbox.later import LATER, read_later
from storeguard.outbox.progress import (
    RECEIPT,
    Receipt,
    kept_receipt,
    progress_of,
    publish,
    read_receipt,
    record,
    set_damaged_aside,
    state_of,
)
from storeguard.ports import ObjectStore

__all__ = [
    "DeliveryState",
    "Progress",
    "PutOff",
    "Receipt",
    "Stage",
    "ask_again",
    "deliver",
    "fetch_receipt",
    "has_more",
    "kept_receipt",
    "key_prefix",
    "next_attempt_s",
    "progress_of",
    "state_of",
]

TEXT_ONLY = "text_only"
"""In a manifest whose pictures and clips have stayed in the store."""

OF_MANIFEST = frozenset({MANIFEST, NOTICE})

WORDS = (".txt", ".csv", ".json")

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


def deliver(
    folder: Path,
    store_id: str,
    objects: ObjectStore,
    *,
    stage: Stage = Stage.ALL,
    is_stopping: Callable[[], bool] = lambda: False,
    on_sent: Callable[[], None] = lambda: None,
    is_text_only: bool = False,
    fsync: bool = True,
) -> DeliveryState:
    """Puts what is not yet in the bucket there: text, picture, notice, clips, extra, manifest.

    `stage` MESSAGE ends before the first clip; an issue without clips is then whole.
    `is_stopping` is asked before each file; a delivery that stopped goes on where it was.
    `on_sent` is called after each, and after each part of a large one; a store that raises PutOff
    ends it likewise. `is_text_only`: no picture and no clip leaves the store, and the manifest
    names none. A file that is not the one that was sealed, or whose key another object has, is
    reported and put under `damaged/`, the rest is delivered; a manifest whose key another object
    has goes, with all files, under the next free id. Raises UploadFault as the store does,
    OutboxFault when the folder cannot be read, or, after the manifest, when the progress could not
    be written.
    """
    manifest = read_manifest(folder)
    if is_text_only:
        manifest = _words_of(manifest)
    set_damaged_aside(folder)
    progress = progress_of(folder) or Progress(key_prefix(manifest, store_id))
    run = _Run(folder, manifest, objects, stage, is_stopping, on_sent, fsync)
    while True:
        try:
            run.deliver(progress)
        except _KeyTaken as taken:
            progress = taken.progress
            record(folder, progress, fsync=fsync)
        else:
            return state_of(folder)


class PutOff(BaseException):
    """Something more urgent has come: the file on its way is given up, and sent again later.

    Raised out of the sending of its bytes, so it is none of what botocore catches and repeats.
    """


class _Unread(Exception):
    """The disk has refused a file that may be whole."""


class _KeyTaken(Exception):
    """Another object has the manifest's key; `progress` begins under the next one."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress


class _Run:
    """One go at one folder."""

    def __init__(
        self,
        folder: Path,
        manifest: Mapping[str, Any],
        objects: ObjectStore,
        stage: Stage,
        is_stopping: Callable[[], bool],
        on_sent: Callable[[], None],
        fsync: bool,
    ) -> None:
        self._folder = folder
        self._manifest = manifest
        self._objects = objects
        self._stage = stage
        self._is_stopping = is_stopping
        self._on_sent = on_sent
        self._fsync = fsync

    def deliver(self, progress: Progress) -> None:
        """All files that are still to go. Raises what the last trouble was."""
        unrecorded: OutboxFault | None = None
        unread: OutboxFault | None = None
        entries = self._entries()
        wanted = [entry["name"] for entry in entries]
        for entry in entries:
            name = entry["name"]
            if progress.has_settled(name):
                continue
            if self._is_over(name) or (name == MANIFEST and unread is not None):
                break  # after the manifest nobody would come back for a file
            try:
                progress = self._put(entry, progress, wanted)
            except PutOff:
                break
            except _Unread as fault:
                progress, unread = progress.tried(name), OutboxFault(str(fault))
            try:
                record(self._folder, progress, fsync=self._fsync)
            except OutboxFault as fault:  # a full disk must not keep the message back
                unrecorded, unread = fault, None
        undone = unrecorded or unread
        if undone is not None:
            raise undone

    def _entries(self) -> list[Mapping[str, Any]]:
        """All that goes, in order; what came later, with its list, before the manifest."""
        *entries, manifest = sequence(self._manifest["files"])
        came = None if self._manifest.get(TEXT_ONLY) else read_later(self._folder)
        if came is None:
            return [*entries, manifest]
        return [*entries, *in_order(came["files"]), {"name": LATER, "sha256": None}, manifest]

    def _is_over(self, name: str) -> bool:
        is_soon = name in OF_MANIFEST or is_of_message(name)
        return (self._stage is Stage.MESSAGE and not is_soon) or self._is_stopping()

    def _put(
        self, entry: Mapping[str, Any], progress: Progress, wanted: Collection[str]
    ) -> Progress:
        name = entry["name"]
        is_last_try = progress.tries.get(name, 0) + 1 >= READ_TRIES
        content, problem = self._evidence(entry, progress, is_last_try=is_last_try)
        if content is not None and problem is None:
            try:
                self._send(name, content, progress)
            except UploadConflict as conflict:
                if name in OF_MANIFEST:
                    raise self._elsewhere(progress, conflict) from conflict
                problem = str(conflict)
            else:
                return progress.sent(name, hashlib.sha256(content).hexdigest(), wanted)
        log.error("%s: %s; the other files are delivered", self._folder / name, problem)
        if content is not None:
            with suppress(UploadConflict):  # an earlier try has put something there
                self._send(f"{ASIDE}/{name}", content, progress)
        return progress.spoilt(name, str(problem), wanted)

    def _send(self, where: str, content: bytes, progress: Progress) -> None:
        key, kind = f"{progress.prefix}/{where}", _content_type(where)
        if len(content) <= PART_BYTES:
            self._objects.put(key, content, content_type=kind)
            self._on_sent()
            return

        def on_part(begun: Begun | None) -> None:
            self._on_sent()
            with suppress(OutboxFault):  # a full disk keeps nothing back: a kill costs the parts
                record(self._folder, progress.with_begun(where, begun), fsync=self._fsync)

        self._objects.put_in_parts(
            key, content, content_type=kind, begun=progress.begun.get(where), on_part=on_part
        )
        self._on_sent()

    def _elsewhere(self, progress: Progress, conflict: UploadConflict) -> _KeyTaken:
        prefix = next_prefix(progress.prefix)
        log.error("%s %s; it goes to %s/", conflict.code, conflict, prefix)
        return _KeyTaken(progress.moved(prefix))

    def _evidence(
        self, entry: Mapping[str, Any], progress: Progress, *, is_last_try: bool
    ) -> tuple[bytes | None, str | None]:
        name, issue_id = entry["name"], progress.prefix.rpartition("/")[2]
        is_as_sealed = issue_id == self._manifest["id"] and not self._manifest.get(TEXT_ONLY)
        if name in OF_MANIFEST and not is_as_sealed:
            return encoded({**self._manifest, "id": issue_id}), None
        source = MANIFEST if name == NOTICE else name
        return _evidence(self._folder, source, entry["sha256"], is_last_try=is_last_try)


def has_more(folder: Path) -> bool:
    """Has something come since, that is not in the bucket? Only where all else is there."""
    progress = progress_of(folder)
    is_new = progress is not None and not progress.has_settled(LATER)
    return is_new and read_later(folder) is not None


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
    receipt = read_receipt(content, issue_id)
    if receipt is None:
        raise UploadTransient(
            f"{key}: {content[:40]!r} is no receipt of {issue_id}; check whether the network "
            "asks for a login; it is tried again"
        ).coded(FaultCode.NETWORK_LOGIN)
    set_damaged_aside(folder)
    publish(folder / RECEIPT, content, fsync=fsync)
    return receipt


def ask_again(folder: Path, objects: ObjectStore, at: datetime, *, fsync: bool = True) -> int:
    """The event of the manifest may have got lost: the notifier is told of it once more.

    Returns how often that has been. The object's key ends as the manifest's does, so that the
    bucket tells the notifier of it; its number is on disk before it is sent, so that no key is
    written twice. The notifier sends nothing twice: it knows the issue by its id.
    """
    progress = progress_of(folder)
    if progress is None:
        raise ValueError(f"{folder}: nothing of it was sent")
    progress = progress.asked_again()
    record(folder, progress, fsync=fsync)
    said = {
        "schema": 1,
        "id": progress.prefix.rpartition("/")[2],
        "again": progress.asked,
        "at": at.astimezone(UTC).isoformat(),
    }
    key = f"{progress.prefix}/again/{progress.asked}/{MANIFEST}"
    objects.put(key, encoded(said), content_type=CONTENT_TYPES[".json"])
    return progress.asked


def key_prefix(manifest: Mapping[str, Any], store_id: str) -> str:
    sealed_at = datetime.fromisoformat(manifest["sealed_at"]).astimezone(UTC)
    return f"{store_id}/{sealed_at:%Y/%m}/{manifest['id']}"


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


def _words_of(manifest: dict[str, Any]) -> dict[str, Any]:
    words = [entry for entry in manifest["files"] if entry["name"].lower().endswith(WORDS)]
    return {**manifest, "files": words, TEXT_ONLY: True}


def _content_type(name: str) -> str:
    return CONTENT_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")
