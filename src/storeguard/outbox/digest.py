"""A digest: one message about several issues that had none of their own.

It is a sealed folder like an issue's, with a manifest and no files, so that the same delivery,
the same trigger and the same receipt serve it; `notice` in the manifest tells them apart. It
lies in the state folder: the owner's issues are those of `issue_data/` only.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from storeguard import durable
from storeguard.domain.issue import MANIFEST, SCHEMA, IssueStore, issue_id
from storeguard.outbox.folder import INCOMING, encoded, read_manifest, sealed_issues, unwritable

Manifest = Mapping[str, Any]

DIGEST, DAY_IS_FULL = "digest", "day_is_full"
"""`notice` of a manifest: sums up `issues`; says that the rest of the day will be summed up."""


LONGEST_HEADLINE = 40
"""What the SMS has room for."""


def seal_digest(
    root: Path,
    issues: Sequence[Manifest],
    kind: str,
    *,
    store: IssueStore,
    label: str,
    sealed_at: datetime,
    is_clock_synced: bool,
    fsync: bool = True,
) -> Path:
    """Returns the digest's folder, complete and durable. Raises OutboxFault.

    `issues`: the manifests that it is about, at least one; `told` in one: product → units, where
    less is missing by now than its folder says. `label`: its local time.
    """
    name = _free_name(root, f"{kind}-{label}")
    summed = _head(name, store, sealed_at, is_clock_synced) | {
        "number": min(issue["number"] for issue in issues),
        "lines": list(_summed(line for issue in issues for line in issue["lines"])),
        "loss_won": sum(issue["loss_won"] for issue in issues),
        "notice": kind,
        "issues": [issue["id"] for issue in issues],
        "numbers": sorted(issue["number"] for issue in issues),
        "told": {issue["id"]: issue["told"] for issue in issues if "told" in issue},
    }
    _publish(root, name, summed, fsync=fsync)
    return root / name


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence to the owner or the second person.

    `about`: the manifest of the issue that it is about, `lines` what of it is meant: paid since,
    or still unseen. `to`: owner or second. `reason`: why an issue is withdrawn, as the message has
    to say it. `is_silent`: nobody is told.
    """

    kind: str
    text: str
    about: Manifest | None = None
    lines: Sequence[Mapping[str, Any]] = ()
    to: str = "owner"
    reason: str = ""
    is_silent: bool = False


def seal_said(
    root: Path,
    notice_id: str,
    said: Said,
    *,
    store: IssueStore,
    sealed_at: datetime,
    is_clock_synced: bool,
    fsync: bool = True,
) -> bool:
    """The sentence as a message of its own; False when this id has been sealed already."""
    if (root / notice_id).exists():
        return False
    content = _head(notice_id, store, sealed_at, is_clock_synced) | {
        "number": said.about["number"] if said.about else 0,
        "lines": list(said.lines),
        "loss_won": sum(line["loss"] for line in said.lines),
        "notice": said.kind,
        "said": said.text,
        "headline": said.text[:LONGEST_HEADLINE].rstrip(),
        "issues": [said.about["id"]] if said.about else [],
        "to": said.to,
    }
    if said.about is not None:
        content["amends"] = said.about["id"]
    if said.reason:
        content["reason"] = said.reason
    if said.is_silent:
        content["silent"] = True
    _publish(root, notice_id, content, fsync=fsync)
    return True


def _head(
    name: str, store: IssueStore, sealed_at: datetime, is_clock_synced: bool
) -> dict[str, Any]:
    """What every such manifest says: no visit and no files."""
    return {
        "schema": SCHEMA,
        "id": name,
        "store": asdict(store),
        "sealed_at": sealed_at.isoformat(),
        "time_quality": "synced" if is_clock_synced else "unsynced",
        "visit": None,
        "files": [],
    }


def _publish(root: Path, name: str, content: Manifest, *, fsync: bool) -> None:
    staged = root / INCOMING / name
    try:
        shutil.rmtree(staged, ignore_errors=True)  # what a power cut has left of it
        staged.mkdir(parents=True)
        durable.publish(staged / MANIFEST, encoded(content), fsync=False)
        durable.publish_folder(staged, root / name, fsync=fsync)
    except OSError as error:
        raise unwritable(root / name, error) from error


def _free_name(root: Path, wanted: str) -> str:
    try:
        taken = {path.name for path in root.iterdir()} if root.exists() else set()
    except OSError as error:
        raise unwritable(root, error) from error
    return issue_id(wanted, taken)


def digests_in(root: Path) -> tuple[dict[str, Any], ...]:
    """The manifests of all digests, oldest first; what is merely said is none."""
    manifests = (read_manifest(folder) for folder in sealed_issues(root))
    return tuple(one for one in manifests if one.get("notice") in (DIGEST, DAY_IS_FULL))


def _summed(lines: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """One line a product, in the order in which they were missed first."""
    summed: dict[str, dict[str, Any]] = {}
    for line in lines:
        known = summed.setdefault(
            line["product"], dict(line) | {"missing": 0, "loss": 0, "certainty": 1.0}
        )
        known["missing"] += line["missing"]
        known["loss"] += line["loss"]
        known["certainty"] = min(known["certainty"], line["certainty"])
        known["shelf"] = line["shelf"]
    return summed.values()
