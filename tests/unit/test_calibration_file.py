"""Which calibration counts: the latest deed, told apart from the others, or nothing at all."""

from datetime import UTC, datetime

import pytest

from storeguard import config as cfg
from storeguard import durable, hardware
from storeguard.books.calibrations import CalibrationFile, Kept, in_force, other_gain, overruled
from storeguard.checking import check, refuse_unusable
from storeguard.errors import CalibrationDamaged, ConfigInvalid, StoreguardError

AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
OLD = cfg.Calibration(tare_raw=1, counts_per_g=400.0)
EDITED = cfg.Calibration(tare_raw=2, counts_per_g=401.0)


def kept(configured=None, **changes):
    facts = {"tare_raw": 84_000, "counts_per_g": 429.5, "gain": 128, "made_at": AT, "how": "x"}
    return Kept(**{**facts, "configured": configured, **changes})


def scale(calibration=None, **more):
    settings = {"backend": "hx711", "dout_pin": 5, "sck_pin": 6, **more}
    return cfg.Scale(id="A", calibration=calibration, **settings)


@pytest.mark.parametrize(
    ("configured", "made", "source"),
    [
        (None, None, None),
        (OLD, None, "config"),
        (None, kept(), "state"),
        (OLD, kept(OLD), "state"),
        (EDITED, kept(OLD), "config"),
        (EDITED, kept(None), "config"),
        (None, kept(OLD), "state"),
    ],
)
def test_what_was_done_last_counts(configured, made, source):
    found = in_force(scale(configured), {"A": made} if made else {})
    assert (found and found.source) == source
    if found:
        assert found.calibration == (made.calibration if source == "state" else configured)


def test_the_start_says_which_of_two_calibrations_counts():
    [wins] = overruled([scale(OLD)], {"A": kept(OLD, how="scale tare")})
    assert "'scale tare' of 2026-11-20" in wins
    [loses] = overruled([scale(EDITED)], {"A": kept(OLD)})
    assert "in force is config.yaml's entry" in loses
    assert list(overruled([scale()], {"A": kept()})) == []
    assert list(overruled([scale(OLD)], {})) == []
    same = kept(OLD, tare_raw=1, counts_per_g=400.0)
    assert list(overruled([scale(OLD)], {"A": same})) == []


def test_a_calibration_at_another_gain_is_refused():
    assert other_gain(scale(gain=64), {"A": kept()}) == 128
    assert other_gain(scale(), {"A": kept()}) is None
    assert other_gain(scale(EDITED, gain=64), {"A": kept(OLD)}) is None
    assert other_gain(scale(gain=64), {}) is None
    [problem] = hardware.unusable(cfg.Config(scales=(scale(gain=64),)), {"A": kept()})
    assert "is 64, but scale 'A' was calibrated at 128" in problem
    assert "storeguard scale calibrate A" in problem


def test_an_uncalibrated_scale_says_what_to_run():
    with pytest.raises(ConfigInvalid, match="run: storeguard scale calibrate A"):
        hardware.calibrations([scale()])
    assert hardware.calibrations([scale()], {"A": kept()}) == {"A": kept().calibration}


def test_what_was_kept_is_found_again(tmp_path):
    file = CalibrationFile(tmp_path)
    assert file.load() == {}
    made = kept(OLD, error_percent=0.3, zero_return_g=-0.1)
    file.keep("A", made)
    file.keep("B", kept())
    assert file.load() == {"A": made, "B": kept()}


def test_a_damaged_file_is_not_written_over(tmp_path):
    file = CalibrationFile(tmp_path)
    file.path.write_text("{")
    with pytest.raises(CalibrationDamaged, match=r"calibrations\.json: is damaged"):
        file.keep("A", kept())
    assert file.path.read_text() == "{"


def test_a_file_that_cannot_be_read_or_written_is_one_line(tmp_path, monkeypatch):
    file = CalibrationFile(tmp_path)
    file.path.mkdir()
    with pytest.raises(CalibrationDamaged, match="cannot be read"):
        file.load()
    file.path.rmdir()

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "publish", refuse)
    with pytest.raises(StoreguardError, match="cannot be written: No space left") as caught:
        file.keep("A", kept())
    assert "\n" not in str(caught.value)


def test_a_damaged_file_keeps_the_daemon_from_starting(tmp_path):
    (tmp_path / "config.yaml").write_text("scales: [{id: A, backend: sim}]\n")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "calibrations.json").write_text("{}")
    found = check(tmp_path / "config.yaml")
    damaged = [problem for problem in found.problems if "is damaged" in problem]
    assert len(damaged) == 1
    assert damaged[0].startswith(str(tmp_path / "state" / "calibrations.json"))
    with pytest.raises(CalibrationDamaged):
        refuse_unusable(cfg.load(tmp_path / "config.yaml"), tmp_path / "config.yaml")
