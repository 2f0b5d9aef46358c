"""What reaches the server at all: floods, foreign host names, parts apart, what programs ask."""

import re
from typing import Any

import httpx
import pytest

from storeguard.web.app import build
from storeguard.web.door import Door
from storeguard.web.gate import MOST_CHANGES

pytestmark = pytest.mark.anyio

SALE = {"lines": [{"product": "바나나우유", "count": 1}], "key": "6f1c2a3e-2222"}
POS = {"authorization": "Bearer pos-token-of-the-tests"}


async def test_a_flood_is_answered_with_429(stranger: httpx.AsyncClient, shop: Any):
    await stranger.get("/kiosk")
    body = {"open": True}
    codes = [
        (await stranger.post("/api/v1/basket", json=body)).status_code
        for _ in range(MOST_CHANGES + 1)
    ]
    assert codes == [204] * MOST_CHANGES + [429]
    assert (await stranger.post("/api/v1/sales", json=SALE, headers=POS)).status_code == 201
    shop.now_s = 60.0
    assert (await stranger.post("/api/v1/basket", json=body)).status_code == 204


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("shop.example.org", 200),
        ("192.168.0.7:8080", 200),
        ("storeguard.local", 200),
        ("[::1]:8080", 200),
        ("", 403),
        ("10.0.0.1.evil.example", 403),
    ],
)
async def test_a_page_of_another_name_that_points_here_gets_nothing(
    shop: Any, door: Door, host: str, status: int
):
    app = build(shop, door, lambda: 0.0, hosts=("shop.example.org",))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        answer = await client.get("/kiosk", headers={"host": host})
    assert answer.status_code == status


async def test_kiosk_and_console_can_be_apart(shop: Any, door: Door):
    for parts, there, not_there in (
        (("kiosk",), "/kiosk", "/login/code"),
        (("console",), "/login/code", "/kiosk"),
    ):
        transport = httpx.ASGITransport(app=build(shop, door, lambda: 0.0, parts=parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            assert (await client.get(there)).status_code == 200
            assert (await client.get(not_there)).status_code == 404
            assert (await client.get("/healthz")).status_code == 200


async def test_metrics_are_prometheus_text_without_secrets_or_names(
    stranger: httpx.AsyncClient, shop: Any
):
    answer = await stranger.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'storeguard_presence{state="empty"} 1' in answer.text
    assert "storeguard_differing_products 1" in answer.text
    for secret in ("바나나우유", "강남", "storeguard-gangnam-1", "pos-token"):
        assert secret not in answer.text
    for line in answer.text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) .*|storeguard_\w+(\{\w+="[^"]*"\})? -?[\d.]+', line)
