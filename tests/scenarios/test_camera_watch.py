"""`camera watch` and `camera snap`, as they are typed."""

import json
import os
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from storeguard.cli import main

FPS = 10


def picture(person_x=None):
    image = np.full((180, 320, 3), 90, np.uint8)
    image[100:] = 150
    image[30:90, ::24] = 60
    if person_x is not None:
        image[50:150, person_x : person_x + 40] = 20
    return image


def video(path, pictures, crf="10"):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": crf})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for image in pictures:
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


@pytest.fixture
def visit(tmp_path):
    """Three seconds empty, somebody for four, eight empty again."""
    walk = [picture(60 + 4 * i) for i in range(40)]
    return video(tmp_path / "visit.mp4", [picture()] * 30 + walk + [picture()] * 80)


def watch(*arguments):
    result = CliRunner().invoke(main, ["camera", "watch", *map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_visit_is_seen_on_the_files_own_time(visit, tmp_path):
    lines = watch(visit, "--detector", "background", "--config", tmp_path / "none.yaml")
    assert {tuple(line) for line in lines} == {("t_s", "gate", "people", "occupied", "why")}
    assert len(lines) in range(70, 80)  # five a second
    occupied = [line["t_s"] for line in lines if line["occupied"]]
    assert occupied[0] == pytest.approx(3, abs=0.41)
    assert occupied[-1] == pytest.approx(12, abs=0.41)
    assert not lines[-1]["occupied"]


def test_an_ignored_area_makes_the_store_empty(visit, tmp_path):
    areas = ("--ignore-area", "0,0 1,0 1,1 0,1")
    lines = watch(visit, "--detector", "background", "--config", tmp_path / "none.yaml", *areas)
    assert not any(line["occupied"] for line in lines)


def test_darkness_is_unknown_and_says_why(tmp_path):
    dark = video(tmp_path / "dark.mp4", [picture()] * 10 + [np.zeros((180, 320, 3), np.uint8)] * 20)
    last = watch(dark, "--detector", "background", "--config", tmp_path / "none.yaml")[-1]
    assert last["occupied"] is None
    assert "C204" in last["why"]
    assert "dark" in last["why"]


def test_a_frozen_picture_is_unknown_and_says_why(tmp_path):
    still = video(tmp_path / "still.mp4", [picture()] * 650, crf="0")
    lines = watch(still, "--detector", "background", "--config", tmp_path / "none.yaml")
    assert lines[-30]["occupied"] is False
    assert lines[-1]["occupied"] is None
    assert "C205" in lines[-1]["why"]


def test_a_configured_camera_brings_its_own_settings(visit, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(
        "cameras:\n"
        f"  - {{id: door, backend: opencv, source: {visit}, watch_fps: 2,\n"
        "     ignore_areas: [[[0, 0], [1, 0], [1, 1], [0, 1]]]}\n"
        "detector: {backend: background}\n"
    )
    lines = watch(visit, "--config", config)
    assert len(lines) in range(28, 32)
    assert not any(line["occupied"] for line in lines)


@pytest.mark.parametrize(
    ("source", "said"),
    [("nothing.mp4", "no such"), ("text.mp4", "cannot be read")],
)
def test_what_cannot_be_watched_is_named(tmp_path, source, said):
    (tmp_path / "text.mp4").write_text("no video")
    arguments = ["--detector", "background", "--config", str(tmp_path / "none.yaml")]
    result = CliRunner().invoke(main, ["camera", "watch", str(tmp_path / source), *arguments])
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize("area", ["0,0 1,0", "0,0 1,0 2,1", "door"])
def test_an_area_that_is_none_is_refused(visit, area):
    result = CliRunner().invoke(main, ["camera", "watch", str(visit), "--ignore-area", area])
    assert result.exit_code == 2
    assert "corners" in result.stderr


@pytest.mark.parametrize("camera", ["door", "roof"])
def test_a_snap_is_a_picture_of_the_camera(tmp_path, camera):
    config = tmp_path / "config.yaml"
    config.write_text(f"cameras: [{{id: hall, backend: sim}}, {{id: {camera}, backend: sim}}]\n")
    out = tmp_path / "door.png"
    arguments = ["camera", "snap", camera, "--out", str(out), "--config", str(config)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert cv2.imread(str(out)).shape == (720, 1280, 3)


def test_a_snap_of_a_camera_that_is_not_configured_names_those_that_are(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("cameras: [{id: door, backend: sim}]\n")
    result = CliRunner().invoke(main, ["camera", "snap", "roof", "--config", str(config)])
    assert result.exit_code == 2
    assert "door" in result.stderr


@pytest.mark.skipif(
    not os.environ.get("STOREGUARD_MEDIA") or not os.environ.get("STOREGUARD_MODELS"),
    reason="STOREGUARD_MEDIA and STOREGUARD_MODELS are not set",
)
def test_the_person_behind_the_glass_door_is_outside_by_an_ignored_area(tmp_path):
    clip = Path(os.environ["STOREGUARD_MEDIA"]) / (
        "empty/autocheckout_cam1_tail_store_empty_person_behind_glass.mp4"
    )
    door = "0,0 0.62,0 0.26,0.72 0,0.35"
    lines = watch(clip, "--ignore-area", door, "--config", tmp_path / "none.yaml")
    assert not any(line["occupied"] for line in lines)
    assert not any(line["people"] for line in lines)
