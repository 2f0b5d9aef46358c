"""Somebody asks to see recordings of themselves: found, blurred, given out, answered in time."""

import asyncio
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from storeguard.books.decisions import AccessLog
from storeguard.books.journal import Journal
from storeguard.books.records import IssueRecords
from storeguard.clock import SystemClock
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.outbox import stored
from storeguard.outbox.folder import seal
from storeguard.pastdesk import PastDesk
from storeguard.viewingdesk import Places, ViewingDesk
from storeguard.vision.clipfile import about_clip
from storeguard.web.app import build
from storeguard.web.desks import Desks, Law
from storeguard.web.door import Door

pytestmark = pytest.mark.anyio

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
AT = datetime(2026, 11, 20, 13, 20, tzinfo=UTC)  # 22:20 in Seoul
ID = "2026-11-20_22-21-04.000000"
ROOT = "/people/viewings"
WISH = {"who": "김손님", "contact": "010", "day": "2026-11-20", "start": "22:00", "end": "22:30"}


class SetClock(SystemClock):
    """A day that a test chooses."""

    now = datetime(2026, 11, 21, 3, tzinfo=UTC)

    def utc(self) -> datetime:
        return self.now


def clip(path: Path, started_at: datetime, camera: str) -> Path:
    """Two seconds of a checked picture, as the recorder writes its metadata."""
    image = np.indices((90, 160)).sum(axis=0) % 2 * 255
    frame = np.repeat(image[:, :, None], 3, axis=2).astype(np.uint8)
    with av.open(str(path), "w", format="mp4") as target:
        target.metadata.update(about_clip(started_at, camera, is_clock_synced=True))
        stream = target.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for _ in range(20):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        target.mux(stream.encode())
    return path


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.in_folder(tmp_path / "state", fsync=False)
    journal.open()
    yield journal
    journal.close()


@pytest.fixture
def desks(tmp_path: Path, journal: Journal, clock: SetClock) -> Desks:
    """The door's clip lies in an issue and in record/, the shelf's only in record/."""
    record, issues = tmp_path / "record", tmp_path / "issues"
    record.mkdir()
    taken = clip(record / "a.mp4", AT, "door")
    clip(record / "b.mp4", AT + timedelta(seconds=30), "shelf")
    clip(record / "c.mp4", AT + timedelta(hours=3), "door")
    (record / "d.mp4").write_bytes(b"no clip")
    line = IssueLine("바나나우유", 3, 5, 2, 3000, 0.97)
    issue = Issue(ID, 7, STORE, AT + timedelta(minutes=1), True, AT, AT, (line,), {}, ())
    seal(issues, issue, None, [taken], picture_time_label=None, fsync=False)
    IssueRecords(journal).record(issue, None)
    desk = IssueDesk(issues, tmp_path / "state", STORE, journal, None, clock)  # type: ignore[arg-type]
    places = Places(record, issues)
    return Desks(
        desk,
        InventoryDesk(tmp_path, journal, STORE.timezone),
        PastDesk(journal, clock, STORE.timezone),
        Law("강남 1호점", ("door",), 30, "김점주", "02-000-0000", False, ""),
        viewings=ViewingDesk(places, tmp_path / "state", STORE, desk, clock),
    )


async def signed_in(shop: Any, door: Door, desks: Desks, role: Any) -> httpx.AsyncClient:
    app = build(shop, door, lambda: 0.0, desks=desks)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop")
    await door.set_account(role, "correct horse battery", role)
    await client.get(door.link_once(role))
    found = re.search(r'data-csrf="([^"]+)"', (await client.get("/")).text)
    assert found is not None
    client.headers["x-csrf"] = found[1]
    return client


@pytest.fixture
async def owner(shop: Any, door: Door, desks: Desks) -> Any:
    client = await signed_in(shop, door, desks, "owner")
    yield client
    await client.aclose()


async def asked(owner: httpx.AsyncClient, **other: str) -> str:
    """The request's page."""
    answer = await owner.post(ROOT, data=WISH | other)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def keys(page: str) -> list[str]:
    return re.findall(r'name="clip" value="(\w+)"', page)


async def test_clips_of_all_cameras_are_found_by_date_and_time_each_once(owner: httpx.AsyncClient):
    page = (await owner.get(await asked(owner))).text
    assert len(keys(page)) == 2
    assert re.findall(r"<strong>(11-20 .*)</strong>", page) == [
        "11-20 22:20:00 ~ 22:20:02",
        "11-20 22:20:30 ~ 22:20:32",
    ]
    assert f'href="/issues/{ID}"' in page
    for times, count in (
        ({"start": "22:21", "end": "22:40"}, 0),
        ({"start": "22:20", "end": "22:20"}, 2),  # that minute
        ({"start": "22:10", "end": "22:19"}, 0),
        ({"start": "22:40", "end": "02:00"}, 1),
        ({"day": "2026-11-19"}, 0),
    ):
        assert len(keys((await owner.get(await asked(owner, **times))).text)) == count, times


async def test_the_answer_is_due_in_ten_days_and_the_first_page_says_so(
    owner: httpx.AsyncClient, clock: SetClock
):
    await asked(owner)
    page = (await owner.get(ROOT)).text
    assert "2026-11-21 요구 · 2026-12-01까지 답변" in page
    assert "답변 전" in page
    assert "열람 요구 1건에 2026‑12‑01까지" in (await owner.get("/")).text
    clock.now = datetime(2026, 12, 1, 16, tzinfo=UTC)  # the 2nd in Seoul
    assert "기한 지남" in (await owner.get(ROOT)).text


async def given(owner: httpx.AsyncClient, page: str, **form: Any) -> zipfile.ZipFile:
    answer = await owner.post(f"{page}/export", data=form)
    assert answer.headers["content-type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.content))


def contrast(archive: zipfile.ZipFile, name: str) -> float:
    """Between neighbours: a check that can still be seen has much."""
    with av.open(io.BytesIO(archive.read(name))) as source:
        frame = next(source.decode(video=0)).to_ndarray(format="gray")
    return float(np.abs(np.diff(frame.astype(int), axis=1)).mean())


async def test_what_is_given_out_is_blurred_but_where_nobody_else_is(
    owner: httpx.AsyncClient, tmp_path: Path
):
    page = await asked(owner)
    door, shelf = keys((await owner.get(page)).text)
    archive = await given(owner, page, clip=[door, shelf], alone=[shelf])
    names = ["clips/01-door.mp4", "clips/02-shelf.mp4", "summary.html", "SHA256SUMS.txt"]
    assert archive.namelist() == names
    assert contrast(archive, names[0]) < 5
    assert archive.read(names[1]) == (tmp_path / "record" / "b.mp4").read_bytes()
    for line in archive.read("SHA256SUMS.txt").decode().splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    summary = archive.read("summary.html").decode()
    assert "김손님" in summary
    assert "2026-12-01" in summary
    none = await owner.post(f"{page}/export")
    assert none.headers["location"] == f"{page}?empty=1"
    assert (await owner.post(f"{page}/export", data={"clip": "0" * 12})).status_code == 404


async def test_an_answer_or_a_refusal_with_its_reason_stays_on_the_page_and_in_the_log(
    owner: httpx.AsyncClient, tmp_path: Path, desks: Desks, clock: SetClock
):
    page = await asked(owner)
    key = keys((await owner.get(page)).text)[0]
    await owner.get(f"{page}/clips/{key}.mp4")
    await given(owner, page, clip=[key])
    assert (await owner.post(f"{page}/close", data={"outcome": "refused"})).status_code == 422
    refusal = {"outcome": "refused", "reason": "본인 확인이 되지 않음"}
    assert (await owner.post(f"{page}/close", data=refusal)).status_code == 303
    assert (await owner.post(f"{page}/close", data=refusal)).status_code == 404
    shown = (await owner.get(ROOT)).text
    assert "거절함" in shown
    assert "본인 확인이 되지 않음" in shown
    log = AccessLog(tmp_path / "state")
    assert [one.what for one in log.newest(9)] == [
        "viewing_refused",
        "viewing_export",
        "play",
        "hold",
        "viewing",
    ]
    assert log.first_broken() is None
    assert desks.viewings is not None
    again = ViewingDesk(desks.viewings._places, tmp_path / "state", STORE, desks.issues, clock)  # type: ignore[attr-defined, arg-type]
    assert [(row.state, row.reason) for row in again.requests()] == [
        ("refused", "본인 확인이 되지 않음")
    ]


async def test_what_is_asked_for_is_held_until_the_answer_is_due(
    owner: httpx.AsyncClient, tmp_path: Path
):
    await asked(owner)
    folder = tmp_path / "issues" / ID
    assert stored.is_held(folder, datetime(2026, 12, 1, tzinfo=UTC))
    assert not stored.is_held(folder, datetime(2026, 12, 5, tzinfo=UTC))


async def test_two_requests_at_once_are_two(owner: httpx.AsyncClient):
    pages = await asyncio.gather(*(asked(owner, who=f"손님 {n}") for n in range(6)))
    assert len({*pages}) == 6
    shown = (await owner.get(ROOT)).text
    assert all(f"손님 {n}" in shown for n in range(6))


@pytest.mark.parametrize(
    "wrong",
    [
        {"who": " "},
        {"who": "a" * 61},
        {"day": "2026-11-22"},
        {"day": ""},
        {"asked_on": "2026-11-30"},
        {"start": "25:00"},
    ],
)
async def test_a_request_that_cannot_be_is_refused_and_not_noted(
    owner: httpx.AsyncClient, wrong: dict[str, str]
):
    assert (await owner.post(ROOT, data=WISH | wrong)).status_code == 422
    assert "아직 열람 요구가 없습니다" in (await owner.get(ROOT)).text


async def test_requests_and_their_clips_are_the_owners_alone(
    owner: httpx.AsyncClient, shop: Any, door: Door, desks: Desks, tmp_path: Path
):
    page = await asked(owner)
    key = keys((await owner.get(page)).text)[0]
    staff = await signed_in(shop, door, desks, "staff")
    for path in (ROOT, page, f"{page}/clips/{key}.mp4"):
        assert (await staff.get(path)).status_code == 403, path
    for path in (ROOT, f"{page}/export", f"{page}/close"):
        assert (await staff.post(path, data=WISH)).status_code == 403, path
    assert "열람 요구" not in (await staff.get("/")).text
    await staff.aclose()
    for path in (f"{page}/clips/..%2f..%2fstate%2fviewings.json.mp4", f"{ROOT}/..%2f1"):
        assert (await owner.get(path)).status_code == 404, path
    assert (tmp_path / "state" / "viewings.json").stat().st_mode & 0o777 == 0o600


async def test_a_closed_request_is_forgotten_after_a_year(
    owner: httpx.AsyncClient, clock: SetClock
):
    page = await asked(owner)
    await owner.post(f"{page}/close", data={"outcome": "answered"})
    clock.now += timedelta(days=400)
    await asked(owner, who="이손님")
    shown = (await owner.get(ROOT)).text
    assert "이손님" in shown
    assert "김손님" not in shown


@pytest.mark.parametrize("language", ["ko", "en"])
async def test_its_pages_render_in_both_languages(
    owner: httpx.AsyncClient, shop: Any, language: str
):
    shop.language = language
    page = await asked(owner)
    for path in (ROOT, page, "/people", "/"):
        answer = await owner.get(path)
        assert answer.status_code == 200, path
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", answer.text), path
