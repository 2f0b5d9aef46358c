"""Each verdict of a visit has its reason, whatever the visit was like."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.doubts import Doubt
from storeguard.domain.ledger import Mark, Movement, SaleLine, Visit
from storeguard.domain.product import Product
from storeguard.domain.promotions import Bonus
from storeguard.domain.reasons import Reason
from storeguard.domain.reconcile import Judgement, judge

MILK, BAR, CONE = "바나나우유", "메로나", "월드콘"
# The bar and the cone cost and weigh the same: one may be paid, or put, for the other.
PRODUCTS = (Product(MILK, 1500, 95.0), Product(BAR, 1000, 80.0), Product(CONE, 1000, 80.0))
NAMES, SCALES = (MILK, BAR, CONE), ("A", "B", "C")
NOW_S = 115.0

COUNT = {"uncertain", "either", "drifted", "unclear", "perhaps_paid", "refund", "named"}
VERDICTS = {
    "unpaid": {"unpaid"},
    "surplus": {"brought", "overpaid"},
    "misplaced": {"misplaced", "put_elsewhere"},
    "mixed_up": {"mixed_up"},
    "promoted": {"promoted"},
    "proposed": {"proposed"},
    "uncertain": COUNT,
    "unverified": {"failed", "restless", "shared", "no_sales", "unverified"},
    "written_off": {"written_off"},
}
"""Field of Judgement → the kinds of reason that say why a product is in it."""

NO_VERDICT = {
    "taken",
    "paid",
    "kiosk_changes",
    "unannounced",
    "hiding",
    "excused",
    "discrepancies",
    "reasons",
    "by",
}
WON = {"written_off_won", "loss_won", "amount_won", "amount_left_won"}


def test_every_field_that_says_something_of_a_product_is_a_verdict_here():
    assert {one.name for one in fields(Judgement)} == {*VERDICTS, *NO_VERDICT, *WON}


def said(found: Judgement) -> set[tuple[str, str]]:
    return {(reason.kind, reason.product) for reason in found.reasons}


names, units = st.sampled_from(NAMES), st.integers(-3, 3).filter(bool)


def home(name: str) -> str:
    return SCALES[NAMES.index(name)]


@st.composite
def movements(draw: Any) -> Movement:
    name, scale, n = draw(names), draw(st.sampled_from(SCALES)), draw(units)
    at_s = draw(st.integers(1, 90))
    certainty, moved_s = draw(st.sampled_from([0.6, 0.99])), draw(st.sampled_from([0.0, 4.0]))
    is_foreign = scale != home(name)
    return Movement(at_s, at_s + 6, scale, name, n, 80.0 * n, certainty, is_foreign, moved_s)


sales = st.one_of(
    st.builds(SaleLine, st.integers(5, 100), st.just("s"), names, units),
    st.builds(SaleLine, st.integers(5, 100), st.just("s"), st.just(""), st.just(0), st.just(1500)),
)
ranges = st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda n: (n[0], n[0] + n[1]))
doubts = st.builds(
    Doubt,
    st.sampled_from(["uncertain", "drifted", "failed", "restless", "shared", "no_sales"]),
    names,
    st.sampled_from(SCALES),
    st.none() | st.integers(5, 20),
    st.just(-80.0),
)
offers = st.lists(st.sampled_from(NAMES), max_size=2, unique=True).map(
    lambda found: tuple(Bonus("1+1", (n,), 1, 1, is_proposed=n == BAR) for n in found)
)
visits = st.builds(
    Visit,
    st.just("v1"),
    st.just(0.0),
    last_seen_s=st.just(100.0),
    emptied_s=st.just(105.0),
    movements=st.lists(movements(), max_size=6).map(tuple),
    sales=st.lists(sales, max_size=4).map(tuple),
    shelf=st.just(dict.fromkeys(NAMES, 5)),
    unverified=st.frozensets(names, max_size=1),
    uncertain=st.dictionaries(names, ranges, max_size=2),
    doubts=st.lists(doubts, max_size=4).map(tuple),
    marks=st.sampled_from([(), (Mark("cleaner", 20.0, 60.0),)]),
    promotions=offers,
    yielded=st.lists(sales, max_size=1).map(tuple),
)


@given(visits)
def test_every_verdict_has_a_reason(visit):
    found = judge(visit, PRODUCTS, dict.fromkeys(NAMES, 8), NOW_S)
    told = said(found)
    for verdict, kinds in VERDICTS.items():
        for product in getattr(found, verdict):
            assert any((kind, product) in told for kind in kinds), (verdict, product)


@given(visits)
def test_no_reason_is_of_a_product_that_has_no_such_verdict(visit):
    found = judge(visit, PRODUCTS, dict.fromkeys(NAMES, 8), NOW_S)
    for kind, product in said(found):
        verdicts = [verdict for verdict, kinds in VERDICTS.items() if kind in kinds]
        assert not verdicts or any(product in getattr(found, one) for one in verdicts), kind


# --- what they say


def moved(name: str, n: int, at_s: float = 50.0, scale: str = "", certainty: float = 0.99):
    on = scale or home(name)
    return Movement(at_s, at_s + 2, on, name, n, 80.0 * n, certainty, on != home(name))


def reasons(*steps: Movement, paid: dict[str, int] | None = None, **more: Any) -> list[Reason]:
    lines = tuple(SaleLine(60.0, f"s-{name}", name, n) for name, n in (paid or {}).items())
    visit = Visit("v1", 0.0, False, 100.0, 105.0, steps, lines, dict.fromkeys(NAMES, 5))
    return list(judge(replace(visit, **more), PRODUCTS, dict.fromkeys(NAMES, 8), NOW_S).reasons)


def test_what_is_misplaced_says_from_where_and_whither():
    left, came = moved(MILK, -1, 40.0), moved(MILK, 1, 50.0, "B")
    assert reasons(left, came) == [Reason("misplaced", MILK, 1, came, origin=left)]


def test_what_is_moved_on_says_where_it_lies_in_the_end():
    left, first = moved(MILK, -1, 40.0), moved(MILK, 1, 50.0, "B")
    again, last = moved(MILK, -1, 60.0, "B"), moved(MILK, 1, 70.0, "C")
    assert reasons(left, first, again, last) == [Reason("misplaced", MILK, 1, last, origin=again)]


def test_what_nobody_saw_leave_is_put_elsewhere():
    came, other = moved(MILK, 1, 50.0, "B"), moved(BAR, -1, 40.0)
    assert reasons(came, other, paid={BAR: 1, MILK: -1})[0] == Reason(
        "put_elsewhere", MILK, 1, came
    )


def test_what_leaves_its_shelf_later_is_not_what_lies_elsewhere():
    came, left = moved(MILK, 1, 50.0, "B"), moved(MILK, -1, 60.0)
    assert reasons(came, left) == [Reason("put_elsewhere", MILK, 1, came)]


def test_a_mix_up_says_as_what_it_was_paid():
    assert reasons(moved(BAR, -1), paid={CONE: 1}) == [Reason("mixed_up", BAR, 1, others=(CONE,))]


def test_a_surplus_is_what_came_and_what_was_paid_too_often():
    came = moved(MILK, 2)
    assert reasons(came, moved(BAR, -1), paid={MILK: 1, BAR: 3}) == [
        Reason("overpaid", BAR, 2),
        Reason("brought", MILK, 2, came),
        Reason("overpaid", MILK, 1),
    ]


def test_what_the_cleaner_takes_and_brings_is_said():
    took, came = moved(BAR, -2, 30.0), moved(MILK, 3, 40.0)
    assert reasons(took, came, marks=(Mark("cleaner", 20.0, 60.0),)) == [
        Reason("brought", MILK, 3, came),
        Reason("written_off", BAR, 2),
    ]


def test_what_the_cleaner_brought_and_a_customer_bought_was_brought():
    came, sold = moved(MILK, 3, 40.0), moved(MILK, -3, 70.0)
    marks = (Mark("cleaner", 20.0, 60.0),)
    assert reasons(came, sold, paid={MILK: 3}, marks=marks) == [Reason("brought", MILK, 3, came)]


def test_goods_that_hid_what_was_taken_after_them_were_brought():
    came = replace(moved(MILK, 3, 40.0), settled_s=45.0, moved_s=4.0)
    gone = moved(MILK, -2, 400.0)
    assert reasons(came, gone) == [
        Reason("taken", MILK, 2, gone),
        Reason("unpaid", MILK, 2, until_s=NOW_S),
        Reason("brought", MILK, 3, came),
    ]


def test_an_uncertain_count_names_the_step_behind_it_and_what_else_it_may_have_been():
    milk = Doubt("uncertain", MILK, "A", 41.0, -133.0)
    bar, cone = (Doubt("uncertain", name, "B", 50.0, -80.0) for name in (BAR, CONE))
    uncertain = dict.fromkeys(NAMES, (0, 1))
    assert reasons(uncertain=uncertain, doubts=(milk, bar, cone)) == [
        Reason("uncertain", MILK, 1, doubt=milk, bounds=(0, 1)),
        Reason("either", BAR, 1, others=(CONE,), doubt=bar, bounds=(0, 1)),
        Reason("either", CONE, 1, others=(BAR,), doubt=cone, bounds=(0, 1)),
    ]


@pytest.mark.parametrize("doubt", [(), (Doubt("uncertain", MILK),)])
def test_an_uncertain_count_of_no_known_step_is_said_to_be_that(doubt):
    assert reasons(uncertain={MILK: (0, 2)}, doubts=doubt) == [
        Reason("unclear", MILK, 2, bounds=(0, 2))
    ]


def test_a_zero_that_moved_is_why_a_count_is_uncertain():
    doubt = Doubt("drifted", MILK, "A", grams=-40.0)
    assert reasons(uncertain={MILK: (0, 1)}, doubts=(doubt,)) == [
        Reason("drifted", MILK, 1, doubt=doubt, bounds=(0, 1))
    ]


@pytest.mark.parametrize("kind", ["failed", "restless", "shared", "no_sales"])
def test_an_unverified_product_says_which_scale_did_not_say(kind):
    doubt = Doubt(kind, MILK, "A", 20.0)
    assert reasons(unverified=frozenset({MILK}), doubts=(doubt,)) == [
        Reason(kind, MILK, 0, doubt=doubt)
    ]


@pytest.mark.parametrize("doubt", [(), (Doubt("shared", MILK),)])
def test_an_unverified_product_of_which_nothing_is_known_is_said_to_be_that(doubt):
    assert reasons(unverified=frozenset({MILK}), doubts=doubt) == [Reason("unverified", MILK, 0)]


def test_a_refund_that_nothing_explains_is_why_nobody_knows():
    refund = SaleLine(30.0, "back", MILK, -1)
    assert reasons(moved(BAR, -1), paid={BAR: 1}, sales=(refund, SaleLine(60.0, "s", BAR, 1))) == [
        Reason("refund", MILK, 1, until_s=30.0, bounds=(0, 1))
    ]


def test_a_payment_for_what_may_not_have_left_is_perhaps_his():
    found = reasons(
        moved(BAR, -1),
        paid={CONE: 1},
        uncertain={CONE: (0, 0)},
        overpaid={CONE: 1},
        doubts=(Doubt("uncertain", CONE, "C", 40.0, -30.0),),
    )
    assert Reason("perhaps_paid", BAR, 1, others=(CONE,), bounds=(0, 1)) in found


def test_a_doubtful_name_is_not_explained_twice():
    found = reasons(
        uncertain={BAR: (1, 1), CONE: (0, 1)},
        named={BAR: 0.8},
        doubts=tuple(Doubt("uncertain", name, "B", 50.0, -80.0) for name in (BAR, CONE)),
    )
    assert [(one.kind, one.product) for one in found] == [
        ("unpaid", BAR),
        ("named", BAR),
        ("either", CONE),
    ]
