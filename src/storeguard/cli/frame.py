"""What every verb has in common: one line an error, exit codes, --debug, --json.

Exit codes: 0 done, 1 failed, 2 used wrongly (a bad configuration too). An error is one line
on stderr; `--debug` adds the traceback.
"""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from storeguard.errors import ConfigInvalid, StoreguardError, masked

DONE, FAILED, MISUSED = 0, 1, 2
DEBUG = "storeguard.debug"


class Verb(click.Command):
    """A verb whose StoreguardErrors become one line and an exit code; it knows --debug too."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params.append(debug_option(hidden=True))

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


def debug_option(*, hidden: bool) -> click.Option:
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


class Group(click.Group):
    command_class = Verb

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


Group.group_class = Group

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The configuration file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def print_records(
    records: Iterable[dict[str, Any]],
    as_json: bool,
    lines: Callable[[Iterable[dict[str, Any]]], Iterable[str]],
) -> None:
    said = (json.dumps(r, ensure_ascii=False) for r in records) if as_json else lines(records)
    for line in said:
        click.echo(line)
