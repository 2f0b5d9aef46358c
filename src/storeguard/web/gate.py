"""Who may ask for what. One table; what it does not name is the owner's alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from storeguard.web.door import Caller, Door
from storeguard.web.guard import SAFE_METHODS, replayed, whole_body
from storeguard.web.throttle import Throttle

Need = Literal["nothing", "till", "pos", "staff", "owner"]
"""Anybody; the kiosk's own page or whoever is more; a POS; any account; an owner."""

PLAIN_COOKIE, SECURE_COOKIE = "storeguard", "__Host-storeguard"
KIOSK_COOKIE = "storeguard-kiosk"

MOST_CHANGES, CHANGES_WITHIN_S = 300, 10.0
"""Of one source. A customer's hurried finger makes five a second."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Paths that start with `path` (exactly that one without a final slash)."""

    path: str
    need: Need
    methods: frozenset[str] = frozenset({"GET", "HEAD", "POST"})

    def fits(self, method: str, path: str) -> bool:
        is_path = path.startswith(self.path) if self.path.endswith("/") else path == self.path
        return is_path and method in self.methods


READ, WRITE = frozenset({"GET", "HEAD"}), frozenset({"POST"})

RULES: tuple[Rule, ...] = (
    Rule("/static/", "nothing", READ),
    Rule("/kiosk", "nothing", READ),
    Rule("/kiosk/pictures/", "nothing", READ),
    Rule("/kiosk-worker.js", "nothing", READ),
    Rule("/login", "nothing"),
    Rule("/login/", "nothing"),
    Rule("/healthz", "nothing", READ),
    Rule("/metrics", "nothing", READ),
    Rule("/events", "nothing", READ),  # says only that something has changed
    Rule("/api/v1/products", "nothing", READ),
    Rule("/api/v1/quote", "till", WRITE),
    Rule("/api/v1/cancel", "till", WRITE),
    Rule("/api/v1/payments", "pos", READ),
    Rule("/api/v1/payments/", "pos", WRITE),
    Rule("/api/v1/sales", "till", WRITE),
    Rule("/api/v1/sales/", "pos", WRITE),
    Rule("/api/v1/openapi.json", "pos", READ),
    Rule("/api/v1/basket", "till", WRITE),
    Rule("/api/v1/restock", "till", WRITE),  # and the PIN
    Rule("/api/v1/amounts", "pos", WRITE),
    Rule("/api/v1/stock", "pos", READ),
    Rule("/api/v1/snapshot", "staff", READ),
    Rule("/api/v1/questions", "staff"),
    Rule("/api/v1/restock-mode", "staff", WRITE),
    Rule("/camera/", "staff", READ),
    Rule("/devices", "staff", READ),
    Rule("/logout", "staff", WRITE),
    Rule("/password", "staff"),
)

HOME = Rule("/", "staff", READ)
"""Apart: as a beginning it would fit everything."""

Refuse = Callable[[Request, int, str], Response]


def need_of(method: str, path: str) -> Need:
    """The first rule that fits; the owner's where none does."""
    if path == "/" and method in HOME.methods:
        return HOME.need
    return next((rule.need for rule in RULES if rule.fits(method, path)), "owner")


def may(caller: Caller | None, need: Need, *, is_kiosk: bool) -> bool:
    if need == "nothing":
        return True
    if caller is None:
        return need == "till" and is_kiosk
    allowed: dict[Need, frozenset[str]] = {
        "till": frozenset({"owner", "staff", "machine", "pos"}),
        "pos": frozenset({"owner", "machine", "pos"}),
        "staff": frozenset({"owner", "staff", "machine"}),
        "owner": frozenset({"owner", "machine"}),
    }
    return caller.kind in allowed[need]


class Gate:
    """Stands inside of the guard: lets a request through, or answers 303, 401 or 403.

    `scope["state"]["caller"]` is who asks, None for nobody.
    """

    def __init__(
        self, app: ASGIApp, door: Door, refuse: Refuse, now_s: Callable[[], float]
    ) -> None:
        self._app = app
        self._door = door
        self._refuse = refuse
        self._changes = Throttle(MOST_CHANGES, CHANGES_WITHIN_S, now_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        caller = self._caller(request)
        if caller is not None and caller.csrf and self._is_of_the_kiosk(request):
            caller = None
        request.state.caller = caller
        answer = self._flooded(request, caller) or self._answer(request, caller)
        if answer is None and caller is not None and caller.csrf:
            receive, answer = await self._checked(request, caller, receive)
        await (answer or self._app)(scope, receive, send)

    def _flooded(self, request: Request, caller: Caller | None) -> Response | None:
        """Too many changes of one source that shows no token."""
        if request.method in SAFE_METHODS or (caller is not None and not caller.csrf):
            return None
        source = source_of(request)
        wait_s = self._changes.wait_s(source)
        if wait_s <= 0:
            self._changes.note(source)
            return None
        answer = self._refuse(request, 429, "web.too_many")
        answer.headers["retry-after"] = str(int(wait_s) + 1)
        return answer

    def _caller(self, request: Request) -> Caller | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._door.bearer(token.strip())
        return self._door.caller(session_token(request))

    def _is_of_the_kiosk(self, request: Request) -> bool:
        """Does the kiosk's page ask, which knows no word of a session? It is the kiosk then,
        whoever has signed in with this browser: its sales go over the terminal too."""
        if "x-csrf" in request.headers or need_of(request.method, request.url.path) != "till":
            return False
        return self._door.is_kiosk(request.cookies.get(KIOSK_COOKIE))

    def _answer(self, request: Request, caller: Caller | None) -> Response | None:
        path, need = request.url.path, need_of(request.method, request.url.path)
        is_kiosk = self._door.is_kiosk(request.cookies.get(KIOSK_COOKIE))
        if may(caller, need, is_kiosk=is_kiosk):
            return None
        if caller is not None:
            return self._refuse(request, 403, "login.not_yours")
        if request.method in READ and not path.startswith(("/api/", "/camera/")):
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"/login?next={quote(path + query, safe='')}", 303)
        answer = self._refuse(request, 401, "login.needed")
        answer.headers["www-authenticate"] = "Bearer"
        return answer

    async def _checked(
        self, request: Request, caller: Caller, receive: Receive
    ) -> tuple[Receive, Response | None]:
        """A change by a cookie needs the session's own word, in a header or in the form."""
        if request.method in SAFE_METHODS or request.url.path.startswith("/login"):
            return receive, None
        said = request.headers.get("x-csrf", "")
        if not said and "urlencoded" in request.headers.get("content-type", ""):
            body = await whole_body(receive)
            fields = parse_qs((body or b"").decode(errors="replace"))
            said = fields.get("csrf", [""])[0]
            receive = replayed(body or b"", receive)
        if said != caller.csrf:
            return receive, self._refuse(request, 403, "web.cross_site")
        return receive, None


def source_of(request: Request) -> str:
    """The address that asks; empty where there is none (a test)."""
    return request.client.host if request.client else ""


def session_token(request: Request) -> str | None:
    return request.cookies.get(SECURE_COOKIE) or request.cookies.get(PLAIN_COOKIE)


def give_cookie(request: Request, answer: Response, token: str, max_age_s: int) -> None:
    """HttpOnly, SameSite=Lax (the link of an SMS still finds its owner signed in)."""
    is_secure = request.url.scheme == "https"
    answer.set_cookie(
        SECURE_COOKIE if is_secure else PLAIN_COOKIE,
        token,
        max_age=max_age_s,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )


def caller_of(request: Request) -> Caller:
    """Only in routes behind the gate, where somebody is known."""
    caller: Caller = request.state.caller
    return caller
