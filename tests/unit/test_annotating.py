"""Pictures and videos with the people drawn in."""

import av
import cv2
import numpy as np
import pytest

from storeguard.domain.occupancy import Detection
from storeguard.errors import CameraFault
from storeguard.ports import Frame
from storeguard.vision.annotating import AMBER, GREEN, Annotator, annotated
from storeguard.vision.sources import Sourced

IMAGE = np.full((361, 641, 3), 90, np.uint8)


def person(confidence, left=200.0):
    return Detection((left, 100.0, left + 60, 300.0), confidence)


@pytest.mark.parametrize(("confidence", "colour"), [(0.9, GREEN), (0.41, AMBER)])
def test_a_box_is_drawn_in_a_copy_and_its_colour_says_how_sure_it_is(confidence, colour):
    drawn = annotated(IMAGE, [person(confidence)], "1 person")
    assert (IMAGE == 90).all()
    assert drawn[200, 200] == pytest.approx(colour, abs=25)
    assert (drawn[150:250, 220:240] == 90).all()


@pytest.mark.parametrize("box", [(-5.0, -5.0, 30.0, 40.0), (600.0, 340.0, 641.0, 361.0)])
def test_a_box_at_the_pictures_edge_is_drawn_as_far_as_it_lies_inside(box):
    drawn = annotated(IMAGE, [Detection(box, 0.8)], "")
    assert drawn.shape == IMAGE.shape
    assert (drawn != IMAGE).any()


def test_the_label_of_who_leaves_the_picture_on_the_right_is_whole():
    def label(left):
        drawn = annotated(IMAGE, [Detection((left, 100.0, left + 200.0, 300.0), 0.63)], "")
        return drawn[88:96]

    there, outside = (np.nonzero((label(x) != 90).any(axis=(0, 2)))[0] for x in (300.0, 630.0))
    assert 630 not in there
    assert len(outside) == len(there)


def test_pictures_go_into_a_file_or_by_name_into_a_folder(tmp_path):
    for out, expected in ((tmp_path / "a.png", "a.png"), (tmp_path / "drawn", "drawn/shop.jpg")):
        annotator = Annotator(out)
        path = annotator.show(Sourced("in/shop.jpg", None, Frame(0.0, IMAGE)), [person(0.9)], 12.0)
        annotator.close()
        assert path == tmp_path / expected
        assert cv2.imread(str(path)).shape == IMAGE.shape


def test_a_video_keeps_its_times_and_appears_when_it_is_closed(tmp_path):
    out = tmp_path / "drawn.mp4"
    annotator = Annotator(out)
    times = [0.0, 0.1, 0.35, 1.0]
    for t_s in times:
        annotator.show(Sourced("shop.mp4", t_s, Frame(t_s, IMAGE)), [person(0.9)], 12.0)
    assert not out.exists()
    annotator.close()
    with av.open(str(out)) as container:
        shown = [frame.time for frame in container.decode(video=0)]
    assert shown == pytest.approx(times, abs=0.002)
    assert [path.name for path in tmp_path.iterdir()] == ["drawn.mp4"]


def test_a_video_into_a_picture_is_refused_in_words(tmp_path):
    with pytest.raises(CameraFault, match=r"\.mp4"):
        Annotator(tmp_path / "a.jpg").show(Sourced("v.mp4", 0.0, Frame(0.0, IMAGE)), [], 1.0)
