"""Verbs for the eyes: `detect` and `models`."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from storeguard import config as cfg
from storeguard.captures import silence_opencv
from storeguard.errors import ModelMissing
from storeguard.vision import models
from storeguard.vision.annotating import Annotator
from storeguard.vision.detectors.choice import make_detector
from storeguard.vision.formats import size_bytes
from storeguard.vision.sources import detect_lines, frames, is_still


def detect_people(
    source: str, wanted: cfg.Detector, out: Path | None = None
) -> Iterator[dict[str, Any]]:
    """A line a picture or frame, see `sources.detect_lines`; drawn into `out` if there is one."""
    silence_opencv()
    frames(source)  # says that it is not there, before a network is loaded
    detector = make_detector(wanted)
    if wanted.backend == "auto" and detector.name == "background" and is_still(source):
        raise ModelMissing(
            f"{source}: on a single picture only a network finds people, and there is none here; "
            "run: storeguard models pull yolox-nano"
        )
    try:
        if out is None:
            yield from detect_lines(source, detector)
            return
        with closing(Annotator(out)) as annotator:
            yield from detect_lines(source, detector, show=annotator.show)
    finally:
        detector.close()


def model_rows() -> Iterator[dict[str, Any]]:
    """`models list`: the catalogue and what else is here."""
    for listed in models.listing():
        yield {
            "name": listed.name,
            "state": listed.state,
            "format": listed.format,
            "bytes": listed.size_bytes or 0,
            "licence": listed.licence,
            "path": str(listed.path) if listed.path else None,
        }


def pull_with_bar(name: str) -> str:
    """Pulls a network with a progress bar on stderr; returns the line to say."""
    network = models.by_name(name)
    # Not on stdout: that is for answers.
    bar: Any = click.progressbar(length=network.size_bytes, label=name, file=sys.stderr)
    with bar:
        path = models.pull(name, progress=lambda here, _total: bar.update(here - bar.pos))
    return f"{path}: {size_bytes(path):,} bytes, {_genuine(path, network)}"


def verify_models(name: str | None) -> Iterator[str]:
    """Checks one network, or every catalogued one that is here: its file and its export."""
    networks = models.CATALOGUE if name is None else (models.by_name(name),)
    here = [(network, path) for network in networks for path in models.located(network)]
    if not here:
        missing = name or "networks"
        pull = name or models.FALLBACK.name
        raise ModelMissing(f"{missing}: not on this machine; run: storeguard models pull {pull}")
    for network, path in here:
        yield f"{path}: {_genuine(path, network)}"


def _genuine(path: Path, network: models.Network) -> str:
    """Raises ModelCorrupt where it is not."""
    if not models.verify(path, network):
        return "exported elsewhere, there is nothing to compare it with"
    return "as it was exported here" if path.is_dir() else "sha256 as pinned"
