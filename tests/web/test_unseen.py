"""Payments with nobody in the picture, as the owner sees them: a quiet line, and a list."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from storeguard.books.journal import Journal, Sale
from storeguard.books.unseensales import UnseenSales
from storeguard.clock import SystemClock
from storeguard.domain.issue import IssueStore
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.pastdesk import PastDesk
from storeguard.web.app import build
from storeguard.web.desks import Desks, Law
from storeguard.web.door import Door

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    (tmp_path / "state").mkdir()
    with_all = Journal.in_folder(tmp_path / "state", fsync=False)
    with_all.open()
    yield with_all
    with_all.close()


@pytest.fixture
def desks(tmp_path: Path, journal: Journal) -> Desks:
    clock = SystemClock()
    issues = IssueDesk(tmp_path / "issues", tmp_path / "state", STORE, journal, None, clock)  # type: ignore[arg-type]
    return Desks(
        issues,
        InventoryDesk(tmp_path, journal, STORE.timezone),
        PastDesk(journal, clock, STORE.timezone),
        Law("강남 1호점", ("door",), 30, "홍길동", "02-000-0000", False, ""),
    )


def noted(journal: Journal, count: int) -> None:
    now = SystemClock().utc()
    for number in range(count):
        at, key = now - timedelta(hours=number), f"basket_{number}"
        rows = [("0", "바나나우유", 2, 3000), ("1", "메로나<b>", 1, 800), ("off0", "1+1", 0, -800)]
        journal.record_sales(
            [Sale(f"{key}/{n}", f"{key}/{n}", *what, at, "kiosk") for n, *what in rows]
        )
        UnseenSales(journal).note(key, at)
        UnseenSales(journal).note(key, at)
    journal.record_sale(Sale("basketX0/0", "basketX0/0", "콜라", 1, 1800, now, "kiosk"))


async def page(shop: Any, door: Door, desks: Desks) -> str:
    app = build(shop, door, lambda: 0.0, desks=desks)
    transport = httpx.ASGITransport(app=app)
    headers = {"authorization": f"Bearer {door.machine_token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://shop", headers=headers
    ) as client:
        return (await client.get("/days")).text


@pytest.mark.anyio
async def test_the_days_page_lists_payments_with_nobody_seen(
    shop: Any, door: Door, desks: Desks, journal: Journal
):
    assert 'id="unseen"' not in await page(shop, door, desks)
    noted(journal, 2)
    shown = await page(shop, door, desks)
    listed = shown[shown.index('id="unseen"') :]
    assert listed.count("바나나우유") == 2
    assert "메로나&lt;b&gt;" in listed
    assert listed.count("3,000원") >= 2
    assert "계산대" in listed
    assert "도난" not in shown
    assert "콜라" not in listed


def test_the_first_page_says_how_many_there_were_today(
    chromium: Any, shop: Any, door: Door, serve: Any, desks: Desks, journal: Journal
):
    noted(journal, 1)
    served = serve(shop, door, desks)
    served.sign_in(chromium)
    line = "document.getElementById('unseen-today')"
    chromium.until(f"{line}.hidden")
    shop.now = replace(shop.now, unseen_today=3)
    served.announce()
    chromium.until(f"!{line}.hidden && {line}.textContent.includes('3건')")
    chromium.run(f"{line}.querySelector('a').click()")
    chromium.until("location.pathname === '/days' && document.getElementById('unseen')")
