"""`storeguard people`: who may sign in, from the console of the Pi."""

from datetime import timedelta
from pathlib import Path

import click

from storeguard.cli.frame import Group, config_option, json_option, print_records

VALID_FOR = timedelta(minutes=30)


@click.group(cls=Group)
def people() -> None:
    """Who may sign in to the owner's console."""


@people.command("code")
@config_option
@json_option
def code(config_path: Path, as_json: bool) -> None:
    """A one-time code for the first owner, or for an owner whose password is lost."""
    from storeguard import config as cfg
    from storeguard import printing
    from storeguard.books.accounts import AccountFiles
    from storeguard.clock import SystemClock
    from storeguard.daemonclient import NobodyThere, find
    from storeguard.lock import make_folder

    config = cfg.load(config_path)
    state = cfg.Folders.of(config, config_path.parent).state
    make_folder(state)
    plain = AccountFiles(state).offer_code(SystemClock().utc(), VALID_FOR)
    try:
        url = find(state).url
    except NobodyThere:
        url = None
    said = {"code": plain, "minutes": round(VALID_FOR.total_seconds() / 60), "url": url}
    print_records([said], as_json, lambda rows: printing.codes(rows, config.store.language))


@people.command("list")
@config_option
@json_option
def list_(config_path: Path, as_json: bool) -> None:
    """One line an account: its name, role, and since when."""
    from storeguard import config as cfg
    from storeguard.books.accounts import AccountFiles

    config = cfg.load(config_path)
    accounts = AccountFiles(cfg.Folders.of(config, config_path.parent).state).accounts()
    rows = [{"name": a.name, "role": a.role, "created_at": a.created_at} for a in accounts]
    print_records(rows, as_json, lambda rows: ("  ".join(row.values()) for row in rows))
