"""Every page on a phone, a tablet and a desk, for people to judge: `make screenshots`.

The console, the kiosk and the page behind the SMS of a running `storeguard demo`, then the first
steps of a card with nothing on it. A folder as argument; the pictures are not committed.
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desk": (1280, 800)}
CONSOLE = (
    "/", "/issues", "/inventory", "/inventory/history?product=초코바", "/visits", "/days",
    "/devices", "/settings", "/settings/sign", "/settings/policy",
    "/people", "/people/viewings", "/people/review", "/people/breaches", "/password", "/kiosk",
    "/login",
)  # fmt: skip
STEPS = ("store", "products", "scales", "weigh", "camera", "phone", "start")
PROGRAM = Path(sys.executable).with_name("storeguard")
CARD = "store: {id: store-1}\nweb: {port: 0}\n"
CSV = "상품명, 개수, 가격, 무게\n바나나우유,0,1500,265\n초코바,0,1200,52\n"


@contextmanager
def running(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """`storeguard …`, until the block ends."""
    with subprocess.Popen(
        [PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def said(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """The first line that says so."""
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="")
        if found := re.search(pattern, line):
            return found
    raise SystemExit(f"{process.args}: ended without {pattern!r}")


class Camera:
    """Takes each page at each size."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._folder = folder
        self.page: Page = browser.new_context(has_touch=True).new_page()

    def take(self, url: str, name: str) -> None:
        for size, (width, height) in SIZES.items():
            self.page.set_viewport_size({"width": width, "height": height})
            answer = self.page.goto(url)
            if answer is not None and answer.status != 200:
                print(f"{url}: {answer.status}")
                return
            self.page.wait_for_timeout(700)
            self.page.screenshot(path=self._folder / f"{name}-{size}.png", full_page=True)


def name_of(path: str) -> str:
    return path.partition("?")[0].strip("/").replace("/", "-") or "now"


def demo(camera: Camera, folder: Path) -> None:
    with running("demo", "--script", "both", "--port", 0, "--out", folder) as process:
        link = said(process, r"(http://\S+/login/\S+)")[1]
        url = link.split("/login/")[0]
        said(process, "계속 열려|stays open")
        camera.page.goto(link)
        for path in CONSOLE:
            camera.take(url + path, name_of(path))
        camera.page.goto(f"{url}/issues")
        issue = camera.page.locator(".card a").first.get_attribute("href")
        camera.take(f"{url}{issue}", "issue")
        camera.page.goto(f"{url}/visits")
        visit = camera.page.locator("main a[href^='/visits/']").first
        if visit.count():
            camera.take(f"{url}{visit.get_attribute('href')}", "visit")


def first_steps(camera: Camera, folder: Path) -> None:
    (folder / "inventory").mkdir(parents=True)
    (folder / "config.yaml").write_text(CARD, encoding="utf-8")
    (folder / "inventory" / "inventory_store.csv").write_text(CSV, encoding="utf-8")
    with running("run", "--config", folder / "config.yaml") as process:
        url, code = said(process, r"open (http://\S+)/login/code .*code (\S+) within").groups()
        camera.take(f"{url}/login/code", "login-code")
        camera.page.locator("[name=code]").fill(code)
        camera.page.locator("[name=name]").fill("owner")
        camera.page.locator("[name=password]").fill("correct horse battery")
        camera.page.locator("form button").click()
        camera.page.wait_for_url(f"{url}/")
        for step in STEPS:
            camera.take(f"{url}/setup/{step}", f"setup-{step}")


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("screenshots: no chromium here; sudo apt-get install chromium")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as room:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        demo(Camera(browser, folder), Path(room) / "demo")
        first_steps(Camera(browser, folder), Path(room) / "card")
        browser.close()
    print(f"{len([*folder.glob('*.png')])} pictures in {folder}")


if __name__ == "__main__":
    main()
