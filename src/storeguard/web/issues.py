"""The album of issues, one issue, the owner's decision, and the export."""

import asyncio
import re
from pathlib import Path

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.requests import Request

from storeguard.errors import StoreguardError
from storeguard.web.desks import ACTIONS, STATES, Action, IssueDesk, NoticeDesk, State, Wish
from storeguard.web.gate import caller_of
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView

MEDIA_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4", ".svg": "image/svg+xml"}
ISSUE_ID = re.compile(r"[\w][\w .:+-]{0,127}")
FILE_NAME = re.compile(r"(extra/)?[\w][\w .:+-]{0,127}\.(jpg|mp4|svg)")
"""A name that cannot climb, and no hidden file; the view resolves it again."""

NEEDS_REASON: frozenset[Action] = frozenset({"dismiss", "hold", "delete"})
LONGEST_REASON = 300


def router(
    view: ShopView, pages: Pages, desk: IssueDesk, notices: NoticeDesk | None = None
) -> APIRouter:
    """`notices` hears which issues have been opened."""
    made = APIRouter(include_in_schema=False)
    issues = _Issues(view, pages, desk, notices)
    made.add_api_route("/issues", issues.album, methods=["GET"])
    made.add_api_route("/issues/{issue_id}", issues.issue, methods=["GET"])
    made.add_api_route("/issues/{issue_id}/act", issues.act, methods=["POST"])
    made.add_api_route("/issues/{issue_id}/export", issues.export, methods=["POST"])
    return made


def media(view: ShopView, desk: IssueDesk | None) -> APIRouter:
    """What is sealed on disk is served without a desk (no journal) too."""
    made = APIRouter(include_in_schema=False)
    files = _Media(view, desk)
    made.add_api_route("/issues/{issue_id}/{name:path}", files.file, methods=["GET", "HEAD"])
    return made


class _Issues:
    def __init__(
        self, view: ShopView, pages: Pages, desk: IssueDesk, notices: NoticeDesk | None
    ) -> None:
        self._view = view
        self._pages = pages
        self._desk = desk
        self._notices = notices

    async def album(
        self,
        request: Request,
        page: int = 1,
        state: str = "",
        product: str = "",
        older_than: str = "",
        newer_than: str = "",
    ) -> Response:
        known: State | None = next((one for one in STATES if one == state), None)
        beside = (one if ISSUE_ID.fullmatch(one) else "" for one in (older_than, newer_than))
        wish = Wish(max(1, min(page, 100_000)), known, product.strip()[:100], *beside)
        found = await asyncio.to_thread(self._desk.album, wish)
        return self._pages.console(
            request, "issues.html", ("issue.",), store=self._name, found=found, wish=wish
        )

    async def issue(self, request: Request, issue_id: str) -> Response:
        if not ISSUE_ID.fullmatch(issue_id):
            raise HTTPException(404)
        detail = await asyncio.to_thread(self._desk.issue, issue_id)
        if detail is None:
            raise HTTPException(404)
        who = caller_of(request).name
        await asyncio.to_thread(self._desk.looked, who, "view", issue_id)
        if self._notices is not None:
            await self._notices.opened(issue_id, who)
        accesses = await asyncio.to_thread(self._desk.accesses, 20, issue_id)
        return self._pages.console(
            request,
            "issue.html",
            ("issue.", "access."),
            store=self._name,
            one=detail,
            accesses=accesses,
        )

    async def act(
        self,
        request: Request,
        issue_id: str,
        action: str = Form(max_length=20),
        reason: str = Form("", max_length=LONGEST_REASON),
        until: str = Form("", pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"),
    ) -> Response:
        wanted: Action | None = next((one for one in ACTIONS if one == action), None)
        has_all = wanted is not None and (wanted not in NEEDS_REASON or reason.strip())
        if wanted is None or not has_all or (wanted == "hold" and not until):
            raise HTTPException(422)
        who = caller_of(request).name
        try:
            is_done = await self._desk.act(
                issue_id, wanted, who=who, reason=reason.strip(), until=until
            )
        except StoreguardError:
            raise HTTPException(409) from None
        if not is_done:
            raise HTTPException(404)
        back = "/issues" if wanted == "delete" else f"/issues/{issue_id}"
        return RedirectResponse(back, 303)

    async def export(
        self, request: Request, issue_id: str, reason: str = Form("", max_length=LONGEST_REASON)
    ) -> Response:
        who = caller_of(request).name
        made = await asyncio.to_thread(self._desk.export, issue_id, who=who, reason=reason.strip())
        if made is None:
            raise HTTPException(404)
        headers = {"content-disposition": f'attachment; filename="issue-{_plain(issue_id)}.zip"'}
        return Response(made, media_type="application/zip", headers=headers)

    @property
    def _name(self) -> str:
        return self._view.snapshot().store


class _Media:
    """Pictures and clips of people: never cached, never under a guessable path outside."""

    def __init__(self, view: ShopView, desk: IssueDesk | None) -> None:
        self._view = view
        self._desk = desk

    async def file(self, request: Request, issue_id: str, name: str) -> Response:
        if not (ISSUE_ID.fullmatch(issue_id) and FILE_NAME.fullmatch(name)):
            raise HTTPException(404)
        path = self._view.issue_file(issue_id, name)
        if path is None or not path.is_file():
            raise HTTPException(404)
        if self._desk is not None and is_first_part(request) and path.suffix == ".mp4":
            who = caller_of(request).name
            await asyncio.to_thread(self._desk.looked, who, "play", issue_id, name)
        return FileResponse(path, media_type=MEDIA_TYPES[Path(name).suffix])


def is_first_part(request: Request) -> bool:
    """A clip is asked for in parts; one look is one line of the access log."""
    return request.method == "GET" and request.headers.get("range", "bytes=0-") == "bytes=0-"


def _plain(issue_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", issue_id)
