"""What an owner does in a real browser, over a real journal, a real clip and real CSVs."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from storeguard.books.journal import Journal
from storeguard.books.records import IssueRecords
from storeguard.clock import SystemClock
from storeguard.domain.issue import Issue, IssueLine, IssueStep, IssueStore
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.outbox.folder import seal
from storeguard.pastdesk import PastDesk
from storeguard.web.desks import Desks, Law
from storeguard.web.door import Door

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
ID = "2026-11-20_22-21-04.123456"
CSV = "상품명, 개수, 가격, 무게\n바나나우유,3,1500,265\n"
STEP_S = 3.0


class NoBook:
    name = "kiosk"
    products: tuple[Any, ...] = ()

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    async def add(self, _changes: Any, *, why: str, key: str | None = None) -> bool:
        return False


def film(path: Path) -> None:
    """Six seconds of H.264, ten small pictures a second, each with its number."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(60):
            image = np.full((96, 160, 3), 40 + number, np.uint8)
            cv2.putText(image, str(number), (40, 60), cv2.FONT_HERSHEY_PLAIN, 3, (255, 255, 255))
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)


def text_of(selector: str) -> str:
    return f"document.querySelector({selector!r}).textContent"


class Console:
    """The console over one shop's folder; issues are sealed while it is open."""

    def __init__(self, shop: Any, door: Door, folder: Path, serve: Any) -> None:
        self.folder = folder
        self.journal = Journal.in_folder(folder / "state", fsync=False)
        self.journal.open()
        (folder / "inventory").mkdir()
        for name in ("inventory_store.csv", "inventory_weight.csv"):
            (folder / "inventory" / name).write_text(CSV, encoding="utf-8")
        shop.folder = folder / "issues"
        clock = SystemClock()
        desks = Desks(
            IssueDesk(shop.folder, folder / "state", STORE, self.journal, NoBook(), clock),
            InventoryDesk(folder / "inventory", self.journal, STORE.timezone),
            PastDesk(self.journal, clock, STORE.timezone),
            Law("강남 1호점", ("door",), 30, "", "", False, ""),
        )
        self.served = serve(shop, door, desks)
        self.url = self.served.url

    def seal_issue(self) -> None:
        jpg, mp4 = self.folder / "best.jpg", self.folder / "a.mp4"
        jpg.write_bytes(bytes(cv2.imencode(".jpg", np.zeros((96, 160, 3), np.uint8))[1]))
        film(mp4)
        issue = Issue(
            ID,
            7,
            STORE,
            AT,
            True,
            AT - timedelta(minutes=2),
            AT - timedelta(seconds=20),
            (IssueLine("바나나우유", 3, 5, 2, 3000, 0.97),),
            {"ko": ("선반 A에서 바나나우유 2개가 나갔습니다.",), "en": ()},
            (IssueStep("A", AT - timedelta(minutes=1), -530.0, "clip-1.mp4", STEP_S),),
        )
        seal(self.folder / "issues", issue, jpg, [mp4], picture_time_label="22-20", fsync=False)
        IssueRecords(self.journal).record(issue, None)
        self.served.announce()


@pytest.fixture
def console(shop: Any, door: Door, tmp_path: Path, serve: Any) -> Iterator[Console]:
    console = Console(shop, door, tmp_path / "shop", serve)
    yield console
    console.served.close()
    console.journal.close()


def test_an_issue_appears_is_watched_at_its_step_confirmed_and_exported(
    chromium: Any, console: Console
):
    console.served.sign_in(chromium)
    chromium.open(f"{console.url}/issues", "document.querySelector('#album .well')")
    chromium.run("window.isSamePage = true")
    chromium.until("performance.getEntriesByName(location.href).length > 1")
    console.seal_issue()
    chromium.until("document.querySelector('.card a')")
    assert chromium.run("window.isSamePage") is True, "without a reload"
    assert "바나나우유 2개" in chromium.run(text_of(".card"))

    chromium.open(f"{console.url}/issues/{ID}", "document.getElementById('clip').readyState >= 2")
    assert chromium.run("document.getElementById('clip').currentTime") == pytest.approx(
        STEP_S, abs=0.2
    )
    chromium.run("document.querySelector('[data-clip]').click()")
    chromium.until("!document.getElementById('clip').paused")
    chromium.until(f"document.getElementById('clip').currentTime > {STEP_S - 1 + 0.3}")

    chromium.run("document.getElementById('confirm').click()")
    chromium.until(f"{text_of('.said .chip')} === '확인함'")
    exported = chromium.run(
        """(async () => {
            const form = document.querySelector('#export form');
            const answer = await fetch(form.action, {
                method: 'POST', body: new URLSearchParams(new FormData(form)) });
            return [...new Uint8Array(await answer.arrayBuffer())];
        })()"""
    )
    archive = zipfile.ZipFile(io.BytesIO(bytes(exported)))
    assert {"summary.html", "SHA256SUMS.txt", "access-log.txt"} <= set(archive.namelist())


def test_an_edit_on_disk_and_one_on_the_page_meet_in_the_same_file(chromium: Any, console: Console):
    console.served.sign_in(chromium)
    count = "document.querySelector('input[name=count]')"
    chromium.open(f"{console.url}/inventory", f"{count}.value === '3'")
    chromium.until("performance.getEntriesByName(location.href).length > 1")
    path = console.folder / "inventory" / "inventory_store.csv"
    path.write_text(CSV.replace(",3,", ",8,"), encoding="utf-8")
    console.served.announce()
    chromium.until(f"{count}.value === '8'")
    chromium.run(f"{count}.value = '6'; document.querySelector('#book form').requestSubmit()")
    chromium.until("location.search.includes('saved')")
    assert "바나나우유,6,1500,265" in path.read_text(encoding="utf-8")


def test_six_wrong_passwords_in_the_browser_end_in_a_wait(chromium: Any, console: Console):
    console.served.wait_for(
        console.served.door.set_account("owner", "correct horse battery", "owner")
    )
    for _ in range(6):
        chromium.open(f"{console.url}/login", "document.getElementById('password')")
        chromium.run(
            """document.getElementById('name').value = 'owner';
            document.getElementById('password').value = 'something else';
            document.querySelector('form').requestSubmit()"""
        )
        chromium.until("document.querySelector('.refusal')")
    assert "여러 번 틀렸습니다" in chromium.run(text_of(".refusal"))
