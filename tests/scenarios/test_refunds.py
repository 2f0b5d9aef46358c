"""Money given back, in traces: nobody is charged with another's refund."""

import pytest

MILK, BAR = "바나나우유", "초코바"


@pytest.fixture
def told(replay):
    def play(folder):
        lines = replay(folder).lines
        visits = [line for line in lines if line["event"] == "VisitReconciled"]
        issues = [line["lines"] for line in lines if line["event"] == "IssueSealed"]
        return visits, issues

    return play


def buys(trace, at_s, product, count=1, paid=None):
    """Comes, takes, pays and goes within twelve seconds."""
    trace.enter(at_s)
    trace.take(at_s + 3, product, count)
    trace.sell(at_s + 7, product, count if paid is None else paid)
    trace.leave(at_s + 12)


def test_a_refund_of_one_who_has_left_is_not_the_next_customers(trace, told):
    """He put one of two back and left; the money comes while another is inside."""
    trace.config += "visits: {payment_grace_s: 60}\n"
    buys(trace, 10, MILK, 2)
    trace.take(19.5, MILK, -1)
    trace.sell(30, MILK, -1)
    buys(trace, 28, BAR)
    visits, issues = told(trace.write(ends_s=120))
    assert [visit["paid"] for visit in visits] == [{MILK: 1}, {BAR: 1}]
    assert issues == []


@pytest.mark.parametrize("at_s", [45, 64])
def test_what_was_paid_twice_and_given_back_later_is_no_later_customers(trace, told, at_s):
    """With nobody inside, and with the next one inside; both books agree for the next hours."""
    buys(trace, 10, MILK, paid=2)
    trace.sell(at_s, MILK, -1)
    buys(trace, 60, BAR)
    visits, issues = told(trace.write(ends_s=3800))
    assert [visit["surplus"] for visit in visits] == [{MILK: 1}, {}]
    assert [visit["unpaid"] for visit in visits] == [{}, {}]
    assert issues == []


def test_who_keeps_the_goods_and_gets_his_money_back_owes_them(trace, told):
    buys(trace, 10, MILK, 2)
    trace.sell(27, MILK, -1)
    [visit], [[line]] = told(trace.write(ends_s=60))
    assert (visit["paid"], visit["unpaid"]) == ({MILK: 1}, {MILK: 1})
    assert (line["product"], line["missing"]) == (MILK, 1)


def test_what_was_given_back_before_it_is_put_back_is_clean(trace, told):
    """Money first, with nobody inside; the goods come back with the next visit but one."""
    buys(trace, 10, MILK, 2)
    trace.sell(50, MILK, -1)
    buys(trace, 60, BAR)
    trace.enter(100)
    trace.take(104, MILK, -1)
    trace.leave(110)
    visits, issues = told(trace.write(ends_s=3800))
    assert [visit["paid"] for visit in visits] == [{MILK: 2}, {BAR: 1}, {MILK: -1}]
    assert [visit["surplus"] for visit in visits] == [{}, {}, {}]
    assert issues == []
