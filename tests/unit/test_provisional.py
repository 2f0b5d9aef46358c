"""Issues of a visit that goes on: what the end of the visit makes of them."""

import asyncio

from storeguard.clock import SystemClock
from storeguard.domain.ledger import Debt
from storeguard.services.bus import Bus
from storeguard.services.provisional import ProvisionalIssues

MILK, BAR = "바나나우유", "초코바"


class Filing:
    def __init__(self):
        self.settled = {}

    async def settle(self, issue_id, confirmed):
        self.settled[issue_id] = dict(confirmed)


def settle(unpaid, uncertain, *debts):
    filing = Filing()
    issues = ProvisionalIssues(filing, None, Bus(), SystemClock(), None, max_visit_s=60.0)
    issues._open = debts
    found = asyncio.run(issues.settle(unpaid, uncertain))
    return found, filing.settled


def debt(issue, product, count):
    return Debt(issue, 100.0, product, count)


def test_what_is_unpaid_in_the_end_is_confirmed_and_the_rest_is_withdrawn():
    found, settled = settle({MILK: 3}, {}, debt("a", MILK, 2), debt("b", BAR, 1))
    assert found == {MILK: 1}
    assert settled == {"a": {MILK: 2}, "b": {}}


def test_a_doubt_of_the_end_takes_back_nothing_that_is_missing_for_certain():
    """Its zero has moved by a third of a unit: of 20 bars 19 are gone whatever it was."""
    debts = [debt(f"i{n}", BAR, 4) for n in range(5)]
    found, settled = settle({MILK: 1}, {BAR: (19, 20)}, *debts)
    assert found == {MILK: 1}
    assert [one.get(BAR, 0) for one in settled.values()] == [4, 4, 4, 4, 3]


def test_what_no_issue_has_told_and_is_in_doubt_is_told_by_none():
    assert settle({}, {BAR: (3, 4)}, debt("a", BAR, 1)) == ({}, {"a": {BAR: 1}})
