"""The loss of each day, from the sealed issues and what has become of them since."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from storeguard.domain.loss import Amendment, by_day, left_won
from storeguard.outbox.folder import read_manifest, sealed_issues


def loss_by_day(
    root: Path,
    timezone: str,
    amended: Mapping[str, Sequence[Amendment]],
    *,
    dismissed: Collection[str] = (),
    since: date = date.min,
) -> Mapping[date, int]:
    """Local day → won, of the days that have issues. Blocks; raises OutboxFault.

    `amended`: issue id → its amendments. `dismissed`: ids of those that the owner says are no
    loss. `since`: days before it are not read.
    """
    found = [one for one in sealed_issues(root, since) if one.name not in dismissed]
    losses = (_loss(folder, timezone, amended.get(folder.name, ())) for folder in found)
    return by_day((day, won) for day, won in losses if day >= since)


def _loss(folder: Path, timezone: str, amendments: Sequence[Amendment]) -> tuple[date, int]:
    manifest = read_manifest(folder)
    day = datetime.fromisoformat(manifest["sealed_at"]).astimezone(ZoneInfo(timezone)).date()
    return day, left_won(manifest["lines"], amendments)
