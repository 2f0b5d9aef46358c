"""docs/threats.md and privacy.md: each row has its tests, and they exist; and threats in bulk."""

import itertools
import random
import re
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from storeguard.books.decisions import Access, AccessLog
from storeguard.config import Config
from storeguard.web.passwords import NotLetIn
from storeguard.web.view import BookRow

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


def rows(page: str, letter: str) -> list[list[str]]:
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    found = (line for line in lines if re.match(rf"\| {letter}\d", line))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found]


PAGES = {
    "threats.md": {f"T{number}" for number in (*range(1, 19), 22, 23)},
    "privacy.md": {f"V{number}" for number in range(1, 21)},
}


@pytest.mark.parametrize("page", PAGES)
def test_each_row_says_how_and_names_its_tests(page: str):
    found = rows(page, min(PAGES[page])[0])
    assert {row[0] for row in found} == PAGES[page]
    assert len(found) == len(PAGES[page])
    assert all(len(row) == 5 and all(row) for row in found)
    assert all("`test_" in row[4] or row[4] == "not by a test" for row in found)


@pytest.mark.parametrize("page", PAGES)
def test_the_tests_that_it_names_exist(page: str):
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert {name for name in named if f"def {name}(" not in sources} == set()


def test_a_thousand_forged_cookies_open_nothing(door: Any):
    good = door.kiosk_cookie()
    assert door.is_kiosk(good)
    nonce, _, signature = good.partition(".")
    forged = [f"{nonce}.{secrets.token_hex(32)}" for _ in range(500)]
    forged += [f"{secrets.token_hex(16)}.{signature}" for _ in range(500)]
    assert not any(door.is_kiosk(one) for one in (*forged, "", ".", nonce, f"{nonce}.", None))


async def test_of_ten_thousand_guesses_no_more_than_sixty_an_hour_are_looked_at(
    door: Any, monkeypatch: pytest.MonkeyPatch
):
    looked_at = []
    monkeypatch.setattr(door, "_is_right", lambda *tried: bool(looked_at.append(tried)))
    for number in range(10_000):
        with pytest.raises(NotLetIn):
            await door.sign_in("owner", f"guess {number}", f"10.0.{number // 256}.{number % 256}")
    assert 0 < len(looked_at) <= 60


UPS = ("..", "%2e%2e", "..%2f", "..%5c", "....//", "..;/", "\\..\\", "%00", "/etc", "~", "..%c0%af")
ENDS = ("state/sessions.json", "etc/passwd", "clip-1.mp4", "a.jpg", ".held", "extra/../x.jpg")


async def test_no_made_up_path_leads_out_of_the_issues(
    client: httpx.AsyncClient, tmp_path: Path, shop: Any
):
    shop.folder = tmp_path / "issues"
    (tmp_path / "issues" / "a").mkdir(parents=True)
    for outside in (tmp_path / "a.jpg", tmp_path / "clip-1.mp4"):
        outside.write_bytes(b"outside")
    (tmp_path / "issues" / "a" / "link.jpg").symlink_to(tmp_path / "a.jpg")
    beginnings = ("/issues", "/issues/a", "/camera", "/kiosk/pictures", "/static")
    paths = [
        f"{begin}/{'/'.join(ups)}/{end}"
        for begin in beginnings
        for ups in itertools.chain(
            ((one,) for one in UPS),
            itertools.product(UPS, repeat=2) if begin == "/issues/a" else (),
        )
        for end in ENDS
    ]
    assert len(paths) > 1000
    for path in (*paths, *(quote(one, safe="/") for one in paths[::7])):
        try:
            answer = await client.get(path)
        except httpx.InvalidURL:
            continue
        assert b"outside" not in answer.content, path
        assert answer.status_code in (303, 307, 400, 403, 404, 405, 422), path


TAGS = ("img src=x onerror", "svg onload", "body onpageshow", "video src=x onerror", "a href")
DOINGS = ("pwned=1", "javascript:pwned=1", "alert(1)", "fetch('/pwned')")
BREAKS = ("<{}={}>", '"><{}={}>', "'><{}={}>", "</script><{}={}>", "--><{}={}>", "]]><{}={}>")


def payloads() -> list[str]:
    made = [b.format(tag, doing) for b in BREAKS for tag in TAGS for doing in DOINGS]
    scripts = [f"{start}<script>pwned=1</script>{n}" for n in range(30) for start in ("", "</td>'")]
    braces = [f"{{{{{n}*7}}}}${{pwned={n}}}\\u003cscript\\u003e" for n in range(120)]
    return (made + scripts + braces)[:300]


def test_three_hundred_payloads_in_names_run_nothing(
    chromium: Any, shop: Any, door: Any, serve: Any
):
    names = payloads()
    assert len(set(names)) == 300
    rows = tuple(BookRow(name, 100, 1, 2, "A") for name in names)
    shop.now = replace(shop.now, rows=rows)
    served = serve(shop, door)
    served.sign_in(chromium)
    for path, shown in (("/kiosk", ".tile .name"), ("/", "#rows .name")):
        chromium.open(served.url + path, f"document.querySelectorAll({shown!r}).length >= 300")
        texts = chromium.run(
            f"[...document.querySelectorAll({shown!r})].map((one) => one.textContent)"
        )
        assert set(names) <= set(texts)
        assert chromium.run("typeof pwned") == "undefined"
        strange = (
            "img[src=x], video[src=x], svg[onload], [onerror], [onpageshow], script:not([src])"
        )
        assert chromium.run(f"document.querySelectorAll({strange!r}).length") == 0
        asked = "performance.getEntriesByType('resource').map((one) => one.name).join(' ')"
        assert "pwned" not in chromium.run(asked)


def test_the_pages_are_this_machines_alone_unless_the_owner_says_so():
    assert Config().web.host == "127.0.0.1"


def card(chance: random.Random) -> str:
    """Of sixteen digits, the last one Luhn's."""
    digits = [4, *(chance.randrange(10) for _ in range(14))]
    doubled = [2 * one - 9 * (one > 4) for one in digits[::2]]
    return "".join(map(str, (*digits, -(sum(doubled) + sum(digits[1::2])) % 10)))


async def test_of_a_thousand_card_numbers_none_is_kept(client: httpx.AsyncClient, shop: Any):
    """A sale by such a key is one sale all the same, and can be taken back by it."""
    chance = random.Random(7)
    cards = [card(chance) for _ in range(1000)]
    for number in cards:
        sold = await client.post(
            "/api/v1/sales", json={"lines": [{"product": "메로나", "count": 1}], "key": number}
        )
        assert sold.status_code == 201
    again = {"lines": [{"product": "메로나", "count": 1}], "key": cards[0]}
    assert (await client.post("/api/v1/sales", json=again)).status_code == 200
    for number in cards[:50]:
        await client.post("/api/v1/amounts", json={"won": 100, "key": f"pos-{number}"})
    kept = " ".join((*shop.sales, *shop.amounts))
    assert len(shop.sales) == 1000
    assert len(shop.amounts) == 50
    assert not any(number in kept for number in cards)


async def test_a_terminal_may_use_such_a_key_too(stranger: httpx.AsyncClient, shop: Any, door: Any):
    shop.has_terminal = True
    await stranger.get("/kiosk")
    basket = {"lines": [{"product": "메로나", "count": 1}], "key": "4111111111111111"}
    assert (await stranger.post("/api/v1/sales", json=basket)).status_code == 202
    stranger.headers["authorization"] = f"Bearer {door.machine_token}"
    confirm = "/api/v1/payments/4111111111111111/confirm"
    assert (await stranger.post(confirm, json={"won": 800})).status_code == 200
    assert "4111111111111111" not in " ".join(shop.sales)


def test_no_reason_tears_a_line_of_the_access_log(tmp_path: Path):
    log = AccessLog(tmp_path, fsync=False)
    reasons = ["a\u2028b", "a\nb", '"', "\x85", "읽음"]
    for number, why in enumerate(reasons):
        log.note(Access("2026-11-20", "owner", "view", f"thing {number % 2}", why))
    assert [one.why for one in log.newest(9)] == reasons[::-1]
    assert [one.why for one in log.newest(2, "thing 0")] == ["읽음", '"']
    assert log.first_broken() is None
