"""Work on one scale from a page: the commands' own tare, calibrate and diagnose, with questions.

What a command asks on the terminal stands on the page, and a press there is the Enter. The work
blocks in a thread; whoever has the scales lends one for it. One person works at a time.
"""

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from storeguard import config as cfg
from storeguard.books.calibrations import CalibrationFile
from storeguard.clock import Clock, SystemPinClock
from storeguard.errors import CalibrationRefused, ScaleFault, StoreguardError
from storeguard.messages import text
from storeguard.ports import Reading
from storeguard.upkeep import scalewords
from storeguard.upkeep.calibrating import (
    USUAL_COUNTS,
    Plan,
    plan_mass,
    plan_product,
    run_calibration,
    tare,
)
from storeguard.upkeep.scales import Device, Shop
from storeguard.upkeep.scaling import run_diagnosis
from storeguard.web.workdesks import BenchState, BenchWish, LiveScale

DIAGNOSE_FOR_S = 10.0
ANSWER_WITHIN_S = 900.0
"""Whoever has not pressed by then has gone: the scale goes back to work."""

log = logging.getLogger("storeguard")

Listener = Callable[[Sequence[Reading]], None]


class ScaleSource(Protocol):
    """Who has the scales. `shop` blocks; a scale that is not there raises StoreguardError."""

    def shop(self) -> Shop: ...
    def live(self) -> Sequence[LiveScale]: ...
    async def lend(self, scale_id: str, listener: Listener, *, is_touched: bool) -> None:
        """`listener` gets its readings from now on; touched: they decide nothing meanwhile."""

    async def take_back(self, scale_id: str, made: cfg.Calibration | None) -> None:
        """May be called twice. `made`: what it is to be read with from now on."""


class PacedClock:
    """The store's time, and sleeps of the calling thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now_s(self) -> float:
        return self._clock.now_s()

    def utc(self) -> datetime:
        return self._clock.utc()

    def sleep(self, seconds: float) -> None:
        SystemPinClock().sleep(seconds)


class Tap:
    """What a lent scale says, as a scale. Readings come from the loop, `drain` is the thread's."""

    def __init__(self, scale_id: str) -> None:
        self.id = scale_id
        self._readings: deque[Reading] = deque(maxlen=100_000)
        self.is_closed = threading.Event()

    def take(self, readings: Sequence[Reading]) -> None:
        self._readings.extend(readings)

    def start(self) -> None:
        """It has been."""

    def drain(self) -> Sequence[Reading]:
        """Raises CalibrationRefused once nobody waits for it any more."""
        if self.is_closed.is_set():
            raise CalibrationRefused(f"scale '{self.id}': given up; nothing was kept", "given_up")
        taken = []
        while self._readings:
            taken.append(self._readings.popleft())
        return taken

    async def close(self) -> None:
        self.is_closed.set()


@dataclass(slots=True)
class _Session:
    wish: BenchWish
    tap: Tap
    state: BenchState
    answers: "queue.Queue[str]" = field(default_factory=queue.Queue)
    is_made: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Bench:
    """Implements web.desks.BenchDesk. `run` is the loop that works."""

    def __init__(self, source: ScaleSource, clock: Clock, language: str) -> None:
        self._source = source
        self._clock = PacedClock(clock)
        self._language = language
        self._session: _Session | None = None
        self._begun = asyncio.Event()

    # --- what a page asks for --------------------------------------------------------------

    @property
    def state(self) -> BenchState | None:
        return None if self._session is None else self._session.state

    def live(self) -> Sequence[LiveScale]:
        return self._source.live()

    def begin(self, wish: BenchWish) -> bool:
        """False while somebody works."""
        if self._session is not None:
            return False
        is_touched = wish.job != "diagnose"
        state = BenchState(wish.scale, wish.job, "working", is_lent=is_touched)
        self._session = _Session(wish, Tap(wish.scale), state)
        self._begun.set()
        return True

    def answer(self) -> bool:
        """Done as asked. False where nothing is asked."""
        session = self._session
        if session is None or session.state.phase != "asking":
            return False
        session.answers.put("")
        self._say("working")
        return True

    def end(self) -> None:
        """The goods are back, or it is given up."""
        if self._session is not None:
            self._session.tap.is_closed.set()
            self._session.answers.put("")
            self._session.ended.set()

    # --- the work ------------------------------------------------------------------------

    async def run(self) -> None:
        while True:
            await self._begun.wait()
            self._begun.clear()
            assert self._session is not None
            try:
                await self._work(self._session)
            finally:
                self._session = None

    async def _work(self, session: _Session) -> None:
        wish, tap, made = session.wish, session.tap, None
        try:
            is_touched = wish.job != "diagnose"
            await self._source.lend(wish.scale, tap.take, is_touched=is_touched)
            lines = await asyncio.to_thread(lambda: tuple(self._jobs(session)))
            self._say("done", lines=lines)
        except StoreguardError as fault:
            log.warning("scale '%s': %s: %s", wish.scale, wish.job, fault)
            self._say("failed", lines=(self._refusal(fault),))
        finally:
            tap.is_closed.set()
            session.answers.put("")
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await session.ended.wait()
        except TimeoutError:
            log.warning("scale '%s': nobody has ended the work on it", wish.scale)
        finally:
            if session.is_made:
                made = await asyncio.to_thread(self._made, wish.scale)
            await self._source.take_back(wish.scale, made)

    def _jobs(self, session: _Session) -> Iterator[str]:
        """Blocks, in the thread."""
        wish, shop = session.wish, self._source.shop()
        device = Device(shop.scale(wish.scale), session.tap)
        if wish.job == "diagnose":
            found = run_diagnosis(shop, device, self._clock, DIAGNOSE_FOR_S)
            yield from scalewords.diagnosed(wish.scale, found, self._language)
            return
        if wish.job == "tare":
            self._ask(session, text(self._language, "scale.ask.empty", scale=wish.scale))
            yield from scalewords.tared(tare(shop, device, self._clock), self._language)
        else:
            plan = _plan(shop, wish)
            ask = _asker(self._ask, session)
            done = run_calibration(shop, device, self._clock, plan, ask)
            yield from scalewords.made(done, self._language)
        session.is_made = True

    def _ask(self, session: _Session, question: str) -> str:
        self._say("asking", question=question)
        try:
            answer = session.answers.get(timeout=ANSWER_WITHIN_S)
        except queue.Empty:
            raise CalibrationRefused("nobody has answered; nothing was kept", "given_up") from None
        session.tap.drain()  # what was said while hands were on it; raises once it is given up
        return answer

    def _made(self, scale_id: str) -> cfg.Calibration:
        shop = self._source.shop()
        return CalibrationFile(shop.folders.state).load()[scale_id].calibration

    def _say(self, phase: "str", *, question: str = "", lines: tuple[str, ...] = ()) -> None:
        if self._session is not None:
            state = self._session.state
            self._session.state = BenchState(
                state.scale,
                state.job,
                phase,  # type: ignore[arg-type]
                question,
                lines,
                state.is_lent,
            )

    def _refusal(self, fault: StoreguardError) -> str:
        kind = getattr(fault, "kind", "") or ("silent" if isinstance(fault, ScaleFault) else "")
        return text(self._language, f"bench.refused.{kind}") if kind else str(fault)


def _asker(ask: Callable[[_Session, str], str], session: _Session) -> Callable[[str], str]:
    return lambda question: ask(session, question)


def _plan(shop: Shop, wish: BenchWish) -> Plan:
    if wish.product:
        return plan_product(shop, wish.product, USUAL_COUNTS)
    return plan_mass(wish.grams, shop.scale(wish.scale).capacity_g)
