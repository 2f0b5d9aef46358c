"""axe-core over every page: no serious finding, on a phone and on the kiosk's tablet."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from storeguard.books.journal import IssueRecord, Journal
from storeguard.clock import SystemClock
from storeguard.domain.issue import IssueStore
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.pastdesk import PastDesk
from storeguard.viewingdesk import Places, ViewingDesk
from storeguard.vision.clipfile import about_clip
from storeguard.web.desks import Desks, Law
from storeguard.web.rendering import TABS
from storeguard.web.viewingdesk import ViewingWish

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
ID = "2026-11-20_22-21-04.123456"
AT = datetime(2026, 11, 20, 13, 20, tzinfo=UTC)  # 22:20 in Seoul
LINE = {"product": "바나나우유", "missing": 2, "loss": 3000, "certainty": 0.97}
CSV = "상품명, 개수, 가격, 무게\n바나나우유,3,1500,265\n"
PAGES = (
    *(tab.path for tab in TABS),
    f"/issues/{ID}",
    "/password",
    "/inventory/history?product=x",
    "/people/viewings",
    "/people/viewings/2026-11-20-1",
    "/settings/sign",
    "/settings/policy",
)
Findings = Callable[[Any], list[str]]


def sized(chromium: Any, width_px: int, height_px: int) -> None:
    chromium.resize(width_px, height_px)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.in_folder(tmp_path / "journal", fsync=False)
    journal.open()
    journal.record_issue(IssueRecord(ID, datetime(2026, 11, 20, 13, tzinfo=UTC), None, (LINE,)))
    yield journal
    journal.close()


def clip(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as target:
        target.metadata.update(about_clip(AT, "door", is_clock_synced=True))
        stream = target.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((90, 160, 3), np.uint8), format="bgr24")
        target.mux([*stream.encode(frame), *stream.encode()])


@pytest.fixture
def console(shop: Any, door: Any, serve: Any, journal: Journal, tmp_path: Path) -> Any:
    inventory, clock = tmp_path / "inventory", SystemClock()
    inventory.mkdir()
    (tmp_path / "state").mkdir()
    for name in ("inventory_store.csv", "inventory_weight.csv"):
        (inventory / name).write_text(CSV, encoding="utf-8")
    issues = IssueDesk(tmp_path / "issues", tmp_path / "state", STORE, journal, None, clock)  # type: ignore[arg-type]
    (tmp_path / "record").mkdir()
    clip(tmp_path / "record" / "a.mp4")
    places = Places(tmp_path / "record", tmp_path / "issues")
    viewings = ViewingDesk(places, tmp_path / "state", STORE, issues, clock)
    day, start = date(2026, 11, 20), time(22, 20)
    asyncio.run(viewings.ask(ViewingWish("김손님", "010", day, start, start, day), "owner"))
    desks = Desks(
        issues,
        InventoryDesk(inventory, journal, STORE.timezone),
        PastDesk(journal, clock, STORE.timezone),
        Law("강남 1호점", ("door",), 30, "홍길동", "02-000-0000", False, ""),
        viewings=viewings,
    )
    return serve(shop, door, desks)


def test_every_page_of_the_console_is_free_of_serious_findings(
    chromium: Any, console: Any, findings: Findings
):
    sized(chromium, 390, 844)
    chromium.open(f"{console.url}/login", "document.querySelector('form')")
    found = {"/login": findings(chromium)}
    console.sign_in(chromium)
    for page in PAGES:
        chromium.open(console.url + page, "document.querySelector('main, h1, h2')")
        found[page] = findings(chromium)
    assert {page: what for page, what in found.items() if what} == {}


@pytest.mark.parametrize(("width_px", "height_px"), [(390, 844), (1280, 800)])
def test_the_kiosk_is_free_of_serious_findings_in_each_of_its_states(
    chromium: Any,
    shop: Any,
    door: Any,
    serve: Any,
    findings: Findings,
    width_px: int,
    height_px: int,
):
    served = serve(shop, door)
    sized(chromium, width_px, height_px)
    chromium.open(f"{served.url}/kiosk", "document.querySelector('.tile')")
    found = findings(chromium)
    chromium.run("document.querySelector('.tile').click()")
    for opened in (
        "document.querySelector('.line .swap')",
        "document.getElementById('staff-open')",
    ):
        chromium.run(f"{opened}.click()")
        found += findings(chromium)
        chromium.run("document.querySelector('dialog[open]').close()")
    chromium.run("document.getElementById('pay').click()")
    chromium.until("document.getElementById('thanks').open")
    chromium.run("Promise.all(document.getAnimations().map((one) => one.finished))")
    assert found + findings(chromium) == []
