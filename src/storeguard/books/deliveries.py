"""What restock mode and the questions about deliveries keep over a restart. Blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from storeguard.domain.restock import WHO, Question, Who
from storeguard.errors import JournalFault
from storeguard.statefile import StateFile

MOST_KEPT = 100
"""Questions, the newest: of older ones the journal's stock changes tell."""


@dataclass(frozen=True, slots=True)
class KeptSession:
    """Restock mode that is on, by the wall clock: monotonic time ends with the process."""

    who: Who
    started_at: datetime
    last_step_at: datetime


class RestockFile:
    """`state/restock.json`: restock mode while it is on. Raises JournalFault."""

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        without = "restock mode is off; start it again where somebody is restocking"
        self._file = StateFile(path, _session, without=without, fsync=fsync)

    def load(self) -> KeptSession | None:
        return self._file.load()

    def save(self, session: KeptSession | None) -> None:
        _save(self._file, {"on": None if session is None else _said(session)})


class QuestionFile:
    """`state/questions.json`: the questions, and what the owner declined. Raises JournalFault."""

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        without = "surpluses that were not answered yet are taken for deliveries"
        self._file = StateFile(path, _questions, without=without, fsync=fsync)

    def load(self) -> tuple[tuple[Question, ...], Mapping[str, int]]:
        return self._file.load() or ((), {})

    def save(self, questions: Sequence[Question], declined: Mapping[str, int]) -> None:
        kept = [asdict(question) for question in questions[-MOST_KEPT:]]
        _save(self._file, {"questions": kept, "declined": dict(declined)})


def _said(session: KeptSession) -> dict[str, str]:
    times = {"started_at": session.started_at, "last_step_at": session.last_step_at}
    return {"who": session.who} | {name: at.isoformat() for name, at in times.items()}


def _session(content: Any) -> KeptSession | None:
    said = content["on"]
    if said is None:
        return None
    if said["who"] not in WHO:
        raise ValueError(f"who is {said['who']!r}; known: {', '.join(WHO)}")
    started_at, last_step_at = (_aware(said[name]) for name in ("started_at", "last_step_at"))
    return KeptSession(said["who"], started_at, last_step_at)


def _aware(label: str) -> datetime:
    at = datetime.fromisoformat(label)
    if at.tzinfo is None:
        raise ValueError(f"{label} has no UTC offset")
    return at


def _questions(content: Any) -> tuple[tuple[Question, ...], dict[str, int]]:
    questions = tuple(_question(said) for said in content["questions"])
    declined = {str(product): int(count) for product, count in content["declined"].items()}
    return questions, declined


def _question(said: Mapping[str, Any]) -> Question:
    answer = said["is_delivery"]
    if answer not in (None, True, False):
        raise ValueError(f"is_delivery is {answer!r}")
    return Question(
        str(said["id"]),
        str(said["product"]),
        int(said["count"]),
        _aware(said["seen_at"]).isoformat(),
        int(said["left"]),
        answer,
        bool(said["is_booked"]),
    )


def _save(file: StateFile[Any], content: object) -> None:
    try:
        file.save(content)
    except OSError as error:
        where = file.path
        raise JournalFault(f"{where}: cannot be written: {error.strerror}; see the disk") from error
