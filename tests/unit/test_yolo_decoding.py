"""YOLO in numbers: letterbox in, boxes out, for each family of networks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storeguard.vision.detectors.yolo import (
    PADDING_GREY,
    Layout,
    Letterbox,
    decode,
    fit,
    without_overlaps,
    yolox_cells,
)

ULTRALYTICS = Layout("ultralytics", (640, 640))
YOLOX = Layout("yolox", (416, 416))
END2END = Layout("end2end", (640, 640))
WIDE_WH = (1280, 720)


def _ultralytics(*boxes: tuple[tuple[float, float, float, float], int, float]) -> np.ndarray:
    """boxes: (centre x, y, width, height), class, score."""
    output = np.zeros((1, 84, 8400), np.float32)
    for i, (xywh, number, score) in enumerate(boxes):
        output[0, :4, i * 7] = xywh
        output[0, 4 + number, i * 7] = score
    return output


def _decoded(output: np.ndarray, layout: Layout, wh: tuple[int, int], confidence: float = 0.4):
    return decode(output, layout, fit(wh, layout), confidence)


@pytest.mark.parametrize(
    ("layout", "output"),
    [
        (ULTRALYTICS, _ultralytics()),
        (YOLOX, np.zeros((1, 3549, 85), np.float32)),
        (END2END, np.zeros((1, 300, 6), np.float32)),
        (END2END, np.zeros((1, 0, 6), np.float32)),
    ],
)
def test_nothing_found_is_an_empty_tuple(layout, output):
    assert _decoded(output, layout, WIDE_WH) == ()


def test_a_centred_box_comes_back_in_the_frames_pixels():
    # 1280x720 into 640x640: half the size, 140 px of grey above.
    [person] = _decoded(_ultralytics(((320, 320, 100, 200), 0, 0.9)), ULTRALYTICS, WIDE_WH)
    assert person.xyxy == pytest.approx((540, 160, 740, 560))
    assert person.confidence == pytest.approx(0.9)


def test_boxes_are_clipped_to_the_frame_and_what_lies_in_the_padding_is_dropped():
    output = _ultralytics(((0, 150, 100, 100), 0, 0.9), ((320, 50, 60, 60), 0, 0.8))
    [person] = _decoded(output, ULTRALYTICS, WIDE_WH)
    assert person.xyxy == pytest.approx((0, 0, 100, 120))


def test_other_classes_and_the_unsure_are_no_people():
    output = _ultralytics(((320, 320, 90, 90), 15, 0.9), ((200, 300, 90, 90), 0, 0.39))
    assert _decoded(output, ULTRALYTICS, WIDE_WH) == ()


def test_a_box_that_is_rather_something_else_is_no_person():
    output = _ultralytics(((320, 320, 90, 90), 0, 0.5))
    output[0, 4 + 15, 0] = 0.6
    assert _decoded(output, ULTRALYTICS, WIDE_WH) == ()


def test_two_boxes_of_one_person_are_one_and_two_people_stay_two():
    output = _ultralytics(
        ((300, 320, 100, 200), 0, 0.7),
        ((304, 322, 100, 200), 0, 0.9),
        ((380, 320, 100, 200), 0, 0.8),
    )
    found = _decoded(output, ULTRALYTICS, WIDE_WH)
    assert [round(one.confidence, 1) for one in found] == [0.9, 0.8]


def test_numbers_that_are_none_are_dropped():
    output = _ultralytics(((np.nan, 320, 100, 200), 0, 0.9), ((320, 320, np.inf, 200), 0, 0.9))
    with np.errstate(invalid="ignore"):
        assert all(np.isfinite(one.xyxy).all() for one in _decoded(output, ULTRALYTICS, WIDE_WH))


def test_key_points_behind_the_classes_are_not_taken_for_scores():
    layout = Layout("ultralytics", (640, 640), classes=1)
    output = np.full((1, 56, 8400), 300, np.float32)
    output[0, 4] = 0
    output[0, :5, 9] = (320, 320, 100, 200, 0.8)
    assert len(_decoded(output, layout, WIDE_WH)) == 1


def test_end2end_rows_are_corners_already():
    output = np.zeros((1, 300, 6), np.float32)
    output[0, 0] = (270, 220, 370, 420, 0.9, 0)
    output[0, 1] = (10, 300, 90, 400, 0.9, 15)
    [person] = _decoded(output, END2END, WIDE_WH)
    assert person.xyxy == pytest.approx((540, 160, 740, 560))


@pytest.mark.parametrize(
    ("row", "stride", "cell"), [(0, 8, (0, 0)), (52 * 3 + 5, 8, (5, 3)), (2704 + 27, 16, (1, 1))]
)
def test_yolox_offsets_count_in_cells_and_sizes_in_strides(row, stride, cell):
    output = np.zeros((1, 3549, 85), np.float32)
    output[0, row] = 0
    output[0, row, :6] = (0.5, 0.5, np.log(2), np.log(4), 0.9, 0.8)
    [person] = _decoded(output, YOLOX, (416, 416))
    x, y = ((c + 0.5) * stride for c in cell)
    expected = (x - stride, y - 2 * stride, x + stride, y + 2 * stride)
    assert person.xyxy == pytest.approx(np.clip(expected, 0, 416), abs=1e-3)
    assert person.confidence == pytest.approx(0.72)


def test_yolox_answers_with_a_box_a_cell():
    assert yolox_cells((416, 416)) == 3549
    assert yolox_cells((640, 640)) == 8400


def test_the_letterbox_of_ultralytics_is_centred_rgb_from_0_to_1():
    image = np.zeros((720, 1280, 3), np.uint8)
    image[:] = (255, 0, 51)
    blob, fitted = Letterbox(ULTRALYTICS).fill(image)
    assert (fitted.left, fitted.top, fitted.scale) == (0, 140, 0.5)
    assert blob[0, :, 320, 320] == pytest.approx((0.2, 0, 1))
    assert blob[0, :, 139, 0] == pytest.approx([PADDING_GREY / 255] * 3)
    assert blob[0, :, 500, 0] == pytest.approx([PADDING_GREY / 255] * 3)


def test_the_letterbox_of_yolox_is_at_the_top_raw_and_bgr():
    image = np.zeros((720, 1280, 3), np.uint8)
    image[:] = (255, 0, 51)
    blob, fitted = Letterbox(YOLOX).fill(image)
    assert (fitted.left, fitted.top) == (0, 0)
    assert tuple(blob[0, :, 0, 0]) == (255, 0, 51)
    assert tuple(blob[0, :, 415, 415]) == (PADDING_GREY,) * 3


def test_the_last_frames_picture_does_not_shine_through_a_narrower_one():
    letterbox = Letterbox(ULTRALYTICS)
    letterbox.fill(np.full((480, 640, 3), 255, np.uint8))
    blob, _ = letterbox.fill(np.zeros((640, 100, 3), np.uint8))
    assert blob[0, :, 320, 5] == pytest.approx([PADDING_GREY / 255] * 3)


@given(
    wh=st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    layout=st.sampled_from([ULTRALYTICS, YOLOX, END2END]),
)
def test_every_picture_fits_into_the_input(wh, layout):
    fitted = fit(wh, layout)
    assert fitted.left >= 0
    assert fitted.left + fitted.scaled_wh[0] <= layout.input_wh[0]
    assert fitted.top >= 0
    assert fitted.top + fitted.scaled_wh[1] <= layout.input_wh[1]


@given(data=st.data(), n=st.integers(0, 30))
@settings(max_examples=60)
def test_what_is_kept_does_not_overlap_and_what_is_not_overlaps_something_better(data, n):
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 100, (n, 2)).astype(np.float32)
    xyxy = np.concatenate((low, low + rng.uniform(1, 80, (n, 2)).astype(np.float32)), axis=1)
    scores = rng.uniform(0, 1, n).astype(np.float32)
    kept = without_overlaps(xyxy, scores, 0.5)
    for i in range(n):
        rivals = [k for k in kept if scores[k] > scores[i]]
        assert (i in kept) == all(_iou(xyxy[i], xyxy[k]) <= 0.5 for k in rivals)


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    shared = np.prod(np.maximum(0, np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])))
    return float(shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared))
