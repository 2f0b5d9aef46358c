"""What the staff and the owner press: the PIN pad on the kiosk, 입고 맞음? on the owner's page."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from storeguard.clock import SystemClock
from storeguard.config import Config
from storeguard.domain.restock import WHO
from storeguard.health import Health
from storeguard.safemode import BareView
from storeguard.web.app import build
from storeguard.web.pin import MOST_TRIES, WITHIN_S, PinDoor
from storeguard.web.view import QuestionRow

POS_TOKEN = "pos-token-of-the-tests"
QUESTION = QuestionRow("2026-11-20_22-10-00.000000/메로나", "메로나", 10, "11-20 22:10:00")


async def send(client: httpx.AsyncClient, pin: str, who: str | None = "owner") -> httpx.Response:
    return await client.post("/api/v1/restock", json={"pin": pin, "who": who})


@pytest.mark.anyio
async def test_the_pin_switches_restock_mode(client: httpx.AsyncClient, shop: Any):
    for who in ("owner", "cleaner", "staff", None):
        assert (await send(client, "4711", who)).status_code == 200
    assert shop.restocks == ["owner", "cleaner", "staff", None]


@pytest.mark.anyio
async def test_another_pin_is_refused_and_after_five_the_right_one_too(
    client: httpx.AsyncClient, shop: Any
):
    codes = [(await send(client, "0000")).status_code for _ in range(MOST_TRIES)]
    assert codes == [403] * MOST_TRIES
    assert (await send(client, "4711")).status_code == 429
    shop.now_s = WITHIN_S
    assert (await send(client, "4711")).status_code == 200
    assert shop.restocks == ["owner"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [
        {"pin": "471", "who": "owner"},
        {"pin": "47a1", "who": "owner"},
        {"pin": 4711, "who": "owner"},
        {"pin": "4711", "who": "thief"},
        {"pin": "4711"},
    ],
)
async def test_what_is_no_request_switches_nothing(
    client: httpx.AsyncClient, shop: Any, body: dict[str, Any]
):
    assert (await client.post("/api/v1/restock", json=body)).status_code == 422
    assert shop.restocks == []


@pytest.mark.anyio
async def test_another_sites_page_cannot_guess_the_pin(client: httpx.AsyncClient, shop: Any):
    answer = await client.post(
        "/api/v1/restock",
        json={"pin": "4711", "who": "owner"},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert answer.status_code == 403
    assert shop.restocks == []


@pytest.mark.parametrize("pin", ["", "123", "12345678901234", "abcd", "１２３４"])
def test_without_a_usable_pin_the_door_stays_shut(pin: str):
    assert PinDoor(pin, lambda: 0.0).opens(pin) == "unset"


def test_the_pin_itself_is_never_in_the_log(caplog: pytest.LogCaptureFixture):
    PinDoor("12secret", lambda: 0.0).opens("1234")
    assert "STOREGUARD_KIOSK_PIN" in caplog.text
    assert "secret" not in caplog.text


def test_a_right_try_forgives_the_wrong_ones():
    door = PinDoor("4711", lambda: 0.0)
    for pin in ("0000", "0001", "4711", "0002", "0003", "0004", "0005"):
        door.opens(pin)
    assert door.opens("4711") == "done"


# ---- the same on the console, without the PIN

MARK = "/api/v1/restock-mode"


@pytest.mark.anyio
async def test_who_has_signed_in_marks_the_visit_and_ends_it_however_often_it_is_pressed(
    signed_in: Any, shop: Any
):
    owner = await signed_in(None)
    for who in ("owner", "owner", "cleaner", "staff", None, None):
        answer = await owner.post(MARK, json={"who": who})
        assert (answer.status_code, answer.json()) == (200, {"said": f"marked {who}"})
    assert shop.restocks == ["owner", "owner", "cleaner", "staff", None, None]
    assert (await owner.get("/api/v1/snapshot")).json()["restock"] is None


@pytest.mark.anyio
async def test_staff_marks_its_own_and_a_cleaners_visit_but_not_the_owners(
    signed_in: Any, shop: Any
):
    staff = await signed_in(None, "staff")
    codes = [(await staff.post(MARK, json={"who": who})).status_code for who in WHO]
    assert dict(zip(WHO, codes, strict=True)) == {"owner": 403, "cleaner": 200, "staff": 200}
    assert (await staff.post(MARK, json={"who": None})).status_code == 200
    assert shop.restocks == ["cleaner", "staff", None]


@pytest.mark.anyio
async def test_a_stranger_and_the_kiosks_own_page_mark_nothing(
    stranger: httpx.AsyncClient, shop: Any
):
    await stranger.get("/kiosk")
    for body in ({"who": "owner"}, {"who": None}):
        assert (await stranger.post(MARK, json=body)).status_code == 401
    stranger.headers["authorization"] = f"Bearer {POS_TOKEN}"
    assert (await stranger.post(MARK, json={"who": "owner"})).status_code == 403
    assert shop.restocks == []


@pytest.mark.anyio
async def test_another_sites_page_and_one_without_the_sessions_word_mark_nothing(
    signed_in: Any, shop: Any
):
    owner = await signed_in(None)
    foreign = {"sec-fetch-site": "cross-site"}
    assert (await owner.post(MARK, json={"who": "owner"}, headers=foreign)).status_code == 403
    del owner.headers["x-csrf"]
    assert (await owner.post(MARK, json={"who": "owner"})).status_code == 403
    assert shop.restocks == []


@pytest.mark.anyio
@pytest.mark.parametrize("body", [{}, {"who": "thief"}, {"who": "owner", "pin": "4711"}, "owner"])
async def test_what_is_no_mark_marks_nothing(client: httpx.AsyncClient, shop: Any, body: Any):
    assert (await client.post(MARK, json=body)).status_code == 422
    assert shop.restocks == []


@pytest.mark.anyio
async def test_a_mark_is_a_change_and_no_link(client: httpx.AsyncClient, shop: Any):
    assert (await client.get(f"{MARK}?who=owner")).status_code == 405
    assert shop.restocks == []


@pytest.mark.anyio
async def test_where_nothing_is_judged_a_mark_is_refused(door: Any):
    view = BareView(Config(), (), Health(SystemClock()), SystemClock())
    headers = {"authorization": f"Bearer {door.machine_token}"}
    transport = httpx.ASGITransport(app=build(view, door, lambda: 0.0))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://shop", headers=headers
    ) as client:
        assert (await client.post(MARK, json={"who": "owner"})).status_code == 409


@pytest.mark.anyio
async def test_a_delivery_is_asked_about_and_answered(client: httpx.AsyncClient, shop: Any):
    shop.now = replace(shop.now, questions=(QUESTION,))
    [asked] = (await client.get("/api/v1/questions")).json()
    assert (asked["product"], asked["count"]) == ("메로나", 10)
    body = {"id": asked["id"], "is_delivery": False}
    for _ in range(2):
        answer = await client.post("/api/v1/questions", json=body)
        assert (answer.status_code, answer.json()) == (200, {"said": "answered False"})
    missing = await client.post("/api/v1/questions", json={"id": "x", "is_delivery": True})
    assert missing.status_code == 404
