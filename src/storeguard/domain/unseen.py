"""Sales made while nobody is seen: known only where the store was seen empty before and after.

Such a sale is noted and shown, and changes nothing: a camera that does not see the kiosk has the
same looks.
"""

from dataclasses import dataclass

from storeguard.domain.events import SaleMade
from storeguard.domain.occupancy import Presence

AT_THE_TILL = frozenset({"kiosk", "terminal", "api", "demo"})
"""Sources that sell at the instant at which they tell it. Exports of another maker's kiosk are
told late, and a trace's sales are nobody's now."""

VERDICT_S = 2.0
"""So much later what a picture shows is known."""

LEAST_S = 10.0
"""Where the owner has set no grace, somebody may still be slow to come into the picture."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the cameras say now: since when it is so, and when somebody was seen unsurely.

    `has_sight` False: there is no camera, or none delivers anything.
    """

    presence: Presence
    since_s: float | None
    doubted_s: float | None
    has_sight: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sale that is made with nobody seen before; judged at `due_s`."""

    sale_id: str
    from_s: float
    due_s: float


def waiting(sale: SaleMade, now_s: float, seen: Seen, grace_s: float) -> Waiting | None:
    """None where somebody may have made it: it was told late, is a refund, or the store was not
    seen empty for the whole grace."""
    grace_s = max(grace_s, LEAST_S)
    is_now = now_s - sale.t_s <= VERDICT_S
    if sale.source not in AT_THE_TILL or sale.count <= 0 or not is_now:
        return None
    one = Waiting(sale.sale_id, sale.t_s - grace_s, sale.t_s + grace_s + VERDICT_S)
    return one if was_empty(seen, one.from_s) else None


def was_empty(seen: Seen, from_s: float) -> bool:
    """Was the store seen empty, without a break or a doubt, from that instant until now?"""
    if not seen.has_sight or seen.presence is not Presence.EMPTY:
        return False
    if seen.since_s is None or seen.since_s > from_s:
        return False
    return seen.doubted_s is None or seen.doubted_s < from_s
