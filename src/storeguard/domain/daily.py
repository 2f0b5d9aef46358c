"""One day of the store in figures: visits, sales, losses, and what could not be seen."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

DAYS_SHOWN = 14


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale; `won` of the whole line. An amount without a product has none."""

    at: datetime
    product: str
    count: int
    won: int


@dataclass(frozen=True, slots=True)
class Missed:
    """A line of an issue, less what was paid or put back of it since."""

    at: datetime
    product: str
    count: int
    won: int


@dataclass(frozen=True, slots=True)
class Outage:
    """`ended` is None while it lasts."""

    device: str
    started: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    """Local. `visits_by_hour`: 24 counts; `sold`, `missing`: product → units, most first;
    `outages_min`: device → minutes; `sales_by_day`: DAYS_SHOWN days, the last is this one;
    `blind_min`: of the cameras, overlaps counted once; `unseen`: baskets that were paid while
    nobody was seen."""

    day: date
    visits_by_hour: tuple[int, ...]
    sales_won: int
    sold: Mapping[str, int]
    loss_won: int
    missing: Mapping[str, int]
    blind_min: int
    outages_min: Mapping[str, int]
    sales_by_day: tuple[tuple[date, int], ...]
    unseen: int = 0
    unseen_won: int = 0

    @property
    def visits(self) -> int:
        return sum(self.visits_by_hour)

    @property
    def week_before_won(self) -> int:
        return dict(self.sales_by_day).get(self.day - timedelta(days=7), 0)


def day_of(
    day: date,
    zone: tzinfo,
    visits: Iterable[datetime],
    sales: Sequence[Sold],
    missed: Sequence[Missed],
    outages: Sequence[Outage],
    *,
    cameras: frozenset[str],
    now: datetime,
    unseen: Sequence[tuple[datetime, int]] = (),
) -> Day:
    """`visits`: when each began; `unseen`: when, and won.

    Everything aware; what lies on other days is left out.
    """
    began, ended = _bounds(day, zone)
    hours = Counter(at.astimezone(zone).hour for at in visits if began <= at < ended)
    of_day = [sale for sale in sales if began <= sale.at < ended]
    gone = [one for one in missed if began <= one.at < ended]
    spans = _spans(outages, began, min(ended, now))
    unseen_won = [won for at, won in unseen if began <= at < ended]
    return Day(
        day,
        tuple(hours[hour] for hour in range(24)),
        sum(sale.won for sale in of_day),
        _most(Counter(), ((sale.product, sale.count) for sale in of_day if sale.product)),
        sum(one.won for one in gone),
        _most(Counter(), ((one.product, one.count) for one in gone)),
        _minutes(_blind_s(spans, cameras)),
        _by_device(spans),
        tuple(_won_by_day(day, zone, sales)),
        len(unseen_won),
        sum(unseen_won),
    )


def blind_s(
    day: date, zone: tzinfo, outages: Sequence[Outage], cameras: frozenset[str], now: datetime
) -> int:
    """Seconds of a local day in which some camera showed nobody, overlaps counted once."""
    began, ended = _bounds(day, zone)
    return round(_blind_s(_spans(outages, began, min(ended, now)), cameras))


Span = tuple[str, datetime, datetime]


def _spans(outages: Sequence[Outage], began: datetime, ended: datetime) -> list[Span]:
    spans = [(one.device, *_within(one, began, ended)) for one in outages]
    return [(device, start, end) for device, start, end in spans if end > start]


def _blind_s(spans: Sequence[Span], cameras: frozenset[str]) -> float:
    return _union_s([(start, end) for device, start, end in spans if _camera_of(device) in cameras])


def _bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    midnight = datetime.combine(day, time(), zone)
    return midnight, datetime.combine(day + timedelta(days=1), time(), zone)


def _within(outage: Outage, began: datetime, ended: datetime) -> tuple[datetime, datetime]:
    return max(outage.started, began), min(outage.ended or ended, ended)


def _camera_of(device: str) -> str:
    return device.removesuffix(" sight")


def _by_device(spans: Sequence[tuple[str, datetime, datetime]]) -> Mapping[str, int]:
    devices = dict.fromkeys(device for device, *_ in spans)
    minutes = {
        device: _minutes(_union_s([(a, b) for one, a, b in spans if one == device]))
        for device in devices
    }
    return {device: count for device, count in minutes.items() if count}


def _union_s(spans: Sequence[tuple[datetime, datetime]]) -> float:
    total_s, covered = 0.0, None
    for start, end in sorted(spans):
        start = start if covered is None else max(start, covered)
        total_s += max(0.0, (end - start).total_seconds())
        covered = end if covered is None else max(covered, end)
    return total_s


def _minutes(seconds: float) -> int:
    return round(seconds / 60)


def _most(counts: Counter[str], found: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    for product, count in found:
        counts[product] += count
    return {product: count for product, count in counts.most_common() if count > 0}


def _won_by_day(day: date, zone: tzinfo, sales: Sequence[Sold]) -> Iterable[tuple[date, int]]:
    won: Counter[date] = Counter()
    for sale in sales:
        won[sale.at.astimezone(zone).date()] += sale.won
    for back in range(DAYS_SHOWN - 1, -1, -1):
        yield day - timedelta(days=back), won[day - timedelta(days=back)]
