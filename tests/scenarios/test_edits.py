"""The owner edits the shelf's CSV in the middle of a visit: what moved before stays told."""

import pytest

MILK, BAR = "바나나우유", "초코바"
MILK_G = 95.0


def stock(lines, product):
    return [
        line["after"]
        for line in lines
        if line["event"] == "StockChanged" and line["product"] == product
    ]


@pytest.mark.parametrize("edited_s", [43, 44.5, 60])
def test_a_step_that_waits_to_be_counted_is_counted_before_the_edit(trace, told, edited_s):
    """A hand that trembles at the other scale lets it wait until 48 s."""
    trace.enter(10)
    trace.press(35, 47, "A", 200)
    trace.take(40, BAR, 2)
    trace.edit(edited_s, "shelf", BAR, 17)
    trace.leave(75)
    visits, missing = told(trace.write(ends_s=120))
    assert [visit["taken"] for visit in visits] == [{BAR: 2}]
    assert missing == [{BAR: 2}]


@pytest.mark.parametrize("left", [0, 1])
def test_what_lies_there_beside_the_goods_that_he_has_counted_stays_no_product(trace, replay, left):
    """A bag, while he writes that there is one bottle more; it goes, and `left` bottles with it."""
    trace.enter(10)
    trace.lay(20, "A", 3.2 * MILK_G)
    trace.edit(40, "shelf", MILK, 6)
    if left:
        trace.take(50, MILK)
    trace.lay(60, "A", -3.2 * MILK_G)
    trace.leave(75)
    lines = replay(trace.write(ends_s=120)).lines
    assert stock(lines, MILK) == [5] * left
    [visit] = [line for line in lines if line["event"] == "VisitReconciled"]
    assert visit["taken"] == ({MILK: 1} if left else {})


def test_what_weighs_like_the_units_that_he_adds_is_these(trace, replay):
    """Three bottles came in one carton, which no count had explained; he writes them down."""
    trace.enter(10)
    trace.lay(20, "A", 3.3 * MILK_G)
    trace.edit(40, "shelf", MILK, 8)
    trace.take(50, MILK)
    trace.sell(60, MILK)
    trace.leave(75)
    lines = replay(trace.write(ends_s=120)).lines
    assert stock(lines, MILK)[-1] == 7
