"""Settings on the page: checked like the file, written into it, refused in the owner's words."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from storeguard import config as cfg
from storeguard.configfile import ConfigFile
from storeguard.settingsdesk import KNOWN, LIVE, SettingsDesk
from storeguard.upkeep.leaving import Restart
from storeguard.web.app import build
from storeguard.web.desks import Desks, Law

pytestmark = pytest.mark.anyio

TEXT = """\
# 우리 매장
store: {id: gangnam-1, name: 강남 1호점}
visits: {payment_grace_s: 10}   # 천천히 결제하는 손님
"""


class NoIssues:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def looked(self, who: str, what: str, thing: str, why: str = "") -> None:
        self.lines.append((who, what))


@pytest.fixture
def file(tmp_path: Path) -> ConfigFile:
    path = tmp_path / "config.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return ConfigFile(path)


@pytest.fixture
def store(file: ConfigFile) -> Any:
    return SimpleNamespace(
        config=file.load(), desk=SimpleNamespace(oversell="allow"), noticing=SimpleNamespace()
    )


@pytest.fixture
def desks(store: Any, file: ConfigFile) -> Desks:
    nothing: Any = None
    log: Any = NoIssues()
    desk = SettingsDesk(store, file, Restart(is_possible=True))
    return Desks(log, nothing, nothing, Law("", (), 0, "", "", False, ""), settings=desk)


@pytest.fixture
async def owner(shop: Any, door: Any, desks: Desks) -> Any:
    app = build(shop, door, lambda: 0.0, desks=desks)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {door.machine_token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://shop", headers=headers
    ) as client:
        yield client


async def test_what_is_saved_stands_in_the_file_between_the_owners_own_lines(
    owner: httpx.AsyncClient, file: ConfigFile, desks: Any
):
    typed = {"store.name": "역삼점", "law.phone": "010-1234-5678", "notices.min_won": "3,000"}
    answer = await owner.post("/settings", data=typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings?saved=1")
    assert "저장했습니다" in (await owner.get("/settings?saved=1")).text
    text = file.path.read_text(encoding="utf-8")
    assert text.startswith("# 우리 매장\n")
    assert "# 천천히 결제하는 손님" in text
    config = file.load()
    assert (config.store.name, config.law.phone) == ("역삼점", "010-1234-5678")
    assert config.notices.min_won == 3000
    assert desks.issues.lines == [("storeguard", "settings")]


async def test_what_is_wrong_is_said_in_words_and_nothing_is_lost(
    owner: httpx.AsyncClient, file: ConfigFile
):
    before = file.path.read_bytes()
    answer = await owner.post(
        "/settings", data={"store.name": "역삼점", "visits.payment_grace_s": "열 초"}
    )
    assert answer.status_code == 422
    assert "결제를 기다리는 시간 (초): &#39;열 초&#39;은(는) 쓸 수 없습니다." in answer.text
    assert 'value="역삼점"' in answer.text
    assert 'value="열 초"' in answer.text
    assert file.path.read_bytes() == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("store.name", ""),
        ("visits.empty_for_s", "-1"),
        ("visits.empty_for_s", ""),
        ("notices.min_won", "1.5"),
        ("notices.quiet_hours", "23:00"),
        ("notices.escalate_after_min", "3"),
        ("retention.issues_days", "0"),
        ("kiosk.oversell", "maybe"),
        ("law.manager", "김" * 61),
    ],
)
async def test_the_pages_values_are_held_to_the_files_rules(
    owner: httpx.AsyncClient, file: ConfigFile, key: str, value: str
):
    answer = await owner.post("/settings", data={key: value})
    assert answer.status_code == 422
    assert 'class="setting is-wrong"' in answer.text
    assert file.path.read_text(encoding="utf-8") == TEXT


async def test_some_are_in_force_at_once_and_the_rest_asks_for_a_restart(
    owner: httpx.AsyncClient, store: Any
):
    await owner.post("/settings", data={"kiosk.oversell": "refuse", "notices.min_won": "500"})
    assert store.desk.oversell == "refuse"
    assert store.noticing.threshold.min_won == 500
    assert "다시 시작해야" not in (await owner.get("/settings")).text
    await owner.post("/settings", data={"visits.payment_grace_s": "20"})
    assert store.config.visits.payment_grace_s == 10
    assert "다시 시작해야" in (await owner.get("/settings")).text
    assert "다시 시작하는 중" in (await owner.post("/settings/restart")).text


async def test_quiet_hours_come_as_two_times_and_go_as_none(
    owner: httpx.AsyncClient, file: ConfigFile
):
    await owner.post("/settings", data={"notices.quiet_hours": ["23:00", "07:00"]})
    assert file.load().notices.quiet_hours == ("23:00", "07:00")
    page = (await owner.get("/settings")).text
    assert 'value="23:00"' in page
    await owner.post("/settings", data={"notices.quiet_hours": ["", ""]})
    assert file.load().notices.quiet_hours is None


async def test_the_sign_follows_at_once(owner: httpx.AsyncClient):
    await owner.post("/settings", data={"law.manager": "김점주", "retention.issues_days": "60"})
    sign = (await owner.get("/settings/sign")).text
    assert "김점주" in sign
    assert "30일" in sign  # the 60 are in force after the restart only


async def test_a_broken_file_is_said_and_not_written_over(
    owner: httpx.AsyncClient, file: ConfigFile
):
    file.path.write_text("store: {nmae: a}\n", encoding="utf-8")
    answer = await owner.post("/settings", data={"store.name": "역삼점"})
    assert answer.status_code == 422
    assert "nmae" in answer.text
    assert file.path.read_text(encoding="utf-8") == "store: {nmae: a}\n"


async def test_without_a_file_there_is_nothing_to_change(
    shop: Any, door: Any, client: httpx.AsyncClient
):
    assert (await client.post("/settings", data={"store.name": "a"})).status_code == 404


def test_every_setting_is_a_key_of_the_configuration():
    config = cfg.Config()
    for one in KNOWN:
        section, name = one.key.split(".")
        assert name in type(getattr(config, section)).model_fields
    assert {one.key for one in KNOWN} >= LIVE.keys()


@pytest.mark.parametrize("width_px", [320, 390, 768])
def test_the_form_is_no_wider_than_a_phone(
    chromium: Any, serve: Any, shop: Any, door: Any, desks: Desks, width_px: int
):
    served = serve(shop, door, desks)
    chromium.new_phone(width_px)
    served.sign_in(chromium)
    chromium.open(f"{served.url}/settings", "document.querySelector('.setting [type=time]')")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert chromium.run(wide) <= 0
    if folder := os.environ.get("SHOTS"):
        path = Path(folder, f"settings-{width_px}.png")
        chromium.do(lambda page: page.screenshot(path=path, full_page=True))
