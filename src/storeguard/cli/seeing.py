"""Finding people, and the networks that do it."""

import json
from typing import Any

import click

from storeguard.cli.frame import Group, Verb, json_option, print_records


@click.command(cls=Verb)
@click.argument("source")
@click.option(
    "--detector",
    "backend",
    type=click.Choice(["auto", "ncnn", "openvino", "onnx", "ultralytics", "background"]),
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
