"""How often somebody may try: a window of tries for each key, forgotten when it has passed."""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

MOST_KEYS = 10_000
"""More than a shop has devices; the oldest is forgotten, so that a flood costs no memory."""


class Throttle:
    """At most `most` tries within `within_s` for each key."""

    def __init__(self, most: int, within_s: float, now_s: Callable[[], float]) -> None:
        self._most = most
        self._within_s = within_s
        self._now_s = now_s
        self._tries: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def wait_s(self, key: Hashable) -> float:
        """Seconds until the next try is allowed; 0.0: now."""
        tries = self._tries.get(key)
        if tries is None or len(tries) < self._most:
            return 0.0
        return max(0.0, tries[0] + self._within_s - self._now_s())

    def note(self, key: Hashable) -> None:
        tries = self._tries.setdefault(key, deque(maxlen=self._most))
        tries.append(self._now_s())
        self._tries.move_to_end(key)
        while len(self._tries) > MOST_KEYS:
            self._tries.popitem(last=False)

    def forgive(self, key: Hashable) -> None:
        self._tries.pop(key, None)
