"""What a POS of the owner's uses: sales by barcode, refunds, the stock; and the kiosk's scanner."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from storeguard.web.view import BookRow

pytestmark = pytest.mark.anyio

POS = {"authorization": "Bearer pos-token-of-the-tests"}
MILK = "8801115114154"


@pytest.fixture
def shop_with_barcodes(shop: Any) -> Any:
    rows = (
        BookRow("바나나우유", 1500, 3, 5, "A", barcode=MILK),
        BookRow("메로나", 800, None, 0, None),
    )
    shop.now = replace(shop.now, rows=rows)
    return shop


def sale(**line: Any) -> dict[str, Any]:
    return {"lines": [{"count": 2} | line], "key": "pos-0001"}


async def test_a_barcode_sells_what_its_product_is(
    stranger: httpx.AsyncClient, shop_with_barcodes: Any
):
    answer = await stranger.post("/api/v1/sales", json=sale(barcode=MILK), headers=POS)
    assert answer.status_code == 201
    assert answer.json()["lines"] == [{"product": "바나나우유", "count": 2, "price_won": 1500}]
    again = await stranger.post("/api/v1/sales", json=sale(barcode=MILK), headers=POS)
    assert (again.status_code, again.json()["is_repeated"]) == (200, True)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ({"barcode": "0000000000000"}, 409),
        ({"barcode": MILK, "product": "바나나우유"}, 422),
        ({}, 422),
        ({"barcode": 8801115114154}, 422),
        ({"barcode": "x" * 33}, 422),
    ],
)
async def test_what_names_no_product_or_two_sells_nothing(
    stranger: httpx.AsyncClient, shop_with_barcodes: Any, line: dict[str, Any], status: int
):
    answer = await stranger.post("/api/v1/sales", json=sale(**line), headers=POS)
    assert answer.status_code == status
    assert shop_with_barcodes.sales == {}


async def test_a_sale_is_taken_back_by_the_pos_alone(
    stranger: httpx.AsyncClient, shop_with_barcodes: Any
):
    sold = (await stranger.post("/api/v1/sales", json=sale(barcode=MILK), headers=POS)).json()
    shop_with_barcodes.sales["pos-0001"] = replace(
        shop_with_barcodes.sales["pos-0001"], sale_id="pos-0001-sale"
    )
    path = "/api/v1/sales/pos-0001-sale/refund"
    assert (await stranger.post(path)).status_code == 401
    await stranger.get("/kiosk")
    assert (await stranger.post(path)).status_code == 401, "a kiosk gives nothing back"
    back = (await stranger.post(path, headers=POS)).json()
    assert back["total_won"] == -sold["total_won"]
    missing = await stranger.post("/api/v1/sales/no-such-sale/refund", headers=POS)
    assert (missing.status_code, missing.json()["error"]) == (409, "그런 결제가 없습니다.")
    assert (await stranger.post("/api/v1/sales/x/refund", headers=POS)).status_code == 422


async def test_the_stock_is_told_to_the_pos(stranger: httpx.AsyncClient, shop_with_barcodes: Any):
    stock = (await stranger.get("/api/v1/stock", headers=POS)).json()
    assert stock[0] == {
        "product": "바나나우유",
        "barcode": MILK,
        "price_won": 1500,
        "shelf": 3,
        "kiosk": 5,
        "certain": True,
    }
    assert stock[1]["shelf"] is None


async def test_the_interface_is_described_with_examples(client: httpx.AsyncClient):
    described = (await client.get("/api/v1/openapi.json")).json()
    assert {"/api/v1/sales", "/api/v1/sales/{sale_id}/refund", "/api/v1/stock"} <= set(
        described["paths"]
    )
    by_name, by_barcode = described["components"]["schemas"]["BasketLine"]["examples"]
    assert by_name == {"product": "바나나우유", "count": 2}
    assert by_barcode == {"barcode": "8801115114154", "count": 1}
