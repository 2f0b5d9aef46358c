"""Payment by an outside terminal: a basket waits, and is sold once the terminal says it is paid.

No card data is ever here: the terminal is told won and a key, and tells them back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from storeguard.clock import Clock
from storeguard.errors import SaleRefused
from storeguard.messages import text
from storeguard.services.selling import Desk, Received, Sold

ASKED_AGAIN_S = 30.0
"""The kiosk asks every second or so; one that fell silent waits for nobody's payment."""

KEPT_S = 1800.0
"""A payment that is confirmed by its key so late still sells the basket."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A basket at the terminal, and what it is to be paid with."""

    key: str
    basket: tuple[tuple[str, int], ...]
    won: int
    asked_s: float


class Terminal:
    """What waits for an outside terminal, in memory: the kiosk asks again after a restart."""

    def __init__(self, desk: Desk, clock: Clock, *, language: str) -> None:
        self._desk = desk
        self._clock = clock
        self._language = language
        self._waiting: dict[str, Waiting] = {}
        self._declined: set[str] = set()

    async def ask(
        self, basket: Sequence[tuple[str, int]], key: str, shown_won: int | None
    ) -> Sold | int:
        """The sale once it is paid, until then the won that the terminal is to take.

        Raises SaleRefused as `Desk.sell` does, and once where the terminal has declined.
        """
        sold = await self._desk.paid(key)
        if sold is not None:
            return sold
        if key in self._declined:
            self._declined.discard(key)
            raise SaleRefused(text(self._language, "sale.declined"))
        won = self._desk.quote(basket).total_won
        self._desk.refuse_another_total(shown_won, won)
        self._waiting[key] = Waiting(key, tuple(basket), won, self._clock.now_s())
        return won

    @property
    def open(self) -> tuple[Waiting, ...]:
        """What a kiosk is waiting for now, oldest first."""
        now_s = self._clock.now_s()
        for key in [k for k, one in self._waiting.items() if now_s - one.asked_s > KEPT_S]:
            del self._waiting[key]
        return tuple(w for w in self._waiting.values() if now_s - w.asked_s <= ASKED_AGAIN_S)

    async def confirm(self, key: str, won: int) -> Sold | Received:
        """The terminal has taken so much. The same key again gives the same receipt.

        A basket that is known no more, or costs something else, is not sold: the won are kept
        as an amount, and settle the visit by their worth.
        """
        sold = await self._desk.paid(key)
        if sold is not None:
            return sold
        waiting = self._waiting.get(key)
        if waiting is None or waiting.won != won:
            return await self._desk.pay_amount(won, key, "terminal")
        try:
            return await self._desk.sell(waiting.basket, key, "terminal")
        except SaleRefused:  # sold out meanwhile; the money has been taken all the same
            return await self._desk.pay_amount(won, key, "terminal")
        finally:
            self._waiting.pop(key, None)

    async def receive(self, won: int, key: str, source: str) -> Received:
        """An amount that names nothing (a bank transfer): the one basket that costs so much."""
        fitting = [one for one in self.open if one.won == won]
        if len(fitting) != 1 or await self._desk.received(key) is not None:
            return await self._desk.pay_amount(won, key, source)
        await self.confirm(fitting[0].key, won)
        await self._desk.note_settled(key, source)
        return Received(key, won)

    def drop(self, key: str, *, is_declined: bool = False) -> bool:
        """The customer has changed their mind, or the terminal has declined. False: none such."""
        if self._waiting.pop(key, None) is None:
            return False
        if is_declined:
            self._declined.add(key)
        return True
