"""The page behind the SMS on loopback: a function URL as AWS would call the function with it.

The demo shows it, and its tests open it in a browser.
"""

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Function = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""A Lambda function: event (payload format 2.0) → answer."""


class PageServer:
    """Serves until `close`; `url` is where. `function` is called in threads, one a request."""

    def __init__(self, function: Function, port: int = 0) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _Call)
        self._server.daemon_threads = True
        self._server.function = function  # type: ignore[attr-defined]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="cloud page", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _call(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.function(  # type: ignore[attr-defined]
            {
                "rawPath": parts.path,
                "rawQueryString": parts.query,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "cookies": (self.headers.get("Cookie") or "").split("; "),
                "requestContext": {
                    "http": {"method": self.command, "sourceIp": self.client_address[0]}
                },
                "body": body.decode("latin-1"),
                "isBase64Encoded": False,
            }
        )
        self._answer(answer)

    def _answer(self, answer: Mapping[str, Any]) -> None:
        content = answer["body"].encode()
        self.send_response(answer["statusCode"])
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        for cookie in answer["cookies"]:
            self.send_header("set-cookie", cookie)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_HEAD = _call  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing on the demo's screen."""
