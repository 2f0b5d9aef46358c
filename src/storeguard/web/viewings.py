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
STILL_FIELD, PLACE = re.compile(r"s\d{1,2}"), re.compile(r"\d{1,2}")
MOST_FIELDS = 40
NOT_KEPT = {"cache-control": "no-store"}
LONGEST_NAME, LONGEST_REASON = 60, 300
MOST_CLIPS = 500
PROBLEMS = {"none": "viewing.none_chosen", "busy": "viewing.busy"}


def router(view: ShopView, pages: Pages, desk: ViewingDesk, log: IssueDesk) -> APIRouter:
    made = APIRouter(include_in_schema=False)
    viewings = _Viewings(view, pages, desk, log)
    one = f"{ROOT}/{{viewing_id}}"
    made.add_api_route(ROOT, viewings.all, methods=["GET"])
    made.add_api_route(ROOT, viewings.ask, methods=["POST"])
    made.add_api_route(one, viewings.one, methods=["GET"])
    made.add_api_route(f"{one}/clips/{{key}}.mp4", viewings.clip, methods=["GET", "HEAD"])
    made.add_api_route(f"{one}/clips/{{key}}/person", viewings.person, methods=["GET"])
    made.add_api_route(f"{one}/clips/{{key}}/person", viewings.mark, methods=["POST"])
    made.add_api_route(f"{one}/clips/{{key}}/stills/{{number}}.jpg", viewings.still)
    made.add_api_route(f"{one}/export", viewings.export, methods=["POST"])
    made.add_api_route(f"{one}/export.zip", viewings.exported, methods=["GET"])
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

    async def one(self, request: Request, viewing_id: str, not_begun: str = "") -> Response:
        detail = await asyncio.to_thread(self._desk.detail, _known(viewing_id))
        if detail is None:
            raise HTTPException(404)
        problem = self._pages.say(PROBLEMS[not_begun]) if not_begun in PROBLEMS else ""
        values = {"one": detail, "problem": problem}
        return self._shown(request, "viewing.html", **values)

    async def clip(self, request: Request, viewing_id: str, key: str) -> Response:
        path = await asyncio.to_thread(self._desk.clip, _known(viewing_id), key)
        if path is None or not path.is_file():
            raise HTTPException(404)
        if is_first_part(request):
            who, name = caller_of(request).name, f"{path.parent.name}/{path.name}"
            await asyncio.to_thread(self._log.looked, who, "play", viewing_id, name)
        return FileResponse(path, media_type="video/mp4")

    async def person(self, request: Request, viewing_id: str, key: str) -> Response:
        """Stills of a clip, to say who asks."""
        viewing_id = _known(viewing_id)
        detail = await asyncio.to_thread(self._desk.detail, viewing_id)
        clip = next((one for one in detail.clips if one.key == key), None) if detail else None
        if detail is None or clip is None:
            raise HTTPException(404)
        await asyncio.to_thread(self._log.looked, *_look(request, viewing_id, clip.camera))
        stills = await asyncio.to_thread(self._desk.stills, viewing_id, key)
        values = {"row": detail.row, "clip": clip, "stills": stills}
        return self._shown(request, "viewing_person.html", **values)

    async def mark(self, request: Request, viewing_id: str, key: str) -> Response:
        """Fields `s0`, `s1` …: the place of the person on that still; empty: not there."""
        form = await request.form(max_fields=MOST_FIELDS)
        chosen = {
            int(name[1:]): int(str(value))
            for name, value in form.items()
            if STILL_FIELD.fullmatch(name) and PLACE.fullmatch(str(value))
        }
        viewing_id = _known(viewing_id)
        if not await asyncio.to_thread(self._desk.mark, viewing_id, key, chosen):
            raise HTTPException(404)
        return RedirectResponse(f"{ROOT}/{viewing_id}", 303)

    async def still(self, viewing_id: str, key: str, number: int) -> Response:
        stills = await asyncio.to_thread(self._desk.stills, _known(viewing_id), key)
        if stills is None or not 0 <= number < len(stills):
            raise HTTPException(404)
        return Response(stills[number].jpeg, media_type="image/jpeg", headers=NOT_KEPT)

    async def export(
        self,
        viewing_id: str,
        clip: Sequence[str] = Form((), max_length=MOST_CLIPS),
        alone: Sequence[str] = Form((), max_length=MOST_CLIPS),
    ) -> Response:
        """Begins it; the page says how far it is."""
        viewing_id, begun = _known(viewing_id), "none"
        if clip:
            begun = await asyncio.to_thread(self._desk.export, viewing_id, clip, alone)
            if begun == "none":
                raise HTTPException(404)
        problem = "" if begun == "begun" else f"?not_begun={begun}"
        return RedirectResponse(f"{ROOT}/{viewing_id}{problem}", 303)

    async def exported(self, request: Request, viewing_id: str) -> Response:
        viewing_id, by = _known(viewing_id), caller_of(request).name
        path = await asyncio.to_thread(self._desk.exported, viewing_id, by)
        if path is None or not path.is_file():
            raise HTTPException(404)
        name = f"viewing-{viewing_id}.zip"
        return FileResponse(path, media_type="application/zip", filename=name, headers=NOT_KEPT)

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


def _look(request: Request, viewing_id: str, camera: str) -> tuple[str, str, str, str]:
    return caller_of(request).name, "play", viewing_id, camera


def _minute(typed: str) -> time:
    """A form's time is the store's own."""
    return time.fromisoformat(typed).replace(tzinfo=None, second=0, microsecond=0)
