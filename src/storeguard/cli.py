"""The command line: one verb per action, each thin. Heavy imports wait until a verb needs them.

Exit codes: 0 done, 1 failed, 2 used wrongly (a bad configuration too). An error is one line
on stderr; `--debug` adds the traceback.
"""

import functools
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from storeguard import __version__
from storeguard.errors import ConfigInvalid, StoreguardError, masked

DONE, FAILED, MISUSED = 0, 1, 2
DEBUG = "storeguard.debug"


class _Verb(click.Command):
    """A verb whose StoreguardErrors become one line and an exit code; it knows --debug too."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params.append(_debug_option(hidden=True))

    def invoke(self, ctx: click.Context) -> Any:
        is_debugging = ctx.find_root().meta.get(DEBUG, False)
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _leave_quietly()
        except (StoreguardError, OSError, ExceptionGroup) as error:
            if is_debugging or not (lines := _lines_of(error)):
                raise
            _complain(lines)
            sys.exit(MISUSED if isinstance(error, ConfigInvalid) else FAILED)
        return result


def _debug_option(*, hidden: bool) -> click.Option:
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        hidden=hidden,
        callback=_set_debug,
        help="Tracebacks, and everything in the log.",
    )


def _set_debug(ctx: click.Context, _param: click.Parameter, is_given: bool) -> None:
    meta = ctx.find_root().meta
    meta[DEBUG] = is_given or meta.get(DEBUG, False)
    logging.getLogger("storeguard").setLevel(logging.DEBUG if meta[DEBUG] else logging.INFO)


def _lines_of(error: BaseException) -> list[str]:
    """What to say about an error that is no bug of ours; nothing where one is among them."""
    if isinstance(error, BaseExceptionGroup):
        each = [_lines_of(one) for one in error.exceptions]
        return [line for lines in each for line in lines] if all(each) else []
    if isinstance(error, StoreguardError):
        return str(error).splitlines()
    # The last net for a disk that is full or folders that belong to somebody else.
    if isinstance(error, OSError) and error.filename is not None:
        return [f"{error.filename}: {error.strerror}; check the disk's space and the rights here"]
    return []


def _complain(lines: Iterable[str]) -> None:
    for line in dict.fromkeys(lines):
        click.echo(f"storeguard: {masked(line)}", err=True)


def _leave_quietly() -> NoReturn:
    """The reader of stdout has gone (`| head`): nothing can be said there any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    sys.exit(FAILED)


class _Group(click.Group):
    command_class = _Verb

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """As click's, but wrong usage is one line too."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, **extra)
        except click.ClickException as error:
            _explain_usage(error)
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(FAILED)
        sys.exit(code if isinstance(code, int) else DONE)


def _explain_usage(error: click.ClickException) -> None:
    said = error.format_message()
    if "\n" in said:  # a group without a verb: its help
        click.echo(said, err=True)
        return
    path = getattr(getattr(error, "ctx", None), "command_path", "storeguard")
    click.echo(f"storeguard: {said.rstrip('.')}; see: {path} --help", err=True)


_Group.group_class = _Group

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The configuration file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="storeguard")
def main() -> None:
    """Guards an unmanned shop: shelf weights against kiosk sales, whenever it is empty."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )


main.params.append(_debug_option(hidden=False))


def _print(
    records: Iterable[dict[str, Any]],
    as_json: bool,
    lines: Callable[[Iterable[dict[str, Any]]], Iterable[str]],
) -> None:
    said = (json.dumps(r, ensure_ascii=False) for r in records) if as_json else lines(records)
    for line in said:
        click.echo(line)


@main.command()
@config_option
@click.option("--record", type=click.Path(path_type=Path), help="Also write a trace there.")
def run(config_path: Path, record: Path | None) -> None:
    """Run the daemon until SIGTERM."""
    from storeguard import config as cfg
    from storeguard.lock import refuse_second

    config = cfg.load(config_path)
    refuse_second(cfg.Folders.of(config, config_path.parent).state)  # before seconds of imports
    from storeguard.checking import refuse_unusable
    from storeguard.daemon import run_daemon

    refuse_unusable(config, config_path)
    try:
        code = run_daemon(config, config_path.parent, record_to=record)
    except ConfigInvalid as invalid:  # against the inventory
        raise ConfigInvalid(str(config_path), invalid.problems) from invalid
    _leave(code)


def _leave(code: int) -> NoReturn:
    """Ends the process at once: a transfer that hangs in a thread must not keep it alive."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@main.command()
@click.option(
    "--script",
    type=click.Choice(["honest", "thief", "both", "all"]),
    default="all",
    show_default=True,
)
@click.option("--once", is_flag=True, help="End after the script, with a JSON summary.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="0 takes a free one.",
)
@click.option("--speed", type=click.FloatRange(0.25, 8), default=2.5, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Keep the demo's files there.")
def demo(script: str, once: bool, port: int, speed: float, out: Path | None) -> None:
    """Show a simulated store: an honest customer, a thief, both at once."""
    from storeguard.demo import run_demo

    _leave(run_demo(script, once=once, port=port, speed=speed, out=out))


@main.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the results.")
@json_option
def replay(trace: Path, out: Path | None, as_json: bool) -> None:
    """Play a recorded TRACE through the same services, as fast as it can."""
    from storeguard.replaying import replay as play

    logging.getLogger("storeguard").setLevel(logging.WARNING)
    show = functools.partial(_show_event, as_json=as_json)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        played = play(trace, out, show)
    else:
        with tempfile.TemporaryDirectory(prefix="storeguard-replay-") as folder:
            played = play(trace, Path(folder), show)
    if played.ended_occupied:
        click.echo("storeguard: the trace ends with somebody inside; not judged", err=True)


def _show_event(event: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
        return
    details = {k: v for k, v in event.items() if k not in ("t_s", "event") and v not in ({}, [])}
    said = "  ".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in details.items())
    click.echo(f"{event['t_s']:>10.1f} s  {event['event']:<16} {said}")


@main.command("check-config")
@config_option
@json_option
def check_config(config_path: Path, as_json: bool) -> None:
    """Say whether the configuration and the inventory fit together."""
    from storeguard import printing
    from storeguard.checking import check

    found = check(config_path)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        for line in printing.remarks(found.problems, found.remarks, str(config_path)):
            click.echo(line, err=bool(found.problems))
    sys.exit(MISUSED if found.problems else DONE)


@main.command(context_settings={"ignore_unknown_options": True})  # so that -1 is a count
@click.argument("product")
@click.argument("count", type=click.IntRange(1, 99))
@config_option
@json_option
def sell(product: str, count: int, config_path: Path, as_json: bool) -> None:
    """Sell COUNT of PRODUCT, through the running daemon or without it."""
    from storeguard import config as cfg
    from storeguard import printing
    from storeguard.counter import sell_one

    config = cfg.load(config_path)
    sold = sell_one(config, config_path.parent, product, count)
    _print([sold], as_json, functools.partial(printing.sales, language=config.store.language))


@main.group()
def books() -> None:
    """The two inventory CSVs."""


@books.command("check")
@config_option
def books_check(config_path: Path) -> None:
    """Read both CSVs and say what is wrong with them."""
    from storeguard import config as cfg
    from storeguard.checking import check_books

    problems = check_books(cfg.Folders.of(cfg.load(config_path), config_path.parent))
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


@main.group()
def issues() -> None:
    """The sealed issues of this store."""


@issues.command("list")
@config_option
@json_option
def issues_list(config_path: Path, as_json: bool) -> None:
    """One line an issue, oldest first."""
    from storeguard import config as cfg
    from storeguard import printing
    from storeguard.checking import issue_rows

    config = cfg.load(config_path)
    root = cfg.Folders.of(config, config_path.parent).issue_data
    rows = issue_rows(root, has_bucket=config.upload.bucket is not None)
    _print(rows, as_json, printing.issues)


@issues.command("show")
@click.argument("issue_id")
@config_option
@json_option
def issues_show(issue_id: str, config_path: Path, as_json: bool) -> None:
    """One issue: what is missing, why, and its files. ISSUE_ID: its id or its number."""
    from storeguard import config as cfg
    from storeguard import printing
    from storeguard.checking import find_issue

    config = cfg.load(config_path)
    root = cfg.Folders.of(config, config_path.parent).issue_data
    found = find_issue(root, issue_id, has_bucket=config.upload.bucket is not None)
    show = functools.partial(printing.issue, state=found.state, language=config.store.language)
    _print([found.manifest], as_json, lambda manifests: show(next(iter(manifests))))


@main.command()
@click.argument("source")
@click.option(
    "--detector",
    "backend",
    type=click.Choice(["auto", "onnx", "background"]),
    default="auto",
    show_default=True,
)
@click.option("--model", default="yolo11n", show_default=True)
@click.option("--confidence", type=click.FloatRange(0, 1), default=0.4, show_default=True)
@json_option
def detect(source: str, backend: str, model: str, confidence: float, as_json: bool) -> None:
    """Find people on a picture, a video, a camera number or a URL."""
    from storeguard import config as cfg
    from storeguard.looking import detect_people

    detector = cfg.Detector.model_validate(
        {"backend": backend, "model": model, "confidence": confidence}
    )
    for found in detect_people(source, detector):
        click.echo(json.dumps(found, ensure_ascii=False) if as_json else _spoken(found))


def _spoken(found: dict[str, Any]) -> str:
    at = "" if found["t_s"] is None else f" {found['t_s']:.2f} s"
    sure = ", ".join(f"{person['confidence']:.2f}" for person in found["people"]) or "-"
    return f"{found['source']}{at}: {len(found['people'])} people ({sure}), {found['ms']:.1f} ms"


@main.group()
def models() -> None:
    """Networks for person detection."""


@models.command("list")
@json_option
def models_list(as_json: bool) -> None:
    """Which networks there are, and where they lie on this machine."""
    from storeguard import printing
    from storeguard.looking import model_rows

    _print(model_rows(), as_json, printing.networks)


@models.command("pull")
@click.argument("name")
def models_pull(name: str) -> None:
    """Download network NAME, resumed where it broke off, and check its sha256."""
    from storeguard.looking import pull_with_bar

    click.echo(pull_with_bar(name))


@models.command("verify")
@click.argument("name", required=False)
def models_verify(name: str | None) -> None:
    """Check the sha256 of one network, or of all that are here."""
    from storeguard.looking import verify_models

    for line in verify_models(name):
        click.echo(line)
