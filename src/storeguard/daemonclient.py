"""How a command asks the daemon beside it: by the address and the token in the state folder."""

import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from storeguard.pages import ENDPOINT
from storeguard.statefile import read_json

_ADDRESS = re.compile(r"https?://[\w.:\[\]-]+")


class NobodyThere(Exception):
    """No page of a daemon answers where the state folder says."""


@dataclass(frozen=True, slots=True)
class DaemonClient:
    """Asks the running daemon. `token`: its own; a file of an older storeguard has none."""

    url: str
    token: str

    def ask(self, path: str, body: dict[str, Any] | None = None, *, within_s: float) -> Any:
        """The JSON answer. Raises OSError (HTTPError is one), and ValueError for what is none."""
        data = None if body is None else json.dumps(body).encode()
        return json.loads(self._send(path, data, "application/json", within_s))

    def form(self, path: str, fields: Mapping[str, str], *, within_s: float) -> bytes:
        """What the page's form would send; the answer's content. Raises OSError."""
        data = urllib.parse.urlencode(fields).encode()
        return self._send(path, data, "application/x-www-form-urlencoded", within_s)

    def _send(self, path: str, data: bytes | None, kind: str, within_s: float) -> bytes:
        headers = {"Content-Type": kind, "Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.url}{path}", data, headers)
        try:
            with _direct.open(request, timeout=within_s) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError as error:
            raise error.reason if isinstance(error.reason, OSError) else error from None
        except HTTPException as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from None


def find(state: Path) -> DaemonClient:
    """Raises NobodyThere where the state folder names none."""
    try:
        said = read_json(state / ENDPOINT)
        url, token = str(said["url"]), str(said.get("token", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise NobodyThere from None
    if _ADDRESS.fullmatch(url) is None:
        raise NobodyThere
    return DaemonClient(url, token)


def _on_this_machine() -> ssl.SSLContext:
    """The shop's own certificate names the shop, not the loopback that a command goes through."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_direct = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_on_this_machine())
)
"""The daemon is on this machine: no proxy of the environment stands between."""
