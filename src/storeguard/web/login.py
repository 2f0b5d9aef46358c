"""Sign in, sign out, and the one-time code that makes or mends an owner."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from storeguard.web.door import LONGEST, Door
from storeguard.web.gate import (
    PLAIN_COOKIE,
    SECURE_COOKIE,
    caller_of,
    give_cookie,
    session_token,
    source_of,
)
from storeguard.web.passwords import NotLetIn
from storeguard.web.refusednotes import RefusedNotes
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView


def router(view: ShopView, pages: Pages, door: Door, refused: RefusedNotes) -> APIRouter:
    login = _Login(view, pages, door, refused)
    made = APIRouter(include_in_schema=False)
    made.add_api_route("/login", login.form, methods=["GET"])
    made.add_api_route("/login", login.sign_in, methods=["POST"])
    made.add_api_route("/login/code", login.code_form, methods=["GET"])
    made.add_api_route("/login/code", login.use_code, methods=["POST"])
    made.add_api_route("/login/{token}", login.follow, methods=["GET"])
    made.add_api_route("/logout", login.sign_out, methods=["POST"])
    made.add_api_route("/password", login.password_form, methods=["GET"])
    made.add_api_route("/password", login.change_password, methods=["POST"])
    return made


class _Login:
    def __init__(self, view: ShopView, pages: Pages, door: Door, refused: RefusedNotes) -> None:
        self._view = view
        self._pages = pages
        self._door = door
        self._noted = refused

    async def form(self, request: Request, next: str = "/") -> Response:  # noqa: A002
        """Before there is an owner, the page that makes one."""
        if not self._door.has_owner:
            return RedirectResponse("/login/code", 303)
        return self._page("login.html", next=inside(next))

    async def code_form(self) -> Response:
        return self._page("code.html", next="/")

    async def sign_in(
        self,
        request: Request,
        name: str = Form(max_length=100),
        password: str = Form(max_length=1000),
        next: str = Form("/", max_length=1000),  # noqa: A002
    ) -> Response:
        try:
            token = await self._door.sign_in(name, password, source_of(request))
        except NotLetIn as refusal:
            await self._noted.note(name, source_of(request))
            return self._refused(refusal, "login.html", name=name, next=inside(next))
        return await self._let_in(request, token, inside(next))

    async def use_code(
        self,
        request: Request,
        code: str = Form(max_length=100),
        name: str = Form(max_length=100),
        password: str = Form(max_length=1000),
    ) -> Response:
        try:
            token = await self._door.set_owner_by_code(code, name, password, source_of(request))
        except NotLetIn as refusal:
            await self._noted.note("", source_of(request))
            return self._refused(refusal, "code.html", name=name, next="/")
        return await self._let_in(request, token, "/")

    async def follow(self, request: Request, token: str) -> Response:
        """A link that signs in once: an invitation, or the demo's."""
        session = await self._door.follow_link(token)
        if session is not None:
            return await self._let_in(request, session, "/")
        page = self._page("login.html", next="/", sentence=self._pages.say("login.link_over"))
        page.status_code = 404
        return page

    async def sign_out(self, request: Request) -> Response:
        await self._door.sign_out(session_token(request))
        answer = RedirectResponse("/login", 303)
        for name in (PLAIN_COOKIE, SECURE_COOKIE):
            answer.delete_cookie(name, path="/", secure=name == SECURE_COOKIE, httponly=True)
        answer.headers["clear-site-data"] = '"cache", "storage"'
        return answer

    async def password_form(self, request: Request) -> Response:
        return self._password_page(request)

    async def change_password(
        self,
        request: Request,
        current: str = Form(max_length=1000),
        password: str = Form(max_length=1000),
    ) -> Response:
        """One's own: with the current one; all other sessions end."""
        name, source = caller_of(request).name, source_of(request)
        try:
            token = await self._door.change_password(name, current, password, source)
        except NotLetIn as refusal:
            await self._noted.note(name, source)
            page = self._password_page(request, self._sentence(refusal))
            page.status_code = 403
            return page
        return await self._let_in(request, token, "/")

    def _password_page(self, request: Request, sentence: str = "") -> Response:
        return self._pages.console(
            request,
            "password.html",
            ("login.",),
            store=self._view.snapshot().store,
            sentence=sentence,
        )

    async def _let_in(self, request: Request, token: str, path: str) -> Response:
        """The session that this browser had before ends."""
        await self._door.sign_out(session_token(request))
        answer = RedirectResponse(path, 303)
        give_cookie(request, answer, token, int(LONGEST.total_seconds()))
        return answer

    def _refused(self, refusal: NotLetIn, template: str, *, name: str, next: str) -> Response:  # noqa: A002
        is_too_many = refusal.key == "login.too_many"
        page = self._page(template, name=name, next=next, sentence=self._sentence(refusal))
        page.status_code = 429 if is_too_many else 403
        if is_too_many:
            page.headers["retry-after"] = str(int(refusal.wait_s) + 1)
        return page

    def _sentence(self, refusal: NotLetIn) -> str:
        minutes = {"minutes": max(1, round(refusal.wait_s / 60))} if refusal.wait_s else {}
        return self._pages.say(refusal.key, **minutes)

    def _page(self, template: str, *, next: str, name: str = "", sentence: str = "") -> Response:  # noqa: A002
        """Says also what stands above all: in safe mode nobody may be able to sign in."""
        shop = self._view.snapshot()
        return self._pages.page(
            template,
            ("login.",),
            store=shop.store,
            banner=shop.banner,
            next=next,
            name=name,
            sentence=sentence,
        )


def inside(path: str) -> str:
    """Only a path of ours: `//evil.example` and `/\\evil` are other places for a browser."""
    parts = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if is_ours and not parts.scheme and not parts.netloc and path.isprintable() else "/"
