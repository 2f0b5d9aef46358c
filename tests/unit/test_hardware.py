"""Which device is which class, and what a simulated world must not remember."""

from datetime import UTC, datetime

from storeguard import config as cfg
from storeguard import hardware
from storeguard.books.records import ZeroFile
from storeguard.clock import LoopClock, SimLoop
from storeguard.devices.sim.world import World
from storeguard.domain.product import Product

CONFIG = cfg.Config(
    scales=(
        cfg.Scale(id="A", products=("콜라",), backend="sim"),
        cfg.Scale(
            id="B",
            backend="hx711",
            dout_pin=5,
            sck_pin=6,
            calibration=cfg.Calibration(tare_raw=0, counts_per_g=429.0),
        ),
    )
)
PRODUCTS = {"A": (Product("콜라", 1800, 370),)}


def made(tmp_path, *, world=None):
    loop = SimLoop()
    try:
        clock = LoopClock(loop, datetime(2026, 11, 20, tzinfo=UTC))
        world = world and World(PRODUCTS, {"콜라": 8}, clock)
        return hardware.from_config(
            CONFIG, PRODUCTS, {"콜라": 8}, clock, base=tmp_path, world=world
        )
    finally:
        loop.close()


def test_a_simulated_world_begins_anew_with_each_start_and_real_scales_do_not(tmp_path):
    assert made(tmp_path).new_scales == {"A"}
    assert made(tmp_path, world=True).new_scales == frozenset()


def test_what_a_scale_was_before_its_world_began_is_forgotten(tmp_path):
    path = tmp_path / "scales.json"
    ZeroFile(path, fsync=False).save({"A": -400.0, "B": 12.5})
    assert ZeroFile(path, new_scales=frozenset({"A"})).load() == {"B": 12.5}
    assert ZeroFile(path).load() == {"A": -400.0, "B": 12.5}
