"""Devices: what there is, and how it is."""

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView


def router(view: ShopView, pages: Pages) -> APIRouter:
    made = APIRouter(include_in_schema=False)

    @made.get("/devices")
    async def devices(request: Request) -> Response:
        shop = view.snapshot()
        return pages.console(
            request, "devices.html", ("owner.", "setup."), store=shop.store, shop=shop
        )

    return made
