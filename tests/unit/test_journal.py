"""The SQL journal: durable, idempotent, migrated, safe from any thread."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from storeguard.books import tables
from storeguard.books.journal import (
    Change,
    IssueRecord,
    Journal,
    Sale,
    StepRecord,
    VersionRecord,
)
from storeguard.books.schema import upgrade
from storeguard.domain import loss
from storeguard.errors import JournalFault, JournalTooNew

AT = datetime(2026, 11, 20, 13, 21, 4, 123456, tzinfo=UTC)
SALE = Sale("s1", "k1", "바나나우유", 2, 3000, AT, "kiosk", "v1")
VERSION = VersionRecord("kiosk", 1, AT, False, {"rows": [["우유", 3]]}, None)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.in_folder(tmp_path / "state")
    journal.open()
    yield journal
    journal.close()


def connect(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "state" / "storeguard.db", isolation_level=None)


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def schema(connection: sa.Connection) -> list[tuple[object, ...]]:
    found = sa.inspect(connection)
    return [
        (
            name,
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)],
            found.get_pk_constraint(name)["constrained_columns"],
            sorted((str(i["name"]), i["column_names"]) for i in found.get_indexes(name)),
        )
        for name in sorted(found.get_table_names())
    ]


def test_the_migrations_make_exactly_the_tables_of_a_new_database(journal, tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path}/migrated.db")
    with engine.begin() as connection:
        upgrade(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == tables.HEAD
        migrated = schema(connection)
    engine.dispose()
    with journal._transaction() as connection:
        assert schema(connection) == migrated


def test_every_migration_is_named_in_the_code():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "storeguard.books:migrations")
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == tables.REVISIONS


def test_sqlite_runs_in_wal_mode_and_syncs_every_commit(journal):
    with journal._transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_an_up_to_date_journal_is_opened_without_alembic(journal, tmp_path):
    journal.close()
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from storeguard.books.journal import Journal\n"
        "journal = Journal.in_folder(Path(sys.argv[1]))\n"
        "journal.open()\n"
        "assert journal.open_visits() == ()\n"
        "journal.close()\n"
        "print('alembic' in sys.modules, 'pandas' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "state")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "False"]


def test_a_newer_journal_is_refused_and_left_as_it_is(journal, tmp_path):
    journal.close()
    with connect(tmp_path) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(JournalTooNew, match=r"S105 .*'9999'.*update storeguard"):
        journal.open()
    with pytest.raises(JournalFault, match="closed"):
        journal.recent_sales()
    database = connect(tmp_path)
    assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    database.close()


def test_what_is_no_database_is_one_clear_line(tmp_path):
    (tmp_path / "storeguard.db").write_bytes(b"no database at all" * 100)
    journal = Journal.in_folder(tmp_path)
    with pytest.raises(JournalFault, match=r"storeguard\.db: file is not a database; check"):
        journal.open()


def test_a_sale_is_recorded_once_a_key(journal):
    assert journal.record_sale(SALE)
    assert not journal.record_sale(replace(SALE, id="s2", count=9))
    assert journal.find_sale("k1") == SALE
    assert journal.find_sale("k2") is None
    assert journal.recent_sales() == (SALE,)


def test_recent_sales_are_newest_first_and_limited(journal):
    for n in range(5):
        journal.record_sale(replace(SALE, id=f"s{n}", key=f"k{n}", at_utc=later(n)))
    assert [sale.id for sale in journal.recent_sales(2)] == ["s4", "s3"]


def test_times_keep_their_microseconds_and_zone(journal):
    whole = AT.replace(microsecond=0)
    journal.record_sale(replace(SALE, at_utc=whole))
    assert journal.recent_sales()[0].at_utc == whole
    assert journal.recent_sales()[0].at_utc.tzinfo is not None


def test_a_version_its_changes_and_its_key_are_one_transaction(journal):
    change = Change(AT, "kiosk", "우유", 3, 2, "sale")
    journal.add_version(VERSION, [change], key="k1")
    again = replace(VERSION, version=2)
    with pytest.raises(JournalFault, match="UNIQUE"):
        journal.add_version(again, [change], key="k1")
    assert journal.versions("kiosk") == (VERSION,)
    assert journal.recent_changes() == (change,)
    assert journal.is_applied("kiosk", "k1")
    assert not journal.is_applied("shelf", "k1")


def test_changes_are_found_by_product(journal):
    for n, product in enumerate(("우유", "콜라", "우유")):
        journal.record_change(Change(later(n), "shelf", product, n + 1, n, "weight"))
    assert [change.before for change in journal.recent_changes("우유")] == [3, 1]
    assert len(journal.recent_changes(limit=2)) == 2


def test_pruning_keeps_what_tells_the_book_since_then(journal):
    """Versions 1 and 4 hold the whole book; 2, 3 and 5 only counts."""
    for n in range(1, 7):
        whole = VERSION.rows if n in (1, 4) else None
        counts = None if n in (1, 4) else {"우유": n}
        journal.add_version(VersionRecord("kiosk", n, later(n), False, whole, counts))
    journal.add_version(replace(VERSION, book="shelf"))
    journal.prune_versions("kiosk", later(3))
    assert len(journal.versions("kiosk")) == 6
    journal.prune_versions("kiosk", later(5))
    assert [record.version for record in journal.versions("kiosk")] == [4, 5, 6]
    journal.prune_versions("kiosk", later(999))
    assert [record.version for record in journal.versions("kiosk")] == [4, 5, 6]
    assert len(journal.versions("shelf")) == 1


def test_a_visit_is_open_until_it_is_judged(journal):
    journal.open_visit("v1", AT)
    journal.open_visit("v2", later(60))
    assert [visit.id for visit in journal.open_visits()] == ["v1", "v2"]
    journal.close_visit("v1", later(30), later(40), {"unpaid": {"우유": 1}})
    assert [visit.id for visit in journal.open_visits()] == ["v2"]
    newest, judged = journal.recent_visits()
    assert newest.id == "v2"
    assert judged.judgement == {"unpaid": {"우유": 1}}
    assert (judged.ended_utc, judged.judged_utc) == (later(30), later(40))


def test_an_issue_is_amended_once_a_sale(journal):
    issue = IssueRecord("i1", AT, None, ({"product": "우유", "missing": 1},))
    assert journal.record_issue(issue)
    assert not journal.record_issue(issue)
    assert journal.amend_issue("i1", "우유", 1, "s1")
    assert not journal.amend_issue("i1", "우유", 1, "s1")
    assert not journal.amend_issue("unknown", "우유", 1, "s1")
    amendment = {"product": "우유", "count": 1, "sale_id": "s1"}
    assert journal.recent_issues() == (replace(issue, amendments=(amendment,)),)


def test_a_provisional_issue_is_settled_once_whatever_a_promotion_has_explained(journal):
    lines = ({"product": "우유", "missing": 3}, {"product": "빵", "missing": 1})
    journal.record_issue(IssueRecord("i1", AT, None, lines))
    journal.amend_issue("i1", "빵", 1, f"{loss.BY_PROMOTION}1+1")
    assert journal.settle_issue("i1", {"우유": 1, "빵": 1})
    assert not journal.settle_issue("i1", {})
    assert not journal.settle_issue("unknown", {})
    [issue] = journal.recent_issues()
    assert loss.left(issue.lines, issue.amendments) == [
        {"product": "우유", "missing": 1, "loss": 0}
    ]


def test_deliveries_faults_and_steps_are_kept(journal):
    journal.record_delivery("i1", "uploaded", AT, "4 files")
    assert journal.deliveries_of("i1") == (
        {"state": "uploaded", "at_utc": AT, "detail": "4 files"},
    )
    journal.record_fault("scale A", "no data", AT)
    assert journal.open_faults() == ({"device": "scale A", "why": "no data", "started_utc": AT},)
    journal.close_fault("scale A", later(42))
    assert journal.open_faults() == ()
    journal.record_step(StepRecord("A", AT, later(2), -95.0, 190.0, 0.8, "v1"))


def test_many_threads_may_write_at_once(journal):
    def sell(thread: int) -> None:
        for n in range(25):
            journal.record_sale(replace(SALE, id=f"{thread}-{n}", key=f"{thread}-{n}"))

    threads = [threading.Thread(target=sell, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.recent_sales(1000)) == 100


def test_what_was_acknowledged_is_there_after_a_reopening(journal):
    journal.record_sale(SALE)
    journal.close()
    journal.close()
    journal.open()
    assert journal.find_sale("k1") == SALE


def test_a_full_disk_is_a_fault_and_leaves_nothing_half_done(journal, tmp_path):
    with journal._transaction() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    large = replace(VERSION, rows={"rows": ["x" * 100_000]})
    with pytest.raises(JournalFault, match="database or disk is full; check the disk"):
        journal.add_version(large, [Change(AT, "kiosk", "우유", 3, 2, "sale")], key="k1")
    assert journal.versions("kiosk") == ()
    assert not journal.is_applied("kiosk", "k1")


def test_a_journal_in_memory_is_a_journal():
    journal = Journal("sqlite://", fsync=False)
    journal.open()
    journal.record_sale(SALE)
    assert journal.find_sale("k1") == SALE
    journal.close()


def test_a_clock_that_is_set_back_makes_no_fault_end_before_it_began(journal):
    journal.record_fault("A", "unplugged", later(60))
    journal.close_fault("A", AT)
    with journal._transaction() as connection:
        [row] = connection.exec_driver_sql("select started_utc, ended_utc from faults").all()
    assert row[0] == row[1]


def test_a_visit_whose_label_is_taken_gets_the_next_free_one(journal):
    assert journal.open_visit("v", AT) == "v"
    assert journal.open_visit("v", AT, {"v-2"}) == "v-3"
    assert [visit.id for visit in journal.open_visits()] == ["v", "v-3"]


def test_the_end_of_a_visit_brings_its_start_by_the_same_clock(journal):
    journal.open_visit("v", later(3600))
    journal.close_visit("v", later(5), later(9), {}, started_utc=AT)
    [visit] = journal.recent_visits()
    assert (visit.started_utc, visit.ended_utc) == (AT, later(5))


def test_it_is_not_closed_under_somebody_who_reads(journal):
    """SQLite crashes there, and the process with it: a page may ask while the daemon ends."""
    is_read, may_end, is_closed = threading.Event(), threading.Event(), threading.Event()

    def read():
        with journal._transaction() as connection:
            is_read.set()
            may_end.wait(20)
            found.append(connection.execute(sa.select(sa.literal(7))).scalar())

    def close():
        journal.close()
        is_closed.set()

    found = []
    threads = [threading.Thread(target=read), threading.Thread(target=close)]
    threads[0].start()
    assert is_read.wait(20)
    threads[1].start()
    assert not is_closed.wait(0.3)
    may_end.set()
    for thread in threads:
        thread.join(20)
    assert (found, is_closed.is_set()) == ([7], True)
    with pytest.raises(JournalFault, match="is closed"):
        journal.rows(sa.select(tables.sales))
