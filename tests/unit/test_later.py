"""Evidence that comes after the sealing is listed apart: the sealed manifest stays as it is."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from storeguard import durable
from storeguard.domain.issue import MANIFEST, Issue, IssueLine, IssueStep, IssueStore
from storeguard.errors import OutboxFault
from storeguard.outbox.folder import read_manifest, seal
from storeguard.outbox.later import LATER, add, read_later, whole_manifest

NAME = "step-1.mp4"
AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
STEP = {"scale": "A", "at": AT.isoformat(), "shown_at_s": 4.0}
STEPS = [{**STEP, "shown": {"clip": f"extra/{NAME}"}}]
ISSUE = Issue(
    id="2026-11-20_22-21-04.123456",
    number=7,
    store=IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul"),
    sealed_at=AT,
    is_clock_synced=True,
    visit_started_at=AT,
    visit_ended_at=AT,
    lines=(IssueLine("바나나우유", shelf=4, kiosk=5, missing=1, loss=1500, certainty=1.0),),
    why={},
    steps=(IssueStep("A", AT, -95.0, "clip-1.mp4", 3.5),),
    evidence_missing={NAME: "late", "sheet": "gone"},
)


@pytest.fixture
def sealed(tmp_path):
    files = {"clip": b"mp4 one", "trace": b"t_s,raw\n"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    clips, extra = [tmp_path / "clip"], [tmp_path / "trace"]
    root = tmp_path / "issue_data"
    return seal(root, ISSUE, None, clips, extra, picture_time_label=None, fsync=False)


def clip(folder, content=b"mp4 late"):
    path = folder.parent / NAME
    path.write_bytes(content)
    return path


def test_what_is_added_is_listed_with_its_checksum_and_the_manifest_stays_as_it_was(sealed):
    before = (sealed / MANIFEST).read_bytes()
    assert add(sealed, [clip(sealed)], STEPS)
    assert (sealed / MANIFEST).read_bytes() == before
    [entry] = read_later(sealed)["files"]
    content = (sealed / entry["name"]).read_bytes()
    assert (entry["bytes"], entry["sha256"]) == (8, hashlib.sha256(content).hexdigest())


def test_readers_get_both(sealed):
    add(sealed, [clip(sealed)], STEPS)
    whole = whole_manifest(sealed)
    assert whole["files"][-1]["name"] == f"extra/{NAME}"
    [step] = whole["steps"]
    assert (step["shown"], step["shown_at_s"]) == ({"clip": f"extra/{NAME}"}, 4.0)
    assert step["clip"] == "clip-1.mp4"
    assert whole["evidence_missing"] == {"sheet": "gone"}


def test_without_anything_later_the_manifest_is_whole(sealed):
    assert whole_manifest(sealed) == read_manifest(sealed)


def test_nothing_is_added_twice(sealed):
    assert add(sealed, [clip(sealed)], STEPS)
    assert not add(sealed, [clip(sealed, b"another")], STEPS)
    assert (sealed / "extra" / NAME).read_bytes() == b"mp4 late"


def test_what_the_manifest_lists_is_not_replaced(sealed):
    trace = sealed.parent / "trace"
    trace.write_bytes(b"another")
    assert not add(sealed, [trace], [])
    assert (sealed / "extra/trace").read_bytes() == b"t_s,raw\n"


def test_a_disk_that_refuses_the_list_is_a_fault_and_adding_again_settles_it(sealed, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(durable, "publish", refusing)
        with pytest.raises(OutboxFault, match="No space left"):
            add(sealed, [clip(sealed)], STEPS)
    assert read_later(sealed) is None
    assert add(sealed, [clip(sealed)], STEPS)


def refusing(*_args, **_kwargs):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "said",
    [
        "{",
        [],
        {"id": "another", "files": [], "steps": []},
        {"files": [{"name": "../x", "bytes": 1, "sha256": ""}], "steps": []},
        {"files": [], "steps": [{"scale": "A"}]},
        {"files": [], "steps": None},
    ],
)
def test_a_list_that_makes_no_sense_is_none(sealed, said):
    if isinstance(said, dict):
        said = {"id": sealed.name, **said}
    text = said if isinstance(said, str) else json.dumps(said)
    (sealed / LATER).write_text(text)
    assert read_later(sealed) is None
    assert whole_manifest(sealed) == read_manifest(sealed)
