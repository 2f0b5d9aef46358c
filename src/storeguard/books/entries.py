"""What the journal holds, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A version of a book: the whole of it (`rows`), or the counts that changed (`counts`)."""

    book: str
    version: int
    at_utc: datetime
    edited: bool
    rows: JsonObject | None
    counts: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Change:
    """A count of a book that changed."""

    at_utc: datetime
    book: str
    product: str
    before: int
    after: int
    why: str


@dataclass(frozen=True, slots=True)
class Sale:
    """`key` makes it idempotent; a negative count is a refund; `won` is its whole price."""

    id: str
    key: str
    product: str
    count: int
    won: int
    at_utc: datetime
    source: str
    visit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """`judgement` is None as long as the visit is open."""

    id: str
    started_utc: datetime
    ended_utc: datetime | None = None
    judged_utc: datetime | None = None
    judgement: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    scale: str
    started_utc: datetime
    ended_utc: datetime
    grams: float
    level_g: float
    noise_g: float
    visit_id: str | None = None


@dataclass(frozen=True, slots=True)
class IssueRecord:
    """`lines` as in the manifest; `amendments`: product, count, sale_id of late payments, and
    without a sale what was taken back of a provisional issue (domain/loss.py).

    `verdict`: the owner's, "open" without one.
    """

    id: str
    at_utc: datetime
    visit_id: str | None
    lines: tuple[JsonObject, ...]
    amendments: tuple[JsonObject, ...] = ()
    verdict: str = "open"
