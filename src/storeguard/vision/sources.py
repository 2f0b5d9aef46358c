"""Pictures, folders of pictures, videos and cameras, one frame after the other, for `detect`."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from storeguard.captures import is_device, open_capture
from storeguard.clock import Clock, SystemClock
from storeguard.domain.bodies import one_box_each
from storeguard.domain.occupancy import Detection
from storeguard.errors import CameraBlind, CameraFault, masked
from storeguard.ports import Detector, Frame, Image
from storeguard.streams import stream_of

_log = logging.getLogger(__name__)

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
URLS = ("rtsp://", "rtsps://", "http://", "https://")
URL_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Sourced:
    """A frame and where it comes from; `t_s` is None for a picture."""

    source: str
    t_s: float | None
    frame: Frame


def frames(source: str, *, clock: Clock | None = None) -> Iterator[Sourced]:
    """All frames of SOURCE: a picture, a folder of pictures, a video, a camera number or URL.

    `t_s` is the video's own time, for a camera seconds since the first frame. A camera never
    ends. Raises CameraFault, in one line, where nothing can be read.
    """
    if source.isdecimal():
        return _camera_frames(int(source), clock or SystemClock())
    if is_device(source):
        return _camera_frames(source, clock or SystemClock())
    if source.startswith(URLS):
        return _video_frames(source)
    path = Path(source)
    if path.is_dir():
        return _folder_frames(path)
    if not path.is_file():
        raise CameraFault(
            f"{source}: no such picture, folder or video; expected one, "
            "or a camera such as 0 or /dev/video0, or an rtsp:// or http:// address"
        )
    if path.suffix.lower() in PICTURES:
        return iter((_picture(path),))
    return _video_frames(source)


def is_still(source: str) -> bool:
    """Is it a picture, or a folder of pictures?"""
    path = Path(source)
    return path.is_dir() or path.suffix.lower() in PICTURES


def detect_lines(
    source: str,
    detector: Detector,
    *,
    clock: Clock | None = None,
    show: Callable[[Sourced, Sequence[Detection], float], object] = lambda *_: None,
) -> Iterator[dict[str, Any]]:
    """A line a frame: `source`, `t_s`, `people` (`xyxy` in pixels, `confidence`) and `ms`.

    Each person once. `ms` is the detector's whole time, reading the file left out. A frame on
    which nobody can be seen has no people, and the log says once why. `show` gets each frame with
    its people and ms.
    """
    clock = clock or SystemClock()
    was_blind = False
    for sourced in frames(source, clock=clock):
        began_s = clock.now_s()
        try:
            found = _people(detector, sourced.frame)
            was_blind = False
        except CameraBlind as blind:
            found = ()
            if not was_blind:
                _log.warning("%s: %s", sourced.source, blind)
            was_blind = True
        ms = (clock.now_s() - began_s) * 1000
        show(sourced, found, ms)
        people = [
            {
                "xyxy": [round(edge, 1) for edge in one.xyxy],
                "confidence": round(one.confidence, 3),
            }
            for one in found
        ]
        yield {"source": sourced.source, "t_s": sourced.t_s, "people": people, "ms": round(ms, 2)}


def _people(detector: Detector, frame: Frame) -> tuple[Detection, ...]:
    """Each once: a hand that is found beside its arm is nobody else."""
    assert frame.image is not None
    height, width = frame.image.shape[:2]
    return one_box_each(detector.people(frame), (width, height))


def _picture(path: Path) -> Sourced:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise CameraFault(f"{path}: cannot be read: {error.strerror}") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise CameraFault(f"{path}: not a picture that can be read; expected JPEG, PNG or WebP")
    return Sourced(str(path), None, Frame(0.0, image.astype(np.uint8, copy=False)))


def _folder_frames(folder: Path) -> Iterator[Sourced]:
    pictures = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURES)
    if not pictures:
        raise CameraFault(f"{folder}: no pictures in this folder; expected .jpg or .png files")
    return map(_picture, pictures)


def _video_frames(source: str) -> Iterator[Sourced]:
    """PyAV and not OpenCV: exact times, and errors instead of lines on stderr."""
    name, t_s = masked(source), -1.0
    try:
        with av.open(stream_of(source), timeout=URL_TIMEOUT_S) as container:
            if not container.streams.video:
                raise CameraFault(f"{name}: has no pictures; expected a video")
            for decoded in container.decode(video=0):
                t_s = round(decoded.time, 3) if decoded.time is not None else t_s + 1
                image: Image = decoded.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
                yield Sourced(name, t_s, Frame(t_s, image))
    except av.FFmpegError as error:
        after = f" after {t_s:g} s" if t_s >= 0 else ""
        raise CameraFault(
            f"{name}: cannot be read as a video{after}: {error.strerror}; "
            "expected a picture, a video or a camera"
        ) from error
    if t_s < 0:
        raise CameraFault(f"{name}: has no frame; expected a video")


def _camera_frames(camera: int | str, clock: Clock) -> Iterator[Sourced]:
    path = f"/dev/video{camera}" if isinstance(camera, int) else camera
    capture = open_capture(camera, URL_TIMEOUT_S)
    try:
        if not capture.isOpened():
            raise CameraFault(
                f"camera {camera}: cannot be opened; check that {path} exists "
                "and that no other program uses it"
            )
        began_s = clock.now_s()
        while True:
            is_read, image = capture.read()
            if not is_read:
                raise CameraFault(f"camera {camera}: delivers no more pictures; check its cable")
            t_s = clock.now_s() - began_s
            yield Sourced(
                f"camera {camera}", round(t_s, 3), Frame(t_s, image.astype(np.uint8, copy=False))
            )
    finally:
        capture.release()
