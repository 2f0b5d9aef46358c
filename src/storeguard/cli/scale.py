"""The installer's verbs: see, zero, calibrate and examine the scales."""

import json
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storeguard.cli.frame import DONE, FAILED, Group, config_option, json_option, print_records

if TYPE_CHECKING:
    from storeguard.config import Scale
    from storeguard.upkeep.calibrating import Plan
    from storeguard.upkeep.scales import Device, Shop
    from storeguard.upkeep.scaling import LiveScale, Shown

PLAIN_EVERY_S = 1.0
REDRAW_EVERY_S = 0.25

id_argument = click.argument("scale_id", metavar="ID")


@click.group(cls=Group)
def scale() -> None:
    """The scales: list, read, zero, calibrate, examine them."""


def _shop(config_path: Path) -> "Shop":
    from storeguard import config as cfg
    from storeguard.upkeep.scales import Shop

    return Shop.of(cfg.load(config_path), config_path.parent)


def _tell(record: dict[str, Any], as_json: bool, lines: Callable[[], Iterable[str]]) -> None:
    print_records([record], as_json, lambda _: lines())


@scale.command("list")
@config_option
@json_option
def scale_list(config_path: Path, as_json: bool) -> None:
    """Which scales there are, their pins, products and calibrations."""
    from storeguard.upkeep import scalewords
    from storeguard.upkeep.scaling import scale_rows

    shop = _shop(config_path)
    language = shop.config.store.language
    print_records(scale_rows(shop), as_json, lambda rows: scalewords.listed(rows, language))


@scale.command("read")
@click.argument("scale_ids", metavar="[ID]...", nargs=-1)
@click.option("--for", "for_s", type=click.FloatRange(2), help="Seconds; else until Ctrl-C.")
@config_option
@json_option
def scale_read(
    scale_ids: tuple[str, ...], for_s: float | None, config_path: Path, as_json: bool
) -> None:
    """What the scales show now: raw counts, grams, spread, count. Without IDs all of them."""
    from storeguard.upkeep.scales import CommandClock, rounds, taken
    from storeguard.upkeep.scaling import LiveScale

    shop, clock = _shop(config_path), CommandClock()
    scales = [shop.scale(one) for one in scale_ids] or list(shop.config.scales)
    show = _json_shower() if as_json else _line_shower(shop.config.store.language)
    with taken(shop, scales, clock) as devices:
        started_s = clock.now_s()
        live = {device.id: LiveScale(shop, device, started_s) for device in devices}
        try:
            for heard in rounds(devices, clock, for_s):
                show(clock.now_s(), [s for each in heard for s in _shown(live, each)])
        except KeyboardInterrupt:
            pass
    sys.exit(DONE if all(one.good for one in live.values()) else FAILED)


def _shown(live: "dict[str, LiveScale]", heard: "tuple[Device, Any]") -> "list[Shown]":
    device, readings = heard
    return [live[device.id].take(reading) for reading in readings]


Show = Callable[[float, "list[Shown]"], None]


def _json_shower() -> Show:
    def show(_now_s: float, new: "list[Shown]") -> None:
        for one in new:
            click.echo(json.dumps(one.as_json(), ensure_ascii=False))

    return show


def _line_shower(language: str) -> Show:
    """One line a scale: rewritten in a terminal, else a new one each second."""
    from storeguard import printing
    from storeguard.upkeep import scalewords

    latest: dict[str, Shown] = {}
    is_terminal = sys.stdout.isatty()
    every_s = REDRAW_EVERY_S if is_terminal else PLAIN_EVERY_S
    drawn_s: float | None = None
    drawn = 0

    def show(now_s: float, new: "list[Shown]") -> None:
        nonlocal drawn_s, drawn
        latest.update({one.scale: one for one in new})
        if drawn_s is None or not latest:
            drawn_s = now_s  # a spread needs a few readings first
        if now_s - drawn_s < every_s - 0.05:
            return
        lines = [scalewords.shown(one, language) for one in latest.values()]
        if is_terminal:  # a line that wraps would be two to go back over
            lines = [printing.cut(line, shutil.get_terminal_size().columns - 1) for line in lines]
        up = f"\x1b[{drawn}F" if is_terminal and drawn else ""
        clear = "\x1b[2K" if is_terminal else ""
        click.echo(up + "\n".join(clear + line for line in lines))
        drawn_s, drawn = now_s, len(lines)

    return show


@scale.command("tare")
@id_argument
@config_option
@json_option
def scale_tare(scale_id: str, config_path: Path, as_json: bool) -> None:
    """Take what scale ID shows now, empty, for its zero."""
    from storeguard.upkeep import scalewords
    from storeguard.upkeep.calibrating import tare
    from storeguard.upkeep.scales import CommandClock, taken

    shop, clock = _shop(config_path), CommandClock()
    with taken(shop, [shop.scale(scale_id)], clock) as [device]:
        done = tare(shop, device, clock)
    language = shop.config.store.language
    _tell(done.as_json(), as_json, lambda: scalewords.tared(done, language))


@scale.command("calibrate")
@id_argument
@click.option(
    "--mass", "mass_g", type=click.FloatRange(0, min_open=True), help="A known mass in grams."
)
@click.option("--product", help="Units of this product of the inventory.")
@click.option(
    "--count",
    "counts",
    type=click.IntRange(1, 999),
    multiple=True,
    help="Units that lie there by then; several times: --count 1 --count 5 (the default).",
)
@config_option
@json_option
def scale_calibrate(
    scale_id: str,
    mass_g: float | None,
    product: str | None,
    counts: tuple[int, ...],
    config_path: Path,
    as_json: bool,
) -> None:
    """Guided: empty, a known load, empty again; says the error of scale ID."""
    from storeguard.upkeep import scalewords
    from storeguard.upkeep.calibrating import run_calibration
    from storeguard.upkeep.scales import CommandClock, taken

    if (mass_g is not None and product is not None) or (counts and product is None):
        raise click.UsageError("either --mass, or --product with --count")
    shop, clock = _shop(config_path), CommandClock()
    settings = shop.scale(scale_id)
    planned = _planned(shop, settings, mass_g, product, counts)
    with taken(shop, [settings], clock) as [device]:
        done = run_calibration(shop, device, clock, planned or _asked(shop, device), _ask)
    language = shop.config.store.language
    _tell(done.as_json(), as_json, lambda: scalewords.made(done, language))


def _planned(
    shop: "Shop",
    settings: "Scale",
    mass_g: float | None,
    product: str | None,
    counts: tuple[int, ...],
) -> "Plan | None":
    from storeguard.upkeep.calibrating import USUAL_COUNTS, plan_mass, plan_product

    if product is not None:
        return plan_product(shop, product, counts or USUAL_COUNTS)
    return None if mass_g is None else plan_mass(mass_g, settings.capacity_g)


def _asked(shop: "Shop", device: "Device") -> "Plan":
    from storeguard.upkeep.calibrating import plan_asked

    return plan_asked(shop, device, _ask)


def _ask(question: str) -> str:
    """On stderr: stdout holds the answer only. The end of stdin ends the command."""
    from storeguard.errors import CalibrationRefused

    click.echo(f"{question} [Enter] ", err=True, nl=False)
    said = sys.stdin.readline()
    if not said:
        click.echo(err=True)
        said = "stdin has ended before all was answered; nothing was kept"
        raise CalibrationRefused(said, "unanswered")
    return said.rstrip("\n")


@scale.command("diagnose")
@id_argument
@click.option(
    "--for", "for_s", type=click.FloatRange(3), default=10.0, show_default=True, help="Seconds."
)
@config_option
@json_option
def scale_diagnose(scale_id: str, for_s: float, config_path: Path, as_json: bool) -> None:
    """Examine scale ID, untouched: figures, a verdict, and what to do."""
    from storeguard.upkeep import scalewords
    from storeguard.upkeep.scales import CommandClock, taken
    from storeguard.upkeep.scaling import diagnosis_json, run_diagnosis

    shop, clock = _shop(config_path), CommandClock()
    with taken(shop, [shop.scale(scale_id)], clock) as [device]:
        found = run_diagnosis(shop, device, clock, for_s)
    language = shop.config.store.language
    record = diagnosis_json(scale_id, found)
    _tell(record, as_json, lambda: scalewords.diagnosed(scale_id, found, language))
    sys.exit(DONE if found.is_sound else FAILED)


@scale.command("learn")
@config_option
@json_option
def scale_learn(config_path: Path, as_json: bool) -> None:
    """What single units have weighed, where the inventory says something else; changes nothing."""
    from storeguard.upkeep.learnt import offered, offers

    shop = _shop(config_path)
    language = shop.config.store.language
    found = [one.as_json() for one in offers(shop)]
    print_records(found, as_json, lambda rows: offered(rows, language))
