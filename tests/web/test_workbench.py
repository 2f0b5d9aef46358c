"""Work on real devices of a running store, in a real browser: scales, cameras."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from storeguard import config as cfg
from storeguard import daemon, hardware
from storeguard.app import Store
from storeguard.books.calibrations import CalibrationFile
from storeguard.clock import SystemClock
from storeguard.devices.sim.world import World
from storeguard.upkeep.leaving import Restart

CSV = "상품명, 개수, 가격, 무게\n바나나우유,0,1500,265\n초코바,4,1200,52\n"
CONFIG = """\
# 우리 매장
store: {id: gangnam-1, name: 강남 1호점}
scales:
  - {id: A, products: [바나나우유], backend: sim}   # 왼쪽
  - {id: B, products: [초코바], backend: sim}
cameras: [{id: door, backend: sim, record_size_px: [640, 360]}]
detector: {backend: sim}
visits: {empty_for_s: 1, settle_for_s: 0.5, payment_grace_s: 1}
web: {port: 0}
"""


class Running:
    """The whole daemon in a thread of its own, over a world with hands in it."""

    def __init__(self, folder: Path, text: str = CONFIG, csv: str = CSV) -> None:
        (folder / "inventory").mkdir(parents=True)
        (folder / "inventory" / "inventory_store.csv").write_text(csv, encoding="utf-8")
        self.path = folder / "config.yaml"
        self.path.write_text(text, encoding="utf-8")
        self.folder = folder
        self.world: Any = None
        self.restart = Restart(is_possible=True)
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._open.wait(60)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        store = Store(cfg.load(self.path), self.folder, SystemClock(), self._hardware)
        self.store = store
        try:
            await store.open()
            view, pages = daemon.serve(store, (), self.path, self.restart)
            assert pages is not None
            self.door, self.url = pages.door, pages.url
            await pages.door.set_account("owner", "correct horse battery", "owner")
            self._open.set()
            await store.run(self._stop, daemon.page_loops(store, view, pages))
        finally:
            self._open.set()
            await store.close()

    def _hardware(
        self, config: cfg.Config, products: Any, counts: Mapping[str, int], clock: Any
    ) -> hardware.Hardware:
        cameras = [camera.id for camera in config.cameras]
        self.world = World(products, counts, clock, cameras=cameras)
        return hardware.from_config(
            config, products, counts, clock, base=self.folder, world=self.world
        )

    def do(self, deed: Callable[..., Any], *arguments: Any) -> None:
        """A deed of the world, in its own loop."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (deed(*arguments), done.set()))
        assert done.wait(20)

    def sign_in(self, chromium: Any) -> None:
        chromium.open(f"{self.url}{self.door.link_once('owner')}", "location.pathname === '/'")

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "shop")
    yield running
    running.close()


def shown(selector: str) -> str:
    return f"(document.querySelector({selector!r})?.textContent ?? '')"


def asked(chromium: Any, words: str) -> None:
    """Waits for the question, which stands on the page in large letters."""
    chromium.until(f"{shown('#bench-question')}.includes({words!r})", 60)


def press(chromium: Any, button: str) -> None:
    chromium.run(f"document.getElementById({button!r}).click()")


def test_a_scale_is_calibrated_with_one_bottle_and_five_while_the_store_runs(
    chromium: Any, running: Running
):
    running.sign_in(chromium)
    chromium.open(f"{running.url}/devices", "document.querySelector('[data-job=calibrate]')")
    chromium.until(f"{shown('[data-scale=A] .grams')}.includes('g')")
    chromium.run("document.querySelector('[data-scale=A] [data-job=calibrate]').click()")
    chromium.until("document.getElementById('bench').open")
    chromium.run("document.querySelector('#bench-how [type=submit]').click()")
    asked(chromium, "비우고")
    press(chromium, "bench-next")
    asked(chromium, "1개")
    running.do(running.world.put_thing, "A", "one", 265.0)
    chromium.until(f"/26[3-7] g/.test({shown('#bench-grams')})")
    press(chromium, "bench-next")
    asked(chromium, "모두 5개")
    running.do(running.world.put_thing, "A", "more", 4 * 265.0)
    press(chromium, "bench-next")
    asked(chromium, "모두 내리고")
    for thing in ("one", "more"):
        running.do(running.world.lift_thing, "A", thing)
    press(chromium, "bench-next")
    chromium.until(f"{shown('#bench-lines')}.includes('보정 완료')", 60)
    kept = CalibrationFile(running.folder / "state").load()["A"]
    assert kept.counts_per_g == pytest.approx(429, rel=0.01)
    assert "오차 ±" in chromium.run(shown("#bench-lines"))
    running.do(running.world.put_thing, "A", "goods", 3 * 265.0)
    press(chromium, "bench-end")
    chromium.until("!document.getElementById('bench').open")
    chromium.until(f"/79[0-9] g/.test({shown('[data-scale=A] .grams')})")
    chromium.open(f"{running.url}/", f"{shown('#rows')}.includes('바나나우유')")
    chromium.until("document.querySelectorAll('#rows td.number')[0].textContent === '3'")


def test_what_goes_wrong_is_said_in_words_and_changes_nothing(chromium: Any, running: Running):
    running.sign_in(chromium)
    chromium.open(f"{running.url}/devices", "document.querySelector('[data-job=calibrate]')")
    chromium.run("document.querySelector('[data-scale=A] [data-job=calibrate]').click()")
    chromium.run(
        "document.getElementById('bench-how').elements.how.value = 'mass';"
        "document.getElementById('bench-mass').value = '500 g';"
        "document.querySelector('#bench-how [type=submit]').click()"
    )
    asked(chromium, "비우고")
    press(chromium, "bench-next")
    asked(chromium, "500 g")
    press(chromium, "bench-next")  # and puts nothing on it
    chromium.until(f"{shown('#bench-lines')}.includes('움직이지 않았습니다')", 60)
    press(chromium, "bench-end")
    chromium.until("!document.getElementById('bench').open")
    assert CalibrationFile(running.folder / "state").load() == {}
    # Somebody else begins, and gives up: the scale is guarded again.
    chromium.run("document.querySelector('[data-scale=B] [data-job=tare]').click()")
    asked(chromium, "비우고")
    press(chromium, "bench-cancel")
    chromium.until("!document.getElementById('bench').open")
    chromium.until(f"!{shown('#faults')}.includes('W112')")


def test_a_scale_is_diagnosed_untouched_in_words(chromium: Any, running: Running):
    running.sign_in(chromium)
    chromium.open(f"{running.url}/devices", "document.querySelector('[data-job=diagnose]')")
    chromium.run("document.querySelector('[data-scale=B] [data-job=diagnose]').click()")
    chromium.until(f"{shown('#bench-lines')}.includes('정상')", 60)
    assert "W112" not in chromium.run(shown("#faults"))
    press(chromium, "bench-end")
    chromium.until("!document.getElementById('bench').open")


def drag(chromium: Any, points: list[tuple[float, float]]) -> None:
    """A finger over the picture, in shares of its width and height."""
    box = chromium.run(
        "(() => { const b = document.getElementById('draw').getBoundingClientRect();"
        " return [b.left, b.top, b.width, b.height]; })()"
    )
    at = [{"x": box[0] + x * box[2], "y": box[1] + y * box[3]} for x, y in points]
    chromium.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[at[0]])
    for point in at[1:]:
        chromium.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=[point])
    chromium.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])


def test_areas_are_drawn_with_a_finger_and_stand_in_the_owners_file(
    chromium: Any, running: Running
):
    chromium.new_phone()
    running.sign_in(chromium)
    chromium.open(
        f"{running.url}/devices/areas?camera=door",
        "document.getElementById('draw').clientWidth > 0",
    )
    drag(chromium, [(0.1, 0.1), (0.3, 0.1), (0.3, 0.5), (0.2, 0.55), (0.1, 0.5)])
    chromium.until("document.querySelectorAll('polygon.ignore_areas').length === 1")
    chromium.run("document.querySelector('[value=privacy_masks]').click()")
    drag(chromium, [(0.6, 0.1), (0.9, 0.1), (0.9, 0.5), (0.6, 0.5)])
    chromium.until("document.querySelectorAll('polygon.privacy_masks').length === 1")
    drag(chromium, [(0.4, 0.2), (0.5, 0.2), (0.5, 0.4), (0.4, 0.4)])
    chromium.run("document.getElementById('undo').click()")
    chromium.run("document.getElementById('save').click()")
    chromium.until(f"{shown('#said')}.includes('저장했습니다')")
    [camera] = cfg.load(running.path).cameras
    [area], [mask] = camera.ignore_areas, camera.privacy_masks
    assert min(x for x, _ in area) == pytest.approx(0.1, abs=0.02)
    assert max(y for _, y in area) == pytest.approx(0.55, abs=0.02)
    assert 3 <= len(mask) <= 30
    assert running.path.read_text(encoding="utf-8").startswith("# 우리 매장")
    chromium.open(f"{running.url}/settings", "document.querySelector('form.restart')")
