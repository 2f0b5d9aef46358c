"""The first steps without a browser: what each takes, what it refuses, what is left of a stop."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from storeguard import config as cfg
from storeguard.clock import SystemClock
from storeguard.configfile import ConfigFile
from storeguard.devices.machine import Machine
from storeguard.notify import addresses
from storeguard.setupdesk import PINS, SetupDesk
from storeguard.upkeep.leaving import Restart
from storeguard.web.workdesks import DraftCamera, DraftScale, EditRow

pytestmark = pytest.mark.anyio
MILK = EditRow("우유", "", "1500", "265")


class Restocking:
    def __init__(self) -> None:
        self.mode = SimpleNamespace(who=None)

    async def start(self, who: str) -> None:
        self.mode.who = who


@pytest.fixture
def store(tmp_path: Path) -> Any:
    for name in ("state", "inventory"):
        (tmp_path / name).mkdir()
    path = tmp_path / "config.yaml"
    path.write_text("# 새 카드\nstore: {id: store-1}\n", encoding="utf-8")
    config = cfg.load(path)
    return SimpleNamespace(
        config=config,
        folders=cfg.Folders.of(config, tmp_path),
        base=tmp_path,
        clock=SystemClock(),
        journal=None,
        restocking=Restocking(),
    )


def desk_of(store: Any, machine: Machine | None = None) -> SetupDesk:
    machine = machine or Machine(root=store.base / "no machine", environ={})
    file = ConfigFile(store.base / "config.yaml")
    return SetupDesk(store, file, Restart(is_possible=True), machine=machine)


@pytest.fixture
async def desk(store: Any) -> AsyncGenerator[SetupDesk, None]:
    desk = desk_of(store)
    tasks = [asyncio.create_task(loop()) for loop in desk.loops.values()]
    yield desk
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_is_whole_by_itself_is_written_at_once(desk: SetupDesk, store: Any):
    assert await desk.save_about(" ", "", "") != ""
    assert await desk.save_about("역삼점", "김점주", "010-1234-5678") == ""
    assert cfg.load(store.base / "config.yaml").law.phone == "010-1234-5678"
    assert "'천'" in await desk.save_products([EditRow("우유", "", "천", "265")])
    assert "무게" in await desk.save_products([EditRow("우유", "", "1500", "")])
    assert await desk.save_products([]) != ""
    assert await desk.save_products([MILK]) == ""
    csv = (store.base / "inventory" / "inventory_store.csv").read_text(encoding="utf-8")
    assert csv == "상품명, 개수, 가격, 무게\n우유,0,1500,265\n"


async def test_scales_are_found_named_and_not_started_unweighed(desk: SetupDesk):
    await desk.save_products([MILK])
    await desk.find_scales()
    assert [one.id for one in desk.draft.scales] == ["A", "B"]
    assert await desk.save_scales({"A": "", "B": ""}) != ""
    assert await desk.save_scales({"A": "우유", "B": "우유"}) != ""
    assert await desk.save_scales({"A": "우유"}) == ""
    assert "A" in await desk.save_weighed()
    assert await desk.finish() != ""


async def test_a_camera_without_a_picture_is_not_taken(desk: SetupDesk):
    assert await desk.save_camera("sim", "0") == ""
    assert await desk.picture()
    assert "그림이 오지 않습니다" in await desk.save_camera("opencv", "/dev/none")
    assert desk.draft.camera == DraftCamera("sim", "0")
    assert await desk.save_camera("", "") == ""
    assert desk.draft.camera is None


async def test_an_address_is_kept_only_once_it_works_and_by_nobody_else(
    desk: SetupDesk, store: Any, monkeypatch: pytest.MonkeyPatch
):
    sent = []
    assert await desk.save_phone("010-1", "", "", "") != ""
    monkeypatch.setattr(desk, "_send_test", sent.append)
    assert await desk.save_phone("010-1234-5678", "02-123-4567", "key", "s/ecret") == ""
    assert sent == ["solapi://key:s%2Fecret@021234567/01012345678"]
    assert (store.base / addresses.NAME).stat().st_mode & 0o777 == 0o600
    environment = {"STOREGUARD_CHANNEL_MAIL": "mailto://a"}
    addresses.add_to(environment, store.base)
    assert environment["STOREGUARD_CHANNEL_SMS"] == sent[0]
    assert desk.is_told


async def test_a_stop_in_between_loses_nothing(desk: SetupDesk, store: Any):
    await desk.find_scales()
    await desk.save_scales({"A": "우유"})
    again = desk_of(store)
    assert again.draft == desk.draft
    assert again.draft.scales[0] == DraftScale("A", "sim", products=("우유",))


async def test_on_a_pi_the_places_of_the_wiring_card_are_looked_at(store: Any, tmp_path: Path):
    model = tmp_path / "pi" / "proc" / "device-tree" / "model"
    model.parent.mkdir(parents=True)
    model.write_text("Raspberry Pi 5 Model B")
    desk = desk_of(store, Machine(root=tmp_path / "pi", environ={}))
    found = desk._candidates()
    assert [(one.dout_pin, one.sck_pin) for one in found] == list(PINS)
    assert {one.backend for one in found} == {"gpiod"}
    assert desk.cameras()[0] == DraftCamera("picamera", "0")
