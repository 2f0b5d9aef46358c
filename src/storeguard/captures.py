"""Opening cameras, streams and films with OpenCV, so that only our own lines complain."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import cv2

from storeguard.streams import stream_of

Source = int | str | Path

GIVE_UP_PART = 0.8
"""ffmpeg gives up on a stream within this part of our own deadline, so its thread ends."""


class Capture(Protocol):
    """What is used of cv2.VideoCapture."""

    def isOpened(self) -> bool: ...  # noqa: N802 - OpenCV's name
    def grab(self) -> bool: ...
    def retrieve(self) -> tuple[bool, Any]: ...
    def read(self) -> tuple[bool, Any]: ...
    def get(self, prop: int) -> float: ...
    def release(self) -> None: ...


OpenCapture = Callable[[Source, float], Capture]
"""Source and time-out in seconds → capture, opened or not."""


def open_capture(source: Source, timeout_s: float) -> Capture:
    """cv2.VideoCapture with the one backend that fits, so that the others do not complain."""
    silence_opencv()
    usb = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
    if isinstance(source, int):
        return cv2.VideoCapture(source, usb)
    if is_device(source):
        return cv2.VideoCapture(str(source), usb)
    if not is_live(source):
        return cv2.VideoCapture(str(source), cv2.CAP_FFMPEG)
    limit_ms = int(timeout_s * GIVE_UP_PART * 1000)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit_ms]
    return cv2.VideoCapture(stream_of(str(source)), cv2.CAP_FFMPEG, limits)


def is_live(source: Source) -> bool:
    """Is it a camera or a stream, which has no end?"""
    named = str(source)
    return named.isdecimal() or "://" in named or is_device(source)


def is_device(source: Source) -> bool:
    """Is it the path of a camera, such as `/dev/video0`? A film in `/dev/shm` is a file."""
    return str(source).startswith("/dev/") and not str(source).startswith("/dev/shm/")


def silence_opencv() -> None:
    """Our own line says it; OpenCV and ffmpeg would add a dozen.

    A process's first capture reads the level of ffmpeg's log, later ones do not: nothing opens
    a capture but `open_capture`.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
