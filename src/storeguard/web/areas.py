"""Areas on a camera's picture, drawn with a finger: where nobody counts, and what stays black."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, HTTPException
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import Field
from starlette.requests import Request

from storeguard.web.board import CAMERA_ID
from storeguard.web.desks import IssueDesk
from storeguard.web.gate import caller_of
from storeguard.web.rendering import Pages
from storeguard.web.till import Body
from storeguard.web.view import ShopView
from storeguard.web.workdesks import SEEN, Areas, AreasDesk, Shape

Share = Annotated[float, Field(ge=0, le=1)]
Corner = Annotated[list[Share], Field(min_length=2, max_length=2)]
Drawn = Annotated[list[Corner], Field(min_length=3, max_length=40)]
MOST_SHAPES = 12


class Drawing(Body):
    """All areas of one camera; polygons in shares of width and height."""

    camera: str = Field(pattern=CAMERA_ID.pattern, max_length=63)
    ignore_areas: list[Drawn] = Field(max_length=MOST_SHAPES)
    privacy_masks: list[Drawn] = Field(max_length=MOST_SHAPES)


def router(view: ShopView, pages: Pages, desk: AreasDesk, log: IssueDesk) -> APIRouter:
    areas = _AreasPages(view, pages, desk, log)
    made = APIRouter(include_in_schema=False)
    made.add_api_route("/devices/areas", areas.page, methods=["GET"])
    made.add_api_route("/devices/areas/view", areas.answer, methods=["POST"])
    made.add_api_route("/api/v1/areas", areas.save, methods=["POST"])
    return made


class _AreasPages:
    def __init__(self, view: ShopView, pages: Pages, desk: AreasDesk, log: IssueDesk) -> None:
        self._view = view
        self._pages = pages
        self._desk = desk
        self._log = log

    async def page(self, request: Request, camera: str) -> Response:
        areas = await asyncio.to_thread(self._desk.areas, camera)
        if areas is None:
            raise HTTPException(404)
        return self._pages.console(
            request,
            "areas.html",
            ("areas.",),
            store=self._view.snapshot().store,
            camera=camera,
            areas={"ignore_areas": areas.ignore_areas, "privacy_masks": areas.privacy_masks},
            sees=areas.sees,
            asked=SEEN,
            unmasked=(await asyncio.to_thread(self._desk.unmasked)).get(camera, ()),
        )

    async def answer(self, request: Request) -> Response:
        """Each of the three has to be answered: what is left out is no answer."""
        form = await request.form()
        camera = str(form.get("camera", ""))
        said = {what: str(form.get(what, "")) for what in SEEN}
        if not CAMERA_ID.fullmatch(camera) or not set(said.values()) <= {"yes", "no"}:
            raise HTTPException(422)
        if await self._desk.answer(camera, [what for what, one in said.items() if one == "yes"]):
            raise HTTPException(422)
        await self._note(request, camera)
        return RedirectResponse(f"/devices/areas?camera={camera}", 303)

    async def save(self, request: Request, drawing: Drawing) -> Response:
        areas = Areas(_shapes(drawing.ignore_areas), _shapes(drawing.privacy_masks))
        if problem := await self._desk.save(drawing.camera, areas):
            return JSONResponse({"error": problem}, 422)
        await self._note(request, drawing.camera)
        return JSONResponse({"saved": True})

    async def _note(self, request: Request, camera: str) -> None:
        await asyncio.to_thread(self._log.looked, caller_of(request).name, "settings", camera)


def _shapes(drawn: list[Drawn]) -> tuple[Shape, ...]:
    return tuple(tuple((round(x, 3), round(y, 3)) for x, y in shape) for shape in drawn)
