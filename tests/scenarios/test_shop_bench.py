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
        if name.startswith(("_shop_", "shop", "_report")):
            del sys.modules[name]


def test_a_shortened_run_prints_a_line_a_hardship_and_a_summary(tmp_path: Path) -> None:
    """Plain visits are judged without a fault, the ancestor's rule accuses on most of them."""
    command = [sys.executable, "bench/shop.py", "--visits", "40", "--hardship", "plain"]
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
    assert plain["honest"] >= 40
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


def test_a_judge_that_accuses_of_what_is_free_by_a_promotion_does_not_pass() -> None:
    """One such issue is one too many, however few they are among all visits."""
    truths = _drawn("promotion", seed=1)
    truth = next(one for one in truths if one.promoted and not one.stolen)
    other = next(name for name in ("상품A", "상품D") if name not in truth.promoted)
    for product, accused in ((truth.promoted[0], 1), (other, 0)):
        sums = _scored(truths, [_issue(truth, {product: 1})])
        assert (sums["promotions_accused"], sums["false_issue"]) == (accused, 1)
        assert 0 < sums["promotions_used"] <= len(truths)
        assert _is_kept("clean", promotions_accused=accused) is (accused == 0)


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


def test_an_honest_visit_may_stand_for_the_thiefs_only_where_its_issue_leaves_both_open() -> None:
    """One takes and does not pay, the next pays for the same: no payment tells the two apart."""
    thief, honest = _rows_of_two()
    accused = _issue(honest, {"상품A": 1})
    sums = _scored([thief, honest], [_sure(accused, 0.5)])
    assert (sums["named_for_another"], sums["false_issue"], sums["found_units"]) == (1, 0, 1)
    sums = _scored([thief, honest], [_sure(accused, 0.51)])
    assert (sums["named_for_another"], sums["false_issue"], sums["found_units"]) == (0, 1, 0)


def test_with_hard_weights_a_hundredth_of_the_visits_may_be_uncertain_without_need() -> None:
    assert _is_kept("hard", needless=10)
    assert not _is_kept("hard", needless=11)
    assert _is_kept("clean", needless=11)


def test_a_hard_trace_in_ten_begins_with_hours_of_quiet_and_has_the_same_visits() -> None:
    from _shop_cases import QUIET_S, Case

    quiet = [Case("plain", 1, number, is_hard=True).quiet_s for number in range(20)]
    assert quiet == [QUIET_S, *[0.0] * 9] * 2
    assert Case("plain", 1, 0).quiet_s == 0.0
    assert all(quiet_s == 0.0 for quiet_s in quiet[1:10])
    for hardship in ("plain", "kiosk-silent"):
        clean, late = _drawn(hardship, seed=1), _drawn(hardship, seed=1, quiet_s=QUIET_S)
        assert [one.taken for one in late] == [one.taken for one in clean]
        starts_s = [one.started_s + QUIET_S for one in clean]
        assert [one.started_s for one in late] == pytest.approx(starts_s)


def test_hard_cells_have_the_worst_drift_of_the_published_figures() -> None:
    """A degree warmer for hours: 7 g on 10 kg."""
    import numpy as np

    from _shop_trace import COUNTS_PER_G, _hard_scales
    from _shop_weights import Air
    from _shop_world import Goods

    cells = {"A": 5_000.0, "B": 10_000.0, "C": 20_000.0}
    goods = [Goods(f"상품{s}", s, 1000, 95.0, 0.01, g, 0.0) for s, g in cells.items()]
    times_s = np.arange(0.0, 7200.0, 1.0)
    weights = {scale: (times_s, np.full(7200, 1000.0)) for scale in cells}
    air = Air(np.array([0.0, 600.0, 7200.0]), np.array([0.0, 1.0, 1.0]))
    rows = [row.split(",") for row in _hard_scales(weights, goods, air, seed=1).splitlines()[1:]]
    for scale, capacity_g in cells.items():
        raws = [raw for _, name, raw in rows if name == scale]
        first, last = (np.median([int(r) for r in some if r]) for some in (raws[:60], raws[-60:]))
        moved_g = abs(float(last - first)) / COUNTS_PER_G
        assert moved_g == pytest.approx(7e-4 * capacity_g, rel=0.1)


@pytest.mark.parametrize("hardship", ["plain", "delivery", "masking", "never-empty-apart"])
def test_no_shelf_weighs_more_than_its_cell(hardship: str) -> None:
    cells_g = set()
    for seed in range(20):
        for plate in _shop(hardship, seed).plates.values():
            load_g = sum(item.grams for item in plate.items)
            for _, change_g in reversed(plate.changes):
                assert load_g <= plate.goods.capacity_g
                load_g -= change_g
            cells_g.add(plate.goods.capacity_g)
    assert {5_000.0, 10_000.0} <= cells_g <= {5_000.0, 10_000.0, 20_000.0, 50_000.0}


def test_nothing_is_delivered_onto_a_plate_that_could_not_carry_it() -> None:
    from _shop_hardships import A_DELIVERY, _with_room

    shop = _shop("plain", seed=1)
    plate = shop.plates["A"]
    assert plate in _with_room(shop)
    room_g = plate.goods.capacity_g - sum(item.grams for item in plate.items)
    units = int(room_g / plate.goods.unit_g) - A_DELIVERY + 2
    plate.items += [shop.make(plate.goods) for _ in range(units)]
    assert plate not in _with_room(shop)


def test_deliveries_come_with_and_without_restock_mode(tmp_path: Path) -> None:
    from _shop_trace import write_trace

    shop = _shop("delivery", seed=1)
    modes = [mode for _, mode, _ in shop.restock]
    assert modes == ["on", "off"] * (len(modes) // 2)
    brought = sum("brings" in what for person in shop.people for _, what in person.story)
    assert 0 < len(modes) // 2 < brought
    counts = {one.name: shop.present(one.name) for one in shop.goods}
    write_trace(tmp_path / "trace", shop, counts, 10.0, shop.now_s, 1)
    header, first, *_ = (tmp_path / "trace" / "restock.csv").read_text("utf-8").splitlines()
    assert header == "t_s,mode,who"
    assert first == f"{shop.restock[0][0]:.2f},on,owner"


@pytest.mark.parametrize(
    ("found", "of", "upper"),
    [(0, 6000, 0.000499), (0, 1, 0.95), (3, 6000, 0.001292), (5, 5, 1.0), (0, 0, 1.0)],
)
def test_the_upper_bound_is_clopper_and_pearsons(found: int, of: int, upper: float) -> None:
    from _shop_score import upper_bound

    assert upper_bound(found, of) == pytest.approx(upper, rel=1e-3)


def _drawn(hardship: str, seed: int, quiet_s: float = 0.0) -> list[Any]:
    from _shop_hardships import HARDSHIPS
    from _shop_truth import truth_of

    return truth_of(_shop(hardship, seed, quiet_s).people, HARDSHIPS[hardship].grace_s)


def _shop(hardship: str, seed: int, quiet_s: float = 0.0) -> Any:
    import random

    from _shop_hardships import HARDSHIPS, open_shop

    chance = random.Random(f"{hardship} {seed} 0")
    shop, _ = open_shop(HARDSHIPS[hardship], chance, quiet_s)
    shop.run()
    return shop


def _rows_of_two() -> list[Any]:
    """Visits of 10 s each, the second 20 s after the first, in one row of a payment."""
    from _shop_truth import Truth

    def visit(at_s: float, *, steals: bool) -> Truth:
        paid = {} if steals else {"상품A": 1}
        stolen = ((at_s + 9.0, "상품A"),) if steals else ()
        doubtful, clusters = frozenset({"상품A"}), {"상품A": 0}
        return Truth(
            *(at_s, at_s + 10.0, 1, int(not steals), {"상품A": 1}, paid, {}, stolen, doubtful),
            is_mixed_up=False,
            story=(),
            clusters=clusters,
        )

    return [visit(10.0, steals=True), visit(30.0, steals=False)]


def _sure(issue: dict[str, Any], certainty: float) -> dict[str, Any]:
    return issue | {"lines": [line | {"certainty": certainty} for line in issue["lines"]]}


def _is_kept(weights: str, needless: int = 0, promotions_accused: int = 0) -> bool:
    """Of a hardship of 1,000 visits that is without fault but for what is said here."""
    import shop

    line: dict[str, Any] = dict.fromkeys(
        ("withdrawn", "provisional", "mixed_up_accused", "lost_visits", "refused_traces"), 0
    )
    line |= {"recall": 1.0, "precision": 1.0, "false_share": 0.0, "hardship": "plain", "n": 1000}
    line |= {"weights": weights, "needlessly_uncertain": needless}
    return shop._is_kept(line | {"promotions_accused": promotions_accused})


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
