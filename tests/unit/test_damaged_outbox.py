"""P13 beside the issues: damaged manifests, progress and receipts are kept and made good."""

import errno
import json
import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.errors import OutboxFault
from storeguard.outbox import adopt, progress
from storeguard.outbox import folder as outbox
from storeguard.outbox.delivery import (
    READ_TRIES,
    DeliveryState,
    deliver,
    fetch_receipt,
    progress_of,
    state_of,
)

MUTATIONS = int(os.environ.get("STOREGUARD_MUTATIONS", "25"))
AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
LINES = (IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),)
ISSUE = Issue("i1", 7, STORE, AT, True, AT, AT, LINES, {})
RECEIPT = {"id": "i1", "text": "재고", "message_id": "m", "sent_at": "t", "differing": []}


class Bucket:
    def __init__(self):
        self.objects = {"receipts/gangnam-1/i1.json": json.dumps(RECEIPT).encode()}

    def put(self, key, content, *, content_type):
        assert self.objects.setdefault(key, content) == content

    def get(self, key):
        return self.objects.get(key)


@pytest.fixture
def sealed(tmp_path):
    for name in ("p", "trace.csv"):
        (tmp_path / name).write_bytes(name.encode())
    root = tmp_path / "issue_data"
    picture, extra = tmp_path / "p", [tmp_path / "trace.csv"]
    return outbox.seal(root, ISSUE, picture, [], extra, picture_time_label="at")


def mutated(content: bytes, chance: random.Random) -> bytes:
    kind, at = chance.randrange(5), chance.randrange(len(content))
    if kind == 0:
        return content[:at]
    if kind == 1:
        return content[:at] + bytes(20) + content[at + 20 :]
    if kind == 2:
        return content[:at] + chance.randbytes(9) + content[at + 9 :]
    if kind == 3:
        return b""
    return chance.choice((b"[" * 50_000, b"3", b"[]", b'{"files": 1}', b" " * 2**21))


@pytest.mark.parametrize("name", [progress.UPLOADED, progress.RECEIPT])
@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_a_damaged_note_of_a_delivery_is_kept_and_asked_for_again(sealed, name, seed, caplog):
    bucket = Bucket()
    deliver(sealed, "gangnam-1", bucket)
    fetch_receipt(sealed, bucket)
    damaged = mutated((sealed / name).read_bytes(), random.Random(seed))
    (sealed / name).write_bytes(damaged)
    state_of(sealed)
    deliver(sealed, "gangnam-1", bucket)
    fetch_receipt(sealed, bucket)
    assert state_of(sealed) is DeliveryState.CONFIRMED
    kept = list(sealed.glob(f"{name}.corrupt-*"))
    if kept:
        assert kept[0].read_bytes() == damaged
        assert "the bucket is asked again" in caplog.text
    else:
        json.loads(damaged)


@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_an_issue_whose_manifest_is_damaged_is_taken_up_again(sealed, seed, caplog):
    damaged = mutated((sealed / "issue.json").read_bytes(), random.Random(seed))
    (sealed / "issue.json").write_bytes(damaged)
    outbox.set_damaged_aside(sealed.parent)
    kept = list(sealed.glob(".issue.json.corrupt-*"))
    seen = adopt.look(sealed.parent)
    if not kept:  # it reads as a manifest, or as one of another version, which is left alone
        assert (sealed / "issue.json").read_bytes() == damaged
        return
    assert kept[0].read_bytes() == damaged
    assert "taken up again from its text and picture" in caplog.text
    assert adopt.why_not(seen["i1"]) is None


def test_a_newer_programs_manifest_is_left_as_it_is(sealed):
    manifest = json.loads((sealed / "issue.json").read_bytes())
    content = json.dumps(manifest | {"schema": 2, "files": "elsewhere"})
    (sealed / "issue.json").write_text(content)
    outbox.set_damaged_aside(sealed.parent)
    assert (sealed / "issue.json").read_text() == content


def refusing(monkeypatch, name, times):
    """The disk refuses to read that file so often."""
    read, left = Path.read_bytes, [times]

    def read_bytes(path):
        if path.name == name and left[0]:
            left[0] -= 1
            raise OSError(errno.EIO, "Input/output error", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)


def test_a_disk_that_refuses_once_costs_a_try_and_no_evidence(sealed, monkeypatch):
    """The manifest waits: after it nobody would come back for the picture."""
    bucket = Bucket()
    refusing(monkeypatch, "at.jpg", 2)
    for _ in range(2):
        with pytest.raises(OutboxFault, match=r"at\.jpg: cannot be read.*tried again"):
            deliver(sealed, "gangnam-1", bucket)
        assert not [key for key in bucket.objects if key.endswith("issue.json")]
        assert [key for key in bucket.objects if key.endswith("content.txt")]
    assert deliver(sealed, "gangnam-1", bucket) is DeliveryState.UPLOADED
    assert [key for key in bucket.objects if key.endswith("at.jpg")]
    assert not progress_of(sealed).damaged


def test_a_disk_that_refuses_for_good_does_not_keep_the_message_back(sealed, monkeypatch):
    bucket = Bucket()
    refusing(monkeypatch, "at.jpg", 99)
    for _ in range(READ_TRIES - 1):
        with pytest.raises(OutboxFault):
            deliver(sealed, "gangnam-1", bucket)
    assert deliver(sealed, "gangnam-1", bucket) is DeliveryState.UPLOADED
    assert "cannot be read" in progress_of(sealed).damaged["at.jpg"]
