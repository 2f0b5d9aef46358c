"""Rule 14 in the store: repeats are told together, the rest of a full day next morning."""

import json
from datetime import datetime
from functools import partial

import pytest

from storeguard.domain import notice
from storeguard.domain.notice import COOL_DOWN_S
from storeguard.outbox.folder import read_manifest, sealed_issues


def steal(store, product, count=1):
    store.enter()
    store.take(product, count)
    store.leave()
    store.be_judged()


def tellings(store):
    return [read_manifest(issue)["notice"] for issue in store.issues]


def digests(store):
    return [read_manifest(folder) for folder in sealed_issues(store.folder / "state" / "digests")]


@pytest.fixture
def shop(make_store):
    store = make_store(outside=True)
    store.start()
    return store


@pytest.fixture
def evening(make_store, monkeypatch):
    """Makes a shop at a quarter to midnight, whose owner wants the digest at midnight."""
    monkeypatch.setattr(notice, "DIGEST_HOUR", 0)
    at = datetime.fromisoformat("2026-11-20T23:45:00+09:00")
    return partial(make_store, outside=True, started_at=at)


def test_a_repeat_of_the_same_product_waits_and_another_product_does_not(shop):
    steal(shop, "바나나우유")
    steal(shop, "바나나우유", 2)
    steal(shop, "초코바")
    assert tellings(shop) == ["own", "cool_down", "own"]
    assert digests(shop) == []
    shop.advance(COOL_DOWN_S)
    [digest] = digests(shop)
    assert digest["notice"] == "digest"
    assert digest["issues"] == [shop.issues[1].name]
    assert [(line["product"], line["missing"]) for line in digest["lines"]] == [("바나나우유", 2)]
    assert digest["loss_won"] == 3000
    shop.advance(3 * COOL_DOWN_S)
    assert len(digests(shop)) == 1


def test_several_repeats_are_one_digest(shop):
    for _ in range(3):
        steal(shop, "초코바")
    shop.advance(COOL_DOWN_S)
    [digest] = digests(shop)
    assert len(digest["issues"]) == 2
    assert digest["numbers"] == [2, 3]
    assert [(line["product"], line["missing"]) for line in digest["lines"]] == [("초코바", 2)]


def test_after_the_digest_the_product_cools_down_anew(shop):
    steal(shop, "초코바")
    steal(shop, "초코바")
    shop.advance(COOL_DOWN_S)
    steal(shop, "초코바")
    assert tellings(shop) == ["own", "cool_down", "cool_down"]


def test_long_after_it_is_a_notice_of_its_own(shop):
    steal(shop, "초코바")
    shop.advance(COOL_DOWN_S)
    steal(shop, "초코바")
    assert tellings(shop) == ["own", "own"]


def test_what_waited_at_a_power_cut_is_told_after_the_start(shop):
    steal(shop, "초코바")
    steal(shop, "초코바")
    shop.cut_power()
    assert digests(shop) == []
    shop.start()
    shop.advance(10)
    [digest] = digests(shop)
    assert digest["issues"] == [shop.issues[1].name]
    shop.stop()
    shop.start()
    shop.advance(10)
    assert len(digests(shop)) == 1


def test_a_full_day_is_said_once_and_summed_up_next_morning(evening, monkeypatch):
    monkeypatch.setattr(notice, "MOST_A_DAY", 2)
    shop = evening()
    shop.start()
    for product in ("바나나우유", "초코바", "콜라", "바나나우유"):
        steal(shop, product)
    assert tellings(shop) == ["own", "own", "daily_digest", "daily_digest"]
    assert [digest["notice"] for digest in digests(shop)] == ["day_is_full"]
    shop.stop()
    shop.start()
    shop.advance(60)
    assert [digest["notice"] for digest in digests(shop)] == ["day_is_full"]
    shop.advance(900)
    [_, morning] = digests(shop)
    assert morning["notice"] == "digest"
    assert morning["issues"] == [issue.name for issue in shop.issues[2:]]
    steal(shop, "콜라")
    assert tellings(shop)[-1] == "own"


def test_an_issue_below_the_owners_threshold_waits_for_the_morning(evening):
    shop = evening(notices={"min_won": 3000})
    shop.start()
    steal(shop, "바나나우유")  # 1,500 won
    steal(shop, "콜라", 2)  # 3,600 won
    assert tellings(shop) == ["below_threshold", "own"]
    assert shop.kiosk == shop.shelf
    shop.advance(400)
    assert digests(shop) == []
    shop.stop()
    shop.start()
    shop.advance(600)
    [morning] = digests(shop)
    assert morning["issues"] == [shop.issues[0].name]
    assert [(line["product"], line["loss"]) for line in morning["lines"]] == [("바나나우유", 1500)]


def test_a_digest_that_cannot_be_written_is_tried_again(shop, monkeypatch):
    steal(shop, "초코바")
    steal(shop, "초코바")
    blocked = shop.folder / "state" / "digests"
    blocked.write_bytes(b"")
    shop.advance(COOL_DOWN_S + 30)
    assert any(fault.name == "noticing" for fault in shop.app.health.faults)
    blocked.unlink()
    shop.advance(120)
    assert len(digests(shop)) == 1
    assert not any(fault.name == "noticing" for fault in shop.app.health.faults)


def test_an_adopted_folder_follows_the_same_rule(shop):
    for name in ("first", "second"):
        folder = shop.folder / "issue_data" / name
        folder.mkdir()
        (folder / "content.txt").write_text("초코바1개 도난 발생\n", encoding="utf-8")
        (folder / "picture.jpg").write_bytes(b"\xff\xd8jpeg")
        shop.advance(40)
    assert tellings(shop) == ["own", "cool_down"]
    assert json.loads((shop.issues[1] / "issue.json").read_text())["lines"]
