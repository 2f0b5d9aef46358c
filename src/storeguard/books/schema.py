"""The journal's tables in the database: made new, or migrated."""

import sqlalchemy as sa
from sqlalchemy import Connection

from storeguard.books import tables as t
from storeguard.errors import JournalTooNew

SCRIPTS = "storeguard.books:migrations"


def migrate(connection: Connection, where: str) -> None:
    """Brings the tables up to date. Raises JournalTooNew before anything is touched."""
    version = _version(connection)
    if version == t.HEAD:
        return
    if version is None:
        _create(connection)
        return
    if version not in t.REVISIONS:
        raise too_new(version, where)
    upgrade(connection)


def too_new(version: str, where: str) -> JournalTooNew:
    return JournalTooNew(
        f"S105 journal {where}: is of version {version!r}, this storeguard knows up to "
        f"{t.HEAD!r}; update storeguard (더 새로운 버전의 데이터입니다. 업데이트하세요.)"
    )


def _create(connection: Connection) -> None:
    """A new database gets today's tables without Alembic's import (0.3 s, 10 MB for good)."""
    t.metadata.create_all(connection)
    stamps = sa.Table(
        "alembic_version",
        sa.MetaData(),
        sa.Column("version_num", sa.String(32), primary_key=True),
    )
    stamps.create(connection, checkfirst=True)
    connection.execute(sa.insert(stamps), {"version_num": t.HEAD})


def upgrade(connection: Connection) -> None:
    """Runs the migrations that the database lacks; a test holds them equal to the tables."""
    # Imported here: a third of a second, on a Pi over a second.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)
