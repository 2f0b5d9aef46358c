"""The same YOLO11n in the format of each runtime, made of the ONNX files in STOREGUARD_MODELS.

By the converters that ultralytics' own export uses. A runtime or a converter that is not
installed is said, with what installs it; what it would have made is left out.
"""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SIDES_PX = (640, 320)
PACKAGES = {
    "onnx": ("onnxruntime",),
    "openvino": ("openvino",),
    "ncnn": ("ncnn", "pnnx"),
    "ultralytics": ("ultralytics", "torch", "ncnn", "pnnx"),
}
NAMES = "yolo11n_int8_openvino_model"
"""Its metadata.yaml names the classes, as an export's own does."""


@dataclass(frozen=True, slots=True)
class Found:
    """A network for a backend, or why there is none."""

    backend: str
    label: str
    path: Path | None = None
    why_not: str = ""


def prepare(backend: str) -> None:
    """ultralytics beside torch's CPU build: torchvision's own operators are built for CUDA.

    The one that is missed is registered; ultralytics' own code does its work.
    """
    if backend != "ultralytics" or _lacking(backend):
        return
    from storeguard.vision.detectors import ultralytics

    ultralytics._ultralytics(1)  # the first import of torch decides how its threads wait
    import torch

    if torch.version.cuda is not None or hasattr(torch.ops.torchvision, "nms"):
        return
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", _nms, "CPU")
    _LIBRARIES.append(library)
    import torchvision.extension

    torchvision.extension._has_ops = lambda: True


_LIBRARIES: list[object] = []
"""What is registered lasts as long as this."""


def _nms(boxes: object, scores: object, iou_threshold: float) -> object:
    from ultralytics.utils.nms import TorchNMS

    return TorchNMS.nms(boxes, scores, iou_threshold)


def networks(models: Path, made_in: Path) -> Iterator[Found]:
    """What lies in `models`, and what can be made of it in `made_in`."""
    for side_px in SIDES_PX:
        for backend in PACKAGES:
            yield _made(models, made_in, backend, side_px)
    for backend, name in (
        ("onnx", "yolox_nano.onnx"),
        ("openvino", NAMES),
        ("openvino", "person-detection-retail-0013"),
    ):
        yield _present(backend, models / name)


def _present(backend: str, path: Path) -> Found:
    label = path.stem
    lacking = _lacking(backend)
    if lacking or not path.exists():
        return Found(backend, label, why_not=lacking or f"{path} is not there")
    return Found(backend, label, path)


def _made(models: Path, made_in: Path, backend: str, side_px: int) -> Found:
    label, source = f"yolo11n {side_px}", models / f"yolo11n_dequantised_{side_px}.onnx"
    lacking = _lacking(backend)
    if lacking or not source.exists():
        return Found(backend, label, why_not=lacking or f"{source} is not there")
    if backend == "onnx":
        return Found(backend, label, source)
    make = _openvino if backend == "openvino" else _ncnn
    kind = "openvino" if backend == "openvino" else "ncnn"
    folder = made_in / f"yolo11n_{side_px}_{kind}_model"
    if not folder.exists():
        folder.mkdir()
        make(source, folder, side_px)
        metadata = (models / NAMES / "metadata.yaml").read_text(encoding="utf-8")
        sized = metadata.replace("- 640", f"- {side_px}")
        (folder / "metadata.yaml").write_text(sized, encoding="utf-8")
    return Found(backend, label, folder)


def _lacking(backend: str) -> str:
    absent = [name for name in PACKAGES[backend] if importlib.util.find_spec(name) is None]
    if not absent:
        return ""
    return f"{', '.join(absent)} not installed here; make test-yolo makes .venv-yolo, which has it"


def _ncnn(source: Path, folder: Path, side_px: int) -> None:
    spec = importlib.util.find_spec("pnnx")
    assert spec is not None
    assert spec.origin is not None
    shutil.copy(source, folder / "model.onnx")
    # The program itself: the package's Python part needs torch, its converter does not.
    program = Path(spec.origin).with_name("pnnx")
    shape = f"inputshape=[1,3,{side_px},{side_px}]"
    command = [program, "model.onnx", shape, "fp16=0"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _openvino(source: Path, folder: Path, side_px: int) -> None:
    import openvino

    model = openvino.convert_model(source, input=[1, 3, side_px, side_px])
    openvino.save_model(model, folder / "yolo11n.xml", compress_to_fp16=False)
