"""Who asks is tapped on a clip's picture, or chosen by keyboard; the zip shows them alone."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from storeguard import config
from storeguard.books.journal import Journal
from storeguard.books.viewings import ViewingsFile
from storeguard.clock import SystemClock
from storeguard.domain.issue import IssueStore
from storeguard.domain.occupancy import Detection
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.pastdesk import PastDesk
from storeguard.ports import Detector, Frame
from storeguard.viewingdesk import Places, ViewingDesk
from storeguard.vision.clipfile import about_clip
from storeguard.vision.sighting import finder_of
from storeguard.web.desks import Desks, Law
from storeguard.web.viewingdesk import ViewingWish

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
AT = datetime(2026, 11, 20, 13, 20, tzinfo=UTC)  # 22:20 in Seoul
AISLE = "store/store-aisle-detection.gif"
PAGE = "/people/viewings/2026-11-20-1"
MARK = "document.querySelector('.reels a[href$=\"/person\"]')"
STILLS = "document.querySelectorAll('.still').length > 0"
PICTURE = "document.querySelector('.still image').getBoundingClientRect().width > 100"


class TwoPeople:
    """Left and right on every picture."""

    name = "two:test"

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        return (Detection((60, 60, 140, 250), 0.9), Detection((300, 60, 380, 250), 0.9))

    def close(self) -> None:
        """Nothing to end."""


def finder() -> Detector:
    """The real network on the real clip, where they are there."""
    network = Path(os.environ.get("STOREGUARD_MODELS", "none"), "yolox_nano.onnx")
    make = finder_of(config.Detector(backend="onnx", model=str(network)))
    assert make is not None
    return make() if network.exists() and aisle() else TwoPeople()


def aisle() -> Path | None:
    path = Path(os.environ.get("STOREGUARD_MEDIA", "none"), AISLE)
    return path if path.exists() else None


def images() -> Iterator[np.ndarray]:
    if path := aisle():
        with av.open(str(path)) as source:
            yield from (frame.to_ndarray(format="bgr24") for frame in source.decode(video=0))
    else:
        yield from (np.full((270, 480, 3), 90, np.uint8) for _ in range(20))


@pytest.fixture
def shown(shop: Any, door: Any, serve: Any, tmp_path: Path) -> Iterator[Any]:
    clock, state, record = SystemClock(), tmp_path / "state", tmp_path / "record"
    journal = Journal.in_folder(state, fsync=False)
    journal.open()
    record.mkdir()
    with av.open(str(record / "a.mp4"), "w", format="mp4") as target:
        target.metadata.update(about_clip(AT, "door", is_clock_synced=True))
        stream = target.add_stream("libx264", rate=16, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for image in images():
            target.mux(stream.encode(av.VideoFrame.from_ndarray(image[:270], format="bgr24")))
        target.mux(stream.encode())
    issues = IssueDesk(tmp_path / "issues", state, STORE, journal, None, clock)  # type: ignore[arg-type]
    places = Places(record, tmp_path / "issues")
    viewings = ViewingDesk(places, state, STORE, issues, clock, finder)
    day, start = date(2026, 11, 20), time(22, 20)
    asyncio.run(viewings.ask(ViewingWish("김손님", "010", day, start, start, day), "owner"))
    desks = Desks(
        issues,
        InventoryDesk(tmp_path, journal, STORE.timezone),
        PastDesk(journal, clock, STORE.timezone),
        Law("강남 1호점", ("door",), 30, "홍길동", "02-000-0000", False, ""),
        viewings=viewings,
    )
    yield serve(shop, door, desks)
    viewings.shut()
    journal.close()


def shot(chromium: Any, name: str) -> None:
    """Into STOREGUARD_SHOTS, for whoever looks at the pages."""
    if folder := os.environ.get("STOREGUARD_SHOTS"):
        path = Path(folder, f"{name}.png")
        chromium.do(lambda page: page.screenshot(path=path, full_page=True))


def test_the_person_is_tapped_on_the_picture_and_the_zip_is_made(
    chromium: Any, shown: Any, findings: Any, tmp_path: Path
):
    chromium.new_phone()
    shown.sign_in(chromium)
    chromium.open(shown.url + PAGE, MARK)
    chromium.run(f"{MARK}.click()")
    chromium.until(f"{STILLS} && {PICTURE}")
    assert chromium.run("document.querySelectorAll('.is-chosen').length") == 0
    chromium.tap('[data-chooses="s0-0"] rect')
    chromium.until("document.getElementById('s0-0').checked")
    assert chromium.run("document.querySelector('.is-chosen').dataset.chooses") == "s0-0"
    assert findings(chromium) == []
    for name, width_px, height_px in (
        ("phone", 390, 844),
        ("tablet", 820, 1180),
        ("desk", 1280, 800),
    ):
        chromium.resize(width_px, height_px)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert chromium.run(wide) <= 0, name
        shot(chromium, f"person-{name}")
    chromium.run("document.querySelector('main form').requestSubmit()")
    chromium.until(f"location.pathname === '{PAGE}' && document.querySelector('.chip.answered')")
    [kept] = ViewingsFile(tmp_path / "state").all()
    assert len(kept.marks) == 1
    chromium.run("document.querySelector('[name=clip]').click()")
    chromium.run("document.querySelector('main form').requestSubmit()")
    chromium.until("document.querySelector('a[href$=\"/export.zip\"]')", within_s=120)
    assert findings(chromium) == []
    for name, width_px, height_px in (("phone", 390, 844), ("desk", 1280, 800)):
        chromium.resize(width_px, height_px)
        shot(chromium, f"ready-{name}")


def test_the_keyboard_alone_chooses_and_saves(chromium: Any, shown: Any, tmp_path: Path):
    chromium.resize(1280, 800)
    shown.sign_in(chromium)
    chromium.open(shown.url + PAGE, MARK)
    chromium.run(f"{MARK}.click()")
    chromium.until(STILLS)
    chromium.run("document.querySelector('.numbers input:checked').focus()")
    chromium.do(lambda page: page.keyboard.press("ArrowLeft"))
    chromium.until("document.querySelectorAll('.is-chosen').length === 1")
    chromium.do(lambda page: page.keyboard.press("Enter"))
    chromium.until(f"location.pathname === '{PAGE}' && document.querySelector('.chip.answered')")
    assert len(ViewingsFile(tmp_path / "state").all()[0].marks) == 1
