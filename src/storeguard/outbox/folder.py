"""The issue folder: it appears complete and for good, or not at all.

It is built under `issue_data/.incoming/`, the manifest last, every file and folder fsynced,
and renamed into place. Measured on the ancestor's way (make the folder, then fill it): 323
broken folders in 100 power cuts. Everything here blocks: call it from a worker thread.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from storeguard import durable
from storeguard.domain.issue import (
    CONTENT,
    MANIFEST,
    SCHEMA,
    EvidenceFile,
    Issue,
    IssueStep,
    content_text,
    manifest,
)
from storeguard.errors import OutboxFault
from storeguard.statefile import read_json, set_aside

INCOMING = ".incoming"
SETTLED = ".settled.json"
EXTRA = "extra"
CLIP_LOST = "영상 없음(저장 실패)"
LARGEST_MANIFEST_BYTES = 64 * 1024
"""What the notifier reads at most; steps are left out until the manifest fits."""

MOST_MANIFEST_BYTES = 1024 * 1024
"""More is no manifest: it must not be read into memory."""

_NEEDS_COPY = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS})


def seal(
    root: Path,
    issue: Issue,
    picture: Path | None,
    clips: Sequence[Path],
    extra: Sequence[Path] = (),
    *,
    picture_time_label: str | None,
    fsync: bool = True,
) -> Path:
    """Returns the issue's folder, complete and durable; sealing it again changes nothing.

    Evidence is linked, or copied from another file system. A picture or clip that is gone is
    left out, and content.txt says so. Raises OutboxFault: the folder is then complete or
    absent, and sealing again settles which.
    """
    staged, final = root / INCOMING / issue.id, root / issue.id
    evidence = _named(picture, picture_time_label, clips, extra)
    try:
        if _is_sealed(final, issue.id):
            _settle(final, fsync=fsync)
        else:
            _stage(staged, issue, evidence)
            durable.publish_folder(staged, final, fsync=fsync)
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        raise unwritable(final, error) from error
    return final


def sweep_incoming(root: Path) -> int:
    """Removes what killed writers left behind; returns how many. Only for the lock's holder.

    An orphan is never finished here: the books are corrected after sealing only, so that the
    same discrepancy is found and sealed again.
    """
    try:
        orphans = list((root / INCOMING).iterdir()) if (root / INCOMING).exists() else []
        for orphan in orphans:
            shutil.rmtree(orphan)
        return len(orphans) + durable.sweep(_folders(root))
    except OSError as error:
        raise unwritable(root / INCOMING, error) from error


def sweep_staged(extra: Sequence[Path]) -> None:
    """What was linked into a sealed folder is not needed in its own any more."""
    for folder in {path.parent for path in extra}:
        shutil.rmtree(folder, ignore_errors=True)


def sealed_issues(root: Path, since: date = date.min) -> tuple[Path, ...]:
    """The folders with a readable manifest, oldest first.

    `since`: those whose names begin with an earlier day are not even read; our ids begin with their
    local day, a folder of another name has to be read.
    """
    found: list[tuple[str, str, Path]] = []
    for folder in (one for one in _folders(root) if _may_be_since(one, since)):
        try:
            found.append((read_manifest(folder)["sealed_at"], folder.name, folder))
        except OutboxFault:  # no issue of ours, or not yet: adoption looks after it
            continue
    return tuple(folder for _, _, folder in sorted(found))


def _may_be_since(folder: Path, since: date) -> bool:
    try:
        return date.fromisoformat(folder.name[:10]) >= since
    except ValueError:
        return True


def set_damaged_aside(root: Path) -> None:
    """A sealed issue whose manifest is damaged is adopted again by its text and picture.

    A newer storeguard's manifest, or another program's, is left as it is. Only for the lock's
    holder, at start.
    """
    for folder in _folders(root):
        path = folder / MANIFEST
        try:
            problem = _damage(folder)
            if problem is not None:
                # Hidden: adoption looks only at what a person or a program has put there.
                hidden = folder / f".{MANIFEST}"
                durable.rename(path, hidden)
                set_aside(hidden, problem, "the issue is taken up again from its text and picture")
        except OSError as error:
            raise unwritable(path, error) from error


def _damage(folder: Path) -> str | None:
    """What is wrong with the manifest of a folder that we have sealed."""
    if not (folder / CONTENT).exists() or not (folder / MANIFEST).exists():
        return None
    try:
        content = read_json(folder / MANIFEST, largest_bytes=MOST_MANIFEST_BYTES)
    except ValueError as error:
        return str(error)
    schema = content.get("schema") if isinstance(content, dict) else None
    is_foreign = schema != SCHEMA and schema is not None
    return None if is_foreign else _problem(content)


def read_manifest(folder: Path) -> dict[str, Any]:
    """issue.json as it stands. Raises OutboxFault when it is missing or not one of ours."""
    path = folder / MANIFEST
    try:
        content = read_json(path, largest_bytes=MOST_MANIFEST_BYTES)
    except OSError as error:
        raise _fault(f"{path}: cannot be read: {error.strerror}", error) from error
    except ValueError as error:
        raise OutboxFault(f"{path}: not JSON ({error}); expected a sealed manifest") from error
    problem = _problem(content)
    if problem:
        raise OutboxFault(f"{path}: {problem}; expected a manifest of schema {SCHEMA}")
    return dict(content)


def write_manifest(folder: Path, issue: Issue, names: Sequence[str], *, fsync: bool) -> None:
    """Puts issue.json into the folder, after everything that it lists."""
    files = [evidence_file(folder, name) for name in names]
    content = encoded(manifest(issue, files))
    while len(content) > LARGEST_MANIFEST_BYTES and (issue.steps or issue.reasons):
        issue = _smaller(issue)
        content = encoded(manifest(issue, files))
    durable.publish(folder / MANIFEST, content, fsync=fsync)


def _smaller(issue: Issue) -> Issue:
    """Without some of its steps; where none is left, without some of its reasons and sentences."""
    if issue.steps:
        return replace(issue, steps=_fewer(issue.steps))
    left = len(issue.reasons) // 2
    why = {language: sentences[:left] for language, sentences in issue.why.items()}
    return replace(issue, reasons=issue.reasons[:left], why=why)


def _fewer(steps: tuple[IssueStep, ...]) -> tuple[IssueStep, ...]:
    """Those that were paid go first."""
    unpaid = tuple(step for step in steps if step.is_unpaid)
    return unpaid if len(unpaid) < len(steps) else steps[: len(steps) // 2]


def settle(folder: Path, confirmed: Mapping[str, int], *, fsync: bool) -> bool:
    """Notes beside a provisional issue what came of it; False when that is known already."""
    if settled(folder) is not None:
        return False
    try:
        durable.publish(folder / SETTLED, encoded({"confirmed": dict(confirmed)}), fsync=fsync)
    except OSError as error:
        raise unwritable(folder / SETTLED, error) from error
    return True


def settled(folder: Path) -> Mapping[str, int] | None:
    """What a provisional issue came to, product → units unpaid; None while nobody knows."""
    try:
        confirmed = json.loads((folder / SETTLED).read_bytes())["confirmed"]
        return {str(product): int(count) for product, count in confirmed.items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None
    except OSError as error:
        raise _fault(f"{folder / SETTLED}: cannot be read: {error.strerror}", error) from error


def unwritable(folder: Path, error: OSError) -> OutboxFault:
    why = error.strerror or str(error)
    text = f"{folder}: cannot be written: {why}; check the disk's space and rights, it is retried"
    return _fault(text, error)


def _fault(text: str, error: OSError) -> OutboxFault:
    fault = OutboxFault(text)
    fault.errno = error.errno
    return fault


def _named(
    picture: Path | None, label: str | None, clips: Sequence[Path], extra: Sequence[Path]
) -> dict[str, Path]:
    """Name in the folder → where the evidence is now, in the order of delivery."""
    named: dict[str, Path] = {}
    if picture is not None:
        named[f"{label or picture.stem}.jpg"] = picture
    named |= {f"clip-{i}.mp4": clip for i, clip in enumerate(clips, 1)}
    for path in extra:
        named[_free(f"{EXTRA}/{path.name}", named)] = path
    return named


def _free(name: str, taken: Mapping[str, Path]) -> str:
    path, serial = PurePosixPath(name), 2
    while name in taken:
        name = str(path.with_stem(f"{path.stem}-{serial}"))
        serial += 1
    return name


def _stage(staged: Path, issue: Issue, evidence: Mapping[str, Path]) -> None:
    if staged.exists():
        shutil.rmtree(staged)
    staged.mkdir(parents=True)
    placed = [name for name, source in evidence.items() if placed_at(source, staged / name)]
    picture = next((name for name in placed if name.endswith(".jpg") and "/" not in name), None)
    text = content_text(issue, picture)
    if any(name.startswith("clip-") for name in evidence.keys() - set(placed)):
        text += CLIP_LOST + "\n"
    durable.publish(staged / CONTENT, text.encode(), fsync=False)
    write_manifest(staged, issue, (CONTENT, *placed), fsync=False)


def placed_at(source: Path, target: Path) -> bool:
    """Links or copies the file; False when it is gone."""
    if target.parent.name == EXTRA:
        target.parent.mkdir(exist_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno not in _NEEDS_COPY:
            raise
        shutil.copyfile(source, target)
    return True


def evidence_file(folder: Path, name: str) -> EvidenceFile:
    with (folder / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return EvidenceFile(name, file.tell(), digest)


def encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def _is_sealed(final: Path, issue_id: str) -> bool:
    try:
        content = read_json(final / MANIFEST, largest_bytes=MOST_MANIFEST_BYTES)
    except FileNotFoundError:
        return False
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("id") != issue_id:
        raise FileExistsError(errno.EEXIST, "another folder has this name")
    return True


def _settle(final: Path, *, fsync: bool) -> None:
    """An earlier attempt may have failed after the rename: only the parent's fsync is left."""
    if fsync:
        durable.fsync_folder(final.parent)


def _folders(root: Path) -> Iterator[Path]:
    try:
        entries = sorted(root.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise _fault(f"{root}: cannot be read: {error.strerror}", error) from error
    yield from (
        e for e in entries if not e.name.startswith(".") and e.is_dir() and not e.is_symlink()
    )


def _problem(content: Any) -> str | None:
    if not isinstance(content, dict):
        return "not an object"
    if content.get("schema") != SCHEMA:
        return f"schema is {content.get('schema')!r}"
    if not all(isinstance(content.get(key), str) for key in ("id", "sealed_at")):
        return "id or sealed_at is missing"
    files = content.get("files")
    if not isinstance(files, list) or not all(map(is_evidence, files)):
        return "files is not a list of name, bytes and sha256 inside the folder"
    if not all(isinstance(content.get(key), int) for key in ("number", "loss_won")):
        return "number or loss_won is missing"
    store, lines = content.get("store"), content.get("lines")
    if not isinstance(store, dict) or not isinstance(store.get("id"), str):
        return "store is not an object with an id"
    if not isinstance(lines, list) or not all(map(_is_line, lines)):
        return "lines is not a list of product, shelf, kiosk, missing, loss and certainty"
    return None


def _is_line(line: Any) -> bool:
    numbers = ("shelf", "kiosk", "missing", "loss", "certainty")
    return (
        isinstance(line, dict)
        and isinstance(line.get("product"), str)
        and all(isinstance(line.get(key), int | float) for key in numbers)
    )


def is_evidence(entry: Any) -> bool:
    """Also that the name stays inside the folder: what it names is sent away."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return False
    parts = entry["name"].split("/")
    return (
        all(part not in ("", ".", "..") for part in parts)
        and isinstance(entry.get("sha256"), str)
        and isinstance(entry.get("bytes"), int)
    )
