"""The pages in a real browser: what a customer's finger and an owner's eye meet."""

from dataclasses import replace
from typing import Any

import pytest

from storeguard.domain.loss import Stand
from storeguard.web.view import BookRow, IssueRow, QuestionRow

Served = Any
"""A shop that is served: see conftest."""

TILE = "document.querySelector('.tile')"
PAY = "document.getElementById('pay')"
ASKED = QuestionRow("2026-11-20_22-10-00.000000/메로나", "메로나", 10, "11-20 22:10:00")
THANKS = "document.getElementById('thanks').open"


@pytest.fixture
def served(shop: Any, door: Any, serve: Any) -> Any:
    return serve(shop, door)


def text_of(selector: str) -> str:
    return f"document.querySelector({selector!r}).textContent"


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_two_quick_taps_on_pay_are_one_sale(chromium: Any, served: Served, is_signed_in: bool):
    if is_signed_in:
        served.sign_in(chromium)
    chromium.open(f"{served.url}/kiosk", TILE)
    chromium.run(f"{TILE}.click(); {TILE}.click()")
    assert chromium.run(text_of("#total")) == "3,000원"
    chromium.until("document.querySelector('.line .count').textContent === '2'")
    chromium.run(f"{PAY}.click(); {PAY}.click()")
    chromium.until(THANKS)
    assert chromium.run(text_of("#grand")) == "3,000원"
    assert [sale.total_won for sale in served.shop.sales.values()] == [3000]
    assert served.shop.baskets[0] is True
    chromium.until(f"{text_of('#total')} === '0원'")


def test_a_lost_answer_keeps_the_basket_and_trying_again_pays_once(chromium: Any, served: Served):
    chromium.open(f"{served.url}/kiosk", TILE)
    chromium.run(
        """window.honest = window.fetch;
        window.fetch = async (url, options) => {
            const answer = await window.honest(url, options);
            if (String(url).endsWith("/sales")) throw new TypeError("the answer was lost");
            return answer;
        }; undefined"""
    )
    chromium.run(f"{TILE}.click(); {PAY}.click()")
    chromium.until("!document.getElementById('notice').hidden")
    assert "두 번 결제되지 않습니다" in chromium.run(text_of("#notice"))
    assert chromium.run(text_of("#total")) == "1,500원"
    # A reload in between, as an impatient customer does it.
    chromium.open(f"{served.url}/kiosk", f"{text_of('#total')} === '1,500원'")
    chromium.run(f"{PAY}.click()")
    chromium.until(THANKS)
    assert chromium.run(text_of("#outcome")) == "이미 결제된 주문입니다."
    assert len(served.shop.sales) == 1


def test_what_was_added_after_a_lost_answer_is_still_to_be_paid(chromium: Any, served: Served):
    chromium.open(f"{served.url}/kiosk", TILE)
    chromium.run(
        """window.honest = window.fetch;
        window.fetch = async (url, options) => {
            const answer = await window.honest(url, options);
            if (!String(url).endsWith("/sales")) return answer;
            window.fetch = window.honest;
            throw new TypeError("the answer was lost");
        }; undefined"""
    )
    chromium.run(f"{TILE}.click(); {PAY}.click()")
    chromium.until("!document.getElementById('notice').hidden")
    chromium.run("document.querySelectorAll('.tile')[1].click()")
    chromium.until(f"{text_of('#total')} === '800원'", within_s=60)
    assert "남은 상품을 결제해 주세요" in chromium.run(text_of("#notice"))
    chromium.run(f"{PAY}.click()")
    chromium.until(THANKS)
    assert [sale.total_won for sale in served.shop.sales.values()] == [1500, 800]


def test_an_idle_minute_warns_and_then_empties_the_basket(chromium: Any, served: Served):
    chromium.open(f"{served.url}/kiosk", TILE)
    chromium.run(
        """window.ahead_ms = 0;
        const now = performance.now.bind(performance);
        performance.now = () => now() + window.ahead_ms; undefined"""
    )
    chromium.run(f"{TILE}.click(); window.ahead_ms = 50_000")
    chromium.until("document.getElementById('idle').open")
    assert "장바구니를 비웁니다" in chromium.run(text_of("#idle-text"))
    chromium.run("document.getElementById('stay').click()")
    assert chromium.run(text_of("#total")) == "1,500원"
    chromium.run("window.ahead_ms = 130_000")
    chromium.until(f"{text_of('#total')} === '0원' && !document.getElementById('idle').open")
    chromium.until("document.getElementById('basket').classList.contains('is-empty')")
    assert served.shop.sales == {}


def test_a_sold_out_product_is_refused_only_where_the_owner_says_so(chromium: Any, served: Served):
    chromium.open(f"{served.url}/kiosk", TILE)
    sold_out = "document.querySelectorAll('.tile')[1]"
    assert chromium.run(f"{sold_out}.disabled") is False
    served.shop.now = replace(served.shop.now, may_oversell=False)
    chromium.until("document.getElementById('offline').hidden")
    served.announce()
    chromium.until(f"{sold_out}.disabled")


def test_names_with_markup_run_nothing(chromium: Any, served: Served):
    evil = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    shop = served.shop
    issue = IssueRow("a", 1, evil, {evil: 1}, 1, "local", None, ())
    shop.now = replace(shop.now, store=evil, rows=(BookRow(evil, 100, 1, 2, "A"),), issues=(issue,))
    served.sign_in(chromium)
    for path, shown in (("/kiosk", ".tile .name"), ("/", "#rows .name")):
        chromium.open(served.url + path, f"document.querySelector('{shown}')")
        assert chromium.run(text_of(shown)) == evil
        assert chromium.run("document.querySelectorAll('img[src=x]').length") == 0
        assert chromium.run("document.title") != "run"


def test_the_owners_page_says_how_each_issue_stands(chromium: Any, served: Served):
    stands: tuple[Stand, ...] = ("checking", "settled", "paid", "withdrawn", "open")
    issues = [
        IssueRow(stand, n, "11-20", {"우유": 1}, 1500 * (n < 3), "local", None, (), stand=stand)
        for n, stand in enumerate(stands, 1)
    ]
    served.shop.now = replace(served.shop.now, issues=tuple(issues))
    served.sign_in(chromium)
    chromium.open(f"{served.url}/", "document.querySelectorAll('#issues .card').length === 5")
    chips = "[...document.querySelectorAll('#issues .states')].map((one) => one.textContent)"
    kept = "이 기기에 보관"
    words = ("확인 중", "확정", "결제 확인됨", "취소됨", "")
    assert chromium.run(chips) == [f"{word}{kept}" for word in words]


def test_the_owners_page_follows_the_shop_without_a_reload(chromium: Any, served: Served):
    served.sign_in(chromium)
    chromium.open(f"{served.url}/", f"{text_of('#presence-text')} === '매장 비어 있음'")
    assert chromium.run(text_of("#rows .missing .mark")) == "2개 부족"
    chromium.run("window.isSamePage = true")
    shop = served.shop
    shop.now = replace(shop.now, presence="unknown", blind_since="02:10", people=None)
    chromium.until("performance.getEntriesByName(location.origin + '/api/v1/snapshot').length > 0")
    served.announce()
    chromium.until(f"{text_of('#presence-text')} === '볼 수 없음'")
    assert "02:10부터" in chromium.run(text_of("#blind"))
    assert chromium.run("window.isSamePage") is True


def test_a_visit_that_needs_a_look_says_why(chromium: Any, served: Served):
    shop = served.shop
    why = ("<b>선반 A</b>의 저울이 멎지 않았습니다.", "바나나우유 개수를 확인하지 못했습니다.")
    [visit] = shop.now.visits
    unsure, clean = replace(visit, state="unsure", why=why), replace(visit, id="v2", state="clean")
    shop.now = replace(shop.now, visits=(unsure, clean))
    served.sign_in(chromium)
    chromium.open(f"{served.url}/", "document.querySelectorAll('#visits > li').length === 2")
    assert chromium.run(text_of("#visits > .unsure .why li:first-child")) == why[0]
    assert chromium.run(text_of("#visits > .unsure .why li:last-child")) == why[1]
    assert chromium.run("document.querySelector('#visits > .clean .why')") is None


def test_all_agree_is_said_only_of_what_could_be_compared(chromium: Any, served: Served):
    shop = served.shop
    agreeing = BookRow("바나나우유", 1500, 5, 5, "A")
    shop.now = replace(shop.now, rows=(agreeing,))
    served.sign_in(chromium)
    chromium.open(f"{served.url}/", f"{text_of('#link')} === '실시간'")
    assert "모두 같습니다" in chromium.run(text_of("#stock-sum"))
    unsure = BookRow("메로나", 800, 3, 9, "B", is_verified=False)
    shop.now = replace(shop.now, rows=(agreeing, unsure))
    chromium.open(f"{served.url}/", f"{text_of('#link')} === '실시간'")
    assert chromium.run(text_of("#stock-sum")) == "1개 상품은 지금 비교할 수 없습니다."


def test_a_page_says_when_the_daemon_is_gone(chromium: Any, served: Served):
    served.sign_in(chromium)
    chromium.open(f"{served.url}/", f"{text_of('#link')} === '실시간'")
    served.close()
    chromium.until("!document.getElementById('offline').hidden")
    assert chromium.run(text_of("#link")) == "연결 끊김"


@pytest.mark.parametrize("path", ["/", "/kiosk"])
@pytest.mark.parametrize("width_px", [320, 390, 768, 1280])
def test_no_page_scrolls_sideways(chromium: Any, served: Served, path: str, width_px: int):
    chromium.resize(width_px, 800)
    if path == "/":
        served.sign_in(chromium)
    chromium.open(served.url + path, "document.querySelector('.tile, #rows tr')")
    assert chromium.run("document.documentElement.scrollWidth") <= width_px


def test_a_question_is_answered_on_the_owners_page(chromium: Any, served: Any):
    shop = served.shop
    shop.now = replace(shop.now, questions=(ASKED,))
    served.sign_in(chromium)
    chromium.open(f"{served.url}/", "document.querySelector('#questions button.no')")
    said = "document.querySelector('#questions li p').textContent"
    assert chromium.run(said) == "11-20 22:10:00 방문에서 메로나 10개가 늘었습니다. 입고 맞음?"
    chromium.run("document.querySelector('#questions button.no').click()")
    chromium.until("!document.getElementById('question-said').hidden")
    assert chromium.run("document.querySelectorAll('#questions li').length") == 0
    assert shop.answers == {ASKED.id: False}


def whose(who: str) -> str:
    return f"document.querySelector('[data-who={who}]')"


def test_the_owner_marks_a_visit_by_a_double_click_once_and_ends_it(chromium: Any, served: Any):
    chromium.new_phone()
    served.sign_in(chromium)
    chromium.open(f"{served.url}/", f"{text_of('#restock-said')} !== ''")
    assert chromium.run("document.getElementById('restock-off').hidden") is True
    chromium.do(lambda page: page.locator("[data-who=owner]").dblclick())
    chromium.until(f"{text_of('#restock-said')}.includes('22:50')")
    assert "점주, 11-20 22:20:15부터" in chromium.run(text_of("#restock-said"))
    pressed = "document.querySelectorAll('[data-who][aria-pressed=true]').length"
    assert chromium.run(pressed) == 1
    chromium.run(f"{whose('owner')}.click()")
    chromium.tap("#restock-off")
    chromium.until("document.getElementById('restock-off').hidden")
    assert chromium.run(pressed) == 0
    assert served.shop.restocks == ["owner", None]


def test_a_marked_visit_says_whose_it_is_in_the_list(chromium: Any, served: Any):
    [visit] = served.shop.now.visits
    marked = replace(visit, state="open", by="cleaner")
    served.shop.now = replace(served.shop.now, visits=(marked, visit))
    served.sign_in(chromium)
    chromium.open(f"{served.url}/", "document.querySelectorAll('#visits li .chip').length === 2")
    chips = "[...document.querySelectorAll('#visits .chip')].map((chip) => chip.textContent)"
    assert chromium.run(chips) == ["청소 · 매장에 있음", "재고 불일치"]


def test_a_mark_that_was_not_taken_is_said_and_pressed_again(chromium: Any, served: Any):
    served.sign_in(chromium)
    chromium.open(f"{served.url}/", whose("cleaner"))
    chromium.run(
        """window.honest = window.fetch;
        window.fetch = async () => { throw new TypeError("no connection"); }; undefined"""
    )
    chromium.run(f"{whose('cleaner')}.click()")
    chromium.until("!document.getElementById('mark-failed').hidden")
    assert "다시 눌러 주세요" in chromium.run(text_of("#mark-failed"))
    chromium.run(f"window.fetch = window.honest; {whose('cleaner')}.click()")
    chromium.until(f"{whose('cleaner')}.getAttribute('aria-pressed') === 'true'")
    assert chromium.run("document.getElementById('mark-failed').hidden") is True
    assert served.shop.restocks == ["cleaner"]


def test_staff_cannot_say_that_it_is_the_owner(chromium: Any, served: Any):
    served.sign_in(chromium, "staff")
    chromium.open(f"{served.url}/", whose("staff"))
    assert chromium.run(f"{whose('owner')} === null") is True


def test_the_pad_switches_restock_mode(chromium: Any, served: Any):
    chromium.open(f"{served.url}/kiosk", "document.querySelector('.tile')")
    chromium.run("document.getElementById('staff-open').click()")
    assert chromium.run("document.getElementById('staff-on').disabled") is True
    for digit in "4711":
        chromium.run(f"document.querySelector('[data-digit=\"{digit}\"]').click()")
    assert chromium.run("document.getElementById('staff-pin').textContent") == "●●●●"
    chromium.run("document.querySelector('[name=who][value=cleaner]').click()")
    chromium.run("document.getElementById('staff-on').click()")
    chromium.until("document.querySelector('#staff-said.is-done')")
    assert served.shop.restocks == ["cleaner"]
    assert chromium.run("document.getElementById('staff-pin').textContent") == ""


@pytest.mark.parametrize(
    ("width_px", "height_px"), [(320, 640), (390, 800), (1280, 800), (800, 480)]
)
def test_the_pad_fits_every_screen(chromium: Any, served: Any, width_px: int, height_px: int):
    chromium.resize(width_px, height_px)
    chromium.open(f"{served.url}/kiosk", "document.querySelector('.tile')")
    chromium.run("document.getElementById('staff-open').click()")
    box = chromium.run("JSON.stringify(document.getElementById('staff').getBoundingClientRect())")
    assert '"x":-' not in box
    assert '"y":-' not in box
    dialog = "document.getElementById('staff')"
    assert chromium.run(f"{dialog}.scrollWidth > {dialog}.clientWidth") is False


def typed(text: str) -> str:
    """A scanner's keys, faster than any hand, and Enter."""
    keys = [*text, "Enter"]
    press = "document.dispatchEvent(new KeyboardEvent('keydown', { key }))"
    return f"{keys!r}.forEach((key) => {press})"


def test_a_scanner_adds_and_a_card_number_is_not_taken(chromium: Any, served: Served):
    shop = served.shop
    milk = BookRow("바나나우유", 1500, 3, 5, "A", barcode="8801115114154")
    shop.now = replace(shop.now, rows=(milk, BookRow("메로나", 800, 3, 9, "B")))
    chromium.open(f"{served.url}/kiosk", TILE)
    chromium.run(typed("8801115114154"))
    assert chromium.run(text_of("#total")) == "1,500원"
    chromium.run(typed("4111111111111111"))
    assert chromium.run(text_of("#notice")) == "카드 번호는 단말기에 입력하세요."
    chromium.run(typed("0000123"))
    assert "0000123" in chromium.run(text_of("#notice"))
    assert chromium.run(text_of("#total")) == "1,500원"
    chromium.run(
        "const s = document.getElementById('search'); s.value = '메로';"
        "s.dispatchEvent(new Event('input'))"
    )
    assert chromium.run("document.querySelectorAll('.tile').length") == 1
