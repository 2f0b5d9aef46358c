"""The monthly review of who looked at what: the owner's page."""

import asyncio
import re

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from storeguard.web.door import Door
from storeguard.web.gate import caller_of
from storeguard.web.rendering import Pages
from storeguard.web.reviewdesk import ReviewDesk
from storeguard.web.view import ShopView

ROOT = "/people/review"
MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


def router(view: ShopView, pages: Pages, door: Door, desk: ReviewDesk) -> APIRouter:
    made = APIRouter(include_in_schema=False)

    @made.get(ROOT)
    async def page(request: Request, month: str = "") -> Response:
        """Of what is due; else of the newest."""
        label = month or await asyncio.to_thread(_first, desk)
        owners = [one.name for one in door.accounts if one.role == "owner"]
        found = await asyncio.to_thread(desk.month, _known(label), owners)
        prefixes = ("review.", "access.")
        store = view.snapshot().store
        return pages.console(request, "review.html", prefixes, store=store, found=found)

    @made.post(ROOT)
    async def note(request: Request, month: str = Form(max_length=7)) -> Response:
        who = caller_of(request).name
        if not await asyncio.to_thread(desk.note, _known(month), who):
            raise HTTPException(409)
        return RedirectResponse(f"{ROOT}?month={month}", 303)

    return made


def _first(desk: ReviewDesk) -> str:
    return desk.due() or desk.months()[0]


def _known(label: str) -> str:
    if MONTH.fullmatch(label) is None:
        raise HTTPException(404)
    return label
