"""What `doctor` says of keys, bucket and messages: moto, and whatever else may answer."""

import functools
import http.server
import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from botocore import exceptions as aws

from storeguard import config as cfg
from storeguard.clock import SystemClock
from storeguard.devices.machine import Machine
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.messages import text
from storeguard.outbox import folder as outbox
from storeguard.outbox.progress import RECEIPT, UPLOADED
from storeguard.upkeep.checks import cloud as checks
from storeguard.upkeep.checks.finding import Site, State

OK, WARN, FAIL, SKIP = State.OK, State.WARN, State.FAIL, State.SKIP
REGION = "ap-northeast-2"
HTML = b"<html><body>Please log in to this network</body></html>"
S3 = {"x-amz-request-id": "A1"}


class Later(SystemClock):
    """The machine's clock, so much off."""

    def __init__(self, off_s=0.0):
        self._off = timedelta(seconds=off_s)

    def utc(self):
        return super().utc() + self._off


@pytest.fixture
def make_site(tmp_path):
    def make(bucket=None, url=None, region=REGION, clock=None):
        upload = {"bucket": bucket, "region": region, "endpoint_url": url}
        config = cfg.Config.model_validate({"store": {"id": "gangnam-1"}, "upload": upload})
        folders = cfg.Folders.of(config, tmp_path)
        say = functools.partial(text, "ko")
        return Site(config, tmp_path, folders, Machine(environ={}), clock or Later(), say)

    return make


def one(findings):
    [found] = findings
    return found


class Answer(http.server.BaseHTTPRequestHandler):
    """HEAD and GET have their own answers: status, body, headers."""

    def do_GET(self):
        self.server.methods.append(self.command)
        status, body, headers = self.server.answers[self.command]
        self.send_response_only(status)
        headers = {"Date": format_datetime(datetime.now(UTC), usegmt=True)} | headers
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def stub():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.methods = []
    server.answers = {"HEAD": (403, b"", S3), "GET": (403, b"", S3)}
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def said(code):
    return f"<Error><Code>{code}</Code><Message>in S3's words</Message></Error>".encode()


# --- without a bucket ------------------------------------------------------------------------


@pytest.mark.parametrize("check", [checks.credentials, checks.bucket, checks.notices])
def test_without_a_bucket_there_is_nothing_to_look_at(make_site, check):
    assert one(check(make_site())).state is SKIP


# --- credentials -----------------------------------------------------------------------------


def test_where_the_key_comes_from_is_said_and_never_the_key(make_site, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIACANARYCANARY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary/Secret+Key")
    found = one(checks.credentials(make_site("b")))
    assert (found.state, found.measured) == (OK, "있음 (env)")
    assert "canary" not in str(found).lower()


def test_no_key_is_wrong(make_site, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert one(checks.credentials(make_site("b"))).state is FAIL


def test_half_a_key_is_wrong(make_site, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert one(checks.credentials(make_site("b"))).state is FAIL


# --- the bucket ------------------------------------------------------------------------------


def test_the_right_bucket_is_reached_and_nothing_is_put_there(make_site, cloud):
    found = one(checks.bucket(make_site(cloud.bucket, cloud.url)))
    assert (found.state, "열쇠 유효" in found.measured) == (OK, True), found
    assert cloud.objects() == []


def test_a_bucket_that_is_not_there_is_wrong(make_site, cloud):
    found = one(checks.bucket(make_site("no-such-bucket", cloud.url)))
    assert (found.state, "no-such-bucket" in found.measured) == (FAIL, True)


def test_a_bucket_in_another_region_names_it(make_site, cloud):
    found = one(checks.bucket(make_site(cloud.bucket, cloud.url, region="us-east-1")))
    assert (found.state, REGION in found.do) == (FAIL, True), found


@pytest.mark.parametrize(
    ("head", "get", "state", "says"),
    [
        ((403, b"", S3), (403, said("AccessDenied"), S3), OK, "열쇠 인정됨"),
        ((403, b"", S3), (404, said("NoSuchKey"), S3), OK, "열쇠 유효"),
        ((400, b"", S3), (400, said("ExpiredToken"), S3), FAIL, "만료되었거나 폐기됨"),
        ((403, b"", S3), (403, said("InvalidAccessKeyId"), S3), FAIL, "InvalidAccessKeyId"),
        ((403, b"", S3), (403, said("SignatureDoesNotMatch"), S3), FAIL, "만료되었거나"),
        ((403, b"", S3), (403, said("AllAccessDisabled"), S3), FAIL, "계정이 정지"),
        ((403, b"", S3), (403, said("RequestTimeTooSkewed"), S3), FAIL, "시계가 틀려"),
        ((403, b"", S3), (301, said("PermanentRedirect"), S3), FAIL, "버킷"),
        ((403, b"", S3), (503, said("SlowDown"), S3), WARN, "SlowDown"),
        ((404, b"", S3), (404, b"", S3), FAIL, "버킷 'evidence'이(가) 없음"),
        ((301, b"", S3 | {"x-amz-bucket-region": "us-east-1"}), None, FAIL, "us-east-1"),
        ((200, HTML, {}), None, FAIL, "로그인 화면"),
        ((302, HTML, {"Location": "http://login.invalid/"}), None, FAIL, "로그인 화면"),
        ((511, HTML, {}), None, FAIL, "로그인 화면"),
    ],
)
def test_answers_are_said_in_words(make_site, stub, head, get, state, says):
    stub.answers = {"HEAD": head, "GET": get}
    found = one(checks.bucket(make_site("evidence", stub.url)))
    assert (found.state, says in found.measured) == (state, True), found
    assert set(stub.methods) <= {"HEAD", "GET"}, "it only looks"


@pytest.mark.parametrize(("off_s", "state"), [(5, OK), (200, WARN), (-200, WARN), (2000, FAIL)])
def test_the_clock_is_compared_with_the_servers(make_site, stub, off_s, state):
    stub.answers["GET"] = (404, said("NoSuchKey"), S3)
    found = one(checks.bucket(make_site("evidence", stub.url, clock=Later(off_s))))
    assert found.state is state, found


def test_a_name_that_cannot_be_found_is_the_networks_fault(make_site):
    found = one(checks.bucket(make_site("b", "http://storeguard.invalid")))
    assert (found.state, "DNS" in found.measured) == (FAIL, True)


def test_nobody_at_the_address_is_the_networks_fault(make_site, stub):
    stub.shutdown()
    stub.server_close()
    found = one(checks.bucket(make_site("b", stub.url)))
    assert (found.state, "연결되지 않음" in found.measured) == (FAIL, True)


def test_an_address_that_is_none_is_the_configurations_fault(make_site):
    found = one(checks.bucket(make_site("b", "nonsense")))
    assert (found.state, "upload.endpoint_url" in found.do) == (FAIL, True)


def test_a_certificate_that_is_not_trusted_is_said(make_site, monkeypatch):
    def distrusted(_):
        raise aws.SSLError(endpoint_url="https://s3", error="self-signed")

    monkeypatch.setattr(checks, "_answer", distrusted)
    found = one(checks.bucket(make_site("b", "https://127.0.0.1:1")))
    assert (found.state, "인증서" in found.measured) == (FAIL, True)


# --- messages --------------------------------------------------------------------------------


@pytest.fixture
def seal(tmp_path):
    def make(number, sealed_at):
        issue_id = f"2026-11-20_22-21-{number:02}.000000"
        store = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
        line = IssueLine("바나나우유", 4, 5, 1, 1500, 1.0)
        issue = Issue(
            issue_id, number, store, sealed_at, True, sealed_at, sealed_at, (line,), {"ko": ()}
        )
        return outbox.seal(tmp_path / "issue_data", issue, None, [], picture_time_label=None)

    return make


def confirm(folder, sent_at="2026-11-20T13:21:10+00:00"):
    receipt = {"id": folder.name, "text": "x", "message_id": "m", "sent_at": sent_at}
    (folder / RECEIPT).write_text(json.dumps(receipt | {"differing": []}))


def uploaded(folder):
    files = {"issue.json": "0", "content.txt": "0"}
    (folder / UPLOADED).write_text(json.dumps({"prefix": "p", "files": files, "damaged": {}}))


def long_ago():
    return datetime.now(UTC) - timedelta(hours=3)


def test_no_issue_yet_is_skipped(make_site):
    assert one(checks.notices(make_site("b"))).state is SKIP


def test_the_last_confirmed_message_is_named_in_local_time(make_site, seal):
    confirm(seal(1, long_ago()))
    found = one(checks.notices(make_site("b")))
    assert (found.state, "2026-11-20 22:21" in found.measured) == (OK, True)


def test_a_delivery_that_waits_for_long_is_doubtful(make_site, seal):
    confirm(seal(1, long_ago()))
    seal(2, long_ago())
    found = one(checks.notices(make_site("b")))
    assert (found.state, "보낼 이슈 1, 문자 확인 전 0" in found.measured) == (WARN, True), found
    assert "열쇠" in found.do


def test_a_message_that_is_not_confirmed_points_to_the_notifier(make_site, seal):
    uploaded(seal(1, long_ago()))
    found = one(checks.notices(make_site("b")))
    assert (found.state, "보낼 이슈 0, 문자 확인 전 1" in found.measured) == (WARN, True), found
    assert "SNS" in found.do


def test_a_delivery_of_this_minute_is_on_its_way(make_site, seal):
    seal(1, datetime.now(UTC))
    assert one(checks.notices(make_site("b"))).state is OK
