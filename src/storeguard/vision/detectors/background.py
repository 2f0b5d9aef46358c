"""People as differences to the learned empty store: no network, no download.

It finds whatever is not the empty store, so it is the default of a machine without a
network and the degraded mode of one that lost it. What it does not do: it takes two people
who touch for one, and a rolling box for a person.

The trade-offs, with their reasons:
- The first second is taken for the empty store, unless a reference picture is given.
- A person who stands still stays a person: only pixels outside of people are learned.
- Something left behind keeps the store occupied until everything different in the picture
  has been motionless for `absorb_after_s`. Shorter, and somebody who reads a label for a
  minute vanishes; longer, and a forgotten box delays the visit's end.
- Something taken away uncovers the shelf behind it: such a place has weaker edges than
  the empty store had there, and is absorbed after `vanished_after_s`.
- A change of nearly everything (light switched, camera moved) is not a crowd: nobody can
  be seen until the new scene has held for `new_scene_after_s`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from storeguard.domain.occupancy import Detection
from storeguard.errors import CameraBlind, DetectorFault
from storeguard.ports import Frame, Image
from storeguard.vision.visibility import require_sight

Grid = NDArray[np.float32]
"""A coarse picture (lines, columns, 3), 0..255."""
Levels = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LONGEST_GAP_S = 30.0
_USUAL_NOISE = 2.0
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_VANISHED_SHARE = 0.7
"""Of the edges that changed, those that were lost: bottles taken 0.8, people up to 0.3."""
# Taller than wide: it joins head, coat and legs, and not neighbours.
_BODY = cv2.getStructuringElement(cv2.MORPH_RECT, (5, 9))
_AROUND = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))


@dataclass(frozen=True, slots=True)
class Tuning:
    """Contrasts in levels of 255, areas and shares as fractions of the picture."""

    grid_px: int = 160
    learn_s: float = 1.0
    least_contrast: float = 16.0
    motion_contrast: float = 10.0
    noise_factor: float = 4.0
    least_area: float = 0.004
    follow_s: float = 30.0
    absorb_after_s: float = 60.0
    vanished_after_s: float = 2.0
    new_scene_share: float = 0.7
    new_scene_after_s: float = 5.0


@dataclass(slots=True)
class _Scene:
    """What is known of the empty store, and how long each place has not moved."""

    empty: Grid
    noise: Levels
    anchor: Grid
    still_s: Levels

    @classmethod
    def of(cls, picture: Grid) -> "_Scene":
        flat = picture.shape[:2]
        return cls(
            picture.copy(),
            np.full(flat, _USUAL_NOISE, np.float32),
            picture.copy(),
            np.zeros(flat, np.float32),
        )


@dataclass(frozen=True, slots=True)
class _Blob:
    """One difference. `box`: column, line, columns, lines of the grid.

    `mask`: its pixels, gaps filled; `core`: those that really differ, which `area` counts.
    """

    box: tuple[int, int, int, int]
    mask: Mask
    core: Mask
    area: float
    contrast: float


class BackgroundDetector:
    """State of one camera: every camera needs a detector of its own.

    Deterministic in the pictures and their times; irregular times are welcome, because a
    motion gate sends no pictures while nothing moves.
    """

    def __init__(
        self,
        *,
        confidence: float = 0.4,
        reference: Image | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        self._confidence = confidence
        self._tuning = tuning or Tuning()
        self._scene: _Scene | None = None
        self._learn_until_s: float | None = None
        self._learned = 0
        self._last_s = 0.0
        if reference is not None:
            self._scene = _Scene.of(_coarse(reference, self._tuning.grid_px))

    @property
    def name(self) -> str:
        return "background"

    def close(self) -> None:
        """Nothing to end."""

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        """Largest first; raises CameraBlind on darkness and while the whole scene changes."""
        if frame.image is None:
            raise DetectorFault("background: the frame has no picture; expected a camera's frame")
        require_sight(frame.image)
        picture = _coarse(frame.image, self._tuning.grid_px)
        elapsed_s = min(max(frame.t_s - self._last_s, 0.0), _LONGEST_GAP_S)
        self._last_s = frame.t_s
        scene = self._scene
        if scene is None or scene.empty.shape != picture.shape:
            self._begin(picture, frame.t_s)
            return ()
        if self._learn_until_s is not None and frame.t_s < self._learn_until_s:
            self._learned += 1
            scene.empty += (picture - scene.empty) / self._learned
            return ()
        blobs = self._judge(scene, picture, elapsed_s)
        height, width = frame.image.shape[:2]
        return self._detections(blobs, width / picture.shape[1], height / picture.shape[0])

    def _begin(self, picture: Grid, now_s: float) -> None:
        self._scene = _Scene.of(picture)
        self._learn_until_s = now_s + self._tuning.learn_s
        self._learned = 1

    def _judge(self, scene: _Scene, picture: Grid, elapsed_s: float) -> list[_Blob]:
        _follow_light(scene, picture)
        self._watch_stillness(scene, picture, elapsed_s)
        difference = _largest_channel(picture - scene.empty)
        threshold = np.maximum(self._tuning.least_contrast, self._tuning.noise_factor * scene.noise)
        core = _without_specks(difference > threshold)
        different = _joined(core)
        if different.mean() > self._tuning.new_scene_share:
            self._meet_new_scene(scene, picture)
        blobs = [
            blob
            for blob in _blobs(different, core, difference / threshold, self._tuning.least_area)
            if not self._has_vanished(blob, scene, picture)
        ]
        self._learn(scene, picture, difference, _union(blobs, different), elapsed_s)
        return blobs

    def _watch_stillness(self, scene: _Scene, picture: Grid, elapsed_s: float) -> None:
        """The anchor stays while a place is still, so that slow turning is motion, too."""
        limit = np.maximum(self._tuning.motion_contrast, self._tuning.noise_factor * scene.noise)
        moved = _largest_channel(picture - scene.anchor) > limit
        scene.anchor[moved] = picture[moved]
        scene.still_s += np.float32(elapsed_s)
        scene.still_s[moved] = 0.0

    def _meet_new_scene(self, scene: _Scene, picture: Grid) -> None:
        if _still_for_s(scene.still_s) >= self._tuning.new_scene_after_s:
            self._scene = _Scene.of(picture)
        raise CameraBlind(
            "nobody can be seen: nearly the whole picture has changed (light switched or camera "
            "moved); the empty store is learned anew when it holds still"
        )

    def _has_vanished(self, blob: _Blob, scene: _Scene, picture: Grid) -> bool:
        """Something of the empty store is gone: its outline is in `empty`, not in `picture`."""
        if _still_for_s(scene.still_s[blob.core]) < self._tuning.vanished_after_s:
            return False
        lost = (_edges(scene.empty) - _edges(picture))[_outline(blob.core)]
        # Edges of the shelf behind are in both and cancel out.
        if np.maximum(lost, 0).sum() < _VANISHED_SHARE * np.abs(lost).sum():
            return False
        scene.empty[blob.mask] = picture[blob.mask]
        return True

    def _learn(
        self, scene: _Scene, picture: Grid, difference: Levels, people: Mask, elapsed_s: float
    ) -> None:
        share = np.float32(1 - np.exp(-elapsed_s / self._tuning.follow_s))
        free = ~people
        scene.empty[free] += share * (picture - scene.empty)[free]
        scene.noise[free] += share * (difference - scene.noise)[free]
        if people.any() and _still_for_s(scene.still_s[people]) >= self._tuning.absorb_after_s:
            scene.empty[people] = picture[people]

    def _detections(
        self, blobs: list[_Blob], px_per_column: float, px_per_line: float
    ) -> tuple[Detection, ...]:
        found = []
        for blob in sorted(blobs, key=lambda blob: -blob.area):
            confidence = _confidence(blob, self._tuning.least_area)
            if confidence >= self._confidence:
                x, y, columns, lines = blob.box
                left, right = x * px_per_column, (x + columns) * px_per_column
                top, bottom = y * px_per_line, (y + lines) * px_per_line
                found.append(Detection((left, top, right, bottom), confidence))
        return tuple(found)


def _confidence(blob: _Blob, least_area: float) -> float:
    """0.35 for what hardly differs, 0.95 for a large, clear difference: an order, no chance."""
    return 0.35 + 0.6 * min(1.0, blob.area / (4 * least_area)) * min(1.0, blob.contrast / 3)


def _coarse(image: Image, longest_px: int) -> Grid:
    """At most `longest_px` wide or high; slightly smoothed, because sensor noise is local."""
    height, width = image.shape[:2]
    scale = min(1.0, longest_px / max(height, width))
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (3, 3), 0).astype(np.float32)


def _follow_light(scene: _Scene, picture: Grid) -> None:
    """Exposure and white balance change everywhere alike: the median ratio of each channel."""
    ratio = np.median((picture[::2, ::2] + 1) / (scene.empty[::2, ::2] + 1), axis=(0, 1))
    gain = np.clip(ratio, 0.5, 2.0).astype(np.float32)
    if np.abs(gain - 1).max() > 0.01:
        scene.empty = np.minimum(scene.empty * gain, np.float32(255))
        scene.anchor = np.minimum(scene.anchor * gain, np.float32(255))


def _largest_channel(difference: Grid) -> Levels:
    largest: Levels = np.abs(difference).max(axis=2)
    return largest


def _without_specks(mask: Mask) -> Mask:
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _CROSS).astype(bool)


def _joined(mask: Mask) -> Mask:
    """The parts of a body as one."""
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, _BODY).astype(bool)


def _blobs(different: Mask, core: Mask, contrast: Levels, least_area: float) -> list[_Blob]:
    """The connected differences that are large enough for a person. Contrast in thresholds."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        different.astype(np.uint8), connectivity=8
    )
    found = []
    for label in range(1, count):
        mask = labels == label
        cores = mask & core
        area = float(cores.mean())
        if area >= least_area:
            x, y, columns, lines = (int(value) for value in stats[label][:4])
            box = x, y, columns, lines
            found.append(_Blob(box, mask, cores, area, float(contrast[cores].mean())))
    return found


def _union(blobs: list[_Blob], different: Mask) -> Mask:
    """All people with a margin: their soft edges are not the empty store."""
    people = np.zeros(different.shape, np.uint8)
    for blob in blobs:
        people |= blob.mask
    return cv2.dilate(people, _AROUND).astype(bool)


def _still_for_s(still_s: Levels) -> float:
    """How long a region has been motionless; one pixel in 200 may flicker."""
    flickering = still_s.size // 200
    return float(np.partition(still_s, flickering, axis=None)[flickering])


def _outline(mask: Mask) -> Mask:
    pixels = mask.astype(np.uint8)
    outline: Mask = cv2.dilate(pixels, _CROSS) != cv2.erode(pixels, _CROSS)
    return outline


def _edges(picture: Grid) -> Levels:
    across, down = cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    return np.asarray(np.hypot(across, down).max(axis=2), np.float32)
