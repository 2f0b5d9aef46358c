"""Hands each event to whoever wants to know, at once and in the order of publishing."""

from collections.abc import Callable

from storeguard.domain.events import Event

Handler = Callable[[Event], None]


class Bus:
    """Synchronous, within the loop's thread. A handler must not block; it may publish."""

    def __init__(self) -> None:
        self._handlers: list[Handler] = []

    def subscribe(self, handler: Handler) -> None:
        self._handlers.append(handler)

    def publish(self, event: Event) -> None:
        for handler in self._handlers:
            handler(event)
