"""What an issue says: its id, its manifest, its text."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.issue import (
    EvidenceFile,
    Issue,
    IssueLine,
    IssueStep,
    IssueStore,
    content_text,
    issue_id,
    manifest,
    read_sentence,
    sentence,
)

LEFT_AT = datetime(2026, 11, 20, 13, 21, 4, 123456, tzinfo=UTC)
ISSUE = Issue(
    id="2026-11-20_22-21-04.123456",
    number=7,
    store=IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul"),
    sealed_at=LEFT_AT + timedelta(seconds=11),
    is_clock_synced=True,
    visit_started_at=LEFT_AT - timedelta(minutes=2),
    visit_ended_at=LEFT_AT,
    lines=(
        IssueLine("바나나우유", 3, 5, 2, 3000, 0.99),
        IssueLine("메로나", 0, 1, 1, 1200, 0.8),
    ),
    why={"ko": ("22:20:58 저울 A에서 2개",), "en": ("22:20:58 2 off scale A",)},
    steps=(IssueStep("A", LEFT_AT - timedelta(seconds=6), -190.2, "clip-1.mp4", 114.0),),
    reasons=({"kind": "unpaid", "product": "바나나우유", "count": 2},),
)


def test_an_issue_is_never_about_nothing_or_a_surplus():
    with pytest.raises(ValueError, match="missing must be >= 1, got -1"):
        IssueLine("메로나", 3, 2, -1, 0, 1.0)


@pytest.mark.parametrize("certainty", [-0.01, 1.01, float("nan")])
def test_certainty_is_a_share(certainty):
    with pytest.raises(ValueError, match="certainty must be in"):
        IssueLine("메로나", 1, 2, 1, 1200, certainty)


def test_the_loss_is_the_sum_of_the_lines():
    assert ISSUE.loss_won == 4200


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([], "2026"),
        (["2025"], "2026"),
        (["2026"], "2026-2"),
        (["2026", "2026-2", "2026-3"], "2026-4"),
        (["2026-2"], "2026"),
    ],
)
def test_the_id_stays_unique_when_the_clock_jumps_back(taken, expected):
    assert issue_id("2026", taken) == expected


def test_the_manifest_holds_the_whole_issue_and_is_json():
    files = [EvidenceFile("content.txt", 120, "ab" * 32)]
    found = manifest(ISSUE, files)
    assert json.loads(json.dumps(found)) == found
    assert found == {
        "schema": 1,
        "id": "2026-11-20_22-21-04.123456",
        "number": 7,
        "store": {
            "id": "gangnam-1",
            "name": "강남 1호점",
            "language": "ko",
            "timezone": "Asia/Seoul",
        },
        "sealed_at": "2026-11-20T13:21:15.123456+00:00",
        "time_quality": "synced",
        "visit": {
            "started_at": "2026-11-20T13:19:04.123456+00:00",
            "ended_at": "2026-11-20T13:21:04.123456+00:00",
        },
        "lines": [
            {
                "product": "바나나우유",
                "shelf": 3,
                "kiosk": 5,
                "missing": 2,
                "loss": 3000,
                "certainty": 0.99,
            },
            {
                "product": "메로나",
                "shelf": 0,
                "kiosk": 1,
                "missing": 1,
                "loss": 1200,
                "certainty": 0.8,
            },
        ],
        "loss_won": 4200,
        "notice": "own",
        "provisional": False,
        "reasons": [{"kind": "unpaid", "product": "바나나우유", "count": 2}],
        "why": {"ko": ["22:20:58 저울 A에서 2개"], "en": ["22:20:58 2 off scale A"]},
        "steps": [
            {
                "scale": "A",
                "at": "2026-11-20T13:20:58.123456+00:00",
                "grams": -190.2,
                "clip": "clip-1.mp4",
                "clip_offset_s": 114.0,
                "product": None,
                "shown": {},
                "shown_at_s": None,
                "unpaid": True,
            }
        ],
        "evidence_missing": {},
        "unfinished": {},
        "files": [{"name": "content.txt", "bytes": 120, "sha256": "ab" * 32}],
    }


def test_goods_that_went_without_a_visit_have_none_in_the_manifest():
    alone = replace(ISSUE, visit_started_at=None, visit_ended_at=None, is_clock_synced=False)
    found = manifest(alone, [])
    assert found["visit"] is None
    assert found["time_quality"] == "unsynced"


def test_the_text_has_the_ancestors_sentences_then_store_time_and_loss():
    assert content_text(ISSUE, "2026-11-20_22-20-58.jpg") == (
        "바나나우유2개 도난 발생\n"
        "메로나1개 도난 발생\n"
        "매장 : 강남 1호점\n"
        "시각 : 2026-11-20 22:21:04\n"
        "손실 : 4,200원\n"
    )


def test_an_issue_without_a_picture_says_so_and_a_guessed_time_too():
    unsure = replace(ISSUE, is_clock_synced=False)
    lines = content_text(unsure, None).splitlines()
    assert lines[-1] == "사진 없음"
    assert lines[3] == "시각 : 2026-11-20 22:21:04 (추정)"


def test_without_a_visit_the_text_has_the_time_of_the_sealing():
    alone = replace(ISSUE, visit_ended_at=None)
    assert "시각 : 2026-11-20 22:21:15\n" in content_text(alone, None)


def test_a_provisional_issue_says_that_somebody_is_still_inside():
    provisional = replace(ISSUE, is_provisional=True)
    assert "확인 중 : 손님이 아직 매장에 있습니다\n" in content_text(provisional, None)
    assert manifest(provisional, [])["provisional"]


def test_evidence_that_could_not_be_made_is_named_in_the_text():
    without = replace(ISSUE, evidence_missing={"curve": "저장 실패", "contact_sheet": "사진 없음"})
    assert content_text(without, None).splitlines()[-1] == "추가 자료 없음 : contact_sheet, curve"


def test_the_time_is_the_stores_whatever_zone_the_issue_was_made_in():
    elsewhere = LEFT_AT.astimezone(timezone(timedelta(hours=-5)))
    moved = replace(ISSUE, visit_ended_at=elsewhere)
    assert content_text(moved, None) == content_text(ISSUE, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("바나나우유1개 도난 발생", ("바나나우유", 1)),
        ("  바나나우유 12 개 도난 발생\r", ("바나나우유", 12)),
        ("칠성 사이다 2개 도난 발생", ("칠성 사이다", 2)),
        ("바나나우유 도난 발생", None),
        ("매장 : 강남 1호점", None),
        ("", None),
    ],
)
def test_an_ancestors_sentence_is_read_back(text, expected):
    assert read_sentence(text) == expected


@given(
    st.text(min_size=1, max_size=20).filter(
        lambda s: s.strip() == s and len(s.splitlines()) == 1 and not s[-1].isdigit()
    ),
    st.integers(1, 999),
)
def test_what_is_written_is_read_back(product, count):
    assert read_sentence(sentence(product, count)) == (product, count)
