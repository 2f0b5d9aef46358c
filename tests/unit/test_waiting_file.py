"""What a visit that waits for its sales keeps over a restart, in another boot's seconds."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from storeguard.books.waiting import WaitingFile
from storeguard.domain.doubts import Doubt
from storeguard.domain.ledger import Awaiting, Mark, SaleLine, Visit

MILK = "바나나우유"
VISIT = Visit(
    "v1",
    100.0,
    last_seen_s=130.0,
    emptied_s=135.0,
    unverified=frozenset({MILK}),
    doubts=(Doubt("failed", MILK, "A", 110.0), Doubt("restless", MILK, "B")),
    awaiting=Awaiting(150.0, 0),
)


class Boot:
    """A clock whose second 0 is `started_at`."""

    def __init__(self, started_at: datetime, now_s: float) -> None:
        self._started_at, self._now_s = started_at, now_s

    def now_s(self) -> float:
        return self._now_s

    def utc(self) -> datetime:
        return self._started_at + timedelta(seconds=self._now_s)


BEGAN = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


def test_doubts_keep_their_instants(tmp_path):
    path = tmp_path / "waiting.json"
    WaitingFile(path, Boot(BEGAN, 160.0), fsync=False).save({}, [VISIT])
    _, [visit] = WaitingFile(path, Boot(BEGAN + timedelta(seconds=1000), 5.0), fsync=False).load()
    assert visit.doubts == (Doubt("failed", MILK, "A", -890.0), Doubt("restless", MILK, "B"))


def test_a_payment_that_an_earlier_visit_got_is_one_after_the_restart_too(tmp_path):
    path, boot = tmp_path / "waiting.json", Boot(BEGAN, 160.0)
    visit = replace(VISIT, yielded=(SaleLine(140.0, "s", MILK, 1),))
    WaitingFile(path, boot, fsync=False).save({}, [visit])
    assert WaitingFile(path, boot, fsync=False).load() == ({}, (visit,))


def test_a_visit_that_is_all_the_restockers_is_so_after_the_restart(tmp_path):
    """Its mark has no beginning, which is no instant; and it may have no end yet."""
    path, boot = tmp_path / "waiting.json", Boot(BEGAN, 160.0)
    marks = (Mark("owner", -math.inf, 140.0), Mark("staff", 141.0, math.inf))
    WaitingFile(path, boot, fsync=False).save({}, [replace(VISIT, marks=marks)])
    _, [visit] = WaitingFile(path, boot, fsync=False).load()
    assert visit.marks == (Mark("owner", -math.inf, 140.0), Mark("staff", 141.0, 150.0))


def test_a_file_of_an_earlier_build_has_no_doubts(tmp_path):
    path, boot = tmp_path / "waiting.json", Boot(BEGAN, 160.0)
    WaitingFile(path, boot, fsync=False).save({}, [VISIT])
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["visits"][0]["doubts"]
    path.write_text(json.dumps(content), encoding="utf-8")
    _, visits = WaitingFile(path, boot, fsync=False).load()
    assert visits == (replace(VISIT, doubts=()),)
