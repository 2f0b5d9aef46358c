"""The pictures of a visit: about one a second with a person on it, and which shows most."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from storeguard import durable
from storeguard.domain.occupancy import Detection, Polygon
from storeguard.ports import Frame, Image
from storeguard.vision.encoding import veiled

EVERY_S = 1.0
MOST_PICTURES = 60
"""Of one visit. Whoever stays longer is kept at twice the interval, and so on: 12 MB."""

JPEG_QUALITY = 90

LARGE_ENOUGH = 0.08
"""Part of the picture that a whole person covers at 3 m; larger is no better."""

CUT_FACTOR = 0.5
FEET_FACTOR = 0.85
"""A face or a hand that the edge cuts off is evidence lost; feet are not."""

EDGE_PX = 2
NEAR_S = 5.0
"""A picture this far from the step counts half."""

PREVIEW_WIDTH, PREVIEW_QUALITY = 960, 80

BOX_BGR = (60, 200, 255)
OUTLINE_BGR = (20, 20, 20)


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A jpg with a person on it. `score` 0..1, see `picture_score`; `people` in its pixels."""

    path: Path
    t_s: float
    score: float
    people: tuple[Detection, ...] = ()


def picture_score(image: Image, people: Sequence[Detection]) -> float:
    """How well the best-seen person is seen, 0..1; 0 without people.

    confidence x min(1, box area / 8 % of the picture) x 0.5 for each of the left, right and
    upper edges that cuts the box x 0.85 where the lower edge does.
    """
    height, width = image.shape[:2]
    return max((_seen(person, width, height) for person in people), default=0.0)


def nearness(picture: KeptPicture, near_s: float | None) -> float:
    """score / (1 + distance / 5 s): twice as good a picture may be 5 s further away."""
    if near_s is None:
        return picture.score
    return picture.score / (1 + abs(picture.t_s - near_s) / NEAR_S)


class PictureKeeper:
    """Keeps the pictures of one visit in `folder`; make one a visit.

    `label` names a picture by its time; `masks` are black on each. Not thread-safe; `consider`
    blocks for the writing of a JPEG, the rest but `discard` does not.
    """

    def __init__(
        self,
        folder: Path,
        label: Callable[[float], str],
        *,
        masks: Sequence[Polygon] = (),
        most: int = MOST_PICTURES,
    ) -> None:
        if most < 2:
            raise ValueError(f"most must be >= 2, got {most}")
        self._folder = folder
        self._label = label
        self._masks = masks
        self._most = most
        self._every_s = EVERY_S
        self._next_s = float("-inf")
        self._kept: list[KeptPicture] = []
        self._fault: str | None = None
        self._is_discarded = False
        self._newest: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All paths of this visit, also of one that is just being written. In any thread."""
        newest = (self._newest,) if self._newest else ()
        return (*newest, *(picture.path for picture in tuple(self._kept)))

    @property
    def pictures(self) -> tuple[KeptPicture, ...]:
        """Oldest first."""
        return tuple(self._kept)

    @property
    def fault(self) -> str | None:
        """Why the last picture could not be written; None when it could."""
        return self._fault

    def consider(self, frame: Frame, people: Sequence[Detection]) -> KeptPicture | None:
        """Keeps the frame when a person is on it and the last kept one is a second old."""
        if frame.image is None or not people or frame.t_s < self._next_s or self._is_discarded:
            return None
        try:
            picture = self._write(frame.t_s, frame.image, people)
        except OSError as error:
            self._fault = f"{self._folder}: no picture written: {error}; check the space"
            return None
        self._fault = None
        self._kept.append(picture)
        self._next_s = frame.t_s + self._every_s
        self._thin_out()
        return picture if picture in self._kept else None

    def best(self, near_s: float | None = None) -> KeptPicture | None:
        """The picture that shows most, by `nearness`; None when nobody was ever seen."""
        return max(self._kept, key=lambda picture: nearness(picture, near_s), default=None)

    def discard(self) -> int:
        """Deletes all pictures of the visit and takes no more; returns how many files."""
        self._is_discarded = True
        kept, self._kept = self._kept, []
        return sum(_delete(picture.path) for picture in kept)

    def _write(self, t_s: float, image: Image, people: Sequence[Detection]) -> KeptPicture:
        self._newest = path = _free(self._folder, self._label(t_s))
        shown = veiled(image, self._masks)
        _, jpeg = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        # No fsync: a picture a second would wear the card; the one is synced there.
        durable.publish(path, jpeg.tobytes(), fsync=False)
        return KeptPicture(path, t_s, picture_score(image, people), tuple(people))

    def _thin_out(self) -> None:
        """Of each two neighbours the better one stays, and half as many come from now on."""
        if len(self._kept) <= self._most:
            return
        pairs = [self._kept[i : i + 2] for i in range(0, len(self._kept), 2)]
        stay = [max(pair, key=lambda picture: picture.score) for pair in pairs]
        for picture in set(self._kept) - set(stay):
            _delete(picture.path)
        self._kept = stay
        self._every_s *= 2


def annotate(image: Image, people: Sequence[Detection]) -> Image:
    """A copy with a box around each person and how sure the detector is, in percent."""
    drawn = np.ascontiguousarray(image).copy()
    thick = max(2, round(min(image.shape[:2]) / 240))
    for person in people:
        _draw_box(drawn, person, thick)
    for person in people:
        _draw_label(drawn, person, thick)
    return drawn


def _seen(person: Detection, width: int, height: int) -> float:
    left, top, right, bottom = person.xyxy
    area = max(0.0, right - left) * max(0.0, bottom - top) / (width * height)
    cuts = (left <= EDGE_PX) + (top <= EDGE_PX) + (right >= width - EDGE_PX)
    whole = CUT_FACTOR**cuts * (FEET_FACTOR if bottom >= height - EDGE_PX else 1.0)
    return float(person.confidence * min(1.0, area / LARGE_ENOUGH) * whole)


def _free(folder: Path, label: str) -> Path:
    path, serial = folder / f"{label}.jpg", 2
    while path.exists():
        path, serial = folder / f"{label}-{serial}.jpg", serial + 1
    return path


def _delete(path: Path) -> bool:
    was_there = path.exists()
    path.unlink(missing_ok=True)
    return was_there


def _draw_box(image: Image, person: Detection, thick: int) -> None:
    left, top, right, bottom = (round(side) for side in person.xyxy)
    for color, line in ((OUTLINE_BGR, thick + 2), (BOX_BGR, thick)):
        cv2.rectangle(image, (left, top), (right, bottom), color, line, cv2.LINE_AA)


def _draw_label(image: Image, person: Detection, thick: int) -> None:
    """Above the box, or inside it where the picture ends."""
    text, scale = f"{person.confidence:.0%}", thick / 4
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 1)
    pad, box_top = thick + 1, round(person.xyxy[1])
    left = min(max(0, round(person.xyxy[0])), max(0, image.shape[1] - width - 2 * pad))
    bottom = box_top if box_top >= height + base + 2 * pad else box_top + height + base + 2 * pad
    corner = (left + width + 2 * pad, bottom - height - base - 2 * pad)
    cv2.rectangle(image, (left, bottom), corner, BOX_BGR, cv2.FILLED)
    at = (left + pad, bottom - base - pad)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_DUPLEX, scale, OUTLINE_BGR, 1, cv2.LINE_AA)


def preview_jpeg(frame: Frame, masks: Sequence[Polygon] = ()) -> bytes:
    """The picture for a page: at most PREVIEW_WIDTH wide. The frame has an image."""
    assert frame.image is not None
    height, width = frame.image.shape[:2]
    image = veiled(frame.image, masks)
    if width > PREVIEW_WIDTH:
        size = (PREVIEW_WIDTH, round(height * PREVIEW_WIDTH / width))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY])
    return encoded.tobytes()
