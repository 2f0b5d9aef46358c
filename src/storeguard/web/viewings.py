"""Requests to see recordings of oneself: asked, found, given out, answered. The owner's."""

import asyncio
import re
from collections.abc import Sequence
from datetime import date, time

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.requests import Request

from storeguard.errors import StoreguardError
from storeguard.web.desks import IssueDesk
from storeguard.web.gate import caller_of
from storeguard.web.issues import is_first_part
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView
from storeguard.web.viewingdesk import ViewingDesk, ViewingWish

ROOT = "/people/viewings"
VIEWING_ID = re.compile(r"\d{4}-\d\d-\d\d-\d{1,4}")
LONGEST_NAME, LONGEST_REASON = 60, 300
MOST_CLIPS = 20
"""In one zip, which is made in memory."""


def router(view: ShopView, pages: Pages, desk: ViewingDesk, log: IssueDesk) -> APIRouter:
    made = APIRouter(include_in_schema=False)
    viewings = _Viewings(view, pages, desk, log)
    one = f"{ROOT}/{{viewing_id}}"
    made.add_api_route(ROOT, viewings.all, methods=["GET"])
    made.add_api_route(ROOT, viewings.ask, methods=["POST"])
    made.add_api_route(one, viewings.one, methods=["GET"])
    made.add_api_route(f"{one}/clips/{{key}}.mp4", viewings.clip, methods=["GET", "HEAD"])
    made.add_api_route(f"{one}/export", viewings.export, methods=["POST"])
    made.add_api_route(f"{one}/close", viewings.close, methods=["POST"])
    return made


class _Viewings:
    def __init__(self, view: ShopView, pages: Pages, desk: ViewingDesk, log: IssueDesk) -> None:
        self._view = view
        self._pages = pages
        self._desk = desk
        self._log = log

    async def all(self, request: Request) -> Response:
        return await self._all(request)

    async def ask(
        self,
        request: Request,
        who: str = Form(min_length=1, max_length=LONGEST_NAME),
        day: str = Form(max_length=10),
        start: str = Form(max_length=8),
        end: str = Form(max_length=8),
        contact: str = Form("", max_length=LONGEST_NAME),
        asked_on: str = Form("", max_length=10),
    ) -> Response:
        try:
            wish = ViewingWish(
                who.strip(),
                contact.strip(),
                date.fromisoformat(day),
                _minute(start),
                _minute(end),
                date.fromisoformat(asked_on) if asked_on else None,
            )
            made = await self._desk.ask(wish, caller_of(request).name)
        except ValueError:
            page = await self._all(request, self._pages.say("viewing.wrong"))
            page.status_code = 422
            return page
        except StoreguardError:
            raise HTTPException(507) from None
        return RedirectResponse(f"{ROOT}/{made}", 303)

    async def one(self, request: Request, viewing_id: str, empty: str = "") -> Response:
        detail = await asyncio.to_thread(self._desk.detail, _known(viewing_id))
        if detail is None:
            raise HTTPException(404)
        values = {"one": detail, "problem": self._pages.say("viewing.none_chosen") if empty else ""}
        return self._shown(request, "viewing.html", **values)

    async def clip(self, request: Request, viewing_id: str, key: str) -> Response:
        path = await asyncio.to_thread(self._desk.clip, _known(viewing_id), key)
        if path is None or not path.is_file():
            raise HTTPException(404)
        if is_first_part(request):
            who, name = caller_of(request).name, f"{path.parent.name}/{path.name}"
            await asyncio.to_thread(self._log.looked, who, "play", viewing_id, name)
        return FileResponse(path, media_type="video/mp4")

    async def export(
        self,
        request: Request,
        viewing_id: str,
        clip: Sequence[str] = Form((), max_length=MOST_CLIPS),
        alone: Sequence[str] = Form((), max_length=MOST_CLIPS),
    ) -> Response:
        viewing_id = _known(viewing_id)
        if not clip:
            return RedirectResponse(f"{ROOT}/{viewing_id}?empty=1", 303)
        by = caller_of(request).name
        made = await asyncio.to_thread(self._desk.export, viewing_id, clip, alone, by=by)
        if made is None:
            raise HTTPException(404)
        headers = {"content-disposition": f'attachment; filename="viewing-{viewing_id}.zip"'}
        return Response(made, media_type="application/zip", headers=headers)

    async def close(
        self,
        request: Request,
        viewing_id: str,
        outcome: str = Form(pattern="^(answered|refused)$"),
        reason: str = Form("", max_length=LONGEST_REASON),
    ) -> Response:
        """A refusal has to say why: the law wants the reason to be told."""
        reason, by = reason.strip(), caller_of(request).name
        if outcome == "refused" and not reason:
            raise HTTPException(422)
        viewing_id = _known(viewing_id)
        if not await asyncio.to_thread(self._desk.close, viewing_id, outcome, reason, by=by):
            raise HTTPException(404)
        return RedirectResponse(ROOT, 303)

    async def _all(self, request: Request, problem: str = "") -> Response:
        rows = await asyncio.to_thread(self._desk.requests)
        return self._shown(request, "viewings.html", rows=rows, problem=problem)

    def _shown(self, request: Request, template: str, **values: object) -> Response:
        store = self._view.snapshot().store
        return self._pages.console(request, template, ("viewing.",), store=store, **values)


def _known(viewing_id: str) -> str:
    if not VIEWING_ID.fullmatch(viewing_id):
        raise HTTPException(404)
    return viewing_id


def _minute(typed: str) -> time:
    """A form's time is the store's own."""
    return time.fromisoformat(typed).replace(tzinfo=None, second=0, microsecond=0)
