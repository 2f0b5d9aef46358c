"""Pictures and videos with the people that were found drawn in, for a person to look at."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from storeguard import durable
from storeguard.domain.occupancy import Detection
from storeguard.errors import CameraFault
from storeguard.ports import Image
from storeguard.vision.sources import PICTURES, Sourced

GREEN, AMBER, INK, PAPER = (96, 200, 60), (40, 170, 250), (30, 30, 30), (255, 255, 255)
SURE = 0.6
"""Below it a box is amber."""

FONT = cv2.FONT_HERSHEY_DUPLEX
TIME_BASE = Fraction(1, 90_000)
VIDEOS = frozenset({".mp4", ".mkv", ".mov"})
QUALITY = 92


def annotated(image: Image, people: Sequence[Detection], caption: str) -> Image:
    """A copy with a box and the confidence for each person, and the caption below left."""
    picture = image.copy()
    scale = max(0.5, min(image.shape[:2]) / 720)
    for person in sorted(people, key=lambda one: one.confidence):
        _draw(picture, person, scale)
    size_wh, base = cv2.getTextSize(caption, FONT, 0.6 * scale, 1)
    height, pad = picture.shape[0], round(8 * scale)
    _plate(picture, (0, height - size_wh[1] - base - 2 * pad), (size_wh[0] + 2 * pad, height), 0.55)
    _write(picture, caption, (pad, height - base - pad), 0.6 * scale, PAPER)
    return picture


def _draw(picture: Image, person: Detection, scale: float) -> None:
    colour = GREEN if person.confidence >= SURE else AMBER
    left, top, right, bottom = (round(edge) for edge in person.xyxy)
    thick = max(1, round(2.5 * scale))
    # A dark line around the bright one: it is seen on snow and on coal.
    cv2.rectangle(picture, (left, top), (right, bottom), INK, thick + 2, cv2.LINE_AA)
    cv2.rectangle(picture, (left, top), (right, bottom), colour, thick, cv2.LINE_AA)
    label = f"{person.confidence:.0%}"
    (width, height), base = cv2.getTextSize(label, FONT, 0.55 * scale, 1)
    pad = round(4 * scale)
    plate_wh = width + 2 * pad, height + base + 2 * pad
    # Above the box; inside it where the picture ends, and never over the picture's side.
    y = top if top >= plate_wh[1] else top + plate_wh[1]
    x = max(0, min(left, picture.shape[1] - 1 - plate_wh[0]))
    corner = (x + plate_wh[0], y)
    cv2.rectangle(picture, (x, y - plate_wh[1]), corner, colour, cv2.FILLED)
    _write(picture, label, (x + pad, y - base - pad), 0.55 * scale, INK)


def _plate(picture: Image, start: tuple[int, int], end: tuple[int, int], opacity: float) -> None:
    part = picture[max(0, start[1]) : end[1], start[0] : end[0]]
    np.copyto(part, (part * (1 - opacity)).astype(np.uint8))


def _write(
    picture: Image, said: str, at: tuple[int, int], scale: float, colour: tuple[int, int, int]
) -> None:
    cv2.putText(picture, said, at, FONT, scale, colour, 1, cv2.LINE_AA)


class Annotator:
    """Writes annotated pictures to `out`: a picture's file, a folder for several, or a video.

    Raises CameraFault where `out` does not fit what is shown. `close()` publishes a video.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._video: _Video | None = None

    def show(self, sourced: Sourced, people: Sequence[Detection], ms: float) -> Path:
        """Returns the file that the picture is in."""
        assert sourced.frame.image is not None
        when = "" if sourced.t_s is None else f"{sourced.t_s:.2f} s   "
        number = "1 person" if len(people) == 1 else f"{len(people)} people"
        picture = annotated(sourced.frame.image, people, f"{when}{number}   {ms:.0f} ms")
        if sourced.t_s is None:
            return self._keep(sourced.source, picture)
        if self._out.suffix.lower() not in VIDEOS:
            raise CameraFault(f"{self._out}: expected a name that ends in .mp4 for a video")
        self._video = self._video or _Video(self._out, picture)
        self._video.add(picture, sourced.t_s)
        return self._out

    def close(self) -> None:
        if self._video is not None:
            self._video.close()

    def _keep(self, source: str, picture: Image) -> Path:
        path = self._out
        if path.suffix.lower() not in PICTURES:
            path.mkdir(parents=True, exist_ok=True)
            path = path / f"{Path(source).stem}.jpg"
        is_made, data = cv2.imencode(path.suffix, picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not is_made:
            raise CameraFault(f"{path}: cannot be encoded; expected a name that ends in .jpg")
        durable.publish(path, data.tobytes())
        return path


class _Video:
    """H.264 for browsers; it appears at `out` when it is closed."""

    def __init__(self, out: Path, first: Image) -> None:
        self._out = out
        self._temporary = durable.temporary_beside(out)
        self._container = av.open(
            str(self._temporary), "w", format="mp4", options={"movflags": "faststart"}
        )
        self._stream = self._container.add_stream("libx264", rate=30, options={"crf": "20"})
        self._stream.height, self._stream.width = (side // 2 * 2 for side in first.shape[:2])
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = TIME_BASE
        self._last = -1

    def add(self, picture: Image, t_s: float) -> None:
        size_wh = self._stream.width, self._stream.height
        even = np.ascontiguousarray(picture[: size_wh[1], : size_wh[0]])
        frame = av.VideoFrame.from_ndarray(even, "bgr24")
        frame.pts = self._last = max(self._last + 1, round(t_s / TIME_BASE))
        frame.time_base = TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        durable.publish_file(self._temporary, self._out)
