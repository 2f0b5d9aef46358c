"""What the services note in the journal, in their own terms. Everything here blocks."""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

from storeguard.books import album
from storeguard.books.journal import IssueRecord, Journal, Sale, StepRecord
from storeguard.clock import Clock, utc_at
from storeguard.domain.events import StepSettled
from storeguard.domain.issue import Issue
from storeguard.domain.learning import Declined, Learnt
from storeguard.domain.ledger import Visit
from storeguard.domain.pricing import Discount
from storeguard.domain.product import SoldLine
from storeguard.domain.reasons import Reason, stored
from storeguard.domain.reconcile import Judgement
from storeguard.errors import JournalFault
from storeguard.statefile import StateFile

OFF = "off"
"""In the key of a discount's row."""

MOST_SALES = 1000
"""No visit that a stop has cut short is followed by more."""


class SaleRecords:
    """Sales by their idempotency key; a basket of several products has a row each."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def find(self, key: str) -> tuple[Sequence[SoldLine], Sequence[Discount]] | None:
        lines = [
            SoldLine(row.product, row.count, row.won // row.count) for row in self._rows(key, "")
        ]
        if not lines:
            return None
        return lines, [Discount(row.product, -row.won, {}) for row in self._rows(key, OFF)]

    def _rows(self, key: str, kind: str) -> Iterator[Sale]:
        for number in itertools.count():
            sale = self._journal.find_sale(f"{key}/{kind}{number}")
            if sale is None:
                return
            yield sale

    def record(
        self, key: str, lines: Sequence[SoldLine], off: Sequence[Discount], source: str
    ) -> None:
        """A row a product; what a promotion takes off is a row of its own, of no units."""
        sold = [(str(i), n.product, n.count, n.count * n.price_won) for i, n in enumerate(lines)]
        sold += [(f"{OFF}{i}", one.name, 0, -one.won) for i, one in enumerate(off)]
        now = self._clock.utc()
        self._journal.record_sales(
            [
                Sale(f"{key}/{row}", f"{key}/{row}", product, count, won, now, source)
                for row, product, count, won in sold
            ]
        )

    def find_amount(self, key: str) -> int | None:
        sale = self._journal.find_sale(f"{key}/won")
        return None if sale is None else sale.won

    def record_amount(self, key: str, won: int, source: str) -> None:
        row = f"{key}/won"
        self._journal.record_sale(Sale(row, row, "", 0, won, self._clock.utc(), source))


class VisitRecords:
    """Visits, their steps and late payments."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def open(self, visit: Visit, taken: Collection[str] = ()) -> str:
        return self._journal.open_visit(visit.id, utc_at(self._clock, visit.started_s), taken)

    def close(self, visit: Visit, judgement: Judgement) -> None:
        assert visit.last_seen_s is not None
        now = self._clock.utc()
        started, ended = (utc_at(self._clock, s) for s in (visit.started_s, visit.last_seen_s))
        said = judgement_json(judgement, partial(utc_at, self._clock))
        self._journal.close_visit(visit.id, ended, now, said, started_utc=started)

    def interrupted_won(self, but: Collection[str] = ()) -> tuple[str, int]:
        """The first visit that a stop cut short, and won paid since without naming a product."""
        cut = [visit for visit in self._journal.open_visits() if visit.id not in but]
        if not cut:
            return "", 0
        sales = self._journal.recent_sales(MOST_SALES)
        amounts = (s.won for s in sales if not s.product and s.at_utc >= cut[0].started_utc)
        return cut[0].id, sum(amounts)

    def close_interrupted(self, but: Collection[str] = ()) -> None:
        """What went in visits that a stop cut short has been found by comparing the books.

        `but`: those that are still to be judged.
        """
        for visit in self._journal.open_visits():
            if visit.id in but:
                continue
            why = stored([Reason("interrupted", "", 0)], partial(utc_at, self._clock))
            said = {"schema": JUDGEMENT_SCHEMA, "interrupted": True, "reasons": why}
            self._journal.close_visit(visit.id, None, self._clock.utc(), said)

    def step(self, step: StepSettled, visit_id: str | None) -> None:
        self._journal.record_step(
            StepRecord(
                step.scale,
                utc_at(self._clock, step.started_s),
                utc_at(self._clock, step.t_s),
                step.grams,
                step.level_g,
                step.noise_g,
                visit_id,
            )
        )

    def amend(self, issue_id: str, product: str, count: int, sale_id: str) -> None:
        self._journal.amend_issue(issue_id, product, count, sale_id)


LINE = ("product", "shelf", "kiosk", "missing", "loss", "certainty")
"""Of an issue: the pages show it after its folder has gone."""


class IssueRecords:
    """Issues beside their folders."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def next_number(self) -> int:
        return self._journal.count_issues() + 1

    def record(self, issue: Issue, visit_id: str | None) -> None:
        lines = tuple(asdict(line) for line in issue.lines)
        self._journal.record_issue(IssueRecord(issue.id, issue.sealed_at, visit_id, lines))

    def settle(self, issue_id: str, confirmed: Mapping[str, int]) -> None:
        """What a provisional issue came to, product → units unpaid; once, however often said."""
        self._journal.settle_issue(issue_id, confirmed)

    def amendments(self, issue_id: str) -> Sequence[Mapping[str, Any]]:
        """What was paid or put back of it since; nothing of an unknown one."""
        found = album.issue(self._journal, issue_id)
        return () if found is None else found.amendments

    def record_folder(self, manifest: Mapping[str, Any]) -> bool:
        """An issue of which only the folder is known; False when it is recorded already."""
        lines = tuple({name: line[name] for name in LINE} for line in manifest["lines"])
        sealed_at = datetime.fromisoformat(manifest["sealed_at"])
        return self._journal.record_issue(IssueRecord(manifest["id"], sealed_at, None, lines))


JUDGEMENT_SCHEMA = 1
"""Of what is kept of a judgement; one without it is of a build that kept no reasons."""


def judgement_json(judgement: Judgement, at: Callable[[float], datetime]) -> dict[str, Any]:
    """What VisitReconciled says, as JSON; `at`: monotonic seconds → an aware time."""
    counts: dict[str, Mapping[str, int]] = {
        "taken": judgement.taken,
        "paid": judgement.paid,
        "unpaid": judgement.unpaid,
        "surplus": judgement.surplus,
        "misplaced": judgement.misplaced,
        "mixed_up": judgement.mixed_up,
        "promoted": judgement.promoted,
        "proposed": judgement.proposed,
    }
    ranges = {product: list(bounds) for product, bounds in judgement.uncertain.items()}
    said: dict[str, Any] = {"schema": JUDGEMENT_SCHEMA}
    said |= {name: dict(count) for name, count in counts.items()}
    said["reasons"] = stored(judgement.reasons, at)
    # By name, too: the kiosk book was lowered by them.
    said["promotions"] = [
        {"name": why.promotion, "product": why.product, "count": why.count}
        for why in judgement.reasons
        if why.promotion is not None
    ]
    if judgement.by:
        won = judgement.written_off_won
        written_off = dict(judgement.written_off)
        said |= {"by": judgement.by, "written_off": written_off, "written_off_won": won}
    said["loss_won"] = judgement.loss_won
    if judgement.amount_won:
        said |= {
            "amount_won": judgement.amount_won,
            "amount_left_won": judgement.amount_left_won,
        }
    return said | {"uncertain": ranges, "unverified": sorted(judgement.unverified)}


class ZeroFile:
    """`state/scales.json`: each scale's zero in grams, as it was last."""

    def __init__(
        self, path: Path, *, new_scales: frozenset[str] = frozenset(), fsync: bool = True
    ) -> None:
        without = "every zero is found anew: the first count goes by the weight alone"
        self._file = StateFile(path, _zeros, without=without, fsync=fsync)
        self._new_scales = new_scales

    def load(self) -> Mapping[str, float]:
        """Without a file the first count goes by the weight alone."""
        zeros = self._file.load() or {}
        return {scale: zero for scale, zero in zeros.items() if scale not in self._new_scales}

    def save(self, zeros: Mapping[str, float]) -> None:
        _save(self._file, {"zero_g": dict(zeros)})


class DriftFile:
    """`state/drifts.json`: how far each zero had been followed since the owner's word, in grams."""

    def __init__(
        self, path: Path, *, new_scales: frozenset[str] = frozenset(), fsync: bool = True
    ) -> None:
        without = "what the zeros have drifted so far is not known: an item may have gone with it"
        self._file = StateFile(path, _drifts, without=without, fsync=fsync)
        self._new_scales = new_scales

    def load(self) -> Mapping[str, float]:
        drifts = self._file.load() or {}
        return {scale: grams for scale, grams in drifts.items() if scale not in self._new_scales}

    def save(self, drifts: Mapping[str, float]) -> None:
        _save(self._file, {"drift_g": dict(drifts)})


LEARNT = "units.json"


class LearntFile:
    """`state/units.json`: what single units have weighed, by product."""

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        without = "unit weights are learnt from the beginning"
        self._file = StateFile(path, _learnt, without=without, fsync=fsync)

    def load(self) -> Mapping[str, Learnt]:
        return self._file.load() or {}

    def save(self, learnt: Mapping[str, Learnt]) -> None:
        _save(self._file, {"units": {name: asdict(known) for name, known in learnt.items()}})


DELAYS = "payment_delays.json"


class DelayFile:
    """`state/payment_delays.json`: seconds from the shelf to the kiosk of the last payments."""

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        without = "how long people take to pay is learnt from the beginning"
        self._file = StateFile(path, _delays, without=without, fsync=fsync)

    def load(self) -> Sequence[float]:
        return self._file.load() or ()

    def save(self, delays: Sequence[float]) -> None:
        _save(self._file, {"delays_s": [round(delay_s, 1) for delay_s in delays]})


class DeclinedFile:
    """`state/declined_units.json`: learnt unit weights that the owner did not want, by product."""

    def __init__(self, folder: Path, *, fsync: bool = True) -> None:
        path, without = folder / "declined_units.json", "what was declined is offered again"
        self._file = StateFile(path, _declined, without=without, fsync=fsync)

    def load(self) -> Mapping[str, Declined]:
        return self._file.load() or {}

    def save(self, declined: Mapping[str, Declined]) -> None:
        _save(self._file, {"units": {name: asdict(one) for name, one in declined.items()}})


class GuestFile:
    """`state/guests.json`: units that were put down on scales that are not their own, and grams
    of what may be no product, under the names that `shelfgoods` has for it."""

    def __init__(
        self, path: Path, *, new_scales: frozenset[str] = frozenset(), fsync: bool = True
    ) -> None:
        without = "a scale with a foreign product on it is uncertain until it is gone"
        self._file = StateFile(path, _guests, without=without, fsync=fsync)
        self._new_scales = new_scales

    def load(self) -> Mapping[str, Mapping[str, int]]:
        guests = self._file.load() or {}
        return {scale: units for scale, units in guests.items() if scale not in self._new_scales}

    def save(self, guests: Mapping[str, Mapping[str, int]]) -> None:
        _save(self._file, {"guests": {scale: dict(units) for scale, units in guests.items()}})


class AnnouncedFile:
    """`state/announced.json`: units that the owner has entered but nobody has shelved yet."""

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        without = "a delivery that was entered but not shelved yet may be reported as missing"
        self._file = StateFile(path, _announced, without=without, fsync=fsync)

    def load(self) -> Mapping[str, int]:
        return self._file.load() or {}

    def save(self, announced: Mapping[str, int]) -> None:
        _save(self._file, dict(announced))


def _zeros(content: Any) -> dict[str, float]:
    zeros = {str(scale): float(zero) for scale, zero in content["zero_g"].items()}
    if not all(map(isfinite, zeros.values())):
        raise ValueError("a zero that is no number of grams")
    return zeros


def _drifts(content: Any) -> dict[str, float]:
    return _zeros({"zero_g": content["drift_g"]})


def _delays(content: Any) -> tuple[float, ...]:
    delays = tuple(float(delay_s) for delay_s in content["delays_s"])
    if not all(isfinite(delay_s) and delay_s >= 0 for delay_s in delays):
        raise ValueError("a delay that is no number of seconds")
    return delays


def _learnt(content: Any) -> dict[str, Learnt]:
    return {str(name): _learnt_one(one) for name, one in content["units"].items()}


def _learnt_one(one: Any) -> Learnt:
    """A file of an earlier build does not say what was written meanwhile, and has no rivals."""
    mean_g, m2, written_g = _finite((one["mean_g"], one["m2"], one.get("written_g", 0.0)))
    rival = one.get("rival")
    return Learnt(int(one["n"]), mean_g, m2, written_g, _learnt_one(rival) if rival else None)


def _declined(content: Any) -> dict[str, Declined]:
    names = ("written_g", "unit_g", "tolerance_g")
    units = content["units"].items()
    return {str(name): Declined(*_finite(one[key] for key in names)) for name, one in units}


def _finite(figures: Iterable[Any]) -> tuple[float, ...]:
    found = tuple(map(float, figures))
    if not all(map(isfinite, found)):
        raise ValueError("a weight that is no number of grams")
    return found


def _guests(content: Any) -> dict[str, dict[str, int]]:
    guests = {
        str(scale): {str(product): int(count) for product, count in units.items()}
        for scale, units in content["guests"].items()
    }
    if any(count < 1 for units in guests.values() for count in units.values()):
        raise ValueError("a count below 1")
    return guests


def _announced(content: Any) -> dict[str, int]:
    announced = {str(product): int(count) for product, count in content.items()}
    if any(count < 0 for count in announced.values()):
        raise ValueError("a count below 0")
    return announced


def _save(file: StateFile[Any], content: object) -> None:
    try:
        file.save(content)
    except OSError as error:
        where = file.path
        raise JournalFault(f"{where}: cannot be written: {error.strerror}; see the disk") from error
