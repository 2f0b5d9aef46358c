"""The store with a Pi's camera: a theft on record, and a camera that fails in every way."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from storeguard import config as cfg
from storeguard.devices.sim.camera import SimCamera
from storeguard.devices.sim.picamera2_module import SimPicamera2, installed
from storeguard.domain import events as ev
from storeguard.errors import RestartNeeded
from storeguard.services import eye as eyes

STUCK = str(Path(__file__).with_name("stuck_daemon.py"))
SIZE_PX = (704, 396)
NOTICED_S, BACK_S = 15, 60
FROZEN_S = 60 + NOTICED_S


def black(size_px, _t_s):
    return np.zeros((size_px[1], size_px[0], 3), np.uint8)


class World:
    """What picamera2's camera sees: the simulated store, painted by the simulated camera."""

    def __init__(self, store):
        self._store = store
        self._painter = None

    def picture(self, size_px, t_s):
        if self._painter is None:
            camera = cfg.Camera(id="door", backend="sim", record_size_px=size_px)
            self._painter = SimCamera(camera, self._store.world, self._store.clock)
            with contextlib.suppress(StopIteration):
                self._painter.open().send(None)  # it waits for nothing
        return self._painter.picture(t_s)


@pytest.fixture
def pi_store(make_store):
    """A store whose only camera is a Pi's; `store.pi` are its knobs."""
    store = make_store()
    camera = cfg.Camera(id="door", backend="picamera", record_size_px=SIZE_PX, record_fps=5)
    found = {"cameras": (camera,), "detector": cfg.Detector(backend="background")}
    store.config = store.config.model_copy(update=found)
    store.pi = SimPicamera2(store.loop, World(store).picture)
    with installed(store.pi):
        yield store
        store.stop()


def steal(store):
    store.enter()
    store.take("바나나우유", 2)
    store.leave()
    store.be_judged()


def streams_of(clip):
    with av.open(str(clip)) as container:
        return [stream.type for stream in container.streams]


def size_px(clip):
    with av.open(str(clip)) as container:
        return container.streams.video[0].width, container.streams.video[0].height


def test_a_theft_is_recorded_from_the_full_stream_and_without_sound(pi_store):
    pi_store.start()
    steal(pi_store)
    [visit] = pi_store.visits
    assert visit.unpaid == {"바나나우유": 2}
    [issue] = pi_store.issues
    clips = sorted(issue.glob("*.mp4"))
    assert clips
    assert {size_px(clip) for clip in clips} == {SIZE_PX}
    assert all(streams_of(clip) == ["video"] for clip in clips)
    [picture] = issue.glob("*.jpg")
    assert cv2.imread(str(picture)).shape == (SIZE_PX[1], SIZE_PX[0], 3)


def test_the_person_is_looked_for_on_the_small_stream_and_found_in_the_full_one(pi_store):
    pi_store.start()
    pi_store.enter()
    [eye] = pi_store.app.watching.eyes
    assert eye.newest.small.shape == (360, 640, 3)
    [person] = eye.detections
    left, top, right, bottom = pi_store.world.figures(eye.newest.t_s)[0].xyxy
    drawn = [side * SIZE_PX[0] / 1280 for side in (left, top, right, bottom)]
    assert person.xyxy == pytest.approx(drawn, abs=40)


def set_to(**knobs):
    def break_it(pi):
        for knob, value in knobs.items():
            setattr(pi, knob, value)

    return break_it


FAULTS = {
    "hangs": (set_to(is_stalled=True), NOTICED_S),
    "raises": (set_to(error=RuntimeError("Camera frontend has timed out")), NOTICED_S),
    "is black": (set_to(picture=black), NOTICED_S),
    "is frozen": (set_to(is_frozen=True), FROZEN_S),
    "is slow": (set_to(every_s=4.0), NOTICED_S),
    "delivers garbage": (set_to(garbled=(7, 7)), NOTICED_S),
    "is unplugged": (lambda pi: (pi.models.clear(), set_to(is_stalled=True)(pi)), NOTICED_S),
}


@pytest.mark.parametrize(("break_it", "noticed_s"), FAULTS.values(), ids=FAULTS.keys())
def test_a_camera_that_fails_is_noticed_comes_back_and_loses_no_issue(
    pi_store, break_it, noticed_s
):
    pi_store.start()
    pi, shown = pi_store.pi, pi_store.pi.picture
    break_it(pi)
    pi_store.advance(noticed_s)
    assert [event.device for event in pi_store.told(ev.DeviceFailed)] == ["door"]
    assert pi_store.app.watching.people is None
    pi_store.advance(40)
    assert len(pi_store.told(ev.DeviceFailed)) == 1
    pi.be_well()
    pi.picture, pi.models = shown, ["imx708"]
    pi_store.advance(BACK_S + 11)
    assert [event.device for event in pi_store.told(ev.DeviceRecovered)] == ["door"]
    assert pi_store.app.watching.people == 0
    pi_store.events.clear()
    steal(pi_store)
    assert pi_store.missing == [{"바나나우유": 2}]
    [issue] = pi_store.issues
    assert list(issue.glob("*.mp4"))
    assert sum(camera.is_open for camera in pi.cameras) == 1


def test_a_theft_while_the_camera_hangs_is_an_issue_of_what_was_seen(pi_store):
    pi_store.start()
    pi_store.enter()
    pi_store.take("콜라", 1)
    pi_store.pi.is_stalled = True
    pi_store.take("바나나우유", 2)
    pi_store.leave()
    pi_store.advance(30)
    pi_store.pi.be_well()
    pi_store.advance(BACK_S)
    pi_store.be_judged()
    assert pi_store.missing == [{"바나나우유": 2, "콜라": 1}]
    [issue] = pi_store.issues
    assert all(streams_of(clip) == ["video"] for clip in issue.glob("*.mp4"))


def test_without_any_camera_at_the_start_the_issue_is_text_only(pi_store):
    pi_store.pi.models.clear()
    pi_store.start()
    assert pi_store.told(ev.DeviceFailed)[0].why.startswith(
        "camera 'door': Raspberry Pi camera 0 is not connected: none is"
    )
    steal(pi_store)
    pi_store.advance(120)
    [issue] = pi_store.issues
    assert not list(issue.glob("*.mp4")) + list(issue.glob("*.jpg"))
    assert "바나나우유2개 도난 발생" in (issue / "content.txt").read_text(encoding="utf-8")
    pi_store.advance(900)  # and no restart is asked for


def test_a_camera_that_worked_and_stays_away_ends_the_store_in_order(pi_store, monkeypatch):
    monkeypatch.setattr(eyes, "PROVEN_AFTER_S", 5.0)
    pi_store.start()
    pi_store.enter()
    pi_store.take("바나나우유", 2)
    pi_store.pi.is_stalled = True
    pi_store.pi.models.clear()
    with pytest.raises(RestartNeeded, match="camera 'door' has worked and cannot be opened"):
        pi_store.advance(400)
    clips = pi_store.records(".mp4")
    assert clips
    assert all(streams_of(clip) == ["video"] for clip in clips)
    assert not pi_store.records(".part")
    # The next process, with the camera still away: it guards without it, and asks no more.
    pi_store.start()
    pi_store.advance(900)


def test_the_daemon_ends_with_one_line_and_1_although_a_thread_hangs_in_the_driver(tmp_path):
    (tmp_path / "inventory").mkdir()
    csv = "상품명, 개수, 가격, 무게\n바나나우유,6,1500,265\n"
    (tmp_path / "inventory" / "inventory_store.csv").write_text(csv, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(
        "store: {id: gangnam-1, name: 강남 1호점}\n"
        "scales: [{id: A, products: [바나나우유], backend: sim}]\n"
        "cameras: [{id: door, backend: picamera, record_size_px: [320, 180]}]\n"
        "detector: {backend: background}\n"
        "web: {port: 0}\n",
        encoding="utf-8",
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "STOREGUARD_"))}
    daemon = subprocess.run(
        [sys.executable, STUCK, str(tmp_path / "config.yaml")],
        capture_output=True,
        text=True,
        env=kept,
        timeout=60,
        check=False,
    )
    assert daemon.returncode == 1, daemon.stderr
    assert "Traceback" not in daemon.stderr
    [line] = [line for line in daemon.stderr.splitlines() if "a new process tries" in line]
    assert "camera 'door' has worked and cannot be opened again" in line
    assert not (tmp_path / "state" / "daemon.json").exists()
