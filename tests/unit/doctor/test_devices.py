"""Scales, cameras and the detector: in order, doubtful, wrong."""

import functools
import os
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from storeguard import hardware
from storeguard.books.calibrations import Kept
from storeguard.clock import SystemClock
from storeguard.devices.gpiod import open_gpiod
from storeguard.devices.sim.gpiod_module import SimGpiod, installed
from storeguard.devices.sim.hx711_chip import Hx711Chip, SimTime
from storeguard.devices.sim.world import World
from storeguard.domain.diagnosis import Finding as Remarkable
from storeguard.errors import CameraTimeout, DetectorFault, ScaleFault
from storeguard.messages import text
from storeguard.ports import Frame, Reading
from storeguard.upkeep.checks import eyes, sensors
from storeguard.upkeep.checks.finding import State
from storeguard.upkeep.scales import Shop

OK, WARN, FAIL, SKIP = State.OK, State.WARN, State.FAIL, State.SKIP

REAL = """
scales:
  - {id: A, products: [바나나우유], backend: BACKEND, dout_pin: 20, sck_pin: 16,
     calibration: {counts_per_g: 429}}
"""
CAMERA = """
cameras: [{id: door, backend: sim}]
detector: {backend: background}
"""
NOW = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)


def one(findings):
    [found] = findings
    return found


# --- scales ---


def readings(raws, rate_hz=80.0):
    return [
        Reading(i / rate_hz, raw, "" if raw is not None else "why") for i, raw in enumerate(raws)
    ]


def at(level, count=240, sigma=100.0):
    noise = np.random.default_rng(1).normal(level, sigma, count)
    return readings([round(value) for value in noise])


TARE = 84_000
SHELF_RAW = TARE + 285 * 429


def judged(site, heard, kept=None):
    known = Shop.of(site.config, site.base)
    if kept is not None:
        known = replace(known, kept={"A": kept})
    return sensors.judged_scale(site, known, site.config.scales[0], heard)


@pytest.mark.parametrize(
    ("heard", "state", "measured", "remarkable"),
    [
        (at(SHELF_RAW), OK, "285 g", None),
        (readings([None] * 30), FAIL, "응답 없음 (why)", Remarkable.NO_READING),
        (ScaleFault("no chip; check it"), FAIL, "응답 없음 (no chip)", Remarkable.NO_READING),
        (readings([0x7FFFFF] * 240), FAIL, "포화 240회", Remarkable.SATURATED),
        (readings([0] * 240), FAIL, "실패 0%", Remarkable.FROZEN),
        (at(SHELF_RAW, 100), OK, "80.0회/초", None),
    ],
)
def test_a_scale_is_judged_in_the_words_of_its_diagnosis(
    make_site, heard, state, measured, remarkable
):
    found = judged(make_site(), heard)
    assert (found.check, found.state) == ("scale.A", state), found
    assert measured in found.measured
    if remarkable:
        expected = text("ko", f"scale.finding.{remarkable.value}", scale="A", **DUMMY)
        assert found.do.split()[:2] == expected.split()[:2]


DUMMY = {"rate": "", "failed": "", "nominal": ""}


def test_a_negative_weight_is_a_shelf_that_is_off(make_site):
    found = judged(make_site(), at(TARE - 300 * 429))
    assert (found.state, "선반이 빠졌는지" in found.do) == (FAIL, True)


def test_a_scale_without_calibration_says_how_to_make_one(make_site):
    config = REAL.replace("BACKEND", "gpiod").replace("calibration: {counts_per_g: 429}", "")
    found = judged(make_site(config), at(SHELF_RAW, 30))
    assert found.state is not OK
    site = make_site(config.replace("sck_pin: 16", "sck_pin: 16, sample_rate_hz: 80"))
    found = judged(site, at(SHELF_RAW))
    assert (found.state, found.do.split("storeguard ")[1][:17]) == (WARN, "scale calibrate A")


def test_a_calibration_for_another_gain_is_wrong(make_site):
    kept = Kept(tare_raw=0, counts_per_g=429.0, gain=64, made_at=NOW, how="x")
    config = REAL.replace("BACKEND", "gpiod").replace("calibration: {counts_per_g: 429}", "")
    found = judged(make_site(config), at(SHELF_RAW), kept)
    assert (found.state, "gain" in found.measured) == (FAIL, True)


def test_a_backend_that_is_not_installed_says_the_pip_line(make_site):
    why = (
        "scale 'A' needs the package 'x', which is not installed; run: pip install 'storeguard[pi]'"
    )
    assert judged(make_site(), ScaleFault(why)).do == "pip install 'storeguard[pi]'"


def test_simulated_scales_are_opened_and_closed(make_site, monkeypatch):
    monkeypatch.setattr(sensors, "LISTEN_S", 0.5)
    found = list(sensors.scales(make_site()))
    *scales, budget = found
    assert [(f.check, f.state) for f in scales] == [("scale.A", OK), ("scale.B", OK)]
    assert budget.check == "budget"
    assert "저울 2대에서 잰 값" in budget.measured


def test_an_unplugged_chip_is_found_out_at_its_pins(make_site, monkeypatch, tmp_path):
    time = SimTime(end_s=1e6)
    chip = Hx711Chip(time, lambda _t_s, _gain: 4711, sample_rate_hz=80.0)
    chip.unplug()
    (tmp_path / "gpiochip0").touch()
    with installed(SimGpiod(time)) as module:
        module.wire(chip, dout_pin=20, sck_pin=16)
        monkeypatch.setattr(
            sensors, "make_scale", lambda _, scale, clock: open_gpiod(scale, clock, time, tmp_path)
        )
        monkeypatch.setattr(sensors, "LISTEN_S", 0.5)
        found, *_ = sensors.scales(make_site(REAL.replace("BACKEND", "gpiod")))
    assert (found.state, "dout 20" in found.measured) == (FAIL, True), found


# --- cameras ---


class Pictures:
    """A camera that shows these pictures again and again."""

    id = "door"

    def __init__(self, images):
        self.images = list(images)
        self.closed = 0

    async def open(self):
        pass

    async def frame(self):
        self.images.append(self.images.pop(0))
        return Frame(0.0, self.images[0])

    async def close(self):
        self.closed += 1


def noise_pictures(count):
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (90, 160, 3), dtype=np.uint8) for _ in range(count)]


def looked_at(site, monkeypatch, camera):
    made = hardware.Hardware(cameras=((camera, None),))
    monkeypatch.setattr(sensors.hardware, "from_config", lambda *_, **__: made)
    return one(sensors.cameras(site))


@pytest.mark.parametrize(
    ("images", "state", "says"),
    [
        (noise_pictures(30), OK, "160x90"),
        (noise_pictures(1), FAIL, "화면이 멈춤"),
        ([np.zeros((90, 160, 3), np.uint8)], FAIL, "가려졌거나 어두움"),
        ([None], FAIL, "no picture"),
    ],
)
def test_a_camera_is_judged_by_its_pictures(make_site, monkeypatch, images, state, says):
    camera = Pictures(images)
    found = looked_at(make_site(), monkeypatch, camera)
    assert (found.check, found.state, says in found.measured) == ("camera.door", state, True), found
    assert camera.closed == 1


def test_a_camera_without_a_first_picture_is_given_up(make_site, monkeypatch):
    class Silent(Pictures):
        async def frame(self):
            raise CameraTimeout("camera 'door': no frame for 5 s; check its cable")

    camera = Silent([None])
    found = looked_at(make_site(), monkeypatch, camera)
    assert (found.state, camera.closed) == (FAIL, 1)
    assert found.measured == "영상 없음 (camera 'door': no frame for 5 s)"


@pytest.mark.parametrize("event", ["cover", "unplug"])
def test_the_simulated_camera_is_looked_at_through_hardware(make_site, monkeypatch, event):
    clock = SystemClock()
    world = World({}, {}, clock)
    getattr(world, event)("door")
    real = hardware.from_config
    monkeypatch.setattr(sensors.hardware, "from_config", functools.partial(real, world=world))
    assert one(sensors.cameras(make_site(clock=clock))).state is FAIL


def test_a_camera_slower_than_what_is_watched_is_doubtful(make_site):
    site = make_site()
    slow = sensors.Looked(0.2, 1.0, (640, 480), 120.0, None, False)
    assert sensors.judged_camera(site, site.config.cameras[0], slow).state is WARN


# --- detector ---


class Slow:
    """Takes so many milliseconds of the clock for a picture."""

    def __init__(self, name, ms, clock):
        self.name, self._ms, self._clock, self.closed = name, ms, clock, False

    def people(self, _frame):
        self._clock.now += self._ms / 1000
        return ()

    def close(self):
        self.closed = True


class SteppedClock(SystemClock):
    now = 0.0

    def now_s(self):
        return self.now


REAL_CAMERA = CAMERA.replace(
    "{id: door, backend: sim}", "{id: door, backend: opencv, watch_fps: 5}"
)


@pytest.mark.parametrize(
    ("config", "name", "ms", "state"),
    [
        (REAL_CAMERA, "onnx:yolox_nano", 50, OK),
        (REAL_CAMERA, "onnx:yolox_nano", 400, WARN),
        (REAL_CAMERA, "onnx:yolox_nano", 4000, FAIL),
        (REAL_CAMERA, "background", 5, WARN),
        (CAMERA, "background", 5, OK),
    ],
)
def test_the_detector_is_judged_by_its_kind_and_time(
    make_site, monkeypatch, config, name, ms, state
):
    clock = SteppedClock()
    made = Slow(name, ms, clock)
    monkeypatch.setattr(eyes, "_made", lambda _: made)
    found = one(eyes.detector(make_site(config, clock=clock)))
    assert (found.state, f"{ms} ms" in found.measured, made.closed) == (state, True, True)


def test_a_detector_that_cannot_be_made_is_wrong(make_site, monkeypatch):
    def missing(_):
        raise DetectorFault("no such network")

    monkeypatch.setattr(eyes, "_made", missing)
    assert one(eyes.detector(make_site(REAL_CAMERA))).state is FAIL


@pytest.mark.parametrize(
    ("backend", "content", "state"),
    [
        ("background", None, SKIP),
        ("auto", None, WARN),
        ("onnx", None, FAIL),
        ("auto", b"not the real one", FAIL),
    ],
)
def test_the_network_file(make_site, monkeypatch, tmp_path, backend, content, state):
    monkeypatch.setenv("STOREGUARD_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if content:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "yolox_nano.onnx").write_bytes(content)
    config = REAL_CAMERA.replace("{backend: background}", f"{{backend: {backend}}}")
    assert one(eyes.network(make_site(config))).state is state


def test_a_genuine_network_is_in_order(make_site):
    if "STOREGUARD_MODELS" not in os.environ:
        pytest.skip("STOREGUARD_MODELS is not set: no real network here")
    config = REAL_CAMERA.replace("{backend: background}", "{backend: onnx, model: yolox-nano}")
    found = one(eyes.network(make_site(config)))
    assert (found.state, "c789161ed43c" in found.measured) == (OK, True)
