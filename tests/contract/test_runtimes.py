"""Damaged, wrong and missing networks of each runtime: one line, and never half a detector."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from storeguard import config
from storeguard.errors import ModelCorrupt, ModelFault, ModelMissing
from storeguard.vision.detectors.choice import make_detector

OPENVINO = "yolo11n_int8_openvino_model"


def _needs(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed here; `make test-yolo` has it")


@pytest.fixture(params=["ncnn", "ultralytics"])
def ncnn_copy(request, ncnn_folder, tmp_path) -> tuple[str, Path]:
    """Backend and an NCNN folder to damage."""
    _needs(request.param)
    return request.param, Path(shutil.copytree(ncnn_folder(320), tmp_path / "yolo11n_ncnn_model"))


@pytest.fixture(params=["openvino", "ultralytics"])
def openvino_copy(request, shared_models, tmp_path) -> tuple[str, Path]:
    _needs("openvino")
    _needs(request.param)
    folder = tmp_path / OPENVINO
    folder.mkdir()
    for file in (shared_models / OPENVINO).iterdir():
        shutil.copyfile(file, folder / file.name)
    return request.param, folder


def _refusal(backend: str, path: Path, capfd: pytest.CaptureFixture[str]) -> ModelFault:
    with pytest.raises(ModelFault) as caught:
        make_detector(config.Detector(backend=backend, model=str(path)))
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert capfd.readouterr() == ("", ""), "the runtime's own complaints belong into the error"
    return caught.value


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("file", ["model.ncnn.param", "model.ncnn.bin"])
def test_an_ncnn_file_that_is_cut_short_is_corrupt(ncnn_copy, capfd, file, part):
    backend, folder = ncnn_copy
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[: int(len(whole) * part)])
    assert isinstance(_refusal(backend, folder, capfd), ModelCorrupt)


def test_weights_of_noise_are_corrupt_and_not_an_empty_store(ncnn_copy, capfd):
    backend, folder = ncnn_copy
    size = (folder / "model.ncnn.bin").stat().st_size
    (folder / "model.ncnn.bin").write_bytes(os.urandom(size))
    assert isinstance(_refusal(backend, folder, capfd), ModelCorrupt)


@pytest.mark.parametrize("file", ["model.ncnn.param", "model.ncnn.bin", "metadata.yaml"])
def test_an_ncnn_folder_that_lacks_a_file_is_refused(ncnn_copy, capfd, file):
    backend, folder = ncnn_copy
    (folder / file).unlink()
    _refusal(backend, folder, capfd)


def test_an_ncnn_network_without_people_is_refused(ncnn_copy, capfd):
    backend, folder = ncnn_copy
    metadata = (folder / "metadata.yaml").read_text(encoding="utf-8")
    (folder / "metadata.yaml").write_text(metadata.replace("person", "parrot"), encoding="utf-8")
    assert "no class 'person'" in str(_refusal(backend, folder, capfd))


@pytest.mark.parametrize("part", [0.0, 0.5])
@pytest.mark.parametrize("file", ["yolo11n.xml", "yolo11n.bin"])
def test_an_openvino_file_that_is_cut_short_is_corrupt(openvino_copy, capfd, file, part):
    backend, folder = openvino_copy
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[: int(len(whole) * part)])
    assert isinstance(_refusal(backend, folder, capfd), ModelCorrupt)


@pytest.mark.parametrize("file", ["yolo11n.xml", "yolo11n.bin"])
def test_an_openvino_folder_that_lacks_a_file_is_refused(openvino_copy, capfd, file):
    backend, folder = openvino_copy
    (folder / file).unlink()
    _refusal(backend, folder, capfd)


def test_metadata_that_is_no_yaml_is_corrupt(openvino_copy, capfd):
    backend, folder = openvino_copy
    (folder / "metadata.yaml").write_text("names: [", encoding="utf-8")
    assert "metadata.yaml" in str(_refusal(backend, folder, capfd))


@pytest.mark.parametrize(
    "network", ["age-gender-recognition-retail-0013", "person-reidentification-retail-0277"]
)
def test_intels_networks_for_something_else_are_refused(shared_models, capfd, network):
    _needs("openvino")
    said = str(_refusal("openvino", shared_models / network, capfd))
    assert "not a network that finds people" in said


def test_an_ssd_that_is_not_named_for_people_is_refused(shared_models, tmp_path, capfd):
    """Faces and people have one layout; taken for people, a poster's face fills the store."""
    _needs("openvino")
    name = "person-detection-retail-0013"
    for ending in ("xml", "bin"):
        content = (shared_models / name / f"{name}.{ending}").read_bytes()
        renamed = content.replace(b"person-detection", b"f-ce-detection").replace(
            b"pedestrian", b"p-destrian"
        )
        (tmp_path / f"faces.{ending}").write_bytes(renamed if ending == "xml" else content)
    assert "SSD named" in str(_refusal("openvino", tmp_path / "faces.xml", capfd))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no weights", b"<html>log in</html>"])
def test_weights_that_are_none_are_corrupt(tmp_path, capfd, content):
    _needs("ultralytics")
    (tmp_path / "yolo11n.pt").write_bytes(content)
    assert isinstance(_refusal("ultralytics", tmp_path / "yolo11n.pt", capfd), ModelCorrupt)


def test_ultralytics_runs_no_network_that_is_not_its_own(shared_models, capfd):
    _needs("ultralytics")
    said = _refusal("ultralytics", shared_models / "yolox_nano.onnx", capfd)
    assert "no export of ultralytics" in str(said)


@pytest.mark.parametrize(
    ("backend", "step"),
    [
        ("ncnn", "storeguard models pull yolo11n"),
        ("ultralytics", "storeguard models pull yolo11n"),
        ("openvino", "put ultralytics' openvino export there"),
    ],
)
def test_a_backend_without_its_network_says_what_to_run(tmp_path, backend, step):
    _needs(backend)
    with pytest.raises(ModelMissing, match=step):
        make_detector(config.Detector(backend=backend), places=(tmp_path,))
