"""Does the camera still show what it showed? Covered, out of focus, or turned away.

What is remembered is the usual picture: its sharpness, and where its edges are. A person in front
of the camera, a light, or the night changes both for a while; so each is a fault only after it has
held, and only where the rest cannot explain it. Pure: numbers in, words out; time is passed in.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from storeguard.errors import FaultCode

Levels = NDArray[np.float32]
"""A small picture of brightness (lines, columns), 0..255."""


@dataclass(frozen=True, slots=True)
class Tuning:
    every_s: float = 1.0
    learn_s: float = 10.0
    follow_s: float = 600.0
    least_sharpness: float = 0.55
    """Of the usual one; a lens that is out of focus or sprayed has 0.2 to 0.5."""
    least_likeness: float = 0.45
    """Correlation of the edges; the same view in another light has 0.6 and more."""
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


class ViewWatch:
    """State of one camera. `examine` is cheap: it works once a second."""

    def __init__(self, tuning: Tuning | None = None) -> None:
        self._tuning = tuning or Tuning()
        self._edges: Levels | None = None
        self._sharpness = 0.0
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
        edges = _edges(luma)
        sharpness = float(edges.mean())
        if self._edges is None or self._edges.shape != edges.shape:
            self._begin(edges, sharpness)
            return None
        if self._learned_s < self._tuning.learn_s:
            self._learn(edges, sharpness, min(elapsed_s, 2.0))
            return None
        self.fault = self._judge(edges, sharpness, t_s)
        if self.fault is None and is_still:
            self._follow(edges, sharpness, min(elapsed_s, 10.0))
        return self.fault

    def _begin(self, edges: Levels, sharpness: float) -> None:
        self._edges, self._sharpness, self._learned_s = edges, sharpness, 0.0
        self._blurred_s = self._moved_s = self.fault = None

    def _learn(self, edges: Levels, sharpness: float, elapsed_s: float) -> None:
        self._learned_s += elapsed_s
        self._approach(edges, sharpness, elapsed_s / max(self._learned_s, elapsed_s))

    def _follow(self, edges: Levels, sharpness: float, elapsed_s: float) -> None:
        self._approach(edges, sharpness, elapsed_s / self._tuning.follow_s)

    def _approach(self, edges: Levels, sharpness: float, share: float) -> None:
        assert self._edges is not None
        self._edges += np.float32(share) * (edges - self._edges)
        self._sharpness += share * (sharpness - self._sharpness)

    def _judge(self, edges: Levels, sharpness: float, now_s: float) -> ViewFault | None:
        assert self._edges is not None
        tuning = self._tuning
        is_blurred = sharpness < tuning.least_sharpness * self._sharpness
        self._blurred_s = _since(self._blurred_s, now_s, is_blurred)
        is_moved = not is_blurred and _likeness(edges, self._edges) < tuning.least_likeness
        self._moved_s = _since(self._moved_s, now_s, is_moved)
        if self._blurred_s is not None and now_s - self._blurred_s >= tuning.blurred_after_s:
            part = sharpness / self._sharpness
            return ViewFault(
                FaultCode.CAMERA_BLIND,
                f"the lens is covered or out of focus (sharpness {part:.0%} of the usual)",
                is_blind=True,
            )
        if self._moved_s is None or now_s - self._moved_s < tuning.moved_after_s:
            return None
        if now_s - self._moved_s >= tuning.accepted_after_s:
            self._begin(edges, sharpness)
            return None
        return ViewFault(
            FaultCode.CAMERA_MOVED, "the camera shows another view than before", is_blind=False
        )


def _since(before_s: float | None, now_s: float, is_so: bool) -> float | None:
    return (now_s if before_s is None else before_s) if is_so else None


def _edges(luma: Levels) -> Levels:
    """Strength of the edges: what a light that changes everywhere alike leaves in place."""
    across = cv2.Sobel(luma, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(luma, cv2.CV_32F, 0, 1, ksize=3)
    return np.asarray(cv2.magnitude(across, down) / (luma.mean() + 8), np.float32)


def _likeness(one: Levels, other: Levels) -> float:
    """Correlation of two pictures of edges, -1..1; blurred, so that a shake is no move."""
    a, b = (cv2.GaussianBlur(edges, (0, 0), 2.0) for edges in (one, other))
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 1.0
