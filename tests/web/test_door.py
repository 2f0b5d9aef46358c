"""The door: accounts, sessions, the one-time code, and who may ask for what."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from storeguard.books.accounts import AccountFiles
from storeguard.clock import SystemClock
from storeguard.web.app import build
from storeguard.web.door import IDLE, MOST_TRIES, TRIES_WITHIN_S, Door
from storeguard.web.gate import need_of
from storeguard.web.passwords import NotLetIn, refuse_weak

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"
SALE = {"lines": [{"product": "바나나우유", "count": 1}], "key": "6f1c2a3e-2222"}
POS = {"authorization": "Bearer pos-token-of-the-tests"}
PAGES = ("/", "/issues", "/inventory", "/visits", "/days", "/devices", "/settings", "/people")


class Later:
    """The machine's clocks, moved on by a test."""

    def __init__(self) -> None:
        self.by = timedelta()
        self._clock = SystemClock()

    def now_s(self) -> float:
        return self._clock.now_s() + self.by.total_seconds()

    def utc(self) -> Any:
        return self._clock.utc() + self.by


@pytest.fixture
def clock() -> Later:
    return Later()


@pytest.fixture
def door(tmp_path: Path, clock: Later) -> Door:
    return Door(AccountFiles(tmp_path), clock, pos_token="pos-token-of-the-tests")


@pytest.fixture
async def owner(shop: Any, door: Door, stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    """A browser in which the owner has signed in with name and password."""
    await door.set_account("owner", PASSWORD, "owner")
    answer = await sign_in(stranger, "owner", PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return stranger


async def sign_in(client: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    return await client.post("/login", data={"name": name, "password": password})


async def csrf_of(client: httpx.AsyncClient) -> str:
    found = re.search(r'data-csrf="([^"]+)"', (await client.get("/")).text)
    assert found is not None
    return found[1]


# ---- who gets in where


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_without_login_leads_to_the_door_and_back(
    stranger: httpx.AsyncClient, door: Door, path: str
):
    answer = await stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path.replace('/', '%2F')}"
    await door.set_account("owner", PASSWORD, "owner")
    assert f'value="{path}"' in (await stranger.get(answer.headers["location"])).text


@pytest.mark.parametrize("path", ["/kiosk", "/healthz", "/metrics", "/static/kiosk.js"])
async def test_what_is_open_to_anybody(stranger: httpx.AsyncClient, path: str):
    assert (await stranger.get(path)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/v1/snapshot", "/api/v1/questions", "/api/v1/stock", "/camera/door.jpg"]
)
async def test_data_without_login_is_401(stranger: httpx.AsyncClient, path: str):
    answer = await stranger.get(path)
    assert answer.status_code == 401
    assert answer.json() == {"error": "로그인이 필요합니다."}


async def test_what_no_rule_names_is_the_owners(shop: Any, door: Door):
    app = build(shop, door, lambda: 0.0)
    paths = {route.path for route in app.routes if hasattr(route, "methods")}
    assert need_of("GET", "/anything/new") == "owner"
    assert need_of("POST", "/") == "owner"
    assert {p for p in paths if need_of("GET", p) == "nothing"} <= {
        "/kiosk",
        "/login",
        "/login/code",
        "/login/{token}",
        "/healthz",
        "/metrics",
        "/events",
        "/api/v1/products",
    }


async def test_staff_sees_the_shop_but_no_page_of_the_owner(
    stranger: httpx.AsyncClient, door: Door
):
    await door.set_account("kim", PASSWORD, "staff")
    await sign_in(stranger, "kim", PASSWORD)
    assert (await stranger.get("/")).status_code == 200
    assert (await stranger.get("/api/v1/snapshot")).json()["issues"] == []
    answer = await stranger.get("/settings", headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert "점주만 볼 수 있습니다" in answer.text
    assert (await stranger.get("/issues/2026-11-20_22-21-04.123456/a.jpg")).status_code == 403


# ---- signing in


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    stranger: httpx.AsyncClient, door: Door
):
    await door.set_account("owner", PASSWORD, "owner")
    cookie = (await sign_in(stranger, "owner", PASSWORD)).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie


async def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(shop: Any, door: Door):
    await door.set_account("owner", PASSWORD, "owner")
    transport = httpx.ASGITransport(app=build(shop, door, lambda: 0.0))
    async with httpx.AsyncClient(transport=transport, base_url="https://shop") as client:
        answer = await sign_in(client, "owner", PASSWORD)
        assert answer.headers["set-cookie"].startswith("__Host-storeguard=")
        assert "secure" in answer.headers["set-cookie"].lower()
        assert "max-age" in answer.headers["strict-transport-security"]
        assert (await client.get("/")).status_code == 200


async def test_six_wrong_passwords_and_the_right_one_waits_too(
    stranger: httpx.AsyncClient, door: Door, clock: Later
):
    await door.set_account("owner", PASSWORD, "owner")
    codes = [(await sign_in(stranger, "owner", "wrong " * 3)).status_code for _ in range(6)]
    assert codes == [403] * MOST_TRIES + [429]
    late = await sign_in(stranger, "owner", PASSWORD)
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 60
    assert "여러 번 틀렸습니다" in late.text
    clock.by = timedelta(seconds=TRIES_WITHIN_S + 1)
    assert (await sign_in(stranger, "owner", PASSWORD)).status_code == 303


async def test_an_unknown_name_is_told_as_a_wrong_password(stranger: httpx.AsyncClient, door: Door):
    await door.set_account("owner", PASSWORD, "owner")
    texts = [
        re.sub(r'value="[^"]*"', "", (await sign_in(stranger, name, "wrong " * 3)).text)
        for name in ("owner", "nobody")
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example/", "/\\evil", "x"])
async def test_the_door_leads_to_no_other_site(stranger: httpx.AsyncClient, door: Door, next_: str):
    await door.set_account("owner", PASSWORD, "owner")
    form = {"name": "owner", "password": PASSWORD, "next": next_}
    assert (await stranger.post("/login", data=form)).headers["location"] == "/"


async def test_signing_out_ends_the_session_on_the_server(owner: httpx.AsyncClient):
    cookie = dict(owner.cookies)
    answer = await owner.post("/logout", data={"csrf": await csrf_of(owner)})
    assert answer.headers["location"] == "/login"
    owner.cookies.update(cookie)
    assert (await owner.get("/")).status_code == 303


async def test_a_session_outlives_a_restart_and_ends_when_it_is_not_used(
    shop: Any, owner: httpx.AsyncClient, tmp_path: Path, clock: Later
):
    again = build(shop, Door(AccountFiles(tmp_path), clock), lambda: 0.0)
    transport = httpx.ASGITransport(app=again)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://shop", cookies=owner.cookies
    ) as client:
        assert (await client.get("/")).status_code == 200
        clock.by = IDLE + timedelta(minutes=1)
        assert (await client.get("/")).status_code == 303


async def test_a_link_signs_in_once(stranger: httpx.AsyncClient, door: Door):
    await door.set_account("owner", PASSWORD, "owner")
    link = door.link_once("owner")
    assert (await stranger.get(link)).headers["location"] == "/"
    assert (await stranger.get("/")).status_code == 200
    assert (await stranger.get(link)).status_code == 404


async def test_a_link_that_is_over_leads_to_the_door(stranger: httpx.AsyncClient, door: Door):
    await door.set_account("owner", PASSWORD, "owner")
    refused = await stranger.get("/login/none")
    assert refused.status_code == 404
    assert "이미 쓴 링크" in refused.text
    assert 'name="password"' in refused.text
    assert (await stranger.get("/")).status_code == 303


async def test_ones_own_password_needs_the_current_one_and_ends_other_sessions(
    owner: httpx.AsyncClient, door: Door, shop: Any
):
    other = await door.sign_in("owner", PASSWORD, "elsewhere")
    csrf, before = await csrf_of(owner), dict(owner.cookies)
    form = {"csrf": csrf, "current": "wrong " * 3, "password": "five words are not many"}
    assert (await owner.post("/password", data=form)).status_code == 403
    weak = await owner.post("/password", data={**form, "current": PASSWORD, "password": "x"})
    assert weak.status_code == 403
    assert (await owner.post("/password", data={**form, "current": PASSWORD})).status_code == 303
    assert (await owner.get("/")).status_code == 200
    assert dict(owner.cookies) != before
    assert door.caller(other) is None
    assert door.caller(before["storeguard"]) is None


# ---- the one-time code


async def test_the_first_owner_is_made_with_the_code_and_only_once(
    stranger: httpx.AsyncClient, door: Door
):
    assert (await stranger.get("/login")).headers["location"] == "/login/code"
    code = await door.offer_code(timedelta(days=1))
    assert code is not None
    form = {"code": code.lower().replace("-", " "), "name": "Owner", "password": PASSWORD}
    assert (await stranger.post("/login/code", data=form)).headers["location"] == "/"
    assert (await stranger.get("/")).status_code == 200
    assert [(one.name, one.role) for one in door.accounts] == [("owner", "owner")]
    assert await door.offer_code(timedelta(days=1)) is None
    assert (await stranger.post("/login/code", data=form)).status_code == 403


async def test_a_lost_password_is_replaced_by_a_code_of_the_pis_console(
    owner: httpx.AsyncClient, door: Door, tmp_path: Path
):
    code = AccountFiles(tmp_path).offer_code(SystemClock().utc(), timedelta(minutes=30))
    form = {"code": code, "name": "owner", "password": "another long sentence"}
    await owner.post("/login/code", data=form)
    owner.cookies.clear()
    assert (await sign_in(owner, "owner", PASSWORD)).status_code == 403
    assert (await sign_in(owner, "owner", "another long sentence")).status_code == 303


async def test_codes_cannot_be_guessed_and_grow_old(
    stranger: httpx.AsyncClient, door: Door, clock: Later
):
    code = await door.offer_code(timedelta(days=1))
    form = {"code": "AAAA-AAAA-AAAA", "name": "owner", "password": PASSWORD}
    codes = [(await stranger.post("/login/code", data=form)).status_code for _ in range(6)]
    assert codes == [403] * MOST_TRIES + [429]
    clock.by = timedelta(days=1, minutes=1)
    assert (await stranger.post("/login/code", data={**form, "code": code})).status_code == 403
    assert door.accounts == ()


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 129,
        "aaaaaaaaaaaa",
        "123456789012",
        "password1234",
        "owner2026!!!!",
        "qwertyuiopas",
    ],
)
def test_what_is_guessed_first_is_no_password(password: str):
    with pytest.raises(NotLetIn):
        refuse_weak("owner", password)


@pytest.mark.parametrize("password", [PASSWORD, "바나나우유 맛있다 정말로", "Xk3-pQ9_vT2w"])
def test_length_is_the_only_rule(password: str):
    refuse_weak("owner", password)


def test_nothing_on_the_disk_says_a_password_a_session_or_a_code(tmp_path: Path):
    import asyncio

    async def fill() -> list[str]:
        files = AccountFiles(tmp_path)
        door = Door(files, SystemClock())
        await door.set_account("owner", PASSWORD, "owner")
        token = await door.sign_in("owner", PASSWORD, "")
        return [PASSWORD, token, files.offer_code(SystemClock().utc(), timedelta(hours=1))]

    secrets = asyncio.run(fill())
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"accounts.json", "sessions.json", "owner-code.json"}
    for path in files:
        assert path.stat().st_mode & 0o077 == 0, path
        for secret in secrets:
            assert secret not in path.read_text()
            assert secret.replace("-", "") not in path.read_text()
    assert "$argon2id$" in (tmp_path / "accounts.json").read_text()


# ---- changes


async def test_a_change_by_cookie_needs_the_sessions_own_word(owner: httpx.AsyncClient):
    csrf = await csrf_of(owner)
    body = {"id": "x", "is_delivery": True}
    assert (await owner.post("/api/v1/questions", json=body)).status_code == 403
    for word in ("", "x" * len(csrf)):
        answer = await owner.post("/api/v1/questions", json=body, headers={"x-csrf": word})
        assert answer.status_code == 403
    answer = await owner.post("/api/v1/questions", json=body, headers={"x-csrf": csrf})
    assert answer.status_code == 404
    assert (await owner.post("/logout", data={"csrf": "x"})).status_code == 403


async def test_only_the_kiosks_own_page_a_pos_or_a_person_sells(
    stranger: httpx.AsyncClient, shop: Any
):
    assert (await stranger.post("/api/v1/sales", json=SALE)).status_code == 401
    for wrong in ("x", "", "pos-token-of-the-test"):
        headers = {"authorization": f"Bearer {wrong}"}
        answer = await stranger.post("/api/v1/sales", json=SALE, headers=headers)
        assert answer.status_code == 401
    assert shop.sales == {}
    assert (await stranger.post("/api/v1/sales", json=SALE, headers=POS)).status_code == 201
    assert (await stranger.get("/kiosk")).status_code == 200
    assert (await stranger.post("/api/v1/sales", json=SALE)).status_code == 200
    assert (await stranger.get("/api/v1/snapshot", headers=POS)).status_code == 403


async def test_a_kiosk_goes_on_after_a_restart_but_a_forged_cookie_does_not(
    shop: Any, door: Door, tmp_path: Path, clock: Later
):
    await door.set_account("owner", PASSWORD, "owner")
    again = Door(AccountFiles(tmp_path), clock)
    assert again.is_kiosk(door.kiosk_cookie())
    nonce, _, signature = door.kiosk_cookie().partition(".")
    for forged in (None, "", ".", nonce, f"{nonce}.", f"{nonce}.{signature[:-1]}0" + "1"):
        assert not again.is_kiosk(forged)


@pytest.mark.anyio
@pytest.mark.parametrize("has_terminal", [False, True])
async def test_the_kiosk_sells_in_a_browser_in_which_the_owner_has_signed_in(
    signed_in: Any, shop: Any, has_terminal: bool
):
    """Its page knows no word of the session: it is the kiosk all the same, terminal and all."""
    shop.has_terminal = has_terminal
    browser = await signed_in(None)
    del browser.headers["x-csrf"]
    basket = {"lines": [{"product": "바나나우유", "count": 1}], "key": "basket-0001"}
    assert (await browser.post("/api/v1/sales", json=basket)).status_code == 403
    await browser.get("/kiosk")
    answer = await browser.post("/api/v1/sales", json=basket)
    assert answer.status_code == (202 if has_terminal else 201), answer.text
    assert (await browser.post("/api/v1/basket", json={"open": True})).status_code < 300
    assert (await browser.post("/api/v1/restock-mode", json={"who": "owner"})).status_code == 403
