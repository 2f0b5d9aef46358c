"""P16: a journal whose migration is killed loses no row, whichever version opens it next."""

import os
import random
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import storeguard.books
from storeguard.books import journalfile, schema, tables
from storeguard.books.journal import Journal, Sale
from storeguard.errors import JournalTooNew

KILLS = int(os.environ.get("STOREGUARD_KILLS", "12"))
SALES = 400
AT = datetime(2026, 11, 20, tzinfo=UTC)

NOW = tables.HEAD
NEXT = f'''
"""A change of the kind that copies a whole table."""
import sqlalchemy as sa
from alembic import op
revision = "9001"
down_revision = "{NOW}"


def upgrade():
    with op.batch_alter_table("sales", recreate="always") as batch:
        batch.add_column(sa.Column("till", sa.String(8), server_default="1"))
    with op.batch_alter_table("visits", recreate="always") as batch:
        batch.add_column(sa.Column("door", sa.String(8), server_default="1"))
'''


@pytest.fixture
def older(tmp_path):
    """A journal of this version, as a killed daemon leaves it: half of it in the -wal."""
    journal = Journal.in_folder(tmp_path / "live")
    journal.open()
    for n in range(SALES):
        at = AT + timedelta(seconds=n)
        journal.record_sale(Sale(f"s{n}", f"k{n}", "바나나우유", 1, 1500, at, "kiosk"))
    (tmp_path / "older").mkdir()
    for name in (journalfile.FILE, journalfile.WAL):
        shutil.copyfile(tmp_path / "live" / name, tmp_path / "older" / name)
    journal.close()
    return tmp_path / "older"


@pytest.fixture
def newer_program(tmp_path, monkeypatch):
    """This storeguard as if it had one migration more."""
    scripts = tmp_path / "migrations"
    shutil.copytree(
        Path(storeguard.books.__file__).parent / "migrations",
        scripts,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (scripts / "versions" / "9001_next.py").write_text(NEXT)

    known = (*tables.REVISIONS, "9001")

    def install():
        for module in (tables, journalfile):
            monkeypatch.setattr(module, "REVISIONS", known)
        monkeypatch.setattr(tables, "HEAD", "9001")
        monkeypatch.setattr(schema, "SCRIPTS", str(scripts))

    return install


def migrate(state):
    journal = journalfile.open_journal(state)
    sales = len(journal.recent_sales(SALES + 1))
    journal.close()
    return sales


def killed_after(state, seconds):
    """Migrates in a fork; True when the kill came before its end."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            migrate(state)
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def kill_migrations(older, tmp_path, newer_program, kills):
    newer_program()
    for name in ("warm", "timed"):  # Alembic's import is no part of the migration
        shutil.copytree(older, tmp_path / name)
        began_s = time.monotonic()
        assert migrate(tmp_path / name) == SALES
    lasts_s = time.monotonic() - began_s
    chance = random.Random(1)
    was_killed = 0
    for number in range(kills):
        state = tmp_path / f"state-{number}"
        shutil.copytree(older, state)
        was_killed += killed_after(state, chance.uniform(0, lasts_s))
        assert journalfile.version_of(state / journalfile.FILE) in (NOW, "9001")
        assert migrate(state) == SALES
        assert journalfile.version_of(state / journalfile.FILE) == "9001"
        assert not list(state.glob("*.corrupt-*"))
        shutil.rmtree(state)
    assert was_killed > kills // 4


def test_a_killed_migration_loses_no_row(older, tmp_path, newer_program):
    kill_migrations(older, tmp_path, newer_program, KILLS)


@pytest.mark.slow
def test_a_hundred_killed_migrations_lose_no_row(older, tmp_path, newer_program):
    kill_migrations(older, tmp_path, newer_program, max(100, KILLS))


def test_the_older_version_refuses_what_the_newer_has_migrated(
    older, tmp_path, newer_program, monkeypatch
):
    """And the newer one goes on with it afterwards: no row is lost on the way there and back."""
    newer_program()
    assert migrate(older) == SALES
    monkeypatch.undo()
    before = (older / journalfile.FILE).read_bytes()
    with pytest.raises(JournalTooNew, match="S105"):
        migrate(older)
    assert (older / journalfile.FILE).read_bytes() == before
    newer_program()
    assert migrate(older) == SALES
