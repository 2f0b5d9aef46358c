"""ultralytics' weights → an NCNN network, made in a process of its own.

ultralytics and torch need 0.6 GB, write beside the weights and into the working folder, and
may install packages or ask their servers. So they get a scratch folder, an environment that
forbids it, and a time limit; what they made is tried, and published by one rename.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from storeguard import durable
from storeguard.errors import MissingExtra, ModelCorrupt, ModelFault
from storeguard.vision.formats import NCNN_FILES, NCNN_FOLDER

INPUT_PX = 640
LONGEST_S = 1200.0
"""Seven seconds on a desktop; a Pi needs a minute or two."""

SUMS = "SHA256SUMS"
"""Written beside an export in `sha256sum`'s form: its bytes depend on the exporter's version."""

QUIET = {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false"}
"""ultralytics installs nothing and asks nobody."""


def require_exporter(needed_by: str) -> None:
    """Raises MissingExtra when this machine cannot export."""
    for package in ("ultralytics", "ncnn", "pnnx"):
        if find_spec(package) is None:
            raise MissingExtra(needed_by, package, "yolo")


def exporter(weights: str) -> list[str]:
    """The command, run in the weights' folder."""
    return [sys.executable, "-m", __name__, weights]


def export_ncnn(weights: Path, folder: Path, *, longest_s: float = LONGEST_S) -> Path:
    """Publishes `<weights>_ncnn_model` in `folder`, whole or not at all, and returns it.

    One that was there is replaced. Raises ModelFault with the exporter's last line.
    """
    final = folder / f"{weights.stem}{NCNN_FOLDER}"
    with _scratch(final) as scratch:
        # A link: ultralytics writes beside the weights that it is given.
        (scratch / weights.name).symlink_to(weights.resolve())
        _run(scratch, weights.name, longest_s)
        staged = scratch / final.name
        _tidy(staged, weights)
        durable.publish(staged / SUMS, _sums(staged).encode())
        if final.exists():
            shutil.rmtree(durable.set_aside(final, "replaced"))
        durable.publish_folder(staged, final)
    return final


def verify_folder(folder: Path, again: str) -> bool:
    """Raises ModelCorrupt unless the folder is as it was exported; False if nobody noted how.

    `again`: what to run to get it back.
    """
    try:
        lines = (folder / SUMS).read_text("ascii").splitlines()
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError) as error:
        raise ModelCorrupt(f"{folder / SUMS}: cannot be read: {error}; run: {again}") from error
    for line in lines:
        wanted, _, name = line.partition("  ")
        _verify_file(folder / name, wanted, again)
    if not lines:
        raise ModelCorrupt(f"{folder / SUMS}: is empty, expected a line a file; run: {again}")
    return True


def _verify_file(path: Path, wanted: str, again: str) -> None:
    try:
        got = _sha256(path)
    except OSError as error:
        raise ModelCorrupt(f"{path}: cannot be read: {error.strerror}; run: {again}") from error
    if got != wanted:
        raise ModelCorrupt(
            f"{path}: sha256 is {got}, expected {wanted} as it was exported; run: {again}"
        )


@contextmanager
def _scratch(final: Path) -> Iterator[Path]:
    """A folder beside the final one, because only there a rename publishes."""
    for leftover in durable.leftovers_of(final):
        shutil.rmtree(leftover, ignore_errors=True)
    scratch = durable.temporary_beside(final)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(scratch: Path, weights: str, longest_s: float) -> None:
    environment = {**os.environ, **QUIET, "YOLO_CONFIG_DIR": str(scratch), "NO_COLOR": "1"}
    # A session of its own: the exporter starts the converter, and both have to go.
    child = subprocess.Popen(
        exporter(weights),
        cwd=scratch,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(timeout=longest_s)
    except subprocess.TimeoutExpired:
        raise ModelFault(f"{weights}: the export to NCNN took over {longest_s:g} s") from None
    finally:
        _end(child)
    if child.returncode:
        raise ModelFault(f"{weights}: the export to NCNN failed: {_last_line(said, child)}")


def _end(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def _last_line(said: str, child: subprocess.Popen[str]) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if child.returncode < 0:
        return f"ended by {signal.Signals(-child.returncode).name}"
    return lines[-1][:300] if lines else f"exit code {child.returncode}"


def _tidy(staged: Path, weights: Path) -> None:
    """Keeps what the runtime needs: the export also leaves an example that names its paths."""
    missing = [name for name in NCNN_FILES if not (staged / name).is_file()]
    if missing:
        raise ModelFault(f"{weights}: the export to NCNN made no {', '.join(missing)}")
    for file in staged.iterdir():
        if file.is_dir():
            shutil.rmtree(file)  # the example was imported: its bytecode
        elif file.name not in NCNN_FILES:
            file.unlink()


def _sums(folder: Path) -> str:
    return "".join(f"{_sha256(folder / name)}  {name}\n" for name in NCNN_FILES)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _export_here(weights: str) -> None:
    """The child: exports, then runs the result once, so that a broken one is never published."""
    from ultralytics import YOLO

    from storeguard.vision.detectors.ncnn import load

    exported = YOLO(weights).export(format="ncnn", imgsz=INPUT_PX, device="cpu")
    load(Path(exported).resolve())


if __name__ == "__main__":
    _export_here(sys.argv[1])
