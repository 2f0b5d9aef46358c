"""What the shelves weigh as somebody comes in: what still moves then may be an earlier one's."""

from collections.abc import Iterable, Set
from statistics import median
from typing import TYPE_CHECKING

from storeguard.domain.belief import LEAST_HIDING, Belief
from storeguard.services.stepqueue import Step
from storeguard.services.visitshare import VisitShare
from storeguard.services.visitshares import VisitShares

if TYPE_CHECKING:
    from storeguard.services.weighing import Channel


def levels_g(channels: Iterable["Channel"], t_s: float) -> dict[str, float]:
    """Scale → grams in the last moments before that instant, also of one that swings.

    Scales that say nothing are left out.
    """
    levels = {}
    for one in channels:
        if gross_g := [g for at_s, g in one.weighing.window if at_s <= t_s]:
            levels[one.id] = median(gross_g) - one.weighing.zero_g
    return levels


def mix(
    step: Step, channel: "Channel", shares: VisitShares, belief: Belief, found: Set[str]
) -> None:
    """Of a step that went on after somebody else had come in, part may be his: nobody can say.

    `found`: the products that have moved with it, by the likeliest answer of the belief.
    """
    mixed = [one for one in shares.coming if _may_be_in(one, step, channel)]
    if not mixed:
        return
    moves = shares.moves(belief, shares.known)
    names = found | {name for name, one in moves.items() if not one.is_certain}
    for share in (shares.known, *mixed):
        share.mixed |= names


def _may_be_in(share: VisitShare, step: Step, channel: "Channel") -> bool:
    """Did the scale not weigh yet, when the visit began, what it weighed after the step?"""
    if step.t_s <= share.started_s or channel.lightest_g is None:
        return False
    found_g = share.found_g.get(channel.id)
    return found_g is None or abs(found_g - step.level_g) > LEAST_HIDING * channel.lightest_g
