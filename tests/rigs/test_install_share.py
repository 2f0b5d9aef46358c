"""The Samba share: Excel saves the two CSVs through it, and nothing else of the store is there.

A real smbd on loopback with the share's own file; only the folder and the login are replaced.
Needs root and: apt-get install samba smbclient
"""

import functools
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

SHARE = Path(__file__).parents[2] / "systemd" / "smb.conf"
PASSWORD = "played"
CSV = "상품명, 개수, 가격, 무게\n바나나우유,3,1500,95\n"
FORBIDDEN = (
    "store_log.txt",
    "weight_log.txt",
    ".inventory_store.csv.1.storeguard-tmp",
    "inventory_store.csv.7.storeguard-tmp",
    "book.json",
)
READY_WITHIN_S = 20

GLOBAL = """[global]
    server role = standalone server
    smb ports = {port}
    interfaces = 127.0.0.1
    bind interfaces only = yes
    disable spoolss = yes
    load printers = no
    private dir = {room}
    lock directory = {room}
    state directory = {room}
    cache directory = {room}
    pid directory = {room}
    ncalrpc dir = {room}/rpc
    log file = {room}/log
    passdb backend = tdbsam:{room}/passwords
"""


@pytest.fixture
def store(tmp_path):
    """A store's folder with what the share must not show beside what it must."""
    folder = tmp_path / "store"
    for name in ("inventory", "issue_data", "record", "state"):
        (folder / name).mkdir(parents=True)
    for name in ("inventory_store.csv", "inventory_weight.csv"):
        (folder / "inventory" / name).write_text(CSV, encoding="utf-8")
    for name in FORBIDDEN:
        (folder / "inventory" / name).write_text("secret")
    (folder / "issue_data" / "picture.jpg").write_text("secret")
    (folder / "event.txt").write_text("secret")
    (folder / "inventory" / "door").symlink_to(folder / "issue_data")
    return folder


@pytest.fixture
def client(store, tmp_path):
    """Runs smbclient's commands on the share; a smbd behind it."""
    if os.geteuid() != 0:
        pytest.skip("needs root: smbd becomes the user who logs in")
    missing = [name for name in ("smbd", "smbclient", "smbpasswd") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: apt-get install samba smbclient")
    config, port = _configured(store, tmp_path)
    subprocess.run(
        ["smbpasswd", "-c", config, "-s", "-a", "root"],
        input=f"{PASSWORD}\n{PASSWORD}\n", text=True, check=True, capture_output=True,
    )  # fmt: skip
    server = subprocess.Popen(
        ["smbd", "--foreground", "--no-process-group", "-s", config],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,  # it ends its whole group
    )  # fmt: skip
    try:
        _await_port(port, server)
        yield functools.partial(_smbclient, config, port)
    finally:
        server.terminate()
        server.wait(timeout=10)


def _configured(store, tmp_path):
    room = tmp_path / "samba"
    room.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    share = SHARE.read_text(encoding="utf-8")
    assert "path = /var/lib/storeguard/inventory\n" in share
    share = share.replace("/var/lib/storeguard", str(store))
    share = share.replace("valid users = storeguard", "valid users = root")
    config = room / "smb.conf"
    config.write_text(GLOBAL.format(port=port, room=room) + share, encoding="utf-8")
    return str(config), port


def _await_port(port, server):
    give_up = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < give_up and server.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.skip("smbd does not start on this machine")


def _smbclient(config, port, *commands, password=PASSWORD):
    command = ["smbclient", "//127.0.0.1/inventory", "-s", config, "-p", str(port)]
    command += ["-U", f"root%{password}", "-c", ";".join(commands)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_samba_accepts_the_share(tmp_path):
    if shutil.which("testparm") is None:
        pytest.skip("needs testparm: apt-get install samba-common-bin")
    config, _ = _configured(tmp_path, tmp_path)
    judged = subprocess.run(["testparm", "-s", config], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stderr
    assert "Unknown parameter" not in judged.stderr
    assert "[inventory]" in judged.stdout


def test_only_the_two_csvs_are_listed(client):
    listed = client("ls")
    assert "inventory_store.csv" in listed
    assert "inventory_weight.csv" in listed
    names = {line.split()[0] for line in listed.splitlines() if line.startswith("  ")}
    assert names - {".", ".."} == {"inventory_store.csv", "inventory_weight.csv"}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_logs_and_the_daemons_own_files_can_be_neither_read_nor_replaced(client, store, name):
    refused = client(f"get {name} -")
    assert "secret" not in refused
    assert "NT_STATUS" in refused
    client(f"put {SHARE} {name}")
    assert (store / "inventory" / name).read_text() == "secret"


def test_the_evidence_beside_the_folder_cannot_be_reached(client):
    for path in ("../event.txt", "../issue_data/picture.jpg", "door/picture.jpg"):
        assert "secret" not in client(f'get "{path}" -')


def test_a_save_as_excel_does_it_replaces_the_book(client, store, tmp_path):
    edited = tmp_path / "edited.csv"
    edited.write_text(CSV.replace(",3,", ",9,"), encoding="utf-8")
    owner_file = tmp_path / "lock"
    owner_file.write_text("owner")
    said = client(
        f'put {owner_file} "~$inventory_store.csv"',
        f"put {edited} 5A3B1C00",
        "del inventory_store.csv",
        "rename 5A3B1C00 inventory_store.csv",
        'del "~$inventory_store.csv"',
    )
    assert "NT_STATUS" not in said
    assert (store / "inventory/inventory_store.csv").read_bytes() == edited.read_bytes()
    assert not (store / "inventory/5A3B1C00").exists()


def test_a_wrong_password_sees_nothing(client):
    assert "NT_STATUS_LOGON_FAILURE" in client("ls", password="wrong")
