"""P13: whatever a state file has become, it is kept, said, and replaced by the best there is."""

import json
import logging
import os
import random
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from storeguard import daemon
from storeguard.books import journalfile, tables
from storeguard.books.journal import IssueRecord, Journal, Sale, VersionRecord
from storeguard.books.records import AnnouncedFile, ZeroFile
from storeguard.cli import main
from storeguard.errors import JournalTooNew
from storeguard.recovery import know_sealed_issues

MUTATIONS = int(os.environ.get("STOREGUARD_MUTATIONS", "25"))
"""Of each file; 400 make the 2,000 of P13."""

AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """As cards and cuts leave files: cut short, zeroed, garbled, flipped, emptied, swollen."""
    kind = chance.randrange(6)
    at, length = chance.randrange(len(content)), chance.randrange(1, 1 + len(content) // 2)
    if kind == 0:
        return content[:at]
    if kind == 1:
        return content[:at] + bytes(length) + content[at + length :]
    if kind == 2:
        return content[:at] + chance.randbytes(length) + content[at + length :]
    if kind == 3:
        flipped = bytearray(content)
        flipped[at] ^= 1 << chance.randrange(8)
        return bytes(flipped)
    if kind == 4:
        return b""
    return chance.choice((b"[" * 50_000, b"9" * 5_000, b"NaN", b"null", b"\xff" * 2**21))


FILES = {
    "scales.json": (ZeroFile, {"A": 1.5, "B": -2.0}, {"A": 2.5, "B": -3.0}),
    "announced.json": (AnnouncedFile, {"바나나우유": 2}, {"바나나우유": 5}),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_a_damaged_state_file_is_kept_and_the_generation_before_is_used(
    tmp_path, name, seed, caplog
):
    kind, before, last = FILES[name]
    path = tmp_path / name
    kind(path, fsync=False).save(before)
    kind(path, fsync=False).save(last)
    damaged = mutated(path.read_bytes(), random.Random(seed))
    path.write_bytes(damaged)
    found = kind(path, fsync=False).load()
    kept = list(tmp_path.glob(f"{name}.corrupt-*"))
    if not kept:  # still a value of the kind that it was: nobody can tell
        assert all(isinstance(value, int | float) for value in found.values())
        return
    assert kept[0].read_bytes() == damaged
    assert found == before
    assert f"D307 {path} is damaged" in caplog.text
    assert f"kept as {kept[0]}" in caplog.text
    assert f"{name}.last-good is used instead" in caplog.text


def test_without_a_generation_before_it_is_said_what_it_means(tmp_path, caplog):
    path = tmp_path / "scales.json"
    path.write_bytes(b"\0" * 40)
    assert ZeroFile(path, fsync=False).load() == {}
    assert "the first count goes by the weight alone" in caplog.text


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"[" * 10**5, b'{"url": 3}', b'{"url": "http://["}']
)
def test_a_damaged_address_of_the_daemon_is_no_traceback(tmp_path, content):
    shutil.copyfile("config.yaml", tmp_path / "config.yaml")
    shutil.copytree("inventory", tmp_path / "inventory")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / daemon.ENDPOINT).write_bytes(content)
    said = CliRunner().invoke(
        main, ["sell", "바나나우유", "1", "--config", str(tmp_path / "config.yaml")]
    )
    assert said.exit_code == 0, said.output


# --- the journal


def fill(state):
    journal = Journal.in_folder(state, fsync=False)
    journal.open()
    rows = {
        "layout": [["상품명", "개수", "가격", "무게"], "utf-8", "\n", ", ", True],
        "rows": [["바나나우유", 3, 1500, 265.0]],
    }
    for n in range(60):
        at = AT + timedelta(minutes=n)
        journal.record_sale(Sale(f"s{n}", f"k{n}", "바나나우유", 1, 1500, at, "kiosk"))
        journal.open_visit(f"v{n}", at)
        journal.close_visit(f"v{n}", at, at, {"taken": {"바나나우유": 1}})
        journal.record_issue(IssueRecord(f"i{n}", at, f"v{n}", ({"product": "바나나우유"},)))
    return journal, rows


def counts_of(journal):
    return [len(rows) for rows in (journal.recent_sales(), journal.recent_visits())]


NO_UTF8 = 205
"""With this seed the flipped bit leaves a text that is no UTF-8 in a file that is whole."""


@pytest.mark.parametrize("seed", sorted({*range(MUTATIONS), NO_UTF8}))
def test_a_damaged_journal_is_kept_and_a_fresh_one_made(tmp_path, seed, caplog):
    """Or it still reads whole: what a flipped bit changed inside one value, nobody can tell."""
    journal, _ = fill(tmp_path)
    journal.close()
    path = tmp_path / journalfile.FILE
    damaged = mutated(path.read_bytes(), random.Random(seed))
    path.write_bytes(damaged)
    try:
        journal = journalfile.open_journal(tmp_path, fsync=False)
    except JournalTooNew:  # the flip is in the version itself
        assert path.read_bytes() == damaged
        return
    kept = list(tmp_path.glob(f"{journalfile.FILE}.corrupt-*"))
    found = counts_of(journal)
    journal.close()
    if kept:
        assert kept[0].read_bytes() == damaged
        assert found == [0, 0]
        assert "the books start from their CSVs" in caplog.text
        assert "storeguard restore FILE" in caplog.text
    else:
        assert found == [60, 60]


@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_a_damaged_wal_is_kept_and_what_is_whole_stays(tmp_path, seed, caplog):
    journal, _ = fill(tmp_path / "live")
    state = tmp_path / "state"
    state.mkdir()
    for name in (journalfile.FILE, journalfile.WAL):
        shutil.copyfile(tmp_path / "live" / name, state / name)
    journal.close()
    wal = state / journalfile.WAL
    damaged = mutated(wal.read_bytes(), random.Random(seed))
    wal.write_bytes(damaged)
    journal = journalfile.open_journal(state, fsync=False)
    found = counts_of(journal)
    journal.close()
    kept = list(state.glob(f"{journalfile.WAL}.corrupt-*"))
    is_cut_short = found != [60, 60]
    if is_cut_short and len(damaged) == len((tmp_path / "live" / journalfile.FILE).read_bytes()):
        assert kept
    if kept:
        assert kept[0].read_bytes() == damaged
        assert "D307" in caplog.text


def test_a_journal_that_is_gone_while_its_wal_is_there_is_said(tmp_path, caplog):
    journal, _ = fill(tmp_path)
    content = (tmp_path / journalfile.WAL).read_bytes()
    journal.close()
    (tmp_path / journalfile.FILE).unlink()
    (tmp_path / journalfile.WAL).write_bytes(content)
    journalfile.open_journal(tmp_path, fsync=False).close()
    [kept] = tmp_path.glob(f"{journalfile.WAL}.corrupt-*")
    assert kept.read_bytes() == content
    assert "it is gone, its -wal is there" in caplog.text


def test_a_version_of_a_book_that_says_nonsense_is_damage(tmp_path, caplog):
    journal, _ = fill(tmp_path)
    journal.add_version(VersionRecord("kiosk", 1, AT, False, {"rowz": []}, None))
    journal.close()
    journalfile.open_journal(tmp_path, fsync=False).close()
    assert list(tmp_path.glob(f"{journalfile.FILE}.corrupt-*"))
    assert "kiosk book: version 1 cannot be read" in caplog.text


def test_a_disk_that_refuses_is_no_damage(tmp_path, monkeypatch):
    """An EIO may be over in a second: the journal stays where it is."""
    fill(tmp_path)[0].close()

    def refuse(*_args, **_kwargs):
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(journalfile.sqlite3, "connect", refuse)
        with pytest.raises(OSError, match="disk I/O error"):
            journalfile.open_journal(tmp_path, fsync=False)
    assert not list(tmp_path.glob("*.corrupt-*"))


def test_a_whole_journal_is_opened_without_a_word(tmp_path, caplog):
    fill(tmp_path)[0].close()
    caplog.set_level(logging.INFO)
    journal = journalfile.open_journal(tmp_path, fsync=False)
    assert counts_of(journal) == [60, 60]
    journal.close()
    assert caplog.text == ""


def test_sealed_issues_are_not_booked_twice_by_a_fresh_journal(tmp_path):
    """Their corrections are in the CSV from which the kiosk book begins."""
    folder = tmp_path / "issue_data" / "i1"
    folder.mkdir(parents=True)
    line = {"product": "a", "shelf": 1, "kiosk": 2, "missing": 1, "loss": 5, "certainty": 1.0}
    manifest = {
        "schema": 1,
        "id": "i1",
        "sealed_at": AT.isoformat(),
        "number": 1,
        "loss_won": 5,
        "store": {"id": "gangnam-1"},
        "lines": [line],
        "files": [],
    }
    (folder / "issue.json").write_text(json.dumps(manifest))
    journal = Journal.in_folder(tmp_path, fsync=False)
    journal.open()
    know_sealed_issues(tmp_path / "issue_data", journal, "gangnam-1")
    assert [issue.id for issue in journal.recent_issues()] == ["i1"]
    journal.close()


# --- a newer one


@pytest.mark.parametrize("command", [["sell", "바나나우유", "1"], ["run"], ["books", "check"]])
@pytest.mark.parametrize("is_hot", [True, False])
def test_a_newer_journal_is_not_changed_by_a_byte(tmp_path, command, is_hot):
    """Neither its file nor its -wal, as a killed daemon leaves it."""
    shutil.copyfile("config.yaml", tmp_path / "config.yaml")
    shutil.copytree("inventory", tmp_path / "inventory")
    journal, _ = fill(tmp_path / "live")
    with journal._transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    state = tmp_path / "state"
    state.mkdir()
    if not is_hot:
        journal.close()
    for path in (tmp_path / "live").iterdir():
        if path.name != journalfile.INDEX:
            shutil.copyfile(path, state / path.name)
    journal.close()
    before = {path.name: path.read_bytes() for path in state.iterdir()}
    assert (journalfile.WAL in before) == is_hot
    said = CliRunner().invoke(main, [*command, "--config", str(tmp_path / "config.yaml")])
    if command != ["books", "check"]:
        assert said.exit_code == 1, said.output
        assert "S105" in said.stderr
        assert "update storeguard" in said.stderr
    after = {name: (state / name).read_bytes() for name in before}
    assert after == before
    assert tables.HEAD != "9999"
