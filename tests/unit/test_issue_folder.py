"""The sealed folder is complete; tests/rigs kills and fails the sealing at every syscall."""

import errno
import hashlib
import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from storeguard.domain.issue import Issue, IssueLine, IssueStep, IssueStore
from storeguard.errors import OutboxFault
from storeguard.outbox import folder

ID = "2026-11-20_22-21-04.123456"
AT = datetime(2026, 11, 20, 13, 21, 4, 123456, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
ISSUE = Issue(
    id=ID,
    number=7,
    store=STORE,
    sealed_at=AT,
    is_clock_synced=True,
    visit_started_at=AT,
    visit_ended_at=AT,
    lines=(IssueLine("바나나우유", shelf=4, kiosk=5, missing=1, loss=1500, certainty=1.0),),
    why={"ko": ("선반 A에서 1개가 나갔고 결제가 없습니다",)},
    steps=(IssueStep("A", AT, -95.0, "clip-1.mp4", 3.5),),
)


@pytest.fixture
def evidence(tmp_path):
    """A picture, two clips and a trace, as the recorder leaves them."""
    record = tmp_path / "record"
    record.mkdir()
    files = {"picture": b"\xff\xd8jpg", "one": b"mp4 one", "two": b"mp4 two", "trace": b"t_s,raw\n"}
    for name, content in files.items():
        (record / name).write_bytes(content)
    return record


@pytest.fixture
def root(tmp_path):
    (tmp_path / "issue_data").mkdir()
    return tmp_path / "issue_data"


def seal(root, evidence, issue=ISSUE):
    clips = [evidence / "one", evidence / "two"]
    return folder.seal(
        root,
        issue,
        evidence / "picture",
        clips,
        [evidence / "trace"],
        picture_time_label="2026-11-20_22-21-01.000000",
    )


def names_in(sealed):
    return sorted(str(p.relative_to(sealed)) for p in sealed.rglob("*") if p.is_file())


def is_whole(sealed):
    """As a reader sees it: a manifest, and every file that it lists, with its hash."""
    try:
        manifest = json.loads((sealed / "issue.json").read_bytes())
        contents = {f["name"]: (sealed / f["name"]).read_bytes() for f in manifest["files"]}
    except (OSError, ValueError):
        return False
    return all(
        hashlib.sha256(contents[f["name"]]).hexdigest() == f["sha256"]
        and len(contents[f["name"]]) == f["bytes"]
        for f in manifest["files"]
    )


def test_sealed_folder_holds_text_one_picture_clips_and_manifest(root, evidence):
    sealed = seal(root, evidence)
    assert sealed == root / ID
    assert names_in(sealed) == [
        "2026-11-20_22-21-01.000000.jpg",
        "clip-1.mp4",
        "clip-2.mp4",
        "content.txt",
        "extra/trace",
        "issue.json",
    ]
    assert is_whole(sealed)
    assert (sealed / "content.txt").read_text() == (
        "바나나우유1개 도난 발생\n매장 : 강남 1호점\n시각 : 2026-11-20 22:21:04\n손실 : 1,500원\n"
    )
    assert list((root / ".incoming").iterdir()) == []


def test_evidence_is_linked_and_outlives_its_source(root, evidence):
    sealed = seal(root, evidence)
    assert (sealed / "clip-1.mp4").samefile(evidence / "one")
    shutil.rmtree(evidence)
    assert is_whole(sealed)


def test_evidence_on_another_file_system_is_copied(root, evidence, monkeypatch):
    def refuse(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert is_whole(seal(root, evidence))


def test_lost_picture_and_clip_are_told_in_words(root, evidence):
    (evidence / "picture").unlink()
    (evidence / "one").unlink()
    sealed = seal(root, evidence)
    assert names_in(sealed) == ["clip-2.mp4", "content.txt", "extra/trace", "issue.json"]
    assert (sealed / "content.txt").read_text().endswith("사진 없음\n영상 없음(저장 실패)\n")
    assert is_whole(sealed)


def test_extra_files_of_one_name_do_not_replace_each_other(root, evidence):
    (evidence / "b").mkdir()
    (evidence / "b" / "trace").write_bytes(b"other")
    sealed = folder.seal(
        root, ISSUE, None, [], [evidence / "trace", evidence / "b" / "trace"],
        picture_time_label=None,
    )  # fmt: skip
    assert names_in(sealed) == ["content.txt", "extra/trace", "extra/trace-2", "issue.json"]


def test_sealing_twice_changes_nothing(root, evidence):
    sealed = seal(root, evidence)
    before = written(sealed / "issue.json")
    assert seal(root, evidence) == sealed
    assert written(sealed / "issue.json") == before


def written(path):
    """Which file it is, and when it was last changed; to read it changes neither."""
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def test_a_replay_seals_without_waiting_for_the_disk(root, evidence, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: pytest.fail("fsync"))
    for _ in range(2):
        sealed = folder.seal(
            root, ISSUE, evidence / "picture", [], picture_time_label=None, fsync=False
        )
    assert is_whole(sealed)
    assert (sealed / "picture.jpg").exists()


def test_another_folder_of_that_name_is_left_alone(root, evidence):
    (root / ID).mkdir()
    (root / ID / "issue.json").write_text('{"schema": 1, "id": "other"}')
    with pytest.raises(OutboxFault, match="another folder has this name"):
        seal(root, evidence)
    assert names_in(root / ID) == ["issue.json"]


def test_manifest_stays_readable_for_the_notifier(root, evidence):
    sealed = seal(root, evidence, replace(ISSUE, steps=ISSUE.steps * 5_000))
    assert (sealed / "issue.json").stat().st_size <= 64 * 1024
    assert 100 < len(folder.read_manifest(sealed)["steps"]) < 5_000


def test_reasons_give_way_with_their_sentences_where_no_step_is_left(root, evidence):
    why = dict.fromkeys(("ko", "en"), ISSUE.why["ko"] * 2000)
    reasons = ({"kind": "unpaid", "product": "바나나우유", "count": 1},) * 2_000
    sealed = seal(root, evidence, replace(ISSUE, reasons=reasons, why=why))
    assert (sealed / "issue.json").stat().st_size <= 64 * 1024
    manifest = folder.read_manifest(sealed)
    left = len(manifest["reasons"])
    assert 50 < left < 2_000
    assert [len(manifest["why"][language]) for language in ("ko", "en")] == [left, left]


def test_a_disk_that_refuses_gives_one_clear_line(tmp_path, evidence):
    (tmp_path / "issue_data").write_text("a file where the folder should be")
    with pytest.raises(OutboxFault, match=rf"issue_data/{ID}: cannot be .*: .*; ") as caught:
        seal(tmp_path / "issue_data", evidence)
    assert "\n" not in str(caught.value)
    assert caught.value.errno == errno.ENOTDIR


def test_orphans_of_killed_writers_are_swept(root, evidence):
    sealed = seal(root, evidence)
    (root / ".incoming" / "x" / "extra").mkdir(parents=True)
    (root / ".incoming" / "x" / "clip-1.mp4").write_bytes(b"half")
    (sealed / ".issue.json.1.1.storeguard-tmp").write_bytes(b"half")
    assert folder.sweep_incoming(root) == 2
    assert list((root / ".incoming").iterdir()) == []
    assert is_whole(sealed)
    assert folder.sweep_incoming(root / "not there") == 0


def test_sealed_issues_are_found_oldest_first(root, evidence):
    later = replace(ISSUE, id="2026-11-01_jumped-back", sealed_at=AT.replace(year=2027))
    second, first = seal(root, evidence, later), seal(root, evidence)
    (root / "foreign").mkdir()
    (root / "broken").mkdir()
    (root / "broken" / "issue.json").write_text("{")
    assert folder.sealed_issues(root) == (first, second)
    assert folder.sealed_issues(root / "not there") == ()


def test_of_sealed_issues_since_a_day_no_older_one_is_read(root, evidence, monkeypatch):
    read, read_manifest = [], folder.read_manifest
    sealed = [replace(ISSUE, id=f"{name}_22-21-04") for name in ("2026-11-18", "2026-11-19", "x")]
    found = [seal(root, evidence, issue) for issue in sealed]
    monkeypatch.setattr(folder, "read_manifest", lambda one: read.append(one) or read_manifest(one))
    assert set(folder.sealed_issues(root, date(2026, 11, 19))) == set(read) == set(found[1:])


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a//b", "a/../../b", ""])
def test_manifest_that_names_a_file_outside_is_none_of_ours(root, name):
    (root / "x").mkdir()
    files = [{"name": name, "bytes": 1, "sha256": "00"}]
    manifest = {"schema": 1, "id": "x", "sealed_at": AT.isoformat(), "files": files}
    (root / "x" / "issue.json").write_text(json.dumps(manifest))
    with pytest.raises(OutboxFault, match="files is not a list"):
        folder.read_manifest(root / "x")
