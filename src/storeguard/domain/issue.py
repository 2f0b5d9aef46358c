"""Goods missing without payment: what an issue says, its id, its manifest, its text."""

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from storeguard.domain.notice import Telling

SCHEMA = 1
MANIFEST = "issue.json"
CONTENT = "content.txt"

_SENTENCE = re.compile(r"^(?P<product>.+?)\s*(?P<count>\d+)\s*개 도난 발생$")


@dataclass(frozen=True, slots=True)
class IssueLine:
    """One product: both counts before the correction, units missing, won lost, certainty 0..1."""

    product: str
    shelf: int
    kiosk: int
    missing: int
    loss: int
    certainty: float

    def __post_init__(self) -> None:
        if self.missing < 1:
            raise ValueError(f"missing must be >= 1, got {self.missing}: a surplus is no issue")
        if not 0 <= self.certainty <= 1:
            raise ValueError(f"certainty must be in 0..1, got {self.certainty}")


@dataclass(frozen=True, slots=True)
class IssueStep:
    """A step of the visit, and where to see it. The clip is None where none was recorded.

    `product`: None where the weight did not say. `is_unpaid`: it is behind the issue. `shown`:
    its own clip, picture and curve under extra/, by kind; `shown_at_s`: the step in that clip.
    """

    scale: str
    at: datetime
    grams: float
    clip: str | None = None
    clip_offset_s: float | None = None
    product: str | None = None
    is_unpaid: bool = True
    shown: dict[str, str] = field(default_factory=dict)
    shown_at_s: float | None = None


@dataclass(frozen=True, slots=True)
class IssueStore:
    """Which store, in whose words and time."""

    id: str
    name: str
    language: str
    timezone: str


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file of the sealed folder."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Issue:
    """What is sealed. Times are aware; the visit's are None where goods went without one.

    `number` counts the store's issues, for people to refer to. `reasons`: why, as data
    (`domain.reasons.stored`); `why` holds their sentences by language. `telling`: how the owner
    hears of it. `evidence_missing`: what of extra/ could not be made, and why. `unfinished`: clips
    that went on when it was sealed, and what they are called among the recordings.
    `is_provisional`: somebody is still inside, and may pay.
    """

    id: str
    number: int
    store: IssueStore
    sealed_at: datetime
    is_clock_synced: bool
    visit_started_at: datetime | None
    visit_ended_at: datetime | None
    lines: tuple[IssueLine, ...]
    why: dict[str, tuple[str, ...]]
    steps: tuple[IssueStep, ...] = ()
    evidence_missing: dict[str, str] = field(default_factory=dict)
    unfinished: dict[str, str] = field(default_factory=dict)
    telling: Telling = Telling.OWN
    is_provisional: bool = False
    reasons: tuple[dict[str, Any], ...] = ()

    @property
    def loss_won(self) -> int:
        return sum(line.loss for line in self.lines)


def issue_id(label: str, taken: Collection[str]) -> str:
    """`label`, or the first of `label-2`, `label-3` … that is free: the clock may jump back."""
    if label not in taken:
        return label
    serial = 2
    while f"{label}-{serial}" in taken:
        serial += 1
    return f"{label}-{serial}"


def manifest(issue: Issue, files: Sequence[EvidenceFile]) -> dict[str, Any]:
    """The content of issue.json; times are UTC with their offset.

    `reasons` came later than the rest of the schema: whoever reads an older one finds none.
    """
    has_visit = issue.visit_started_at is not None
    return {
        "schema": SCHEMA,
        "id": issue.id,
        "number": issue.number,
        "store": asdict(issue.store),
        "sealed_at": issue.sealed_at.isoformat(),
        "time_quality": "synced" if issue.is_clock_synced else "unsynced",
        "visit": {
            "started_at": _iso(issue.visit_started_at),
            "ended_at": _iso(issue.visit_ended_at),
        }
        if has_visit
        else None,
        "lines": [asdict(line) for line in issue.lines],
        "loss_won": issue.loss_won,
        "notice": issue.telling.value,
        "provisional": issue.is_provisional,
        "reasons": list(issue.reasons),
        "why": {language: list(sentences) for language, sentences in issue.why.items()},
        "steps": [_step(step) for step in issue.steps],
        "evidence_missing": dict(issue.evidence_missing),
        "unfinished": dict(issue.unfinished),
        "files": [asdict(file) for file in files],
    }


def _step(step: IssueStep) -> dict[str, Any]:
    said = asdict(step) | {"at": step.at.isoformat(), "unpaid": step.is_unpaid}
    del said["is_unpaid"]
    return said


def content_text(issue: Issue, picture: str | None) -> str:
    """content.txt: the ancestor's sentence a product, then store, time, loss, what is missing."""
    happened_at = issue.visit_ended_at or issue.sealed_at
    local = happened_at.astimezone(ZoneInfo(issue.store.timezone))
    lines = [sentence(line.product, line.missing) for line in issue.lines]
    lines += [
        f"매장 : {issue.store.name}",
        f"시각 : {local:%Y-%m-%d %H:%M:%S}" + ("" if issue.is_clock_synced else " (추정)"),
        f"손실 : {issue.loss_won:,}원",
    ]
    if issue.is_provisional:
        lines.append("확인 중 : 손님이 아직 매장에 있습니다")
    if picture is None:
        lines.append("사진 없음")
    if issue.evidence_missing:
        lines.append(f"추가 자료 없음 : {', '.join(sorted(issue.evidence_missing))}")
    return "\n".join(lines) + "\n"


def sentence(product: str, count: int) -> str:
    """`바나나우유1개 도난 발생`, as the ancestor wrote it."""
    return f"{product}{count}개 도난 발생"


def read_sentence(text: str) -> tuple[str, int] | None:
    """Product and count of a sentence, or None when it is none."""
    found = _SENTENCE.match(text.strip())
    return (found["product"], int(found["count"])) if found else None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
