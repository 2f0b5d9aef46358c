"""The console says whose visit it is: while it goes on, and after it has become an issue."""

import re

import httpx
import pytest

from storeguard.books.accounts import AccountFiles
from storeguard.desks import desks_of
from storeguard.messages import text
from storeguard.services import comparing
from storeguard.shopview import ShopView
from storeguard.upkeep.leaving import Restart
from storeguard.web.app import CONSOLE, build
from storeguard.web.door import Door

MILK, BAR, COLA = "바나나우유", "초코바", "콜라"
SOON_S = 60.0
"""In place of the hour after which an empty store compares its books."""


class Console:
    """The console's own pages over the running store; its owner has come in by a link."""

    def __init__(self, store):
        self._store = store
        self._door = Door(AccountFiles(store.folder / "state"), store.clock)
        desks = desks_of(store.app, None, Restart())
        self._view = ShopView(store.app)
        app = build(self._view, self._door, store.clock.now_s, parts=CONSOLE, desks=desks)
        transport = httpx.ASGITransport(app=app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://shop")
        store._run(self._come_in())

    async def _come_in(self):
        await self._door.set_account("owner", "correct horse battery", "owner")
        await self._client.get(self._door.link_once("owner"))
        page = (await self._client.get("/")).text
        self._client.headers["x-csrf"] = re.search(r'data-csrf="([^"]+)"', page)[1]

    def page(self, path):
        return self._store._run(self._client.get(path)).text

    def mark(self, who):
        answer = self._store._run(self._client.post("/api/v1/restock-mode", json={"who": who}))
        assert answer.status_code == 200
        return answer.json()["said"]

    @property
    def shown(self):
        """Restock mode as the page has it."""
        return self._snapshot()["restock"]

    @property
    def visits(self):
        """State and whose it is, of each visit on the first page, the newest first."""
        return [(one["state"], one["by"]) for one in self._snapshot()["visits"]]

    def _snapshot(self):
        return self._store._run(self._client.get("/api/v1/snapshot")).json()

    def look(self):
        """A round of what keeps the pages fresh."""
        self._store._run(self._view._refresh())

    def press(self, issue, button):
        """The button of the issue's page that says so; its form is sent as a browser does it."""
        page = self.page(f"/issues/{issue.name}")
        forms = re.findall(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', page, re.S)
        [(action, form)] = [found for found in forms if f">{button}</button>" in found[1]]
        fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
        pressed = re.findall(rf'<button[^>]* name="([^"]+)" value="([^"]*)">{button}<', form)
        answer = self._store._run(self._client.post(action, data=dict(fields + pressed)))
        assert answer.status_code == 303


@pytest.fixture
def console(store):
    return Console(store)


def shelve(store, product, count):
    store.advance(store.world.restock(product, count))
    store.advance(3)


# --- while it goes on ----------------------------------------------------------------------


def test_what_is_brought_and_taken_in_a_visit_marked_on_the_console_is_no_issue(store, console):
    store.enter("owner")
    store.take(COLA, 2)
    assert console.mark("owner") == text("ko", "restock.owner")
    shelve(store, MILK, 4)
    store.take(BAR, 3)
    assert store.kiosk == store.shelf == {MILK: 10, BAR: 9, COLA: 6}
    store.leave()
    store.be_judged()
    [visit] = store.visits
    assert (visit.by, visit.written_off) == ("owner", {BAR: 3, COLA: 2})
    assert store.issues == ()
    assert store.kiosk == store.shelf == {MILK: 10, BAR: 9, COLA: 6}
    assert store.app.questions.open == ()


def test_the_page_says_whose_it_is_from_when_and_until_when(store, console):
    assert console.shown is None
    store.enter("cleaner")
    store.take(BAR)
    console.mark("cleaner")
    first = console.shown
    assert (first["who"], first["since"], first["until"]) == ("cleaner", "11-20 22:20:08", "22:50")
    store.advance(120)
    store.take(BAR)
    assert console.shown == first | {"until": "22:52"}, "a movement keeps it on"


def test_the_visit_itself_says_whose_it_is_while_it_goes_on_and_afterwards(store, console):
    store.enter("cleaner")
    assert console.visits == [("open", None)]
    console.mark("cleaner")
    store.take(BAR)
    assert console.visits == [("open", "cleaner")]
    store.leave()
    store.be_judged()
    console.mark(None)
    store.enter("customer")
    store.leave()
    store.be_judged()
    console.look()
    assert console.visits == [("clean", None), ("clean", "cleaner")]
    chips = re.findall(r'<span class="chip">([^<]*)</span>', console.page("/visits"))
    clean = text("ko", "owner.visit.clean")
    assert chips == [clean, f"{text('ko', 'owner.mark.cleaner')} · {clean}"]


def test_who_presses_twice_has_marked_one_visit_once(store, console):
    store.enter("owner")
    store.take(COLA, 2)
    for _ in range(2):
        console.mark("owner")
    store.take(BAR, 3)
    store.leave()
    store.be_judged()
    assert store.visits[0].written_off == {COLA: 2, BAR: 3}
    assert store.kiosk == store.shelf == {MILK: 6, BAR: 9, COLA: 6}
    for _ in range(2):
        assert console.mark(None) == text("ko", "restock.off")
    assert console.shown is None


def test_what_is_taken_after_it_was_ended_on_the_console_is_a_customers(store, console):
    store.enter("owner")
    console.mark("owner")
    store.take(BAR, 3)
    console.mark(None)
    store.enter("thief")
    store.take(MILK, 2, by="thief")
    store.leave("thief")
    store.leave("owner")
    store.be_judged()
    assert store.missing == [{MILK: 2}]
    assert store.visits[0].written_off == {BAR: 3}


def test_each_mark_stands_in_the_access_log_with_who_pressed(store, console):
    for who in ("cleaner", None):
        console.mark(who)
    page = console.page("/people")
    for what in ("cleaner", "off"):
        assert f"owner · {text('ko', 'access.restock')} · {what}" in page


# --- after it has become an issue ----------------------------------------------------------


@pytest.fixture
def compared_soon(monkeypatch):
    monkeypatch.setattr(comparing, "COMPARED_EVERY_S", SOON_S)


def took_without_a_word(store):
    """The owner has forgotten to mark the visit: it is an issue."""
    store.enter("owner")
    store.take(MILK, 2)
    store.leave()
    store.be_judged()
    [issue] = store.issues
    return issue


@pytest.mark.usefixtures("compared_soon")
def test_that_was_me_closes_the_issue_and_both_books_stay_as_the_shelf_is(store, console):
    """What was taken has left both books with the issue: nothing may be put back."""
    issue = took_without_a_word(store)
    in_the_list = f'href="/issues/{issue.name}">{text("ko", "past.issue")}</a>'
    assert in_the_list in console.page("/visits")
    theirs = text("ko", "issue.theirs.owner")
    console.press(issue, theirs)
    assert f'href="/issues/{issue.name}"' in console.page("/issues?state=dismissed")
    page = console.page(f"/issues/{issue.name}")
    assert f"owner: {theirs}" in page
    assert f"owner · {text('ko', 'access.dismiss')} · {theirs}" in page
    said = f'<span class="chip dismissed">{text("ko", "issue.state.dismissed")}</span>'
    assert f"{in_the_list}{said}" in console.page("/visits")
    store.advance(2 * SOON_S)
    assert store.kiosk == store.shelf == {MILK: 4, BAR: 12, COLA: 8}
    assert store.issues == (issue,)
    store.enter("thief")
    store.take(MILK, 1)
    store.leave()
    store.be_judged()
    assert store.missing == [{MILK: 2}, {MILK: 1}], "the next one is still found"
