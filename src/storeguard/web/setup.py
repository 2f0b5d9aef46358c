"""Devices and settings: what is there and in force; the sign and the policy to print."""

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from storeguard.web.desks import Desks
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView


def router(view: ShopView, pages: Pages, desks: Desks) -> APIRouter:
    made = APIRouter(include_in_schema=False)

    @made.get("/devices")
    async def devices(request: Request) -> Response:
        shop = view.snapshot()
        return pages.console(
            request, "devices.html", ("owner.", "setup."), store=shop.store, shop=shop
        )

    @made.get("/settings")
    async def settings(request: Request) -> Response:
        shop = view.snapshot()
        return pages.console(
            request,
            "settings.html",
            ("setup.",),
            store=shop.store,
            facts=desks.facts,
            law=desks.law,
        )

    @made.get("/settings/sign")
    async def sign() -> Response:
        return pages.page("sign.html", ("law.",), law=asdict(desks.law))

    @made.get("/settings/policy")
    async def policy() -> Response:
        return pages.page("policy.html", ("law.",), law=asdict(desks.law))

    return made
