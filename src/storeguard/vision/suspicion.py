"""Who may just be coming into sight: candidates of whom the detector was not sure enough."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from storeguard.domain import occupancy
from storeguard.domain.occupancy import DOUBTED_FOR_S, Detection

PATIENCE_S = 10.0
"""A coat on a hook is suspected for ever: so long it is worth looking at each picture."""

FORGOTTEN_AFTER_S = 5.0
"""A look that shows nothing of it so long after the last one that did."""


@dataclass(slots=True)
class Suspicion:
    """Candidates of the last DOUBTED_FOR_S, by the time of their picture."""

    _seen: list[tuple[float, tuple[Detection, ...]]] = field(default_factory=list)
    _since_s: float | None = None
    _last_s: float = float("-inf")

    def take(self, candidates: tuple[Detection, ...], now_s: float) -> None:
        """What a look has found that is not enough for a person."""
        self._seen = [one for one in self._seen if now_s - one[0] <= DOUBTED_FOR_S]
        if candidates:
            self._since_s = now_s if self._since_s is None else self._since_s
            self._last_s = now_s
            self._seen.append((now_s, candidates))
        elif now_s - self._last_s >= FORGOTTEN_AFTER_S:
            self._since_s = None

    def seconds(self, found: Sequence[Detection], now_s: float) -> bool:
        """One who appears by a hair was there already, only less: that is two pictures."""
        lately = [one for t_s, some in self._seen if now_s - t_s <= DOUBTED_FOR_S for one in some]
        return any(occupancy.is_where(one, lately) for one in found)

    def is_fresh(self, now_s: float) -> bool:
        """Is the next picture worth a look, although what moves there usually is nobody?"""
        is_patient = self._since_s is not None and now_s - self._since_s <= PATIENCE_S
        return is_patient and now_s - self._last_s <= DOUBTED_FOR_S
