"""Settings: what may be changed and what is in force; test notices; the sign and the policy."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from storeguard.web.desks import Desks, Law, NoticeDesk, Refused
from storeguard.web.gate import caller_of
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView

NOTICE_ID = re.compile(r"[\w][\w.:+-]{0,127}")
"""A name that cannot climb."""

LONGEST_VALUE = 200


def router(view: ShopView, pages: Pages, desks: Desks) -> APIRouter:
    made = APIRouter(include_in_schema=False)
    settings = _Settings(view, pages, desks)
    if desks.notices is not None:
        _include_answers(made, desks.notices)
    made.add_api_route("/settings", settings.page, methods=["GET"])
    made.add_api_route("/settings", settings.save, methods=["POST"])
    made.add_api_route("/settings/restart", settings.restart, methods=["POST"])
    made.add_api_route("/settings/sign", settings.sign, methods=["GET"])
    made.add_api_route("/settings/policy", settings.policy, methods=["GET"])
    return made


class _Settings:
    def __init__(self, view: ShopView, pages: Pages, desks: Desks) -> None:
        self._view = view
        self._pages = pages
        self._desks = desks

    async def page(self, request: Request, saved: str = "") -> Response:
        return await self._shown(request, is_saved=bool(saved))

    async def save(self, request: Request) -> Response:
        """What was typed stays on the page when something in it is refused."""
        desk = self._desks.settings
        form = await request.form()
        typed = {key: " ".join(map(str, form.getlist(key))).strip() for key in form}
        typed.pop("csrf", None)
        if desk is None or any(len(value) > LONGEST_VALUE for value in typed.values()):
            raise HTTPException(422 if desk else 404)
        refused = await desk.save(typed)
        if refused:
            page = await self._shown(request, typed=typed, refused=refused)
            page.status_code = 422
            return page
        who = caller_of(request).name
        await asyncio.to_thread(self._desks.issues.looked, who, "settings", "config.yaml")
        return RedirectResponse("/settings?saved=1", 303)

    async def restart(self, request: Request) -> Response:
        if self._desks.settings is None or not self._desks.settings.restart():
            raise HTTPException(409)
        return restarting(self._pages, request, self._view.snapshot().store)

    async def sign(self) -> Response:
        return self._pages.page("sign.html", ("law.",), law=asdict(self._law))

    async def policy(self) -> Response:
        return self._pages.page("policy.html", ("law.",), law=asdict(self._law))

    @property
    def _law(self) -> Law:
        desk = self._desks.settings
        return self._desks.law if desk is None else desk.law

    async def _shown(
        self,
        request: Request,
        *,
        is_saved: bool = False,
        typed: Mapping[str, str] | None = None,
        refused: Sequence[Refused] = (),
    ) -> Response:
        desk, notices = self._desks.settings, self._desks.notices
        return self._pages.console(
            request,
            "settings.html",
            ("setup.", "set."),
            store=self._view.snapshot().store,
            facts=self._desks.facts,
            tests=await asyncio.to_thread(notices.unanswered) if notices else (),
            law=self._law,
            settings=await asyncio.to_thread(desk.settings) if desk else (),
            is_waiting=await asyncio.to_thread(desk.is_waiting) if desk else False,
            is_saved=is_saved,
            typed=typed or {},
            refused={one.key: one.why for one in refused},
        )


def restarting(pages: Pages, request: Request, store: str, *, then: str = "/") -> Response:
    """The page that waits for the new process, and goes on to `then`."""
    boot = request.app.state.boot
    return pages.console(request, "restarting.html", ("set.",), store=store, then=then, boot=boot)


def _include_answers(made: APIRouter, desk: NoticeDesk) -> None:
    @made.post("/notices/{notice_id}/acknowledge")
    async def acknowledge(request: Request, notice_id: str) -> Response:
        is_name = NOTICE_ID.fullmatch(notice_id)
        if not is_name or not await desk.acknowledge(notice_id, caller_of(request).name):
            raise HTTPException(404)
        return RedirectResponse("/settings", 303)
