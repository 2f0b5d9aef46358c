"""The kiosk's page, and what kiosk and POS sell through."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from storeguard.errors import SaleRefused
from storeguard.web.door import Door
from storeguard.web.gate import KIOSK_COOKIE
from storeguard.web.rendering import Pages
from storeguard.web.view import PinAnswer, ShopView, Snapshot

MOST_OF_ONE = 99
KIOSK_COOKIE_S = 400 * 86_400
"""The longest that browsers keep one; every load of the page renews it."""

PIN_STATUS: Mapping[PinAnswer, int] = {"done": 200, "unset": 403, "wrong": 403, "too_many": 429}


class Body(BaseModel):
    """What a request may have: nothing but its fields, of exactly their types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BasketLine(Body):
    """One product of a basket."""

    product: str = Field(min_length=1, max_length=200)
    count: int = Field(ge=1, le=MOST_OF_ONE)


class SaleRequest(Body):
    """A basket that is paid. `key` is the basket's own: the same key is one sale."""

    lines: Annotated[list[BasketLine], Field(min_length=1, max_length=50)]
    key: str = Field(pattern=r"^[A-Za-z0-9-]{8,64}$")


class AmountRequest(Body):
    """Won without products: a bank transfer, a terminal that tells none. `key` as in a sale."""

    won: int = Field(ge=1)
    key: str = Field(pattern=r"^[A-Za-z0-9-]{8,64}$")


class RestockRequest(Body):
    """Restock mode on, for `who`; off without one."""

    pin: str = Field(pattern=r"^[0-9]{4,12}$")
    who: Literal["owner", "cleaner", "staff"] | None


class BasketState(Body):
    """Whether somebody has goods in the kiosk's basket."""

    open: bool


def router(view: ShopView, pages: Pages, door: Door) -> APIRouter:
    till = _Till(view, pages, door)
    made = APIRouter(default_response_class=JSONResponse)
    made.add_api_route("/kiosk", till.kiosk, methods=["GET"], include_in_schema=False)
    made.add_api_route("/api/v1/products", till.products, methods=["GET"])
    made.add_api_route("/api/v1/sales", till.sell, methods=["POST"], status_code=201)
    made.add_api_route("/api/v1/amounts", till.amount, methods=["POST"], status_code=201)
    made.add_api_route("/api/v1/basket", till.basket, methods=["POST"], status_code=204)
    made.add_api_route("/api/v1/restock", till.restock, methods=["POST"])
    return made


class _Till:
    def __init__(self, view: ShopView, pages: Pages, door: Door) -> None:
        self._view = view
        self._pages = pages
        self._door = door

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

    async def products(self) -> JSONResponse:
        return JSONResponse(offered(self._view.snapshot()))

    async def sell(self, sale: SaleRequest) -> JSONResponse:
        """201 for a new sale, 200 with its receipt for a key that has been paid before."""
        basket = [(line.product, line.count) for line in sale.lines]
        try:
            receipt = await self._view.sell(basket, sale.key)
        except SaleRefused as refusal:
            return JSONResponse({"error": str(refusal)}, 409)
        return JSONResponse(asdict(receipt), 200 if receipt.is_repeated else 201)

    async def amount(self, paid: AmountRequest) -> JSONResponse:
        """As `sell`, for an amount that names no product."""
        try:
            receipt = await self._view.pay_amount(paid.won, paid.key)
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


def offered(snapshot: Snapshot) -> dict[str, Any]:
    """What a customer may see: products, prices and how many are left."""
    return {
        "store": snapshot.store,
        "may_oversell": snapshot.may_oversell,
        "products": [
            {"product": row.product, "price_won": row.price_won, "left": row.kiosk}
            for row in snapshot.rows
        ],
    }
