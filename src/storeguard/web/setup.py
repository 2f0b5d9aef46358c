"""The first steps: from an empty card to a guarded shelf, one question a page."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, get_args

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.requests import Request

from storeguard.web import bench
from storeguard.web.rendering import Pages
from storeguard.web.settings import restarting
from storeguard.web.view import ShopView
from storeguard.web.workdesks import EditRow, SetupDesk, Step

ORDER: tuple[Step, ...] = get_args(Step)
MOST_ROWS, LONGEST = 200, 300
EMPTY_ROWS = 3


def router(view: ShopView, pages: Pages, desk: SetupDesk) -> APIRouter:
    made = APIRouter(include_in_schema=False)
    setup = _Setup(view, pages, desk)
    made.add_api_route("/setup", setup.begin, methods=["GET"])
    made.add_api_route("/setup/camera.jpg", setup.picture, methods=["GET"])
    made.add_api_route("/setup/find", setup.find, methods=["POST"])
    made.add_api_route("/setup/start", setup.finish, methods=["POST"])
    made.add_api_route("/setup/filled", setup.filled, methods=["POST"])
    made.add_api_route("/setup/{step}", setup.page, methods=["GET"])
    made.add_api_route("/setup/{step}", setup.save, methods=["POST"])
    bench.include(made, "/api/v1/setup/bench", desk.bench)
    return made


class _Setup:
    def __init__(self, view: ShopView, pages: Pages, desk: SetupDesk) -> None:
        self._view = view
        self._pages = pages
        self._desk = desk

    async def begin(self, request: Request) -> Response:
        """Where it was left."""
        if not self._desk.is_needed:
            await self._desk.settle()
            return self._shown(request, "filling" if self._desk.is_filling else "guarded")
        return RedirectResponse(f"/setup/{self._next()}", 303)

    def _next(self) -> str:
        return next((step for step in ORDER if step not in self._desk.draft.done), "start")

    async def page(self, request: Request, step: str) -> Response:
        if step not in (*ORDER, "start"):
            raise HTTPException(404)
        if not self._desk.is_needed:
            return RedirectResponse("/setup", 303)
        if step == "scales" and not self._desk.draft.scales:
            await self._desk.find_scales()
        return await self._step(request, step)

    async def save(self, request: Request, step: str) -> Response:
        """The next step; or the same one with what was typed, and why not."""
        form = await request.form()
        saves: Mapping[str, Callable[[FormData], Awaitable[str]]] = {
            "store": self._save_about,
            "products": self._save_products,
            "scales": self._save_scales,
            "weigh": lambda _: self._desk.save_weighed(),
            "camera": self._save_camera,
            "phone": self._save_phone,
        }
        if step not in saves or not self._desk.is_needed or _is_too_long(form):
            raise HTTPException(404 if step not in saves else 422)
        problem = await saves[step](form)
        if problem:
            page = await self._step(request, step, problem=problem, typed=form)
            page.status_code = 422
            return page
        after = ORDER.index(step) + 1
        return RedirectResponse(f"/setup/{(*ORDER, 'start')[after]}", 303)

    async def _save_about(self, form: FormData) -> str:
        return await self._desk.save_about(
            *(_of(form, key) for key in ("name", "manager", "phone"))
        )

    async def _save_products(self, form: FormData) -> str:
        return await self._desk.save_products(_rows(form))

    async def _save_scales(self, form: FormData) -> str:
        return await self._desk.save_scales(
            {one.id: _of(form, f"on-{one.id}") for one in self._desk.draft.scales}
        )

    async def _save_camera(self, form: FormData) -> str:
        backend, _, source = _of(form, "camera").partition(":")
        if backend == "other":
            backend, source = "opencv", _of(form, "address")
        return await self._desk.save_camera(backend, source)

    async def _save_phone(self, form: FormData) -> str:
        return await self._desk.save_phone(
            *(_of(form, key) for key in ("to", "sender", "key", "secret"))
        )

    async def find(self, request: Request) -> Response:
        await self._desk.find_scales()
        return RedirectResponse("/setup/scales", 303)

    async def finish(self, request: Request) -> Response:
        if not self._desk.is_needed:
            return RedirectResponse("/setup", 303)
        problem = await self._desk.finish()
        if problem:
            page = await self._step(request, "start", problem=problem)
            page.status_code = 409
            return page
        return restarting(self._pages, request, self._view.snapshot().store, then="/setup")

    async def filled(self) -> Response:
        await self._desk.filled()
        return RedirectResponse("/setup", 303)

    async def picture(self) -> Response:
        jpeg = await self._desk.picture()
        if jpeg is None:
            raise HTTPException(404)
        return Response(jpeg, media_type="image/jpeg")

    async def _step(
        self, request: Request, step: str, *, problem: str = "", typed: FormData | None = None
    ) -> Response:
        desk = self._desk
        if step in ("scales", "weigh"):
            await desk.read_scales()
        products = await asyncio.to_thread(desk.products)
        rows = _rows(typed) if typed is not None and step == "products" else list(products)
        values: dict[str, Any] = {
            "about": await asyncio.to_thread(desk.about),
            "rows": [*rows, *[EditRow("", "", "", "")] * max(1, EMPTY_ROWS - len(rows))],
            "products": [one.name for one in products],
            "calibrated": await asyncio.to_thread(desk.calibrated),
            "cameras": [asdict(one) for one in await asyncio.to_thread(desk.cameras)],
            "typed": {} if typed is None else {key: str(typed[key]) for key in typed},
        }
        return self._shown(request, step, problem=problem, **values)

    def _shown(self, request: Request, step: str, *, problem: str = "", **values: Any) -> Response:
        shop = self._view.snapshot()
        return self._pages.console(
            request,
            "setup.html",
            ("first.", "bench.", "owner."),
            store=shop.store,
            shop=shop,
            step=step,
            order=(*ORDER, "start"),
            draft=self._desk.draft,
            is_told=self._desk.is_told,
            problem=problem,
            **values,
        )


def _of(form: FormData, key: str) -> str:
    return str(form.get(key, "")).strip()


def _rows(form: FormData) -> list[EditRow]:
    columns = [[str(cell) for cell in form.getlist(key)] for key in ("name", "price", "weight")]
    return [
        EditRow(name, "", price, weight)
        for name, price, weight in zip(*columns, strict=False)
        if name or price or weight
    ]


def _is_too_long(form: FormData) -> bool:
    cells = form.multi_items()
    return len(cells) > MOST_ROWS * 3 or any(len(str(value)) > LONGEST for _, value in cells)
