"""The page behind the SMS in a real browser, on the demo's cloud: real functions, moto's AWS."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from storeguard.demo_cloud import BUCKET, CREDENTIALS, S3_REGION
from storeguard.domain.issue import Issue, IssueLine, IssueStep, IssueStore
from storeguard.outbox import folder as outbox
from storeguard.outbox.decisions import apply, decisions_in
from storeguard.outbox.delivery import deliver, fetch_receipt
from storeguard.outbox.s3 import S3Store

AT = datetime.now(UTC).replace(microsecond=0)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
CLIP_S, FPS, STEP_S = 12, 5, 8.0
RECEIPT_WITHIN_S = 60.0
WHY = {
    "ko": ("A 선반의 무게가 265 g 줄었습니다.", "방문이 끝날 때까지 결제가 없었습니다."),
    "en": ("The weight on shelf A fell by 265 g.", "No payment came before the visit was over."),
}


@dataclass
class Site:
    """The demo's cloud, and one issue that its store has sent."""

    page: str
    password: str
    folder: Path
    objects: S3Store


def write_clip(path: Path) -> None:
    """Twelve seconds of a square that crosses a shop's floor."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS))
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(CLIP_S * FPS):
            pixels = np.full((180, 320, 3), (214, 204, 190), np.uint8)
            pixels[110:180] = (150, 140, 128)
            at = 10 + number * 4
            pixels[60:160, at : at + 34] = (52, 73, 94)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))


def write_picture(clip: Path, path: Path) -> None:
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="bgr24")
    path.write_bytes(cv2.imencode(".jpg", frame)[1].tobytes())


def sealed(root: Path, number: int, product: str, missing: int) -> Path:
    clip, picture = root.parent / f"{number}.mp4", root.parent / f"{number}.jpg"
    write_clip(clip)
    write_picture(clip, picture)
    step = IssueStep("A", AT, -265.0, "clip-1.mp4", STEP_S, product)
    lines = (IssueLine(product, 5 - missing, 5, missing, 1500 * missing, 1.0),)
    issue = Issue(f"issue-{number}", number, STORE, AT, True, AT, AT, lines, WHY, (step,))
    return outbox.seal(root, issue, picture, [clip], picture_time_label="at", fsync=False)


@pytest.fixture(params=["ko", "en"])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    cloud = subprocess.Popen(
        [sys.executable, "-m", "storeguard.demo_cloud", request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert cloud.stdin is not None
    assert cloud.stdout is not None
    try:
        said = json.loads(cloud.stdout.readline())
        objects = S3Store(BUCKET, S3_REGION, said["endpoint"])
        folders = [
            sealed(tmp_path / "issue_data", number, product, missing)
            for number, product, missing in ((6, "초코바", 2), (7, "바나나우유", 1))
        ]
        for folder in folders:
            deliver(folder, STORE.id, objects, fsync=False)
        wait_for_receipt(folders[-1], objects)
        yield Site(said["page"], said["password"], folders[-1], objects)
        objects.close()
    finally:
        cloud.stdin.close()
        cloud.wait(timeout=60)
        cloud.stdout.close()


def wait_for_receipt(folder: Path, objects: S3Store) -> None:
    given_up_s = time.monotonic() + RECEIPT_WITHIN_S
    while fetch_receipt(folder, objects, fsync=False) is None:
        assert time.monotonic() < given_up_s, "no receipt"
        time.sleep(0.05)


def log_in(chromium: Any, site: Site) -> None:
    chromium.open(site.page, "location.pathname === '/login'")
    chromium.run(
        f"document.querySelector('[name=password]').value = {json.dumps(site.password)};"
        "document.querySelector('form').submit()"
    )
    chromium.until("location.pathname === '/' && document.querySelectorAll('.card').length === 2")


def decided(site: Site) -> Any:
    """What lies where the Pi reads it."""
    content = site.objects.get("decisions/gangnam-1.json")
    return decisions_in(content) if content else None


def test_from_the_login_to_a_decision_that_reaches_the_store(chromium: Any, site: Site):
    log_in(chromium, site)
    pictures = "[...document.querySelectorAll('.thumb img')]"
    chromium.until(f"{pictures}.every(one => one.complete && one.naturalWidth === 320)")
    chromium.run("document.querySelector('.card a').click()")
    chromium.until("location.pathname.startsWith('/issues/gangnam-1/issue-')")
    chromium.open(f"{site.page}/issues/gangnam-1/issue-7", "document.querySelector('video')")
    assert_plays_from_the_mark(chromium)
    for decision in ("hold", "confirm", "open", "dismiss"):
        chromium.run(f"document.querySelector('button.{decision}').click()")
        chromium.until(f"document.querySelector('.chip.{decision}')")
    [said] = decided(site).decisions
    assert (said.id, said.decision) == ("issue-7", "dismiss")
    assert apply(site.folder.parent, said)
    assert "issue-7" in decided(site).opened


def assert_plays_from_the_mark(chromium: Any) -> None:
    """Three seconds before the goods left the shelf, and on from there."""
    video = "document.querySelector('video')"
    chromium.until(f"{video}.readyState >= 1 && {video}.currentTime >= {STEP_S} - 3.1")
    assert chromium.run(f"{video}.currentTime") < STEP_S
    chromium.run(f"{video}.muted = true; {video}.play()")
    chromium.until(f"{video}.currentTime > {STEP_S} - 2.5", within_s=60)
    assert chromium.run(f"{video}.error") is None


@pytest.mark.parametrize("width", [320, 360])
def test_nothing_is_wider_than_a_phone(chromium: Any, site: Site, width: int):
    chromium.new_phone(width, 740)
    log_in(chromium, site)
    for path in ("/", "/?show=all", "/stores", "/stores/gangnam-1", "/issues/gangnam-1/issue-7"):
        chromium.open(f"{site.page}{path}", "document.querySelector('main')")
        assert chromium.run("document.documentElement.scrollWidth") <= width, path
        # No figure is broken in two: each is one line high.
        broken = """[...document.querySelectorAll('.store .facts b')].filter((one) =>
            one.getBoundingClientRect().height > 1.7 * parseFloat(getComputedStyle(one).fontSize)
        ).map((one) => one.textContent)"""
        assert chromium.run(broken) == [], path
