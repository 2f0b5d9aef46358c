"""Both books: seen and edited by the owner, restock mode, a product's history."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from storeguard.errors import BookMalformed
from storeguard.web.desks import BOOKS, BookName, Desks
from storeguard.web.gate import caller_of
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView
from storeguard.web.workdesks import EditRow, WeightOffer

MOST_ROWS = 500
LONGEST_CELL = 200


def router(view: ShopView, pages: Pages, desks: Desks) -> APIRouter:
    inventory = _Inventory(view, pages, desks)
    made = APIRouter(include_in_schema=False)
    made.add_api_route("/inventory", inventory.page, methods=["GET"])
    made.add_api_route("/inventory", inventory.save, methods=["POST"])
    made.add_api_route("/inventory/import", inventory.take, methods=["POST"])
    made.add_api_route("/inventory/weight", inventory.reweigh, methods=["POST"])
    made.add_api_route("/inventory/history", inventory.history, methods=["GET"])
    made.add_api_route("/inventory/{book}.csv", inventory.give, methods=["GET"])
    return made


class _Inventory:
    def __init__(self, view: ShopView, pages: Pages, desks: Desks) -> None:
        self._view = view
        self._pages = pages
        self._desk = desks.inventory
        self._weights = desks.weights
        self._log = desks.issues

    async def page(
        self, request: Request, book: str = "kiosk", saved: str = "", declined: str = ""
    ) -> Response:
        said = "stock.saved" if saved else "weights.declined" if declined else ""
        return await self._shown(request, _known(book), said=said)

    async def save(
        self,
        request: Request,
        book: str = Form(max_length=10),
        name: Sequence[str] = Form(max_length=MOST_ROWS),
        count: Sequence[str] = Form(max_length=MOST_ROWS),
        price: Sequence[str] = Form(max_length=MOST_ROWS),
        weight: Sequence[str] = Form(max_length=MOST_ROWS),
    ) -> Response:
        known = _known(book)
        cells = [*zip(name, count, price, weight, strict=False)]
        if len({len(name), len(count), len(price), len(weight)}) != 1 or _too_long(cells):
            raise HTTPException(422)
        rows = [EditRow(*row) for row in cells if row[0].strip()]
        return await self._put(request, known, rows)

    async def take(self, request: Request, book: str = "kiosk") -> Response:
        """The whole CSV as the request's body, as Excel saved it."""
        return await self._put(request, _known(book), await request.body())

    async def _put(
        self, request: Request, book: BookName, new: Sequence[EditRow] | bytes
    ) -> Response:
        who = caller_of(request).name
        try:
            if isinstance(new, bytes):
                await asyncio.to_thread(self._desk.put, book, new)
            else:
                await asyncio.to_thread(self._desk.save, book, new)
        except (BookMalformed, UnicodeEncodeError) as problem:
            page = await self._shown(request, book, problem=str(problem))
            page.status_code = 422
            return page
        await asyncio.to_thread(self._log.looked, who, "books", book)
        return RedirectResponse(f"/inventory?book={book}&saved=1", 303)

    async def reweigh(
        self,
        request: Request,
        product: str = Form(max_length=LONGEST_CELL),
        unit_g: float = Form(),
        answer: Literal["take", "decline"] = Form(),
    ) -> Response:
        """A learnt unit weight is written into the file, or not asked about again."""
        if self._weights is None:
            raise HTTPException(404)
        do = self._weights.take if answer == "take" else self._weights.decline
        try:
            is_done = await asyncio.to_thread(do, product, unit_g)
        except BookMalformed:  # the page says where
            is_done = False
        if not is_done:
            page = await self._shown(request, "kiosk", problem=self._pages.say("weights.gone"))
            page.status_code = 409
            return page
        if answer == "decline":
            return RedirectResponse("/inventory?book=kiosk&declined=1", 303)
        await asyncio.to_thread(self._log.looked, caller_of(request).name, "books", "kiosk")
        return RedirectResponse("/inventory?book=kiosk&saved=1", 303)

    async def give(self, book: str) -> Response:
        content = await asyncio.to_thread(self._desk.content, _known(book))
        headers = {"content-disposition": f'attachment; filename="inventory_{book}.csv"'}
        return Response(content, media_type="text/csv", headers=headers)

    async def history(self, request: Request, product: str) -> Response:
        changes = await asyncio.to_thread(self._desk.history, product[:LONGEST_CELL])
        return self._pages.console(
            request,
            "history.html",
            ("stock.",),
            store=self._view.snapshot().store,
            product=product,
            changes=changes,
        )

    async def _shown(
        self, request: Request, book: BookName, *, said: str = "", problem: str = ""
    ) -> Response:
        offers: Sequence[WeightOffer] = ()
        try:
            shelves = (await asyncio.to_thread(self._desk.books))[book]
            # The kiosk's file is the one that weights are taken from.
            if self._weights is not None and book == "kiosk":
                offers = await asyncio.to_thread(self._weights.offers)
        except (BookMalformed, OSError) as fault:
            shelves, problem = None, problem or str(fault)
        snapshot = self._view.snapshot()
        return self._pages.console(
            request,
            "inventory.html",
            ("stock.", "weights."),
            store=snapshot.store,
            book=book,
            shelves=shelves,
            restock=snapshot.restock,
            said=said,
            offers=offers,
            problem=problem,
        )


def _known(book: str) -> BookName:
    found: BookName | None = next((one for one in BOOKS if one == book), None)
    if found is None:
        raise HTTPException(404)
    return found


def _too_long(rows: Sequence[tuple[str, ...]]) -> bool:
    return any(len(cell) > LONGEST_CELL for row in rows for cell in row)
