"""Promotions that the visits look like: what they are found in, and what the owner answers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storeguard.books.journal import Journal
from storeguard.domain.promotions import Observed
from storeguard.errors import JournalFault
from storeguard.statefile import StateFile

FILE = "proposals.json"
LOOKED_BACK = 1000
"""Judged visits that a start reads."""


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

    def load(self) -> tuple[Observed, ...]:
        visits = reversed(self._journal.recent_visits(LOOKED_BACK))
        return tuple(one for visit in visits for one in _of_judgement(visit.judgement or {}))


def observed(
    taken: Mapping[str, int], paid: Mapping[str, int], unclear: Collection[str]
) -> tuple[Observed, ...]:
    """Products of one visit; `unclear` are those of which it says nothing about promotions."""
    products = sorted(set(taken) - set(unclear))
    return tuple(Observed(name, taken[name], paid.get(name, 0)) for name in products)


def _of_judgement(said: Mapping[str, Any]) -> tuple[Observed, ...]:
    if said.get("by"):
        return ()
    why_not = ("uncertain", "unverified", "mixed_up", "promoted")
    unclear = {product for key in why_not for product in said.get(key, ())}
    return observed(said.get("taken", {}), said.get("paid", {}), unclear)


def _answers(content: Any) -> Answers:
    asked, rejected = (tuple(map(str, content[key])) for key in ("asked", "rejected"))
    return Answers(asked, rejected)
