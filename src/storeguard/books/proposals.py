"""Promotions that the visits look like: what they are found in, what the owner answers, and the
issues that they take back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storeguard.books.journal import IssueRecord, Journal, Visit
from storeguard.domain.loss import BY_PROMOTION, NO_PROMOTION, left
from storeguard.domain.patterns import Seen
from storeguard.domain.product import Stock
from storeguard.errors import JournalFault
from storeguard.statefile import StateFile

FILE = "proposals.json"
LOOKED_BACK = 1000
"""Judged visits that a start reads; issues of which some may fit a promotion."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Names of proposed promotions: those the owner was asked about, those that are none."""

    asked: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()


class AnswersFile:
    """`state/proposals.json`. Blocks."""

    def __init__(self, state: Path, *, fsync: bool = True) -> None:
        without = "promotions that were rejected may be proposed once more"
        self._file = StateFile(state / FILE, _answers, without=without, fsync=fsync)

    def load(self) -> Answers:
        return self._file.load() or Answers()

    def save(self, answers: Answers) -> None:
        """Raises JournalFault."""
        said = {"asked": [*answers.asked], "rejected": [*answers.rejected]}
        try:
            self._file.save(said)
        except OSError as error:
            raise JournalFault(
                f"{self._file.path}: cannot be written: {error.strerror}; see the disk"
            ) from error


class VisitHistory:
    """What the journal's judged visits say about promotions, oldest first. Blocks."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def load(self) -> tuple[Seen, ...]:
        visits = reversed(self._journal.recent_visits(LOOKED_BACK))
        return tuple(seen for visit in visits if (seen := _seen(visit)) is not None)


def _seen(visit: Visit) -> Seen | None:
    said = visit.judgement or {}
    if said.get("by") or "taken" not in said:
        return None
    why_not = ("uncertain", "unverified", "mixed_up", "promoted")
    unclear = frozenset(product for key in why_not for product in said.get(key, ()))
    day = visit.started_utc.date()
    return Seen(visit.id, day, said["taken"], said.get("paid", {}), unclear)


@dataclass(frozen=True, slots=True)
class Pardon:
    """Units of a sealed issue that fit a promotion after all; `is_new`: noted just now."""

    issue_id: str
    product: str
    count: int
    is_new: bool = True


class IssuePardons:
    """Issues of visits that turn out to fit a proposed promotion, in the journal. Blocks.

    Such units are noted as amendments, as if they had been paid. What the owner has decided
    himself stays; `is_confirmed`: has he, of this issue, elsewhere?
    """

    def __init__(self, journal: Journal, is_confirmed: Callable[[str], bool]) -> None:
        self._journal = journal
        self._is_confirmed = is_confirmed

    def pardon(self, name: str, units: Mapping[str, Stock]) -> tuple[Pardon, ...]:
        """`units`: visit → units of it that the promotion `name` explains."""
        mark, found = f"{BY_PROMOTION}{name}", []
        for issue in self._journal.recent_issues(LOOKED_BACK):
            found += [*_pardoned(issue, mark)]
            fitting = _left(issue, units.get(issue.visit_id or "", {}))
            if fitting and issue.verdict == "open" and not self._is_confirmed(issue.id):
                for product, count in fitting.items():
                    self._journal.amend_issue(issue.id, product, count, mark)
                    found.append(Pardon(issue.id, product, count))
        return tuple(found)

    def take_back(self, name: str) -> tuple[str, ...]:
        """The owner says that `name` is no promotion: these issues stand again."""
        mark, found = f"{BY_PROMOTION}{name}", []
        for issue in self._journal.recent_issues(LOOKED_BACK):
            for one in _pardoned(issue, mark):
                back = f"{NO_PROMOTION}{name}"
                if self._journal.amend_issue(one.issue_id, one.product, -one.count, back):
                    found.append(one.issue_id)
        return tuple(dict.fromkeys(found))


def _pardoned(issue: IssueRecord, mark: str) -> Iterator[Pardon]:
    for one in issue.amendments:
        if one["sale_id"] == mark:
            yield Pardon(issue.id, one["product"], one["count"], is_new=False)


def _left(issue: IssueRecord, units: Stock) -> dict[str, int]:
    """What of the units the issue still says is missing."""
    still = {one["product"]: one["missing"] for one in left(issue.lines, issue.amendments)}
    return {name: min(count, still[name]) for name, count in units.items() if name in still}


def _answers(content: Any) -> Answers:
    asked, rejected = (tuple(map(str, content[key])) for key in ("asked", "rejected"))
    return Answers(asked, rejected)
