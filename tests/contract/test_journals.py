"""One suite over every database that the journal works on: SQLite, and the one that a URL names.

`make test-mariadb` gives it a real MariaDB; STOREGUARD_TEST_JOURNAL_URL any other empty database.
"""

import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from storeguard.books import album, tables
from storeguard.books.journal import (
    Change,
    IssueRecord,
    Journal,
    Sale,
    StepRecord,
    VersionRecord,
)
from storeguard.books.journalfile import amendments, open_journal, verdicts
from storeguard.books.schema import upgrade
from storeguard.errors import JournalFault

URL = os.environ.get("STOREGUARD_TEST_JOURNAL_URL")
AT = datetime(2026, 11, 20, 13, 21, 4, 123456, tzinfo=UTC)
SALE = Sale("s1", "k1", "바나나우유 🍌", 2, 3000, AT, "kiosk", "v1")
LINE = {"product": "메로나 50%_", "missing": 2, "loss": 1600}

Make = Callable[[], Journal]


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def emptied(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        found.drop_all(connection)
    engine.dispose()


@pytest.fixture(params=["sqlite", *(["url"] if URL else [])])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Opens the same database each time it is called."""
    if request.param == "url":
        emptied(str(URL))
    opened: list[Journal] = []

    def begin() -> Journal:
        by_url = request.param == "url"
        opened.append(Journal(str(URL)) if by_url else Journal.in_folder(tmp_path))
        opened[-1].open()
        return opened[-1]

    yield begin
    for journal in opened:
        journal.close()


def test_what_is_written_is_there_after_a_restart(make: Make):
    first = make()
    change = Change(AT, "kiosk", SALE.product, 5, 3, "sale k1")
    version = VersionRecord("kiosk", 1, AT, False, {"rows": [["우유", 3]]}, None)
    first.add_version(version, [change], "sale:k1")
    assert first.record_sale(SALE)
    first.close()
    again = make()
    assert again.versions("kiosk") == (version,)
    assert again.recent_changes() == (change,)
    assert again.find_sale("k1") == SALE
    assert again.is_applied("kiosk", "sale:k1")
    assert not again.is_applied("shelf", "sale:k1")


def test_a_key_is_one_sale_and_capitals_make_another(make: Make):
    journal = make()
    more = replace(SALE, id="s2", key="K1")
    assert journal.record_sales([SALE, more])
    assert not journal.record_sales([replace(SALE, id="s3", count=9), more])
    assert [sale.count for sale in journal.recent_sales()] == [2, 2]


def test_the_same_sale_from_many_threads_is_one(make: Make):
    journal = make()
    taken: list[bool] = []
    sell = lambda: taken.append(journal.record_sale(SALE))  # noqa: E731
    threads = [threading.Thread(target=sell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]


def test_versions_are_pruned_and_visits_judged(make: Make):
    journal = make()
    for number in range(1, 5):
        rows = {"rows": []} if number in (1, 3) else None
        record = VersionRecord("kiosk", number, later(number), False, rows, None if rows else {})
        journal.add_version(record)
    journal.prune_versions("kiosk", later(3.5))
    assert [one.version for one in journal.versions("kiosk")] == [3, 4]
    assert journal.open_visit("v", AT) == "v"
    assert journal.open_visit("v", AT) == "v-2"
    journal.close_visit("v", later(5), later(6), {"unpaid": {"메로나": 1}})
    assert [visit.id for visit in journal.open_visits()] == ["v-2"]
    [judged], count = album.visits(journal, 10, 0)
    assert (judged.judgement, count) == ({"unpaid": {"메로나": 1}}, 1)
    journal.record_step(StepRecord("A", AT, later(2), -95.0, 190.0, 0.4, "v"))


def test_issues_are_found_amended_and_paged(make: Make):
    journal = make()
    for number in range(30):
        lines = (LINE,) if number % 10 == 0 else ({"product": "콜라", "missing": 1, "loss": 9},)
        assert journal.record_issue(IssueRecord(f"i{number:02}", later(number), None, lines))
    assert journal.amend_issue("i00", "메로나 50%_", 1, "s1")
    assert not journal.amend_issue("i00", "메로나 50%_", 1, "s1")
    found, count = album.issues(journal, album.Wanted(10, product="50%_"))
    assert ([one.id for one in found], count) == (["i20", "i10", "i00"], 3)
    page, count = album.issues(journal, album.Wanted(10, 20))
    assert ([one.id for one in page][:2], count) == (["i09", "i08"], 30)
    assert album.issue(journal, "i00").amendments == (  # type: ignore[union-attr]
        {"product": "메로나 50%_", "count": 1, "sale_id": "s1"},
    )


def filled(journal: Journal) -> None:
    """Thirty issues; one in three has 콜라, one in ten 메로나 beside it, one in two is decided."""
    for number in range(30):
        lines = [{"product": "콜라 Zero" if number % 3 == 0 else "새우깡", "missing": 1, "loss": 9}]
        lines += [LINE] if number % 10 == 0 else []
        record = IssueRecord(f"i{number:02}", later(number), None, tuple(lines))
        assert journal.record_issue(record)
        assert not journal.record_issue(record)
    for number in range(0, 30, 2):
        album.decide(journal, f"i{number:02}", "deleted" if number % 4 else "confirmed")


def names(page: tuple[tuple[IssueRecord, ...], int]) -> list[int]:
    return [int(one.id[1:]) for one in page[0]]


@pytest.mark.parametrize("few", [album.FEW, 0])
def test_a_search_finds_the_same_whether_few_or_many_fit(
    make: Make, monkeypatch: pytest.MonkeyPatch, few: int
):
    monkeypatch.setattr(album, "FEW", few)
    journal = make()
    filled(journal)
    kept = [n for n in reversed(range(30)) if n % 4 != 2]
    for part, verdict, expected in (
        ("콜라 zero", None, [n for n in kept if n % 3 == 0]),
        ("50%_", None, [20, 0]),
        ("%", None, [20, 0]),
        ("ZERO", "confirmed", [24, 12, 0]),
        ("깡", "open", [n for n in kept if n % 3 and n % 2]),
        ("로나", "deleted", [10]),
        ("missing", None, []),
        ("", "confirmed", [28, 24, 20, 16, 12, 8, 4, 0]),
        ("", None, kept),
    ):
        wanted = album.Wanted(30, product=part, verdict=verdict)
        assert names(album.issues(journal, wanted)) == expected, part
        paged = [
            number
            for offset in range(0, 30, 4)
            for number in names(album.issues(journal, replace(wanted, limit=4, offset=offset)))
        ]
        assert paged == expected, part
        assert walked(journal, replace(wanted, limit=4)) == expected, part


def walked(journal: Journal, wanted: album.Wanted) -> list[int]:
    """From page to page by the issue beside it; each way back shows the page before."""
    seen: list[int] = []
    while True:
        found = album.issues(journal, replace(wanted, offset=len(seen)))
        if not found[0]:
            return seen
        if seen:
            back = replace(wanted, offset=len(seen) - 4, older_than="", newer_than=found[0][0].id)
            assert names(album.issues(journal, back)) == seen[-4:]
        seen += names(found)
        wanted = replace(wanted, older_than=found[0][-1].id)


def test_issues_of_one_instant_are_paged_by_their_names_and_an_unknown_place_is_none(make: Make):
    journal = make()
    for number in range(9):
        assert journal.record_issue(IssueRecord(f"i{number:02}", AT, None, (LINE,)))
    assert walked(journal, album.Wanted(4)) == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert names(album.issues(journal, album.Wanted(4, older_than="gone"))) == [8, 7, 6, 5]


def test_counts_of_the_album_are_exact_where_they_are_few(make: Make):
    journal = make()
    filled(journal)
    counts = [
        album.issues(journal, album.Wanted(1, product=part, verdict=verdict))[1]
        for part, verdict in (("", None), ("", "open"), ("", "deleted"), ("깡", None), ("x", None))
    ]
    assert counts == [23, 15, 7, 15, 0]


def test_decisions_that_the_journal_missed_are_followed(make: Make):
    journal = make()
    filled(journal)
    album.follow(journal, {"i01": "dismissed", "i00": "confirmed", "gone": "confirmed"})
    assert names(album.issues(journal, album.Wanted(9, verdict="dismissed"))) == [1]


def test_issues_of_an_older_version_are_found_after_its_migration(make: Make):
    journal = make()
    filled(journal)
    with journal._transaction() as connection:
        for table in (tables.issue_lines, tables.issue_products, tables.unseen_sales):
            table.drop(connection)
        for index in ("ix_issues_verdict_at", "ix_issues_at_verdict"):
            next(one for one in tables.issues.indexes if one.name == index).drop(connection)
        connection.exec_driver_sql("ALTER TABLE issues DROP COLUMN verdict")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    journal.close()
    again = make()
    assert names(album.issues(again, album.Wanted(9, product="메로나"))) == [20, 10, 0]
    another = IssueRecord("i30", later(30), None, (LINE, {"product": "새것", "missing": 1}))
    assert again.record_issue(another)
    assert names(album.issues(again, album.Wanted(9, product="메로나"))) == [30, 20, 10, 0]
    assert names(album.issues(again, album.Wanted(9, product="새것"))) == [30]


def test_a_search_reads_no_whole_table():
    """Of SQLite's own plan: no issue's row is read but those that are shown."""
    journal = Journal("sqlite://", fsync=False)
    journal.open()
    filled(journal)
    asked: list[str] = []
    sa.event.listen(
        journal._engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3]))
    )
    for part, verdict in (("콜라", None), ("콜라", "open"), ("", "open"), ("", None)):
        for few in (album.FEW, 0):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(album, "FEW", few)
                album.issues(journal, album.Wanted(5, 5, part, verdict))
    with journal._transaction() as connection:
        plans = [
            row[3]
            for query, values in asked
            if query.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)
        ]
    journal.close()
    whole = [plan for plan in plans if re.match(r"SCAN issue(s|_lines)\b", plan)]
    assert [plan for plan in whole if "issues USING COVERING INDEX" not in plan] == []
    assert any("SEARCH issue_lines" in plan for plan in plans)


def test_faults_end_and_deliveries_are_told_in_order(make: Make):
    journal = make()
    journal.record_fault("A", "no data", AT)
    journal.close_fault("A", later(-5))
    assert journal.open_faults() == ()
    for state in ("uploaded", "confirmed"):
        journal.record_delivery("i", state, AT, "")
    assert [one["state"] for one in journal.deliveries_of("i")] == ["uploaded", "confirmed"]


def test_migrating_an_empty_database_gives_the_tables_that_are_made_new(make: Make):
    journal = make()
    assert journal._engine is not None
    with journal._engine.begin() as connection:
        made = {name: _columns(connection, name) for name in tables.metadata.tables}
        tables.metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
        upgrade(connection)
        assert {name: _columns(connection, name) for name in tables.metadata.tables} == made


@pytest.mark.skipif(URL is None, reason="no database is named by a URL")
def test_the_journal_that_the_configuration_names_is_opened_and_migrated(tmp_path: Path):
    emptied(str(URL))
    plain = str(URL).replace("mysql+pymysql", "mysql").replace("postgresql+psycopg", "postgresql")
    for _ in range(2):
        journal = open_journal(tmp_path, url=plain)
        journal.record_sale(SALE)
        journal.record_issue(IssueRecord("i", AT, None, (LINE,)))
        journal.amend_issue("i", "메로나 50%_", 1, "s1")
        assert [sale.product for sale in journal.recent_sales()] == [SALE.product]
        album.decide(journal, "i", "dismissed")
        journal.close()
    assert verdicts(tmp_path, plain) == {"i": "dismissed"}
    late = {"product": "메로나 50%_", "count": 1, "sale_id": "s1"}
    assert amendments(tmp_path, plain) == {"i": [late]}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif("mysql" not in str(URL), reason="only MariaDB's names may ignore capitals")
def test_a_database_that_ignores_capitals_is_refused_with_the_way_to_mend_it(tmp_path: Path):
    emptied(str(URL))
    engine = sa.create_engine(str(URL))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE DATABASE capitals COLLATE utf8mb4_general_ci")
    engine.dispose()
    with pytest.raises(JournalFault, match="run: ALTER DATABASE capitals CHARACTER SET utf8mb4"):
        open_journal(tmp_path, url=str(URL).replace("/storeguard?", "/capitals?"))


def _columns(connection: sa.Connection, table: str) -> list[tuple[str, str, bool]]:
    found = sa.inspect(connection).get_columns(table)
    return [(one["name"], str(one["type"]), bool(one["nullable"])) for one in found]
