"""Inventories that go out to a spreadsheet and come in again: nothing in them is a formula."""

import csv
import io
import itertools
from pathlib import Path
from typing import Any

import httpx
import pytest

from storeguard.books import csvfile
from storeguard.books.journal import Journal
from storeguard.books.spreadsheet import made_safe, taken_back
from storeguard.clock import SystemClock
from storeguard.domain.issue import IssueStore
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.pastdesk import PastDesk
from storeguard.web.app import build
from storeguard.web.desks import Desks, Law
from storeguard.web.door import Door

HEADER = "상품명, 개수, 가격, 무게, 비고"
SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
NAMES = ('HYPERLINK("http://x/?"&A1,"보기")', "cmd|' /C calc'!A0", "1+1", "SUM(1,2)", "초코바 50%")
LEADS = ("", "'", "''", " ", "' ")
RUN = tuple("".join(parts) for parts in itertools.product(LEADS, SIGNS, NAMES))
HARMLESS = ("바나나우유", "'90 콜라", "콜라-제로", "3+1 우유", "''", "it's", '"인용"')


def book_of(names: tuple[str, ...], newline: str = "\n") -> str:
    """Each name as a product's and as the remark of the next one, quoted as Excel does."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=newline)
    text.write(HEADER + newline)
    for at, name in enumerate(names):
        writer.writerow([f"{name} {at}", at, 1500, 265, names[at - 1]])
    return text.getvalue()


def cells_of(content: bytes, encoding: str) -> list[str]:
    read = csv.reader(io.StringIO(content.decode(encoding), newline=""))
    return list(itertools.chain.from_iterable(read))


@pytest.mark.parametrize(("encoding", "newline"), [("utf-8", "\n"), ("cp949", "\r\n")])
def test_no_cell_of_a_download_is_a_formula(encoding: str, newline: str):
    assert len(RUN) == 200
    book = book_of((*RUN, *HARMLESS), newline).encode(encoding)
    shown = made_safe(book)
    assert not [one for one in cells_of(shown, encoding) if one.strip().startswith((*SIGNS, "\t"))]
    assert taken_back(shown) == book
    names = [row.name for row in csvfile.read(book, "x.csv").rows]
    assert [row.name for row in csvfile.read(taken_back(shown), "x.csv").rows] == names
    excel = "\r\n".join(_quoted(row) for row in csv.reader(io.StringIO(shown.decode(encoding))))
    again = csvfile.read(taken_back(f"{excel}\r\n".encode("utf-8-sig")), "x.csv")
    assert [row.name for row in again.rows] == names


def _quoted(cells: list[str]) -> str:
    return ",".join('"{}"'.format(cell.replace('"', '""')) for cell in cells)


def test_what_is_no_formula_goes_out_byte_for_byte():
    book = book_of(HARMLESS).encode("utf-8-sig")
    assert made_safe(book) == book
    assert taken_back(book) == book


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe=\x001\x00", b'\xb9\xff,"=1', b'"=1+1'], ids=repr
)
def test_what_is_no_book_comes_back_as_it_was(content: bytes):
    assert taken_back(made_safe(content)) == content


@pytest.mark.anyio
async def test_a_download_that_is_imported_again_gives_the_same_names(
    shop: Any, door: Door, tmp_path: Path
):
    kiosk: Any = None  # no issue is undone here
    path = tmp_path / "inventory" / "inventory_store.csv"
    path.parent.mkdir()
    book = book_of(RUN).encode()
    path.write_bytes(book)
    journal = Journal.in_folder(tmp_path / "state", fsync=False)
    journal.open()
    store, clock = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul"), SystemClock()
    desks = Desks(
        IssueDesk(tmp_path / "issues", tmp_path / "state", store, journal, kiosk, clock),
        InventoryDesk(path.parent, journal, store.timezone),
        PastDesk(journal, clock, store.timezone),
        Law("강남 1호점", ("door",), 30, "", "", False, ""),
    )
    transport = httpx.ASGITransport(app=build(shop, door, lambda: 0.0, desks=desks))
    headers = {"authorization": f"Bearer {door.machine_token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://shop", headers=headers
    ) as client:
        given = (await client.get("/inventory/kiosk.csv")).content
        assert path.read_bytes() == book, "the owner's own file is not touched"
        assert b"'=1+1" in given
        path.write_bytes(book_of(("콜라",)).encode())
        answer = await client.post("/inventory/import?book=kiosk", content=given)
        assert answer.status_code == 303, answer.text
        assert path.read_bytes() == book
    journal.close()
