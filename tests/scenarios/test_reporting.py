"""The morning's mail: out of a real journal, into words and charts."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from storeguard.books.daily import DayRecords
from storeguard.books.journal import IssueRecord, Sale
from storeguard.books.journalfile import open_journal
from storeguard.domain.issue import IssueStore
from storeguard.services.reporting import report

DAY = date(2026, 11, 19)
NOON = datetime(2026, 11, 19, 3, 0, tzinfo=UTC)
"""12:00 in Seoul."""


@pytest.fixture
def journal(tmp_path):
    one = open_journal(tmp_path, fsync=False)
    yield one
    one.close()


def filled(journal):
    for hour in range(10):
        at = NOON + timedelta(hours=hour // 2, minutes=hour)
        journal.open_visit(f"v{hour}", at)
        journal.record_sale(Sale(f"s{hour}", f"s{hour}", "바나나우유", 1, 1500, at, "kiosk"))
    line = {
        "product": "초코바<b>",
        "shelf": 1,
        "kiosk": 3,
        "missing": 2,
        "loss": 2400,
        "certainty": 1,
    }
    journal.record_issue(IssueRecord("i", NOON, None, (line,)))
    journal.amend_issue("i", "초코바<b>", 1, "late")
    journal.record_fault("door", "no picture", NOON)
    journal.close_fault("door", NOON + timedelta(minutes=12))


@pytest.mark.parametrize(("language", "sold"), [("ko", "15,000원"), ("en", "15,000 won")])
def test_the_report_says_visits_sales_losses_and_blind_times(journal, language, sold):
    filled(journal)
    store = IssueStore("gangnam-1", "강남 1호점", language, "Asia/Seoul")
    day = DayRecords(journal, "Asia/Seoul", frozenset({"door"})).day(DAY, NOON + timedelta(days=1))
    assert (day.visits, day.sales_won, day.loss_won, day.blind_min) == (10, 15_000, 1200, 12)
    notice = report(day, store, NOON)
    assert notice.id == "report-2026-11-19"
    assert sold in notice.text
    assert sold in notice.html
    assert "초코바&lt;b&gt;" in notice.html
    assert "초코바<b>" not in notice.html
    assert "<img" not in notice.html


def test_blind_seconds_of_today_and_yesterday_are_told_by_local_date(journal):
    journal.record_fault("door", "no picture", NOON - timedelta(days=1))
    journal.close_fault("door", NOON - timedelta(days=1) + timedelta(seconds=90))
    journal.record_fault("A", "no word", NOON)
    found = DayRecords(journal, "Asia/Seoul", frozenset({"door"})).blind_s(NOON)
    assert list(found.values()) == [90, 0]
    assert max(found) == f"{NOON.astimezone(ZoneInfo('Asia/Seoul')):%Y-%m-%d}"


def test_a_day_of_which_nothing_is_known_is_a_report_too(journal):
    store = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
    day = DayRecords(journal, "Asia/Seoul", frozenset()).day(DAY, NOON)
    assert "없음" in report(day, store, NOON).text
