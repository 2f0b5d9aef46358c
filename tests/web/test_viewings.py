"""Somebody asks to see recordings of themselves: found, blurred, given out, answered in time."""

import asyncio
import hashlib
import io
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from storeguard.assembling import cleaner
from storeguard.books.decisions import AccessLog
from storeguard.books.journal import Journal
from storeguard.books.records import IssueRecords
from storeguard.books.viewings import ViewingsFile
from storeguard.clock import SystemClock
from storeguard.config import Config, Folders, Paths
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.domain.occupancy import Detection
from storeguard.errors import DetectorFault
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.outbox import stored
from storeguard.outbox.folder import seal
from storeguard.pastdesk import PastDesk
from storeguard.ports import Detector, Frame
from storeguard.viewingdesk import Places, ViewingDesk
from storeguard.viewinghold import AskedFor
from storeguard.vision.clipfile import about_clip
from storeguard.web.desks import Desks, Law

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


def clip(path: Path, started_at: datetime, camera: str, frames: int = 20) -> Path:
    """Two seconds of a checked picture, as the recorder writes its metadata."""
    image = np.indices((90, 160)).sum(axis=0) % 2 * 255
    frame = np.repeat(image[:, :, None], 3, axis=2).astype(np.uint8)
    with av.open(str(path), "w", format="mp4") as target:
        target.metadata.update(about_clip(started_at, camera, is_clock_synced=True))
        stream = target.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for _ in range(frames):
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


class EachInTheirHalf:
    """Finds somebody left and somebody right, who stand still."""

    name = "half:test"

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        return (Detection((10, 10, 60, 80), 0.9), Detection((100, 10, 150, 80), 0.9))

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def finder() -> Callable[[], Detector] | None:
    return EachInTheirHalf


@pytest.fixture
def desks(
    tmp_path: Path, journal: Journal, clock: SetClock, finder: Callable[[], Detector] | None
) -> Iterator[Desks]:
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
    viewings = ViewingDesk(places, tmp_path / "state", STORE, desk, clock, finder)
    yield Desks(
        desk,
        InventoryDesk(tmp_path, journal, STORE.timezone),
        PastDesk(journal, clock, STORE.timezone),
        Law("강남 1호점", ("door",), 30, "김점주", "02-000-0000", False, ""),
        viewings=viewings,
    )
    viewings.shut()


@pytest.fixture
async def owner(signed_in: Any, desks: Desks) -> Any:
    return await signed_in(desks)


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


async def made(owner: httpx.AsyncClient, page: str, **form: Any) -> str:
    """The request's page when the export is over."""
    answer = await owner.post(f"{page}/export", data=form)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == page
    return await over(owner, page)


async def over(owner: httpx.AsyncClient, page: str) -> str:
    """As a browser that is told to come again."""
    while "http-equiv" in (shown := (await owner.get(page)).text):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return shown


async def given(owner: httpx.AsyncClient, page: str, **form: Any) -> zipfile.ZipFile:
    assert f'href="{page}/export.zip"' in await made(owner, page, **form)
    answer = await owner.get(f"{page}/export.zip")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    return zipfile.ZipFile(io.BytesIO(answer.content))


def pictures(archive: zipfile.ZipFile, name: str) -> list[np.ndarray]:
    with av.open(io.BytesIO(archive.read(name))) as source:
        return [frame.to_ndarray(format="gray").astype(int) for frame in source.decode(video=0)]


def contrast_of(picture: np.ndarray) -> float:
    """Between neighbours: a check that can still be seen has much."""
    return float(np.abs(np.diff(picture, axis=1)).mean())


def contrast(archive: zipfile.ZipFile, name: str) -> float:
    return contrast_of(pictures(archive, name)[0])


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
    assert "골라 주세요" in (await owner.get(f"{page}?not_begun=none")).text
    none = await owner.post(f"{page}/export")
    assert none.headers["location"] == f"{page}?not_begun=none"
    assert (await owner.post(f"{page}/export", data={"clip": "0" * 12})).status_code == 404


async def marked(owner: httpx.AsyncClient, page: str, key: str, **chosen: str) -> None:
    answer = await owner.post(f"{page}/clips/{key}/person", data=chosen)
    assert answer.headers["location"] == page


async def test_whoever_is_marked_is_shown_and_the_rest_is_blurred_in_each_picture(
    owner: httpx.AsyncClient, tmp_path: Path
):
    page = await asked(owner)
    door, shelf = keys((await owner.get(page)).text)
    stills = (await owner.get(f"{page}/clips/{door}/person")).text
    assert re.findall(r'data-chooses="(s0-\d)"', stills) == ["s0-0", "s0-1"]
    picture = await owner.get(f"{page}/clips/{door}/stills/0.jpg")
    assert picture.content.startswith(b"\xff\xd8")
    assert (await owner.get(f"{page}/clips/{door}/stills/99.jpg")).status_code == 404
    wrong = {"s0": "7"}
    assert (await owner.post(f"{page}/clips/{door}/person", data=wrong)).status_code == 404
    await marked(owner, page, door, s0="1", s1="")
    assert "화면 1장에 표시함" in (await owner.get(page)).text
    assert 'value="1" checked' in (await owner.get(f"{page}/clips/{door}/person")).text
    assert "영상 1: 본인이 보이는 화면 100%" in await made(owner, page, clip=[door, shelf])
    archive = await given(owner, page, clip=[door, shelf])
    shown = pictures(archive, "clips/01-door.mp4")
    assert len(shown) == 20
    for one in shown:
        assert contrast_of(one[14:76, 104:146]) > 100
        assert contrast_of(one[:, :96]) < 6
    assert contrast(archive, "clips/02-shelf.mp4") < 5
    assert "본인만 보임 (화면의 100%)" in archive.read("summary.html").decode()
    newest = AccessLog(tmp_path / "state").newest(1)[0]
    assert (newest.what, newest.why) == (
        "viewing_export",
        "김손님: 2 (0 as recorded, 1 with the person)",
    )


async def test_marks_stay_over_a_restart_and_go_with_the_answer(
    owner: httpx.AsyncClient, tmp_path: Path
):
    page = await asked(owner)
    door, _ = keys((await owner.get(page)).text)
    await marked(owner, page, door, s0="0", s1="0")
    state = tmp_path / "state"
    [kept] = ViewingsFile(state).all()
    assert [mark.box for mark in kept.marks_of(door)] == [(10.0, 10.0, 60.0, 80.0)] * 2
    await made(owner, page, clip=[door])
    assert next(state.glob("viewing-*.zip")).stat().st_mode & 0o777 == 0o600
    await owner.post(f"{page}/close", data={"outcome": "answered"})
    assert ViewingsFile(state).all()[0].marks == ()
    assert [*state.glob("viewing-*")] == []
    assert (await owner.get(f"{page}/export.zip")).status_code == 404
    marks = await owner.post(f"{page}/clips/{door}/person", data={"s0": "0"})
    assert marks.status_code == 404


@pytest.mark.parametrize("finder", [None])
async def test_without_a_network_the_page_says_so_and_all_is_blurred(owner: httpx.AsyncClient):
    page = await asked(owner)
    shown = (await owner.get(page)).text
    assert "신경망이 필요합니다" in shown
    assert "/person" not in shown
    archive = await given(owner, page, clip=[keys(shown)[0]])
    assert contrast(archive, "clips/01-door.mp4") < 5


class Slow(EachInTheirHalf):
    """Until the test has looked."""

    go_on = threading.Event()

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        self.go_on.wait(20)
        return super().people(frame)


@pytest.mark.parametrize("finder", [Slow])
async def test_while_one_is_made_the_page_waits_and_another_is_put_off(
    owner: httpx.AsyncClient,
):
    page, other = await asked(owner), await asked(owner, who="이손님")
    door, shelf = keys((await owner.get(page)).text)
    Slow.go_on.set()
    await marked(owner, page, door, s0="1")
    Slow.go_on.clear()
    try:
        await owner.post(f"{page}/export", data={"clip": door})
        assert 'http-equiv="refresh"' in (await owner.get(page)).text
        assert (await owner.get(f"{page}/export.zip")).status_code == 404
        answer = await owner.post(f"{other}/export", data={"clip": door})
        assert answer.headers["location"] == f"{other}?not_begun=busy"
        assert "다른 영상을 가리는 중" in (await owner.get(answer.headers["location"])).text
        assert "다른 영상을 가리는 중" in (await owner.get(f"{page}/clips/{shelf}/person")).text
    finally:
        Slow.go_on.set()
    assert "export.zip" in await over(owner, page)


class Broken(EachInTheirHalf):
    """As a network whose runtime has gone."""

    is_broken = False

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        if self.is_broken:
            raise DetectorFault("half:test: the network failed")
        return super().people(frame)


@pytest.mark.parametrize("finder", [Broken])
async def test_where_nobody_can_be_followed_no_file_is_made_and_the_page_says_so(
    owner: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    page = await asked(owner)
    door, _ = keys((await owner.get(page)).text)
    await marked(owner, page, door, s0="1")
    monkeypatch.setattr(Broken, "is_broken", True)
    assert "파일을 만들지 못했습니다" in await made(owner, page, clip=[door])
    monkeypatch.setattr(Broken, "is_broken", False)
    monkeypatch.setattr("storeguard.viewingexport.SPARED_BYTES", 1 << 60)
    assert "저장 공간이 모자라" in await made(owner, page, clip=[door])
    assert [*(tmp_path / "state").glob("viewing-*")] == []


async def test_thirty_clips_leave_in_one_file(owner: httpx.AsyncClient, tmp_path: Path):
    for number in range(30):
        more = tmp_path / "record" / f"more-{number}.mp4"
        clip(more, AT + timedelta(seconds=number), "door", frames=2)
    page = await asked(owner)
    found = keys((await owner.get(page)).text)
    assert len(found) == 32
    archive = await given(owner, page, clip=found)
    assert len(archive.namelist()) == 34
    assert archive.testzip() is None


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


async def test_loose_clips_are_held_until_the_request_is_answered_or_refused(
    owner: httpx.AsyncClient, tmp_path: Path
):
    state, record = tmp_path / "state", tmp_path / "record"
    asked_for = AskedFor(state, record)
    assert asked_for.clips() == set()
    page, other = await asked(owner), await asked(owner, start="22:40", end="02:00")
    assert asked_for.clips() == {record / name for name in ("a.mp4", "b.mp4", "c.mp4")}
    await owner.post(f"{page}/close", data={"outcome": "answered"})
    assert asked_for.clips() == {record / "c.mp4"}
    await owner.post(f"{other}/close", data={"outcome": "refused", "reason": "기간이 지남"})
    assert asked_for.clips() == set()


async def test_a_store_that_runs_cleans_around_what_is_asked_for(
    owner: httpx.AsyncClient, tmp_path: Path
):
    """As the daemon builds its cleaner."""
    await asked(owner)
    folders = Folders.of(Config(paths=Paths(issue_data="issues")), tmp_path)
    ours = cleaner(Config(), folders)
    held = {one.item.name for one in ours._aged() if one.item.is_held}
    assert held == {"record/b.mp4", ID, f"{ID}/clip-1.mp4"}


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
    owner: httpx.AsyncClient, signed_in: Any, desks: Desks, tmp_path: Path
):
    page = await asked(owner)
    key = keys((await owner.get(page)).text)[0]
    staff = await signed_in(desks, "staff")
    still = f"{page}/clips/{key}/stills/0.jpg"
    for path in (ROOT, page, f"{page}/clips/{key}.mp4", f"{page}/export.zip", still):
        assert (await staff.get(path)).status_code == 403, path
    for path in (ROOT, f"{page}/export", f"{page}/close", f"{page}/clips/{key}/person"):
        assert (await staff.post(path, data=WISH)).status_code == 403, path
    assert "열람 요구" not in (await staff.get("/")).text
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
    person = f"{page}/clips/{keys((await owner.get(page)).text)[0]}/person"
    for path in (ROOT, page, person, "/people", "/"):
        answer = await owner.get(path)
        assert answer.status_code == 200, path
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", answer.text), path
