"""A street, a changing room or a PIN pad in the picture: asked, and told until it is covered."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from storeguard import config as cfg
from storeguard.areasdesk import AreasDesk, unmasked
from storeguard.books.journal import Journal
from storeguard.clock import SystemClock
from storeguard.configfile import ConfigFile
from storeguard.domain.issue import IssueStore
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.messages import text
from storeguard.pastdesk import PastDesk
from storeguard.upkeep import doctor
from storeguard.upkeep.checks import shop as checks
from storeguard.upkeep.checks.finding import State
from storeguard.web.app import build
from storeguard.web.desks import Desks, Law
from storeguard.web.door import Door
from storeguard.web.workdesks import Areas

pytestmark = pytest.mark.anyio

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
CONFIG = """\
# 우리 매장
store: {id: gangnam-1, name: 강남 1호점}
cameras:
  - {id: door, backend: opencv, source: /dev/video0}
"""
PAGE = "/devices/areas?camera=door"
SQUARE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4))
NO = {"street": "no", "private": "no", "pin_pad": "no"}
UNANSWERED = text("ko", "setup.unanswered")
UNMASKED = text("ko", "setup.unmasked")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


class Running:
    """The configuration in force, as the store has it."""

    def __init__(self, path: Path) -> None:
        self.config = cfg.load(path)

    def take(self, config: cfg.Config) -> None:
        self.config = config


@pytest.fixture
def running(path: Path) -> Running:
    return Running(path)


@pytest.fixture
def desks(tmp_path: Path, path: Path, running: Running) -> Any:
    (tmp_path / "state").mkdir()
    journal, clock = Journal.in_folder(tmp_path / "state", fsync=False), SystemClock()
    journal.open()
    yield Desks(
        IssueDesk(tmp_path / "issues", tmp_path / "state", STORE, journal, None, clock),  # type: ignore[arg-type]
        InventoryDesk(tmp_path, journal, STORE.timezone),
        PastDesk(journal, clock, STORE.timezone),
        Law("강남 1호점", ("door",), 30, "김점주", "02-000-0000", False, ""),
        areas=AreasDesk(ConfigFile(path), lambda: running.config, running.take),
    )
    journal.close()


@pytest.fixture
async def owner(shop: Any, door: Door, desks: Desks) -> AsyncGenerator[httpx.AsyncClient, None]:
    app = build(shop, door, lambda: 0.0, desks=desks)
    headers = {"authorization": f"Bearer {door.machine_token}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://shop", headers=headers
    ) as client:
        yield client


def problems(page: str) -> str:
    """What stands on the page itself; its scripts' texts have every sentence."""
    return page.split("<main", 1)[1]


def begins(path: Path) -> str:
    """The owner's own first line, a comment."""
    return path.read_text(encoding="utf-8").splitlines()[0]


async def found(owner: httpx.AsyncClient, path: Path) -> tuple[bool, bool, State]:
    """Unanswered or unmasked on the devices' page; what doctor says."""
    page = problems((await owner.get("/devices")).text)
    [finding] = checks.view(doctor.site_of(path))
    return UNANSWERED in page, UNMASKED in page, finding.state


async def test_a_camera_whose_view_nobody_has_looked_at_is_told_until_it_is_answered(
    owner: httpx.AsyncClient, path: Path, running: Running
):
    assert await found(owner, path) == (True, False, State.WARN)
    assert f"door: {UNANSWERED}" in (await owner.get("/")).text
    answer = await owner.post("/devices/areas/view", data={"camera": "door", **NO})
    assert answer.headers["location"] == PAGE
    assert await found(owner, path) == (False, False, State.OK)
    assert f"door: {UNANSWERED}" not in (await owner.get("/")).text
    assert cfg.load(path).cameras[0].sees == ()
    assert running.config == cfg.load(path), "in force at once: no restart is asked for"
    assert begins(path) == "# 우리 매장"


@pytest.mark.parametrize("what", ["street", "private", "pin_pad"])
async def test_what_is_seen_is_told_until_it_is_masked_or_the_answer_changes(
    owner: httpx.AsyncClient, path: Path, desks: Desks, what: str
):
    seen = {"camera": "door", **NO, what: "yes"}
    await owner.post("/devices/areas/view", data=seen)
    assert await found(owner, path) == (False, True, State.WARN)
    assert f"door: {UNMASKED}" in (await owner.get("/")).text
    page = problems((await owner.get(PAGE)).text)
    assert text("ko", "areas.unmasked") in page
    assert page.count(" checked>") == 4, "the answers stand there, and the kind of area"
    assert desks.areas is not None
    assert await desks.areas.save("door", Areas(privacy_masks=(SQUARE,))) == ""
    assert await found(owner, path) == (False, False, State.OK)
    assert await desks.areas.save("door", Areas()) == ""
    assert await found(owner, path) == (False, True, State.WARN)
    await owner.post("/devices/areas/view", data={"camera": "door", **NO})
    assert await found(owner, path) == (False, False, State.OK)


async def test_half_an_answer_is_none(owner: httpx.AsyncClient, path: Path):
    for form in (
        {"camera": "door", "street": "no", "private": "no"},
        {"camera": "door", **NO, "street": "perhaps"},
        {"camera": "nobody", **NO},
        {"camera": "../door", **NO},
        NO,
    ):
        assert (await owner.post("/devices/areas/view", data=form)).status_code == 422
    assert cfg.load(path).cameras[0].sees is None


def test_a_drawn_picture_is_asked_about_nothing():
    assert unmasked(cfg.Camera(id="door", backend="sim")) == ()
    assert unmasked(cfg.Camera(id="door", backend="opencv")) == ("unanswered",)


async def test_staff_answers_nothing(shop: Any, door: Door, desks: Desks):
    app = build(shop, door, lambda: 0.0, desks=desks)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        await door.set_account("staff", "correct horse battery", "staff")
        await client.get(door.link_once("staff"))
        form = {"camera": "door", **NO}
        assert (await client.post("/devices/areas/view", data=form)).status_code == 403
        assert UNANSWERED not in problems((await client.get("/devices")).text)


def test_the_questions_are_free_of_serious_findings(
    chromium: Any, shop: Any, door: Door, serve: Any, desks: Desks, findings: Any
):
    served = serve(shop, door, desks)
    served.sign_in(chromium)
    chromium.open(served.url + PAGE, "document.querySelector('.asked')")
    assert findings(chromium) == []
