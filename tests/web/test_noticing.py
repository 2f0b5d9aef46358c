"""What the owner does on the console is known to the notices: an issue opened, a test answered."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from storeguard.books.journal import Journal
from storeguard.books.records import IssueRecords
from storeguard.clock import SystemClock
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.domain.telling import Kind, Notice
from storeguard.health import Health
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.noticedesk import NoticeDesk
from storeguard.outbox.noticebox import NOTICES, NoticeBox
from storeguard.pastdesk import PastDesk
from storeguard.services.telling import TellingService
from storeguard.web.desks import Desks, Law

pytestmark = pytest.mark.anyio

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
ID, TEST = "2026-11-20_22-21-04.123456", "test-2026-11-23"
CLOCK = SystemClock()


@pytest.fixture
def box(tmp_path: Path) -> NoticeBox:
    """The notices of an issue and of a weekly test, which nobody has answered."""
    box = NoticeBox(tmp_path / "state" / NOTICES, fsync=False)
    for notice_id, kind in ((ID, Kind.ISSUE), (TEST, Kind.TEST)):
        box.put(Notice(notice_id, kind, CLOCK.utc(), "강남 1호점", "확인 필요"))
    return box


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    journal = Journal.in_folder(tmp_path / "state", fsync=False)
    journal.open()
    at = CLOCK.utc()
    line = IssueLine("바나나우유", 3, 5, 2, 3000, 0.97)
    began, ended = at - timedelta(minutes=2), at - timedelta(seconds=20)
    issue = Issue(ID, 7, STORE, at, True, began, ended, (line,), {"ko": (), "en": ()}, ())
    IssueRecords(journal).record(issue, None)
    yield journal
    journal.close()


@pytest.fixture
def desks(tmp_path: Path, journal: Journal, box: NoticeBox) -> Desks:
    state, zone = tmp_path / "state", STORE.timezone
    telling = TellingService((), box, (), CLOCK, Health(CLOCK, lambda _: None))
    kiosk: Any = None  # no issue is undone here
    return Desks(
        IssueDesk(tmp_path / "issues", state, STORE, journal, kiosk, CLOCK),
        InventoryDesk(tmp_path / "inventory", journal, zone),
        PastDesk(journal, CLOCK, zone),
        Law("강남 1호점", ("door",), 30, "", "", False, ""),
        notices=NoticeDesk(telling, box, zone),
    )


@pytest.fixture
async def owner(signed_in: Any, desks: Desks) -> Any:
    return await signed_in(desks)


async def test_a_look_at_an_issue_is_known_to_its_notice(owner: httpx.AsyncClient, box: NoticeBox):
    assert (await owner.get("/issues")).status_code == 200
    assert box.acknowledged(ID) is None, "the album shows many: that is no look at this one"
    assert (await owner.get(f"/issues/{ID}")).status_code == 200
    seen = box.acknowledged(ID)
    assert seen is not None
    assert seen["by"] == "owner"
    assert box.acknowledged(TEST) is None


async def test_the_weekly_test_is_answered_in_the_settings(
    owner: httpx.AsyncClient, box: NoticeBox
):
    form = f'action="/notices/{TEST}/acknowledge"'
    page = (await owner.get("/settings")).text
    assert form in page
    assert "받았습니다" in page
    answer = await owner.post(f"/notices/{TEST}/acknowledge")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings")
    assert box.acknowledged(TEST) is not None
    assert box.acknowledged(ID) is None
    assert form not in (await owner.get("/settings")).text


@pytest.mark.parametrize("notice_id", ["test-1999-01-01", "..", "%2e%2e", ".incoming"])
async def test_what_is_no_notice_cannot_be_answered(owner: httpx.AsyncClient, notice_id: str):
    assert (await owner.post(f"/notices/{notice_id}/acknowledge")).status_code == 404


async def test_a_full_disk_does_not_keep_an_issue_from_being_seen(
    owner: httpx.AsyncClient, box: NoticeBox, monkeypatch: pytest.MonkeyPatch
):
    def is_full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storeguard.outbox.noticebox.durable.publish", is_full)
    assert (await owner.get(f"/issues/{ID}")).status_code == 200
    assert box.acknowledged(ID) is None


async def test_where_nothing_is_told_an_issue_opens_as_well(
    signed_in: Any, desks: Desks, box: NoticeBox
):
    silent = Desks(desks.issues, desks.inventory, desks.past, desks.law)
    client = await signed_in(silent)
    assert (await client.get(f"/issues/{ID}")).status_code == 200
    assert (await client.get("/settings")).status_code == 200
    assert (await client.post(f"/notices/{TEST}/acknowledge")).status_code == 404
    assert box.acknowledged(ID) is None
