"""What an installer and an owner get wrong: each is one clear line, and nothing is lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from storeguard.books import csvfile
from storeguard.cli import main
from storeguard.outbox.folder import sealed_issues

ACTED = str(Path(__file__).with_name("acted_daemon.py"))
SOON_S = 40
"""A limit for what hangs when it is broken, on a machine with other work; not a figure."""

HEADER = "상품명, 개수, 가격, 무게\n"
CSV = HEADER + "바나나우유,6,1500,265\n초코바,12,1200,52\n"
CONFIG = """
store: {id: gangnam-1, name: 강남 1호점}
scales: [{id: A, products: [바나나우유], backend: sim}, {id: B, products: [초코바], backend: sim}]
cameras: [{id: door, backend: sim, record_size_px: [320, 180]}]
detector: {backend: sim}
visits: {empty_for_s: 1, settle_for_s: 0.5, payment_grace_s: 1}
web: {port: 0}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "inventory_store.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STOREGUARD_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def refused(*arguments):
    """The one line with which a verb refuses, and its exit code."""
    answer = CliRunner().invoke(main, arguments)
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    assert answer.stdout == ""
    [line] = answer.stderr.splitlines()
    return line, answer.exit_code


def contents(folder):
    """What the owner sees in it: the file that says whose folder it is is hidden."""
    seen = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    return {path.name: path.read_bytes() for path in seen if path.is_file()}


# --- the configuration -----------------------------------------------------------------------

PINS = "backend: hx711, calibration: {counts_per_g: 429.0}"
BAD_CONFIGS = {
    "an unknown key": (
        CONFIG + "kiosk: {paymnt: honour}\n",
        "line 8: kiosk.paymnt: unknown key; did you mean 'payment'?",
    ),
    "a key given twice": (
        CONFIG + "web: {port: 1}\n",
        "line 8: 'web' is given twice (first in line 7)",
    ),
    "an unquoted phone number": (
        CONFIG.replace("name: 강남 1호점", "name: 01012345670"),
        "store.name: expected text, got 01012345670, which YAML takes for something else; "
        'write "01012345670"',
    ),
    "two scales on one pin": (
        "scales:\n"
        f"  - {{id: A, products: [바나나우유], dout_pin: 20, sck_pin: 16, {PINS}}}\n"
        f"  - {{id: B, products: [초코바], dout_pin: 20, sck_pin: 21, {PINS}}}\n",
        "GPIO 20 is used by scales[0].dout_pin (line 2) and scales[1].dout_pin (line 3)",
    ),
    "a product on two scales": (
        CONFIG.replace("[초코바]", "[바나나우유]"),
        "'바나나우유' is on the scales 'A' and 'B'",
    ),
    "a product that the CSV does not have": (
        CONFIG.replace("[초코바]", "[없는과자]"),
        "product '없는과자' is not in the inventory",
    ),
    "a detector whose package is not installed": (
        CONFIG.replace("detector: {backend: sim}", "detector: {backend: ultralytics}"),
        "detector.backend: detector ultralytics needs the package 'ultralytics'",
    ),
    "a camera of a trace": (
        CONFIG.replace("id: door, backend: sim", "id: door, backend: replay"),
        "cameras[0].backend: 'replay' is for a trace",
    ),
    "a real scale without calibration": (
        CONFIG.replace(
            "[초코바], backend: sim", "[초코바], backend: hx711, dout_pin: 1, sck_pin: 2"
        ),
        "scales[1].calibration: is missing",
    ),
    "no network file": (
        CONFIG.replace("detector: {backend: sim}", "detector: {backend: onnx}"),
        "network 'yolo11n': not found",
    ),
    "an empty file": ("", "the file is empty"),
    "no mapping": ("store\n", "expected keys such as 'store:'"),
    "broken YAML": ("store: {id: x\n", "not valid YAML"),
}


@pytest.mark.parametrize("case", BAD_CONFIGS)
def test_a_bad_configuration_is_one_line_and_exit_2(shop, case):
    config, expected = BAD_CONFIGS[case]
    (shop / "config.yaml").write_text(config, encoding="utf-8")
    before = contents(shop / "inventory")["inventory_store.csv"]
    line, code = refused("run")
    assert code == 2
    assert line.startswith("storeguard: config.yaml: ")
    assert expected in line
    assert contents(shop / "inventory")["inventory_store.csv"] == before


@pytest.mark.parametrize("case", BAD_CONFIGS)
def test_check_config_finds_what_run_refuses(shop, case):
    config, expected = BAD_CONFIGS[case]
    (shop / "config.yaml").write_text(config, encoding="utf-8")
    answer = CliRunner().invoke(main, ["check-config"])
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert expected in answer.stderr


def test_a_missing_configuration_says_what_to_do(shop):
    line, code = refused("run", "--config", "nowhere.yaml")
    assert code == 2
    assert line == (
        "storeguard: nowhere.yaml: no such file; copy config.yaml of the repository, "
        "or name yours with --config"
    )


def test_a_shelf_column_that_disagrees_is_an_error(shop):
    text = "상품명, 개수, 가격, 무게, 선반\n바나나우유,6,1500,265,B\n초코바,12,1200,52,B\n"
    (shop / "inventory" / "inventory_store.csv").write_text(text, encoding="utf-8")
    line, code = refused("run")
    assert code == 2
    assert "the configuration puts it on scale 'A', the CSV's 선반 says 'B'" in line


def test_a_product_on_no_scale_is_a_note_and_no_error(shop):
    config = CONFIG.replace(", {id: B, products: [초코바], backend: sim}", "")
    (shop / "config.yaml").write_text(config, encoding="utf-8")
    answer = CliRunner().invoke(main, ["check-config"])
    assert answer.exit_code == 0
    assert "note: config.yaml: product '초코바' is on no scale" in answer.stdout


# --- the inventory ---------------------------------------------------------------------------

BAD_BOOKS = {
    "a missing column": ("상품명, 개수, 가격\n바나나우유,6,1500\n", "I805 '무게'"),
    "a negative count": (HEADER + "바나나우유,-6,1500,265\n", ":2 개수: I807 '-6'"),
    "a name twice": (HEADER + "초코바,1,1,1\n초코바,2,1,1\n", ":3 상품명: I806 '초코바'"),
    "half a file": (CSV[:-5], ":3: I803"),
    "an empty file": ("", "I80"),
}


@pytest.mark.parametrize("case", BAD_BOOKS)
def test_a_bad_csv_at_the_first_start_is_one_line_and_is_left_alone(shop, case):
    text, expected = BAD_BOOKS[case]
    path = shop / "inventory" / "inventory_store.csv"
    path.write_text(text, encoding="utf-8")
    line, code = refused("run")
    assert code == 1
    assert "inventory_store.csv" in line
    assert expected in line
    assert contents(shop / "inventory") == {"inventory_store.csv": text.encode()}
    assert expected in refused("books", "check")[0]
    assert expected in refused("sell", "초코바", "1")[0]


def test_after_a_bad_csv_at_the_first_start_mending_it_is_enough(shop):
    path = shop / "inventory" / "inventory_store.csv"
    path.write_text(CSV[:-5], encoding="utf-8")
    assert refused("run")[1] == 1
    path.write_text(CSV, encoding="utf-8")
    ends_well(shop)
    assert (shop / "inventory" / "inventory_weight.csv").exists()


def test_a_missing_csv_says_what_to_write_and_writing_it_is_enough(shop):
    path = shop / "inventory" / "inventory_store.csv"
    path.unlink()
    line, code = refused("run")
    assert code == 1
    assert "no such file; write it with the header '상품명, 개수, 가격, 무게'" in line
    path.write_text(CSV, encoding="utf-8")
    ends_well(shop)


def test_a_sale_before_the_first_start_is_no_obstacle(shop):
    assert CliRunner().invoke(main, ["sell", "초코바", "2"]).exit_code == 0
    ends_well(shop)
    shelf = (shop / "inventory" / "inventory_weight.csv").read_bytes()
    assert {row.name: row.count for row in csvfile.read(shelf, "shelf").rows}["초코바"] == 10


def test_a_cp949_csv_is_read_and_stays_cp949(shop):
    path = shop / "inventory" / "inventory_store.csv"
    path.write_bytes(CSV.encode("cp949"))
    assert CliRunner().invoke(main, ["sell", "초코바", "2"]).exit_code == 0
    assert path.read_bytes() == CSV.replace("초코바,12", "초코바,10").encode("cp949")


def test_books_check_names_every_bad_file(shop):
    for name in ("inventory_store.csv", "inventory_weight.csv"):
        (shop / "inventory" / name).write_text("상품명\n", encoding="utf-8")
    answer = CliRunner().invoke(main, ["books", "check"])
    assert answer.exit_code == 1
    assert [line.count("I805") for line in answer.stderr.splitlines()] == [1, 1]


@pytest.mark.parametrize("command", ["books check", "check-config", "doctor"])
def test_every_mistake_of_a_csv_is_named_at_once(shop, command):
    text = HEADER + "초코바,열둘,1200,52\n바나나우유,6,1500\n"
    (shop / "inventory" / "inventory_store.csv").write_text(text, encoding="utf-8")
    answer = CliRunner().invoke(main, command.split())
    said = answer.stdout + answer.stderr
    assert ":2 개수: I807 '열둘'" in said
    assert ":3: I803" in said


# --- the disk --------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["state", "record", "issue_data"])
def test_a_file_in_place_of_a_folder_is_one_line(shop, folder):
    (shop / folder).write_text("in the way")
    line, code = refused("run")
    assert code == 1
    assert f"/{folder}: is a file, expected a folder; move it away" in line
    assert (shop / folder).read_text() == "in the way"


def test_a_manifest_written_by_hand_keeps_nobody_from_starting(shop):
    folder = shop / "issue_data" / "2026-11-20_22-21-04.123456"
    folder.mkdir(parents=True)
    manifest = {"schema": 1, "id": folder.name, "sealed_at": "2026-11-20T13:21:04Z", "files": []}
    (folder / "issue.json").write_text(json.dumps(manifest))
    assert CliRunner().invoke(main, ["issues", "list"]).stdout == "no issues\n"
    ends_well(shop)
    assert (folder / "issue.json").exists()


class Acted:
    """The daemon with people in its store, its log in a file."""

    def __init__(self, folder, *prefix):
        self.folder, self._path = folder, folder / "log.txt"
        with self._path.open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, ACTED, str(folder / "config.yaml")],
                stdin=subprocess.PIPE,
                stderr=log,
            )

    @property
    def log(self):
        return self._path.read_text(encoding="utf-8")

    def __enter__(self):
        self.until("guards '")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.stdin.close()
        self.process.wait(SOON_S)

    def until(self, words):
        given_up_s = time.monotonic() + SOON_S
        while words not in self.log:
            assert time.monotonic() < given_up_s, self.log
            assert self.process.poll() is None, self.log
            time.sleep(0.02)

    def act(self, *deeds):
        for deed in deeds:
            done = self.log.count("acted: ")
            self.process.stdin.write(f"{deed}\n".encode())
            self.process.stdin.flush()
            while self.log.count("acted: ") == done:
                assert self.process.poll() is None, self.log
                time.sleep(0.02)


def ends_well(folder):
    """It starts, and ends when it is told to."""
    with Acted(folder) as daemon:
        pass
    assert daemon.process.returncode == 0, daemon.log


def test_folders_that_are_removed_while_it_runs_cost_no_issue(shop):
    """The event log is a folder as well: it cannot be written, and that is said."""
    (shop / "event.txt").mkdir()
    with Acted(shop) as daemon:
        daemon.act("enter", "take 바나나우유 2")
        shutil.rmtree(shop / "issue_data")
        shutil.rmtree(shop / "record")
        daemon.act("leave")
        daemon.until("missing 바나나우유 2")
        assert "event.txt: cannot be written: Is a directory" in daemon.log
    assert daemon.process.returncode == 0
    assert len(sealed_issues(shop / "issue_data")) == 1


def test_a_full_disk_under_issue_data_is_said_once_and_the_issue_comes_later(shop):
    """A mount of its own with room for nothing, until the owner deletes something."""
    (shop / "issue_data").mkdir()
    mounted = "mount -t tmpfs -o size=512k issues issue_data"
    fills = "head -c 512k /dev/zero > issue_data/.filler 2>/dev/null || true"
    if subprocess.run(["unshare", "-m", "sh", "-c", mounted], capture_output=True).returncode:
        pytest.skip("needs the right to mount (unshare -m)")
    script = f'{mounted}; {fills}; exec "$@"'
    with Acted(shop, "unshare", "-m", "sh", "-c", script, "sh") as daemon:
        daemon.act("enter", "take 바나나우유 1", "leave")
        daemon.until("No space left on device")
        time.sleep(3)
        assert daemon.log.count("reconciling failed") == 1
        there = Path(f"/proc/{daemon.process.pid}/root{shop}") / "issue_data"
        (there / ".filler").unlink()
        subprocess.run(
            [
                "nsenter",
                "-t",
                str(daemon.process.pid),
                "-m",
                "mount",
                "-o",
                "remount,size=64m",
                str(shop / "issue_data"),
            ],
            check=True,
        )
        daemon.until("missing 바나나우유 1")
        daemon.until("reconciling recovered")
        assert len(sealed_issues(there)) == 1
        assert os.listdir(shop / "issue_data") == []
