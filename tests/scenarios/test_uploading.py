"""The uploading service: disk is the queue, hints are only hints, each outage is said once."""

import asyncio
import itertools
import json
import logging
from datetime import UTC, datetime

import pytest

from storeguard.clock import LoopClock, run_simulated
from storeguard.domain import events as ev
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.errors import OutboxFault, UploadRefused, UploadTransient
from storeguard.health import Health, Part
from storeguard.outbox import folder as outbox
from storeguard.outbox import later
from storeguard.outbox.digest import DIGEST, seal_digest
from storeguard.services.bus import Bus
from storeguard.services.uploading import UploadingService

AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")


class Bucket:
    """Objects in a dict. While `fault` is set every request raises it; `sends` writes receipts."""

    def __init__(self, *, sends=True):
        self.objects = {}
        self.attempts = 0
        self.fault = None
        self.on_put = lambda key: None
        self._sends = sends

    def put(self, key, content, *, content_type):
        self.attempts += 1
        self.on_put(key)
        if self.fault is not None:
            raise self.fault
        self.objects[key] = content
        store, *_, issue, name = key.split("/")
        if name == "issue.json" and self._sends:
            receipt = {"id": issue, "text": f"SMS {issue}", "message_id": "m", "sent_at": "t"}
            content = json.dumps(receipt | {"differing": []}).encode()
            self.objects[f"receipts/{store}/{issue}.json"] = content

    def get(self, key):
        if self.fault is not None:
            raise self.fault
        return self.objects.get(key)

    @property
    def manifests(self):
        """Issue ids in the order in which their manifests arrived."""
        return [key.split("/")[-2] for key in self.objects if key.endswith("/issue.json")]


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "issue_data"
    folder.mkdir()
    return folder


def seal(root, number, clips=0):
    lines = (IssueLine("초코바", 4, 5, 1, 1200, 1.0),)
    at = AT.replace(minute=number)
    issue = Issue(f"issue-{number}", number, STORE, at, True, at, at, lines, {})
    recorded = [root.parent / f"{number}-{clip}.mp4" for clip in range(clips)]
    for clip in recorded:
        clip.write_bytes(b"clip")
    return outbox.seal(root, issue, None, recorded, picture_time_label=None, fsync=False)


def run(root, bucket, seconds, *, meanwhile=None, adopt=lambda name: None, digests=None):
    """Runs the service for so many simulated seconds; returns the events it published."""

    async def main(loop):
        bus, clock, told = Bus(), LoopClock(loop, AT), []
        bus.subscribe(told.append)
        service = UploadingService(
            root,
            "gangnam-1",
            bucket,
            bus,
            clock,
            Health(clock),
            adopt_folder=adopt,
            digests=digests,
        )
        task = asyncio.create_task(service.run())
        if meanwhile is not None:
            await meanwhile(service)
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait([task])
        return told

    return run_simulated(main)


def test_what_was_sealed_while_the_uploader_was_down_is_delivered_oldest_first(root):
    for number in (2, 1, 3):
        seal(root, number)
    bucket = Bucket()
    told = run(root, bucket, 5)
    assert bucket.manifests == ["issue-1", "issue-2", "issue-3"]
    assert [e.text for e in told if isinstance(e, ev.NoticeConfirmed)] == [
        "SMS issue-1",
        "SMS issue-2",
        "SMS issue-3",
    ]


def test_a_folder_is_taken_at_once_when_the_observer_names_it(root):
    bucket = Bucket()

    async def later(service):
        await asyncio.sleep(10)
        service.hand_over(seal(root, 1))
        await asyncio.sleep(0.1)
        assert bucket.manifests == ["issue-1"]

    run(root, bucket, 1, meanwhile=later)


def test_a_hint_that_got_lost_costs_half_a_minute(root):
    bucket = Bucket()

    async def unseen(_):
        await asyncio.sleep(1)
        seal(root, 1)

    run(root, bucket, 31, meanwhile=unseen)
    assert bucket.manifests == ["issue-1"]


def test_an_outage_is_said_once_backed_off_and_caught_up(root, caplog):
    seal(root, 1)
    bucket = Bucket()
    bucket.fault = UploadTransient("bucket b: no network")

    async def outage(_):
        await asyncio.sleep(24 * 3600)
        bucket.fault = None

    caplog.set_level(logging.INFO, logger="storeguard")
    run(root, bucket, 1000, meanwhile=outage)
    assert bucket.manifests == ["issue-1"]
    assert bucket.attempts < 24 * 3600 / 100
    said = [r.message for r in caplog.records if "uploading" in r.message]
    assert len(said) == 2
    assert said[0] == "uploading failed: N501 bucket b: no network"
    assert said[1].startswith("uploading recovered")


def test_digests_are_delivered_like_issues(root, tmp_path):
    digests = tmp_path / "digests"
    manifest = outbox.read_manifest(seal(root, 1))
    told = {"store": STORE, "label": "at", "sealed_at": AT, "is_clock_synced": True}
    digest = seal_digest(digests, [manifest], DIGEST, **told)
    bucket = Bucket()
    run(root, bucket, 40, digests=digests)
    assert bucket.manifests == ["issue-1", digest.name]
    assert (digest / ".receipt.json").exists()


def test_what_only_the_owner_can_mend_is_probed_rarely(root):
    seal(root, 1)
    bucket = Bucket()
    bucket.fault = UploadRefused("no permission")
    run(root, bucket, 3600)
    assert bucket.attempts <= 5


def test_the_receipt_is_asked_for_ever_more_rarely(root):
    seal(root, 1)
    bucket = Bucket(sends=False)
    asked = []
    bucket.get = lambda key: asked.append(key)
    run(root, bucket, 3600)
    assert 60 <= len(asked) <= 180


def test_text_and_picture_of_all_issues_go_before_any_clip(root):
    for number in (1, 2, 3):
        seal(root, number, clips=2)
    bucket = Bucket()
    run(root, bucket, 5)
    sent = [tuple(key.split("/")[-2:]) for key in bucket.objects if key.startswith("gangnam-1/")]
    assert sent[:6] == [
        (f"issue-{n}", name) for n in (1, 2, 3) for name in ("content.txt", "notice.json")
    ]
    assert sent[6:9] == [("issue-1", name) for name in ("clip-1.mp4", "clip-2.mp4", "issue.json")]
    assert bucket.manifests == ["issue-1", "issue-2", "issue-3"]


def test_what_is_sealed_while_clips_are_on_their_way_sends_its_text_before_the_next_clip(root):
    for number in (1, 2):
        seal(root, number, clips=3)
    bucket = Bucket()

    async def later(service):
        def on_put(key):
            if key.endswith("issue-1/clip-2.mp4"):
                service.hand_over(seal(root, 3, clips=1))

        bucket.on_put = on_put
        await asyncio.sleep(1)

    run(root, bucket, 5, meanwhile=later)
    sent = [tuple(key.split("/")[-2:]) for key in bucket.objects if key.startswith("gangnam-1/")]
    at = sent.index(("issue-1", "clip-2.mp4"))
    assert sent[at + 1] == ("issue-3", "content.txt")
    assert bucket.manifests == ["issue-1", "issue-2", "issue-3"]


def test_a_clip_on_its_way_is_put_off_for_what_is_sealed_meanwhile_and_sent_after_it(root):
    """On a slow line a clip takes minutes: nobody waits for its end."""
    for number in (1, 2):
        seal(root, number, clips=2)
    bucket, put_off = Bucket(), []

    async def later(service):
        def on_put(key):
            if key.endswith("issue-1/clip-2.mp4") and not put_off:
                service.is_moving()
                service.hand_over(seal(root, 3, clips=1))
                put_off.append(key)
                service.is_moving()

        bucket.on_put = on_put
        await asyncio.sleep(1)
        service.hand_over()
        service.is_moving()  # the heartbeat's, in another thread: it is not put off

    run(root, bucket, 5, meanwhile=later)
    sent = [tuple(key.split("/")[-2:]) for key in bucket.objects if key.startswith("gangnam-1/")]
    at = sent.index(("issue-1", "clip-1.mp4"))
    assert sent[at + 1 : at + 4] == [
        ("issue-3", "content.txt"),
        ("issue-3", "notice.json"),
        ("issue-1", "clip-2.mp4"),
    ]
    assert bucket.manifests == ["issue-1", "issue-2", "issue-3"]


def test_what_others_send_is_no_sign_of_life_of_an_uploader_that_hangs(root):
    """The heartbeat goes through the same bucket, often enough to hide it for ever."""
    overdue = []

    async def later(service):
        await asyncio.sleep(1)
        service._run_once = asyncio.Event().wait
        service.hand_over()
        for _ in range(12):
            await asyncio.sleep(5)
            service.is_moving()
        overdue.extend(service._health.overdue(service._clock.now_s()))

    run(root, Bucket(), 1, meanwhile=later)
    assert [silence.name for silence in overdue] == ["uploading"]


def test_its_own_bytes_on_a_slow_line_are_a_sign_of_life(root, monkeypatch):
    seal(root, 1, clips=1)
    bucket, beats = Bucket(), []
    monkeypatch.setattr(Part, "alive", lambda *_: beats.append(True))

    async def later(service):
        def on_put(_key):
            before = len(beats)
            service.is_moving()
            assert len(beats) == before + 1

        bucket.on_put = on_put

    run(root, bucket, 5, meanwhile=later)
    assert bucket.manifests == ["issue-1"]


def test_what_is_sealed_while_offline_does_not_make_it_hammer(root):
    """No more than one attempt in five minutes, however many issues are sealed."""
    bucket = Bucket()
    bucket.fault = UploadTransient("no network")
    attempts = []
    bucket.on_put = lambda key: attempts.append(asyncio.get_running_loop().time())

    async def week(service):
        for number in range(15):
            service.hand_over(seal(root, number))
            await asyncio.sleep(1800)
        bucket.fault = None

    run(root, bucket, 1000, meanwhile=week)
    assert len(bucket.manifests) == 15
    offline = [t_s for t_s in attempts if 1800 < t_s < 15 * 1800]
    gaps = [b - a for a, b in itertools.pairwise(offline)]
    assert len(gaps) > 15
    assert min(gaps) >= 300


def test_a_faulty_line_is_backed_off_by_its_faults_in_a_row_only(root):
    """Every fifth request fails: were all faults counted, it would take hours."""
    for number in range(20):
        seal(root, number, clips=1)
    bucket = Bucket()

    def on_put(key):
        if bucket.attempts % 5 == 0:
            raise UploadTransient("reset")

    bucket.on_put = on_put
    run(root, bucket, 120)
    assert len(bucket.manifests) == 20


def test_an_issue_that_cannot_be_read_does_not_hold_up_the_others(root, monkeypatch):
    for number in (1, 2):
        seal(root, number)

    def read(folder):
        if folder.name == "issue-1":
            raise OutboxFault(f"{folder}: cannot be read")
        return outbox.read_manifest(folder)

    monkeypatch.setattr("storeguard.outbox.delivery.read_manifest", read)
    bucket = Bucket()
    run(root, bucket, 5)
    assert bucket.manifests == ["issue-2"]


def test_without_a_receipt_the_notifier_is_asked_again_with_the_same_id(root, caplog):
    seal(root, 1)
    bucket = Bucket(sends=False)

    def on_put(key):
        if key.endswith("/again/2/issue.json"):
            receipt = {"id": "issue-1", "text": "SMS", "message_id": "m", "sent_at": "t"}
            content = json.dumps(receipt | {"differing": []}).encode()
            bucket.objects["receipts/gangnam-1/issue-1.json"] = content

    bucket.on_put = on_put
    told = run(root, bucket, 3600)
    asked = [key for key in bucket.objects if "again" in key]
    assert asked == [f"gangnam-1/2026/11/issue-1/again/{n}/issue.json" for n in (1, 2)]
    assert json.loads(bucket.objects[asked[0]])["id"] == "issue-1"
    assert [e.text for e in told if isinstance(e, ev.NoticeConfirmed)] == ["SMS"]
    assert "A607" in caplog.text


def test_a_restart_goes_on_counting_how_often_it_has_asked(root):
    seal(root, 1)
    bucket = Bucket(sends=False)
    run(root, bucket, 700)
    run(root, bucket, 1100)
    asked = [key.split("/")[-2] for key in bucket.objects if "/again/" in key]
    assert asked == ["1", "2"]


def test_without_a_bucket_issues_stay_and_that_is_said_once(root, caplog):
    seal(root, 1)
    run(root, None, 3600)
    said = [r.message for r in caplog.records if "no bucket" in r.message]
    assert len(said) == 1
    assert (root / "issue-1" / "issue.json").exists()


def test_a_foreign_folder_is_adopted_once_it_has_held_still_for_two_seconds(root):
    adopted = []
    foreign = root / "made-elsewhere"

    async def put_there(_):
        foreign.mkdir()
        (foreign / "a.txt").write_text("초코바1개 도난 발생", encoding="utf-8")
        await asyncio.sleep(1)
        assert adopted == []
        (foreign / "a.jpg").write_bytes(b"jpeg")

    def adopt(name):
        adopted.append(name)
        return ev.IssueSealed(0.0, name, None, ())

    told = run(root, Bucket(), 40, meanwhile=put_there, adopt=adopt)
    assert adopted[:1] == ["made-elsewhere"]
    assert told[0].id == "made-elsewhere"


def add_later(folder):
    clip = folder.parent.parent / "step-1.mp4"
    clip.write_bytes(b"late clip")
    assert later.add(folder, [clip], [], fsync=False)


def test_what_came_before_the_delivery_goes_before_the_manifest(root):
    add_later(seal(root, 1, clips=1))
    bucket = Bucket()
    run(root, bucket, 5)
    names = [key.split("/issue-1/")[-1] for key in bucket.objects if "/issue-1/" in key]
    assert names[-3:] == ["extra/step-1.mp4", "later.json", "issue.json"]


def test_what_came_after_the_receipt_is_delivered_too_and_tells_nobody_again(root):
    folder, bucket = seal(root, 1), Bucket()

    async def later_on(_):
        await asyncio.sleep(10)
        assert bucket.manifests == ["issue-1"]
        add_later(folder)

    told = run(root, bucket, 40, meanwhile=later_on)
    names = [key.split("/issue-1/")[-1] for key in bucket.objects if "/issue-1/" in key]
    assert names[-2:] == ["extra/step-1.mp4", "later.json"]
    assert len([e for e in told if isinstance(e, ev.IssueDelivered)]) == 1
    assert len([e for e in told if isinstance(e, ev.NoticeConfirmed)]) == 1
    attempts = bucket.attempts
    run(root, bucket, 100)
    assert bucket.attempts == attempts
