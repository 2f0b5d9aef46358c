"""All ways to the owner as the daemon joins them: what leaves the store, what is answered.

The bucket is a dict, the channels keep what they get, the clock is simulated; everything between
is the daemon's own.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from storeguard import config as cfg
from storeguard.books.journalfile import open_journal
from storeguard.clock import LoopClock, run_simulated
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.health import Health
from storeguard.mode import Mode
from storeguard.outbox.folder import seal
from storeguard.outreach import Outreach
from storeguard.services.bus import Bus

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""10:00 in Seoul."""

TEST = "test-2026-W48"
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
CONFIG = """
store: {{id: gangnam-1, name: 강남 1호점}}
upload: {{bucket: evidence}}
notices:
  text_only: {text_only}
  channels: [{{id: mail, tells: [issues, faults, tests]}}, {{id: chat}}]
"""
PICTURE, CLIP = b"\xff\xd8picture", b"clip" * 1000


class Bucket:
    """Writes receipts as the notifier does."""

    def __init__(self):
        self.objects = {}

    def put(self, key, content, *, content_type, is_replacing=False):
        self.objects[key] = content
        store, *_, name = key.split("/")
        if name == "issue.json":
            issue = key.split("/")[-2]
            receipt = {"id": issue, "text": "SMS", "message_id": "m", "sent_at": "t"}
            said = json.dumps(receipt | {"differing": []}).encode()
            self.objects[f"receipts/{store}/{issue}.json"] = said

    def get(self, key):
        return self.objects.get(key)

    def left(self):
        """What the store itself has put there."""
        return {k: v for k, v in self.objects.items() if not k.startswith(("receipts", "decis"))}


class Channel:
    def __init__(self):
        self.letters = []

    def send(self, letter):
        pictures = [path.read_bytes() for path in letter.pictures]
        self.letters.append((letter.subject + letter.text + letter.html, pictures))


@pytest.fixture
def outside(monkeypatch):
    """The world beyond the store: its bucket, the owner's two channels."""
    bucket, channels = Bucket(), {"mail": Channel(), "chat": Channel()}
    monkeypatch.setattr("storeguard.outreach.object_store", lambda *_: bucket)
    monkeypatch.setattr("storeguard.outreach.open_channel", lambda name, _: channels[name])
    return bucket, channels


@pytest.fixture
def reach(tmp_path, outside):
    """Runs all of it from that moment for so many seconds; each call is a start of the daemon."""

    def run(since, seconds, *, text_only=False):
        config = cfg.parse(CONFIG.format(text_only=str(text_only).lower()))
        folders = cfg.Folders.of(config, tmp_path)
        for folder in (folders.issue_data, folders.state):
            folder.mkdir(parents=True, exist_ok=True)

        async def main(loop):
            clock, journal = LoopClock(loop, since), open_journal(folders.state, fsync=False)
            reached = Outreach(
                config,
                folders,
                Bus(),
                clock,
                Health(clock),
                lambda *_, **__: (),
                journal,
                Mode(fsync=False),
                adopt_folder=None,
            )
            tasks = [asyncio.create_task(loop()) for loop in reached.loops().values()]
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                assert not task.done() or task.result()
                task.cancel()
            await asyncio.wait(tasks)
            journal.close()

        run_simulated(main)
        return folders

    return run


def sealed(root, tmp_path, at):
    for name, content in (("picture", PICTURE), ("clip", CLIP), ("trace.csv", b"t,g\n")):
        (tmp_path / name).write_bytes(content)
    lines = (IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),)
    issue = Issue("2026-11-23_10-00-00.000001", 7, STORE, at, True, at, at, lines, {"ko": ("왜",)})
    files = [tmp_path / "clip"], [tmp_path / "trace.csv"]
    seal(root, issue, tmp_path / "picture", *files, picture_time_label="10-00-00", fsync=False)


@pytest.mark.parametrize("text_only", [True, False])
def test_text_only_no_picture_leaves_the_store_on_any_way(tmp_path, reach, outside, text_only):
    bucket, channels = outside
    since = MONDAY - timedelta(hours=1)
    folders = reach(since, 1, text_only=text_only)
    sealed(folders.issue_data, tmp_path, since)
    reach(since, 120, text_only=text_only)
    left = bucket.left()
    assert [key for key in left if key.endswith("/issue.json")]
    has_left = [k for k, v in left.items() if PICTURE in v or CLIP in v]
    named = [k for k, v in left.items() if b".mp4" in v or b".jpg" in v]
    shown = [pictures for one in channels.values() for _, pictures in one.letters if pictures]
    told = [text for one in channels.values() for text, _ in one.letters if "바나나우유" in text]
    assert len(told) == 2
    if text_only:
        assert (has_left, named, shown) == ([], [], [])
        assert all(key.endswith((".txt", ".csv", ".json")) for key in left)
    else:  # the test of the test
        assert len(has_left) == 2
        assert shown == [[PICTURE], [PICTURE]]


def answered(at):
    """What the page in the cloud writes when the owner presses 받음."""
    one = {"issue": TEST, "number": 0, "decision": "received", "by": "owner"}
    decisions = [one | {"decided_at": at.isoformat()}]
    return {"schema": 1, "store": "gangnam-1", "decisions": decisions, "opened": [TEST]}


def test_a_weekly_test_that_nobody_answers_is_told_once_until_the_owner_presses(reach, outside):
    bucket, channels = outside
    mail = channels["mail"].letters
    reach(MONDAY, 60)
    assert [key for key in bucket.left() if key.endswith(f"/{TEST}/issue.json")], "by SMS"
    assert ["시험" in text for text, _ in mail] == [True]
    late = MONDAY + timedelta(hours=48)
    reach(late - timedelta(minutes=30), 1000)
    assert len(mail) == 1, "two days to answer"
    reach(late, 1000)
    assert "시험 알림에 응답이 없습니다" in mail[-1][0]
    reach(late + timedelta(hours=2), 1000)
    assert len(mail) == 2
    at = late + timedelta(hours=3)
    bucket.objects["decisions/gangnam-1.json"] = json.dumps(answered(at)).encode()
    reach(at, 1000)
    assert len(mail) == 3
    assert "복구됨: 시험 알림" in mail[-1][0]
    reach(at + timedelta(hours=1), 1000)
    assert len(mail) == 3
