"""The systemd unit: hardened, watched, and true to what the installer puts where."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "storeguard.service"
EXPOSURE_LIMIT = 20
"""In tenths: 2.0 of 10."""


def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Z][A-Za-z]+=", line):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def security(unit: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager"]
    limit = f"--threshold={EXPOSURE_LIMIT}"
    return subprocess.run([*command, limit, unit], capture_output=True, text=True, check=False)


def test_the_unit_is_exposed_by_no_more_than_2() -> None:
    judged = security(UNIT)
    print(judged.stdout.strip().splitlines()[-1])
    assert judged.returncode == 0, judged.stdout


def test_the_same_unit_without_its_hardening_would_not_pass(tmp_path: Path) -> None:
    bare = tmp_path / "bare.service"
    kept = ("[", "Type=", "ExecStart=", "User=")
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    bare.write_text("\n".join(line for line in lines if line.startswith(kept)), encoding="utf-8")
    assert security(bare).returncode != 0


def test_systemd_watches_the_program_and_never_gives_up() -> None:
    unit = settings()
    assert unit["Type"] == ["notify"]
    assert unit["NotifyAccess"] == ["main"]
    assert unit["WatchdogSec"] == ["60"]
    assert unit["Restart"] == ["always"]
    assert unit["RestartSec"] == ["5"]
    assert unit["StartLimitIntervalSec"] == ["0"]


def test_memory_has_a_limit_above_which_the_program_is_started_anew() -> None:
    unit = settings()
    high_mb, most_mb = (int(unit[key][0].removesuffix("M")) for key in ("MemoryHigh", "MemoryMax"))
    assert 500 < high_mb < most_mb < 2000
    assert unit["Restart"] == ["always"]


def test_the_program_is_its_own_user_with_pins_and_camera_but_no_microphone() -> None:
    unit = settings()
    assert unit["User"] == ["storeguard"]
    assert unit["SupplementaryGroups"] == ["gpio video"]
    opened = " ".join(unit["DeviceAllow"])
    for needed in ("gpiochip", "video4linux", "media", "dma_heap", "iio"):
        assert f"char-{needed} rw" in opened
    assert "alsa" not in opened


def test_what_runs_is_the_current_release_after_a_cut_update_is_settled() -> None:
    unit = settings()
    [started] = unit["ExecStart"]
    config = "/var/lib/storeguard/config.yaml"
    assert started == f"/opt/storeguard/current/bin/storeguard run --config {config}"
    assert unit["ExecStartPre"] == ["-+/opt/storeguard/bin/settle.sh"]
    assert unit["StateDirectory"] == ["storeguard"]
    assert unit["WorkingDirectory"] == ["/var/lib/storeguard"]


def test_keys_come_from_a_file_that_may_be_missing_and_none_stand_in_the_unit() -> None:
    unit = settings()
    assert unit["EnvironmentFile"] == ["-/etc/storeguard/aws.env"]
    assert not any("AWS" in value for value in unit["Environment"])


def test_the_pi_lock_with_yolo_holds_the_same_versions_as_the_one_without() -> None:
    small, large = _pins("pi.txt"), _pins("pi-yolo.txt")
    assert small.items() <= large.items()
    assert "torch" in large
    assert "torch" not in small


def test_the_pi_runs_the_versions_that_are_tested_here() -> None:
    tested = _pins("lock.txt")
    pinned = _pins("pi-yolo.txt")
    both = tested.keys() & pinned.keys()
    assert len(both) > 30
    assert {name: pinned[name] for name in both} == {name: tested[name] for name in both}


def test_the_pi_lock_fits_what_the_project_asks_for() -> None:
    """An older lock would install what a newer pin has been made to avoid."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["pi"], *extras["ncnn"], *extras["yolo"]]
    pinned = _pins("pi-yolo.txt") | _pins("pi-bookworm.txt")
    from_apt = {"picamera2", "storeguard"}
    for requirement in map(Requirement, wanted):
        if requirement.name not in from_apt:
            assert pinned[requirement.name.lower()] in requirement.specifier, requirement


def test_every_version_for_the_pi_has_its_hashes() -> None:
    for name in ("build.txt", "pi.txt", "pi-yolo.txt", "pi-bookworm.txt"):
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        blocks = re.split(r"\n(?=\S)", text.replace("\\\n", " "))
        pins = [block for block in blocks if "==" in block]
        assert pins
        assert all("--hash=sha256:" in block for block in pins)


def _pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}
