"""Can anything be seen on a picture? Darkness and a covered lens are unknown, never empty."""

import cv2
import numpy as np
from numpy.typing import NDArray

from storeguard.errors import CameraBlind
from storeguard.ports import Image

Luma = NDArray[np.float32]

DARKEST_MEAN = 6.0
"""Mean luma, 0..255; an infrared camera at night has 40 and more."""

DARKEST_HIGHLIGHT = 20.0
"""A dark shop with one lit freezer shows something; less than this at its brightest does not."""

LEAST_TEXTURE = 2.5
"""Standard deviation of luma over a coarse grid; a hand or tape over the lens has 1 to 2."""

_SAMPLED_PX = 128
_GRID_WH = (32, 18)


def is_blind(image: Image) -> str | None:
    """Why nobody could be seen on this picture, or None: ~0.1 ms at any size."""
    return blindness(_coarse_luma(image))


def blindness(luma: Luma) -> str | None:
    """As `is_blind`, of a small picture of brightness (lines, columns), 0..255."""
    grid = cv2.resize(luma, _GRID_WH, interpolation=cv2.INTER_AREA)
    mean, highlight = float(grid.mean()), float(grid.max())
    if mean < DARKEST_MEAN and highlight < DARKEST_HIGHLIGHT:
        return f"the picture is dark (mean brightness {mean:.0f} of 255)"
    texture = float(grid.std())
    if texture < LEAST_TEXTURE:
        return f"the lens is covered or out of focus (contrast {texture:.1f} of 255)"
    return None


def require_sight(image: Image) -> None:
    """Raises CameraBlind where `is_blind` has a reason."""
    reason = is_blind(image)
    if reason is not None:
        raise CameraBlind(f"nobody can be seen: {reason}; check the light and the lens")


def _coarse_luma(image: Image) -> Luma:
    """Sampled first for speed, then averaged: sensor noise is no texture."""
    step = max(1, max(image.shape[:2]) // _SAMPLED_PX)
    sampled = np.ascontiguousarray(image[::step, ::step])
    return cv2.cvtColor(
        cv2.resize(sampled, _GRID_WH, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY
    ).astype(np.float32)
