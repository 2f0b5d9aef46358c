"""The access log is gone through once a month: odd things first, and who did so is noted."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from storeguard.books.decisions import Access
from storeguard.books.journal import Journal
from storeguard.clock import SystemClock
from storeguard.domain.issue import IssueStore
from storeguard.domain.reviewing import REFUSED, REVIEWED
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.pastdesk import PastDesk
from storeguard.reviewdesk import ReviewDesk
from storeguard.web.desks import Desks, Law
from storeguard.web.door import Door
from storeguard.web.refusednotes import MOST

pytestmark = pytest.mark.anyio

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
ID = "2026-10-20_22-21-04.000000"
ROOT = "/people/review"
TASK = "아직 점검하지 않았습니다"


class SetClock(SystemClock):
    """A day that a test chooses."""

    now = datetime(2026, 11, 3, 3, tzinfo=UTC)

    def utc(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def desk(tmp_path: Path, clock: SetClock) -> Iterator[IssueDesk]:
    state = tmp_path / "state"
    state.mkdir()
    journal = Journal.in_folder(state, fsync=False)
    journal.open()
    yield IssueDesk(tmp_path / "issues", state, STORE, journal, None, clock)  # type: ignore[arg-type]
    journal.close()


@pytest.fixture
def desks(tmp_path: Path, desk: IssueDesk, clock: SetClock) -> Desks:
    return Desks(
        desk,
        InventoryDesk(tmp_path, desk._journal, STORE.timezone),
        PastDesk(desk._journal, clock, STORE.timezone),
        Law("강남 1호점", (), 30, "김점주", "02-000-0000", False, ""),
        reviews=ReviewDesk(desk.log, clock, STORE.timezone),
    )


@pytest.fixture
async def owner(signed_in: Any, desks: Desks) -> Any:
    return await signed_in(desks)


def october(desk: IssueDesk) -> None:
    """At noon in Seoul, but for one look at 01:30 of the first day there."""
    desk.log.note(Access("2026-09-30T16:30:00+00:00", "owner", "view", ID))
    for day, who, what, why in (
        (5, "owner", "view", ""),
        (6, "owner", "export", ""),
        (7, "owner", "export_plain", "경찰 제출"),
        (8, "former", "view", ""),
        (9, "?", REFUSED, ""),
        (10, "owner", "delete", ""),
        (11, "owner", "confirm", ""),
    ):
        desk.log.note(Access(f"2026-10-{day:02}T03:00:00+00:00", who, what, ID, why))


def kinds(page: str) -> list[str]:
    listed = page[page.index('class="odd"') :].split("</ul>")[0]
    return re.findall(r'<li class="(\w+)"', listed)


async def test_odd_things_of_a_month_come_first(owner: httpx.AsyncClient, desk: IssueDesk):
    october(desk)
    page = (await owner.get(f"{ROOT}?month=2026-10")).text
    assert kinds(page) == ["plain", "refused", "other", "export", "night", "removal"]
    assert "경찰 제출" in page
    assert "10-01 01:30:00" in page
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td class="number">(\d+)', page)
    assert ("owner", "열람", "2") in rows
    assert ("owner", "확인함", "1") in rows
    assert "도난" not in page


async def test_a_review_is_noted_with_who_and_when_and_ends_the_reminder(
    owner: httpx.AsyncClient, desk: IssueDesk, clock: SetClock
):
    assert TASK not in (await owner.get("/")).text
    october(desk)
    clock.now += timedelta(days=30)  # December: November has nothing
    assert TASK not in (await owner.get("/")).text
    clock.now -= timedelta(days=30)
    assert TASK in (await owner.get("/")).text
    assert "확인했습니다" in (await owner.get(ROOT)).text
    answer = await owner.post(ROOT, data={"month": "2026-10"})
    assert answer.headers["location"] == f"{ROOT}?month=2026-10"
    [noted] = desk.log.newest(1)
    assert (noted.who, noted.what, noted.thing) == ("owner", REVIEWED, "2026-10")
    assert noted.at == "2026-11-03T03:00:00+00:00"
    assert TASK not in (await owner.get("/")).text
    page = (await owner.get(f"{ROOT}?month=2026-10")).text
    assert "2026-11-03 12:00에 owner 계정으로 점검했습니다." in page
    assert "확인했습니다</button>" not in page
    again = ReviewDesk(desk.log, clock, STORE.timezone)
    assert again.due() is None


async def test_a_month_that_goes_on_or_has_nothing_cannot_be_signed_off(
    owner: httpx.AsyncClient, desk: IssueDesk
):
    october(desk)
    desk.looked("owner", "view", ID)
    before = len(desk.log.newest(99))
    for month in ("2026-11", "2026-12", "2026-08"):
        assert (await owner.post(ROOT, data={"month": month})).status_code == 409
    assert "확인했습니다</button>" not in (await owner.get(f"{ROOT}?month=2026-11")).text
    for month in ("2026-13", "../..", "all"):
        assert (await owner.get(ROOT, params={"month": month})).status_code == 404
    assert len(desk.log.newest(99)) == before


async def test_a_line_that_was_changed_or_taken_out_stands_above_all(
    owner: httpx.AsyncClient, desk: IssueDesk, tmp_path: Path
):
    october(desk)
    path = tmp_path / "state" / "access.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace('"view"', '"hold"')
    path.write_text("\n".join((*lines[:4], *lines[5:])) + "\n", encoding="utf-8")
    page = (await owner.get(f"{ROOT}?month=2026-10")).text
    assert kinds(page)[:2] == ["broken", "broken"]
    assert "other" not in kinds(page)
    path.write_text('{"said": {"at": "no time"}, "hash": ""}\n', encoding="utf-8")
    assert (await owner.get(f"{ROOT}?month=2026-10")).status_code == 200


async def test_what_was_rotated_away_is_still_gone_through(
    desk: IssueDesk, clock: SetClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("storeguard.books.decisions.LARGEST_LOG_BYTES", 400)
    october(desk)
    month = ReviewDesk(desk.log, clock, STORE.timezone).month("2026-10", ["owner"])
    assert 0 < month.count < 9, "only one generation is kept"
    assert [one.row.what for one in month.odd if one.kind == "broken"] == []
    kept = len(desk.log.newest(99))
    assert month.count > kept


async def test_staff_neither_sees_a_review_nor_signs_it_off(
    signed_in: Any, desks: Desks, desk: IssueDesk
):
    october(desk)
    client = await signed_in(desks, "staff")
    assert TASK not in (await client.get("/")).text
    assert (await client.get(ROOT)).status_code == 403
    assert (await client.post(ROOT, data={"month": "2026-10"})).status_code == 403
    assert [one.what for one in desk.log.newest(99) if one.what == REVIEWED] == []


async def test_refused_sign_ins_are_noted_without_what_was_typed(
    owner: httpx.AsyncClient, desk: IssueDesk
):
    for name in ("owner", "my secret password"):
        form = {"name": name, "password": "wrong wrong wrong"}
        assert (await owner.post("/login", data=form)).status_code == 403
    noted = desk.log.newest(9)
    assert [(one.who, one.what) for one in noted] == [("?", REFUSED), ("owner", REFUSED)]
    assert "secret" not in (desk.log._path.read_text(encoding="utf-8"))
    for number in range(3 * MOST):
        form = {"name": f"guess{number}", "password": "wrong wrong wrong"}
        await owner.post("/login", data=form)
    assert len([one for one in desk.log.newest(999) if one.what == REFUSED]) == MOST


async def test_a_log_that_cannot_be_written_lets_nobody_in_all_the_same(
    owner: httpx.AsyncClient, desk: IssueDesk, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(desk.log, "note", full)
    form = {"name": "owner", "password": "wrong wrong wrong"}
    assert (await owner.post("/login", data=form)).status_code == 403


def test_its_page_is_free_of_serious_findings(
    chromium: Any, shop: Any, door: Door, serve: Any, desks: Desks, desk: IssueDesk, findings: Any
):
    october(desk)
    served = serve(shop, door, desks)
    served.sign_in(chromium)
    chromium.open(f"{served.url}{ROOT}?month=2026-10", "document.querySelector('.odd')")
    assert findings(chromium) == []
