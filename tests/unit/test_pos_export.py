"""Exports of another maker's kiosk: read by the config's columns, each sale once, faults named."""

import asyncio
import io
import os
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from storeguard.books.posexport import Columns, read
from storeguard.clock import SystemClock
from storeguard.domain.product import Product
from storeguard.errors import BookMalformed, SaleRefused
from storeguard.health import Health
from storeguard.services.bridging import ExportRule, PosBridge

SEOUL = ZoneInfo("Asia/Seoul")
COLUMNS = Columns("판매일시", "수량", "상품명", "바코드", "영수증번호")
CSV = """매출 내역
영수증번호,판매일시,상품명,바코드,수량
0001,2026-11-20 22:21:04,바나나우유,8801115114154,2
0001,2026-11-20 22:21:04,메로나,,1
0002,2026-11-20 22:25:00,메로나,,-1
합계,,,,2
"""


def told(content: bytes, **more: Any) -> list[tuple[str, int, str]]:
    found = read(content, "a.csv", COLUMNS, SEOUL, **more)
    return [(one.name, one.count, f"{one.sold_at:%H:%M:%S%z}") for one in found]


def test_rows_below_the_header_are_sales_and_a_sum_is_none():
    expected = [
        ("바나나우유", 2, "22:21:04+0900"),
        ("메로나", 1, "22:21:04+0900"),
        ("메로나", -1, "22:25:00+0900"),
    ]
    assert told(CSV.encode()) == expected
    assert told(CSV.encode("cp949")) == expected
    assert told(b"\xef\xbb\xbf" + CSV.replace(",", ";").encode()) == expected
    assert told(CSV.encode(), barcodes={"8801115114154": "우유"})[0][0] == "우유"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CSV.replace("메로나", '"메로나', 1), "no readable CSV"),
        (CSV + "," * 300, "301 columns, expected at most 200"),
    ],
)
def test_a_csv_that_is_none_is_refused_in_one_line(content, said):
    with pytest.raises(BookMalformed, match=f"^a.csv: .*{said}") as refused:
        told(content.encode())
    assert "\n" not in str(refused.value)


def test_a_row_keeps_its_key_in_the_next_export_and_equal_rows_have_their_own():
    columns = Columns("판매일시", "수량", "상품명", None, None)
    row = "2026-11-20 22:21:04,콜라,1\n"
    head = "판매일시,상품명,수량\n"
    first = read((head + row * 2).encode(), "a.csv", columns, SEOUL)
    later = read(
        (head + row * 2 + "2026-11-20 23:00:00,생수,1\n").encode(), "b.csv", columns, SEOUL
    )
    assert len({one.key for one in first}) == 2
    assert [one.key for one in later][:2] == [one.key for one in first]


@pytest.mark.parametrize(
    ("typed", "time_format"),
    [
        ("2026/11/20 22:21:04", None),
        ("2026.11.20 22:21:04", None),
        ("20261120 222104", "%Y%m%d %H%M%S"),
    ],
)
def test_times_as_poses_write_them(typed: str, time_format: str | None):
    content = f"판매일시,상품명,수량\n{typed},콜라,1\n".encode()
    assert told(content, time_format=time_format) == [("콜라", 1, "22:21:04+0900")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("날짜,수량\n", "no row with the headers '판매일시' and '수량'"),
        ("판매일시,수량\n", "neither '상품명' nor '바코드'"),
        ("판매일시,상품명,수량\n어제,콜라,1\n", "a.csv:2 판매일시: got '어제'"),
        ("판매일시,상품명,수량\n2026-11-20 22:21:04,콜라,많이\n", "a.csv:2 수량: got '많이'"),
        ("판매일시,상품명,수량\n2026-11-20 22:21:04,콜라,0\n", "whole number"),
        ("판매일시,상품명,수량\n" + "x,y,1\n" * 50_001, "at most 50,000"),
    ],
)
def test_what_cannot_be_read_is_named(content: str, said: str):
    with pytest.raises(BookMalformed, match=said.replace("(", r"\(")):
        told(content.encode())


def workbook(rows: str, shared: str = "") -> bytes:
    packed = io.BytesIO()
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    with zipfile.ZipFile(packed, "w") as file:
        sheet = f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>"
        file.writestr("xl/worksheets/sheet1.xml", sheet)
        if shared:
            file.writestr("xl/sharedStrings.xml", f"<sst {space}>{shared}</sst>")
    return packed.getvalue()


HEADER = """<row><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c>
<c r="D1" t="inlineStr"><is><t>수량</t></is></c></row>"""
SHARED = "<si><t>판매일시</t></si><si><r><t>상품</t></r><r><t>명</t></r></si><si><t>콜라</t></si>"


def test_the_first_sheet_of_a_workbook_is_read():
    cells = '<c r="A2"><v>46346.9312962963</v></c><c r="C2" t="s"><v>2</v></c><c><v>3</v></c>'
    row = f"<row>{cells}</row>"
    assert told(workbook(HEADER + row, SHARED)) == [("콜라", 3, "22:21:04+0900")]


@pytest.mark.parametrize(
    "content",
    [
        b"PK nothing",
        workbook('<row><c r="ZZZ1"><v>1</v></c></row>'),
        workbook('<row><c r="B1"/><c r="A1"/></row>'),
        workbook('<!DOCTYPE a [<!ENTITY b "c">]>'),
        workbook('<row><c t="s"><v>7</v></c></row>', SHARED),
        workbook("<row>"),
    ],
)
def test_a_workbook_that_is_none_or_a_bomb_is_refused(content: bytes):
    with pytest.raises(BookMalformed, match="export it as CSV"):
        told(content)


AMOUNTS = Columns("거래일시", "수량", "상품명", None, None, "입금액")
BANK = """○○은행 입금 내역
거래일시,입금액,출금액,적요
2026-11-20 22:21:04,"4,800",0,홍*동
2026-11-20 22:25:00,1500원,,김*수
2026-11-20 22:25:00,1500,,김*수
2026-11-20 22:30:00,0,"300,000",임대료
2026-11-20 22:31:00,-1500,,취소
,7800,,
"""


def test_an_export_without_products_is_read_as_amounts():
    found = read(BANK.encode(), "a.csv", AMOUNTS, SEOUL)
    assert [(one.name, one.count, one.won) for one in found] == [
        ("", 0, 4800),
        ("", 0, 1500),
        ("", 0, 1500),
    ]
    assert f"{found[0].sold_at:%H:%M:%S%z}" == "22:21:04+0900"
    assert len({one.key for one in found}) == 3, "two who paid the same in one second are two"
    again = read(BANK.encode(), "b.csv", AMOUNTS, SEOUL)
    assert [one.key for one in again] == [one.key for one in found]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("거래일시,금액\n", "no row with the headers '거래일시' and '입금액'"),
        ("거래일시,입금액\n2026-11-20 22:21:04,많이\n", "a.csv:2 입금액: got '많이'"),
        ("거래일시,입금액\n어제,1500\n", "a.csv:2 거래일시: got '어제'"),
    ],
)
def test_an_amount_that_cannot_be_read_is_named(content: str, said: str):
    with pytest.raises(BookMalformed, match=said):
        read(content.encode(), "a.csv", AMOUNTS, SEOUL)


class Desk:
    def __init__(self) -> None:
        self.sold: dict[str, Any] = {}

    async def report_sale(self, basket: Any, key: str, source: str, sold_at: datetime) -> None:
        if basket[0][0] not in ("바나나우유", "메로나"):
            raise SaleRefused(f"'{basket[0][0]}'은(는) 없는 상품입니다.")
        self.sold.setdefault(key, basket[0])


class Sales:
    until: datetime | None = None

    def declare(self, name: str) -> None:
        pass

    def complete_until(self, name: str, at: datetime) -> None:
        self.until = at


class Bridge:
    def __init__(self, folder: Path, *, by_newest: bool = False) -> None:
        self.desk, self.sales, self.kiosk = Desk(), Sales(), Kiosk()
        rule = ExportRule(folder, COLUMNS, SEOUL, None, by_newest, timedelta(seconds=60))
        health = Health(SystemClock())
        self.bridge = PosBridge(rule, self.desk, self.kiosk, self.sales, health)  # type: ignore[arg-type]

    def look(self, times: int = 2) -> list[str]:
        for _ in range(times):
            asyncio.run(self.bridge.run_once())
        return list(self.bridge.problems)


class Kiosk:
    products: tuple[Product, ...] = (Product("바나나우유", 1500, 265.0, barcode="8801115114154"),)


def put(path: Path, text: str, at: datetime) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at.timestamp(), at.timestamp()))


AT = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def test_an_export_is_taken_once_it_holds_still_and_says_until_when_sales_are_complete(tmp_path):
    bridge, path = Bridge(tmp_path / "pos"), tmp_path / "pos" / "a.csv"
    assert bridge.look() == []
    put(path, CSV, AT)
    bridge.look(1)
    assert bridge.desk.sold == {}, "it may still be written"
    bridge.look()
    assert sorted(bridge.desk.sold.values()) == [("메로나", -1), ("메로나", 1), ("바나나우유", 2)]
    assert bridge.sales.until == AT - timedelta(seconds=60)
    put(tmp_path / "pos" / "b.csv", CSV, AT + timedelta(hours=1))
    bridge.look()
    assert len(bridge.desk.sold) == 3
    assert bridge.sales.until == AT + timedelta(minutes=59)


def test_by_the_newest_sale_an_export_is_complete_no_further(tmp_path):
    bridge = Bridge(tmp_path, by_newest=True)
    put(tmp_path / "a.csv", CSV, AT)
    bridge.look()
    assert bridge.sales.until == datetime(2026, 11, 20, 13, 24, tzinfo=UTC)


def test_a_product_that_nobody_knows_is_a_fault_until_it_is_mended(tmp_path):
    bridge, path = Bridge(tmp_path), tmp_path / "a.csv"
    put(path, CSV.replace("0002,2026-11-20 22:25:00,메로나", "0002,2026-11-20 22:25:00,메론"), AT)
    [problem] = bridge.look()
    assert problem == "a.csv:5: '메론'은(는) 없는 상품입니다."
    assert (len(bridge.desk.sold), bridge.sales.until) == (2, None)
    put(path, CSV, AT)
    assert bridge.look() == []
    assert len(bridge.desk.sold) == 3
    put(path, "", AT)
    assert "no row with the headers" in bridge.look()[0]
    path.unlink()
    assert bridge.look() == []
