"""Finding people: on a source, through a camera; and the networks that do it."""

import json
import re
from pathlib import Path
from typing import Any

import click

from storeguard.cli.frame import Group, Verb, config_option, json_option, print_records

BACKENDS = click.Choice(["auto", "ncnn", "openvino", "onnx", "ultralytics", "background"])

Polygon = tuple[tuple[float, float], ...]


@click.command(cls=Verb)
@click.argument("source")
@click.option(
    "--detector",
    "backend",
    type=BACKENDS,
    default="auto",
    show_default=True,
)
@click.option("--model", default="yolo11n", show_default=True)
@click.option("--confidence", type=click.FloatRange(0, 1), default=0.4, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Draw the people into this picture or .mp4, or into a folder for several pictures.",
)
@json_option
def detect(
    source: str, backend: str, model: str, confidence: float, out: Path | None, as_json: bool
) -> None:
    """Find people on a picture, a video, a camera number or a URL."""
    from storeguard import config as cfg
    from storeguard.looking import detect_people

    detector = cfg.Detector.model_validate(
        {"backend": backend, "model": model, "confidence": confidence}
    )
    for found in detect_people(source, detector, out):
        click.echo(json.dumps(found, ensure_ascii=False) if as_json else _spoken(found))


def _spoken(found: dict[str, Any]) -> str:
    at = "" if found["t_s"] is None else f" {found['t_s']:.2f} s"
    sure = ", ".join(f"{person['confidence']:.2f}" for person in found["people"]) or "-"
    return f"{found['source']}{at}: {len(found['people'])} people ({sure}), {found['ms']:.1f} ms"


@click.group(cls=Group)
def camera() -> None:
    """One camera: a picture of it, or what the store's eyes make of it."""


@camera.command("snap")
@click.argument("camera_id", metavar="[ID]", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("snap.jpg"),
    show_default=True,
)
@config_option
def camera_snap(camera_id: str | None, out: Path, config_path: Path) -> None:
    """Take one picture of the configured camera ID, or the first one, into a file."""
    from storeguard.observing import snap

    path, (width, height) = snap(config_path, camera_id, out)
    click.echo(f"{path}: {width}x{height} px")


def _polygon(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> Any:
    return tuple(_corners(text) for text in given)


def _corners(text: str) -> Polygon:
    numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+", text)]
    if len(numbers) < 6 or len(numbers) % 2 or not all(0 <= number <= 1 for number in numbers):
        raise click.BadParameter(
            f"{text!r}: expected three or more corners, parts of width and height from 0 to 1, "
            "for example '0,0 0.3,0 0.3,0.6'"
        )
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


@camera.command("watch")
@click.argument("source")
@click.option("--detector", "backend", type=BACKENDS, help="Who finds people, not the configured.")
@click.option("--model", help="The network, not the configured one.")
@click.option(
    "--ignore-area",
    "ignore_areas",
    multiple=True,
    callback=_polygon,
    help="Corners of an area where people do not count, 0..1: '0,0 0.3,0 0.3,0.6'. Repeatable.",
)
@config_option
@json_option
def camera_watch(
    source: str,
    backend: str | None,
    model: str | None,
    ignore_areas: tuple[Polygon, ...],
    config_path: Path,
    as_json: bool,
) -> None:
    """Watch SOURCE as the daemon does: a camera's ID or number, a URL, or a video file.

    A file is watched as fast as it can be, on its own time.
    """
    from storeguard.observing import watch_lines, watched

    wanted = watched(source, config_path, backend=backend, model=model, ignore_areas=ignore_areas)
    try:
        for line in watch_lines(wanted):
            click.echo(json.dumps(line, ensure_ascii=False) if as_json else _watched_line(line))
    except KeyboardInterrupt:
        pass


def _watched_line(line: dict[str, Any]) -> str:
    words = {True: "occupied", False: "empty", None: "unknown"}
    gate = "open" if line["gate"] else "shut"
    return (
        f"{line['t_s']:9.2f} s  gate {gate}  {line['people']} people  "
        f"{words[line['occupied']]:8}  {line['why']}"
    )


@click.group(cls=Group)
def models() -> None:
    """Networks for person detection."""


@models.command("list")
@json_option
def models_list(as_json: bool) -> None:
    """Which networks there are, and where they lie on this machine."""
    from storeguard import printing
    from storeguard.looking import model_rows

    print_records(model_rows(), as_json, printing.networks)


@models.command("pull")
@click.argument("name")
def models_pull(name: str) -> None:
    """Download network NAME, resumed where it broke off, check its sha256, export it if needed."""
    from storeguard.looking import pull_with_bar

    click.echo(pull_with_bar(name))


@models.command("verify")
@click.argument("name", required=False)
def models_verify(name: str | None) -> None:
    """Check the sha256 of one network, or of all that are here."""
    from storeguard.looking import verify_models

    for line in verify_models(name):
        click.echo(line)
