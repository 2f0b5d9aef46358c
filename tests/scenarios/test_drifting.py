"""Zeros that wander: what they may hide is said, remembered over a restart, and never swallowed."""

import json

import pytest

from storeguard.domain.events import IssueSealed, StepSettled, VisitReconciled, ZeroMoved
from storeguard.services import comparing

UNIT_G = 52.0
"""A chocolate bar, on scale B."""


def wander(store, grams, *, every_s=2.0, by_g=0.5):
    """The weight on B changes little by little, too slowly to be seen moving."""
    for n in range(round(abs(grams) / by_g)):
        store.world.put_thing("B", f"drift {grams} {n}", by_g if grams > 0 else -by_g)
        store.advance(every_s)


def moved(store):
    return [(event.scale, event.is_certain) for event in store.told(ZeroMoved)]


def of_light_bars(make_store):
    """A store whose bars weigh 24 g; open, counted and empty."""
    store = make_store()
    path = store.folder / "inventory" / "inventory_store.csv"
    written = path.read_text("utf-8").replace("초코바,12,1200,52", "초코바,12,1200,24")
    path.write_text(written, encoding="utf-8")
    store.start()
    return store


def often_compared(make_store, monkeypatch):
    monkeypatch.setattr(comparing, "COMPARED_EVERY_S", 20.0)
    store = make_store()
    store.start()
    return store


def test_what_goes_slowly_while_somebody_is_there_makes_that_visit_uncertain(store):
    store.enter()
    wander(store, -20.0)
    store.leave()
    store.advance(30)
    assert store.told(StepSettled) == []
    assert moved(store) == [("B", False)]
    [visit] = store.told(VisitReconciled)
    assert visit.uncertain == {"초코바": (0, 1)}
    assert [(one.kind, one.doubt.scale) for one in visit.reasons] == [("drifted", "B")]
    assert store.shelf["초코바"] == 12


def test_the_doubt_is_no_matter_of_later_visits_and_an_item_taken_then_is_counted(store):
    wander(store, 20.0)
    store.enter()
    store.world.take("초코바", 1)
    store.advance(10)
    store.leave()
    store.advance(30)
    [visit] = store.told(VisitReconciled)
    assert (visit.unpaid, visit.uncertain) == ({"초코바": 1}, {})
    assert store.shelf["초코바"] == 11


def test_a_bar_slid_away_within_minutes_is_counted_not_swallowed(store):
    """52 g are more than a zero moves in an hour."""
    wander(store, -UNIT_G)
    store.advance(120)
    assert store.shelf["초코바"] == 11
    assert store.told(StepSettled)


def test_how_far_it_has_wandered_is_known_after_a_restart_and_ends_with_the_owners_word(
    make_store,
):
    store = make_store(outside=True)
    store.start()
    wander(store, 15.0)
    assert moved(store) == []
    store.stop()
    kept = json.loads((store.folder / "state" / "drifts.json").read_text())
    assert 9 < kept["drift_g"]["B"] < 16
    store.start()
    assert store.shelf["초코바"] == 12
    wander(store, 8.0)
    assert moved(store) == [("B", False)]
    csv = store.folder / "inventory" / "inventory_weight.csv"
    csv.write_text(csv.read_text("utf-8").replace("초코바,12", "초코바,11"), encoding="utf-8")
    store.advance(5)
    assert moved(store) == [("B", False), ("B", True)]


def test_a_zero_that_moves_by_more_than_a_unit_accuses_nobody_who_touched_nothing(make_store):
    """35 g in two minutes, as a cell of 7 g/°C does in 5 °C, under bags of 24 g."""
    store = of_light_bars(make_store)
    store.enter()
    wander(store, -35.0, every_s=2.0)
    store.leave()
    store.be_judged()
    [visit] = store.told(VisitReconciled)
    assert (visit.unpaid, visit.uncertain) == ({}, {"초코바": (0, 2)})
    assert store.missing == []


def test_nor_does_it_hide_that_one_was_taken_for_certain(make_store):
    store = of_light_bars(make_store)
    store.enter()
    wander(store, 35.0)
    store.take("초코바")
    store.leave()
    store.be_judged()
    [visit] = store.told(VisitReconciled)
    low, high = visit.uncertain["초코바"]
    assert low <= 1 <= high


def test_what_slides_away_from_a_scale_that_is_in_doubt_already_is_uncertain_too(make_store):
    """It had drifted by 10 g before he came; nobody can say that his 24 g are drift as well."""
    store = of_light_bars(make_store)
    wander(store, -10.0)
    assert moved(store) == [("B", False)]
    store.advance(120)
    store.enter()
    wander(store, -24.0)
    store.leave()
    store.be_judged()
    assert store.told(StepSettled) == []
    [visit] = store.told(VisitReconciled)
    assert (visit.unpaid, visit.uncertain) == ({}, {"초코바": (0, 1)})
    assert [(one.kind, one.doubt.scale) for one in visit.reasons] == [("drifted", "B")]


def test_and_where_the_zero_is_back_at_nothing_by_it(make_store):
    store = of_light_bars(make_store)
    wander(store, 20.0)
    store.advance(120)
    store.enter()
    wander(store, -22.0)
    store.leave()
    store.be_judged()
    assert moved(store) == [("B", False), ("B", True)]
    [visit] = store.told(VisitReconciled)
    assert visit.uncertain == {"초코바": (0, 1)}


def test_the_doubt_is_no_matter_of_a_visit_in_which_the_zero_moves_a_little(make_store):
    store = of_light_bars(make_store)
    wander(store, -10.0)
    store.advance(120)
    store.enter()
    wander(store, -4.0)
    store.leave()
    store.be_judged()
    [visit] = store.told(VisitReconciled)
    assert (visit.unpaid, visit.uncertain, visit.reasons) == ({}, {}, ())


@pytest.mark.parametrize(("taken", "told"), [(1, []), (3, [2])])
def test_what_a_visit_left_open_for_its_zero_is_not_told_by_the_next_comparison(
    make_store, monkeypatch, taken, told
):
    store = often_compared(make_store, monkeypatch)
    store.enter()
    wander(store, 20.0)
    for _ in range(taken):
        store.world.take("초코바", 1)
        store.advance(6)
    store.leave()
    store.advance(90)
    [visit] = store.told(VisitReconciled)
    assert visit.uncertain == {"초코바": (taken - 1, taken)}
    assert [line.missing for issue in store.told(IssueSealed) for line in issue.lines] == told


def test_what_is_still_missing_once_the_zero_is_back_is_told(make_store, monkeypatch):
    store = often_compared(make_store, monkeypatch)
    store.enter()
    wander(store, 20.0)
    store.world.take("초코바", 1)
    store.advance(10)
    store.leave()
    store.advance(60)
    assert store.told(IssueSealed) == []
    wander(store, -16.0)
    store.advance(60)
    [issue] = store.told(IssueSealed)
    assert [(line.product, line.missing) for line in issue.lines] == [("초코바", 1)]


def test_a_zero_in_doubt_keeps_no_theft_from_the_comparison_that_no_visit_left_open(
    make_store, monkeypatch
):
    """At night, with nobody seen."""
    store = often_compared(make_store, monkeypatch)
    wander(store, 20.0)
    store.world.take("초코바", 1)
    store.advance(90)
    [issue] = store.told(IssueSealed)
    assert [(line.product, line.missing) for line in issue.lines] == [("초코바", 1)]
