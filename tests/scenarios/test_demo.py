"""`demo --once`: the whole store in a process of its own, as somebody types it."""

import json
import subprocess
import sys
from pathlib import Path


def test_three_acts_two_issues_two_messages(tmp_path):
    command = [Path(sys.executable).with_name("storeguard"), "demo", "--once", "--port", "0"]
    done = subprocess.run(
        [*command, "--out", tmp_path / "demo"],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    waits_s = summary.pop("exit_to_sms_s")
    assert summary == {
        "visits": 3,
        "issues": 2,
        "sms": 2,
        "clips_kept": 2,
        "clips_deleted": 1,
    }
    assert len(waits_s) == 2
    assert "재고 불일치: 초코바 2 (-2,400원)" in done.stdout
    assert "재고 불일치: 바나나우유 1 (-1,500원)" in done.stdout
    sealed = sorted((tmp_path / "demo" / "issue_data").glob("*/*.jpg"))
    assert len(sealed) == 2
