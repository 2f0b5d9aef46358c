"""The kiosk by touch: what a customer's finger does from the first tile to the receipt."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from storeguard.web.view import BookRow

MILK, BAR = "바나나우유", "메로나"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
THANKS = "document.getElementById('thanks').open"


@pytest.fixture
def served(shop: Any, door: Any, serve: Any) -> Any:
    return serve(shop, door)


def text_of(selector: str) -> str:
    return f"document.querySelector({selector!r}).textContent"


class Finger:
    """Touches what a page shows; a thing that is covered or out of sight is not touched."""

    def __init__(self, chromium: Any, url: str) -> None:
        self.page = chromium
        size = {"width": 1024, "height": 600}
        chromium.new_page(viewport=size, is_mobile=True, has_touch=True)
        chromium.open(f"{url}/kiosk", "document.querySelector('.tile')")

    def touch(self, selector: str, number: int = 0) -> None:
        self.page.tap(selector, number)

    def says(self, selector: str, text: str) -> None:
        self.page.until(f"{text_of(selector)} === '{text}'")


@pytest.fixture
def finger(chromium: Any, served: Any) -> Finger:
    return Finger(chromium, served.url)


def test_a_customer_buys_by_touch_and_gets_a_receipt(finger: Finger, served: Any):
    finger.touch(".tile", 0)
    finger.touch(".tile", 1)
    finger.touch(".line .step", 1)
    finger.says("#total", "3,800원")
    finger.touch("#pay")
    finger.page.until(THANKS)
    assert finger.page.run("document.getElementById('paid').children.length") == 2
    assert finger.page.run(text_of("#grand")) == "3,800원"
    finger.touch("#again")
    finger.page.until("document.getElementById('basket').classList.contains('is-empty')")
    assert [sale.total_won for sale in served.shop.sales.values()] == [3800]


def test_all_is_put_back_by_touch(finger: Finger, served: Any):
    finger.touch(".tile")
    finger.touch("#clear")
    finger.says("#total", "0원")
    assert served.shop.sales == {}


def test_the_promotion_is_on_the_tile_in_the_basket_and_on_the_receipt(
    chromium: Any, shop: Any, served: Any
):
    milk, bar = shop.now.rows
    shop.now = replace(shop.now, rows=(replace(milk, promotions=("1+1",)), bar))
    finger = Finger(chromium, served.url)
    assert chromium.run(text_of(".tile .deal")) == "1+1"
    assert "행사 1+1" in chromium.run("document.querySelector('.tile').getAttribute('aria-label')")
    finger.touch(".tile")
    finger.says("#total", "1,500원")
    finger.touch(".tile")
    finger.says("#deals", "바나나우유 1+1-1,500원")
    finger.says("#total", "1,500원")
    finger.touch("#pay")
    chromium.until(THANKS)
    assert chromium.run(text_of("#off")) == "바나나우유 1+1-1,500원"
    assert chromium.run(text_of("#grand")) == "1,500원"
    assert [sale.total_won for sale in shop.sales.values()] == [1500]


def test_a_price_that_changed_meanwhile_is_shown_before_it_is_paid(finger: Finger, served: Any):
    shop = served.shop
    asked = "performance.getEntriesByName(location.origin + '/api/v1/products')"
    finger.page.until(f"{asked}.length > 0")
    finger.touch(".tile")
    milk, bar = shop.now.rows
    shop.now = replace(shop.now, rows=(replace(milk, price_won=1800), bar))
    finger.touch("#pay")
    finger.says("#notice", "합계가 1,800원으로 바뀌었습니다.")
    assert shop.sales == {}
    served.announce()
    finger.says("#total", "1,800원")
    finger.touch("#pay")
    finger.page.until(THANKS)


def test_the_wrong_product_becomes_the_right_one_before_it_is_paid(finger: Finger, served: Any):
    shop = served.shop
    other = BookRow("바나나우유 라이트", 1500, 3, 5, "A")
    shop.now = replace(shop.now, rows=(*shop.now.rows, other))
    finger.page.until("document.getElementById('offline').hidden")
    served.announce()
    finger.page.until("document.querySelectorAll('.tile').length === 3")
    finger.touch(".tile", 0)
    finger.touch(".tile", 0)
    finger.touch(".line .swap")
    finger.says("#swap-lead", "바나나우유 2개 대신 담을 상품을 눌러 주세요.")
    assert finger.page.run(text_of("#siblings button .name")) == "바나나우유 라이트"
    finger.touch("#siblings button")
    finger.says(".line .name", "바나나우유 라이트")
    finger.says(".line .count", "2")
    finger.touch("#pay")
    finger.page.until(THANKS)
    [receipt] = shop.sales.values()
    assert [(line.product, line.count) for line in receipt.lines] == [("바나나우유 라이트", 2)]


def restarted(served: Any, serve: Any) -> Any:
    """The daemon is back on its port, with the books and the kiosk's cookie that it had."""
    return serve(served.shop, served.door, port=int(served.url.rsplit(":", 1)[1]))


def test_a_restart_in_the_middle_of_a_payment_is_one_sale(finger: Finger, served: Any, serve: Any):
    page = finger.page
    page.run(
        """(async () => { while (!await caches.match('/static/payment.js'))
            await new Promise((resolve) => setTimeout(resolve, 50)); })()"""
    )
    finger.touch(".tile")
    served.close()
    finger.touch("#pay")
    page.until("document.getElementById('notice').textContent.includes('두 번 결제되지 않습니다')")
    page.call("Page.reload")
    page.until("document.querySelector('.tile') && document.readyState === 'complete'")
    page.until("document.querySelector('.line .count').textContent === '1'")
    assert served.shop.sales == {}
    restarted(served, serve)
    page.until(THANKS, within_s=60)
    assert [sale.total_won for sale in served.shop.sales.values()] == [1500]


def test_who_leaves_while_nothing_answers_has_paid_all_the_same(
    finger: Finger, served: Any, serve: Any
):
    page = finger.page
    page.run(
        """window.ahead_ms = 0;
        const now = performance.now.bind(performance);
        performance.now = () => now() + window.ahead_ms; undefined"""
    )
    finger.touch(".tile")
    served.close()
    finger.touch("#pay")
    page.until("!document.getElementById('notice').hidden")
    page.run("window.ahead_ms = 130_000")
    page.until("document.getElementById('basket').classList.contains('is-empty')")
    restarted(served, serve)
    page.until("localStorage.getItem('storeguard.payments') === '[]'", within_s=60)
    assert [sale.total_won for sale in served.shop.sales.values()] == [1500]


def test_a_payment_that_is_taken_back_before_it_was_sent_is_none(
    finger: Finger, served: Any, serve: Any
):
    finger.touch(".tile")
    served.close()
    finger.touch("#pay")
    finger.page.until("!document.getElementById('notice').hidden")
    finger.touch("#clear")
    assert finger.page.run("localStorage.getItem('storeguard.payments')") == "[]"


def test_a_tile_shows_the_owners_picture_and_nothing_else_of_the_folder(
    chromium: Any, shop: Any, door: Any, serve: Any
):
    (shop.folder / "우유 1.png").write_bytes(PIXEL)
    (shop.folder / "secret.png").write_bytes(PIXEL)
    milk, bar = shop.now.rows
    shop.now = replace(shop.now, rows=(replace(milk, picture="우유 1.png"), bar))
    served = serve(shop, door)
    chromium.open(f"{served.url}/kiosk", "document.querySelector('.tile img')?.naturalWidth === 1")
    assert chromium.run("document.querySelectorAll('.tile img').length") == 1
    for name in ("secret.png", "..%2fsecret.png"):
        status = f"fetch('/kiosk/pictures/{name}').then((answer) => answer.status)"
        assert chromium.run(status) == 404
