"""The kiosk's page, and what kiosk and POS sell through."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from fastapi import Path as PathPart
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from starlette.requests import Request

from storeguard.discretion import has_card
from storeguard.domain.restock import Who
from storeguard.errors import SaleRefused
from storeguard.web.answers import AGAIN, problems
from storeguard.web.door import Door
from storeguard.web.gate import KIOSK_COOKIE
from storeguard.web.rendering import Pages
from storeguard.web.sharing import Shared
from storeguard.web.view import PaymentDue, PinAnswer, ShopView, Snapshot

MOST_OF_ONE = 99
KIOSK_COOKIE_S = 400 * 86_400
"""The longest that browsers keep one; every load of the page renews it."""

WORKER = Path(__file__).parent / "static" / "kiosk-worker.js"

KEPT = "masked-"
KEY = r"^[A-Za-z0-9-]{8,64}$"

PIN_STATUS: Mapping[PinAnswer, int] = {"done": 200, "unset": 403, "wrong": 403, "too_many": 429}


class Body(BaseModel):
    """What a request may have: nothing but its fields, of exactly their types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


ONE_NAME: JsonDict = {
    "oneOf": [
        {
            "required": [given],
            "properties": {given: {"type": "string"}, other: {"type": "null"}},
        }
        for given, other in (("product", "barcode"), ("barcode", "product"))
    ],
    "examples": [{"product": "바나나우유", "count": 2}, {"barcode": "8801115114154", "count": 1}],
}


class BasketLine(Body):
    """One product of a basket, by its name or by its barcode."""

    model_config = ConfigDict(json_schema_extra=ONE_NAME)

    product: str | None = Field(None, min_length=1, max_length=200)
    barcode: str | None = Field(None, pattern=r"^[0-9A-Za-z-]{4,32}$")
    count: int = Field(ge=1, le=MOST_OF_ONE, examples=[2])

    @model_validator(mode="after")
    def _has_one_name(self) -> "BasketLine":
        if (self.product is None) == (self.barcode is None):
            raise ValueError("give product or barcode, one of them")
        return self


class SaleRequest(Body):
    """A basket that is paid. `key` is the basket's own: the same key is one sale.

    `total_won`: what the customer was shown; another total (a price that changed meanwhile) is
    refused.
    """

    lines: Annotated[list[BasketLine], Field(min_length=1, max_length=50)]
    key: str = Field(pattern=KEY, examples=["pos-2026-11-20-000123"])
    total_won: int | None = Field(None, ge=0, le=2**53, examples=[3000])


class QuoteRequest(Body):
    """A basket that is still being filled."""

    lines: Annotated[list[BasketLine], Field(min_length=1, max_length=50)]


class AmountRequest(Body):
    """Won without products: a bank transfer, a terminal that tells none. `key` as in a sale."""

    won: int = Field(ge=1, examples=[4500])
    key: str = Field(pattern=KEY, examples=["transfer-0001"])


class RestockRequest(Body):
    """Restock mode on, for `who`; off without one."""

    pin: str = Field(pattern=r"^[0-9]{4,12}$")
    who: Who | None


class BasketState(Body):
    """Whether somebody has goods in the kiosk's basket."""

    open: bool


def router(view: ShopView, pages: Pages, door: Door) -> APIRouter:
    till = _Till(view, pages, door)
    made = APIRouter(default_response_class=JSONResponse)
    made.add_api_route("/kiosk", till.kiosk, methods=["GET"], include_in_schema=False)
    made.add_api_route(
        "/kiosk/pictures/{name}", till.picture, methods=["GET"], include_in_schema=False
    )
    made.add_api_route("/kiosk-worker.js", kiosk_worker, methods=["GET"], include_in_schema=False)
    made.add_api_route("/api/v1/products", till.products, methods=["GET"])
    made.add_api_route("/api/v1/quote", till.quote, methods=["POST"], responses=problems(409))
    made.add_api_route(
        "/api/v1/sales",
        till.sell,
        methods=["POST"],
        status_code=201,
        responses=AGAIN | problems(409),
    )
    made.add_api_route(
        "/api/v1/amounts",
        till.amount,
        methods=["POST"],
        status_code=201,
        responses=AGAIN | problems(409),
    )
    made.add_api_route(
        "/api/v1/sales/{sale_id}/refund", till.refund, methods=["POST"], responses=problems(409)
    )
    made.add_api_route("/api/v1/stock", till.stock, methods=["GET"])
    made.add_api_route("/api/v1/basket", till.basket, methods=["POST"], status_code=204)
    made.add_api_route("/api/v1/restock", till.restock, methods=["POST"], responses=problems(429))
    return made


async def kiosk_worker() -> Response:
    """At the top, for a worker may stand before no page above its own path."""
    return FileResponse(WORKER, media_type="text/javascript")


class _Till:
    def __init__(self, view: ShopView, pages: Pages, door: Door) -> None:
        self._view = view
        self._pages = pages
        self._door = door
        self._products = Shared(offered)

    async def kiosk(self, request: Request) -> Response:
        """The page, and the cookie that lets this browser sell."""
        offer = offered(self._view.snapshot())
        page = self._pages.page("kiosk.html", ("kiosk.",), store=offer["store"], first=offer)
        page.set_cookie(
            KIOSK_COOKIE,
            self._door.kiosk_cookie(),
            max_age=KIOSK_COOKIE_S,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return page

    async def picture(self, name: str) -> Response:
        path = self._view.product_picture(name)
        if path is None or not path.is_file():
            raise HTTPException(404)
        return FileResponse(path)

    async def products(self) -> Response:
        return self._products.answer(self._view.snapshot())

    async def quote(self, basket: QuoteRequest) -> JSONResponse:
        """What the basket costs under today's promotions; nothing is sold."""
        try:
            answer = self._view.quote(self._named(basket.lines))
        except SaleRefused as refusal:
            return JSONResponse({"error": str(refusal)}, 409)
        return JSONResponse(asdict(answer))

    async def sell(self, request: Request, sale: SaleRequest) -> JSONResponse:
        """201 for a new sale, 200 with its receipt for a key that has been paid before.

        Of a kiosk whose payments a terminal confirms: 202 until it has; ask again.
        """
        is_kiosk = request.state.caller is None
        sell = self._view.pay if is_kiosk else self._view.sell
        try:
            receipt = await sell(
                self._named(sale.lines), kept_key(sale.key, self._door), sale.total_won
            )
        except SaleRefused as refusal:
            return JSONResponse({"error": str(refusal)}, 409)
        if isinstance(receipt, PaymentDue):
            return JSONResponse(asdict(receipt), 202)
        return JSONResponse(asdict(receipt), 200 if receipt.is_repeated else 201)

    def _named(self, lines: Sequence[BasketLine]) -> list[tuple[str, int]]:
        """Product and count; a barcode that no product has is its own name, and refused as one."""
        known = {row.barcode: row.product for row in self._view.snapshot().rows if row.barcode}
        return [
            (line.product or known.get(line.barcode or "", line.barcode or ""), line.count)
            for line in lines
        ]

    async def refund(self, sale_id: Annotated[str, PathPart(pattern=KEY)]) -> JSONResponse:
        """Takes a whole sale back; 200 with the same receipt when it is asked again."""
        try:
            receipt = await self._view.refund(kept_key(sale_id, self._door))
        except SaleRefused as refusal:
            return JSONResponse({"error": str(refusal)}, 409)
        return JSONResponse(asdict(receipt))

    async def stock(self) -> JSONResponse:
        """Every product with what shelf and kiosk have; `shelf` null: on no scale."""
        return JSONResponse(
            [
                {
                    "product": row.product,
                    "barcode": row.barcode,
                    "price_won": row.price_won,
                    "shelf": row.shelf,
                    "kiosk": row.kiosk,
                    "certain": row.is_verified and row.is_shelf_certain,
                }
                for row in self._view.snapshot().rows
            ]
        )

    async def amount(self, paid: AmountRequest) -> JSONResponse:
        """As `sell`, for an amount that names no product."""
        try:
            receipt = await self._view.pay_amount(paid.won, kept_key(paid.key, self._door))
        except SaleRefused as refusal:
            return JSONResponse({"error": str(refusal)}, 409)
        return JSONResponse(asdict(receipt), 200 if receipt.is_repeated else 201)

    async def basket(self, basket: BasketState) -> Response:
        self._view.basket_open(basket.open)
        return Response(status_code=204)

    async def restock(self, request: RestockRequest) -> JSONResponse:
        """403 for another PIN or none set, 429 after five tries within a minute."""
        how, sentence = await self._view.restock(request.pin, request.who)
        status = PIN_STATUS[how]
        return JSONResponse({"said" if status == 200 else "error": sentence}, status)


def kept_key(key: str, door: Door) -> str:
    """The same for the same key; of one that looks like a card's number nothing is left.

    Signed and not hashed: of a number with a known beginning every hash can be tried.
    """
    is_ours = key.startswith(KEPT)
    return f"{KEPT}{door.signed(key)[:40]}" if has_card(key) and not is_ours else key


def offered(snapshot: Snapshot) -> dict[str, Any]:
    """What a customer may see: products, prices and how many are left."""
    return {
        "store": snapshot.store,
        "may_oversell": snapshot.may_oversell,
        "products": [
            {"product": row.product, "price_won": row.price_won, "left": row.kiosk}
            | ({"barcode": row.barcode} if row.barcode else {})
            | ({"promotions": row.promotions} if row.promotions else {})
            | ({"picture": f"/kiosk/pictures/{quote(row.picture)}"} if row.picture else {})
            for row in snapshot.rows
        ],
    }
