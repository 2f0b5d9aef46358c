"""Sealed folder → S3 → event → the real handler → one SMS → receipt → `.receipt.json`."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pytest

import storeguard
from storeguard.domain.issue import IssueStore
from storeguard.domain.notice import Telling
from storeguard.errors import UploadConflict
from storeguard.outbox.delivery import (
    DeliveryState,
    PutOff,
    Stage,
    deliver,
    fetch_receipt,
    state_of,
)
from storeguard.outbox.digest import DAY_IS_FULL, DIGEST, seal_digest
from storeguard.outbox.folder import read_manifest
from storeguard.outbox.s3 import S3Store

REGION = "ap-northeast-2"
SOURCE = Path(storeguard.__file__).parents[1]
SMS = "[강남 1호점] 재고 불일치: 바나나우유 1 (-1,500원) 22:21 #7"
FILES = ["at.jpg", "clip-1.mp4", "clip-2.mp4", "content.txt", "issue.json", "notice.json"]


@pytest.fixture
def objects(cloud):
    store = cloud.store()
    yield store
    store.close()


def wrapped(messages):
    """The event as an SQS trigger of Lambda hands it over."""
    return {
        "Records": [
            {"messageId": m["MessageId"], "eventSource": "aws:sqs", "body": m["Body"]}
            for m in messages
        ]
    }


def manifests(messages):
    """What of the arrived events speaks of a manifest: S3 sends a test event first."""
    return about(messages, "/issue.json")


def about(messages, name):
    events = [(m, json.loads(m["Body"]).get("Records")) for m in messages]
    keys = [(m, unquote(r[0]["s3"]["object"]["key"])) for m, r in events if r]
    return [m for m, key in keys if key.endswith(name)]


def test_one_issue_becomes_one_message_and_a_receipt(cloud, objects, sealed, lambda_module):
    folder = sealed()
    assert deliver(folder, "gangnam-1", objects) is DeliveryState.UPLOADED
    assert fetch_receipt(folder, objects) is None
    messages = cloud.events()
    assert "s3:TestEvent" in messages[0]["Body"]
    assert len(manifests(messages)) == 1
    assert lambda_module.handler(wrapped(messages), None) == {"batchItemFailures": []}
    assert cloud.messages() == [SMS]
    receipt = fetch_receipt(folder, objects)
    assert (receipt.text, receipt.differing) == (SMS, ())
    assert state_of(folder) is DeliveryState.CONFIRMED
    assert cloud.receipt(folder.name) == json.loads((folder / ".receipt.json").read_bytes())


def test_the_message_waits_for_no_clip(cloud, objects, sealed, lambda_module):
    """Text, picture and notice are up, the clips are not; the owner reads, once."""
    folder = sealed()
    state = deliver(folder, "gangnam-1", objects, stage=Stage.MESSAGE)
    assert state is DeliveryState.READABLE
    lambda_module.handler(wrapped(cloud.events()), None)
    assert cloud.messages() == [SMS]
    assert fetch_receipt(folder, objects) is None
    deliver(folder, "gangnam-1", objects)
    lambda_module.handler(wrapped(cloud.events()), None)
    assert cloud.messages() == []
    assert (fetch_receipt(folder, objects).text, fetch_receipt(folder, objects).differing) == (
        SMS,
        (),
    )


def test_a_notice_whose_event_was_lost_is_made_up_for_by_the_manifest(
    cloud, objects, sealed, lambda_module
):
    folder = sealed()
    deliver(folder, "gangnam-1", objects, stage=Stage.MESSAGE)
    cloud.events()
    deliver(folder, "gangnam-1", objects)
    lambda_module.handler(wrapped(cloud.events()), None)
    assert cloud.messages() == [SMS]


@pytest.mark.parametrize("telling", [Telling.COOL_DOWN, Telling.DAILY_DIGEST])
def test_an_issue_that_waits_for_a_digest_is_confirmed_without_a_message(
    cloud, objects, sealed, lambda_module, telling
):
    folder = sealed(telling=telling)
    deliver(folder, "gangnam-1", objects)
    lambda_module.handler(wrapped(cloud.events()), None)
    assert cloud.messages() == []
    assert fetch_receipt(folder, objects).text == ""
    assert state_of(folder) is DeliveryState.CONFIRMED


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (DIGEST, "[강남 1호점] 재고 불일치 2건 더: 바나나우유 2 (-3,000원) #7~#7"),
        (DAY_IS_FULL, "[강남 1호점] 오늘 문자가 많아 이후는 묶어서 알립니다. #7~"),
    ],
)
def test_a_digest_is_one_message(cloud, objects, sealed, lambda_module, tmp_path, kind, text):
    issues = [read_manifest(sealed(name, telling=Telling.COOL_DOWN)) for name in ("one", "two")]
    at = datetime.fromisoformat(issues[0]["sealed_at"])
    folder = seal_digest(
        tmp_path / "digests",
        issues,
        kind,
        store=IssueStore(**issues[0]["store"]),
        label="at",
        sealed_at=at,
        is_clock_synced=True,
    )
    deliver(folder, "gangnam-1", objects)
    [message] = manifests(cloud.events())
    for _ in range(2):
        lambda_module.handler(wrapped([message]), None)
    assert cloud.messages() == [text]
    assert fetch_receipt(folder, objects).text == text


def test_the_event_may_come_straight_from_s3(cloud, objects, sealed, lambda_module):
    deliver(sealed(), "gangnam-1", objects)
    [message] = manifests(cloud.events())
    assert lambda_module.handler(json.loads(message["Body"]), None) == {"records": 1}
    assert cloud.messages() == [SMS]


def test_repeated_events_are_one_message(cloud, objects, sealed, lambda_module):
    deliver(sealed(), "gangnam-1", objects)
    [message] = manifests(cloud.events())
    for _ in range(3):
        lambda_module.handler(wrapped([message, message]), None)
        lambda_module.handler(json.loads(message["Body"]), None)
    assert cloud.messages() == [SMS]


def test_a_receipt_that_was_lost_is_written_by_the_next_event(
    cloud, objects, sealed, lambda_module
):
    folder = sealed()
    deliver(folder, "gangnam-1", objects)
    [message] = manifests(cloud.events())
    lambda_module.handler(wrapped([message]), None)
    first = cloud.receipt(folder.name)
    cloud.s3.delete_object(Bucket=cloud.bucket, Key=f"receipts/gangnam-1/{folder.name}.json")
    lambda_module.handler(wrapped([message]), None)
    assert cloud.receipt(folder.name) == first
    assert cloud.messages() == [SMS]


def test_keys_with_other_characters_arrive(cloud, objects, sealed, lambda_module):
    """S3 encodes keys in events: `+` for a blank, %XX for Korean."""
    folder = sealed("adopted.1_2")
    (folder / "at.jpg").rename(folder / "메모 +1.jpg")
    manifest = json.loads((folder / "issue.json").read_bytes())
    manifest["files"][1]["name"] = "메모 +1.jpg"
    (folder / "issue.json").write_text(json.dumps(manifest))
    deliver(folder, "gangnam-1", objects)
    lambda_module.handler(wrapped(cloud.events()), None)
    assert fetch_receipt(folder, objects).differing == ()


def test_the_receipt_names_the_files_that_are_not_as_sealed(cloud, objects, sealed, lambda_module):
    folder = sealed()
    (folder / "clip-1.mp4").unlink()
    (folder / "clip-2.mp4").unlink()
    (folder / "clip-2.mp4").write_bytes(b"bit rot")
    deliver(folder, "gangnam-1", objects)
    lambda_module.handler(wrapped(cloud.events()), None)
    assert cloud.messages() == [SMS]
    assert fetch_receipt(folder, objects).differing == ("clip-1.mp4", "clip-2.mp4")


def test_an_object_is_written_once(cloud, objects):
    objects.put("s/a", b"one", content_type="text/plain")
    objects.put("s/a", b"one", content_type="text/plain")
    with pytest.raises(UploadConflict, match="s/a: another object is already there") as caught:
        objects.put("s/a", b"two", content_type="text/plain")
    assert "\n" not in str(caught.value)
    assert objects.get("s/a") == b"one"
    assert objects.get("s/b") is None


def test_a_file_that_is_put_off_in_mid_sending_is_not_repeated_and_goes_later(cloud):
    pieces, clip = [], b"clip" * 100_000

    def moving(count):
        pieces.append(count)
        if sum(pieces) > 50_000 and len(pieces) < 100:
            pieces.extend([0] * 100)
            raise PutOff

    store = S3Store(cloud.bucket, REGION, cloud.url, on_bytes=moving)
    try:
        with pytest.raises(PutOff):
            store.put("s/clip", clip, content_type="video/mp4")
        assert sum(pieces) < len(clip)
        assert cloud.objects() == []
        store.put("s/clip", clip, content_type="video/mp4")
        assert store.get("s/clip") == clip
        assert sum(pieces) > len(clip)
    finally:
        store.close()


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from storeguard.outbox.delivery import deliver
from storeguard.outbox.s3 import S3Store

class Killed(S3Store):
    left = int(sys.argv[5])
    def put(self, key, content, *, content_type):
        Killed.left -= 1
        if Killed.left == 0 and sys.argv[6] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().put(key, content, content_type=content_type)
        if Killed.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

deliver(Path(sys.argv[2]), "gangnam-1", Killed(sys.argv[3], "ap-northeast-2", sys.argv[4]))
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_file_and_resumed_it_arrives_whole_and_once(cloud, objects, sealed, when):
    """P4: no object missing, none twice, one event of the manifest, whenever it was killed."""
    for number in range(1, len(FILES) + 1):
        folder = sealed(f"killed-{number}")
        python = [sys.executable, "-c", KILLED, SOURCE, folder, cloud.bucket, cloud.url]
        child = subprocess.run([*python, str(number), when], env=os.environ, check=False)
        assert child.returncode == -signal.SIGKILL
        done = number - (when == "before")
        prefix = f"gangnam-1/2026/11/{folder.name}"
        assert len([key for key in cloud.objects() if key.startswith(f"{prefix}/")]) == done
        assert deliver(folder, "gangnam-1", objects) is DeliveryState.UPLOADED
        assert [key for key in cloud.objects() if key.startswith(f"{prefix}/")] == [
            f"{prefix}/{name}" for name in FILES
        ]
        events = cloud.events()
        assert [len(about(events, name)) for name in ("/notice.json", "/issue.json")] == [1, 1]
