"""An upload in parts as the disk remembers it."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from storeguard.domain.delivery import PART_BYTES, Begun, DeliveryState, Progress
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.errors import OutboxFault, UploadTransient
from storeguard.outbox import delivery
from storeguard.outbox import folder as outbox
from storeguard.outbox.parts import Parts
from storeguard.outbox.progress import UPLOADED, progress_of, record

AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
LINES = (IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),)
ISSUE = Issue("2026-11-20_22-21-04.000000", 7, STORE, AT, True, AT, AT, LINES, {})
BEGUN = Begun("upload-1", "0" * 64, PART_BYTES, ("one", "two"))
PREFIX = f"gangnam-1/2026/11/{ISSUE.id}"
CLIP = bytes(2 * PART_BYTES + 1)


class InParts:
    """Takes a part at a time; the line breaks with every one after the first `breaks_after`."""

    def __init__(self, breaks_after=9):
        self.objects, self.parts, self.asked = {}, 0, []
        self._left = breaks_after

    def put_in_parts(self, key, content, *, content_type, begun, on_part):
        self.asked.append(begun)
        parts = Parts(content)
        upload = begun or Begun("upload-1", parts.sha256, PART_BYTES)
        for number in range(len(upload.etags), len(parts.checksums)):
            if self._left == 0:
                raise UploadTransient("the line has broken")
            self._left -= 1
            self.parts += 1
            etags = (*upload.etags, str(number))
            upload = Begun(upload.upload_id, upload.sha256, PART_BYTES, etags)
            on_part(upload)
        self.objects[key] = content

    def put(self, key, content, *, content_type):
        self.objects[key] = content


@pytest.fixture
def sealed(tmp_path):
    for name, content in (("p", b"p"), ("c", CLIP)):
        (tmp_path / name).write_bytes(content)
    clips = [tmp_path / "c"]
    root = tmp_path / "issue_data"
    return outbox.seal(root, ISSUE, tmp_path / "p", clips, picture_time_label="at", fsync=False)


def deliver(folder, objects):
    return delivery.deliver(folder, "gangnam-1", objects, fsync=False)


def test_what_is_there_is_on_disk_after_each_part_and_gone_with_the_last(sealed):
    with pytest.raises(UploadTransient):
        deliver(sealed, InParts(breaks_after=2))
    assert progress_of(sealed).begun["clip-1.mp4"].etags == ("0", "1")
    assert progress_of(sealed).state is DeliveryState.READABLE
    again = InParts()
    assert deliver(sealed, again) is DeliveryState.UPLOADED
    assert (again.parts, again.asked[0].etags) == (1, ("0", "1"))
    assert progress_of(sealed).begun == {}
    assert progress_of(sealed).files["clip-1.mp4"] == hashlib.sha256(CLIP).hexdigest()


def test_each_part_that_came_says_that_the_line_is_open(sealed):
    sent = []
    with pytest.raises(UploadTransient):
        delivery.deliver(
            sealed, "s", InParts(breaks_after=2), on_sent=lambda: sent.append(1), fsync=False
        )
    assert len(sent) == 3 + 2  # text, picture, notice; two parts


def test_a_full_disk_keeps_no_clip_back(sealed, monkeypatch):
    def full(*_, **__):
        raise OutboxFault("no space left")

    monkeypatch.setattr(delivery, "record", full)
    objects = InParts()
    with pytest.raises(OutboxFault):
        deliver(sealed, objects)
    assert objects.parts == 3
    assert f"{PREFIX}/issue.json" in objects.objects


def test_parts_of_another_content_or_size_are_none_of_it():
    parts = Parts(CLIP)
    mine = Begun("u", parts.sha256, PART_BYTES, ("0",))
    assert parts.fit(mine)
    assert not parts.fit(BEGUN)
    assert not parts.fit(Begun("u", parts.sha256, 2 * PART_BYTES, ("0",)))
    assert not parts.fit(Begun("u", parts.sha256, PART_BYTES, ("0",) * 4))


@pytest.mark.parametrize(
    "garbled",
    [
        [],
        {"x": 1},
        {"x": {}},
        {"x": {"upload_id": 1, "sha256": "", "part_bytes": 1, "etags": []}},
        {"x": {"upload_id": "", "sha256": "", "part_bytes": "?", "etags": ["a"]}},
        {"x": {"upload_id": "", "sha256": "", "part_bytes": 1, "etags": [1]}},
    ],
)
def test_what_was_begun_is_kept_whole_or_asked_anew(tmp_path, garbled):
    progress = Progress("p", files={"a": "0"}).with_begun("clip", BEGUN)
    record(tmp_path, progress, fsync=False)
    assert progress_of(tmp_path) == progress
    said = json.loads((tmp_path / UPLOADED).read_text()) | {"begun": garbled}
    (tmp_path / UPLOADED).write_text(json.dumps(said))
    assert progress_of(tmp_path) is None


def test_what_goes_aside_settles_both_places():
    progress = Progress("p").with_begun("a", BEGUN).with_begun("damaged/a", BEGUN)
    progress = progress.with_begun("b", BEGUN)
    assert set(progress.spoilt("a", "why", ()).begun) == {"b"}
    assert set(progress.with_begun("b", None).begun) == {"a", "damaged/a"}
