"""A shop that the pages look at, and a headless Chromium to look at them."""

import asyncio
import json
import re
import shutil
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from playwright import sync_api as playwright

from storeguard.books.accounts import AccountFiles, Role
from storeguard.clock import SystemClock
from storeguard.errors import SaleRefused
from storeguard.web.app import build
from storeguard.web.desks import Desks
from storeguard.web.door import Door
from storeguard.web.pin import PinDoor
from storeguard.web.server import Serving, WebServer
from storeguard.web.view import (
    AmountReceipt,
    BookRow,
    CameraRow,
    Changes,
    DiscountLine,
    FaultRow,
    IssueRow,
    NoticeRow,
    PartRow,
    PaymentDue,
    PinAnswer,
    QuoteAnswer,
    ReceiptLine,
    RestockRow,
    SaleReceipt,
    ScaleRow,
    Snapshot,
    VisitRow,
)

ISSUE = "2026-11-20_22-21-04.123456"
PICTURE = "2026-11-20_22-20-51.000000.jpg"
CLIP = "clip-2026-11-20_22-20-40.000000.mp4"


def snapshot() -> Snapshot:
    return Snapshot(
        store="강남 1호점",
        presence="empty",
        presence_for_s=190.0,
        people=0,
        blind_since=None,
        may_oversell=True,
        upload_bucket="storeguard-gangnam-1",
        cameras=(CameraRow("door", True, "1280×720"),),
        scales=(ScaleRow("A", True, 285.0, "", ("바나나우유",)),),
        rows=(BookRow("바나나우유", 1500, 3, 5, "A"), BookRow("메로나", 800, None, 0, None)),
        visits=(
            VisitRow(
                "v1",
                "22:19:40",
                "22:20:58",
                "issue",
                {"바나나우유": 2},
                {},
                {"바나나우유": 2},
            ),
        ),
        issues=(
            IssueRow(
                ISSUE,
                12,
                "11월 20일 22:21",
                {"바나나우유": 2},
                3000,
                "confirmed",
                PICTURE,
                (CLIP,),
            ),
        ),
        notices=(
            NoticeRow("22:21", "[강남 1호점] 바나나우유 2개 재고 불일치, 3,000원. 확인 필요"),
        ),
        faults=(),
    )


class FakeShop:
    """Implements ShopView in memory; a test changes `now` and says so with `changes`."""

    def __init__(self, folder: Path) -> None:
        self.language = "ko"
        self.now = snapshot()
        self.parts: tuple[PartRow, ...] = ()
        self.changes = Changes()
        self.sales: dict[str, SaleReceipt] = {}
        self.amounts: dict[str, int] = {}
        self.has_terminal = False
        self.due: dict[str, tuple[tuple[str, int], ...]] = {}
        self.declined: set[str] = set()
        self.baskets: list[bool] = []
        self.pictures: dict[str, bytes] = {"door": b"\xff\xd8picture\xff\xd9"}
        self.folder = folder
        self.door = PinDoor("4711", lambda: self.now_s)
        self.now_s = 0.0
        self.restocks: list[str | None] = []
        self.answers: dict[str, bool] = {}

    def snapshot(self) -> Snapshot:
        return self.now

    def health(self) -> tuple[PartRow, ...]:
        return self.parts

    def quote(self, basket: Sequence[tuple[str, int]]) -> QuoteAnswer:
        prices = {row.product: row.price_won for row in self.now.rows}
        for product, _ in basket:
            if product not in prices:
                raise SaleRefused(f"{product}: 판매하지 않는 상품입니다.")
        off = self.discounts(dict(basket))
        total = sum(prices[product] * count for product, count in basket)
        hints = ("하나 더",) if off else ()
        return QuoteAnswer(off, total - sum(one.won for one in off), hints)

    def discounts(self, basket: dict[str, int]) -> tuple[DiscountLine, ...]:
        """1+1 of everything on whose tile it stands."""
        return tuple(
            DiscountLine(f"{row.product} 1+1", basket[row.product] // 2 * row.price_won)
            for row in self.now.rows
            if row.promotions and basket.get(row.product, 0) > 1
        )

    async def sell(
        self, basket: Sequence[tuple[str, int]], key: str, shown_won: int | None = None
    ) -> SaleReceipt:
        if key in self.sales:
            return replace(self.sales[key], is_repeated=True)
        prices = {row.product: row.price_won for row in self.now.rows}
        for product, _ in basket:
            if product not in prices:
                raise SaleRefused(f"{product}: 판매하지 않는 상품입니다.")
        lines = tuple(ReceiptLine(product, count, prices[product]) for product, count in basket)
        quoted = self.quote(basket)
        total, off = quoted.total_won, quoted.discounts
        if shown_won not in (None, total):
            raise SaleRefused(f"합계가 {total:,}원으로 바뀌었습니다.")
        self.sales[key] = SaleReceipt(f"sale-{len(self.sales) + 1}", lines, total, off)
        self.changes.announce()
        return self.sales[key]

    async def pay(
        self, basket: Sequence[tuple[str, int]], key: str, shown_won: int | None = None
    ) -> SaleReceipt | PaymentDue:
        if not self.has_terminal or key in self.sales:
            return await self.sell(basket, key, shown_won)
        if key in self.declined:
            self.declined.discard(key)
            raise SaleRefused("단말기에서 결제되지 않았습니다.")
        self.due[key] = tuple(basket)
        return PaymentDue(key, self.quote(basket).total_won)

    def payments(self) -> tuple[PaymentDue, ...]:
        due = self.due.items()
        return tuple(PaymentDue(key, self.quote(basket).total_won) for key, basket in due)

    async def confirm_payment(self, key: str, won: int) -> SaleReceipt | AmountReceipt:
        if key in self.sales:
            return replace(self.sales[key], is_repeated=True)
        if key not in self.due:
            return await self.pay_amount(won, key)
        return await self.sell(self.due.pop(key), key)

    def drop_payment(self, key: str, *, is_declined: bool) -> bool:
        if is_declined and key in self.due:
            self.declined.add(key)
        return self.due.pop(key, None) is not None

    async def refund(self, sale_id: str) -> SaleReceipt:
        sold = next((one for one in self.sales.values() if one.sale_id == sale_id), None)
        if sold is None:
            raise SaleRefused("그런 결제가 없습니다.")
        lines = tuple(replace(line, count=-line.count) for line in sold.lines)
        return SaleReceipt(f"refund-{sale_id}", lines, -sold.total_won)

    async def pay_amount(self, won: int, key: str) -> AmountReceipt:
        if won > 10_000_000:
            raise SaleRefused("금액은 1~10,000,000원입니다.")
        is_repeated = key in self.amounts
        return AmountReceipt(key, self.amounts.setdefault(key, won), is_repeated)

    async def restock(self, pin: str, who: str | None) -> tuple[PinAnswer, str]:
        how = self.door.opens(pin)
        if how == "done":
            self.restocks.append(who)
        return how, f"restock {how}"

    async def mark(self, who: str | None) -> str | None:
        self.restocks.append(who)
        row = None if who is None else RestockRow(who, "11-20 22:20:15", "22:50")
        self.now = replace(self.now, restock=row)
        self.changes.announce()
        return f"marked {who}"

    async def answer(self, question_id: str, is_delivery: bool) -> str | None:
        if question_id not in {question.id for question in self.now.questions}:
            return None
        self.answers.setdefault(question_id, is_delivery)
        return f"answered {self.answers[question_id]}"

    def basket_open(self, is_open: bool) -> None:
        self.baskets.append(is_open)

    def picture(self, camera_id: str) -> bytes | None:
        return self.pictures.get(camera_id)

    def issue_file(self, issue_id: str, name: str) -> Path | None:
        path = self.folder / issue_id / name
        return path if path.is_file() else None

    def product_picture(self, name: str) -> Path | None:
        path = self.folder / name
        return path if name in {row.picture for row in self.now.rows} else None

    def subscribe(self) -> AsyncGenerator[str, None]:
        return self.changes.subscribe()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def shop(tmp_path: Path) -> FakeShop:
    return FakeShop(tmp_path)


POS_TOKEN = "pos-token-of-the-tests"


def door_of(folder: Path) -> Door:
    """A door whose accounts are kept in `folder`."""
    return Door(AccountFiles(folder), SystemClock(), pos_token=POS_TOKEN)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return door_of(tmp_path)


@pytest.fixture
async def stranger(shop: FakeShop, door: Door) -> AsyncGenerator[httpx.AsyncClient, None]:
    """Somebody who has not signed in."""
    app = build(shop, door, lambda: shop.now_s)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


@pytest.fixture
async def client(shop: FakeShop, door: Door) -> AsyncGenerator[httpx.AsyncClient, None]:
    """A command on this machine: may do whatever an owner may."""
    app = build(shop, door, lambda: shop.now_s)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {door.machine_token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://shop", headers=headers
    ) as client:
        yield client


SignedIn = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def signed_in(shop: Any, door: Door) -> AsyncGenerator[SignedIn, None]:
    """(desks, role) → a browser of somebody who came in by a link; its forms are our own."""
    async with AsyncExitStack() as clients:

        async def begin(desks: Desks, role: Role = "owner") -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app=build(shop, door, lambda: 0.0, desks=desks))
            client = httpx.AsyncClient(transport=transport, base_url="http://shop")
            await clients.enter_async_context(client)
            await door.set_account(role, "correct horse battery", role)
            await client.get(door.link_once(role))
            found = re.search(r'data-csrf="([^"]+)"', (await client.get("/")).text)
            assert found is not None
            client.headers["x-csrf"] = found[1]
            return client

        yield begin


@pytest.fixture
def fault() -> FaultRow:
    return FaultRow("B", "응답이 없습니다. 케이블을 확인하세요.", "22:02", "저울 B", "W101")


T = TypeVar("T")


class Served:
    """A shop served from a loop in its own thread, because the browser's calls block."""

    def __init__(self, shop: Any, door: Door, desks: Desks | None = None, *, port: int = 0) -> None:
        self.shop = shop
        self.door = door
        app = build(shop, door, lambda: 0.0, desks=desks)
        self._server = WebServer(app, Serving("127.0.0.1", port))
        self._server.bind()
        self.url = self._server.url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._server.run())

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """What a coroutine of the server's loop gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)

    def sign_in(self, chromium: Any, role: Role = "owner") -> None:
        """The browser comes in by a link, as the demo's owner does."""
        self.wait_for(self.door.set_account(role, "correct horse battery", role))
        chromium.open(self.url + self.door.link_once(role), "location.pathname === '/'")

    def announce(self) -> None:
        self._loop.call_soon_threadsafe(self.shop.changes.announce)

    def close(self) -> None:
        """May be called twice."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(timeout=10)
        self._thread.join(timeout=10)
        assert not self._thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serves shops until the test is over."""
    served: list[Served] = []

    def begin(shop: Any, door: Door, desks: Desks | None = None, *, port: int = 0) -> Served:
        served.append(Served(shop, door, desks, port=port))
        return served[-1]

    yield begin
    for one in served:
        one.close()


FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage")


class Chromium:
    """One page of Debian's headless Chromium, driven by Playwright, for tests that may block.

    Scripts are JavaScript expressions; a promise's value is awaited."""

    def __init__(self, program: str) -> None:
        # Playwright keeps a loop running in its thread, where no other may: not in the tests'.
        self._thread = ThreadPoolExecutor(1, "chromium")
        self._context: Any = None
        self._thread.submit(self._launch, program).result()

    def _launch(self, program: str) -> None:
        self._playwright = playwright.sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=program, args=FLAGS)

    def new_page(self, **device: Any) -> None:
        """A page without a past: no stored basket, no size, no other page beside it.

        `device`: what Playwright's `new_context` takes, as `has_touch`.
        """
        self._thread.submit(self._new_page, device).result()

    def _new_page(self, device: dict[str, Any]) -> None:
        if self._context is not None:
            self._context.close()
        self._context = self._browser.new_context(**device)
        self._context.set_default_timeout(20_000)
        self._page = self._context.new_page()
        self._devtools = self._context.new_cdp_session(self._page)

    def new_phone(self, width_px: int = 390, height_px: int = 844) -> None:
        size = {"width": width_px, "height": height_px}
        self.new_page(viewport=size, is_mobile=True, has_touch=True)

    def do(self, work: Callable[[playwright.Page], T]) -> T:
        """What Playwright does with the page, in its thread."""
        return self._thread.submit(work, self._page).result()

    def run(self, script: str) -> Any:
        return self.do(lambda page: page.evaluate(script))

    def until(self, condition: str, within_s: float = 20) -> None:
        """Waits in the page until the expression is true, also while it goes to another one."""
        tried = f"() => {{ try {{ return Boolean({condition}) }} catch {{ return false }} }}"
        try:
            self.do(lambda page: page.wait_for_function(tried, timeout=within_s * 1000))
        except playwright.TimeoutError:
            said = self.run("document.body.innerText")
            raise AssertionError(f"never true: {condition}\nthe page says:\n{said}") from None

    def open(self, url: str, condition: str) -> None:
        self.do(lambda page: page.goto(url))
        self.until(condition)

    def resize(self, width_px: int, height_px: int) -> None:
        self.do(lambda page: page.set_viewport_size({"width": width_px, "height": height_px}))

    def tap(self, selector: str, number: int = 0) -> None:
        """A finger; a thing that is covered, disabled or out of sight is not touched."""
        self.do(lambda page: page.locator(selector).nth(number).tap())

    def call(self, method: str, **params: Any) -> Any:
        """A call of the Chrome DevTools Protocol, for what Playwright has not."""
        return self.do(lambda _page: self._devtools.send(method, params))

    def sign_in(self, url: str, token: str) -> None:
        """As a browser that has the session's cookie."""
        cookie = {"name": "storeguard", "value": token, "url": url, "httpOnly": True}
        self.do(lambda page: page.context.add_cookies([cookie]))

    def _quit(self) -> None:
        self._browser.close()
        self._playwright.stop()

    def close(self) -> None:
        self._thread.submit(self._quit).result()
        self._thread.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium on this machine")
    browser = Chromium(program)
    yield browser
    browser.close()


@pytest.fixture
def chromium(browser: Chromium) -> Chromium:
    browser.new_page()
    return browser


@pytest.fixture(scope="session")
def findings() -> Callable[[Any], list[str]]:
    """axe-core's serious and critical ones of a page, each with the first thing that has it."""
    axe = (resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")

    def find(chromium: Any) -> list[str]:
        chromium.run(f"{axe}; undefined")
        found = chromium.run("axe.run().then((result) => JSON.stringify(result.violations))")
        return [
            f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:120]}"
            for one in json.loads(found)
            if one["impact"] in ("serious", "critical")
        ]

    return find
