"""What the owner does at the counter: sales, the two books, the issues."""

import functools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from storeguard.cli.frame import (
    DONE,
    FAILED,
    Group,
    Verb,
    config_option,
    json_option,
    print_records,
)


# Unknown options are arguments, so that -1 is a count.
@click.command(cls=Verb, context_settings={"ignore_unknown_options": True})
@click.argument("product", required=False)
@click.argument("count", type=click.IntRange(1, 99), required=False)
@click.option(
    "--amount",
    "won",
    type=click.IntRange(1),
    help="Won that came without naming a product (a bank transfer), instead of PRODUCT COUNT.",
)
@config_option
@json_option
def sell(
    product: str | None, count: int | None, won: int | None, config_path: Path, as_json: bool
) -> None:
    """Sell COUNT of PRODUCT, through the running daemon or without it."""
    from storeguard import config as cfg
    from storeguard import printing
    from storeguard.counter import receive, sell_one

    config = cfg.load(config_path)
    if won is not None and product is None:
        sold = receive(config, config_path.parent, won)
    elif won is None and product is not None and count is not None:
        sold = sell_one(config, config_path.parent, product, count)
    else:
        raise click.UsageError("expected PRODUCT COUNT, or --amount WON alone")
    print_records(
        [sold], as_json, functools.partial(printing.sales, language=config.store.language)
    )


@click.group(cls=Group)
def books() -> None:
    """The two inventory CSVs."""


@books.command("check")
@config_option
def books_check(config_path: Path) -> None:
    """Read the CSVs and say what is wrong with them, or waits to be confirmed."""
    from storeguard import config as cfg
    from storeguard.checking import check_books
    from storeguard.counter import edits_not_in_force

    config, base = cfg.load(config_path), config_path.parent
    problems = check_books(cfg.Folders.of(config, base)) or edits_not_in_force(config, base)
    for line in problems or ["inventory: in order"]:
        click.echo(line, err=bool(problems))
    sys.exit(FAILED if problems else DONE)


@books.command("confirm")
@config_option
def books_confirm(config_path: Path) -> None:
    """Take an edit that was held because it removes half of the rows or stock."""
    from storeguard import config as cfg
    from storeguard.counter import confirm_books

    click.echo(confirm_books(cfg.load(config_path), config_path.parent))


@click.group(cls=Group)
def issues() -> None:
    """The sealed issues of this store."""


@issues.command("list")
@config_option
@json_option
def issues_list(config_path: Path, as_json: bool) -> None:
    """One line an issue, oldest first."""
    from storeguard import config as cfg
    from storeguard import printing
    from storeguard.books import journalfile
    from storeguard.checking import issue_rows, loss_today
    from storeguard.clock import SystemClock

    config = cfg.load(config_path)
    folders = cfg.Folders.of(config, config_path.parent)
    verdicts = journalfile.verdicts(folders.state, config.journal.url)
    has_bucket = config.upload.bucket is not None
    rows = issue_rows(folders.issue_data, verdicts, has_bucket=has_bucket)
    won = 0 if as_json else loss_today(config, folders, SystemClock(), verdicts)
    show = functools.partial(printing.issues, loss_today_won=won, language=config.store.language)
    print_records(rows, as_json, show)


@issues.command("show")
@click.argument("issue_id")
@config_option
@json_option
def issues_show(issue_id: str, config_path: Path, as_json: bool) -> None:
    """One issue: what is missing, why, and its files. ISSUE_ID: its id or its number."""
    from storeguard import config as cfg
    from storeguard import printing
    from storeguard.books import journalfile
    from storeguard.books.decisions import OPEN
    from storeguard.checking import find_issue

    config = cfg.load(config_path)
    folders = cfg.Folders.of(config, config_path.parent)
    has_bucket = config.upload.bucket is not None
    found = find_issue(folders.issue_data, issue_id, has_bucket=has_bucket)
    verdicts = journalfile.verdicts(folders.state, config.journal.url)
    state = printing.with_verdict(found.state, verdicts.get(found.manifest["id"], OPEN))
    show = functools.partial(printing.issue, state=state, language=config.store.language)
    print_records([found.manifest], as_json, lambda manifests: show(next(iter(manifests))))


@issues.command("confirm")
@click.argument("issue_id")
@config_option
def issues_confirm(issue_id: str, config_path: Path) -> None:
    """Say that the discrepancy is real. ISSUE_ID: its id or its number."""
    _decide(config_path, issue_id, "confirm", "")


@issues.command("dismiss")
@click.argument("issue_id")
@click.option("--reason", required=True, help="Why it is none.")
@config_option
def issues_dismiss(issue_id: str, reason: str, config_path: Path) -> None:
    """Say that it was none, and why."""
    _decide(config_path, issue_id, "dismiss", reason)


def _decide(config_path: Path, issue_id: str, action: str, reason: str) -> None:
    from storeguard import config as cfg
    from storeguard.deciding import decide

    found = decide(cfg.load(config_path), config_path.parent, issue_id, action, reason)
    click.echo(f"{action}: {found}")


@issues.command("resend")
@click.argument("issue_id")
@config_option
@json_option
def issues_resend(issue_id: str, config_path: Path, as_json: bool) -> None:
    """Send an issue now, what of it is not there yet. ISSUE_ID: its id or its number.

    Where no receipt comes, the notifier is asked again. A message that has gone out is not
    repeated: the answer says when it was.
    """
    from storeguard import config as cfg
    from storeguard.clock import SystemClock, SystemPinClock
    from storeguard.resending import resend

    config = cfg.load(config_path)
    sent = resend(config, config_path.parent, issue_id, SystemClock(), SystemPinClock().sleep)
    print_records([sent], as_json, _resent_lines)
    if sent["sent_at"] is None:
        raise SystemExit(FAILED)


def _resent_lines(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    for one in records:
        if one["sent_at"] is None:
            yield f"{one['id']}: is in the bucket; no receipt yet, see: storeguard cloud status"
        else:
            said = one["text"] or "(no message of its own)"
            yield f"{one['id']}: told at {one['sent_at']}: {said}"


@issues.command("export")
@click.argument("issue_id")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The zip to write.")
@click.option("--reason", default="", help="Why people may be known in it; else it is blurred.")
@config_option
def issues_export(issue_id: str, out: Path, reason: str, config_path: Path) -> None:
    """Evidence as a zip: files, one-page summary, SHA-256 list, who looked."""
    from storeguard import config as cfg
    from storeguard.deciding import export

    found = export(cfg.load(config_path), config_path.parent, issue_id, out, reason)
    click.echo(f"exported: {found} to {out}")
