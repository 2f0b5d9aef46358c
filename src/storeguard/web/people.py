"""Who may sign in, and who looked at what: the owner's page."""

import asyncio
from typing import get_args

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from storeguard.books.accounts import Role
from storeguard.web.desks import IssueDesk
from storeguard.web.door import Door
from storeguard.web.gate import caller_of
from storeguard.web.passwords import NotLetIn, known_as
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView

SHOWN = 100


def router(
    view: ShopView, pages: Pages, door: Door, desk: IssueDesk, *, more: tuple[str, ...] = ()
) -> APIRouter:
    people = _People(view, pages, door, desk, more)
    made = APIRouter(include_in_schema=False)
    made.add_api_route("/people", people.page, methods=["GET"])
    made.add_api_route("/people", people.save, methods=["POST"])
    made.add_api_route("/people/remove", people.remove, methods=["POST"])
    return made


class _People:
    def __init__(
        self, view: ShopView, pages: Pages, door: Door, desk: IssueDesk, more: tuple[str, ...]
    ) -> None:
        self._view = view
        self._pages = pages
        self._door = door
        self._desk = desk
        self._more = more

    async def page(self, request: Request) -> Response:
        return await self._shown(request)

    async def save(
        self,
        request: Request,
        name: str = Form(max_length=100),
        password: str = Form(max_length=1000),
        role: str = Form(max_length=10),
    ) -> Response:
        known: Role | None = next((one for one in get_args(Role) if one == role), None)
        if known is None:
            raise HTTPException(422)
        try:
            if known_as(name) == caller_of(request).name:
                raise NotLetIn("people.yourself")
            made = await self._door.set_account(name, password, known)
        except NotLetIn as refusal:
            page = await self._shown(request, self._pages.say(refusal.key))
            page.status_code = 422
            return page
        await self._note(request, "account", made.name)
        return RedirectResponse("/people", 303)

    async def remove(self, request: Request, name: str = Form(max_length=100)) -> Response:
        if not await self._door.remove_account(name):
            page = await self._shown(request, self._pages.say("people.last_owner"))
            page.status_code = 409
            return page
        await self._note(request, "account_removed", name)
        return RedirectResponse("/people", 303)

    async def _note(self, request: Request, what: str, name: str) -> None:
        who = caller_of(request).name
        await asyncio.to_thread(self._desk.looked, who, what, name)

    async def _shown(self, request: Request, problem: str = "") -> Response:
        accesses = await asyncio.to_thread(self._desk.accesses, SHOWN)
        return self._pages.console(
            request,
            "people.html",
            ("people.", "access.", "breach.people"),
            store=self._view.snapshot().store,
            accounts=self._door.accounts,
            accesses=accesses,
            problem=problem,
            more=self._more,
        )
