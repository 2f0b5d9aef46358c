"""Log, pages and notice of a judgement give the same reasons, made of what is kept of it."""

import json
import logging
from datetime import datetime, timedelta

import pytest

from storeguard.assembling import issue_store
from storeguard.domain.telling import Kind
from storeguard.issuedesk import IssueDesk
from storeguard.messages.reasons import sentences
from storeguard.narrating import Narrator
from storeguard.outbox.folder import MANIFEST, read_manifest
from storeguard.pastdesk import PastDesk
from storeguard.services.letters import of_manifest
from storeguard.shopview import ShopView

ZONE = "Asia/Seoul"


class Told:
    """What each reader finds of what a store has judged so far."""

    def __init__(self, store, caplog):
        self._app, self._caplog = store.app, caplog

    def log(self, *, about):
        """The one line of the log with this beginning."""
        said = [one.getMessage() for one in self._caplog.records if one.name == "storeguard"]
        [line] = [line for line in said if line.startswith(about)]
        return tuple(line.split(" | ")[1:])

    def visits(self, language="ko"):
        """What the page of all visits says, oldest first; the overview says the same."""
        page = PastDesk(self._app.journal, self._app.clock, ZONE, language).visits(1).visits
        if language == "ko":
            assert [row.why for row in ShopView(self._app)._read_disk().visits] == [
                row.why for row in page
            ]
        return [row.why for row in reversed(page)]

    def kept(self):
        """The reasons of each visit as the journal has them, oldest first."""
        visits = self._app.journal.recent_visits(9)
        return [visit.judgement["reasons"] for visit in reversed(visits)]

    def issue(self, issue):
        """What the issue's page says."""
        app, folders = self._app, self._app.folders
        store = issue_store(app.config)
        desk = IssueDesk(
            folders.issue_data, folders.state, store, app.journal, app.kiosk, app.clock
        )
        return desk.issue(issue.name).why

    def notice(self, issue):
        """The letter about it."""
        return of_manifest(read_manifest(issue), issue, Kind.ISSUE, is_text_only=True).text


@pytest.fixture
def told(store, caplog):
    """As `daemon` lets it be told."""
    caplog.set_level(logging.INFO, "storeguard")
    store.app.bus.subscribe(Narrator(store.clock, ZONE).narrate)
    return Told(store, caplog)


def half_a_bottle_more(store, bottles):
    store.enter()
    store.world.take("바나나우유", bottles)
    store.world.put_thing("A", "a half-empty bottle", 132.0)
    store.advance(5)
    store.leave()
    store.be_judged()


def assert_all_say(told, issue, kinds):
    """The journal, the folder, both pages, the log and the notice."""
    manifest, [kept] = read_manifest(issue), told.kept()
    assert [one["kind"] for one in kept] == kinds
    assert manifest["reasons"] == kept
    ko, en = sentences("ko", kept, ZONE), sentences("en", kept, ZONE)
    assert (tuple(manifest["why"]["ko"]), tuple(manifest["why"]["en"])) == (ko, en)
    assert told.issue(issue) == ko
    assert [told.visits("ko"), told.visits("en")] == [[ko], [en]]
    assert told.log(about="visit: judged") == en
    assert told.log(about=f"issue {issue.name}: missing") == en
    assert "\n".join(ko) in told.notice(issue)
    return ko


def test_a_theft_is_explained_alike_in_the_log_on_the_pages_and_in_the_notice(store, told):
    store.enter()
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    [issue] = store.issues
    left, unpaid = assert_all_say(told, issue, ["taken", "unpaid"])
    assert left.startswith("선반 A에서 22:20:")
    assert "에 바나나우유 1개(26" in left
    assert unpaid.endswith("까지 바나나우유 1개의 결제가 없었습니다.")


def test_a_doubt_beside_a_loss_is_explained_alike_everywhere(store, told):
    half_a_bottle_more(store, 2)
    [issue] = store.issues
    said = assert_all_say(told, issue, ["unpaid", "uncertain"])
    assert said[-1].startswith("선반 A의 22:20:")
    assert said[-1].endswith("결제 안 된 것은 1~2개입니다.")


def test_a_visit_that_needs_a_look_says_why_though_nobody_is_told(store, told):
    half_a_bottle_more(store, 1)
    assert store.issues == ()
    [kept] = told.kept()
    [said] = sentences("ko", kept, ZONE)
    assert said.startswith("선반 A의 22:20:")
    assert said.endswith("결제 안 된 것은 많아야 1개입니다.")
    assert told.visits() == [(said,)]
    assert told.log(about="visit: judged") == sentences("en", kept, ZONE)


def test_a_scale_that_failed_in_the_visit_is_named_with_its_time(store, told):
    store.enter()
    store.world.unplug("A")
    failed_at = store.clock.utc()
    store.advance(4)
    store.leave()
    store.be_judged()
    [[kept]] = told.kept()
    assert (kept["kind"], kept["product"], kept["scale"]) == ("failed", "바나나우유", "A")
    assert_soon_after(kept["at"], failed_at, 3)
    [[said]] = told.visits()
    assert said.startswith("선반 A의 저울을 22:20:")


def test_a_scale_that_had_failed_before_the_visit_is_named_with_the_time_of_that(store, told):
    store.world.unplug("A")
    failed_at = store.clock.utc()
    store.advance(60)
    store.enter()
    store.leave()
    store.be_judged()
    [[kept]] = told.kept()
    assert kept["kind"] == "failed"
    assert_soon_after(kept["at"], failed_at, 3)


def test_what_is_put_on_another_shelf_says_from_where_and_whither(store, told):
    store.enter()
    store.take("바나나우유")
    store.advance(store.world.put_back("바나나우유", scale="B"))
    store.advance(3)
    store.leave()
    store.be_judged()
    [[kept]] = told.kept()
    where = [kept[name] for name in ("kind", "product", "count", "from_scale", "scale")]
    assert where == ["misplaced", "바나나우유", 1, "A", "B"]
    assert kept["from_at"] < kept["at"]
    [[said]] = told.visits()
    assert "선반 A에서 나간 바나나우유 1개가" in said


def test_what_came_and_what_was_paid_too_often_say_so(store, told):
    store.enter()
    store.advance(store.world.restock("초코바", 2))
    store.advance(3)
    store.pay("콜라")
    store.leave()
    store.be_judged()
    [kept] = told.kept()
    assert [(one["kind"], one["product"], one["count"]) for one in kept] == [
        ("brought", "초코바", 2),
        ("overpaid", "콜라", 1),
    ]


def test_a_visit_that_a_stop_cut_short_says_that_it_was_not_judged(store, told, caplog):
    store.enter()
    store.advance(2)
    store.cut_power()
    store.leave()
    store.start()
    store.advance(10)
    again = Told(store, caplog)
    assert again.kept() == [[{"kind": "interrupted", "product": "", "count": 0}]]
    [[said]] = again.visits()
    assert said.startswith("방문 중에 기기가 꺼져")


def test_an_issue_and_a_visit_of_an_earlier_build_are_shown_as_they_were(store, told):
    """The sentences were there before the data; of a visit there was nothing."""
    store.enter()
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    [issue] = store.issues
    manifest = read_manifest(issue)
    del manifest["reasons"]
    (issue / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    assert told.issue(issue) == tuple(manifest["why"]["ko"]) != ()
    assert manifest["why"]["ko"][0] in told.notice(issue)
    journal, now = store.app.journal, store.clock.utc()
    journal.open_visit("old", now, ())
    journal.close_visit("old", now, now, {"unpaid": {"바나나우유": 1}})
    assert told.visits()[-1] == ()


def assert_soon_after(said, at, seconds):
    assert timedelta(seconds=-1) <= datetime.fromisoformat(said) - at <= timedelta(seconds=seconds)
