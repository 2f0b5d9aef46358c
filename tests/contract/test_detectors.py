"""One suite over every detector that is not simulated, on real pictures and real networks."""

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from storeguard import config
from storeguard.domain.occupancy import Detection
from storeguard.errors import (
    CameraBlind,
    CameraFault,
    DetectorFault,
    MissingExtra,
    ModelCorrupt,
    ModelFault,
    ModelMissing,
)
from storeguard.ports import Detector, Frame
from storeguard.vision.detectors import onnx
from storeguard.vision.detectors.background import BackgroundDetector
from storeguard.vision.detectors.choice import make_detector
from storeguard.vision.detectors.network import usual_threads
from storeguard.vision.sources import detect_lines, frames

Box = tuple[float, float, float, float]

NEEDED = {
    "onnx": ("onnxruntime",),
    "ncnn": ("ncnn", "pnnx"),
    "openvino": ("openvino",),
    "ultralytics": ("ultralytics", "torch", "ncnn", "pnnx", "openvino"),
}
"""Backend → packages; `make test-yolo` has them all."""
MISSING = {
    backend: package
    for backend, packages in NEEDED.items()
    for package in packages
    if importlib.util.find_spec(package) is None
}
ALL_NETWORKS = (
    "onnx:yolo11n_dequantised_640.onnx",
    "onnx:yolo11n_dequantised_320.onnx",
    "onnx:yolox_nano.onnx",
    "ncnn:320",
    "openvino:yolo11n_int8_openvino_model",
    "openvino:person-detection-retail-0013",
    "ultralytics:yolo11n_int8_openvino_model",
    "ultralytics:yolo11n_dequantised_640.onnx",
    "ultralytics:320",
)
"""Backend and file; a number is the input of an NCNN folder that is made for the test."""
NETWORKS = tuple(name for name in ALL_NETWORKS if name.split(":")[0] not in MISSING)
BACKENDS = (*NETWORKS, "background")
MISSES_CUT_OFF_PEOPLE = "openvino:person-detection-retail-0013"
CLIP = "people/one-by-one-person-detection.mp4"

# Seen with the eye in the clip, 768x432: second → the one person there, or nobody.
CLIP_PEOPLE: dict[int, Box | None] = {
    5: None,
    22: None,
    40: (383, 2, 545, 385),
    48: None,
    60: (410, 4, 563, 396),
    73: None,
}


def _folder(variable: str) -> Path:
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{variable} is not set")
    return Path(folder)


def _network(name: str) -> Path:
    return _folder("STOREGUARD_MODELS") / f"{name}.onnx"


@cache
def _clip(path: str, until_s: float) -> tuple[Frame, ...]:
    """A picture a second."""
    found: list[Frame] = []
    for sourced in frames(path):
        if sourced.t_s > until_s:
            break
        if sourced.t_s >= len(found):
            found.append(sourced.frame)
    return tuple(found)


@pytest.fixture(scope="module")
def load(request: pytest.FixtureRequest) -> Callable[[str], Detector]:
    """The detector of one of NETWORKS, loaded once."""
    return cache(lambda name: _loaded(name, request))


def _loaded(name: str, request: pytest.FixtureRequest) -> Detector:
    backend, file = name.split(":")
    if backend == "ultralytics":
        request.getfixturevalue("torch_ready")
    path = _folder("STOREGUARD_MODELS") / file
    if file.isdecimal():
        path = request.getfixturevalue("ncnn_folder")(int(file))
    wanted = config.Detector(backend=backend, model=str(path), confidence=0.25)
    # One thread: NCNN's wait for each other busily, ten times as long beside other programs.
    return make_detector(wanted, threads=1)


@pytest.fixture(scope="module", params=BACKENDS)
def make(request: pytest.FixtureRequest, load) -> Callable[[], Detector]:
    """A maker of fresh detectors of one backend; a network is loaded once."""
    if request.param == "background":
        return BackgroundDetector
    loaded = load(request.param)
    return lambda: loaded


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest, load) -> Detector:
    return load(request.param)


@pytest.mark.parametrize("backend", NEEDED)
def test_the_suite_below_runs_on_this_backend(backend):
    if backend in MISSING:
        pytest.skip(f"{MISSING[backend]} is not installed here; `make test-yolo` has it")
    assert any(name.startswith(f"{backend}:") for name in NETWORKS)


def _iou(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def _seen(detector: Detector, images: list[np.ndarray]) -> list[tuple[Detection, ...] | str]:
    """What it says of each picture, one a second; "blind" where it says so."""
    answers: list[tuple[Detection, ...] | str] = []
    for second, image in enumerate(images):
        try:
            answers.append(detector.people(Frame(float(second), image)))
        except CameraBlind:
            answers.append("blind")
    return answers


def _noise(height: int, width: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


def _assert_inside(people: tuple[Detection, ...], width: int, height: int) -> None:
    for person in people:
        x0, y0, x1, y1 = person.xyxy
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert 0 < person.confidence <= 1
        assert all(type(value) is float for value in (*person.xyxy, person.confidence))


def test_the_one_person_of_a_real_clip_is_found_where_the_eye_sees_them(make):
    clip = _clip(str(_folder("STOREGUARD_MEDIA") / CLIP), 73)
    detector = make()
    found = {second: detector.people(frame) for second, frame in enumerate(clip)}
    for second, expected in CLIP_PEOPLE.items():
        if expected is None:
            assert found[second] == (), f"second {second}"
        else:
            assert max(_iou(one.xyxy, expected) for one in found[second]) > 0.6, f"second {second}"


def test_boxes_of_a_crowd_lie_inside_the_frame(make):
    clip = _clip(str(_folder("STOREGUARD_MEDIA") / "people/vtest.mp4"), 12)
    detector = make()
    answers = [detector.people(frame) for frame in clip]
    assert answers[-1]
    for frame, people in zip(clip, answers, strict=True):
        _assert_inside(people, frame.image.shape[1], frame.image.shape[0])


def test_an_empty_scene_has_no_people(make):
    clip = _clip(str(_folder("STOREGUARD_MEDIA") / "empty/intel_one_by_one_head_empty.mp4"), 5)
    detector = make()
    assert [detector.people(frame) for frame in clip] == [()] * len(clip)


def test_darkness_is_blindness_and_not_an_empty_store(make):
    scene = _clip(str(_folder("STOREGUARD_MEDIA") / CLIP), 5)[0].image
    dark = np.zeros_like(scene)
    assert _seen(make(), [scene, scene, scene, dark, dark]) == [(), (), (), "blind", "blind"]


@pytest.mark.parametrize(
    ("width", "height"), [(501, 37), (37, 501), (1, 1), (641, 479), (1920, 1080)]
)
def test_odd_sizes_are_answered_inside_the_frame(make, width, height):
    for people in _seen(make(), [_noise(height, width, seed) for seed in range(3)]):
        if people != "blind":
            _assert_inside(people, width, height)


def test_a_size_that_changes_on_the_way_is_answered(make):
    clip = _clip(str(_folder("STOREGUARD_MEDIA") / CLIP), 5)
    small = cv2.resize(clip[0].image, (320, 180))
    assert _seen(make(), [clip[0].image, clip[1].image, small, small]) == [()] * 4


def test_the_same_pictures_have_the_same_people(make):
    clip = _clip(str(_folder("STOREGUARD_MEDIA") / "people/vtest.mp4"), 6)
    first, second = make(), make()
    assert [first.people(frame) for frame in clip] == [second.people(frame) for frame in clip]


def test_a_picture_is_not_written_to(make):
    image = _clip(str(_folder("STOREGUARD_MEDIA") / CLIP), 5)[0].image.copy()
    image.flags.writeable = False
    assert make().people(Frame(0.0, image)) == ()


def test_a_frame_without_a_picture_is_a_fault_in_words(make):
    with pytest.raises(DetectorFault, match="no picture"):
        make().people(Frame(0.0, None))


def test_it_has_a_name_and_closes_twice():
    detector = BackgroundDetector()
    detector.close()
    detector.close()
    assert detector.name == "background"


def test_the_four_people_of_an_annotated_picture_are_found(network):
    root = _folder("STOREGUARD_DATASETS") / "coco_mini"
    annotations = json.loads((root / "annotations/instances_train2017.json").read_bytes())
    people = [
        (x, y, x + w, y + h)
        for one in annotations["annotations"]
        if one["image_id"] == 790 and one["category_id"] == 1
        for x, y, w, h in [one["bbox"]]
    ]
    assert len(people) == 4
    [sourced] = frames(str(root / "train2017/000000000790.jpg"))
    found = network.people(sourced.frame)
    there = [max(_iou(person, one.xyxy) for one in found) > 0.5 for person in people]
    assert sum(there) == (2 if network.name == MISSES_CUT_OFF_PEOPLE else 4)
    assert [one.confidence for one in found] == sorted((o.confidence for o in found), reverse=True)


def test_a_network_that_is_cut_short_is_corrupt(tmp_path):
    whole = _network("yolox_nano").read_bytes()
    for length in (0, 100, len(whole) // 2):
        (tmp_path / "cut.onnx").write_bytes(whole[:length])
        with pytest.raises(ModelCorrupt, match=r"cut\.onnx"):
            onnx.load(tmp_path / "cut.onnx")


def test_a_network_has_been_run_when_its_detector_is_there():
    session = onnx.open_session(_network("yolox_nano"))
    asked = []

    class Counting:
        def run(self, *given):
            asked.append(given)
            return session.run(*given)

        def __getattr__(self, name):
            return getattr(session, name)

    onnx.detector_of(Counting(), _network("yolox_nano"))
    assert len(asked) == 1


@pytest.mark.parametrize(("asked", "threads"), [(None, usual_threads()), (1, 1)])
def test_onnx_has_its_threads_and_they_sleep_while_they_wait(asked, threads):
    """Those that spin take the processor from the scales."""
    session = onnx.open_session(_network("faceapi_age_gender_112"), threads=asked)
    options = session.get_session_options()
    assert options.intra_op_num_threads == threads
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_a_network_for_something_else_is_refused_in_one_line():
    with pytest.raises(ModelFault, match="not a network that finds people") as caught:
        onnx.load(_network("faceapi_age_gender_112"))
    assert "\n" not in str(caught.value)


def test_the_four_people_of_the_bus_picture_are_found_by_every_runtime(network, bus_picture):
    [sourced] = frames(str(bus_picture))
    found = network.people(sourced.frame)
    _assert_inside(found, sourced.frame.image.shape[1], sourced.frame.image.shape[0])
    assert len(found) == (3 if network.name == MISSES_CUT_OFF_PEOPLE else 4)


def test_runtimes_agree_on_one_network(load, bus_picture):
    """Float and int8, with and without torch: the same count, boxes a few pixels apart."""
    frame = next(iter(frames(str(bus_picture)))).frame
    same = ("ncnn:640", "openvino:yolo11n_int8_openvino_model", "ultralytics:640")
    usual = load("onnx:yolo11n_dequantised_640.onnx").people(frame)
    for name in same:
        if name.split(":")[0] in MISSING:
            continue
        people = load(name).people(frame)
        assert len(people) == len(usual), name
        for person in usual:
            assert max(_iou(person.xyxy, one.xyxy) for one in people) > 0.95, name


def test_auto_takes_the_configured_network(monkeypatch):
    _hide(monkeypatch, "ncnn", "openvino")
    places = (_folder("STOREGUARD_MODELS"),)
    assert make_detector(config.Detector(), places=places).name == "onnx:yolo11n_dequantised_640"
    wanted = config.Detector(model="yolox-nano")
    assert make_detector(wanted, places=places).name == "onnx:yolox_nano"


def test_auto_takes_the_fastest_runtime_that_has_the_network_and_says_why(tmp_path, caplog):
    if {"ncnn", "openvino"} & MISSING.keys():
        pytest.skip("ncnn and openvino are not both installed here; `make test-yolo` has them")
    caplog.set_level("INFO")
    places = (_folder("STOREGUARD_MODELS"),)
    assert make_detector(config.Detector(), places=places).name == "openvino:yolo11n_int8"
    assert "auto takes openvino:yolo11n_int8 (ncnn has no network 'yolo11n')" in caplog.text


def _hide(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)


def test_auto_takes_another_network_and_says_so(tmp_path, caplog):
    (tmp_path / "yolox_nano.onnx").symlink_to(_network("yolox_nano"))
    assert make_detector(config.Detector(), places=(tmp_path,)).name == "onnx:yolox_nano"
    assert "'yolo11n' cannot be used" in caplog.text


def test_auto_without_a_network_is_background_and_says_it_loudly(tmp_path, caplog):
    assert make_detector(config.Detector(), places=(tmp_path,)).name == "background"
    [line] = caplog.records
    assert line.levelname == "WARNING"
    assert "storeguard models pull yolox-nano" in line.getMessage()


def test_auto_with_a_broken_network_is_background_and_says_why(tmp_path, caplog):
    (tmp_path / "yolo11n.onnx").write_bytes(b"not a network")
    assert make_detector(config.Detector(), places=(tmp_path,)).name == "background"
    assert "yolo11n.onnx" in caplog.text


def test_onnx_without_its_network_says_what_to_run(tmp_path):
    with pytest.raises(ModelMissing, match="storeguard models pull yolox-nano"):
        make_detector(config.Detector(backend="onnx"), places=(tmp_path,))


@pytest.mark.parametrize(
    ("backend", "line"),
    [
        ("ncnn", r"'ncnn', which is not installed; run: pip install 'storeguard\[ncnn\]'"),
        ("openvino", r"'openvino', .*run: pip install 'storeguard\[openvino\]'"),
        ("ultralytics", r"'ultralytics', .*run: pip install 'storeguard\[yolo\]'"),
    ],
)
def test_a_backend_whose_package_is_missing_says_what_to_install(monkeypatch, backend, line):
    monkeypatch.setitem(sys.modules, backend, None)
    with pytest.raises(MissingExtra, match=line):
        make_detector(config.Detector(backend=backend))


def test_detect_has_a_line_a_frame_with_the_videos_time():
    clip = str(_folder("STOREGUARD_MEDIA") / "empty/intel_one_by_one_head_empty.mp4")
    lines = list(detect_lines(clip, BackgroundDetector()))
    assert len(lines) == 53
    assert [line["t_s"] for line in lines[:3]] == [0.0, 0.1, 0.2]
    assert set(lines[0]) == {"source", "t_s", "people", "ms"}
    assert all(line["source"] == clip and line["ms"] > 0 for line in lines)


def test_detect_of_a_picture_has_no_time_and_people_as_plain_numbers(network):
    picture = str(_folder("STOREGUARD_DATASETS") / "coco_mini/train2017/000000000790.jpg")
    [line] = detect_lines(picture, network)
    assert line["t_s"] is None
    assert json.loads(json.dumps(line)) == line
    assert len(line["people"]) >= 4
    assert set(line["people"][0]) == {"xyxy", "confidence"}


class TwoHands:
    """Finds both arms as one, and each hand once more."""

    name = "fake:hands"

    def people(self, frame):
        boxes = ((1, 1, 157, 88), (0, 1, 158, 110), (0, 3, 60, 87), (190, 5, 230, 100))
        return tuple(Detection(tuple(map(float, box)), 0.6) for box in boxes)


def test_detect_tells_and_draws_each_person_once(tmp_path):
    cv2.imwrite(str(tmp_path / "hands.png"), np.zeros((120, 240, 3), np.uint8))
    drawn = []
    [line] = detect_lines(
        str(tmp_path / "hands.png"), TwoHands(), show=lambda _, people, __: drawn.append(people)
    )
    assert [one["xyxy"][0] for one in line["people"]] == [1, 190]
    assert [len(people) for people in drawn] == [2]


def test_detect_of_a_folder_takes_its_pictures_by_name(tmp_path):
    for name in ("b.png", "a.jpg", "notes.txt"):
        if name.endswith("txt"):
            (tmp_path / name).write_text("no picture")
        else:
            cv2.imwrite(str(tmp_path / name), _noise(48, 64))
    lines = list(detect_lines(str(tmp_path), BackgroundDetector()))
    assert [Path(line["source"]).name for line in lines] == ["a.jpg", "b.png"]


def test_detect_on_darkness_has_no_people_and_says_once_why(tmp_path, caplog):
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((48, 64, 3), np.uint8))
    found = [line["people"] for line in detect_lines(str(tmp_path), BackgroundDetector())]
    assert found == [[], []]
    [line] = caplog.records
    assert "dark" in line.getMessage()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.jpg", None, "no such picture"),
        ("broken.jpg", b"not a picture", "not a picture that can be read"),
        ("empty.png", b"", "not a picture that can be read"),
        ("broken.mp4", b"not a video", "cannot be read as a video"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_line(tmp_path, capfd, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CameraFault, match=said) as caught:
        list(frames(str(tmp_path / name)))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("camera", ["63", "/dev/video63"])
def test_a_camera_that_is_not_there_is_one_line(capfd, camera):
    with pytest.raises(CameraFault, match="check that /dev/video63 exists"):
        next(frames(camera))
    assert capfd.readouterr() == ("", "")


def test_a_folder_without_pictures_is_one_line(tmp_path):
    with pytest.raises(CameraFault, match="no pictures"):
        list(frames(str(tmp_path)))
