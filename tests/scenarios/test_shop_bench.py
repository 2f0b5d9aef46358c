"""bench/shop in seconds: its lines have their form, and its scorer catches broken judges."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "bench"

FIGURES = {
    "recall",
    "recall_lower_95",
    "precision",
    "precision_lower_95",
    "false_issues",
    "false_share",
    "false_share_upper_95",
}
LINE = {"bench", "machine", "commit", "seed", "hardship", "n", "honest", "ancestor", "rounding"}


@pytest.fixture(autouse=True)
def _bench_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The bench programs import each other by their plain names."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCH))
    yield
    for name in set(sys.modules) - before:
        if name.startswith("_shop_"):
            del sys.modules[name]


def test_a_shortened_run_prints_a_line_a_hardship_and_a_summary(tmp_path: Path) -> None:
    """Plain visits are judged without a fault, the ancestor's rule accuses on most of them."""
    command = [sys.executable, "bench/shop.py", "--visits", "20", "--hardship", "plain"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    plain, summary = (json.loads(line) for line in done.stdout.splitlines())
    assert set(plain) >= LINE | FIGURES
    assert set(plain["ancestor"]) == set(plain["rounding"]) == FIGURES
    assert plain["hardship"] == "plain"
    assert plain["honest"] >= 20
    assert (plain["recall"], plain["precision"], plain["false_issues"]) == (1.0, 1.0, 0)
    assert plain["ancestor"]["precision"] < 0.5
    assert summary["worst"] == "plain"
    assert summary["failed"] == []


def test_a_seed_draws_the_same_visits_twice() -> None:
    """Whoever finds a wrong judgement can draw its trace again."""
    assert _drawn("anything", seed=3) == _drawn("anything", seed=3)
    assert _drawn("anything", seed=3) != _drawn("anything", seed=4)


def test_a_judge_that_never_accuses_has_no_recall() -> None:
    truths = _truths()
    sums = _scored(truths, [])
    assert sums["found_units"] == 0 < sums["stolen_units"]
    assert sums["false_issue"] == 0


def test_a_judge_that_tells_the_truth_is_without_fault() -> None:
    truths = _truths()
    thieves = [truth for truth in truths if truth.stolen]
    lines = [_issue(truth, dict(truth.unpaid)) for truth in thieves]
    sums = _scored(truths, lines)
    assert sums["found_units"] == sums["stolen_units"] == sums["accused_units"] > 0
    assert sums["false_issue"] == sums["false_units"] == 0


def test_a_judge_that_accuses_everybody_has_a_false_issue_on_each_honest_visit() -> None:
    truths = _truths()
    sums = _scored(truths, [_issue(truth, {"상품A": 1}) for truth in truths])
    assert sums["false_issue"] == sums["honest"] > 0


def test_a_withdrawn_provisional_issue_accuses_nobody_and_is_counted() -> None:
    [truth] = [truth for truth in _truths() if not truth.stolen][:1]
    sealed = _issue(truth, {"상품A": 1}) | {"provisional": True}
    sums = _scored([truth], [sealed, {"t_s": 99.0, "event": "IssueWithdrawn", "id": sealed["id"]}])
    assert (sums["provisional"], sums["withdrawn"], sums["false_issue"]) == (1, 1, 0)


def test_a_theft_cannot_be_told_before_it_happens() -> None:
    """An issue that only a later theft would explain is a false one."""
    [truth] = [truth for truth in _truths() if truth.stolen][:1]
    early = _issue(truth, dict(truth.unpaid)) | {"t_s": truth.started_s}
    sums = _scored([truth], [early])
    assert sums["false_units"] == sum(truth.unpaid.values())
    assert sums["found_units"] < sums["stolen_units"]


@pytest.mark.parametrize(
    ("found", "of", "upper"),
    [(0, 6000, 0.000499), (0, 1, 0.95), (3, 6000, 0.001292), (5, 5, 1.0), (0, 0, 1.0)],
)
def test_the_upper_bound_is_clopper_and_pearsons(found: int, of: int, upper: float) -> None:
    from _shop_score import upper_bound

    assert upper_bound(found, of) == pytest.approx(upper, rel=1e-3)


def _drawn(hardship: str, seed: int) -> list[Any]:
    import random

    from _shop_hardships import HARDSHIPS, open_shop
    from _shop_truth import truth_of

    shop, _ = open_shop(HARDSHIPS[hardship], random.Random(f"{hardship} {seed} 0"))
    shop.run()
    return truth_of(shop.people, HARDSHIPS[hardship].grace_s)


def _truths() -> list[Any]:
    return _drawn("plain", seed=1)


def _scored(truths: list[Any], lines: list[dict[str, Any]]) -> Any:
    from _shop_score import score

    return score(truths, lines).sums


def _issue(truth: Any, missing: dict[str, int]) -> dict[str, Any]:
    return {
        "t_s": truth.ended_s + 10.0,
        "event": "IssueSealed",
        "id": f"at {truth.started_s}",
        "visit_started_t_s": truth.started_s,
        "lines": [{"product": name, "missing": count} for name, count in missing.items()],
    }
