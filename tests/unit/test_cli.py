"""The command line: exit codes, one line an error, JSON and nothing else, quick help."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
from click.testing import CliRunner

import storeguard
from storeguard import printing
from storeguard.books import album, journalfile
from storeguard.books.deliveries import KeptSession, RestockFile
from storeguard.books.records import IssueRecords
from storeguard.cli import main
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.lock import FolderLock
from storeguard.outbox import folder as outbox

SOURCES = Path(storeguard.__file__).parent
HEAVY = ("cv2", "pandas", "sqlalchemy", "onnxruntime", "numpy", "boto3", "fastapi", "torch")
CSV = "상품명, 개수, 가격, 무게\n바나나우유,3,1500,95\n초코바,10,1200,45\n"
CONFIG = """
store: {id: gangnam-1, name: 강남 1호점}
scales: [{id: A, products: [바나나우유], backend: sim}, {id: B, products: [초코바], backend: sim}]
"""
AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)


def verbs(command=main, path=()):
    """Every verb with its path, groups left out."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name, one in command.commands.items():
        yield from verbs(one, (*path, name))


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "inventory_store.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STOREGUARD_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def issue(shop):
    """Sealed issue 7 of two products."""
    lines = (
        IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),
        IssueLine("초코바", 8, 10, 2, 2400, 0.9),
    )
    store = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
    sealed = Issue(
        "2026-11-20_22-21-04.123456", 7, store, AT, True, AT, AT, lines, {"ko": ("이유",)}
    )
    return outbox.seal(shop / "issue_data", sealed, None, [], picture_time_label=None)


def said(*arguments):
    return CliRunner().invoke(main, arguments)


# --- help and misuse -------------------------------------------------------------------------


def test_help_of_every_verb_loads_nothing_heavy():
    """In a process of its own: here everything is loaded already."""
    paths = [" ".join(path) for path, _ in verbs()]
    code = f"""
import sys
from click.testing import CliRunner
from storeguard.cli import main
for path in {paths!r}:
    answer = CliRunner().invoke(main, [*path.split(), "--help"])
    assert answer.exit_code == 0 and "Usage: " in answer.output, path
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (child.stdout.strip(), child.stderr) == ("[]", "")


@pytest.mark.parametrize(("path", "verb"), list(verbs()), ids=lambda value: str(value)[:20])
def test_every_verb_says_what_it_is_for(path, verb):
    assert verb.help, path
    for option in verb.params:
        is_told = isinstance(option, click.Argument) or option.hidden or option.help
        assert is_told or option.show_default, (path, option.name)


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("run", "--nonsense"),
        ("run", "extra"),
        ("sell",),
        ("sell", "초코바", "abc"),
        ("sell", "초코바"),
        ("sell", "초코바", "1", "--amount", "1200"),
        ("sell", "--amount", "0"),
        ("sell", "초코바", "0"),
        ("sell", "초코바", "-1"),
        ("sell", "초코바", "100"),
        ("demo", "--script", "nonsense"),
        ("demo", "--port", "70000"),
        ("demo", "--speed", "0"),
        ("detect", "x.jpg", "--confidence", "3"),
        ("detect", "x.jpg", "--detector", "nonsense"),
        ("issues", "nonsense"),
        ("issues", "show"),
        ("models", "pull"),
        ("replay",),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_exit_2(arguments):
    answer = said(*arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    [line] = answer.stderr.splitlines()
    assert line.startswith("storeguard: ")
    assert "; see: " in line
    assert line.endswith(" --help")


@pytest.mark.parametrize("arguments", [(), ("books",), ("issues",), ("models",)], ids=str)
def test_a_group_without_a_verb_shows_its_help(arguments):
    answer = said(*arguments)
    assert answer.output.startswith("Usage: ")
    assert "Error" not in answer.output


def test_every_command_that_a_message_recommends_exists():
    known = {" ".join(path) for path, _ in verbs()}
    recommended = set()
    for source in SOURCES.rglob("*.py"):
        text = re.sub(r'"\s*\n\s*f?"', "", source.read_text(encoding="utf-8"))
        found = re.findall(r"(?:run: |'|by: |with: |see )storeguard ((?:[a-z-]+ ?){1,2})", text)
        recommended |= {words.strip() for words in found}
    missing = [one for one in recommended if not any(f"{one} ".startswith(f"{k} ") for k in known)]
    assert recommended
    assert not missing


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("run", "--config", "nowhere.yaml"), 2, "nowhere.yaml: no such file"),
        (("check-config", "--config", "nowhere.yaml"), 2, "nowhere.yaml: no such file"),
        (
            ("sell", "없는것", "1"),
            1,
            "'없는것'은(는) 없는 상품입니다. 있는 상품: 바나나우유, 초코바",
        ),
        (("issues", "show", "x"), 1, "no issue 'x'; they are listed by: storeguard issues list"),
        (("books", "confirm"), 1, "no daemon is running"),
        (("restock", "start"), 1, "no daemon is running, so nothing is judged; start it"),
        (("restock", "status"), 1, "no daemon is running"),
        (("models", "pull", "x"), 1, "network 'x': not in the catalogue"),
        (("models", "verify"), 1, "not on this machine; run: storeguard models pull yolox-nano"),
        (("detect", "nowhere.jpg"), 1, "nowhere.jpg: no such picture, folder or video"),
        (("detect", "config.yaml", "--detector", "onnx"), 1, "storeguard models pull"),
        (("replay", "nowhere"), 1, "nowhere: no such folder; a trace is a folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_failure_is_one_line(shop, arguments, code, line):
    answer = said(*arguments)
    assert (answer.exit_code, answer.stdout) == (code, "")
    [found] = answer.stderr.splitlines()
    assert line in found


def test_restock_mode_is_told_by_the_shops_clock(shop):
    (shop / "state").mkdir()
    lock = FolderLock(shop / "state")
    lock.acquire()
    try:
        assert said("restock", "status").stdout == "restock mode: off\n"
        RestockFile(shop / "state" / "restock.json").save(KeptSession("owner", AT, AT))
        told, record = said("restock", "status"), said("restock", "status", "--json")
    finally:
        lock.release()
    assert told.stdout == "restock mode: on (owner) since 2026-11-20 22:21:04\n"
    assert json.loads(record.stdout)["since"] == "2026-11-20T13:21:04+00:00"


@pytest.mark.parametrize(
    "arguments",
    [("--debug", "sell", "없는것", "1"), ("sell", "--debug", "없는것", "1")],
    ids=["before", "after"],
)
def test_debug_gives_the_traceback_wherever_it_stands(shop, arguments):
    command = [sys.executable, "-c", "from storeguard.cli import main; main()", *arguments]
    child = subprocess.run(command, capture_output=True, text=True)
    assert child.returncode == 1
    assert "Traceback (most recent call last)" in child.stderr
    assert "SaleRefused" in child.stderr


def test_a_disk_that_refuses_is_one_line_too(shop):
    (shop / "taken").write_text("a file")
    (shop / "trace").mkdir()
    answer = said("replay", "trace", "--out", "taken/out")
    assert answer.exit_code == 1
    [line] = answer.stderr.splitlines()
    assert "taken" in line
    assert "Not a directory" in line


def test_a_reader_that_goes_away_gets_no_traceback(shop):
    command = [sys.executable, "-c", "from storeguard.cli import main; main()", "models", "list"]
    read, write = os.pipe()
    os.close(read)
    child = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (child.returncode, child.stderr) == (1, "")


# --- answers ---------------------------------------------------------------------------------


def test_json_answers_are_one_object_a_line_and_nothing_else(shop, issue):
    picture = np.zeros((48, 64, 3), np.uint8)
    cv2.imwrite(str(shop / "picture.png"), picture)
    for arguments in (
        ("check-config",),
        ("sell", "초코바", "1"),
        ("issues", "list"),
        ("issues", "show", "7"),
        ("models", "list"),
        ("detect", "picture.png", "--detector", "background"),
    ):
        answer = said(*arguments, "--json")
        assert answer.exit_code == 0, answer.output
        lines = answer.stdout.splitlines()
        assert lines
        assert all(isinstance(json.loads(line), dict) for line in lines), arguments


def test_sell_without_a_daemon_takes_it_off_the_book(shop):
    assert said("sell", "초코바", "2").stdout == "초코바 2개 결제 2,400원 (남은 재고 8개)\n"
    text = (shop / "inventory" / "inventory_store.csv").read_text(encoding="utf-8")
    assert "초코바,8,1200,45" in text


def test_an_amount_is_received_without_naming_a_product(shop):
    assert said("sell", "--amount", "4500").stdout == "4,500원 결제\n"
    assert json.loads(said("sell", "--amount", "4500", "--json").stdout) == {"won": 4500}
    text = (shop / "inventory" / "inventory_store.csv").read_text(encoding="utf-8")
    assert "초코바,10,1200,45" in text


def test_sell_speaks_the_stores_language(shop):
    path = shop / "config.yaml"
    path.write_text(CONFIG.replace("store: {", "store: {language: en, "), encoding="utf-8")
    assert said("sell", "초코바", "2").stdout == "sold 2 × 초코바 for 2,400 won (8 left)\n"


def test_an_issue_is_found_by_its_number_and_by_its_id(shop, issue):
    by_number, by_id = said("issues", "show", "#7"), said("issues", "show", issue.name)
    assert by_number.stdout == by_id.stdout
    for part in (
        "#7",
        "바나나우유: missing 1 (shelf 4, kiosk 5), 1,500 won",
        "이유",
        "content.txt",
    ):
        assert part in by_number.stdout


def test_the_list_of_issues_ends_with_what_today_has_cost(shop, issue, monkeypatch):
    at = "storeguard.clock.SystemClock.utc"
    monkeypatch.setattr(at, lambda _: AT)
    assert said("issues", "list").stdout.splitlines()[-1] == "오늘 손실: 3,900원"
    monkeypatch.setattr(at, lambda _: AT + timedelta(days=1))
    assert said("issues", "list").stdout.splitlines()[-1] == "오늘 손실: 0원"


@pytest.mark.parametrize("what", ["promotions", "notices"])
def test_a_list_of_nothing_says_so(shop, what):
    verb = {"notices": "notify"}.get(what, what)
    assert said(verb, "list").stdout.splitlines() == [f"no {what}"]
    assert said(verb, "list", "--json").stdout == ""


def test_what_was_paid_late_is_no_loss(shop, issue, monkeypatch):
    monkeypatch.setattr("storeguard.clock.SystemClock.utc", lambda _: AT)
    journal = journalfile.open_journal(shop / "state", fsync=False)
    IssueRecords(journal).record_folder(outbox.read_manifest(issue))
    journal.amend_issue(issue.name, "초코바", 1, "sale-1")
    journal.close()
    assert said("issues", "list").stdout.splitlines()[-1] == "오늘 손실: 2,700원"


def test_what_the_owner_has_dismissed_is_no_loss(shop, issue, monkeypatch):
    monkeypatch.setattr("storeguard.clock.SystemClock.utc", lambda _: AT)
    journal = journalfile.open_journal(shop / "state", fsync=False)
    IssueRecords(journal).record_folder(outbox.read_manifest(issue))
    album.decide(journal, issue.name, "dismissed")
    journal.close()
    assert "local, dismissed" in said("issues", "list").stdout
    assert "(local, dismissed)" in said("issues", "show", issue.name).stdout
    assert json.loads(said("issues", "list", "--json").stdout)["verdict"] == "dismissed"
    assert said("issues", "list").stdout.splitlines()[-1] == "오늘 손실: 0원"


def test_a_journal_of_before_the_verdicts_says_what_was_lost(shop, issue, monkeypatch):
    monkeypatch.setattr("storeguard.clock.SystemClock.utc", lambda _: AT)
    journalfile.open_journal(shop / "state", fsync=False).close()
    with closing(sqlite3.connect(shop / "state" / journalfile.FILE)) as database, database:
        database.execute("DROP TABLE issues")
        database.execute("CREATE TABLE issues (id TEXT, amendments TEXT)")
    assert said("issues", "list").stdout.splitlines()[-1] == "오늘 손실: 3,900원"


def test_no_issues_are_said_in_words_and_in_json_by_nothing(shop):
    assert said("issues", "list").stdout == "no issues\n"
    assert said("issues", "list", "--json").stdout == ""


def test_an_issue_without_a_bucket_is_local(shop, issue):
    assert json.loads(said("issues", "list", "--json").stdout)["state"] == "local"
    (shop / "config.yaml").write_text(CONFIG + "upload: {bucket: b}\n", encoding="utf-8")
    assert json.loads(said("issues", "list", "--json").stdout)["state"] == "pending"


def test_columns_stand_under_each_other_whatever_the_script():
    table = list(printing.columns([("바나나우유", "1"), ("cola", "100"), ("한a", "")], right=(1,)))
    assert table == ["바나나우유    1", "cola        100", "한a"]


@pytest.mark.parametrize(("text", "columns"), [("", 0), ("abc", 3), ("한글", 4), ("é", 1)])
def test_korean_is_two_columns_wide(text, columns):
    assert printing.width(text) == columns


# --- check-config ----------------------------------------------------------------------------


def test_what_is_in_order_is_said_with_its_notes(shop):
    answer = said("check-config")
    assert answer.exit_code == 0
    first, *rest = answer.stdout.splitlines()
    assert first.startswith("scale 'A': noise 0.36 g (assumed), drift up to ±18 g a day")
    assert "guarded: 100% of the value of the stock" in rest
    note = "no cameras: a visit begins with a step and ends when the shelves are still"
    assert f"note: config.yaml: {note}" in rest
    assert rest[-1] == "config.yaml: in order"


def test_what_scales_cannot_tell_and_what_a_freezer_can_is_said(shop):
    (shop / "config.yaml").write_text(
        "scales: [{id: A, products: [가, 나, 다], backend: sim},\n"
        "  {id: F, kind: bulk, products: [메로나], backend: sim, capacity_g: 200000}]\n",
        encoding="utf-8",
    )
    (shop / "inventory" / "inventory_store.csv").write_text(
        "상품명, 개수, 가격, 무게, 허용오차\n가,10,1500,200,1\n나,10,1500,330,1\n다,8,3000,530,1\n"
        "메로나,46,1000,75,\n",
        encoding="utf-8",
    )
    answer = said("check-config")
    assert answer.exit_code == 0
    assert "scale 'F': noise 7.20 g (assumed); a freezer is told by grams" in answer.stdout
    share = "guarded: 30% of the value of the stock, 46% more in freezers, by grams and won only"
    assert share in answer.stdout.splitlines()
    assert "다 (530 g) and, taken at once, 가 (200 g) + 나 (330 g) weigh much" in answer.stdout
    told = json.loads(said("check-config", "--json").stdout)["budget"]
    assert told["by_grams_share"] == pytest.approx(0.46)
    assert told["scales"][0]["products"][2] == {
        "product": "다",
        "most_at_once": 0,
        "most_afresh": 0,
        "is_guarded": False,
    }


@pytest.mark.parametrize("counts_per_g", ["429000", "-429000", "1000"])
def test_a_converter_that_is_full_before_its_cell_is_remarked(shop, counts_per_g):
    (shop / "config.yaml").write_text(
        "scales: [{id: A, products: [초코바], backend: sim, calibration: {counts_per_g: "
        f"{counts_per_g}}}}}, {{id: B, backend: sim, calibration: {{counts_per_g: 800}}}}]\n",
        encoding="utf-8",
    )
    answer = said("check-config")
    assert answer.exit_code == 0
    [note] = [line for line in answer.stdout.splitlines() if "its counts are full at" in line]
    full_g = 0x7FFFFF / abs(int(counts_per_g))
    assert note.startswith(f"note: config.yaml: scale 'A': its counts are full at {full_g:,.1f} g")
    assert note.endswith("capacity_g is 10,000; run: storeguard scale calibrate A")


def test_a_zero_that_no_converter_says_is_refused(shop):
    (shop / "config.yaml").write_text(
        "scales: [{id: A, backend: sim, calibration: {tare_raw: 99999999, counts_per_g: 400}}]\n",
        encoding="utf-8",
    )
    answer = said("check-config")
    assert answer.exit_code == 2
    assert "tare_raw" in answer.stderr
    assert "8388607" in answer.stderr


def test_all_problems_are_said_at_once_and_nothing_is_made(shop):
    (shop / "config.yaml").write_text(
        "scales: [{id: A, products: [없는것], backend: sim}, {id: B, backend: replay},\n"
        "  {id: C, backend: hx711, dout_pin: 1, sck_pin: 2}]\n"
        "cameras: [{id: door, backend: opencv}]\n"
        "detector: {backend: onnx}\n"
        "paths: {state: file}\n",
        encoding="utf-8",
    )
    (shop / "file").write_text("")
    (shop / "inventory" / "inventory_store.csv").write_text(
        CSV + "초코바,1,1,1\n", encoding="utf-8"
    )
    before = sorted(shop.rglob("*"))
    answer = said("check-config")
    assert (answer.exit_code, answer.stdout) == (2, "")
    for problem in (
        "scales[1].backend: 'replay'",
        "scales[2].calibration: is missing",
        "network 'yolo11n': not found",
        "file: is a file, expected a folder",
        "inventory_store.csv:4 상품명: I806",
    ):
        assert answer.stderr.count(problem) == 1, answer.stderr
    assert sorted(shop.rglob("*")) == before
