"""`storeguard doctor` as a whole: the example, a running daemon, broken disks, wrong use."""

import contextlib
import fcntl
import http.server
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from storeguard.cli import doctor as command
from storeguard.cli import main
from storeguard.devices.machine import Machine
from storeguard.lock import FolderLock
from storeguard.printing import width
from storeguard.upkeep import doctor
from storeguard.upkeep.checks import board, sensors

ROOT = Path(__file__).parents[2]
STOREGUARD = str(Path(sys.executable).with_name("storeguard"))
SOON_S = 60
"""A limit for what hangs when it is broken; not a figure."""

KEYS = ["check", "state", "what", "measured", "do"]
SYNCED = "run/systemd/timesync/synchronized"
DEVICES = {"scale.A", "scale.B", "scale.C", "scale.D", "scale.E", "scale.F", "camera.door"}


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The example store on a machine that says nothing odd of itself."""
    for name in ("config.yaml", "inventory", "record", "issue_data"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
    (tmp_path / "config.yaml").write_text(text.replace("port: 8080", "port: 0"), encoding="utf-8")
    (tmp_path / "root" / SYNCED).parent.mkdir(parents=True)
    (tmp_path / "root" / SYNCED).touch()
    machine = Machine(tmp_path / "root", lambda _: None, lambda _: False, {})
    monkeypatch.setattr(doctor, "Machine", lambda: machine)
    monkeypatch.setattr(sensors, "LISTEN_S", 1.5)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*arguments):
    return CliRunner().invoke(main, ["doctor", *arguments])


def findings(answer):
    return {one["check"]: one for one in map(json.loads, answer.stdout.splitlines())}


# --- the example -----------------------------------------------------------------------------


def test_the_example_store_is_in_order(example):
    answer = said()
    assert (answer.exit_code, answer.stderr) == (0, "")
    *lines, summary = answer.stdout.splitlines()
    assert len(lines) >= 25
    assert {line[0] for line in lines} == {"✓", "-"}
    assert re.fullmatch(r"정상 \d+, 건너뜀 \d+", summary)
    assert "\x1b" not in answer.stdout, "colours are for a terminal"


def test_looking_changes_nothing(example):
    before = {path: path.stat().st_mtime_ns for path in example.rglob("*") if path.is_file()}
    said("--json")
    assert {p: p.stat().st_mtime_ns for p in example.rglob("*") if p.is_file()} == before
    assert not (example / "state").exists()


def test_json_is_one_object_a_line_with_the_same_keys(example):
    answer = said("--json")
    assert answer.exit_code == 0
    objects = [json.loads(line) for line in answer.stdout.splitlines()]
    assert all(list(one) == KEYS for one in objects)
    assert {one["state"] for one in objects} == {"ok", "skip"}
    assert {one["check"] for one in objects} >= DEVICES | {"disk", "clock", "bucket", "notices"}


def test_it_speaks_the_stores_language(example):
    path = example / "config.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("language: ko", "language: en"), encoding="utf-8")
    answer = said()
    assert answer.exit_code == 0
    assert not re.search("[가-힣]", answer.stdout.replace("강남 1호점", ""))


def on_terminal(columns):
    """What a terminal of that width gets to show."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environ = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    child = subprocess.Popen([STOREGUARD, "doctor"], stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the other end has gone
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    child.wait(SOON_S)
    return shown.decode()


def test_a_terminal_gets_colours_and_lines_that_fit(example):
    shown = on_terminal(60)
    assert "\x1b[32m✓" in shown.replace("\x1b[1m", "") or "\x1b[32m\x1b[1m✓" in shown
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r\n", "\n").split("\n")
    last = [line.rpartition("\x1b[K")[2] for line in lines]
    wide = [line for line in last if width(line) > 60]
    assert [line for line in wide if "/" not in line] == [], "only a path is not broken"
    assert "… 저울 A" in shown, "what it is busy with"


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert command._colour() is False
    monkeypatch.delenv("NO_COLOR")
    assert command._colour() is None


# --- what is wrong ---------------------------------------------------------------------------


def test_a_bad_configuration_is_wrong_use_with_all_its_problems(example):
    (example / "config.yaml").write_text("scales: [{id: A, backend: simm}]\ncamra: []\n")
    answer = said("--json")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "camra" in answer.stderr
    assert "simm" in answer.stderr


def test_one_wrong_thing_fails_the_whole_and_the_rest_is_still_said(example):
    (example / "inventory" / "inventory_store.csv").write_text("nonsense\n", encoding="utf-8")
    answer = said("--json")
    assert answer.exit_code == 1
    found = findings(answer)
    assert found["inventory"]["state"] == "fail"
    assert found["camera.door"]["state"] == "ok"


def test_a_fault_inside_a_check_is_its_line(example, monkeypatch):
    def fail(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(board, "memory", fail)
    answer = said("--json")
    assert answer.exit_code == 1
    assert "Input/output error" in findings(answer)["memory"]["measured"]


def test_a_taken_port_is_wrong(example):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        path = example / "config.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("port: 0", f"port: {number}"), encoding="utf-8")
        found = findings(said("--json"))["web"]
    assert (found["state"], "web.port" in found["do"]) == ("fail", True)


BROKEN_DISKS = """
set -e
mount -t tmpfs -o size=256k rig record
mount -t tmpfs -o size=64k rig issue_data
head -c 1M /dev/zero > record/ballast 2>/dev/null || true
mount -o remount,ro rig issue_data
exec "$0" doctor --json
"""


def test_full_and_read_only_disks_are_found_by_a_real_write(example):
    unshare = shutil.which("unshare")
    probe = [unshare or "false", "--mount", "mount", "-t", "tmpfs", "rig", "record"]
    if subprocess.run(probe, cwd=example, capture_output=True).returncode:
        pytest.skip("no right to mount here: needs root and unshare (util-linux)")
    command = [unshare, "--mount", "bash", "-c", BROKEN_DISKS, STOREGUARD]
    done = subprocess.run(command, cwd=example, capture_output=True, text=True, timeout=SOON_S)
    found = {one["check"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1, done.stderr
    assert "저장 공간 없음" in found["folder.record"]["measured"]
    assert "읽기 전용" in found["folder.issue_data"]["measured"]
    assert found["folder.inventory"]["state"] == "ok"


# --- the daemon ------------------------------------------------------------------------------


@pytest.fixture
def lock(example):
    (example / "state").mkdir()
    held = FolderLock(example / "state")
    held.acquire()
    yield held
    held.release()


def test_devices_of_a_running_daemon_are_left_alone(example, lock, monkeypatch):
    def opened(*_):
        raise AssertionError("opened a device that the daemon has")

    monkeypatch.setattr(sensors, "scales", opened)
    monkeypatch.setattr(sensors, "cameras", opened)
    answer = said("--json")
    found = findings(answer)
    assert answer.exit_code == 0
    assert found["daemon"]["state"] == "warn"
    assert {found[name]["state"] for name in DEVICES} == {"skip"}
    assert "detector" not in found


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(self.server.answers[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def pages():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_running_daemons_faults_are_told_part_by_part(example, lock, pages):
    row = {"id": "A", "is_ok": False, "grams": None, "text": "no data for 1.0 s; check the wiring"}
    pages.answers = {
        "/api/v1/snapshot": {
            "scales": [row, {"id": "B", "is_ok": True, "grams": 955.4, "text": "안정"}],
            "cameras": [{"id": "door", "is_ok": True, "text": "background"}],
        },
        "/healthz": {
            "faults": [
                {"device": "A", "why": "no data", "since": "10:00:00"},
                {"device": "uploading", "why": "the AWS key is expired", "since": "09:00:00"},
            ]
        },
    }
    url = f"http://127.0.0.1:{pages.server_port}"
    (example / "state" / "daemon.json").write_text(json.dumps({"pid": 1, "url": url}))
    answer = said("--json")
    found = findings(answer)
    assert answer.exit_code == 1
    assert (found["daemon"]["state"], url in found["daemon"]["measured"]) == ("ok", True)
    assert (found["scale.A"]["state"], found["scale.B"]["state"]) == ("fail", "ok")
    assert "no data for 1.0 s" in found["scale.A"]["measured"]
    assert "955 g" in found["scale.B"]["measured"]
    assert found["scale.C"]["state"] == "skip", "the daemon does not know it: it was added since"
    assert "expired" in found["part.uploading"]["measured"]
    assert found["web"]["state"] == "ok"


def test_safe_mode_is_told_with_its_cause(example, lock, pages):
    pages.answers = {
        "/api/v1/snapshot": {"scales": [], "cameras": [], "banner": ["안전 모드", "S101 고장"]},
        "/healthz": {"status": "safe", "faults": []},
    }
    url = f"http://127.0.0.1:{pages.server_port}"
    (example / "state" / "daemon.json").write_text(json.dumps({"pid": 1, "url": url}))
    found = findings(said("--json"))
    assert (found["daemon"]["state"], "S101 고장" in found["daemon"]["measured"]) == ("fail", True)
    assert found["scale.A"]["state"] == "skip"


def test_a_second_storeguard_on_the_same_port_is_called_so(example, pages):
    pages.answers = {"/healthz": {"status": "ok", "faults": []}}
    path = example / "config.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("port: 0", f"port: {pages.server_port}"), encoding="utf-8")
    found = findings(said("--json"))["web"]
    assert (found["state"], "다른 storeguard" in found["measured"]) == ("fail", True)


def test_a_daemon_that_does_not_answer_is_wrong(example, lock):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    (example / "state" / "daemon.json").write_text(json.dumps({"pid": 1, "url": url}))
    found = findings(said("--json"))
    assert found["daemon"]["state"] == "fail"
    assert found["scale.A"]["state"] == "skip"


def test_beside_a_real_daemon(example):
    command = [STOREGUARD, "run"]
    process = subprocess.Popen(command, cwd=example, stderr=subprocess.DEVNULL)
    try:
        given_up_s = time.monotonic() + SOON_S
        while not (example / "state" / "daemon.json").exists():
            assert process.poll() is None
            assert time.monotonic() < given_up_s
            time.sleep(0.05)
        found = findings(said("--json"))
        assert found["daemon"]["state"] == "ok", found["daemon"]
        assert str(process.pid) in found["daemon"]["measured"]
        assert {found[name]["state"] for name in DEVICES} <= {"ok", "fail"}
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SOON_S)


def test_a_state_folder_of_another_user_opens_no_device(example):
    if os.geteuid() == 0:
        pytest.skip("root may read every folder")
    (example / "state").mkdir()
    (example / "state" / "lock").touch(mode=0)
    found = findings(said("--json"))
    assert (found["daemon"]["state"], found["scale.A"]["state"]) == ("warn", "skip")
