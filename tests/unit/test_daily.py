"""A day in figures: local midnights, overlaps counted once, nothing of other days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.daily import DAYS_SHOWN, Missed, Outage, Sold, blind_s, day_of

SEOUL = ZoneInfo("Asia/Seoul")
DAY = date(2026, 11, 20)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=SEOUL)
NOON = MIDNIGHT + timedelta(hours=12)
LATER = MIDNIGHT + timedelta(days=2)


def day(visits=(), sales=(), missed=(), outages=(), now=LATER):
    return day_of(DAY, SEOUL, visits, sales, missed, outages, cameras=frozenset({"door"}), now=now)


def minutes(start, end):
    return MIDNIGHT + timedelta(minutes=start), MIDNIGHT + timedelta(minutes=end)


def test_an_empty_day_is_all_zeros():
    found = day()
    assert (found.visits, found.sales_won, found.loss_won, found.blind_min) == (0, 0, 0, 0)
    assert (dict(found.sold), dict(found.missing), dict(found.outages_min)) == ({}, {}, {})
    assert len(found.sales_by_day) == DAYS_SHOWN


def test_a_day_goes_from_local_midnight_to_local_midnight():
    second = timedelta(seconds=1)
    visits = [MIDNIGHT - second, MIDNIGHT, MIDNIGHT + timedelta(days=1) - second, LATER]
    found = day([at.astimezone(UTC) for at in visits])
    assert found.visits == 2
    assert (found.visits_by_hour[0], found.visits_by_hour[23]) == (1, 1)


def test_sales_are_summed_by_product_most_first_and_a_refund_takes_away():
    sales = [
        Sold(NOON, "우유", 1, 1500),
        Sold(NOON, "콜라", 3, 5400),
        Sold(NOON, "우유", -1, -1500),
        Sold(NOON, "", 0, 700),
        Sold(NOON - timedelta(days=7), "우유", 2, 3000),
    ]
    found = day(sales=sales)
    assert found.sales_won == 6100
    assert list(found.sold.items()) == [("콜라", 3)]
    assert found.week_before_won == 3000
    assert found.sales_by_day[-1] == (DAY, 6100)


def test_losses_are_those_of_the_days_issues():
    found = day(missed=[Missed(NOON, "우유", 2, 3000), Missed(LATER, "우유", 1, 1500)])
    assert (found.loss_won, dict(found.missing)) == (3000, {"우유": 2})


def test_blind_times_are_the_cameras_and_overlaps_count_once():
    outages = [
        Outage("door", *minutes(60, 90)),
        Outage("door sight", *minutes(80, 100)),
        Outage("A", *minutes(0, 30)),
        Outage("door", MIDNIGHT - timedelta(hours=1), MIDNIGHT + timedelta(minutes=10)),
        Outage("B", *minutes(-90, -60)),
    ]
    found = day(outages=outages)
    assert found.blind_min == 50
    assert dict(found.outages_min) == {"door": 40, "door sight": 20, "A": 30}


def test_an_outage_that_lasts_counts_until_now():
    found = day(outages=[Outage("door", MIDNIGHT, None)], now=MIDNIGHT + timedelta(minutes=25))
    assert found.blind_min == 25


def test_blind_seconds_of_a_day_alone_are_those_of_the_day():
    outages = [Outage("door", *minutes(60, 90)), Outage("A", *minutes(0, 30))]
    now = MIDNIGHT + timedelta(minutes=80)
    assert blind_s(DAY, SEOUL, outages, frozenset({"door"}), now) == 20 * 60


@given(st.lists(st.tuples(st.integers(-2000, 3000), st.integers(0, 2000)), max_size=12))
def test_no_day_is_blind_for_longer_than_it_is(spans):
    outages = [Outage("door", *minutes(start, start + length)) for start, length in spans]
    assert 0 <= day(outages=outages).blind_min <= 24 * 60
