"""Network files: which there are, where they lie, how they come here and stay genuine.

Looked up in the folder STOREGUARD_MODELS, then `models/`, then the user's cache. A transfer
grows in `<file>.part`, is resumed by HTTP Range, and gets its name only when its sha256 is
the pinned one: a partial file is never used. STOREGUARD_MODELS_URL replaces the folder part
of the addresses, for mirrors and tests. Weights of ultralytics are exported on the spot.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from storeguard import durable
from storeguard.errors import (
    DownloadFailed,
    MissingExtra,
    ModelCorrupt,
    ModelFault,
    ModelMissing,
)
from storeguard.vision import exporting, formats
from storeguard.vision.formats import Format, plain
from storeguard.vision.transfer import TIMEOUT_S, Progress, discard, fetch

State = Literal["ok", "missing", "corrupt", "unpinned"]


@dataclass(frozen=True, slots=True)
class Network:
    """A file of the catalogue, with its pinned content.

    `export`: the folder that is made of it here, None where the file itself is the network.
    """

    name: str
    file: str
    url: str
    sha256: str
    size_bytes: int
    licence: str
    export: str | None = None

    @property
    def again(self) -> str:
        return f"storeguard models pull {self.name}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of `models list`. `unpinned`: found, but of no catalogue."""

    name: str
    state: State
    path: Path | None
    size_bytes: int | None
    licence: str
    format: Format | None = None


CATALOGUE = (
    Network(
        name="yolox-nano",
        file="yolox_nano.onnx",
        url="https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx",
        sha256="c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
        size_bytes=3_659_407,
        licence="Apache-2.0",
    ),
    # Release page of ultralytics/assets; size and sha256 as a dozen projects pin them.
    Network(
        name="yolo11n",
        file="yolo11n.pt",
        url="https://github.com/ultralytics/assets/releases/download/v8.3.0/yolo11n.pt",
        sha256="0ebbc80d4a7680d14987a577cd21342b65ecfd94632bd9a8da63ae6417644ee1",
        size_bytes=5_613_764,
        licence="AGPL-3.0",
        export="yolo11n_ncnn_model",
    ),
)
FALLBACK = CATALOGUE[0]
"""Needs no torch and no export."""


def folders(environ: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """Where networks are looked for, best first."""
    environ = os.environ if environ is None else environ
    named = environ.get("STOREGUARD_MODELS")
    cache = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".cache"
    rest = (Path("models"), Path(cache) / "storeguard" / "models")
    return (Path(named), *rest) if named else rest


def pull_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Where `models pull` puts a network: the first folder that exists, else the cache."""
    places = folders(environ)
    return next((place for place in places if place.is_dir()), places[-1])


def find(
    name: str,
    places: tuple[Path, ...] | None = None,
    *,
    wanted: Sequence[Format] = ("onnx",),
) -> Path | None:
    """The file or folder of a network in one of these formats, the first before the second.

    `name` is a path, or a name as people write it: `yolo11n` finds yolo11n.onnx, else
    yolo11n_640.onnx before yolo11n_320.onnx; in other formats yolo11n_ncnn_model,
    yolo11n_int8_openvino_model, yolo11n.pt. None when there is no such thing.
    """
    if formats.is_path(name):
        return Path(name) if formats.format_of(Path(name)) in wanted else None
    for place in folders() if places is None else places:
        found = formats.best_match(name, place, wanted)
        if found is not None:
            return found
    return None


def require(
    name: str,
    places: tuple[Path, ...] | None = None,
    *,
    wanted: Sequence[Format] = ("onnx",),
) -> Path:
    """As `find`, but raises ModelMissing with the places and what to run, and ModelCorrupt
    for a catalogued or exported network whose content is another."""
    path = find(name, places, wanted=wanted)
    if path is None:
        raise ModelMissing(_missing(name, folders() if places is None else places, wanted))
    network = _pinned(path)
    if network is not None:
        verify(path, network)
    return path


def by_name(name: str) -> Network:
    """The catalogue's entry; raises ModelMissing with the names that there are."""
    for network in CATALOGUE:
        if plain(network.name) == plain(name):
            return network
    known = ", ".join(network.name for network in CATALOGUE)
    raise ModelMissing(f"network {name!r}: not in the catalogue; expected one of: {known}")


def verify(path: Path, network: Network) -> bool:
    """Raises ModelCorrupt unless the content is the pinned or exported one.

    False for a folder that somebody else exported: there is nothing to compare it with.
    ModelMissing when it is not there.
    """
    if path.is_dir():
        return exporting.verify_folder(path, network.again)
    try:
        got = sha256_of(path)
    except FileNotFoundError:
        raise ModelMissing(f"{path}: no such file; run: {network.again}") from None
    except OSError as error:
        raise ModelCorrupt(f"{path}: cannot be read: {error.strerror}") from error
    if got != network.sha256:
        raise ModelCorrupt(
            f"{path}: sha256 is {got}, expected {network.sha256}; "
            f"delete it and run: {network.again}"
        )
    return True


def located(network: Network, places: tuple[Path, ...] | None = None) -> tuple[Path, ...]:
    """What is here of a catalogued network: its export, its file."""
    names = [name for name in (network.export, network.file) if name]
    return tuple(
        place / name
        for name in names
        for place in (folders() if places is None else places)
        if (place / name).exists()
    )


def listing(places: tuple[Path, ...] | None = None) -> tuple[Listed, ...]:
    """The catalogue, each with its state, then the other networks that were found."""
    places = folders() if places is None else places
    catalogued = tuple(_listed(network, places) for network in CATALOGUE)
    others = {
        path.name: _unpinned(path)
        for place in reversed(places)
        for path in formats.networks_in(place, formats.FORMATS)
        if _pinned(path) is None
    }
    return catalogued + tuple(others[name] for name in sorted(others))


def pull(
    name: str,
    folder: Path | None = None,
    *,
    progress: Progress = lambda here, total: None,
    base_url: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Path:
    """Fetches a catalogued network and returns its path; one that is here and genuine stays.

    Raises DownloadFailed when the transfer breaks off (the next call resumes it),
    ModelCorrupt when what has come is not what is pinned (nothing of it is kept), and
    ModelFault when it cannot be exported here.
    """
    network = by_name(name)
    folder = pull_folder() if folder is None else folder
    try:
        if network.export is not None:
            return _pull_export(network, folder, progress, base_url, timeout_s)
        return _pull_file(network, folder, progress, base_url, timeout_s)
    except DownloadFailed:
        raise
    except OSError as error:
        path = folder / (network.export or network.file)
        raise DownloadFailed(f"{path}: cannot be written: {error.strerror or error}") from error


def _pull_export(
    network: Network, folder: Path, progress: Progress, base_url: str | None, timeout_s: float
) -> Path:
    assert network.export is not None
    exported = folder / network.export
    if _is_genuine(exported, network):
        progress(network.size_bytes, network.size_bytes)
        return exported
    try:
        exporting.require_exporter(f"models pull {network.name}")
        weights = _pull_file(network, folder, progress, base_url, timeout_s)
        return exporting.export_ncnn(weights, folder)
    except DownloadFailed as error:
        raise DownloadFailed(_or_else(error, network)) from error
    except ModelCorrupt as error:
        raise ModelCorrupt(_or_else(error, network)) from error
    except (MissingExtra, ModelFault) as error:
        raise ModelFault(_or_else(error, network)) from error


def _or_else(error: Exception, network: Network) -> str:
    return (
        f"{error}; or take a network that needs no torch: {FALLBACK.again}"
        f" (detector.model: {FALLBACK.name} instead of {network.name})"
    )


def _pull_file(
    network: Network, folder: Path, progress: Progress, base_url: str | None, timeout_s: float
) -> Path:
    path = folder / network.file
    if _is_genuine(path, network):
        progress(network.size_bytes, network.size_bytes)
        return path
    part = path.with_name(f"{path.name}.part")
    folder.mkdir(parents=True, exist_ok=True)
    url = _address(network, base_url)
    fetch(url, part, network.size_bytes, progress=progress, timeout_s=timeout_s)
    _publish(part, path, network)
    return path


def _is_genuine(path: Path, network: Network) -> bool:
    try:
        return path.exists() and verify(path, network)
    except ModelCorrupt:
        return False


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _publish(part: Path, path: Path, network: Network) -> None:
    got = sha256_of(part)
    if got != network.sha256:
        discard(part)
        raise ModelCorrupt(
            f"{network.file}: what was downloaded has sha256 {got}, expected {network.sha256}; "
            "nothing of it was kept; run the command again, or check STOREGUARD_MODELS_URL"
        )
    durable.publish_file(part, path)
    discard(part)


def _address(network: Network, base_url: str | None) -> str:
    base = os.environ.get("STOREGUARD_MODELS_URL") if base_url is None else base_url
    return f"{base.rstrip('/')}/{network.file}" if base else network.url


def _listed(network: Network, places: tuple[Path, ...]) -> Listed:
    path = next(iter(located(network, places)), None)
    if path is None:
        return Listed(network.name, "missing", None, None, network.licence)
    try:
        state: State = "ok" if verify(path, network) else "unpinned"
    except ModelCorrupt:
        state = "corrupt"
    size_bytes, kind = formats.size_bytes(path), formats.format_of(path)
    return Listed(network.name, state, path, size_bytes, network.licence, kind)


def _unpinned(path: Path) -> Listed:
    kind = formats.format_of(path)
    return Listed(formats.stem_of(path), "unpinned", path, formats.size_bytes(path), "", kind)


def _pinned(path: Path) -> Network | None:
    return next((n for n in CATALOGUE if path.name in (n.file, n.export)), None)


def _missing(name: str, places: tuple[Path, ...], wanted: Sequence[Format]) -> str:
    where = "" if formats.is_path(name) else f" in {', '.join(str(place) for place in places)}"
    if formats.is_path(name) and Path(name).exists():
        where = " in a format that this backend reads"
    return f"network {name!r}: not found{where}; {_next_step(name, wanted)}"


def _next_step(name: str, wanted: Sequence[Format]) -> str:
    known = next((n for n in CATALOGUE if plain(n.name) == plain(name) and _gives(n, wanted)), None)
    if known is not None:
        return f"run: {known.again}"
    if _gives(FALLBACK, wanted):
        return f"run: {FALLBACK.again}, and set detector.model to {FALLBACK.name}"
    pullable = next((n for n in CATALOGUE if _gives(n, wanted)), None)
    if pullable is not None:
        return f"run: {pullable.again}, and set detector.model to {pullable.name}"
    return f"put ultralytics' {wanted[0]} export there, or set detector.backend to auto"


def _gives(network: Network, wanted: Sequence[Format]) -> bool:
    """Whether a pull of it gives one of these formats."""
    return ("ncnn" if network.export else "onnx") in wanted
