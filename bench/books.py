"""What one sale costs on disk: journal commit, CSV and text log, all durable.

`python bench/books.py [--rows 100] [--sales 300]`, in a folder on the disk that is meant
(`--folder`): a tmpfs knows no fsync.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from _report import report
from storeguard.books.book import CsvBook
from storeguard.books.journal import Journal
from storeguard.books.textlog import TextLog
from storeguard.clock import SystemClock


async def sales_ms(folder: Path, rows: int, sales: int) -> list[float]:
    path = folder / "inventory_store.csv"
    lines = [f"상품{n},{sales},1500,{95 + n}" for n in range(rows)]
    path.write_text("\n".join(("상품명, 개수, 가격, 무게", *lines, "")), encoding="utf-8")
    journal = Journal.in_folder(folder / "state")
    journal.open()
    log = TextLog(folder / "store_log.txt", "Asia/Seoul")
    book = CsvBook("kiosk", path, journal, SystemClock(), changes=log)
    await book.load()
    taken_ms = [await _sale_ms(book, n) for n in range(sales)]
    await book.close()
    journal.close()
    return taken_ms


async def _sale_ms(book: CsvBook, number: int) -> float:
    started_s = time.perf_counter()
    await book.add({"상품0": -1}, why="sale", key=f"sale-{number}")
    return (time.perf_counter() - started_s) * 1000


def open_ms(state: Path) -> float:
    started_s = time.perf_counter()
    journal = Journal.in_folder(state)
    journal.open()
    taken_ms = (time.perf_counter() - started_s) * 1000
    journal.close()
    return taken_ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--sales", type=int, default=300)
    parser.add_argument("--folder", type=Path, default=Path())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix=".bench-books-") as name:
        folder = Path(name)
        created_ms = open_ms(folder / "state")
        opened_ms = open_ms(folder / "state")
        taken_ms = asyncio.run(sales_ms(folder, options.rows, options.sales))
    report(
        "books.sale",
        taken_ms,
        unit="ms",
        rows=options.rows,
        journal_created_ms=round(created_ms, 1),
        journal_opened_ms=round(opened_ms, 1),
    )


if __name__ == "__main__":
    main()
