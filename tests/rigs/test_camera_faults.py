"""P10: a Pi's camera fails at random instants of visits, in every way it can, and is well again.

The whole store on simulated time; the stand-in is picamera2's, see tests/scenarios. Each fault is
noticed, the camera comes back by itself, no theft is lost, and the daemon goes on. Its short
twin is tests/scenarios/test_pi_camera.py.
"""

import importlib.util
import os
import random
from pathlib import Path

import pytest

from storeguard import config as cfg
from storeguard.devices.sim.picamera2_module import SimPicamera2, installed
from storeguard.domain import events as ev

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FAULTS = int(os.environ.get("STOREGUARD_CAMERA_FAULTS", "20"))
"""Of each kind; 200 take an hour or two."""

SIZE_PX = (320, 180)
A_SHOP = 20
"""Thefts until its shelves are bare; then the next one opens."""


def _load(name):
    spec = importlib.util.spec_from_file_location(f"scenarios_{name}", SCENARIOS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pi_camera, sim_store = _load("test_pi_camera"), _load("conftest").SimStore


class Shop:
    """A store with a Pi's camera, robbed again and again while that fails."""

    def __init__(self, folder, kind, seed):
        self._break, self._noticed_s = pi_camera.FAULTS[kind]
        self._chance = random.Random(f"{kind} {seed}")
        self.store = store = sim_store(folder)
        camera = cfg.Camera(id="door", backend="picamera", record_size_px=SIZE_PX)
        found = {"cameras": (camera,), "detector": cfg.Detector(backend="background")}
        store.config = store.config.model_copy(update=found)
        self.pi = SimPicamera2(store.loop, pi_camera.World(store).picture)
        self._shown = self.pi.picture
        self._stolen = []

    def rob(self):
        """One theft; the camera fails before one of its deeds or after the last."""
        store = self.store
        product = self._chance.choice([name for name, count in store.shelf.items() if count])
        deeds = [store.enter, lambda: store.take(product), store.leave]
        fails_before = self._chance.randrange(len(deeds) + 1)
        for number, deed in enumerate([*deeds, store.be_judged]):
            if number == fails_before:
                self._fail()
            deed()
        back_s = self._be_well()
        store.be_judged()
        self._stolen.append({product: 1})
        assert store.missing == self._stolen
        return back_s

    def _fail(self):
        self.store.advance(self._chance.uniform(0, 1))
        self.store.events.clear()
        self._break(self.pi)
        self.store.advance(self._noticed_s)
        assert [event.device for event in self.store.told(ev.DeviceFailed)] == ["door"]
        self.store.advance(self._chance.uniform(0, 150))

    def _be_well(self):
        """How long the camera needs to be back."""
        self.pi.be_well()
        self.pi.picture, self.pi.models = self._shown, ["imx708"]
        since_s = self.store.clock.now_s()
        self.store.advance(pi_camera.BACK_S)
        [back] = self.store.told(ev.DeviceRecovered)
        assert sum(camera.is_open for camera in self.pi.cameras) == 1
        return back.t_s - since_s


def fail_often(folder, kind, faults):
    longest_s = 0.0
    for number in range(0, faults, A_SHOP):
        shop = Shop(folder / f"shop-{number}", kind, number)
        with installed(shop.pi):
            try:
                shop.store.start()
                for _ in range(min(A_SHOP, faults - number)):
                    longest_s = max(longest_s, shop.rob())
            finally:
                shop.store.close()
    print(f"a camera that {kind}: {faults} times, back after {longest_s:.1f} s at the latest")


@pytest.mark.slow
@pytest.mark.parametrize("kind", pi_camera.FAULTS)
def test_a_camera_that_fails_in_mid_visit_comes_back_and_loses_no_theft(tmp_path, kind):
    fail_often(tmp_path, kind, FAULTS)
