"""The loss of each day, from the sealed issues and what was paid for them since."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from storeguard.domain.issue import IssueLine
from storeguard.domain.loss import by_day, outstanding_won
from storeguard.domain.product import Stock
from storeguard.outbox.folder import read_manifest, sealed_issues, settled


def loss_by_day(
    root: Path, timezone: str, paid: Mapping[str, Stock], *, since: date = date.min
) -> Mapping[date, int]:
    """Local day → won, of the days that have issues. Blocks; raises OutboxFault.

    `paid`: issue id → product → units paid since. `since`: days before it are not read.
    """
    found = [folder for folder in sealed_issues(root) if _may_be_since(folder, since)]
    losses = (_loss(folder, timezone, paid.get(folder.name, {})) for folder in found)
    return by_day((day, won) for day, won in losses if day >= since)


def paid_since(amendments: Iterable[Mapping[str, Any]]) -> Stock:
    """Product → units, of an issue's late payments."""
    units: Counter[str] = Counter()
    for one in amendments:
        units[one["product"]] += one["count"]
    return units


def _may_be_since(folder: Path, since: date) -> bool:
    """Our ids begin with their local day; a folder of another name has to be read."""
    try:
        return date.fromisoformat(folder.name[:10]) >= since
    except ValueError:
        return True


def _loss(folder: Path, timezone: str, paid: Stock) -> tuple[date, int]:
    manifest = read_manifest(folder)
    lines = [IssueLine(**line) for line in manifest["lines"]]
    day = datetime.fromisoformat(manifest["sealed_at"]).astimezone(ZoneInfo(timezone)).date()
    return day, outstanding_won(lines, paid, settled(folder))
