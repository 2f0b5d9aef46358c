"""The journal in a database server that config.yaml names, instead of the state folder's file.

The server's own backups and checks take the place of what `journalfile` does for the file.
"""

import os

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from storeguard.books.journal import Journal
from storeguard.errors import JournalFault, MissingExtra

PASSWORD_VARIABLE = "STOREGUARD_JOURNAL_PASSWORD"

DRIVERS = {
    "mysql": ("mysql+pymysql", "pymysql", "mariadb"),
    "mariadb": ("mysql+pymysql", "pymysql", "mariadb"),
    "postgresql": ("postgresql+psycopg", "psycopg", "postgresql"),
}
"""By the URL's first word: SQLAlchemy's name, the package, and the extra that brings it."""

EVERY_SIGN = {"charset": "utf8mb4"}
"""MariaDB's default has no place for 🍌."""


def open_by_url(url: str, password: str | None = None) -> Journal:
    """Opened and migrated. `password` None: the environment's.

    Raises MissingExtra, JournalTooNew, and JournalFault where the server cannot be reached or its
    database does not fit.
    """
    wanted = _completed(url, password or os.environ.get(PASSWORD_VARIABLE))
    _refuse_without_driver(wanted)
    try:
        journal = Journal(wanted.render_as_string(hide_password=False))
        journal.open()
    except (ArgumentError, NoSuchModuleError) as error:
        raise JournalFault(f"journal.url {_shown(wanted)}: {_line(error)}") from error
    try:
        _refuse_one_case(journal, wanted)
    except BaseException:
        journal.close()
        raise
    return journal


def _completed(url: str, password: str | None) -> sa.URL:
    try:
        wanted = sa.make_url(url)
    except ArgumentError as error:
        raise JournalFault(f"journal.url {url!r}: {_line(error)}") from error
    if wanted.drivername in DRIVERS:
        wanted = wanted.set(drivername=DRIVERS[wanted.drivername][0])
    if wanted.get_backend_name() in ("mysql", "mariadb"):
        wanted = wanted.set(query={**EVERY_SIGN, **wanted.query})
    return wanted if password is None else wanted.set(password=password)


def _refuse_without_driver(url: sa.URL) -> None:
    _, package, extra = DRIVERS.get(url.get_backend_name(), ("", "its driver", "mariadb"))
    try:
        url.get_dialect().import_dbapi()
    except NoSuchModuleError as error:
        raise JournalFault(
            f"journal.url {_shown(url)}: {_line(error)}; such as mysql://, postgresql://"
        ) from error
    except ImportError as error:
        raise MissingExtra(f"journal.url {_shown(url)}", package, extra) from error


def _refuse_one_case(journal: Journal, url: sa.URL) -> None:
    """Sales' keys differ by capitals alone: where the database takes them for one, sales go
    missing."""
    if url.get_backend_name() not in ("mysql", "mariadb"):
        return
    collation = sa.literal_column("@@collation_database", sa.String).label("collation")
    [row] = journal.rows(sa.select(collation, sa.func.database().label("name")))
    if not str(row["collation"]).endswith("_bin"):
        raise JournalFault(
            f"journal.url {_shown(url)}: the database's collation is {row['collation']}, expected "
            f"utf8mb4_bin; run: ALTER DATABASE {row['name']} CHARACTER SET utf8mb4 COLLATE "
            "utf8mb4_bin"
        )


def _shown(url: sa.URL) -> str:
    return url.render_as_string(hide_password=True)


def _line(error: Exception) -> str:
    return str(error).splitlines()[0]
