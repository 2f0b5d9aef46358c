"""Evidence that came after its issue was sealed: `extra/` files and `later.json`, which lists them.

The sealed manifest never changes: it may be in the bucket, and another one there would be
another issue. `later.json` is written once, after all that it lists, and goes to the bucket in
the same order. Everything here blocks.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from storeguard import durable
from storeguard.outbox.folder import (
    EXTRA,
    MOST_MANIFEST_BYTES,
    encoded,
    evidence_file,
    is_evidence,
    read_manifest,
    unwritable,
)
from storeguard.statefile import read_json

log = logging.getLogger("storeguard")

LATER = "later.json"

Steps = Sequence[Mapping[str, Any]]
"""`scale` and `at` of a step of the manifest, and its `shown` and `shown_at_s`."""


def add(folder: Path, files: Sequence[Path], steps: Steps, *, fsync: bool = True) -> bool:
    """Puts the files, from another folder of the same disk, under `extra/`, and lists them.

    False where something was added before, or nothing is new. Raises OutboxFault: what is there
    then is listed by nobody, and adding again settles it.
    """
    listed = {entry["name"] for entry in read_manifest(folder)["files"]}
    named = {f"{EXTRA}/{path.name}": path for path in files}
    if (folder / LATER).exists() or not named.keys() - listed:
        return False
    try:
        (folder / EXTRA).mkdir(exist_ok=True)
        for name in named.keys() - listed:
            if fsync:
                durable.fsync_file(named[name])
            durable.rename(named[name], folder / name)
        if fsync:
            durable.fsync_folder(folder / EXTRA)
            durable.fsync_folder(folder)
        found = [asdict(evidence_file(folder, name)) for name in sorted(named.keys() - listed)]
        said = {"schema": 1, "id": folder.name, "files": found, "steps": [*steps]}
        durable.publish(folder / LATER, encoded(said), fsync=fsync)
    except OSError as error:
        raise unwritable(folder / LATER, error) from error
    return True


def read_later(folder: Path) -> dict[str, Any] | None:
    """What was added, or None: nothing, or nothing that can be read."""
    try:
        said = read_json(folder / LATER, largest_bytes=MOST_MANIFEST_BYTES)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s: cannot be read: %s; the issue goes without", folder / LATER, error)
        return None
    is_ours = isinstance(said, dict) and said.get("id") == folder.name
    files, steps = (said.get(key) if is_ours else None for key in ("files", "steps"))
    if not isinstance(files, list) or not all(map(is_evidence, files)):
        return None
    return said if isinstance(steps, list) and all(map(_is_step, steps)) else None


def whole_manifest(folder: Path) -> dict[str, Any]:
    """issue.json with what came later. Raises OutboxFault as `read_manifest` does.

    A clip that went on when the issue was sealed begins as the whole one does: its steps are there.
    """
    manifest, later = read_manifest(folder), read_later(folder)
    if later is None:
        return manifest
    came = {entry["name"].removeprefix(f"{EXTRA}/") for entry in later["files"]}
    whole = {name: f"{EXTRA}/{name}" for name in came & unfinished(manifest).keys()}
    missing = manifest.get("evidence_missing", {})
    return {
        **manifest,
        "files": [*manifest["files"], *later["files"]],
        "steps": [_with(step, later["steps"], whole) for step in manifest.get("steps", ())],
        "evidence_missing": {name: why for name, why in missing.items() if name not in came},
    }


def unfinished(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Clips that went on when the issue was sealed → what they are called in the record folder."""
    said = manifest.get("unfinished")
    named = said.items() if isinstance(said, dict) else ()
    return {a: b for a, b in named if isinstance(b, str) and "/" not in a + b}


def shown_clips(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The clips of the visit, of each the whole one where it has come."""
    names = [entry["name"] for entry in manifest.get("files", ())]
    clips = [name for name in names if name.endswith(".mp4") and "/" not in name]
    whole = {name: f"{EXTRA}/{name}" for name in unfinished(manifest) if f"{EXTRA}/{name}" in names}
    return tuple(whole.get(name, name) for name in clips)


def _with(step: Mapping[str, Any], later: Steps, whole: Mapping[str, str]) -> dict[str, Any]:
    step = {**step, "clip": whole.get(step.get("clip") or "", step.get("clip"))}
    for one in later:
        if (one["scale"], one["at"]) == (step.get("scale"), step.get("at")):
            shown = {**step.get("shown", {}), **one["shown"]}
            return {**step, "shown": shown, "shown_at_s": one["shown_at_s"]}
    return dict(step)


def _is_step(step: Any) -> bool:
    return (
        isinstance(step, dict)
        and all(isinstance(step.get(key), str) for key in ("scale", "at"))
        and isinstance(step.get("shown"), dict)
        and isinstance(step.get("shown_at_s"), int | float)
    )
