"""A network file is data, and the pinned data: nothing else of that name is read (threat T12)."""

import hashlib
import random
from pathlib import Path

import numpy as np
import pytest

from storeguard.errors import ModelCorrupt, ModelMissing
from storeguard.vision import models
from storeguard.vision.detectors import network
from storeguard.vision.detectors.network import Runtime
from storeguard.vision.detectors.yolo import Floats

CONTENT = random.Random(1).randbytes(20_000)
NETWORK = models.Network(
    "tiny-net",
    "tiny_net.onnx",
    "http://127.0.0.1:9/unused",
    hashlib.sha256(CONTENT).hexdigest(),
    len(CONTENT),
    "test",
)


def test_one_bit_that_is_another_is_another_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(models, "CATALOGUE", (NETWORK,))
    file = tmp_path / NETWORK.file
    file.write_bytes(CONTENT)
    assert models.require("tiny-net", (tmp_path,)) == file
    for bit in random.Random(2).sample(range(8 * len(CONTENT)), 200):
        spoilt = bytearray(CONTENT)
        spoilt[bit // 8] ^= 1 << bit % 8
        file.write_bytes(spoilt)
        with pytest.raises(ModelCorrupt):
            models.require("tiny-net", (tmp_path,))


@pytest.mark.parametrize("wanted", ["onnx", "ncnn", "openvino"])
def test_weights_that_are_code_are_read_by_no_backend_of_ours(
    tmp_path: Path, wanted: models.Format
):
    """A `.pt` is a pickle: whoever loads it runs it."""
    (tmp_path / "net.pt").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    for name in ("net", str(tmp_path / "net.pt")):
        with pytest.raises(ModelMissing):
            models.require(name, (tmp_path,), wanted=(wanted,))


def _answering(answer: Floats, asked: list[tuple[int, ...]]) -> Runtime:
    def infer(blob: Floats) -> Floats:
        asked.append(blob.shape)
        return answer

    return Runtime("onnx", infer, (RuntimeError,))


def test_a_network_is_run_once_before_the_first_customer():
    asked: list[tuple[int, ...]] = []
    answer = np.zeros((1, 84, 2100), np.float32)
    assert network.try_out(_answering(answer, asked), (320, 192), Path("net.onnx")) is answer
    assert asked == [(1, 3, 192, 320)]


@pytest.mark.parametrize("answer", [np.empty((1, 0)), np.array([[1.0, np.nan]])])
def test_a_network_whose_answer_is_no_numbers_is_corrupt(answer):
    with pytest.raises(ModelCorrupt, match=r"net\.onnx: answers with values that are no numbers"):
        network.try_out(_answering(answer, []), (320, 192), Path("net.onnx"))


def test_a_network_that_cannot_be_run_is_corrupt():
    def infer(_: Floats) -> Floats:
        raise RuntimeError("bad node\nand more")

    with pytest.raises(ModelCorrupt, match=r"net\.onnx: cannot be run: bad node$"):
        network.try_out(Runtime("onnx", infer, (RuntimeError,)), (320, 192), Path("net.onnx"))
