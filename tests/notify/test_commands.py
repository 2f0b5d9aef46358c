"""`storeguard notify …` as it is typed: try the channels, see what was told, answer a test."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from click.testing import CliRunner

from storeguard.cli import main
from storeguard.domain.telling import Kind, Leg, Notice, Phase
from storeguard.outbox.noticebox import NOTICES, NoticeBox

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def notify(tmp_path):
    """Runs one of the commands: exit code, its JSON lines or what it says instead."""
    path = tmp_path / "config.yaml"
    config = {
        "store": {"id": "gangnam-1", "name": "강남 1호점"},
        "notices": {"channels": [{"id": "hook"}, {"id": "none"}]},
    }
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")

    def run(*words):
        done = CliRunner().invoke(main, ["notify", *words, "--config", str(path), "--json"])
        return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()], done.output

    return run


@pytest.fixture
def box(tmp_path):
    return NoticeBox(tmp_path / "state" / NOTICES, fsync=False)


def put(box, name, kind, day=0):
    box.put(Notice(name, kind, AT + timedelta(days=day), f"[강남] {name}", "알림"))


def test_a_channel_without_an_address_fails_and_says_which(notify):
    code, [said], _ = notify("test", "none")
    assert (code, said["channel"], said["sent"]) == (1, "none", False)
    assert "STOREGUARD_CHANNEL_NONE" in said["why"]


def test_a_channel_that_is_not_configured_is_refused_with_those_that_are(notify):
    code, _, said = notify("test", "hok")
    assert code == 1
    assert "no channel 'hok'" in said
    assert "known: hook, none" in said


def test_what_was_told_is_listed_with_its_state_on_each_channel(notify, box):
    put(box, "fault-1", Kind.FAULT)
    box.record("fault-1", "hook", Leg(Phase.SENT, 1, "", AT))
    code, [said], _ = notify("list")
    assert (code, said["subject"], said["at"]) == (0, "[강남] fault-1", "2026-11-23 10:00")
    assert said["channels"]["hook"]["phase"] == Phase.SENT.value
    assert said["acknowledged"] is False


def test_the_newest_test_is_answered_without_its_id(notify, box):
    for day, name in enumerate(("test-1", "test-2")):
        put(box, name, Kind.TEST, day)
    put(box, "fault-1", Kind.FAULT, 3)
    assert notify("ack")[:2] == (0, [{"id": "test-2", "acknowledged": True}])
    assert box.acknowledged("test-2")["by"] == "command"
    assert box.acknowledged("test-1") is None
    assert notify("ack", "test-1")[0] == 0


def test_there_is_nothing_to_answer_before_the_first_test(notify, box):
    code, _, said = notify("ack")
    assert code == 1
    assert "no test notice yet" in said
    assert "notify list" in notify("ack", "fault-9")[2]
