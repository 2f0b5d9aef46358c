"""What comes of an issue once it is sealed, and that every page and letter says the same of it."""

from zoneinfo import ZoneInfo

import pytest

from storeguard.books import journalfile
from storeguard.books.daily import DayRecords
from storeguard.checking import loss_today
from storeguard.errors import StoreguardError
from storeguard.issuedesk import IssueDesk
from storeguard.pastdesk import PastDesk
from storeguard.services import comparing
from storeguard.shopview import ShopView
from storeguard.web.desks import Wish

MAX_VISIT_S = 60.0
PATIENCE_S = 40.0
MILK, COLA = "바나나우유", "콜라"
SEOUL = "Asia/Seoul"
ZONE = ZoneInfo(SEOUL)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """What has gone wrong in a book is found within minutes."""
    monkeypatch.setattr("storeguard.domain.overdue.USUAL_PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(comparing, "COMPARED_EVERY_S", 60.0)


@pytest.fixture
def busy(make_store):
    store = make_store(visits={"max_visit_s": MAX_VISIT_S})
    store.start()
    store.enter("somebody")
    return store


def desk_of(store):
    app, folder = store.app, store.folder
    store_of = app.filing._store
    return IssueDesk(
        folder / "issue_data", folder / "state", store_of, app.journal, app.kiosk, store.clock
    )


def come(store, outcome):
    """A provisional issue of two of each, and what its visit made of it."""
    store.take(MILK, 2, by="somebody")
    store.take(COLA, 2, by="somebody")
    store.advance(MAX_VISIT_S + PATIENCE_S)
    if outcome == "paid":
        store.pay(MILK, 2)
        store.pay(COLA, 2)
    if outcome == "put back":
        store.put_back(MILK, 2, by="somebody")
        store.put_back(COLA, 2, by="somebody")
    if outcome == "put back in part":
        store.put_back(MILK, by="somebody")
        store.put_back(COLA, by="somebody")
    if outcome != "checking":
        store.leave("somebody")
        store.be_judged()


def losses(store):
    """What each page says today's loss is."""
    now = store.clock.utc()
    journal = store.app.journal
    reported = DayRecords(journal, SEOUL, frozenset()).day(now.astimezone(ZONE).date(), now)
    return {
        "album": desk_of(store).album(Wish()).cards[0].loss_won,
        "first page": ShopView(store.app)._read_disk().loss_today_won,
        "list": loss_today(store.app.config, store.app.folders, store.clock, verdicts_of(store)),
        "days": PastDesk(journal, store.clock, SEOUL).days(1)[0].loss_won,
        "morning": reported.loss_won,
    }


@pytest.mark.parametrize(
    ("outcome", "state", "won"),
    [
        ("checking", "checking", 6600),
        ("stays", "settled", 6600),
        ("paid", "withdrawn", 0),
        ("put back", "withdrawn", 0),
        ("put back in part", "settled", 3300),
    ],
)
def test_every_page_says_what_a_provisional_issue_came_to(busy, outcome, state, won):
    come(busy, outcome)
    [card] = desk_of(busy).album(Wish()).cards
    assert card.state == state
    if state == "withdrawn":
        [visit] = PastDesk(busy.app.journal, busy.clock, SEOUL).visits(1).visits
        assert visit.issues == {busy.issues[0].name: "withdrawn"}
    assert set(losses(busy).values()) == {won}, losses(busy)


def test_every_page_leaves_out_what_was_paid_late(store):
    steal(store)
    assert set(losses(store).values()) == {1500}
    store.pay(MILK)
    store.advance(130)
    assert set(losses(store).values()) == {0}
    assert desk_of(store).album(Wish()).cards[0].state == "paid"


def test_a_withdrawn_issue_costs_nothing_after_its_folder_has_gone_or_a_new_journal(busy):
    come(busy, "put back")
    busy.stop()
    (busy.folder / "state" / "storeguard.db").unlink()
    busy.start()
    assert set(losses(busy).values()) == {0}
    busy._run(desk_of(busy).act(busy.issues[0].name, "delete", who="owner", reason="끝"))
    assert PastDesk(busy.app.journal, busy.clock, SEOUL).days(1)[0].loss_won == 0


def steal(store):
    store.enter()
    store.take(MILK)
    store.leave()
    store.be_judged()


def test_what_the_owner_dismisses_is_no_loss_on_any_page_until_he_opens_it_again(store):
    steal(store)
    decide(store, "dismiss")
    assert {page: won for page, won in losses(store).items() if won} == {"album": 1500}
    assert desk_of(store).album(Wish()).cards[0].state == "dismissed"
    decide(store, "reopen")
    assert set(losses(store).values()) == {1500}


def verdicts_of(store):
    return journalfile.verdicts(store.app.folders.state)


def decide(store, action):
    name = store.issues[0].name
    store._run(desk_of(store).act(name, action, who="owner", reason="제 방문이었습니다"))


@pytest.mark.parametrize("outcome", ["paid", "put back"])
def test_to_undo_what_was_withdrawn_invents_no_theft(busy, outcome):
    come(busy, outcome)
    undo(busy)
    assert busy.kiosk == busy.shelf
    busy.advance(200)
    assert len(busy.issues) == 1


def test_to_undo_what_was_paid_late_invents_no_theft(store):
    steal(store)
    store.pay(MILK)
    store.advance(130)
    undo(store)
    assert store.kiosk == store.shelf
    store.advance(200)
    assert len(store.issues) == 1


def test_to_undo_gives_back_what_is_left_of_it(busy):
    come(busy, "put back in part")
    before = busy.kiosk
    assert desk_of(busy).issue(busy.issues[0].name).can_be_undone
    undo(busy)
    assert busy.kiosk == {**before, MILK: before[MILK] + 1, COLA: before[COLA] + 1}


def test_what_has_corrected_no_book_yet_cannot_be_undone(busy):
    come(busy, "checking")
    before = busy.kiosk
    assert not desk_of(busy).issue(busy.issues[0].name).can_be_undone
    with pytest.raises(StoreguardError, match="wait for its outcome"):
        undo(busy)
    assert busy.kiosk == before


def undo(store):
    assert store._run(desk_of(store).act(store.issues[0].name, "undo", who="owner"))
