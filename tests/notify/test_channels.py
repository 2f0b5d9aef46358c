"""The channels against real servers on loopback: SMTP, and HTTP for ntfy, webhooks and Solapi."""

import email
import email.policy
import hashlib
import hmac
import http.server
import json
import re
import socket
import threading
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from storeguard.errors import ChannelRefused, ChannelUnreachable
from storeguard.notify.opening import open_channel, variable_of
from storeguard.notify.solapi import SolapiChannel
from storeguard.ports import Letter

# One of Apprise's hundred plugins imports what Python 3.13 has dropped.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

JPEG = b"\xff\xd8\xff\xe0" + b"jpeg" * 50 + b"\xff\xd9"
LETTER = Letter(
    "2026-11-20_22-21-04.123456",
    "[강남 1호점] 재고 불일치: 바나나우유 1 (-1,500원) 22:21 #7",
    "바나나우유 1개 (선반 4, 판매 재고 5)\n왜: <선반>에서 하나가 줄었습니다.",
    '<p>바나나우유 1개</p><img src="cid:22-21-04.jpg">',
)


class Mailbox:
    """Takes every mail; `refuse` answers 451 to that many of them."""

    def __init__(self):
        self.mails = []
        self.refuse = 0

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if self.refuse:
            self.refuse -= 1
            return "451 try again later"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 OK"


@pytest.fixture
def smtp():
    box = Mailbox()

    def let_in(server, session, envelope, mechanism, auth_data):
        return AuthResult(success=auth_data.password == b"hunter2secret")

    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        authenticator=let_in,
        auth_require_tls=False,
    )
    controller.start()
    yield box, controller.port
    controller.stop()


@pytest.fixture
def web():
    server = Web(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Web(http.server.ThreadingHTTPServer):
    daemon_threads = True
    requests: list
    answer = (200, {"messageId": "M4V1"})

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.requests = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.path, dict(self.headers), body))
        status, said = self.server.answer
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_POST  # noqa: N815

    def log_message(self, *_):
        pass


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def channel(url, name="mail"):
    return open_channel(name, {variable_of(name): url})


def mail_url(port, password="hunter2secret"):
    return f"mailto://owner:{password}@127.0.0.1:{port}?from=shop@example.com&to=owner@example.com"


def with_picture(tmp_path):
    picture = tmp_path / "22-21-04.jpg"
    picture.write_bytes(JPEG)
    return Letter(LETTER.id, LETTER.subject, LETTER.text, LETTER.html, (picture,))


def test_a_mail_arrives_with_its_picture_in_its_place(smtp, tmp_path):
    box, port = smtp
    channel(mail_url(port)).send(with_picture(tmp_path))
    [(to, mail)] = box.mails
    assert to == ["owner@example.com"]
    assert mail["Subject"] == LETTER.subject
    kinds = {part.get_content_type(): part for part in mail.walk()}
    assert "바나나우유 1개" in kinds["text/html"].get_content()
    assert kinds["image/jpeg"].get_content() == JPEG
    assert kinds["image/jpeg"]["Content-ID"] == "<22-21-04.jpg>"
    assert "text/plain" in kinds


def test_a_mail_that_is_sent_twice_has_the_same_message_id(smtp):
    """Mailboxes show one of two mails with one Message-ID: exactly once for the reader."""
    box, port = smtp
    one = channel(mail_url(port))
    one.send(LETTER)
    one.send(LETTER)
    found = [mail.get_all("Message-ID") for _, mail in box.mails]
    assert found == [[f"<{LETTER.id}@storeguard.invalid>"]] * 2


def test_without_a_picture_no_picture_leaves(smtp):
    box, port = smtp
    channel(mail_url(port)).send(LETTER)
    [(_, mail)] = box.mails
    assert not [p for p in mail.walk() if p.get_content_maintype() == "image"]


def test_a_mail_server_that_refuses_is_tried_again(smtp):
    box, port = smtp
    box.refuse = 1
    one = channel(mail_url(port))
    with pytest.raises(ChannelUnreachable, match="it is tried again"):
        one.send(LETTER)
    one.send(LETTER)
    assert len(box.mails) == 1


def test_a_wrong_password_is_said_and_never_shown(smtp, caplog, monkeypatch):
    monkeypatch.setattr("storeguard.notify.apprise.TIMEOUT_S", 1.0)
    _, port = smtp
    with pytest.raises(ChannelUnreachable) as caught:
        channel(mail_url(port, "wrongpassword77")).send(LETTER)
    assert "wrongpassword77" not in str(caught.value) + caplog.text


def test_nobody_at_the_address_is_transient():
    with pytest.raises(ChannelUnreachable):
        channel(mail_url(_free_port())).send(LETTER)


def test_ntfy_gets_plain_words(web):
    channel(f"ntfy://127.0.0.1:{web.server_port}/storeguard-shop").send(LETTER)
    [(_, _, body)] = web.requests
    said = json.loads(body)
    assert said["title"] == LETTER.subject
    assert said["message"] == LETTER.text


def test_a_webhook_gets_json(web):
    channel(f"json://127.0.0.1:{web.server_port}/hook").send(LETTER)
    [(path, _, body)] = web.requests
    assert path.startswith("/hook")
    assert json.loads(body)["title"] == LETTER.subject


def test_a_server_that_refuses_is_an_error(web):
    web.answer = (500, b"")
    with pytest.raises(ChannelUnreachable):
        channel(f"json://127.0.0.1:{web.server_port}/hook").send(LETTER)


@pytest.mark.parametrize("url", ["nonsense", "quatsch://x", ""])
def test_an_address_that_is_none_says_what_to_do(url):
    with pytest.raises(ChannelRefused, match=r"channel 'mail': (its address|the environment)"):
        channel(url).send(LETTER)


def test_the_variable_of_a_channel_is_its_name_in_capitals():
    assert variable_of("family-mail") == "STOREGUARD_CHANNEL_FAMILY_MAIL"


def solapi(web, more=""):
    server = f"http://127.0.0.1:{web.server_port}"
    url = f"solapi://NCSKEY:topsecret@02-1234-5678/010-9876-5432?server={server}{more}"
    at = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
    return SolapiChannel("sms", url, lambda: at)


def test_solapi_gets_a_signed_sms(web):
    solapi(web).send(LETTER)
    [(path, headers, body)] = web.requests
    assert path == "/messages/v4/send"
    found = re.fullmatch(
        r"HMAC-SHA256 apiKey=NCSKEY, date=(\S+), salt=([0-9a-f]{32}), signature=([0-9a-f]{64})",
        headers["Authorization"],
    )
    date, salt, signature = found.groups()
    assert date == "2026-11-20T13:21:04.000+00:00"
    expected = hmac.new(b"topsecret", (date + salt).encode(), hashlib.sha256).hexdigest()
    assert signature == expected
    message = json.loads(body)["message"]
    assert (message["from"], message["to"]) == ("0212345678", "01098765432")
    assert message["text"] == LETTER.text
    assert "kakaoOptions" not in message


def test_solapi_sends_alimtalk_where_a_template_is_given(web):
    solapi(web, "&pfid=KA01PF1&template=KA01TP1").send(LETTER)
    [(_, _, body)] = web.requests
    options = json.loads(body)["message"]["kakaoOptions"]
    assert options["variables"] == {"#{내용}": LETTER.text}
    assert (options["pfId"], options["templateId"]) == ("KA01PF1", "KA01TP1")
    assert options["disableSms"] is False


@pytest.mark.parametrize(
    ("answer", "fault", "says"),
    [
        (
            (401, {"errorCode": "InvalidAPIKey", "errorMessage": "no"}),
            ChannelRefused,
            "InvalidAPIKey",
        ),
        ((402, {"errorCode": "NotEnoughBalance", "errorMessage": "no"}), ChannelRefused, "balance"),
        ((500, b"down"), ChannelUnreachable, "tried again"),
        ((429, {"errorCode": "TooMany", "errorMessage": "slow"}), ChannelUnreachable, "TooMany"),
        ((200, b"<html>please log in</html>"), ChannelUnreachable, "Solapi"),
        ((200, {"hello": 1}), ChannelUnreachable, "asks for a login"),
        ((200, []), ChannelUnreachable, "asks for a login"),
    ],
)
def test_what_solapi_answers_is_sorted_into_what_helps(web, answer, fault, says):
    web.answer = answer
    with pytest.raises(fault, match=says) as caught:
        solapi(web).send(LETTER)
    assert "topsecret" not in str(caught.value)


def test_solapi_that_nobody_answers_for_is_transient():
    url = f"solapi://K:S@1/2?server=http://127.0.0.1:{_free_port()}"
    with pytest.raises(ChannelUnreachable):
        SolapiChannel("sms", url).send(LETTER)


@pytest.mark.parametrize("url", ["solapi://", "solapi://k:s@0212345678", "solapi://k@1/2"])
def test_an_incomplete_solapi_address_is_refused_with_its_form(url):
    with pytest.raises(ChannelRefused, match="API_KEY:API_SECRET@FROM/TO"):
        channel(url, "sms")
