"""An installation that `doctor` looks at, and machines that are laid out."""

from datetime import UTC, datetime

import pytest

from storeguard.clock import SystemClock
from storeguard.devices.machine import Machine
from storeguard.upkeep import doctor

CSV = "상품명, 개수, 가격, 무게\n바나나우유,3,1500,95\n초코바,10,1200,45\n"
CONFIG = """
store: {id: gangnam-1, name: 강남 1호점}
scales:
  - {id: A, products: [바나나우유], backend: sim, sample_rate_hz: 80}
  - {id: B, products: [초코바], backend: sim, sample_rate_hz: 80}
cameras: [{id: door, backend: sim, record_size_px: [320, 180]}]
detector: {backend: background}
"""
NOW = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)


class FixedClock(SystemClock):
    def __init__(self, utc):
        self._utc = utc

    def utc(self):
        return self._utc


@pytest.fixture
def make_site(tmp_path):
    def make(config=CONFIG, csv=CSV, machine=None, clock=None, now=NOW):
        (tmp_path / "inventory").mkdir(exist_ok=True)
        (tmp_path / "inventory" / "inventory_store.csv").write_text(csv, encoding="utf-8")
        (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
        machine = machine or Machine(tmp_path / "root", lambda _: None, lambda _: False, {})
        return doctor.site_of(tmp_path / "config.yaml", machine, clock or FixedClock(now))

    return make


@pytest.fixture
def lay_out(tmp_path):
    """A machine: files below its root, what its commands say, which packages it has."""

    def make(files=None, says=None, packages=(), environ=None):
        root = tmp_path / "machine"
        root.mkdir(exist_ok=True)
        for name, content in (files or {}).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
        said = says or {}
        return Machine(root, lambda words: said.get(words[0]), packages.__contains__, environ or {})

    return make
