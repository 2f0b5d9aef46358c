"""What the owner has decided in the cloud, beside the issue that it is about. Blocks.

`.decision.json` is the newest one; `.held` keeps an issue from retention while it is held.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from storeguard import durable
from storeguard.errors import FaultCode, UploadTransient
from storeguard.outbox.folder import unwritable
from storeguard.outbox.stored import HELD
from storeguard.statefile import parsed, read_json

DECISION = ".decision.json"
KNOWN = ("confirm", "dismiss", "hold", "open", "paid", "received", "withdrawn")

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class Decision:
    """`id`: of an issue or a notice; `at`: aware, when it was decided."""

    id: str
    decision: str
    at: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """All that the owner has said in the cloud lately; `opened`: ids that he has looked at."""

    decisions: tuple[Decision, ...]
    opened: tuple[str, ...]


def decisions_in(content: bytes) -> Said:
    """One that is not understood is left out. Raises UploadTransient for what is no such object."""
    try:
        said = parsed(content)
        entries, opened = said["decisions"], said["opened"]
        if said["schema"] != 1 or not (isinstance(entries, list) and isinstance(opened, list)):
            raise ValueError("schema")
    except (ValueError, KeyError, TypeError) as error:
        raise UploadTransient(
            f"decisions: {content[:40]!r} are none; check whether the network asks for a login; "
            "it is tried again"
        ).coded(FaultCode.NETWORK_LOGIN) from error
    found = tuple(decision for entry in entries if (decision := _decision(entry)) is not None)
    return Said(found, tuple(one for one in map(str, opened) if _is_name(one)))


def confirmed_elsewhere(root: Path, issue_id: str) -> bool:
    """Has the owner confirmed it in the cloud?"""
    kept = _kept(root / issue_id)
    return kept is not None and kept.decision == "confirm"


def apply(root: Path, decision: Decision) -> bool:
    """False when it, or a newer one, was applied before, or there is no such issue here.

    Raises OutboxFault when the disk refuses.
    """
    folder = root / decision.id
    kept = _kept(folder)
    if not folder.is_dir() or (kept is not None and _instant(kept) >= _instant(decision)):
        return False
    try:
        if decision.decision == "hold":
            durable.publish(
                folder / HELD, _encoded({"reason": decision.by or "cloud", "until": None})
            )
        elif kept is not None and kept.decision == "hold":
            (folder / HELD).unlink(missing_ok=True)
        durable.publish(folder / DECISION, _encoded(asdict(decision)))
    except OSError as error:
        raise unwritable(folder / DECISION, error) from error
    return True


def _kept(folder: Path) -> Decision | None:
    try:
        said = read_json(folder / DECISION)
        kept = Decision(**{name: str(said[name]) for name in ("id", "decision", "at", "by")})
        _instant(kept)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept


def _decision(entry: Any) -> Decision | None:
    try:
        names = {"id": "issue", "decision": "decision", "at": "decided_at", "by": "by"}
        found = Decision(**{ours: str(entry[theirs]) for ours, theirs in names.items()})
        is_aware = _instant(found).tzinfo is not None
    except (KeyError, TypeError, ValueError):
        log.warning("%r is no decision and is left alone", entry)
        return None
    if found.decision in KNOWN and is_aware and _is_name(found.id):
        return found
    log.warning("%r is no decision and is left alone", entry)
    return None


def _is_name(issue_id: str) -> bool:
    """Of a folder, and of nothing outside the one that it lies in."""
    return "/" not in issue_id and "\0" not in issue_id and issue_id.strip(".") != ""


def _instant(decision: Decision) -> datetime:
    return datetime.fromisoformat(decision.at)


def _encoded(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"
