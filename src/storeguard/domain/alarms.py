"""When the owner hears of a fault: once when it has lasted, once when it is over.

A trouble that passes by itself within its delay is told by nobody; one that comes and goes is
told once in six hours. What was told outlives a restart, so that a daemon that starts again and
again does not tell it again and again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from storeguard.errors import FaultCode

AT_MOST_EVERY = timedelta(hours=6)
SETTLED_S = 60.0
"""A trouble is over when it has not come back for so long."""

DEFAULT_DELAY_S = 600.0

DELAYS_S: Mapping[FaultCode, float] = {
    FaultCode.POWER_LOW: 0.0,
    FaultCode.SAFE_MODE: 0.0,
    FaultCode.DISK_FULL: 0.0,
    FaultCode.DISK_FAILING: 0.0,
    FaultCode.DISK_READ_ONLY: 0.0,
    FaultCode.CAMERA_GONE: 60.0,
    FaultCode.CAMERA_BLIND: 60.0,
    FaultCode.NETWORK: 7200.0,
}
"""How long a trouble may last before it is told; all others DEFAULT_DELAY_S (reliability 5)."""

UNTOLD = frozenset(
    {
        FaultCode.SCALE_NOISY,
        FaultCode.SCALE_SHIFTS,
        FaultCode.ZERO_MOVED,
        FaultCode.UNIT_WEIGHTLESS,
        FaultCode.WEIGHT_UNCLEAR,
        FaultCode.CAMERA_ENDED,
        FaultCode.DETECTOR_SLOW,
        FaultCode.OCCUPIED_LONG,
        FaultCode.CLOCK_UNSYNCED,
        FaultCode.CLEANING_REFUSED,
        FaultCode.DISK_LOW,
    }
)
"""What stands on the page and in `doctor` only: everything goes on meanwhile."""

OF_THE_WAY = frozenset({"N", "A", "T"})
"""First letters of the codes of the network, AWS and the clock: no SMS gets through then."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong now. `key` names the outage: its code may change while it lasts.

    `since_s`: monotonic; None where nobody knows. `title`, `said`: the owner's words.
    """

    key: str
    code: FaultCode
    title: str
    said: str
    since_s: float | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """An outage that is watched. `gone_s`: when it was last seen to be gone, None while it is not.

    Seconds are monotonic; `since` and `told_at` are for labels, and for what a restart forgets.
    """

    trouble: Trouble
    since_s: float
    since: datetime
    told_at: datetime | None = None
    gone_s: float | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """To be told: the outage has begun, or (`is_over`) ended."""

    alarm: Alarm
    is_over: bool
    lasted_s: float

    @property
    def has_sms(self) -> bool:
        return not self.alarm.trouble.code.startswith(tuple(OF_THE_WAY))


@dataclass(frozen=True, slots=True)
class Alarms:
    """`told_at`: key → when it was last told, for AT_MOST_EVERY."""

    watched: Mapping[str, Alarm]
    told_at: Mapping[str, datetime]


def advance(
    alarms: Alarms, troubles: Iterable[Trouble], now_s: float, now: datetime, *, is_quiet: bool
) -> tuple[Alarms, tuple[Edge, ...]]:
    """One look. In quiet hours nothing is told; what is over by their end never is."""
    there = {one.key: one for one in troubles if one.code not in UNTOLD}
    watched = {key: _seen(alarms.watched.get(key), one, now_s, now) for key, one in there.items()}
    for key in alarms.watched.keys() - there.keys():
        alarm = alarms.watched[key]
        watched[key] = replace(alarm, gone_s=now_s if alarm.gone_s is None else alarm.gone_s)
    edges = () if is_quiet else tuple(_edges(watched, alarms.told_at, now_s, now))
    ended = {edge.alarm.trouble.key for edge in edges if edge.is_over}
    told = {edge.alarm.trouble.key for edge in edges if not edge.is_over}
    kept = {
        key: replace(alarm, told_at=now) if key in told else alarm
        for key, alarm in watched.items()
        if key not in ended and not _is_forgotten(alarm, now_s)
    }
    last = {key: at for key, at in alarms.told_at.items() if now - at < AT_MOST_EVERY}
    return Alarms(kept, last | dict.fromkeys(told, now)), edges


def _seen(alarm: Alarm | None, trouble: Trouble, now_s: float, now: datetime) -> Alarm:
    if alarm is not None:
        return replace(alarm, gone_s=None)
    since_s = now_s if trouble.since_s is None else trouble.since_s
    return Alarm(trouble, since_s, now - timedelta(seconds=now_s - since_s))


def _edges(
    watched: Mapping[str, Alarm], told_at: Mapping[str, datetime], now_s: float, now: datetime
) -> Iterable[Edge]:
    for key, alarm in watched.items():
        if alarm.told_at is not None and _is_settled(alarm, now_s):
            assert alarm.gone_s is not None
            yield Edge(alarm, is_over=True, lasted_s=max(0.0, alarm.gone_s - alarm.since_s))
        elif _is_due(alarm, now_s) and _may_be_told(key, told_at, now):
            yield Edge(alarm, is_over=False, lasted_s=now_s - alarm.since_s)


def _is_due(alarm: Alarm, now_s: float) -> bool:
    if alarm.told_at is not None or alarm.gone_s is not None:
        return False
    return now_s - alarm.since_s >= DELAYS_S.get(alarm.trouble.code, DEFAULT_DELAY_S)


def _may_be_told(key: str, told_at: Mapping[str, datetime], now: datetime) -> bool:
    return key not in told_at or now - told_at[key] >= AT_MOST_EVERY


def _is_settled(alarm: Alarm, now_s: float) -> bool:
    return alarm.gone_s is not None and now_s - alarm.gone_s >= SETTLED_S


def _is_forgotten(alarm: Alarm, now_s: float) -> bool:
    return alarm.told_at is None and _is_settled(alarm, now_s)
