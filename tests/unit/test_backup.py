"""One file with a store in it: whole or not there, without secrets, and back again."""

import hashlib
import json
import os
import random
import shutil
import sqlite3
import stat
import threading
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from storeguard import config as cfg
from storeguard import daemon, restoring
from storeguard.books import journalfile
from storeguard.books.journal import Journal, Sale
from storeguard.cli import main
from storeguard.clock import SystemClock
from storeguard.errors import (
    AlreadyRunning,
    BackupInvalid,
    ForeignFolder,
    JournalDamaged,
    JournalTooNew,
)
from storeguard.lock import FolderLock
from storeguard.marker import MARKER, settle
from storeguard.upkeep import archive, backup
from storeguard.upkeep.restore import restore

CONFIG = """\
store: {id: gangnam-1, name: 강남 1호점}
cameras:
  - {id: door, backend: opencv, source: "rtsp://owner:s3cret@10.0.0.9/live"}
"""
CSV = "상품명, 개수, 가격, 무게\n바나나우유,3,1500,265\n"
DAMAGES = int(os.environ.get("STOREGUARD_DAMAGES", "60"))
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def sale(number: int, at: datetime) -> Sale:
    return Sale(f"s{number}", f"k{number}", "바나나우유", 1, 1500, at, "kiosk")


class Shop:
    """The files of a store as the daemon leaves them."""

    def __init__(self, base: Path) -> None:
        self.base, self.state = base, base / "state"
        for name in ("inventory", "state/digests/d1", "record", "issue_data/i1/extra"):
            (base / name).mkdir(parents=True)
        self.config = base / "config.yaml"
        self.put("config.yaml", CONFIG)
        self.put("inventory/inventory_store.csv", CSV)
        self.put("inventory/inventory_weight.csv", CSV)
        self.put("inventory/store_log.txt", "판매\n")
        self.put("event.txt", "사건\n")
        self.put("state/scales.json", '{"zero_g": {"A": 1.5}}')
        self.put("state/digests/d1/.uploaded.json", "{}")
        manifest = (
            '{"schema": 1, "id": "i1", "sealed_at": "2026-11-20T13:21:04+00:00", "number": 1, '
            '"loss_won": 0, "store": {"id": "gangnam-1"}, "lines": [], "files": []}'
        )
        self.put("issue_data/i1/issue.json", manifest)
        self.put("issue_data/i1/content.txt", "바나나우유1개 도난 발생\n")
        self.journal = Journal.in_folder(self.state, fsync=False)
        self.journal.open()
        self.journal.record_sale(sale(0, datetime(2026, 11, 20, tzinfo=UTC)))

    def put(self, name: str, text: str) -> None:
        (self.base / name).write_text(text, encoding="utf-8")

    def back_up(self, **options) -> Path:
        path = self.base / "shop.zip"
        backup.make(self.config, path, SystemClock(), **options)
        return path

    def files(self) -> dict[str, bytes]:
        """All but the lock, and what SQLite makes anew whenever it looks."""
        made_anew = ("lock", journalfile.WAL, journalfile.INDEX)
        found = sorted(path for path in self.base.rglob("*") if path.is_file())
        return {
            str(p.relative_to(self.base)): p.read_bytes() for p in found if p.name not in made_anew
        }

    def sales(self) -> int:
        journal = journalfile.open_journal(self.state, fsync=False)
        try:
            return len(journal.recent_sales())
        finally:
            journal.close()


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path / "shop")
    yield shop
    shop.journal.close()


def names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as file:
        return set(file.namelist())


def rewritten(path: Path, change) -> Path:
    """The archive with its members and manifest as `change(contents, manifest)` leaves them."""
    with zipfile.ZipFile(path) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(contents.pop("manifest.json"))
    change(contents, manifest)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)
        file.writestr("manifest.json", json.dumps(manifest))
    return path


def listed(manifest, name: str, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    manifest["files"].append({"name": name, "bytes": len(content), "sha256": digest})


# --- what is taken


def test_it_holds_configuration_books_logs_state_and_journal(shop):
    assert names(shop.back_up()) == {
        "config.yaml",
        "event.txt",
        "inventory/inventory_store.csv",
        "inventory/inventory_weight.csv",
        "inventory/store_log.txt",
        "state/scales.json",
        "state/digests/d1/.uploaded.json",
        "state/storeguard.db",
        "manifest.json",
    }


def test_issues_are_taken_on_wish(shop):
    held = names(shop.back_up(with_issues=True))
    assert {"issue_data/i1/issue.json", "issue_data/i1/content.txt"} <= held


def test_no_password_and_nothing_that_looks_like_a_secret_is_taken(shop):
    """The last good configuration has passwords too; what was kept aside may be anything."""
    taken = names(shop.back_up())
    for name in (
        "credentials.json",
        "aws-secret.json",
        "token.json",
        "console.key",
        "config.last-good.yaml",
        "ballast",
        "daemon.json",
        "starts.json",
        "scales.json.corrupt-20261120-000000",
    ):
        shop.put(f"state/{name}", "s3cret")
    (shop.state / "link.json").symlink_to("/etc/passwd")
    path = shop.back_up()
    assert names(path) == taken
    with zipfile.ZipFile(path) as file:
        assert not [name for name in file.namelist() if b"s3cret" in file.read(name)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (shop.state / daemon.ENDPOINT).name in archive.NOT_STATE


def test_it_is_consistent_beside_a_daemon_that_writes(shop):
    """What was acknowledged before the backup began is in it, and its journal is whole."""
    stop, done = threading.Event(), []

    def write() -> None:
        number = 1
        while not stop.is_set():
            shop.journal.record_sale(sale(number, LATER))
            done.append(number)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            acknowledged = len(done)
            path = shop.back_up()
            with zipfile.ZipFile(path) as file:
                file.extract("state/storeguard.db", shop.base / "out")
            copy = sqlite3.connect(shop.base / "out" / "state" / "storeguard.db")
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            [(count,)] = copy.execute("SELECT count(*) FROM sales").fetchall()
            copy.close()
            assert count >= acknowledged + 1
    finally:
        stop.set()
        writer.join()


def test_a_backup_that_fails_leaves_the_one_before(shop, monkeypatch):
    path = shop.back_up()
    before = path.read_bytes()

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storeguard.durable.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        shop.back_up()
    assert path.read_bytes() == before
    assert not list(shop.base.rglob("*.storeguard-tmp*"))


def test_a_damaged_journal_is_not_backed_up_as_if_it_were_whole(shop):
    shop.journal.close()
    database = shop.state / journalfile.FILE
    content = bytearray(database.read_bytes())
    content[4096:12288] = bytes(8192)
    database.write_bytes(content)
    with pytest.raises(JournalDamaged):
        shop.back_up()
    assert not (shop.base / "shop.zip").exists()


# --- and back


def test_what_was_backed_up_is_there_again_and_what_it_replaced_is_kept(shop):
    path = shop.back_up()
    shop.journal.record_sale(sale(1, LATER))
    shop.put("inventory/inventory_store.csv", CSV.replace(",3,", ",1,"))
    shop.put("state/announced.json", "{}")
    shop.journal.close()
    restored = restore(path, shop.config, SystemClock())
    files = shop.files()
    assert files["inventory/inventory_store.csv"].decode() == CSV
    assert "state/announced.json" not in files
    assert shop.sales() == 1
    assert (restored.lost_sales, restored.lost_won) == (1, 1500)
    kept = {name.split("/")[-1] for name in files if "before-restore-" in name}
    assert {"inventory_store.csv", "announced.json", "storeguard.db", "config.yaml"} <= kept
    assert not list(shop.base.rglob(restoring.INCOMING))


def test_the_passwords_of_this_device_stay_in_its_configuration(shop):
    path = shop.back_up()
    shop.journal.close()
    assert restore(path, shop.config, SystemClock()).unknown_passwords == 0
    assert shop.config.read_text(encoding="utf-8") == CONFIG


def test_on_a_new_card_everything_comes_from_the_backup(shop, tmp_path):
    path = shop.back_up(with_issues=True)
    new = tmp_path / "new"
    new.mkdir()
    restored = restore(path, new / "config.yaml", SystemClock())
    assert restored.unknown_passwords == 1
    assert cfg.load(new / "config.yaml").store.id == "gangnam-1"
    assert (new / "issue_data" / "i1" / "issue.json").exists()
    assert (new / "inventory" / "inventory_store.csv").read_text(encoding="utf-8") == CSV


def test_a_sealed_issue_that_is_here_is_left_as_it_is(shop):
    path = shop.back_up(with_issues=True)
    shop.put("issue_data/i1/.receipt.json", "later")
    shop.journal.close()
    restore(path, shop.config, SystemClock())
    assert (shop.base / "issue_data/i1/.receipt.json").read_text() == "later"


def test_beside_a_running_daemon_it_is_refused(shop):
    path = shop.back_up()
    before = shop.files()
    lock = FolderLock(shop.state)
    lock.acquire()
    try:
        with pytest.raises(AlreadyRunning):
            restore(path, shop.config, SystemClock())
    finally:
        lock.release()
    assert shop.files() == before


def test_another_stores_backup_is_refused_unless_it_is_meant(shop):
    path = shop.back_up()
    folders = cfg.Folders.of(cfg.load(shop.config), shop.base)
    shop.put("config.yaml", CONFIG.replace("gangnam-1", "hongdae-2"))
    settle(folders, "hongdae-2", fsync=False)
    shop.journal.close()
    before = shop.files()
    with pytest.raises(ForeignFolder, match=r"D310 .*'gangnam-1'.*'hongdae-2'.*--other-store"):
        restore(path, shop.config, SystemClock())
    assert shop.files() == before
    restore(path, shop.config, SystemClock(), other_store=True)
    assert cfg.load(shop.config).store.id == "gangnam-1"
    assert not (shop.state / MARKER).exists()


def test_a_newer_journal_or_format_is_refused_and_nothing_touched(shop):
    path = shop.back_up()
    shop.journal.close()
    rewritten(path, lambda contents, manifest: manifest.update(journal="9999"))
    before = shop.files()
    with pytest.raises(JournalTooNew, match=r"S105 .*'9999'.*update"):
        restore(path, shop.config, SystemClock())
    rewritten(path, lambda contents, manifest: manifest.update(format=2))
    with pytest.raises(BackupInvalid, match=r"format 2.*update"):
        restore(path, shop.config, SystemClock())
    before["shop.zip"] = path.read_bytes()
    assert shop.files() == before


EVIL = (
    "../evil.txt",
    "/etc/evil.txt",
    "state/../../evil.json",
    "state\\..\\evil.json",
    "C:/evil.json",
    "inventory/evil.csv",
    "inventory/sub/inventory_store.csv",
    "state/lock",
    "state/daemon.json",
    "state/restore.json",
    "state/.storeguard-store",
    "state/sub/evil.json",
    "issue_data/../evil.json",
    "issue_data/.incoming/x/issue.json",
    "evil.txt",
)


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_is_no_part_of_a_backup_is_refused(shop, name):
    path = shop.back_up()
    shop.journal.close()

    def add(contents, manifest):
        contents[name] = b"evil"
        listed(manifest, name, b"evil")

    rewritten(path, add)
    before = shop.files()
    with pytest.raises(BackupInvalid, match="nothing was touched"):
        restore(path, shop.config, SystemClock())
    assert shop.files() == before


def test_a_link_in_the_archive_is_refused(shop):
    path = shop.back_up()
    shop.journal.close()
    with zipfile.ZipFile(path) as file:
        manifest = json.loads(file.read("manifest.json"))
        contents = {n: file.read(n) for n in file.namelist() if n != "manifest.json"}
    with zipfile.ZipFile(path, "w") as file:
        for name, content in contents.items():
            info = zipfile.ZipInfo(name)
            kind = stat.S_IFLNK if name == "state/scales.json" else stat.S_IFREG
            info.external_attr = (kind | 0o644) << 16
            file.writestr(info, content)
        file.writestr("manifest.json", json.dumps(manifest))
    with pytest.raises(BackupInvalid, match=r"scales\.json' is no plain file"):
        restore(path, shop.config, SystemClock())


def test_a_bomb_is_refused_before_it_unpacks(shop, monkeypatch):
    path = shop.back_up()
    shop.journal.close()
    usage = shutil.disk_usage(shop.base)._replace(free=100_000)
    monkeypatch.setattr("storeguard.upkeep.restore.shutil.disk_usage", lambda _: usage)
    before = shop.files()
    with pytest.raises(BackupInvalid, match="unpacks to"):
        restore(path, shop.config, SystemClock())
    assert shop.files() == before


def test_paths_that_lead_out_of_a_new_device_are_refused(shop, tmp_path):
    shop.put("config.yaml", CONFIG + "paths: {inventory: ../elsewhere}\n")
    (shop.base.parent / "elsewhere").mkdir()
    path = shop.back_up()
    with pytest.raises(BackupInvalid, match=r"path '\.\./elsewhere'"):
        restore(path, tmp_path / "new" / "config.yaml", SystemClock())
    shop.put("config.yaml", CONFIG)
    with pytest.raises(BackupInvalid, match="other paths"):
        restore(path, shop.config, SystemClock())


@pytest.mark.parametrize("seed", range(DAMAGES))
def test_a_damaged_archive_is_refused_in_one_line_and_nothing_touched(shop, seed):
    chance = random.Random(seed)
    path = shop.back_up()
    shop.journal.close()
    content = bytearray(path.read_bytes())
    kind = seed % 3
    if kind == 0:
        del content[chance.randrange(len(content)) :]
    elif kind == 1:
        for _ in range(chance.randrange(1, 30)):
            content[chance.randrange(len(content))] = chance.randrange(256)
    else:
        at = chance.randrange(len(content))
        content[at : at + chance.randrange(1, 5000)] = os.urandom(3)
    path.write_bytes(content)
    before = shop.files()
    said = CliRunner().invoke(main, ["restore", str(path), "--config", str(shop.config)])
    if said.exit_code == 0:  # the damage is where nothing is read
        assert shop.sales() == 1
        assert (shop.base / "inventory/inventory_store.csv").read_text(encoding="utf-8") == CSV
        return
    assert isinstance(said.exception, SystemExit), said.exception
    assert said.stderr.count("\n") == 1
    assert shop.files() == before


# --- the verbs


def test_the_verbs_say_what_was_taken_and_what_is_lost(shop):
    path = str(shop.base / "b.zip")
    run = CliRunner()
    said = run.invoke(main, ["backup", path, "--config", str(shop.config)])
    assert said.exit_code == 0, said.output
    assert "8 files of store 'gangnam-1'" in said.stdout
    assert "passwords in config.yaml (1 lines) are left out" in said.stdout
    shop.journal.record_sale(sale(1, LATER))
    shop.journal.close()
    said = run.invoke(main, ["restore", path, "--config", str(shop.config)])
    assert said.exit_code == 0, said.output
    assert "1 sales of 1500 won" in said.stdout
    assert "kept in" in said.stdout
    said = run.invoke(main, ["restore", path, "--config", str(shop.config), "--json"])
    assert json.loads(said.stdout)["store"] == "gangnam-1"
    said = run.invoke(main, ["restore", str(shop.base / "no.zip"), "--config", str(shop.config)])
    assert said.exit_code == 1
    assert "no such file" in said.stderr
