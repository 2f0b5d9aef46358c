"""Networks for the runtimes that `make test-yolo` installs; elsewhere their tests skip."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

MAKE = "is not installed here; `make test-yolo` has it"


def needs(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} {MAKE}")


@pytest.fixture(scope="session")
def shared_models() -> Path:
    folder = os.environ.get("STOREGUARD_MODELS")
    if not folder:
        pytest.skip("STOREGUARD_MODELS is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def bus_picture() -> Path:
    """Four people, one of them cut off by the edge; it comes with ultralytics."""
    needs("ultralytics")
    spec = importlib.util.find_spec("ultralytics")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "assets" / "bus.jpg"


@pytest.fixture(scope="session")
def ncnn_folder(
    shared_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], Path]:
    """YOLO11n of that input as ultralytics would export it, made of the ONNX file by the
    converter that ultralytics uses, too. Made once."""
    needs("ncnn")
    needs("pnnx")
    made: dict[int, Path] = {}

    def make(side_px: int) -> Path:
        if side_px not in made:
            folder = tmp_path_factory.mktemp("ncnn") / "yolo11n_ncnn_model"
            made[side_px] = _converted(shared_models, side_px, folder)
        return made[side_px]

    return make


def _converted(models: Path, side_px: int, folder: Path) -> Path:
    spec = importlib.util.find_spec("pnnx")
    assert spec is not None
    assert spec.origin is not None
    folder.mkdir()
    shutil.copy(models / f"yolo11n_dequantised_{side_px}.onnx", folder / "model.onnx")
    # The program itself: the package's Python part needs torch, its converter does not.
    program = Path(spec.origin).with_name("pnnx")
    shape = f"inputshape=[1,3,{side_px},{side_px}]"
    subprocess.run(
        [program, "model.onnx", shape, "fp16=0"], cwd=folder, check=True, capture_output=True
    )
    metadata = (models / "yolo11n_int8_openvino_model/metadata.yaml").read_text(encoding="utf-8")
    sized = metadata.replace("- 640", f"- {side_px}")
    (folder / "metadata.yaml").write_text(sized, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def torch_ready() -> Iterator[None]:
    """torch without a torchvision that was built for it.

    PyPI's torchvision is built for CUDA and its operators do not load beside torch's CPU
    build. They are registered here, in the tests only; ultralytics' own code does the work.
    """
    needs("ultralytics")
    needs("torch")
    from storeguard.vision.detectors import ultralytics

    ultralytics._ultralytics(1)  # the first import of torch decides how its threads wait
    import torch

    if torch.version.cuda is None:
        yield from _operators()
    else:
        yield


def _operators() -> Iterator[None]:
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

    def nms(boxes: object, scores: object, iou_threshold: float) -> object:
        from ultralytics.utils.nms import TorchNMS

        return TorchNMS.nms(boxes, scores, iou_threshold)

    library.impl("nms", nms, "CPU")
    import torchvision.extension

    torchvision.extension._has_ops = lambda: True
    yield
