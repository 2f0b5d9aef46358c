"""From loads to counts a gram: the error is stated, and what makes none is refused."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storeguard.domain.calibration import (
    Calibrated,
    Level,
    Load,
    Refusal,
    Refused,
    calibrate,
    steady_level,
    unfit,
)
from storeguard.domain.scalerules import Reading

RATED = {"capacity_g": 10_000.0, "gain": 128}
K = 429.0
NOISE = 107.0
ERROR = 20.0


def level(raw, noise=NOISE):
    return Level(raw, noise, noise * ERROR / NOISE)


def loads(*pairs, tare=84_000, k=K):
    return [Load(grams, level(tare + k * grams), units) for grams, units in pairs]


# --- a level ---------------------------------------------------------------------------------


def readings(raw_at, *, seconds=5.0, rate_hz=10.0):
    return [Reading(n / rate_hz, raw_at(n / rate_hz)) for n in range(round(seconds * rate_hz))]


def noisy(raw=84_000.0, sigma=NOISE, seed=3):
    dice = random.Random(seed)
    return lambda _t_s: round(raw + dice.gauss(0, sigma))


def test_a_scale_at_rest_has_a_level_with_its_error():
    found = steady_level(readings(noisy()), 3.0)
    assert found is not None
    assert found.raw == pytest.approx(84_000, abs=4 * found.error)
    assert found.noise == pytest.approx(NOISE, rel=0.5)
    assert found.error == pytest.approx(found.noise / 30**0.5, rel=0.05)


def test_a_series_without_any_noise_is_at_rest_too():
    found = steady_level(readings(lambda _t_s: 7), 3.0)
    assert found is not None
    assert (found.raw, found.noise) == (7, 0.3)


@pytest.mark.parametrize(
    "series",
    [
        readings(noisy(), seconds=2.0),
        readings(noisy(), seconds=3.0)[::6],
        readings(lambda t_s: 84_000 if t_s < 3.5 else 300_000),
        readings(lambda t_s: round(84_000 + 2_000 * t_s)),
        [*readings(noisy()), Reading(5.0, None, "no data")],
        [*readings(noisy()), Reading(5.0, 0x7FFFFF)],
        [Reading(5.0, None, "no data")],
    ],
    ids=["short", "sparse", "step", "ramp", "failed", "saturated", "nothing"],
)
def test_a_scale_that_moves_or_fails_is_not_at_rest(series):
    assert steady_level(series, 3.0) is None


def test_a_trembling_hand_is_no_rest_where_the_noise_of_the_empty_scale_is_known():
    series = readings(noisy(sigma=8 * NOISE))
    assert steady_level(series, 3.0) is not None
    assert steady_level(series, 3.0, calm=NOISE) is None
    assert steady_level(readings(noisy()), 3.0, calm=NOISE) is not None
    assert steady_level(readings(lambda _t_s: 7), 3.0, calm=0.0) is not None


# --- a calibration ---------------------------------------------------------------------------


def test_a_known_mass_gives_zero_and_counts_a_gram():
    found = calibrate(level(84_000), loads((500, 0)), level(84_040), **RATED)
    assert isinstance(found, Calibrated)
    assert found.tare_raw == 84_040
    assert found.counts_per_g == pytest.approx(K, rel=1e-3)
    assert found.zero_return_g == pytest.approx(40 / K, rel=1e-3)
    assert found.noise_g == pytest.approx(NOISE / K, rel=1e-3)
    assert 0 < found.error_percent < 0.1


def test_a_cell_upside_down_has_a_negative_sign():
    found = calibrate(level(84_000), loads((500, 0), k=-K), level(84_000), **RATED)
    assert isinstance(found, Calibrated)
    assert found.counts_per_g == pytest.approx(-K)


def test_five_units_average_the_error_of_one():
    def error(*pairs):
        found = calibrate(level(84_000), loads(*pairs), level(84_000), **RATED, spread_g=265 * 0.03)
        assert isinstance(found, Calibrated)
        return found.error_percent

    assert error((265, 1)) == pytest.approx(3.0, abs=0.05)
    assert error((1325, 5)) == pytest.approx(3.0 / 5**0.5, abs=0.05)
    assert error((265, 1), (1325, 5)) < 0.5 * error((265, 1))


def test_a_zero_that_moves_a_little_widens_the_error():
    def error(back):
        found = calibrate(level(84_000), loads((500, 0)), level(back), **RATED)
        assert isinstance(found, Calibrated)
        return found.error_percent

    assert error(84_500) > error(84_100) > error(84_000)


def test_loads_off_the_line_widen_the_error():
    straight = calibrate(level(0), loads((265, 1), (1325, 5), tare=0), level(0), **RATED)
    bent = [Load(265, level(265 * K * 1.05), 1), Load(1325, level(1325 * K), 5)]
    found = calibrate(level(0), bent, level(0), **RATED)
    assert isinstance(straight, Calibrated)
    assert isinstance(found, Calibrated)
    assert found.error_percent > 5 * straight.error_percent


@pytest.mark.parametrize(
    ("empty", "on", "back", "why"),
    [
        (84_000, loads((500, 0), k=0.1), 84_000, Refusal.DID_NOT_MOVE),
        (84_000, loads((500, 0), k=2.0), 84_000, Refusal.TOO_LIGHT),
        (84_000, loads((500, 0)), 84_000 + 500 * K, Refusal.NOT_BACK),
        (84_000, loads((265, 1), (1325, 5)), 84_000 + 265 * K, Refusal.NOT_BACK),
        (84_000, [Load(265, level(84_000 + 265 * K), 1), Load(1325, level(84_000 + 1060 * K), 5)],
         84_000, Refusal.UNEVEN),
        (84_000, [Load(1, level(184_000), 1), Load(2, level(34_000), 2)], 84_000, Refusal.UNEVEN),
        (84_000, loads((0.5, 0), k=K * 1000), 84_000, Refusal.IMPLAUSIBLE),
        (84_000, loads((500_000, 0), k=K / 1000), 84_000, Refusal.IMPLAUSIBLE),
    ],
)  # fmt: skip
def test_what_makes_no_calibration_is_refused(empty, on, back, why):
    found = calibrate(level(empty), on, level(back), **RATED)
    assert isinstance(found, Refused)
    assert found.why is why
    assert found.got != found.expected


@pytest.mark.parametrize("before", [-400.0, 400.0])
def test_the_sign_does_not_turn_by_itself(before):
    """The weight lay there when the scale should have been empty."""
    found = calibrate(level(84_000), loads((500, 0)), level(84_000), **RATED, before=before)
    assert isinstance(found, Refused) is (before < 0)
    if isinstance(found, Refused):
        assert found.why is Refusal.REVERSED


def test_a_smaller_gain_has_fewer_counts():
    low = {"capacity_g": 10_000.0, "gain": 32}
    assert isinstance(
        calibrate(level(0), loads((500, 0), tare=0, k=K / 4), level(0), **low), Calibrated
    )
    found = calibrate(level(0), loads((500, 0), tare=0, k=3 * K), level(0), **low)
    assert isinstance(found, Refused)


def test_a_load_is_judged_as_soon_as_it_lies_there():
    [heavy] = loads((500, 0))
    assert unfit(level(84_000), heavy) is None


def test_a_calibration_needs_a_load_and_a_load_some_grams():
    with pytest.raises(ValueError, match="needs a load"):
        calibrate(level(0), [], level(0), **RATED)
    with pytest.raises(ValueError, match="grams must be > 0, got 0"):
        Load(0, level(0))


@settings(max_examples=60)
@given(
    st.floats(50, 600) | st.floats(-600, -50),
    st.integers(-500_000, 500_000),
    st.floats(100, 600),
    st.integers(0, 2**32),
)
def test_the_stated_error_holds(k, tare, unit_g, seed):
    """Units of their own weights, a noisy cell, a zero that creeps: off by few stated errors."""
    dice = random.Random(seed)
    spread_g, creep = unit_g * 0.01, dice.uniform(-0.3, 0.3) * abs(k)
    weights = [dice.gauss(unit_g, spread_g) for _ in range(5)]

    def seen(grams, share):
        raw = tare + k * grams + creep * share
        return Level(raw + dice.gauss(0, ERROR), NOISE, ERROR)

    on = [
        Load(unit_g, seen(weights[0], 0.3), 1),
        Load(5 * unit_g, seen(sum(weights), 0.7), 5),
    ]
    found = calibrate(seen(0, 0), on, seen(0, 1), **RATED, spread_g=spread_g)
    if isinstance(found, Refused):
        assert found.why in (Refusal.NOT_BACK, Refusal.TOO_LIGHT)
        return
    assert abs(found.counts_per_g / k - 1) * 100 < 5 * found.error_percent
    assert found.error_percent < 3
    assert found.tare_raw == pytest.approx(tare + creep, abs=6 * ERROR)
