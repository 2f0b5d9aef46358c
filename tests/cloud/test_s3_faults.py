"""Whatever answers at S3's address, or nothing: sorted into what helps, in one clear line."""

import http.server
import inspect
import socket
import threading

import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from storeguard.errors import (
    UploadClockSkewed,
    UploadConflict,
    UploadFault,
    UploadRefused,
    UploadTransient,
)
from storeguard.outbox import refusals, s3
from storeguard.outbox.refusals import Request, translated
from storeguard.outbox.s3 import S3Store

KEY = "gangnam-1/2026/11/x/content.txt"
REQUEST = Request("s3:PutObject", "evidence", KEY, "ap-northeast-2")
HTML = b"<html><body>Please log in to this network</body></html>"


def said(code):
    return f"<Error><Code>{code}</Code><Message>in S3's words</Message></Error>".encode()


class Answers(http.server.ThreadingHTTPServer):
    """Gives one answer to everything and counts the requests; status None says nothing."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.answer = (200, b"", {})
        self.answers = {}
        self.requests = 0
        self.hang = threading.Event()


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        self.server.requests += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body, headers = self.server.answers.get(self.command, self.server.answer)
        if status is None:
            self.server.hang.wait(10)
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT  # noqa: N815
    do_HEAD = do_PUT  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def stub():
    server = Answers()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.hang.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(stub):
    one = S3Store("evidence", "ap-northeast-2", f"http://127.0.0.1:{stub.server_port}")
    yield one
    one.close()


def put(store):
    store.put(KEY, b"text", content_type="text/plain")


@pytest.mark.parametrize(
    ("answer", "fault", "says"),
    [
        ((200, HTML, {}), UploadTransient, "asks for a login"),
        ((200, b"", {"x-amz-checksum-sha256": "AAAA"}), UploadTransient, "'AAAA'"),
        ((302, HTML, {"Location": "http://login.invalid/"}), UploadTransient, "HTTP 302"),
        ((511, HTML, {}), UploadTransient, "HTTP 511"),
        ((404, HTML, {}), UploadTransient, "HTTP 404"),
        ((503, said("SlowDown"), {}), UploadTransient, "SlowDown"),
        ((500, b"", {}), UploadTransient, "HTTP 500"),
        ((409, said("ConditionalRequestConflict"), {}), UploadTransient, "tried again"),
        ((400, said("BadDigest"), {}), UploadTransient, "BadDigest"),
        ((301, said("PermanentRedirect"), {}), UploadRefused, "upload.region"),
        ((301, b"", {"x-amz-bucket-region": "us-east-1"}), UploadRefused, "upload.region"),
        ((307, said("TemporaryRedirect"), {}), UploadRefused, "upload.region"),
        ((404, said("NoSuchBucket"), {}), UploadRefused, "no such bucket in ap-northeast-2"),
        (
            (403, said("AccessDenied"), {}),
            UploadRefused,
            "lacks s3:PutObject on arn:aws:s3:::evidence/gangnam-1/*",
        ),
        ((403, HTML, {}), UploadRefused, "lacks s3:PutObject"),
        ((403, said("AllAccessDisabled"), {}), UploadRefused, "account is suspended"),
        ((400, said("ExpiredToken"), {}), UploadRefused, "put a new one in place"),
        ((403, said("InvalidAccessKeyId"), {}), UploadRefused, "put a new one in place"),
        ((403, said("RequestTimeTooSkewed"), {}), UploadClockSkewed, "clock is wrong"),
    ],
)
def test_answers_are_sorted_into_what_helps(stub, store, answer, fault, says):
    stub.answer = answer
    with pytest.raises(fault) as caught:
        put(store)
    assert type(caught.value) is fault
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"s3://evidence/{KEY}: ")
    assert "\n" not in str(caught.value)


def test_a_login_page_is_no_other_object_of_that_name(stub, store):
    """Between S3's 412 and our look at what is there, the network asked for a login: were that
    taken for another object, the issue would be told a second time under a new id."""
    stub.answers = {"PUT": (412, said("PreconditionFailed"), {}), "HEAD": (200, HTML, {})}
    with pytest.raises(UploadTransient, match="asks for a login"):
        put(store)
    stub.answers["HEAD"] = (200, b"other", {"x-amz-request-id": "R"})
    with pytest.raises(UploadConflict):
        put(store)


@pytest.mark.parametrize(
    "answer",
    [
        (301, said("PermanentRedirect"), {}),
        (307, b"", {"Location": "/"}),
        (403, said("AccessDenied"), {}),
        (404, said("NoSuchBucket"), {}),
        (503, said("SlowDown"), {}),
    ],
)
def test_no_answer_makes_botocore_hammer(stub, store, answer):
    """Left to itself it sent 81 requests to an address that always redirects."""
    stub.answer = answer
    with pytest.raises(UploadFault):
        put(store)
    assert stub.requests <= s3.ATTEMPTS


def test_a_server_that_hangs_is_given_up(stub, monkeypatch):
    monkeypatch.setattr(s3, "READ_TIMEOUT_S", 0.2)
    stub.answer = (None, b"", {})
    store = S3Store("evidence", "ap-northeast-2", f"http://127.0.0.1:{stub.server_port}")
    with pytest.raises(UploadTransient, match="ReadTimeoutError"):
        put(store)
    store.close()
    assert stub.requests == 2


def test_no_server_is_transient():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        store = S3Store("evidence", "ap-northeast-2", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(UploadTransient, match="EndpointConnectionError"):
            put(store)
        store.close()


def test_a_certificate_of_somebody_else_is_never_accepted(stub):
    """TLS against a server that speaks none, as behind some networks' logins."""
    store = S3Store("evidence", "ap-northeast-2", f"https://127.0.0.1:{stub.server_port}")
    with pytest.raises(UploadTransient, match="certificate is not trusted"):
        put(store)
    store.close()


@pytest.mark.parametrize("url", ["no url", "http://", "ftp//x"])
def test_an_endpoint_that_is_no_url_is_the_owners_to_mend(url):
    store = S3Store("evidence", "ap-northeast-2", url)
    with pytest.raises(UploadRefused, match=r"check upload\.bucket"):
        put(store)
    store.close()


def test_no_credentials_are_the_owners_to_mend(monkeypatch, store):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(UploadRefused, match="give AWS credentials"):
        put(store)


def test_credentials_that_may_not_be_read_are_the_owners_to_mend():
    def unreadable():
        raise PermissionError(13, "Permission denied", "credentials")

    with pytest.raises(UploadRefused, match="PermissionError"):
        put(S3Store("evidence", "ap-northeast-2", client_factory=unreadable))


def test_nothing_happens_before_the_first_request():
    def never():
        raise AssertionError("made too early")

    S3Store("evidence", "ap-northeast-2", client_factory=never).close()


def test_an_upload_only_key_that_may_not_read_finds_no_receipt_yet(stub, store):
    """Without the right to list, S3 says 403 for what is not there."""
    stub.answer = (403, said("AccessDenied"), {})
    assert store.get("receipts/gangnam-1/x.json") is None
    stub.answer = (404, said("NoSuchKey"), {})
    assert store.get("receipts/gangnam-1/x.json") is None
    stub.answer = (403, said("InvalidAccessKeyId"), {})
    with pytest.raises(UploadRefused):
        store.get("receipts/gangnam-1/x.json")


TRANSIENT = {
    "CapacityNotAvailableError",
    "ChecksumError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "ConnectionError",
    "CredentialRetrievalError",
    "EndpointConnectionError",
    "FlexibleChecksumError",
    "HTTPClientError",
    "IncompleteReadError",
    "MetadataRetrievalError",
    "ProxyConnectionError",
    "ReadTimeoutError",
    "ResponseStreamingError",
    "SSLError",
    "TokenRetrievalError",
}


def every_class():
    found = inspect.getmembers(botocore.exceptions, inspect.isclass)
    return [c for _, c in found if issubclass(c, Exception) and not issubclass(c, Warning)]


def raised(kind):
    """One of that class, without its constructor's keyword arguments."""
    error = kind.__new__(kind)
    Exception.__init__(error, "in botocore's words")
    if issubclass(kind, ClientError):
        error.response = {"Error": {}}
    return error


@pytest.mark.parametrize("kind", every_class(), ids=lambda kind: kind.__name__)
def test_every_exception_of_botocore_becomes_one_of_ours(kind):
    """Complete, with those that pass by themselves named; a new one asks for a decision."""
    if not issubclass(kind, refusals.FOREIGN):
        # Errors in botocore's own data files: a broken installation is a bug, not a fault.
        assert kind.__name__ in ("UndefinedModelAttributeError", "MissingServiceIdError")
        return
    is_transient = kind.__name__ in TRANSIENT or issubclass(kind, ClientError)
    fault = translated(raised(kind), REQUEST)
    assert type(fault) is (UploadTransient if is_transient else UploadRefused)


def test_answers_that_cannot_be_parsed_are_transient():
    assert type(translated(ResponseParserError("x"), REQUEST)) is UploadTransient
    assert issubclass(BotoCoreError, refusals.FOREIGN)


# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, those of an upload
S3_CODES = [
    ("AccessDenied", 403, UploadRefused),
    ("AccountProblem", 403, UploadRefused),
    ("AllAccessDisabled", 403, UploadRefused),
    ("AuthorizationHeaderMalformed", 400, UploadRefused),
    ("BadDigest", 400, UploadTransient),
    ("ConditionalRequestConflict", 409, UploadTransient),
    ("EntityTooLarge", 400, UploadRefused),
    ("ExpiredToken", 400, UploadRefused),
    ("IllegalLocationConstraintException", 400, UploadRefused),
    ("IncompleteBody", 400, UploadTransient),
    ("InternalError", 500, UploadTransient),
    ("InvalidAccessKeyId", 403, UploadRefused),
    ("InvalidBucketName", 400, UploadRefused),
    ("InvalidRequest", 400, UploadRefused),
    ("InvalidSecurity", 403, UploadRefused),
    ("InvalidToken", 400, UploadRefused),
    ("KeyTooLongError", 400, UploadRefused),
    ("MethodNotAllowed", 405, UploadRefused),
    ("MissingContentLength", 411, UploadRefused),
    ("NoSuchBucket", 404, UploadRefused),
    ("NotImplemented", 501, UploadTransient),
    ("NotSignedUp", 403, UploadRefused),
    ("OperationAborted", 409, UploadTransient),
    ("PermanentRedirect", 301, UploadRefused),
    ("Redirect", 307, UploadRefused),
    ("RequestTimeTooSkewed", 403, UploadClockSkewed),
    ("RequestExpired", 400, UploadClockSkewed),
    ("RequestTimeout", 400, UploadTransient),
    ("ServiceUnavailable", 503, UploadTransient),
    ("SignatureDoesNotMatch", 403, UploadRefused),
    ("SlowDown", 503, UploadTransient),
    ("TemporaryRedirect", 307, UploadRefused),
    ("Throttling", 400, UploadTransient),
    ("TokenRefreshRequired", 400, UploadRefused),
    ("TooManyRequests", 429, UploadTransient),
    ("UnauthorizedAccess", 403, UploadRefused),
    ("XAmzContentSHA256Mismatch", 400, UploadTransient),
]


@pytest.mark.parametrize(("code", "status", "fault"), S3_CODES)
def test_every_code_of_s3_has_its_class(code, status, fault):
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    found = translated(ClientError(response, "PutObject"), REQUEST)
    assert type(found) is fault
    assert code in str(found)


def test_the_missing_right_is_named_with_its_prefix():
    receipts = Request("s3:GetObject", "evidence", "receipts/gangnam-1/x.json", "r")
    assert receipts.prefix == "receipts/gangnam-1/*"
    assert REQUEST.prefix == "gangnam-1/*"


def test_one_client_serves_until_the_credentials_are_refused(stub):
    """A new key is taken without a restart: the client holds on to what it has read."""
    made = []

    def make():
        made.append(s3.make_client("ap-northeast-2", f"http://127.0.0.1:{stub.server_port}"))
        return made[-1]

    store = S3Store("evidence", "ap-northeast-2", client_factory=make)
    for answer, clients in [
        ((404, HTML, {}), 1),
        ((403, said("InvalidAccessKeyId"), {}), 1),
        ((404, HTML, {}), 2),
    ]:
        stub.answer = answer
        with pytest.raises(UploadFault):
            put(store)
        assert len(made) == clients
    store.close()
    store.close()
