"""`storeguard notify`: the owner's channels, and what was told on them."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from storeguard.cli.frame import FAILED, Group, config_option, json_option, print_records


@click.group(cls=Group)
def notify() -> None:
    """The ways to the owner beside the SMS: try them, see what was told, answer a test."""


@notify.command("test")
@click.argument("channels", nargs=-1, metavar="[CHANNEL]…")
@config_option
@json_option
def test(channels: tuple[str, ...], config_path: Path, as_json: bool) -> None:
    """Sends a test on each channel now; the daemon need not run."""
    from storeguard import config as cfg
    from storeguard.telltale import try_channels

    config = cfg.load(config_path)
    tried = list(try_channels(config, os.environ, channels))
    print_records(tried, as_json, _test_lines)
    if not all(one["sent"] for one in tried):
        raise SystemExit(FAILED)


@notify.command("list")
@config_option
@json_option
def list_(config_path: Path, as_json: bool) -> None:
    """What was told lately, and how far it has come on each channel."""
    from storeguard import config as cfg
    from storeguard.telltale import told

    print_records(told(cfg.load(config_path), config_path.parent), as_json, _list_lines)


@notify.command("ack")
@click.argument("notice_id", required=False, metavar="[ID]")
@config_option
@json_option
def ack(notice_id: str | None, config_path: Path, as_json: bool) -> None:
    """Says that a notice has been seen; without ID the newest test."""
    from storeguard import config as cfg
    from storeguard.telltale import acknowledge

    seen = acknowledge(cfg.load(config_path), config_path.parent, notice_id)
    print_records([{"id": seen, "acknowledged": True}], as_json, _ack_lines)


def _test_lines(tried: Iterable[dict[str, Any]]) -> Iterator[str]:
    for one in tried:
        yield f"{one['channel']}: sent" if one["sent"] else f"{one['channel']}: {one['why']}"


def _list_lines(notices: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield from [_list_line(one) for one in notices] or ["no notices"]


def _list_line(notice: dict[str, Any]) -> str:
    legs = ", ".join(f"{channel}: {leg['phase']}" for channel, leg in notice["channels"].items())
    seen = " (seen)" if notice["acknowledged"] else ""
    return f"{notice['at']}  {notice['subject']}{seen}  [{legs or 'no channel'}]"


def _ack_lines(seen: Iterable[dict[str, Any]]) -> Iterator[str]:
    for one in seen:
        yield f"{one['id']}: seen"
