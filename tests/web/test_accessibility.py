"""axe-core over every page: no serious finding, on a phone and on the kiosk's tablet."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from storeguard.books.journal import IssueRecord, Journal
from storeguard.clock import SystemClock
from storeguard.domain.issue import IssueStore
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.pastdesk import PastDesk
from storeguard.web.desks import Desks, Law
from storeguard.web.rendering import TABS

AXE = (resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
ID = "2026-11-20_22-21-04.123456"
LINE = {"product": "바나나우유", "missing": 2, "loss": 3000, "certainty": 0.97}
CSV = "상품명, 개수, 가격, 무게\n바나나우유,3,1500,265\n"
PAGES = (*(tab.path for tab in TABS), f"/issues/{ID}", "/password", "/inventory/history?product=x")


def findings(chromium: Any) -> list[str]:
    """Serious and critical ones, each with the first thing that has it."""
    chromium.run(f"{AXE}; undefined")
    found = chromium.run("axe.run().then((result) => JSON.stringify(result.violations))")
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:120]}"
        for one in json.loads(found)
        if one["impact"] in ("serious", "critical")
    ]


def sized(chromium: Any, width_px: int, height_px: int) -> None:
    size = {"width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": False}
    chromium.call("Emulation.setDeviceMetricsOverride", **size)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.in_folder(tmp_path / "journal", fsync=False)
    journal.open()
    journal.record_issue(IssueRecord(ID, datetime(2026, 11, 20, 13, tzinfo=UTC), None, (LINE,)))
    yield journal
    journal.close()


@pytest.fixture
def console(shop: Any, door: Any, serve: Any, journal: Journal, tmp_path: Path) -> Any:
    inventory, clock = tmp_path / "inventory", SystemClock()
    inventory.mkdir()
    (tmp_path / "state").mkdir()
    for name in ("inventory_store.csv", "inventory_weight.csv"):
        (inventory / name).write_text(CSV, encoding="utf-8")
    desks = Desks(
        IssueDesk(tmp_path / "issues", tmp_path / "state", STORE, journal, None, clock),  # type: ignore[arg-type]
        InventoryDesk(inventory, journal, STORE.timezone),
        PastDesk(journal, clock, STORE.timezone),
        Law("강남 1호점", ("door",), 30, "홍길동", "02-000-0000", False, ""),
    )
    return serve(shop, door, desks)


def test_every_page_of_the_console_is_free_of_serious_findings(chromium: Any, console: Any):
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
    chromium: Any, shop: Any, door: Any, serve: Any, width_px: int, height_px: int
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
