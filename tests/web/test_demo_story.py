"""The owner's evening, in a real browser on the running `storeguard demo`: nothing is stood in."""

import hashlib
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

ACT_MS = 120_000


class Demo:
    """`storeguard demo --script thief`, as somebody types it, until it is closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = Path(sys.executable).with_name("storeguard")
        self._process = subprocess.Popen(
            [program, "demo", "--script", "thief", "--port", "0", "--out", folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.link = self._said(r"(http://\S+/login/\S+)")
        self.url = self.link.split("/login/")[0]

    def _said(self, pattern: str) -> str:
        assert self._process.stdout is not None
        seen = []
        for line in self._process.stdout:
            seen.append(line)
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError("".join(seen))

    def close(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=60)


expect.set_options(timeout=20_000)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path / "demo")
    yield demo
    demo.close()


def waits_at_the_album(page: Page, demo: Demo) -> None:
    page.goto(demo.link)
    page.goto(f"{demo.url}/issues")
    expect(page.locator("#album")).to_be_visible()
    page.evaluate("window.isSamePage = true")


def sees_the_issue_come(page: Page) -> None:
    expect(page.locator(".card")).to_contain_text("초코바 2개", timeout=ACT_MS)
    assert page.evaluate("window.isSamePage") is True, "it came without a reload"
    page.locator(".card a").first.click()
    page.wait_for_url("**/issues/*", wait_until="load")


def at_s(clip: Locator) -> float:
    return float(clip.evaluate("clip => clip.currentTime"))


def watches_it_at_its_step(page: Page) -> None:
    clip, jump = page.locator("#clip"), page.locator("[data-clip]").first
    expect(jump).to_be_visible(timeout=ACT_MS)
    step_s = float(jump.get_attribute("data-at") or 0)
    assert step_s > 0, "the clip has a past"
    jump.click()
    expect(clip).to_have_js_property("paused", False)
    # A function: the page's policy lets no expression be evaluated again and again.
    plays_on = "([clip, from_s]) => clip.currentTime > from_s"
    page.wait_for_function(plays_on, arg=[clip.element_handle(), step_s - 1])
    page.wait_for_function(plays_on, arg=[clip.element_handle(), at_s(clip) + 0.3])
    expect(clip).to_have_js_property("error", None)


def confirms(page: Page) -> None:
    page.locator("#confirm").click()
    expect(page.locator(".said .chip").first).to_have_text("확인함")


def takes_the_evidence_home(page: Page, folder: Path) -> None:
    page.locator("#export summary").click()
    with page.expect_download() as download:
        page.locator("#export button").click()
    download.value.save_as(folder / "evidence.zip")
    with zipfile.ZipFile(folder / "evidence.zip") as archive:
        sums = archive.read("SHA256SUMS.txt").decode().splitlines()
        files = dict(reversed(line.split(maxsplit=1)) for line in sums)
        assert any(name.endswith(".mp4") for name in files)
        for name, sha256 in files.items():
            assert hashlib.sha256(archive.read(name.lstrip("*"))).hexdigest() == sha256


def edits_the_csv_on_the_disk(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/inventory")
    [csv] = demo.folder.rglob("inventory_store.csv")
    text, changed = re.subn(
        r"(?m)^바나나우유,\d+,", "바나나우유,31,", csv.read_text(encoding="utf-8")
    )
    assert changed == 1
    csv.write_text(text, encoding="utf-8")
    expect(page.locator("input[name=count]").first).to_have_value("31")


def takes_somebody_on(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/people")
    page.locator("form.stack [name=name]").fill("minji")
    page.locator("form.stack [name=password]").fill("correct horse battery")
    page.locator("form.stack [name=role]").select_option("staff")
    page.locator("form.stack button").click()
    expect(page.locator("main")).to_contain_text("minji")


def logs_in(page: Page, demo: Demo, name: str, password: str) -> None:
    page.goto(f"{demo.url}/login")
    page.locator("#name").fill(name)
    page.locator("#password").fill(password)
    page.locator("form button").click()


def test_an_owner_sees_watches_confirms_exports_and_edits(
    chromium: Any, demo: Demo, tmp_path: Path
) -> None:
    chromium.do(lambda page: waits_at_the_album(page, demo))
    chromium.do(sees_the_issue_come)
    chromium.do(watches_it_at_its_step)
    chromium.do(confirms)
    chromium.do(lambda page: takes_the_evidence_home(page, tmp_path))
    chromium.do(lambda page: edits_the_csv_on_the_disk(page, demo))
    chromium.do(lambda page: takes_somebody_on(page, demo))

    chromium.new_page()
    chromium.do(lambda page: staff_is_kept_out(page, demo))
    chromium.new_phone()
    chromium.do(lambda page: a_customer_buys_by_touch(page, demo))
    chromium.new_page()
    chromium.do(lambda page: a_guesser_has_to_wait(page, demo))


def staff_is_kept_out(page: Page, demo: Demo) -> None:
    logs_in(page, demo, "minji", "correct horse battery")
    expect(page.locator("#rows")).to_be_visible()
    for path in ("/people", "/settings", "/issues"):
        answer = page.goto(f"{demo.url}{path}")
        assert answer is not None
        assert answer.status == 403, path


def a_customer_buys_by_touch(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/kiosk")
    page.locator(".tile").first.tap()
    page.locator("#pay").tap()
    expect(page.locator("#thanks")).to_be_visible()
    expect(page.locator("#paid li")).to_have_count(1)


def a_guesser_has_to_wait(page: Page, demo: Demo) -> None:
    for _ in range(6):
        logs_in(page, demo, "owner", "something else")
        expect(page.locator(".refusal")).to_be_visible()
    expect(page.locator(".refusal")).to_contain_text("여러 번 틀렸습니다")
