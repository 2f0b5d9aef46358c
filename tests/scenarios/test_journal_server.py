"""A whole store on the database server that a URL names: theft, issue, console.

`make test-mariadb` and `make test-postgresql` name one; without a name there is nothing to prove.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from storeguard import config as cfg
from storeguard import counter
from storeguard.books import tables

ACTED = str(Path(__file__).with_name("acted_daemon.py"))
SOON_S = 120
"""A limit for what hangs when it is broken, on a machine with other work; not a figure."""

CSV = "상품명, 개수, 가격, 무게\n바나나우유,6,1500,265\n초코바,50,1200,52\n"
CONFIG = """
store: {id: gangnam-1, name: 강남 1호점}
scales: [{id: A, products: [바나나우유], backend: sim}, {id: B, products: [초코바], backend: sim}]
cameras: [{id: door, backend: sim, record_size_px: [320, 180]}]
detector: {backend: sim}
visits: {empty_for_s: 1, settle_for_s: 0.5, payment_grace_s: 1}
web: {port: 0}
"""
URL = os.environ.get("STOREGUARD_TEST_JOURNAL_URL")

pytestmark = pytest.mark.skipif(URL is None, reason="STOREGUARD_TEST_JOURNAL_URL is not set")


@pytest.fixture
def server():
    """The database, emptied; its driver's name is left to storeguard."""
    engine = sa.create_engine(str(URL))
    with engine.begin() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        found.drop_all(connection)
    yield engine
    engine.dispose()


def console(folder, path):
    """The page, as whoever owns the machine sees it."""
    said = json.loads((folder / "state" / "daemon.json").read_text(encoding="utf-8"))
    headers = {"authorization": f"Bearer {said['token']}"}
    request = urllib.request.Request(said["url"] + path, headers=headers)
    with urllib.request.urlopen(request, timeout=SOON_S) as answer:
        return answer.read().decode()


def lay_out(folder):
    """`url: mysql://…`, `postgresql://…`: as an owner writes it."""
    url = sa.make_url(str(URL))
    plain = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)
    (folder / "inventory").mkdir(parents=True)
    (folder / "inventory" / "inventory_store.csv").write_text(CSV, encoding="utf-8")
    said = CONFIG + yaml.safe_dump({"journal": {"url": plain}})
    (folder / "config.yaml").write_text(said, encoding="utf-8")
    return folder


def wait_for(is_so, folder):
    given_up_s = time.monotonic() + SOON_S
    while not is_so():
        assert time.monotonic() < given_up_s, (folder / "log").read_text(encoding="utf-8")
        time.sleep(0.1)


@contextlib.contextmanager
def running(folder):
    """Whoever acts in it; ended in order."""
    said = lambda: (folder / "log").read_text(encoding="utf-8")  # noqa: E731
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, ACTED, str(folder / "config.yaml")],
            stdin=subprocess.PIPE,
            stderr=log,
        )

    def act(deed):
        done = said().count("acted: ")
        process.stdin.write(f"{deed}\n".encode())
        process.stdin.flush()
        wait_for(lambda: said().count("acted: ") > done, folder)

    try:
        wait_for(lambda: "guards '" in said() or process.poll() is not None, folder)
        yield act
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON_S) == 0, said()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


def issues(engine):
    with engine.connect() as connection:
        return [row.id for row in connection.execute(sa.select(tables.issues.c.id))]


def test_a_theft_becomes_an_issue_on_the_page_and_in_the_servers_journal_alone(tmp_path, server):
    folder = lay_out(tmp_path / "shop")
    with running(folder) as act:
        for deed in ("enter", "take 바나나우유 2", "leave"):
            act(deed)
        wait_for(lambda: issues(server), folder)
        [issue_id] = issues(server)
        counter.sell_one(cfg.load(folder / "config.yaml"), folder, "초코바", 3)
        for page in ("/issues", "/issues?product=" + urllib.parse.quote("바나나")):
            assert f"/issues/{issue_id}" in console(folder, page)
        assert "3,000원" in console(folder, f"/issues/{issue_id}")
    with running(folder):
        assert issue_id in console(folder, "/issues")
        history = "/inventory/history?product=" + urllib.parse.quote("초코바")
        assert "47" in console(folder, history)
    tables_filled = ("sales", "visits", "steps", "issues", "issue_lines")
    with server.connect() as connection:
        counted = {
            name: connection.execute(sa.text(f"SELECT COUNT(*) FROM {name}")).scalar()
            for name in tables_filled
        }
    assert counted["sales"] == counted["issues"] == counted["issue_lines"] == 1
    assert all(counted.values()), counted
    assert not (folder / "state" / "storeguard.db").exists()
