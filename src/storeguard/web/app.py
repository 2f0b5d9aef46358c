"""The routes of the pages and of their JSON API."""

import asyncio
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from storeguard.errors import SaleRefused
from storeguard.messages import text, texts
from storeguard.web.events import EventStream
from storeguard.web.guard import SECURITY_HEADERS, Guard
from storeguard.web.view import PinAnswer, ShopView, Snapshot

MOST_OF_ONE = 99
STATIC = Path(__file__).parent / "static"
PIN_STATUS: Mapping[PinAnswer, int] = {"done": 200, "unset": 403, "wrong": 403, "too_many": 429}
MEDIA_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}

CAMERA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
ISSUE_ID = re.compile(r"[\w][\w .:+-]{0,127}")
FILE_NAME = re.compile(r"[\w][\w .:+-]{0,127}\.(jpg|mp4)")
"""One path segment that cannot climb, and no hidden file; the view resolves it again."""

log = logging.getLogger(__name__)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BasketLine(_Body):
    """One product of a basket."""

    product: str = Field(min_length=1, max_length=200)
    count: int = Field(ge=1, le=MOST_OF_ONE)


class SaleRequest(_Body):
    """A basket that is paid. `key` is the basket's own: the same key is one sale."""

    lines: Annotated[list[BasketLine], Field(min_length=1, max_length=50)]
    key: str = Field(pattern=r"^[A-Za-z0-9-]{8,64}$")


class AmountRequest(_Body):
    """Won without products: a bank transfer, a terminal that tells none. `key` as in a sale."""

    won: int = Field(ge=1)
    key: str = Field(pattern=r"^[A-Za-z0-9-]{8,64}$")


class RestockRequest(_Body):
    """Restock mode on, for `who`; off without one."""

    pin: str = Field(pattern=r"^[0-9]{4,12}$")
    who: Literal["owner", "cleaner", "staff"] | None


class QuestionAnswer(_Body):
    """입고 맞음?"""

    id: str = Field(min_length=1, max_length=300)
    is_delivery: bool


class BasketState(_Body):
    """Whether somebody has goods in the kiosk's basket."""

    open: bool


def build(view: ShopView) -> FastAPI:
    """The web application over `view`; `state.closing` set ends its event streams."""
    app = FastAPI(title="storeguard", docs_url=None, redoc_url=None)
    app.state.closing = asyncio.Event()
    app.add_middleware(Guard, language=view.language)
    pages = _Pages(view)
    app.include_router(pages.router())
    app.include_router(_Api(view, app.state.closing).router())
    app.include_router(_Media(view).router())
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _handle_errors(app, _Errors(view.language, pages))
    return app


class _Pages:
    """The HTML. A page carries its first data, its script renders it and what follows."""

    def __init__(self, view: ShopView) -> None:
        self._view = view
        self._templates = Environment(
            loader=PackageLoader("storeguard.web"), autoescape=True, undefined=StrictUndefined
        )

    def router(self) -> APIRouter:
        router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
        router.add_api_route("/", self.owner, methods=["GET"])
        router.add_api_route("/kiosk", self.kiosk, methods=["GET"])
        return router

    async def owner(self) -> HTMLResponse:
        snapshot = self._view.snapshot()
        return self._page("owner.html", "owner.", store=snapshot.store, first=asdict(snapshot))

    async def kiosk(self) -> HTMLResponse:
        offer = offered(self._view.snapshot())
        return self._page("kiosk.html", "kiosk.", store=offer["store"], first=offer)

    def error(self, status: int, sentence: str) -> HTMLResponse:
        page = self._page("error.html", "web.", sentence=sentence)
        page.status_code = status
        return page

    def _page(self, name: str, prefix: str, **values: Any) -> HTMLResponse:
        language = self._view.language
        words = texts(language, "page.", prefix)
        template = self._templates.get_template(name)
        return HTMLResponse(template.render(language=language, texts=words, **values))


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


class _Api:
    """JSON in, JSON out."""

    def __init__(self, view: ShopView, closing: asyncio.Event) -> None:
        self._view = view
        self._closing = closing

    def router(self) -> APIRouter:
        router = APIRouter(default_response_class=JSONResponse)
        router.add_api_route("/api/v1/snapshot", self.snapshot, methods=["GET"])
        router.add_api_route("/api/v1/products", self.products, methods=["GET"])
        router.add_api_route("/api/v1/sales", self.sell, methods=["POST"], status_code=201)
        router.add_api_route("/api/v1/amounts", self.amount, methods=["POST"], status_code=201)
        router.add_api_route("/api/v1/basket", self.basket, methods=["POST"], status_code=204)
        router.add_api_route("/api/v1/restock", self.restock, methods=["POST"])
        router.add_api_route("/api/v1/questions", self.questions, methods=["GET"])
        router.add_api_route("/api/v1/questions", self.answer, methods=["POST"])
        router.add_api_route("/healthz", self.health, methods=["GET"])
        router.add_api_route("/events", self.events, methods=["GET"], include_in_schema=False)
        return router

    async def snapshot(self) -> JSONResponse:
        return JSONResponse(asdict(self._view.snapshot()))

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

    async def questions(self) -> JSONResponse:
        return JSONResponse([asdict(question) for question in self._view.snapshot().questions])

    async def answer(self, answer: QuestionAnswer) -> JSONResponse:
        """Answered once: a second answer repeats what the first one said."""
        said = await self._view.answer(answer.id, answer.is_delivery)
        if said is None:
            raise HTTPException(404)
        return JSONResponse({"said": said})

    async def health(self) -> JSONResponse:
        """Always 200 while the process answers; the body says what cannot be trusted."""
        shop = self._view.snapshot()
        faults = [asdict(fault) for fault in shop.faults]
        parts = [asdict(part) for part in self._view.health()]
        status = "safe" if shop.banner else "faults" if faults else "ok"
        return JSONResponse({"status": status, "faults": faults, "parts": parts})

    async def events(self) -> Response:
        return EventStream(self._view.subscribe, self._closing)


class _Media:
    """Pictures and clips of people: never cached, never under a guessable path outside."""

    def __init__(self, view: ShopView) -> None:
        self._view = view

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/camera/{name}.jpg", self.picture, methods=["GET"])
        router.add_api_route("/issues/{issue_id}/{name}", self.issue_file, methods=["GET", "HEAD"])
        return router

    async def picture(self, name: str) -> Response:
        jpeg = self._view.picture(name) if CAMERA_ID.fullmatch(name) else None
        if jpeg is None:
            raise HTTPException(404)
        return Response(jpeg, media_type="image/jpeg")

    async def issue_file(self, issue_id: str, name: str) -> Response:
        if not (ISSUE_ID.fullmatch(issue_id) and FILE_NAME.fullmatch(name)):
            raise HTTPException(404)
        path = self._view.issue_file(issue_id, name)
        if path is None or not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, media_type=MEDIA_TYPES[Path(name).suffix])


class _Errors:
    """Every refusal as one sentence: a page for a browser, JSON for a program."""

    def __init__(self, language: str, pages: _Pages) -> None:
        self._language = language
        self._pages = pages

    async def invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        is_count = any("count" in problem["loc"] for problem in error.errors())
        return self._say(request, 422, "web.count" if is_count else "web.malformed")

    async def refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        key = "web.not_found" if error.status_code == 404 else "web.not_possible"
        answer = self._say(request, error.status_code, key)
        answer.headers.update(error.headers or {})
        return answer

    async def broken(self, request: Request, error: Exception) -> Response:
        """The number joins the customer's words to the log; the trace stays in the log."""
        number = secrets.token_hex(2)
        log.error("page %s failed, number %s: %r", request.url.path, number, error)
        answer = self._say(request, 500, "web.broken", number=number)
        # This answer is made outside of the guard.
        answer.headers.update({**SECURITY_HEADERS, "cache-control": "no-store"})
        return answer

    def _say(self, request: Request, status: int, key: str, **values: object) -> Response:
        sentence = text(self._language, key, **values)
        if "text/html" in request.headers.get("accept", ""):
            return self._pages.error(status, sentence)
        return JSONResponse({"error": sentence}, status)


def _handle_errors(app: FastAPI, errors: _Errors) -> None:
    app.add_exception_handler(RequestValidationError, errors.invalid)
    app.add_exception_handler(StarletteHTTPException, errors.refused)
    app.add_exception_handler(Exception, errors.broken)
