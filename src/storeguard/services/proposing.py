"""A promotion that the visits look like: the owner is asked on his channels, once."""

from storeguard.clock import Clock
from storeguard.domain.events import Event, PromotionProposed
from storeguard.domain.issue import IssueStore
from storeguard.domain.telling import Kind, Notice
from storeguard.messages import text
from storeguard.messages.promotions import question
from storeguard.services.announcing import Announcer
from storeguard.services.bus import Bus
from storeguard.services.letters import page


class Proposals:
    """No SMS has room for the question; the page asks it, too."""

    def __init__(self, announcer: Announcer, store: IssueStore, bus: Bus, clock: Clock) -> None:
        self._announcer = announcer
        self._store = store
        self._clock = clock
        self._news: list[PromotionProposed] = []
        bus.subscribe(self._on_event)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, PromotionProposed):
            self._news.append(event)

    async def tell(self) -> None:
        """Raises OutboxFault: what was not told then is told by the next call."""
        while self._news:
            await self._announcer.put(self._notice(self._news[0]))
            self._news.pop(0)

    def _notice(self, event: PromotionProposed) -> Notice:
        language, now = self._store.language, self._clock.utc()
        said = text(language, "notice.promotion", name=event.promotion.name)
        asked = question(language, event.promotion, len(event.issues))
        return Notice(
            f"promotion-{now:%Y%m%dT%H%M%S.%f}",
            Kind.AMENDED,
            now,
            text(language, "notice.subject", store=self._store.name, said=said),
            f"{said}\n{asked}",
            page(said, asked),
            issues=event.issues,
        )
