"""The daemon, the demo, replay and the check of a configuration."""

import functools
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import click

from storeguard.cli.frame import DONE, MISUSED, Verb, config_option, json_option
from storeguard.errors import ConfigInvalid


@click.command(cls=Verb)
@config_option
@click.option("--record", type=click.Path(path_type=Path), help="Also write a trace there.")
def run(config_path: Path, record: Path | None) -> None:
    """Run the daemon until SIGTERM.

    Where NOTIFY_SOCKET is set, as under systemd, nobody reads an error: failed starts are
    counted, and five of them lead to safe mode.
    """
    from storeguard import config as cfg
    from storeguard import notifysocket
    from storeguard.lock import refuse_second

    if notifysocket.is_given():
        from storeguard.unattended import run_service

        _leave(run_service(config_path, record_to=record))
    config = cfg.load(config_path)
    refuse_second(cfg.Folders.of(config, config_path.parent).state)  # before seconds of imports
    from storeguard.checking import refuse_unusable
    from storeguard.daemon import Duty, run_daemon
    from storeguard.upkeep.leaving import AGAIN

    refuse_unusable(config, config_path)
    try:
        duty = Duty(path=config_path)
        code = run_daemon(config, config_path.parent, record_to=record, duty=duty)
    except ConfigInvalid as invalid:  # against the inventory
        raise ConfigInvalid(str(config_path), invalid.problems) from invalid
    if code == AGAIN:  # at a terminal nobody else would start it
        _flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    _leave(code)


def _leave(code: int) -> NoReturn:
    """Ends the process at once: a transfer that hangs in a thread must not keep it alive."""
    _flush()
    os._exit(code)


def _flush() -> None:
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()


@click.command(cls=Verb)
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


@click.command(cls=Verb)
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


@click.command("check-config", cls=Verb)
@config_option
@json_option
def check_config(config_path: Path, as_json: bool) -> None:
    """Say whether the configuration and the inventory fit together, and what scales can tell."""
    from storeguard import budgeting, printing
    from storeguard.checking import check

    found = check(config_path)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        for line in budgeting.lines(found.found, found.guarded):
            click.echo(line, err=bool(found.problems))
        for line in printing.remarks(found.problems, found.remarks, str(config_path)):
            click.echo(line, err=bool(found.problems))
    sys.exit(MISUSED if found.problems else DONE)
