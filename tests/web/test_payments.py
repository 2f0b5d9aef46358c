"""Payment at an outside terminal: what kiosk and terminal ask, what a customer sees."""

from typing import Any

import httpx
import pytest

POS = {"authorization": "Bearer pos-token-of-the-tests"}
KEY = "basket-0001"
SALE = {"lines": [{"product": "바나나우유", "count": 2}], "key": KEY, "total_won": 3000}


@pytest.mark.anyio
async def test_a_kiosk_waits_until_the_terminal_confirms(stranger: httpx.AsyncClient, shop: Any):
    shop.has_terminal = True
    await stranger.get("/kiosk")
    for _ in range(2):
        due = await stranger.post("/api/v1/sales", json=SALE)
        assert (due.status_code, due.json()) == (202, {"key": KEY, "won": 3000})
    path = f"/api/v1/payments/{KEY}/confirm"
    assert (await stranger.post(path, json={"won": 3000})).status_code == 401, "not the kiosk"
    waiting = await stranger.get("/api/v1/payments", headers=POS)
    assert waiting.json() == [{"key": KEY, "won": 3000}]
    confirmed = await stranger.post(path, json={"won": 3000}, headers=POS)
    assert (confirmed.status_code, confirmed.json()["total_won"]) == (200, 3000)
    paid = await stranger.post("/api/v1/sales", json=SALE)
    assert (paid.status_code, paid.json()["is_repeated"]) == (200, True)
    assert len(shop.sales) == 1


@pytest.mark.anyio
async def test_what_is_declined_or_cancelled_is_not_sold(stranger: httpx.AsyncClient, shop: Any):
    shop.has_terminal = True
    await stranger.get("/kiosk")
    decline = f"/api/v1/payments/{KEY}/decline"
    assert (await stranger.post(decline, headers=POS)).status_code == 404
    await stranger.post("/api/v1/sales", json=SALE)
    assert (await stranger.post(decline, headers=POS)).status_code == 204
    assert (await stranger.post("/api/v1/sales", json=SALE)).status_code == 409
    await stranger.post("/api/v1/sales", json=SALE)
    assert (await stranger.post("/api/v1/cancel", json={"key": KEY})).status_code == 204
    assert shop.payments() == ()
    late = await stranger.post(f"/api/v1/payments/{KEY}/confirm", json={"won": 3000}, headers=POS)
    assert late.json() == {"sale_id": KEY, "won": 3000, "is_repeated": False}
    assert shop.sales == {}


def test_a_customer_pays_at_the_terminal(chromium: Any, shop: Any, door: Any, serve: Any):
    shop.has_terminal = True
    served = serve(shop, door)
    chromium.open(f"{served.url}/kiosk", "document.querySelector('.tile')")
    chromium.run("document.querySelector('.tile').click(); document.getElementById('pay').click()")
    chromium.until("document.getElementById('terminal').open")
    said = "document.getElementById('terminal-title').textContent"
    assert chromium.run(said) == "카드 단말기에서 1,500원을 결제해 주세요"
    chromium.run("document.getElementById('terminal-cancel').click()")
    chromium.until("!document.getElementById('terminal').open")
    chromium.run("document.getElementById('pay').click()")
    chromium.until("document.getElementById('terminal').open")
    [due] = shop.payments()
    served.wait_for(shop.confirm_payment(due.key, due.won))
    chromium.until("document.getElementById('thanks').open", within_s=60)
    assert [sale.total_won for sale in shop.sales.values()] == [1500]
