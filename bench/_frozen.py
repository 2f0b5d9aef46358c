"""`storeguard run` in which one part hangs when stdin says so: for bench/stuck.py and its test.

python bench/_frozen.py CONFIG PART
"""

import asyncio
import ctypes
import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from watchdog.observers.api import BaseObserver

from storeguard import config as cfg
from storeguard import hardware
from storeguard.clock import Clock
from storeguard.daemon import run_daemon
from storeguard.devices.sim.camera import SimCamera
from storeguard.devices.sim.detector import SimDetector
from storeguard.devices.sim.world import World
from storeguard.devices.threaded import ThreadedScale
from storeguard.domain.product import OnScales
from storeguard.outbox import observer
from storeguard.services import uploading
from storeguard.services.bookkeeping import BookkeepingService
from storeguard.services.reconciling import ReconcilingService
from storeguard.services.supervising import SupervisingService
from storeguard.services.watching import WatchingService
from storeguard.services.weighing import WeighingService
from storeguard.shopview import ShopView
from storeguard.vision import recorder
from storeguard.web import server

CSV = "상품명, 개수, 가격, 무게\n바나나우유,6,1500,265\n초코바,50,1200,52\n"
CONFIG = """\
store: {id: bench-1, name: 벤치}
scales:
  - {id: A, products: [바나나우유], backend: sim}
  - {id: B, products: [초코바], backend: sim}
cameras: [{id: door, backend: sim}]
detector: {backend: sim}
visits: {clip_s: 2}
upload: {bucket: nowhere, endpoint_url: 'http://127.0.0.1:1'}
web: {port: 0}
"""

NEVER = threading.Event()


def lay_out(folder: Path) -> Path:
    """Makes a shop there; returns its configuration."""
    (folder / "inventory").mkdir(parents=True)
    (folder / "inventory" / "inventory_store.csv").write_text(CSV, encoding="utf-8")
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return folder / "config.yaml"


def hang(*_: object, **__: object) -> Any:
    NEVER.wait()


async def hang_async(*_: object, **__: object) -> Any:
    await asyncio.Event().wait()


def spin(*_: object, **__: object) -> Any:
    while True:
        pass


def hold_the_interpreter(*_: object, **__: object) -> Any:
    ctypes.PyDLL(None).sleep(10_000)


class Reader:
    """A scale's chip that delivers, until it hangs or kills its thread."""

    act: Callable[[], object] | None = None

    def read_raw(self, _timeout_s: float) -> int:
        if Reader.act is not None:
            Reader.act()
        NEVER.wait(0.1)
        return 0

    def give_up(self) -> None: ...
    def close(self) -> None: ...


class Killed(BaseException):
    """Ends a thread as nothing that is caught does."""


def die() -> None:
    raise Killed


@dataclass(slots=True)
class Shop:
    """What a part needs to be brought to hang."""

    folder: Path
    loop: asyncio.AbstractEventLoop
    world: World

    def found(self, kind: type) -> Any:
        return next(one for one in gc.get_objects() if isinstance(one, kind))

    def freeze(self, owner: Any, name: str, how: Any = hang_async) -> None:
        setattr(owner, name, how)

    def visit(self) -> None:
        self.world.enter()

    def theft(self) -> None:
        self.world.enter()
        self.loop.call_later(1.0, self.world.take, "초코바", 3)

    def foreign_issue(self) -> None:
        issue = self.folder / "issue_data" / "2026-11-20_22-21-04.123456"
        issue.mkdir()
        (issue / "content.txt").write_text("초코바1개 도난 발생\n", encoding="utf-8")
        (issue / "at.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"0" * 200)

    def stale_page(self) -> None:
        self.found(ShopView)._is_stale = True

    def woken_upload(self) -> None:
        self.found(uploading.UploadingService).hand_over()

    def no_thread_left(self) -> None:
        for _ in range(64):
            self.loop.run_in_executor(None, hang)


def _camera(shop: Shop) -> None:
    shop.freeze(SimCamera, "frame")


def _hung_delivery(shop: Shop) -> None:
    shop.freeze(uploading, "deliver", hang)
    shop.foreign_issue()


def _hung_disk(shop: Shop) -> None:
    shop.freeze(os, "fsync", hang)
    shop.theft()


def _encoder(shop: Shop) -> None:
    shop.freeze(recorder.ClipRecorder, "_encode", hang)
    shop.visit()


def _publisher(shop: Shop) -> None:
    shop.freeze(recorder, "publish_clip", hang)
    shop.visit()


def _detector(how: Any) -> Callable[[Shop], None]:
    return lambda shop: shop.freeze(SimDetector, "people", how)


def _once(owner: Any, name: str, then: Callable[[Shop], None] = lambda _: None) -> Any:
    def freeze(shop: Shop) -> None:
        shop.freeze(owner, name)
        then(shop)

    return freeze


def _reader(act: Callable[[], object]) -> Callable[[Shop], None]:
    return lambda _: setattr(Reader, "act", staticmethod(act))


PARTS: Mapping[str, tuple[str, Callable[[Shop], None]]] = {
    "event loop, blocked": ("the event loop", lambda shop: NEVER.wait() and None),
    "watching, deadlocked": ("door", _once(WatchingService, "_run_once")),
    "weighing, deadlocked": ("A reader", _once(WeighingService, "_run_once")),
    "reconciling, deadlocked": ("reconciling", _once(ReconcilingService, "_run_once")),
    "bookkeeping, deadlocked": ("bookkeeping", _once(BookkeepingService, "run_once")),
    "uploading, deadlocked": (
        "uploading",
        _once(uploading.UploadingService, "_run_once", Shop.woken_upload),
    ),
    "supervising, deadlocked": ("supervising", _once(SupervisingService, "_run_once")),
    "web, deadlocked": ("web", _once(server._Server, "on_tick")),
    "pages, deadlocked": ("pages", _once(ShopView, "_refresh", Shop.stale_page)),
    "camera, silent": ("door", _camera),
    "detector, busy": ("door detector", _detector(spin)),
    "detector, hung": ("door detector", _detector(hang)),
    "detector, holds the interpreter": ("Timeout", _detector(hold_the_interpreter)),
    "scale thread, hung": ("B reader", _reader(hang)),
    "scale thread, dead": ("Killed", _reader(die)),
    "encoder, hung": ("door clip encoder", _encoder),
    "publisher, hung": ("door clip publisher", _publisher),
    "disk, hung": ("weighing", _hung_disk),
    "delivery, hung": ("uploading", _hung_delivery),
    "observer, hung": (
        "issue observer",
        lambda shop: shop.freeze(observer._Appeared, "on_opened", hang),
    ),
    "observer, dead": ("issue observer", lambda shop: shop.found(BaseObserver).stop()),
    "worker threads, all hung": ("the worker threads", Shop.no_thread_left),
}
"""What hangs and how → the word that the log must have, and what brings it about."""


def main() -> int:
    path, part = Path(sys.argv[1]), sys.argv[2]
    logging.basicConfig(stream=sys.stderr)
    logging.getLogger("storeguard").setLevel(logging.INFO)
    freeze = PARTS[part][1]

    def make(
        config: cfg.Config, products: OnScales, counts: Mapping[str, int], clock: Clock
    ) -> hardware.Hardware:
        loop = asyncio.get_running_loop()
        world = World(products, counts, clock)
        shop = Shop(path.parent, loop, world)
        loop.add_reader(sys.stdin.fileno(), _read, loop, lambda: freeze(shop))
        made = hardware.from_config(config, products, counts, clock, base=path.parent, world=world)
        threaded = ThreadedScale("B", Reader, clock, 10.0)
        return made if "scale" not in part else replace(made, scales=(made.scales[0], threaded))

    return run_daemon(cfg.load(path), path.parent, make_hardware=make)


def _read(loop: asyncio.AbstractEventLoop, freeze: Callable[[], object]) -> None:
    loop.remove_reader(sys.stdin.fileno())
    if os.read(sys.stdin.fileno(), 100):
        freeze()


if __name__ == "__main__":
    os._exit(main())
