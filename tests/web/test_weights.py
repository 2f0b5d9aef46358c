"""Unit weights that were learnt: offered on the inventory's page, written only when asked for."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from storeguard.books.journal import Journal
from storeguard.books.records import LEARNT, LearntFile
from storeguard.clock import SystemClock
from storeguard.domain.issue import IssueStore
from storeguard.domain.learning import Learnt
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.pastdesk import PastDesk
from storeguard.web.desks import Desks, Law
from storeguard.weightdesk import WeightDesk

pytestmark = pytest.mark.anyio

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
CSV = (
    "상품명, 개수, 가격, 무게, 비고, 허용오차\r\n"
    '초코바,12,"1,200",52,계산대 옆,\r\n'
    "바나나우유, 3,1500, 95 ,냉장, 2.5\r\n"
)
TAKEN = CSV.replace(" 95 ", " 97.2 ").replace(" 2.5", " 1.1")
WITHOUT = "상품명, 개수, 가격, 무게\n초코바,12,1200,52\n바나나우유,3,1500,95\n"
MILK = {"product": "바나나우유", "unit_g": "97.2"}


def learnt(mean_g: float = 97.2, spread_g: float = 1.1) -> Learnt:
    return Learnt(60, mean_g, 59 * spread_g**2, 95.0)


class Shop:
    """One shop's folder with its inventory, and what has been learnt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "inventory" / "inventory_store.csv"
        self.path.parent.mkdir()
        (folder / "state").mkdir()
        self.journal = Journal.in_folder(folder / "state", fsync=False)
        self.journal.open()
        self.write(CSV, "cp949")
        self.learn(바나나우유=learnt(), 초코바=Learnt(60, 52.1, 40.0, 52.0))
        clock = SystemClock()
        self.issues = IssueDesk(
            folder / "issues", folder / "state", STORE, self.journal, None, clock  # type: ignore[arg-type]
        )  # fmt: skip
        self.desks = Desks(
            self.issues,
            InventoryDesk(self.path.parent, self.journal, STORE.timezone),
            PastDesk(self.journal, clock, STORE.timezone),
            Law("강남 1호점", ("door",), 30, "김점주", "02-000-0000", False, ""),
            weights=WeightDesk(self.path.parent, folder / "state"),
        )

    def write(self, text: str, encoding: str = "utf-8") -> None:
        self.path.write_bytes(text.encode(encoding))
        self.path.with_name("inventory_weight.csv").write_bytes(text.encode(encoding))

    def learn(self, **units: Learnt) -> None:
        LearntFile(self.folder / "state" / LEARNT).save(units)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Shop]:
    kept = Shop(tmp_path)
    yield kept
    kept.journal.close()


@pytest.fixture
async def owner(signed_in: Any, kept: Shop) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await signed_in(kept.desks)
    return client


async def offered(owner: httpx.AsyncClient) -> list[str]:
    """The products whose weight is asked about."""
    page = (await owner.get("/inventory")).text
    return re.findall(r'name="product" value="([^"]+)"', page)


async def test_a_weight_that_does_not_fit_is_asked_about_and_nothing_is_written(
    owner: httpx.AsyncClient, kept: Shop
):
    page = (await owner.get("/inventory")).text
    assert await offered(owner) == ["바나나우유"], "the chocolate bar weighs what is written"
    for words in ("95\u00a0g", "97.2\u00a0g", "60번", "1.1\u00a0g"):
        assert words in page
    assert "상품 1개의 잰 무게" in (await owner.get("/")).text
    assert kept.path.read_bytes() == CSV.encode("cp949")


async def test_it_is_asked_about_in_the_stores_language(owner: httpx.AsyncClient, shop: Any):
    shop.language = "en"
    page = (await owner.get("/inventory")).text
    assert "Weighed 60 times" in page
    assert "Write it down" in page


async def test_a_weight_that_is_taken_is_an_edit_of_two_cells(owner: httpx.AsyncClient, kept: Shop):
    answer = await owner.post("/inventory/weight", data={**MILK, "answer": "take"})
    assert answer.headers["location"] == "/inventory?book=kiosk&saved=1"
    assert kept.path.read_bytes() == TAKEN.encode("cp949"), "all else is as it was typed"
    assert await offered(owner) == []
    assert "잰 무게가" not in (await owner.get("/")).text
    assert [(one.what, one.thing) for one in kept.issues.accesses(5)] == [("books", "kiosk")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            WITHOUT,
            "상품명, 개수, 가격, 무게, 허용오차\n초코바,12,1200,52,\n바나나우유,3,1500,97.2,1.1\n",
        ),
        (
            "name,count,price,weight\nx,1,2,3\n바나나우유,3,1500,95",
            "name,count,price,weight,tolerance\nx,1,2,3,\n바나나우유,3,1500,97.2,1.1",
        ),
        (
            "상품명, 개수, 가격, 무게\n바나나우유, 3, 1500, 95\n",
            "상품명, 개수, 가격, 무게, 허용오차\n바나나우유, 3, 1500, 97.2, 1.1\n",
        ),
    ],
)
async def test_a_file_without_tolerances_gets_a_column_for_them(
    owner: httpx.AsyncClient, kept: Shop, before: str, after: str
):
    kept.write(before)
    await owner.post("/inventory/weight", data={**MILK, "answer": "take"})
    assert kept.path.read_text("utf-8") == after
    assert await offered(owner) == []


async def test_not_now_is_not_asked_again_until_the_weight_moves_on(
    owner: httpx.AsyncClient, kept: Shop
):
    answer = await owner.post("/inventory/weight", data={**MILK, "answer": "decline"})
    page = await owner.get(answer.headers["location"])
    assert "다시 묻습니다" in page.text
    assert await offered(owner) == []
    assert kept.path.read_bytes() == CSV.encode("cp949")
    kept.learn(바나나우유=learnt(97.4))
    assert await offered(owner) == []
    kept.learn(바나나우유=learnt(98.2))
    assert await offered(owner) == ["바나나우유"]


@pytest.mark.parametrize("answer", ["take", "decline"])
async def test_what_has_changed_since_it_was_shown_is_not_answered(
    owner: httpx.AsyncClient, kept: Shop, answer: str
):
    kept.learn(바나나우유=learnt(98.2))
    said = await owner.post("/inventory/weight", data={**MILK, "answer": answer})
    assert said.status_code == 409
    assert "다시 보아 주세요" in said.text
    assert await offered(owner) == ["바나나우유"]
    assert kept.path.read_bytes() == CSV.encode("cp949")


async def test_a_file_that_cannot_be_read_is_left_alone(owner: httpx.AsyncClient, kept: Shop):
    torn = CSV.replace("1500", "천오백")
    kept.write(torn)
    said = await owner.post("/inventory/weight", data={**MILK, "answer": "take"})
    assert said.status_code == 409
    assert "천오백" in (await owner.get("/inventory")).text
    assert (await owner.get("/")).status_code == 200
    assert kept.path.read_text("utf-8") == torn.replace("\r\n", "\n")


@pytest.mark.parametrize(
    "data", [{**MILK, "answer": "both"}, {**MILK, "unit_g": "x", "answer": "take"}, {}]
)
async def test_nonsense_is_refused(owner: httpx.AsyncClient, data: dict[str, str]):
    assert (await owner.post("/inventory/weight", data=data)).status_code == 422


async def test_staff_answers_nothing(signed_in: Any, kept: Shop):
    staff = await signed_in(kept.desks, "staff")
    said = await staff.post("/inventory/weight", data={**MILK, "answer": "take"})
    assert said.status_code == 403
    assert kept.path.read_bytes() == CSV.encode("cp949")
    assert "잰 무게가" not in (await staff.get("/")).text


@pytest.mark.parametrize("width_px", [390, 1280])
def test_in_a_browser_it_is_one_press(
    chromium: Any,
    shop: Any,
    door: Any,
    serve: Any,
    findings: Any,
    kept: Shop,
    width_px: int,
):
    served = serve(shop, door, kept.desks)
    chromium.resize(width_px, 844)
    served.sign_in(chromium)
    chromium.open(f"{served.url}/inventory", "document.querySelector('#weights button')")
    assert findings(chromium) == []
    assert chromium.run("document.documentElement.scrollWidth") <= width_px
    chromium.run("document.querySelector('#weights [value=take]').click()")
    chromium.until("document.querySelector('.done') && !document.getElementById('weights')")
    assert kept.path.read_bytes() == TAKEN.encode("cp949")
