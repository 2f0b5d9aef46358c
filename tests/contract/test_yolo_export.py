"""`models pull yolo11n` with the real exporter, on weights of our own: random, but whole."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from storeguard import config
from storeguard.errors import ModelFault
from storeguard.ports import Frame
from storeguard.vision import exporting, models
from storeguard.vision.detectors.choice import make_detector


@pytest.fixture(scope="module")
def weights(torch_ready, tmp_path_factory) -> Path:
    """An untrained YOLO11n as ultralytics saves it."""
    from storeguard.vision.detectors import ultralytics

    make = ultralytics._ultralytics(1)
    import torch

    torch.manual_seed(1)
    untrained = make("yolo11n.yaml")
    untrained.model.names = {n: "person" if n == 0 else f"class {n}" for n in range(80)}
    path = tmp_path_factory.mktemp("weights") / "yolo11n.pt"
    untrained.save(path)
    return path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture
def site(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A release page that has these weights, pinned."""
    content = weights.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    network = replace(models.by_name("yolo11n"), sha256=sha256, size_bytes=len(content))
    monkeypatch.setattr(models, "CATALOGUE", (network,))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(weights.parent)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _picture() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)


def test_a_pull_exports_for_ncnn_what_torch_would_answer(
    site, weights, tmp_path, capfd, monkeypatch
):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # as on a user's machine
    folder = models.pull("yolo11n", tmp_path, base_url=site)
    assert capfd.readouterr() == ("", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["yolo11n.pt", folder.name]
    assert models.verify(folder, models.by_name("yolo11n"))
    places = (tmp_path,)
    wanted = config.Detector(backend="ncnn", confidence=0.0)
    by_ncnn = make_detector(wanted, places=places, threads=1)
    assert by_ncnn.name == "ncnn:yolo11n"
    assert make_detector(config.Detector(), places=places, threads=1).name == "ncnn:yolo11n"
    _assert_same_numbers(folder, weights)


def _assert_same_numbers(folder: Path, weights: Path) -> None:
    """The bare outputs: untrained weights find nobody, so their boxes prove nothing."""
    import torch

    from storeguard.vision.detectors import ncnn, ultralytics

    blob = np.random.default_rng(2).random((1, 3, 640, 640), np.float32)
    detector = ncnn.load(folder, threads=1)
    by_ncnn = detector._runtime.infer(blob)
    network = ultralytics._ultralytics(1)(str(weights)).model.eval()
    with torch.no_grad():
        answer = network(torch.from_numpy(blob))
    by_torch = (answer[0] if isinstance(answer, (list, tuple)) else answer).numpy()
    assert by_ncnn.shape == by_torch.shape
    assert np.abs(by_ncnn[:, :4] - by_torch[:, :4]).max() < 1.0, "pixels"
    assert np.abs(by_ncnn[:, 4:] - by_torch[:, 4:]).max() < 0.01, "confidence"


def test_weights_are_a_detector_of_ultralytics(site, weights):
    wanted = config.Detector(backend="ultralytics", model=str(weights), confidence=0.9)
    detector = make_detector(wanted, threads=1)
    assert detector.name == "ultralytics:yolo11n"
    assert detector.people(Frame(0.0, _picture())) == ()


def test_what_ultralytics_cannot_read_is_one_line_and_nothing_is_left(torch_ready, tmp_path):
    (tmp_path / "yolo11n.pt").write_bytes(b"no weights")
    with pytest.raises(ModelFault, match=r"yolo11n\.pt: the export to NCNN failed: ") as caught:
        exporting.export_ncnn(tmp_path / "yolo11n.pt", tmp_path)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["yolo11n.pt"]
