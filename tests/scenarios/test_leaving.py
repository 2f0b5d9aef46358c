"""What is reckoned with when everybody has gone: no hand lifts a shelf then, a bag may stay.

A bar weighs 52 g. 45 g less, or 59, may be one, or a hand that lifts some of them.
"""

import asyncio

import pytest

from storeguard.books.book import CsvBook
from storeguard.errors import JournalFault

BAR = "초코바"


@pytest.fixture
def told(trace, replay):
    """Replays the trace; its judgements, and what its issues tell as missing."""

    def run(ends_s):
        result = replay(trace.write(ends_s=ends_s))
        assert result.exit_code == 0, result.output
        visits = [line for line in result.lines if line["event"] == "VisitReconciled"]
        issues = [line for line in result.lines if line["event"] == "IssueSealed"]
        return visits, [one["missing"] for issue in issues for one in issue["lines"]]

    return run


@pytest.fixture
def first(trace):
    """A first visitor, from 10 to 25 s, with a bar or so."""

    def come(grams, *, is_paid=False):
        trace.enter(10)
        trace.lay(15, "B", grams)
        if is_paid:
            trace.sell(20, BAR)
        trace.leave(25)

    return come


@pytest.mark.parametrize("grams", [-44.7, -59.3])
def test_what_seemed_lifted_has_gone_when_everybody_has(first, told, grams):
    first(grams)
    [visit], missing = told(60)
    assert (visit["unpaid"], visit["uncertain"], missing) == ({BAR: 1}, {}, [1])


@pytest.mark.parametrize("grams", [-44.7, -46.0, -58.5, -59.3])
@pytest.mark.parametrize("is_paid", [True, False])
@pytest.mark.parametrize("at_s", [31, 35.0, 35.1, 35.2])
def test_it_has_gone_before_the_next_comes_in_and_is_the_first_ones(
    trace, first, told, grams, is_paid, at_s
):
    """He comes in before the first one is judged, or just as he is."""
    first(grams, is_paid=is_paid)
    trace.enter(at_s)
    trace.leave(60)
    [one, other], missing = told(100)
    assert (one["taken"], one["uncertain"]) == ({BAR: 1}, {})
    assert one["unpaid"] == ({} if is_paid else {BAR: 1})
    assert missing == ([] if is_paid else [1])
    assert other["taken"] == other["unpaid"] == other["surplus"] == other["uncertain"] == {}


@pytest.mark.parametrize("grams", [-44.7, -59.3])
@pytest.mark.parametrize("is_paid", [True, False])
def test_a_visit_that_waits_for_its_sales_keeps_what_has_gone(trace, first, told, grams, is_paid):
    first(grams)
    trace.complete(1, 0)
    if is_paid:
        trace.sell_late(20, BAR, told_s=80)
    trace.complete(85, 84)
    [visit], missing = told(130)
    assert (visit["taken"], visit["surplus"]) == ({BAR: 1}, {})
    assert (visit["unpaid"], missing) == (({}, []) if is_paid else ({BAR: 1}, [1]))


@pytest.fixture
def slow_card(monkeypatch):
    """A card that takes 0.6 s for a row of the book."""
    add = CsvBook.add

    async def slow(self, *args, **kwargs):
        await asyncio.sleep(0.6)
        return await add(self, *args, **kwargs)

    monkeypatch.setattr(CsvBook, "add", slow)


@pytest.mark.usefixtures("slow_card")
@pytest.mark.parametrize("bought", ["바나나우유", "메로나"])
@pytest.mark.parametrize("at_s", [46.3, 46.6])
def test_who_comes_in_while_the_sales_are_heard_hushes_nothing(
    trace, told, monkeypatch, bought, at_s
):
    """Two that weigh the same are taken; one is left among the bars, and the other is paid."""
    trace.leave_one_of_two(monkeypatch)
    trace.sell(30, bought)
    trace.leave(36)
    trace.enter(at_s)
    trace.leave(70)
    [one, _], missing = told(100)
    assert (one["taken"], one["uncertain"], missing) == ({bought: 1}, {}, [])


@pytest.mark.usefixtures("slow_card")
@pytest.mark.parametrize("at_s", [34.5, 35.3, 35.5, 36.0])
def test_who_comes_in_while_it_is_booked_is_not_charged_with_it(trace, first, told, at_s):
    first(-59.3)
    trace.enter(at_s)
    trace.take(at_s + 8, BAR)
    trace.sell(at_s + 12, BAR)
    trace.leave(at_s + 20)
    [one, other], missing = told(100)
    assert (one["taken"], one["unpaid"]) == ({BAR: 1}, {BAR: 1})
    assert (other["taken"], other["unpaid"], other["surplus"]) == ({BAR: 1}, {}, {})
    assert missing == [1]


@pytest.mark.parametrize("at_s", [31.0, 35.4, 36.0])
def test_a_book_that_refuses_for_a_moment_loses_nothing(trace, first, told, monkeypatch, at_s):
    """It is written as the next comes in, or as the first one is judged."""
    add, refused = CsvBook.add, []

    async def once_refused(self, changes, *args, why="", **kwargs):
        if why.startswith(("left behind", "end of visit")) and not refused:
            refused.append(why)
            raise JournalFault("the card is full")
        return await add(self, changes, *args, why=why, **kwargs)

    monkeypatch.setattr(CsvBook, "add", once_refused)
    first(-59.3, is_paid=True)
    trace.enter(at_s)
    trace.take(at_s + 8, BAR)
    trace.sell(at_s + 12, BAR)
    trace.leave(at_s + 20)
    visits, missing = told(100)
    assert [(one["taken"], one["unpaid"], one["surplus"]) for one in visits] == [
        ({BAR: 1}, {}, {}),
        ({BAR: 1}, {}, {}),
    ]
    assert (missing, len(refused)) == ([], 1)


@pytest.mark.usefixtures("slow_card")
@pytest.mark.parametrize("at_s", [16.8, 17.2, 17.6])
def test_the_owners_word_while_a_step_is_booked_is_heard(trace, told, at_s):
    trace.enter(10)
    trace.take(15, BAR)
    trace.leave(25)
    trace.edit(at_s, "shelf", BAR, 11)
    [visit], missing = told(70)
    assert (visit["taken"], visit["unpaid"], missing) == ({BAR: 1}, {BAR: 1}, [1])


@pytest.mark.parametrize("grams", [83.0, 107.0, 300.0, 520.0])
def test_a_bag_that_is_forgotten_and_fetched_is_no_delivery_and_no_theft(trace, told, grams):
    """Some weigh like bottles."""
    trace.enter(10)
    trace.lay(15, "A", grams)
    trace.leave(25)
    trace.enter(60)
    trace.lay(65, "A", -grams)
    trace.leave(75)
    visits, missing = told(110)
    assert [(visit["surplus"], visit["unpaid"]) for visit in visits] == [({}, {}), ({}, {})]
    assert missing == []


@pytest.mark.usefixtures("slow_card")
def test_a_scale_that_is_taken_in_hand_while_its_step_is_booked_ends_nothing(store):
    store.enter()
    store.world.take("바나나우유")
    [channel] = [one for one in store.app.weighing.channels if one.id == "A"]
    while not channel.pending:
        store.advance(0.05)
    store.advance(0.3)  # the row is being written by now
    store.app.weighing.lend("A")
    store.advance(5)
    store.take("초코바")
    assert store.shelf["초코바"] == 11
