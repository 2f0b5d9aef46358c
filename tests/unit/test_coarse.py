"""What leaves the store without a reason: nobody can be known in it."""

import io
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from storeguard.vision.coarse import coarse, coarse_clip, coarse_jpeg

SIZE_WH = (320, 180)


def noise(seed: int) -> np.ndarray:
    """As much detail as a picture can have."""
    return np.random.default_rng(seed).integers(0, 255, (*SIZE_WH[::-1], 3), np.uint8)


def film(path: Path, frames: int = 20) -> None:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = *SIZE_WH, "yuv420p"
        for seed in range(frames):
            for packet in stream.encode(av.VideoFrame.from_ndarray(noise(seed), format="bgr24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)


def is_coarse(image: np.ndarray) -> bool:
    """One block of ten by ten pixels has one colour."""
    blocks = [image[y + 3 : y + 7, x + 3 : x + 7] for y in (0, 90) for x in (0, 160, 310)]
    return all(block.std(axis=(0, 1)).max() < 12 for block in blocks)


def test_a_picture_keeps_its_size_and_loses_its_detail():
    assert not is_coarse(noise(1))
    assert coarse(noise(1)).shape == (180, 320, 3)
    assert is_coarse(coarse(noise(1)))
    jpeg = bytes(cv2.imencode(".jpg", noise(1))[1])
    assert is_coarse(cv2.imdecode(np.frombuffer(coarse_jpeg(jpeg), np.uint8), cv2.IMREAD_COLOR))


def test_every_picture_of_a_clip_is_coarse_and_it_lasts_as_long(tmp_path: Path):
    film(tmp_path / "a.mp4")
    with av.open(io.BytesIO(coarse_clip(tmp_path / "a.mp4"))) as clip:
        frames = [(frame.time, frame.to_ndarray(format="bgr24")) for frame in clip.decode(video=0)]
    assert len(frames) == 20
    assert frames[-1][0] - frames[0][0] == pytest.approx(1.9, abs=0.05)
    assert all(is_coarse(image) for _, image in frames)


def test_what_is_no_picture_and_no_clip_does_not_leave(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"not really a clip")
    with pytest.raises(ValueError, match=r"a\.mp4: is no clip"):
        coarse_clip(tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="no picture"):
        coarse_jpeg(b"no jpeg")
