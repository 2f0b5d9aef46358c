"""What a step teaches of the weight of one unit."""

from collections.abc import Mapping

from storeguard.domain.answers import Changes, Count
from storeguard.domain.belief import Belief
from storeguard.domain.events import StepSettled, UnitWeighed

TAUGHT = 0.95
"""A step teaches a unit weight where it is as sure as that to be a single unit."""


def taught(
    step: StepSettled, had: Belief, has: Belief, found: Changes, counts: Mapping[str, Count]
) -> UnitWeighed | None:
    """What one unit weighs, where one moved on its own scale and nothing else, for certain.

    A hand that may have gone with it weighed something too. `counts`: of all products, by now.
    """
    scale = step.scale
    if len(found) != 1 or step.leant_g or has.hidden(scale) > 1 - TAUGHT:
        return None
    [((_, name), units)] = found.items()
    is_own = any(name == one.name for one in had.goods[scale])
    if not is_own or abs(units) != 1 or counts[name].certainty < TAUGHT:
        return None
    before, after = (one.likeliest.loads[scale] for one in (had, has))
    return UnitWeighed(step.t_s, name, scale, abs(after.base_g - before.base_g))
