"""A network file is data, and the pinned data: nothing else of that name is read (threat T12)."""

import hashlib
import random
from pathlib import Path

import pytest

from storeguard.errors import ModelCorrupt, ModelMissing
from storeguard.vision import models

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
