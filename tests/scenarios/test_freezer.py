"""A chest freezer on four summed cells: frost, defrost, hands and lids, and what went unpaid."""

import json
import math
import random

import pytest

from storeguard import shelving
from storeguard.domain.reconcile import Discrepancy
from storeguard.replaying import replay
from storeguard.services.heaps import Late

COUNTS_PER_G, GOODS_G, NOISE_G, RATE_HZ = 20.0, 60_000.0, 5.0, 10

CONFIG = f"""
store: {{id: ice-1, name: 아이스크림}}
scales:
  - {{id: F1, kind: bulk, products: [메로나, 월드콘], capacity_g: 200000,
     calibration: {{tare_raw: 1000, counts_per_g: {COUNTS_PER_G}}}}}
cameras: [{{id: door}}]
started_at: "2026-11-20T10:00:00+09:00"
"""
BOOK = "상품명, 개수, 가격, 무게\n메로나,400,1000,75\n월드콘,200,2000,110\n"


def trace(folder, visits, sales, *, ramp=None, until_s=400.0, goods_g=GOODS_G, silent=()):
    """`visits`: (from, to, grams taken in its middle while hands and the lid shake everything).

    `silent`: from when until when the scale says nothing.
    """
    rnd, ramp = random.Random(7), ramp or (lambda t_s: 0.0)
    (folder / "inventory").mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "inventory" / "inventory_store.csv").write_text(BOOK, encoding="utf-8")
    people = "".join(f"{a},1\n{b},0\n" for a, b, _ in visits)
    (folder / "people.csv").write_text("t_s,people\n0,0\n" + people, encoding="utf-8")
    rows = "".join(f"{t},{name},{n}\n" for t, name, n in sales)
    (folder / "sales.csv").write_text("t_s,product,count\n" + rows, encoding="utf-8")
    lines = ["t_s,scale,raw\n"]
    for n in range(int(until_s * RATE_HZ)):
        t_s = n / RATE_HZ
        grams = goods_g + ramp(t_s) + rnd.gauss(0, NOISE_G)
        for from_s, to_s, taken_g in visits:
            middle_s = (from_s + to_s) / 2
            grams -= taken_g if t_s >= middle_s else 0
            if abs(t_s - middle_s) < 6:  # hands, an arm on the rim, the lid
                grams += rnd.uniform(-1500, 4000)
        is_silent = silent and silent[0] <= t_s < silent[1]
        raw = "" if is_silent else round(1000 + COUNTS_PER_G * grams)
        lines.append(f"{t_s:.1f},F1,{raw}\n")
    (folder / "scales.csv").write_text("".join(lines), encoding="utf-8")
    return folder


def played(tmp_path, *args, **more):
    events = []
    replay(trace(tmp_path / "trace", *args, **more), tmp_path / "out", events.append)
    return events


def of(events, kind):
    return [event for event in events if event["event"] == kind]


def test_grams_that_no_sale_explains_are_an_issue_in_grams_and_won(tmp_path, caplog):
    events = played(tmp_path, [(60, 100, 232.0)], [])
    [issue] = of(events, "IssueSealed")
    [line] = issue["lines"]
    assert line["product"] == "F1 약 230 g"
    assert (line["missing"], line["certainty"]) == (2, 0.9)
    assert 3000 <= line["loss"] <= 3700
    [judged] = of(events, "BulkJudged")
    assert judged["missing_g"] == pytest.approx(232, abs=15)
    manifest = tmp_path / "out" / "issue_data" / issue["id"] / "issue.json"
    why = json.loads(manifest.read_text("utf-8"))["why"]["ko"]
    assert any("냉동고의 무게로는 어떤 상품인지 알 수 없습니다" in one for one in why)
    assert "has no row any more" not in caplog.text


def test_what_was_paid_is_no_issue_and_a_lid_that_was_opened_is_none(tmp_path):
    visits = [(60, 100, 187.0), (200, 240, 0.0)]
    events = played(tmp_path, visits, [(95, "메로나", 1), (95, "월드콘", 1)])
    assert of(events, "IssueSealed") == []
    [judged, *_] = of(events, "BulkJudged")
    assert (judged["sold_g"], judged["missing_g"], judged["won"]) == (185, 0, 0)
    assert len(of(events, "VisitReconciled")) == 2


@pytest.mark.parametrize("ramp", ["frost", "defrost"])
def test_frost_and_defrost_are_slow_and_open_no_visit(tmp_path, ramp):
    def grams(t_s):
        if ramp == "frost":
            return 0.005 * t_s
        return -300 * (1 - math.exp(-max(0.0, t_s - 100) / 500))

    events = played(tmp_path, [(700, 740, 300.0)], [], ramp=grams, until_s=1000.0)
    assert len(of(events, "StoreOccupied")) == 1
    [judged] = of(events, "BulkJudged")
    assert judged["missing_g"] == pytest.approx(300, abs=20)


# --- a freezer that does not come to rest


def hum(from_s, until_s):
    """Of a compressor, 45 g at 0.2 Hz: too slow to be noise, too much to be rest."""
    return lambda t_s: 45 * math.sin(0.4 * math.pi * t_s) if from_s < t_s < until_s else 0.0


def ramp(from_s, until_s, grams):
    """The air conditioning on the cells."""
    return lambda t_s: grams * min(1.0, max(0.0, (t_s - from_s) / (until_s - from_s)))


def lean(from_s, until_s):
    """Children on the rim."""

    def grams(t_s):
        is_there = from_s < t_s < until_s
        return 4000 + 2500 * math.sin(0.9 * t_s) * math.sin(0.13 * t_s) if is_there else 0.0

    return grams


def reasons(tmp_path, issue):
    manifest = tmp_path / "out" / "issue_data" / issue["id"] / "issue.json"
    return " ".join(json.loads(manifest.read_text("utf-8"))["why"]["ko"])


def unchecked(events):
    return [one["unverified"] for one in of(events, "VisitReconciled")]


@pytest.mark.parametrize("hum_s", [(70, 430), (30, 430)], ids=["since it", "since before it"])
def test_a_theft_out_of_a_freezer_that_hums_on_is_told_when_it_has_come_to_rest(tmp_path, hum_s):
    events = played(tmp_path, [(60, 100, 1440.0)], [], ramp=hum(*hum_s), until_s=600.0)
    assert unchecked(events) == [["냉동고 F1"]]
    [issue] = of(events, "IssueSealed")
    assert issue["t_s"] > 430
    assert issue["visit_started_t_s"] == pytest.approx(60, abs=1)
    assert issue["lines"][0]["product"] in ("F1 약 1430 g", "F1 약 1440 g", "F1 약 1450 g")
    assert "오래 멎지 않아, 이 무게는 700 g까지 틀릴 수 있습니다" in reasons(tmp_path, issue)


def test_a_freezer_that_hums_on_accuses_nobody_who_paid_or_took_nothing(tmp_path):
    sales = [(95, "월드콘", 4)]
    events = played(tmp_path, [(60, 100, 440.0)], sales, ramp=hum(70, 430), until_s=600.0)
    assert unchecked(events) == [["냉동고 F1"]]
    assert of(events, "IssueSealed") == []


def test_what_the_cells_do_while_nobody_follows_them_is_no_theft(tmp_path):
    def grams(t_s):
        return hum(70, 430)(t_s) + ramp(70, 370, -650)(t_s)

    events = played(tmp_path, [(60, 100, 0.0)], [], ramp=grams, until_s=600.0)
    assert unchecked(events) == [["냉동고 F1"]]
    [judged] = of(events, "BulkJudged")
    assert judged["gone_g"] == pytest.approx(650, abs=30)
    assert of(events, "IssueSealed") == []


def test_of_an_unrest_over_two_visits_it_is_said_that_it_may_be_either(tmp_path):
    visits, sales = [(60, 100, 1440.0), (125, 320, 220.0)], [(315, "월드콘", 2)]
    events = played(tmp_path, visits, sales, ramp=lean(91, 300), until_s=600.0)
    assert unchecked(events) == [["냉동고 F1"], ["냉동고 F1"]]
    [issue] = of(events, "IssueSealed")
    [line] = issue["lines"]
    assert line["product"] in ("F1 약 1430 g", "F1 약 1440 g", "F1 약 1450 g")
    assert line["certainty"] == 0.5
    assert "이 손님 것인지 다른 손님 것인지" in reasons(tmp_path, issue)


def test_an_unrest_of_many_visits_is_nobodys(tmp_path):
    visits = [(60 + 200 * n, 100 + 200 * n, 500.0) for n in range(7)]
    events = played(tmp_path, visits, [], ramp=hum(70, 1500), until_s=1700.0)
    assert unchecked(events) == 7 * [["냉동고 F1"]]
    assert of(events, "IssueSealed") == []


def test_a_visit_while_the_freezer_is_out_is_told_as_unchecked(tmp_path):
    events = played(tmp_path, [(60, 100, 232.0)], [], silent=(70, 80))
    assert unchecked(events) == [["냉동고 F1"]]
    assert of(events, "IssueSealed") == []


def test_money_that_is_given_back_is_no_theft(tmp_path):
    sales = [(95, "월드콘", 4), (210, "월드콘", -4)]
    events = played(tmp_path, [(60, 100, 440.0), (200, 240, 0.0)], sales)
    assert of(events, "IssueSealed") == []
    assert len(of(events, "VisitReconciled")) == 2


def test_an_issue_that_comes_late_has_the_clips_of_its_visit(store, monkeypatch):
    """They stay with the visit until its freezer has come to rest, though it is judged before."""
    heaps, waiting = store.app.reconciling._heaps, []
    monkeypatch.setattr(heaps, "awaits", lambda visit: waiting.append(visit) or True)
    store.enter()
    store.advance(5)
    store.leave()
    store.be_judged()
    assert not store.issues
    monkeypatch.undo()
    line = Discrepancy("F1 약 1440 g", 0, 3, 0.9, 15_000)
    late = [Late("F1", (waiting[0],), (line,))]
    monkeypatch.setattr(heaps, "late", lambda *_: iter(late))
    monkeypatch.setattr(heaps, "close", late.remove)
    store.advance(3)
    [issue] = store.issues
    assert len(list(issue.glob("clip-*.mp4"))) == 1
    assert store.app.evidence.clips_kept == 1


def test_a_freezer_that_is_lifted_off_its_cells_is_not_stolen_goods(tmp_path):
    events = played(tmp_path, [(60, 100, 90_000.0), (200, 240, -90_000.0)], [])
    assert unchecked(events) == [["냉동고 F1"], []]
    assert of(events, "IssueSealed") == []


# --- what somebody leaves on it


def test_a_bag_that_is_fetched_in_a_later_visit_is_no_theft(tmp_path):
    events = played(tmp_path, [(60, 100, -900.0), (200, 240, 900.0)], [])
    assert unchecked(events) == [[], ["냉동고 F1"]]
    assert [one["missing_g"] for one in of(events, "BulkJudged")][1] == 0
    assert of(events, "IssueSealed") == []


def test_who_fetches_it_and_pays_what_he_takes_with_it_is_no_thief(tmp_path):
    visits, sales = [(60, 100, -900.0), (200, 240, 1120.0)], [(235, "월드콘", 2)]
    events = played(tmp_path, visits, sales)
    assert of(events, "IssueSealed") == []


@pytest.mark.parametrize("came_g", [900.0, 5000.0], ids=["a bag", "a delivery"])
@pytest.mark.parametrize("taken_g", [232.0, 1440.0])
def test_what_came_excuses_no_theft_of_another_weight(tmp_path, came_g, taken_g):
    events = played(tmp_path, [(60, 100, -came_g), (200, 240, taken_g)], [])
    [issue] = of(events, "IssueSealed")
    assert issue["lines"][0]["certainty"] == 0.9
    assert of(events, "BulkJudged")[-1]["missing_g"] == pytest.approx(taken_g, abs=15)


def test_what_came_excuses_one_loss_only(tmp_path):
    visits = [(60, 100, -900.0), (200, 240, 900.0), (340, 380, 900.0)]
    events = played(tmp_path, visits, [], until_s=520.0)
    [issue] = of(events, "IssueSealed")
    assert issue["visit_started_t_s"] == pytest.approx(340, abs=1)


def test_goods_that_are_paid_and_left_there_are_nothing_that_was_left_on_it(tmp_path):
    """The scale is as before, the till is not: nothing has come that could be fetched."""
    events = played(tmp_path, [(60, 100, 0.0), (200, 240, 440.0)], [(95, "월드콘", 4)])
    [issue] = of(events, "IssueSealed")
    assert issue["visit_started_t_s"] == pytest.approx(200, abs=1)


def test_the_steps_of_a_freezer_wait_for_no_count(tmp_path, monkeypatch):
    """Else each of them stays in memory until the daemon is stopped."""
    made, found = shelving.channels, []
    monkeypatch.setattr(shelving, "channels", lambda *args: found.extend(made(*args)) or found)
    events = played(tmp_path, [(60, 100, 232.0), (200, 240, 232.0)], [])
    assert len(of(events, "BulkJudged")) == 2
    [freezer] = found
    assert not freezer.pending


def test_a_freezer_that_was_tared_with_its_goods_inside_is_no_shelf_that_is_off(tmp_path):
    visits, sales = [(60, 100, 2200.0), (200, 240, 330.0)], [(95, "월드콘", 20)]
    events = played(tmp_path, visits, sales, goods_g=0.0)
    assert of(events, "DeviceFailed") == []
    [issue] = of(events, "IssueSealed")
    assert issue["lines"][0]["product"] == "F1 약 330 g"
