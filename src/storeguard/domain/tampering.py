"""Who opens or shakes the kiosk, or stands at it and buys nothing: told at once, not at empty."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

SHAKES, WITHIN_S = 3, 2.0
"""A lorry outside shakes a sensor once."""

QUIET_FOR_S = 30.0
"""A disturbance is over when nothing has been heard for so long."""

BRIDGED_S = 3.0
"""Whoever is not seen for so long still stands there."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A contact has become active (opened, shaken), or is at rest again."""

    t_s: float
    is_active: bool


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One contact. `since_s`: disturbed since; None while all is well."""

    since_s: float | None = None
    last_s: float = float("-inf")
    is_active: bool = False
    recent_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Lingering:
    """One camera's view of the kiosk. `from_s`: somebody stands there without having bought
    anything since; `since_s`: for too long."""

    from_s: float | None = None
    seen_s: float = float("-inf")
    since_s: float | None = None


def touched(
    state: Disturbance, touches: Sequence[Touch], now_s: float, *, shakes: int
) -> Disturbance:
    """`shakes`: so many within WITHIN_S disturb; with 1 it does so as long as it is active."""
    active_s = tuple(touch.t_s for touch in touches if touch.is_active)
    recent_s = tuple(t_s for t_s in (*state.recent_s, *active_s) if t_s > now_s - WITHIN_S)
    state = replace(
        state,
        recent_s=recent_s,
        last_s=active_s[-1] if active_s else state.last_s,
        is_active=touches[-1].is_active if touches else state.is_active,
    )
    is_held = shakes == 1 and state.is_active
    if len(recent_s) >= shakes or is_held:
        since_s = now_s if state.since_s is None else state.since_s
        return replace(state, since_s=since_s, last_s=now_s if is_held else state.last_s)
    if now_s - state.last_s >= QUIET_FOR_S:
        return replace(state, since_s=None)
    return state


def lingered(state: Lingering, now_s: float, dwell_s: float, *, is_there: bool) -> Lingering:
    """Takes one look: is somebody in the kiosk's area?"""
    if not is_there:
        return state if now_s - state.seen_s <= BRIDGED_S else Lingering()
    from_s = now_s if state.from_s is None else state.from_s
    is_long = now_s - from_s >= dwell_s
    since_s = now_s if is_long and state.since_s is None else state.since_s
    return Lingering(from_s, now_s, since_s)


def bought(state: Lingering, now_s: float) -> Lingering:
    """A sale: whoever stands there is a customer, and may begin another."""
    return replace(state, from_s=None if state.from_s is None else now_s, since_s=None)
