"""What the staff and the owner press about deliveries: restock mode, 입고 맞음?"""

import os

from storeguard.app import Store
from storeguard.domain.restock import as_who
from storeguard.messages import text
from storeguard.web.pin import PIN_VARIABLE, PinDoor
from storeguard.web.view import PinAnswer


class StaffDesk:
    """Does it, and says in the owner's language what it means. Pages see the change themselves."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._language = store.config.store.language
        self._door = PinDoor(os.environ.get(PIN_VARIABLE, ""), store.clock.now_s)

    async def restock(self, pin: str, who: str | None) -> tuple[PinAnswer, str]:
        """`mark` for whoever knows the PIN."""
        how = self._door.opens(pin)
        if how != "done":
            return how, text(self._language, f"restock.{how}")
        return how, await self.mark(who)

    async def mark(self, who: str | None) -> str:
        """Restock mode on: the visit is theirs; or off. Raises ValueError for somebody unknown."""
        if who is None:
            await self._store.restocking.stop()
        else:
            await self._store.restocking.start(as_who(who))
        return text(self._language, f"restock.{who or 'off'}")

    async def answer(self, question_id: str, is_delivery: bool) -> str | None:
        """None: there is no such question."""
        answered = await self._store.questions.answer(question_id, is_delivery=is_delivery)
        if answered is None:
            return None
        kind = "yes" if answered.is_delivery else "no" if answered.left else "gone"
        values = {"product": answered.product, "count": answered.left or answered.count}
        return text(self._language, f"questions.{kind}", **values)
