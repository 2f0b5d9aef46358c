"""`state/waiting.json`: sources of sales, and visits that wait for theirs, over a restart.

Times are kept in UTC: the monotonic clock begins anew. Promotions are not kept: those in force
are offered to every visit of the ledger. Nor is since when a scale is sound again: that matters to
issues of the visit while it goes on.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from storeguard.clock import Clock, utc_at
from storeguard.domain.doubts import Doubt
from storeguard.domain.ledger import Awaiting, Mark, Movement, SaleLine, Visit
from storeguard.errors import JournalFault
from storeguard.statefile import StateFile

TIMES = frozenset(
    {"started_s", "last_seen_s", "emptied_s", "settled_s", "t_s", "from_s", "until_s", "since_s"}
    | {"at_s"}
)


class WaitingFile:
    """The file, with this boot's monotonic times inside."""

    def __init__(self, path: Path, clock: Clock, *, fsync: bool = True) -> None:
        without = "visits that waited for sales are left to the comparison of the books"
        self._file = StateFile(path, self._read, without=without, fsync=fsync)
        self._clock = clock

    def load(self) -> tuple[Mapping[str, datetime], tuple[Visit, ...]]:
        return self._file.load() or ({}, ())

    def save(self, complete: Mapping[str, datetime], visits: Sequence[Visit]) -> None:
        said = {
            "complete_until": {name: at.isoformat() for name, at in complete.items()},
            "visits": [self._said(_plain(visit)) for visit in visits],
        }
        try:
            self._file.save(said)
        except OSError as error:
            where = self._file.path
            raise JournalFault(
                f"{where}: cannot be written: {error.strerror}; see the disk"
            ) from error

    def _read(self, content: Any) -> tuple[dict[str, datetime], tuple[Visit, ...]]:
        complete = {str(name): _aware(at) for name, at in content["complete_until"].items()}
        return complete, tuple(_visit(self._heard(one)) for one in content["visits"])

    def _said(self, value: Any) -> Any:
        """Monotonic instants as UTC."""
        return _mapped(value, lambda t_s: utc_at(self._clock, t_s).isoformat())

    def _heard(self, value: Any) -> Any:
        """UTC as instants of this boot."""
        return _mapped(value, lambda said: self._at_s(_aware(said)))

    def _at_s(self, at: datetime) -> float:
        return self._clock.now_s() - (self._clock.utc() - at) / timedelta(seconds=1)


def _mapped(value: Any, of_time: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: of_time(one) if name in TIMES and one is not None else _mapped(one, of_time)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_mapped(one, of_time) for one in value]
    return value


def _plain(visit: Visit) -> dict[str, Any]:
    assert visit.awaiting is not None
    plain = asdict(visit) | {"unverified": sorted(visit.unverified)}
    plain["marks"] = [_marked(mark, visit.awaiting.since_s) for mark in visit.marks]
    plain |= {"shelf": dict(visit.shelf), "uncertain": dict(visit.uncertain)}
    del plain["promotions"], plain["sound_since"]
    return plain


def _marked(mark: Mark, latest_s: float) -> dict[str, Any]:
    """It may have no beginning (all of the visit), and no end yet."""
    from_s = None if mark.from_s == -math.inf else mark.from_s
    return asdict(mark) | {"from_s": from_s, "until_s": min(mark.until_s, latest_s)}


def _mark(said: Mapping[str, Any]) -> Mark:
    return Mark(**{**said, "from_s": -math.inf if said["from_s"] is None else said["from_s"]})


def _visit(said: Mapping[str, Any]) -> Visit:
    return Visit(
        **{
            **said,
            "movements": tuple(Movement(**one) for one in said["movements"]),
            "sales": tuple(SaleLine(**one) for one in said["sales"]),
            "marks": tuple(_mark(one) for one in said["marks"]),
            "unverified": frozenset(said["unverified"]),
            "uncertain": {name: (low, high) for name, (low, high) in said["uncertain"].items()},
            "awaiting": Awaiting(**said["awaiting"]),
            # A file of an earlier build does not have these.
            "yielded": tuple(SaleLine(**one) for one in said.get("yielded", ())),
            "doubts": tuple(Doubt(**one) for one in said.get("doubts", ())),
        }
    )


def _aware(said: str) -> datetime:
    at = datetime.fromisoformat(said)
    if at.tzinfo is None:
        raise ValueError(f"{said} has no offset")
    return at
