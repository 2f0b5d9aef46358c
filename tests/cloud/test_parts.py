"""A clip of tens of MB on a line that breaks: it goes in parts, and each is sent once.

The line is a proxy before moto that resets every connection whenever 7.5 MB have gone up: what
1 Mbit/s carries in the minute between two breaks.
"""

import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.awsrequest import AWSResponse

import storeguard
from storeguard.domain.delivery import PART_BYTES
from storeguard.errors import UploadConflict, UploadTransient
from storeguard.outbox.delivery import DeliveryState, PutOff, deliver, fetch_receipt, progress_of
from storeguard.outbox.folder import read_manifest
from storeguard.outbox.s3 import S3Store

REGION = "ap-northeast-2"
SOURCE = Path(storeguard.__file__).parents[1]
A_MINUTE = 7_500_000
CLIP = 4 * PART_BYTES + 12_345
PARTS = 5
KEY = "gangnam-1/2026/11/x/clip-1.mp4"


def _breaking_line():
    path = Path(__file__).parents[2] / "bench" / "_breaking.py"
    spec = importlib.util.spec_from_file_location("breaking", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.BreakingLine


BreakingLine = _breaking_line()


@pytest.fixture
def line(moto_url):
    with BreakingLine(int(moto_url.rpartition(":")[2]), A_MINUTE) as one:
        yield one


@pytest.fixture
def over(cloud, line):
    """The bucket at the end of that line; `over()` as another process has it."""
    made = []

    def make(**options):
        made.append(S3Store(cloud.bucket, REGION, f"http://127.0.0.1:{line.port}", **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def large(tmp_path, sealed):
    """A sealed issue whose first clip is large."""
    (tmp_path / "one").write_bytes(os.urandom(CLIP))
    return sealed()


def unfinished(cloud):
    return cloud.s3.list_multipart_uploads(Bucket=cloud.bucket).get("Uploads", [])


def tries(folder, over):
    """How often it takes, each time as a process that knows nothing but the disk."""
    for number in range(1, 12):
        try:
            deliver(folder, "gangnam-1", over())
        except UploadTransient:
            continue
        return number
    raise AssertionError("it never arrives")


def assert_whole(cloud, folder):
    for entry in read_manifest(folder)["files"]:
        key = f"gangnam-1/2026/11/{folder.name}/{entry['name']}"
        content = cloud.s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]


def test_in_one_go_it_never_arrives(cloud, line, over):
    """The test of the test: what a single PUT does on this line."""
    for _ in range(3):
        with pytest.raises(UploadTransient):
            over().put(KEY, bytes(CLIP), content_type="video/mp4")
    assert line.breaks >= 3
    assert cloud.objects() == []


def test_in_parts_it_arrives_and_no_part_that_came_is_sent_again(
    cloud, line, over, large, lambda_module
):
    assert tries(large, over) <= PARTS
    assert line.breaks >= 2
    assert line.sent < CLIP + (line.breaks + 1) * PART_BYTES
    assert_whole(cloud, large)
    assert unfinished(cloud) == []
    for message in cloud.events():
        lambda_module.handler(json.loads(message["Body"]), None)
    assert fetch_receipt(large, over()).differing == ()
    assert progress_of(large).begun == {}


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from storeguard.outbox.delivery import deliver
from storeguard.outbox.s3 import S3Store

left = int(sys.argv[5])
def on_bytes(count):
    global left
    left -= count
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

store = S3Store(sys.argv[3], "ap-northeast-2", sys.argv[4], on_bytes=on_bytes)
deliver(Path(sys.argv[2]), "gangnam-1", store)
"""


def test_killed_in_the_middle_of_a_part_only_that_is_sent_again(cloud, large):
    """On a good line; the child dies in the second part, then the next one in the fourth."""
    for parts in (1.5, 2.5):
        python = [sys.executable, "-c", KILLED, SOURCE, large, cloud.bucket, cloud.url]
        command = [*python, str(int(parts * PART_BYTES))]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    [begun] = progress_of(large).begun.values()
    assert len(begun.etags) == 3
    sent = []
    store = S3Store(cloud.bucket, REGION, cloud.url, on_bytes=sent.append)
    assert deliver(large, "gangnam-1", store) is DeliveryState.UPLOADED
    store.close()
    assert sum(sent) < 2 * PART_BYTES
    assert_whole(cloud, large)
    assert unfinished(cloud) == []


def test_a_clip_that_is_put_off_goes_on_with_the_part_that_was_cut(cloud, large):
    sent = []

    def moving(count):
        sent.append(count)
        if 2.5 * PART_BYTES < sum(sent) < 3 * PART_BYTES:
            sent.append(PART_BYTES)
            raise PutOff

    store = S3Store(cloud.bucket, REGION, cloud.url, on_bytes=moving)
    assert deliver(large, "gangnam-1", store) is DeliveryState.READABLE
    [begun] = progress_of(large).begun.values()
    assert len(begun.etags) == 2
    assert deliver(large, "gangnam-1", store) is DeliveryState.UPLOADED
    store.close()
    assert_whole(cloud, large)


def answering(store, operation, status, body, *, times=99):
    """What comes back from the line, so many times, instead of what moto would say."""
    left = [times]

    class Raw:
        def stream(self, *_, **__):
            yield body

    def instead(**_):
        left[0] -= 1
        return AWSResponse("http://x", status, {}, Raw()) if left[0] >= 0 else None

    store._s3().meta.events.register(f"before-send.s3.{operation}", instead)


def test_parts_that_were_forgotten_meanwhile_are_sent_anew(cloud, large):
    """The lifecycle ends what has been under way for two days."""
    begun = []

    class Dies(Exception):
        pass

    def on_part(one):
        begun.append(one)
        if one is not None and len(begun) == 2:
            raise Dies

    content = bytes(CLIP)
    store = S3Store(cloud.bucket, REGION, cloud.url)
    asked = {"content_type": "video/mp4", "on_part": on_part}
    with pytest.raises(Dies):
        store.put_in_parts(KEY, content, begun=None, **asked)
    answering(store, "UploadPart", 404, b"<Error><Code>NoSuchUpload</Code></Error>", times=1)
    with pytest.raises(UploadTransient, match="they are sent again"):
        store.put_in_parts(KEY, content, begun=begun[-1], **asked)
    assert begun[-1] is None
    store.put_in_parts(KEY, content, begun=None, **asked)
    assert store.get(KEY) == content
    store.close()


def test_parts_of_another_content_are_not_mixed_in(cloud):
    begun = []
    store = S3Store(cloud.bucket, REGION, cloud.url)
    asked = {"content_type": "video/mp4", "on_part": begun.append}
    store.put_in_parts(KEY, b"a" * CLIP, begun=None, **asked)
    content = b"b" * CLIP
    store.put_in_parts(f"{KEY}2", content, begun=begun[1], **asked)
    assert store.get(f"{KEY}2") == content
    store.close()


def test_a_key_that_is_taken_is_kept_and_the_same_content_is_done(cloud):
    store = S3Store(cloud.bucket, REGION, cloud.url)
    asked = {"content_type": "video/mp4", "begun": None, "on_part": lambda _: None}
    content = os.urandom(CLIP)
    store.put(KEY, content, content_type="video/mp4")
    store.put_in_parts(KEY, content, **asked)  # there whole
    store.put_in_parts(f"{KEY}2", content, **asked)
    store.put_in_parts(f"{KEY}2", content, **asked)  # there in parts
    for key in (KEY, f"{KEY}2"):
        with pytest.raises(UploadConflict, match="another object is already there"):
            store.put_in_parts(key, bytes(CLIP), **asked)
        assert store.get(key) == content
    store.close()


def test_an_answer_that_is_lost_at_the_end_costs_no_second_object(cloud, line, over, large):
    versioned = {"Status": "Enabled"}
    cloud.s3.put_bucket_versioning(Bucket=cloud.bucket, VersioningConfiguration=versioned)
    line.lose_the_answer_to(b"?uploadId=")
    tries(large, over)
    assert_whole(cloud, large)
    found = cloud.s3.list_object_versions(Bucket=cloud.bucket)["Versions"]
    assert len([one for one in found if one["Key"].endswith("clip-1.mp4")]) == 1


@pytest.mark.parametrize("at", ["create", "part", "complete"])
def test_a_login_page_is_no_answer_to_any_of_it(cloud, monkeypatch, at):
    """A captive portal answers 200 and HTML to everything."""
    store = S3Store(cloud.bucket, REGION, cloud.url)
    operation = {
        "create": "CreateMultipartUpload",
        "part": "UploadPart",
        "complete": "CompleteMultipartUpload",
    }[at]
    answering(store, operation, 200, b"<html><body>Please log in</body></html>")
    asked = {"content_type": "video/mp4", "begun": None, "on_part": lambda _: None}
    with pytest.raises(UploadTransient, match=r"login|ResponseParserError"):
        store.put_in_parts(KEY, bytes(CLIP), **asked)
    assert cloud.objects() == []
    store.close()
