"""Solapi: SMS and Alimtalk (알림톡) from a Korean number, for owners without AWS.

`solapi://API_KEY:API_SECRET@FROM/TO` sends SMS (LMS when it is long); with
`?pfid=KA01PF…&template=KA01TP…` it goes as Alimtalk, the whole text in the template's variable
`#{내용}`, and as SMS where Kakao does not deliver. Source: https://developers.solapi.com
"""

import hashlib
import hmac
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from storeguard.clock import SystemClock
from storeguard.errors import ChannelRefused, ChannelUnreachable
from storeguard.ports import Letter

_utc = SystemClock().utc

SERVER = "https://api.solapi.com"
SEND = "/messages/v4/send"
TIMEOUT_S = 20.0
LONGEST_CHARS = 1000
"""An LMS takes 2,000 bytes of EUC-KR."""

VARIABLE = "#{내용}"


class SolapiChannel:
    """One sender, one receiver. `send()` blocks. `utc` dates the signature."""

    def __init__(
        self,
        id: str,  # noqa: A002 - as the configuration has it
        url: str,
        utc: Callable[[], datetime] = _utc,
    ) -> None:
        self.id = id
        parts = urlsplit(url)
        self._key, self._secret = unquote(parts.username or ""), unquote(parts.password or "")
        self._from, self._to = _digits(parts.hostname or ""), _digits(parts.path)
        query = parse_qs(parts.query)
        self._kakao = {name: query.get(name, [""])[0] for name in ("pfid", "template")}
        self._server = query.get("server", [SERVER])[0]
        self._utc = utc
        if not (self._key and self._secret and self._from and self._to):
            raise ChannelRefused(
                f"channel '{id}': its address is incomplete; "
                "expected solapi://API_KEY:API_SECRET@FROM/TO"
            )

    def send(self, letter: Letter) -> None:
        """Raises ChannelUnreachable, or ChannelRefused where trying again does not help."""
        request = urllib.request.Request(
            self._server + SEND,
            data=json.dumps({"message": self._message(letter)}).encode(),
            headers={"Authorization": self._signature(), "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                said = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise self._refused(error) from error
        except (OSError, ValueError) as error:
            raise ChannelUnreachable(f"channel '{self.id}': Solapi: {error}") from error
        if not isinstance(said, dict) or not said.get("messageId"):
            raise ChannelUnreachable(
                f"channel '{self.id}': what answers is not Solapi; check whether the network "
                "asks for a login"
            )

    def _message(self, letter: Letter) -> dict[str, Any]:
        text = letter.text[:LONGEST_CHARS]
        message: dict[str, Any] = {"to": self._to, "from": self._from, "text": text}
        # Their records name the notice, should anybody ask whether it came twice.
        message["customFields"] = {"notice": letter.id}
        if self._kakao["pfid"] and self._kakao["template"]:
            message["kakaoOptions"] = {
                "pfId": self._kakao["pfid"],
                "templateId": self._kakao["template"],
                "variables": {VARIABLE: text},
                "disableSms": False,
            }
        return message

    def _signature(self) -> str:
        date, salt = self._utc().isoformat(timespec="milliseconds"), secrets.token_hex(16)
        signed = hmac.new(self._secret.encode(), (date + salt).encode(), hashlib.sha256)
        return (
            f"HMAC-SHA256 apiKey={self._key}, date={date}, salt={salt}, "
            f"signature={signed.hexdigest()}"
        )

    def _refused(self, error: urllib.error.HTTPError) -> ChannelRefused | ChannelUnreachable:
        try:
            said = json.loads(error.read())
            why = f"{said['errorCode']}: {said['errorMessage']}"
        except (OSError, ValueError, KeyError, TypeError):
            why = error.reason
        text = f"channel '{self.id}': Solapi says {error.code} {why}"
        if error.code in (400, 401, 402, 403):
            return ChannelRefused(f"{text}; check key, sender number and balance")
        return ChannelUnreachable(f"{text}; it is tried again")


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())
