"""Where does anything move? The gate before the detector, at a fraction of its cost.

A small picture of brightness is compared with a running background of itself. What differs
from it by more than the place's own noise is motion, unless

- nearly everything differs at once: a light was switched, or the camera turned to infrared;
- it lies in an area that the configuration ignores;
- it does not last: what is nowhere near its last place a moment later is an insect, or noise;
- it is idle: this place has moved before, and nobody was there (insects before an infrared
  lamp, a door that swings, a screen). `nobody()` teaches that, `somebody()` unteaches it.

Idle motion is no reason to ask the detector at once; whoever asks it looks at the whole picture
on a slow beat besides (see sight.py). Pure: numbers in, numbers out; time is passed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from storeguard.domain.occupancy import Polygon
from storeguard.ports import Image

Levels = NDArray[np.float32]
"""A small picture of brightness (lines, columns), 0..255."""
Mask = NDArray[Any]
Box = tuple[float, float, float, float]
"""left, top, right, bottom as parts of the picture, 0..1."""

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_NEAR = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_WIDER = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
_SAMPLES_A_CELL = 2
_LEAST_GAIN = 0.01
_FADE_EVERY_S = 5.0

GRID_PX = 160
"""Longest side of the small picture."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Contrasts in levels of 255; areas as parts of the picture.

    least_area: a person ten metres from a wide-angle camera is 1 in 400 of its picture, and what
    differs of him at first is a part of that.
    """

    least_contrast: float = 9.0
    noise_factor: float = 4.0
    usual_noise: float = 1.5
    least_area: float = 0.0012
    everything: float = 0.45
    switched: float = 1.25
    """A jump of the brightness everywhere by this factor, or its inverse, is a light."""
    lasting: float = 0.3
    """So much of it was moving in the last picture, too, or close by."""
    lasts_s: float = 1.5
    swarm: int = 4
    """So many places at once are insects or rain rather than people: each has to last twice."""
    follow_s: float = 3.0
    follow_per_s: float = 20.0
    """No faster: what passes in one picture leaves no ghost behind."""
    noise_s: float = 10.0
    idle_after: float = 2.0
    idle_s: float = 600.0
    """Half-life of what is known to be idle."""
    settle_s: float = 2.5
    """Motion in which nobody was found is idle when nobody has been found for so long."""


@dataclass(frozen=True, slots=True)
class Motion:
    """What one picture shows. `boxes`: where something moves that is not idle.

    `is_flip`: nearly everything has changed at once. `is_idle`: something moves, all of it idle
    or for the first time. `share` of the picture that differs.
    """

    boxes: tuple[Box, ...] = ()
    is_flip: bool = False
    is_idle: bool = False
    share: float = 0.0

    @property
    def is_open(self) -> bool:
        return bool(self.boxes)


STILL = Motion()


@dataclass(slots=True)
class _Scene:
    """What is known of the place. `pending`: looked at, nobody found, and not yet settled."""

    background: Levels
    noise: Levels
    idle: Levels
    seen: Mask
    pending: list[tuple[float, Mask]] = field(default_factory=list)
    faded_s: float = 0.0


class MotionGate:
    """State of one camera. Not for two threads at once."""

    def __init__(self, ignore_areas: Sequence[Polygon] = (), tuning: Tuning | None = None) -> None:
        self._areas = tuple(ignore_areas)
        self._tuning = tuning or Tuning()
        self._scene: _Scene | None = None
        self._last_s = 0.0
        self._moving: Mask | None = None
        self._before: Mask | None = None

    def examine(self, luma: Levels, t_s: float) -> Motion:
        """What moves on this picture; `luma` from `small_luma`."""
        scene = self._scene
        elapsed_s = min(max(t_s - self._last_s, 0.0), 5.0)
        self._last_s = t_s
        if scene is None or scene.background.shape != luma.shape:
            self._begin(luma)
            return STILL
        self._fade(scene, elapsed_s)
        self._settle(scene, t_s)
        gain = _gain(scene.background, luma)
        moving, share = self._differing(scene, luma, gain)
        is_switched = not 1 / self._tuning.switched < gain < self._tuning.switched
        if is_switched or share > self._tuning.everything:
            self._meet(scene, luma)
            return Motion(is_flip=True, share=share)
        self._follow(scene, luma, moving, elapsed_s)
        earlier, before = self._before, self._moving
        self._before, self._moving = before, moving
        if before is None or elapsed_s > self._tuning.lasts_s:
            return Motion(share=share)
        return self._judge(scene, (before, before if earlier is None else earlier), share)

    def nobody(self, t_s: float) -> None:
        """The detector has looked at the picture examined last, and found nobody."""
        if self._scene is not None and self._moving is not None and self._moving.any():
            self._scene.pending.append((t_s, cv2.dilate(self._moving, _NEAR)))

    def somebody(self, boxes: Sequence[Box]) -> None:
        """The detector has found people there: what moved lately was theirs."""
        scene = self._scene
        if scene is None:
            return
        scene.pending.clear()
        lines, columns = scene.idle.shape
        for left, top, right, bottom in boxes:
            rows = slice(int(top * lines), int(np.ceil(bottom * lines)))
            scene.idle[rows, int(left * columns) : int(np.ceil(right * columns))] = 0.0

    def _begin(self, luma: Levels) -> None:
        flat = luma.shape
        self._scene = _Scene(
            luma.copy(),
            np.full(flat, self._tuning.usual_noise, np.float32),
            np.zeros(flat, np.float32),
            _unignored(self._areas, (flat[1], flat[0])),
        )
        self._moving = self._before = None

    def _meet(self, scene: _Scene, luma: Levels) -> None:
        """A new light: what was learned of noise holds no longer."""
        scene.background = luma.copy()
        scene.noise.fill(self._tuning.usual_noise)
        self._moving = self._before = None

    def _differing(self, scene: _Scene, luma: Levels, gain: float) -> tuple[Mask, float]:
        """The places that differ, specks and ignored areas left out; and the share of all."""
        if abs(gain - 1) >= _LEAST_GAIN:
            scene.background = np.minimum(scene.background * np.float32(gain), np.float32(255))
        difference = cv2.absdiff(luma, scene.background)
        limit = np.maximum(self._tuning.least_contrast, self._tuning.noise_factor * scene.noise)
        differs = cv2.compare(difference, limit, cv2.CMP_GT)
        share = cv2.countNonZero(differs) / differs.size
        moving = cv2.morphologyEx(differs, cv2.MORPH_OPEN, _CROSS)
        return cv2.bitwise_and(moving, scene.seen), share

    def _follow(self, scene: _Scene, luma: Levels, moving: Mask, elapsed_s: float) -> None:
        difference = cv2.subtract(luma, scene.background)
        fastest = self._tuning.follow_per_s * elapsed_s
        step = difference * np.float32(1 - np.exp(-elapsed_s / self._tuning.follow_s))
        scene.background += np.clip(step, -fastest, fastest, out=step)
        still = cv2.bitwise_not(moving)
        share = 1 - np.exp(-elapsed_s / self._tuning.noise_s)
        cv2.accumulateWeighted(np.abs(difference), scene.noise, share, mask=still)

    def _judge(self, scene: _Scene, before: tuple[Mask, Mask], share: float) -> Motion:
        moving = self._moving
        if moving is None or not moving.any():
            return Motion(share=share)
        known = (scene.idle >= self._tuning.idle_after).astype(np.uint8) * 255
        fresh = cv2.bitwise_and(moving, cv2.bitwise_not(known))
        boxes = _boxes(fresh, before, self._tuning)
        return Motion(boxes, is_idle=not boxes, share=share)

    def _fade(self, scene: _Scene, elapsed_s: float) -> None:
        scene.faded_s += elapsed_s
        if scene.faded_s >= _FADE_EVERY_S:
            scene.idle *= np.float32(0.5 ** (scene.faded_s / self._tuning.idle_s))
            scene.faded_s = 0.0

    def _settle(self, scene: _Scene, t_s: float) -> None:
        """What was looked at long enough ago, and nobody came of it, is idle."""
        due_s = t_s - self._tuning.settle_s
        while scene.pending and scene.pending[0][0] <= due_s:
            _, mask = scene.pending.pop(0)
            scene.idle[mask > 0] += 1.0


def small_luma(image: Image) -> Levels:
    """Brightness at most GRID_PX wide or high. Sampled first: a tenth of a whole area resize."""
    height, width = image.shape[:2]
    step = max(1, max(height, width) // (GRID_PX * _SAMPLES_A_CELL))
    sampled_wh = max(1, width // step), max(1, height // step)
    sampled = cv2.resize(image, sampled_wh, interpolation=cv2.INTER_NEAREST)
    sampled = cv2.cvtColor(sampled, cv2.COLOR_BGR2GRAY)
    scale = min(1.0, GRID_PX / max(height, width))
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(sampled, size_wh, interpolation=cv2.INTER_AREA)
    return cv2.blur(small, (3, 3)).astype(np.float32)


def _gain(background: Levels, luma: Levels) -> float:
    """By how much it has become brighter everywhere alike: exposure, or a light."""
    ratios = ((luma[::6, ::6] + 1) / (background[::6, ::6] + 1)).ravel()
    middle = ratios.size // 2
    return float(np.partition(ratios, middle)[middle])


def _boxes(fresh: Mask, before: tuple[Mask, Mask], tuning: Tuning) -> tuple[Box, ...]:
    """Connected motion that lasts, and is large enough for a part of a person.

    before: what moved one and two pictures ago.
    """
    least = tuning.least_area * fresh.size
    if cv2.countNonZero(fresh) < least:
        return ()
    lines, columns = fresh.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(fresh, _WIDER))
    cores = np.bincount(labels[fresh > 0], minlength=count)
    lasting = cv2.bitwise_and(fresh, cv2.dilate(before[0], _WIDER))
    if np.count_nonzero(cores[1:] >= least) >= tuning.swarm:
        lasting = cv2.bitwise_and(lasting, cv2.dilate(before[1], _WIDER))
    lasts = np.bincount(labels[lasting > 0], minlength=count)
    return tuple(
        (x / columns, y / lines, (x + across) / columns, (y + down) / lines)
        for (x, y, across, down, _), core, last in zip(
            stats[1:].tolist(), cores[1:], lasts[1:], strict=True
        )
        if core >= least and last >= tuning.lasting * core
    )


def _unignored(areas: Sequence[Polygon], size_wh: tuple[int, int]) -> Mask:
    """255 where motion counts."""
    seen = np.full((size_wh[1], size_wh[0]), 255, np.uint8)
    for area in areas:
        corners = np.array(area, np.float64) * np.array(size_wh)
        cv2.fillPoly(seen, [np.round(corners).astype(np.int32)], 0)
    return seen
