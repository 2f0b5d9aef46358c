"""What a run of readings says about a scale: tables, and what must hold for every run."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.diagnosis import REMARKS, Cell, Finding, diagnose
from storeguard.domain.scalerules import Reading
from storeguard.domain.series import MOST_POINTS, noise, rms, slope_per_s, sorted_out

CELL = Cell(10.0, 10_000.0, 265.0, 84_000, 429.0)
NOISE_G = 0.25


def run(
    *,
    seconds=10.0,
    rate_hz=10.0,
    grams=lambda _t_s: 1000.0,
    noise_g=NOISE_G,
    cell=CELL,
    seed=1,
):
    """Readings of a cell whose load is `grams(t_s)`."""
    dice = random.Random(seed)
    times_s = [n / rate_hz for n in range(round(seconds * rate_hz))]
    counts_per_g = cell.counts_per_g or 429.0
    return [
        Reading(t_s, round(cell.tare_raw + counts_per_g * (grams(t_s) + dice.gauss(0, noise_g))))
        for t_s in times_s
    ]


def with_failures(readings, share, why="no data"):
    dice = random.Random(2)
    return [r if dice.random() > share else Reading(r.t_s, None, why) for r in readings]


def spiked(readings, every, grams=200.0):
    return [
        Reading(r.t_s, r.raw + round(grams * 429)) if n % every == every - 1 else r
        for n, r in enumerate(readings)
    ]


SILENT = [Reading(float(n), None, "no data") for n in range(10)]
SATURATED = [Reading(float(n), None, "scale 'A': saturated at 0x7FFFFF") for n in range(10)]
SATURATED_RAW = [Reading(n / 10, 0x7FFFFF) for n in range(100)]


@pytest.mark.parametrize(
    ("readings", "findings"),
    [
        ([], [Finding.NO_READING]),
        (run(), []),
        (run(noise_g=1.2), [Finding.SOMEWHAT_NOISY]),
        (run(noise_g=4.0), [Finding.NOISY]),
        (run(grams=lambda _t_s: 1000.0, noise_g=0.0), [Finding.FROZEN]),
        (run(grams=lambda t_s: 1000 + 0.5 * t_s), [Finding.DRIFTING]),
        (run(grams=lambda t_s: 1000 - 0.5 * t_s), [Finding.DRIFTING]),
        (run(grams=lambda t_s: 1000 + 0.02 * t_s), []),
        (run(grams=lambda t_s: 1000.0 if t_s < 5 else 1265.0), [Finding.RESTLESS]),
        (run(grams=lambda t_s: 1150.0 if 4 < t_s < 6 else 1000.0), [Finding.RESTLESS]),
        (run(grams=lambda _t_s: 18_000.0), [Finding.NEAR_LIMIT]),
        (run(rate_hz=5.0, seconds=10), [Finding.TOO_SLOW]),
        (run(rate_hz=80.0), [Finding.TOO_FAST]),
        (run(rate_hz=9.0), []),
        (run(rate_hz=11.0), []),
        (spiked(run(), 25), [Finding.SPIKES]),
        (spiked(run(seconds=30), 200), []),
        (with_failures(run(seconds=30), 0.02), [Finding.DROPOUTS]),
        (with_failures(run(), 0.3), [Finding.FAILING]),
        (SILENT, [Finding.NO_READING]),
        (SATURATED, [Finding.SATURATED]),
        (SATURATED_RAW, [Finding.SATURATED]),
        (run(seconds=0.5), [Finding.NO_READING]),
        ([*run(), Reading(10.0, None, "saturated at 0x7FFFFF")], [Finding.SATURATED]),
    ],
)
def test_what_a_run_shows_is_found(readings, findings):
    assert list(diagnose(readings, CELL).findings) == findings


@pytest.mark.parametrize("readings", [[], SILENT, SATURATED, run(), run(noise_g=4)])
def test_a_scale_is_sound_when_nothing_but_remarks_is_found(readings):
    found = diagnose(readings, CELL)
    assert found.is_sound is (not set(found.findings) - REMARKS)


def test_an_uncalibrated_scale_is_judged_in_counts_and_its_grams_are_unknown():
    cell = replace(CELL, tare_raw=0, counts_per_g=None)
    found = diagnose(run(), cell)
    assert found.findings == (Finding.UNCALIBRATED,)
    assert found.is_sound
    assert (found.grams, found.rms_g, found.peak_g, found.drift_g) == (None, None, None, None)
    assert found.rms_counts == pytest.approx(NOISE_G * 429, rel=0.2)
    assert Finding.NOISY in diagnose(run(noise_g=6), cell).findings


def test_the_figures_are_those_of_the_run():
    found = diagnose(with_failures(run(grams=lambda t_s: 1000 + 0.05 * t_s), 0.04), CELL)
    assert found.readings == 100
    assert found.span_s == pytest.approx(9.9)
    assert found.nominal_hz == 10
    assert found.rate_hz == pytest.approx(10 * (1 - found.failed_share), abs=0.3)
    assert 0 < found.failed_share < 0.1
    assert found.grams == pytest.approx(1000.25, abs=0.2)
    assert found.rms_g == pytest.approx(0.29, abs=0.06)
    assert found.peak_g == pytest.approx(found.peak_counts / 429)
    assert found.drift_g == pytest.approx(0.5, abs=0.2)
    assert found.why == "no data"


def test_a_cell_that_hangs_upside_down_has_positive_spreads_and_a_drift_in_grams():
    cell = replace(CELL, counts_per_g=-429.0)
    found = diagnose(run(grams=lambda t_s: 1000 + 0.5 * t_s, cell=cell), cell)
    assert found.drift_g == pytest.approx(5.0, abs=0.3)
    assert found.drift_counts < 0
    assert found.rms_g > 0
    assert found.peak_g > 0


def test_a_unit_that_is_too_light_for_its_cell_is_told_from_a_noisy_cell():
    light = replace(CELL, lightest_unit_g=2.0)
    assert diagnose(run(noise_g=0.5), CELL).findings == ()
    assert diagnose(run(noise_g=0.5), light).findings == (Finding.UNIT_TOO_LIGHT,)
    assert diagnose(run(noise_g=4.0), light).findings == (Finding.NOISY,)


# --- figures of a series ---------------------------------------------------------------------


def test_the_usual_reason_is_told():
    readings = [Reading(0, None, "a"), Reading(1, None, "b"), Reading(2, None, "b")]
    assert sorted_out(readings).why == "b"
    assert sorted_out([Reading(0, None)]).why == ""


def test_one_reading_or_one_instant_has_no_rate():
    assert sorted_out([Reading(0, 1)]).rate_hz == 0
    assert sorted_out([Reading(5, 1), Reading(5, 2)]).rate_hz == 0


@pytest.mark.parametrize("raws", [[], [7]])
def test_nothing_scatters_where_nothing_is(raws):
    assert noise(raws) == 0
    assert rms(raws) == 0
    assert slope_per_s([0.0] * len(raws), raws) == 0


@given(
    st.floats(-50, 50),
    st.integers(-1_000_000, 1_000_000),
    st.integers(MOST_POINTS // 2, 6 * MOST_POINTS),
)
def test_spikes_do_not_tilt_the_slope(slope, start, count):
    times_s = [n / 10 for n in range(count)]
    raws = [start + slope * t_s for t_s in times_s]
    raws[3], raws[-5] = 8_000_000.0, -8_000_000.0
    assert slope_per_s(times_s, raws) == pytest.approx(slope, rel=0.02, abs=1e-6)


@given(
    st.lists(
        st.tuples(
            st.floats(0, 100),
            st.none() | st.integers(-0x800000, 0x7FFFFF),
            st.sampled_from(["", "x"]),
        ),
        max_size=40,
    ),
    st.booleans(),
)
def test_every_run_can_be_judged(rows, is_calibrated):
    readings = [Reading(*row) for row in sorted(rows, key=lambda row: row[0])]
    cell = CELL if is_calibrated else replace(CELL, counts_per_g=None)
    found = diagnose(readings, cell)
    assert found.readings == len(readings)
    assert 0 <= found.failed_share <= 1
    assert found.peak_counts >= 0
    assert len(set(found.findings)) == len(found.findings)
    assert found.is_sound or any(f not in REMARKS for f in found.findings)
