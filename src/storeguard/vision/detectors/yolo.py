"""YOLO in numbers: a picture into a network's input, its output into boxes of people.

Four families: `yolox` (raw 0..255 BGR, padded right and below; output (1, N, 5 + classes)
as grid offsets), `ultralytics` (RGB 0..1, centred; output (1, 4 + classes + extras, N) in
input pixels), `end2end` (as ultralytics in, (1, N, 6 + extras) out, overlaps removed) and
`ssd` (as yolox in; output (1, 1, N, 7): picture, class, confidence, box in 0..1).
Sources: YOLOX demo/ONNXRuntime, ultralytics engine/exporter.py and utils/ops.py, Open Model
Zoo's person-detection-retail-0013. Its demo stretches the picture; padded it finds more:
28 instead of 23 of the 60 larger people in our COCO sample.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from storeguard.domain.occupancy import Detection
from storeguard.ports import Image

Family = Literal["yolox", "ultralytics", "end2end", "ssd"]
RAW_BGR = frozenset({"yolox", "ssd"})
"""Families that take the picture's bytes as they are, in its upper left corner."""

Floats = NDArray[np.float32]

PADDING_GREY = 114
"""The grey that all these networks were trained with around a picture."""

SAME_PERSON_IOU = 0.6
"""Boxes of one person overlap more than this, those of two who stand close usually less."""

MOST_PEOPLE = 300
_YOLOX_STRIDES = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class Layout:
    """How one network wants its picture and words its answer. `input_wh` in pixels."""

    family: Family
    input_wh: tuple[int, int]
    classes: int = 80
    person: int = 0


@dataclass(frozen=True, slots=True)
class Fit:
    """Where the picture lies in the input: input = frame * scale + offset, in pixels."""

    scale: float
    left: int
    top: int
    frame_wh: tuple[int, int]
    scaled_wh: tuple[int, int]


def fit(frame_wh: tuple[int, int], layout: Layout) -> Fit:
    """The largest size of the picture that keeps its proportions and fits the input."""
    (width, height), (into_w, into_h) = frame_wh, layout.input_wh
    scale = min(into_w / width, into_h / height)
    scaled_wh = max(1, round(width * scale)), max(1, round(height * scale))
    if layout.family in RAW_BGR:
        return Fit(scale, 0, 0, frame_wh, scaled_wh)
    # Rounded as ultralytics does: half a pixel goes to the right and below.
    left = round((into_w - scaled_wh[0]) / 2 - 0.1)
    top = round((into_h - scaled_wh[1]) / 2 - 0.1)
    return Fit(scale, left, top, frame_wh, scaled_wh)


class Letterbox:
    """Turns pictures into the network's input in buffers of its own.

    `fill` returns the same (1, 3, height, width) float32 array each time. It replaces
    `cv2.dnn.blobFromImage`, which takes ten times as long (4 ms against 0.4 ms at 640 px).
    """

    def __init__(self, layout: Layout) -> None:
        width, height = layout.input_wh
        self._layout = layout
        self._canvas = np.full((height, width, 3), PADDING_GREY, np.uint8)
        self._planes = [np.empty((height, width), np.uint8) for _ in range(3)]
        self._blob = np.empty((1, 3, height, width), np.float32)
        self._fit: Fit | None = None

    def fill(self, image: Image) -> tuple[Floats, Fit]:
        fitted = self._fit_of((image.shape[1], image.shape[0]))
        width, height = fitted.scaled_wh
        window = self._canvas[fitted.top : fitted.top + height, fitted.left : fitted.left + width]
        if fitted.scaled_wh == fitted.frame_wh:
            np.copyto(window, image)
        else:
            np.copyto(window, cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR))
        self._to_planes()
        return self._blob, fitted

    def _fit_of(self, frame_wh: tuple[int, int]) -> Fit:
        if self._fit is None or self._fit.frame_wh != frame_wh:
            self._fit = fit(frame_wh, self._layout)
            self._canvas.fill(PADDING_GREY)
        return self._fit

    def _to_planes(self) -> None:
        cv2.split(self._canvas, self._planes)
        is_bgr = self._layout.family in RAW_BGR
        for i, plane in enumerate(self._planes if is_bgr else reversed(self._planes)):
            if is_bgr:
                self._blob[0, i] = plane
            else:
                np.multiply(plane, np.float32(1 / 255), out=self._blob[0, i])


def decode(output: Floats, layout: Layout, fitted: Fit, confidence: float) -> tuple[Detection, ...]:
    """The people in a network's first output, best first, clipped to the frame.

    A box counts where person is its best class and reaches `confidence`.
    """
    xyxy, scores = _DECODERS[layout.family](output[0], layout, confidence)
    return people_in(_to_frame(xyxy, fitted), scores, fitted.frame_wh)


def people_in(xyxy: Floats, scores: Floats, frame_wh: tuple[int, int]) -> tuple[Detection, ...]:
    """Boxes of people in frame pixels as detections: clipped, without overlaps, best first.

    xyxy: (N, 4), scores: (N,); N may be 0.
    """
    xyxy = np.clip(xyxy, 0, np.array([*frame_wh] * 2, np.float32))
    keep = _with_area(xyxy)
    xyxy, scores = xyxy[keep], scores[keep]
    return tuple(
        Detection((float(x0), float(y0), float(x1), float(y1)), min(1.0, float(score)))
        for (x0, y0, x1, y1), score in (
            (xyxy[i], scores[i]) for i in without_overlaps(xyxy, scores, SAME_PERSON_IOU)
        )
    )


def without_overlaps(xyxy: Floats, scores: Floats, iou: float) -> list[int]:
    """Greedy non-maximum suppression. xyxy: (N, 4), scores: (N,); N may be 0. Best first."""
    order = np.argsort(-scores, kind="stable")
    area = (xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])
    kept: list[int] = []
    while order.size and len(kept) < MOST_PEOPLE:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        low = np.maximum(xyxy[best, :2], xyxy[rest, :2])
        high = np.minimum(xyxy[best, 2:], xyxy[rest, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        order = rest[shared <= iou * (area[best] + area[rest] - shared)]
    return kept


def _decode_ultralytics(rows: Floats, layout: Layout, confidence: float) -> tuple[Floats, Floats]:
    """rows: (4 + classes + extras, N); the person's row first, because hardly anything passes."""
    scores = rows[4 + layout.person]
    at = np.flatnonzero(scores >= confidence)
    few = rows[:, at]
    is_best = few[4 : 4 + layout.classes].argmax(axis=0) == layout.person
    few = few[:, is_best]
    return _corners(few[:2].T, few[2:4].T), few[4 + layout.person]


def _decode_end2end(rows: Floats, layout: Layout, confidence: float) -> tuple[Floats, Floats]:
    """rows: (N, 6 + extras): x0, y0, x1, y1, confidence, class."""
    few = rows[(rows[:, 4] >= confidence) & (rows[:, 5] == layout.person)]
    return few[:, :4], few[:, 4]


def _decode_yolox(rows: Floats, layout: Layout, confidence: float) -> tuple[Floats, Floats]:
    """rows: (N, 5 + classes): offset to the cell, log size in strides, objectness, classes."""
    scores = rows[:, 4] * rows[:, 5 + layout.person]
    at = np.flatnonzero(scores >= confidence)
    at = at[rows[at, 5 : 5 + layout.classes].argmax(axis=1) == layout.person]
    cells, strides = _yolox_grid(layout.input_wh)
    stride = strides[at, None]
    centre = (rows[at, :2] + cells[at]) * stride
    # The exponent is bounded so that a broken network gives a huge box, not an overflow.
    size = np.exp(np.minimum(rows[at, 2:4], 20)) * stride
    return _corners(centre, size), scores[at]


def _decode_ssd(rows: Floats, layout: Layout, confidence: float) -> tuple[Floats, Floats]:
    """rows: (1, N, 7): picture, class, confidence, x0, y0, x1, y1 as parts of the input."""
    found = rows[0]
    few = found[(found[:, 2] >= confidence) & (found[:, 1] == layout.person)]
    return few[:, 3:7] * np.array([*layout.input_wh] * 2, np.float32), few[:, 2]


_DECODERS = {
    "yolox": _decode_yolox,
    "ultralytics": _decode_ultralytics,
    "end2end": _decode_end2end,
    "ssd": _decode_ssd,
}


@lru_cache(maxsize=4)
def _yolox_grid(input_wh: tuple[int, int]) -> tuple[Floats, Floats]:
    """Cells (N, 2) as column, row and strides (N,), finest first."""
    cells, strides = [], []
    for stride in _YOLOX_STRIDES:
        columns, lines = np.meshgrid(range(input_wh[0] // stride), range(input_wh[1] // stride))
        cells.append(np.stack((columns, lines), axis=2).reshape(-1, 2))
        strides.append(np.full(columns.size, stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def yolox_cells(input_wh: tuple[int, int]) -> int:
    """How many boxes a YOLOX network of this input answers with."""
    return sum((input_wh[0] // stride) * (input_wh[1] // stride) for stride in _YOLOX_STRIDES)


def _corners(centre: Floats, size: Floats) -> Floats:
    return np.concatenate((centre - size / 2, centre + size / 2), axis=1)


def _to_frame(xyxy: Floats, fitted: Fit) -> Floats:
    offset = np.array([fitted.left, fitted.top] * 2, np.float32)
    moved: Floats = (xyxy - offset) / np.float32(fitted.scale)
    return moved


def _with_area(xyxy: Floats) -> NDArray[np.bool_]:
    """False also for boxes that are not numbers."""
    has_area = np.all(xyxy[:, 2:] - xyxy[:, :2] >= 1, axis=1)
    return np.asarray(has_area & np.isfinite(xyxy).all(axis=1))
