"""The benches of the uploader, shortened: nothing lost, nothing doubled, nothing hammered."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def figures(name, *arguments):
    command = [sys.executable, str(BENCH / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_days_offline_are_caught_up_oldest_first_and_small_first():
    found = figures("offline_week.py", "--issues", "30", "--days", "1")
    assert found["in_order"]
    assert (found["missing"], found["sent_twice"]) == (0, 0)
    assert found["least_gap_s"] >= 300
    assert found["messages_min"] <= 30


def test_events_that_get_lost_for_half_an_hour_are_made_up_for():
    found = figures("lost_events.py", "--issues", "4", "--minutes", "30")
    assert found["events_lost"] >= 4
    assert (found["sms_meanwhile"], found["sms_extra"], found["unconfirmed"]) == (0, 0, 0)
    assert found["last_min"] <= 15


@pytest.mark.slow
def test_killed_on_a_bad_line_nothing_is_lost_and_nothing_doubled():
    found = figures("upload.py", "--issues", "100", "--kills", "50")
    assert found["kills"] >= 25
    assert sum(found["suffered"].values()) > found["suffered"]["none"]


def test_killed_on_a_bad_line_nothing_is_lost_and_nothing_doubled_in_short():
    found = figures("upload.py", "--issues", "8", "--kills", "4")
    assert found["kills"] >= 1
