"""What is delivered, in which order, what is kept on disk, and when it is tried again."""

import hashlib
import json
import logging
from datetime import UTC, datetime, timedelta, timezone

import pytest

from storeguard import durable
from storeguard.domain.delivery import ask_again_after_s
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.errors import (
    OutboxFault,
    UploadClockSkewed,
    UploadConflict,
    UploadRefused,
    UploadTransient,
)
from storeguard.outbox import folder as outbox
from storeguard.outbox.delivery import (
    DeliveryState,
    Stage,
    ask_again,
    deliver,
    fetch_receipt,
    key_prefix,
    next_attempt_s,
    progress_of,
    state_of,
)

AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
ISSUE = Issue(
    id="2026-11-20_22-21-04.000000",
    number=7,
    store=IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul"),
    sealed_at=AT,
    is_clock_synced=True,
    visit_started_at=AT,
    visit_ended_at=AT,
    lines=(IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),),
    why={},
)
PREFIX = f"gangnam-1/2026/11/{ISSUE.id}"
NAMES = [
    "content.txt",
    "at.jpg",
    "notice.json",
    "clip-1.mp4",
    "clip-2.mp4",
    "extra/trace.csv",
    "issue.json",
]
RECEIPT = {"id": ISSUE.id, "text": "재고", "message_id": "m", "sent_at": "t", "differing": []}


class Memory:
    """Objects in a dict; `fail_at` raises `fault` on that put."""

    def __init__(self, fail_at=None, fault=None):
        self.objects = {}
        self.puts = []
        self._fail = (fail_at, fault)

    def put(self, key, content, *, content_type):
        self.puts.append(key)
        if len(self.puts) == self._fail[0]:
            raise self._fail[1]
        if self.objects.setdefault(key, (content, content_type))[0] != content:
            raise UploadConflict(f"{key}: another object is already there")

    def get(self, key):
        return self.objects.get(key, (None,))[0]


@pytest.fixture
def sealed(tmp_path):
    for name in ("p", "c1", "c2", "trace.csv"):
        (tmp_path / name).write_bytes(name.encode())
    return outbox.seal(
        tmp_path / "issue_data",
        ISSUE,
        tmp_path / "p",
        [tmp_path / "c1", tmp_path / "c2"],
        [tmp_path / "trace.csv"],
        picture_time_label="at",
    ).rename(tmp_path / "issue_data" / ISSUE.id)


def replaced(path, content):
    """Another file of this name: the evidence is linked, its source must stay."""
    path.unlink()
    path.write_bytes(content)


def test_text_first_then_picture_notice_clips_extra_and_the_manifest_last(sealed):
    memory = Memory()
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED
    assert memory.puts == [f"{PREFIX}/{name}" for name in NAMES]
    assert memory.objects[f"{PREFIX}/clip-1.mp4"] == (b"c1", "video/mp4")
    types = [memory.objects[f"{PREFIX}/{name}"][1] for name in NAMES]
    assert types[:2] == ["text/plain; charset=utf-8", "image/jpeg"]
    assert types[-1] == "application/json"


def test_state_is_what_the_folder_says(sealed):
    memory = Memory(2, UploadTransient("reset"))
    assert state_of(sealed) is DeliveryState.PENDING
    with pytest.raises(UploadTransient):
        deliver(sealed, "gangnam-1", memory)
    assert state_of(sealed) is DeliveryState.UPLOADING
    deliver(sealed, "gangnam-1", memory)
    assert state_of(sealed) is DeliveryState.UPLOADED
    memory.objects[f"receipts/gangnam-1/{ISSUE.id}.json"] = (json.dumps(RECEIPT).encode(), "")
    assert fetch_receipt(sealed, memory).text == "재고"
    assert state_of(sealed) is DeliveryState.CONFIRMED


@pytest.mark.parametrize("number", range(1, len(NAMES) + 1))
def test_after_a_fault_only_the_rest_is_sent(sealed, number):
    memory = Memory(number, UploadTransient("reset"))
    with pytest.raises(UploadTransient):
        deliver(sealed, "gangnam-1", memory)
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED
    assert len(memory.puts) == len(NAMES) + 1
    assert set(memory.objects) == {f"{PREFIX}/{name}" for name in NAMES}
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED
    assert len(memory.puts) == len(NAMES) + 1


def test_a_delivery_that_is_told_to_stop_goes_on_later(sealed):
    memory = Memory()
    state = deliver(sealed, "gangnam-1", memory, is_stopping=lambda: len(memory.puts) == 1)
    assert (state, len(memory.puts)) == (DeliveryState.UPLOADING, 1)
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED


def test_lost_or_garbled_progress_is_asked_of_the_bucket(sealed):
    memory = Memory()
    deliver(sealed, "gangnam-1", memory)
    for content in (b"", b"[]", b'{"prefix": 1}', b'{"prefix": "x", "files": 3, "damaged": {}}'):
        (sealed / ".uploaded.json").write_bytes(content)
        assert state_of(sealed) is DeliveryState.PENDING
        assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED
    assert len(memory.objects) == len(NAMES)


def test_resuming_keeps_the_keys_when_the_store_is_renamed_meanwhile(sealed):
    memory = Memory(2, UploadTransient("reset"))
    with pytest.raises(UploadTransient):
        deliver(sealed, "gangnam-1", memory)
    deliver(sealed, "renamed", memory)
    assert {key.split("/")[0] for key in memory.objects} == {"gangnam-1"}


def test_damaged_evidence_is_named_and_set_aside_and_the_rest_delivered(sealed, caplog):
    replaced(sealed / "clip-1.mp4", b"bit rot")
    memory = Memory()
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED
    assert f"{PREFIX}/clip-1.mp4" not in memory.objects
    assert memory.objects[f"{PREFIX}/damaged/clip-1.mp4"][0] == b"bit rot"
    assert f"{PREFIX}/issue.json" in memory.objects
    [line] = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert "clip-1.mp4: was damaged since it was sealed (sha256 " in line
    deliver(sealed, "gangnam-1", memory)
    assert len(caplog.records) == 1
    assert list(progress_of(sealed).damaged) == ["clip-1.mp4"]


def test_evidence_that_is_gone_is_named_and_the_rest_delivered(sealed, caplog):
    (sealed / "at.jpg").unlink()
    assert deliver(sealed, "gangnam-1", Memory()) is DeliveryState.UPLOADED
    assert "at.jpg: is gone since it was sealed" in caplog.text


def test_a_link_out_of_the_folder_is_not_followed(sealed, tmp_path, caplog):
    (tmp_path / "secret").write_bytes(b"p")
    (sealed / "at.jpg").unlink()
    (sealed / "at.jpg").symlink_to(tmp_path / "secret")
    memory = Memory()
    deliver(sealed, "gangnam-1", memory)
    assert "leads out of the folder" in caplog.text
    assert not [key for key in memory.objects if "at.jpg" in key]


def test_a_key_that_another_object_has_does_not_keep_the_message_back(sealed, caplog):
    memory = Memory()
    memory.objects[f"{PREFIX}/at.jpg"] = (b"other", "")
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED
    assert memory.objects[f"{PREFIX}/at.jpg"][0] == b"other"
    assert memory.objects[f"{PREFIX}/damaged/at.jpg"][0] == b"p"
    assert "another object is already there" in caplog.text


def test_a_manifest_whose_key_is_taken_goes_under_the_next_id_with_all_files(sealed, caplog):
    memory = Memory()
    memory.objects[f"{PREFIX}/issue.json"] = (b"other", "")
    memory.objects[f"{PREFIX}.r2/issue.json"] = (b"another", "")
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED
    assert memory.objects[f"{PREFIX}/issue.json"][0] == b"other"
    assert {f"{PREFIX}.r3/{name}" for name in NAMES} <= set(memory.objects)
    assert json.loads(memory.objects[f"{PREFIX}.r3/issue.json"][0])["id"] == f"{ISSUE.id}.r3"
    assert "A604" in caplog.text
    memory.objects[f"receipts/gangnam-1/{ISSUE.id}.r3.json"] = (
        json.dumps(RECEIPT | {"id": f"{ISSUE.id}.r3"}).encode(),
        "",
    )
    assert fetch_receipt(sealed, memory).text == "재고"


def test_damaged_evidence_whose_place_is_taken_too_does_not_keep_the_message_back(sealed):
    replaced(sealed / "clip-1.mp4", b"bit rot")
    memory = Memory()
    memory.objects[f"{PREFIX}/damaged/clip-1.mp4"] = (b"earlier rot", "")
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED


def test_the_message_stage_ends_before_the_first_clip(sealed):
    memory = Memory()
    state = deliver(sealed, "gangnam-1", memory, stage=Stage.MESSAGE)
    assert state is state_of(sealed) is DeliveryState.READABLE
    assert memory.puts == [f"{PREFIX}/{name}" for name in ("content.txt", "at.jpg", "notice.json")]
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED
    assert len(memory.puts) == len(NAMES)


def test_an_issue_without_clips_is_whole_after_the_message_stage(tmp_path):
    folder = outbox.seal(tmp_path / "issues", ISSUE, None, [], picture_time_label=None)
    memory = Memory()
    assert deliver(folder, "gangnam-1", memory, stage=Stage.MESSAGE) is DeliveryState.UPLOADED
    assert memory.puts == [f"{PREFIX}/{name}" for name in ("content.txt", "issue.json")]


def test_the_notice_is_the_manifest_ahead_of_its_clips(sealed):
    memory = Memory()
    deliver(sealed, "gangnam-1", memory, stage=Stage.MESSAGE)
    notice = memory.objects[f"{PREFIX}/notice.json"]
    deliver(sealed, "gangnam-1", memory)
    assert notice == memory.objects[f"{PREFIX}/issue.json"]
    assert notice[0] == (sealed / "issue.json").read_bytes()


def test_a_picture_that_the_disk_refuses_does_not_keep_the_notice_back(sealed):
    (sealed / "at.jpg").unlink()
    (sealed / "at.jpg").mkdir()
    memory = Memory()
    with pytest.raises(OutboxFault, match=r"at\.jpg: cannot be read"):
        deliver(sealed, "gangnam-1", memory, stage=Stage.MESSAGE)
    assert memory.puts == [f"{PREFIX}/content.txt", f"{PREFIX}/notice.json"]


def test_smaller_clips_go_first(tmp_path):
    for name, size in (("c1", 30), ("c2", 10), ("c3", 20)):
        (tmp_path / name).write_bytes(b"x" * size)
    clips = [tmp_path / name for name in ("c1", "c2", "c3")]
    folder = outbox.seal(tmp_path / "issues", ISSUE, None, clips, picture_time_label=None)
    memory = Memory()
    deliver(folder, "gangnam-1", memory)
    sent = [key.rpartition("/")[2] for key in memory.puts]
    assert sent == [
        "content.txt",
        "notice.json",
        "clip-2.mp4",
        "clip-3.mp4",
        "clip-1.mp4",
        "issue.json",
    ]


def test_asking_again_writes_a_new_key_that_ends_as_the_manifest_does(sealed):
    memory = Memory()
    deliver(sealed, "gangnam-1", memory)
    assert [ask_again(sealed, memory, AT) for _ in range(2)] == [1, 2]
    assert state_of(sealed) is DeliveryState.ASKED
    said = json.loads(memory.objects[f"{PREFIX}/again/2/issue.json"][0])
    assert said == {"schema": 1, "id": ISSUE.id, "again": 2, "at": AT.isoformat()}


def test_nothing_is_asked_for_that_was_never_sent(sealed):
    with pytest.raises(ValueError, match="nothing of it was sent"):
        ask_again(sealed, Memory(), AT)
    deliver(sealed, "gangnam-1", Memory(), stage=Stage.MESSAGE)
    with pytest.raises(ValueError, match="readable"):
        ask_again(sealed, Memory(), AT)


def test_the_notifier_is_asked_again_each_ten_minutes_of_an_hour_then_ever_more_rarely():
    waits = [ask_again_after_s(asked) for asked in range(30)]
    assert waits[:9] == [600.0] * 7 + [1200.0, 2400.0]
    assert waits == sorted(waits)
    assert waits[-1] == 6 * 3600


@pytest.mark.parametrize("state", ["uploading", "confirmed", "nonsense"])
def test_a_state_that_its_files_do_not_bear_out_is_asked_of_the_bucket(sealed, state):
    memory = Memory()
    deliver(sealed, "gangnam-1", memory)
    said = json.loads((sealed / ".uploaded.json").read_bytes())
    (sealed / ".uploaded.json").write_text(json.dumps(said | {"state": state}))
    assert state_of(sealed) is DeliveryState.PENDING
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED


def test_progress_of_an_older_storeguard_says_no_state(sealed):
    memory = Memory()
    deliver(sealed, "gangnam-1", memory)
    said = json.loads((sealed / ".uploaded.json").read_bytes())
    del said["state"]
    (sealed / ".uploaded.json").write_text(json.dumps(said))
    assert state_of(sealed) is DeliveryState.UPLOADED
    del said["files"]["issue.json"]
    (sealed / ".uploaded.json").write_text(json.dumps(said))
    assert state_of(sealed) is DeliveryState.UPLOADING


def test_a_full_disk_does_not_keep_the_message_back(sealed, monkeypatch):
    def refuse(path, content, **_):
        raise OSError(28, "No space left on device")

    memory = Memory()
    monkeypatch.setattr(durable, "publish", refuse)
    with pytest.raises(OutboxFault, match=r"\.uploaded\.json: cannot be written: No space left"):
        deliver(sealed, "gangnam-1", memory)
    assert f"{PREFIX}/issue.json" in memory.objects
    monkeypatch.undo()
    assert deliver(sealed, "gangnam-1", memory) is DeliveryState.UPLOADED


def test_keys_carry_year_and_month_of_sealing_in_utc():
    local = datetime(2027, 1, 1, 8, 0, tzinfo=timezone(timedelta(hours=9)))
    assert key_prefix({"id": "x", "sealed_at": local.isoformat()}, "s") == "s/2026/12/x"


def test_only_what_is_in_the_bucket_as_sealed_counts_as_uploaded(sealed):
    deliver(sealed, "gangnam-1", Memory())
    recorded = json.loads((sealed / ".uploaded.json").read_bytes())
    on_disk = {n: "issue.json" if n == "notice.json" else n for n in NAMES}
    digests = {
        n: hashlib.sha256((sealed / file).read_bytes()).hexdigest() for n, file in on_disk.items()
    }
    expected = {"prefix": PREFIX, "files": digests, "damaged": {}, "state": "uploaded"}
    assert recorded == expected


def test_no_receipt_before_the_upload_and_none_that_is_not_there(sealed):
    memory = Memory()
    assert fetch_receipt(sealed, memory) is None
    deliver(sealed, "gangnam-1", memory)
    assert fetch_receipt(sealed, memory) is None


@pytest.mark.parametrize(
    "content",
    [b"<html>login</html>", b"{}", b"[]", json.dumps(RECEIPT | {"id": "other"}).encode()],
)
def test_an_answer_that_is_no_receipt_confirms_nothing(sealed, content):
    memory = Memory()
    deliver(sealed, "gangnam-1", memory)
    memory.objects[f"receipts/gangnam-1/{ISSUE.id}.json"] = (content, "")
    with pytest.raises(UploadTransient, match="is no receipt"):
        fetch_receipt(sealed, memory)
    assert state_of(sealed) is DeliveryState.UPLOADED


def test_the_receipt_names_what_differs_and_is_read_once(sealed):
    memory = Memory()
    deliver(sealed, "gangnam-1", memory)
    receipt = RECEIPT | {"differing": ["clip-1.mp4"]}
    memory.objects[f"receipts/gangnam-1/{ISSUE.id}.json"] = (json.dumps(receipt).encode(), "")
    assert fetch_receipt(sealed, memory).differing == ("clip-1.mp4",)
    memory.objects.clear()
    assert fetch_receipt(sealed, memory).message_id == "m"


def test_transient_faults_back_off_from_a_second_to_fifteen_minutes():
    waits = [next_attempt_s(UploadTransient("x"), n, lambda: 1.0) for n in range(1, 15)]
    assert waits[:3] == [2.0, 4.0, 8.0]
    assert waits[-1] == next_attempt_s(UploadTransient, 10_000, lambda: 1.0) == 900.0
    assert waits == sorted(waits)
    assert next_attempt_s(UploadTransient, 3, lambda: 0.0) == 1.0


def test_offline_for_long_nothing_is_tried_more_often_than_every_five_minutes():
    assert next_attempt_s(UploadTransient, 10, lambda: 0.0) == 300.0
    assert next_attempt_s(UploadTransient, 10_000, lambda: 0.5) == 600.0


@pytest.mark.parametrize("fault", [UploadRefused, UploadConflict])
def test_what_a_person_must_mend_is_probed_every_fifteen_minutes(fault):
    assert {next_attempt_s(fault("x"), n, lambda: 0.0) for n in (1, 50)} == {900.0}


def test_a_wrong_clock_is_looked_at_every_minute():
    assert next_attempt_s(UploadClockSkewed, 1, lambda: 0.0) == 60.0
