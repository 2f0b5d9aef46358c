"""Pictures and clips in blocks so large that nobody can be known: what leaves without a reason.

The whole picture, and not the people that a detector finds: one that it misses in one picture of a
hundred could be known by that one.
"""

import errno
import io
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer

from storeguard.domain.occupancy import Box
from storeguard.ports import Image

BLOCKS_ACROSS = 32
"""A face in a shop's camera is a twentieth of the picture: two blocks."""

TIME_BASE = Fraction(1, 90_000)
THREADS = 1
"""An export has time; the scales and the live picture have none to give."""

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


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
    write_clip(path, made, lambda _, image: coarse(image))
    return made.getvalue()


def coarse_but_for(image: Image, box: Box | None) -> Image:
    """Coarse outside of the box; all of it without one."""
    veiled = coarse(image)
    if box is not None:
        height, width = image.shape[:2]
        left, top = max(0, math.ceil(box[0])), max(0, math.ceil(box[1]))
        right, bottom = min(width, math.floor(box[2])), min(height, math.floor(box[3]))
        veiled[top:bottom, left:right] = image[top:bottom, left:right]
    return veiled


def write_clip(path: Path, target: BinaryIO, shown: Callable[[int, Image], Image]) -> None:
    """The clip with each picture as `shown` makes it of its number and itself.

    One picture in memory at a time. Raises ValueError for what is no clip; whatever `shown` raises
    ends it.
    """
    try:
        with av.open(str(path)) as source, av.open(target, "w", format="mp4") as made:
            _copy(source, made, shown)
    except av.FFmpegError as error:
        if error.errno in DISK_FULL:
            raise
        raise ValueError(f"{path.name}: is no clip: {error.strerror}") from error


def _copy(
    source: InputContainer, target: OutputContainer, shown: Callable[[int, Image], Image]
) -> None:
    if not source.streams.video:
        raise ValueError("no pictures in the clip")
    video = source.streams.video[0]
    stream = target.add_stream("libx264", rate=30, options={"crf": "30", "preset": "veryfast"})
    stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
    stream.codec_context.time_base = TIME_BASE
    stream.codec_context.thread_count = THREADS
    for number, frame in enumerate(source.decode(video)):
        image = shown(number, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
        blurred = av.VideoFrame.from_ndarray(image, format="bgr24")
        blurred.pts, blurred.time_base = round((frame.time or 0.0) / TIME_BASE), TIME_BASE
        target.mux(stream.encode(blurred))
    target.mux(stream.encode())
