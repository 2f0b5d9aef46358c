"""The console's album, asked of the application itself: server time by the journal's size.

Usage: python bench/console.py [--most 100000] [--tries 200]. Limit: p95 ≤ 50 ms at 10,000 issues.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from _report import percentile, report
from storeguard.books import issueindex
from storeguard.books import tables as t
from storeguard.books.accounts import AccountFiles
from storeguard.books.journal import Journal
from storeguard.clock import SystemClock
from storeguard.config import Config
from storeguard.desks import law_of
from storeguard.domain.issue import IssueStore
from storeguard.health import Health
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.pastdesk import PastDesk
from storeguard.safemode import BareView
from storeguard.web.app import build
from storeguard.web.desks import Desks
from storeguard.web.door import Door

LIMIT_MS = 50.0
AT_ISSUES = 10_000
STORE = IssueStore("bench-1", "매장", "ko", "Asia/Seoul")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class NoBook:
    """Nobody corrects anything here."""

    name = "kiosk"
    products: tuple[Any, ...] = ()
    counts: dict[str, int] = {}  # noqa: RUF012 - empty for good

    async def add(self, _changes: Any, *, why: str, key: str | None = None) -> bool:
        return False


def issue_id(number: int) -> str:
    return f"{FIRST + timedelta(minutes=number):%Y-%m-%d_%H-%M-%S.%f}"


def issues(first: int, last: int) -> Iterator[dict[str, Any]]:
    for number in range(first, last):
        at = FIRST + timedelta(minutes=number)
        line = {"product": f"상품 {number % 40}", "shelf": 3, "kiosk": 5, "missing": 2}
        yield {
            "id": issue_id(number),
            "at_utc": at,
            "visit_id": None,
            "lines": [line | {"loss": 3000, "certainty": 0.97}],
            "amendments": [],
        }


def fill(journal: Journal, first: int, last: int) -> None:
    with journal._transaction() as connection:
        for start in range(first, last, 5000):
            rows = [*issues(start, min(last, start + 5000))]
            connection.execute(sa.insert(t.issues), rows)
            index(connection, rows)


def index(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """As `issueindex.add` does for each, a product at a time: 100,000 take long one by one."""
    by_product: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_product.setdefault(row["lines"][0]["product"], []).append(row)
    for name, those in by_product.items():
        first, *others = those
        issueindex.add(connection, first["id"], first["at_utc"], first["lines"])
        columns = t.issue_products.c
        [number] = connection.execute(sa.select(columns.id).where(columns.name == name)).one()
        if others:
            lines = [
                {"product_id": number, "at_utc": row["at_utc"], "issue_id": row["id"]}
                for row in others
            ]
            connection.execute(sa.insert(t.issue_lines), lines)
            more = t.issue_products.update().where(columns.id == number)
            connection.execute(more.values(issues=columns.issues + len(others)))


async def ask(client: httpx.AsyncClient, path: str, tries: int) -> list[float]:
    times_ms = []
    for _ in range(tries):
        began = time.perf_counter()
        answer = await client.get(path)
        times_ms.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.status_code
    return times_ms


async def measure(folder: Path, most: int, tries: int) -> bool:
    clock, journal = SystemClock(), Journal.in_folder(folder, fsync=False)
    journal.open()
    door = Door(AccountFiles(folder), clock)
    desks = Desks(
        IssueDesk(folder / "issues", folder, STORE, journal, NoBook(), clock),
        InventoryDesk(folder, journal, STORE.timezone),
        PastDesk(journal, clock, STORE.timezone),
        law_of(Config()),
    )
    view = BareView(Config(), (), Health(clock), clock)
    app = build(view, door, clock.now_s, desks=desks)
    headers = {"authorization": f"Bearer {door.machine_token}"}
    is_kept, there = True, 0
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://shop", headers=headers
    ) as client:
        await ask(client, "/issues", 3)
        for count in [n for n in (100, 1000, AT_ISSUES, 100_000) if n <= most]:
            fill(journal, there, count)
            there = count
            for path in (
                "/issues",
                "/issues?product=상품 7",
                "/issues?product=상품",
                f"/issues?product=상품&page={count // 48}",
                "/issues?product=nothing",
                "/issues?state=open",
                "/issues?state=confirmed&product=상품 3",
                f"/issues?page={count // 24}",
                f"/issues?page={count // 24}&older_than={issue_id(24)}",
                f"/issues?page={count // 48}&older_than={issue_id(count // 2)}",
                f"/issues?page={count // 48}&newer_than={issue_id(count // 2)}",
                f"/issues?product=상품&page={count // 48}&older_than={issue_id(count // 2)}",
                "/days",
            ):
                times_ms = await ask(client, path, tries)
                report(
                    "console", times_ms, unit="ms", issues=count, page=path, limit_p95_ms=LIMIT_MS
                )
                if count == AT_ISSUES:
                    is_kept = is_kept and percentile(times_ms, 95) <= LIMIT_MS
    journal.close()
    return is_kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=100_000)
    parser.add_argument("--tries", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if asyncio.run(measure(Path(folder), arguments.most, arguments.tries)) else 1


if __name__ == "__main__":
    sys.exit(main())
