"""How exported networks lie on disk, one shape a runtime, and which name means which of them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

Format = Literal["ncnn", "openvino", "onnx", "torch"]

FORMATS: tuple[Format, ...] = ("ncnn", "openvino", "onnx", "torch")

NCNN_FOLDER, OPENVINO_FOLDER = "_ncnn_model", "_openvino_model"
NCNN_FILES = ("model.ncnn.param", "model.ncnn.bin", "metadata.yaml")
"""What ultralytics' export has and the runtime needs."""

_FILES: dict[str, Format] = {".onnx": "onnx", ".pt": "torch", ".xml": "openvino"}
_ENDINGS = (NCNN_FOLDER, OPENVINO_FOLDER, ".onnx", ".pt", ".xml", ".param")
_OTHER_TASKS = re.compile(r"_(pose|seg|cls|obb)(_|$)")


def format_of(path: Path) -> Format | None:
    """By name and kind only: a damaged network is still one of its format. None for others."""
    if path.is_file():
        return _FILES.get(path.suffix)
    if not path.is_dir():
        return None
    if path.name.endswith(NCNN_FOLDER) or (path / NCNN_FILES[0]).is_file():
        return "ncnn"
    is_openvino = path.name.endswith(OPENVINO_FOLDER) or any(path.glob("*.xml"))
    return "openvino" if is_openvino else None


def networks_in(place: Path, formats: Sequence[Format]) -> Iterator[Path]:
    """None for a place that does not exist; a `.part` and a staged folder are no networks."""
    if place.is_dir():
        for path in place.iterdir():
            if not path.name.startswith(".") and format_of(path) in formats:
                yield path


def best_match(name: str, place: Path, formats: Sequence[Format]) -> Path | None:
    """The network of that name, the first format before the second."""
    for wanted in formats:
        found = [path for path in networks_in(place, (wanted,)) if _fits(stem_of(path), name)]
        if found:
            return min(found, key=_preference)
    return None


def stem_of(path: Path) -> str:
    """Without what the format adds: `yolo11n_int8_openvino_model` is `yolo11n_int8`."""
    if path.is_dir():
        return path.name.removesuffix(NCNN_FOLDER).removesuffix(OPENVINO_FOLDER)
    return path.stem


def is_path(name: str) -> bool:
    return "/" in name or name.endswith(_ENDINGS)


def plain(name: str) -> str:
    """As people write it: `yolox-nano`, `YOLOX_nano`, `yolox_nano.onnx` are one."""
    return name.lower().replace("-", "_").removesuffix(".onnx")


def size_bytes(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def _fits(stem: str, name: str) -> bool:
    """The same name, or a variant of it that finds boxes, too (`_640`, `_int8`)."""
    stem, name = plain(stem), plain(name)
    if stem == name:
        return True
    return stem.startswith(f"{name}_") and not _OTHER_TASKS.search(stem.removeprefix(name))


def _preference(path: Path) -> tuple[int, int, str]:
    """The plain name first, then the larger input: it sees smaller people."""
    sizes = [int(digits) for digits in re.findall(r"_(\d{3,4})(?=_|$)", plain(stem_of(path)))]
    return len(sizes), -max(sizes, default=0), path.name
