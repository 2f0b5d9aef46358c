"""A stranger's path: from a card with nothing on it to a guarded shelf, on a phone."""

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from storeguard import config as cfg
from storeguard import daemon, hardware, setupdesk
from storeguard.app import Store
from storeguard.clock import SystemClock
from storeguard.devices.machine import Machine
from storeguard.devices.sim.scale import SimScale
from storeguard.devices.sim.world import World
from storeguard.upkeep.leaving import Restart

EMPTY = """\
# 새 카드
store: {id: store-1}
visits: {empty_for_s: 1, settle_for_s: 0.5, payment_grace_s: 1}
web: {port: 0}
"""


class Card:
    """A daemon in a thread that is started anew when its page asks for it, over one world."""

    def __init__(self, folder: Path) -> None:
        (folder / "inventory").mkdir(parents=True)
        header = "상품명, 개수, 가격, 무게\n"
        (folder / "inventory" / "inventory_store.csv").write_text(header, encoding="utf-8")
        self.folder, self.path = folder, folder / "config.yaml"
        self.path.write_text(EMPTY, encoding="utf-8")
        self.world: World | None = None
        self.starts = 0
        self._is_over = False
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._up.wait(60)

    def _run(self) -> None:
        while not self._is_over:
            asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        restart = Restart(is_possible=True)
        config = cfg.load(self.path)
        if self.starts:  # the same address, as a real one has it
            config = config.model_copy(update={"web": cfg.Web(port=self.port)})
        self.store = store = Store(config, self.folder, SystemClock(), self._hardware)
        try:
            await store.open()
            view, pages = daemon.serve(store, (), self.path, restart)
            assert pages is not None
            self.door, self.url = pages.door, pages.url
            assert self.url is not None
            self.port = int(self.url.rsplit(":", 1)[1])
            self.starts += 1
            self._up.set()
            loops = dict(daemon.page_loops(store, view, pages))
            loops["restarting"] = functools.partial(restart.run, self._stop, lambda: False)
            await store.run(self._stop, loops)
        finally:
            self._up.set()
            await store.close()

    def _hardware(
        self, config: cfg.Config, products: Any, counts: Mapping[str, int], clock: Any
    ) -> hardware.Hardware:
        cameras = [camera.id for camera in config.cameras]
        self.world = World(products, counts, clock, cameras=cameras)
        return hardware.from_config(
            config, products, counts, clock, base=self.folder, world=self.world
        )

    def new_code(self) -> str:
        """As `storeguard people code` makes it."""
        made = asyncio.run_coroutine_threadsafe(
            self.door.offer_code(timedelta(hours=1)), self._loop
        )
        return str(made.result(20))

    def do(self, deed: Callable[..., Any], *arguments: Any) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (deed(*arguments), done.set()))
        assert done.wait(20)

    def close(self) -> None:
        self._is_over = True
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        assert not self._thread.is_alive()


class Plates:
    """The scales that lie on the table while the shop is set up: one world, two plates."""

    def __init__(self) -> None:
        self.world = World({"A": (), "B": ()}, {}, SystemClock(), cameras=())

    def make(self, _shop: Any, settings: cfg.Scale, clock: Any) -> SimScale:
        return SimScale(settings, self.world, clock)


@pytest.fixture
def plates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plates:
    plates = Plates()
    machine = Machine(root=tmp_path / "no machine", environ={})
    desk = functools.partial(setupdesk.SetupDesk, make=plates.make, machine=machine)
    monkeypatch.setattr("storeguard.desks.SetupDesk", desk)
    return plates


@pytest.fixture
def card(plates: Plates, tmp_path: Path) -> Iterator[Card]:
    card = Card(tmp_path / "card")
    yield card
    card.close()


def shown(selector: str) -> str:
    return f"(document.querySelector({selector!r})?.textContent ?? '')"


def fill(chromium: Any, **values: str) -> None:
    for name, value in values.items():
        chromium.run(f"document.querySelector('[name=\"{name}\"]').value = {value!r}")


def go(chromium: Any, then: str) -> None:
    """Presses the page's large button, and waits for the next page."""
    chromium.run("document.querySelector('.go button').click()")
    chromium.until(f"document.readyState === 'complete' && location.pathname === {then!r}", 60)


def asked(chromium: Any, words: str) -> None:
    chromium.until(f"{shown('#bench-question')}.includes({words!r})", 60)


def press(chromium: Any, button: str) -> None:
    chromium.run(f"document.getElementById({button!r}).click()")


def weigh(chromium: Any, card: Card, plates: Plates, scale: str, unit_g: float) -> None:
    """Put one, now five, as the page says."""
    put, lift = plates.world.put_thing, plates.world.lift_thing
    chromium.run(f"document.querySelector('[data-scale={scale}] [data-job]').click()")
    chromium.until("document.getElementById('bench').open")
    chromium.run("document.querySelector('#bench-how [type=submit]').click()")
    asked(chromium, "비우고")
    press(chromium, "bench-next")
    asked(chromium, "1개")
    card.do(put, scale, "one", unit_g)
    press(chromium, "bench-next")
    asked(chromium, "모두 5개")
    card.do(put, scale, "four", 4 * unit_g)
    press(chromium, "bench-next")
    asked(chromium, "모두 내리고")
    card.do(lift, scale, "one")
    card.do(lift, scale, "four")
    press(chromium, "bench-next")
    chromium.until(f"{shown('#bench-lines')}.includes('보정 완료')", 60)
    press(chromium, "bench-end")
    chromium.until(f"{shown(f'[data-scale={scale}]')}.includes('맞췄습니다')")


def test_a_stranger_comes_from_an_empty_card_to_a_guarded_shelf(
    chromium: Any, card: Card, plates: Plates
):
    began_s = time.monotonic()
    chromium.new_phone()
    chromium.open(f"{card.url}/login/code", "document.querySelector('[name=code]')")
    fill(chromium, code=card.new_code(), name="owner", password="correct horse battery")
    chromium.run("document.querySelector('form button').click()")
    chromium.until("document.querySelector('a[href=\"/setup\"]')")
    chromium.run("document.querySelector('a[href=\"/setup\"]').click()")
    chromium.until("location.pathname === '/setup/store' && document.querySelector('.go')")
    fill(chromium, name="역삼점", manager="김점주", phone="010-1234-5678")
    go(chromium, "/setup/products")

    # A wrong input first: it is said in words, and nothing of it is lost.
    fill(chromium, name="바나나우유", price="천오백", weight="265")
    chromium.run("document.querySelector('.go button').click()")
    chromium.until("document.querySelector('.problem')")
    assert "천오백" in chromium.run(shown(".problem"))
    assert chromium.run("document.querySelector('[name=name]').value") == "바나나우유"
    fill(chromium, price="1500")
    go(chromium, "/setup/scales")

    card.do(plates.world.press, "B", 900.0)
    chromium.until("document.querySelector('[data-scale=B].is-pressed')")
    card.do(plates.world.release, "B")
    chromium.run("document.querySelector('[name=on-A]').value = '바나나우유'")
    go(chromium, "/setup/weigh")
    weigh(chromium, card, plates, "A", 265.0)
    go(chromium, "/setup/camera")
    go(chromium, "/setup/phone")
    fill(chromium, key="half of it")
    chromium.run("document.querySelector('.go button').click()")
    chromium.until("document.querySelector('.problem')")
    chromium.run("document.querySelector('.again button').click()")
    chromium.until("location.pathname === '/setup/start' && document.querySelector('.go')")
    assert "바나나우유" in chromium.run(shown(".sum"))

    go(chromium, "/setup")  # through the restart
    chromium.until(f"{shown('h2')}.includes('선반을 채우세요')", 60)
    assert card.starts == 2
    config = cfg.load(card.path)
    assert config.store.name == "역삼점"
    assert config.law.phone == "010-1234-5678"
    assert [(one.id, one.products) for one in config.scales] == [("A", ("바나나우유",))]
    assert card.path.read_text(encoding="utf-8").startswith("# 새 카드")
    assert card.world is not None
    card.do(card.world.restock, "바나나우유", 3)
    chromium.until(f"{shown('#filling td')} === '3'", 60)
    go(chromium, "/setup")
    chromium.until(f"{shown('h2')}.includes('지키고 있습니다')")
    chromium.open(f"{card.url}/", f"{shown('#rows')}.includes('바나나우유')")
    counts = "[...document.querySelectorAll('#rows td.number')].map((c) => c.textContent).join()"
    chromium.until(f"{counts} === '3,3'", 60)
    assert chromium.run("document.querySelector('a[href=\"/setup\"]') === null")
    print(f"from an empty card to a guarded shelf: {time.monotonic() - began_s:.0f} s")


def test_every_first_step_is_free_of_serious_findings(
    chromium: Any, card: Card, findings: Callable[[Any], list[str]]
):
    chromium.open(f"{card.url}/login/code", "document.querySelector('[name=code]')")
    found = {"/login/code": findings(chromium)}
    fill(chromium, code=card.new_code(), name="owner", password="correct horse battery")
    chromium.run("document.querySelector('form button').click()")
    chromium.until("document.querySelector('a[href=\"/setup\"]')")
    for step in ("store", "products", "scales", "weigh", "camera", "phone", "start"):
        chromium.open(f"{card.url}/setup/{step}", "document.querySelector('main')")
        found[step] = findings(chromium)
        is_said = "아직 고르지 않았습니다" in chromium.run("document.body.innerText")
        assert is_said == (step == "weigh")
    assert {page: what for page, what in found.items() if what} == {}
