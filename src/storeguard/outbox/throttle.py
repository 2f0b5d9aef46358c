"""Keeps uploads below a rate, so that the shop's card terminal has its share of the line."""

import threading
from collections.abc import Callable

LONGEST_PAUSE_S = 0.5
"""Pieces are small: a pause is not long, and the line is never silent for a server's patience."""


class Throttle:
    """Counts bytes that are about to leave and pauses the sending thread. Safe in any thread.

    `rate_bytes_s` None: no limit. `now_s` is monotonic, `sleep` pauses the calling thread.
    """

    def __init__(
        self,
        rate_bytes_s: float | None,
        now_s: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._rate_bytes_s = rate_bytes_s
        self._now_s = now_s
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_s = 0.0
        """When the line has had its share of all that was sent."""

    def take(self, count: int) -> None:
        """Returns when `count` bytes may go."""
        if self._rate_bytes_s is None or count <= 0:
            return
        with self._lock:
            starts_s = max(self._free_s, self._now_s())
            self._free_s = starts_s + count / self._rate_bytes_s
        while (left_s := starts_s - self._now_s()) > 0:
            self._sleep(min(left_s, LONGEST_PAUSE_S))
