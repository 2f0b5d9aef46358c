"""`storeguard restock`: whoever fills or cleans the shelves says so."""

import functools
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import click

from storeguard.cli.frame import Group, config_option, json_option, print_records


@click.group(cls=Group)
def restock() -> None:
    """Restock mode: both books follow the shelf, through the running daemon."""


@restock.command("start")
@click.option(
    "--who",
    type=click.Choice(["owner", "cleaner", "staff"]),
    default="staff",
    show_default=True,
    help="Whose visit it is; what an owner or a cleaner takes is written off as theirs.",
)
@config_option
@json_option
def start(who: str, config_path: Path, as_json: bool) -> None:
    """From now on, with the visit that began less than 10 minutes ago; ends after 30 idle ones."""
    _switch("start", who, config_path, as_json)


@restock.command("stop")
@config_option
@json_option
def stop(config_path: Path, as_json: bool) -> None:
    """What moves from now on is the customers'."""
    _switch("stop", "staff", config_path, as_json)


@restock.command("status")
@config_option
@json_option
def status(config_path: Path, as_json: bool) -> None:
    """Is it on, and whose?"""
    _switch("status", "staff", config_path, as_json)


def _switch(
    do: Literal["start", "stop", "status"], who: str, config_path: Path, as_json: bool
) -> None:
    from storeguard import config as cfg
    from storeguard.counter import switch_restock

    config = cfg.load(config_path)
    mode = switch_restock(config, config_path.parent, do, who)
    print_records([mode], as_json, functools.partial(_lines, timezone=config.store.timezone))


def _lines(modes: Iterable[dict[str, Any]], *, timezone: str) -> Iterator[str]:
    """Since when, by the shop's clock."""
    for mode in modes:
        if not mode["who"]:
            yield "restock mode: off"
            continue
        since = datetime.fromisoformat(mode["since"]).astimezone(ZoneInfo(timezone))
        yield f"restock mode: on ({mode['who']}) since {since:%Y-%m-%d %H:%M:%S}"
