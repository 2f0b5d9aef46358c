"""Judgements against the truth, visit by visit."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from _shop_truth import Truth

Line = dict[str, Any]

FITS_S = 1.0
"""A visit is told with the second of its first picture."""

CONFIDENCE = 0.95

CONTESTED_CERTAINTY = 0.5
"""Where a payment may have been another visit's, an issue that claims no more names both."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A judgement that differs from the truth; `at` is the visit's number, -1: no visit's."""

    kind: str
    at: int
    what: str


@dataclass(slots=True)
class Issue:
    """What was told of one issue in the course of time."""

    t_s: float
    visit_started_s: float | None
    units: Counter[str]
    is_provisional: bool
    certainty: dict[str, float] = field(default_factory=dict)
    paid_late: Counter[str] = field(default_factory=Counter)
    is_withdrawn: bool = False

    @property
    def told(self) -> Counter[str]:
        """What the owner is left with; a plain issue was told as it was, payments or not."""
        if not self.is_provisional:
            return self.units
        return Counter() if self.is_withdrawn else self.units - self.paid_late

    @property
    def left(self) -> Counter[str]:
        return Counter() if self.is_withdrawn else self.units - self.paid_late


@dataclass(slots=True)
class Score:
    """Sums that can be added, and what was wrong."""

    sums: Counter[str] = field(default_factory=Counter)
    wrongs: list[Wrong] = field(default_factory=list)

    def wrong(self, kind: str, at: int, what: str) -> None:
        self.sums[kind] += 1
        self.wrongs.append(Wrong(kind, at, what))


def score(truths: Sequence[Truth], lines: Sequence[Line], *, is_crowded: bool = False) -> Score:
    """Compares; in a crowd each person counts as a visit, for the shop is never empty."""
    result = Score()
    starts_s = [truth.started_s - FITS_S for truth in truths]
    issues: dict[int, list[Issue]] = {}
    for issue in issues_of(lines):
        at = -1
        if issue.visit_started_s is not None:
            at = bisect_right(starts_s, issue.visit_started_s) - 1
        issues.setdefault(at, []).append(issue)
    visits = {
        bisect_right(starts_s, line["visit_started_t_s"]) - 1: line
        for line in lines
        if line["event"] == "VisitReconciled"
    }
    for at, truth in enumerate(_shared_out(result, truths, issues)):
        _score_visit(result, at, truth, visits.get(at), issues.get(at, []), is_crowded=is_crowded)
    for issue in issues.get(-1, []):
        result.sums["accused_units"] += _size(issue.told)
        result.wrong("standing", -1, f"{dict(issue.told)} at {issue.t_s:.1f} s without a visit")
    return result


def _shared_out(
    result: Score, truths: Sequence[Truth], issues: dict[int, list[Issue]]
) -> list[Truth]:
    """Of visits that no payment tells apart any may be named: the theft is taken for its.

    Counted as `named_for_another`, for it is not the thief who is named. An issue that is sure of
    itself may not: whoever it names for another is accused wrongly.
    """
    shared = list(truths)
    for at, told in issues.items():
        units = sum((issue.told for issue in told), Counter()) if at >= 0 else Counter()
        for name in sorted(name for name in units if _is_contested(told, name)):
            for other in range(len(shared)):
                while _may_stand_for(shared, at, other, name, units, issues):
                    theft = next(one for one in shared[other].stolen if one[1] == name)
                    rest = list(shared[other].stolen)
                    rest.remove(theft)
                    result.sums["named_for_another"] += 1
                    shared[other] = replace(shared[other], stolen=tuple(rest))
                    shared[at] = replace(shared[at], stolen=(*shared[at].stolen, theft))
    return shared


def _is_contested(told: Sequence[Issue], name: str) -> bool:
    """Nobody who tells no certainty has said that it is in doubt."""
    return all(
        one.certainty.get(name, 1.0) <= CONTESTED_CERTAINTY for one in told if one.told[name]
    )


def _may_stand_for(
    shared: Sequence[Truth],
    at: int,
    other: int,
    name: str,
    units: Counter[str],
    issues: dict[int, list[Issue]],
) -> bool:
    row = shared[at].clusters.get(name)
    if other == at or row is None or shared[other].clusters.get(name) != row:
        return False
    told_there = sum(issue.told[name] for issue in issues.get(other, []))
    return units[name] > shared[at].unpaid[name] and shared[other].unpaid[name] > max(0, told_there)


def issues_of(lines: Sequence[Line]) -> list[Issue]:
    found: dict[str, Issue] = {}
    for line in lines:
        if line["event"] == "IssueSealed":
            units = Counter({one["product"]: one["missing"] for one in line["lines"]})
            certainty = {one["product"]: one.get("certainty", 1.0) for one in line["lines"]}
            found[line["id"]] = Issue(
                line["t_s"],
                line.get("visit_started_t_s"),
                units,
                bool(line.get("provisional")),
                certainty,
            )
        elif line["event"] == "IssueAmended" and line["id"] in found:
            found[line["id"]].paid_late[line["product"]] += line["count"]
        elif line["event"] == "IssueWithdrawn" and line["id"] in found:
            found[line["id"]].is_withdrawn = True
    return list(found.values())


def _score_visit(
    result: Score,
    at: int,
    truth: Truth,
    told: Line | None,
    issues: list[Issue],
    *,
    is_crowded: bool,
) -> None:
    sums = result.sums
    sums["visits"] += truth.people if is_crowded else 1
    sums["honest"] += truth.honest if is_crowded else truth.is_honest
    sums["mixed_up"] += truth.is_mixed_up
    sums["promotions_used"] += bool(truth.promoted)
    sums["provisional"] += sum(issue.is_provisional for issue in issues)
    sums["withdrawn"] += sum(issue.is_withdrawn for issue in issues)
    if told is not None:
        _score_visit_line(result, at, truth, told)
    uncertain = told["uncertain"] if told is not None else {}
    untold = _score_issues(result, at, truth, issues, is_crowded=is_crowded)
    _score_misses(result, at, truth, untold, uncertain)


def _score_issues(
    result: Score, at: int, truth: Truth, issues: list[Issue], *, is_crowded: bool
) -> Counter[str]:
    """Each unit of an issue needs a theft of its own that was before it; returns what is untold."""
    open_thefts = list(truth.stolen)
    for issue in sorted(issues, key=lambda one: one.t_s):
        wrong = Counter()
        for name, count in issue.told.items():
            wrong[name] = count - _matched(open_thefts, {name}, count, issue.t_s)
        _match_by_another_name(result, truth, wrong, open_thefts, issue.t_s)
        false_units = _size(wrong)
        result.sums["accused_units"] += _size(issue.told)
        result.sums["false_units"] += false_units
        if not false_units:
            continue
        kind = "false_issue" if truth.is_honest or is_crowded else "false_units_of_thief"
        result.wrong(kind, at, f"accused of {dict(+wrong or wrong)}, stolen {dict(truth.unpaid)}")
        result.sums["mixed_up_accused"] += truth.is_mixed_up
        result.sums["promotions_accused"] += any(wrong[name] > 0 for name in truth.promoted)
        result.sums["false_after_amends"] += bool(_size(wrong - issue.paid_late))
    return Counter(name for _, name in open_thefts)


def _match_by_another_name(
    result: Score,
    truth: Truth,
    wrong: Counter[str],
    open_thefts: list[tuple[float, str]],
    t_s: float,
) -> None:
    """Of two products that nobody can tell apart, either may be named."""
    for name in sorted(truth.doubtful & wrong.keys()):
        found = _matched(open_thefts, truth.doubtful, wrong[name], t_s)
        wrong[name] -= found
        result.sums["found_by_another_name"] += found


def _matched(
    open_thefts: list[tuple[float, str]], names: AbstractSet[str], count: int, t_s: float
) -> int:
    """Takes up to `count` thefts of the products that were before `t_s` off the list."""
    if count <= 0:
        return 0
    found = [theft for theft in open_thefts if theft[1] in names and theft[0] <= t_s][:count]
    for theft in found:
        open_thefts.remove(theft)
    return len(found)


def _score_misses(
    result: Score, at: int, truth: Truth, untold: Counter[str], uncertain: dict[str, Any]
) -> None:
    """Stolen units that no issue names; what physics leaves open may be called uncertain."""
    for name, count in truth.unpaid.items():
        missed = untold[name]
        if name in truth.doubtful and name in uncertain:
            result.sums["open_by_physics"] += missed
            count, missed = count - missed, 0
        result.sums["stolen_units"] += count
        result.sums["found_units"] += count - missed
        if missed:
            kind = "missed_as_uncertain" if name in uncertain else "missed"
            result.wrong(kind, at, f"{missed} of {count} {name}")


def _score_visit_line(result: Score, at: int, truth: Truth, told: Line) -> None:
    """What the visit's own line says, beside the issues."""
    sums = result.sums
    sums["told_visits"] += 1
    sums["uncertain_visits"] += bool(told["uncertain"])
    sums["unverified_visits"] += bool(told.get("unverified"))
    needless = set(told["uncertain"]) - truth.doubtful
    if needless:
        ranges = {name: told["uncertain"][name] for name in sorted(needless)}
        result.wrong("needlessly_uncertain", at, f"{ranges}, stolen {dict(truth.unpaid)}")
    open_names = truth.doubtful | set(told["uncertain"]) | set(told.get("unverified", ()))
    for key in ("taken", "paid", "misplaced"):
        expected: dict[str, int] = getattr(truth, key)
        got: dict[str, int] = told[key]
        names = {n for n in {**expected, **got} if expected.get(n, 0) != got.get(n, 0)}
        if names - open_names:
            result.wrong(f"{key}_wrong", at, f"{key} {got}, truth {expected}")


def _size(units: Counter[str]) -> int:
    """Units missing, or, as the ancestor has it, minus units missing."""
    return sum(abs(count) for count in units.values())


def figures(sums: Counter[str]) -> dict[str, float | int]:
    """The figures of one judge from its sums."""
    honest, false = sums["honest"], sums["false_issue"]
    true_units = sums["accused_units"] - sums["false_units"] - sums["standing"]
    return {
        "recall": _share(sums["found_units"], sums["stolen_units"]),
        "recall_lower_95": _lower(sums["found_units"], sums["stolen_units"]),
        "precision": _share(true_units, sums["accused_units"]),
        "precision_lower_95": _lower(true_units, sums["accused_units"]),
        "false_issues": false,
        "false_share": round(false / honest, 6) if honest else 0.0,
        "false_share_upper_95": round(upper_bound(min(false, honest), honest), 6),
    }


def _lower(found: int, of: int) -> float:
    return round(1.0 - upper_bound(of - found, of), 5) if of else 0.0


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 1.0


def upper_bound(found: int, of: int) -> float:
    """Clopper-Pearson: the largest share with which so few would still be found 5 times in 100."""
    if of == 0 or found >= of:
        return 1.0
    low, high = found / of, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _at_most(found, of, middle) > 1 - CONFIDENCE else (low, middle)
        )
    return high


def _at_most(found: int, of: int, share: float) -> float:
    """P(X <= found) of a binomial; by logarithms, for `of` is large."""
    if share >= 1.0:
        return 0.0
    logs = (
        math.lgamma(of + 1)
        - math.lgamma(k + 1)
        - math.lgamma(of - k + 1)
        + k * math.log(share or 1e-300)
        + (of - k) * math.log1p(-share)
        for k in range(found + 1)
    )
    return sum(math.exp(log) for log in logs)
