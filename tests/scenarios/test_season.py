"""A zero that shifts on and on with the season: in doubt, asking for tare, and never a loss."""

import random

import pytest

from storeguard.replaying import replay

HOUR_S, UNIT_G, UNITS = 3600.0, 95.0, 20
ENDS_S = 2.9 * HOUR_S

CONFIG = """
store: {id: season-1, name: 환절기}
scales:
  - {id: A, products: [우유], sample_rate_hz: 1, calibration: {tare_raw: 2000, counts_per_g: 400}}
cameras: [{id: door}]
started_at: "2026-11-20T10:00:00+09:00"
"""


@pytest.fixture
def played(tmp_path):
    """A function: the replay's lines of a scale whose zero shifts by so much an hour.

    `taken_s`: somebody comes and takes one unit then; without it nobody is ever there.
    """

    def play(g_an_hour, *, taken_s=None, unit_g=UNIT_G):
        rnd, rows = random.Random(3), ["t_s,scale,raw\n"]
        for t_s in range(round(ENDS_S)):
            units = UNITS - (taken_s is not None and t_s >= taken_s)
            grams = units * unit_g + g_an_hour * t_s / HOUR_S + rnd.gauss(0, 0.3)
            rows.append(f"{t_s},A,{round(2000 + 400 * grams)}\n")
        visit = "" if taken_s is None else f"{taken_s - 10},1\n{taken_s + 20},0\n"
        folder = tmp_path / "trace"
        (folder / "inventory").mkdir(parents=True)
        for name, text in (
            ("config.yaml", CONFIG),
            (
                "inventory/inventory_store.csv",
                f"상품명, 개수, 가격, 무게\n우유,{UNITS},1500,{unit_g:g}\n",
            ),
            ("people.csv", "t_s,people\n0,0\n" + visit),
            ("sales.csv", "t_s,product,count\n"),
            ("scales.csv", "".join(rows)),
        ):
            (folder / name).write_text(text, encoding="utf-8")
        lines = []
        replay(folder, tmp_path / "out", lines.append)
        return lines

    return play


def test_a_season_with_nobody_there_is_in_doubt_and_takes_nothing(played, caplog):
    """Over a unit in all, no hour of it more than a zero moves in one."""
    [moved] = played(-36.0)
    assert (moved["event"], moved["certain"]) == ("ZeroMoved", False)
    assert abs(moved["grams"]) == pytest.approx(UNIT_G / 3, abs=0.5)
    assert "storeguard scale tare A" in caplog.text


def test_goods_too_heavy_for_a_third_of_them_are_in_doubt_at_what_a_cell_moves_in_all(
    played, caplog
):
    [moved] = played(-36.0, unit_g=330.0)
    assert (moved["certain"], moved["grams"]) == (False, pytest.approx(-100, abs=0.5))
    assert "storeguard scale tare A" in caplog.text


def test_what_is_taken_while_the_scale_is_in_doubt_is_told_for_what_it_is(played):
    lines = played(-36.0, taken_s=10_200)
    told = [line["event"] for line in lines]
    assert told[0] == "ZeroMoved"
    assert told.count("ZeroMoved") == told.count("StockChanged") == told.count("IssueSealed") == 1
    [visit] = [line for line in lines if line["event"] == "VisitReconciled"]
    assert (visit["unpaid"], visit["uncertain"]) == ({"우유": 1}, {})
