"""Restock mode: started by a person, ended by one or by itself; both books follow the shelf."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from storeguard.books.deliveries import KeptSession
from storeguard.clock import Clock, utc_at
from storeguard.domain import restock
from storeguard.domain.events import Event, RestockSwitched, StepSettled
from storeguard.domain.ledger import Visit
from storeguard.domain.product import Stock
from storeguard.domain.restock import WHO, Session, Who
from storeguard.errors import JournalFault
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.ports import Book
from storeguard.services.bus import Bus
from storeguard.services.posting import post
from storeguard.statefile import read_json

REQUEST = "restock-request.json"
"""A file in the state folder by which `storeguard restock` speaks to the daemon: who may write
there may switch it. It holds `do` (start, stop) and `who`."""

ROUND_S = 0.4
KEPT_EVERY_S = 60.0
"""A step is on disk so much later at most: half an hour without one need not be exact."""

log = logging.getLogger("storeguard")


class RestockMemory(Protocol):
    """Where restock mode outlives a restart. Blocks; raises JournalFault."""

    def load(self) -> KeptSession | None: ...
    def save(self, session: KeptSession | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Mode:
    """Restock mode as it is now; all None while it is off.

    `since`: from then on what moves is theirs, which may be before somebody has switched it on.
    `until`: it ends then by itself, should nothing more move.
    """

    who: Who | None = None
    since: datetime | None = None
    until: datetime | None = None


class Restocking:
    """Knows whose visits are whose, and lets the kiosk book follow theirs while they go on."""

    def __init__(
        self,
        kiosk: Book,
        memory: RestockMemory,
        bus: Bus,
        clock: Clock,
        health: Health,
        *,
        state: Path,
    ) -> None:
        self._kiosk = kiosk
        self._memory = memory
        self._bus = bus
        self._clock = clock
        self._health = health
        self._request = state / REQUEST
        self._is_taken_up = False
        self._sessions: tuple[Session, ...] = ()
        self._visits: Sequence[Visit] = ()
        self._kept: Session | None = None
        self._followed: dict[float, Counter[str]] = {}
        self._posts = 0
        bus.subscribe(self._on_event)

    # --- whoever switches it ---------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        now = self._now()
        if now is None:
            return Mode()
        since, until = (utc_at(self._clock, s) for s in (now.from_s, now.due_s))
        return Mode(now.who, since, until)

    def was_on(self, t_s: float) -> bool:
        """Is what began at that instant theirs, so that goods may come with it?"""
        return any(session.covers(t_s) for session in self._sessions)

    async def start(self, who: Who) -> Mode:
        """Starts it, or goes on with it as somebody else's; durable when it returns."""
        await self._take_up()
        now_s = self._clock.now_s()
        begun = restock.begin(who, now_s, self._visits)
        self._sessions = (*(restock.end(one, now_s) for one in self._sessions), begun)
        log.info("restock mode: on (%s)%s", who, self._reach(begun))
        self._bus.publish(RestockSwitched(now_s, who))
        await self._keep()
        return self.mode

    async def stop(self) -> Mode:
        """What moves from now on is the customers' again."""
        await self._take_up()
        if self._now() is not None:
            log.info("restock mode: off")
        now_s = self._clock.now_s()
        self._sessions = tuple(restock.end(one, now_s) for one in self._sessions)
        self._bus.publish(RestockSwitched(now_s, None))
        await self._keep()
        return self.mode

    def _reach(self, begun: Session) -> str:
        is_back = begun.from_s < begun.started_s
        since = utc_at(self._clock, begun.from_s).isoformat(timespec="seconds")
        return f", with the visit that began at {since}" if is_back else ""

    async def known(self) -> Mode:
        """The mode, also before the first round after a restart."""
        await self._take_up()
        return self.mode

    async def run(self) -> None:
        """Takes the requests of `storeguard restock` until it is cancelled."""
        part = self._health.part("restocking", longest_s=LONGEST_SILENCE_S)
        while True:
            try:
                await self._take_request()
                part.ok()
                await asyncio.sleep(ROUND_S)
            except JournalFault as fault:
                part.failed(fault)
                await asyncio.sleep(part.backoff_s())

    async def _take_request(self) -> None:
        """The request goes when it has been done: that is the answer."""
        request = await asyncio.to_thread(self._requested)
        if request is None:
            return
        if request.get("do") == "stop":
            await self.stop()
        elif request.get("do") == "start" and request.get("who") in WHO:
            await self.start(request["who"])
        else:
            log.warning("%s: not understood, expected do: start or stop, and who", self._request)
        await asyncio.to_thread(self._request.unlink, missing_ok=True)

    def _requested(self) -> Mapping[str, Any] | None:
        try:
            content = read_json(self._request)
        except OSError:
            return None
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    # --- the reconciling service -----------------------------------------------------------

    def marked(self, visit: Visit) -> Visit:
        """The visit with what is known of whose it is."""
        return restock.marked(visit, self._sessions)

    def of_customers(self, visit: Visit) -> Visit:
        """The visit without what is known to be no customer's."""
        return restock.without_theirs(self.marked(visit))

    async def follow(
        self,
        visits: Sequence[Visit],
        current: Visit | None,
        weighed: Callable[[Visit], Visit],
        lacking: Stock,
    ) -> None:
        """A round: ends what nobody stops, and books what `current` has brought or taken.

        `visits`: all that are not judged yet. `weighed`: a visit with what the shelves show.
        `lacking`: of the kiosk book, units that were missing before: nobody has brought them.
        """
        await self._take_up()
        self._visits = visits
        self._let_end()
        if current is not None and (current := self.marked(current)).marks:
            await self._post(weighed(current), lacking)
        await self._keep()

    async def _post(self, visit: Visit, lacking: Stock) -> None:
        followed = self._followed.setdefault(visit.started_s, Counter())
        kiosk = self.unfollowed(self._kiosk.counts)
        kiosk.subtract(lacking)
        wanted = restock.followed(visit, kiosk)
        changes = {
            name: wanted.get(name, 0) - followed[name]
            for name in {*wanted, *followed} & set(self._kiosk.counts)
            if wanted.get(name, 0) != followed[name] and _is_sure(visit, name)
        }
        if not changes:
            return
        why = f"restock {visit.marks[-1].who} {visit.id}"
        await post(self._kiosk, changes, why=why, key=f"{why} {self._posts}")
        self._posts += 1
        followed.update(changes)

    def unfollowed(self, kiosk: Stock) -> Counter[str]:
        """The kiosk book as if it had not followed the shelf in any visit to be judged."""
        counts = Counter(kiosk)
        for followed in self._followed.values():
            counts.subtract(followed)
        return counts

    def rest(self, visit: Visit, changes: Stock) -> dict[str, int]:
        """What of the judged changes the kiosk book has not followed yet."""
        rest = Counter(changes)
        rest.subtract(self._followed.get(visit.started_s, Counter()))
        return {name: count for name, count in rest.items() if count}

    def close(self, visit: Visit) -> None:
        """The visit has been judged and booked."""
        self._followed.pop(visit.started_s, None)

    # --- its own state ---------------------------------------------------------------------

    def _now(self) -> Session | None:
        return next((one for one in self._sessions if one.is_on), None)

    def _let_end(self) -> None:
        """Forgets what no visit can belong to any more."""
        was_on, now_s = self._now(), self._clock.now_s()
        advanced = tuple(restock.advance(one, now_s) for one in self._sessions)
        self._sessions = tuple(one for one in advanced if one.is_on or self._is_needed(one))
        if was_on is not None and self._now() is None:
            log.info("restock mode: off by itself; nothing has moved for long, or it was long on")

    def _is_needed(self, ended: Session) -> bool:
        return any(ended.mark_of(visit) is not None for visit in self._visits)

    async def _take_up(self) -> None:
        """What was on before a restart goes on, unless half an hour has passed meanwhile."""
        if self._is_taken_up:
            return
        kept = await asyncio.to_thread(self._memory.load)
        self._is_taken_up = True
        if kept is None:
            return
        now_s, now = self._clock.now_s(), self._clock.utc()
        started_s, step_s = (
            now_s - max(0.0, (now - at).total_seconds())
            for at in (kept.started_at, kept.last_step_at)
        )
        self._sessions = (Session(kept.who, started_s, started_s, step_s),)
        self._kept = self._sessions[0]
        log.info("restock mode: still on (%s), from before the restart", kept.who)
        self._bus.publish(RestockSwitched(now_s, kept.who))

    async def _keep(self) -> None:
        """Saves what has changed; of steps, one a minute."""
        now = self._now()
        if not self._is_news(now):
            return
        await asyncio.to_thread(self._memory.save, self._said(now))
        self._kept = now

    def _is_news(self, now: Session | None) -> bool:
        kept = self._kept
        if now is None or kept is None:
            return now is not kept
        is_other = now.started_s != kept.started_s
        return is_other or now.last_step_s - kept.last_step_s >= KEPT_EVERY_S

    def _said(self, now: Session | None) -> KeptSession | None:
        if now is None:
            return None
        started_at, last_at = (utc_at(self._clock, s) for s in (now.started_s, now.last_step_s))
        return KeptSession(now.who, started_at, last_at)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StepSettled):
            self._sessions = tuple(restock.step_seen(one, event.t_s) for one in self._sessions)


def _is_sure(visit: Visit, name: str) -> bool:
    return name not in visit.unverified and name not in visit.uncertain
