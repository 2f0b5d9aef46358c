"""What judged visits look like: undeclared sets, days, and what a proposal takes back."""

from datetime import date, timedelta

import pytest

from storeguard.domain.ledger import Debt, Ledger
from storeguard.domain.patterns import (
    WITHIN_DAYS,
    Observed,
    Seen,
    explained,
    forgiven,
    maybe_sets,
    proposed,
    proposed_sets,
)
from storeguard.domain.product import Product
from storeguard.domain.promotions import (
    NOTHING,
    Bonus,
    Bundle,
    Given,
    Grant,
    MaybeSet,
    Package,
    granted,
)

MILK, BAR, SODA, SET_A = "바나나우유", "메로나", "콜라", "세트A"
GOODS = (
    Product(MILK, 1500, 265.0),
    Product(BAR, 800, 80.0),
    Product(SODA, 1800, 370.0),
    Product(SET_A, 2000, 0.0),
)
PRICES = ((MILK, 1500), (BAR, 800), (SODA, 1800))
PERHAPS = MaybeSet(SET_A, 2000, PRICES)
TODAY = date(2026, 11, 20)


def seen(taken, paid, *, days_ago=0, unclear=(), name="v"):
    return Seen(name, TODAY - timedelta(days=days_ago), taken, paid, frozenset(unclear))


# --- sets at their first sale


@pytest.mark.parametrize(
    ("wanted", "sold", "given"),
    [
        ({MILK: 1, BAR: 1}, 1, {MILK: 1, BAR: 1}),  # 2,300 won
        ({SODA: 1, BAR: 2}, 1, {SODA: 1, BAR: 2}),  # 3,400
        ({MILK: 2, BAR: 2}, 2, {MILK: 2, BAR: 2}),
        ({BAR: 5}, 1, {BAR: 5}),  # 4,000: half price
        ({MILK: 2, BAR: 2}, 1, {}),  # 4,600
        ({BAR: 2}, 1, {}),  # 1,600: dearer than its parts
        ({SODA: 1}, 1, {}),
        ({"티켓": 9}, 1, {}),  # of no known price
        ({MILK: 1, BAR: 1}, 0, {}),
        ({}, 1, {}),
    ],
)
def test_units_of_about_its_price_may_be_the_parts_of_a_set(wanted, sold, given):
    used = {SET_A: sold} if given else {}
    assert PERHAPS.gives(wanted, {SET_A: sold} if sold else {}) == Given(given, used)


def test_what_is_given_away_may_be_no_set():
    assert MaybeSet("덤", 0, PRICES).gives({MILK: 2}, {"덤": 1}) == NOTHING


def test_a_set_that_may_be_one_comes_after_all_that_is_known_and_is_told_as_proposed():
    one_plus_one = Bonus("우유 1+1", (MILK,), 1, 1)
    grants = granted({MILK: 1, BAR: 1, SODA: 1}, {MILK: 1, SET_A: 1}, (PERHAPS, one_plus_one))
    assert grants == (Grant(one_plus_one, MILK, 1), Grant(PERHAPS, BAR, 1), Grant(PERHAPS, SODA, 1))
    assert [one.is_proposed for one in grants] == [False, True, True]
    assert PERHAPS.products == ()
    assert [PERHAPS.unpaid(wanted) for wanted in ({MILK: 1, BAR: 1}, {MILK: 1})] == [1, 0]


@pytest.mark.parametrize(
    ("proposal", "wanted", "given"),
    [
        (Package(SET_A, ((MILK, 1), (BAR, 1)), is_proposed=True), {MILK: 1, SODA: 1}, {}),
        (Package(SET_A, ((MILK, 1), (BAR, 1)), is_proposed=True), {MILK: 1}, {MILK: 1}),
        (Package(SET_A, ((MILK, 1), (BAR, 1))), {MILK: 1, SODA: 1}, {MILK: 1}),
        (Package(SET_A, ((MILK, 1),), is_proposed=True), {MILK: 2}, {MILK: 1}),
        (Bundle(SET_A, (MILK, BAR), 3, is_proposed=True), {MILK: 1, SODA: 1}, {}),
        (Bundle(SET_A, (MILK, BAR), 3, is_proposed=True), {MILK: 1}, {MILK: 1}),
        (Bundle(SET_A, (MILK, BAR), 3), {MILK: 1, SODA: 1}, {MILK: 1}),
        (Bundle(SET_A, (MILK, BAR), 3, is_proposed=True), {MILK: 2, BAR: 1}, {MILK: 2, BAR: 1}),
    ],
)
def test_a_proposed_set_explains_a_whole_one_or_all_that_went_unpaid(proposal, wanted, given):
    assert proposal.gives(wanted, {SET_A: 1}).units == given


def test_a_line_of_a_declared_set_is_used_up_by_it():
    package = Package(SET_A, ((MILK, 1), (BAR, 1)))
    grants = granted({MILK: 2, BAR: 2}, {SET_A: 1}, (package, PERHAPS))
    assert grants == (Grant(package, MILK, 1), Grant(package, BAR, 1))
    bundle = Bundle(SET_A, (MILK, BAR), 2)
    assert granted({MILK: 3, BAR: 1}, {SET_A: 1}, (bundle, PERHAPS)) == (Grant(bundle, MILK, 2),)


# --- which names may be sets


def test_what_cannot_be_weighed_may_be_a_set_until_somebody_says_what_it_is():
    assert maybe_sets(GOODS, (), ()) == (PERHAPS,)
    assert maybe_sets(GOODS, (), (SET_A,)) == ()


@pytest.mark.parametrize(
    ("visits", "is_one"),
    [
        ([seen({MILK: 1}, {MILK: 1, SET_A: 1})], False),
        ([seen({}, {SET_A: 1}), seen({MILK: 1, BAR: 1}, {SET_A: 1})], True),
        ([seen({}, {SET_A: 1})] * 2 + [seen({MILK: 1, BAR: 1}, {SET_A: 1})], False),
        ([seen({MILK: 1}, {MILK: 1, SET_A: 1}, unclear=[BAR])], True),  # says nothing
        ([seen({MILK: 1}, {MILK: 1})], True),
        ([seen({}, {SET_A: 1})] * 21 + [seen({MILK: 1, BAR: 1}, {SET_A: 1})] * 20, True),
    ],
)
def test_what_is_mostly_sold_by_itself_is_goods_and_no_set(visits, is_one):
    assert bool(maybe_sets(GOODS, visits, ())) is is_one


# --- proposals with their likely parts


def likely(*visits):
    return proposed_sets((PERHAPS,), visits)


def test_a_first_sale_beside_goods_of_its_price_is_proposed_with_them():
    parts = ((MILK, 1), (BAR, 1))
    expected = Package(SET_A, tuple(sorted(parts)), 2000, is_proposed=True)
    assert likely(seen({MILK: 1, BAR: 1}, {SET_A: 1})) == (expected,)
    assert likely(seen({MILK: 2, BAR: 2}, {SET_A: 2})) == (expected,)
    assert likely(seen({MILK: 1, BAR: 1, SODA: 1}, {SET_A: 1, SODA: 1})) == (expected,)


def test_the_likeliest_parts_are_those_that_were_seen_most():
    usual = seen({MILK: 1, BAR: 1}, {SET_A: 1})
    [found] = likely(seen({MILK: 1, BAR: 2}, {SET_A: 1}), usual, usual)
    assert found.products == tuple(sorted((MILK, BAR)))
    assert dict(found.contents) == {MILK: 1, BAR: 1}


def test_as_many_units_in_any_mix_are_a_bundle():
    [found] = likely(seen({BAR: 3}, {SET_A: 1}), seen({BAR: 2, MILK: 1}, {SET_A: 1}))
    assert found == Bundle(SET_A, tuple(sorted((BAR, MILK))), 3, 2000, is_proposed=True)


@pytest.mark.parametrize(
    ("visits", "count"),
    [
        ([seen({SODA: 1}, {SET_A: 1})] * 2, 0),  # not of its price
        ([seen({SODA: 1}, {SET_A: 1})] * 3, 1),  # but steady
        ([seen({SODA: 1}, {SET_A: 1}, days_ago=n) for n in (20, 10, 0)], 0),
        ([seen({SODA: 1}, {SET_A: 1}), seen({MILK: 1}, {SET_A: 1})], 0),
        ([seen({BAR: 3}, {SET_A: 2})], 0),  # cannot be shared out
        ([seen({MILK: 1}, {MILK: 1, SET_A: 1})], 0),
        ([], 0),
    ],
)
def test_what_fits_no_price_has_to_be_steady(visits, count):
    assert len(likely(*visits)) == count


def test_single_units_of_different_goods_are_no_bundle():
    """One each, thrice the same: a package, for a bundle has two units at least."""
    [found] = likely(*[seen({SODA: 1}, {SET_A: 1})] * 3, seen({MILK: 1}, {SET_A: 1}))
    assert found == Package(SET_A, ((SODA, 1),), 2000, is_proposed=True)


# --- days


@pytest.mark.parametrize(
    ("days_ago", "count"),
    [
        ((WITHIN_DAYS, 3, 0), 1),
        ((WITHIN_DAYS + 1, 3, 0), 0),  # one who comes back now and then
        ((40, 2, 1, 0), 1),
        ((1, 0), 0),
    ],
)
def test_visits_of_a_pattern_are_within_a_week(days_ago, count):
    history = [Observed(MILK, 2, 1, TODAY - timedelta(days=n)) for n in days_ago]
    assert len(proposed(history, ())) == count


# --- what a proposal takes back


def test_a_proposal_explains_units_of_the_newest_visits_that_it_fits():
    bonus = Bonus(f"{MILK} 1+1", (MILK,), 1, 1, is_proposed=True)
    history = (
        seen({MILK: 2}, {MILK: 1}, days_ago=WITHIN_DAYS + 1, name="long ago"),
        seen({MILK: 2, SODA: 1}, {MILK: 1}, days_ago=1, name="first"),
        seen({MILK: 2}, {MILK: 2}, days_ago=1, name="honest"),
        seen({MILK: 2}, {MILK: 1}, unclear=[MILK], name="unclear"),
        seen({MILK: 3}, {MILK: 1}, name="last"),
    )
    assert explained(history, bonus) == {"first": {MILK: 1}, "last": {MILK: 1}}
    assert explained((), bonus) == {}


def test_what_is_forgiven_is_owed_no_longer():
    debts = (Debt("a", 0.0, MILK, 2), Debt("a", 0.0, BAR, 1), Debt("b", 0.0, MILK, 1))
    ledger = forgiven(Ledger(debts=debts), "a", {MILK: 1, BAR: 1})
    assert ledger.debts == (Debt("a", 0.0, MILK, 1), Debt("b", 0.0, MILK, 1))


def test_products_in_doubt_are_not_observed():
    visit = seen({MILK: 2, BAR: 1}, {MILK: 1}, unclear=[BAR])
    assert visit.observed() == (Observed(MILK, 2, 1, TODAY),)
