"""What holds for every request: our own names, security headers, no cross-site changes, small
bodies."""

import ipaddress
import logging
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storeguard.messages import text

LARGEST_BODY_BYTES = 16 * 1024
"""A basket of 50 lines is 5 kB."""

LARGEST_FILE_BYTES = 512 * 1024
FILE_PATHS = frozenset({"/inventory/import"})
"""Where an owner sends a whole inventory CSV."""

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


LOCAL_ENDINGS = (".local", ".lan", ".internal", ".home.arpa", ".localhost")

log = logging.getLogger("storeguard")


class Guard:
    """Wraps the application; refuses before a route sees the request.

    `hosts`: further names by which we are known. A page of another name that was made to point
    at us (DNS rebinding) is refused, because only we know how we are called.
    """

    def __init__(
        self,
        app: ASGIApp,
        language: str,
        hosts: Collection[str] = (),
    ) -> None:
        self._app = app
        self._language = language
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send, scope)
        if not is_our_name(Headers(scope=scope).get("host", ""), self._hosts):
            log.warning("web: refused a request for another host: %r", _host_of(scope))
            await self._refuse(403, "web.foreign_host")(scope, receive, send)
        elif scope["method"] not in METHODS:
            refusal = self._refuse(405, "web.not_possible")
            refusal.headers["allow"] = ", ".join(sorted(METHODS))
            await refusal(scope, receive, send)
        elif scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
        else:
            await self._change(scope, receive, send)

    async def _change(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_cross_site(Headers(scope=scope)):
            await self._refuse(403, "web.cross_site")(scope, receive, send)
            return
        limit = LARGEST_FILE_BYTES if scope["path"] in FILE_PATHS else LARGEST_BODY_BYTES
        body = await whole_body(receive, limit)
        if body is None:
            await self._refuse(413, "web.too_large")(scope, receive, send)
            return
        await self._app(scope, replayed(body, receive), send)

    def _refuse(self, status: int, key: str) -> JSONResponse:
        return JSONResponse({"error": text(self._language, key)}, status)


def is_our_name(host: str, known: Collection[str]) -> bool:
    """An address, a name that the public DNS cannot have, or one of `known`."""
    name = (urlsplit(f"//{host}").hostname or "").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        is_plain = bool(name) and "." not in name
        return is_plain or name.endswith(LOCAL_ENDINGS) or name in known
    return True


def _host_of(scope: Scope) -> str:
    return Headers(scope=scope).get("host", "")[:100]


def is_cross_site(headers: Mapping[str, str]) -> bool:
    """True when a browser says that another site's page sends this.

    A request without either header comes from no browser, and so from no other page.
    """
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


async def whole_body(receive: Receive, limit: int = LARGEST_BODY_BYTES) -> bytes | None:
    """The request's body, or None when it is larger than allowed or broke off."""
    body = b""
    while True:
        message = await receive()
        chunk: bytes = message.get("body", b"")
        body += chunk
        if message["type"] == "http.disconnect" or len(body) > limit:
            return None
        if not message.get("more_body", False):
            return body


def replayed(body: bytes, receive: Receive) -> Receive:
    is_pending = True

    async def replay() -> Message:
        nonlocal is_pending
        if not is_pending:
            return await receive()
        is_pending = False
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _with_headers(send: Send, scope: Scope) -> Send:
    """Pictures of people are never kept by a browser; scripts are asked for again each time."""
    caching = (
        "no-cache" if scope["path"].startswith(("/static/", "/kiosk/pictures/")) else "no-store"
    )

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["cache-control"] = caching
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            if scope.get("scheme") == "https":
                headers["strict-transport-security"] = "max-age=31536000"
        await send(message)

    return send_with_headers
