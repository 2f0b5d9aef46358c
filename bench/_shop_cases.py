"""One drawn trace: written, replayed by the real program, scored; what is wrong is kept."""

import json
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from _shop_hardships import HARDSHIPS, Hardship, open_shop
from _shop_naive import ancestor, naive_answers, rounding
from _shop_score import Score, Wrong, score
from _shop_trace import cut_trace, write_json, write_trace
from _shop_truth import Truth, truth_of
from _shop_world import Shop
from storeguard.errors import TraceInvalid
from storeguard.replaying import replay

Line = dict[str, Any]
Sums = Counter[str]

KEPT_A_KIND = 4
BEFORE_S, AFTER_S = 8.0, 25.0
EARLIER_STARTS = (0, 1, 2, 4, 8, 16)
QUIET_S, QUIET_ONE_IN = 6 * 3600.0, 10
"""With hard weights every tenth trace begins with hours of drift before the first visit."""


@dataclass(frozen=True, slots=True)
class Case:
    """Hardship, seed and number make a trace; the same ones make the same trace."""

    hardship: str
    seed: int
    number: int
    keep: Path | None = None
    is_hard: bool = False

    @property
    def quiet_s(self) -> float:
        return QUIET_S if self.is_hard and self.number % QUIET_ONE_IN == 0 else 0.0


def judge_case(case: Case) -> tuple[Sums, Sums, Sums]:
    """Sums of storeguard, of the ancestor's rule and of rounding. Runs in its own process."""
    with tempfile.TemporaryDirectory(prefix="storeguard-shop-") as folder:
        return _judge_in(case, Path(folder))


def _judge_in(case: Case, folder: Path) -> tuple[Sums, Sums, Sums]:
    hardship = HARDSHIPS[case.hardship]
    chance = random.Random(f"{case.hardship} {case.seed} {case.number}")
    shop, counts = open_shop(hardship, chance, case.quiet_s)
    ends_s = shop.run() + hardship.grace_s
    trace = folder / "trace"
    weights = write_trace(
        *(trace, shop, counts, hardship.grace_s, ends_s, chance.getrandbits(32)),
        is_hard=case.is_hard,
        quiet_s=case.quiet_s,
    )
    try:
        lines = answers(trace, folder / "out")
    except TraceInvalid as refused:
        return _refused(case, trace, str(refused))
    truths = truth_of(shop.people, hardship.grace_s)
    judged = score(truths, lines, is_crowded=hardship.is_crowded)
    _note_lost(judged, truths, lines)
    judged.sums["store_s"] = round(ends_s)
    judged.sums["asked"] = judged.sums["honest"]
    if case.keep is not None:
        _Keeper(case, hardship, shop, trace, truths, case.keep).keep(judged)
    naive = (
        score(truths, naive_answers(shop, weights, rule), is_crowded=hardship.is_crowded)
        for rule in (ancestor, rounding)
    )
    return (judged.sums, *(one.sums for one in naive))


def _refused(case: Case, trace: Path, why: str) -> tuple[Sums, Sums, Sums]:
    """A trace that is not played is nobody's judgement, but a broken promise."""
    if case.keep is not None:
        target = case.keep / f"{case.hardship}-refused" / f"{case.seed}-{case.number}"
        shutil.copytree(trace, target, dirs_exist_ok=True)
        (target / "why.txt").write_text(why + "\n", encoding="utf-8")
    return Counter(refused=1, asked=HARDSHIPS[case.hardship].visits), Counter(), Counter()


def answers(trace: Path, out: Path) -> list[Line]:
    """What `storeguard replay --json` prints."""
    lines: list[Line] = []
    replay(trace, out, lines.append)
    return lines


def _note_lost(judged: Score, truths: Sequence[Truth], lines: Sequence[Line]) -> None:
    """Each visit is judged once: a line too few or too many is wrong, whatever it says."""
    told = sum(line["event"] == "VisitReconciled" for line in lines)
    if told != len(truths):
        judged.wrong("lost_visit", -1, f"{told} visits told, {len(truths)} were")


@dataclass(frozen=True, slots=True)
class _Keeper:
    """Writes wrongly judged visits into `target`, each as a trace of its own."""

    case: Case
    hardship: Hardship
    shop: Shop
    trace: Path
    truths: list[Truth]
    target: Path

    def keep(self, judged: Score) -> None:
        for wrong in judged.wrongs:
            self._keep_one(wrong)

    def _keep_one(self, wrong: Wrong) -> None:
        kind = self.target / f"{self.case.hardship}-{wrong.kind}"
        kind.mkdir(parents=True, exist_ok=True)
        with (kind / "all.txt").open("a", encoding="utf-8") as file:
            file.write(f"seed {self.case.seed} trace {self.case.number}: {asdict(wrong)}\n")
        name = kind / f"{self.case.seed}-{self.case.number}-{wrong.at}"
        if name.exists() or sum(path.is_dir() for path in kind.iterdir()) >= KEPT_A_KIND:
            return
        if not self._shortest(wrong, name):
            shutil.copytree(self.trace, name)
            found = [asdict(truth) | {"doubtful": sorted(truth.doubtful)} for truth in self.truths]
            write_json(name / "truth.json", {"wrong": asdict(wrong), "visits": found})

    def _shortest(self, wrong: Wrong, target: Path) -> bool:
        """The fewest visits that end with the wrong one and are still judged wrongly."""
        if wrong.at < 0 or self.hardship.is_crowded or self.shop.silent is not None:
            return False
        last_s = self._until(wrong.at)
        for from_s, counts in self._starts(self.truths[wrong.at]):
            sales = [s for s in self.shop.sales if from_s <= s.payer.entered_s <= last_s]
            if any(sale.t_s < from_s for sale in sales):
                continue
            cut_trace(self.trace, target, from_s, last_s, counts, sales)
            truths = [
                truth.earlier(from_s)
                for truth in self.truths
                if truth.started_s >= from_s and truth.ended_s <= last_s
            ]
            if self._shows(target, truths, wrong):
                return True
            shutil.rmtree(target)
        return False

    def _until(self, at: int) -> float:
        """Until the visit has been judged, and not into the one after that."""
        ends_s = self.truths[at].ended_s + self.hardship.grace_s + AFTER_S
        later = (truth.ended_s + BEFORE_S for truth in self.truths if truth.started_s <= ends_s)
        return max(ends_s, *later)

    def _starts(self, truth: Truth) -> Iterator[tuple[float, dict[str, int]]]:
        quiet = [one for one in self.shop.quiet if one[0] <= truth.started_s]
        for back in EARLIER_STARTS:
            if back < len(quiet):
                started_s, counts = quiet[-1 - back]
                yield max(0.0, started_s - BEFORE_S), counts

    def _shows(self, trace: Path, truths: list[Truth], wrong: Wrong) -> bool:
        with tempfile.TemporaryDirectory(prefix="storeguard-shop-") as out:
            lines = answers(trace, Path(out))
        again = [one for one in score(truths, lines).wrongs if one.kind == wrong.kind]
        if not again:
            return False
        found = [asdict(truth) | {"doubtful": sorted(truth.doubtful)} for truth in truths]
        write_json(trace / "truth.json", {"wrong": [asdict(one) for one in again], "visits": found})
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (trace / "answers.jsonl").write_text(text, encoding="utf-8")
        return True
