"""입고 맞음? What an ordinary visit has brought is asked about, once."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from storeguard.clock import Clock, utc_at
from storeguard.domain import restock
from storeguard.domain.events import BookEdited, Event, IssueSealed
from storeguard.domain.ledger import Debt, Visit
from storeguard.domain.product import Stock
from storeguard.domain.restock import Question
from storeguard.ports import Book
from storeguard.services.bus import Bus
from storeguard.services.posting import post

log = logging.getLogger("storeguard")


class QuestionMemory(Protocol):
    """Where questions outlive a restart. Blocks; raises JournalFault."""

    def load(self) -> tuple[tuple[Question, ...], Mapping[str, int]]: ...
    def save(self, questions: Sequence[Question], declined: Mapping[str, int]) -> None: ...


class DeliveryQuestions:
    """Asks, remembers and books the answers.

    `declined`: product → units that the owner says were no delivery: the shelf shows them, and
    the slow comparison of the books does not raise the kiosk book by them again.
    """

    def __init__(self, kiosk: Book, memory: QuestionMemory, bus: Bus, clock: Clock) -> None:
        self._kiosk = kiosk
        self._memory = memory
        self._clock = clock
        self._turn = asyncio.Lock()
        self._questions: tuple[Question, ...] = ()
        self._declined: dict[str, int] = {}
        self._is_taken_up = False
        self._is_saved = True
        bus.subscribe(self._on_event)

    @property
    def open(self) -> tuple[Question, ...]:
        """Not answered yet, the newest first."""
        return tuple(question for question in reversed(self._questions) if question.is_open)

    async def ask(self, visit: Visit, unannounced: Stock) -> None:
        """Asks about units that the visit has brought; durable when it returns.

        Before the kiosk book is raised: after a power cut in between, the first comparison
        raises it, and the question is there already.
        """
        seen_at = utc_at(self._clock, visit.started_s).isoformat(timespec="seconds")
        asked = {question.id for question in self._questions}
        new = tuple(
            Question(f"{visit.id}/{product}", product, count, seen_at, left=count)
            for product, count in sorted(unannounced.items())
            if f"{visit.id}/{product}" not in asked
        )
        if new:
            async with self._turn:
                self._questions = (*self._questions, *new)
                await self._save()

    async def answer(self, question_id: str, *, is_delivery: bool) -> Question | None:
        """Books the owner's answer; the first one counts, and a second call repeats nothing.

        None: there is no such question. 아님 takes what is left of the raise out of the kiosk
        book. The answer is on disk before the book follows it.
        """
        async with self._turn:
            found = self._find(question_id)
            if found is None:
                return None
            if found.is_open:
                self._put(replace(found, is_delivery=is_delivery, is_booked=is_delivery))
                if not is_delivery:
                    before = self._declined.get(found.product, 0)
                    self._declined[found.product] = before + found.left
                log.info(
                    "delivery: %s %d: the owner says %s",
                    found.product,
                    found.count,
                    "yes" if is_delivery else "no",
                )
                await self._save()
            await self._book()
            return self._find(question_id)

    def _find(self, question_id: str) -> Question | None:
        return next((one for one in self._questions if one.id == question_id), None)

    def _put(self, question: Question) -> None:
        self._questions = tuple(question if q.id == question.id else q for q in self._questions)

    async def _book(self) -> None:
        """Takes declined raises out of the kiosk book, also those that a power cut left over."""
        for question in self._questions:
            if question.is_open or question.is_booked:
                continue
            if question.left:
                await post(
                    self._kiosk,
                    {question.product: -question.left},
                    why=f"no delivery: {question.id}"[:64],
                    key=f"question:{question.id}",
                )
            self._put(replace(question, is_booked=True))
            await self._save()

    async def write_down(self) -> None:
        """The share of disk of what event handlers have decided; takes up what a stop left."""
        async with self._turn:
            if not self._is_taken_up:
                kept, self._declined = await self._loaded()
                self._questions = (*kept, *self._questions)
                self._is_taken_up = True
                await self._book()
            if not self._is_saved:
                await self._save()

    async def _loaded(self) -> tuple[tuple[Question, ...], dict[str, int]]:
        questions, declined = await asyncio.to_thread(self._memory.load)
        return questions, dict(declined)

    async def _save(self) -> None:
        self._is_saved = False
        await asyncio.to_thread(self._memory.save, self._questions, dict(self._declined))
        self._is_saved = True

    def undeclined(self, surplus: Stock, verified: Collection[str]) -> dict[str, int]:
        """What of a standing surplus raises the kiosk book; forgets what is no surplus now."""
        told = {name: n for name, n in self._declined.items() if name in verified}
        raised, stays = restock.undeclined(surplus, told)
        others = {name: n for name, n in self._declined.items() if name not in verified}
        if others | stays != self._declined:
            self._declined, self._is_saved = others | stays, False
        return raised

    def accuse(self, confirmed: Iterable[Debt]) -> None:
        """A provisional issue stands: it has taken its units out of the kiosk book."""
        missing: Counter[str] = Counter()
        for debt in confirmed:
            missing[debt.product] += debt.count
        self._accuse(missing)

    def _accuse(self, missing: Stock) -> None:
        questions = restock.accused(self._questions, missing)
        if questions != self._questions:
            self._questions, self._is_saved = questions, False

    def _on_event(self, event: Event) -> None:
        if isinstance(event, IssueSealed) and not event.provisional:
            self._accuse({line.product: line.missing for line in event.lines})
        elif isinstance(event, BookEdited) and event.book == "shelf":
            self._counted(event.counts)

    def _counted(self, products: Collection[str]) -> None:
        """The owner has counted what is on the shelf: what he declined before is settled."""
        kept = {name: n for name, n in self._declined.items() if name not in products}
        if kept != self._declined:
            self._declined, self._is_saved = kept, False
