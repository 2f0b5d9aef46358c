"""The routes: what they show, what they refuse, and what every answer carries."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import storeguard.web
from storeguard.web.guard import LARGEST_BODY_BYTES
from storeguard.web.sharing import Shared
from storeguard.web.view import BookRow, FaultRow, PartRow, ShopView

pytestmark = pytest.mark.anyio

SALE = {"lines": [{"product": "바나나우유", "count": 2}], "key": "6f1c2a3e-1111"}
ISSUE = "2026-11-20_22-21-04.123456"
PICTURE = "2026-11-20_22-20-51.000000.jpg"
CLIP = "clip-2026-11-20_22-20-40.000000.mp4"
STATIC = Path(storeguard.web.__file__).parent / "static"


def test_the_fake_is_a_shop_view(shop: Any):
    view: ShopView = shop
    assert view.snapshot().store == "강남 1호점"


# ---- pages


async def test_both_pages_carry_their_first_data_and_texts(client: httpx.AsyncClient):
    for path, word in (("/", "매장 현황"), ("/kiosk", "고른 상품을 눌러 담아 주세요")):
        page = await client.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert word in page.text
        assert '<html lang="ko">' in page.text


async def test_pages_are_english_by_setting(client: httpx.AsyncClient, shop: Any):
    shop.language = "en"
    assert "Tap what you have taken" in (await client.get("/kiosk")).text


async def test_a_script_in_a_name_stays_text(client: httpx.AsyncClient, shop: Any):
    evil = "<script>alert(1)</script>'\"&"
    shop.now = replace(shop.now, store=evil, rows=(BookRow(evil, 100, 1, 1, "A"),))
    for path in ("/", "/kiosk"):
        page = (await client.get(path)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert re.search(r"data-first='[^']*\\u003cscript", page)


async def test_a_customer_sees_no_issue_visit_or_message(client: httpx.AsyncClient):
    page = (await client.get("/kiosk")).text
    offer = (await client.get("/api/v1/products")).json()
    assert ISSUE not in page
    assert "22:19:40" not in page
    assert offer["products"][0] == {"product": "바나나우유", "price_won": 1500, "left": 5}
    assert offer.keys() == {"store", "may_oversell", "products"}


async def test_the_snapshot_has_everything_the_owner_sees(client: httpx.AsyncClient):
    seen = (await client.get("/api/v1/snapshot")).json()
    assert seen["rows"][0] == {
        "product": "바나나우유",
        "price_won": 1500,
        "shelf": 3,
        "kiosk": 5,
        "scale": "A",
        "is_verified": True,
        "is_shelf_certain": True,
        "barcode": None,
        "promotions": [],
        "picture": None,
    }
    assert seen["visits"][0]["unpaid"] == {"바나나우유": 2}
    assert seen["issues"][0]["loss_won"] == 3000


async def test_health_is_ok_or_names_the_faults(
    client: httpx.AsyncClient, shop: Any, fault: FaultRow
):
    shop.parts = (PartRow("weighing", True, 0.1, None),)
    healthy = (await client.get("/healthz")).json()
    assert (healthy["status"], healthy["faults"]) == ("ok", [])
    [part] = healthy["parts"]
    assert (part["name"], part["last_ok_age_s"]) == ("weighing", 0.1)
    shop.now = replace(shop.now, faults=(fault,))
    seen = (await client.get("/healthz")).json()
    assert seen["status"] == "faults"
    assert (seen["faults"][0]["device"], seen["faults"][0]["title"]) == ("B", "저울 B")


async def test_everything_a_page_loads_comes_from_this_machine(client: httpx.AsyncClient):
    for path in ("/", "/kiosk"):
        page = (await client.get(path)).text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert loaded
        for url in loaded:
            assert url.startswith("/")
            assert (await client.get(url)).status_code == 200
    for file in STATIC.iterdir():
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", file.read_text()), file.name


def test_the_pages_stay_light():
    assert sum(file.stat().st_size for file in STATIC.iterdir()) <= 150_000


async def test_no_page_has_inline_script_or_style(client: httpx.AsyncClient):
    for path in ("/", "/kiosk", "/nowhere"):
        page = (await client.get(path, headers={"accept": "text/html"})).text
        assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son\w+=", page)


# ---- headers


@pytest.mark.parametrize("path", ["/", "/kiosk", "/api/v1/snapshot", "/camera/door.jpg", "/none"])
async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient, path: str):
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


async def test_static_files_are_checked_again_after_an_upgrade(client: httpx.AsyncClient):
    first = await client.get("/static/kiosk.js")
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get("/static/kiosk.js", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_there_are_no_documentation_pages(client: httpx.AsyncClient, path: str):
    assert (await client.get(path)).status_code == 404


# ---- sales


async def test_an_amount_without_products_is_received_once(client: httpx.AsyncClient, shop: Any):
    paid = {"won": 4500, "key": "transfer-0001"}
    first = await client.post("/api/v1/amounts", json=paid)
    again = await client.post("/api/v1/amounts", json=paid)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {"sale_id": "transfer-0001", "won": 4500, "is_repeated": False}
    assert shop.amounts == {"transfer-0001": 4500}


@pytest.mark.parametrize(("won", "status"), [(0, 422), (-5, 422), (1.5, 422), (99_999_999, 409)])
async def test_an_amount_that_cannot_be_is_refused(
    client: httpx.AsyncClient, won: Any, status: int
):
    answer = await client.post("/api/v1/amounts", json={"won": won, "key": "transfer-0002"})
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_a_sale_is_answered_with_its_receipt(client: httpx.AsyncClient):
    answer = await client.post("/api/v1/sales", json=SALE)
    assert answer.status_code == 201
    assert answer.json()["total_won"] == 3000
    assert answer.json()["lines"] == [{"product": "바나나우유", "count": 2, "price_won": 1500}]


async def test_the_same_key_is_one_sale_with_one_receipt(client: httpx.AsyncClient, shop: Any):
    answers = await asyncio.gather(*(client.post("/api/v1/sales", json=SALE) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["sale_id"] for answer in answers}) == 1
    assert len(shop.sales) == 1


@pytest.mark.parametrize("count", [0, -1, 100, 10**9, 10**30, "2", "둘", 1.5, None, True, [1]])
async def test_a_count_outside_1_to_99_is_refused(client: httpx.AsyncClient, shop: Any, count: Any):
    sale = {"lines": [{"product": "바나나우유", "count": count}], "key": "6f1c2a3e-1111"}
    answer = await client.post("/api/v1/sales", json=sale)
    assert answer.status_code == 422
    assert answer.json() == {"error": "수량은 1~99입니다."}
    assert shop.sales == {}


@pytest.mark.parametrize("count", ["NaN", "Infinity", "1e400", "-0"])
async def test_a_count_that_json_has_no_number_for_is_refused(
    client: httpx.AsyncClient, shop: Any, count: str
):
    body = json.dumps(SALE).replace('"count": 2', f'"count": {count}')
    headers = {"content-type": "application/json"}
    assert (await client.post("/api/v1/sales", content=body, headers=headers)).status_code == 422
    assert shop.sales == {}


MALFORMED: dict[str, Any] = {
    "extra key": {**SALE, "price": 1},
    "extra key in a line": {**SALE, "lines": [{"product": "메로나", "count": 1, "price_won": 0}]},
    "no line": {**SALE, "lines": []},
    "51 lines": {**SALE, "lines": SALE["lines"] * 51},
    "no key": {"lines": SALE["lines"]},
    "short key": {**SALE, "key": "1"},
    "odd key": {**SALE, "key": "../../etc/passwd"},
    "no product": {**SALE, "lines": [{"product": "", "count": 1}]},
    "half a letter": {**SALE, "lines": [{"product": "\ud800", "count": 1}]},
    "a list": [SALE],
    "nothing": None,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_order_is_refused_in_words(
    client: httpx.AsyncClient, shop: Any, body: Any
):
    answer = await client.post(
        "/api/v1/sales", content=json.dumps(body), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    assert re.search("[가-힣]", answer.json()["error"])
    assert shop.sales == {}


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 8000, b"1" * 5000, b""])
async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, body: bytes):
    headers = {"content-type": "application/json"}
    answer = await client.post("/api/v1/sales", content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert "error" in answer.json()


async def test_what_the_shop_refuses_reaches_the_customer_in_its_words(client: httpx.AsyncClient):
    sale = {**SALE, "lines": [{"product": "없는 것", "count": 1}]}
    answer = await client.post("/api/v1/sales", json=sale)
    assert answer.status_code == 409
    assert answer.json() == {"error": "없는 것: 판매하지 않는 상품입니다."}


async def test_a_body_larger_than_any_basket_is_refused(client: httpx.AsyncClient, shop: Any):
    answer = await client.post("/api/v1/sales", content=b" " * (LARGEST_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert shop.sales == {}


async def test_the_basket_tells_the_shop_when_it_opens_and_closes(
    client: httpx.AsyncClient, shop: Any
):
    for is_open in (True, False):
        answer = await client.post("/api/v1/basket", json={"open": is_open})
        assert answer.status_code == 204
    assert shop.baskets == [True, False]
    assert (await client.post("/api/v1/basket", json={"open": "yes"})).status_code == 422


# ---- other sites


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://shop:81"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://shop"},
    ],
)
async def test_another_sites_page_sells_nothing(
    client: httpx.AsyncClient, shop: Any, headers: dict[str, str]
):
    answer = await client.post("/api/v1/sales", json=SALE, headers=headers)
    assert answer.status_code == 403
    assert shop.sales == {}


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://shop"}, {"sec-fetch-site": "same-origin"}]
)
async def test_our_own_page_and_a_program_sell(client: httpx.AsyncClient, headers: dict[str, str]):
    answer = await client.post("/api/v1/sales", json=SALE, headers=headers)
    assert answer.status_code == 201


# ---- pictures and clips


async def test_the_newest_picture_is_given_and_not_kept(client: httpx.AsyncClient):
    picture = await client.get("/camera/door.jpg?7")
    assert picture.content == b"\xff\xd8picture\xff\xd9"
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["attic", "..", "door%2f..%2fdoor", "door%00", "문"])
async def test_a_camera_that_is_not_there_is_404(client: httpx.AsyncClient, name: str):
    assert (await client.get(f"/camera/{name}.jpg")).status_code == 404


@pytest.fixture
def sealed(shop: Any) -> bytes:
    content = bytes(range(256)) * 8
    folder = shop.folder / ISSUE
    folder.mkdir()
    for name in (CLIP, PICTURE, "issue.json", ".receipt.json", ".hidden.jpg"):
        (folder / name).write_bytes(content)
    (shop.folder / "outside.jpg").write_bytes(content)
    return content


async def test_a_clip_is_served_in_ranges_so_that_it_plays(
    client: httpx.AsyncClient, sealed: bytes
):
    url = f"/issues/{ISSUE}/{CLIP}"
    part = await client.get(url, headers={"range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == sealed[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(sealed)}"
    assert part.headers["content-type"] == "video/mp4"
    assert part.headers["cache-control"] == "no-store"
    assert (await client.get(url)).content == sealed


async def test_a_picture_of_an_issue_is_served(client: httpx.AsyncClient, sealed: bytes):
    picture = await client.get(f"/issues/{ISSUE}/{PICTURE}")
    assert picture.content == sealed
    assert picture.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    "path",
    [
        f"{ISSUE}/issue.json",
        f"{ISSUE}/.receipt.json",
        f"{ISSUE}/.hidden.jpg",
        f"{ISSUE}/other.jpg",
        f"{ISSUE}/..%2foutside.jpg",
        f"{ISSUE}/%2e%2e/outside.jpg",
        "%2e%2e/outside.jpg",
        "..%5c/outside.jpg",
        ".incoming/a.jpg",
        f"{ISSUE}/a%00.jpg",
        f"{ISSUE}/a%0a.jpg",
    ],
)
async def test_nothing_else_of_the_disk_is_served(
    client: httpx.AsyncClient, sealed: bytes, path: str
):
    assert (await client.get(f"/issues/{path}")).status_code == 404


# ---- errors


async def test_a_bug_shows_a_number_and_no_trace(
    client: httpx.AsyncClient, shop: Any, monkeypatch: Any, caplog: Any
):
    def broken() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(shop, "snapshot", broken)
    answer = await client.get("/", headers={"accept": "text/html"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "content-security-policy" in answer.headers
    number = re.search(r"번호 ([0-9a-f]{4})", answer.text)
    assert number is not None
    assert number[1] in caplog.text


async def test_a_browser_gets_a_page_and_a_program_json_for_what_is_not_there(
    client: httpx.AsyncClient,
):
    page = await client.get("/nowhere", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "찾을 수 없습니다." in page.text
    answer = await client.get("/nowhere")
    assert answer.json() == {"error": "찾을 수 없습니다."}
    assert (await client.get("/api/v1/sales")).headers["allow"] == "POST"


async def test_an_answer_is_encoded_once_for_as_long_as_the_shop_is_the_same(
    client: httpx.AsyncClient, shop: Any
):
    encoded: list[object] = []
    shared: Shared[object] = Shared(lambda value: encoded.append(value) or {"is": str(value)})
    once, other = object(), object()
    assert [shared.answer(one).body for one in (once, once, once)] == [
        json.dumps({"is": str(once)}, separators=(",", ":")).encode()
    ] * 3
    shared.answer(other)
    assert encoded == [once, other]
    assert (await client.get("/api/v1/products")).json()["store"] == "강남 1호점"
    shop.now = replace(shop.now, store="다른 매장")
    for path in ("/api/v1/products", "/api/v1/snapshot"):
        assert (await client.get(path)).json()["store"] == "다른 매장"
