"""A store in one file, and back."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storeguard.cli.frame import Verb, config_option, json_option

if TYPE_CHECKING:
    from storeguard.upkeep.backup import Made
    from storeguard.upkeep.restore import Restored


@click.command(cls=Verb)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--with-issues", is_flag=True, help="Also the sealed issues with their videos.")
@config_option
@json_option
def backup(file: Path, with_issues: bool, config_path: Path, as_json: bool) -> None:
    """Write configuration, books, logs and state into FILE; the daemon may run."""
    from storeguard.clock import SystemClock
    from storeguard.upkeep.backup import make

    made = make(config_path, file, SystemClock(), with_issues=with_issues)
    _say(_made_json(made), _made_lines(made), as_json=as_json)


@click.command(cls=Verb)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--other-store", is_flag=True, help="Make this device the store of the backup.")
@config_option
@json_option
def restore(file: Path, other_store: bool, config_path: Path, as_json: bool) -> None:
    """Put the backup FILE in the place of what is here; the daemon must not run."""
    from storeguard.clock import SystemClock
    from storeguard.upkeep.restore import restore as put_back

    restored = put_back(file, config_path, SystemClock(), other_store=other_store)
    _say(_restored_json(restored), _restored_lines(restored), as_json=as_json)


def _say(record: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    for line in [json.dumps(record, ensure_ascii=False)] if as_json else lines:
        click.echo(line)


def _made_json(made: "Made") -> dict[str, Any]:
    known = {name: value for name, value in made.backup.as_json().items() if name != "files"}
    counts = {"files": len(made.backup.files), "bytes": made.bytes, "passwords": made.masked}
    return {"path": str(made.path), **known, **counts}


def _made_lines(made: "Made") -> list[str]:
    backup = made.backup
    lines = [
        f"{made.path}: {len(backup.files)} files of store '{backup.store}', {made.bytes} bytes; "
        "it holds sales and stock: keep it where nobody else reads it"
    ]
    if made.masked:
        lines.append(
            f"passwords in config.yaml ({made.masked} lines) are left out; note them elsewhere"
        )
    return lines


def _restored_json(restored: "Restored") -> dict[str, Any]:
    backup = restored.backup
    return {
        "store": backup.store,
        "made_at": backup.made_at,
        "restored_at": restored.at.isoformat(),
        "lost_sales": restored.lost_sales,
        "lost_won": restored.lost_won,
        "kept": [str(folder) for folder in restored.kept],
        "passwords": restored.unknown_passwords,
    }


def _restored_lines(restored: "Restored") -> list[str]:
    made_at = restored.backup.made_at[:19]
    lost = (
        "how many sales that were, the old journal cannot say"
        if restored.lost_sales is None
        else f"{restored.lost_sales} sales of {restored.lost_won} won"
    )
    lines = [
        f"restored store '{restored.backup.store}' as of {made_at} UTC; what was sold from then "
        f"until {restored.at:%Y-%m-%dT%H:%M:%S} UTC is not in the books: {lost}",
        "the next start compares the shelves with the books",
    ]
    if restored.kept:
        lines.append(f"what was replaced is kept in {', '.join(map(str, restored.kept))}")
    if restored.unknown_passwords:
        lines.append(
            f"config.yaml: {restored.unknown_passwords} lines need their password again (***)"
        )
    return lines
