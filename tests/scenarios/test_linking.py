"""Signs of life to the cloud, and the owner's decisions back, on a simulated clock."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from storeguard.clock import LoopClock, run_simulated
from storeguard.domain.issue import IssueStore
from storeguard.errors import JournalFault, UploadTransient
from storeguard.health import Health
from storeguard.outbox.decisions import DECISION, Decision, apply, decisions_in
from storeguard.outbox.stored import HELD
from storeguard.services.linking import LinkingService

AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
ISSUE = "2026-11-20_22-21-04.000007"


class Bucket:
    def __init__(self):
        self.objects = {}
        self.beats = []
        self.requests = 0
        self.fault = None

    def put(self, key, content, *, content_type, is_replacing=False):
        self.requests += 1
        if self.fault:
            raise self.fault
        assert is_replacing
        self.beats.append((key, json.loads(content)))

    def get(self, key):
        self.requests += 1
        if self.fault:
            raise self.fault
        return self.objects.get(key)

    def decide(self, *entries, opened=()):
        said = {"schema": 1, "store": "gangnam-1", "decisions": list(entries), "opened": [*opened]}
        self.objects["decisions/gangnam-1.json"] = json.dumps(said).encode()


@pytest.fixture
def root(tmp_path):
    (tmp_path / "issue_data" / ISSUE).mkdir(parents=True)
    return tmp_path / "issue_data"


def run(
    root,
    bucket,
    seconds,
    *,
    holding=lambda: False,
    prepare=lambda health: None,
    blind_s=lambda now: {},
):
    seen = []

    async def main(loop):
        clock = LoopClock(loop, AT)
        health = Health(clock)
        prepare(health)
        service = LinkingService(
            root,
            STORE,
            bucket,
            clock,
            health,
            version="1",
            guards=True,
            is_holding=holding,
            cameras=frozenset({"door"}),
            title_of=lambda part: f"카메라 {part.name}",
            on_seen=lambda notice, by: seen.append((notice, by)),
            blind_s=blind_s,
        )
        task = asyncio.create_task(service.run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait([task])

    run_simulated(main)
    return seen


def decided(decision, minute=0, issue=ISSUE):
    at = AT.replace(minute=minute).isoformat()
    return {"issue": issue, "number": 7, "decision": decision, "decided_at": at, "by": "owner"}


def test_a_sign_of_life_every_five_minutes_says_what_is_wrong(root):
    bucket = Bucket()
    run(root, bucket, 1490, prepare=lambda health: health.part("door").failed("no picture"))
    assert len(bucket.beats) == 5
    key, said = bucket.beats[0]
    assert key == "gangnam-1/hb.json"
    assert said["store"] == {
        "id": "gangnam-1",
        "name": "강남 1호점",
        "language": "ko",
        "timezone": "Asia/Seoul",
    }
    assert [fault["title"] for fault in said["faults"]] == ["카메라 door"]
    assert said["blind_since"] == AT.isoformat()
    assert said["waiting"] == 0
    assert len(json.dumps(said)) < 8 * 1024


def test_a_sign_of_life_carries_the_blind_times_and_goes_without_them_when_the_journal_fails(root):
    bucket = Bucket()
    run(root, bucket, 10, blind_s=lambda now: {f"{now:%Y-%m-%d}": 90})
    assert bucket.beats[0][1]["blind_s"] == {"2026-11-20": 90}

    def broken(now):
        raise JournalFault("the journal cannot be read")

    run(root, bucket, 10, blind_s=broken)
    assert bucket.beats[1][1]["blind_s"] == {}


def test_while_the_uploader_waits_after_a_fault_nothing_is_tried_twice(root):
    bucket = Bucket()
    run(root, bucket, 3600, holding=lambda: True)
    assert bucket.requests == 0


def test_offline_it_backs_off_and_says_so_once(root, caplog):
    bucket = Bucket()
    bucket.fault = UploadTransient("no network")
    run(root, bucket, 24 * 3600)
    assert bucket.requests <= 24 * 12 + 12
    assert sum("heartbeat failed" in r.message for r in caplog.records) == 1


def test_what_the_owner_decides_in_the_cloud_is_beside_the_issue_and_seen(root):
    bucket = Bucket()
    bucket.decide(decided("hold", 1), opened=[ISSUE])
    seen = run(root, bucket, 200)
    assert json.loads((root / ISSUE / DECISION).read_bytes())["decision"] == "hold"
    assert (root / ISSUE / HELD).exists()
    assert seen == [(ISSUE, "owner"), (ISSUE, "")]
    bucket.decide(decided("dismiss", 2), opened=[ISSUE])
    run(root, bucket, 200)
    assert json.loads((root / ISSUE / DECISION).read_bytes())["decision"] == "dismiss"
    assert not (root / ISSUE / HELD).exists()


def test_a_decision_is_applied_once_and_an_older_one_never(root):
    newer = Decision(ISSUE, "confirm", AT.replace(minute=5).isoformat(), "owner")
    older = Decision(ISSUE, "dismiss", AT.replace(minute=4).isoformat(), "owner")
    assert [apply(root, one) for one in (newer, newer, older)] == [True, False, False]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        decided("burn"),
        decided("confirm", issue="../../etc"),
        decided("confirm", issue=".."),
        decided("confirm") | {"decided_at": "yesterday"},
        decided("confirm") | {"decided_at": "2026-11-20T13:21:04"},
    ],
)
def test_what_is_no_decision_is_left_alone(root, entry):
    bucket = Bucket()
    bucket.decide(entry, decided("confirm"))
    assert [
        one.id for one in decisions_in(bucket.objects["decisions/gangnam-1.json"]).decisions
    ] == [ISSUE]


@pytest.mark.parametrize("content", [b"<html>log in</html>", b"[]", b'{"schema": 2}', b"{}"])
def test_a_login_page_decides_nothing(content):
    with pytest.raises(UploadTransient, match="asks for a login"):
        decisions_in(content)
