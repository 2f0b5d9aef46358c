"""All cameras' pictures are judged in one thread, on the processors that are left to it."""

import asyncio
import os
import threading
from dataclasses import replace

import pytest

from storeguard import config as cfg
from storeguard import hardware
from storeguard.app import Store
from storeguard.clock import SystemClock
from storeguard.mode import Mode

MINE = os.sched_getaffinity(0)
PATIENCE_S = 60.0
ENOUGH = 5
LINGERS_S = 0.5
CONFIG = cfg.Config(
    scales=(cfg.Scale(id="A", products=("콜라",), backend="sim"),),
    cameras=tuple(
        cfg.Camera(id=name, backend="sim", record_size_px=(320, 180)) for name in ("door", "aisle")
    ),
    detector=cfg.Detector(backend="sim", cpus=(min(MINE),)),
)


class Nosy:
    """Sees nobody; notes where it runs, and whether it is asked by two at once.

    It takes so long that another thread, were there one, would come in with the next picture.
    """

    name = "sim"
    busy = threading.Lock()
    is_crowded = threading.Event()

    def __init__(self, camera, note):
        self._camera = camera
        self._note = note

    def people(self, _frame):
        alone = self.busy.acquire(blocking=False)
        if not alone:
            self.is_crowded.set()
        try:
            self.is_crowded.wait(LINGERS_S)
            here = threading.current_thread().name
            self._note((self._camera, here, frozenset(os.sched_getaffinity(0)), alone))
        finally:
            if alone:
                self.busy.release()
        return ()

    def close(self):
        """Nothing to end."""


async def watched(folder, notes):
    enough = {camera.id: asyncio.Event() for camera in CONFIG.cameras}
    loop = asyncio.get_running_loop()

    def noted(note):
        notes.append(note)
        if sum(camera == note[0] for camera, *_ in notes) >= ENOUGH:
            loop.call_soon_threadsafe(enough[note[0]].set)

    def make(*given):
        found = hardware.from_config(*given, base=folder)
        cameras = tuple((camera, Nosy(camera.id, noted)) for camera, _ in found.cameras)
        return replace(found, cameras=cameras)

    store = Store(CONFIG, folder, SystemClock(), make, mode=Mode(fsync=False, outside=False))
    await store.open()
    stop = asyncio.Event()
    running = asyncio.create_task(store.run(stop))
    try:
        async with asyncio.timeout(PATIENCE_S):
            for camera in ("door", "aisle"):
                await enough[camera].wait()
    finally:
        stop.set()
        await running
        await store.close()


@pytest.fixture(scope="module")
def notes(tmp_path_factory):
    folder, notes = tmp_path_factory.mktemp("store"), []
    (folder / "inventory").mkdir()
    (folder / "inventory" / "inventory_store.csv").write_text(
        "상품명, 개수, 가격, 무게\n콜라,8,1800,370\n", encoding="utf-8"
    )
    asyncio.run(watched(folder, notes))
    return notes


def test_one_thread_judges_the_pictures_of_all_cameras_one_after_the_other(notes):
    assert {camera for camera, *_ in notes} == {"door", "aisle"}
    assert {thread for _, thread, *_ in notes} == {"detecting_0"}
    assert all(alone for *_, alone in notes)


@pytest.mark.skipif(len(MINE) < 2, reason="one processor is no choice")
def test_it_stays_on_its_processors_and_everything_else_does_not(notes):
    assert {cpus for _, _, cpus, _ in notes} == {frozenset({min(MINE)})}
    assert os.sched_getaffinity(0) == MINE
