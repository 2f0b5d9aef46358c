"""Data may have got out: what to revoke, what was there, 72 hours, and what is told to whom."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from storeguard import config as cfg
from storeguard.books.accounts import AccountFiles
from storeguard.books.breaches import BreachesFile
from storeguard.books.journal import Journal, Sale
from storeguard.breachdesk import BreachDesk, Holdings
from storeguard.clock import SystemClock
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.exposure import exposed
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.outbox.folder import seal
from storeguard.pastdesk import PastDesk
from storeguard.web.desks import Desks, Law
from storeguard.web.door import Door

pytestmark = pytest.mark.anyio

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
ROOT = "/people/breaches"
ISSUE = "2026-10-02_10-00-00.000000"
LEARNT = "2026-11-20T22:00"
NOON = datetime(2026, 11, 20, 3, tzinfo=UTC)


class SetClock(SystemClock):
    """A day that a test chooses."""

    now = datetime(2026, 11, 21, 3, tzinfo=UTC)  # 12:00 in Seoul, 14 h after LEARNT

    def utc(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    (tmp_path / "state").mkdir()
    journal = Journal.in_folder(tmp_path / "state", fsync=False)
    journal.open()
    yield journal
    journal.close()


@pytest.fixture
def door(tmp_path: Path, journal: Journal) -> Door:
    return Door(AccountFiles(tmp_path / "state"), SystemClock())


HAS = {"cloud": True, "channels": True, "pos": False}


def filled(tmp_path: Path, journal: Journal) -> None:
    record, issues = tmp_path / "record", tmp_path / "issue_data"
    record.mkdir()
    (record / "clip-2026-11-19_22-20-40.000000.mp4").write_bytes(b"clip")
    (record / "2026-11-20_22-20-51.000000.jpg").write_bytes(b"picture")
    line = IssueLine("바나나우유", 3, 5, 2, 3000, 0.97)
    at = datetime(2026, 10, 2, 1, tzinfo=UTC)
    issue = Issue(ISSUE, 7, STORE, at, True, at, at, (line,), {}, ())
    picture = record / "a.jpg"
    picture.write_bytes(b"picture")
    label = "2026-10-02_10-00-00.000000"
    seal(issues, issue, picture, [], picture_time_label=label, fsync=False)
    picture.unlink(missing_ok=True)
    for number in range(3):
        at = NOON - timedelta(days=number)
        journal.record_sale(Sale(f"s{number}/0", f"s{number}/0", "콜라", 1, 1800, at, "kiosk"))


@pytest.fixture
def make(tmp_path: Path, journal: Journal, clock: SetClock) -> Any:
    """Desks over what is on disk, as after a restart."""
    folders = cfg.Folders.of(cfg.Config(), tmp_path)
    config = cfg.Config(
        store=cfg.Store(id=STORE.id, name=STORE.name),
        law=cfg.Config().law.model_copy(update={"manager": "김점주", "phone": "02-000-0000"}),
    )
    law = Law(STORE.name, ("door",), 30, "김점주", "02-000-0000", True, "ap-northeast-2")

    def make() -> Desks:
        issues = IssueDesk(folders.issue_data, folders.state, STORE, journal, None, clock)  # type: ignore[arg-type]
        holdings = Holdings(lambda: exposed(config, folders, journal), lambda: HAS, lambda: law)
        file = BreachesFile(folders.state)
        return Desks(
            issues,
            InventoryDesk(tmp_path, journal, STORE.timezone),
            PastDesk(journal, clock, STORE.timezone),
            law,
            breaches=BreachDesk(file, holdings, STORE, issues.looked, clock),
        )

    return make


@pytest.fixture
async def owner(signed_in: Any, make: Any) -> Any:
    return await signed_in(make())


async def begun(owner: httpx.AsyncClient, kind: str = "card", learnt: str = LEARNT) -> str:
    answer = await owner.post(ROOT, data={"kind": kind, "learnt": learnt, "note": "계산대 옆"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_what_was_exposed_is_counted_on_the_device(
    owner: httpx.AsyncClient, tmp_path: Path, journal: Journal
):
    filled(tmp_path, journal)
    page = (await owner.get(await begun(owner))).text
    assert "영상 1개 (2026-11-19 ~ 2026-11-19)" in page
    assert "사진 2장 (2026-10-02 ~ 2026-11-20)" in page
    assert "재고 불일치 기록 1건" in page
    assert "판매 3줄 (상품과 금액, 산 사람 없음) (2026-11-18 ~ 2026-11-20)" in page
    assert "계정 이름 1개" in page
    assert "<li>카드 번호는 없습니다" in page
    assert "<li>열람 요구" not in page
    for path in (tmp_path / "record").iterdir():
        path.unlink()
    assert "영상 1개" in (await owner.get(f"{ROOT}/2026-11-20-1")).text, "as it was then"


async def test_a_key_exposes_what_the_key_can_do_and_no_more(
    owner: httpx.AsyncClient, tmp_path: Path, journal: Journal
):
    filled(tmp_path, journal)
    page = (await owner.get(await begun(owner, "key"))).text
    assert "<li>클라우드 키로는 이 매장의 기록을 새로 올리고" in page
    assert "<li>새어 나간 것이 기기의 키가 아니라" in page
    assert "영상 1개" not in page
    for command in ("cloud revoke", "cloud key device-credentials", "cloud status"):
        assert f"<code>storeguard {command}</code>" in page


async def test_the_72_hours_count_from_when_the_owner_learnt_of_it(
    owner: httpx.AsyncClient, clock: SetClock
):
    where = await begun(owner)
    page = (await owner.get(where)).text
    assert "58시간 남음" in page
    assert "기한 2026\u201111\u201123\u00a022:00" in page
    assert "2026\u201111\u201123 22:00까지 알려야 합니다" in (await owner.get("/")).text
    clock.now += timedelta(hours=58)
    assert "0시간 남음" in (await owner.get(where)).text
    clock.now += timedelta(seconds=1)
    assert "72시간 지남" in (await owner.get(where)).text


async def test_what_can_be_no_breach_is_refused_and_nothing_is_written(
    owner: httpx.AsyncClient, tmp_path: Path
):
    for kind, learnt, status in (
        ("card", "2026-11-21T12:01", 422),  # still to come
        ("card", "yesterday", 422),
        ("fire", LEARNT, 422),
    ):
        answer = await owner.post(ROOT, data={"kind": kind, "learnt": learnt})
        assert answer.status_code == status
    assert not (tmp_path / "state" / "breaches.json").exists()
    assert (await owner.get(f"{ROOT}/2026-11-20-1")).status_code == 404
    assert (await owner.get(f"{ROOT}/..%2f..%2fetc")).status_code == 404


async def test_only_what_the_store_has_is_to_be_revoked(owner: httpx.AsyncClient):
    page = (await owner.get(await begun(owner))).text
    assert "<code>storeguard cloud revoke</code>" in page
    assert "<strong>문자와 메신저의 키" in page
    assert "<code>STOREGUARD_POS_TOKEN" not in page


async def test_the_notice_is_filled_in_with_store_time_items_and_contact(
    owner: httpx.AsyncClient, tmp_path: Path, journal: Journal
):
    filled(tmp_path, journal)
    where = await begun(owner)
    await owner.post(f"{where}/steps", data={"step": "cloud", "done": "1"})
    page = (await owner.get(where)).text
    notice, report = re.findall(r'class="letter" lang="ko">(.*?)</p>', page, re.DOTALL)
    for said in (
        "강남 1호점",
        "2026년 11월 20일 22:00에 알게 되었습니다.",
        "- 영상 1개 (2026-11-19 ~ 2026-11-19)",
        "- 클라우드에 올리는 키를 모두 거두었습니다.",
        "김점주 02-000-0000",
        "2026년 11월 21일",
    ):
        assert said in notice
    assert "판매" not in notice
    assert "관리책임자" not in notice
    assert "신고 기한: 2026년 11월 23일 22:00" in report
    assert "개인정보보호위원회" in report
    assert not re.search(r"https?://|\b1\d\d\b", notice + report), "no invented address"


async def test_steps_and_the_end_survive_a_restart(
    owner: httpx.AsyncClient, signed_in: Any, make: Any
):
    where = await begun(owner)
    for step, done in (("cloud", "1"), ("police", "1"), ("police", "")):
        assert (
            await owner.post(f"{where}/steps", data={"step": step, "done": done})
        ).status_code == 303
    assert (await owner.post(f"{where}/steps", data={"step": "pos"})).status_code == 404
    assert (await owner.post(f"{where}/close", data={"outcome": " "})).status_code == 422
    again = await signed_in(make(), "owner")
    page = (await again.get(where)).text
    assert page.count('class="is-done"') == 1
    answer = await again.post(f"{where}/close", data={"outcome": "카드를 찾음"})
    assert answer.status_code == 303
    assert (await again.post(f"{where}/close", data={"outcome": "x"})).status_code == 404
    assert (await again.post(f"{where}/steps", data={"step": "cloud"})).status_code == 404
    assert "까지 알려야 합니다" not in (await again.get("/")).text
    assert "카드를 찾음" in (await again.get(ROOT)).text
    [detail] = make().breaches.breaches()
    assert detail.closed == "2026-11-21 12:00 owner"
    whats = [one.what for one in make().issues.log.newest(9)]
    assert whats == ["breach_closed", *["breach_step"] * 3, "breach"]


async def test_everybody_else_is_signed_out_and_kiosks_begin_anew(
    owner: httpx.AsyncClient, door: Door, signed_in: Any, make: Any
):
    staff = await signed_in(make(), "staff")
    kiosk, link = door.kiosk_cookie(), door.link_once("staff")
    where = await begun(owner, "intrusion")
    assert (await owner.post(f"{where}/sign-out")).status_code == 303
    assert (await staff.get("/")).status_code == 303
    assert (await staff.get(link)).status_code == 404
    assert not door.is_kiosk(kiosk)
    assert door.is_kiosk(door.kiosk_cookie())
    page = await owner.get(where)
    assert page.status_code == 200, "who pressed it stays"
    assert 'class="is-done"' in page.text


async def test_a_breach_is_the_owners_alone(signed_in: Any, make: Any):
    staff = await signed_in(make(), "staff")
    assert (await staff.get(ROOT)).status_code == 403
    for path in (ROOT, f"{ROOT}/2026-11-20-1/sign-out", f"{ROOT}/2026-11-20-1/close"):
        assert (await staff.post(path, data={"kind": "card"})).status_code == 403


def test_its_pages_are_free_of_serious_findings(
    chromium: Any, shop: Any, door: Door, serve: Any, make: Any, findings: Any
):
    desks = make()
    served = serve(shop, door, desks)
    served.sign_in(chromium)
    one = desks.breaches.begin("intrusion", datetime(2026, 11, 20, 22), "", by="owner")  # noqa: DTZ001
    desks.breaches.step(one, "unplug", is_done=True, by="owner")
    for path in (ROOT, f"{ROOT}/{one}"):
        chromium.open(served.url + path, "document.querySelector('main')")
        assert findings(chromium) == []
