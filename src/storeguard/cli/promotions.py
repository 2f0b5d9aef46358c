"""What the owner declares as promotions, and what he is asked about."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from storeguard.cli.frame import Group, config_option, json_option, print_records


@click.group(cls=Group)
def promotions() -> None:
    """Promotions (행사): those of inventory/promotions.csv, and proposed ones."""


@promotions.command("list")
@config_option
@json_option
def promotions_list(config_path: Path, as_json: bool) -> None:
    """What is declared, proposed or rejected, one line each."""
    from storeguard import config as cfg
    from storeguard.checking import promotion_rows

    print_records(promotion_rows(cfg.load(config_path), config_path.parent), as_json, _lines)


@promotions.command("reject")
@click.argument("name")
@config_option
def promotions_reject(name: str, config_path: Path) -> None:
    """Say that the proposed promotion NAME is none: such visits are judged from now on."""
    from storeguard import config as cfg
    from storeguard.counter import reject_promotion

    click.echo(reject_promotion(cfg.load(config_path), config_path.parent, name))


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    from storeguard.printing import columns

    table = [[*_cells(row)] for row in rows]
    yield from columns(table) if table else ("no promotions",)


def _cells(row: Mapping[str, Any]) -> Iterator[str]:
    yield from (row["name"], row["state"], row["promotion"], ", ".join(row["products"]))
    if row["starts"] or row["ends"]:
        yield f"{row['starts'] or ''} ~ {row['ends'] or ''}"
    else:
        yield ""
