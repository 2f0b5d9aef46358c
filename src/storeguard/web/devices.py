"""Devices: what there is, how it is, and the work on it."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from storeguard.web import bench
from storeguard.web.desks import Desks
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView


def router(view: ShopView, pages: Pages, desks: Desks) -> APIRouter:
    made = APIRouter()

    @made.get("/devices", include_in_schema=False)
    async def devices(request: Request) -> Response:
        shop = view.snapshot()
        return pages.console(
            request,
            "devices.html",
            ("owner.", "setup.", "bench."),
            store=shop.store,
            shop=shop,
            has_bench=desks.bench is not None,
            has_areas=desks.areas is not None,
            unmasked=await asyncio.to_thread(desks.areas.unmasked) if desks.areas else {},
        )

    if desks.bench is not None:
        bench.include(made, "/api/v1/bench", desks.bench)
    return made
