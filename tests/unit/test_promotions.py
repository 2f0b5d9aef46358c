"""Promotions: what a customer may take for what the kiosk recorded, and not one unit more."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.ledger import (
    Ledger,
    Movement,
    SaleLine,
    Visit,
    add_movement,
    add_sale,
    end_visit,
    offer,
    open_visit,
)
from storeguard.domain.overdue import overdue
from storeguard.domain.patterns import FEWEST_VISITS, MOST_VISITS, Observed, proposed
from storeguard.domain.product import Product
from storeguard.domain.promotions import (
    Bonus,
    Bundle,
    Grant,
    Package,
    Period,
    granted,
    in_force,
    set_prices,
    units_of,
)
from storeguard.domain.reasons import Reason
from storeguard.domain.reconcile import judge

MILK, BAR, CONE, SODA = "바나나우유", "메로나", "부라보콘", "콜라"
SET_A, TEN = "세트A", "아이스크림 10개"
ONE_PLUS_ONE = Bonus("우유 1+1", (MILK,), 1, 1)
MIXED_2_1 = Bonus("아이스 2+1", (BAR, CONE), 2, 1)
TEN_FOR_PRICE = Bundle(TEN, (BAR, CONE), 10, 10_000)
SET = Package(SET_A, ((SODA, 1), (BAR, 2)), 5000)
PRODUCTS = (
    Product(MILK, 1500, 265.0),
    Product(BAR, 800, 80.0),
    Product(CONE, 1200, 130.0),
    Product(SODA, 1800, 370.0),
)
TODAY = date(2026, 11, 20)


def free(taken, recorded, *promotions):
    """Units that may be taken beyond what was recorded."""
    wanted = {name: n - max(0, recorded.get(name, 0)) for name, n in taken.items()}
    return dict(units_of(granted(wanted, recorded, promotions)))


# --- what is refused


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Bonus("", (MILK,), 1, 1), "needs a name"),
        (lambda: Bonus("x", (), 1, 1), "needs a name and products"),
        (lambda: Bonus("x", ("",), 1, 1), "needs a name and products"),
        (lambda: Bonus("x", (MILK, MILK), 1, 1), "twice"),
        (lambda: Bonus("x", (MILK,), 0, 1), "got 0"),
        (lambda: Bonus("x", (MILK,), 1, 0), r"1\+0"),
        (lambda: Bundle("x", (MILK,), 1), "got 1"),
        (lambda: Package("x", ((MILK, 0),)), "units must be"),
        (lambda: Period(TODAY, TODAY - timedelta(days=1)), "before"),
    ],
)
def test_what_makes_no_sense_is_no_promotion(make, said):
    with pytest.raises(ValueError, match=said):
        make()


# --- n + m


@pytest.mark.parametrize(
    ("taken", "recorded", "allowed"),
    [
        (0, 0, 0),
        (2, 0, 0),  # nothing paid: nothing free
        (1, 1, 0),
        (2, 1, 1),  # the kiosk records what was paid
        (2, 2, 0),  # the kiosk records both
        (3, 2, 1),
        (4, 2, 2),
        (5, 2, 2),
        (3, 1, 1),  # a thief beyond the promotion
        (2, -1, 0),  # a refund buys nothing
    ],
)
def test_one_plus_one_allows_from_the_recorded_to_twice_as_many(taken, recorded, allowed):
    assert free({MILK: taken}, {MILK: recorded}, ONE_PLUS_ONE) == (
        {MILK: allowed} if allowed else {}
    )


@pytest.mark.parametrize(
    ("taken", "recorded", "allowed"),
    [
        ({BAR: 2, CONE: 1}, {BAR: 2}, {CONE: 1}),
        ({BAR: 1, CONE: 2}, {BAR: 1, CONE: 1}, {CONE: 1}),
        ({BAR: 3}, {BAR: 1, CONE: 1}, {BAR: 1}),  # two over: only one of them is free
        ({BAR: 2}, {BAR: 1}, {}),  # two have to be paid before one is free
        ({BAR: 6}, {BAR: 4}, {BAR: 2}),
        ({BAR: 3, MILK: 1}, {BAR: 2}, {BAR: 1}),  # of the promotion's own products only
        ({BAR: 3}, {BAR: 2, MILK: 5}, {BAR: 1}),
    ],
)
def test_two_plus_one_may_be_mixed_over_flavours(taken, recorded, allowed):
    assert free(taken, recorded, MIXED_2_1) == allowed


def test_a_paid_unit_counts_for_one_promotion_only():
    both = (Bonus("콘 1+1", (CONE,), 1, 1), MIXED_2_1)
    assert free({CONE: 4, BAR: 1}, {CONE: 2}, *both) == {CONE: 2}


def test_a_promotion_uses_up_no_more_than_it_gives():
    """The cone's own 1+1 is not needed, so both paid units are there for the mixed one."""
    both = (Bonus("콘 1+1", (CONE,), 1, 1), MIXED_2_1)
    assert free({CONE: 1, BAR: 2}, {CONE: 1, BAR: 1}, *both) == {BAR: 1}


def test_the_owners_own_promotion_comes_before_a_proposed_one():
    guessed = Bonus(f"{MILK} 1+1", (MILK,), 1, 1, is_proposed=True)
    [grant] = granted({MILK: 1}, {MILK: 1}, (guessed, ONE_PLUS_ONE))
    assert grant == Grant(ONE_PLUS_ONE, MILK, 1)
    assert not grant.is_proposed


# --- ten for a price, sets


@pytest.mark.parametrize(
    ("taken", "recorded", "allowed"),
    [
        ({BAR: 7, CONE: 3}, {TEN: 1}, {BAR: 7, CONE: 3}),
        ({BAR: 7, CONE: 4}, {TEN: 1}, {BAR: 7, CONE: 3}),
        ({BAR: 10}, {BAR: 10}, {}),  # recorded unit by unit: nothing to add
        ({BAR: 11}, {BAR: 10}, {}),
        ({BAR: 3}, {TEN: 1, BAR: 3}, {}),
    ],
)
def test_ten_for_a_price_sold_as_one_line_allows_ten_in_any_mix(taken, recorded, allowed):
    assert free(taken, recorded, TEN_FOR_PRICE) == allowed


@pytest.mark.parametrize(
    ("taken", "recorded", "allowed"),
    [
        ({SODA: 1, BAR: 2}, {SET_A: 1}, {SODA: 1, BAR: 2}),
        ({SODA: 2, BAR: 2}, {SET_A: 1}, {SODA: 1, BAR: 2}),
        ({SODA: 2, BAR: 4}, {SET_A: 2}, {SODA: 2, BAR: 4}),
        ({SODA: 1, BAR: 2}, {SET_A: 1, SODA: 1, BAR: 2}, {}),  # the set and its parts, in one bill
        ({SODA: 1, BAR: 2}, {SET_A: -1}, {}),
    ],
)
def test_a_set_that_no_shelf_carries_allows_its_parts(taken, recorded, allowed):
    assert free(taken, recorded, SET) == allowed


def test_what_is_sold_by_its_name_has_the_price_that_the_owner_gave():
    unpriced = Package("덤", ((SODA, 1),))
    assert set_prices((ONE_PLUS_ONE, TEN_FOR_PRICE, SET, unpriced)) == {TEN: 10_000, SET_A: 5000}


# --- days


def test_the_first_and_the_last_day_count():
    week = Period(TODAY, TODAY + timedelta(days=6))
    days = [TODAY + timedelta(days=n) for n in (-1, 0, 6, 7)]
    assert [week.has(day) for day in days] == [False, True, True, False]
    assert Period().has(TODAY)
    assert Period(starts=TODAY).has(TODAY + timedelta(days=999))
    assert Period(ends=TODAY).has(date(1999, 1, 1))


def test_an_ended_one_plus_one_is_over_but_a_set_that_the_kiosk_still_sells_is_paid_for():
    ended = Period(ends=TODAY - timedelta(days=1))
    over = Bonus("우유 1+1", (MILK,), 1, 1, ended)
    still = Package(SET_A, ((SODA, 1),), period=ended)
    ten = Bundle(TEN, (BAR,), 10, period=ended)
    assert in_force((over, still, ten, MIXED_2_1), TODAY) == (still, ten, MIXED_2_1)


# --- properties

_names = st.sampled_from([MILK, BAR, CONE, SODA])
_counts = st.dictionaries(_names, st.integers(0, 12))
_lines = st.dictionaries(st.sampled_from([MILK, BAR, CONE, SODA, SET_A, TEN]), st.integers(-2, 8))
_promotions = st.lists(
    st.one_of(
        st.builds(
            Bonus,
            st.just("행사"),
            st.lists(_names, min_size=1, max_size=3, unique=True).map(tuple),
            st.integers(1, 3),
            st.integers(1, 2),
            is_proposed=st.booleans(),
        ),
        st.just(SET),
        st.just(TEN_FOR_PRICE),
    ),
    max_size=4,
)


@given(_counts, _lines, _promotions)
def test_nothing_is_given_that_was_not_wanted_and_nothing_without_a_payment(wanted, lines, rules):
    units = units_of(granted(wanted, lines, rules))
    assert all(0 < count <= wanted[product] for product, count in units.items())
    if not any(count > 0 for count in lines.values()):
        assert not units


@given(_counts, _lines, st.integers(1, 3), st.integers(1, 3))
def test_one_bonus_gives_exactly_its_share(wanted, lines, buy, extra):
    rule = Bonus("행사", (MILK, BAR), buy, extra)
    units = units_of(granted(wanted, lines, [rule]))
    bought = sum(max(0, lines.get(product, 0)) for product in rule.products)
    lacking = sum(wanted.get(product, 0) for product in rule.products)
    assert units.total() == min(lacking, bought // buy * extra)


@given(st.integers(0, 6), st.integers(0, 6))
def test_one_plus_one_is_the_range_from_recorded_to_twice_recorded(taken, recorded):
    found = judged({MILK: taken}, {MILK: recorded}, ONE_PLUS_ONE)
    assert found.unpaid.get(MILK, 0) == max(0, taken - 2 * recorded)
    assert found.surplus.get(MILK, 0) == max(0, recorded - taken)
    assert_books_agree(found, {MILK: taken}, {MILK: recorded})


# --- the judgement


def judged(taken, paid, *promotions, uncertain=None):
    """Judges one visit to a store of 50 of each; `taken` may be negative."""
    moves = tuple(
        Movement(50.0, 52.0, f"scale-{n}", n, -units, 0.0, 0.99)
        for n, units in taken.items()
        if units
    )
    shelf = {p.name: 50 - taken.get(p.name, 0) for p in PRODUCTS}
    kiosk = {name: 50 - paid.get(name, 0) for name in (*shelf, SET_A, TEN)}
    visit = Visit(
        "v1",
        0.0,
        last_seen_s=100.0,
        emptied_s=105.0,
        movements=moves,
        sales=tuple(SaleLine(60.0, f"s-{n}", n, count) for n, count in paid.items()),
        shelf=shelf,
        uncertain=uncertain or {},
        promotions=promotions,
    )
    return judge(visit, PRODUCTS, kiosk, 115.0)


def assert_books_agree(found, taken, paid):
    """After the visit, once an issue has taken what is unpaid off the kiosk book too."""
    for product in taken:
        kiosk = 50 - paid.get(product, 0) + found.kiosk_changes.get(product, 0)
        assert kiosk - found.unpaid.get(product, 0) == 50 - taken[product]


def test_the_free_unit_is_not_missing_and_leaves_the_kiosk_book_too():
    found = judged({MILK: 2}, {MILK: 1}, ONE_PLUS_ONE)
    assert (found.unpaid, found.surplus, found.discrepancies) == ({}, {}, ())
    assert found.promoted == {MILK: 1}
    assert found.kiosk_changes == {MILK: -1}
    assert found.reasons == (Reason("promoted", MILK, 1, promotion="우유 1+1"),)


def test_a_thief_beyond_the_promotion_is_found_for_the_rest():
    found = judged({MILK: 3}, {MILK: 1}, ONE_PLUS_ONE)
    assert (found.unpaid, found.promoted) == ({MILK: 1}, {MILK: 1})
    assert found.discrepancies[0].missing == 1
    assert_books_agree(found, {MILK: 3}, {MILK: 1})


def test_without_a_promotion_two_for_one_payment_is_missing_one():
    found = judged({MILK: 2}, {MILK: 1})
    assert (found.unpaid, found.promoted, found.kiosk_changes) == ({MILK: 1}, {}, {})


def test_a_set_is_no_mix_up_and_its_parts_leave_the_kiosk_book():
    found = judged({SODA: 1, BAR: 2}, {SET_A: 1}, SET)
    assert (found.unpaid, found.mixed_up) == ({}, {})
    assert found.kiosk_changes == {SODA: -1, BAR: -2}
    assert found.paid == {SET_A: 1}


def test_one_bar_code_scanned_for_mixed_flavours_of_a_two_plus_one():
    found = judged({BAR: 1, CONE: 2}, {CONE: 2}, MIXED_2_1)
    assert (found.unpaid, found.promoted) == ({}, {BAR: 1})


def test_a_promotion_on_one_product_leaves_a_mix_up_of_others_to_the_mix_up():
    found = judged({MILK: 2, SODA: 1}, {MILK: 2, SODA: 1}, ONE_PLUS_ONE)
    assert (found.promoted, found.mixed_up, found.kiosk_changes) == ({}, {}, {})


def test_what_is_uncertain_is_less_so_by_what_a_promotion_allows():
    found = judged({MILK: 2}, {MILK: 1}, ONE_PLUS_ONE, uncertain={MILK: (1, 2)})
    assert found.uncertain == {MILK: (0, 1)}
    assert (found.promoted, found.kiosk_changes, found.unpaid) == ({}, {}, {})


def test_a_unit_of_a_proposed_promotion_is_told_apart():
    guessed = Bonus(f"{MILK} 1+1", (MILK,), 1, 1, is_proposed=True)
    found = judged({MILK: 2}, {MILK: 1}, guessed)
    assert (found.unpaid, found.promoted, found.proposed) == ({}, {}, {MILK: 1})
    assert [reason.kind for reason in found.reasons] == ["proposed"]


_units = st.dictionaries(st.sampled_from([MILK, BAR, CONE, SODA]), st.integers(0, 8))


@given(_units, _lines, st.sets(st.sampled_from([ONE_PLUS_ONE, MIXED_2_1, TEN_FOR_PRICE, SET])))
def test_after_any_visit_with_promotions_both_books_agree(taken, lines, rules):
    everything = {product.name: taken.get(product.name, 0) for product in PRODUCTS}
    paid = {name: max(0, count) for name, count in lines.items()}
    found = judged(everything, paid, *sorted(rules, key=lambda one: one.name))
    assert_books_agree(found, everything, paid)
    without = judged(everything, paid)
    assert sum(found.unpaid.values()) <= sum(without.unpaid.values())


# --- which visit a sale belongs to


def take(units, at_s, product=MILK):
    return Movement(at_s, at_s + 2, "A", product, -units, -95.0 * units, 0.99)


def sale(count, at_s, product=MILK):
    return SaleLine(at_s, f"sale-{at_s}", product, count)


def ended(taken, *promotions):
    """v1 has left with these, and nobody is inside."""
    ledger = open_visit(Ledger(), "v1", 0.0, by_step=False)
    for product, units in taken.items():
        ledger = add_movement(ledger, take(units, 50.0, product))
    return offer(end_visit(ledger, 100.0, 105.0), promotions)


def paid_by(ledger):
    return {visit.id: dict(visit.paid) for visit in ledger.visits}


def test_the_next_customers_payment_is_not_used_up_for_a_free_unit():
    ledger = add_sale(ended({MILK: 2}, ONE_PLUS_ONE), sale(1, 107.0))
    ledger = open_visit(ledger, "v2", 110.0, by_step=False)
    ledger = add_sale(ledger, sale(1, 112.0))
    assert paid_by(ledger) == {"v1": {MILK: 1}, "v2": {MILK: 1}}


def test_a_kiosk_that_records_the_free_unit_too_books_it_on_the_same_visit():
    ledger = add_sale(ended({MILK: 2}, ONE_PLUS_ONE), sale(1, 107.0))
    ledger = add_sale(ledger, sale(1, 107.5))
    assert paid_by(ledger) == {"v1": {MILK: 2}}
    ledger = add_sale(ledger, sale(1, 108.0))
    assert [one.count for one in ledger.prepaid] == [1]


def test_a_set_paid_at_the_door_belongs_to_the_visit_that_took_its_parts():
    ledger = open_visit(ended({SODA: 1, BAR: 2}, SET), "v2", 110.0, by_step=False)
    ledger = add_sale(ledger, sale(1, 112.0, SET_A))
    ledger = add_sale(ledger, sale(1, 113.0, SET_A))
    assert paid_by(ledger) == {"v1": {SET_A: 1}, "v2": {SET_A: 1}}


def test_ten_for_a_price_belongs_to_the_visit_that_took_ten():
    ledger = open_visit(ended({BAR: 6, CONE: 4}, TEN_FOR_PRICE), "v2", 110.0, by_step=False)
    ledger = add_sale(ledger, sale(1, 112.0, TEN))
    assert paid_by(ledger) == {"v1": {TEN: 1}, "v2": {}}


def test_a_set_of_which_a_part_was_not_taken_is_the_current_customers():
    ledger = open_visit(ended({SODA: 1}, SET), "v2", 110.0, by_step=False)
    ledger = add_sale(ledger, sale(1, 112.0, SET_A))
    assert paid_by(ledger) == {"v1": {}, "v2": {SET_A: 1}}


def test_a_promotion_that_ends_at_midnight_is_still_that_visits():
    ledger = offer(open_visit(Ledger(), "v1", 0.0, by_step=False), (ONE_PLUS_ONE,))
    after_midnight = offer(ledger, (MIXED_2_1,))
    assert after_midnight.visits[0].promotions == (ONE_PLUS_ONE, MIXED_2_1)
    assert offer(after_midnight, (ONE_PLUS_ONE,)) is after_midnight


# --- a store that is never empty


def busy(taken, paid, *promotions):
    return Visit(
        "v1",
        0.0,
        movements=tuple(take(units, at_s) for at_s, units in taken),
        sales=tuple(sale(units, at_s) for at_s, units in paid),
        promotions=promotions,
    )


def test_a_free_unit_is_never_overdue():
    visit = busy([(10.0, 2)], [(40.0, 1)], ONE_PLUS_ONE)
    assert overdue(visit, 1000.0, 240.0) == {}
    assert overdue(busy([(10.0, 2)], [(40.0, 1)]), 1000.0, 240.0).keys() == {MILK}


def test_what_is_beyond_the_promotion_is_overdue():
    visit = busy([(10.0, 2), (300.0, 1)], [(40.0, 1)], ONE_PLUS_ONE)
    assert [len(units) for units in overdue(visit, 1000.0, 240.0).values()] == [1]


# --- patterns that nobody has declared


def seen(taken, recorded, times=1):
    return [Observed(MILK, taken, recorded)] * times


def test_three_visits_that_take_two_and_pay_one_are_proposed_as_one_plus_one():
    [found] = proposed(seen(2, 1, FEWEST_VISITS), ())
    assert (found.name, found.products, found.buy, found.free) == (f"{MILK} 1+1", (MILK,), 1, 1)
    assert found.is_proposed


def test_a_thief_who_takes_two_and_pays_one_makes_no_promotion():
    assert proposed(seen(2, 1, FEWEST_VISITS - 1), ()) == ()
    assert proposed(seen(2, 2) + seen(2, 1, FEWEST_VISITS), ()) == ()
    many = seen(2, 2, MOST_VISITS) + seen(2, 1, FEWEST_VISITS)
    assert proposed(many, ()) == ()


@pytest.mark.parametrize(
    ("visits", "name"),
    [
        (seen(3, 2, 5), "2+1"),
        (seen(4, 3, 5), "3+1"),
        (seen(3, 1, 3), "1+2"),
        (seen(7, 5, 3), "5+2"),
        (seen(8, 5, 3), "5+3"),
        (seen(4, 2, 2) + seen(2, 1), "1+1"),
        (seen(1, 1, 9) + seen(2, 1, 5), "1+1"),  # one unit bought says nothing
        (seen(2, 0, 9) + seen(2, 1, 5), "1+1"),  # nor does a theft
        (seen(2, 1, 9) + seen(5, 1), "1+1"),  # one of ten did something else
        (seen(2, 2, 40) + seen(2, 1, 20), "1+1"),  # begun lately
    ],
)
def test_steady_ratios_are_proposed(visits, name):
    assert [one.name for one in proposed(visits, ())] == [f"{MILK} {name}"]


@pytest.mark.parametrize(
    "visits",
    [
        [],
        seen(5, 1, 9),  # four of five unpaid is no promotion
        seen(2, 1, 3) + seen(3, 1, 3),
        seen(2, 1, 4) + seen(5, 1, 4),
        seen(2, 2, 9),
        seen(3, 2, 3) + seen(2, 1, 3),
    ],
)
def test_what_is_not_steady_is_not_proposed(visits):
    assert proposed(visits, ()) == ()


def test_what_is_declared_or_rejected_is_not_proposed_again():
    visits = seen(2, 1, 9)
    assert proposed(visits, (ONE_PLUS_ONE,)) == ()
    assert proposed(visits, (MIXED_2_1,), (f"{MILK} 1+1",)) == ()
    assert proposed(visits, (MIXED_2_1,), ("다른 행사",)) != ()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_nothing_is_proposed_from_fewer_than_three_visits_with_unpaid_goods(pairs):
    history = [Observed(MILK, taken, recorded) for taken, recorded in pairs]
    short = Counter(taken > recorded > 0 for taken, recorded in pairs)[True]
    if short < FEWEST_VISITS:
        assert proposed(history, ()) == ()


def test_a_product_that_is_called_as_its_one_plus_one_is_owed_as_any_other():
    same_name = Bonus(MILK, (MILK,), 1, 1)
    [visit] = ended({MILK: 2}, same_name).visits
    assert visit.owes(MILK) == 2
