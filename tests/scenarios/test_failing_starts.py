"""The daemon as a service whose start fails: it comes to guard, or to safe mode, never round."""

import contextlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from storeguard.upkeep.starts import DEEPEST, LIMIT, boot_id

STOREGUARD = str(Path(sys.executable).with_name("storeguard"))
SOON_S = 60
"""A limit for what hangs when it is broken, on a machine with other work; not a figure."""

FIGURES = os.environ.get("STOREGUARD_STARTS")

FIRST_SAFE = LIMIT + 1
MOST_STARTS = FIRST_SAFE + DEEPEST
"""Safe mode that is killed itself does with less."""

CSV = "상품명, 개수, 가격, 무게\n바나나우유,6,1500,265\n초코바,50,1200,52\n"
CONFIG = """
store: {id: gangnam-1, name: 강남 1호점}
scales: [{id: A, products: [바나나우유], backend: sim}, {id: B, products: [초코바], backend: sim}]
cameras: [{id: door, backend: sim, record_size_px: [320, 180]}]
detector: {backend: sim}
visits: {empty_for_s: 1, settle_for_s: 0.5, payment_grace_s: 1}
web: {port: 0}
"""


@pytest.fixture
def shop(tmp_path):
    folder = tmp_path / "shop"
    (folder / "inventory").mkdir(parents=True)
    kiosk(folder).write_text(CSV, encoding="utf-8")
    configure(folder, CONFIG)
    return folder


def kiosk(folder):
    return folder / "inventory" / "inventory_store.csv"


def configure(folder, text):
    (folder / "config.yaml").write_text(text, encoding="utf-8")


class Service:
    """What systemd does with the unit, `RestartSec` left out: starts it until it is ready."""

    def __init__(self, folder, **env):
        self.folder = folder
        self.starts = 0
        self.own_s = 0.0
        self.log = ""
        self.status = None
        self.process = None
        self._address = str(folder.parent / "notify")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._address)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._address)
        self._socket.settimeout(0.05)
        self._env = os.environ | {"NOTIFY_SOCKET": self._address, **env}

    def run(self):
        """Starts it, again and again, until it says READY; returns its STATUS."""
        while self.starts < MOST_STARTS:
            status = self._start()
            if status is not None:
                return status
        raise AssertionError(f"goes round in circles:\n{self.log}")

    def _start(self):
        self.starts += 1
        began_s = time.monotonic()
        self._log = self.folder.parent / f"log-{self.starts}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [STOREGUARD, "run", "--config", str(self.folder / "config.yaml")],
                stderr=log,
                env=self._env,
            )
        try:
            return self._until_ready(began_s)
        finally:
            self.own_s += time.monotonic() - began_s
            self.log += self._log.read_text(encoding="utf-8")

    def _until_ready(self, began_s):
        while time.monotonic() - began_s < SOON_S:
            said = self.heard()
            if "READY" in said:
                return said["STATUS"]
            if self.process.poll() is not None:
                assert self.process.returncode != 0, self.log
                return None
        raise AssertionError(f"neither ready nor ended:\n{self._log.read_text()}")

    def heard(self):
        try:
            said = self._socket.recv(4096).decode()
        except TimeoutError:
            return {}
        return dict(line.split("=", 1) for line in said.splitlines())

    def ends_itself(self):
        """With exit code 0, so that systemd starts it anew."""
        return self.process.wait(SOON_S)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(SOON_S)
        self._socket.close()


@contextlib.contextmanager
def service(folder, **env):
    one = Service(folder, **env)
    try:
        yield one
    finally:
        one.close()


def broken(package):
    """An installation in which a package cannot be imported."""

    def break_it(folder):
        place = folder.parent / "broken"
        place.mkdir()
        (place / f"{package}.py").write_text(f"raise ImportError('{package} is broken')\n")
        return {"PYTHONPATH": os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])}

    return break_it


def kills(package):
    """A package whose native code takes the process with it."""

    def break_it(folder):
        place = folder.parent / "broken"
        place.mkdir()
        (place / f"{package}.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
        return {"PYTHONPATH": os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])}

    return break_it


def with_config(text, encoding="utf-8"):
    return lambda folder: (folder / "config.yaml").write_bytes(text.encode(encoding)) and None


def changed(old, new):
    assert old in CONFIG
    return with_config(CONFIG.replace(old, new))


def with_csv(content):
    return lambda folder: kiosk(folder).write_bytes(content) and None


def file_at(name):
    return lambda folder: (folder / name).write_text("in the way") and None


def folder_at(name):
    def make(folder):
        path = folder / name
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        path.mkdir(parents=True)

    return make


def garbage_at(name):
    def write(folder):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"\x00\xff garbage {" * 500)

    return write


def no_config(folder):
    (folder / "config.yaml").unlink()


def no_csv(folder):
    kiosk(folder).unlink()


def no_inventory(folder):
    shutil.rmtree(folder / "inventory")


def unwritable_state(folder):
    (folder / "state").symlink_to("/proc/1/nowhere")


def newer_journal(folder):
    (folder / "state").mkdir()
    database = sqlite3.connect(folder / "state" / "storeguard.db")
    database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.commit()
    database.close()


RUNS, SAFE, EITHER = (re.compile(word) for word in ("guards", "safe mode", "guards|safe mode"))
REAL = "dout_pin: 20, sck_pin: 16, calibration: {counts_per_g: 429.0}"

WAYS = {
    "no configuration": (no_config, SAFE),
    "an empty configuration": (with_config(""), SAFE),
    "a tab": (changed("scales: [{", "scales:\n\t- {"), SAFE),
    "half a configuration": (with_config(CONFIG[:90]), SAFE),
    "an unknown key": (changed("web:", "wbe:"), SAFE),
    "not UTF-8": (with_config(CONFIG, "cp949"), SAFE),
    "a folder as configuration": (folder_at("config.yaml"), SAFE),
    "a telephone number without quotes": (changed("강남 1호점", "01012345670"), SAFE),
    "a product on two scales": (changed("[초코바]", "[바나나우유]"), SAFE),
    "a product that is in no CSV": (changed("[초코바]", "[없는과자]"), SAFE),
    "no network file": (
        changed("{backend: sim}\nvisits", "{backend: onnx, model: nowhere}\nvisits"),
        SAFE,
    ),
    "an extra that is missing": (
        changed("{backend: sim}\nvisits", "{backend: ultralytics}\nvisits"),
        SAFE,
    ),
    "a camera of a trace": (changed("id: door, backend: sim", "id: door, backend: replay"), SAFE),
    "pandas cannot be imported": (broken("pandas"), RUNS),
    "SQLAlchemy cannot be imported": (broken("sqlalchemy"), SAFE),
    "OpenCV cannot be imported": (broken("cv2"), SAFE),
    "FastAPI cannot be imported": (broken("fastapi"), SAFE),
    "a package that kills the process": (kills("av"), SAFE),
    "a malformed CSV": (with_csv(b"nonsense\n"), SAFE),
    "an empty CSV": (with_csv(b""), SAFE),
    "half a CSV": (with_csv(CSV.encode()[:-5]), SAFE),
    "no CSV": (no_csv, SAFE),
    "no inventory": (no_inventory, SAFE),
    "a folder as CSV": (folder_at("inventory/inventory_store.csv"), SAFE),
    "a damaged journal": (garbage_at("state/storeguard.db"), EITHER),
    "a journal of a newer version": (newer_journal, SAFE),
    "a folder as journal": (folder_at("state/storeguard.db"), EITHER),
    "a folder as lock": (folder_at("state/lock"), SAFE),
    "a file as state": (file_at("state"), SAFE),
    "a state that cannot be written": (unwritable_state, SAFE),
    "a file as record": (file_at("record"), SAFE),
    "a file as issue_data": (file_at("issue_data"), SAFE),
    "a damaged scales.json": (garbage_at("state/scales.json"), RUNS),
    "a damaged announced.json": (garbage_at("state/announced.json"), RUNS),
    "a damaged starts.json": (garbage_at("state/starts.json"), RUNS),
    "a folder as event log": (folder_at("event.txt"), RUNS),
    "no camera": (
        changed("id: door, backend: sim", "id: door, backend: opencv, source: 9"),
        EITHER,
    ),
    "no GPIO": (changed("[초코바], backend: sim", f"[초코바], backend: gpiod, {REAL}"), RUNS),
    "an address of another machine": (changed("port: 0", "host: 203.0.113.7"), RUNS),
    "no network": (
        changed("web:", "upload: {bucket: b, endpoint_url: 'http://127.0.0.1:1'}\nweb:"),
        RUNS,
    ),
}


ONE_OF_EACH_KIND = (
    "no configuration",
    "a product that is in no CSV",
    "no network file",
    "an extra that is missing",
    "OpenCV cannot be imported",
    "a package that kills the process",
    "half a CSV",
    "a damaged journal",
    "a journal of a newer version",
    "a state that cannot be written",
    "a file as record",
    "a damaged starts.json",
    "no camera",
    "no network",
)


@pytest.mark.parametrize("way", ONE_OF_EACH_KIND)
def test_every_kind_of_failing_start_ends_guarding_or_in_safe_mode(shop, way):
    """Shortened: four starts have failed already, and one way stands for its kind."""
    break_it, expected = WAYS[way]
    more = break_it(shop) or {}
    four_have_failed(shop)
    with service(shop, **more) as one:
        assert expected.search(one.run())
        note(way, one)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_fail_from_the_first_start_on(shop, way):
    break_it, expected = WAYS[way]
    with service(shop, **(break_it(shop) or {})) as one:
        assert expected.search(one.run())
        note(way, one)


def four_have_failed(folder):
    failure = {"at_s": time.monotonic(), "why": "before"}
    state = {"boot": boot_id(), "stage": "normal", "failures": [failure] * (LIMIT - 1)}
    with contextlib.suppress(OSError):
        (folder / "state").mkdir(exist_ok=True)
        if not (folder / "state" / "starts.json").exists():
            said = json.dumps(state | {"began_s": None, "depth": 0})
            (folder / "state" / "starts.json").write_text(said)


def note(way, one):
    """Keeps the figures where somebody asks for them."""
    if FIGURES:
        record = {"way": way, "starts": one.starts, "own_s": round(one.own_s, 2)}
        with open(FIGURES, "a", encoding="utf-8") as figures:
            figures.write(json.dumps(record | {"log": one.log[-300:]}, ensure_ascii=False) + "\n")


def test_a_port_that_is_taken_costs_the_pages_only(shop):
    with socket.create_server(("127.0.0.1", 0)) as other:
        configure(shop, CONFIG.replace("port: 0", f"port: {other.getsockname()[1]}"))
        with service(shop) as one:
            assert "pages: none" in one.run()


# --- what safe mode does -----------------------------------------------------------------------


def get(folder, path):
    daemon = json.loads((folder / "state" / "daemon.json").read_text())
    headers = {"authorization": f"Bearer {daemon['token']}"}
    asked = urllib.request.Request(daemon["url"] + path, headers=headers)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return answer.read().decode()


def test_safe_mode_says_why_sells_and_leaves_when_the_configuration_is_mended(shop):
    configure(shop, CONFIG.replace("[초코바]", "[없는과자]"))
    with service(shop) as one:
        assert "safe mode" in one.run()
        assert one.starts == FIRST_SAFE
        snapshot = json.loads(get(shop, "/api/v1/snapshot"))
        assert snapshot["cameras"] == snapshot["scales"] == []
        said = "\n".join(snapshot["banner"])
        assert "안전 모드" in said
        assert "없는과자" in said
        assert json.loads(get(shop, "/healthz"))["status"] == "safe"
        config = str(shop / "config.yaml")
        sold = subprocess.run(
            [STOREGUARD, "sell", "초코바", "2", "--config", config], capture_output=True, text=True
        )
        assert sold.returncode == 0, sold.stderr
        configure(shop, CONFIG)
        assert one.ends_itself() == 0
    with service(shop) as again:
        assert "guards" in again.run()
        assert again.starts == 1


def test_after_safe_mode_one_normal_start_is_tried_and_its_failure_is_safe_again(shop):
    configure(shop, CONFIG.replace("[초코바]", "[없는과자]"))
    four_have_failed(shop)
    with service(shop) as one:
        one.run()
    with service(shop) as again:
        assert "safe mode" in again.run()
        assert again.starts == 2


def test_without_books_the_page_still_says_why_and_nothing_is_sold(shop):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configure(shop, CONFIG.replace("port: 0", f"port: {port}"))
    newer_journal(shop)
    four_have_failed(shop)
    with service(shop) as one:
        assert "no books" in one.run()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
            assert "9999" in page.read().decode()
        sale = json.dumps(
            {"lines": [{"product": "초코바", "count": 1}], "key": "12345678"}
        ).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/kiosk", timeout=10) as kiosk:
            cookie = kiosk.headers["set-cookie"].split(";")[0]
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/sales",
            sale,
            {"content-type": "application/json", "cookie": cookie},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=10)
        assert refused.value.code == 409
        refused.value.close()


def test_a_broken_configuration_is_replaced_by_the_last_good_one_until_it_is_mended(shop):
    (shop / "state").mkdir()
    shutil.copy(shop / "config.yaml", shop / "state" / "config.last-good.yaml")
    configure(shop, CONFIG.replace("web:", "wbe:"))
    with service(shop) as one:
        assert "guards '강남 1호점'" in one.run()
        assert one.starts == 1
        [sentence] = json.loads(get(shop, "/api/v1/snapshot"))["banner"]
        assert sentence.startswith("K701 ")
        assert "line 7: wbe" in sentence
        configure(shop, "")
        time.sleep(2.5)
        assert one.process.poll() is None
        configure(shop, CONFIG)
        assert one.ends_itself() == 0


def test_a_clean_stop_is_no_failed_start(shop):
    """What is kept is after the second as after the first: any number may follow."""
    kept = []
    for _ in range(2):
        with service(shop) as one:
            assert "guards" in one.run()
            assert one.starts == 1
        kept.append(json.loads((shop / "state" / "starts.json").read_text()))
    assert kept[0]["failures"] == []
    assert {**kept[0], "began_s": None} == {**kept[1], "began_s": None}


def test_at_a_terminal_a_bad_configuration_stays_an_error(shop):
    configure(shop, CONFIG.replace("web:", "wbe:"))
    env = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
    command = [STOREGUARD, "run", "--config", str(shop / "config.yaml")]
    for _ in range(2):
        said = subprocess.run(command, capture_output=True, text=True, env=env, timeout=SOON_S)
        assert (said.returncode, said.stdout) == (2, "")
        assert len(said.stderr.splitlines()) == 1
    assert not (shop / "state").exists()
