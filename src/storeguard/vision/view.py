"""Does the camera still show what it showed? Covered, out of focus, or turned away.

What is remembered is the usual picture: how fine its edges are, how strong, and where. Measured on
ten views under lights, noise, compression, infrared, blur, covers and turns:

- out of focus, fine edges go and coarse ones stay; a light, or infrared, changes both alike, and
  a person only adds some;
- covered or sprayed, all edges go;
- turned, the edges are as many and as strong, but elsewhere.

A person in front of the camera changes all that for a while: each is a fault only after it has
held. Pure: numbers in, words out; time is passed in.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from storeguard.errors import FaultCode

Levels = NDArray[np.float32]
"""A small picture of brightness (lines, columns), 0..255."""

_COARSER = 4
_DARK = 8.0
"""Levels: below this brightness edges are noise, and are not made stronger by it."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Parts of the usual value. Seen on other lights and infrared: fineness ≥ 0.76, contrast ≥
    0.43, likeness ≥ 0.63; fineness out of focus ≤ 0.8; contrast covered ≤ 0.39; likeness turned
    by 10 degrees or a twelfth of the picture ≤ 0.45, mostly ≤ 0.1."""

    every_s: float = 1.0
    learn_s: float = 10.0
    follow_s: float = 600.0
    least_fineness: float = 0.70
    fineness_in_doubt: float = 0.80
    """Enough where contrast and likeness show that nothing but the fine edges has gone."""
    contrast_kept: float = 0.70
    likeness_kept: float = 0.62
    fineness_in_disorder: float = 0.75
    likeness_of_light: float = 0.75
    """Enough where the edges have left their places, too: blur moves them, a light does not."""
    fine_edges_gone: float = 0.80
    least_contrast: float = 0.35
    likeness_in_fog: float = 0.85
    """Less contrast with all edges in their places is a light."""
    least_likeness: float = 0.35
    blurred_after_s: float = 5.0
    moved_after_s: float = 15.0
    accepted_after_s: float = 1800.0
    """A view that has stayed so long is the new one."""


@dataclass(frozen=True, slots=True)
class ViewFault:
    """`is_blind`: nobody could be seen on such a picture."""

    code: FaultCode
    why: str
    is_blind: bool


@dataclass(slots=True)
class _View:
    """`places`: where edges are, whatever the light; `fineness`: fine edges by coarse ones."""

    places: Levels
    fineness: float
    contrast: float

    def approach(self, other: "_View", share: float) -> None:
        self.places += np.float32(share) * (other.places - self.places)
        self.fineness += share * (other.fineness - self.fineness)
        self.contrast += share * (other.contrast - self.contrast)


class ViewWatch:
    """State of one camera. `examine` is cheap: it works once a second."""

    def __init__(self, tuning: Tuning | None = None) -> None:
        self._tuning = tuning or Tuning()
        self._usual: _View | None = None
        self._learned_s = 0.0
        self._last_s = float("-inf")
        self._blurred_s: float | None = None
        self._moved_s: float | None = None
        self.fault: ViewFault | None = None

    def examine(self, luma: Levels, t_s: float, *, is_still: bool) -> ViewFault | None:
        """What is wrong now, or None. `is_still`: nobody is there, and nothing moves."""
        elapsed_s = t_s - self._last_s
        if elapsed_s < self._tuning.every_s:
            return self.fault
        self._last_s = t_s
        now = _view_of(luma)
        usual = self._usual
        if usual is None or usual.places.shape != now.places.shape:
            self._begin(now)
            return None
        if self._learned_s < self._tuning.learn_s:
            elapsed_s = min(elapsed_s, 2.0)
            self._learned_s += elapsed_s
            usual.approach(now, elapsed_s / max(self._learned_s, elapsed_s))
            return None
        self.fault = self._judge(now, usual, t_s, is_still=is_still)
        if self.fault is None and is_still:
            usual.approach(now, min(elapsed_s, 10.0) / self._tuning.follow_s)
        return self.fault

    def _begin(self, view: _View) -> None:
        self._usual, self._learned_s = view, 0.0
        self._blurred_s = self._moved_s = self.fault = None

    def _judge(self, now: _View, usual: _View, now_s: float, *, is_still: bool) -> ViewFault | None:
        tuning = self._tuning
        fineness, contrast = now.fineness / usual.fineness, now.contrast / usual.contrast
        likeness = _likeness(now.places, usual.places)
        problem = self._problem(fineness, contrast, likeness)
        self._blurred_s = _since(self._blurred_s, now_s, problem is not None)
        # Who stands in a bare room changes most of its picture.
        is_empty = is_still or (self.fault is not None and not self.fault.is_blind)
        is_moved = problem is None and likeness < tuning.least_likeness and is_empty
        self._moved_s = _since(self._moved_s, now_s, is_moved)
        if self._blurred_s is not None and now_s - self._blurred_s >= tuning.blurred_after_s:
            return ViewFault(FaultCode.CAMERA_BLIND, f"the lens is {problem}", is_blind=True)
        if self._moved_s is None or now_s - self._moved_s < tuning.moved_after_s:
            return None
        if now_s - self._moved_s >= tuning.accepted_after_s:
            self._begin(now)
            return None
        return ViewFault(
            FaultCode.CAMERA_MOVED, "the camera shows another view than before", is_blind=False
        )

    def _problem(self, fineness: float, contrast: float, likeness: float) -> str | None:
        tuning = self._tuning
        if contrast < tuning.least_contrast and likeness < tuning.likeness_in_fog:
            return f"covered (contrast {contrast:.0%} of the usual)"
        least = tuning.least_fineness
        if contrast >= tuning.contrast_kept and likeness >= tuning.likeness_kept:
            least = tuning.fineness_in_doubt
        elif likeness < tuning.likeness_of_light:
            least = tuning.fineness_in_disorder
        if fineness < least and fineness * contrast < tuning.fine_edges_gone:
            return f"out of focus (sharpness {fineness:.0%} of the usual)"
        return None


def _since(before_s: float | None, now_s: float, is_so: bool) -> float | None:
    return (now_s if before_s is None else before_s) if is_so else None


def _view_of(luma: Levels) -> _View:
    lines, columns = (max(2, side // _COARSER) for side in luma.shape)
    edges = _edges(luma)
    small = cv2.resize(luma, (columns, lines), interpolation=cv2.INTER_AREA)
    coarse = max(float(_edges(np.asarray(small, np.float32)).mean()), 1e-3)
    brightness = float(luma.mean()) + _DARK
    return _View(_places(edges), float(edges.mean()) / coarse, coarse / brightness)


def _edges(luma: Levels) -> Levels:
    across = cv2.Sobel(luma, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(luma, cv2.CV_32F, 0, 1, ksize=3)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _places(edges: Levels) -> Levels:
    """Edges as strong as they are beside what is around them; a shake of some pixels is no move."""
    soft = cv2.GaussianBlur(edges, (0, 0), 1.5)
    around = cv2.GaussianBlur(soft, (0, 0), 6.0) + (0.12 * soft.mean() + 1.0)
    return np.asarray(soft / around, np.float32)


def _likeness(one: Levels, other: Levels) -> float:
    """Correlation of two pictures, -1..1."""
    a, b = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 1.0
