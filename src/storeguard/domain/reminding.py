"""When the owner is asked whether notices reach him, and when a second person is told."""

from collections.abc import Collection, Iterable
from datetime import datetime, time, timedelta

from storeguard.domain.telling import Kind, Notice

TEST_WEEKDAY, TEST_HOUR = 0, 10
"""Monday, ten o'clock: somebody is awake, and the week is before him."""

ANSWER_WITHIN = timedelta(hours=48)
REPORT_HOUR = 8
ESCALATED_KINDS = (Kind.ISSUE, Kind.DIGEST)
ESCALATED_FOR = timedelta(hours=24)
"""What is older is no news for anybody."""


def weekly_id(local: datetime) -> str | None:
    """The id of this week's test, on its day from its hour on; None at any other time."""
    year, week, _ = local.isocalendar()
    if local.weekday() != TEST_WEEKDAY or local.hour < TEST_HOUR:
        return None
    return f"test-{year}-W{week:02}"


def unanswered_tests(
    notices: Iterable[Notice], answered: Collection[str], now: datetime
) -> tuple[str, ...]:
    """The newest test that has had its time, when neither it nor a later one was answered.

    Next week's test alone ends nothing: who answers none hears of that once.
    """
    tests = sorted(
        (notice for notice in notices if notice.kind is Kind.TEST), key=lambda one: one.made_at
    )
    newest: tuple[str, ...] = ()
    for one in tests:
        if one.id in answered:
            newest = ()
        elif now - one.made_at >= ANSWER_WITHIN:
            newest = (one.id,)
    return newest


def to_escalate(
    notices: Iterable[Notice], opened: frozenset[str], now: datetime, after: timedelta
) -> tuple[Notice, ...]:
    """Notices to the owner that nobody has opened in time, oldest first."""
    return tuple(
        notice
        for notice in notices
        if notice.kind in ESCALATED_KINDS
        if notice.to == "owner" and not opened & {notice.id, *notice.issues}
        if after <= now - notice.made_at < ESCALATED_FOR
    )


def is_quiet(local: datetime, quiet_hours: tuple[str, str] | None) -> bool:
    """`quiet_hours`: from and to, `("23:00", "07:00")`, over midnight too; None: never."""
    if quiet_hours is None:
        return False
    start, end = (time.fromisoformat(at) for at in quiet_hours)
    now = local.time().replace(second=0, microsecond=0)
    if start <= end:
        return start <= now < end
    return now >= start or now < end
