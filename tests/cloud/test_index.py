"""The index: every issue once, whose it is, what was decided, what it costs to look."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from storeguard.cloud.index import CONFIRM, DISMISS, HOLD, OPEN, PAID, WITHDRAWN, Index
from storeguard.cloud.manifest import ABOUT_ANOTHER, FAULTS, SUMS
from storeguard.cloud.table import PAGE

NOW_S = datetime(2026, 11, 21, 3, 0, tzinfo=UTC).timestamp()
SENT = {"text": "문자", "message_id": "1", "sent_at": "2026-11-20T13:21:05+00:00"}


def manifest(number, *, sealed_at="2026-11-20T13:21:04+00:00", **more):
    return {
        "schema": 1,
        "id": f"2026-11-20_22-21-04.{number:06}",
        "number": number,
        "store": {"id": "s", "name": "강남", "language": "ko", "timezone": "Asia/Seoul"},
        "sealed_at": sealed_at,
        "visit": None,
        "lines": [{"product": "콜라", "missing": 1, "certainty": 1.0, "loss": 1500}],
        "loss_won": 1500,
        "notice": "own",
        "files": [{"name": "at.jpg", "bytes": 1, "sha256": "0" * 64}],
    } | more


@pytest.fixture
def index(cloud):
    return Index(cloud.index, cloud.dynamodb, lambda: NOW_S)


def add(index, number, store="s", owner="owner", **more):
    one = manifest(number, **more)
    index.add(owner, store, f"{store}/2026/11/{one['id']}/issue.json", one, SENT)
    return one["id"]


def of(index, owner="owner"):
    [row] = index.fleet(owner)
    return row.open_issues, row.issues_week, row.loss_won_week


def test_an_issue_is_counted_once_however_often_it_arrives(index):
    for _ in range(3):
        add(index, 7)
    [issue] = index.of_owner("owner").issues
    assert (issue["number"], issue["status"], issue["picture"]) == (7, OPEN, "at.jpg")
    assert json.loads(issue["lines"])[0] == {
        "product": "콜라", "missing": 1, "loss": 1500, "certainty": 1.0,
    }  # fmt: skip
    assert of(index) == (1, 1, 1500)


def test_many_writers_of_one_store_lose_no_count(index):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: add(index, n % 20), range(60)))
    assert of(index) == (20, 20, 30_000)


@pytest.mark.parametrize(
    ("decisions", "counts"),
    [
        ([CONFIRM], (0, 1, 1500)),
        ([DISMISS], (0, 1, 0)),
        ([HOLD], (1, 1, 1500)),
        ([DISMISS, CONFIRM], (0, 1, 1500)),
        ([DISMISS, DISMISS, OPEN], (1, 1, 1500)),
    ],
)
def test_a_decision_moves_what_is_counted(index, decisions, counts):
    name = add(index, 7)
    for decision in decisions:
        assert index.decide("s", name, decision, "owner")["status"] == decision
    assert of(index) == counts
    todo = index.of_owner("owner", is_todo=True).issues
    assert len(todo) == counts[0]


def test_decisions_at_once_leave_the_counts_right(index):
    names = [add(index, n) for n in range(5)]
    wanted = [(n, d) for n in names for d in (DISMISS, CONFIRM, HOLD, DISMISS)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: index.decide("s", *pair, "owner"), wanted))
    issues = index.of_owner("owner").issues
    open_now = sum(i["status"] in (OPEN, HOLD) for i in issues)
    lost = sum(i["loss_won"] for i in issues if i["status"] != DISMISS)
    assert of(index) == (open_now, 5, lost)


def test_a_late_payment_is_taken_off_once_and_pays_the_issue_when_whole(index):
    name = add(index, 7)
    part = manifest(7, id="late-1", notice="amended", amends=name, loss_won=500)
    for _ in range(3):
        index.add("owner", "s", "k", part, SENT)
    assert of(index) == (1, 1, 1000)
    index.add("owner", "s", "k", part | {"id": "late-2", "loss_won": 1000}, SENT)
    assert of(index) == (0, 1, 0)
    assert index.issue("s", name)["status"] == PAID


def test_the_owners_own_word_stands_against_a_late_payment(index):
    name = add(index, 7)
    index.decide("s", name, CONFIRM, "owner")
    late = manifest(7, id="late-1", notice="amended", amends=name)
    index.add("owner", "s", "k", late, SENT)
    assert index.issue("s", name)["status"] == CONFIRM


def settled(name, notice, loss_won=1500, **more):
    return manifest(7, id=f"settled-{name}", notice=notice, amends=name, loss_won=loss_won) | more


def test_a_withdrawn_issue_is_open_no_more_and_costs_nothing(index):
    name = add(index, 7, provisional=True)
    assert of(index) == (1, 1, 1500)
    for _ in range(2):
        index.add("owner", "s", "k", settled(name, "withdrawn"), SENT)
    assert of(index) == (0, 1, 0)
    issue = index.issue("s", name)
    assert (issue["status"], issue["provisional"]) == (WITHDRAWN, False)
    assert index.of_owner("owner", is_todo=True).issues == ()


def test_what_was_withdrawn_costs_nothing_whatever_the_owner_had_said(index):
    name = add(index, 7, provisional=True)
    index.decide("s", name, CONFIRM, "owner")
    index.add("owner", "s", "k", settled(name, "withdrawn"), SENT)
    assert index.issue("s", name)["status"] == CONFIRM
    assert of(index) == (0, 1, 0)


def test_a_confirmed_issue_costs_what_was_confirmed_of_it(index):
    name = add(index, 7, provisional=True, loss_won=4500)
    index.add("owner", "s", "k", settled(name, "confirmed", 3000), SENT)
    index.add("owner", "s", "k", settled(name, "withdrawn"), SENT)  # nothing settles it again
    assert of(index) == (1, 1, 3000)
    issue = index.issue("s", name)
    assert (issue["provisional"], issue["settled"], issue["status"]) == (False, True, OPEN)
    late = manifest(7, id="late-1", notice="amended", amends=name, loss_won=3000)
    index.add("owner", "s", "k", late, SENT)
    assert index.issue("s", name)["status"] == PAID
    assert of(index) == (0, 1, 0)


def test_a_late_payment_that_overtakes_the_confirmation_pays_it(index):
    name = add(index, 7, provisional=True, loss_won=4500)
    late = manifest(7, id="late-1", notice="amended", amends=name, loss_won=3000)
    index.add("owner", "s", "k", late, SENT)
    index.add("owner", "s", "k", settled(name, "confirmed", 3000), SENT)
    assert index.issue("s", name)["status"] == PAID


def test_what_is_about_nothing_known_changes_nothing(index):
    index.add("owner", "s", "k", manifest(7, id="l", notice="amended", amends="none"), SENT)
    assert index.decide("s", "none", CONFIRM, "owner") is None
    assert index.of_owner("owner").issues == ()


@pytest.mark.parametrize("notice", sorted(SUMS | FAULTS | ABOUT_ANOTHER))
def test_messages_that_are_no_issue_are_not_listed(index, notice):
    add(index, 7, notice=notice, amends="x", headline="x", numbers=[7])
    assert index.of_owner("owner").issues == ()


def test_a_weekly_test_is_listed_and_counts_as_no_issue(index):
    name = add(index, 0, notice="test", lines=[], loss_won=0)
    assert of(index) == (0, 0, 0)
    assert index.decide("s", name, "received", "owner")["status"] == "received"
    assert of(index) == (0, 0, 0)


def test_lists_are_newest_first_over_all_stores_a_page_at_a_time(index):
    for n in range(PAGE + 5):
        add(index, n, f"store-{n % 3}", sealed_at=f"2026-11-20T13:{n:02}:00+00:00")
    add(index, 99, "foreign", "another")
    first = index.of_owner("owner")
    rest = index.of_owner("owner", first.after)
    numbers = [i["number"] for i in (*first.issues, *rest.issues)]
    assert numbers == list(reversed(range(PAGE + 5)))
    assert rest.after is None
    assert [i["number"] for i in index.of_store("store-1").issues] == list(range(34, 0, -3))


def test_days_are_the_stores_own_and_a_week_is_seven(index):
    add(index, 1, sealed_at="2026-11-14T15:30:00+00:00")  # in Seoul the 15th: today is the 21st
    add(index, 2, sealed_at="2026-11-14T14:30:00+00:00")
    assert of(index) == (2, 1, 1500)


def test_a_store_given_to_an_owner_shows_before_its_first_issue(index):
    index.give("s", "강남", "kim")
    assert index.owner_of("s") == "kim"
    assert index.owner_of("other") == "owner"
    [row] = index.fleet("kim")
    assert (row.name, row.last_seen, row.needs_a_look) == ("강남", None, False)


def test_what_needs_a_look_stands_first(index):
    index.give("a", "가", "owner")
    add(index, 7, "z")
    assert [row.id for row in index.fleet("owner")] == ["z", "a"]


def test_opening_is_noted_once_and_both_come_back(index):
    one, two = add(index, 1), add(index, 2)
    add(index, 3)
    assert [index.open_now("s", one) for _ in range(2)] == [True, False]
    index.decide("s", two, DISMISS, "owner")
    found = index.decided("s", "2026-11-01")
    assert {i["number"] for i in found} == {1, 2}
