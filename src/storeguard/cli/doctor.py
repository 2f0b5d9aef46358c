"""`doctor`: is everything there, does it work, and what to do where it does not."""

import json
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storeguard.cli.frame import DEBUG, DONE, FAILED, Verb, config_option, json_option

if TYPE_CHECKING:
    from storeguard.upkeep.checks.finding import Check, Finding, Site
    from storeguard.upkeep.doctor import Examination


@click.command(cls=Verb)
@config_option
@json_option
@click.pass_context
def doctor(ctx: click.Context, config_path: Path, as_json: bool) -> None:
    """Look at every sensor, camera, disk, network and the way to the owner's phone."""
    from storeguard.upkeep import doctor as upkeep
    from storeguard.upkeep.checks.finding import State

    _be_quiet(is_debugging=ctx.find_root().meta.get(DEBUG, False))
    site = upkeep.site_of(config_path)
    checks = upkeep.checks_of(site)
    examination = upkeep.Examination(checks, site.clock, site.say)
    found = _as_json(examination) if as_json else _as_lines(examination, checks, site)
    _end(FAILED if any(one.state is State.FAIL for one in found) else DONE, examination)


def _be_quiet(*, is_debugging: bool) -> None:
    """The lines say it: the log of the devices and of OpenCV would come between them."""
    from storeguard.captures import silence_opencv

    if not is_debugging:
        logging.getLogger("storeguard").setLevel(logging.CRITICAL)
        silence_opencv()


def _as_json(examination: "Examination") -> "list[Finding]":
    found = []
    for finding in examination.findings():
        click.echo(json.dumps(finding.as_json(), ensure_ascii=False))
        found.append(finding)
    return found


def _as_lines(
    examination: "Examination", checks: "tuple[Check, ...]", site: "Site"
) -> "list[Finding]":
    """On a terminal it also says what it is busy with, on a line that the answer replaces."""
    from storeguard.upkeep import report

    is_terminal = sys.stdout.isatty()
    labels = [topic.what for check in checks for topic in check.topics]
    columns = shutil.get_terminal_size().columns if is_terminal else None
    layout, found = report.layout_for(labels, columns), []

    def busy(check: "Check") -> None:
        _write_over(f"… {check.topics[0].what}" if is_terminal else None)

    for finding in examination.findings(busy):
        found.append(finding)
        _write_over("" if is_terminal else None)
        for line in report.lines(finding, layout):
            click.echo(line, color=_colour())
    _write_over("" if is_terminal else None)
    click.echo(report.summary(found, site.say), color=_colour())
    return found


def _write_over(text: str | None) -> None:
    """In place of what the terminal's last line says; nothing where there is no terminal."""
    if text is not None:
        sys.stdout.write(f"\r\033[K{text}")
        sys.stdout.flush()


def _colour() -> bool | None:
    """Only on a terminal, and not against the wish that programs share: no-color.org."""
    return False if os.environ.get("NO_COLOR") else None


def _end(code: int, examination: "Examination") -> None:
    if examination.has_leftovers:  # a thread that hangs in a driver would keep the process
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
