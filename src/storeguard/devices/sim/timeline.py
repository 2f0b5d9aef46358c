"""A value that changes at instants, readable at any of them."""

from bisect import bisect_right
from math import inf

HISTORY_S = 600.0
"""Changes older than this are folded together: nobody reads that far back."""


class Steps:
    """A step function of time. A change may lie ahead: a hand needs a moment to arrive."""

    def __init__(self, level: float = 0.0) -> None:
        self._times_s = [-inf]
        self._levels = [float(level)]

    def add(self, t_s: float, delta: float) -> None:
        """From `t_s` on, the value is `delta` higher."""
        self._forget_before(t_s - HISTORY_S)
        i = bisect_right(self._times_s, t_s)
        self._times_s.insert(i, t_s)
        self._levels.insert(i, self._levels[i - 1])
        for later in range(i, len(self._levels)):
            self._levels[later] += delta

    def put(self, t_s: float, level: float) -> None:
        """From `t_s` on, the value is `level`, for values without changes ahead."""
        self.add(t_s, level - self.at(t_s))

    def at(self, t_s: float) -> float:
        return self._levels[bisect_right(self._times_s, t_s) - 1]

    def _forget_before(self, t_s: float) -> None:
        old = bisect_right(self._times_s, t_s) - 1
        if old > 0:
            del self._times_s[1 : old + 1]
            self._levels[0] = self._levels[old]
            del self._levels[1 : old + 1]
