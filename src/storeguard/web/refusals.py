"""Every refusal as one sentence: a page for a browser, JSON for a program."""

import logging
import secrets

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from storeguard.web.guard import SECURITY_HEADERS
from storeguard.web.rendering import Pages

log = logging.getLogger(__name__)


class Refusals:
    """`say` makes one; `handle` gives them to an application."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def say(self, request: Request, status: int, key: str, **values: object) -> Response:
        sentence = self._pages.say(key, **values)
        if "text/html" in request.headers.get("accept", ""):
            return self._pages.error(status, sentence)
        return JSONResponse({"error": sentence}, status)

    def handle(self, app: FastAPI) -> None:
        app.add_exception_handler(RequestValidationError, self._invalid)
        app.add_exception_handler(HTTPException, self._refused)
        app.add_exception_handler(Exception, self._broken)

    async def _invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        is_count = any("count" in problem["loc"] for problem in error.errors())
        return self.say(request, 422, "web.count" if is_count else "web.malformed")

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        key = "web.not_found" if error.status_code == 404 else "web.not_possible"
        answer = self.say(request, error.status_code, key)
        answer.headers.update(error.headers or {})
        return answer

    async def _broken(self, request: Request, error: Exception) -> Response:
        """The number joins the customer's words to the log; the trace stays in the log."""
        number = secrets.token_hex(2)
        log.error("page %s failed, number %s: %r", request.url.path, number, error)
        answer = self.say(request, 500, "web.broken", number=number)
        # This answer is made outside of the guard.
        answer.headers.update({**SECURITY_HEADERS, "cache-control": "no-store"})
        return answer
