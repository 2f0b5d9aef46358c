"""Which of the steps that wait on the scales is counted next: what is taken before what is put."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from storeguard.domain.events import LevelJumped, StepSettled

if TYPE_CHECKING:
    from storeguard.services.visitshare import VisitShare
    from storeguard.services.weighing import Channel

PATIENCE_S = 8.0
"""So long a step waits for one that began before it on another scale: what was taken there may
be what is put down here."""

APART_S = 0.5
"""Two chips are not read at the same instant, and each shows a step up to four conversions late: a
thing that was moved may seem to arrive so long before it left."""

SWINGS_S = 8.0
"""A rail that was touched comes to rest within that; what trembles no more by then was no hand."""

Step = StepSettled | LevelJumped
Owner = Callable[[float], "VisitShare"]
"""Whose it is what began at an instant."""


def next_to_count(channels: Collection["Channel"], now_s: float, owner: Owner) -> "Channel | None":
    """Whose oldest step is to be counted now; None: there is none, or it has to wait."""
    waiting = [one for one in channels if one.is_counted and one.pending]
    if not waiting:
        return None
    first = min(waiting, key=lambda one: _turn_s(one.pending[0]))
    is_early = _is_to_wait(first.pending[0], channels, now_s, owner) or _may_swing(first, now_s)
    return None if is_early else first


def moved_s(channel: "Channel", step: Step) -> float:
    """For how long weight moved before the scale came to rest."""
    return step.t_s - channel.rules.settle_for_s - step.started_s


def _turn_s(step: Step) -> float:
    """When a step's turn has come: nothing is put down before it has been taken."""
    return step.started_s + (APART_S if step.grams > 0 else 0.0)


def _is_to_wait(step: Step, channels: Collection["Channel"], now_s: float, owner: Owner) -> bool:
    """Has another scale begun to move before, and not come to rest yet?

    What an earlier visit moved is waited for until that is judged.
    """
    others = (one.weighing for one in channels if one.id != step.scale)
    moving_s = (one.moving_since_s for one in others if not one.is_failed)
    before_s = [at_s for at_s in moving_s if at_s is not None and at_s < _turn_s(step)]
    if now_s - step.t_s < PATIENCE_S:
        return bool(before_s)
    return any(owner(at_s) is not owner(max(at_s, step.started_s)) for at_s in before_s)


def _may_swing(channel: "Channel", now_s: float) -> bool:
    """Has it come to rest a moment ago, still trembling, and nobody has touched it since?"""
    step = channel.pending[0]
    is_late = now_s - step.t_s >= SWINGS_S
    if is_late or len(channel.pending) > 1 or not isinstance(step, StepSettled):
        return False
    return step.is_shaken and channel.trembles
