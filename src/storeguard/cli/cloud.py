"""AWS: put there, looked after, tested, taken away; and the stores of an owner."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storeguard.cli.frame import FAILED, Group, Verb, config_option, json_option, print_records

if TYPE_CHECKING:
    from storeguard.config import Config
    from storeguard.deploying.account import Account

owner_option = click.option(
    "--owner", default="owner", show_default=True, help="Whose stores: one account may hold many's."
)
yes_option = click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")


@click.group(cls=Group)
def cloud() -> None:
    """AWS: bucket, SMS, the page behind it; credentials come from AWS' own chain."""


@contextmanager
def _opened(config_path: Path) -> "Iterator[tuple[Config, Account]]":
    from storeguard import config as cfg
    from storeguard.deploying.account import Account

    config = cfg.load(config_path)
    if config.upload.endpoint_url:
        os.environ.setdefault("AWS_ENDPOINT_URL", config.upload.endpoint_url)
    account = Account(config.upload.region)
    try:
        yield config, account
    finally:
        account.close()


@cloud.command()
@config_option
@json_option
@yes_option
@owner_option
@click.option("--phone", help="The owner's phone, +821012345678; as before where left out.")
@click.option("--second-phone", help="Who hears of it when the owner does not look.")
@click.option("--alarm-email", help="Who hears that messages fail or money is spent.")
@click.option("--page-address", help="A short address that leads to the page, for the SMS.")
@click.option("--keep-days", type=click.IntRange(1, 365), help="Evidence is deleted after; 30.")
@click.option("--certificate-arn", help="The device's certificate in AWS IoT, instead of a key.")
def deploy(config_path: Path, as_json: bool, is_sure: bool, **wished: Any) -> None:
    """Make or renew what this store needs in AWS: shows what would change, then asks."""
    from storeguard.clock import SystemClock
    from storeguard.deploying.deployment import Deployment, Wishes

    with _opened(config_path) as (config, account):
        wall_s = _wall_s(SystemClock())
        deployment = Deployment(config, account, Wishes(**wished), wall_s)
        changes = deployment.plan()
        records = [_change_record(change) for change in changes]
        print_records(records, as_json, _change_lines)
        if changes and not is_sure and not _is_agreed(as_json):
            deployment.discard()
            raise SystemExit(FAILED)
        result = deployment.apply()
        if as_json:
            made = {name: getattr(result, name) for name in result.__slots__}
            click.echo(json.dumps(made, ensure_ascii=False))
            return
        _say_made(config, result)


def _wall_s(clock: Any) -> Any:
    return lambda: clock.utc().timestamp()


def _is_agreed(as_json: bool) -> bool:
    if as_json:
        click.echo("storeguard: nothing was changed; say --yes to make it so", err=True)
        return False
    return click.confirm("Make these changes?", err=True)


def _change_record(change: Any) -> dict[str, Any]:
    return {
        "stack": change.stack,
        "action": change.action,
        "resource": change.name,
        "type": change.kind,
        "replaced": change.is_replaced,
    }


def _change_lines(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    from storeguard.printing import columns

    signs = {"Add": "+", "Remove": "-", "Modify": "~"}
    rows = [
        (
            signs.get(r["action"], r["action"]),
            r["stack"],
            r["resource"],
            r["type"] + (" (replaced)" if r["replaced"] else ""),
        )
        for r in records
    ]
    yield from columns(rows) if rows else ("nothing to change",)


def _say_made(config: "Config", result: Any) -> None:
    upload = config.upload
    lines = [
        "",
        "config.yaml:",
        f"  upload: {{bucket: {result.bucket}, region: {upload.region}, "
        f"endpoint_url: null, sms_region: {upload.sms_region}}}",
        f"page: {result.page_url or 'no address yet; see: storeguard cloud status'}",
    ]
    if result.password:
        login = f"{result.owner} / {result.password}"
        lines.append(f"login: {login}  (told once; change it: storeguard cloud owner)")
    if result.device_user:
        lines.append("device key: storeguard cloud key FILE, then docs/cloud.md")
    click.echo("\n".join(lines))


@cloud.command()
@config_option
@json_option
@owner_option
def status(config_path: Path, as_json: bool, owner: str) -> None:
    """Stacks and drift, bucket, receipts, dead letters, SMS sandbox and spend, page."""
    from storeguard.clock import SystemClock
    from storeguard.deploying.status import lines

    is_bad = False
    with _opened(config_path) as (config, account):
        for line in lines(config, account, owner, SystemClock().utc()):
            is_bad |= line.is_good is False
            sign = {True: "ok  ", False: "FAIL", None: "?   "}[line.is_good]
            said = json.dumps(line.as_json(), ensure_ascii=False)
            click.echo(said if as_json else f"{sign} {line.part}: {line.said}")
    raise SystemExit(FAILED if is_bad else 0)


@cloud.command("test-notice")
@config_option
@json_option
def test_notice(config_path: Path, as_json: bool) -> None:
    """Send a test SMS the whole way: bucket, notifier, phone; waits for the receipt."""
    from storeguard.clock import SystemClock
    from storeguard.deploying import errands

    with _opened(config_path) as (config, account):
        receipt = errands.test_notice(config, account, SystemClock().utc())
    shown = f"sent at {receipt['sent_at']}: {receipt['text']}"
    click.echo(json.dumps(receipt, ensure_ascii=False) if as_json else shown)


@cloud.command()
@config_option
@owner_option
@click.option("--generate", is_flag=True, help="Make a password and print it, instead of asking.")
def owner(config_path: Path, owner: str, generate: bool) -> None:
    """Set the password of the page; whoever is logged in there has to log in again."""
    from storeguard.clock import SystemClock
    from storeguard.cloud.login import Logins
    from storeguard.deploying.account import explained
    from storeguard.deploying.deployment import deployed_account, new_password

    with _opened(config_path) as (_, account):
        table = deployed_account(account).resources["Index"]
        password = new_password() if generate else _asked_password()
        with explained(f"the password of {owner}"):
            logins = Logins(table, account.client("dynamodb"), _wall_s(SystemClock()))
            logins.set_password(owner, password)
    click.echo(f"login: {owner} / {password}" if generate else f"{owner}: the password is set")


def _asked_password() -> str:
    answer = click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    return str(answer)


@cloud.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@config_option
def key(file: Path, config_path: Path) -> None:
    """Write a new key of this store's device to FILE, which must not be there yet."""
    from storeguard.deploying import errands

    with _opened(config_path) as (config, account):
        name = errands.make_key(config, account, file)
    click.echo(f"{file}: key {name}; on the Pi: AWS_SHARED_CREDENTIALS_FILE={file.name}")


@cloud.command()
@config_option
@yes_option
def revoke(config_path: Path, is_sure: bool) -> None:
    """The device was stolen: take back every key of this store's device, at once."""
    from storeguard.deploying import errands

    with _opened(config_path) as (config, account):
        if not is_sure:
            question = f"Take back all keys of {config.store.id}?"
            click.confirm(question, abort=True, err=True)
        count = errands.revoke_keys(config, account)
    click.echo(f"{config.store.id}: {count} keys taken back; a new one: storeguard cloud key FILE")


@cloud.command()
@config_option
@yes_option
@click.option("--all", "is_whole", is_flag=True, help="Everything, not only this store's device.")
@click.option("--keep-evidence", is_flag=True, help="With --all: the bucket and the index stay.")
@click.option("--delete-evidence", is_flag=True, help="With --all: the bucket goes, for good.")
def destroy(
    config_path: Path, is_sure: bool, is_whole: bool, keep_evidence: bool, delete_evidence: bool
) -> None:
    """Take this store's device out of the account, or everything with --all."""
    from storeguard.deploying.errands import Ending

    if keep_evidence and delete_evidence:
        raise click.UsageError("--keep-evidence and --delete-evidence contradict each other")
    with _opened(config_path) as (config, account):
        ending = Ending(config, account)
        stacks = ending.plan(is_whole=is_whole)
        if not stacks:
            click.echo("nothing is there to destroy")
            return
        if is_whole and not (keep_evidence or delete_evidence):
            _refuse_evidence(ending.evidence())
        for name, region in stacks:
            click.echo(f"- {name} ({region})")
        if not is_sure:
            click.confirm("Destroy these?", abort=True, err=True)
        ending.apply(is_whole=is_whole, deletes_evidence=delete_evidence)
    click.echo("done")


def _refuse_evidence(objects: int) -> None:
    from storeguard.errors import CloudRefused

    if objects:
        raise CloudRefused(
            f"the bucket holds {objects} objects of evidence; say --keep-evidence to leave them "
            "there, or --delete-evidence to delete them for good"
        )


@click.command(cls=Verb)
@config_option
@json_option
@owner_option
@click.option("--attention", is_flag=True, help="Only stores that need a look.")
@click.option("--find", default="", help="Only stores with this in their name or id.")
@click.option("--store", help="The last issues of this store, instead of the stores.")
def fleet(
    config_path: Path, as_json: bool, owner: str, attention: bool, find: str, store: str | None
) -> None:
    """All stores of the account: last heard of, open issues, losses this week, blind times."""
    from storeguard.clock import SystemClock
    from storeguard.deploying.fleet import Fleet

    with _opened(config_path) as (config, account):
        stores = Fleet(account, owner, _wall_s(SystemClock()))
        if store is not None:
            print_records(stores.issues(store), as_json, _issue_lines)
            return
        language = config.store.language

        def shown(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
            return _store_lines(rows, language)

        print_records(stores.stores(find, is_attention=attention), as_json, shown)


def _store_lines(rows: Iterable[dict[str, Any]], language: str) -> Iterator[str]:
    from storeguard.messages import text
    from storeguard.printing import columns

    titles = ("store", "name", "seen", "open", "week", "loss", "blind")
    table = [
        (
            row["store"],
            row["name"],
            (row["silent_since"] or row["last_seen"] or "-")[:16].replace("T", " ")
            + (" !" if row["silent_since"] or row["blind_since"] else ""),
            str(row["open_issues"]),
            str(row["issues_week"]),
            f"{row['loss_won_week']:,}",
            f"{row['blind_s_week'] // 60}",
        )
        for row in rows
    ]
    head = tuple(text(language, f"fleet.{title}") for title in titles)
    yield from columns([head, *table], right=(3, 4, 5, 6))


def _issue_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    from storeguard.printing import columns

    table = [
        (
            f"#{row['number']}",
            row["happened_at"][:16].replace("T", " "),
            row["status"],
            f"{row['loss_won']:,}",
            row["text"],
        )
        for row in rows
    ]
    yield from columns(table, right=(0, 3)) if table else ("no issues",)
