"""One after the other: a change of state that waits for a file, and what is said meanwhile."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable


class Turns:
    """Who changes the state in several steps does so `alone`; a handler, which must not wait, has
    its own change heard at once, or else after that."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._unheard: deque[Callable[[], None]] = deque()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody else changes anything meanwhile, whether it succeeds or not."""
        async with self._lock:
            try:
                yield
            finally:
                while self._unheard:
                    self._unheard.popleft()()

    def hear(self, change: Callable[[], None]) -> None:
        """In the order in which they are said."""
        if self._lock.locked():
            self._unheard.append(change)
        else:
            change()
