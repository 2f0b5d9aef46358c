"""Devices and settings: what is there and in force; test notices; the sign and the policy."""

import asyncio
import re
from dataclasses import asdict

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from storeguard.web.desks import Desks, NoticeDesk
from storeguard.web.gate import caller_of
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView

NOTICE_ID = re.compile(r"[\w][\w.:+-]{0,127}")
"""A name that cannot climb."""


def router(view: ShopView, pages: Pages, desks: Desks) -> APIRouter:
    made = APIRouter(include_in_schema=False)
    if desks.notices is not None:
        _include_answers(made, desks.notices)

    @made.get("/devices")
    async def devices(request: Request) -> Response:
        shop = view.snapshot()
        return pages.console(
            request, "devices.html", ("owner.", "setup."), store=shop.store, shop=shop
        )

    @made.get("/settings")
    async def settings(request: Request) -> Response:
        shop, notices = view.snapshot(), desks.notices
        return pages.console(
            request,
            "settings.html",
            ("setup.",),
            store=shop.store,
            facts=desks.facts,
            tests=await asyncio.to_thread(notices.unanswered) if notices else (),
            law=desks.law,
        )

    @made.get("/settings/sign")
    async def sign() -> Response:
        return pages.page("sign.html", ("law.",), law=asdict(desks.law))

    @made.get("/settings/policy")
    async def policy() -> Response:
        return pages.page("policy.html", ("law.",), law=asdict(desks.law))

    return made


def _include_answers(made: APIRouter, desk: NoticeDesk) -> None:
    @made.post("/notices/{notice_id}/acknowledge")
    async def acknowledge(request: Request, notice_id: str) -> Response:
        is_name = NOTICE_ID.fullmatch(notice_id)
        if not is_name or not await desk.acknowledge(notice_id, caller_of(request).name):
            raise HTTPException(404)
        return RedirectResponse("/settings", 303)
