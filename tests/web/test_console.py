"""The console's pages over a real journal, real issue folders and real CSVs."""

import hashlib
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from storeguard.books.decisions import AccessLog
from storeguard.books.journal import Journal, Sale
from storeguard.books.records import IssueRecords
from storeguard.clock import SystemClock
from storeguard.domain import reasons
from storeguard.domain.doubts import Doubt
from storeguard.domain.issue import Issue, IssueLine, IssueStep, IssueStore
from storeguard.domain.restock import WHO
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.messages import text
from storeguard.messages.reasons import sentences
from storeguard.outbox import stored
from storeguard.outbox.folder import seal
from storeguard.pastdesk import PastDesk
from storeguard.web.desks import Desks, Law
from storeguard.web.door import Door
from storeguard.web.past import bars
from storeguard.web.view import FaultRow

pytestmark = pytest.mark.anyio

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
ID = "2026-11-20_22-21-04.123456"
CSV = "상품명, 개수, 가격, 무게, 비고\n바나나우유,3,1500,265,냉장\n초코바,12,1200,52,\n"
LAW = Law("강남 1호점", ("door",), 30, "김점주", "02-000-0000", True, "ap-northeast-2")


class FakeBook:
    """A kiosk book in memory."""

    name = "kiosk"
    products: tuple[Any, ...] = ()

    def __init__(self) -> None:
        self.counts = {"바나나우유": 3}
        self.keys: set[str] = set()

    async def add(self, changes: Any, *, why: str, key: str | None = None) -> bool:
        if key in self.keys:
            return False
        self.keys.add(str(key))
        for product, count in changes.items():
            self.counts[product] += count
        return True


@pytest.fixture
def kiosk() -> FakeBook:
    return FakeBook()


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    journal = Journal.in_folder(tmp_path / "state", fsync=False)
    journal.open()
    yield journal
    journal.close()


def picture() -> bytes:
    noise = np.random.default_rng(7).integers(0, 255, (180, 320, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", noise)[1])


@pytest.fixture
def root(tmp_path: Path, journal: Journal) -> Path:
    """One sealed issue with picture, clip and reasons; a sale in its visit."""
    (tmp_path / "raw").mkdir()
    jpg, mp4 = tmp_path / "raw" / "best.jpg", tmp_path / "raw" / "a.mp4"
    jpg.write_bytes(picture())
    mp4.write_bytes(b"not really a clip")
    line = IssueLine("바나나우유", 3, 5, 2, 3000, 0.97)
    issue = Issue(
        ID,
        7,
        STORE,
        AT,
        True,
        AT - timedelta(minutes=2),
        AT - timedelta(seconds=20),
        (line,),
        {"ko": ("선반 A에서 바나나우유 2개가 나갔습니다.",), "en": ("Two left shelf A.",)},
        (IssueStep("A", AT - timedelta(minutes=1), -530.0, "clip-1.mp4", 12.5),),
    )
    seal(tmp_path / "issues", issue, jpg, [mp4], picture_time_label="22-20", fsync=False)
    IssueRecords(journal).record(issue, None)
    at = AT - timedelta(seconds=40)
    journal.record_sale(Sale("s", "s", "콜라", 1, 1800, at, "kiosk"))
    return tmp_path / "issues"


@pytest.fixture
def desks(root: Path, tmp_path: Path, journal: Journal, kiosk: FakeBook) -> Desks:
    inventory = tmp_path / "inventory"
    inventory.mkdir()
    for name in ("inventory_store.csv", "inventory_weight.csv"):
        (inventory / name).write_text(CSV, encoding="utf-8")
    clock = SystemClock()
    issues = IssueDesk(root, tmp_path / "state", STORE, journal, kiosk, clock)
    books = InventoryDesk(inventory, journal, STORE.timezone)
    return Desks(issues, books, PastDesk(journal, clock, STORE.timezone), LAW)


@pytest.fixture
async def owner(signed_in: Any, shop: Any, desks: Desks) -> Any:
    shop.folder = desks.issues._root  # type: ignore[attr-defined]
    return await signed_in(desks)


OWNERS = (
    "/issues",
    f"/issues/{ID}",
    f"/issues/{ID}/clip-1.mp4",
    "/inventory",
    "/inventory/kiosk.csv",
    "/inventory/history?product=a",
    "/visits",
    "/days",
    "/settings",
    "/settings/sign",
    "/settings/policy",
    "/people",
)


@pytest.mark.parametrize("language", ["ko", "en"])
async def test_every_page_renders_in_both_languages(
    owner: httpx.AsyncClient, shop: Any, language: str
):
    shop.language = language
    for path in (*OWNERS, "/devices", "/"):
        answer = await owner.get(path)
        assert answer.status_code == 200, path
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", answer.text), path


async def test_the_devices_page_says_what_the_first_page_says_of_them(
    owner: httpx.AsyncClient, shop: Any
):
    well = text("ko", "owner.no_faults")
    assert well in (await owner.get("/devices")).text
    clock = FaultRow("clock", "시각을 아직 확인하지 못했습니다", "", "시계", "T401")
    shop.now = replace(shop.now, remarks=(clock,))
    page = (await owner.get("/devices")).text
    assert clock.why in page
    assert well not in page


async def test_a_visit_says_why_it_needs_a_look(owner: httpx.AsyncClient, journal: Journal):
    doubt = Doubt("failed", "<바나나우유>", "A", 20.0)
    why = reasons.stored([reasons.Reason("failed", doubt.product, 0, doubt=doubt)], lambda _: AT)
    journal.open_visit("v1", AT, ())
    said = {"unverified": [doubt.product], "reasons": why}
    journal.close_visit("v1", AT, AT, said)
    page = (await owner.get("/visits")).text
    [sentence] = sentences("ko", why, STORE.timezone)
    assert f'<ul class="why"><li>{escape(sentence)}</li></ul>' in page


async def test_staff_opens_no_page_of_the_owner_and_changes_nothing(
    signed_in: Any, desks: Desks, root: Path
):
    staff = await signed_in(desks, "staff")
    for path in OWNERS:
        assert (await staff.get(path)).status_code == 403, path
    for path in (f"/issues/{ID}/act", f"/issues/{ID}/export", "/inventory", "/people"):
        answer = await staff.post(path, data={"action": "delete", "reason": "x"})
        assert answer.status_code == 403, path
    assert (await staff.get("/devices")).status_code == 200
    assert (root / ID).is_dir()


# ---- issues


async def test_the_album_finds_by_product_and_state(owner: httpx.AsyncClient):
    for query, is_there in (
        ("", True),
        ("?product=바나나", True),
        ("?product=메로나", False),
        ("?product=%25", False),
        ("?state=open", True),
        ("?state=confirmed", False),
        ("?page=2", False),
    ):
        page = (await owner.get(f"/issues{query}")).text
        assert (f'href="/issues/{ID}"' in page) is is_there, query


async def test_an_issue_says_what_when_why_and_starts_the_clip_at_the_step(
    owner: httpx.AsyncClient,
):
    page = (await owner.get(f"/issues/{ID}")).text
    assert "바나나우유 2개" in page
    assert "3,000원" in page
    assert "97 %" in page
    assert "선반 A에서 바나나우유 2개가 나갔습니다." in page
    assert f'src="/issues/{ID}/clip-1.mp4#t=12.5"' in page
    assert "콜라" in page
    assert (await owner.get("/issues/2026-01-01_00-00-00.000000")).status_code == 404


async def test_the_owner_confirms_dismisses_with_a_reason_and_looks_again(
    owner: httpx.AsyncClient,
):
    act = f"/issues/{ID}/act"
    assert (await owner.post(act, data={"action": "confirm"})).status_code == 303
    assert f'href="/issues/{ID}"' in (await owner.get("/issues?state=confirmed")).text
    await owner.post(act, data={"action": "reopen"})
    assert (await owner.post(act, data={"action": "dismiss"})).status_code == 422
    assert (await owner.post(act, data={"action": "steal"})).status_code == 422
    await owner.post(act, data={"action": "dismiss", "reason": "직원이 옮김"})
    assert "직원이 옮김" in (await owner.get(f"/issues/{ID}")).text
    assert f'href="/issues/{ID}"' not in (await owner.get("/issues?state=open")).text


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("who", WHO)
async def test_a_visit_of_our_own_is_dismissed_with_one_press_and_the_books_stay(
    owner: httpx.AsyncClient, kiosk: FakeBook, shop: Any, who: str, language: str
):
    shop.language = language
    theirs = text(language, f"issue.theirs.{who}")
    button = f'name="reason" value="{theirs}">{theirs}</button>'
    assert button in (await owner.get(f"/issues/{ID}")).text
    for _ in range(2):
        await owner.post(f"/issues/{ID}/act", data={"action": "dismiss", "reason": theirs})
    page = (await owner.get(f"/issues/{ID}")).text
    assert f"owner: {theirs}" in page
    assert button not in page, "what is closed is opened again first"
    assert f'href="/issues/{ID}"' in (await owner.get("/issues?state=dismissed")).text
    assert kiosk.counts == {"바나나우유": 3}


async def test_the_stock_correction_is_undone_once(owner: httpx.AsyncClient, kiosk: FakeBook):
    for _ in range(2):
        await owner.post(f"/issues/{ID}/act", data={"action": "undo"})
    assert kiosk.counts == {"바나나우유": 5}


@pytest.mark.parametrize(("language", "word"), [("ko", "취소됨"), ("en", "Withdrawn")])
async def test_a_withdrawn_issue_costs_nothing_and_there_is_nothing_to_undo(
    owner: httpx.AsyncClient, shop: Any, journal: Journal, kiosk: FakeBook, language: str, word: str
):
    shop.language = language
    assert 'value="undo"' in (await owner.get(f"/issues/{ID}")).text
    assert journal.settle_issue(ID, {})
    assert not journal.settle_issue(ID, {}), "once"
    album, one = [(await owner.get(path)).text for path in ("/issues", f"/issues/{ID}")]
    for page in (album, one):
        assert f'<span class="chip withdrawn">{word}</span>' in page
        assert "3,000" not in page
    assert 'value="undo"' not in one
    await owner.post(f"/issues/{ID}/act", data={"action": "undo"})
    assert kiosk.counts == {"바나나우유": 3}
    assert f'href="/issues/{ID}"' in (await owner.get("/issues?state=withdrawn")).text


async def test_what_is_held_is_not_deleted_until_it_is_released(
    owner: httpx.AsyncClient, root: Path
):
    act = f"/issues/{ID}/act"
    assert (await owner.post(act, data={"action": "hold", "reason": "경찰"})).status_code == 422
    await owner.post(act, data={"action": "hold", "reason": "경찰", "until": "2099-01-31"})
    assert stored.is_held(root / ID, AT)
    delete = {"action": "delete", "reason": "끝"}
    assert (await owner.post(act, data=delete)).status_code == 409
    assert (root / ID).is_dir()
    await owner.post(act, data={"action": "release"})
    assert (await owner.post(act, data=delete)).headers["location"] == "/issues"
    assert not (root / ID).exists()
    assert f'href="/issues/{ID}"' not in (await owner.get("/issues")).text


async def test_a_hold_ends_by_itself_when_its_last_day_is_over(
    owner: httpx.AsyncClient, root: Path
):
    hold = {"action": "hold", "reason": "경찰", "until": "2026-11-21"}
    await owner.post(f"/issues/{ID}/act", data=hold)
    assert stored.is_held(root / ID, AT)
    assert not stored.is_held(root / ID, AT + timedelta(days=3))
    page = (await owner.get(f"/issues/{ID}")).text
    assert "2026-11-21" not in page.partition("열람")[0]
    delete = {"action": "delete", "reason": "끝"}
    assert (await owner.post(f"/issues/{ID}/act", data=delete)).status_code == 303


async def exported(owner: httpx.AsyncClient, reason: str) -> zipfile.ZipFile:
    answer = await owner.post(f"/issues/{ID}/export", data={"reason": reason})
    assert answer.headers["content-type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.content))


async def test_an_export_is_blurred_unless_a_reason_is_given_and_its_sums_hold(
    owner: httpx.AsyncClient, root: Path
):
    original = (root / ID / "22-20.jpg").read_bytes()
    for reason, is_plain in (("", False), ("경찰 제출", True)):
        archive = await exported(owner, reason)
        sums = archive.read("SHA256SUMS.txt").decode().splitlines()
        assert len(sums) == len(archive.namelist()) - 1
        for line in sums:
            digest, name = line.split("  ", 1)
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest
        assert ("evidence/clip-1.mp4" in archive.namelist()) is is_plain
        assert (archive.read("evidence/22-20.jpg") == original) is is_plain
        assert "바나나우유 2개" in archive.read("summary.html").decode()
    coarse = np.frombuffer((await exported(owner, "")).read("evidence/22-20.jpg"), np.uint8)
    image = cv2.imdecode(coarse, cv2.IMREAD_COLOR)
    assert image.shape == (180, 320, 3)
    assert image[3:7, 3:7].std(axis=(0, 1)).max() < 10, "one block is one colour"
    assert "경찰 제출" in (await exported(owner, "")).read("access-log.txt").decode()


async def test_every_look_is_one_line_and_none_can_be_taken_out(
    owner: httpx.AsyncClient, tmp_path: Path
):
    await owner.get(f"/issues/{ID}")
    await owner.get(f"/issues/{ID}/clip-1.mp4", headers={"range": "bytes=0-"})
    await owner.get(f"/issues/{ID}/clip-1.mp4", headers={"range": "bytes=5-"})
    await owner.post(f"/issues/{ID}/act", data={"action": "confirm"})
    log = AccessLog(tmp_path / "state")
    assert [one.what for one in log.newest(10)] == ["confirm", "play", "view"]
    assert {one.who for one in log.newest(10)} == {"owner"}
    assert log.first_broken() is None
    path = tmp_path / "state" / "access.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join((lines[0], lines[2])) + "\n")
    assert log.first_broken() == 2
    path.write_text("\n".join((lines[0].replace("owner", "nobody"), *lines[1:])) + "\n")
    assert log.first_broken() == 1


# ---- the books


def fields(**cells: str) -> dict[str, Any]:
    return {"book": "kiosk", "name": "바나나우유", "price": "1500", "weight": "265"} | cells


async def test_an_edit_is_an_edit_of_the_csv_and_leaves_the_rest_of_it(
    owner: httpx.AsyncClient, tmp_path: Path
):
    answer = await owner.post("/inventory", data=fields(count="7", price="1,600"))
    assert answer.headers["location"] == "/inventory?book=kiosk&saved=1"
    text = (tmp_path / "inventory" / "inventory_store.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0] == "상품명, 개수, 가격, 무게, 비고"
    assert text.splitlines()[1] == '바나나우유,7,"1,600",265,냉장'
    assert text.splitlines()[2].startswith("초코바,12,1200,52")
    page = (await owner.get("/inventory")).text
    assert 'value="7"' in page
    assert 'value="1600"' in page


@pytest.mark.parametrize("count", ["-1", "세 개", "1e9", "", "9999999"])
async def test_a_wrong_cell_is_named_and_nothing_is_written(
    owner: httpx.AsyncClient, tmp_path: Path, count: str
):
    answer = await owner.post("/inventory", data=fields(count=count))
    assert answer.status_code == 422
    assert "inventory_store.csv" in answer.text
    assert "개수" in answer.text
    assert (tmp_path / "inventory" / "inventory_store.csv").read_text(encoding="utf-8") == CSV


async def test_the_inventory_says_whether_restock_mode_is_on_and_where_it_is_switched(
    owner: httpx.AsyncClient, shop: Any
):
    for who, said in ((None, "stock.restock_on"), ("cleaner", "stock.restock_off")):
        await shop.mark(who)
        page = (await owner.get("/inventory")).text
        assert f'<a href="/#restock">{text("ko", said)}</a>' in page
        assert (text("ko", "stock.restocking") in page) is (who is not None)


async def test_a_csv_goes_out_and_comes_in_as_it_is(owner: httpx.AsyncClient, tmp_path: Path):
    assert (await owner.get("/inventory/kiosk.csv")).text == CSV
    excel = CSV.replace("\n", "\r\n").replace("12", "11").encode("cp949")
    answer = await owner.post("/inventory/import?book=shelf", content=excel)
    assert answer.status_code == 303
    assert (tmp_path / "inventory" / "inventory_weight.csv").read_bytes() == excel
    torn = await owner.post("/inventory/import?book=shelf", content=excel[:44])
    assert torn.status_code == 422
    assert (tmp_path / "inventory" / "inventory_weight.csv").read_bytes() == excel


# ---- people, days, law


async def test_the_owner_adds_staff_and_the_last_owner_stays(owner: httpx.AsyncClient, door: Door):
    staff = {"name": "kim", "password": "short", "role": "staff"}
    weak = await owner.post("/people", data=staff)
    assert weak.status_code == 422
    assert "12~128자" in weak.text
    await owner.post("/people", data={**staff, "password": "four words in a row"})
    assert [(one.name, one.role) for one in door.accounts] == [
        ("owner", "owner"),
        ("kim", "staff"),
    ]
    assert (await owner.post("/people", data={**staff, "role": "king"})).status_code == 422
    assert (await owner.post("/people/remove", data={"name": "owner"})).status_code == 409
    await owner.post("/people/remove", data={"name": "kim"})
    assert len(door.accounts) == 1


def test_the_highest_bar_fills_the_chart():
    shown = bars([("11-01", 0), ("11-02", 5), ("11-03", 10)])
    assert [bar.height for bar in shown] == [0.0, 60.0, 120.0]
    assert all(bar.y + bar.height == 120.0 for bar in shown)
    assert [bar.height for bar in bars([("11-01", 0)])] == [0.0]


async def test_the_sign_says_what_the_law_asks_for(owner: httpx.AsyncClient):
    sign = (await owner.get("/settings/sign")).text
    for word in ("설치 목적", "범죄의 예방", "door", "24시간", "30일", "김점주", "02-000-0000"):
        assert word in sign, word
    assert "소리를 녹음하지 않고" in sign
    policy = (await owner.get("/settings/policy")).text
    assert len(re.findall("<h2>", policy)) == 8
    assert "10일 안에" in policy
    assert "ap-northeast-2" in policy
