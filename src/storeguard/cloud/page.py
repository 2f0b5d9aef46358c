"""The Lambda function behind the page: the owner's login, his stores, his issues, his decisions.

No framework, no script, no state: one call of a function URL is one request. Pictures and clips
are signed when they are looked at and come straight from the bucket. What the owner decides is
written to `decisions/<store>.json`, where the device reads it back.
"""

import base64
import binascii
import functools
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from . import pagehtml
from .evidence import Evidence
from .index import CONFIRM, DISMISS, HOLD, OPEN, RECEIVED, Index
from .login import SESSION_S, Logins, TooManyTries, form_token
from .table import Item

COOKIE = "__Host-storeguard"
LARGEST_BODY = 4096
DECISIONS = frozenset({CONFIRM, DISMISS, HOLD, OPEN, RECEIVED})
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "strict-transport-security": "max-age=63072000",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the template puts into the function's environment."""

    bucket: str
    index: str
    language: str


@dataclass(frozen=True, slots=True)
class Request:
    """One call; `form` and `query` hold the first value of each name."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]
    token: str
    address: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`media_from`: the origin that pictures and clips of this page come from."""

    body: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Takes what a Lambda function URL sends (payload format 2.0)."""
    return page().handle(event)


@functools.cache
def page() -> "Page":
    import boto3
    from botocore.config import Config

    settings = Settings(os.environ["BUCKET"], os.environ["INDEX"], os.environ["LANGUAGE"])
    # Signed by the bucket's region: the address that the policy below allows.
    signing = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    s3 = boto3.client("s3", config=None if os.environ.get("AWS_ENDPOINT_URL") else signing)
    return Page(settings, s3, boto3.client("dynamodb"))


class Page:
    """`wall_s` gives seconds since 1970."""

    def __init__(
        self, settings: Settings, s3: Any, dynamodb: Any, wall_s: Callable[[], float] = time.time
    ) -> None:
        self._language = settings.language
        self._logins = Logins(settings.index, dynamodb, wall_s)
        self._index = Index(settings.index, dynamodb, wall_s)
        self._evidence = Evidence(settings.bucket, s3, self._index, wall_s)
        self._wall_s = wall_s

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = self._answer(_request(event))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("no request of a browser: %s: %s", type(error).__name__, error)
            answer = self._problem("broken", 400)
        except Exception:  # a page, not Amazon's JSON; the traceback is in the log
            log.exception("the page failed")
            answer = self._problem("failed", 500)
        return self._sent(answer)

    def _answer(self, request: Request) -> Answer:
        if request.path == "/style.css":
            return _style()
        if request.method == "POST" and not _is_from_here(request):
            return self._problem("broken", 403)
        if request.path == "/login":
            return self._login(request)
        owner = self._logins.owner_of(request.token) if request.token else None
        if owner is None:
            return _to("/login")
        if request.method == "POST":
            return self._post(request, owner)
        return self._get(request, owner) if request.method == "GET" else self._problem("none", 405)

    def _login(self, request: Request) -> Answer:
        say = pagehtml.Words(self._language)
        if request.method != "POST":
            return Answer(pagehtml.login(say, ""))
        try:
            token = self._logins.log_in(
                request.form.get("owner", "").strip().lower(),
                request.form.get("password", ""),
                request.address,
            )
        except TooManyTries:
            return Answer(pagehtml.login(say, "too_many"), 429, {"retry-after": "900"})
        if token is None:
            return Answer(pagehtml.login(say, "wrong"), 403)
        return _to("/", _cookie(token, SESSION_S))

    def _get(self, request: Request, owner: str) -> Answer:
        parts = request.path.strip("/").split("/")
        if parts == [""]:
            return self._home(request, owner)
        if parts == ["stores"]:
            return Answer(self._stores(request, owner))
        if parts[0] == "stores" and len(parts) == 2:
            return self._store(request, owner, unquote(parts[1]))
        if parts[0] == "issues" and len(parts) == 3:
            return self._issue(request, owner, unquote(parts[1]), unquote(parts[2]))
        return self._problem("none", 404)

    def _post(self, request: Request, owner: str) -> Answer:
        if request.form.get("form") != form_token(request.token):
            return self._problem("broken", 403)
        if request.path == "/logout":
            self._logins.log_out(request.token)
            return _to("/login", _cookie("", 0))
        parts = request.path.strip("/").split("/")
        decision = request.form.get("decision", "")
        if parts[0] != "issues" or len(parts) != 3 or decision not in DECISIONS:
            return self._problem("none", 404)
        store, issue_id = unquote(parts[1]), unquote(parts[2])
        if self._own_issue(owner, store, issue_id) is None:
            return self._problem("none", 404)
        self._index.decide(store, issue_id, decision, owner)
        self._evidence.write_decisions(store)
        return _to(pagehtml.issue_path(store, issue_id))

    def _stores(self, request: Request, owner: str) -> str:
        rows = self._index.fleet(owner)
        return pagehtml.stores(self._words(request), rows, self._wall_s(), request.query)

    def _home(self, request: Request, owner: str) -> Answer:
        is_todo = request.query.get("show") != "all"
        page = self._index.of_owner(owner, request.query.get("after"), is_todo=is_todo)
        rows = self._index.fleet(owner)
        signed = [(issue, self._evidence.picture(issue)) for issue in page.issues]
        return Answer(
            pagehtml.home(
                self._words(request), rows, signed, page.after, self._wall_s(), is_todo=is_todo
            )
        )

    def _store(self, request: Request, owner: str, store: str) -> Answer:
        row = next((row for row in self._index.fleet(owner) if row.id == store), None)
        if row is None:
            return self._problem("none", 404)
        page = self._index.of_store(store, request.query.get("after"))
        # A store that was another's before: his issues stay his.
        own = [issue for issue in page.issues if issue["owner_id"] == owner]
        signed = [(issue, self._evidence.picture(issue)) for issue in own]
        words, now_s = self._words(request), self._wall_s()
        return Answer(pagehtml.store(words, row, signed, page.after, now_s))

    def _issue(self, request: Request, owner: str, store: str, issue_id: str) -> Answer:
        issue = self._own_issue(owner, store, issue_id)
        if issue is None:
            return self._problem("none", 404)
        if self._index.open_now(store, issue_id):
            self._evidence.write_decisions(store)
        media = self._evidence.of(issue, self._language)
        return Answer(pagehtml.issue(self._words(request), issue, media, self._wall_s()))

    def _own_issue(self, owner: str, store: str, issue_id: str) -> Item | None:
        issue = self._index.issue(store, issue_id)
        return issue if issue and issue["owner_id"] == owner else None

    def _words(self, request: Request) -> pagehtml.Words:
        return pagehtml.Words(self._language, form_token(request.token))

    def _problem(self, kind: str, status: int) -> Answer:
        return Answer(pagehtml.problem(pagehtml.Words(self._language), kind), status)

    def _sent(self, answer: Answer) -> dict[str, Any]:
        media = self._evidence.origin
        policy = (
            f"default-src 'none'; style-src 'self'; img-src 'self' {media}; media-src {media}; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        headers = {
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-store",
            "content-security-policy": policy,
        }
        return {
            "statusCode": answer.status,
            "headers": headers | SECURITY | dict(answer.headers),
            "cookies": list(answer.cookies),
            "body": answer.body,
            "isBase64Encoded": False,
        }


def _request(event: Mapping[str, Any]) -> Request:
    http = event["requestContext"]["http"]
    headers = {str(k).lower(): str(v) for k, v in event.get("headers", {}).items()}
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True).decode()
        except binascii.Error as error:
            raise ValueError(f"a body that is no base64: {error}") from error
    if len(body) > LARGEST_BODY:
        raise ValueError(f"a body of {len(body)} characters")
    return Request(
        method=http["method"],
        path=event.get("rawPath") or "/",
        query=_first(event.get("rawQueryString") or ""),
        form=_first(body),
        headers=headers,
        token=_token(event.get("cookies") or ()),
        address=str(http.get("sourceIp", "")),
    )


def _first(encoded: str) -> dict[str, str]:
    found = parse_qs(encoded, keep_blank_values=True, max_num_fields=20)
    return {name: values[0] for name, values in found.items()}


def _token(cookies: Any) -> str:
    for one in cookies:
        try:
            jar = SimpleCookie(str(one))
        except CookieError:
            continue
        if COOKIE in jar:
            return jar[COOKIE].value[:100]
    return ""


def _cookie(token: str, age_s: int) -> str:
    return f"{COOKIE}={token}; Path=/; Max-Age={age_s}; Secure; HttpOnly; SameSite=Lax"


def _is_from_here(request: Request) -> bool:
    """Browsers say where a form was sent from; another site's forms are refused."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _to(path: str, *cookies: str) -> Answer:
    return Answer("", 303, {"location": path}, cookies)


def _style() -> Answer:
    css = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    headers = {"content-type": "text/css; charset=utf-8", "cache-control": "public, max-age=300"}
    return Answer(css, 200, headers)
