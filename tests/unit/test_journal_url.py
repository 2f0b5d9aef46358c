"""journal.url: what is wrong with it is one clear line, and its password stands nowhere."""

import sys
from pathlib import Path

import pytest

from storeguard import config as cfg
from storeguard.books import journalurl
from storeguard.books.journalfile import open_journal
from storeguard.errors import ConfigInvalid, JournalFault, MissingExtra

GOOD = (
    "mysql://storeguard@127.0.0.1/shop",
    "mariadb://storeguard@db.local:3307/shop?charset=utf8mb4",
    "mysql+pymysql://root@localhost/shop?unix_socket=/run/mysqld/mysqld.sock",
    "postgresql://storeguard@/shop?host=/run/postgresql",
)


@pytest.mark.parametrize("url", GOOD)
def test_a_servers_address_is_taken(url: str):
    assert cfg.parse(f"journal: {{url: '{url}'}}").journal.url == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("storeguard.db", "is no database's address; such as 'mysql://127.0.0.1/shop'"),
        ("sqlite:////tmp/a.db", "is no database's address"),
        ("mysql://storeguard@127.0.0.1", "is no database's address"),
        ("mysql://storeguard:secret@127.0.0.1/shop", "STOREGUARD_JOURNAL_PASSWORD"),
    ],
)
def test_what_is_no_address_is_refused_in_one_line_that_repeats_no_password(url: str, why: str):
    with pytest.raises(ConfigInvalid) as refused:
        cfg.parse(f"journal: {{url: '{url}'}}")
    [line] = refused.value.problems
    assert "journal.url" in line
    assert why in line
    assert "secret" not in line


@pytest.mark.parametrize("url", ["mysql://s@127.0.0.1:1/shop", "postgresql://s@127.0.0.1:1/shop"])
def test_a_server_that_is_not_there_is_said_in_one_line_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
):
    monkeypatch.setenv(journalurl.PASSWORD_VARIABLE, "canary-password")
    with pytest.raises(JournalFault) as refused:
        open_journal(tmp_path, url=url)
    said = str(refused.value)
    assert "127.0.0.1" in said
    assert "\n" not in said
    assert "canary-password" not in said


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [
        ("mysql://s@h/shop", "pymysql", "mariadb"),
        ("postgresql://s@h/shop", "psycopg", "postgresql"),
    ],
)
def test_a_missing_driver_is_named_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, package: str, extra: str
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'storeguard\[{extra}\]'"):
        open_journal(tmp_path, url=url)


def test_an_unknown_driver_is_named(tmp_path: Path):
    with pytest.raises(JournalFault, match=r"mysql\.nosuch; such as mysql://, postgresql://"):
        open_journal(tmp_path, url="mysql+nosuch://s@h/shop")
