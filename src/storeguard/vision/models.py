"""Network files: which there are, where they lie, how they come here and stay genuine.

Looked up in the folder STOREGUARD_MODELS, then `models/`, then the user's cache. A transfer
grows in `<file>.part`, is resumed by HTTP Range, and gets its name only when its sha256 is
the pinned one: a partial file is never used. STOREGUARD_MODELS_URL replaces the folder part
of the addresses, for mirrors and tests.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from storeguard import durable
from storeguard.errors import DownloadFailed, ModelCorrupt, ModelMissing
from storeguard.vision.transfer import TIMEOUT_S, Progress, discard, fetch

State = Literal["ok", "missing", "corrupt", "unpinned"]

_OTHER_TASKS = re.compile(r"_(pose|seg|cls|obb)(_|$)")


@dataclass(frozen=True, slots=True)
class Network:
    """A file of the catalogue, with its pinned content."""

    name: str
    file: str
    url: str
    sha256: str
    size_bytes: int
    licence: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of `models list`. `unpinned`: found, but of no catalogue."""

    name: str
    state: State
    path: Path | None
    size_bytes: int | None
    licence: str


CATALOGUE = (
    Network(
        name="yolox-nano",
        file="yolox_nano.onnx",
        url="https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx",
        sha256="c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
        size_bytes=3_659_407,
        licence="Apache-2.0",
    ),
)


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


def find(name: str, places: tuple[Path, ...] | None = None) -> Path | None:
    """The ONNX file of a network, or None.

    `name` is a path, or a name as people write it: `yolo11n` finds yolo11n.onnx, else
    yolo11n_640.onnx before yolo11n_320.onnx; `yolox-nano` finds yolox_nano.onnx.
    """
    if _is_path(name):
        return Path(name) if Path(name).is_file() else None
    for place in folders() if places is None else places:
        fitting = sorted(
            (file for file in _onnx_files(place) if _fits(file.stem, name)), key=_preference
        )
        if fitting:
            return fitting[0]
    return None


def require(name: str, places: tuple[Path, ...] | None = None) -> Path:
    """As `find`, but raises ModelMissing with the places and what to run, and ModelCorrupt
    for a catalogued file whose content is another."""
    path = find(name, places)
    if path is None:
        raise ModelMissing(_missing(name, folders() if places is None else places))
    network = _pinned(path)
    if network is not None:
        verify(path, network)
    return path


def by_name(name: str) -> Network:
    """The catalogue's entry; raises ModelMissing with the names that there are."""
    for network in CATALOGUE:
        if _plain(network.name) == _plain(name):
            return network
    known = ", ".join(network.name for network in CATALOGUE)
    raise ModelMissing(f"network {name!r}: not in the catalogue; expected one of: {known}")


def verify(path: Path, network: Network) -> None:
    """Raises ModelCorrupt unless the file has the pinned content, ModelMissing without it."""
    try:
        got = sha256_of(path)
    except FileNotFoundError:
        raise ModelMissing(
            f"{path}: no such file; run: storeguard models pull {network.name}"
        ) from None
    except OSError as error:
        raise ModelCorrupt(f"{path}: cannot be read: {error.strerror}") from error
    if got != network.sha256:
        raise ModelCorrupt(
            f"{path}: sha256 is {got}, expected {network.sha256}; "
            f"delete it and run: storeguard models pull {network.name}"
        )


def listing(places: tuple[Path, ...] | None = None) -> tuple[Listed, ...]:
    """The catalogue, each with its state, then the other networks that were found."""
    places = folders() if places is None else places
    catalogued = tuple(_listed(network, places) for network in CATALOGUE)
    others = {
        file.name: Listed(file.stem, "unpinned", file, file.stat().st_size, "")
        for place in reversed(places)
        for file in _onnx_files(place)
        if _pinned(file) is None
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

    Raises DownloadFailed when the transfer breaks off (the next call resumes it) and
    ModelCorrupt when what has come is not what is pinned (nothing of it is kept).
    """
    network = by_name(name)
    folder = pull_folder() if folder is None else folder
    path = folder / network.file
    if path.is_file() and sha256_of(path) == network.sha256:
        progress(network.size_bytes, network.size_bytes)
        return path
    part = path.with_name(f"{path.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fetch(
            _address(network, base_url),
            part,
            network.size_bytes,
            progress=progress,
            timeout_s=timeout_s,
        )
        _publish(part, path, network)
    except DownloadFailed:
        raise
    except OSError as error:
        raise DownloadFailed(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


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
    path = next((p / network.file for p in places if (p / network.file).is_file()), None)
    if path is None:
        return Listed(network.name, "missing", None, None, network.licence)
    state: State = "ok" if sha256_of(path) == network.sha256 else "corrupt"
    return Listed(network.name, state, path, path.stat().st_size, network.licence)


def _pinned(path: Path) -> Network | None:
    return next((network for network in CATALOGUE if network.file == path.name), None)


def _onnx_files(place: Path) -> Iterator[Path]:
    """None for a place that does not exist; a `.part` has another ending."""
    return (file for file in place.glob("*.onnx") if file.is_file())


def _fits(stem: str, name: str) -> bool:
    """The same name, or a variant of it that finds boxes, too (`_640`, `_int8`)."""
    stem, name = _plain(stem), _plain(name)
    if stem == name:
        return True
    return stem.startswith(f"{name}_") and not _OTHER_TASKS.search(stem.removeprefix(name))


def _preference(file: Path) -> tuple[int, int, str]:
    """The plain name first, then the larger input: it sees smaller people."""
    sizes = [int(digits) for digits in re.findall(r"_(\d{3,4})(?=_|$)", _plain(file.stem))]
    return len(sizes), -max(sizes, default=0), file.name


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").removesuffix(".onnx")


def _is_path(name: str) -> bool:
    return "/" in name or name.endswith(".onnx")


def _missing(name: str, places: tuple[Path, ...]) -> str:
    where = "" if _is_path(name) else f" in {', '.join(str(place) for place in places)}"
    known = next((n.name for n in CATALOGUE if _plain(n.name) == _plain(name)), None)
    step = f"run: storeguard models pull {known or CATALOGUE[0].name}"
    if known is None:
        step += f", and set detector.model to {CATALOGUE[0].name}"
    return f"network {name!r}: not found{where}; {step}"
