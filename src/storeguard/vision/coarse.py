"""Pictures and clips in blocks so large that nobody can be known: what leaves without a reason.

The whole picture, and not the people that a detector finds: one that it misses in one picture of a
hundred could be known by that one.
"""

import io
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer

from storeguard.ports import Image

BLOCKS_ACROSS = 32
"""A face in a shop's camera is a twentieth of the picture: two blocks."""

TIME_BASE = Fraction(1, 90_000)


def coarse(image: Image) -> Image:
    """As large as it was. (height, width, 3)."""
    height, width = image.shape[:2]
    rows = max(1, round(BLOCKS_ACROSS * height / width))
    small = cv2.resize(image, (BLOCKS_ACROSS, rows), interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.uint8)


def coarse_jpeg(jpeg: bytes) -> bytes:
    """Raises ValueError for what is no picture."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("no picture")
    return bytes(cv2.imencode(".jpg", coarse(np.asarray(image, np.uint8)))[1])


def coarse_clip(path: Path) -> bytes:
    """The clip as an mp4 that plays in a browser, with its times. Raises ValueError for none."""
    made = io.BytesIO()
    try:
        with av.open(str(path)) as source, av.open(made, "w", format="mp4") as target:
            _copy(source, target)
    except av.FFmpegError as error:
        raise ValueError(f"{path.name}: is no clip: {error.strerror}") from error
    return made.getvalue()


def _copy(source: InputContainer, target: OutputContainer) -> None:
    if not source.streams.video:
        raise ValueError("no pictures in the clip")
    video = source.streams.video[0]
    stream = target.add_stream("libx264", rate=30, options={"crf": "30", "preset": "veryfast"})
    stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
    stream.codec_context.time_base = TIME_BASE
    for frame in source.decode(video):
        image = coarse(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
        blurred = av.VideoFrame.from_ndarray(image, format="bgr24")
        blurred.pts, blurred.time_base = round((frame.time or 0.0) / TIME_BASE), TIME_BASE
        target.mux(stream.encode(blurred))
    target.mux(stream.encode())
