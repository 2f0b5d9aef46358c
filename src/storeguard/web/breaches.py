"""When data may have got out: what to revoke, what was exposed, 72 hours, the notice."""

import asyncio
import re
from datetime import datetime

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from storeguard.domain.breach import KINDS
from storeguard.errors import StoreguardError
from storeguard.web.breachdesk import BreachDesk
from storeguard.web.desks import IssueDesk
from storeguard.web.door import Door
from storeguard.web.gate import caller_of, session_token
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView

ROOT = "/people/breaches"
BREACH_ID = re.compile(r"\d{4}-\d\d-\d\d-\d{1,3}")
LONGEST_NOTE = 500


def router(view: ShopView, pages: Pages, door: Door, desk: BreachDesk, log: IssueDesk) -> APIRouter:
    made = APIRouter(include_in_schema=False)
    breaches = _Breaches(view, pages, door, desk, log)
    one = f"{ROOT}/{{breach_id}}"
    made.add_api_route(ROOT, breaches.all, methods=["GET"])
    made.add_api_route(ROOT, breaches.begin, methods=["POST"])
    made.add_api_route(one, breaches.one, methods=["GET"])
    made.add_api_route(f"{one}/steps", breaches.step, methods=["POST"])
    made.add_api_route(f"{one}/sign-out", breaches.sign_out, methods=["POST"])
    made.add_api_route(f"{one}/close", breaches.close, methods=["POST"])
    return made


class _Breaches:
    def __init__(
        self, view: ShopView, pages: Pages, door: Door, desk: BreachDesk, log: IssueDesk
    ) -> None:
        self._view = view
        self._pages = pages
        self._door = door
        self._desk = desk
        self._log = log

    async def all(self, request: Request) -> Response:
        return await self._all(request)

    async def begin(
        self,
        request: Request,
        kind: str = Form(max_length=20),
        learnt: str = Form(max_length=20),
        note: str = Form("", max_length=LONGEST_NOTE),
    ) -> Response:
        known = next((one for one in KINDS if one == kind), None)
        if known is None:
            raise HTTPException(422)
        try:
            at, by = datetime.fromisoformat(learnt), caller_of(request).name
            at = at.replace(tzinfo=None)  # a form's time is the store's own
            made = await asyncio.to_thread(self._desk.begin, known, at, note.strip(), by=by)
        except ValueError:
            page = await self._all(request, self._pages.say("breach.wrong"))
            page.status_code = 422
            return page
        except StoreguardError:
            raise HTTPException(507) from None
        return RedirectResponse(f"{ROOT}/{made}", 303)

    async def one(self, request: Request, breach_id: str) -> Response:
        detail = await asyncio.to_thread(self._desk.detail, _known(breach_id))
        if detail is None:
            raise HTTPException(404)
        return self._shown(request, "breach.html", one=detail)

    async def step(
        self,
        request: Request,
        breach_id: str,
        step: str = Form(max_length=20),
        done: str = Form("", max_length=1),
    ) -> Response:
        breach_id, by = _known(breach_id), caller_of(request).name
        if not await asyncio.to_thread(self._desk.step, breach_id, step, is_done=bool(done), by=by):
            raise HTTPException(404)
        return RedirectResponse(f"{ROOT}/{breach_id}#steps", 303)

    async def sign_out(self, request: Request, breach_id: str) -> Response:
        """Everybody but who presses it; kiosks have to open their page anew."""
        breach_id, by = _known(breach_id), caller_of(request).name
        if not await asyncio.to_thread(self._desk.step, breach_id, "sign_out", is_done=True, by=by):
            raise HTTPException(404)
        await self._door.end_all_sessions(but=session_token(request))
        return RedirectResponse(f"{ROOT}/{breach_id}#steps", 303)

    async def close(
        self, request: Request, breach_id: str, outcome: str = Form(max_length=LONGEST_NOTE)
    ) -> Response:
        """With a note: what came of it has to be known a year later."""
        breach_id, outcome = _known(breach_id), outcome.strip()
        if not outcome:
            raise HTTPException(422)
        by = caller_of(request).name
        if not await asyncio.to_thread(self._desk.close, breach_id, outcome, by=by):
            raise HTTPException(404)
        return RedirectResponse(ROOT, 303)

    async def _all(self, request: Request, problem: str = "") -> Response:
        rows = await asyncio.to_thread(self._desk.breaches)
        values = {"rows": rows, "problem": problem, "now": self._desk.now(), "kinds": KINDS}
        return self._shown(request, "breaches.html", **values)

    def _shown(self, request: Request, template: str, **values: object) -> Response:
        store = self._view.snapshot().store
        return self._pages.console(request, template, ("breach.",), store=store, **values)


def _known(breach_id: str) -> str:
    if not BREACH_ID.fullmatch(breach_id):
        raise HTTPException(404)
    return breach_id
